//! Several profiles in one: equal stacks with equal labels become one sample, whose values are added up.

mod header;
mod keys;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use header::{check_compatible, shown};

use self::keys::Keys;
use self::tables::{Part, Tables};
use super::Malformed;
use super::encode::{put_label, put_packed};
use super::samples::{Label, LabelValue};
use super::table::{Header, Profile};
use super::wire::put_bytes;

/// Merges profiles as the reference's `Merge` does. The first one's mapping comes first, everything else in the order
/// in which samples use it; samples that are or become zero are dropped with what only they use. Values wrap around.
/// An error if there is no profile, if they count different things (see [`compatible`](super::compatible)), or if a
/// sample is malformed.
pub fn merge(parts: Vec<Profile>) -> Result<Profile, Malformed> {
    let mut tables = Tables::default();
    let header = header::combined(&parts, &mut tables.builder)?;
    let room = parts.iter().map(|p| p.sample_range.1 - p.sample_range.0).sum();
    let mut samples = Merged { keys: Keys::new(room), values: Vec::new() };
    for part in parts {
        samples.add(&part, &mut tables)?;
    }
    let merged = samples.finish(tables, &header)?;
    // What only samples that became zero have used must not stay: the reference merges once more, too.
    if merged.zeros { merge(vec![merged.profile]) } else { Ok(merged.profile) }
}

/// Samples as they were first seen.
struct Merged {
    /// Locations and labels, encoded as the sample has them.
    keys: Keys,
    /// As many for each key as there are sample types.
    values: Vec<i64>,
}

/// A profile without its zero samples.
struct Written {
    profile: Profile,
    /// Whether there were any.
    zeros: bool,
}

impl Merged {
    fn add(&mut self, profile: &Profile, tables: &mut Tables) -> Result<(), Malformed> {
        let mut part = Part::new(tables, profile);
        let (mut key, mut packed, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let mut samples = profile.samples();
        while let Some(sample) = samples.read()? {
            if sample.values.iter().all(|value| *value == 0) {
                continue;
            }
            key.clear();
            put_packed(&mut key, 1, sample.locations.iter().map(|place| part.location(*place)), &mut packed);
            labels.clear();
            labels.extend_from_slice(sample.labels);
            sort_labels(profile, &mut labels);
            for label in &labels {
                put_label(&mut key, merged_label(&mut part, *label));
            }
            let place = self.keys.place(&key)?;
            match self.values.get_mut(place * sample.values.len()..) {
                Some(known @ [_, ..]) => {
                    known.iter_mut().zip(sample.values).for_each(|(sum, value)| *sum = sum.wrapping_add(*value));
                }
                _ => self.values.extend_from_slice(sample.values),
            }
        }
        Ok(())
    }

    fn finish(mut self, tables: Tables, header: &Header) -> Result<Written, Malformed> {
        self.keys.forget_places();
        let mut bytes = tables.into_bytes(header)?;
        let mut zeros = false;
        let types = header.sample_types.len();
        let (mut message, mut packed) = (Vec::new(), Vec::new());
        // Two varints of three bytes and some for the values of each: exact for most, so that little moves.
        bytes.reserve_exact((0..self.keys.len()).map(|place| self.keys.get(place).len() + 12).sum());
        for (place, values) in self.values.chunks_exact(types.max(1)).enumerate() {
            if values.iter().all(|value| *value == 0) {
                zeros = true;
                continue;
            }
            message.clear();
            message.extend_from_slice(self.keys.get(place));
            put_packed(&mut message, 2, values.iter().map(|value| *value as u64), &mut packed);
            put_bytes(&mut bytes, 2, &message);
        }
        drop(self);
        Ok(Written { profile: Profile::decode(bytes)?, zeros })
    }
}

/// In the order in which the reference writes them: words before numbers, by key; those of one key as they came.
fn sort_labels(profile: &Profile, labels: &mut [Label]) {
    if labels.len() > 1 {
        labels.sort_by_key(|label| (matches!(label.value, LabelValue::Number { .. }), profile.text(label.key)));
    }
}

fn merged_label(part: &mut Part<'_>, label: Label) -> Label {
    let value = match label.value {
        LabelValue::Text(text) => LabelValue::Text(part.text(text)),
        LabelValue::Number { value, unit } => LabelValue::Number { value, unit: part.text(unit) },
    };
    Label { key: part.text(label.key), value }
}
