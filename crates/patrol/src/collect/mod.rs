//! The loop that joins the collector and the store: reads this host at an interval and remembers what was read.

use std::time::{Duration, Instant};

use model::time::{Span, Time};
use sources::host::{Collector, Missing, Scrape};
use store::samples::{Appended, Sample, SampleStore, StoreError};
use tokio::time::MissedTickBehavior;

pub mod ending;
mod trouble;

use self::trouble::Trouble;

/// What happens while collecting, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// A scrape was stored.
    Stored {
        /// What was read.
        scrape: &'a Scrape,
        /// What the store made of it.
        appended: Appended,
        /// Its time.
        at: Time,
        /// How long reading and storing took.
        took: Duration,
    },
    /// This kernel, or this place, does not offer something. Said once each.
    Missing(&'a Missing),
    /// The clock was set back by so much. Nothing is lost: the store begins a new block.
    ClockBack(Span),
    /// Scrapes cannot be stored for now. Said at first and then sparingly.
    Trouble {
        /// Why.
        error: &'a StoreError,
        /// Scrapes lost so far.
        lost: u64,
    },
    /// Scrapes can be stored again, after so many were lost.
    Resumed {
        /// Scrapes lost.
        lost: u64,
    },
}

/// What was done in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Scrapes stored.
    pub scrapes: u64,
    /// Scrapes that could not be stored.
    pub lost: u64,
    /// Time of the first scrape stored and of the last.
    pub extent: Option<(Time, Time)>,
}

/// Reads the host at once and then at every interval, and stores what was read, until `stop` is ready.
///
/// Intervals are counted by a clock that nobody sets; samples carry the time of day that `now` gives. A scrape that is
/// late is not made up for. A full disk loses scrapes, not the collector: it goes on when there is room. Errors: what
/// will not pass by itself, such as a damaged store. Needs a runtime of several threads, for reading blocks.
pub async fn collect(
    collector: &mut Collector,
    store: &SampleStore,
    interval: Duration,
    now: impl Fn() -> Time,
    stop: impl Future<Output = ()>,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Collected, StoreError> {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut done, mut trouble) = (Collected::default(), Trouble::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(done),
            _ = ticks.tick() => {}
        }
        let (started, at) = (Instant::now(), now());
        let mut scrape = tokio::task::block_in_place(|| collector.scrape());
        for missing in std::mem::take(&mut scrape.missing) {
            tell(Event::Missing(&missing));
        }
        if let Some((_, last)) = done.extent.filter(|(_, last)| at <= *last) {
            tell(Event::ClockBack(Span::from_millis(last.saturating_sub(at))));
        }
        match store.append(at, &samples(&scrape)).await {
            Ok(appended) => {
                done.scrapes += 1;
                done.extent = Some((done.extent.map_or(at, |(first, _)| first), at));
                if let Some(lost) = trouble.over() {
                    tell(Event::Resumed { lost });
                }
                tell(Event::Stored { scrape: &scrape, appended, at, took: started.elapsed() });
            }
            Err(error) if !passes(&error) => return Err(error),
            Err(error) => {
                done.lost += 1;
                if let Some(lost) = trouble.with(&error, started) {
                    tell(Event::Trouble { error: &error, lost });
                }
            }
        }
    }
}

/// Whether waiting may help.
fn passes(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::DiskFull { .. }
            | StoreError::TooSmall { .. }
            | StoreError::Inaccessible { .. }
            | StoreError::Database { .. }
    )
}

/// The samples in the words of the store.
fn samples(scrape: &Scrape) -> Vec<Sample> {
    let one = |s: &sources::host::Sample| Sample { signal: s.signal, labels: s.labels.clone(), value: s.value };
    scrape.samples.iter().map(one).collect()
}
