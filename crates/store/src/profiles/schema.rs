//! The file: its format, and how it is written.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{FILE, READERS, StoreError};
use crate::sqlite::Format;

/// The file of the store; "PTRP" stands in its header.
pub(super) const FORMAT: Format = Format {
    file: FILE,
    application: 0x5054_5250,
    steps: &[include_str!("schema_1.sql")],
    patience: PATIENCE,
    readers: READERS,
};
/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the write-ahead log may keep on disk after a large profile went through it.
const MOST_LOG: u64 = 16 << 20;

/// How the writer opens the file.
pub(super) fn for_writing(dir: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(dir.join(FILE))
        // It is made by `create`, for its owner alone.
        .create_if_missing(false)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // Killing the process loses nothing that was committed; losing power may lose the last profiles, no more.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", "-1024")
        .pragma("journal_size_limit", MOST_LOG.to_string())
        .disable_statement_logging()
}

/// Makes the file where there is none, for its owner alone: the stacks and labels of a program may tell what is
/// nobody's business. SQLite gives the files beside it the same permissions (`sqlite.org/src`, `findCreateFileMode`).
/// Those of a file that is there are its owner's choice.
pub(super) fn create(dir: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = dir.join(FILE);
    match options.write(true).create_new(true).open(&path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(StoreError::io("make", &path, e)),
        _ => Ok(()),
    }
}
