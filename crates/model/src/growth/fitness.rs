//! Whether a series can be judged at all.

use super::gates::{Gates, percent};
use super::samples::Samples;
use super::{Settings, Watched};
use crate::stats::order::median;

/// Fewest samples that say anything.
pub(super) const FEWEST: usize = 12;
/// Share of the samples promised by the series' own rhythm that must be there.
pub(super) const COVERAGE: f64 = 0.5;
/// Share of the window that may lie after the last sample.
const STALE: f64 = 0.1;
/// Share of the window that the samples must span.
const SPAN: f64 = 0.25;
/// Values this many times the limit cannot be memory in use.
const BEYOND: f64 = 1.5;
/// One value this many times the limit is enough.
const FAR_BEYOND: f64 = 4.0;

/// Why a series cannot be judged at all, if so.
pub(super) fn unfit(
    watched: &Watched<'_>,
    settings: &Settings,
    samples: &Samples,
    gates: &mut Gates,
) -> Option<String> {
    let cells = watched.window.cells().max(1) as f64;
    let n = samples.points.len();
    let enough = gates.at_least("samples", n as f64, FEWEST as f64, format!("{n} samples (at least {FEWEST})"));
    if !enough {
        return Some(format!("too few samples to judge: {n}, at least {FEWEST} are needed"));
    }
    let checks = [
        gates.at_least(
            "coverage",
            samples.coverage,
            COVERAGE,
            format!("{} of the samples are there (at least {})", percent(samples.coverage), percent(COVERAGE)),
        ),
        gates.at_most(
            "staleness",
            samples.age as f64 / cells,
            STALE,
            format!(
                "{} of the window lies after the last sample (at most {})",
                percent(samples.age as f64 / cells),
                percent(STALE)
            ),
        ),
        gates.at_least(
            "span",
            samples.span() as f64 / cells,
            SPAN,
            format!(
                "samples span {} of the window (at least {})",
                percent(samples.span() as f64 / cells),
                percent(SPAN)
            ),
        ),
        gates.at_least(
            "not-negative",
            samples.least,
            0.0,
            format!("the least value is {}; memory in use is never negative", (settings.show)(samples.least)),
        ),
    ];
    if let Some(failed) = checks.iter().position(|passed| !passed) {
        return Some(gates.sentence(["coverage", "staleness", "span", "not-negative"][failed]));
    }
    beyond_limit(watched, settings, samples, gates)
}

/// Why a series is no memory in use: it lies far beyond its limit for good, or climbs through it like a counter.
fn beyond_limit(watched: &Watched<'_>, settings: &Settings, samples: &Samples, gates: &mut Gates) -> Option<String> {
    let limit = watched.limit.filter(|l| l.is_finite() && *l > 0.0)?;
    let share = samples.most / limit;
    let says = format!("the largest value is {share:.2} of the limit (at most {BEYOND})");
    if gates.at_most("within-limit", share, BEYOND, says) {
        return None;
    }
    let values: Vec<f64> = samples.points.iter().map(|p| p.1).collect();
    let usual = median(&values)? / limit;
    let (show, climbs) = (settings.show, samples.climbs());
    if !climbs && usual <= BEYOND && share <= FAR_BEYOND {
        return None;
    }
    let what = if climbs { "only ever grows, like a counter" } else { "is not what the limit bounds" };
    Some(format!(
        "values up to {} are {share:.1} times the limit of {}: this {what}, not memory in use",
        show(samples.most),
        show(limit)
    ))
}
