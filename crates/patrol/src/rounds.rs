//! A round: puts the questions of inspections to the sources and walks each run to its report.

use std::time::Duration;

use engine::report::{Report, RunReport};
use engine::run::Run;
use futures::StreamExt;
use indicatif::ProgressBar;
use model::params::RawParams;
use model::query::{Gap, Query};
use model::seam::AnyInspection;
use model::snapshot::Snapshot;
use model::time::{Time, Window};
use sources::Source;
use tokio::time::Instant;

use crate::error::{Explain, Failure, Result};

/// One inspection of a round.
pub struct Stop<'a> {
    /// What looks.
    pub inspection: &'static dyn AnyInspection,
    /// Its parameters, as configured.
    pub params: RawParams,
    /// The stretch of time it looks at.
    pub window: Window,
    /// Who is asked.
    pub sources: Vec<&'a dyn Source>,
    /// What the reader should know beforehand: how much history there is.
    pub notes: Vec<String>,
}

/// How many questions are under way at once: enough to hide the way there and back, too few to hurt a server.
const AT_ONCE: usize = 6;

/// Makes a round. A source that does not answer leaves gaps; only wrong parameters fail.
pub async fn make(stops: Vec<Stop<'_>>, made_at: Time, progress: &ProgressBar) -> Result<Report> {
    let mut report = Report { patrol: env!("CARGO_PKG_VERSION").into(), made_at, runs: Vec::new() };
    for stop in stops {
        report.runs.push(inspect(stop, progress).await?);
    }
    progress.finish_and_clear();
    Ok(report)
}

async fn inspect(stop: Stop<'_>, progress: &ProgressBar) -> Result<RunReport> {
    let card = stop.inspection.card();
    let wrong = |e: String| Failure::new(e).hint(format!("`patrol inspection show {}` lists the parameters", card.id));
    let deadline = Instant::now() + Duration::from_millis(card.timeout.millis().unsigned_abs());
    let started = Instant::now();
    let (mut run, questions) = Run::begin(stop.inspection, &stop.params, stop.window).map_err(wrong)?;
    progress.set_message(format!("{}: reading", card.id));
    let replies = fetch(&stop.sources, questions, deadline, progress).await;
    progress.set_message(format!("{}: judging", card.id));
    let further = tokio::task::block_in_place(|| run.look(replies)).map_err(wrong)?;
    progress.set_message(format!("{}: explaining {} findings", card.id, run.suspects()));
    let replies = fetch(&stop.sources, further, deadline, progress).await;
    let mut report =
        tokio::task::block_in_place(|| run.conclude(replies)).map_err(wrong).during(|| card.id.to_string())?;
    report.notes.splice(0..0, stop.notes);
    tracing::info!(
        inspection = card.id,
        subjects = report.subjects,
        findings = report.findings.len(),
        unknown = report.unknown.len(),
        gaps = report.gaps.len(),
        took = format!("{:.1}s", started.elapsed().as_secs_f64()),
        "run"
    );
    Ok(report)
}

/// Puts every question to every source; what is not answered by the deadline is a gap.
async fn fetch(sources: &[&dyn Source], questions: Vec<Query>, deadline: Instant, progress: &ProgressBar) -> Snapshot {
    let mut snapshot = Snapshot::default();
    progress.set_length((questions.len() * sources.len()) as u64);
    progress.set_position(0);
    let each = questions.iter().flat_map(|query| sources.iter().map(move |source| (query, *source)));
    let mut replies = futures::stream::iter(each)
        .map(|(query, source)| async move {
            let late = || Gap {
                source: source.name().into(),
                signal: query.signal,
                query: query.to_string(),
                reason: "the time for this run was up before it answered".into(),
                hint: None,
            };
            let reply = tokio::time::timeout_at(deadline, source.fetch(query)).await;
            (query, reply.unwrap_or_else(|_| Err(late())))
        })
        .buffer_unordered(AT_ONCE);
    while let Some((query, reply)) = replies.next().await {
        snapshot.put(query.clone(), reply);
        progress.inc(1);
    }
    snapshot
}
