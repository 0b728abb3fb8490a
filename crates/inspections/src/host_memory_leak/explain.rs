//! The second look at a finding, with history and processes at hand: it stands with its proof, or is explained away.

use model::evidence::{Cell, Chart, Column, Evidence, Table};
use model::finding::{Conclusion, Finding, Level, RuledOut};
use model::growth::{Judgement, Verdict};
use model::labels::Labels;
use model::query::{Origin, Query};
use model::series::Series;
use model::signal::{Signal, Unit};
use model::snapshot::Snapshot;
use model::time::{Time, Window};
use model::words;

use super::detect::{self, LOOKED_BACK, MEMORY_LEAK, PROCESS_LEAK};
use super::host::{self, Host};
use super::{Params, settings};
use crate::growing::chart::{Drawn, chart};
use crate::growing::consumer::{Consumer, grew_most, hold_most, table, weigh};

/// What the memory of a host is made of, for the account of its growth.
const KINDS: [(Signal, &str); 5] = [
    (Signal::HostMemoryAnonymous, "anonymous memory of processes"),
    (Signal::HostMemoryShared, "shared memory and tmpfs"),
    (Signal::HostMemorySlab, "kernel objects (slab)"),
    (Signal::HostMemoryKernel, "page tables and kernel stacks"),
    (Signal::HostMemoryCached, "page cache"),
];

/// What is asked of containers: anonymous memory where a source knows it, the working set where not.
const CONTAINERS: [Signal; 2] = [Signal::ContainerAnonymous, Signal::ContainerWorkingSet];

pub(super) fn ask(params: &Params, window: Window, finding: &Finding) -> Vec<Query> {
    // A leak that only the history shows is explained over the history.
    let far = finding.measures.get(LOOKED_BACK).is_some_and(|hours| *hours > window.length().hours());
    let window = host::history_window(params, window).filter(|_| far).unwrap_or(window);
    let only = host::of_subject(&finding.subject);
    let mut all: Vec<Query> = Vec::new();
    let signals = KINDS.iter().map(|(s, _)| *s).chain(host::PROCESSES).chain(CONTAINERS);
    let others = [Signal::ProcessCount, Signal::HostMemoryPressure];
    all.extend(signals.chain(others).map(|signal| Query { signal, only: only.clone(), window }));
    all
}

/// Everything the explanation of one finding is made from.
struct Case<'a> {
    params: &'a Params,
    window: Window,
    seen: &'a Snapshot,
    subject: Labels,
    host: Host<'a>,
    judgement: Judgement,
    /// The grid the judgement was given on.
    grid: Window,
    /// The stretch of time in which the cause is searched for.
    cause: (Time, Time),
    /// Bytes the host grew by in it.
    grown: f64,
    processes: Vec<Consumer>,
    containers: Vec<Consumer>,
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
        return Conclusion::Dismissed(RuledOut { subject: finding.subject, verdict: verdict.name(), why });
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

    fn query(&self, signal: Signal) -> Query {
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
            grew_most(&self.processes).into_iter().filter(|c| harmless(c.verdict)).collect();
        let sum: f64 = explained.iter().map(|c| c.growth()).sum();
        if sum < self.grown * 0.6 {
            return None;
        }
        let named: Vec<String> =
            explained.iter().take(3).map(|c| format!("{} ({})", c.name(), c.verdict.name())).collect();
        let why = format!(
            "the host grew by {}, of which {} are explained by processes that do not leak: {}",
            words::bytes(self.grown),
            words::percent(sum / self.grown),
            named.join(", ")
        );
        Some((explained.first()?.verdict, why))
    }

    /// The finding with its level and figures brought up to date and its evidence attached.
    fn close(&self, mut finding: Finding) -> Finding {
        if finding.code == MEMORY_LEAK {
            let renewed = detect::leak(self.params, &self.host, &self.judgement, self.grid);
            (finding.level, finding.summary, finding.measures) = (renewed.level, renewed.summary, renewed.measures);
        }
        let grew = grew_most(&self.processes);
        if finding.code != PROCESS_LEAK
            && let Some(first) = self.culprit(&grew)
        {
            let share = words::percent(first.growth() / self.grown);
            finding.summary +=
                &format!("; {} grew most: {}, {share} of it", first.name(), words::bytes(first.growth()));
            finding.measures.insert("top_process_growth_bytes", first.growth());
        }
        let evidence = &mut finding.evidence;
        evidence.push(Evidence::Chart(self.host_chart()));
        evidence.extend(self.process_chart(&finding.subject).map(Evidence::Chart));
        if finding.code == MEMORY_LEAK {
            evidence.push(Evidence::Fact { text: self.judgement.why.clone() });
        }
        evidence.extend(self.reasons());
        evidence.extend(self.account());
        evidence.extend(self.tables());
        evidence.extend(self.innocents());
        evidence.extend(self.gates());
        evidence.extend(self.pressure());
        evidence.extend(self.advice(finding.level));
        finding
    }

    /// The process that the growth is put down to: the one that leaks most, or else grew most, if that is a fifth of it.
    fn culprit<'c>(&self, grew: &[&'c Consumer]) -> Option<&'c Consumer> {
        let first = grew.iter().find(|c| c.leaks()).or(grew.first())?;
        (self.grown > 0.0 && first.growth() >= self.grown * 0.2).then_some(*first)
    }

    fn host_chart(&self) -> Chart {
        let drawn = Drawn {
            title: format!("Memory used on {}", self.host.name()),
            judgement: &self.judgement,
            limit: self.host.total.map(|t| t * self.params.limit_share),
            cause: Some(self.cause),
            starts: self.host.boot.as_slice(),
            origins: host::origins(self.seen, &self.host_queries()),
        };
        chart(self.used(), drawn)
    }

    /// The used memory on the grid of the judgement.
    fn used(&self) -> Series<'_> {
        match &self.host.past {
            Some((grid, values)) if *grid == self.grid => Series { labels: &self.subject, window: grid, values },
            _ => self.host.series(),
        }
    }

    fn host_queries(&self) -> Vec<Query> {
        let only = host::matchers(self.params);
        let tail = host::tail(self.window);
        vec![
            Query { signal: Signal::HostMemoryAvailable, only: only.clone(), window: self.grid },
            Query { signal: Signal::HostMemoryTotal, only, window: tail },
        ]
    }

    /// The chart of the process in the subject, or of the one that the growth is put down to.
    fn process_chart(&self, subject: &Labels) -> Option<Chart> {
        let grew = grew_most(&self.processes);
        let named = subject.get("process");
        let of = grew.iter().find(|c| c.leaks() && c.labels.get("process") == named && named.is_some()).copied();
        let shown = of.or_else(|| self.culprit(&grew))?;
        let judgement = Judgement {
            verdict: shown.verdict,
            growth_per_day: shown.growth_per_day.filter(|_| shown.leaks()),
            hours_to_limit: None,
            level: shown.now,
            baseline: Some(shown.before),
            anomaly: Some(self.cause),
            lives: 1,
            gates: Vec::new(),
            ruled_out: Vec::new(),
            why: shown.why.clone(),
        };
        for signal in host::PROCESSES {
            let query = self.query(signal);
            let series = self.seen.answers(&query).flat_map(|a| a.series.iter()).find(|s| s.labels == &shown.labels);
            if let Some(series) = series {
                let title =
                    format!("{} of {}", signal.doc().split(['.', ':', ',']).next().unwrap_or("Memory"), shown.name());
                let origins = host::origins(self.seen, &[query]);
                let drawn = Drawn { title, judgement: &judgement, limit: None, cause: None, starts: &[], origins };
                return Some(chart(series, drawn));
            }
        }
        None
    }

    /// What the growth is not, and how that is known.
    fn reasons(&self) -> Vec<Evidence> {
        let said =
            |(verdict, why): &(Verdict, String)| Evidence::Fact { text: format!("not {}: {why}", verdict.name()) };
        self.judgement.ruled_out.iter().map(said).collect()
    }

    /// Where in the memory of the host the growth sits: kernel objects, for example, no process will ever show.
    fn account(&self) -> Option<Evidence> {
        let mut rows = Vec::new();
        let mut origins: Vec<Origin> = Vec::new();
        for (signal, name) in KINDS {
            let query = self.query(signal);
            let series = self
                .seen
                .answers(&query)
                .flat_map(|a| a.series.iter())
                .find(|s| s.labels.keep(host::IDENTITY) == self.subject);
            let Some((before, now)) = series.and_then(|s| ends(s, self.cause)) else { continue };
            rows.push(vec![
                Cell::Text(name.into()),
                Cell::Number(before),
                Cell::Number(now),
                Cell::Number(now - before),
            ]);
            origins.extend(host::origins(self.seen, &[query]));
        }
        let growth = |row: &Vec<Cell>| if let Some(Cell::Number(n)) = row.get(3) { *n } else { 0.0 };
        rows.sort_by(|a, b| growth(b).total_cmp(&growth(a)));
        let bytes = |name: &str| Column { name: name.into(), unit: Some(Unit::Bytes) };
        let columns = vec![Column { name: "kind".into(), unit: None }, bytes("before"), bytes("now"), bytes("growth")];
        let title = "Where the growth sits".into();
        (!rows.is_empty()).then_some(Evidence::Table(Table { title, columns, rows, origins }))
    }

    fn tables(&self) -> Vec<Evidence> {
        let mut out = Vec::new();
        let groups: [(&str, &[Signal], &Vec<Consumer>); 2] =
            [("processes", &host::PROCESSES, &self.processes), ("containers", &CONTAINERS, &self.containers)];
        for (what, signals, all) in groups {
            if all.is_empty() {
                out.push(self.missing(what, signals));
                continue;
            }
            let queries: Vec<Query> = signals.iter().map(|s| self.query(*s)).collect();
            let origins = host::origins(self.seen, &queries);
            let most = |verb: &str, list: &[&Consumer]| {
                Evidence::Table(table(
                    format!("The {} {what} that {verb}", list.len().min(10)),
                    list,
                    self.grown,
                    origins.clone(),
                ))
            };
            let (grew, held) = (grew_most(all), hold_most(all));
            if !grew.is_empty() {
                out.push(most("grew most", &grew[..grew.len().min(10)]));
            }
            out.push(most("hold most", &held[..held.len().min(10)]));
        }
        out
    }

    /// Why there is no table of processes or containers, with the sources' own words.
    fn missing(&self, what: &str, signals: &[Signal]) -> Evidence {
        let mut why: Vec<String> = Vec::new();
        let mut hints: Vec<String> = Vec::new();
        for query in signals.iter().map(|s| self.query(*s)) {
            why.extend(self.seen.gaps(&query).map(|g| g.to_string()));
            hints.extend(self.seen.gaps(&query).filter_map(|g| g.hint.clone()));
            hints.extend(self.seen.answers(&query).flat_map(|a| a.notes.clone()));
        }
        why.dedup();
        hints.dedup();
        if why.is_empty() {
            let names: Vec<String> = signals.iter().map(|s| format!("`{}`", s.name())).collect();
            why.push(format!("no source reports {} of this host", names.join(" or ")));
        }
        if hints.is_empty() {
            hints.push("run an exporter of it on the host, or the embedded collector".into());
        }
        Evidence::Missing { what: format!("the {what} behind the growth"), why: why.join("; "), hint: hints.join("; ") }
    }

    /// Those that grew too and are not the cause, and what tells.
    fn innocents(&self) -> Vec<Evidence> {
        let grew = grew_most(&self.processes).into_iter().filter(|c| !c.leaks() && c.verdict != Verdict::Unknown);
        let enough = grew.filter(|c| c.growth() >= self.grown.abs() * 0.02).take(5);
        let say = |c: &Consumer| format!("ruled out: {} is {}: {}", c.name(), c.verdict.name(), c.why);
        enough.map(|c| Evidence::Fact { text: say(c) }).collect()
    }

    fn gates(&self) -> Option<Evidence> {
        let text = |name: &str| Column { name: name.into(), unit: None };
        let mark = |passed| if passed { "yes" } else { "no" };
        let rows: Vec<Vec<Cell>> = self
            .judgement
            .gates
            .iter()
            .map(|g| [g.name.to_string(), mark(g.passed).into(), g.says.clone()].map(Cell::Text).into())
            .collect();
        let title = "Every test made of the host".into();
        let columns = vec![text("test"), text("growth still possible"), text("figures")];
        (!rows.is_empty()).then_some(Evidence::Table(Table { title, columns, rows, origins: Vec::new() }))
    }

    fn pressure(&self) -> Option<Evidence> {
        let query = self.query(Signal::HostMemoryPressure);
        let series = self.seen.answers(&query).flat_map(|a| a.series.iter()).find(|s| s.samples() > 0)?;
        let peak = series.values.iter().copied().filter(|v| !v.is_nan()).fold(0.0, f64::max);
        let text = format!("tasks waited for memory {} of the time at the worst", words::percent(peak));
        Some(Evidence::Fact { text })
    }

    fn advice(&self, level: Level) -> Vec<Evidence> {
        let grew = grew_most(&self.processes);
        let mut out = Vec::new();
        match self.culprit(&grew).filter(|c| c.leaks()) {
            Some(c) => {
                let soon = if level == Level::Critical { "now" } else { "at a quiet hour" };
                out.push(format!("restart {} {soon} to buy time, and take a heap profile of it before", c.name()));
            }
            None if self.processes.is_empty() => {}
            None if self.grown > 0.0 => {
                let sum: f64 = self.processes.iter().map(Consumer::growth).filter(|g| *g > 0.0).sum();
                if sum < self.grown * 0.5 {
                    let text = "processes show only {} of the growth: look at kernel objects, shared memory and tmpfs";
                    out.push(text.replace("{}", &words::percent(sum / self.grown)));
                }
            }
            None => {}
        }
        out.into_iter().map(|text| Evidence::Advice { text }).collect()
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
