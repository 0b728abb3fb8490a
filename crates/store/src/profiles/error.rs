//! Why the profile store could not do what was asked, and what the reader can do about it.

use std::path::{Path, PathBuf};

/// A failure of the profile store. Its cause, where there is one, is its [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No profile was ever kept here.
    #[error("there is no profile store in {}", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot {doing} {}", path.display())]
    Inaccessible {
        /// What was tried, a verb.
        doing: &'static str,
        /// What it was tried with.
        path: PathBuf,
        /// What the system, or SQLite, says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full. The profile was not stored; what was stored before stands.
    #[error("no space left for the profile store in {}", dir.display())]
    DiskFull {
        /// The folder.
        dir: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The file is not what was written there once.
    #[error("the profile store in {} is damaged: {what}", dir.display())]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The file is a database of some other program.
    #[error("{} is not a profile store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program wrote it.
    #[error("the profile store in {} has format {found}; this version knows up to {known}", dir.display())]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// Its format.
        found: i64,
        /// The last format known here.
        known: i64,
    },
    /// An older version wrote it, and it was opened for reading only.
    #[error("the profile store in {} still has format {found}; this version reads {known}", dir.display())]
    Older {
        /// The folder.
        dir: PathBuf,
        /// Its format.
        found: i64,
        /// The format read here.
        known: i64,
    },
    /// Writing was asked of a store opened for reading.
    #[error("the profile store in {} was opened for reading only, or is closed", dir.display())]
    ReadOnly {
        /// The folder.
        dir: PathBuf,
    },
    /// The profile was there when it was listed, and was thinned out meanwhile.
    #[error("the profile is no longer in the profile store in {}", dir.display())]
    Gone {
        /// The folder.
        dir: PathBuf,
    },
    /// Anything else SQLite says.
    #[error("cannot {doing} the profile store in {}", dir.display())]
    Database {
        /// The folder.
        dir: PathBuf,
        /// What was being done, a verb.
        doing: &'static str,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            StoreError::Missing { .. } => {
                "name an endpoint under `profiles.targets` and let `patrol collect` run for a while, or name its folder \
                 with `--data-dir`"
                    .into()
            }
            StoreError::Inaccessible { path, .. } => format!(
                "look at the owner and the permissions of {}; reading needs the rights of whoever collects",
                path.display()
            ),
            StoreError::DiskFull { dir, .. } => {
                format!("make room on the disk of {}, or lower `disk` under `profiles.keep`", dir.display())
            }
            StoreError::Damaged { dir, .. } => {
                format!("move {} away; a new store is begun in its place", dir.join(super::FILE).display())
            }
            StoreError::Foreign { .. } => "name another folder with `--data-dir`".into(),
            StoreError::Newer { .. } => "use the newer version, or name another folder with `--data-dir`".into(),
            StoreError::Older { .. } => "let `patrol collect` of this version open it once".into(),
            StoreError::Gone { .. } => "ask again; longer `keep` settings let profiles stay longer".into(),
            StoreError::ReadOnly { .. } | StoreError::Database { .. } => return None,
        })
    }

    /// Whether it may pass by itself.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            StoreError::DiskFull { .. }
                | StoreError::Inaccessible { .. }
                | StoreError::Gone { .. }
                | StoreError::Database { .. }
        )
    }

    /// Sorts what SQLite says by its result codes (`sqlite.org/rescode.html`).
    pub(super) fn of(dir: &Path, doing: &'static str, source: sqlx::Error) -> StoreError {
        let dir = dir.to_path_buf();
        let code = source.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i64>().ok());
        match code.unwrap_or(-1) {
            code if code == IOERR_SHMSIZE || code & 0xff == FULL => StoreError::DiskFull { dir, source },
            code if code & 0xff == CORRUPT => StoreError::Damaged { dir, what: words(&source) },
            code if code & 0xff == NOTADB => StoreError::Foreign { path: dir.join(super::FILE) },
            code if [READONLY, CANTOPEN, PERM].contains(&(code & 0xff)) => {
                StoreError::Inaccessible { doing, path: dir.join(super::FILE), source: Box::new(source) }
            }
            _ => StoreError::Database { dir, doing, source },
        }
    }
}

const PERM: i64 = 3;
const READONLY: i64 = 8;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const CANTOPEN: i64 = 14;
const NOTADB: i64 = 26;
/// No room to grow the index of the write-ahead log.
const IOERR_SHMSIZE: i64 = 4874;

/// What SQLite says, without the words around it.
fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_string())
}
