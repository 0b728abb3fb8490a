//! Lives: stretches between two starts. A leak over a restart is two ramps, not one fall.

use std::ops::Range;

use super::Watched;
use super::blocks::Blocks;
use super::samples::Samples;
use crate::stats::fit::{best_of, line, step};
use crate::stats::kendall::hamed_rao;
use crate::stats::order::median;
use crate::stats::theil_sen;

/// How the lives of a series were told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// There is only one.
    Whole,
    /// By starts the source knows of.
    Known,
    /// By a fall of the series itself.
    Fall,
}

/// Ranges of blocks within which the thing did not start anew.
#[derive(Clone, Debug)]
pub(super) struct Lives {
    /// The ranges, in order; a block that holds a start belongs to none.
    pub ranges: Vec<Range<usize>>,
    /// How they were told apart.
    pub told: Told,
}

/// Blocks on either side that the levels before and after a fall are taken from.
const SIDE: usize = 3;
/// A life told by a fall spans at least this share of the blocks: many short ones are a saw-tooth.
const SHORTEST: f64 = 0.25;
/// Two ramps must be so much more likely than one line and one step, in natural logarithms.
const CLEARLY: f64 = 3.0;
/// Each life grows at least at this share of the common rate.
const ALIKE: f64 = 0.5;

impl Lives {
    /// Tells the lives apart: by known starts, otherwise by a fall of at least `size` between two ramps.
    pub(super) fn tell(watched: &Watched<'_>, samples: &Samples, blocks: &Blocks, size: f64) -> Lives {
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
        let whole = 0..blocks.len();
        match restart(blocks, size) {
            Some(fall) => Lives { ranges: vec![0..fall, fall..blocks.len()], told: Told::Fall },
            None => Lives { ranges: vec![whole], told: Told::Whole },
        }
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

/// The block at which a second life begins, when two ramps of one rate with a fall between them explain the blocks
/// clearly better than a line and than one step. The usual rule, "falls below half", would miss a leak that grows by
/// less than its own size in a life: one of 60 % falls by 37.5 %.
fn restart(blocks: &Blocks, size: f64) -> Option<usize> {
    let n = blocks.len();
    let shortest = ((n as f64 * SHORTEST) as usize).max(2 * SIDE);
    if n < 2 * shortest {
        return None;
    }
    let side = |range: Range<usize>| median(&blocks.floor[range]).unwrap_or(f64::NAN);
    let drop = |at: usize| side(at - SIDE..at) - side(at..at + SIDE);
    let (deepest, fall) = (shortest..=n - shortest).map(|at| (drop(at), at)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    if deepest.is_nan() || deepest < size {
        return None;
    }
    let points = blocks.floors(0..n);
    let start = |at: usize| blocks.at[at];
    let near = (fall.saturating_sub(2).max(shortest)..=(fall + 2).min(n - shortest)).map(start);
    let two = best_of(&points, near, |t, turn| if t < turn { t - blocks.at[0] } else { t - turn })?;
    let fall = blocks.at.partition_point(|at| *at < two.turn);
    let slope = |range: Range<usize>| theil_sen::slope(&blocks.floors(range)).unwrap_or(0.0);
    if two.height <= 0.0 || slope(0..fall).min(slope(fall..n)) < ALIKE * two.height {
        return None;
    }
    let ramp = |t: f64| if t < two.turn { t - blocks.at[0] } else { t - two.turn };
    let rest: Vec<f64> = points.iter().map(|(t, v)| v - two.base - two.height * ramp(*t)).collect();
    let rivals = line(&points)?.cost.min(step(&points, 2)?.cost);
    let likely = n as f64 / hamed_rao(&rest) * (rivals / two.cost.max(f64::MIN_POSITIVE)).ln();
    (likely >= CLEARLY).then_some(fall)
}
