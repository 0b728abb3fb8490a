//! From a series to a judgement, gate by gate.

use super::blocks::Blocks;
use super::candidate::Candidate;
use super::gates::Gates;
use super::past::Past;
use super::samples::Samples;
use super::trend::{Trend, trend};
use super::{Gate, Interval, Judgement, Settings, Verdict, Watched};
use crate::stats::order::median;
use crate::time::{Span, Time};

/// Fewest samples that say anything.
const FEWEST: usize = 12;
/// Share of the samples promised by the series' own rhythm that must be there.
const COVERAGE: f64 = 0.5;
/// Share of the window that may lie after the last sample.
const STALE: f64 = 0.1;
/// Share of the window that the samples must span.
const SPAN: f64 = 0.25;
/// Values this many times the limit cannot be memory in use.
const BEYOND: f64 = 1.5;
/// One value this many times the limit is enough.
const FAR_BEYOND: f64 = 4.0;
/// Samples a block holds at least, where the series has enough of them.
const PER_BLOCK: usize = 6;
/// Most blocks: 1,770 pairs.
const BLOCKS: usize = 60;
/// Share of the growth that must not be explained by the same clock time a season before.
const KEPT: f64 = 0.4;

/// Levels the series stayed under for this share of the time before are nothing new.
const NEW_SHARE: f64 = 0.75;
/// This share of the growth must be new.
const NEW: f64 = 0.25;

/// Judges one series.
pub fn judge(watched: &Watched<'_>, settings: &Settings) -> Judgement {
    let samples = Samples::read(watched);
    let mut gates = Gates::default();
    if let Some(why) = unfit(watched, settings, &samples, &mut gates) {
        return bare(&samples, Verdict::Unknown, why, gates);
    }
    let blocks = Blocks::cut(&samples, count(&samples));
    if samples.most - samples.least <= 0.0 {
        let why = format!("constant at {}", (settings.show)(samples.most));
        return Judgement {
            growth_per_day: Some(Interval { low: 0.0, mid: 0.0, high: 0.0 }),
            lives: 1,
            ..bare(&samples, Verdict::Stable, why, gates)
        };
    }
    let candidate = Candidate::of(watched, settings, &samples, &blocks, &mut gates);
    Judging { watched, settings, samples, blocks, candidate, gates, ruled_out: Vec::new() }.conclude()
}

/// Why a series cannot be judged at all, if so.
fn unfit(watched: &Watched<'_>, settings: &Settings, samples: &Samples, gates: &mut Gates) -> Option<String> {
    let cells = watched.window.cells().max(1) as f64;
    let n = samples.points.len();
    let enough = gates.at_least("samples", n as f64, FEWEST as f64, format!("{n} samples (at least {FEWEST})"));
    if !enough {
        return Some(format!("{n} samples are too few to judge"));
    }
    let percent = |x: f64| format!("{:.0} %", x * 100.0);
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
                "the last sample is {} of the window old (at most {})",
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
            format!("the least value is {}", (settings.show)(samples.least)),
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

/// A judgement without growth.
fn bare(samples: &Samples, verdict: Verdict, why: String, gates: Gates) -> Judgement {
    Judgement {
        verdict,
        growth_per_day: None,
        hours_to_limit: None,
        level: samples.points.last().map_or(f64::NAN, |p| p.1),
        baseline: None,
        anomaly: None,
        lives: 0,
        gates: gates.into_all(),
        ruled_out: Vec::new(),
        why,
    }
}

/// How many blocks a series is cut into: 24 when samples are few.
fn count(samples: &Samples) -> usize {
    let n = samples.points.len();
    (n / PER_BLOCK).max((n / 3).min(24)).clamp(4, BLOCKS)
}

/// The trend of one range of blocks by itself.
fn since(blocks: &Blocks, range: std::ops::Range<usize>) -> Option<Trend> {
    let life = std::slice::from_ref(&range);
    let (trend, mut slopes) = trend(blocks, life)?;
    let rest = trend.rest(blocks, life);
    Some(trend.corrected(&mut slopes, blocks, life, &rest))
}

/// A judgement in the making.
struct Judging<'a, 'w> {
    watched: &'a Watched<'w>,
    settings: &'a Settings,
    samples: Samples,
    blocks: Blocks,
    candidate: Candidate,
    gates: Gates,
    ruled_out: Vec<(Verdict, String)>,
}

impl Judging<'_, '_> {
    fn conclude(mut self) -> Judgement {
        let verdict = if self.candidate.grows { self.persistence() } else { self.lookalike() };
        let growth = self.growth(verdict);
        let alarm = matches!(verdict, Verdict::Leak | Verdict::Suspected);
        let n = self.blocks.len();
        let last = (n / 12).max(1);
        let level = median(&self.blocks.low[n - last..]).unwrap_or(f64::NAN);
        let onset = self.candidate.onset(&self.blocks);
        let why = self.why(verdict, growth);
        Judgement {
            verdict,
            growth_per_day: growth,
            hours_to_limit: growth.and_then(|g| self.hours_to_limit(g)),
            level,
            baseline: Some(self.baseline(onset)),
            anomaly: alarm.then(|| (self.time(self.blocks.at[onset]), self.time(self.blocks.at[n - 1]))),
            lives: self.candidate.lives.ranges.len(),
            gates: self.gates.into_all(),
            ruled_out: self.ruled_out,
            why,
        }
    }

    /// The instant of a place on the grid.
    fn time(&self, cell: f64) -> Time {
        self.watched.window.from + ((cell + 1.0) * self.watched.window.step.millis() as f64) as Time
    }

    /// The level before growth, or the usual one.
    fn baseline(&self, onset: usize) -> f64 {
        let n = self.blocks.len();
        let until = if onset >= n / 8 { onset } else { (n / 8).max(1) };
        let part = if self.candidate.shape.is_some() { &self.blocks.low[..until] } else { &self.blocks.low[..] };
        median(part).unwrap_or(f64::NAN)
    }

    /// The rate a day: since the onset for growth that set in late, over all lives otherwise.
    fn growth(&self, verdict: Verdict) -> Option<Interval> {
        let per_day = 86_400_000.0 / self.watched.window.step.millis().max(1) as f64;
        let mut found = self.candidate.trend?;
        let (onset, n) = (self.candidate.onset(&self.blocks), self.blocks.len());
        if matches!(verdict, Verdict::Leak | Verdict::Suspected) && onset * 5 >= n && n - onset >= 8 {
            found = since(&self.blocks, onset..n).unwrap_or(found);
        }
        let Trend { slope, low, high, .. } = found;
        Some(Interval { low: low * per_day, mid: slope * per_day, high: high * per_day })
    }

    /// Distance to the limit over the rate; the far end is open when the rate may be nothing.
    fn hours_to_limit(&self, growth: Interval) -> Option<Interval> {
        let limit = self.watched.limit.filter(|l| l.is_finite() && *l > 0.0)?;
        if growth.mid <= 0.0 || self.candidate.growth < self.candidate.size {
            return None;
        }
        let n = self.blocks.len();
        let now = median(&self.blocks.mid[n - (n / 12).max(1)..])?;
        let left = (limit - now).max(0.0) * 24.0;
        let over = |rate: f64| if rate > 0.0 { left / rate } else { f64::INFINITY };
        Some(Interval { low: over(growth.high), mid: over(growth.mid), high: over(growth.low) })
    }

    /// Leak, suspected or seasonal: what the past says to a stretch that grows.
    fn persistence(&mut self) -> Verdict {
        let past = Past::of(self.watched, &self.samples);
        let usual = past.usual(self.watched, &self.blocks, NEW_SHARE);
        if let Some(usual) = usual.filter(|_| self.watched.starts.is_empty()) {
            let n = self.blocks.len();
            let level = median(&self.blocks.low[n - (n / 8).max(1)..]).unwrap_or(f64::NAN);
            let new = (level - usual) / self.candidate.growth;
            let show = self.settings.show;
            let says = format!(
                "{:.0} % of the growth lies above {}, which it stayed under for {:.0} % of the time before (at least {:.0} %)",
                new * 100.0,
                show(usual),
                NEW_SHARE * 100.0,
                NEW * 100.0
            );
            if !self.gates.at_least("new-ground", new, NEW, says.clone()) {
                self.ruled_out.push((Verdict::Leak, says));
                return Verdict::Stable;
            }
        }
        let window = self.watched.window;
        let season = self.settings.season.millis().max(1);
        let span = self.samples.span() as f64;
        let show = self.settings.show;
        let mut seasons = window.length().millis() as f64 / season as f64;
        let found = past.season(self.watched, self.settings, &self.blocks);
        if let Some(found) = found.filter(|_| seasons < 2.0) {
            seasons = seasons.max(found.seasons as f64 + seasons.min(1.0));
            let rate = self.candidate.growth / (span * window.step.millis() as f64) * season as f64;
            let kept = found.gained / rate;
            let then = found.growth_then / self.candidate.growth;
            let says = format!(
                "in {} earlier seasons the same clock time grew by up to {}, and a season changes the level by {}, {:.0} % of what this growth would (at least {:.0} %, unless no season grew half as much)",
                found.seasons,
                show(found.growth_then),
                show(found.gained),
                kept * 100.0,
                KEPT * 100.0
            );
            let repeats = then >= 0.5;
            if !self.gates.at_least("season", if repeats { kept } else { 1.0 }, KEPT, says.clone()) {
                self.ruled_out.push((Verdict::Leak, says));
                return Verdict::Seasonal;
            }
        }
        let twice = self.twice(&past, seasons, season);
        let says = match twice {
            true => "growth is seen in two disjoint stretches of time".to_string(),
            false => format!("growth is seen in one stretch of {} only", window.length()),
        };
        if self.gates.at_least("persistence", if twice { 2.0 } else { 1.0 }, 2.0, says) {
            Verdict::Leak
        } else {
            Verdict::Suspected
        }
    }

    /// Whether growth was seen twice: in the stretch before as well, or over two seasons of this one.
    fn twice(&self, past: &Past, seasons: f64, season: i64) -> bool {
        let window = self.watched.window;
        let onset = self.time(self.blocks.at[self.candidate.onset(&self.blocks)]);
        if (window.to - onset) as f64 >= 2.0 * season as f64 {
            return true;
        }
        if seasons < 2.0 {
            return false;
        }
        let length = window.length().millis();
        let starts_before = |onset: Time, by: i64| onset <= window.from.saturating_sub(by);
        let reaches = |back: i64, to: Time| self.growing(past, window.from.saturating_sub(back), to);
        reaches(length, window.from).is_some()
            || [length, 3 * length]
                .into_iter()
                .any(|back| reaches(back, window.to).is_some_and(|onset| starts_before(onset, length / 4)))
    }

    /// When growth began in a stretch that passes all gates by itself.
    fn growing(&self, past: &Past, from: Time, to: Time) -> Option<Time> {
        if past.reach(from) == Span::ZERO {
            return None;
        }
        let (window, values) = past.stretch(self.watched, from, to)?;
        let watched = Watched { window: &window, values: &values, history: None, ..*self.watched };
        let samples = Samples::read(&watched);
        if samples.points.len() < FEWEST || samples.coverage < COVERAGE {
            return None;
        }
        let blocks = Blocks::cut(&samples, count(&samples));
        let candidate = Candidate::of(&watched, self.settings, &samples, &blocks, &mut Gates::default());
        let onset = candidate.onset(&blocks);
        candidate.grows.then(|| window.from + ((blocks.at[onset] + 1.0) * window.step.millis() as f64) as Time)
    }

    /// What a stretch is that does not grow without end.
    fn lookalike(&mut self) -> Verdict {
        let spread = self.blocks.low.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - self.blocks.low.iter().copied().fold(f64::INFINITY, f64::min);
        let Some(shape) = self.candidate.shape.clone() else {
            if spread >= 2.0 * self.candidate.size {
                let past = Past::of(self.watched, &self.samples);
                if let Some(apart) = past.rhythm(self.watched, self.settings, &self.blocks) {
                    let says = format!(
                        "it differs from a season before by {:.0} % of its usual swing (rhythm at most 50 %)",
                        apart * 100.0
                    );
                    if !self.gates.at_least("rhythm", apart, 0.5, says) {
                        return Verdict::Seasonal;
                    }
                }
            }
            return Verdict::Stable;
        };
        let leak = shape.leak().cost;
        let size = self.candidate.size;
        let best = shape.step.cost.min(shape.saturating.cost).min(shape.ramp.cost);
        if best > leak * 1.05 {
            return Verdict::Stable;
        }
        let (verdict, name) = if shape.step.cost <= best && shape.step.height >= size {
            (Verdict::LevelShift, "step-model")
        } else if shape.growth() >= size {
            (
                Verdict::WarmingUp,
                if shape.saturating.cost <= shape.ramp.cost { "saturating-model" } else { "fill-model" },
            )
        } else {
            return Verdict::Stable;
        };
        self.ruled_out.push((Verdict::Leak, self.gates.sentence(name)));
        verdict
    }

    /// One sentence with the deciding numbers.
    fn why(&self, verdict: Verdict, growth: Option<Interval>) -> String {
        let show = self.settings.show;
        let rate =
            growth.map_or_else(String::new, |g| format!("{} a day ({} to {})", show(g.mid), show(g.low), show(g.high)));
        let over = Span::from_millis(self.samples.span() as i64 * self.watched.window.step.millis());
        match verdict {
            Verdict::Leak => format!("grows by {rate} over {over}, and did before"),
            Verdict::Suspected => format!("grows by {rate} over {over}; {}", self.gates.sentence("persistence")),
            Verdict::LevelShift => format!("jumped to another level: {}", self.gates.sentence("step-model")),
            Verdict::WarmingUp => format!("fills up and flattens: {}", self.gates.sentence("late-slope")),
            Verdict::Seasonal => {
                format!("follows the clock: {}{}", self.gates.sentence("season"), self.gates.sentence("rhythm"))
            }
            Verdict::Stable | Verdict::Unknown => match self.gates.first_failed() {
                Some(says) => format!("no lasting growth: {says}"),
                None => format!("no lasting growth: {rate}"),
            },
        }
    }
}

impl Gates {
    /// The sentence of the first gate that closed.
    fn first_failed(&self) -> Option<String> {
        self.all().iter().find(|g: &&Gate| !g.passed).map(|g| g.says.clone())
    }
}
