//! The file: how it is opened, and how its format moves on from version to version.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::{FILE, StoreError};

/// What turns each version of the format into the next, beginning with an empty file.
const STEPS: [&str; 1] = [include_str!("schema_1.sql")];
/// The format written here.
const VERSION: i64 = STEPS.len() as i64;
/// "PTRP" in the header of the file (`PRAGMA application_id`): it is ours.
const APPLICATION: i64 = 0x5054_5250;
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
        Err(e) if e.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Inaccessible { doing: "make", path, source: Box::new(e) })
        }
        _ => Ok(()),
    }
}

/// How readers open it.
pub(super) fn for_reading(dir: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(dir.join(FILE))
        .read_only(true)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", "-1024")
        .disable_statement_logging()
}

/// Whether the file is ours and of which format; 0 when it is empty.
async fn version(conn: &mut SqliteConnection, dir: &Path) -> Result<i64, StoreError> {
    let wrong = |e| StoreError::of(dir, "open", e);
    let one = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql);
    let application = one("PRAGMA application_id").fetch_one(&mut *conn).await.map_err(wrong)?;
    let found = one("PRAGMA user_version").fetch_one(&mut *conn).await.map_err(wrong)?;
    let tables = one("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *conn).await.map_err(wrong)?;
    match (application, found, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, 0.., _) if found > VERSION => Err(StoreError::Newer { dir: dir.into(), found, known: VERSION }),
        (APPLICATION, 0.., _) => Ok(found),
        _ => Err(StoreError::Foreign { path: dir.join(FILE) }),
    }
}

/// Brings the file to the format written here. Another process may be at it just now; whoever comes second finds it
/// done.
pub(super) async fn migrate(conn: &mut SqliteConnection, dir: &Path) -> Result<(), StoreError> {
    let wrong = |e| StoreError::of(dir, "set up", e);
    while version(conn, dir).await? < VERSION {
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(wrong)?;
        let found = version(&mut tx, dir).await?;
        for (step, sql) in (found + 1..).zip(STEPS.iter().skip(found as usize)) {
            let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {step};");
            sqlx::raw_sql(*sql).execute(&mut *tx).await.map_err(wrong)?;
            sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *tx).await.map_err(wrong)?;
        }
        tx.commit().await.map_err(wrong)?;
    }
    Ok(())
}

/// Checks that the file has the format read here.
pub(super) async fn check(conn: &mut SqliteConnection, dir: &Path) -> Result<(), StoreError> {
    match version(conn, dir).await? {
        VERSION => Ok(()),
        // An empty file: a writer is just about to begin, or was killed before it had.
        0 => Err(StoreError::Missing { dir: dir.into() }),
        found => Err(StoreError::Older { dir: dir.into(), found, known: VERSION }),
    }
}
