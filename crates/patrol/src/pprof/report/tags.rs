//! `-tags`: the labels of all samples, with what was counted under each.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::profile::filter::number_units;
use model::profile::unit;

use super::super::view::View;
use super::super::{Printed, Trouble};
use super::labels::Labels;

/// What was counted under each value of a key.
#[derive(Default)]
struct Tag {
    total: i64,
    values: BTreeMap<String, i64>,
}

/// Prints it: keys by name, the values of each by size, the largest first.
pub fn tags(view: &View<'_>, out: &mut String) -> Printed {
    let tags = counted(view)?;
    let share = |value| if view.total > 0 { format!(" ({})", view.share(value)) } else { String::new() };
    for (key, tag) in tags {
        let of_all = format!("Total {} of {}{}", view.value(tag.total), view.value(view.total), share(tag.total));
        // Cells of a column end at the same place, one blank behind the one before.
        let margin = key.chars().count() + 2;
        writeln!(out, "{:>margin$} {of_all}", format!("{key}:"))?;
        let mut values: Vec<(String, i64)> = tag.values.into_iter().collect();
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.wrapping_abs()));
        let cells: Vec<String> =
            values.iter().map(|(_, value)| format!("{}{}:", view.value(*value), share(*value))).collect();
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 1;
        for (cell, (name, _)) in cells.iter().zip(&values) {
            writeln!(out, "{:margin$}{cell:>width$} {name}", "")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Adds up the samples under their labels. Numbers that look alike in their unit are one value.
fn counted(view: &View<'_>) -> Result<BTreeMap<String, Tag>, Trouble> {
    let (units, _) = number_units(view.profile())?;
    let mut tags: BTreeMap<String, Tag> = BTreeMap::new();
    let mut samples = view.profile().samples();
    while let Some(sample) = samples.read()? {
        let value = sample.values[view.measure.index];
        let mut count = |key: &str, name: String| {
            if !tags.contains_key(key) {
                tags.insert(key.to_string(), Tag::default());
            }
            if let Some(tag) = tags.get_mut(key) {
                tag.total = tag.total.wrapping_add(value);
                let counted = tag.values.entry(name).or_default();
                *counted = counted.wrapping_add(value);
            }
        };
        let Labels { words, numbers } = Labels::of(view.profile(), sample.labels);
        for (key, names) in words {
            names.into_iter().for_each(|name| count(key, name.to_string()));
        }
        for (key, numbers) in numbers {
            let unit = units.get(key).map_or(key, String::as_str);
            for (number, _) in numbers {
                count(key, unit::label(number, unit, &view.options.unit));
            }
        }
    }
    Ok(tags)
}
