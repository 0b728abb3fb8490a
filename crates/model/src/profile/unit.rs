//! Values with their units, written as `pprof` writes them: 2.50MB, 1.20s.
//!
//! Units and their spellings are those of `internal/measurement` in github.com/google/pprof: bytes in steps of 1024
//! under decimal names, time from nanoseconds to hours, and Google compute units.

/// A unit: its name in reports, how profiles spell it (in lower case, without a final s), and how much it is.
type Unit = (&'static str, &'static [&'static str], f64);

/// Units of one quantity, the smallest first, and the one for values that fit none.
struct Family {
    units: &'static [Unit],
    default: (&'static str, f64),
}

const FAMILIES: [Family; 3] = [
    Family {
        units: &[
            ("B", &["b", "byte"], 1.0),
            ("kB", &["kb", "kbyte", "kilobyte"], 1024.0),
            ("MB", &["mb", "mbyte", "megabyte"], 1_048_576.0),
            ("GB", &["gb", "gbyte", "gigabyte"], 1_073_741_824.0),
            ("TB", &["tb", "tbyte", "terabyte"], 1_099_511_627_776.0),
            ("PB", &["pb", "pbyte", "petabyte"], 1_125_899_906_842_624.0),
        ],
        default: ("B", 1.0),
    },
    Family {
        units: &[
            ("ns", &["ns", "nanosecond"], 1.0),
            ("us", &["μs", "us", "microsecond"], 1e3),
            ("ms", &["ms", "millisecond"], 1e6),
            ("s", &["s", "sec", "second"], 1e9),
            ("hrs", &["hour", "hr"], 3.6e12),
        ],
        default: ("s", 1e9),
    },
    Family {
        units: &[
            ("n*GCU", &["nanogcu"], 1e-9),
            ("u*GCU", &["microgcu"], 1e-6),
            ("m*GCU", &["milligcu"], 1e-3),
            ("GCU", &["gcu"], 1.0),
            ("k*GCU", &["kilogcu"], 1e3),
            ("M*GCU", &["megagcu"], 1e6),
            ("G*GCU", &["gigagcu"], 1e9),
            ("T*GCU", &["teragcu"], 1e12),
            ("P*GCU", &["petagcu"], 1e15),
        ],
        default: ("GCU", 1.0),
    },
];

impl Family {
    fn named(&self, spelling: &str) -> Option<Unit> {
        let lower = spelling.to_lowercase();
        let bare = if lower.len() > 2 { lower.strip_suffix('s').unwrap_or(&lower) } else { &lower };
        self.units.iter().find(|(_, spellings, _)| spellings.contains(&bare)).copied()
    }

    /// The largest unit of which there is one at least.
    fn fitting(&self, amount: f64) -> Option<Unit> {
        self.units.iter().rev().find(|(.., factor)| amount / factor >= 1.0).copied()
    }
}

/// The value in another unit, and the name of that unit. `minimum` and `auto` choose a unit that fits the value; a
/// unit of another quantity gives the default one. The name is empty where it says nothing (`count`).
pub fn scale(value: i64, from: &str, to: &str) -> (f64, String) {
    if value < 0 && value != i64::MIN {
        let (positive, unit) = scale(-value, from, to);
        return (-positive, unit);
    }
    let Some((family, (.., factor))) = FAMILIES.iter().find_map(|f| f.named(from).map(|unit| (f, unit))) else {
        let silent = ["count", "sample", "unit", "minimum", "auto"].contains(&to);
        return (value as f64, if silent { String::new() } else { to.to_string() });
    };
    let amount = value as f64 * factor;
    let wanted = if to == "minimum" || to == "auto" { family.fitting(amount) } else { family.named(to) };
    let (name, factor) = wanted.map_or(family.default, |(name, _, factor)| (name, factor));
    (amount / factor, name.to_string())
}

/// From one unit to another, worked out once for many values.
#[derive(Clone, Debug)]
pub struct Scaler {
    from: f64,
    to: f64,
    unit: String,
}

impl Scaler {
    /// Nothing where the unit depends on the value.
    pub fn new(from: &str, to: &str) -> Option<Scaler> {
        if to == "minimum" || to == "auto" {
            return None;
        }
        let (one, unit) = scale(1, from, to);
        let known = FAMILIES.iter().find_map(|f| f.named(from).map(|(.., factor)| (f, factor)));
        let (from, to) = match known {
            Some((family, factor)) => (factor, family.named(to).map_or(family.default.1, |(.., factor)| factor)),
            None => (one, 1.0),
        };
        Some(Scaler { from, to, unit })
    }

    /// See [`label`].
    pub fn label(&self, value: i64) -> String {
        written(value as f64 * self.from / self.to, &self.unit)
    }
}

/// The value in another unit, as text with at most two decimals: `2.50MB`, `12kB`, `0`.
pub fn label(value: i64, from: &str, to: &str) -> String {
    let (value, unit) = scale(value, from, to);
    written(value, &unit)
}

fn written(value: f64, unit: &str) -> String {
    let text = format!("{value:.2}");
    match text.strip_suffix(".00").unwrap_or(&text) {
        "0" | "-0" => "0".to_string(),
        number => format!("{number}{unit}"),
    }
}

/// The units that a value may be written in, the smallest first: how much of the value each is, and its name. Asked for
/// one unit, that one alone; what asks for `minimum`, `auto` or nothing may have any.
pub fn steps(from: &str, to: &str) -> Vec<(f64, String)> {
    let any = ["", "minimum", "auto"].contains(&to);
    match FAMILIES.iter().find_map(|f| f.named(from).map(|unit| (f, unit))) {
        Some((family, (.., own))) if any => {
            family.units.iter().map(|(name, _, factor)| (factor / own, name.to_string())).collect()
        }
        Some((family, (.., own))) => {
            let (name, factor) = family.named(to).map_or(family.default, |(name, _, factor)| (name, factor));
            vec![(factor / own, name.to_string())]
        }
        None => vec![(1.0, scale(0, from, if any { "auto" } else { to }).1)],
    }
}

/// Whether values of two units can be brought to one.
pub fn same_quantity(one: &str, other: &str) -> bool {
    one == other || FAMILIES.iter().any(|f| f.named(one).is_some() && f.named(other).is_some())
}

/// The share of a total without its sign, five columns and a `%`: two decimals from 1 % on, two digits below.
pub fn percentage(value: i64, total: i64) -> String {
    let share = if total == 0 { 0.0 } else { (value as f64 / total as f64).abs() * 100.0 };
    if (99.95..=100.05).contains(&share) {
        "  100%".to_string()
    } else if share >= 1.0 {
        format!("{share:5.2}%")
    } else {
        format!("{:>5}%", two_digits(share))
    }
}

/// A number below 1 with two significant digits, as C's `%.2g` has it: 0.072, 5.6e-05, 0.5.
fn two_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let scientific = format!("{value:.1e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let bare = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_string();
    if exponent < -4 {
        return format!("{}e-{:02}", bare(digits), -exponent);
    }
    let decimals = usize::try_from(1 - exponent).unwrap_or_default();
    let text = format!("{value:.decimals$}");
    if decimals > 0 { bare(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each seen in the reference's reports.
    #[test]
    fn values_read_as_in_the_reference() {
        let cases = [
            (0, "bytes", "minimum", "0"),
            (2_621_440, "bytes", "MB", "2.50MB"),
            (512, "bytes", "MB", "0"),
            (-1536, "byte", "auto", "-1.50kB"),
            (12, "count", "minimum", "12"),
            (12, "count", "mb", "12mb"),
            (1_500_000, "nanoseconds", "auto", "1.50ms"),
            (500, "bytes", "seconds", "500B"),
            (i64::MIN, "bytes", "pb", "-8192PB"),
        ];
        for (value, from, to, text) in cases {
            assert_eq!(label(value, from, to), text);
            assert!(Scaler::new(from, to).is_none_or(|scaler| scaler.label(value) == text), "{text}");
        }
    }

    /// Bytes have six units, or the one asked for; objects have none.
    #[test]
    fn units_are_listed_by_size() {
        let names = |from, to| steps(from, to).into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ");
        assert_eq!(names("bytes", "auto"), "B kB MB GB TB PB");
        assert_eq!(steps("kb", "MB"), [(1024.0, "MB".to_string())]);
        assert_eq!(
            (names("count", ""), names("bytes", "seconds"), names("count", "x")),
            ("".into(), "B".into(), "x".into())
        );
    }

    /// The reference prints shares with `%5.2f%%` and `%5.2g%%`.
    #[test]
    fn shares_read_as_in_the_reference() {
        let cases = [
            (0, 0, "    0%"),
            (1, 1, "  100%"),
            (9996, 10_000, "  100%"),
            (-5_637, 10_000, "56.37%"),
            (72, 100_000, "0.072%"),
            (56, 100_000_000, "5.6e-05%"),
            (5, 1000, "  0.5%"),
            (999, 100_000, "    1%"),
            (3_0067, 10_000, "300.67%"),
            (1, 100, " 1.00%"),
        ];
        for (value, total, text) in cases {
            assert_eq!(percentage(value, total), text);
        }
    }
}
