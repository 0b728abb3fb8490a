//! `-raw`: everything a profile holds, as text.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::profile::{Label, Location, Mapping, Profile, Text};

use super::super::Printed;
use super::super::view::View;
use super::labels::Labels;

/// Prints it.
pub fn raw(view: &View<'_>, out: &mut String) -> Printed {
    let profile = view.profile();
    head(view, out)?;
    let mut samples = profile.samples();
    while let Some(sample) = samples.read()? {
        sample.values.iter().try_for_each(|value| write!(out, " {value:>10}"))?;
        out.push_str(": ");
        let id = |place: &u32| profile.locations()[*place as usize].id;
        sample.locations.iter().try_for_each(|place| write!(out, "{} ", id(place)))?;
        out.push('\n');
        labels(profile, sample.labels, out);
    }
    out.push_str("Locations\n");
    profile.locations().iter().try_for_each(|of| location(view, of, out))?;
    out.push_str("Mappings\n");
    profile.mappings().iter().try_for_each(|of| mapping(view, of, out))?;
    if profile.mappings().is_empty() {
        // The reference makes a mapping for profiles without one.
        out.push_str("1: 0x0/0x0/0x0   \n");
    }
    Ok(())
}

fn head(view: &View<'_>, out: &mut String) -> Printed {
    let profile = view.profile();
    let text = |text: Text| profile.text(text);
    let header = profile.header();
    for comment in &view.about.comments {
        writeln!(out, "Comment: {comment}")?;
    }
    if !text(header.doc_url).is_empty() {
        writeln!(out, "Doc: {}", text(header.doc_url))?;
    }
    writeln!(out, "PeriodType: {} {}", text(header.period_type.kind), text(header.period_type.unit))?;
    writeln!(out, "Period: {}", header.period)?;
    if header.time_nanos != 0 {
        writeln!(out, "Time: {}", time(header.time_nanos))?;
    }
    if header.duration_nanos != 0 {
        // The reference cuts it at four characters.
        writeln!(out, "Duration: {}", duration(header.duration_nanos).chars().take(4).collect::<String>())?;
    }
    out.push_str("Samples:\n");
    let default = text(header.default_sample_type);
    let kind = |of: &model::profile::ValueType| {
        let mark = if text(of.kind) == default { "[dflt]" } else { "" };
        format!("{}/{}{mark}", text(of.kind), text(of.unit))
    };
    let kinds: Vec<String> = header.sample_types.iter().map(kind).collect();
    writeln!(out, "{}", kinds.join(" ").trim())?;
    Ok(())
}

/// The labels of a sample: a line of words, a line of numbers.
fn labels(profile: &Profile, labels: &[Label], out: &mut String) {
    let Labels { words, numbers } = Labels::of(profile, labels);
    let words = words.into_iter().map(|(key, values)| format!("{key}:[{}]", values.join(" "))).collect();
    let number = |(key, values): (&str, Vec<(i64, &str)>)| {
        // A unit of one is shown for all of the key.
        let with_units = values.iter().any(|(_, unit)| !unit.is_empty());
        let one = |(value, unit): (i64, &str)| if with_units { format!("{value} {unit}") } else { value.to_string() };
        format!("{key}:[{}]", values.into_iter().map(one).collect::<Vec<_>>().join(" "))
    };
    let lines: [Vec<String>; 2] = [words, numbers.into_iter().map(number).collect()];
    for mut line in lines.into_iter().filter(|line| !line.is_empty()) {
        line.sort_unstable();
        out.push_str("                ");
        out.push_str(&line.join(" "));
        out.push('\n');
    }
}

fn location(view: &View<'_>, location: &Location, out: &mut String) -> Printed {
    let (profile, shape) = (view.profile(), &view.options.shape);
    write!(out, "{:>6}: {:#x} ", location.id, location.address)?;
    match location.mapping().and_then(|place| profile.mappings().get(place)) {
        Some(mapping) => write!(out, "M={} ", mapping.id)?,
        None if profile.mappings().is_empty() => out.push_str("M=1 "),
        None => {}
    }
    if location.folded {
        out.push_str("[F] ");
    }
    let lines = profile.lines(location);
    let lines = if shape.no_inlines { &lines[lines.len().saturating_sub(1)..] } else { lines };
    if lines.is_empty() {
        out.push('\n');
    }
    for (place, line) in lines.iter().enumerate() {
        if place > 0 {
            out.push_str("             ");
        }
        let function = &profile.functions()[line.function as usize];
        let text = |text: Text| profile.text(text);
        let column = if shape.no_inlines && !shape.columns { 0 } else { line.column };
        let (name, system_name) = (text(function.name), text(function.system_name));
        write!(out, "{name} {}:{}:{column} s={}", text(function.file), line.line, function.start_line)?;
        match name == system_name {
            true => out.push('\n'),
            false => writeln!(out, "({system_name})")?,
        }
    }
    Ok(())
}

fn mapping(view: &View<'_>, mapping: &Mapping, out: &mut String) -> Printed {
    let Mapping { id, start, limit, offset, file, build_id, symbolized } = *mapping;
    let text = |text: Text| view.profile().text(text);
    let marks = ["[FN]", "[FL]", "[LN]", "[IN]"];
    let inlines = [true, true, true, !view.options.shape.no_inlines];
    let has = symbolized.into_iter().zip(inlines).map(|(has, kept)| has && kept);
    let marks: String = marks.into_iter().zip(has).filter(|(_, has)| *has).map(|(mark, _)| mark).collect();
    writeln!(out, "{id}: {start:#x}/{limit:#x}/{offset:#x} {} {} {marks}", text(file), text(build_id))?;
    Ok(())
}

/// An instant as Go prints it: `2026-11-20 23:12:39.5 +0000 UTC`.
fn time(nanos: i64) -> String {
    let at = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default().to_zoned(TimeZone::system());
    let fraction = format!(".{:09}", at.subsec_nanosecond());
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{}{fraction} {}", at.strftime("%Y-%m-%d %H:%M:%S"), at.strftime("%z %Z"))
}

/// A duration as Go prints it: `1m30.5s`, `250ms`.
fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let part = |unit: u64, decimals: usize| {
        let text = format!("{}.{:0decimals$}", size / unit, size % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    };
    let text = match size {
        0..1_000 => format!("{size}ns"),
        1_000..1_000_000 => format!("{}µs", part(1_000, 3)),
        1_000_000..1_000_000_000 => format!("{}ms", part(1_000_000, 6)),
        _ => {
            let (minutes, rest) = (size / 60_000_000_000, size % 60_000_000_000);
            let fraction = format!(".{:09}", rest % 1_000_000_000);
            let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
            let seconds = format!("{}{fraction}s", rest / 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Go's `Duration.String` prints each.
    #[test]
    fn durations_read_as_in_go() {
        let cases = [
            (15, "15ns"),
            (1_500, "1.5µs"),
            (250_000_000, "250ms"),
            (10_000_000_000, "10s"),
            (90_500_000_000, "1m30.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_000_000, "-1ms"),
        ];
        for (nanos, text) in cases {
            assert_eq!(duration(nanos), text);
        }
    }
}
