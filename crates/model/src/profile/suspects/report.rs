//! The report: suspects first, what was ruled out, and how much memory they are part of.

use schemars::JsonSchema;
use serde::Serialize;

use super::account::Account;
use super::chain::Examined;
use super::digest::Kind;
use super::suspect::Suspect;
use crate::time::Time;

/// What was found in snapshots of a process. [`SuspectsReport::verdicts`] makes findings with evidence of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SuspectsReport {
    /// Base name of the program, where the profiles say so.
    pub program: Option<String>,
    /// What heaps tell; nothing when there was no heap profile.
    pub heap: Option<Comparison>,
    /// What goroutines tell; nothing when there was no goroutine profile.
    pub goroutines: Option<Comparison>,
    /// What the memory of the process is made of, where that is known.
    pub account: Option<Account>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Bytes in use.
    Heap,
    /// Goroutines.
    Goroutines,
}

impl From<Kind> for Counted {
    fn from(kind: Kind) -> Counted {
        match kind {
            Kind::Heap => Counted::Heap,
            Kind::Goroutine => Counted::Goroutines,
        }
    }
}

/// What the snapshots of one kind tell.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// What they count.
    pub kind: Counted,
    /// Base name of the program compared, where the profiles say so.
    pub program: Option<String>,
    /// When the first snapshot compared was taken.
    pub from: Time,
    /// When the last one was.
    pub to: Time,
    /// Whether these are instants that rise; else places in a row, a minute each, and rates are per snapshot.
    pub timed: bool,
    /// How many snapshots were compared.
    pub compared: usize,
    /// Growth in all, in bytes or goroutines.
    pub growth: f64,
    /// Stacks seen, of functions.
    pub stacks: usize,
    /// Bytes in use of stacks that did not change at all.
    pub still_bytes: f64,
    /// How many these are.
    pub still_stacks: usize,
    /// Bytes between two samples; 1 or less when every object is in the profile.
    pub period_bytes: f64,
    /// Every snapshot given, in the order of time, with why it was left out if it was.
    pub snapshots: Vec<Examined>,
    /// What leaks or is suspected, gravest first.
    pub suspects: Vec<Suspect>,
    /// What moved and is none, or could not be told.
    pub ruled_out: Vec<Suspect>,
    /// Why nothing, or not all that matters, was judged, where that is so.
    pub not_judged: Option<String>,
    /// What a reader should know of the snapshots.
    pub notes: Vec<String>,
}
