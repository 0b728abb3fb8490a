//! Stacks joined over snapshots: for each stack and size of objects, its figures at each of them.

use super::digest::{Digest, Entry, Figures};

/// Objects of one size allocated by one stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Bytes an object, as labelled; 0 where not said.
    pub(super) size: i64,
    /// Share of such objects that are sampled.
    pub(super) sampled: f64,
    /// Bytes an object, measured.
    pub(super) bytes: f64,
}

/// One stack over all snapshots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stack {
    /// Its classes: from, to.
    pub(super) classes: (u32, u32),
    /// A snapshot that has it, and where its locations stand there.
    pub(super) shown: (u32, (u32, u32)),
    /// Growth of what is in use from the first third of the snapshots to the last, as [`growth`] has it.
    pub(super) growth: f64,
}

/// Everything that moved.
pub(super) struct Joined {
    /// How many snapshots.
    pub(super) count: usize,
    pub(super) stacks: Vec<Stack>,
    pub(super) classes: Vec<Class>,
    /// `count` a class.
    figures: Vec<Figures>,
    /// Bytes in use of stacks that never changed, and how many these are.
    pub(super) still: (f64, usize),
    /// Whether growth is counted in objects: goroutines.
    pub(super) counts: bool,
}

impl Joined {
    /// Figures of a class at each snapshot.
    pub(super) fn figures(&self, class: u32) -> &[Figures] {
        let from = class as usize * self.count;
        &self.figures[from..from + self.count]
    }

    /// Growth of a stack from the first snapshot to the last.
    pub(super) fn grown(&self, stack: u32) -> f64 {
        let (from, to) = self.stacks[stack as usize].classes;
        let grown = |class: u32| {
            let all = self.figures(class);
            self.level(&all[self.count - 1]) - self.level(&all[0])
        };
        (from..to).map(grown).sum()
    }

    /// What growth is measured in: bytes of memory, or goroutines.
    pub(super) fn level(&self, figures: &Figures) -> f64 {
        if self.counts { figures.objects } else { figures.bytes }
    }
}

/// Growth over the whole time from the difference between the means of the outer thirds (Bartlett 1949): linear in
/// the values, so that the growth of a tree is the sum of the growth of its branches, and one odd snapshot does little.
pub(super) fn growth(values: impl Iterator<Item = f64> + Clone, times: &[i64]) -> f64 {
    let count = times.len();
    let third = (count / 3).max(1);
    if count < 2 {
        return 0.0;
    }
    let mean = |from: usize| values.clone().skip(from).take(third).sum::<f64>() / third as f64;
    let when = |from: usize| times[from..from + third].iter().map(|t| *t as f64).sum::<f64>() / third as f64;
    let apart = when(count - third) - when(0);
    let length = (times[count - 1] - times[0]) as f64;
    if apart > 0.0 { (mean(count - third) - mean(0)) / apart * length } else { 0.0 }
}

/// Joins snapshots, oldest first, taken at these times.
pub(super) fn join(digests: &[&Digest], times: &[i64], counts: bool) -> Joined {
    let count = digests.len();
    let period = digests.iter().map(|d| d.period).fold(0.0, f64::max);
    let mut joined =
        Joined { count, stacks: Vec::new(), classes: Vec::new(), figures: Vec::new(), still: (0.0, 0), counts };
    let mut at = vec![0usize; count];
    let key = |entry: &Entry| (entry.key, entry.size);
    while let Some(stack) = digests.iter().zip(&at).filter_map(|(d, i)| d.entries.get(*i)).map(|e| e.key).min() {
        let first = joined.classes.len() as u32;
        let mut shown = (0, (0, 0));
        let heads = |at: &[usize]| {
            let heads = digests.iter().zip(at).filter_map(|(d, i)| d.entries.get(*i)).filter(|e| e.key == stack);
            heads.map(key).min()
        };
        while let Some(class) = heads(&at) {
            let from = joined.figures.len();
            joined.figures.resize(from + count, Figures::default());
            for (i, digest) in digests.iter().enumerate() {
                while let Some(entry) = digest.entries.get(at[i]).filter(|entry| key(entry) == class) {
                    joined.figures[from + i].add(&entry.figures);
                    shown = (i as u32, entry.stack);
                    at[i] += 1;
                }
            }
            let class = joined.class(class.1, period, from);
            joined.classes.push(class);
        }
        joined.close(first, shown, times);
    }
    joined
}

impl Joined {
    fn class(&self, size: i64, period: f64, from: usize) -> Class {
        let mut sum = Figures::default();
        self.figures[from..].iter().for_each(|f| sum.add(f));
        let of = |bytes: f64, objects: f64| (objects > 0.0 && bytes > 0.0).then(|| bytes / objects);
        let measured = of(sum.bytes, sum.objects).or_else(|| of(sum.allocated_bytes, sum.allocated_objects));
        let bytes = measured.unwrap_or(size.max(1) as f64);
        // Poisson sampling of bytes: an object of `s` bytes is hit with `1 - exp(-s / period)`.
        let sampled = if period > 1.0 && !self.counts { -(-bytes / period).exp_m1() } else { 1.0 };
        Class { size, sampled: sampled.max(1e-12), bytes }
    }

    /// Ends a stack; one that never moved is only counted.
    fn close(&mut self, first: u32, shown: (u32, (u32, u32)), times: &[i64]) {
        let classes = (first, self.classes.len() as u32);
        let all = &self.figures[first as usize * self.count..];
        let level = |i: usize| all.chunks_exact(self.count).map(|f| self.level(&f[i])).sum::<f64>();
        let levels: Vec<f64> = (0..self.count).map(level).collect();
        if levels.iter().all(|l| *l == levels[0]) {
            self.still.0 += levels[0];
            self.still.1 += usize::from(levels[0] > 0.0);
            self.classes.truncate(first as usize);
            self.figures.truncate(first as usize * self.count);
            return;
        }
        let growth = growth(levels.iter().copied(), times);
        self.stacks.push(Stack { classes, shown, growth });
    }
}
