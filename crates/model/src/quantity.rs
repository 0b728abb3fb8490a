//! Numbers as people read them: `2.4 GiB`, `1.2 GiB/day`, `5 h 20 min`, `93.4 %`; one place for every format.

use crate::signal::Unit;

/// Stands where a number is not known. Never a zero.
pub const UNKNOWN: &str = "–";

/// Binary prefixes and their powers of 1024, largest first.
const BINARY: [(&str, i32); 7] = [("EiB", 6), ("PiB", 5), ("TiB", 4), ("GiB", 3), ("MiB", 2), ("KiB", 1), ("B", 0)];

/// A number in words for people. NaN is [`UNKNOWN`], an infinite one `never` for hours and `∞` for the rest.
///
/// Sizes take the binary prefix that leaves 1 to 1024 before it, with one decimal below 100; spans take their two
/// largest parts below two days and one decimal above. [`Unit::Seconds`] is read as a length of time.
pub fn quantity(value: f64, unit: Unit) -> String {
    if value.is_nan() {
        return UNKNOWN.into();
    }
    if value.is_infinite() {
        return match unit {
            Unit::Hours | Unit::Seconds => "never".into(),
            _ if value < 0.0 => "-∞".into(),
            _ => "∞".into(),
        };
    }
    match unit {
        Unit::Bytes => bytes(value),
        Unit::BytesPerDay => format!("{}/day", bytes(value)),
        Unit::Seconds => span(value),
        Unit::Hours => span(value * 3_600.0),
        Unit::Ratio => percent(value),
        Unit::Count => count(value),
    }
}

/// A figure with its interval, the unit said once where all share it: `3.1 GiB/day (2.8 to 3.4)`, `2.8 to 3.4 GiB`.
pub fn interval(mid: Option<f64>, low: f64, high: f64, unit: Unit) -> String {
    let (low, high) = (quantity(low, unit), quantity(high, unit));
    let mid = mid.map(|mid| quantity(mid, unit));
    let shared = match (unit_of(&low), unit_of(&high)) {
        (Some(a), Some(b)) if a == b => Some(a),
        _ => None,
    };
    let bare = |text: &str| shared.and_then(|unit| text.strip_suffix(unit)).unwrap_or(text).trim_end().to_string();
    let ends = if low == high { high.clone() } else { format!("{} to {high}", bare(&low)) };
    match mid {
        None => ends,
        Some(mid) if mid == low && mid == high => mid,
        Some(mid) if shared.is_some() && unit_of(&mid) == shared => format!("{mid} ({})", bare(&ends)),
        Some(mid) => format!("{mid} ({ends})"),
    }
}

/// What follows the number, where there is one number only: of `5 h 20 min` nothing.
fn unit_of(text: &str) -> Option<&str> {
    let (number, unit) = text.split_once(' ')?;
    (number.parse::<f64>().is_ok() && !unit.contains(|c: char| c.is_ascii_digit())).then_some(unit)
}

fn bytes(value: f64) -> String {
    let size = value.abs();
    // 1023.97 MiB would be written as 1024 MiB; the next prefix takes over before rounding gets there.
    let (name, power) = BINARY.into_iter().find(|(_, p)| size >= 1024f64.powi(*p) * 0.9995).unwrap_or(("B", 0));
    let scaled = value / 1024f64.powi(power);
    if scaled.abs() >= 1e6 {
        return format!("{scaled:.1e} {name}");
    }
    if power == 0 {
        return format!("{scaled:.0} {name}");
    }
    format!("{} {name}", tenths(scaled))
}

/// One decimal below 100, none above.
fn tenths(value: f64) -> String {
    if value.abs() < 99.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn percent(value: f64) -> String {
    let percent = value * 100.0;
    match percent.abs() {
        p if p > 0.0 && p < 0.05 => if percent < 0.0 { "> -0.1 %" } else { "< 0.1 %" }.into(),
        p if p < 1e6 => format!("{percent:.1} %"),
        _ => format!("{percent:.2e} %"),
    }
}

fn count(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.2e}");
    }
    if value.fract() != 0.0 && value.abs() < 1000.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{grouped}") } else { grouped }
}

/// A length of time given in seconds: `4 s`, `42 min`, `5 h 20 min`, `3.2 days`, `2.1 years`.
fn span(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3_600.0;
    const DAY: f64 = 86_400.0;
    const YEAR: f64 = 365.25 * DAY;
    let sign = if seconds < 0.0 { "-" } else { "" };
    let size = seconds.abs();
    let two = |size: f64, large: f64, small: f64, names: (&str, &str)| {
        // Whole small parts first, so that 59.9 min never reads `0 h 60 min`.
        let parts = (size / small).round();
        let (a, b) = ((parts / (large / small)).floor(), parts % (large / small));
        if b == 0.0 {
            format!("{sign}{a:.0} {}", names.0)
        } else {
            format!("{sign}{a:.0} {} {b:.0} {}", names.0, names.1)
        }
    };
    match size {
        0.0 => "0 s".into(),
        s if s < 1.0 => format!("{sign}{:.0} ms", (s * 1e3).max(1.0)),
        s if s < 59.5 => format!("{sign}{s:.0} s"),
        s if s < 10.0 * MINUTE => two(s, MINUTE, 1.0, ("min", "s")),
        s if s < 59.5 * MINUTE => format!("{sign}{:.0} min", s / MINUTE),
        s if s < 2.0 * DAY => two(s, HOUR, MINUTE, ("h", "min")),
        s if s < 100.0 * DAY => format!("{sign}{:.1} days", s / DAY),
        s if s < 2.0 * YEAR => format!("{sign}{:.0} days", s / DAY),
        s if s < 1000.0 * YEAR => format!("{sign}{:.1} years", s / YEAR),
        _ => format!("{sign}over 1000 years"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIB: f64 = 1_073_741_824.0;

    #[test]
    fn every_unit_reads_as_people_write_it() {
        for (value, unit, says) in [
            (0.0, Unit::Bytes, "0 B"),
            (1023.0, Unit::Bytes, "1023 B"),
            (1536.0, Unit::Bytes, "1.5 KiB"),
            (2.4 * GIB, Unit::Bytes, "2.4 GiB"),
            (1023.99 * 1024.0 * 1024.0, Unit::Bytes, "1.0 GiB"),
            (99.96 * GIB, Unit::Bytes, "100 GiB"),
            (1e300, Unit::Bytes, "8.7e281 EiB"),
            (-512.0 * 1024.0, Unit::Bytes, "-512 KiB"),
            (1.2 * GIB, Unit::BytesPerDay, "1.2 GiB/day"),
            (5.0 + 1.0 / 3.0, Unit::Hours, "5 h 20 min"),
            (0.999, Unit::Hours, "1 h"),
            (76.8, Unit::Hours, "3.2 days"),
            (0.7, Unit::Hours, "42 min"),
            (24.0 * 300.0, Unit::Hours, "300 days"),
            (f64::INFINITY, Unit::Hours, "never"),
            (f64::NAN, Unit::Bytes, "–"),
            (0.25, Unit::Seconds, "250 ms"),
            (90.0, Unit::Seconds, "1 min 30 s"),
            (0.934, Unit::Ratio, "93.4 %"),
            (1.008, Unit::Ratio, "100.8 %"),
            (0.0001, Unit::Ratio, "< 0.1 %"),
            (1_234_567.0, Unit::Count, "1,234,567"),
            (2.5, Unit::Count, "2.50"),
        ] {
            assert_eq!(quantity(value, unit), says, "{value} {unit:?}");
        }
    }

    #[test]
    fn an_interval_says_its_unit_once() {
        assert_eq!(interval(Some(3.1 * GIB), 2.8 * GIB, 3.4 * GIB, Unit::BytesPerDay), "3.1 GiB/day (2.8 to 3.4)");
        assert_eq!(interval(None, 2.8 * GIB, 3.4 * GIB, Unit::Bytes), "2.8 to 3.4 GiB");
        assert_eq!(interval(Some(40.0), 30.5, f64::INFINITY, Unit::Hours), "40 h (30 h 30 min to never)");
        assert_eq!(interval(Some(GIB), 0.5 * GIB, 2.0 * GIB, Unit::Bytes), "1.0 GiB (512 MiB to 2.0 GiB)");
    }

    proptest! {
        /// A written size reads back within the rounding of its last digit.
        #[test]
        fn a_size_reads_back(value in 1.0..1e18f64) {
            let text = quantity(value, Unit::Bytes);
            let (number, prefix) = text.split_once(' ').unwrap();
            let power = BINARY.iter().find(|(name, _)| *name == prefix).unwrap().1;
            let back = number.parse::<f64>().unwrap() * 1024f64.powi(power);
            prop_assert!((back - value).abs() <= value * 0.051 + 0.5, "{value} -> {text}");
        }
    }
}
