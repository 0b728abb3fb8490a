//! Instants, spans and the window of an inspection.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z, as Prometheus counts them.
pub type Time = i64;

/// A length of time in milliseconds, never negative.
///
/// Written as Prometheus writes durations: `500ms`, `15s`, `1h30m`, `7d`, `2w`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Units of a span, largest first: suffix and milliseconds.
const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of so many milliseconds; negative becomes zero.
    pub const fn from_millis(millis: i64) -> Span {
        Span(if millis < 0 { 0 } else { millis })
    }
    /// A span of so many seconds.
    pub const fn from_secs(secs: i64) -> Span {
        Span::from_millis(secs.saturating_mul(1_000))
    }
    /// A span of so many minutes.
    pub const fn from_mins(mins: i64) -> Span {
        Span::from_secs(mins.saturating_mul(60))
    }
    /// A span of so many hours.
    pub const fn from_hours(hours: i64) -> Span {
        Span::from_mins(hours.saturating_mul(60))
    }
    /// A span of so many days of 24 hours.
    pub const fn from_days(days: i64) -> Span {
        Span::from_hours(days.saturating_mul(24))
    }
    /// Milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// Seconds, with a fraction.
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e3
    }
    /// Hours, with a fraction.
    pub fn hours(self) -> f64 {
        self.0 as f64 / 3.6e6
    }
}

impl fmt::Display for Span {
    /// The shortest notation that reads back as the same span; `0s` for none. Weeks are written as days.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in &UNITS[1..] {
            if rest >= *millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = String;

    /// Reads `1h30m`: units descend and none stands twice.
    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{text}` is not a duration; write it like `15s`, `1h30m` or `7d`");
        if text == "0" {
            return Ok(Span::ZERO);
        }
        let (mut rest, mut total, mut after) = (text.trim(), 0i64, 0);
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |i| i + digits);
            let at = UNITS.iter().position(|(unit, _)| *unit == &rest[digits..unit_end]).ok_or_else(wrong)?;
            if at < after {
                return Err(wrong());
            }
            after = at + 1;
            total = count.checked_mul(UNITS[at].1).and_then(|ms| total.checked_add(ms)).ok_or_else(wrong)?;
            rest = &rest[unit_end..];
        }
        Ok(Span(total))
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of time cut into equal cells: `(from, to]`, cell `i` being `(from + i*step, from + (i+1)*step]`.
///
/// Cell ends are the evaluation times of a Prometheus range query, so a sample and a query agree on where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Exclusive start.
    pub from: Time,
    /// Inclusive end.
    pub to: Time,
    /// Length of a cell.
    pub step: Span,
}

impl Window {
    /// Most cells a window may have: 70 days at one minute. More is a slip of the keyboard, not a question.
    pub const MOST_CELLS: usize = 100_800;

    /// The window that ends at `to`. `length` is rounded up to whole steps.
    ///
    /// Errors, in words for people, when the step is zero, the length is shorter than a step or there would be more
    /// than [`Window::MOST_CELLS`] cells.
    pub fn ending(to: Time, length: Span, step: Span) -> Result<Window, String> {
        if step == Span::ZERO {
            return Err("the step must be longer than nothing".into());
        }
        if length < step {
            return Err(format!("a window of {length} is shorter than its step of {step}"));
        }
        let cells = length.0 / step.0 + i64::from(length.0 % step.0 != 0);
        if cells > Window::MOST_CELLS as i64 {
            return Err(format!(
                "a window of {length} at a step of {step} has {cells} cells; at most {} fit",
                Window::MOST_CELLS
            ));
        }
        let from = cells
            .checked_mul(step.0)
            .and_then(|ms| to.checked_sub(ms))
            .ok_or("the window starts before time itself")?;
        Ok(Window { from, to, step })
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        if self.step.0 <= 0 || self.to <= self.from {
            return 0;
        }
        ((self.to - self.from) as u64).div_ceil(self.step.0 as u64) as usize
    }

    /// The cell an instant falls into, or `None` outside of the window.
    pub fn cell(&self, at: Time) -> Option<usize> {
        (at > self.from && at <= self.to).then(|| ((at - self.from - 1) / self.step.0) as usize)
    }

    /// The end of a cell, the instant its value stands for.
    pub fn time_of(&self, cell: usize) -> Time {
        self.from + (cell as i64 + 1) * self.step.0
    }

    /// How long the window is.
    pub fn length(&self) -> Span {
        Span::from_millis(self.to - self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_write_what_prometheus_does() {
        for (text, millis) in
            [("500ms", 500), ("15s", 15_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("1m1s1ms", 61_001)]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.millis(), span.to_string()), (millis, text.to_string()));
        }
        assert_eq!("2w".parse::<Span>().unwrap().to_string(), "14d");
        assert_eq!("0".parse::<Span>().unwrap().to_string(), "0s");
    }

    #[test]
    fn a_wrong_span_says_how_to_write_one() {
        for text in ["", "5", "5x", "m5", "1s1h", "1h1h", "-5s", "1.5h", "99999999999999w", "五s"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.contains("write it like"), "{text}: {error}");
        }
    }

    #[test]
    fn a_sample_belongs_to_the_cell_whose_end_asks_for_it() {
        let w = Window::ending(100_000, Span::from_secs(60), Span::from_secs(20)).unwrap();
        assert_eq!((w.from, w.cells()), (40_000, 3));
        for (at, cell) in [
            (40_000, None),
            (40_001, Some(0)),
            (60_000, Some(0)),
            (60_001, Some(1)),
            (100_000, Some(2)),
            (100_001, None),
        ] {
            assert_eq!(w.cell(at), cell, "{at}");
        }
        assert_eq!((w.time_of(0), w.time_of(2)), (60_000, 100_000));
    }

    #[test]
    fn impossible_windows_are_refused_in_words() {
        let s = Span::from_secs;
        for (length, step, says) in
            [(s(60), s(0), "longer than nothing"), (s(1), s(2), "shorter than its step"), (s(1 << 40), s(1), "cells")]
        {
            let error = Window::ending(0, length, step).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
