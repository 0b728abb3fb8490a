//! Programs whose heap grows without end, and the call path that leaks.

use model::finding::{Unknown, Verdicts};
use model::labels::Labels;
use model::profile::suspects::{Context, SuspectsReport, judge};
use model::query::{Answer, Profiles, Query};
use model::seam::{Card, Inspection};
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Window};
use rayon::prelude::*;

model::params! {
    /// What a person may set.
    Params {
        /// Programs to look at, by the names they have under `profiles.targets`, one a line; all when empty.
        targets: Vec<String> = Vec::new(),
        /// Fewer snapshots of a heap than this are not judged: two show growth, and hardly ever tell a leak from a
        /// cache that fills.
        least_snapshots: usize = 3,
    }
}

/// Compares the profiles of every configured program.
pub struct HeapGrowth;

impl Inspection for HeapGrowth {
    type Params = Params;
    const CARD: Card = Card {
        id: "heap-growth",
        title: "Growth of heaps",
        looks_for: "Call paths whose memory, and stacks whose goroutines, grow from snapshot to snapshot. Caches that \
                    fill up, saw-teeth, warm-ups and the chance of sampling are told apart.",
        matters: "It names the line to mend, long before the host runs out of memory.",
        to_do: "Read the call path from the top: the first function of your own that keeps what it should let go of is \
                the one. `patrol pprof -list` shows its source.",
        schedule: "30 * * * *",
        timeout: Span::from_secs(300),
        window: Span::from_hours(6),
        step: Span::from_mins(1),
    };

    fn check(params: &Params) -> Result<(), String> {
        match params.least_snapshots {
            0 | 1 => Err("`least_snapshots`: at least 2 are needed to see growth".into()),
            _ => Ok(()),
        }
    }

    fn needs(_params: &Params, window: Window) -> Vec<Query> {
        vec![profiles(window)]
    }

    fn detect(params: &Params, window: Window, seen: &Snapshot) -> Verdicts {
        let answers: Vec<&Answer> = seen.answers(&profiles(window)).collect();
        let wanted = |p: &&Profiles| params.targets.is_empty() || params.targets.iter().any(|t| named(p) == t);
        let all: Vec<(&Answer, &Profiles)> =
            answers.iter().flat_map(|a| a.profiles.iter().filter(wanted).map(move |p| (*a, p))).collect();
        let mut verdicts = Verdicts::default();
        let each: Vec<Verdicts> = all.par_iter().map(|(answer, of)| one(params, answer, of)).collect();
        for one in each {
            verdicts.subjects += one.subjects;
            verdicts.findings.extend(one.findings);
            verdicts.unknown.extend(one.unknown);
            verdicts.ruled_out.extend(one.ruled_out);
            verdicts.notes.extend(one.notes);
        }
        for missing in params.targets.iter().filter(|t| !all.iter().any(|(_, p)| named(p) == *t)) {
            verdicts.subjects += 1;
            let why = "it is not among `profiles.targets` of the configuration".to_string();
            verdicts.unknown.push(Unknown { subject: Labels::from([("target", missing.as_str())]), why });
        }
        verdicts
    }
}

/// The one question there is.
pub(crate) fn profiles(window: Window) -> Query {
    Query { signal: Signal::HeapProfiles, only: Vec::new(), window }
}

fn named(profiles: &Profiles) -> &str {
    profiles.subject.get("target").unwrap_or_default()
}

/// What the snapshots of a program say.
pub(crate) fn judged(of: &Profiles) -> SuspectsReport {
    judge(&of.snapshots, &Context { memory: of.memory.clone(), resident_bytes: None })
}

fn one(params: &Params, answer: &Answer, of: &Profiles) -> Verdicts {
    let report = judged(of);
    let compared = report.heap.as_ref().map_or(0, |part| part.compared);
    if compared < params.least_snapshots {
        let notes = report.heap.iter().flat_map(|part| &part.notes);
        let mut reasons = of.unreadable.iter().chain(notes);
        let first = reasons.next().map(|why| format!("; {why}")).unwrap_or_default();
        let more = match reasons.count() {
            0 => String::new(),
            more => format!("; and {more} more reasons"),
        };
        let least = params.least_snapshots;
        let why = format!("heap profiles that can be compared: {compared}, of at least {least}{first}{more}");
        let unknown = vec![Unknown { subject: of.subject.clone(), why }];
        return Verdicts { subjects: 1, unknown, ..Verdicts::default() };
    }
    let mut verdicts = report.verdicts(&of.subject, std::slice::from_ref(&answer.origin));
    verdicts.notes.extend(of.unreadable.iter().map(|why| format!("not read: {why}")));
    verdicts.notes.iter_mut().for_each(|note| *note = format!("{}: {note}", named(of)));
    verdicts
}
