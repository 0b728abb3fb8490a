//! The labels of samples, by their keys, and the units of those that are numbers.

use std::collections::BTreeMap;

use model::profile::{Label, LabelValue, Profile};

use super::super::Trouble;

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

/// The unit that the numbers of each key are shown in.
pub(super) struct Units<'p>(BTreeMap<&'p str, &'p str>);

impl<'p> Units<'p> {
    /// The first unit that a number of each key has.
    pub(super) fn of(profile: &'p Profile) -> Result<Units<'p>, Trouble> {
        let mut units = BTreeMap::new();
        let mut samples = profile.samples();
        while let Some(sample) = samples.read()? {
            for label in sample.labels {
                if let LabelValue::Number { unit, .. } = label.value
                    && !profile.text(unit).is_empty()
                {
                    units.entry(profile.text(label.key)).or_insert_with(|| profile.text(unit));
                }
            }
        }
        Ok(Units(units))
    }

    /// The unit of a key; without any, bytes for what is known to be bytes, and the key itself.
    pub(super) fn unit<'k>(&self, key: &'k str) -> &'k str
    where
        'p: 'k,
    {
        match self.0.get(key) {
            Some(unit) => unit,
            None if key == "alignment" || key == "request" => "bytes",
            None => key,
        }
    }
}
