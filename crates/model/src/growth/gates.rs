//! The record of gates: every test made, with its number and its sentence.

use super::Gate;

/// Gates in the order they were tried.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates {
    all: Vec<Gate>,
}

impl Gates {
    /// Passes when the value is at least the threshold; says whether it did.
    pub(super) fn at_least(&mut self, name: &'static str, value: f64, threshold: f64, says: String) -> bool {
        self.note(name, value >= threshold, value, threshold, says)
    }

    /// Passes when the value is at most the threshold; says whether it did.
    pub(super) fn at_most(&mut self, name: &'static str, value: f64, threshold: f64, says: String) -> bool {
        self.note(name, value <= threshold, value, threshold, says)
    }

    fn note(&mut self, name: &'static str, passed: bool, value: f64, threshold: f64, says: String) -> bool {
        self.all.push(Gate { name, passed, value, threshold, says });
        passed
    }

    /// The sentence of the first gate of that name.
    pub(super) fn sentence(&self, name: &str) -> String {
        self.all.iter().find(|g| g.name == name).map(|g| g.says.clone()).unwrap_or_default()
    }

    /// Whether a gate of that name closed.
    pub(super) fn closed(&self, name: &str) -> bool {
        self.all.iter().any(|g| g.name == name && !g.passed)
    }

    /// The sentence of the first gate that closed.
    pub(super) fn first_failed(&self) -> Option<String> {
        self.all.iter().find(|g| !g.passed).map(|g| g.says.clone())
    }

    /// Gives the record away.
    pub(super) fn into_all(self) -> Vec<Gate> {
        self.all
    }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Three significant digits, without an exponent up to a million: `1234` is `1230`, `0.0042` stays.
pub fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let place = 2 - value.abs().log10().floor() as i32;
    if !(-12..=12).contains(&place) {
        return format!("{value:.2e}");
    }
    let scale = 10f64.powi(place);
    let rounded = (value * scale).round() / scale;
    format!("{rounded:.*}", place.max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn numbers_are_written_with_three_digits() {
        for (value, text) in [
            (1234.0, "1230"),
            (0.004_21, "0.00421"),
            (-55.55, "-55.6"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (1e300, "1.00e300"),
            (999.9, "1000"),
        ] {
            assert_eq!(digits(value), text);
        }
    }
}
