//! The head: the block being written, in memory. A block is a stretch of scrapes whose times ascend; a series has one
//! chunk in each block it has samples in.

use std::collections::{BTreeMap, HashMap};

use model::chunk::XorAppender;
use model::labels::Labels;
use model::signal::Signal;
use model::time::{Span, Time};

use super::{Appended, Sample};

/// Scrapes a block: with one every 15 s an hour, and chunks in which the first sample costs little.
pub(super) const SCRAPES: usize = 240;
/// Longest time a block may span, so that retention and reading stay sharp when scrapes are far apart.
pub(super) const SPAN: Span = Span::from_hours(6);

/// What tells a series from every other.
pub(super) type Name = (Signal, Labels);

/// A series in the head.
#[derive(Debug)]
struct Slot {
    /// Its number in the store.
    id: i64,
    name: Name,
    chunk: XorAppender,
    /// Whether it was in the last scrape.
    open: bool,
    /// The last plan that took a sample of it, and that sample's place there.
    seen: (u64, usize),
    /// Its place in the last scrape, while open.
    position: usize,
}

/// What one signal has in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    /// Time of the first sample.
    pub(super) first: Time,
    /// Time of the last.
    pub(super) last: Time,
    /// Samples of all its series.
    pub(super) samples: u64,
}

/// The block being written.
#[derive(Debug)]
pub(super) struct Head {
    /// Number of the block.
    pub(super) block: i64,
    /// Time of its first scrape and of its last.
    pub(super) times: Option<(Time, Time)>,
    scrapes: usize,
    slots: Vec<Slot>,
    named: HashMap<Name, usize>,
    /// Slots in the order of the last scrape: the next one mostly has the same.
    order: Vec<usize>,
    open: usize,
    plans: u64,
}

/// A series the head does not have yet.
#[derive(Debug)]
pub(super) struct Fresh {
    /// What tells it from every other.
    pub(super) name: Name,
    /// Its number in the store, 0 until that is looked up.
    pub(super) id: i64,
    /// Whether the store had it before.
    pub(super) known: bool,
}

/// What is to be done for one scrape. Nothing in the head changes before [`Head::apply`].
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Slots and their values; slots beyond the last are those of `fresh`, in its order.
    pub(super) taken: Vec<(usize, f64)>,
    /// Series the head does not have.
    pub(super) fresh: Vec<Fresh>,
    /// Numbers of series that were closed in this block and are back.
    pub(super) back: Vec<i64>,
    /// Numbers of series that are not in the scrape.
    pub(super) gone: Vec<i64>,
    counts: Appended,
}

impl Head {
    /// An empty block.
    pub(super) fn new(block: i64) -> Head {
        Head {
            block,
            times: None,
            scrapes: 0,
            slots: Vec::new(),
            named: HashMap::new(),
            order: Vec::new(),
            open: 0,
            plans: 0,
        }
    }

    /// Takes in a series the store has.
    pub(super) fn load(&mut self, id: i64, name: Name, open: bool) {
        let slot = self.slots.len();
        self.open += usize::from(open);
        self.named.insert(name.clone(), slot);
        let chunk = XorAppender::new();
        self.slots.push(Slot { id, name, chunk, open, seen: (0, 0), position: usize::MAX });
    }

    /// Takes in a scrape the store has, after all series; gives how many samples belong to none of them.
    pub(super) fn replay(&mut self, at: Time, samples: &[(i64, f64)], by_id: &HashMap<i64, usize>) -> usize {
        self.order.clear();
        for (id, value) in samples {
            if let Some(slot) = by_id.get(id) {
                self.put(*slot, at, *value);
            }
        }
        self.note(at);
        samples.len() - self.order.len()
    }

    /// Slots by number of series.
    pub(super) fn by_id(&self) -> HashMap<i64, usize> {
        self.slots.iter().enumerate().map(|(slot, s)| (s.id, slot)).collect()
    }

    /// Whether a scrape at `at` has to begin a new block, and whether that is because the clock stepped back.
    pub(super) fn ends_before(&self, at: Time) -> (bool, bool) {
        let Some((first, last)) = self.times else { return (false, false) };
        let back = at <= last;
        (back || self.scrapes >= SCRAPES || at.saturating_sub(first) > SPAN.millis(), back)
    }

    /// Sorts the samples of a scrape: which series they belong to, which are new, which are missing.
    pub(super) fn plan(&mut self, samples: &[Sample], max_series: usize) -> Plan {
        self.plans += 1;
        let mut plan = Plan { taken: Vec::with_capacity(samples.len()), ..Plan::default() };
        let mut fresh: HashMap<Name, usize> = HashMap::new();
        let mut cursor = 0;
        let mut still_open = 0;
        for sample in samples {
            if sample.value.is_nan() {
                plan.counts.not_numbers += 1;
                continue;
            }
            let Some(slot) = self.find(sample, cursor) else {
                self.plan_fresh(sample, max_series, &mut plan, &mut fresh);
                continue;
            };
            let found = &mut self.slots[slot];
            if found.open {
                cursor = found.position.wrapping_add(1);
            }
            if found.seen.0 == self.plans {
                plan.taken[found.seen.1].1 = sample.value;
                plan.counts.duplicates += 1;
                continue;
            }
            found.seen = (self.plans, plan.taken.len());
            plan.taken.push((slot, sample.value));
            match found.open {
                true => still_open += 1,
                false => plan.back.push(found.id),
            }
        }
        if still_open < self.open {
            let gone = self.slots.iter().filter(|slot| slot.open && slot.seen.0 != self.plans);
            plan.gone = gone.map(|slot| slot.id).collect();
        }
        plan
    }

    /// The slot of a sample: first where it stood in the last scrape, else by name.
    fn find(&self, sample: &Sample, cursor: usize) -> Option<usize> {
        if let Some(slot) = self.order.get(cursor) {
            let name = &self.slots[*slot].name;
            if name.0 == sample.signal && name.1 == sample.labels {
                return Some(*slot);
            }
        }
        self.named.get(&(sample.signal, sample.labels.clone())).copied()
    }

    fn plan_fresh(&self, sample: &Sample, max: usize, plan: &mut Plan, fresh: &mut HashMap<Name, usize>) {
        let name = (sample.signal, sample.labels.clone());
        if let Some(place) = fresh.get(&name) {
            plan.taken[*place].1 = sample.value;
            plan.counts.duplicates += 1;
        } else if self.slots.len() + plan.fresh.len() >= max {
            plan.counts.left_out += 1;
        } else {
            fresh.insert(name.clone(), plan.taken.len());
            plan.taken.push((self.slots.len() + plan.fresh.len(), sample.value));
            plan.fresh.push(Fresh { name, id: 0, known: false });
        }
    }

    /// The number of the series of a planned sample.
    pub(super) fn id(&self, plan: &Plan, slot: usize) -> i64 {
        match slot.checked_sub(self.slots.len()) {
            None => self.slots[slot].id,
            Some(fresh) => plan.fresh[fresh].id,
        }
    }

    /// Does what was planned, after it was stored.
    pub(super) fn apply(&mut self, at: Time, plan: Plan) -> Appended {
        let mut counts = plan.counts;
        (counts.taken, counts.opened) = (plan.taken.len(), plan.fresh.len() + plan.back.len());
        counts.closed = plan.gone.len();
        if !plan.gone.is_empty() {
            for slot in self.slots.iter_mut().filter(|slot| slot.open && slot.seen.0 != self.plans) {
                slot.open = false;
                self.open -= 1;
            }
        }
        for Fresh { name, id, .. } in plan.fresh {
            self.load(id, name, true);
        }
        self.order.clear();
        for (slot, value) in plan.taken {
            self.put(slot, at, value);
            let reopened = self.slots.get_mut(slot).is_some_and(|slot| !std::mem::replace(&mut slot.open, true));
            self.open += usize::from(reopened);
        }
        self.note(at);
        counts
    }

    fn put(&mut self, slot: usize, at: Time, value: f64) {
        let Some(found) = self.slots.get_mut(slot) else { return };
        // Never full: a block has fewer scrapes than a chunk has room.
        let _ = found.chunk.push(at, value);
        found.position = self.order.len();
        self.order.push(slot);
    }

    fn note(&mut self, at: Time) {
        self.times = Some((self.times.map_or(at, |(first, _)| first), at));
        self.scrapes += 1;
    }

    /// The chunks of the block, by number of series.
    pub(super) fn chunks(&self) -> Vec<(i64, &XorAppender)> {
        let mut chunks: Vec<_> = self.slots.iter().filter(|s| s.chunk.count() > 0).map(|s| (s.id, &s.chunk)).collect();
        chunks.sort_by_key(|(id, _)| *id);
        chunks
    }

    /// What the chunks of the block take.
    pub(super) fn bytes(&self) -> usize {
        self.slots.iter().map(|slot| slot.chunk.size()).sum()
    }

    /// What each signal has in the block.
    pub(super) fn tallies(&self) -> BTreeMap<&'static str, Tally> {
        let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
        for slot in &self.slots {
            let (Some(first), Some(last)) = (slot.chunk.first(), slot.chunk.last()) else { continue };
            let tally = tallies.entry(slot.name.0.name()).or_insert(Tally { first, last, samples: 0 });
            (tally.first, tally.last) = (tally.first.min(first), tally.last.max(last));
            tally.samples += slot.chunk.count() as u64;
        }
        tallies
    }

    /// Begins the next block: open series go on, closed ones leave.
    pub(super) fn next_block(&mut self) {
        let mut next = Head::new(self.block + 1);
        next.plans = self.plans;
        let mut moved = vec![usize::MAX; self.slots.len()];
        for (before, slot) in std::mem::take(&mut self.slots).into_iter().enumerate() {
            if slot.open {
                moved[before] = next.slots.len();
                next.load(slot.id, slot.name, true);
                if let Some(loaded) = next.slots.last_mut() {
                    loaded.position = slot.position;
                }
            }
        }
        // Whoever was in the last scrape is open, so that the positions stay right.
        next.order = self.order.iter().map(|slot| moved[*slot]).filter(|slot| *slot != usize::MAX).collect();
        *self = next;
    }
}
