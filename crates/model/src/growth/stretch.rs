//! One stretch of time of a series, cut into blocks and passed through the gates it can decide by itself.

use super::blocks::Blocks;
use super::candidate::Candidate;
use super::gates::Gates;
use super::samples::Samples;
use super::trend::{Trend, trend};
use super::{Interval, Settings, Watched};
use crate::stats::order::median;
use crate::time::{Time, Window};

/// A stretch, measured.
pub(super) struct Stretch {
    /// Its grid.
    pub window: Window,
    /// Its blocks.
    pub blocks: Blocks,
    /// What the gates made of it.
    pub candidate: Candidate,
    /// Cells from the first to the last sample.
    pub span: usize,
}

/// Samples a block holds at least, where the series has enough of them.
const PER_BLOCK: usize = 6;
/// Most blocks: 1,770 pairs.
const BLOCKS: usize = 60;
/// Fewest blocks to measure growth that set in late by itself.
const LATE_BLOCKS: usize = 8;

impl Stretch {
    /// Measures samples.
    pub(super) fn of(watched: &Watched<'_>, settings: &Settings, samples: &Samples, gates: &mut Gates) -> Stretch {
        let n = samples.points.len();
        let blocks = Blocks::cut(samples, (n / PER_BLOCK).max((n / 3).min(24)).clamp(4, BLOCKS));
        let candidate = Candidate::of(watched, settings, samples, &blocks, gates);
        Stretch { window: *watched.window, blocks, candidate, span: samples.span() }
    }

    /// The instant of a place on the grid.
    fn time(&self, cell: f64) -> Time {
        self.window.from.saturating_add(((cell + 1.0) * self.window.step.millis() as f64) as Time)
    }

    /// When growth began, and the end of the last block.
    pub(super) fn anomaly(&self) -> Option<(Time, Time)> {
        let onset = self.blocks.at.get(self.candidate.onset(&self.blocks))?;
        Some((self.time(*onset), self.time(*self.blocks.at.last()?)))
    }

    /// Lower envelope of so many of the last blocks.
    pub(super) fn level(&self, share: f64) -> f64 {
        let n = self.blocks.len();
        let last = ((n as f64 * share) as usize).clamp(1, n.max(1));
        median(&self.blocks.low[n.saturating_sub(last)..]).unwrap_or(f64::NAN)
    }

    /// The same of the medians: what is in use now.
    pub(super) fn in_use(&self, share: f64) -> f64 {
        let n = self.blocks.len();
        let last = ((n as f64 * share) as usize).clamp(1, n.max(1));
        median(&self.blocks.mid[n.saturating_sub(last)..]).unwrap_or(f64::NAN)
    }

    /// The level before growth, or the usual one.
    pub(super) fn baseline(&self) -> f64 {
        let n = self.blocks.len();
        let until = self.candidate.onset(&self.blocks).max(n / 8).clamp(1, n.max(1));
        let part = if self.candidate.shape.is_some() { &self.blocks.low[..until.min(n)] } else { &self.blocks.low[..] };
        median(part).unwrap_or(f64::NAN)
    }

    /// The rate a day: since the onset for growth that set in late, over all lives otherwise.
    pub(super) fn growth(&self) -> Option<Interval> {
        let per_day = 86_400_000.0 / self.window.step.millis().max(1) as f64;
        let mut found = self.candidate.trend?;
        let (onset, n) = (self.candidate.onset(&self.blocks), self.blocks.len());
        if self.candidate.grows && onset * 5 >= n && n - onset >= LATE_BLOCKS {
            found = since(&self.blocks, onset..n).filter(|t| (t.high - t.low).is_finite()).unwrap_or(found);
        }
        let Trend { slope, low, high, .. } = found;
        Some(Interval { low: low * per_day, mid: slope * per_day, high: high * per_day })
    }
}

/// The trend of one range of blocks by itself.
fn since(blocks: &Blocks, range: std::ops::Range<usize>) -> Option<Trend> {
    let life = std::slice::from_ref(&range);
    let (trend, mut slopes) = trend(blocks, life)?;
    let rest = trend.rest(blocks, life);
    Some(trend.corrected(&mut slopes, blocks, life, &rest))
}
