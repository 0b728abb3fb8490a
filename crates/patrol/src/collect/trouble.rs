//! How often the same trouble is told: at first, when it changes, and every few minutes while it lasts.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use store::samples::StoreError;

/// While a trouble lasts it is told again after this long.
const AGAIN: Duration = Duration::from_secs(300);

/// The trouble there is now, if any.
#[derive(Default)]
pub(super) struct Trouble(Option<Lasting>);

struct Lasting {
    kind: Discriminant<StoreError>,
    told: Instant,
    lost: u64,
}

impl Trouble {
    /// Another scrape was lost, at `now`. Gives how many in all when it is time to tell.
    pub(super) fn with(&mut self, error: &StoreError, now: Instant) -> Option<u64> {
        let kind = discriminant(error);
        let lost = self.0.as_ref().map_or(0, |lasting| lasting.lost) + 1;
        let told = self.0.as_ref().filter(|l| l.kind == kind && now.duration_since(l.told) < AGAIN).map(|l| l.told);
        self.0 = Some(Lasting { kind, told: told.unwrap_or(now), lost });
        told.is_none().then_some(lost)
    }

    /// A scrape was stored. Gives how many were lost before it, when some were.
    pub(super) fn over(&mut self) -> Option<u64> {
        self.0.take().map(|lasting| lasting.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> StoreError {
        StoreError::TooSmall { dir: "/d".into(), max_bytes: 1 }
    }

    /// A scrape every 100 s into a full store, then something else, then room.
    #[test]
    fn trouble_is_told_at_first_when_it_changes_and_every_five_minutes() {
        let (mut trouble, begin) = (Trouble::default(), Instant::now());
        let told: Vec<Option<u64>> =
            (0..8).map(|i| trouble.with(&full(), begin + Duration::from_secs(i * 100))).collect();
        assert_eq!(told, [Some(1), None, None, Some(4), None, None, Some(7), None]);
        let other = StoreError::Settings("x".into());
        assert_eq!(trouble.with(&other, begin + Duration::from_secs(800)), Some(9));
        assert_eq!((trouble.over(), trouble.over()), (Some(9), None));
    }
}
