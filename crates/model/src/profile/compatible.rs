//! Profiles made to count the same things in the same units, so that they can be merged.

use super::edit::Edit;
use super::merge::shown;
use super::scale::scale_values;
use super::table::{Profile, ValueType};
use super::unit::{same_quantity, scale};
use super::{Malformed, Map};

/// What becomes of a profile.
struct Change {
    /// Which of its sample types are kept, in which order.
    kept: Vec<usize>,
    /// The unit each kept one gets, and what its values are multiplied by.
    units: Vec<(String, f64)>,
    /// The unit and amount of the period; none to leave it alone.
    period: Option<(String, i64)>,
}

/// Reduces profiles to the sample types that all have, in the order of the first, and brings each to the finest unit
/// that any has, as the reference's `CompatibilizeSampleTypes` and `ScaleProfiles` do. Profiles that fit already are
/// left alone. An error if they have nothing in common, if units are of different quantities, or if a sample is
/// malformed.
pub fn compatible(parts: &mut Vec<Profile>) -> Result<(), Malformed> {
    let kinds = common_kinds(parts);
    if kinds.is_empty() {
        return Err(Malformed::new("profiles have empty common sample type list"));
    }
    let changes = changes(parts, &kinds)?;
    let fitting = std::mem::take(parts).into_iter().zip(changes).map(|(part, change)| changed(part, &change));
    *parts = fitting.collect::<Result<_, _>>()?;
    Ok(())
}

/// Sample types in all profiles. One that a profile has twice is not among them, as the reference counts.
fn common_kinds(parts: &[Profile]) -> Vec<String> {
    let mut counts: Map<&str, usize> = Map::default();
    for part in parts {
        for of in &part.header().sample_types {
            *counts.entry(part.text(of.kind)).or_default() += 1;
        }
    }
    let Some(first) = parts.first() else { return Vec::new() };
    let kinds = first.header().sample_types.iter().map(|of| first.text(of.kind));
    kinds.filter(|kind| counts.get(kind) == Some(&parts.len())).map(str::to_string).collect()
}

fn changes(parts: &[Profile], kinds: &[String]) -> Result<Vec<Change>, Malformed> {
    let mut changes = Vec::new();
    for part in parts {
        let types = &part.header().sample_types;
        let place = |kind: &String| {
            let missing = || Malformed::new(format!("{kind:?} sample type is not found in profile"));
            types.iter().position(|of| part.text(of.kind) == kind).ok_or_else(missing)
        };
        let kept = kinds.iter().map(place).collect::<Result<Vec<usize>, _>>()?;
        changes.push(Change { kept, units: Vec::new(), period: None });
    }
    let periods: Vec<(&Profile, ValueType)> = parts.iter().map(|part| (part, part.header().period_type)).collect();
    let period_unit = finest_unit(&periods).map_err(|why| Malformed::new(format!("period type: {why}")))?;
    for place in 0..kinds.len() {
        let of = |(part, change): (_, &Change)| type_at(part, change.kept[place]);
        let types: Vec<(&Profile, ValueType)> = parts.iter().zip(&changes).map(of).collect();
        let finest = finest_unit(&types).map_err(|why| Malformed::new(format!("sample types: {why}")))?;
        for ((part, of), change) in types.iter().zip(&mut changes) {
            let unit = part.text(of.unit);
            let to = finest.as_deref().unwrap_or(unit);
            change.units.push((to.to_string(), if unit == to { 1.0 } else { scale(1, unit, to).0 }));
        }
    }
    for (part, change) in parts.iter().zip(&mut changes) {
        let header = part.header();
        let unit = part.text(header.period_type.unit);
        let other = period_unit.as_ref().filter(|finest| *finest != unit);
        change.period = other.map(|to| (to.clone(), scale(header.period, unit, to).0 as i64));
    }
    Ok(changes)
}

fn type_at(part: &Profile, place: usize) -> (&Profile, ValueType) {
    (part, part.header().sample_types.get(place).copied().unwrap_or_default())
}

/// The finest unit of several types of the same kind; none where there is nothing to bring together.
fn finest_unit(types: &[(&Profile, ValueType)]) -> Result<Option<String>, String> {
    let [first, rest @ ..] = types else { return Ok(None) };
    let mut finest = first;
    for other in rest {
        let [one, two] = [finest, other].map(|(part, of)| (part.text(of.kind), part.text(of.unit)));
        // `sample` and `samples` are the same.
        let bare = |kind: &str| kind.strip_suffix('s').unwrap_or(kind).to_string();
        if bare(one.0) != bare(two.0) || !same_quantity(one.1, two.1) {
            let [one, two] = [finest, other].map(|(part, of)| shown(part, *of));
            return Err(format!("incompatible types: {one} {two}"));
        }
        if scale(1, two.1, one.1).0 < 1.0 {
            finest = other;
        }
    }
    Ok((!rest.is_empty()).then(|| finest.0.text(finest.1.unit).to_string()))
}

fn changed(part: Profile, change: &Change) -> Result<Profile, Malformed> {
    let header = part.header();
    let types = &header.sample_types;
    let all = change.kept.iter().copied().eq(0..types.len());
    let unit = |place: &usize| part.text(type_at(&part, *place).1.unit);
    let units = change.kept.iter().map(unit).eq(change.units.iter().map(|(unit, _)| unit.as_str()));
    if all && units && change.period.is_none() {
        return Ok(part);
    }
    let mut edit = Edit::new(&part)?;
    edit.copy_locations()?;
    let kept = || change.kept.iter().map(|place| type_at(&part, *place).1);
    let named = |name| kept().any(|of| part.text(of.kind) == part.text(name));
    if !all && !named(header.default_sample_type) {
        edit.header.default_sample_type = kept().next().unwrap_or_default().kind;
    }
    edit.header.sample_types =
        kept().zip(&change.units).map(|(of, (unit, _))| ValueType { unit: edit.text(unit), ..of }).collect();
    if let Some((unit, period)) = &change.period {
        edit.header.period_type.unit = edit.text(unit);
        edit.header.period = *period;
    }
    let ratios: Vec<f64> = change.units.iter().map(|(_, ratio)| *ratio).collect();
    let scales = ratios.iter().any(|ratio| *ratio != 1.0);
    let mut values = Vec::new();
    edit.change_samples(|sample| {
        values.clear();
        values.extend(change.kept.iter().filter_map(|place| sample.values.get(*place)));
        std::mem::swap(&mut values, &mut sample.values);
        Ok(!scales || scale_values(&mut sample.values, &ratios))
    })?;
    edit.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::folded::{lines, profile, with_header};
    use crate::profile::{Header, Text};

    fn types(profile: &Profile) -> Vec<String> {
        let types = profile.header().sample_types.iter();
        types.map(|of| format!("{}/{}", profile.text(of.kind), profile.text(of.unit))).collect()
    }

    /// An allocation profile beside one that also knows what is in use: what both have stays, in the first one's order.
    #[test]
    fn what_all_count_is_kept() {
        let default_sample_type = Text::at(1);
        let header = Header { default_sample_type, ..Header::default() };
        let one = with_header(&["space/bytes", "x/count", "objects/count"], &["a 1,2,3"], header);
        let other = profile(&["objects/count", "space/bytes"], &["a 5,6"]);
        let mut parts = vec![one, other];
        compatible(&mut parts).unwrap();
        assert_eq!(parts.iter().flat_map(lines).collect::<Vec<_>>(), ["a 1,3", "a 6,5"]);
        parts.iter().for_each(|part| assert_eq!(types(part), ["space/bytes", "objects/count"]));
        // The default it had is gone, so the first takes its place; the other never had one.
        let defaults: Vec<&str> = parts.iter().map(|p| p.text(p.header().default_sample_type)).collect();
        assert_eq!(defaults, ["space", "space"]);
    }

    /// Seconds beside milliseconds: both are told in milliseconds.
    #[test]
    fn units_are_brought_together() {
        let header = |period| Header {
            period_type: ValueType { kind: Text::at(1), unit: Text::at(2) },
            period,
            ..Header::default()
        };
        let mut parts = vec![
            with_header(&["delay/seconds", "n/count"], &["a 2,1", "b 0,4"], header(5)),
            with_header(&["delay/ms", "n/count"], &["a 7,1"], header(6)),
        ];
        compatible(&mut parts).unwrap();
        assert_eq!(parts.iter().flat_map(lines).collect::<Vec<_>>(), ["a 2000,1", "a 7,1"]);
        parts.iter().for_each(|part| assert_eq!(types(part), ["delay/ms", "n/count"]));
    }

    #[test]
    fn what_has_nothing_in_common_is_refused() {
        let refused = |one: &str, other: &str| {
            let mut parts = vec![profile(&[one], &["a 1"]), profile(&[other], &["a 1"])];
            compatible(&mut parts).unwrap_err().to_string()
        };
        assert_eq!(refused("space/bytes", "time/ms"), "profiles have empty common sample type list");
        assert_eq!(
            refused("space/bytes", "space/ms"),
            "sample types: incompatible types: {space bytes 0 0} {space ms 0 0}"
        );
    }
}
