//! A difference in steps, for the test of the one that is made at once: values negated, and samples marked.

use super::Malformed;
use super::edit::Edit;
use super::encode::put_label;
use super::folded::{lines, profile};
use super::samples::{Label, LabelValue};
use super::scale::scaled;
use super::table::{Profile, Text};
use super::wire::Reader;

/// Every value with the other sign.
pub(super) fn negated(profile: Profile) -> Result<Profile, Malformed> {
    let ratios = vec![-1.0; profile.header().sample_types.len()];
    scaled(profile, &ratios)
}

/// Gives every sample a label of words, in place of those it has under that key: `pprof::base` marks what is compared
/// with.
pub(super) fn with_label(profile: Profile, key: &str, value: &str) -> Result<Profile, Malformed> {
    let mut edit = Edit::new(&profile)?;
    edit.copy_locations()?;
    let label = Label { key: edit.text(key), value: LabelValue::Text(edit.text(value)) };
    let mut mark = Vec::new();
    put_label(&mut mark, label);
    // A table of texts may hold a key twice.
    let same: Vec<bool> = (0..profile.text_count() as u32).map(|place| profile.text(Text(place)) == key).collect();
    edit.change_samples(|sample| {
        let mut kept = Vec::with_capacity(sample.labels.len() + 1);
        for field in &sample.labels {
            if !is_of_words(field, &same)? {
                kept.push(*field);
            }
        }
        kept.push(&mark[..]);
        sample.labels = kept;
        Ok(true)
    })?;
    edit.finish()
}

/// Whether the field of a sample is a label of words whose key is one of these texts.
fn is_of_words(field: &[u8], keys: &[bool]) -> Result<bool, Malformed> {
    let (mut key, mut words) = (0, 0);
    let Some((_, label)) = Reader::new(field).field()? else { return Ok(false) };
    let mut reader = Reader::new(label.bytes()?);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => key = value.number()?,
            2 => words = value.number()?,
            _ => {}
        }
    }
    let same = usize::try_from(key).ok().and_then(|key| keys.get(key)).copied().unwrap_or_default();
    Ok(same && words != 0)
}

/// A label of the same key is replaced if it is of words; a number of that name stays.
#[test]
fn samples_are_marked() {
    let source = profile(
        &["inuse_objects/count", "inuse_space/bytes"],
        &["a 1,1 k=v base=no base=never", "b 2,2 base#7", "c 1,1"],
    );
    let marked = with_label(source, "base", "true").unwrap();
    assert_eq!(lines(&marked), ["a 1,1 k=v base=true", "b 2,2 base#7 base=true", "c 1,1 base=true"]);
}
