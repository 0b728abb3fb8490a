//! The measures of a finding as labelled quantities; the name of a measure ends in its unit.

use std::collections::BTreeMap;

use model::signal::Unit;

use model::quantity::{interval, quantity};

/// Measures that belong together: a figure and the interval it lies in.
#[derive(Default)]
struct Figure {
    mid: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// Label and value of every measure, in the order of names: `growth` and `3.1 GiB/day (2.8 to 3.4)`.
///
/// `growth_bytes_per_day`, `growth_low_bytes_per_day` and `growth_high_bytes_per_day` make one entry.
pub fn labelled(measures: &BTreeMap<&'static str, f64>) -> Vec<(String, String)> {
    let mut figures: Vec<(String, Unit, Figure)> = Vec::new();
    for (name, value) in measures {
        let (label, unit, end, value) = read(name, *value);
        let at = figures.iter().position(|(l, u, _)| *l == label && *u == unit).unwrap_or_else(|| {
            figures.push((label, unit, Figure::default()));
            figures.len() - 1
        });
        let figure = &mut figures[at].2;
        match end {
            End::Low => figure.low = Some(value),
            End::High => figure.high = Some(value),
            End::Mid => figure.mid = Some(value),
        }
    }
    let mut entries: Vec<(String, String)> = Vec::new();
    for (label, unit, figure) in figures {
        let value = said(&label, &figure, unit);
        match entries.iter_mut().find(|(named, _)| *named == label) {
            // A size and its share of the whole.
            Some((_, size)) if unit == Unit::Ratio => *size = format!("{size} ({value})"),
            _ => entries.push((label, value)),
        }
    }
    entries
}

#[derive(Clone, Copy)]
enum End {
    Low,
    Mid,
    High,
}

/// Takes a name apart: what it measures, in what unit, and which end of an interval it is.
fn read(name: &str, value: f64) -> (String, Unit, End, f64) {
    let mut words: Vec<&str> = name.split('_').collect();
    let mut end = End::Mid;
    words.retain(|word| match *word {
        "low" => {
            end = End::Low;
            false
        }
        "high" => {
            end = End::High;
            false
        }
        "mid" => false,
        _ => true,
    });
    let mut take = |unit: &[&str]| {
        let at = words.windows(unit.len()).rposition(|w| w == unit)?;
        words.drain(at..at + unit.len());
        Some(())
    };
    let (unit, value) = if take(&["bytes", "per", "day"]).is_some() {
        (Unit::BytesPerDay, value)
    } else if take(&["bytes"]).is_some() {
        (Unit::Bytes, value)
    } else if take(&["hours"]).is_some() {
        (Unit::Hours, value)
    } else if take(&["days"]).is_some() {
        (Unit::Hours, value * 24.0)
    } else if take(&["seconds"]).is_some() {
        (Unit::Seconds, value)
    } else if take(&["ratio"]).or_else(|| take(&["share"])).is_some() {
        (Unit::Ratio, value)
    } else if take(&["percent"]).is_some() {
        (Unit::Ratio, value / 100.0)
    } else {
        take(&["count"]);
        (Unit::Count, value)
    };
    let label = match words.join(" ") {
        label if label.is_empty() => name.replace('_', " "),
        label if label.starts_with("to ") => format!("time {label}"),
        label => label,
    };
    (label, unit, end, value)
}

fn said(label: &str, figure: &Figure, unit: Unit) -> String {
    if let (Some(number), true) = (figure.mid, label.ends_with("pid")) {
        // A name that happens to be a number.
        return format!("{number:.0}");
    }
    match (figure.mid, figure.low, figure.high) {
        (mid, Some(low), Some(high)) => interval(mid, low, high, unit),
        (Some(mid), Some(low), None) => format!("{} (at least {})", quantity(mid, unit), quantity(low, unit)),
        (Some(mid), None, Some(high)) => format!("{} (at most {})", quantity(mid, unit), quantity(high, unit)),
        (Some(mid), None, None) => quantity(mid, unit),
        (None, Some(low), None) => format!("at least {}", quantity(low, unit)),
        (None, None, Some(high)) => format!("at most {}", quantity(high, unit)),
        (None, None, None) => model::quantity::UNKNOWN.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_and_its_interval_are_one_entry() {
        let measures = BTreeMap::from([
            ("growth_bytes_per_day", 3.0e9),
            ("growth_low_bytes_per_day", 2.8e9),
            ("growth_high_bytes_per_day", 3.2e9),
            ("hours_to_limit_low", 40.0),
            ("hours_to_limit_high", f64::INFINITY),
            ("pid", 12_345.0),
            ("used_bytes", 13.0 * 1_073_741_824.0),
            ("used_share", 0.82),
            ("lives", 2.0),
        ]);
        let lines: Vec<String> = labelled(&measures).into_iter().map(|(l, v)| format!("{l}: {v}")).collect();
        assert_eq!(
            lines,
            [
                "growth: 2.8 GiB/day (2.6 to 3.0)",
                "time to limit: 40 h to never",
                "lives: 2",
                "pid: 12345",
                "used: 13.0 GiB (82.0 %)"
            ]
        );
    }
}
