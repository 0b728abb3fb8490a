//! The report: what one or more runs found, as the value every format is made from.

use model::finding::{Finding, Level, RuledOut, Unknown};
use model::query::Gap;
use model::time::Time;
use schemars::JsonSchema;
use serde::Serialize;

/// Several runs, and who made them when.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// Version of the program.
    pub patrol: String,
    /// When the report was made.
    pub made_at: Time,
    /// A run an inspection, in the order they were asked for.
    pub runs: Vec<RunReport>,
}

/// What one run of one inspection found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunReport {
    /// Id of the inspection.
    pub inspection: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Exclusive start of the window looked at.
    pub from: Time,
    /// Inclusive end.
    pub to: Time,
    /// Subjects looked at, the unknown ones included.
    pub subjects: usize,
    /// Questions without an answer.
    pub gaps: Vec<Gap>,
    /// Subjects nothing can be said of.
    pub unknown: Vec<Unknown>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Subjects that only looked suspicious.
    pub ruled_out: Vec<RuledOut>,
    /// What a reader of the whole report should know.
    pub notes: Vec<String>,
}

impl Report {
    /// The worst level found.
    pub fn worst(&self) -> Option<Level> {
        self.runs.iter().flat_map(|r| &r.findings).map(|f| f.level).max()
    }

    /// Whether some run could judge nothing at all although it should have: no subject seen and questions unanswered.
    pub fn blind(&self) -> bool {
        self.runs.iter().any(|r| r.subjects == r.unknown.len() && !r.gaps.is_empty())
    }
}
