//! What came before: the same clock time in earlier seasons, levels known before, and longer stretches.

use super::Watched;
use super::blocks::{Blocks, LOWER};
use super::samples::Samples;
use crate::stats::order::{median, quantile_in};
use crate::time::{Span, Time, Window};

/// All samples known of a series, the window's own last; in order of time.
pub(super) struct Past {
    points: Vec<(Time, f64)>,
    /// The coarser of the steps of window and history.
    step: Span,
}

/// How a window compares with the same clock time in earlier seasons.
#[derive(Clone, Copy, Debug)]
pub(super) struct Season {
    /// Earlier seasons that could be compared.
    pub seasons: usize,
    /// Most growth over the same clock time in one of them.
    pub growth_then: f64,
    /// What the level gained on the same clock time a season before.
    pub gained: f64,
}

/// Earlier seasons compared at most.
const MOST_SEASONS: i64 = 14;
/// Share of the blocks that must be known of an earlier season, in percent.
const KNOWN: usize = 60;

impl Past {
    /// Joins history and window; history that overlaps the window gives way.
    pub(super) fn of(watched: &Watched<'_>, samples: &Samples) -> Past {
        let mut points: Vec<(Time, f64)> = Vec::new();
        let mut step = watched.window.step;
        if let Some((grid, values)) = watched.history {
            step = step.max(grid.step);
            let cells = grid.cells().min(values.len());
            let all = values[..cells].iter().enumerate().map(|(i, v)| (grid.time_of(i), *v));
            points.extend(all.filter(|(at, v)| *at <= watched.window.from && v.is_finite()));
        }
        points.extend(samples.points.iter().map(|(cell, v)| (watched.window.time_of(*cell), *v)));
        Past { points, step }
    }

    /// The first instant known.
    pub(super) fn first(&self) -> Option<Time> {
        self.points.first().map(|p| p.0)
    }

    /// How far back it reaches before an instant.
    fn reach(&self, before: Time) -> Span {
        self.first().map_or(Span::ZERO, |at| Span::from_millis(before.saturating_sub(at)))
    }

    /// Lower envelope of what lies in `(from, to]`.
    fn low(&self, from: Time, to: Time) -> Option<f64> {
        let start = self.points.partition_point(|p| p.0 <= from);
        let end = self.points.partition_point(|p| p.0 <= to);
        let mut values: Vec<f64> = self.points.get(start..end)?.iter().map(|p| p.1).collect();
        quantile_in(&mut values, LOWER)
    }

    /// The blocks of a window as they were `back` earlier; NaN where nothing is known.
    fn shifted(&self, window: &Window, blocks: &Blocks, back: i64) -> Vec<f64> {
        let step = window.step.millis() as f64;
        // A history that is coarser than the blocks still has a sample within half a cell of each.
        let half = (blocks.width * step / 2.0).max(step).max(self.step.millis() as f64 / 2.0);
        let at = |cell: f64| window.from as f64 + (cell + 0.5) * step - back as f64;
        blocks
            .at
            .iter()
            .map(|cell| self.low((at(*cell) - half) as Time, (at(*cell) + half) as Time).unwrap_or(f64::NAN))
            .collect()
    }

    /// Compares a window with earlier seasons; `None` when none of them is known well enough.
    pub(super) fn season(&self, window: &Window, blocks: &Blocks, season: Span) -> Option<Season> {
        if season == Span::ZERO {
            return None;
        }
        let season = season.millis();
        let most = (self.reach(window.to).millis() / season).clamp(0, MOST_SEASONS);
        let mut it = Season { seasons: 0, growth_then: f64::NEG_INFINITY, gained: f64::NAN };
        for back in 1..=most {
            let then = self.shifted(window, blocks, back * season);
            let known = then.iter().filter(|v| v.is_finite()).count();
            if known * 100 < blocks.len() * KNOWN {
                continue;
            }
            it.seasons += 1;
            it.growth_then = it.growth_then.max(rise(&then));
            if it.gained.is_nan() {
                let gains: Vec<f64> = blocks.low.iter().zip(&then).map(|(now, then)| now - then).collect();
                it.gained = median(&gains)? / back as f64;
            }
        }
        (it.seasons > 0).then_some(it)
    }

    /// How much the series differs from itself a season before, as a share of what it usually differs from its own
    /// median; `None` below two seasons.
    pub(super) fn rhythm(&self, window: &Window, blocks: &Blocks, season: Span) -> Option<f64> {
        if season == Span::ZERO || self.reach(window.to).millis() / season.millis() < 2 {
            return None;
        }
        let then = self.shifted(window, blocks, season.millis());
        let apart: Vec<f64> = blocks.low.iter().zip(&then).map(|(a, b)| (a - b).abs()).collect();
        if apart.iter().filter(|v| v.is_finite()).count() < 8 {
            return None;
        }
        let centre = median(&blocks.low)?;
        let usual: Vec<f64> = blocks.low.iter().map(|v| (v - centre).abs()).collect();
        Some(median(&apart)? / median(&usual)?.max(f64::MIN_POSITIVE))
    }

    /// Everything known between two instants, on a grid as coarse as the coarser of window and history.
    pub(super) fn stretch(&self, from: Time, to: Time) -> Option<(Window, Vec<f64>)> {
        let window = Window::ending(to, Span::from_millis(to.checked_sub(from)?), self.step).ok()?;
        let mut values = vec![f64::NAN; window.cells()];
        let start = self.points.partition_point(|p| p.0 <= window.from);
        for (at, value) in &self.points[start..] {
            if let Some(cell) = window.cell(*at).and_then(|cell| values.get_mut(cell)) {
                *cell = *value;
            }
        }
        Some((window, values))
    }

    /// The level that the lower envelope stayed under for this share of the time before a window; `None` when less
    /// than half a window's length is known.
    pub(super) fn usual(&self, window: &Window, blocks: &Blocks, share: f64) -> Option<f64> {
        let width = ((blocks.width * window.step.millis() as f64) as i64).max(1);
        let before = self.points.partition_point(|p| p.0 <= window.from);
        let groups = self.points[..before].chunk_by(|a, b| a.0.div_euclid(width) == b.0.div_euclid(width));
        let mut lows: Vec<f64> =
            groups.filter_map(|group| quantile_in(&mut group.iter().map(|p| p.1).collect(), LOWER)).collect();
        if lows.len() * 2 < blocks.len() { None } else { quantile_in(&mut lows, share) }
    }
}

/// What the last quarter holds more than the first.
fn rise(values: &[f64]) -> f64 {
    let n = values.len();
    let quarter = (n / 4).max(1).min(n);
    match (median(&values[n - quarter..]), median(&values[..quarter])) {
        (Some(late), Some(early)) => late - early,
        _ => f64::NEG_INFINITY,
    }
}
