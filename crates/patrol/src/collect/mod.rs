//! The loop that joins the collector and the store: reads this host at an interval and remembers what was read.

use std::time::{Duration, Instant};

use model::time::{Span, Time};
use sources::host::{Collector, Missing, Scrape};
use store::samples::{Appended, Sample, SampleStore, StoreError};
use tokio::time::MissedTickBehavior;

pub mod ending;
pub mod profiles;
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
                if let Some(lost) = trouble.with(std::mem::discriminant(&error), started) {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use model::signal::Signal;
    use model::time::Window;
    use sources::host::Settings;

    use super::*;

    /// Four scrapes of this machine; before the third the clock is set back by a minute.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_clock_that_is_set_back_is_said_and_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = SampleStore::open(dir.path(), store::samples::Settings::default()).await.unwrap();
        let mut collector = Collector::new(Settings { max_processes: 10, ..Settings::default() });
        let mut clock = [1_000_000, 1_001_000, 941_000, 942_000].into_iter();
        let clock = RefCell::new(&mut clock);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (mut stop, mut back, mut stored) = (Some(stop), Vec::new(), 0);
        let now = || clock.borrow_mut().next().unwrap();
        let until = async { stopped.await.unwrap() };
        let done = collect(&mut collector, &store, Duration::from_millis(1), now, until, |event| match event {
            Event::ClockBack(by) => back.push((stored, by)),
            Event::Stored { .. } => {
                stored += 1;
                if stored == 4 {
                    stop.take().unwrap().send(()).unwrap();
                }
            }
            Event::Missing(_) => {}
            other => panic!("{other:?}"),
        });
        let done = done.await.unwrap();
        assert_eq!(done, Collected { scrapes: 4, lost: 0, extent: Some((1_000_000, 942_000)) });
        assert_eq!(back, [(2, Span::from_secs(60))]);
        let window = Window::ending(1_001_000, Span::from_secs(61), Span::from_secs(1)).unwrap();
        let total = store.read(Signal::HostMemoryTotal, &[], window).await.unwrap();
        assert_eq!(total.get(0).samples(), 4);
        store.close().await.unwrap();
    }
}
