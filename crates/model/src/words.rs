//! Figures in sentences: bytes, rates and times to the limit as people say them.

use crate::growth::Interval;

/// Bytes with a binary unit and three figures at the most: `512 B`, `2.4 GiB`, `-18.2 MiB`.
pub fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    if !value.is_finite() {
        return "an unknown amount".into();
    }
    let (mut scaled, mut unit) = (value.abs(), 0);
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let digits = usize::from(unit > 0 && scaled < 99.95);
    format!("{sign}{scaled:.digits$} {}", UNITS[unit])
}

/// A growth in the unit of time in which its figure is easy to read: `4.1 MiB/s`, `812 MiB/h`, `3.2 GiB/day`.
pub fn rate(per_day: Interval) -> String {
    let (unit, days) = pace(per_day.mid);
    let [low, mid, high] = [per_day.low, per_day.mid, per_day.high].map(|v| bytes(v * days));
    if low == high { format!("{mid}{unit}") } else { format!("{mid}{unit} ({low} to {high})") }
}

/// The unit of time for a growth a day in bytes, and its length in days.
fn pace(per_day: f64) -> (&'static str, f64) {
    const MIB: f64 = 1024.0 * 1024.0;
    match per_day.abs() {
        d if d >= 86_400.0 * 0.5 * MIB => ("/s", 1.0 / 86_400.0),
        d if d >= 24.0 * 100.0 * MIB => ("/h", 1.0 / 24.0),
        _ => ("/day", 1.0),
    }
}

/// A length of time as people say it: `40 s`, `52 min`, `5.3 h`, `3.2 days`, `over a year`.
pub fn hours(value: f64) -> String {
    match value {
        h if h.is_nan() => "an unknown time".into(),
        h if h < 1.0 / 60.0 => format!("{:.0} s", h * 3600.0),
        h if h < 1.5 => format!("{:.0} min", h * 60.0),
        h if h < 48.0 => format!("{h:.1} h"),
        h if h < 24.0 * 365.0 => format!("{:.1} days", h / 24.0),
        _ => "over a year".into(),
    }
}

/// An interval of hours: `5.3 h (4.8 h to 6.1 h)`; without an upper end, `at the earliest in 4.8 h`.
pub fn until(interval: Interval) -> String {
    match (interval.mid.is_finite(), interval.high.is_finite()) {
        (true, true) if hours(interval.low) == hours(interval.high) => hours(interval.mid),
        (true, true) => format!("{} ({} to {})", hours(interval.mid), hours(interval.low), hours(interval.high)),
        (true, false) => format!("{} (at the earliest {}, no latest)", hours(interval.mid), hours(interval.low)),
        (false, _) => format!("at the earliest {}", hours(interval.low)),
    }
}

/// A share of one as a percentage: `97.3%`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1}%", share * 100.0) } else { "an unknown share".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_three_figures() {
        let all = [0.0, 512.0, 1023.0, 1024.0, 1.5e6, -1.9e7, 2.5e9, 1.2e11, f64::NAN].map(bytes);
        assert_eq!(
            all,
            ["0 B", "512 B", "1.0 KiB", "1.0 KiB", "1.4 MiB", "-18.1 MiB", "2.3 GiB", "112 GiB", "an unknown amount"]
        );
    }

    #[test]
    fn a_rate_names_the_unit_in_which_it_is_easy_to_read() {
        let mib = 1024.0 * 1024.0;
        let of = |per_day: f64| rate(Interval { low: per_day * 0.9, mid: per_day, high: per_day * 1.1 });
        assert_eq!(of(4.0 * mib * 86_400.0), "4.0 MiB/s (3.6 MiB to 4.4 MiB)");
        assert_eq!(of(300.0 * mib * 24.0), "300 MiB/h (270 MiB to 330 MiB)");
        assert_eq!(of(300.0 * mib), "300 MiB/day (270 MiB to 330 MiB)");
    }

    #[test]
    fn times_without_an_end_say_so() {
        let at = |low, mid, high| until(Interval { low, mid, high });
        assert_eq!(at(4.8, 5.3, 6.1), "5.3 h (4.8 h to 6.1 h)");
        assert_eq!(at(0.5, 72.0, f64::INFINITY), "3.0 days (at the earliest 30 min, no latest)");
        assert_eq!(hours(1e6), "over a year");
    }
}
