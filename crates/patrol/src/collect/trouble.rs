//! How often the same trouble is told: at first, when it changes, and every few minutes while it lasts.

use std::time::{Duration, Instant};

/// While a trouble lasts it is told again after this long.
const AGAIN: Duration = Duration::from_secs(300);

/// The trouble there is now, if any, by what tells one from another.
pub(super) struct Trouble<K>(Option<Lasting<K>>);

struct Lasting<K> {
    kind: K,
    told: Instant,
    lost: u64,
}

impl<K> Default for Trouble<K> {
    fn default() -> Trouble<K> {
        Trouble(None)
    }
}

impl<K: PartialEq> Trouble<K> {
    /// Something more was lost, at `now`. Gives how much in all when it is time to tell.
    pub(super) fn with(&mut self, kind: K, now: Instant) -> Option<u64> {
        let lost = self.0.as_ref().map_or(0, |lasting| lasting.lost) + 1;
        let told = self.0.as_ref().filter(|l| l.kind == kind && now.duration_since(l.told) < AGAIN).map(|l| l.told);
        self.0 = Some(Lasting { kind, told: told.unwrap_or(now), lost });
        told.is_none().then_some(lost)
    }

    /// All went well. Gives how much was lost before it, when something was.
    pub(super) fn over(&mut self) -> Option<u64> {
        self.0.take().map(|lasting| lasting.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scrape every 100 s into a full store, then something else, then room.
    #[test]
    fn trouble_is_told_at_first_when_it_changes_and_every_five_minutes() {
        let (mut trouble, begin) = (Trouble::default(), Instant::now());
        let told: Vec<Option<u64>> =
            (0..8).map(|i| trouble.with("full", begin + Duration::from_secs(i * 100))).collect();
        assert_eq!(told, [Some(1), None, None, Some(4), None, None, Some(7), None]);
        assert_eq!(trouble.with("other", begin + Duration::from_secs(800)), Some(9));
        assert_eq!((trouble.over(), trouble.over()), (Some(9), None));
    }
}
