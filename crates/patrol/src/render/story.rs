//! What a reader wants to know first, in words that every format shares: status, counts, names, groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use engine::report::{Report, RunReport};
use model::evidence::Evidence;
use model::finding::{Finding, Level, RuledOut, Unknown};
use model::labels::Labels;
use model::query::{Gap, Origin};

/// How a run or a whole report ended, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Something was found, this bad.
    Found(Level),
    /// Nothing could be judged.
    Unknown,
    /// What could be judged is fine; some could not be.
    Incomplete,
    /// Everything was judged and is fine.
    Fine,
}

impl Status {
    /// The word on the badge.
    pub fn word(self) -> &'static str {
        match self {
            Status::Found(Level::Critical) => "CRITICAL",
            Status::Found(Level::Warning) => "WARNING",
            Status::Found(Level::Info) => "INFO",
            Status::Unknown => "UNKNOWN",
            Status::Incomplete => "INCOMPLETE",
            Status::Fine => "FINE",
        }
    }

    /// The status of one run. Fine only when every subject was judged and every question answered.
    pub fn of(run: &RunReport) -> Status {
        match run.findings.iter().map(|f| f.level).max() {
            Some(level) => Status::Found(level),
            None if run.subjects <= run.unknown.len() => Status::Unknown,
            None if !run.unknown.is_empty() || !run.gaps.is_empty() => Status::Incomplete,
            None => Status::Fine,
        }
    }

    /// The status of a report: the worst finding, else the least that is known.
    pub fn of_all(report: &Report) -> Status {
        let all = || report.runs.iter().map(Status::of);
        match report.worst() {
            Some(level) => Status::Found(level),
            None if all().all(|s| s == Status::Fine) && !report.runs.is_empty() => Status::Fine,
            None if all().all(|s| s == Status::Unknown) => Status::Unknown,
            None => Status::Incomplete,
        }
    }
}

/// `1 host`, `12 hosts`; what is counted is taken from the name of the inspection (`host-memory-leak`).
pub fn subjects(run: &RunReport, count: usize) -> String {
    const NOUNS: [&str; 5] = ["host", "pod", "container", "process", "instance"];
    let noun = match run.inspection.split('-').next() {
        Some("heap") => "call path",
        noun => noun.filter(|noun| NOUNS.contains(noun)).unwrap_or("subject"),
    };
    match (noun, count) {
        (noun, 1) => format!("1 {noun}"),
        ("process", count) => format!("{count} processes"),
        (noun, count) => format!("{count} {noun}s"),
    }
}

/// What the run came to, in one sentence that never counts the unknown as fine.
pub fn outcome(run: &RunReport) -> String {
    let all = subjects(run, run.subjects);
    let leaks = run.inspection.ends_with("-leak");
    let judged = run.subjects.saturating_sub(run.unknown.len());
    let bad: BTreeSet<&Labels> = run.findings.iter().map(|f| &f.subject).collect();
    match Status::of(run) {
        Status::Found(_) => {
            let mut words = format!("{all} looked at, findings on {}", bad.len());
            if !run.ruled_out.is_empty() {
                let _ = write!(words, ", {} ruled out", run.ruled_out.len());
            }
            if !run.unknown.is_empty() {
                let _ = write!(words, ", {} could not be judged", run.unknown.len());
            }
            words
        }
        Status::Fine if leaks => format!("{all} looked at, none leaks"),
        Status::Fine => format!("{all} looked at, nothing found"),
        Status::Incomplete if run.unknown.is_empty() => {
            let what = if leaks { "none leaks" } else { "nothing found" };
            format!("{all} looked at, {what} as far as was answered")
        }
        Status::Incomplete => {
            let what = if leaks { "none of them leaks" } else { "nothing found" };
            format!("{judged} of {all} judged, {what}; {} could not be judged", run.unknown.len())
        }
        Status::Unknown if run.subjects == 0 => format!("no {} seen, so nothing can be said", noun_alone(run)),
        Status::Unknown => format!("none of {all} could be judged"),
    }
}

fn noun_alone(run: &RunReport) -> String {
    subjects(run, 1).trim_start_matches("1 ").into()
}

/// Names labels for a headline: the values of the labels we know in order of size, the rest in braces.
pub fn name(subject: &Labels) -> String {
    const KNOWN: [&str; 6] = ["host", "namespace", "pod", "container", "process", "path"];
    let mut name = KNOWN.iter().filter_map(|label| subject.get(label)).collect::<Vec<_>>().join("/");
    let rest: Vec<String> =
        subject.iter().filter(|(label, _)| !KNOWN.contains(label)).map(|(l, v)| format!("{l}={v}")).collect();
    if !rest.is_empty() {
        let gap = if name.is_empty() { "" } else { " " };
        let _ = write!(name, "{gap}{{{}}}", rest.join(", "));
    }
    if name.is_empty() { "(no labels)".into() } else { name }
}

/// The one line of a finding, with its subject in front unless the summary names it already.
pub fn headline(finding: &Finding) -> String {
    let named = finding.subject.iter().any(|(_, value)| !value.is_empty() && finding.summary.contains(value));
    if named || finding.subject.is_empty() {
        finding.summary.clone()
    } else {
        format!("{}: {}", name(&finding.subject), finding.summary)
    }
}

/// All findings of a report with their run, worst first.
pub fn findings(report: &Report) -> Vec<(&RunReport, &Finding)> {
    let mut all: Vec<_> = report.runs.iter().flat_map(|run| run.findings.iter().map(move |f| (run, f))).collect();
    all.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.level));
    all
}

/// Subjects with the same reason to be unknown.
pub struct Group {
    /// The reason, of the first where only figures differ.
    pub why: String,
    /// Whether figures differ between them.
    pub differ: bool,
    /// Names of the subjects.
    pub names: Vec<String>,
}

impl Group {
    /// The first few names and how many more: `web-1, web-2 and 498 more`.
    pub fn few(&self, most: usize) -> String {
        few(&self.names, most)
    }
}

/// The first few and how many more.
pub fn few(names: &[String], most: usize) -> String {
    if names.len() <= most + 1 {
        return names.join(", ");
    }
    format!("{} and {} more", names[..most].join(", "), names.len() - most)
}

/// Unknown subjects by reason, the most frequent first. Reasons that differ only in figures are one.
pub fn by_reason(unknown: &[Unknown]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for one in unknown {
        let shape: String = one.why.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
        let index = *at.entry(shape).or_insert_with(|| {
            groups.push(Group { why: one.why.clone(), differ: false, names: Vec::new() });
            groups.len() - 1
        });
        let group = &mut groups[index];
        group.differ |= group.why != one.why;
        group.names.push(name(&one.subject));
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.names.len()));
    groups
}

/// Questions that failed for the same reason.
pub struct GapGroup {
    /// The source, the signals asked for, the reason, and how often.
    pub says: String,
    /// What the reader could do.
    pub hint: Option<String>,
}

/// Gaps by source and reason, in the order they came.
pub fn by_gap(gaps: &[Gap]) -> Vec<GapGroup> {
    let mut groups: Vec<(&Gap, Vec<String>, usize)> = Vec::new();
    for gap in gaps {
        let signal = gap.signal.name().to_string();
        match groups.iter_mut().find(|(first, ..)| first.source == gap.source && first.reason == gap.reason) {
            Some((_, signals, count)) => {
                *count += 1;
                if !signals.contains(&signal) {
                    signals.push(signal);
                }
            }
            None => groups.push((gap, vec![signal], 1)),
        }
    }
    let say = |(gap, signals, count): (&Gap, Vec<String>, usize)| {
        let times = if count > signals.len() { format!(" ({count} queries)") } else { String::new() };
        let says = format!("source {}: cannot read {}: {}{times}", gap.source, few(&signals, 4), gap.reason);
        GapGroup { says, hint: gap.hint.clone() }
    };
    groups.into_iter().map(say).collect()
}

/// How many of each verdict: `20 seasonal, 4 level-shift`.
pub fn by_verdict(ruled_out: &[RuledOut]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in ruled_out {
        *counts.entry(one.verdict).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(verdict, count)| (std::cmp::Reverse(*count), *verdict));
    counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
}

/// Every origin of the charts and tables of a finding, each once.
pub fn origins(finding: &Finding) -> Vec<&Origin> {
    let mut all: Vec<&Origin> = Vec::new();
    for evidence in &finding.evidence {
        let origins = match evidence {
            Evidence::Table(table) => &table.origins,
            Evidence::Chart(chart) => &chart.origins,
            _ => continue,
        };
        for origin in origins {
            if !all.contains(&origin) {
                all.push(origin);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(subjects: usize, unknown: usize) -> RunReport {
        let unknown = (0..unknown).map(|i| Unknown {
            subject: Labels::from([("host", &*format!("h{i}"))]),
            why: format!("{i} of 360 samples"),
        });
        RunReport {
            inspection: "host-memory-leak",
            title: "Memory leaks of hosts",
            from: 0,
            to: 1,
            subjects,
            gaps: vec![],
            unknown: unknown.collect(),
            findings: vec![],
            ruled_out: vec![],
            notes: vec![],
        }
    }

    #[test]
    fn unknown_is_never_folded_into_fine() {
        for (subjects, unknown, says) in [
            (12, 0, "12 hosts looked at, none leaks"),
            (1, 0, "1 host looked at, none leaks"),
            (12, 3, "9 of 12 hosts judged, none of them leaks; 3 could not be judged"),
            (3, 3, "none of 3 hosts could be judged"),
            (0, 0, "no host seen, so nothing can be said"),
        ] {
            assert_eq!(outcome(&run(subjects, unknown)), says);
        }
        assert_eq!(Status::of(&run(0, 0)), Status::Unknown);
        assert_eq!(Status::of_all(&Report::default()), Status::Unknown);
        let mixed = Report { runs: vec![run(2, 0), run(2, 2)], ..Report::default() };
        assert_eq!(Status::of_all(&mixed), Status::Incomplete);
    }

    #[test]
    fn five_hundred_reasons_that_differ_in_a_figure_are_one() {
        let groups = by_reason(&run(500, 500).unknown);
        assert_eq!((groups.len(), groups[0].differ), (1, true));
        assert_eq!(groups[0].few(2), "h0, h1 and 498 more");
    }

    #[test]
    fn names_are_short_where_the_labels_are_ours() {
        for (labels, says) in [
            (Labels::from([("host", "a")]), "a"),
            (Labels::from([("pod", "p"), ("namespace", "n")]), "n/p"),
            (Labels::from([("host", "a"), ("env", "x")]), "a {env=x}"),
            (Labels::default(), "(no labels)"),
        ] {
            assert_eq!(name(&labels), says);
        }
    }
}
