//! Questions to the sources, and the two kinds of reply: an answer or a gap.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use crate::profile::legacy::Memory;
use crate::profile::suspects::Digest;
use crate::series::SeriesSet;
use crate::signal::Signal;
use crate::time::{Time, Window};

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Compare {
    /// Is exactly.
    #[serde(rename = "=")]
    Equal,
    /// Is anything but.
    #[serde(rename = "!=")]
    NotEqual,
    /// Matches an RE2 expression from start to end.
    #[serde(rename = "=~")]
    Matches,
    /// Does not match it.
    #[serde(rename = "!~")]
    NotMatches,
}

/// A condition on one label; a label that is missing counts as empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Matcher {
    /// Which label. `host`, `process`, `namespace`, `pod`, `container` are ours; any other is the source's own.
    pub label: String,
    /// How it is compared.
    pub compare: Compare,
    /// With what.
    pub value: String,
}

impl Matcher {
    /// `label="value"`.
    pub fn equal(label: &str, value: &str) -> Matcher {
        Matcher { label: label.into(), compare: Compare::Equal, value: value.into() }
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compare::Equal => "=",
            Compare::NotEqual => "!=",
            Compare::Matches => "=~",
            Compare::NotMatches => "!~",
        })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:?}", self.label, self.compare, self.value)
    }
}

/// One question: a signal, whose, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// The quantity wanted.
    pub signal: Signal,
    /// Only series that meet all of these.
    pub only: Vec<Matcher>,
    /// The grid to answer on.
    pub window: Window,
}

impl fmt::Display for Query {
    /// `host.memory.total{host="a"}`, for people; no source speaks this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signal.name())?;
        if !self.only.is_empty() {
            let only: Vec<String> = self.only.iter().map(Matcher::to_string).collect();
            write!(f, "{{{}}}", only.join(", "))?;
        }
        Ok(())
    }
}

/// Where a number comes from: every number on a page carries one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Name of the source in the configuration.
    pub source: String,
    /// What was asked, in the source's own tongue.
    pub query: String,
    /// Exclusive start of what was asked for.
    pub from: Time,
    /// Inclusive end.
    pub to: Time,
    /// When it was asked.
    pub asked_at: Time,
}

/// What the heap of one program looked like, time after time.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// Which program: `target`, and what else is known of it (`host`, `process`, `namespace`, `pod`, `container`).
    pub subject: Labels,
    /// Snapshots of its heap and goroutines taken within the window, in any order.
    pub snapshots: Arc<[Digest]>,
    /// What its runtime said of its memory, oldest first.
    pub memory: Vec<Memory>,
    /// Snapshots that are there and could not be read, with the reason.
    pub unreadable: Vec<String>,
}

/// What a source said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The series, on the grid of the query.
    pub series: SeriesSet,
    /// Profiles, for the signal that is made of them.
    pub profiles: Vec<Profiles>,
    /// Where they come from.
    pub origin: Origin,
    /// What a reader should know of the answer: warnings of the server, duplicates merged.
    pub notes: Vec<String>,
    /// Why the answer is known to lack series, if it is: it is then a gap as well.
    pub partial: Option<String>,
}

/// A question that got no answer, and why. Never the same as an empty answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Name of the source that did not answer.
    pub source: String,
    /// The quantity asked for.
    pub signal: Signal,
    /// What was asked, in the source's own tongue where it came so far.
    pub query: String,
    /// Why there is no answer, with the server's own words where it had any.
    pub reason: String,
    /// What the reader could do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source `{}`: cannot read `{}`: {}", self.source, self.signal.name(), self.reason)
    }
}
