//! What is said of several profiles as a whole.

use crate::profile::builder::Builder;
use crate::profile::table::{Header, Profile, Text, ValueType};
use crate::profile::{Malformed, Map};

/// The header of profiles that were merged, its texts those of the builder: the earliest time, all durations together,
/// the longest period, each comment once; the rest is the first one's, or the first that is said.
pub(super) fn combined<'p>(
    parts: impl Iterator<Item = &'p Profile> + Clone,
    builder: &mut Builder,
) -> Result<Header, Malformed> {
    let first = parts.clone().next().ok_or_else(|| Malformed::new("no profiles to merge"))?;
    parts.clone().skip(1).try_for_each(|part| check_compatible(first, part))?;
    let mut text = |part: &Profile, text: Text| builder.text(part.text(text));
    let mut value_type = |of: &ValueType| ValueType { kind: text(first, of.kind), unit: text(first, of.unit) };
    let Header { sample_types, period_type, drop_frames, keep_frames, .. } = first.header();
    let mut header = Header {
        sample_types: sample_types.iter().map(&mut value_type).collect(),
        period_type: value_type(period_type),
        drop_frames: text(first, *drop_frames),
        keep_frames: text(first, *keep_frames),
        ..Header::default()
    };
    let mut comments: Map<Text, ()> = Map::default();
    for part in parts {
        let from = part.header();
        if header.time_nanos == 0 || from.time_nanos < header.time_nanos {
            header.time_nanos = from.time_nanos;
        }
        header.duration_nanos = header.duration_nanos.wrapping_add(from.duration_nanos);
        if header.period == 0 || header.period < from.period {
            header.period = from.period;
        }
        for comment in &from.comments {
            let comment = text(part, *comment);
            if comments.insert(comment, ()).is_none() {
                header.comments.push(comment);
            }
        }
        for (known, said) in
            [(&mut header.default_sample_type, from.default_sample_type), (&mut header.doc_url, from.doc_url)]
        {
            if *known == Text::default() {
                *known = text(part, said);
            }
        }
    }
    Ok(header)
}

/// An error unless both count the same things in the same units.
pub(in crate::profile) fn check_compatible(one: &Profile, other: &Profile) -> Result<(), Malformed> {
    let (here, there) = (shown(one, one.header().period_type), shown(other, other.header().period_type));
    if here != there {
        return Err(Malformed::new(format!("incompatible period types &{here} and &{there}")));
    }
    // The reference prints where these are in its memory.
    let of = |profile: &Profile| -> Vec<String> {
        profile.header().sample_types.iter().map(|of| shown(profile, *of)).collect()
    };
    let (here, there) = (of(one), of(other));
    if here != there {
        let (here, there) = (here.join(" "), there.join(" "));
        return Err(Malformed::new(format!("incompatible sample types [{here}] and [{there}]")));
    }
    Ok(())
}

/// A type as the reference prints it in errors, with two numbers of its own that are always 0.
pub(in crate::profile) fn shown(profile: &Profile, of: ValueType) -> String {
    format!("{{{} {} 0 0}}", profile.text(of.kind), profile.text(of.unit))
}
