//! The trend: whether it rises at all (a gate only), and how fast, with an honest interval.

use std::ops::Range;

use super::blocks::Blocks;
use crate::stats::autocorrelation::autocorrelation;
use crate::stats::kendall::{Kendall, hamed_rao, kendall, ranks};
use crate::stats::theil_sen::Slopes;

/// A trend pooled over lives. Slopes are per cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trend {
    /// Theil-Sen slope of the floor.
    pub slope: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Kendall's S in standard deviations, corrected for memory.
    pub z: f64,
}

/// Half-width of a 95 % interval in standard deviations.
const Z95: f64 = 1.96;

/// The trend of the blocks within these lives, neighbours taken for independent; `None` below eight pairs of blocks.
pub(super) fn trend(blocks: &Blocks, lives: &[Range<usize>]) -> Option<(Trend, Slopes)> {
    let mut slopes = Slopes::default();
    lives.iter().for_each(|life| slopes.add(&blocks.floors(life.clone())));
    if slopes.len() < 8 {
        return None;
    }
    let slope = slopes.median()?;
    let z = pooled(blocks, lives).z();
    Some((Trend { slope, low: f64::NEG_INFINITY, high: f64::INFINITY, z }, slopes))
}

impl Trend {
    /// The same trend with z and interval corrected for the memory that the rest around the growth shows. Memory makes
    /// the ends of the interval lie further from the slope by the root of what it makes the variance grow by; widening
    /// the ranks instead would run out of pairs for a smooth, strong leak and leave its interval without ends.
    pub(super) fn corrected(self, slopes: &mut Slopes, blocks: &Blocks, lives: &[Range<usize>], rest: &[f64]) -> Trend {
        let kendall = pooled(blocks, lives);
        let for_z = hamed_rao(rest);
        let wider = for_z.max(first_order(rest)).sqrt();
        let (low, high) = slopes.interval(&kendall, Z95).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let low = self.slope - wider * (self.slope - low).max(0.0);
        let high = self.slope + wider * (high - self.slope).max(0.0);
        Trend { low, high, z: kendall.widened(for_z).z(), ..self }
    }

    /// What remains of the blocks within the lives when the slope is taken away, life by life.
    pub(super) fn rest(&self, blocks: &Blocks, lives: &[Range<usize>]) -> Vec<f64> {
        let mut rest = Vec::new();
        for life in lives {
            let points = blocks.floors(life.clone());
            let mut bases: Vec<f64> = points.iter().map(|p| p.1 - self.slope * p.0).collect();
            let base = crate::stats::order::quantile_in(&mut bases.clone(), 0.5).unwrap_or(0.0);
            bases.iter_mut().for_each(|b| *b -= base);
            rest.extend(bases);
        }
        rest
    }
}

/// Kendall's S of pairs within lives.
fn pooled(blocks: &Blocks, lives: &[Range<usize>]) -> Kendall {
    lives.iter().fold(Kendall::default(), |sum, life| sum.pooled(kendall(&blocks.floor[life.clone()])))
}

/// How many times the variance of a slope is as large under first-order memory: `(1 + r) / (1 - r)` (von Storch 1995),
/// with the autocorrelation of the ranks at lag 1 freed of the bias that detrending brings, `(2 + 4 r) / n` (Marriott
/// and Pope 1954). Hamed and Rao's correction alone comes out too narrow for long memory.
fn first_order(rest: &[f64]) -> f64 {
    let n = rest.len() as f64;
    let Some(r) = autocorrelation(&ranks(rest), 1).get(1).copied() else { return 1.0 };
    let r = (r + (2.0 + 4.0 * r) / n).clamp(0.0, 0.95);
    (1.0 + r) / (1.0 - r)
}
