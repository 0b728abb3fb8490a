//! A suspect: a call path whose memory grew, with every figure that tells what it is.

use schemars::JsonSchema;
use serde::Serialize;

use super::course::Course;
use super::path::Path;
use super::shape::{self, Shape};
use super::verdict::{self, Trial, Verdict};
use crate::growth::Gate;
use crate::stats::kendall::kendall;
use crate::stats::theil_sen::Slopes;
use crate::time::Time;

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It rests on little.
    Low,
    /// It may be wrong.
    Medium,
    /// Many snapshots, far beyond chance, nothing against it.
    High,
}

impl Confidence {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// The figures of a suspect at one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// When.
    pub at: Time,
    /// Bytes in use.
    pub bytes: f64,
    /// Standard deviation of the bytes, from sampling.
    pub bytes_error: f64,
    /// Objects in use, or goroutines.
    pub objects: f64,
    /// Bytes allocated since the process started, where known.
    pub allocated_bytes: Option<f64>,
    /// Share of what was allocated since the snapshot before that is in use still: growth over allocations.
    pub survival: Option<f64>,
}

/// A figure with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rate {
    /// Lower end.
    pub low: f64,
    /// The Theil-Sen slope.
    pub mid: f64,
    /// Upper end.
    pub high: f64,
    /// Whether the interval is that of ranks (Sen 1968), from six snapshots on; else it is that of sampling.
    pub ranks: bool,
}

/// Objects of one size that grew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SizeGrowth {
    /// Bytes each.
    pub size_bytes: f64,
    /// How many more there are.
    pub objects: f64,
    /// Standard deviation of that, from sampling.
    pub objects_error: f64,
    /// How many bytes more.
    pub bytes: f64,
}

/// A call path whose memory, or number of goroutines, was judged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Suspect {
    /// The path in short.
    pub title: String,
    /// What it is.
    pub verdict: Verdict,
    /// How sure.
    pub confidence: Confidence,
    /// What decided, in a sentence.
    pub why: String,
    /// How it grows.
    pub shape: Shape,
    /// Milliseconds between steps of equal size, and how exactly that is known, where such steps show.
    pub period: Option<(i64, i64)>,
    /// Its functions.
    pub path: Path,
    /// What goroutines wait for.
    pub waits: Option<&'static str>,
    /// Its figures at each snapshot.
    pub points: Vec<Point>,
    /// Growth from the first snapshot to the last, in bytes or goroutines.
    pub growth: f64,
    /// Standard deviation of it, from sampling.
    pub growth_error: f64,
    /// Growth a minute, in bytes or goroutines.
    pub per_minute: Rate,
    /// Share of all growth.
    pub share: f64,
    /// Share of what was allocated meanwhile that is in use still, where known.
    pub survival: Option<f64>,
    /// Sizes of the objects that grew, most first.
    pub sizes: Vec<SizeGrowth>,
    /// Objects in the sample at the last snapshot: what the figures rest on.
    pub sampled_objects: f64,
    /// Every test made.
    pub gates: Vec<Gate>,
    /// What it hangs together with, a sentence each.
    pub links: Vec<String>,
    /// Title of the suspect it is a consequence of.
    pub consequence_of: Option<String>,
}

/// Sizes told apart in a report.
const MOST_SIZES: usize = 8;

impl Suspect {
    /// From what was found out about it.
    pub(super) fn new(path: Path, course: &Course<'_>, trial: Trial, times: &[Time], share: f64) -> Suspect {
        let whole = course.whole();
        let steps = course.steps();
        let known = |value: f64| value.is_finite().then_some(value);
        let point = |at: usize| Point {
            at: times[at],
            bytes: course.sums[at].bytes,
            bytes_error: course.error(at),
            objects: course.sums[at].objects,
            allocated_bytes: course.allocated(at),
            survival: at.checked_sub(1).and_then(|before| known(steps[before].survival)),
        };
        let size = |g: super::course::Grown| SizeGrowth {
            size_bytes: g.size,
            objects: g.objects,
            objects_error: g.variance.sqrt(),
            bytes: g.bytes,
        };
        let sizes = course.sizes().into_iter().filter(|g| g.objects > 0.0).take(MOST_SIZES).map(size).collect();
        Suspect {
            title: path.title(),
            confidence: confidence(&trial, course, times),
            verdict: trial.verdict,
            why: trial.why,
            shape: trial.shape,
            period: shape::period(times, &steps),
            path,
            waits: None,
            points: (0..times.len()).map(point).collect(),
            growth: whole.grown,
            growth_error: whole.sd,
            per_minute: rate(course, times),
            share,
            survival: known(whole.survival),
            sizes,
            sampled_objects: course.sampled(),
            gates: trial.gates,
            links: Vec::new(),
            consequence_of: None,
        }
    }

    /// The size that most of the growth has, where one has most of it.
    pub fn main_size(&self) -> Option<&SizeGrowth> {
        let all: f64 = self.sizes.iter().map(|s| s.bytes.max(0.0)).sum();
        self.sizes.first().filter(|s| s.bytes >= 0.5 * all)
    }
}

/// Theil-Sen over the snapshots, a minute.
fn rate(course: &Course<'_>, times: &[Time]) -> Rate {
    const MINUTE: f64 = 60_000.0;
    let levels = course.levels();
    let points: Vec<(f64, f64)> = times.iter().map(|t| (*t - times[0]) as f64 / MINUTE).zip(levels.clone()).collect();
    let mut slopes = Slopes::default();
    slopes.add(&points);
    let mid = slopes.median().unwrap_or(0.0);
    let ranks = slopes.interval(&kendall(&levels), 1.96).filter(|(low, high)| low.is_finite() && high.is_finite());
    let length = points.last().map_or(0.0, |p| p.0);
    let reach = if length > 0.0 { 1.96 * course.whole().sd / length } else { 0.0 };
    let (low, high) = ranks.unwrap_or((mid - reach, mid + reach));
    Rate { low: low.min(mid), mid, high: high.max(mid), ranks: ranks.is_some() }
}

fn confidence(trial: &Trial, course: &Course<'_>, times: &[Time]) -> Confidence {
    let z = course.whole().z();
    let steps = course.steps();
    let rises = steps.iter().all(|s| s.grown > 0.0);
    match times.len() {
        _ if trial.verdict != Verdict::Leak => Confidence::Low,
        // One object freed at the end may be the first of many.
        _ if verdict::begins_to_free(&steps, 0.5) => Confidence::Low,
        5.. if z >= 5.0 && rises => Confidence::High,
        _ if z >= 4.0 => Confidence::Medium,
        _ => Confidence::Low,
    }
}
