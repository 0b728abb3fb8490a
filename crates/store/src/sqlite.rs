//! The SQLite file of a store, whatever it holds: how it is read, how its format is told and moved on, and what goes
//! wrong with it.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

/// What is particular to the file of a store.
pub(crate) struct Format {
    /// Name of the file in its folder.
    pub(crate) file: &'static str,
    /// Four letters in the header of the file (`PRAGMA application_id`): it is ours.
    pub(crate) application: i64,
    /// What turns each version of the format into the next, beginning with an empty file.
    pub(crate) steps: &'static [&'static str],
    /// How long to wait for another process that is at the file.
    pub(crate) patience: Duration,
    /// Connections for reading; each is a thread, made when first needed.
    pub(crate) readers: u32,
}

/// Why a file cannot be used.
pub(crate) enum Fault {
    /// It is not there, or a writer has only begun it.
    Missing,
    /// It is something else.
    Foreign,
    /// A newer version of this program wrote it.
    Newer {
        /// Its format.
        found: i64,
        /// The last format known here.
        known: i64,
    },
    /// An older version wrote it.
    Older {
        /// Its format.
        found: i64,
        /// The format read here.
        known: i64,
    },
    /// The system does not let us.
    Io(io::Error),
    /// SQLite says so.
    Sqlite {
        /// What was being done, a verb.
        doing: &'static str,
        /// What it says.
        source: sqlx::Error,
    },
}

impl Format {
    /// Connections for reading, made when first needed.
    pub(crate) fn for_reading(&self, dir: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(dir.join(self.file))
            .read_only(true)
            .busy_timeout(self.patience)
            .pragma("cache_size", "-1024")
            .disable_statement_logging();
        SqlitePoolOptions::new()
            .max_connections(self.readers)
            .idle_timeout(Duration::from_secs(60))
            .acquire_timeout(Duration::from_secs(30))
            .test_before_acquire(false)
            .connect_lazy_with(options)
    }

    /// Checks that there is a file of the format read here, through the connections for reading it.
    pub(crate) async fn check(&self, dir: &Path, readers: &SqlitePool) -> Result<(), Fault> {
        match std::fs::metadata(dir.join(self.file)) {
            Ok(about) if about.is_file() => {}
            Ok(_) => return Err(Fault::Foreign),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Err(Fault::Missing),
            Err(e) => return Err(Fault::Io(e)),
        }
        let mut conn = readers.acquire().await.map_err(|source| Fault::Sqlite { doing: "open", source })?;
        let known = self.steps.len() as i64;
        match self.version(&mut conn).await? {
            found if found == known => Ok(()),
            // An empty file: a writer is just about to begin, or was killed before it had.
            0 => Err(Fault::Missing),
            found => Err(Fault::Older { found, known }),
        }
    }

    /// Whether the file is ours and of which format; 0 when it is empty.
    async fn version(&self, conn: &mut SqliteConnection) -> Result<i64, Fault> {
        let wrong = |source| Fault::Sqlite { doing: "open", source };
        let one = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql);
        let application = one("PRAGMA application_id").fetch_one(&mut *conn).await.map_err(wrong)?;
        let found = one("PRAGMA user_version").fetch_one(&mut *conn).await.map_err(wrong)?;
        let tables = one("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *conn).await.map_err(wrong)?;
        let known = self.steps.len() as i64;
        match (application, found, tables) {
            (0, 0, 0) => Ok(0),
            (ours, 0.., _) if ours == self.application && found > known => Err(Fault::Newer { found, known }),
            (ours, 0.., _) if ours == self.application => Ok(found),
            _ => Err(Fault::Foreign),
        }
    }

    /// Brings the file to the format written here. Another process may be at it just now; whoever comes second finds it
    /// done.
    pub(crate) async fn migrate(&self, conn: &mut SqliteConnection) -> Result<(), Fault> {
        let wrong = |source| Fault::Sqlite { doing: "set up", source };
        while self.version(conn).await? < self.steps.len() as i64 {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(wrong)?;
            let found = self.version(&mut tx).await?;
            for (step, sql) in (found + 1..).zip(self.steps.iter().skip(found as usize)) {
                let marks = format!("PRAGMA application_id = {}; PRAGMA user_version = {step};", self.application);
                sqlx::raw_sql(*sql).execute(&mut *tx).await.map_err(wrong)?;
                sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *tx).await.map_err(wrong)?;
            }
            tx.commit().await.map_err(wrong)?;
        }
        Ok(())
    }
}

/// What SQLite's result codes come to (`sqlite.org/rescode.html`).
pub(crate) enum Trouble {
    /// No room, on the disk or for the index of the write-ahead log.
    Full,
    /// The file is not what was written there once.
    Damaged,
    /// It is no database.
    Foreign,
    /// It may not be opened, or not be written.
    Barred,
    /// Anything else.
    Other,
}

impl Trouble {
    /// Sorts what SQLite says.
    pub(crate) fn of(error: &sqlx::Error) -> Trouble {
        const PERM: i64 = 3;
        const READONLY: i64 = 8;
        const CORRUPT: i64 = 11;
        const FULL: i64 = 13;
        const CANTOPEN: i64 = 14;
        const NOTADB: i64 = 26;
        const IOERR_SHMSIZE: i64 = 4874;
        let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i64>().ok());
        let code = code.unwrap_or(-1);
        match code & 0xff {
            _ if code == IOERR_SHMSIZE => Trouble::Full,
            FULL => Trouble::Full,
            CORRUPT => Trouble::Damaged,
            NOTADB => Trouble::Foreign,
            READONLY | CANTOPEN | PERM => Trouble::Barred,
            _ => Trouble::Other,
        }
    }
}

/// What SQLite says, without the words around it.
pub(crate) fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_string())
}
