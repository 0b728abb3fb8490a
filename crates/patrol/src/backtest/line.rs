//! One line of output: a window and its verdict.

use model::growth::{Interval, Judgement, Verdict};
use model::time::Time;
use serde::Serialize;

/// A judged window, as printed: one JSON object a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The series.
    pub id: String,
    /// Start of the window.
    pub from: When,
    /// End of the window.
    pub to: When,
    /// What it was judged to be.
    pub verdict: Verdict,
    /// Growth a day in the unit of the series; `null` when none could be computed.
    pub growth_per_day: Option<f64>,
    /// Lower end of its 95 % interval; `null` when unknown or unbounded.
    pub growth_low: Option<f64>,
    /// Upper end.
    pub growth_high: Option<f64>,
    /// Hours until the limit at the fastest; `null` without growth or limit.
    pub hours_to_limit_low: Option<f64>,
    /// Hours until the limit at the slowest; `null` also when it may never come.
    pub hours_to_limit_high: Option<f64>,
    /// The verdict in a sentence.
    pub why: String,
}

/// An instant of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// A real time; printed as RFC 3339.
    Real(Time),
    /// Milliseconds since the start of the recording; printed as seconds.
    Offset(Time),
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            When::Real(at) => match jiff::Timestamp::from_millisecond(at) {
                Ok(time) => to.collect_str(&time),
                Err(_) => to.serialize_none(),
            },
            When::Offset(at) if at % 1_000 == 0 => to.serialize_i64(at / 1_000),
            When::Offset(at) => to.serialize_f64(at as f64 / 1e3),
        }
    }
}

impl Line {
    /// The line for a judged window.
    pub fn of(id: &str, from: When, to: When, judgement: Judgement) -> Line {
        let finite = |end: Option<f64>| end.filter(|v| v.is_finite());
        let growth = |end: fn(&Interval) -> f64| finite(judgement.growth_per_day.as_ref().map(end));
        let hours = |end: fn(&Interval) -> f64| finite(judgement.hours_to_limit.as_ref().map(end));
        Line {
            id: id.into(),
            from,
            to,
            verdict: judgement.verdict,
            growth_per_day: growth(|i| i.mid),
            growth_low: growth(|i| i.low),
            growth_high: growth(|i| i.high),
            hours_to_limit_low: hours(|i| i.low),
            hours_to_limit_high: hours(|i| i.high),
            why: judgement.why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(growth: Option<Interval>, hours: Option<Interval>) -> Judgement {
        Judgement {
            verdict: Verdict::Suspected,
            growth_per_day: growth,
            hours_to_limit: hours,
            level: 1.0,
            baseline: None,
            anomaly: None,
            lives: 1,
            gates: Vec::new(),
            ruled_out: Vec::new(),
            why: "it grows".into(),
        }
    }

    #[test]
    fn what_is_unknown_or_endless_is_null() {
        let growth = Interval { low: -0.5, mid: 2.0, high: 4.5 };
        let hours = Interval { low: 12.0, mid: 27.0, high: f64::INFINITY };
        let line = Line::of("a", When::Offset(0), When::Offset(86_400_500), judged(Some(growth), Some(hours)));
        insta::assert_snapshot!(serde_json::to_string(&line).unwrap(), @r#"{"id":"a","from":0,"to":86400.5,"verdict":"suspected","growth_per_day":2.0,"growth_low":-0.5,"growth_high":4.5,"hours_to_limit_low":12.0,"hours_to_limit_high":null,"why":"it grows"}"#);
    }

    #[test]
    fn real_times_are_written_as_people_write_them() {
        let line = Line::of("a", When::Real(1_763_600_000_000), When::Real(i64::MAX), judged(None, None));
        insta::assert_snapshot!(serde_json::to_string(&line).unwrap(), @r#"{"id":"a","from":"2025-11-20T00:53:20Z","to":null,"verdict":"suspected","growth_per_day":null,"growth_low":null,"growth_high":null,"hours_to_limit_low":null,"hours_to_limit_high":null,"why":"it grows"}"#);
    }
}
