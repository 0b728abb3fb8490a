//! The gates that one stretch of time can decide by itself: trend, size and shape.

use super::blocks::Blocks;
use super::gates::{Gates, percent};
use super::lives::{Lives, Told};
use super::samples::Samples;
use super::shape::Shape;
use super::trend::{Trend, trend};
use super::{Settings, Watched};
use crate::stats::order::median;
use crate::stats::theil_sen::Slopes;

/// One stretch, measured.
pub(super) struct Candidate {
    /// Stretches between starts.
    pub lives: Lives,
    /// The trend over all of it.
    pub trend: Option<Trend>,
    /// Shapes of the longest life; only when trend and size gave reason to fit them.
    pub shape: Option<Shape>,
    /// Growth over the stretch.
    pub growth: f64,
    /// What that is held against.
    pub size: f64,
    /// By how much growth is more likely than the likeliest other shape, in natural logarithms; 0 when no shape was
    /// fitted.
    pub rival: f64,
    /// Whether every gate was passed.
    pub grows: bool,
}

/// Kendall's S must be so many standard deviations above nothing: p < 0.005 on one side.
const TREND: f64 = 2.58;
/// Growth must be so many times the spread around it.
const SIGNAL: f64 = 2.0;
/// The medians must grow by this share of what the lower envelope does.
const MEDIANS: f64 = 0.4;
/// No quarter may fall below the one before by more than this share of the growth.
const BACK: f64 = 0.25;
/// The last quarter must lie above the highest earlier one by this share of the growth.
const HIGH: f64 = 0.05;
/// The last two fifths must grow at this share of the whole rate.
const LATE: f64 = 0.5;
/// A step must be so much less likely than growth without end, in natural logarithms: e^2 is 7 to 1.
const STEP: f64 = 2.0;
/// The same for growth that barely matters, because small growth that ends again is common; in between it falls by
/// one for every size that matters.
const STEP_SMALL: f64 = 5.0;
/// A shape that bends may be so much more likely: it has a line as its limit, and one more parameter (Akaike 1974).
const BEND: f64 = -2.0;
/// Growth must span this many steps of the series' own resolution.
const QUANTA: f64 = 3.0;

impl Candidate {
    /// Measures a stretch and passes it through its gates.
    pub(super) fn of(
        watched: &Watched<'_>,
        settings: &Settings,
        samples: &Samples,
        blocks: &Blocks,
        gates: &mut Gates,
    ) -> Candidate {
        let level = median(&blocks.low).unwrap_or(0.0).abs();
        let size = (settings.min_growth_share * level).max(settings.min_growth).max(QUANTA * samples.quantum);
        let lives = Lives::tell(watched, samples, blocks, size);
        let found = trend(blocks, &lives.ranges);
        let mut it = Candidate { lives, trend: None, shape: None, growth: 0.0, size, rival: 0.0, grows: false };
        let Some((trend, mut slopes)) = found else { return it };
        let span = samples.span() as f64;
        it.growth = trend.slope * span;
        let edge = (blocks.len() / 6).max(1);
        let side = |r: std::ops::Range<usize>| median(&blocks.floor[r]).unwrap_or(0.0);
        let net = side(blocks.len() - edge..blocks.len()) - side(0..edge);
        if trend.z >= TREND && (it.growth >= size || net >= size) {
            it.shape = Shape::of(&blocks.floors(it.lives.longest()));
        }
        let mut rest = trend.rest(blocks, &it.lives.ranges);
        if let (Some(shape), Told::Whole) = (&it.shape, it.lives.told) {
            it.growth = it.growth.max(shape.growth());
            rest.clone_from(&shape.rest);
        }
        let trend = trend.corrected(&mut slopes, blocks, &it.lives.ranges, &rest);
        it.trend = Some(trend);
        let rises = gates.at_least(
            "trend",
            trend.z,
            TREND,
            format!("Kendall's trend is {:.1} standard deviations (at least {TREND})", trend.z),
        );
        let show = settings.show;
        let says = format!("growth over the window is {} (at least {})", show(it.growth), show(size));
        let big = gates.at_least("size", it.growth, size, says);
        if let Some(shape) = it.shape.clone() {
            let sure = gates.at_least(
                "interval",
                trend.low * span,
                0.0,
                format!("growth over the window is at least {} with 95 % confidence (above 0)", show(trend.low * span)),
            );
            let course = it.course(&shape, blocks, samples.quantum, gates);
            it.grows = it.rivals(&shape, gates) && course && rises && big && sure;
        }
        it
    }

    /// The gates of the course growth takes; all are tried, so that a reader sees every number.
    fn course(&self, shape: &Shape, blocks: &Blocks, quantum: f64, gates: &mut Gates) -> bool {
        let growth = shape.growth().max(f64::MIN_POSITIVE);
        let [q1, q2, q3, q4] = shape.quarters;
        let back = (q1 - q2).max(q2 - q3).max(q3 - q4).max(0.0) / growth;
        let high = (q4 - q1.max(q2).max(q3)) / growth;
        let signal = growth / shape.noise.max(quantum).max(f64::MIN_POSITIVE);
        let (both, late) = (self.both(blocks), shape.late * shape.length / growth);
        let says = format!("growth is {signal:.1} times the spread around it (at least {SIGNAL})");
        let clear = gates.at_least("signal", signal, SIGNAL, says);
        let (part, least) = (percent(both), percent(MEDIANS));
        let says = format!("of lower envelope and medians the slower grows at {part} of the faster (at least {least})");
        let alike = gates.at_least("medians", both, MEDIANS, says);
        let (part, most) = (percent(back), percent(BACK));
        let says = format!("the worst quarter falls back by {part} of the growth (at most {most})");
        let rising = gates.at_most("quarters", back, BACK, says);
        let (part, least) = (percent(high), percent(HIGH));
        let says = format!("the last quarter lies {part} of the growth above all before (at least {least})");
        let high = gates.at_least("ends-high", high, HIGH, says);
        let (part, least) = (percent(late), percent(LATE));
        let says = format!("the last two fifths grow at {part} of the whole rate (at least {least})");
        let lasting = gates.at_least("late-slope", late, LATE, says);
        clear && alike && rising && high && lasting
    }

    /// The gates of the shapes that only look like growth without end. With residuals after Laplace the logarithm of
    /// the likelihood of a shape is `-n ln(cost)`, up to a constant; `n` counts independent blocks.
    fn rivals(&mut self, shape: &Shape, gates: &mut Gates) -> bool {
        let leak = shape.leak().cost.max(f64::MIN_POSITIVE);
        let against = |cost: f64| shape.independent * (cost.max(f64::MIN_POSITIVE) / leak).ln();
        let sizes = self.growth / self.size.max(f64::MIN_POSITIVE);
        let clearly = (STEP_SMALL + 1.0 - sizes).clamp(STEP, STEP_SMALL);
        let says = |rival: &str, odds: f64, least: f64| {
            let (more, odds) = if odds < 0.0 { ("more", -odds) } else { ("less", odds) };
            format!(
                "{rival} is e^{odds:.1} times {more} likely than growth without end (at least e^{least:.0} times less)"
            )
        };
        let (step, slower, fill) = (against(shape.step.cost), against(shape.saturating.cost), against(shape.ramp.cost));
        self.rival = step.min(slower).min(fill);
        let step = gates.at_least("step-model", step, clearly, says("one step", step, clearly));
        let slower = gates.at_least("saturating-model", slower, BEND, says("an ever slower rise", slower, BEND));
        let fill = gates.at_least("fill-model", fill, BEND, says("a rise to a bound", fill, BEND));
        step && slower && fill
    }

    /// The block growth began at.
    pub(super) fn onset(&self, blocks: &Blocks) -> usize {
        let life = self.lives.longest();
        match &self.shape {
            Some(shape) if self.lives.told == Told::Whole => {
                let turn = shape.leak().turn + blocks.at.get(life.start).copied().unwrap_or(0.0);
                blocks.at.partition_point(|at| *at < turn).min(blocks.len().saturating_sub(1))
            }
            _ => 0,
        }
    }

    /// The slower of lower envelope and medians as a share of the faster.
    fn both(&self, blocks: &Blocks) -> f64 {
        let rate = |values: &[f64]| {
            let mut slopes = Slopes::default();
            for life in &self.lives.ranges {
                let points = blocks.at[life.clone()].iter().copied().zip(values[life.clone()].iter().copied());
                slopes.add(&points.collect::<Vec<_>>());
            }
            slopes.median().unwrap_or(0.0)
        };
        let (low, mid) = (rate(&blocks.low), rate(&blocks.mid));
        low.min(mid) / low.max(mid).max(f64::MIN_POSITIVE)
    }
}
