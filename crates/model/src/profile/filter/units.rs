//! Units of the numbers that labels have.

use std::collections::{BTreeMap, BTreeSet};

use crate::profile::table::{Profile, Text};
use crate::profile::{LabelValue, Malformed, Map};

/// The unit of each key that has numbers, and a note on each that has several. It is the first one found; where there
/// is none the key stands for it, or `bytes` for `alignment` and `request`. An error if a sample is malformed.
pub fn number_units(profile: &Profile) -> Result<(Map<String, String>, Vec<String>), Malformed> {
    let mut seen: Map<(Text, Text), ()> = Map::default();
    let mut units: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut samples = profile.samples();
    while let Some(sample) = samples.read()? {
        for label in sample.labels {
            let LabelValue::Number { unit, .. } = label.value else { continue };
            if seen.insert((label.key, unit), ()).is_none() {
                let known = units.entry(profile.text(label.key)).or_default();
                known.extend(Some(profile.text(unit)).filter(|unit| !unit.is_empty()));
            }
        }
    }
    let mut notes = Vec::new();
    let mut found = Map::default();
    for (key, units) in units {
        let inferred = if matches!(key, "alignment" | "request") { "bytes" } else { key };
        let used = units.first().copied().unwrap_or(inferred);
        let others: BTreeSet<&str> = units.iter().copied().filter(|unit| *unit != used).collect();
        if !others.is_empty() {
            let others: Vec<&str> = others.into_iter().collect();
            notes.push(format!("For tag {key} used unit {used}, also encountered unit(s) {}", others.join(", ")));
        }
        found.insert(key.to_string(), used.to_string());
    }
    Ok((found, notes))
}
