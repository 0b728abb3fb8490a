//! Lives: stretches between two starts. A leak over a restart is two ramps, not one fall.

use std::ops::Range;

use super::Watched;
use super::blocks::Blocks;
use super::samples::Samples;
use crate::stats::order::quantile;

/// How the lives of a series were told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// There is only one.
    Whole,
    /// By starts the source knows of.
    Known,
    /// By falls of the series itself.
    Falls,
}

/// Ranges of blocks within which the thing did not start anew.
#[derive(Clone, Debug)]
pub(super) struct Lives {
    /// The ranges, in order; a block that holds a start belongs to none.
    pub ranges: Vec<Range<usize>>,
    /// How they were told apart.
    pub told: Told,
}

/// More falls than this in one window are a saw-tooth, not restarts.
const MOST_FALLS: usize = 3;
/// A fall counts as a restart when it gives back this share of what was held before it: a leak that grows 60 % in a
/// life falls by 37.5 % at its restart, so the usual "half" would miss it.
const FALL: f64 = 0.15;
/// Blocks on either side that the levels before and after a fall are taken from.
const SIDE: usize = 2;

impl Lives {
    /// Tells the lives apart: by known starts, otherwise by falls.
    pub(super) fn tell(watched: &Watched<'_>, samples: &Samples, blocks: &Blocks) -> Lives {
        let known: Vec<f64> = watched
            .starts
            .iter()
            .filter_map(|at| watched.window.cell(*at))
            .map(|cell| cell as f64)
            .filter(|cell| samples.points.first().is_some_and(|p| *cell > p.0 as f64))
            .collect();
        if !known.is_empty() {
            return Lives { ranges: between(blocks, &known), told: Told::Known };
        }
        let falls = falls(blocks);
        if falls.is_empty() || falls.len() > MOST_FALLS {
            let whole = 0..blocks.len();
            return Lives { ranges: vec![whole], told: Told::Whole };
        }
        let mut ranges = Vec::new();
        let mut from = 0;
        for fall in falls {
            ranges.push(from..fall);
            from = fall + 1;
        }
        ranges.push(from..blocks.len());
        Lives { ranges: ranges.into_iter().filter(|r| !r.is_empty()).collect(), told: Told::Falls }
    }

    /// The longest life; the later of two that are equal.
    pub(super) fn longest(&self) -> Range<usize> {
        self.ranges.iter().max_by_key(|r| r.len()).cloned().unwrap_or(0..0)
    }
}

/// Ranges of blocks between the cells of starts; blocks that hold one are left out.
fn between(blocks: &Blocks, starts: &[f64]) -> Vec<Range<usize>> {
    let life = |i: usize| {
        let (from, to) = (blocks.at[i] - blocks.width / 2.0, blocks.at[i] + blocks.width / 2.0);
        let holds = starts.iter().any(|s| *s >= from && *s < to);
        (!holds).then(|| starts.iter().filter(|s| **s < from).count())
    };
    let mut ranges: Vec<(usize, Range<usize>)> = Vec::new();
    for i in 0..blocks.len() {
        match (life(i), ranges.last_mut()) {
            (Some(n), Some((m, range))) if *m == n => range.end = i + 1,
            (Some(n), _) => ranges.push((n, i..i + 1)),
            (None, _) => {}
        }
    }
    ranges.into_iter().map(|(_, range)| range).collect()
}

/// Blocks at which the level falls at once, far beyond what neighbours usually differ by, and stays down.
fn falls(blocks: &Blocks) -> Vec<usize> {
    let n = blocks.len();
    if n < 4 * SIDE {
        return Vec::new();
    }
    let jumps: Vec<f64> = blocks.mid.windows(2).map(|p| (p[1] - p[0]).abs()).collect();
    let usual = quantile(&jumps, 0.75).unwrap_or(0.0);
    let mut found = Vec::new();
    let mut at = SIDE;
    while at + SIDE < n {
        let before = blocks.low[at - SIDE..at].iter().copied().fold(f64::INFINITY, f64::min);
        let after = blocks.mid[at + 1..=at + SIDE].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if before - after > FALL * before.abs() && before - after > 6.0 * usual {
            found.push(at);
            at += SIDE;
        }
        at += 1;
    }
    found
}
