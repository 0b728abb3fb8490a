//! `-traces`: every sample with its labels and its stack.

use std::fmt::Write;

use model::profile::filter::number_units;
use model::profile::graph::{Frames, Names};
use model::profile::{Map, Sample, unit};

use super::super::Printed;
use super::super::view::View;
use super::labels::Labels;

const SEPARATOR: &str = "-----------+-------------------------------------------------------";

/// Prints it.
pub fn traces(view: &View<'_>, out: &mut String) -> Printed {
    for line in view.labels() {
        writeln!(out, "{line}")?;
    }
    // Source paths are shown as they are: only graphs trim them.
    let frames = Frames::new(&view.parts()[..1], &view.options.shape, Names { file: &str::to_string, only: None });
    let names: Vec<String> = (0..frames.len() as u32).map(|node| frames.info(node).to_string()).collect();
    let (units, _) = number_units(view.profile())?;
    let mut samples = view.profile().samples();
    while let Some(sample) = samples.read()? {
        if sample.locations.is_empty() {
            continue;
        }
        writeln!(out, "{SEPARATOR}")?;
        labels(view, &sample, &units, out)?;
        let mut value = view.value(mean(view, &sample));
        for location in sample.locations {
            let nodes = frames.at(0, *location);
            for (place, node) in nodes.iter().enumerate() {
                let inlined = if place + 1 < nodes.len() { " (inline)" } else { "" };
                writeln!(out, "{value:>10}   {}{inlined}", names[*node as usize])?;
                value.clear();
            }
        }
    }
    writeln!(out, "{SEPARATOR}")?;
    Ok(())
}

/// The value of a sample, as a mean where means are asked for.
fn mean(view: &View<'_>, sample: &Sample<'_>) -> i64 {
    let value = sample.values[view.measure.index];
    match view.measure.divisor.map_or(0, |place| sample.values[place]) {
        0 => value,
        divisor => value.wrapping_div(divisor),
    }
}

/// The labels of a sample: words first, then numbers, each sorted as it is printed.
fn labels(view: &View<'_>, sample: &Sample<'_>, units: &Map<String, String>, out: &mut String) -> Printed {
    let Labels { words, numbers } = Labels::of(view.profile(), sample.labels);
    let mut lines: Vec<String> =
        words.into_iter().map(|(key, values)| format!("{key:>10}:  {}\n", values.join(" "))).collect();
    lines.sort_unstable();
    out.extend(lines);
    let number = |(key, values): (&str, Vec<(i64, &str)>)| {
        let unit = units.get(key).map_or(key, String::as_str);
        let values: Vec<String> = values.into_iter().map(|(value, _)| unit::label(value, unit, "auto")).collect();
        format!("{key:>10}:  {}\n", values.join(" "))
    };
    let mut lines: Vec<String> = numbers.into_iter().map(number).collect();
    lines.sort_unstable();
    out.extend(lines);
    Ok(())
}
