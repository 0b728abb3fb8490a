//! Figures in sentences: memory, its growth, and times to the limit as people say them.

use crate::growth::Interval;
use crate::quantity::{interval, quantity};
use crate::signal::Unit;

/// Bytes with a binary prefix: `512 B`, `2.4 GiB`, `-18.2 MiB`.
pub fn bytes(value: f64) -> String {
    quantity(value, Unit::Bytes)
}

/// A share of one as a percentage: `97.3 %`.
pub fn percent(share: f64) -> String {
    quantity(share, Unit::Ratio)
}

/// A length of time: `40 s`, `52 min`, `5 h 20 min`, `3.2 days`.
pub fn hours(value: f64) -> String {
    quantity(value, Unit::Hours)
}

/// A growth with its interval, a second, an hour or a day, whichever figure is easy to read: `4.1 MiB/s (3.6 to 4.4)`.
pub fn rate(per_day: Interval) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let (unit, days) = match per_day.mid.abs() {
        d if d >= 86_400.0 * 0.5 * MIB => ("/s", 1.0 / 86_400.0),
        d if d >= 24.0 * 100.0 * MIB => ("/h", 1.0 / 24.0),
        _ => ("/day", 1.0),
    };
    let [low, mid, high] = [per_day.low, per_day.mid, per_day.high].map(|v| v * days);
    let text = interval(Some(mid), low, high, Unit::Bytes);
    match text.split_once(" (") {
        Some((mid, ends)) => format!("{mid}{unit} ({ends}"),
        None => format!("{text}{unit}"),
    }
}

/// A time to the limit with its interval: `5 h 20 min (4 h 50 min to 6 h 5 min)`; without an upper end, `3.0 days (at
/// the earliest 30 min, no latest)`.
pub fn until(hours_to_limit: Interval) -> String {
    let Interval { low, mid, high } = hours_to_limit;
    match (mid.is_finite(), high.is_finite()) {
        (true, true) => interval(Some(mid), low, high, Unit::Hours),
        (true, false) => format!("{} (at the earliest {}, no latest)", hours(mid), hours(low)),
        (false, _) => format!("{} at the earliest", hours(low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_names_the_unit_in_which_it_is_easy_to_read() {
        let mib = 1024.0 * 1024.0;
        let of = |per_day: f64| rate(Interval { low: per_day * 0.9, mid: per_day, high: per_day * 1.1 });
        assert_eq!(of(4.0 * mib * 86_400.0), "4.0 MiB/s (3.6 to 4.4)");
        assert_eq!(of(300.0 * mib * 24.0), "300 MiB/h (270 to 330)");
        assert_eq!(of(300.0 * mib), "300 MiB/day (270 to 330)");
        let sure = Interval { low: 300.0 * mib, mid: 300.0 * mib, high: 300.0 * mib };
        assert_eq!(rate(sure), "300 MiB/day");
    }

    #[test]
    fn times_without_an_end_say_so() {
        let at = |low, mid, high| until(Interval { low, mid, high });
        assert_eq!(at(4.8, 5.3, 6.1), "5 h 18 min (4 h 48 min to 6 h 6 min)");
        assert_eq!(at(0.5, 72.0, f64::INFINITY), "3.0 days (at the earliest 30 min, no latest)");
        assert_eq!(at(72.0, 80.0, 96.0), "3.3 days (3.0 to 4.0)");
    }
}
