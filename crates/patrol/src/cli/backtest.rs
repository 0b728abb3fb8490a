//! `patrol backtest`: what would an inspection have said of recorded series?

use std::io::IsTerminal;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use model::params::{Raw, RawParams, unknown_key};
use model::seam::AnyInspection;
use model::size::Size;
use model::time::{Span, Time};

use super::inspect::{instant, param};
use super::{Common, Outcome};
use crate::backtest::Plan;
use crate::backtest::fleet::{self, Selector};
use crate::backtest::pipeline::{self, Ended};
use crate::backtest::tsv::Table;
use crate::error::{Failure, Result};
use crate::wiring;

/// Replays an inspection over recorded series: how many alarms would it have raised?
///
/// Prints a JSON object a window: id, from, to, verdict, growth_per_day, growth_low, growth_high, hours_to_limit_low,
/// hours_to_limit_high, why. `from` and `to` are RFC 3339 times, or seconds since the start of a recording in a file, which
/// does not know its time. Growth is a day's, in the
/// unit of the series; an end that is unknown or infinite is null. A summary by verdict follows on standard error.
/// Exit code 0: all replayed; 2: some rows could not be read, or there was no window to judge.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Inspection to replay.
    #[arg(value_name = "INSPECTION")]
    pub inspection: String,

    /// Table of recorded series, plain or gzip, `-` for standard input; may be given several times. A line a series,
    /// tab-separated: id, step in seconds, capacity or `-`, unit, label, values separated by blanks (`-` is a gap).
    #[arg(long, value_name = "FILE", required_unless_present = "prometheus")]
    pub series: Vec<PathBuf>,

    /// Replay what this Prometheus-compatible server has on record.
    #[arg(long, value_name = "URL", conflicts_with = "series")]
    pub prometheus: Option<String>,

    /// Which series of the server: `{env="prod"}` means the used memory of hosts with these labels, anything else is
    /// a PromQL expression [default: the used memory of all hosts].
    #[arg(long, value_name = "SELECTOR", requires = "prometheus")]
    pub selector: Option<String>,

    /// Start of the first window, RFC 3339 [default: 7 days before `--to`].
    #[arg(long, value_name = "TIME", requires = "prometheus", value_parser = instant)]
    pub from: Option<Time>,

    /// End of the last window, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", requires = "prometheus", value_parser = instant)]
    pub to: Option<Time>,

    /// Distance of the values asked of the server.
    #[arg(long, value_name = "DURATION", requires = "prometheus", default_value = "5m")]
    pub step: Span,

    /// What the series cannot exceed, like `16GiB` [default: what is installed, where hosts are replayed].
    #[arg(long, value_name = "SIZE", requires = "prometheus")]
    pub limit: Option<Size>,

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

    /// Set a parameter of the inspection; may be given several times, for different ones.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, Raw)>,
}

const EXAMPLES: &str = "\
Examples:
  patrol backtest host-memory-leak --series fleet.tsv.gz --window 24h --every 24h
      a day at a time
  patrol backtest host-memory-leak --prometheus http://127.0.0.1:9090 --from 2026-10-01T00:00:00Z --window 6h --every 1h
      how many alarms would this have raised since the first of October?
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
    match &args.prometheus {
        Some(url) => server(url, &args, &plan, &mut ended)?,
        None => files(&args.series, &plan, &bar, &mut ended)?,
    }
    if ended.unread {
        return Ok(Outcome::NothingFound);
    }
    bar.finish_and_clear();
    anstream::eprintln!("{}", ended.summary.show(every));
    match ended.failure() {
        Some(failure) => Err(failure),
        None => Ok(Outcome::NothingFound),
    }
}

/// Replays tables, one after the other.
fn files(series: &[PathBuf], plan: &Plan<'_>, bar: &ProgressBar, ended: &mut Ended) -> Result<()> {
    for path in series {
        let mut table = Table::open(path, bar)?;
        pipeline::run(&mut table, plan, &mut std::io::stdout().lock(), ended)?;
        if ended.unread {
            break;
        }
    }
    Ok(())
}

/// Replays what a server has on record.
fn server(url: &str, args: &Args, plan: &Plan<'_>, ended: &mut Ended) -> Result<()> {
    let selector = Selector::read(args.selector.as_deref()).map_err(Failure::new)?;
    let to = args.to.unwrap_or_else(wiring::now);
    let from = args.from.unwrap_or(to - Span::from_days(7).millis());
    let window = fleet::window(from, to, plan.history, args.step)?;
    let lead = window.cell(from).map_or(0, |cell| cell + 1);
    let limit = args.limit.map(|l| l.bytes() as f64);
    let spinner = super::inspect::progress();
    spinner.set_message("reading the record of the server");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let all = runtime.block_on(fleet::recorded(url, &selector, limit, window, lead))?;
    spinner.finish_and_clear();
    if all.is_empty() {
        return Err(Failure::new("the server has no such series in that time")
            .hint("`patrol source test --prometheus URL` says which exporters it knows"));
    }
    pipeline::run_all(&all, plan, &mut std::io::stdout().lock(), ended)
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
