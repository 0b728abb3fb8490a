//! Backtests: the windows of recorded series, judged as they would have been judged when they were new.
//!
//! A recorded series comes from a file ([`tsv`]) or from a server ([`fleet`]); [`replay`] cuts it into windows and hands each to
//! the inspection together with the history before it; [`pipeline`] does that for many series, in order and in
//! bounded memory; [`summary`] counts.

use model::params::RawParams;
use model::seam::AnyInspection;
use model::time::{Span, Window};

pub mod fleet;
pub mod line;
pub mod pipeline;
pub mod replay;
pub mod summary;
pub mod tsv;

/// One series as it was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it is called in the output.
    pub id: String,
    /// The grid of the values. A recording that does not know when it was made starts at 0.
    pub window: Window,
    /// A value a cell, NaN where there is none.
    pub values: Vec<f64>,
    /// Cells before the first window to judge: history only.
    pub lead: usize,
    /// What the values cannot exceed, in their own unit.
    pub limit: Option<f64>,
    /// Whether the window holds real times; otherwise they count from the start of the recording.
    pub real_times: bool,
}

/// What to replay, and how.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Who judges.
    pub inspection: &'a dyn AnyInspection,
    /// Its parameters.
    pub params: &'a RawParams,
    /// Length of a window.
    pub window: Span,
    /// From the start of one window to the start of the next.
    pub every: Span,
    /// How much of the series before a window is shown as its history; none when zero.
    pub history: Span,
}
