//! Fetches the profiles of programs at their intervals, and keeps them, while the collector runs.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use model::size::Size;
use model::time::{Span, Time};
use sources::pprof::{Endpoint, FetchError, Kind, SetupError};
use store::profiles::{Keep, ProfileStore, StoreError};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use super::trouble::Trouble;
use crate::config::{Profiles, ProfilesFrom, Target};

/// A program whose profiles are fetched.
pub struct Watched {
    /// Its name in the configuration.
    pub name: String,
    /// How often.
    pub every: Span,
    endpoint: Endpoint,
    kinds: Vec<Kind>,
}

/// What happens while profiles are fetched, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// A profile was kept.
    Kept {
        /// Whose.
        target: &'a str,
        /// Of what.
        kind: Kind,
        /// How many bytes of it are stored.
        size: Size,
    },
    /// A profile could not be fetched. Said at first and then sparingly.
    NotFetched {
        /// Whose.
        target: &'a str,
        /// Of what.
        kind: Kind,
        /// Why.
        error: &'a FetchError,
        /// Rounds in which some profile of this kind was lost so far.
        lost: u64,
    },
    /// A program gives no account of its memory, which is no trouble. Said once.
    Without {
        /// Whose.
        target: &'a str,
        /// Why.
        error: &'a FetchError,
    },
    /// A profile can be fetched again, after so many were lost.
    Resumed {
        /// Whose.
        target: &'a str,
        /// Of what.
        kind: Kind,
        /// Profiles lost.
        lost: u64,
    },
    /// Profiles cannot be stored for now. Said at first and then sparingly.
    NotKept {
        /// Why.
        error: &'a StoreError,
        /// Profiles lost so far.
        lost: u64,
    },
}

/// Profiles fetched at the same time, of all programs: each is held in memory until it is stored, and one that does not
/// answer keeps its place until it is given up.
const AT_ONCE: usize = 8;

/// The programs of a configuration that have an endpoint.
pub fn watched(profiles: &Profiles) -> Result<Vec<Watched>, SetupError> {
    let one = |target: &Target| match &target.from {
        ProfilesFrom::Files(_) => None,
        ProfilesFrom::Endpoint(settings) => Some(Endpoint::new(settings).map(|endpoint| {
            let wanted = |kind: &Kind| *kind != Kind::Goroutine || target.goroutines;
            let kinds = Kind::ALL.into_iter().filter(|kind| wanted(kind) && endpoint.has(*kind)).collect();
            Watched { name: target.name.clone(), every: target.every, endpoint, kinds }
        })),
    };
    profiles.targets.iter().filter_map(one).collect()
}

/// Fetches the profiles of each program at once and then at its interval, and keeps them, for as long as it is asked
/// to.
///
/// What fails is told and tried again at the next interval. Dropping it half-way leaves the store whole.
pub async fn fetch(
    programs: &[Watched],
    store: &ProfileStore,
    keep: &Keep,
    now: impl Fn() -> Time,
    tell: impl FnMut(Event<'_>),
) -> Infallible {
    let round = Rounds {
        store,
        keep,
        now,
        turns: Semaphore::new(AT_ONCE),
        tell: RefCell::new(tell),
        unkept: RefCell::default(),
    };
    futures::future::join_all(programs.iter().map(|program| round.of(program))).await;
    std::future::pending().await
}

/// What the rounds of all programs share.
struct Rounds<'a, N, T> {
    store: &'a ProfileStore,
    keep: &'a Keep,
    now: N,
    turns: Semaphore,
    tell: RefCell<T>,
    unkept: RefCell<Trouble<std::mem::Discriminant<StoreError>>>,
}

impl<N: Fn() -> Time, T: FnMut(Event<'_>)> Rounds<'_, N, T> {
    /// One program, round after round.
    async fn of(&self, program: &Watched) -> Infallible {
        let every = Duration::from_millis(program.every.millis().unsigned_abs().max(1));
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut troubles: Vec<Trouble<String>> = program.kinds.iter().map(|_| Trouble::default()).collect();
        let mut without = false;
        loop {
            ticks.tick().await;
            for (kind, trouble) in program.kinds.iter().zip(&mut troubles) {
                match self.one(program, *kind).await {
                    Ok(()) => {
                        if let Some(lost) = trouble.over() {
                            self.tell(Event::Resumed { target: &program.name, kind: *kind, lost });
                        }
                    }
                    Err(error) if *kind == Kind::Memory => {
                        if !std::mem::replace(&mut without, true) {
                            self.tell(Event::Without { target: &program.name, error: &error });
                        }
                    }
                    Err(error) => {
                        if let Some(lost) = trouble.with(error.reason.clone(), Instant::now()) {
                            self.tell(Event::NotFetched { target: &program.name, kind: *kind, error: &error, lost });
                        }
                        // Whoever does not give the first profile gives no other either.
                        break;
                    }
                }
            }
            if let Err(error) = self.store.thin(self.keep, (self.now)()).await {
                self.not_kept(&error);
            }
        }
    }

    /// Fetches and keeps one profile.
    async fn one(&self, program: &Watched, kind: Kind) -> Result<(), FetchError> {
        // Never closed.
        let _turn = self.turns.acquire().await;
        let fetched = program.endpoint.fetch(kind).await?;
        match self.store.put(&program.name, kind.name(), fetched.taken_at, fetched.bytes).await {
            Ok(stored) => {
                self.unkept.borrow_mut().over();
                self.tell(Event::Kept { target: &program.name, kind, size: Size::from_bytes(stored.size) });
            }
            Err(error) => self.not_kept(&error),
        }
        Ok(())
    }

    fn not_kept(&self, error: &StoreError) {
        let told = self.unkept.borrow_mut().with(std::mem::discriminant(error), Instant::now());
        if let Some(lost) = told {
            self.tell(Event::NotKept { error, lost });
        }
    }

    fn tell(&self, event: Event<'_>) {
        (self.tell.borrow_mut())(event);
    }
}
