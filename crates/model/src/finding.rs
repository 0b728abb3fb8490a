//! What an inspection says: findings, what it could not tell, and what it ruled out.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::labels::Labels;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// Worth a look today.
    Warning,
    /// Act now.
    Critical,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Critical => "critical",
        })
    }
}

impl FromStr for Level {
    type Err = String;
    fn from_str(text: &str) -> Result<Level, String> {
        match text {
            "info" => Ok(Level::Info),
            "warning" => Ok(Level::Warning),
            "critical" => Ok(Level::Critical),
            other => Err(format!("`{other}` is not a level; levels are info, warning, critical")),
        }
    }
}

/// Something found wrong with one subject.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable kebab-case name within the inspection. Identity: inspection, code and subject.
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// What it is about.
    pub subject: Labels,
    /// One line for people, derived from the measures.
    pub summary: String,
    /// Numbers behind the summary; the unit is the end of the name (`growth_bytes_per_day`).
    pub measures: BTreeMap<&'static str, f64>,
    /// The explanation, in reading order.
    pub evidence: Vec<Evidence>,
}

/// A subject nothing can be said of, and why. Unknown is never folded into fine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// What it is about.
    pub subject: Labels,
    /// Why nothing can be said.
    pub why: String,
}

/// A subject that looked suspicious and is not, and what tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RuledOut {
    /// What it is about.
    pub subject: Labels,
    /// What it is instead, a kebab-case name: `seasonal`, `level-shift`.
    pub verdict: &'static str,
    /// What tells, with numbers.
    pub why: String,
}

/// The outcome of one look over a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// How many subjects were looked at, the unknown ones included.
    pub subjects: usize,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Subjects nothing can be said of.
    pub unknown: Vec<Unknown>,
    /// Subjects that only looked suspicious.
    pub ruled_out: Vec<RuledOut>,
    /// What a reader of the whole report should know: exporters missed, how much history there is.
    pub notes: Vec<String>,
}

/// What became of a finding once the further answers were in.
#[derive(Clone, Debug)]
pub enum Conclusion {
    /// It stands, possibly with another level, and with its evidence.
    Upheld(Box<Finding>),
    /// The further answers explain it away.
    Dismissed(RuledOut),
}
