//! `patrol inspect`: looks now and prints a report.

use std::io::IsTerminal;
use std::path::PathBuf;

use engine::report::Report;
use indicatif::{ProgressBar, ProgressStyle};
use model::finding::Level;
use model::params::{Raw, RawParams};
use model::time::{Span, Time};

use super::{Common, Outcome};
use crate::error::{Explain, Failure, Result};
use crate::render::{Canvas, Format, render};
use crate::rounds;
use crate::wiring::{self, Wanted};

/// Inspects now and prints a report.
///
/// Without a configuration it inspects this host, from what `patrol collect` has stored. Exit code 0: nothing found;
/// 1: found something at or above `--fail-on`; 2: could not look, a question was not answered, or nothing could be
/// judged.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Inspections to make; all that are enabled when none is named.
    #[arg(value_name = "INSPECTION")]
    pub inspections: Vec<String>,

    /// Ask this Prometheus-compatible server instead of the configured sources.
    #[arg(long, value_name = "URL", conflicts_with = "source")]
    pub prometheus: Option<String>,

    /// Ask only this configured source; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub source: Vec<String>,

    /// How far back to look [default: the inspection's, 6h].
    #[arg(long, value_name = "DURATION")]
    pub window: Option<Span>,

    /// When the window ends, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub at: Option<Time>,

    /// Length of a cell of the grid [default: the inspection's, 1m].
    #[arg(long, value_name = "DURATION")]
    pub step: Option<Span>,

    /// Set a parameter of the inspection; may be given several times, for different ones. A list is given an item a
    /// line: `--param "hosts=$(cat hosts.txt)"`.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, Raw)>,

    /// How the report is written.
    #[command(flatten)]
    pub writing: Writing,
}

/// How a report is written, and which finding makes the exit code 1.
#[derive(clap::Args)]
pub struct Writing {
    /// How to write the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Write the report to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Level from which a finding makes the exit code 1.
    #[arg(long, value_name = "LEVEL", default_value = "warning", value_parser = ["info", "warning", "critical"])]
    pub fail_on: String,
}

const EXAMPLES: &str = "\
Examples:
  patrol inspect
      this host, from what `patrol collect` has stored
  patrol inspect host-memory-leak --prometheus http://127.0.0.1:9090
      every host that a node_exporter reports, the last 6 hours
  patrol inspect host-memory-leak --prometheus http://127.0.0.1:9090 --window 24h --at 2026-11-19T08:00:00Z
      as it was yesterday morning
  patrol inspect --format html -o report.html --fail-on critical
      a document to send on; exit code 1 only when something is critical";

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(inspect(args, common))
}

async fn inspect(args: Args, common: &Common) -> Result<Outcome> {
    let at = args.at.unwrap_or_else(wiring::now);
    if at > wiring::now() + 60_000 {
        return Err(Failure::new("the window ends in the future").hint("leave `--at` out to look at now"));
    }
    let wanted = Wanted {
        prometheus: args.prometheus.as_deref(),
        sources: &args.source,
        inspections: &args.inspections,
        window: args.window,
        step: args.step,
        params: args.params.iter().cloned().collect::<RawParams>(),
        at,
    };
    let wired = wiring::wire(common, &wanted).await?;
    let report = rounds::make(wired.stops(&wanted)?, wiring::now(), &progress()).await?;
    args.writing.finish(&report)
}

impl Writing {
    /// Writes the report; gives the outcome for the shell.
    pub fn finish(&self, report: &Report) -> Result<Outcome> {
        let fail_on: Level = self.fail_on.parse().map_err(Failure::new)?;
        write(report, self.format, self.output.as_ref())?;
        judge(report, fail_on)
    }
}

/// The outcome for the shell. A question without an answer, or a run that could judge nobody, is never
/// reported as nothing found; single subjects that could not be judged are told by the report alone.
pub fn judge(report: &Report, fail_on: Level) -> Result<Outcome> {
    if report.worst().is_some_and(|worst| worst >= fail_on) {
        return Ok(Outcome::Found);
    }
    let blind = |r: &&engine::report::RunReport| r.subjects == r.unknown.len();
    if let Some(run) = report.runs.iter().find(blind) {
        let why = if run.subjects == 0 { "nothing was seen to judge" } else { "nothing could be judged" };
        return Err(Failure::new(format!("`{}`: {why}", run.inspection)).hint("the report says why"));
    }
    if let Some(run) = report.runs.iter().find(|r| !r.gaps.is_empty()) {
        let gaps = match run.gaps.len() {
            1 => "1 question was not answered".to_string(),
            more => format!("{more} questions were not answered"),
        };
        return Err(Failure::new(format!("`{}`: {gaps}", run.inspection))
            .hint("nothing was found in what was answered; the report lists the gaps"));
    }
    Ok(Outcome::NothingFound)
}

/// Writes a report to a file, whole or not at all, or to standard output.
pub fn write(report: &Report, format: Format, output: Option<&PathBuf>) -> Result<()> {
    let text = render(report, format, &Canvas::of_terminal(output.is_none()));
    match output {
        None => super::print::out(&text),
        Some(path) => super::document::write(path, &text)
            .during(|| format!("cannot write the report to {}", path.display()))
            .or_hint("name a folder that exists and that you may write to with `-o`"),
    }
}

/// A progress line on a terminal, nothing elsewhere.
pub fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// Reads an RFC 3339 time.
pub fn instant(text: &str) -> std::result::Result<Time, String> {
    let wrong = |e| format!("{e}; write the time like 2026-11-20T08:00:00Z or 2026-11-20T08:00:00+08:00");
    text.parse::<jiff::Timestamp>().map(|t| t.as_millisecond()).map_err(wrong)
}

/// Reads `name=value`.
pub fn param(text: &str) -> std::result::Result<(String, Raw), String> {
    let (name, value) = text.split_once('=').ok_or("write it like `name=value`")?;
    Ok((name.trim().into(), Raw::Text(value.into())))
}
