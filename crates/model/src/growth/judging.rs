//! From a series to a judgement, gate by gate.

use super::fitness::{COVERAGE, FEWEST, unfit};
use super::gates::{Gates, percent};
use super::past::Past;
use super::samples::Samples;
use super::stretch::Stretch;
use super::{Interval, Judgement, Settings, Verdict, Watched};
use crate::time::{Span, Time};

/// Share of the blocks that tells the level at the end.
const END: f64 = 0.085;
/// Where the same clock time grew by this share of the growth in an earlier season, the season is held against it...
const REPEATS: f64 = 0.5;
/// ...and the level must have gained this share of what the growth would have made of it in a season.
const KEPT: f64 = 0.4;
/// Levels the series stayed under for this share of the time before are nothing new.
const NEW_SHARE: f64 = 0.75;
/// This share of the growth must be new.
const NEW: f64 = 0.25;
/// A trend this many standard deviations above nothing is followed into the past: p < 0.05 on one side.
const HINT: f64 = 1.64;
/// A rhythm differs from itself a season before by at most this share of its usual swing.
const RHYTHM: f64 = 0.5;
/// Another shape that is at least e^5 times as likely as growth in the window itself stops the look into the past.
const HOPELESS: f64 = -5.0;

/// Judges one series.
pub fn judge(watched: &Watched<'_>, settings: &Settings) -> Judgement {
    let samples = Samples::read(watched);
    let mut gates = Gates::default();
    if let Some(why) = unfit(watched, settings, &samples, &mut gates) {
        return bare(&samples, Verdict::Unknown, why, gates);
    }
    if samples.most - samples.least <= 0.0 {
        let why = format!("constant at {}", (settings.show)(samples.most));
        let none = Interval { low: 0.0, mid: 0.0, high: 0.0 };
        return Judgement { growth_per_day: Some(none), lives: 1, ..bare(&samples, Verdict::Stable, why, gates) };
    }
    let stretch = Stretch::of(watched, settings, &samples, &mut gates);
    Judging { watched, settings, samples, stretch, gates, ruled_out: Vec::new() }.conclude()
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

/// A judgement in the making.
struct Judging<'a, 'w> {
    watched: &'a Watched<'w>,
    settings: &'a Settings,
    samples: Samples,
    /// What is judged: the window, or a longer stretch that ends with it.
    stretch: Stretch,
    gates: Gates,
    ruled_out: Vec<(Verdict, String)>,
}

impl Judging<'_, '_> {
    fn conclude(mut self) -> Judgement {
        let grows = self.stretch.candidate.grows || self.lengthen();
        let verdict = if grows { self.persistence() } else { self.lookalike() };
        let growth = self.stretch.growth();
        let why = self.why(verdict, growth);
        Judgement {
            verdict,
            growth_per_day: growth,
            hours_to_limit: growth.and_then(|g| self.hours_to_limit(g)),
            level: self.stretch.level(END),
            baseline: Some(self.stretch.baseline()),
            anomaly: self.stretch.anomaly().filter(|_| matches!(verdict, Verdict::Leak | Verdict::Suspected)),
            lives: self.stretch.candidate.lives.ranges.len(),
            gates: self.gates.into_all(),
            ruled_out: self.ruled_out,
            why,
        }
    }

    /// Distance to the limit over the rate; the far end is open when the rate may be nothing.
    fn hours_to_limit(&self, growth: Interval) -> Option<Interval> {
        let limit = self.watched.limit.filter(|l| l.is_finite() && *l > 0.0)?;
        if growth.mid <= 0.0 || self.stretch.candidate.growth < self.stretch.candidate.size {
            return None;
        }
        let left = (limit - self.stretch.in_use(END)).max(0.0) * 24.0;
        let over = |rate: f64| if rate > 0.0 { left / rate } else { f64::INFINITY };
        Some(Interval { low: over(growth.high), mid: over(growth.mid), high: over(growth.low) })
    }

    /// Seasons in so many milliseconds.
    fn seasons(&self, millis: i64) -> f64 {
        millis as f64 / self.settings.season.millis().max(1) as f64
    }

    /// Looks for growth too slow for the window in the stretch of up to three seasons or windows before it, and takes
    /// that stretch in the window's place when it is there. Two seasons at least, so that no rhythm is taken for it.
    fn lengthen(&mut self) -> bool {
        let it = &self.stretch.candidate;
        let Some(trend) = it.trend else { return false };
        let short = self.seasons(self.watched.window.length().millis()) < 2.0;
        if !short || self.watched.history.is_none() || trend.z < HINT || it.rival < HOPELESS {
            return false;
        }
        let past = Past::of(self.watched, &self.samples);
        let window = self.watched.window;
        let usual = past.usual(window, &self.stretch.blocks, 0.5);
        if usual.is_none_or(|usual| self.stretch.level(END) - usual < it.size) {
            return false;
        }
        let back = window.length().millis().max(self.settings.season.millis()).saturating_mul(3);
        let from = past.first().unwrap_or(window.from).max(window.from.saturating_sub(back));
        if self.seasons(window.to.saturating_sub(from)) < 2.0 {
            return false;
        }
        let Some((long, onset)) = self.growing(&past, from, window.to) else { return false };
        let seen = self.seasons(window.to.saturating_sub(onset));
        let length = Span::from_millis(window.to.saturating_sub(from));
        let says = format!("growth shows in a stretch of {length}, {seen:.1} seasons long (at least 2)");
        let found = self.gates.at_least("longer-stretch", seen, 2.0, says);
        // Slow growth must matter within a season, or within the window where that is longer.
        let share = 1.0f64.max(self.seasons(window.length().millis())) / seen;
        let found = found && long.candidate.growth * share >= long.candidate.size;
        if found {
            self.stretch = long;
        }
        found
    }

    /// A stretch of the past that passes all gates by itself, and when it began to grow.
    fn growing(&self, past: &Past, from: Time, to: Time) -> Option<(Stretch, Time)> {
        past.first().filter(|first| *first < to)?;
        let (window, values) = past.stretch(from, to)?;
        let watched = Watched { window: &window, values: &values, history: None, ..*self.watched };
        let samples = Samples::read(&watched);
        if samples.points.len() < FEWEST || samples.coverage < COVERAGE {
            return None;
        }
        let stretch = Stretch::of(&watched, self.settings, &samples, &mut Gates::default());
        let onset = stretch.anomaly()?.0;
        stretch.candidate.grows.then_some((stretch, onset))
    }

    /// What the past says to a stretch that grows: leak, suspected, or explained by what was there before.
    fn persistence(&mut self) -> Verdict {
        let past = Past::of(self.watched, &self.samples);
        if let Some(says) = self.known_level(&past) {
            self.ruled_out.push((Verdict::Leak, says));
            return Verdict::Stable;
        }
        let mut seasons = self.seasons(self.stretch.window.length().millis());
        if seasons < 2.0 {
            match self.season(&past) {
                Ok(found) => seasons = seasons.max(found + seasons.min(1.0)),
                Err(says) => {
                    self.ruled_out.push((Verdict::Leak, says));
                    return Verdict::Seasonal;
                }
            }
        }
        let twice = self.twice(&past, seasons);
        let says = match twice {
            true => "growth is seen in two disjoint stretches of time".to_string(),
            false => format!("growth is seen in one stretch of {} only", self.stretch.window.length()),
        };
        let sure = self.gates.at_least("persistence", if twice { 2.0 } else { 1.0 }, 2.0, says);
        if sure { Verdict::Leak } else { Verdict::Suspected }
    }

    /// Why growth only leads back to a level known before, if so. Levels before a known start do not count.
    fn known_level(&mut self, past: &Past) -> Option<String> {
        if !self.watched.starts.is_empty() {
            return None;
        }
        let usual = past.usual(&self.stretch.window, &self.stretch.blocks, NEW_SHARE)?;
        let new = (self.stretch.level(1.5 * END) - usual) / self.stretch.candidate.growth;
        let says = format!(
            "{} of the growth lies above {}, which it stayed under for {} of the time before (at least {})",
            percent(new),
            (self.settings.show)(usual),
            percent(NEW_SHARE),
            percent(NEW)
        );
        (!self.gates.at_least("new-ground", new, NEW, says.clone())).then_some(says)
    }

    /// How many earlier seasons are known, or why growth is the rhythm of the season.
    fn season(&mut self, past: &Past) -> Result<f64, String> {
        let window = &self.stretch.window;
        let Some(found) = past.season(window, &self.stretch.blocks, self.settings.season) else { return Ok(0.0) };
        let growth = self.stretch.candidate.growth;
        let span = Span::from_millis(self.stretch.span as i64 * window.step.millis());
        let kept = found.gained * self.seasons(span.millis()) / growth;
        let repeats = found.growth_then >= REPEATS * growth;
        let show = self.settings.show;
        let says = format!(
            "at the same clock time it grew by up to {} in {} earlier seasons (now by {}), and from one season to the \
             next it gains {}, {} of what this growth would make",
            show(found.growth_then),
            found.seasons,
            show(growth),
            show(found.gained),
            percent(kept)
        );
        if self.gates.at_least("season", if repeats { kept } else { 1.0 }, KEPT, says.clone()) {
            Ok(found.seasons as f64)
        } else {
            Err(says)
        }
    }

    /// Whether growth was seen twice: over two seasons, in the stretch before as well, or in one that reaches into it.
    fn twice(&self, past: &Past, seasons: f64) -> bool {
        let window = self.stretch.window;
        let onset = self.stretch.anomaly().map_or(window.to, |a| a.0);
        if self.seasons(window.to.saturating_sub(onset)) >= 2.0 {
            return true;
        }
        if seasons < 2.0 {
            return false;
        }
        let length = window.length().millis();
        let before = |times: i64| window.from.saturating_sub(length.saturating_mul(times));
        self.growing(past, before(1), window.from).is_some()
            || [1, 3].into_iter().any(|times| {
                let found = self.growing(past, before(times), window.to);
                found.is_some_and(|(_, onset)| onset <= window.from.saturating_sub(length / 4))
            })
    }

    /// What a stretch is that does not grow without end.
    fn lookalike(&mut self) -> Verdict {
        let it = &self.stretch.candidate;
        let Some(shape) = it.shape.clone() else { return self.rhythm() };
        let leak = shape.leak().cost;
        let best = shape.step.cost.min(shape.saturating.cost).min(shape.ramp.cost);
        if best > leak * 1.05 {
            return Verdict::Stable;
        }
        let (verdict, name) = if shape.step.cost <= best && shape.step.height >= it.size {
            (Verdict::LevelShift, "step-model")
        } else if shape.growth() >= it.size {
            let slower = shape.saturating.cost <= shape.ramp.cost;
            (Verdict::WarmingUp, if slower { "saturating-model" } else { "fill-model" })
        } else {
            return Verdict::Stable;
        };
        self.ruled_out.push((Verdict::Leak, self.gates.sentence(name)));
        verdict
    }

    /// Seasonal when the series swings with the clock, stable otherwise.
    fn rhythm(&mut self) -> Verdict {
        let low = &self.stretch.blocks.low;
        let (least, most) = low.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        if most - least < 2.0 * self.stretch.candidate.size {
            return Verdict::Stable;
        }
        let past = Past::of(self.watched, &self.samples);
        let found = past.rhythm(self.watched.window, &self.stretch.blocks, self.settings.season);
        let Some(apart) = found else { return Verdict::Stable };
        let (part, most) = (percent(apart), percent(RHYTHM));
        let says = format!("it differs from a season before by {part} of its usual swing (a rhythm by at most {most})");
        if self.gates.at_least("rhythm", apart, RHYTHM, says) { Verdict::Stable } else { Verdict::Seasonal }
    }

    /// One sentence with the deciding numbers.
    fn why(&self, verdict: Verdict, growth: Option<Interval>) -> String {
        let show = self.settings.show;
        let rate = growth
            .map_or_else(String::new, |g| format!("by {} a day ({} to {})", show(g.mid), show(g.low), show(g.high)));
        let span = self.stretch.span as i64 * self.stretch.window.step.millis();
        let over = Span::from_millis(span);
        let gate = |name| self.gates.sentence(name);
        match verdict {
            Verdict::Leak | Verdict::Suspected => format!("grows {rate} over {over}; {}", gate("persistence")),
            Verdict::LevelShift => format!("jumped to another level: {}", gate("step-model")),
            // What decided: that it flattens, or else the model of a warm-up that fits better.
            Verdict::WarmingUp => match self.ruled_out.last().filter(|_| !self.gates.closed("late-slope")) {
                Some((_, says)) => format!("fills up: {says}"),
                None => format!("fills up and flattens: {}", gate("late-slope")),
            },
            Verdict::Seasonal => format!("follows the clock: {}{}", gate("season"), gate("rhythm")),
            Verdict::Stable | Verdict::Unknown => match self.gates.first_failed() {
                Some(says) => format!("no lasting growth: {says}"),
                None => format!("no lasting growth: {rate}"),
            },
        }
    }
}
