//! The shape: whether growth without end explains a stretch better than what merely looks like it.

use crate::stats::fit::{Fit, hinge, line, ramp, saturating, step};
use crate::stats::kendall::hamed_rao;
use crate::stats::order::{mad, median};
use crate::stats::theil_sen;

/// Shapes fitted to one life, all by least absolute deviations. Times are in cells since the first block of the life.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Straight line.
    pub line: Fit,
    /// Flat, then a line.
    pub hinge: Fit,
    /// Two levels.
    pub step: Fit,
    /// Ever slower.
    pub saturating: Fit,
    /// A line, then flat.
    pub ramp: Fit,
    /// Medians of the four quarters.
    pub quarters: [f64; 4],
    /// Slope of the last two fifths, per cell.
    pub late: f64,
    /// What remains around the better of line and hinge.
    pub rest: Vec<f64>,
    /// Robust spread of that.
    pub noise: f64,
    /// Blocks, counted as if they were independent: residuals that resemble each other are fewer witnesses.
    pub independent: f64,
    /// Length of the life in cells.
    pub length: f64,
}

impl Shape {
    /// Fits all shapes to the lower envelope of one life; `None` below eight blocks.
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Shape> {
        if points.len() < 8 {
            return None;
        }
        let start = points[0].0;
        let points: Vec<(f64, f64)> = points.iter().map(|p| (p.0 - start, p.1)).collect();
        let length = points[points.len() - 1].0;
        let part = |share: f64| length * share;
        let parts = |from: usize, to: usize, of: usize| (from..=to).map(move |i| i as f64 / of as f64);
        let line = line(&points)?;
        let hinge = hinge(&points, parts(0, 15, 20).map(part))?;
        let step = step(&points, 2)?;
        let ramp = ramp(&points, parts(2, 17, 20).map(part))?;
        let saturating = saturating(&points, (0..12).map(|i| part(0.02 * 1.35f64.powi(i))))?;
        let quarter = |i: usize| {
            let n = points.len();
            let values: Vec<f64> = points[n * i / 4..n * (i + 1) / 4].iter().map(|p| p.1).collect();
            median(&values).unwrap_or(f64::NAN)
        };
        let leak = if hinge.cost < line.cost { hinge } else { line };
        let rest: Vec<f64> =
            points.iter().map(|p| p.1 - leak.base - leak.height * (p.0 - leak.turn).max(0.0)).collect();
        Some(Shape {
            quarters: [quarter(0), quarter(1), quarter(2), quarter(3)],
            late: theil_sen::slope(&points[points.len() * 3 / 5..])?,
            noise: mad(&rest)?,
            independent: points.len() as f64 / hamed_rao(&rest),
            rest,
            line,
            hinge,
            step,
            saturating,
            ramp,
            length,
        })
    }

    /// The better of the two shapes that grow without end.
    pub(super) fn leak(&self) -> Fit {
        if self.hinge.cost < self.line.cost { self.hinge } else { self.line }
    }

    /// Growth over the life by that shape.
    pub(super) fn growth(&self) -> f64 {
        let leak = self.leak();
        leak.height * (self.length - leak.turn)
    }
}
