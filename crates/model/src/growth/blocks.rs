//! A window cut into a few dozen blocks, each with its lower envelope and its middle.

use super::samples::Samples;
use crate::stats::order::quantile_in;

/// Blocks with at least one sample.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Middle of the block in cells since the start of the window.
    pub at: Vec<f64>,
    /// Tenth percentile: what is held even when load and garbage are at their lowest.
    pub low: Vec<f64>,
    /// Median.
    pub mid: Vec<f64>,
    /// The steadier of the two: what trends are looked for in.
    pub floor: Vec<f64>,
    /// Length of a block in cells.
    pub width: f64,
}

/// Which quantile is the lower envelope; the minimum would be one sample's whim.
pub(super) const LOWER: f64 = 0.1;

impl Blocks {
    /// Cuts the stretch between the first and the last sample into `count` blocks.
    pub(super) fn cut(samples: &Samples, count: usize) -> Blocks {
        let Some((first, _)) = samples.points.first().copied() else { return Blocks::default() };
        let width = samples.span() as f64 / count.max(1) as f64;
        let mut blocks = Blocks { width, ..Blocks::default() };
        let block_of = |cell: usize| (((cell - first) as f64 + 0.5) / width) as usize;
        let mut scratch = Vec::new();
        for group in samples.points.chunk_by(|a, b| block_of(a.0) == block_of(b.0)) {
            scratch.clear();
            scratch.extend(group.iter().map(|p| p.1));
            let low = quantile_in(&mut scratch, LOWER);
            let mid = quantile_in(&mut scratch, 0.5);
            if let (Some(low), Some(mid)) = (low, mid) {
                blocks.at.push(first as f64 + (block_of(group[0].0) as f64 + 0.5) * width);
                blocks.low.push(low);
                blocks.mid.push(mid);
            }
        }
        let (low, mid) = (jitter(&blocks.low), jitter(&blocks.mid));
        blocks.floor = if mid < STEADIER * low { blocks.mid.clone() } else { blocks.low.clone() };
        blocks
    }

    /// Number of blocks.
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// Time and floor of a range of blocks.
    pub(super) fn floors(&self, range: std::ops::Range<usize>) -> Vec<(f64, f64)> {
        self.at[range.clone()].iter().copied().zip(self.floor[range].iter().copied()).collect()
    }
}

/// The medians take the place of the lower envelope when they jitter by less than this share of it.
const STEADIER: f64 = 0.8;

/// How much neighbours usually differ.
fn jitter(values: &[f64]) -> f64 {
    let mut steps: Vec<f64> = values.windows(2).map(|p| (p[1] - p[0]).abs()).collect();
    quantile_in(&mut steps, 0.5).unwrap_or(0.0)
}
