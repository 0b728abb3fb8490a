//! The sample store: the embedded collector's series, as XOR chunks in SQLite.
//!
//! Every scrape is one row of a write-ahead table (`scrape.rs`); 240 scrapes make a block (`head.rs`), which is sealed
//! into one XOR chunk a series. One process writes; any number of processes read at the same time, including what is
//! not sealed yet.
//!
//! Times ascend within a block. When the clock steps back, the block is sealed and the next one begins, so that every
//! sample is kept. Where blocks overlap, a cell of a window shows the block that was written last among those that have
//! samples in it, and within that block the last sample.

mod error;
mod extent;
mod hash;
mod head;
mod lock;
mod matching;
mod reader;
mod room;
mod schema;
mod scrape;
mod varint;
mod writer;

use std::path::{Path, PathBuf};

use model::labels::Labels;
use model::query::Matcher;
use model::series::SeriesSet;
use model::signal::Signal;
use model::size::Size;
use model::time::{Span, Time, Window};
use sqlx::sqlite::SqlitePool;
use tokio::sync::Mutex;

pub use error::StoreError;
pub use extent::{Extent, Holding};
use lock::Lock;
use schema::FORMAT;
use writer::Writer;

/// Name of the database in its folder.
const FILE: &str = "samples.db";
/// Connections for reading; each is a thread, made when first needed.
const READERS: u32 = 4;

/// What a person may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long samples are kept at least; they go a block at a time.
    pub retention: Span,
    /// Most series in one block, those closed in it included: what bounds memory. Further new ones are left out.
    pub max_series: usize,
    /// Most bytes on disk; the oldest blocks go when it is reached. At least [`Settings::LEAST_BYTES`].
    pub max_bytes: u64,
}

impl Settings {
    /// Least that `max_bytes` may be.
    pub const LEAST_BYTES: u64 = 1 << 20;

    fn check(&self) -> Result<(), StoreError> {
        if self.max_bytes < Settings::LEAST_BYTES {
            let [most, least] = [self.max_bytes, Settings::LEAST_BYTES].map(Size::from_bytes);
            return Err(StoreError::Settings(format!("`max_disk` is {most}; the least is {least}")));
        }
        if self.max_series == 0 || self.max_series > u32::MAX as usize {
            return Err(StoreError::Settings(format!("`max_series` is {}; it must be 1 or more", self.max_series)));
        }
        if self.retention == Span::ZERO {
            return Err(StoreError::Settings("`retention` must be longer than nothing".into()));
        }
        Ok(())
    }
}

impl Default for Settings {
    /// 15 days, 50,000 series, 2 GiB.
    fn default() -> Settings {
        Settings { retention: Span::from_days(15), max_series: 50_000, max_bytes: 2 << 30 }
    }
}

/// What one series was at the time of a scrape. NaN is no sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The quantity.
    pub signal: Signal,
    /// Whose. Together with the signal it names the series; keep the labels from scrape to scrape, clones of one set
    /// are compared at once.
    pub labels: Labels,
    /// How much, in the unit of the signal.
    pub value: f64,
}

/// What became of a scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Samples stored.
    pub taken: usize,
    /// Samples of new series beyond `max_series`, not stored.
    pub left_out: usize,
    /// Samples whose series was in the scrape before already; of all of them the last is stored.
    pub duplicates: usize,
    /// Samples that are NaN, not stored.
    pub not_numbers: usize,
    /// Series that were not in the scrape before.
    pub opened: usize,
    /// Series that were in the scrape before and are no more.
    pub closed: usize,
    /// The time is not after that of the scrape before; a new block was begun.
    pub stepped_back: bool,
}

/// A folder of samples. One store in one process writes to it; others read.
///
/// Its functions need a tokio runtime. They can be called from several tasks at once, and dropping one half-way leaves
/// the store whole.
pub struct SampleStore {
    dir: PathBuf,
    /// None in a store for reading, and once closed.
    writer: Mutex<Option<Writer>>,
    readers: SqlitePool,
}

impl SampleStore {
    /// Opens the store of a folder for writing and reading; makes both where there are none.
    ///
    /// Fails when another process writes to it ([`StoreError::Held`]), when the settings make no sense, and when folder
    /// or file cannot be used.
    pub async fn open(dir: &Path, settings: Settings) -> Result<SampleStore, StoreError> {
        settings.check()?;
        std::fs::create_dir_all(dir).map_err(|e| StoreError::io("make the folder", dir, e))?;
        let writer = Writer::open(dir, settings, Lock::take(dir)?).await?;
        Ok(SampleStore { dir: dir.to_path_buf(), writer: Mutex::new(Some(writer)), readers: FORMAT.for_reading(dir) })
    }

    /// Opens the store of a folder for reading, also while another process writes to it.
    ///
    /// Fails with [`StoreError::Missing`] when nothing was ever collected there.
    pub async fn open_read_only(dir: &Path) -> Result<SampleStore, StoreError> {
        let store = SampleStore { dir: dir.to_path_buf(), writer: Mutex::new(None), readers: FORMAT.for_reading(dir) };
        FORMAT.check(dir, &store.readers).await.map_err(|fault| StoreError::file(dir, fault))?;
        Ok(store)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stores one scrape: everything that was measured at `at`. Series that were in the scrape before and are not in
    /// this one are closed; they open again when they come back.
    ///
    /// On an error nothing of the scrape is stored, and the next call tries again.
    pub async fn append(&self, at: Time, samples: &[Sample]) -> Result<Appended, StoreError> {
        match self.writer.lock().await.as_mut() {
            Some(writer) => writer.append(at, samples).await,
            None => Err(StoreError::ReadOnly { dir: self.dir.clone() }),
        }
    }

    /// The series of a signal that meet all conditions, on the grid of a window, in the order they were first seen in
    /// it. Series without samples in the window are not among them.
    pub async fn read(&self, signal: Signal, only: &[Matcher], window: Window) -> Result<SeriesSet, StoreError> {
        let mut tx = self.readers.begin().await.map_err(|e| StoreError::of(&self.dir, "read", e))?;
        reader::read(&mut tx, &self.dir, signal, only, window).await
    }

    /// How much there is.
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let mut tx = self.readers.begin().await.map_err(|e| StoreError::of(&self.dir, "measure", e))?;
        extent::measure(&mut tx, &self.dir).await
    }

    /// Seals what is not sealed and lets go of the file. Without it nothing is lost either; the next to open the store
    /// takes up where this one was left.
    pub async fn close(&self) -> Result<(), StoreError> {
        let writer = self.writer.lock().await.take();
        self.readers.close().await;
        match writer {
            Some(writer) => writer.close().await,
            None => Ok(()),
        }
    }
}
