//! `patrol collect`: collects in the foreground until it is told to end.

mod profiles;

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use model::params::Params;
use model::size::Size;
use model::time::Span;
use sources::host::{self, Missing};
use store::samples::{SampleStore, Settings, StoreError};

use self::profiles::Fetching;
use super::{Common, Outcome, print};
use crate::collect::ending::Ending;
use crate::collect::{Collected, Event, collect};
use crate::config::{Collector, Config};
use crate::error::{Failure, Result};
use crate::wiring;

/// Collects the memory of this host and its processes, in the foreground.
///
/// Reads /proc and the control groups; needs no root, though without it some systems hide processes of other users.
/// Ctrl-C ends it. What is stored `patrol inspect` looks at, also while this runs. Heap profiles of the programs named
/// under `profiles.targets` in the configuration are fetched and kept as well.
#[derive(clap::Args)]
pub struct Args {
    #[arg(long, value_name = "DURATION", help = help("interval"))]
    interval: Option<Span>,

    #[arg(long, value_name = "DURATION", help = help("retention"))]
    retention: Option<Span>,

    #[arg(long, value_name = "COUNT", help = help("max_series"))]
    max_series: Option<usize>,

    #[arg(long, value_name = "SIZE", help = help("max_disk"))]
    max_disk: Option<Size>,
}

/// The words and the default of a setting, as declared for the configuration.
fn help(name: &str) -> String {
    let declared = Collector::table().into_iter().find(|param| param.name == name);
    declared.map(|p| format!("{} [default: {}]", p.doc.trim().trim_end_matches('.'), p.default)).unwrap_or_default()
}

/// Shorter intervals would mostly measure the collector.
const SHORTEST: Span = Span::from_millis(100);

/// A process has four series; a fifth is left for the host, its containers and processes that ended meanwhile.
const SERIES_A_PROCESS: usize = 5;

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let outcome = runtime.block_on(until_ended(args, common));
    // A profile that is being unpacked would keep it for seconds; nobody needs it any more.
    runtime.shutdown_background();
    outcome
}

async fn until_ended(args: Args, common: &Common) -> Result<Outcome> {
    let config = Config::discover(common)?;
    let mut settings = config.collector.clone();
    args.over(&mut settings);
    if settings.interval < SHORTEST {
        return Err(Failure::new(format!("an interval of {} is too short", settings.interval))
            .hint(format!("the shortest is {SHORTEST}; 15s is plenty for leaks")));
    }
    let mut ending = Ending::watch()?;
    let limits = Settings {
        retention: settings.retention,
        max_series: settings.max_series,
        max_bytes: settings.max_disk.bytes(),
    };
    let store = SampleStore::open(config.data_dir(), limits).await.map_err(explained)?;
    let max_processes = (settings.max_series / SERIES_A_PROCESS).max(1);
    let mut collector = host::Collector::new(host::Settings { max_processes, ..host::Settings::default() });
    print::line(&format!(
        "collecting {} every {} into {}, kept {}, at most {}; Ctrl-C ends it",
        collector.host(),
        settings.interval,
        config.data_dir().display(),
        settings.retention,
        settings.max_disk,
    ))?;
    let fetching = Fetching::new(&config).await?;
    if let Some(fetching) = &fetching {
        print::line(&fetching.announced())?;
    }
    let status = status();
    let interval = Duration::from_millis(settings.interval.millis().unsigned_abs());
    let tell = |event: Event<'_>| tell(&status, event);
    let collecting = collect(&mut collector, &store, interval, wiring::now, ending.come(), tell);
    let done = match &fetching {
        None => collecting.await,
        Some(fetching) => tokio::select! {
            biased;
            done = collecting => done,
            never = fetching.go_on(&status) => match never {},
        },
    };
    status.finish_and_clear();
    let done = done.map_err(explained)?;
    if let Err(error) = store.close().await {
        // What was stored stands; only tidying up was not possible.
        anstream::eprintln!("error: {}", chain(&error));
    }
    let profiles = match fetching {
        Some(fetching) => fetching.end().await,
        None => String::new(),
    };
    print::line(&summary(done, &profiles))?;
    Ok(Outcome::NothingFound)
}

impl Args {
    /// Lets the command line go before the file.
    fn over(self, settings: &mut Collector) {
        settings.interval = self.interval.unwrap_or(settings.interval);
        settings.retention = self.retention.unwrap_or(settings.retention);
        settings.max_series = self.max_series.unwrap_or(settings.max_series);
        settings.max_disk = self.max_disk.unwrap_or(settings.max_disk);
    }
}

/// A failure of the store with its hint.
pub fn explained(error: StoreError) -> Failure {
    let hint = error.hint();
    let failure = Failure::from(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A status line on a terminal, nothing elsewhere.
fn status() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Shows what happens: scrapes in the status line, everything else as a line of its own on standard error.
fn tell(status: &ProgressBar, event: Event<'_>) {
    let line = |text: String| status.suspend(|| anstream::eprintln!("{text}"));
    match event {
        Event::Stored { appended, took, .. } => {
            let left_out = match appended.left_out {
                0 => String::new(),
                some => format!(", {some} series left out beyond the limit"),
            };
            let took = took.as_secs_f64() * 1e3;
            status.set_message(format!("{} series stored in {took:.0} ms{left_out}", appended.taken));
        }
        Event::Missing(Missing { what, why, hint }) => line(format!("without {what}: {why} ({hint})")),
        Event::ClockBack(by) => line(format!("the clock was set back by {by}; collecting goes on")),
        Event::Trouble { error, lost } => {
            line(format!("error: {}; {} lost so far", chain(error), scrapes(lost)));
            if let Some(hint) = error.hint() {
                line(format!("hint: {hint}"));
            }
        }
        Event::Resumed { lost } => line(format!("storing again; {} lost meanwhile", scrapes(lost))),
    }
}

/// An error with its causes, but for those it names itself already.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = String::new();
    for cause in anyhow::Chain::new(error).map(ToString::to_string) {
        if !said.contains(&cause) {
            said += if said.is_empty() { "" } else { ": " };
            said += &cause;
        }
    }
    said
}

/// `1 scrape`, `2 scrapes`.
fn scrapes(count: u64) -> String {
    many(count, "scrape")
}

/// `1 thing`, `2 things`.
fn many(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// What was done, at the end.
fn summary(done: Collected, profiles: &str) -> String {
    let lost = if done.lost == 0 { String::new() } else { format!(", {} lost", done.lost) };
    let length = done.extent.map_or(Span::ZERO, |(first, last)| Span::from_millis((last - first) / 1000 * 1000));
    format!("ended: {} stored{lost}, over {length}{profiles}", scrapes(done.scrapes))
}
