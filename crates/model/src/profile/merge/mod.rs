//! Several profiles in one: equal stacks with equal labels become one sample, whose values are added up.

mod header;
mod keys;
mod packed;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use header::{check_compatible, shown};

use self::keys::Keys;
use self::packed::Packed;
use self::tables::{Part, Tables};
use super::Malformed;
use super::compatible::compatible;
use super::edit::Messages;
use super::encode::{put_label, put_packed};
use super::scale::scale_values;
use super::table::{Header, Profile};
use super::wire::put_bytes;

/// Merges profiles as the reference's `Merge` does. The first one's mapping comes first, everything else in the order
/// in which samples use it; samples that are or become zero are dropped with what only they use. Values wrap around.
/// An error if there is no profile, if they count different things (see [`compatible`]), or if a sample is malformed.
pub fn merge(parts: Vec<Profile>) -> Result<Profile, Malformed> {
    merge_as(parts.into_iter().map(|part| (part, Role::Source)).collect())
}

/// A profile less another one, which is brought to the same sample types and units first. With `marked`, the samples
/// of the base are kept apart by a label `pprof::base` of `true`: percentages are then of the base. An error as for
/// [`merge`] and [`compatible`].
pub fn difference(source: Profile, base: Profile, marked: bool) -> Result<Profile, Malformed> {
    let mut both = vec![source, base];
    compatible(&mut both)?;
    let roles = [Role::Source, Role::Base { marked }];
    merge_as(both.into_iter().zip(roles).collect())
}

/// What a profile is to the sum.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It is added.
    Source,
    /// It is subtracted, and its samples may be marked.
    Base { marked: bool },
    /// It is the sum, of which no two samples are equal.
    Merged,
}

fn merge_as(parts: Vec<(Profile, Role)>) -> Result<Profile, Malformed> {
    let mut tables = Tables::default();
    let header = header::combined(parts.iter().map(|(part, _)| part), &mut tables.builder)?;
    let bytes = parts.iter().map(|(part, _)| part.sample_range.1 - part.sample_range.0).sum();
    let searched = parts.iter().filter(|(_, role)| *role != Role::Merged);
    let most = searched.map(|(part, _)| part.sample_count).max().unwrap_or_default();
    let mut samples = Merged { keys: Keys::new(bytes, most), values: Vec::new() };
    for (part, role) in parts {
        samples.add(&part, role, &mut tables)?;
    }
    let merged = samples.finish(tables, &header)?;
    // What only samples that became zero have used must not stay: the reference merges once more, too.
    if merged.zeros { merge_as(vec![(merged.profile, Role::Merged)]) } else { Ok(merged.profile) }
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
    fn add(&mut self, profile: &Profile, role: Role, tables: &mut Tables) -> Result<(), Malformed> {
        let marked = role == Role::Base { marked: true };
        let mark = marked.then(|| tables.mark("pprof::base", "true"));
        let ratios = vec![-1.0; profile.header().sample_types.len()];
        let mut part = Part::new(tables, profile);
        let (mut key, mut packed, mut labels) = (Vec::new(), Packed::default(), Vec::new());
        let mut messages = Messages::new(profile);
        while let Some(message) = messages.read()? {
            if let Role::Base { .. } = role {
                scale_values(&mut message.values, &ratios);
            }
            if message.values.iter().all(|value| *value == 0) {
                continue;
            }
            key.clear();
            part.locations(&message.locations, &mut packed)?;
            if !packed.bytes().is_empty() {
                put_bytes(&mut key, 1, packed.bytes());
            }
            part.labels(&message.labels, mark, &mut labels)?;
            labels.iter().for_each(|(_, label)| put_label(&mut key, *label));
            let place = if role == Role::Merged { self.keys.append(&key)? } else { self.keys.place(&key)? };
            match self.values.get_mut(place * message.values.len()..) {
                Some(known @ [_, ..]) => {
                    let both = known.iter_mut().zip(&message.values);
                    both.for_each(|(sum, value)| *sum = sum.wrapping_add(*value));
                }
                _ => self.values.extend_from_slice(&message.values),
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
