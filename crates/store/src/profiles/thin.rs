//! Which profiles are no longer worth their room.

use std::collections::BTreeMap;

use model::size::Size;
use model::time::{Span, Time};

use super::Stored;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Most profiles of one kind of one target.
    pub count: usize,
    /// How long a profile is kept.
    pub age: Span,
    /// Most bytes of all profiles together.
    pub disk: Size,
}

impl Default for Keep {
    /// 48 of each kind of each target, 7 days, 512 MiB.
    fn default() -> Keep {
        Keep { count: 48, age: Span::from_days(7), disk: Size::from_bytes(512 << 20) }
    }
}

/// So many of the newest are kept as they are, an hour of them at five minutes; of what is older only the first of each
/// hour. So 48 profiles tell of the last hour in detail and of a day and a half besides.
const RECENT: usize = 12;

/// The profiles to drop, given all there are in ascending order of time.
///
/// Of each kind of each target: what is older than [`Keep::age`]; beyond the newest 12 all but the first of each hour
/// (UTC); and the oldest beyond [`Keep::count`]. Then, while all together take more than [`Keep::disk`], the oldest of
/// the target that takes the most, so that one large program does not cost the others their past.
pub(super) fn surplus<'a>(all: &'a [Stored], keep: &Keep, now: Time) -> Vec<&'a Stored> {
    let mut places: BTreeMap<(&str, &str), Vec<&Stored>> = BTreeMap::new();
    for stored in all {
        places.entry((&stored.target, &stored.kind)).or_default().push(stored);
    }
    let (mut drop, mut kept) = (Vec::new(), BTreeMap::<&str, Vec<&Stored>>::new());
    for ((target, _), of_place) in places {
        let stay = kept.entry(target).or_default();
        let (old, recent) = of_place.split_at(of_place.len().saturating_sub(RECENT));
        let mut hour = None;
        let (firsts, others): (Vec<&Stored>, Vec<&Stored>) = old.iter().partition(|stored| {
            let its = stored.taken_at.div_euclid(HOUR);
            hour.replace(its) != Some(its)
        });
        drop.extend(others);
        let chosen: Vec<&Stored> = firsts.into_iter().chain(recent.iter().copied()).collect();
        let too_many = chosen.len().saturating_sub(keep.count);
        for (place, stored) in chosen.into_iter().enumerate() {
            let too_old = now.saturating_sub(stored.taken_at) > keep.age.millis();
            if too_old || place < too_many { drop.push(stored) } else { stay.push(stored) }
        }
    }
    for of_target in kept.values_mut() {
        of_target.sort_by_key(|stored| std::cmp::Reverse(stored.taken_at));
    }
    drop.extend(beyond(kept, keep.disk.bytes()));
    drop
}

const HOUR: i64 = 3_600_000;

/// What is to go for the rest to fit; of each target the newest come first.
fn beyond<'a>(mut kept: BTreeMap<&str, Vec<&'a Stored>>, most: u64) -> Vec<&'a Stored> {
    let mut sizes: BTreeMap<&str, u64> =
        kept.iter().map(|(target, all)| (*target, sum(all.iter().map(|stored| stored.size)))).collect();
    let (mut total, mut drop) = (sum(sizes.values().copied()), Vec::new());
    while total > most
        && let Some((target, size)) = sizes.iter_mut().max_by_key(|(_, size)| **size)
        && let Some(oldest) = kept.get_mut(target).and_then(Vec::pop)
    {
        *size = size.saturating_sub(oldest.size);
        total = total.saturating_sub(oldest.size);
        drop.push(oldest);
    }
    drop
}

/// The sum of sizes, which in a damaged file may be anything.
pub(super) fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(target: &str, taken_at: Time, size: u64) -> Stored {
        Stored { id: taken_at, target: target.into(), kind: "heap".into(), taken_at, size }
    }

    /// What stays, by target and minute.
    fn stays(all: &[Stored], keep: &Keep, now: Time) -> Vec<(String, Time)> {
        let drop = surplus(all, keep, now);
        let stay = all.iter().filter(|stored| !drop.contains(stored));
        stay.map(|stored| (stored.target.clone(), stored.taken_at / 60_000)).collect()
    }

    /// Two hours and a half at five minutes: the newest 12, and before them the first of each hour.
    #[test]
    fn of_the_older_ones_the_first_of_each_hour_stays() {
        let all: Vec<Stored> = (0..30).map(|i| stored("a", i * 300_000, 1)).collect();
        let minutes = |keep: &Keep| stays(&all, keep, 0).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
        let recent: Vec<i64> = (18..30).map(|i| i * 5).collect();
        assert_eq!(minutes(&Keep::default()), [&[0, 60], &recent[..]].concat());
        assert_eq!(minutes(&Keep { count: 13, ..Keep::default() }), [&[60], &recent[..]].concat());
        assert_eq!(minutes(&Keep { count: 2, ..Keep::default() }), [140, 145]);
        let now = 60 * 60_000 + Span::from_days(7).millis();
        assert_eq!(stays(&all, &Keep::default(), now).len(), 13);
    }

    /// One target with ten of 10 bytes, one with two of 1 byte, and room for 33.
    #[test]
    fn the_largest_target_makes_room() {
        let large = (0..10).map(|i| stored("large", i, 10));
        let all: Vec<Stored> = (0..2).map(|i| stored("small", i, 1)).chain(large).collect();
        let keep = Keep { disk: Size::from_bytes(33), ..Keep::default() };
        let stay = stays(&all, &keep, 0);
        assert_eq!(stay.iter().filter(|(target, _)| target == "small").count(), 2);
        assert_eq!(stay.len(), 5);
        assert_eq!(stays(&all, &Keep { disk: Size::from_bytes(0), ..keep }, 0), []);
    }

    proptest! {
        /// Thinned after each profile or once in the end, the same ones are left: nothing that would be worth keeping
        /// later goes early.
        #[test]
        fn thinning_early_changes_nothing(steps in prop::collection::vec(1i64..3_000_000, 1..120), count in 1usize..60) {
            let keep = Keep { count, age: Span::from_hours(30), ..Keep::default() };
            let mut at = 0;
            let (mut all, mut left): (Vec<Stored>, Vec<Stored>) = Default::default();
            for step in steps {
                at += step;
                all.push(stored("a", at, 1));
                left.push(stored("a", at, 1));
                let gone: Vec<i64> = surplus(&left, &keep, at).iter().map(|stored| stored.id).collect();
                left.retain(|stored| !gone.contains(&stored.id));
            }
            let gone = surplus(&all, &keep, at);
            let wanted: Vec<&Stored> = all.iter().filter(|stored| !gone.contains(stored)).collect();
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), wanted);
            prop_assert!(left.len() <= count);
        }
    }
}
