//! Telling a leak from a cache that fills, a saw-tooth, a start-up and chance: gates, each with its number.
//!
//! No single figure tells them apart. A leak is never freed, so its survival (growth over allocations) is 1 in every
//! interval; a cache has survival 1 until it is full and none from then on; a map that grows by doublings frees half of
//! what it takes, all the time. So each course is tried twice: what is never freed in it, and the whole of it.

use schemars::JsonSchema;
use serde::Serialize;

use super::course::{Course, Flow, Part};
use super::shape::{self, Shape};
use crate::growth::Gate;
use crate::words;

/// What the memory of a call path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Grows without end.
    Leak,
    /// Grows like a leak, but too little was seen to be sure.
    Suspected,
    /// Too little was seen to tell a leak from a cache.
    Undecided,
    /// Frees ever more of what it takes: a cache that gets full.
    FillingCache,
    /// Grew and stopped, or grew at once.
    WarmingUp,
    /// Goes up and is freed again.
    SawTooth,
    /// No more than chance makes of sampling.
    Noise,
}

impl Verdict {
    /// The kebab-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Leak => "leak",
            Verdict::Suspected => "suspected",
            Verdict::Undecided => "undecided",
            Verdict::FillingCache => "filling-cache",
            Verdict::WarmingUp => "warming-up",
            Verdict::SawTooth => "saw-tooth",
            Verdict::Noise => "noise",
        }
    }

    /// Whether it is to be reported.
    pub const fn grows(self) -> bool {
        matches!(self, Verdict::Leak | Verdict::Suspected)
    }
}

/// The verdict on a course and what decided it.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) verdict: Verdict,
    pub(super) shape: Shape,
    pub(super) gates: Vec<Gate>,
    /// What decided, in a sentence.
    pub(super) why: String,
}

/// Growth must exceed this many standard deviations of sampling: hundreds of stacks are looked at.
const NOISE: f64 = 3.0;
/// The same for the last part of it, of which one look is taken. Where much is freed, chance is not only sampling.
const LATE: [f64; 2] = [2.0, 3.0];
/// Survival from which on next to nothing is freed.
const KEPT: f64 = 0.9;
/// Survival below which next to everything is freed.
const FREED: f64 = 0.2;
/// A rate below this share of the early one is slower.
const SLOWER: f64 = 0.7;
/// A rate below this share of the early one has come to an end.
const STALLED: f64 = 0.25;
/// Share of growth that is next to all of it.
const MOST_OF_IT: f64 = 0.8;
/// With fewer snapshots no order of them is rare: all of four rise by chance once in 24 times (Mann 1945).
const FEW: usize = 4;

/// What a trial is held against.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    /// When the snapshots were taken.
    pub(super) times: &'a [i64],
    /// Growth below this much is no matter, in bytes or goroutines.
    pub(super) least: f64,
    /// How an amount is written.
    pub(super) say: fn(f64) -> String,
    /// What makes figures uncertain.
    pub(super) chance: &'static str,
}

/// Tries what is never freed, and then all of it; the graver verdict stands.
pub(super) fn tried(course: &Course<'_>, bench: Bench<'_>) -> Trial {
    let kept = course.kept();
    if kept.classes.len() == course.classes.len() {
        return Try::new(course, bench, true).decide();
    }
    let whole = Try::new(course, bench, false).decide();
    // A few objects that stay among many that go say nothing of the whole.
    if kept.whole().grown < course.whole().grown * 0.1 || kept.whole().z() < NOISE {
        return whole;
    }
    // Where next to all that grew is never freed, no larger table takes the place of a smaller one.
    let alone = kept.whole().grown >= MOST_OF_IT * course.whole().grown;
    let mut kept = Try::new(&kept, bench, true).decide();
    kept.why = format!("of what is never freed: {}", kept.why);
    let shape = if whole.shape == Shape::Doubling && !alone { whole.shape } else { kept.shape };
    if kept.verdict <= whole.verdict && kept.verdict.grows() { Trial { shape, ..kept } } else { whole }
}

struct Try<'c, 'j> {
    course: &'c Course<'j>,
    times: &'c [i64],
    least: f64,
    say: fn(f64) -> String,
    chance: &'static str,
    kept: bool,
    whole: Flow,
    steps: Vec<Flow>,
    halves: Option<(Part, Part)>,
    shape: Shape,
    gates: Vec<Gate>,
}

impl<'c, 'j> Try<'c, 'j> {
    fn new(course: &'c Course<'j>, bench: Bench<'c>, kept: bool) -> Self {
        let Bench { times, least, say, chance } = bench;
        let (whole, steps, halves) = (course.whole(), course.steps(), course.halves(times));
        let shape = shape::of(course, times, &steps);
        Try { course, times, least, say, chance, kept, whole, steps, halves, shape, gates: Vec::new() }
    }

    fn gate(&mut self, name: &'static str, passed: bool, value: f64, threshold: f64, says: String) -> bool {
        self.gates.push(Gate { name, passed, value, threshold, says });
        passed
    }

    fn end(self, verdict: Verdict, why: impl Into<String>) -> Trial {
        Trial { verdict, shape: self.shape, gates: self.gates, why: why.into() }
    }

    fn decide(mut self) -> Trial {
        let count = self.times.len();
        if let Some((verdict, text)) = self.containers() {
            self.shape = Shape::Doubling;
            return self.end(verdict, text);
        }
        if let Some(text) = self.falls() {
            return self.end(Verdict::SawTooth, text);
        }
        let (grown, z) = ((self.say)(self.whole.grown), self.whole.z());
        let says = format!("grew by {grown}, {} standard deviations of {}", figure(z), self.chance);
        if !self.gate("noise", z >= NOISE, z, NOISE, says.clone()) {
            return self.end(Verdict::Noise, says);
        }
        if !self.gate("size", self.whole.grown >= self.least, self.whole.grown, self.least, self.small()) {
            return self.end(Verdict::Noise, format!("{says}; too little to matter"));
        }
        let survival = self.survival();
        let stays = self.kept || survival >= KEPT;
        if count < FEW {
            return self.few(stays, survival);
        }
        // What is freed and replaced from then on is full.
        let ended = if stays || survival.is_nan() { Verdict::WarmingUp } else { Verdict::FillingCache };
        if self.shape == Shape::Stepped && self.one_step() {
            return self.ended(ended, format!("all of {grown} came in one step"));
        }
        if let Some(text) = self.fills() {
            return self.end(Verdict::FillingCache, text);
        }
        if let Some(text) = self.stalls() {
            return self.ended(ended, text);
        }
        let goes_on = self.goes_on(stays);
        let rises = self.rises();
        self.weigh(goes_on, rises, stays, survival)
    }

    /// Growth that came to an end. A cache that is full goes on replacing; a map that grows stands still between two
    /// doublings.
    fn ended(self, verdict: Verdict, why: String) -> Trial {
        let still = self.halves.is_some_and(|(early, late)| late.flow.came < STALLED * early.flow.came);
        if verdict == Verdict::FillingCache && still {
            let stands = "it freed much while it grew, and nothing is replaced now, as in a map between two doublings";
            return self.end(Verdict::Undecided, format!("{why}; {stands}"));
        }
        self.end(verdict, why)
    }

    fn small(&self) -> String {
        format!("grew by {}, where {} is a thousandth of all", (self.say)(self.whole.grown), (self.say)(self.least))
    }

    /// The end of a trial with enough snapshots that has met nothing that explains the growth.
    fn weigh(self, goes_on: bool, rises: bool, stays: bool, survival: f64) -> Trial {
        let told = |name: &&str| self.gates.iter().find(|g| g.name == *name).map(|g| g.says.clone());
        let why = ["noise", "late", "rises"].iter().filter_map(told).collect::<Vec<_>>().join("; ");
        let count = self.times.len();
        let several_steps = self.shape == Shape::Stepped && shape::jumps(&self.steps).len() >= 3;
        let verdict = match (goes_on, stays) {
            (true, true) if self.begins_to_free() => Verdict::Suspected,
            // All of four rise by chance once in 24 times, and a cache that fills rises every time.
            (true, true) if rises && count <= FEW => Verdict::Suspected,
            (true, true) if rises || several_steps => Verdict::Leak,
            (_, true) if self.halves.is_some_and(|(_, late)| late.flow.grown > 0.0) => Verdict::Suspected,
            (_, true) => Verdict::WarmingUp,
            (true, false) if survival >= FREED && rises && self.begins_to_free() => Verdict::Suspected,
            (true, false) if survival >= FREED && rises && count > FEW => Verdict::Leak,
            (true, false) if survival >= FREED && rises => Verdict::Suspected,
            // Lives shorter than an interval: where a saw-tooth stands at each snapshot is chance.
            (true, false) if self.steps.iter().all(|s| s.grown > 0.0) && count > FEW + 1 => Verdict::Suspected,
            (_, false) if survival < FREED || survival.is_nan() => Verdict::Noise,
            (_, false) if self.shape == Shape::Doubling && count == FEW => Verdict::Undecided,
            (_, false) => Verdict::FillingCache,
        };
        self.end(verdict, why)
    }

    /// Two or three snapshots: what is never freed is suspected, and what is freed in part cannot be told.
    fn few(mut self, stays: bool, survival: f64) -> Trial {
        let count = self.times.len();
        let says = format!("{count} snapshots; {FEW} at least tell growth without end from chance");
        self.gate("snapshots", false, count as f64, FEW as f64, says.clone());
        let rises = self.steps.iter().all(|s| s.grown > 0.0);
        let stays = stays && !self.begins_to_free();
        let verdict = match () {
            () if stays && rises => Verdict::Suspected,
            () if !rises || survival < FREED => Verdict::Noise,
            () => Verdict::Undecided,
        };
        let freed = match stays || survival.is_nan() {
            true => String::new(),
            false => format!("; survival {}: a cache, or doublings", figure(survival)),
        };
        self.end(verdict, format!("{says}{freed}"))
    }

    /// One large table that is replaced by ever larger ones, as maps and slices do it: the old one is freed once all is
    /// moved, so that memory goes up by more and comes down again. Two replacements at least, the last in the second
    /// half, are growth that goes on.
    fn containers(&mut self) -> Option<(Verdict, String)> {
        // Slices beyond 256 elements grow by a quarter (Go 1.18 and later), maps by as much again.
        const LARGER: f64 = 1.2;
        let sizes = self.course.containers()?;
        let count = sizes.len();
        let larger: Vec<usize> = (1..count).filter(|i| sizes[*i] >= sizes[i - 1] * LARGER).collect();
        if larger.is_empty() || sizes.windows(2).any(|w| w[1] < w[0] * 0.99) {
            return None;
        }
        let late = larger.last().is_some_and(|at| *at > (count - 1) / 2);
        let (first, last) = (sizes[0], sizes[count - 1]);
        let says = format!(
            "one table grew from {} to {}, replaced {} times by a larger one",
            (self.say)(first),
            (self.say)(last),
            larger.len()
        );
        let goes_on = larger.len() >= 2 && late;
        self.gate("doublings", goes_on, larger.len() as f64, 2.0, says.clone());
        let verdict = match (larger.len(), late) {
            (3.., true) if count > FEW => Verdict::Leak,
            (2.., true) => Verdict::Suspected,
            (_, false) => Verdict::WarmingUp,
            (_, true) => Verdict::Undecided,
        };
        Some((verdict, says))
    }

    /// A fall beyond chance and beyond a tenth of the most there was.
    fn falls(&mut self) -> Option<String> {
        let most = self.course.levels().into_iter().fold(0.0, f64::max);
        let fell = |s: &&Flow| s.grown < -NOISE * s.sd && s.grown < -0.1 * most;
        let deepest = self.steps.iter().filter(fell).map(|s| s.grown).fold(0.0, f64::min);
        let says = match deepest < 0.0 {
            true => format!("fell by {} in one interval", (self.say)(-deepest)),
            false => "never fell beyond chance".into(),
        };
        self.gate("falls", deepest == 0.0, -deepest, 0.1 * most, says.clone());
        (deepest < 0.0).then_some(says)
    }

    /// Share of what was allocated that is in use still; NaN where it is not known.
    fn survival(&mut self) -> f64 {
        let survival = self.whole.survival;
        if survival.is_finite() {
            let (from, to) = (self.steps.iter().map(|s| s.survival).fold(f64::NAN, f64::min), {
                self.steps.iter().map(|s| s.survival).fold(f64::NAN, f64::max)
            });
            let range = if from == to { String::new() } else { format!(" ({} to {})", figure(from), figure(to)) };
            let says = format!("{} of what was allocated is still in use{range}", words::percent(survival));
            self.gate("survival", survival >= FREED, survival, FREED, says);
        }
        survival
    }

    /// Whether what was never freed begins to be: a cache that has just got full.
    fn begins_to_free(&self) -> bool {
        const ENOUGH: f64 = 2.5;
        begins_to_free(&self.steps, ENOUGH)
    }

    /// Whether nearly all growth came in one interval that is not followed by more.
    fn one_step(&self) -> bool {
        let most = self.steps.iter().map(|s| s.grown).fold(0.0, f64::max);
        let others = self.steps.iter().filter(|s| s.grown > 0.2 * most).count();
        others <= 1 && most >= 0.8 * self.whole.grown
    }

    /// A cache that gets full: of what is allocated ever less stays, and growth slows down. That is looked for between
    /// the early and the late part, and, where hardly anything was freed at first, from any snapshot on.
    fn fills(&mut self) -> Option<String> {
        const DECLINE: f64 = 2.5;
        // Freed hardly at first: doublings free half from the start.
        const AT_FIRST: f64 = 0.8;
        let (early, late) = self.halves?;
        if self.whole.survival.is_nan() {
            return None;
        }
        let last = self.times.len() - 1;
        let length = |from: usize, to: usize| (self.times[to] - self.times[from]).max(1) as f64;
        let turns = (1..last).filter_map(|at| {
            let (before, after) = (self.course.flow(0, at), self.course.flow(at, last));
            let slower = after.grown / length(at, last) < SLOWER * before.grown / length(0, at);
            let (z, falls) = decline(&before, &after)?;
            // Of several looks the best is taken: it has to be better than one alone.
            (falls && slower && before.kept() >= AT_FIRST).then_some((z - (NOISE - DECLINE), before, after))
        });
        let halves = decline(&early.flow, &late.flow).map(|(z, falls)| {
            let fills = falls && late.rate() < SLOWER * early.rate();
            (if fills { z } else { z.min(DECLINE / 2.0) }, early.flow, late.flow)
        });
        let (z, before, after) = turns.chain(halves).max_by(|a, b| a.0.total_cmp(&b.0))?;
        let fills = z >= DECLINE;
        let (from, to) = (words::percent(before.kept()), words::percent(after.kept()));
        let says = format!("survival of objects went from {from} to {to}");
        self.gate("filling", !fills, z, DECLINE, says.clone());
        fills.then_some(says)
    }

    /// Growth that has come to an end.
    fn stalls(&mut self) -> Option<String> {
        let (early, late) = self.halves?;
        let (before, after, sd) = (early.rate(), late.rate(), early.sd().hypot(late.sd()));
        let stalled = after < STALLED * before && before - after > NOISE * sd;
        let says = match before > 0.0 {
            true => format!("late growth is {} of the early one", words::percent(after / before)),
            false => "no growth at first".into(),
        };
        self.gate("stalls", !stalled, after / before, STALLED, says.clone());
        stalled.then_some(says)
    }

    /// Whether the last part grows still, beyond chance.
    fn goes_on(&mut self, stays: bool) -> bool {
        let Some(late) = self.course.late() else { return false };
        let (z, least) = (late.z(), LATE[usize::from(!stays)]);
        let says = format!("the second half grew by {}, {} standard deviations", (self.say)(late.grown), figure(z));
        self.gate("late", z >= least, z, least, says)
    }

    /// Whether it rose in nearly all intervals.
    fn rises(&mut self) -> bool {
        const MOST: f64 = 0.6;
        let (rose, all) = (self.steps.iter().filter(|s| s.grown > 0.0).count(), self.steps.len());
        let share = rose as f64 / all as f64;
        self.gate("rises", share >= MOST, share, MOST, format!("rose in {rose} of {all} intervals"))
    }
}

/// How far the share that stayed fell from one flow to a later one, in standard deviations (two shares of sampled
/// objects, Pearson), and whether it fell to less than 0.6 of what it was.
fn decline(before: &Flow, after: &Flow) -> Option<(f64, bool)> {
    let (early, late) = (before.kept(), after.kept());
    if !early.is_finite() || !late.is_finite() {
        return None;
    }
    let pooled = (early * before.came + late * after.came) / (before.came + after.came);
    let sd = (pooled * (1.0 - pooled) * (1.0 / before.came + 1.0 / after.came)).sqrt();
    Some((if early > late { (early - late) / sd } else { 0.0 }, late < 0.6 * early))
}

/// Whether so many sampled objects were freed in the last interval that less stayed than in any before.
pub(super) fn begins_to_free(steps: &[Flow], enough: f64) -> bool {
    let Some((last, before)) = steps.split_last() else { return false };
    let stayed = |s: &Flow| s.kept().is_nan() || s.kept() >= KEPT;
    last.went >= enough && last.kept() < KEPT && before.iter().all(stayed)
}

/// Two digits after the point; infinite ones in words.
pub(super) fn figure(value: f64) -> String {
    if value.is_infinite() { "many".into() } else { format!("{value:.2}") }
}
