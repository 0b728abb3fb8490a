//! The profiles of configured programs as a source: those that `patrol collect` fetched, and files.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use indicatif::ProgressBar;
use model::labels::Labels;
use model::profile::suspects::Digest;
use model::query::{Answer, Gap, Origin, Profiles, Query};
use model::series::SeriesSet;
use model::signal::Signal;
use model::time::{Time, Window};
use rayon::prelude::*;
use sources::pprof::{Kind, inflate};
use sources::{Reply, Source, Step};
use store::profiles::{ProfileStore, StoreError, Stored};

use super::choose::{self, Wanted};
use super::load::{Loaded, understand};
use crate::config::{self, ProfilesFrom, Target};
use crate::wiring::now;

/// Snapshots of one program that are compared at most: more of a window say the same again, and each takes its time.
const MOST_SNAPSHOTS: usize = 24;

/// The profiles of the configured programs.
pub struct RecordedProfiles {
    config: config::Profiles,
    data_dir: PathBuf,
}

impl RecordedProfiles {
    /// Of the programs configured; nothing when there are none.
    pub fn of(config: &config::Config) -> Option<RecordedProfiles> {
        let any = !config.profiles.targets.is_empty();
        any.then(|| RecordedProfiles { config: config.profiles.clone(), data_dir: config.data_dir().to_path_buf() })
    }

    async fn read(&self, query: &Query) -> Result<Answer, Gap> {
        let (mut profiles, mut lost) = (Vec::new(), Vec::new());
        if query.signal == Signal::HeapProfiles {
            let fetched = self.config.targets.iter().any(|t| matches!(t.from, ProfilesFrom::Endpoint(_)));
            let store = match ProfileStore::open_read_only(&self.data_dir).await {
                _ if !fetched => None,
                Ok(store) => Some(store),
                Err(StoreError::Missing { .. }) => None,
                Err(error) => return Err(self.gap(query, &error)),
            };
            for target in &self.config.targets {
                let one = match &target.from {
                    ProfilesFrom::Files(places) => self.files(target, places, query.window, &mut lost),
                    ProfilesFrom::Endpoint(_) => self
                        .stored(target, store.as_ref(), query.window, &mut lost)
                        .await
                        .map_err(|e| self.gap(query, &e))?,
                };
                profiles.push(one);
            }
        }
        let Window { from, to, .. } = query.window;
        let origin = Origin { source: self.name().into(), query: query.to_string(), from, to, asked_at: now() };
        let series = SeriesSet::new(query.window);
        let partial = lost.first().map(|why| format!("{} profiles could not be read: {why}", lost.len()));
        Ok(Answer { series, profiles, origin, notes: Vec::new(), partial })
    }

    fn gap(&self, query: &Query, error: &StoreError) -> Gap {
        Gap {
            source: self.name().into(),
            signal: query.signal,
            query: query.to_string(),
            reason: error.to_string(),
            hint: error.hint(),
        }
    }

    /// What somebody else put into files. Those that say they were taken outside of the window are left out.
    fn files(&self, target: &Target, places: &[PathBuf], window: Window, lost: &mut Vec<String>) -> Profiles {
        let limit = self.config.limits.max_uncompressed.bytes();
        let wanted = Wanted { places, goroutines: &[], memory: &[], limit };
        let (mut snapshots, mut memory, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        match tokio::task::block_in_place(|| choose::material(&wanted, &ProgressBar::hidden())) {
            Ok(material) => {
                let (inside, outside): (Vec<Digest>, Vec<Digest>) =
                    material.digests.into_iter().partition(|d| d.taken_at().is_none_or(|at| within(window, at)));
                if !outside.is_empty() {
                    unreadable.push(format!("{} profiles are of another time than the window", outside.len()));
                }
                (snapshots, memory) = (inside, material.memory);
                lost.extend(material.unreadable.iter().cloned());
                unreadable.extend(material.unreadable);
                unreadable.extend(material.notes);
            }
            Err(failure) => {
                lost.push(format!("{:#}", failure.error));
                unreadable.push(format!("{:#}", failure.error));
            }
        }
        let goroutines = |d: &Digest| d.kind() == model::profile::suspects::Kind::Goroutine;
        let (stacks, heaps): (Vec<Digest>, Vec<Digest>) = snapshots.into_iter().partition(goroutines);
        let snapshots = spread(heaps).into_iter().chain(spread(stacks)).collect();
        Profiles { subject: subject(target), snapshots, memory, unreadable }
    }

    /// What was fetched from an endpoint within the window.
    async fn stored(
        &self,
        target: &Target,
        store: Option<&ProfileStore>,
        window: Window,
        lost: &mut Vec<String>,
    ) -> Result<Profiles, StoreError> {
        let mut raw: Vec<(Kind, Stored, Vec<u8>)> = Vec::new();
        for kind in Kind::ALL {
            let Some(store) = store else { continue };
            for stored in spread(store.list(&target.name, kind.name(), window).await?) {
                match store.read(&stored).await {
                    Ok(bytes) => raw.push((kind, stored, bytes)),
                    // Thinned out between the two questions.
                    Err(StoreError::Gone { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let limit = self.config.limits.max_uncompressed.bytes();
        let read = |(kind, stored, bytes): &(Kind, Stored, Vec<u8>)| read(*kind, stored.taken_at, bytes, limit);
        let all: Vec<Result<Loaded, String>> = tokio::task::block_in_place(|| raw.par_iter().map(read).collect());
        let (mut snapshots, mut memory, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match one {
                Ok(loaded) => {
                    snapshots.extend(loaded.digest);
                    memory.extend(loaded.memory);
                }
                Err(why) => unreadable.push(why),
            }
        }
        lost.extend(unreadable.iter().cloned());
        if raw.is_empty() {
            unreadable.push("none was fetched within the window; `patrol collect` does that".into());
        }
        Ok(Profiles { subject: subject(target), snapshots: Arc::from(snapshots), memory, unreadable })
    }
}

/// The snapshot, or the runtime's figures, in a fetched profile.
fn read(kind: Kind, taken_at: Time, packed: &[u8], limit: u64) -> Result<Loaded, String> {
    let at = jiff::Timestamp::from_millisecond(taken_at).map_or_else(|_| taken_at.to_string(), |at| at.to_string());
    let name = format!("{} of {at}", kind.name());
    let bytes = inflate(packed, limit).map_err(|e| format!("{name}: {e}"))?;
    let loaded = understand(bytes, &name, Some(taken_at)).map_err(|e| format!("{name}: {}", e.words))?;
    Ok(Loaded { digest: loaded.digest.filter(|_| kind != Kind::Memory), ..loaded })
}

/// At most so many, spread evenly; the first and the last are among them.
fn spread<T>(all: Vec<T>) -> Vec<T> {
    let count = all.len();
    if count <= MOST_SNAPSHOTS {
        return all;
    }
    let chosen: Vec<usize> = (0..MOST_SNAPSHOTS).map(|i| i * (count - 1) / (MOST_SNAPSHOTS - 1)).collect();
    all.into_iter().enumerate().filter(|(i, _)| chosen.binary_search(i).is_ok()).map(|(_, one)| one).collect()
}

fn within(window: Window, at: Time) -> bool {
    window.from < at && at <= window.to
}

/// The program, and whom it belongs to.
fn subject(target: &Target) -> Labels {
    std::iter::once(("target", target.name.as_str())).chain(target.process.labels()).collect()
}

impl Source for RecordedProfiles {
    fn name(&self) -> &str {
        "profiles"
    }

    fn fetch<'a>(&'a self, query: &'a Query) -> Reply<'a> {
        Box::pin(self.read(query))
    }

    /// Endpoints are tried by `patrol collect`, which says at once what fails; here the store is.
    fn test<'a>(&'a self, _now: Time) -> Pin<Box<dyn Future<Output = Vec<Step>> + Send + 'a>> {
        Box::pin(async move {
            let tried = format!("read the profiles kept in {}", self.data_dir.display());
            let outcome = match ProfileStore::open_read_only(&self.data_dir).await {
                Ok(store) => {
                    store.targets().await.map(|all| format!("{} programs", all.len())).map_err(|e| e.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            let hint = outcome.is_err().then(|| "run `patrol collect` on this host".to_string());
            vec![Step { tried, outcome, hint }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_snapshots_are_spread_over_the_window() {
        let few = spread((0..5).collect::<Vec<usize>>());
        assert_eq!(few, [0, 1, 2, 3, 4]);
        let many = spread((0..100).collect::<Vec<usize>>());
        assert_eq!((many.len(), many[0], many[23]), (MOST_SNAPSHOTS, 0, 99));
    }
}
