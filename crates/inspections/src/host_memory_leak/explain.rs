//! The second look at a finding, with history and processes at hand: it stands with its proof, or is explained away.

use model::evidence::Evidence;
use model::finding::{Conclusion, Finding, RuledOut};
use model::growth::{Judgement, Verdict};
use model::labels::Labels;
use model::query::{Origin, Query};
use model::series::Series;
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Time, Window};
use model::words;

use super::detect::{self, LOOKED_BACK, MEMORY_LEAK, PROCESS_LEAK};
use super::host::{self, Host};
use super::{Params, settings};
use crate::growing::consumer::{Consumer, grew_most, weigh};
use crate::heap_growth;

/// What the memory of a host is made of, for the account of its growth.
const KINDS: [(Signal, &str); 5] = [
    (Signal::HostMemoryAnonymous, "anonymous memory of processes"),
    (Signal::HostMemoryShared, "shared memory and tmpfs"),
    (Signal::HostMemorySlab, "kernel objects (slab)"),
    (Signal::HostMemoryKernel, "page tables and kernel stacks"),
    (Signal::HostMemoryCached, "page cache"),
];

/// What is asked of containers: anonymous memory where a source knows it, the working set where not.
pub(super) const CONTAINERS: [Signal; 2] = [Signal::ContainerAnonymous, Signal::ContainerWorkingSet];

pub(super) fn ask(params: &Params, window: Window, finding: &Finding) -> Vec<Query> {
    // A leak that only the history shows is explained over the history.
    let far = finding.measures.get(LOOKED_BACK).is_some_and(|hours| *hours > window.length().hours());
    let window = host::history_window(params, window).filter(|_| far).unwrap_or(window);
    let only = host::of_subject(&finding.subject);
    let mut all: Vec<Query> = Vec::new();
    let signals = KINDS.iter().map(|(s, _)| *s).chain(host::PROCESSES).chain(CONTAINERS);
    let others = [Signal::ProcessCount, Signal::HostMemoryPressure];
    all.extend(signals.chain(others).map(|signal| Query { signal, only: only.clone(), window }));
    all.push(heap_growth::profiles(window));
    all
}

/// A kind of memory of the host and what became of it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) before: f64,
    pub(super) now: f64,
    pub(super) origins: Vec<Origin>,
}

/// Everything the explanation of one finding is made from.
pub(super) struct Case<'a> {
    pub(super) params: &'a Params,
    pub(super) window: Window,
    pub(super) seen: &'a Snapshot,
    pub(super) subject: Labels,
    pub(super) host: Host<'a>,
    pub(super) judgement: Judgement,
    /// The grid the judgement was given on.
    pub(super) grid: Window,
    /// The stretch of time in which the cause is searched for.
    pub(super) cause: (Time, Time),
    /// Bytes the host grew by in it.
    pub(super) grown: f64,
    pub(super) processes: Vec<Consumer>,
    pub(super) containers: Vec<Consumer>,
}

pub(super) fn explain(params: &Params, window: Window, finding: Finding, seen: &Snapshot) -> Conclusion {
    let subject = finding.subject.keep(host::IDENTITY);
    let Some(host) = host::one(params, window, seen, &subject) else {
        return Conclusion::Upheld(Box::new(finding));
    };
    let (judgement, grid) = detect::judge_host(params, &host);
    let case = Case::open(params, window, seen, subject, host, (judgement, grid));
    if finding.code == MEMORY_LEAK
        && let Some((verdict, why)) = case.innocent()
    {
        // What else grew may hide a process that leaks.
        return match detect::worst_process(params, window, seen, &case.host) {
            Some(process) => Conclusion::Upheld(Box::new(case.close(process))),
            None => Conclusion::Dismissed(RuledOut { subject: finding.subject, verdict: verdict.name(), why }),
        };
    }
    Conclusion::Upheld(Box::new(case.close(finding)))
}

impl<'a> Case<'a> {
    fn open(
        params: &'a Params,
        window: Window,
        seen: &'a Snapshot,
        subject: Labels,
        host: Host<'a>,
        (judgement, grid): (Judgement, Window),
    ) -> Case<'a> {
        // The cause lies where the growth is; a little before it, so that what grew has a level to grow from.
        let margin = grid.length().millis() / 20;
        let from = judgement.anomaly.map_or(grid.from, |(from, _)| from - margin).clamp(grid.from, grid.to - margin);
        let cause = (from, grid.to);
        let mut case = Case {
            params,
            window,
            seen,
            subject,
            grown: 0.0,
            host,
            judgement,
            grid,
            cause,
            processes: Vec::new(),
            containers: Vec::new(),
        };
        case.grown = difference(case.used(), cause).unwrap_or(0.0);
        case.processes = case.consumers(&host::PROCESSES);
        case.containers = case.consumers(&CONTAINERS);
        case
    }

    pub(super) fn query(&self, signal: Signal) -> Query {
        Query { signal, only: host::of_subject(&self.subject), window: self.grid }
    }

    /// What a first answered signal of these says of the host's consumers.
    fn consumers(&self, signals: &[Signal]) -> Vec<Consumer> {
        let worth = (self.grown * 0.05).max(self.host.total.unwrap_or(0.0) * self.params.min_growth_of_total / 5.0);
        let settings = settings(self.params, None);
        for signal in signals {
            let query = self.query(*signal);
            let all: Vec<Series<'_>> = self.seen.answers(&query).flat_map(|a| a.series.iter()).collect();
            let all = weigh(&all, &[], self.cause, worth, &settings);
            if !all.is_empty() {
                return all;
            }
        }
        Vec::new()
    }

    /// The growth of a suspected host may be the sum of growths that each have a harmless explanation. Only when these
    /// make up most of it and nothing leaks, and never against the word of history.
    fn innocent(&self) -> Option<(Verdict, String)> {
        if self.judgement.verdict != Verdict::Suspected
            || self.grown <= 0.0
            || self.processes.iter().any(Consumer::leaks)
        {
            return None;
        }
        let harmless = |v| matches!(v, Verdict::WarmingUp | Verdict::LevelShift | Verdict::Seasonal);
        let explained: Vec<&Consumer> =
            grew_most(&self.processes).into_iter().filter(|c| harmless(c.verdict())).collect();
        let sum: f64 = explained.iter().map(|c| c.growth()).sum();
        if sum < self.grown * 0.6 {
            return None;
        }
        let named: Vec<String> =
            explained.iter().take(3).map(|c| format!("{} ({})", c.name(), c.verdict().name())).collect();
        let why = format!(
            "the host grew by {}, of which {} are explained by processes that do not leak: {}",
            words::bytes(self.grown),
            words::percent(sum / self.grown),
            named.join(", ")
        );
        Some((explained.first()?.verdict(), why))
    }

    /// The finding with its level and figures brought up to date and its evidence attached.
    fn close(&self, mut finding: Finding) -> Finding {
        if finding.code == MEMORY_LEAK {
            let renewed = detect::leak(self.params, &self.host, &self.judgement, self.grid);
            (finding.level, finding.summary, finding.measures) = (renewed.level, renewed.summary, renewed.measures);
        }
        if finding.code != PROCESS_LEAK {
            self.blame(&mut finding);
        }
        let process = self.shown(&finding);
        // The judged thing is the process of a process's finding, and the host of any other.
        let (judged, name) = match process {
            Some(Consumer { judgement: Some(judged), .. }) if finding.code == PROCESS_LEAK => (judged, "the process"),
            _ => (&self.judgement, "the host"),
        };
        let (call_paths, gravest) = self.call_paths(process);
        if let Some(path) = gravest {
            finding.summary += &format!("; in its heap grows {path}");
        }
        let evidence = &mut finding.evidence;
        evidence.push(Evidence::Chart(self.host_chart()));
        evidence.extend(process.and_then(|p| self.process_chart(p)).map(Evidence::Chart));
        evidence.extend(call_paths);
        evidence.extend(self.advice(finding.level));
        if [MEMORY_LEAK, PROCESS_LEAK].contains(&finding.code) {
            evidence.push(Evidence::Fact { text: judged.why.clone() });
            evidence.extend(self.reasons(judged));
        }
        evidence.extend(self.account());
        evidence.extend(self.tables());
        evidence.extend(self.innocents());
        evidence.extend(self.gates(judged, name));
        evidence.extend(self.pressure());
        finding
    }

    /// The process that is drawn: the one in the subject, or the one that the growth is put down to.
    fn shown(&self, finding: &Finding) -> Option<&Consumer> {
        let grew = grew_most(&self.processes);
        let named = finding.subject.get("process");
        let of = grew.iter().find(|c| c.leaks() && named.is_some() && c.labels.get("process") == named).copied();
        of.or_else(|| self.culprit(&grew))
    }

    /// Names what the growth is put down to: a process, or else the kind of memory it sits in.
    fn blame(&self, finding: &mut Finding) {
        let share_of = |growth: f64| match growth / self.grown {
            share if share >= 0.98 => "all".to_string(),
            share => words::percent(share),
        };
        let mut say = |name: &str, growth: f64| {
            finding.summary += &format!("; {name} grew most: {}, {} of it", words::bytes(growth), share_of(growth));
        };
        if let Some(first) = self.culprit(&grew_most(&self.processes)) {
            say(&first.name(), first.growth());
            if let Some(rate) = first.growth_per_day().filter(|_| first.leaks()) {
                finding.summary += &format!(", {}", words::rate(rate));
            }
            finding.measures.insert("top_process_growth_bytes", first.growth());
        } else if let Some(kind) =
            self.kinds().first().filter(|k| self.grown > 0.0 && k.now - k.before >= self.grown * 0.5)
        {
            say(kind.name, kind.now - kind.before);
        }
    }

    /// The process that the growth is put down to: the one that leaks most, if that is a fifth of it, or else the one that grew
    /// most, if that is half of it.
    pub(super) fn culprit<'c>(&self, grew: &[&'c Consumer]) -> Option<&'c Consumer> {
        let worth = |c: &&&Consumer, share: f64| self.grown > 0.0 && c.growth() >= self.grown * share;
        let leaks = grew.iter().filter(|c| c.leaks()).find(|c| worth(c, 0.2));
        leaks.or_else(|| grew.first().filter(|c| worth(c, 0.5))).copied()
    }

    /// The used memory on the grid of the judgement.
    pub(super) fn used(&self) -> Series<'_> {
        match &self.host.past {
            Some((grid, values)) if *grid == self.grid => Series { labels: &self.subject, window: grid, values },
            _ => self.host.series(),
        }
    }

    /// What the memory of the host is made of, at both ends of the interval; what grew most first.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let own = |s: &Series<'_>| s.labels.keep(host::IDENTITY) == self.subject;
        let mut all: Vec<Kind> = Vec::new();
        for (signal, name) in KINDS {
            let query = self.query(signal);
            let series = self.seen.answers(&query).flat_map(|a| a.series.iter()).find(own);
            if let Some((before, now)) = series.and_then(|s| ends(s, self.cause)) {
                all.push(Kind { name, before, now, origins: host::origins(self.seen, &[query]) });
            }
        }
        all.sort_by(|a, b| (b.now - b.before).total_cmp(&(a.now - a.before)));
        all
    }
}

/// The level of a series at both ends of an interval.
fn ends(series: Series<'_>, (from, to): (Time, Time)) -> Option<(f64, f64)> {
    let there = |i: &usize| !series.values[*i].is_nan();
    let inside: Vec<usize> = (0..series.values.len())
        .filter(|i| series.window.time_of(*i) > from && series.window.time_of(*i) <= to)
        .filter(there)
        .collect();
    let edge = (inside.len() / 20).max(1);
    let level = |cells: &[usize]| cells.iter().map(|i| series.values[*i]).sum::<f64>() / cells.len() as f64;
    Some((level(inside.get(..edge)?), level(inside.get(inside.len() - edge..)?)))
}

fn difference(series: Series<'_>, interval: (Time, Time)) -> Option<f64> {
    ends(series, interval).map(|(before, now)| now - before)
}
