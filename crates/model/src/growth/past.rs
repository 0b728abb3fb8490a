//! What came before: the same clock time in earlier seasons, and growth in the stretch before.

use super::blocks::{Blocks, LOWER};
use super::samples::Samples;
use super::{Settings, Watched};
use crate::stats::order::{median, quantile_in};
use crate::time::{Span, Time, Window};

/// All samples known of a series, the window's own last; in order of time.
pub(super) struct Past {
    points: Vec<(Time, f64)>,
}

/// How the window compares with the same clock time in earlier seasons.
#[derive(Clone, Copy, Debug)]
pub(super) struct Season {
    /// Earlier seasons that could be compared.
    pub seasons: usize,
    /// Most growth over the same clock time in one of them.
    pub growth_then: f64,
    /// What the level gained on the same clock time a season before.
    pub gained: f64,
}

impl Past {
    /// Joins history and window; history that overlaps the window gives way.
    pub(super) fn of(watched: &Watched<'_>, samples: &Samples) -> Past {
        let mut points: Vec<(Time, f64)> = Vec::new();
        if let Some((grid, values)) = watched.history {
            let cells = grid.cells().min(values.len());
            let all = values[..cells].iter().enumerate().map(|(i, v)| (grid.time_of(i), *v));
            points.extend(all.filter(|(at, v)| *at <= watched.window.from && v.is_finite()));
        }
        points.extend(samples.points.iter().map(|(cell, v)| (watched.window.time_of(*cell), *v)));
        Past { points }
    }

    /// How far back it reaches before an instant.
    pub(super) fn reach(&self, before: Time) -> Span {
        self.points.first().map_or(Span::ZERO, |p| Span::from_millis(before.saturating_sub(p.0)))
    }

    /// Lower envelope of what lies in `(from, to]`.
    fn low(&self, from: Time, to: Time) -> Option<f64> {
        let start = self.points.partition_point(|p| p.0 <= from);
        let end = self.points.partition_point(|p| p.0 <= to);
        let mut values: Vec<f64> = self.points.get(start..end)?.iter().map(|p| p.1).collect();
        quantile_in(&mut values, LOWER)
    }

    /// The blocks of a window as they were `back` earlier; NaN where nothing is known.
    fn shifted(&self, watched: &Watched<'_>, blocks: &Blocks, back: i64) -> Vec<f64> {
        let step = watched.window.step.millis() as f64;
        // A history that is coarser than the blocks still has a sample within half a cell of each.
        let coarse = watched.history.map_or(0.0, |(grid, _)| grid.step.millis() as f64 / 2.0);
        let half = (blocks.width * step / 2.0).max(step).max(coarse);
        let at = |cell: f64| watched.window.from as f64 + (cell + 0.5) * step - back as f64;
        blocks
            .at
            .iter()
            .map(|cell| self.low((at(*cell) - half) as Time, (at(*cell) + half) as Time).unwrap_or(f64::NAN))
            .collect()
    }

    /// Compares with earlier seasons; `None` when none of them is known well enough.
    pub(super) fn season(&self, watched: &Watched<'_>, settings: &Settings, blocks: &Blocks) -> Option<Season> {
        let season = settings.season.millis();
        if season <= 0 {
            return None;
        }
        let most = (self.reach(watched.window.to).millis() / season).clamp(0, MOST_SEASONS);
        let mut it = Season { seasons: 0, growth_then: f64::NEG_INFINITY, gained: f64::NAN };
        for back in 1..=most {
            let then = self.shifted(watched, blocks, back * season);
            let known = then.iter().filter(|v| v.is_finite()).count();
            if known * 10 < blocks.len() * 6 {
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

    /// Whether the series follows the clock: it differs from itself a season before by less than half of what it
    /// usually differs from its own median. Gives that share.
    pub(super) fn rhythm(&self, watched: &Watched<'_>, settings: &Settings, blocks: &Blocks) -> Option<f64> {
        if settings.season == Span::ZERO
            || self.reach(watched.window.to) < Span::from_millis(2 * settings.season.millis())
        {
            return None;
        }
        let then = self.shifted(watched, blocks, settings.season.millis());
        let apart: Vec<f64> = blocks.low.iter().zip(&then).map(|(a, b)| (a - b).abs()).collect();
        if apart.iter().filter(|v| v.is_finite()).count() < 8 {
            return None;
        }
        let centre = median(&blocks.low)?;
        let usual: Vec<f64> = blocks.low.iter().map(|v| (v - centre).abs()).collect();
        Some(median(&apart)? / median(&usual)?.max(f64::MIN_POSITIVE))
    }

    /// Everything known between two instants, on a grid as coarse as the coarser of window and history.
    pub(super) fn stretch(&self, watched: &Watched<'_>, from: Time, to: Time) -> Option<(Window, Vec<f64>)> {
        let step = watched.history.map_or(watched.window.step, |(grid, _)| grid.step.max(watched.window.step));
        let window = Window::ending(to, Span::from_millis(to.checked_sub(from)?), step).ok()?;
        let mut values = vec![f64::NAN; window.cells()];
        let start = self.points.partition_point(|p| p.0 <= window.from);
        for (at, value) in &self.points[start..] {
            if let Some(cell) = window.cell(*at).and_then(|cell| values.get_mut(cell)) {
                *cell = *value;
            }
        }
        Some((window, values))
    }

    /// The level that the lower envelope stayed under for this share of the time before the window; `None` when less
    /// than a window's length is known.
    pub(super) fn usual(&self, watched: &Watched<'_>, blocks: &Blocks, share: f64) -> Option<f64> {
        let width = ((blocks.width * watched.window.step.millis() as f64) as i64).max(1);
        let before = self.points.partition_point(|p| p.0 <= watched.window.from);
        let groups = self.points[..before].chunk_by(|a, b| a.0.div_euclid(width) == b.0.div_euclid(width));
        let mut lows: Vec<f64> =
            groups.filter_map(|group| quantile_in(&mut group.iter().map(|p| p.1).collect(), LOWER)).collect();
        if lows.len() * 2 < blocks.len() { None } else { quantile_in(&mut lows, share) }
    }
}

/// Earlier seasons compared at most.
const MOST_SEASONS: i64 = 14;

/// What the last quarter holds more than the first.
fn rise(values: &[f64]) -> f64 {
    let n = values.len();
    let quarter = (n / 4).max(1);
    match (median(&values[n - quarter..]), median(&values[..quarter])) {
        (Some(late), Some(early)) => late - early,
        _ => f64::NEG_INFINITY,
    }
}
