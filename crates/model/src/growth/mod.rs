//! Growth: telling a memory leak from everything that looks like one, for one series at a time.
//!
//! Input is one [`Watched`] series on a grid, output a [`Judgement`] that carries every gate with its number. Nothing
//! here knows hosts, containers or processes: inspections bring the series and put the words around it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Span, Time, Window};

mod blocks;
mod candidate;
mod fitness;
mod gates;
mod judging;
mod lives;
mod past;
mod samples;
mod shape;
mod stretch;
mod trend;

pub use gates::digits;
pub use judging::judge;

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Grows without end, seen in two disjoint stretches of time, and nothing else explains it.
    Leak,
    /// Grows like a leak, but too little was seen to be sure.
    Suspected,
    /// Jumped to another level and stays there.
    LevelShift,
    /// Filled up after a start and flattens, or may still.
    WarmingUp,
    /// Goes up and down with the clock.
    Seasonal,
    /// None of these.
    Stable,
    /// Too little data to say anything.
    Unknown,
}

impl Verdict {
    /// The kebab-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Leak => "leak",
            Verdict::Suspected => "suspected",
            Verdict::LevelShift => "level-shift",
            Verdict::WarmingUp => "warming-up",
            Verdict::Seasonal => "seasonal",
            Verdict::Stable => "stable",
            Verdict::Unknown => "unknown",
        }
    }
}

/// A figure with the interval it lies in with 95 % confidence. `low <= mid <= high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Best guess.
    pub mid: f64,
    /// Upper end; may be infinite.
    pub high: f64,
}

/// One test a series had to pass on the way to its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Gate {
    /// Kebab-case name: `coverage`, `trend`, `size`, `late-slope`, `step-model`.
    pub name: &'static str,
    /// Whether growth without end is still possible after it.
    pub passed: bool,
    /// The number.
    pub value: f64,
    /// What the number is held against.
    pub threshold: f64,
    /// Both in a sentence for people, with units.
    pub says: String,
}

/// One series to judge.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// The grid of `values`.
    pub window: &'a Window,
    /// Used memory, a value a cell, NaN where there is no sample. Any unit.
    pub values: &'a [f64],
    /// Earlier values of the same series on a grid of their own, which may be coarser and may overlap the window.
    pub history: Option<(&'a Window, &'a [f64])>,
    /// What it cannot exceed, in the unit of the values.
    pub limit: Option<f64>,
    /// Instants at which the thing is known to have started anew, in order.
    pub starts: &'a [Time],
}

/// What may be set about judging; the inspections offer these as their parameters.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The rhythm that must be ruled out before growth is called a leak: a day.
    pub season: Span,
    /// Growth over the window below this share of the level is no matter.
    pub min_growth_share: f64,
    /// Growth over the window below this much is no matter, in the unit of the values.
    pub min_growth: f64,
    /// How a value is written in sentences: bytes, percent. Three digits without a unit by default.
    pub show: fn(f64) -> String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { season: Span::from_days(1), min_growth_share: 0.05, min_growth: 0.0, show: digits }
    }
}

/// The verdict on one series and everything it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// What it is.
    pub verdict: Verdict,
    /// Growth a day in the unit of the values, where one could be computed.
    pub growth_per_day: Option<Interval>,
    /// Hours until the limit at that growth; only for growing series with a limit. `high` may be infinite.
    pub hours_to_limit: Option<Interval>,
    /// The level at the end of the window: lower envelope of its last part.
    pub level: f64,
    /// What it was before it began to grow; what a chart draws as baseline.
    pub baseline: Option<f64>,
    /// When the growth began and until when it was seen.
    pub anomaly: Option<(Time, Time)>,
    /// Number of lives (stretches between starts) seen.
    pub lives: usize,
    /// Every test made, in order, passed or not.
    pub gates: Vec<Gate>,
    /// What it is not and why, each a sentence with numbers.
    pub ruled_out: Vec<(Verdict, String)>,
    /// The verdict in one sentence with its numbers.
    pub why: String,
}

#[cfg(test)]
mod tests;
