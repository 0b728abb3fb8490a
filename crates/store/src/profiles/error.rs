//! Why the profile store could not do what was asked, and what the reader can do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::sqlite::{Fault, Trouble, words};

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

    /// Sorts what SQLite says.
    pub(super) fn of(dir: &Path, doing: &'static str, source: sqlx::Error) -> StoreError {
        let dir = dir.to_path_buf();
        match Trouble::of(&source) {
            Trouble::Full => StoreError::DiskFull { dir, source },
            Trouble::Damaged => StoreError::Damaged { dir, what: words(&source) },
            Trouble::Foreign => StoreError::Foreign { path: dir.join(super::FILE) },
            Trouble::Barred => {
                StoreError::Inaccessible { doing, path: dir.join(super::FILE), source: Box::new(source) }
            }
            Trouble::Other => StoreError::Database { dir, doing, source },
        }
    }

    /// Why the file of the store cannot be used.
    pub(super) fn file(dir: &Path, fault: Fault) -> StoreError {
        let folder = dir.to_path_buf();
        match fault {
            Fault::Missing => StoreError::Missing { dir: folder },
            Fault::Foreign => StoreError::Foreign { path: dir.join(super::FILE) },
            Fault::Newer { found, known } => StoreError::Newer { dir: folder, found, known },
            Fault::Older { found, known } => StoreError::Older { dir: folder, found, known },
            Fault::Io(source) => StoreError::io("read", &dir.join(super::FILE), source),
            Fault::Sqlite { doing, source } => StoreError::of(dir, doing, source),
        }
    }

    /// The same for what the system says.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
        StoreError::Inaccessible { doing, path: path.to_path_buf(), source: Box::new(source) }
    }
}
