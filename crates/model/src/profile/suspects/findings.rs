//! From suspects to findings: the same evidence for the command line, the inspection and the events of a host.

use std::collections::BTreeMap;

use super::evidence;
use super::report::{Comparison, Counted, SuspectsReport};
use super::suspect::Suspect;
use super::verdict::{Verdict, figure};
use crate::evidence::Evidence;
use crate::finding::{Finding, Level, RuledOut, Unknown, Verdicts};
use crate::labels::Labels;
use crate::quantity::{interval, quantity};
use crate::query::Origin;
use crate::signal::Unit;
use crate::words;

/// Code of a call path whose memory grows.
pub const HEAP_GROWTH: &str = "heap-growth";
/// Code of a stack whose goroutines grow in number.
pub const GOROUTINE_GROWTH: &str = "goroutine-growth";

impl SuspectsReport {
    /// Findings, what is unknown and what was ruled out. `subject` names the process; each call path adds a label
    /// `path`. `origins` says where the snapshots come from.
    pub fn verdicts(&self, subject: &Labels, origins: &[Origin]) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for part in [&self.heap, &self.goroutines].into_iter().flatten() {
            verdicts.subjects += part.stacks.max(1);
            verdicts.notes.extend(part.said());
            verdicts.notes.extend(part.notes.iter().cloned());
            let alone = || format!("{} cannot be compared: two at least are needed", part.snapshots_said());
            let why = part.not_judged.clone().or_else(|| (part.compared < 2).then(alone));
            verdicts.unknown.extend(why.map(|why| Unknown { subject: subject.clone(), why }));
            if part.compared < 2 {
                // Without a comparison no path was looked at.
                verdicts.subjects = verdicts.subjects - part.stacks.max(1) + 1;
            }
            for suspect in &part.suspects {
                verdicts.findings.push(self.finding(part, suspect, subject, origins));
            }
            for other in &part.ruled_out {
                let subject = subject.with("path", &other.title);
                let why = format!("{}: {}", other.moved(part), other.why);
                match other.verdict {
                    Verdict::Undecided => verdicts.unknown.push(Unknown { subject, why }),
                    verdict => verdicts.ruled_out.push(RuledOut { subject, verdict: verdict.name(), why }),
                }
            }
        }
        verdicts
    }

    fn finding(&self, part: &Comparison, suspect: &Suspect, subject: &Labels, origins: &[Origin]) -> Finding {
        let first = part.suspects.first().is_some_and(|first| std::ptr::eq(first, suspect));
        let mut evidence = evidence::of(part, suspect, origins);
        if first && part.kind == Counted::Heap {
            evidence.extend(self.account.as_ref().map(evidence::account));
        }
        Finding {
            code: match part.kind {
                Counted::Heap => HEAP_GROWTH,
                Counted::Goroutines => GOROUTINE_GROWTH,
            },
            // What ends with another suspect is good to know.
            level: match suspect.verdict {
                Verdict::Leak if suspect.consequence_of.is_none() => Level::Warning,
                _ => Level::Info,
            },
            subject: subject.with("path", &suspect.title),
            summary: suspect.summary(part),
            measures: suspect.measures(part),
            evidence,
        }
    }

    /// The pieces of explanation of the gravest suspects, for an event that is about the whole process: `most` of them
    /// with a sentence and their path.
    pub fn brief(&self, most: usize, origins: &[Origin]) -> Vec<Evidence> {
        let parts = [&self.heap, &self.goroutines].into_iter().flatten();
        let suspects = parts.flat_map(|part| part.suspects.iter().map(move |suspect| (part, suspect)));
        let told = suspects.take(most).flat_map(|(part, suspect)| {
            let mut pieces = vec![Evidence::Fact { text: suspect.summary(part) }];
            pieces.push(evidence::call_path(part, suspect, origins));
            pieces
        });
        told.collect()
    }
}

impl Comparison {
    fn snapshots_said(&self) -> String {
        let what = match self.kind {
            Counted::Heap => "heap profile",
            Counted::Goroutines => "goroutine profile",
        };
        match self.compared {
            0 => format!("no {what}"),
            1 => format!("1 {what}"),
            more => format!("{more} {what}s"),
        }
    }

    /// What was compared, and what it came to.
    fn said(&self) -> Option<String> {
        if self.compared < 2 {
            return None;
        }
        let span = quantity((self.to - self.from) as f64 / 1000.0, Unit::Seconds);
        let over = if self.timed { format!(" over {span}") } else { String::new() };
        let mut text = format!("{} compared{over}: {} in all", self.snapshots_said(), self.amount(self.growth));
        if self.kind == Counted::Heap {
            let still = words::bytes(self.still_bytes);
            text += &match self.still_stacks {
                0 => String::new(),
                1 => format!("; {still} in one stack did not change"),
                more => format!("; {still} in {} stacks did not change", quantity(more as f64, Unit::Count)),
            };
            text += &match self.period_bytes {
                period if period > 1.0 => format!("; one object is sampled every {}", words::bytes(period)),
                _ => "; every object is counted".into(),
            };
        }
        Some(text)
    }

    /// Growth in bytes or goroutines, with its sign.
    pub(super) fn amount(&self, value: f64) -> String {
        let sign = if value > 0.0 { "+" } else { "" };
        format!("{sign}{}", self.size(value))
    }

    /// Bytes or goroutines.
    pub(super) fn size(&self, value: f64) -> String {
        match self.kind {
            Counted::Heap => words::bytes(value),
            Counted::Goroutines => format!("{} goroutines", quantity(value.round(), Unit::Count)),
        }
    }

    pub(super) fn unit(&self) -> Unit {
        match self.kind {
            Counted::Heap => Unit::Bytes,
            Counted::Goroutines => Unit::Count,
        }
    }

    /// How much there is of it at a snapshot.
    pub(super) fn level(&self, point: &super::suspect::Point) -> f64 {
        match self.kind {
            Counted::Heap => point.bytes,
            Counted::Goroutines => point.objects,
        }
    }
}

impl Suspect {
    /// From and to, for what is ruled out.
    fn moved(&self, part: &Comparison) -> String {
        let ends = (self.points.first(), self.points.last());
        let (Some(first), Some(last)) = ends else { return String::new() };
        format!("{} to {}", part.size(part.level(first)), part.size(part.level(last)))
    }

    /// The one line: what, how fast, how many of what size, how much of all, and what tells.
    pub(super) fn summary(&self, part: &Comparison) -> String {
        let verb = if self.verdict == Verdict::Leak { "leaks" } else { "may leak" };
        let per = if part.timed { "/min" } else { " a snapshot" };
        let rate = interval(Some(self.per_minute.mid), self.per_minute.low, self.per_minute.high, part.unit());
        let rate = match rate.split_once(" (") {
            Some((mid, ends)) => format!("{mid}{per} ({ends}"),
            None => format!("{rate}{per}"),
        };
        let mut text = match part.kind {
            Counted::Heap => format!("{} {verb} {rate}", self.title),
            Counted::Goroutines => format!("{} {verb} goroutines: {rate}", self.title),
        };
        let count = |value: f64| quantity(value.round(), Unit::Count);
        let last = self.points.last();
        match (part.kind, self.main_size(), last) {
            (Counted::Heap, Some(size), _) => {
                let s = if size.objects.round() == 1.0 { "" } else { "s" };
                text += &format!(": {} more object{s} of {}", count(size.objects), words::bytes(size.size_bytes));
            }
            (Counted::Goroutines, _, Some(last)) => {
                let waits = self.waits.map_or(String::new(), |waits| format!(", waiting in {waits}"));
                text += &format!(": {} of them now{waits}", count(last.objects));
            }
            _ => {}
        }
        let share = match self.share * 100.0 {
            few if few < 1.0 => words::percent(self.share),
            share => format!("{share:.0} %"),
        };
        text += &format!("; {share} of all growth");
        if let Some(survival) = self.survival {
            text += &format!("; survival {}", self.survived(survival));
        }
        text
    }

    /// What stays of what is allocated, and in how many intervals all of it did, where that is most of them.
    fn survived(&self, survival: f64) -> String {
        let all: Vec<f64> = self.points.iter().filter_map(|p| p.survival).collect();
        let whole = all.iter().filter(|s| **s >= 0.995).count();
        let intervals = format!("1.00 in {whole} of {} intervals", all.len());
        match whole {
            _ if whole == all.len() => intervals,
            _ if whole * 2 < all.len() => figure(survival),
            _ => format!("{} in all, {intervals}", figure(survival)),
        }
    }

    fn measures(&self, part: &Comparison) -> BTreeMap<&'static str, f64> {
        const MINUTES_A_DAY: f64 = 1440.0;
        let mut measures = BTreeMap::from([("share_of_growth_ratio", self.share), ("snapshots", part.compared as f64)]);
        let rate = &self.per_minute;
        match part.kind {
            Counted::Heap => {
                if part.timed {
                    measures.insert("growth_bytes_per_day", rate.mid * MINUTES_A_DAY);
                    measures.insert("growth_low_bytes_per_day", rate.low * MINUTES_A_DAY);
                    measures.insert("growth_high_bytes_per_day", rate.high * MINUTES_A_DAY);
                }
                measures.insert("grown_bytes", self.growth);
                measures.insert("sampling_error_bytes", self.growth_error);
                measures.insert("sampled_objects", self.sampled_objects.round());
                measures.extend(self.points.last().map(|p| ("in_use_bytes", p.bytes)));
                measures.extend(self.survival.map(|s| ("survival_ratio", s)));
                if let Some(size) = self.main_size() {
                    measures.insert("object_size_bytes", size.size_bytes);
                    measures.insert("more_objects", size.objects.round());
                }
            }
            Counted::Goroutines => {
                measures.insert("grown_count", self.growth);
                measures.extend(part.timed.then_some(("growth_per_minute_count", rate.mid)));
                measures.extend(self.points.last().map(|p| ("goroutines", p.objects)));
            }
        }
        measures
    }
}
