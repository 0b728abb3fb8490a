//! Labels as frames: stacks that begin with the tenant, or end with the size.

use super::nothing_found;
use crate::profile::edit::Edit;
use crate::profile::table::{Profile, Text};
use crate::profile::unit::label;
use crate::profile::{Label, LabelValue, Malformed, Map};

/// Adds frames named after the values of labels: those of the keys in `tagroot` (commas between them) outside of
/// every stack, the first key outermost, those in `tagleaf` inside of it, the last key innermost. Numbers are told in
/// the unit. A sample without the label gets a frame without a name. Answers the profile and notes, a line each;
/// without any key the profile is handed on as it is. An error if a sample is malformed.
pub fn label_frames(
    profile: Profile,
    tagroot: &str,
    tagleaf: &str,
    unit: &str,
) -> Result<(Profile, Vec<String>), Malformed> {
    let keys =
        |list: &str| -> Vec<String> { list.split(',').filter(|key| !key.is_empty()).map(str::to_string).collect() };
    let (roots, leaves) = (keys(tagroot), keys(tagleaf));
    let (mut root_found, mut leaf_found) = (tagroot.is_empty(), tagleaf.is_empty());
    let framed = match (&roots[..], &leaves[..]) {
        ([], []) => None,
        (roots, leaves) => Some(framed(&profile, (roots, &mut root_found), (leaves, &mut leaf_found), unit)?),
    };
    let found = [("TagRoot", root_found), ("TagLeaf", leaf_found)];
    let notes = found.iter().filter(|(_, found)| !found).map(|(option, _)| nothing_found(option)).collect();
    Ok((framed.unwrap_or(profile), notes))
}

/// The profile with frames for keys at the root and at the leaf, and whether any sample has a label of these.
fn framed(
    profile: &Profile,
    (roots, root_found): (&[String], &mut bool),
    (leaves, leaf_found): (&[String], &mut bool),
    unit: &str,
) -> Result<Profile, Malformed> {
    let mut frames = Frames::new(profile)?;
    frames.edit.copy_locations()?;
    let mut samples = profile.samples();
    while let Some(sample) = samples.read()? {
        let outer = frames.of(roots, sample.labels, unit, root_found)?;
        let inner = frames.of(leaves, sample.labels, unit, leaf_found)?;
        let own = sample.locations.iter().map(|place| profile.locations()[*place as usize].id);
        frames.edit.sample(inner.into_iter().chain(own).chain(outer), sample.values, sample.labels);
    }
    frames.edit.finish()
}

/// The frames added so far.
struct Frames<'p> {
    edit: Edit<'p>,
    profile: &'p Profile,
    /// Ids of locations by name and key.
    known: Map<(String, String), u64>,
    next_function: u64,
    next_location: u64,
}

impl<'p> Frames<'p> {
    fn new(profile: &'p Profile) -> Result<Frames<'p>, Malformed> {
        let next = |ids: &mut dyn Iterator<Item = u64>| {
            ids.max().unwrap_or(0).checked_add(1).ok_or_else(|| Malformed::new("there are no ids left"))
        };
        Ok(Frames {
            edit: Edit::new(profile)?,
            profile,
            known: Map::default(),
            next_function: next(&mut profile.functions().iter().map(|function| function.id))?,
            next_location: next(&mut profile.locations().iter().map(|location| location.id))?,
        })
    }

    /// Ids of the locations for some keys, innermost first; whether any label was found is noted.
    fn of(&mut self, keys: &[String], labels: &[Label], unit: &str, found: &mut bool) -> Result<Vec<u64>, Malformed> {
        let one = |key: &String| {
            let values = self.values(key, labels, unit);
            *found |= !values.is_empty();
            self.location(values.join(","), key)
        };
        keys.iter().rev().map(one).collect()
    }

    fn location(&mut self, name: String, key: &str) -> Result<u64, Malformed> {
        let frame = (name, key.to_string());
        if let Some(id) = self.known.get(&frame) {
            return Ok(*id);
        }
        let [name, file] = [&frame.0, &frame.1].map(|text| self.edit.text(text));
        let (function, location) = (self.next_function, self.next_location);
        self.edit.add_frame(function, location, name, file);
        let next = |id: u64| id.checked_add(1).ok_or_else(|| Malformed::new("there are no ids left"));
        (self.next_function, self.next_location) = (next(function)?, next(location)?);
        self.known.insert(frame, location);
        Ok(location)
    }

    /// The values of a key, words first.
    fn values(&self, key: &str, labels: &[Label], unit: &str) -> Vec<String> {
        let own = || labels.iter().filter(|label| self.profile.text(label.key) == key);
        let words = own().filter_map(|label| match label.value {
            LabelValue::Text(text) => Some(self.profile.text(text).to_string()),
            LabelValue::Number { .. } => None,
        });
        let numbers: Vec<(i64, Text)> = own()
            .filter_map(|label| match label.value {
                LabelValue::Number { value, unit } => Some((value, unit)),
                LabelValue::Text(_) => None,
            })
            .collect();
        // Where no number has a unit, none is told in one.
        let to = if numbers.iter().any(|(_, of)| *of != Text::default()) { unit } else { "" };
        words.chain(numbers.iter().map(|(value, of)| label(*value, self.profile.text(*of), to))).collect()
    }
}
