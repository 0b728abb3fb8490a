//! The gates that one stretch of time can decide by itself: trend, size and shape.

use super::blocks::Blocks;
use super::gates::Gates;
use super::lives::{Lives, Told};
use super::samples::Samples;
use super::shape::Shape;
use super::trend::{Trend, trend};
use super::{Settings, Watched};
use crate::stats::order::median;

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
/// Misfit of growth without end as a share of the misfit of one step: the step must lose clearly.
const STEP: f64 = 0.9;
/// The same for shapes that bend: they hold a line as their limit and may only not win.
const BEND: f64 = 1.0;
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
        let lives = Lives::tell(watched, samples, blocks);
        let trend = trend(blocks, &lives.ranges);
        let level = median(&blocks.low).unwrap_or(0.0).abs();
        let size = (settings.min_growth_share * level).max(settings.min_growth).max(QUANTA * samples.quantum);
        let mut it = Candidate { lives, trend, shape: None, growth: 0.0, size, grows: false };
        let Some(trend) = trend else { return it };
        let span = samples.span() as f64;
        it.growth = trend.slope * span;
        let edge = (blocks.len() / 6).max(1);
        let side = |r: std::ops::Range<usize>| median(&blocks.low[r]).unwrap_or(0.0);
        let net = side(blocks.len() - edge..blocks.len()) - side(0..edge);
        let rises = gates.at_least(
            "trend",
            trend.z,
            TREND,
            format!("Kendall's trend is {:.1} standard deviations (at least {TREND})", trend.z),
        );
        let big = it.growth >= size || net >= size;
        if rises && big {
            it.shape = Shape::of(&blocks.lows(it.lives.longest()));
        }
        if let (Some(shape), Told::Whole) = (&it.shape, it.lives.told) {
            it.growth = it.growth.max(shape.growth());
        }
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
            it.grows = it.shape_gates(&shape, &trend, samples.quantum, gates) && rises && big && sure;
        }
        it
    }

    /// The gates of the shape; all are tried, so that a reader sees every number.
    fn shape_gates(&self, shape: &Shape, trend: &Trend, quantum: f64, gates: &mut Gates) -> bool {
        let growth = shape.growth().max(f64::MIN_POSITIVE);
        let [q1, q2, q3, q4] = shape.quarters;
        let back = (q1 - q2).max(q2 - q3).max(q3 - q4).max(0.0) / growth;
        let high = (q4 - q1.max(q2).max(q3)) / growth;
        let signal = growth / shape.noise.max(quantum).max(f64::MIN_POSITIVE);
        let medians = trend.mid_slope / trend.slope.max(f64::MIN_POSITIVE);
        let late = shape.late * shape.length / growth;
        let misfit = shape.leak().cost.max(f64::MIN_POSITIVE);
        let against = |cost: f64| misfit / cost.max(f64::MIN_POSITIVE);
        let (step, bend, fill) = (against(shape.step.cost), against(shape.saturating.cost), against(shape.ramp.cost));
        let percent = |x: f64| format!("{:.0} %", x * 100.0);
        [
            gates.at_least(
                "signal",
                signal,
                SIGNAL,
                format!("growth is {signal:.1} times the spread around it (at least {SIGNAL})"),
            ),
            gates.at_least(
                "medians",
                medians,
                MEDIANS,
                format!(
                    "the medians grow at {} of the rate of the lower envelope (at least {})",
                    percent(medians),
                    percent(MEDIANS)
                ),
            ),
            gates.at_most(
                "quarters",
                back,
                BACK,
                format!("the worst quarter falls back by {} of the growth (at most {})", percent(back), percent(BACK)),
            ),
            gates.at_least(
                "ends-high",
                high,
                HIGH,
                format!(
                    "the last quarter lies {} of the growth above all before (at least {})",
                    percent(high),
                    percent(HIGH)
                ),
            ),
            gates.at_least(
                "late-slope",
                late,
                LATE,
                format!("the last two fifths grow at {} of the whole rate (at least {})", percent(late), percent(LATE)),
            ),
            gates.at_most(
                "step-model",
                step,
                STEP,
                format!("growth misses by {} of what one step misses by (at most {})", percent(step), percent(STEP)),
            ),
            gates.at_most(
                "saturating-model",
                bend,
                BEND,
                format!(
                    "growth misses by {} of what an ever slower rise misses by (at most {})",
                    percent(bend),
                    percent(BEND)
                ),
            ),
            gates.at_most(
                "fill-model",
                fill,
                BEND,
                format!(
                    "growth misses by {} of what a rise to a bound misses by (at most {})",
                    percent(fill),
                    percent(BEND)
                ),
            ),
        ]
        .into_iter()
        .all(|passed| passed)
    }
}
