//! `patrol backtest`: what would an inspection have said of recorded series?

use std::io::IsTerminal;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use model::params::{Raw, RawParams, unknown_key};
use model::seam::AnyInspection;
use model::time::Span;

use super::{Common, Outcome};
use crate::backtest::Plan;
use crate::backtest::pipeline::{self, Ended};
use crate::backtest::tsv::Table;
use crate::error::{Failure, Result};

/// Replays an inspection over recorded series: how many alarms would it have raised?
///
/// Prints a JSON object a window: id, from, to, verdict, growth_per_day, growth_low, growth_high, hours_to_limit_low,
/// hours_to_limit_high, why. `from` and `to` are seconds since the start of the recording. Growth is a day's, in the
/// unit of the series; an end that is unknown or infinite is null. A summary by verdict follows on standard error.
/// Exit code 0: all replayed; 2: some rows could not be read.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Inspection to replay.
    #[arg(value_name = "INSPECTION")]
    pub inspection: String,

    /// Table of recorded series, plain or gzip, `-` for standard input; may be given several times. A line a series,
    /// tab-separated: id, step in seconds, capacity or `-`, unit, label, values separated by blanks (`-` is a gap).
    #[arg(long, value_name = "FILE", required = true)]
    pub series: Vec<PathBuf>,

    /// Length of a window [default: the inspection's, 6h].
    #[arg(long, value_name = "DURATION")]
    pub window: Option<Span>,

    /// From the start of one window to the start of the next [default: the length of a window].
    #[arg(long, value_name = "DURATION")]
    pub every: Option<Span>,

    /// How much of the series before a window the inspection is shown as history.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub history: Span,

    /// Judge every window by itself, as if nothing had been recorded before it.
    #[arg(long, conflicts_with = "history")]
    pub no_history: bool,

    /// Set a parameter of the inspection; may be given several times.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, Raw)>,
}

const EXAMPLES: &str = "\
Examples:
  patrol backtest host-memory-leak --series fleet.tsv.gz --window 24h --every 24h
      a day at a time
  zcat fleet.tsv.gz | grep '^web-' | patrol backtest host-memory-leak --series - --window 6h --every 1h | jq .verdict
      some of the series, a window every hour";

/// Runs the command.
pub fn run(args: Args, _common: &Common) -> Result<Outcome> {
    let inspection = named(&args.inspection)?;
    let params: RawParams = args.params.iter().cloned().collect();
    let show = format!("`patrol inspection show {}` lists its parameters", args.inspection);
    inspection.values(&params).map_err(|e| Failure::new(e).hint(show))?;
    let window = args.window.unwrap_or(inspection.card().window);
    let every = args.every.unwrap_or(window);
    if window == Span::ZERO || every == Span::ZERO {
        return Err(
            Failure::new("a window of no length holds nothing").hint("write it like `--window 24h --every 24h`")
        );
    }
    let history = if args.no_history { Span::ZERO } else { args.history };
    let plan = Plan { inspection, params: &params, window, every, history };
    let bar = progress();
    let mut ended = Ended::default();
    for path in &args.series {
        let mut out = std::io::stdout().lock();
        let mut table = Table::open(path, &bar)?;
        pipeline::run(&mut table, &plan, &mut out, &mut ended)?;
        if ended.unread {
            return Ok(Outcome::NothingFound);
        }
    }
    bar.finish_and_clear();
    anstream::eprintln!("{}", ended.summary.show(every));
    match ended.failure() {
        Some(failure) => Err(failure),
        None => Ok(Outcome::NothingFound),
    }
}

/// Reads `name=value`.
fn param(text: &str) -> std::result::Result<(String, Raw), String> {
    let (name, value) = text.split_once('=').ok_or("write it like `name=value`")?;
    Ok((name.trim().into(), Raw::Text(value.into())))
}

/// The inspection of that name.
fn named(id: &str) -> Result<&'static dyn AnyInspection> {
    inspections::named(id).ok_or_else(|| {
        let known: Vec<&str> = inspections::ALL.iter().map(|i| i.card().id).collect();
        Failure::new(unknown_key("inspection", id, &known)).hint("`patrol inspection list` shows all of them")
    })
}

/// A bar over the bytes of the tables; only where somebody sees it and the lines go elsewhere.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {elapsed}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
