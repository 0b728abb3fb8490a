//! How the memory of some stacks went: sums at each snapshot, what was freed, and how far sampling may be off.
//!
//! A sampled profile is a Poisson sample of bytes: an object of `s` bytes is in it with `p = 1 - exp(-s / R)`, and `n`
//! sampled objects stand for `n / p`, with variance `n (1 - p) / p^2`. A sampled object stays in the sample while it
//! lives, so what is there at two snapshots has no error in their difference; objects that came or went have.

use super::digest::Figures;
use super::join::Joined;

/// The figures of some classes of objects over all snapshots.
#[derive(Clone)]
pub(super) struct Course<'j> {
    joined: &'j Joined,
    pub(super) classes: Vec<u32>,
    /// Sums at each snapshot.
    pub(super) sums: Vec<Figures>,
    /// Whether it is known what was allocated.
    allocations: bool,
}

/// What came and went between two snapshots.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    /// Growth of what is in use, in bytes or goroutines.
    pub(super) grown: f64,
    /// Its standard deviation, from sampling.
    pub(super) sd: f64,
    /// Sampled objects that came.
    pub(super) came: f64,
    /// Sampled objects that went.
    pub(super) went: f64,
    /// Share of what was allocated that is still in use: growth over allocations. NaN where nothing was allocated, or
    /// it is not known.
    pub(super) survival: f64,
}

/// Growth of objects of one size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grown {
    /// Bytes each.
    pub(super) size: f64,
    pub(super) objects: f64,
    pub(super) bytes: f64,
    /// Of the objects, from sampling.
    pub(super) variance: f64,
}

/// A flow and how long it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) flow: Flow,
    /// Milliseconds.
    length: f64,
}

impl Part {
    /// Growth a millisecond.
    pub(super) fn rate(&self) -> f64 {
        self.flow.grown / self.length
    }

    /// Standard deviation of the rate, from sampling.
    pub(super) fn sd(&self) -> f64 {
        self.flow.sd / self.length
    }
}

impl Flow {
    /// Growth in standard deviations; infinite where nothing is sampled.
    pub(super) fn z(&self) -> f64 {
        if self.grown == 0.0 { 0.0 } else { self.grown / self.sd }
    }

    /// Share of the sampled objects that came and did not go again, from 0 to 1.
    pub(super) fn kept(&self) -> f64 {
        if self.came > 0.0 { (1.0 - self.went / self.came).clamp(0.0, 1.0) } else { f64::NAN }
    }
}

impl<'j> Course<'j> {
    pub(super) fn new(joined: &'j Joined, classes: Vec<u32>, allocations: bool) -> Course<'j> {
        let mut sums = vec![Figures::default(); joined.count];
        for class in &classes {
            sums.iter_mut().zip(joined.figures(*class)).for_each(|(sum, figures)| sum.add(figures));
        }
        Course { joined, classes, sums, allocations }
    }

    /// Of all stacks given.
    pub(super) fn of(joined: &'j Joined, stacks: &[u32], allocations: bool) -> Course<'j> {
        let classes = stacks.iter().flat_map(|stack| {
            let (from, to) = joined.stacks[*stack as usize].classes;
            from..to
        });
        Course::new(joined, classes.collect(), allocations)
    }

    /// Only objects that are never freed: classes of which hardly any sampled object ever went, told for those with
    /// enough of them to tell (with half of them dying, five out of five survive once in 32 times).
    pub(super) fn kept(&self) -> Course<'j> {
        const ENOUGH: f64 = 4.5;
        const MOST_FREED: f64 = 0.05;
        let stays = |class: &u32| {
            let p = self.joined.classes[*class as usize].sampled;
            let (first, last) = self.ends(*class);
            let (came, freed) = match self.allocations {
                true => (last.allocated_objects, last.allocated_objects - last.objects),
                // Without allocations: it never fell.
                false => (last.objects - first.objects, self.fallen(*class)),
            };
            came * p >= ENOUGH && freed <= came * MOST_FREED
        };
        let classes = self.classes.iter().copied().filter(stays).collect();
        Course::new(self.joined, classes, self.allocations)
    }

    fn ends(&self, class: u32) -> (Figures, Figures) {
        let all = self.joined.figures(class);
        (all[0], all[all.len() - 1])
    }

    fn fallen(&self, class: u32) -> f64 {
        self.joined.figures(class).windows(2).map(|w| (w[0].objects - w[1].objects).max(0.0)).sum()
    }

    /// What is in use at each snapshot, in bytes or goroutines.
    pub(super) fn levels(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| self.joined.level(sum)).collect()
    }

    /// Bytes allocated since the process started, where known.
    pub(super) fn allocated(&self, snapshot: usize) -> Option<f64> {
        self.allocations.then(|| self.sums[snapshot].allocated_bytes)
    }

    /// Standard deviation of a figure of bytes in use, from sampling.
    pub(super) fn error(&self, snapshot: usize) -> f64 {
        let variance = |class: &u32| {
            let of = &self.joined.classes[*class as usize];
            let sampled = self.joined.figures(*class)[snapshot].objects * of.sampled;
            sampled * self.weight(*class)
        };
        self.classes.iter().map(variance).sum::<f64>().sqrt()
    }

    /// Variance that one sampled object brings: `(1 - p) (s / p)^2`.
    fn weight(&self, class: u32) -> f64 {
        let of = &self.joined.classes[class as usize];
        if self.joined.counts {
            // Goroutines are all there, but how many there are at one moment is chance (Poisson).
            return 1.0;
        }
        (1.0 - of.sampled) * (of.bytes / of.sampled).powi(2)
    }

    /// From one snapshot to a later one.
    pub(super) fn flow(&self, from: usize, to: usize) -> Flow {
        let (mut flow, mut variance) = (Flow::default(), 0.0);
        for class in &self.classes {
            let figures = self.joined.figures(*class);
            let (before, after) = (figures[from], figures[to]);
            let p = self.joined.classes[*class as usize].sampled;
            let grown = after.objects - before.objects;
            let came = match self.allocations {
                true => (after.allocated_objects - before.allocated_objects).max(grown).max(0.0),
                false => grown.max(0.0),
            };
            let went = came - grown;
            flow.came += came * p;
            flow.went += went * p;
            // What came and went in between leaves no trace in the difference.
            variance += (came.min(after.objects) + went.min(before.objects)) * p * self.weight(*class);
        }
        let level = |at: usize| self.joined.level(&self.sums[at]);
        flow.grown = level(to) - level(from);
        flow.sd = variance.sqrt();
        let allocated = self.sums[to].allocated_bytes - self.sums[from].allocated_bytes;
        flow.survival = if self.allocations && allocated > 0.0 { flow.grown / allocated } else { f64::NAN };
        flow
    }

    /// From the first snapshot to the last.
    pub(super) fn whole(&self) -> Flow {
        self.flow(0, self.sums.len().saturating_sub(1))
    }

    /// Between each snapshot and the next.
    pub(super) fn steps(&self) -> Vec<Flow> {
        (1..self.sums.len()).map(|to| self.flow(to - 1, to)).collect()
    }

    /// From the middle snapshot to the last; nothing with fewer than three.
    pub(super) fn late(&self) -> Option<Flow> {
        let last = self.sums.len().checked_sub(1)?;
        (last > 1).then(|| self.flow(last / 2, last))
    }

    /// The first and the last part, which leave out the middle interval where their number is odd. Nothing with fewer
    /// than three snapshots.
    pub(super) fn halves(&self, times: &[i64]) -> Option<(Part, Part)> {
        let last = self.sums.len().checked_sub(1)?;
        let reach = last / 2;
        let part = |from: usize, to: usize| Part {
            flow: self.flow(from, to),
            length: (times[to] - times[from]).max(1) as f64,
        };
        (reach > 0).then(|| (part(0, reach), part(last - reach, last)))
    }

    /// Mean size of the objects that went and of those in use at the end, in bytes, each byte counted alike. Zero where
    /// there are none.
    pub(super) fn mean_sizes(&self) -> (f64, f64) {
        let (mut went, mut left) = ((0.0, 0.0), (0.0, 0.0));
        for class in &self.classes {
            let (first, last) = self.ends(*class);
            let gone = (last.allocated_objects - first.allocated_objects) - (last.objects - first.objects);
            let size = self.joined.classes[*class as usize].bytes;
            went = (went.0 + gone.max(0.0) * size * size, went.1 + gone.max(0.0) * size);
            left = (left.0 + last.objects * size * size, left.1 + last.objects * size);
        }
        let mean = |(squares, bytes): (f64, f64)| if bytes > 0.0 { squares / bytes } else { 0.0 };
        (mean(went), mean(left))
    }

    /// Size of the largest object in use at each snapshot, where objects nearly as large hold most of the bytes at each
    /// of them: the table of a map, the array of a slice. Nothing where memory is spread over many objects.
    pub(super) fn containers(&self) -> Option<Vec<f64>> {
        const MOST: f64 = 0.6;
        const LARGEST: f64 = 0.45;
        // Smaller ones are not all sampled: that one is not seen says nothing.
        const SURE: f64 = 0.9;
        let at = |snapshot: usize| {
            let there = self.classes.iter().filter_map(|class| {
                let of = &self.joined.classes[*class as usize];
                let figures = &self.joined.figures(*class)[snapshot];
                (figures.objects > 0.0).then_some((of.bytes, of.sampled, figures.bytes))
            });
            let (largest, sampled) = there.clone().fold((0.0, 0.0), |m, o| if o.0 > m.0 { (o.0, o.1) } else { m });
            let near: f64 = there.filter(|o| o.0 >= LARGEST * largest).map(|o| o.2).sum();
            (sampled >= SURE && near >= MOST * self.sums[snapshot].bytes).then_some(largest)
        };
        let known: Option<Vec<f64>> = (0..self.sums.len()).map(at).collect();
        known.filter(|_| !self.joined.counts)
    }

    /// Sampled objects in use at the last snapshot.
    pub(super) fn sampled(&self) -> f64 {
        let last = self.sums.len().saturating_sub(1);
        self.classes
            .iter()
            .map(|class| self.joined.figures(*class)[last].objects * self.joined.classes[*class as usize].sampled)
            .sum()
    }

    /// Bytes an object, with the growth in objects and in bytes from the first snapshot to the last, and the standard
    /// deviation of the objects; the size that grew most in bytes first.
    pub(super) fn sizes(&self) -> Vec<Grown> {
        let mut all: Vec<Grown> = Vec::new();
        for class in &self.classes {
            let of = &self.joined.classes[*class as usize];
            let (first, last) = self.ends(*class);
            let size = if of.size > 0 { of.size as f64 } else { of.bytes.round() };
            let at = all.iter().position(|g| g.size == size).unwrap_or_else(|| {
                all.push(Grown { size, ..Grown::default() });
                all.len() - 1
            });
            let flow = Course::new(self.joined, vec![*class], self.allocations).whole();
            all[at].objects += last.objects - first.objects;
            all[at].bytes += last.bytes - first.bytes;
            all[at].variance += (flow.sd / of.bytes.max(1.0)).powi(2);
        }
        all.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        all
    }
}
