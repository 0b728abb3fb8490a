//! The labels of a sample, by their keys.

use std::collections::BTreeMap;

use model::profile::{Label, LabelValue, Profile};

/// The labels of a sample: words and numbers by key.
#[derive(Default)]
pub(super) struct Labels<'p> {
    /// Words of each key, in the order of the file.
    pub(super) words: BTreeMap<&'p str, Vec<&'p str>>,
    /// Numbers of each key with their own units.
    pub(super) numbers: BTreeMap<&'p str, Vec<(i64, &'p str)>>,
}

impl<'p> Labels<'p> {
    /// Of a sample of this profile.
    pub(super) fn of(profile: &'p Profile, labels: &[Label]) -> Labels<'p> {
        let mut found = Labels::default();
        for label in labels {
            let key = profile.text(label.key);
            match label.value {
                LabelValue::Text(text) => found.words.entry(key).or_default().push(profile.text(text)),
                LabelValue::Number { value, unit } => {
                    found.numbers.entry(key).or_default().push((value, profile.text(unit)));
                }
            }
        }
        found
    }
}
