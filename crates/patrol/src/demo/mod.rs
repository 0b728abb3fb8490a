//! The demo: real programs, one of which leaks, seen by the collector and judged by an inspection.
//!
//! Nothing in it knows which program leaks: the collector reads every process of this host, and the inspection is the
//! one that `patrol inspect` makes, over a window of a minute instead of hours.

use std::path::PathBuf;
use std::time::Duration;

use engine::report::Report;
use model::params::{Raw, RawParams};
use model::time::{Span, Time, Window};
use sources::host::{self, Collector};
use store::samples::SampleStore;

use self::children::Children;
use self::folder::Folder;
use self::program::{Extent, Program};
use self::show::Show;
use crate::cli::collect::explained;
use crate::cli::inspect::progress;
use crate::collect::{Event, collect};
use crate::error::{Failure, Result};
use crate::rounds::{self, Stop};
use crate::wiring::{LocalSource, now};

pub mod children;
pub mod folder;
pub mod program;
pub mod room;
pub mod show;

/// What is to be shown.
#[derive(Clone, Debug)]
pub struct Demo {
    /// How long the programs are watched.
    pub duration: Span,
    /// Whether the leaking program is among them.
    pub with_leak: bool,
    /// Where the samples are kept; in a folder that is removed afterwards when none.
    pub data_dir: Option<PathBuf>,
}

/// How often the host is read.
const INTERVAL: Duration = Duration::from_millis(250);
/// Length of a cell of the window.
const STEP: Span = Span::from_millis(250);
/// Growth that matters in a demo, in bytes a second: large hosts have more memory than any program uses up in a minute.
const MATTERS: f64 = 1.5 * 1024.0 * 1024.0;
/// No growth larger than what this takes matters less, however long the demo.
const MATTERS_FOR: f64 = 75.0;
/// What matters in hours, as a share of the total: the default of the inspection.
const MATTERS_IN_HOURS: f64 = 0.005;
/// What is looked for.
const INSPECTION: &str = "host-memory-leak";

impl Demo {
    /// The programs that are started.
    pub fn programs(&self) -> Vec<Program> {
        Program::ALL.into_iter().filter(|program| self.with_leak || *program != Program::Leak).collect()
    }

    /// Runs the programs, watches, ends them, and inspects what was seen. Dropping it half-way ends the programs and
    /// removes what is temporary. Call it on the thread that stays until the end; see [`Children::start`].
    pub async fn run(&self) -> Result<Report> {
        let programs = self.programs();
        let room = room::room()?;
        let scale = room::scale(room.free, &programs)?;
        let folder = Folder::at(self.data_dir.as_deref())?;
        let store = SampleStore::open(folder.path(), store::samples::Settings::default()).await.map_err(explained)?;
        let duration = Duration::from_millis(self.duration.millis().unsigned_abs());
        let mut children = Children::start(&programs, Extent { scale, duration })?;
        let show = Show::begin(&children, scale, duration);
        let mut collector = Collector::new(host::Settings::default());
        let watched = collect(&mut collector, &store, INTERVAL, now, tokio::time::sleep(duration), |event| {
            for (program, status) in children.ended() {
                show.line(&format!("{} ended by itself: {status}", program.name()));
            }
            match event {
                Event::Stored { scrape, .. } => show.scrape(scrape),
                Event::Trouble { error, .. } => show.line(&format!("error: {error}")),
                Event::Missing(_) | Event::ClockBack(_) | Event::Resumed { .. } => {}
            }
        });
        let watched = watched.await.map_err(explained)?;
        drop(children);
        show.end();
        let Some((_, last)) = watched.extent else {
            return Err(Failure::new("nothing could be stored").hint("name a folder with room with `--data-dir`"));
        };
        let matters = MATTERS * scale * self.duration.secs().min(MATTERS_FOR) / room.total as f64;
        self.inspect(LocalSource::new("demo", store), last, matters).await
    }

    /// Inspects the time that was watched, which ended at `to`. Growth below the share `matters` of the total is none.
    async fn inspect(&self, source: LocalSource, to: Time, matters: f64) -> Result<Report> {
        let inspection = inspections::named(INSPECTION)
            .ok_or_else(|| Failure::new(format!("there is no inspection `{INSPECTION}`")))?;
        let window = Window::ending(to, self.duration, STEP).map_err(Failure::new)?;
        let notes = vec![format!(
            "a demo: judged over {} instead of hours, so a rhythm longer than {} could not be ruled out",
            self.duration,
            self.season()
        )];
        let stop = Stop { inspection, params: self.params(matters), window, sources: vec![&source], notes };
        let report = rounds::make(vec![stop], now(), &progress()).await;
        let _ = source.store().close().await;
        report
    }

    /// The rhythm that is ruled out: what a day is to hours, in the window of a demo.
    fn season(&self) -> Span {
        Span::from_millis(self.duration.millis() / 3 / 1000 * 1000).max(STEP)
    }

    /// The parameters of the inspection: those of a short window, for all processes there are.
    fn params(&self, matters: f64) -> RawParams {
        [
            ("season", self.season().to_string()),
            // Seconds say nothing of the hours to come.
            ("reach_within", self.season().to_string()),
            // There is none before the programs start.
            ("history", "0s".into()),
            ("watch_processes", "true".into()),
            ("min_growth_of_total", matters.min(MATTERS_IN_HOURS).to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), Raw::Text(value)))
        .collect()
    }
}
