//! How much there is in the store.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use model::signal::Signal;
use model::time::Time;
use sqlx::SqliteConnection;

use super::{FILE, StoreError, scrape};

/// How much of one signal, or of all, the store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Time of the first sample; none when there is no sample.
    pub first: Option<Time>,
    /// Time of the last sample.
    pub last: Option<Time>,
    /// Series, the closed ones included.
    pub series: usize,
    /// Series that were in the last scrape.
    pub open_series: usize,
    /// Samples of all series.
    pub samples: u64,
}

/// How much there is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Of all signals together.
    pub all: Holding,
    /// Of each signal that has series.
    pub signals: BTreeMap<Signal, Holding>,
    /// Bytes on disk, the write-ahead log included.
    pub bytes: u64,
}

impl Holding {
    fn cover(&mut self, first: Time, last: Time, samples: u64) {
        self.first = Some(self.first.map_or(first, |before| before.min(first)));
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
        self.samples = self.samples.saturating_add(samples);
    }
}

/// Measures, within one transaction of `conn`.
pub(super) async fn measure(conn: &mut SqliteConnection, dir: &Path) -> Result<Extent, StoreError> {
    let wrong = |e| StoreError::of(dir, "measure", e);
    let mut extent = Extent { bytes: bytes(dir), ..Extent::default() };
    let sql = "SELECT signal, count(*), sum(last_block IS NULL) FROM series GROUP BY signal";
    let series = sqlx::query_as::<_, (String, i64, i64)>(sql).fetch_all(&mut *conn).await.map_err(wrong)?;
    for (signal, all, open) in series {
        let Some(signal) = Signal::named(&signal) else { continue };
        let holding = extent.signals.entry(signal).or_default();
        (holding.series, holding.open_series) = (all as usize, open as usize);
    }
    let sql = "SELECT signal, min(first), max(last), sum(samples) FROM block GROUP BY signal";
    let blocks = sqlx::query_as::<_, (String, Time, Time, i64)>(sql).fetch_all(&mut *conn).await.map_err(wrong)?;
    for (signal, first, last, samples) in blocks {
        if let Some(signal) = Signal::named(&signal) {
            extent.signals.entry(signal).or_default().cover(first, last, u64::try_from(samples).unwrap_or(0));
        }
    }
    measure_head(conn, dir, &mut extent.signals).await?;
    for holding in extent.signals.values() {
        extent.all.series += holding.series;
        extent.all.open_series += holding.open_series;
        if let (Some(first), Some(last)) = (holding.first, holding.last) {
            extent.all.cover(first, last, holding.samples);
        }
    }
    Ok(extent)
}

/// What is not sealed yet.
async fn measure_head(
    conn: &mut SqliteConnection,
    dir: &Path,
    signals: &mut BTreeMap<Signal, Holding>,
) -> Result<(), StoreError> {
    let wrong = |e| StoreError::of(dir, "measure", e);
    let sql = "SELECT id, signal FROM series WHERE last_block IS NULL OR last_block = (SELECT block FROM head)";
    let series = sqlx::query_as::<_, (i64, String)>(sql).fetch_all(&mut *conn).await.map_err(wrong)?;
    let series: HashMap<i64, Signal> =
        series.into_iter().filter_map(|(id, signal)| Some((id, Signal::named(&signal)?))).collect();
    let scrapes = sqlx::query_as::<_, (Time, Vec<u8>)>("SELECT at, data FROM scrape");
    for (at, data) in scrapes.fetch_all(&mut *conn).await.map_err(wrong)? {
        let mut counts: BTreeMap<Signal, u64> = BTreeMap::new();
        let count = |id, _| {
            if let Some(signal) = series.get(&id) {
                *counts.entry(*signal).or_default() += 1;
            }
        };
        scrape::read(&data, count).map_err(|e| StoreError::Damaged { dir: dir.to_path_buf(), what: e.to_string() })?;
        for (signal, samples) in counts {
            signals.entry(signal).or_default().cover(at, at, samples);
        }
    }
    Ok(())
}

/// Size of the file and of its write-ahead log.
fn bytes(dir: &Path) -> u64 {
    let size = |name: String| std::fs::metadata(dir.join(name)).map_or(0, |about| about.len());
    size(FILE.into()) + size(format!("{FILE}-wal"))
}
