//! The file: its format, and how it is written.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{FILE, READERS};
use crate::sqlite::Format;

/// The file of the store; "PTRL" stands in its header.
pub(super) const FORMAT: Format = Format {
    file: FILE,
    application: 0x5054_524c,
    steps: &[include_str!("schema_1.sql")],
    patience: PATIENCE,
    readers: READERS,
};
/// Bytes a page. Larger ones waste less around chunks of a kilobyte, smaller ones write less a scrape.
pub(super) const PAGE: u64 = 4096;
/// How long to wait for another process that is at the file; only moving the format and checkpoints ever make one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the writer opens the file.
pub(super) fn for_writing(dir: &Path, max_wal: u64) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(dir.join(FILE))
        .create_if_missing(true)
        .page_size(PAGE as u32)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // Killing the process loses nothing that was committed; losing power may lose the last scrapes, no more.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", "-1024")
        .pragma("journal_size_limit", (max_wal / 2).to_string())
        .pragma("wal_autocheckpoint", (max_wal / PAGE / 4).clamp(16, 1000).to_string())
        .disable_statement_logging()
}
