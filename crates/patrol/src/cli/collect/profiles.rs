//! What `patrol collect` does and says about profiles of programs.

use std::cell::Cell;
use std::convert::Infallible;

use indicatif::ProgressBar;
use store::profiles::{Keep, ProfileStore, StoreError};

use super::{chain, many};
use crate::collect::profiles::{Event, Watched, fetch, watched};
use crate::config::Config;
use crate::error::{Failure, Result};
use crate::wiring;

/// The programs whose profiles are fetched, and the store they go into.
pub(super) struct Fetching {
    programs: Vec<Watched>,
    store: ProfileStore,
    keep: Keep,
    kept: Cell<u64>,
}

impl Fetching {
    /// Opens the store; nothing where no program is configured.
    pub(super) async fn new(config: &Config) -> Result<Option<Fetching>> {
        let programs = watched(&config.profiles).map_err(wiring::setup)?;
        if programs.is_empty() {
            return Ok(None);
        }
        let explained = |error: StoreError| Failure { hint: error.hint(), error: error.into() };
        let store = ProfileStore::open(config.data_dir()).await.map_err(explained)?;
        let keep = &config.profiles.keep;
        let keep = Keep { count: keep.count, age: keep.age, disk: keep.disk };
        Ok(Some(Fetching { programs, store, keep, kept: Cell::new(0) }))
    }

    /// Whose profiles are fetched.
    pub(super) fn announced(&self) -> String {
        let each: Vec<String> = self.programs.iter().map(|p| format!("{} every {}", p.name, p.every)).collect();
        format!("fetching profiles of {}", each.join(", "))
    }

    /// Fetches until it is dropped.
    pub(super) async fn go_on(&self, status: &ProgressBar) -> Infallible {
        fetch(&self.programs, &self.store, &self.keep, wiring::now, |event| self.tell(status, event)).await
    }

    /// Lets go of the store; gives what was done.
    pub(super) async fn end(self) -> String {
        if let Err(error) = self.store.close().await {
            // What was stored stands; only tidying up was not possible.
            anstream::eprintln!("error: {}", chain(&error));
        }
        format!("; {} kept", many(self.kept.get(), "profile"))
    }

    /// Shows what happens: profiles that are kept are counted, everything else is a line on standard error.
    fn tell(&self, status: &ProgressBar, event: Event<'_>) {
        let line = |text: String| status.suspend(|| anstream::eprintln!("{text}"));
        let hint = |hint: Option<String>| hint.into_iter().for_each(|hint| line(format!("hint: {hint}")));
        let lost_so_far =
            |lost| if lost > 1 { format!("; {} lost so far", many(lost, "profile")) } else { String::new() };
        match event {
            Event::Kept { target, kind, size } => {
                self.kept.set(self.kept.get() + 1);
                tracing::debug!(target, kind = kind.name(), %size, "profile kept");
            }
            Event::NotFetched { target, kind, error, lost } => {
                line(format!(
                    "error: cannot fetch the {} profile of {target}: {error}{}",
                    kind.name(),
                    lost_so_far(lost)
                ));
                hint(error.hint.clone());
            }
            Event::Without { target, error } => line(format!("without an account of the memory of {target}: {error}")),
            Event::Resumed { target, kind, lost } => {
                let lost = many(lost, "profile");
                line(format!("fetching the {} profile of {target} again; {lost} lost meanwhile", kind.name()));
            }
            Event::NotKept { error, lost } => {
                line(format!("error: {}{}", chain(error), lost_so_far(lost)));
                hint(error.hint());
            }
        }
    }
}
