//! The shape of growth: steady, in steps, in doublings, slowing down.

use schemars::JsonSchema;
use serde::Serialize;

use super::course::{Course, Flow};

/// How growth goes over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// At one rate, as far as chance lets see.
    Steady,
    /// Ever faster.
    Accelerating,
    /// Ever slower.
    Saturating,
    /// In jumps with nothing between them.
    Stepped,
    /// In jumps to twice as much: a map or slice that takes a larger table and frees the old one.
    Doubling,
    /// Up and down.
    SawTooth,
}

impl Shape {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Shape::Steady => "steady",
            Shape::Accelerating => "accelerating",
            Shape::Saturating => "saturating",
            Shape::Stepped => "stepped",
            Shape::Doubling => "in doublings",
            Shape::SawTooth => "saw-tooth",
        }
    }
}

/// An interval with less than this share of the largest step has none.
const STEP: f64 = 0.2;

/// A step is one of many sampled objects from so many standard deviations on.
const CERTAIN: f64 = 4.0;

/// Rates differ from so many standard deviations on.
const SURE: f64 = 3.0;

/// The shape of a course between its snapshots.
pub(super) fn of(course: &Course<'_>, times: &[i64], steps: &[Flow]) -> Shape {
    let most = steps.iter().map(|s| s.grown).fold(0.0, f64::max);
    if steps.iter().any(|s| s.grown < -STEP * most && s.grown < -2.0 * s.sd) {
        return Shape::SawTooth;
    }
    if doubles(course) {
        return Shape::Doubling;
    }
    let jumps = steps.iter().filter(|s| s.grown > STEP * most).count();
    // An interval is empty when a step in it would have been seen.
    let empty = steps.iter().filter(|s| s.grown <= STEP * most && most - s.grown > 3.0 * s.sd.max(1e-9)).count();
    if steps.len() >= 3 && empty * 2 >= steps.len().min(empty + jumps) && empty > 0 && jumps * 2 <= steps.len() + 1 {
        return Shape::Stepped;
    }
    let Some((early, late)) = course.halves(times) else { return Shape::Steady };
    let (slow, fast, sd) = (early.rate(), late.rate(), early.sd().hypot(late.sd()));
    match () {
        () if slow - fast > SURE * sd && fast < 0.5 * slow => Shape::Saturating,
        () if fast - slow > SURE * sd && fast > 2.0 * slow => Shape::Accelerating,
        () => Shape::Steady,
    }
}

/// Whether memory grows as containers do: what is freed in it is smaller than what takes its place, or half of what
/// is taken is freed at all times.
fn doubles(course: &Course<'_>) -> bool {
    const LARGER: f64 = 1.4;
    let whole = course.whole();
    if whole.grown <= 0.0 || !(0.05..0.9).contains(&whole.survival) {
        return false;
    }
    let (went, came) = course.mean_sizes();
    came >= went * LARGER
}

/// The intervals in which it jumped.
pub(super) fn jumps(steps: &[Flow]) -> Vec<usize> {
    let most = steps.iter().map(|s| s.grown).fold(0.0, f64::max);
    (0..steps.len()).filter(|i| steps[*i].grown > STEP * most).collect()
}

/// The time between steps of equal size, in milliseconds, where the snapshots show three or more of them with nothing
/// between, and how exactly that is known: half an interval either way.
pub(super) fn period(times: &[i64], steps: &[Flow]) -> Option<(i64, i64)> {
    let jumps = jumps(steps);
    if jumps.len() < 3 || jumps.len() * 2 > steps.len() + 1 {
        return None;
    }
    let mean = jumps.iter().map(|i| steps[*i].grown).sum::<f64>() / jumps.len() as f64;
    // One sampled object more or less is a jump, too: a step has to be beyond that.
    let sure = jumps.iter().all(|i| steps[*i].grown >= CERTAIN * steps[*i].sd);
    let equal = jumps.iter().all(|i| (steps[*i].grown - mean).abs() <= (0.2 * mean).max(2.5 * steps[*i].sd));
    // Middle of the interval in which a step fell.
    let at = |i: usize| (times[i] + times[i + 1]) / 2;
    let gaps: Vec<i64> = jumps.windows(2).map(|w| at(w[1]) - at(w[0])).collect();
    let interval = (1..times.len()).map(|i| times[i] - times[i - 1]).max()?;
    let (low, high) = (*gaps.iter().min()?, *gaps.iter().max()?);
    let gap = gaps.iter().sum::<i64>() / gaps.len() as i64;
    (sure && equal && high - low <= 2 * interval).then_some((gap, interval / gaps.len() as i64))
}
