//! Ranges of numbers with units, as filters of labels take them.

use crate::profile::unit::scale;

/// Numbers from one to another, both included, in a unit.
pub(super) struct Range {
    low: f64,
    high: f64,
    unit: String,
}

impl Range {
    /// `32kb` is that number, `:64kb` up to it, `4mb:` from it on, `12kb:64mb` between them. Anything else is none,
    /// also numbers with units of different quantities. An error if a number is too large.
    pub(super) fn parse(text: &str) -> Result<Option<Range>, String> {
        let Some((first, first_unit, rest)) = number(text.strip_prefix(':').unwrap_or(text))? else {
            return Ok(None);
        };
        let (value, unit) = scale(first, first_unit, first_unit);
        let range = |low, high| Ok(Some(Range { low, high, unit: unit.clone() }));
        match (text.starts_with(':'), rest) {
            (true, "") => range(f64::NEG_INFINITY, value),
            (false, "") => range(value, value),
            (false, ":") => range(value, f64::INFINITY),
            (false, _) => {
                let Some((second, second_unit, "")) = rest.strip_prefix(':').map_or(Ok(None), number)? else {
                    return Ok(None);
                };
                let (high, high_unit) = scale(second, second_unit, &unit);
                if high_unit == unit { range(value, high) } else { Ok(None) }
            }
            (true, _) => Ok(None),
        }
    }

    /// Whether a value of some unit is in it.
    pub(super) fn contains(&self, value: i64, unit: &str) -> bool {
        let (value, unit) = scale(value, unit, &self.unit);
        unit == self.unit && (self.low..=self.high).contains(&value)
    }
}

/// The number a text begins with, its unit, and what follows.
fn number(text: &str) -> Result<Option<(i64, &str, &str)>, String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let after = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() == unsigned.len() {
        return Ok(None);
    }
    let digits = &text[..text.len() - after.len()];
    let rest = after.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let value = digits.parse().map_err(|_| {
        format!("failed to parse int {digits}: strconv.ParseInt: parsing \"{digits}\": value out of range")
    })?;
    Ok(Some((value, &after[..after.len() - rest.len()], rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each with values that are in it and values that are not.
    #[test]
    fn ranges_are_read() {
        let contains = |range: &str, value, unit| Range::parse(range).unwrap().unwrap().contains(value, unit);
        assert!(contains("18kb", 18_432, "bytes") && !contains("18kb", 18_000, "bytes"));
        assert!(contains(":1kb", 0, "bytes") && !contains(":1kb", 1025, "bytes"));
        assert!(contains("1kb:", 1, "mb") && !contains("1kb:", 1023, "bytes"));
        assert!(contains("1kb:1mb", 64, "kb") && !contains("1kb:1mb", 2, "mb"));
        assert!(contains("-5:+5", -5, "") && !contains("-5:5", 6, ""));
        assert!(!contains("1s:2s", 1, "bytes"));
        for none in ["", "kb", "1kb:x", "a1", "1 2", "1:2:3", ":1:2", "1kb:1s", ":"] {
            assert!(Range::parse(none).unwrap().is_none(), "{none}");
        }
        let why = Range::parse("99999999999999999999").map(|_| ()).unwrap_err();
        assert!(why.ends_with("value out of range"), "{why}");
    }
}
