//! Hosts whose memory leaks or will soon hit the ceiling, and the processes and pods behind it.

use model::finding::Verdicts;
use model::growth::{Judgement, Settings, Watched, judge};
use model::query::{Matcher, Query};
use model::seam::{Card, Inspection};
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Window};

model::params! {
    /// What a person may set.
    Params {
        /// Hosts to look at, one a line; all when empty.
        hosts: Vec<String> = Vec::new(),
        /// Only series with these labels.
        only: Vec<Matcher> = Vec::new(),
        /// The rhythm that must be ruled out before growth is called a leak.
        season: Span = Span::from_days(1),
    }
}

/// Judges every host a source reports.
pub struct HostMemoryLeak;

impl Inspection for HostMemoryLeak {
    type Params = Params;
    const CARD: Card = Card {
        id: "host-memory-leak",
        title: "Memory leaks of hosts",
        looks_for: "Hosts whose used memory grows without end, or is about to reach the ceiling.",
        matters: "At the ceiling the kernel kills processes.",
        to_do: "Restart the process named, then find the line that leaks.",
        schedule: "0 * * * *",
        timeout: Span::from_secs(900),
        window: Span::from_hours(6),
        step: Span::from_mins(1),
    };

    fn needs(params: &Params, window: Window) -> Vec<Query> {
        vec![Query { signal: Signal::HostMemoryAvailable, only: params.only.clone(), window }]
    }

    fn detect(_params: &Params, _window: Window, _seen: &Snapshot) -> Verdicts {
        Verdicts::default()
    }

    fn replay(params: &Params, watched: &Watched<'_>) -> Option<Judgement> {
        Some(judge(watched, &Settings { season: params.season, ..Settings::default() }))
    }
}
