//! The trend: whether it rises at all (a gate only), and how fast, with an honest interval.

use std::ops::Range;

use super::blocks::Blocks;
use crate::stats::kendall::{Kendall, hamed_rao, kendall};
use crate::stats::theil_sen::Slopes;

/// A trend pooled over lives. Slopes are per cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trend {
    /// Theil-Sen slope of the lower envelope.
    pub slope: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Theil-Sen slope of the medians.
    pub mid_slope: f64,
    /// Kendall's S in standard deviations, corrected for memory.
    pub z: f64,
}

/// Half-width of a 95 % interval in standard deviations.
const Z95: f64 = 1.96;

/// The trend of the blocks within these lives; `None` when there are fewer than eight pairs.
pub(super) fn trend(blocks: &Blocks, lives: &[Range<usize>]) -> Option<Trend> {
    let mut slopes = Slopes::default();
    let mut mids = Slopes::default();
    for life in lives {
        slopes.add(&blocks.lows(life.clone()));
        mids.add(&blocks.mids(life.clone()));
    }
    if slopes.len() < 8 {
        return None;
    }
    let slope = slopes.median()?;
    let mut pooled = Kendall::default();
    for life in lives {
        let rest: Vec<f64> = blocks.lows(life.clone()).iter().map(|p| p.1 - slope * p.0).collect();
        let factor = hamed_rao(&rest);
        pooled = pooled.pooled(kendall(&blocks.low[life.clone()]).widened(factor));
    }
    let (low, high) = slopes.interval(&pooled, Z95)?;
    Some(Trend { slope, low: low.min(slope), high: high.max(slope), mid_slope: mids.median()?, z: pooled.z() })
}
