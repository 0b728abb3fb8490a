//! The pieces of a finding's explanation: charts, tables, what was ruled out, what is missing, advice.

use model::evidence::{Cell, Chart, Column, Evidence, Table};
use model::finding::Level;
use model::growth::{Judgement, Verdict};
use model::query::Query;
use model::signal::{Signal, Unit};
use model::words;

use super::explain::{CONTAINERS, Case, Kind};
use super::host;
use crate::growing::chart::{Drawn, chart};
use crate::growing::consumer::{Consumer, grew_most, hold_most, table};

/// What else growth could have been, by the gate that tells.
const OTHERS: [(&str, &str); 4] = [
    ("step-model", "a step"),
    ("saturating-model", "a warm-up"),
    ("fill-model", "a cache that fills up to its bound"),
    ("season", "a rhythm"),
];

impl Case<'_> {
    pub(super) fn host_chart(&self) -> Chart {
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

    fn host_queries(&self) -> Vec<Query> {
        let only = host::matchers(self.params);
        let tail = host::tail(self.window);
        vec![
            Query { signal: Signal::HostMemoryAvailable, only: only.clone(), window: self.grid },
            Query { signal: Signal::HostMemoryTotal, only, window: tail },
        ]
    }

    /// The chart of a process.
    pub(super) fn process_chart(&self, shown: &Consumer) -> Option<Chart> {
        let judgement = shown.judgement.as_ref()?;
        for signal in host::PROCESSES {
            let query = self.query(signal);
            let series = self.seen.answers(&query).flat_map(|a| a.series.iter()).find(|s| s.labels == &shown.labels);
            if let Some(series) = series {
                let title = format!("Memory of {}", shown.name());
                let origins = host::origins(self.seen, &[query]);
                let drawn = Drawn { title, judgement, limit: None, cause: None, starts: &[], origins };
                return Some(chart(series, drawn));
            }
        }
        None
    }

    /// What the growth is not, and how that is known.
    pub(super) fn reasons(&self, judged: &Judgement) -> Vec<Evidence> {
        let passed = judged.gates.iter().filter(|g| g.passed);
        let told = passed.filter_map(|g| {
            let (_, other) = OTHERS.iter().find(|(gate, _)| *gate == g.name)?;
            Some(Evidence::Fact { text: format!("not {other}: {}", g.says) })
        });
        told.collect()
    }

    /// Where in the memory of the host the growth sits: kernel objects, for example, no process will ever show.
    pub(super) fn account(&self) -> Option<Evidence> {
        let kinds = self.kinds();
        let row = |k: &Kind| {
            vec![Cell::Text(k.name.into()), Cell::Number(k.before), Cell::Number(k.now), Cell::Number(k.now - k.before)]
        };
        let bytes = |name: &str| Column { name: name.into(), unit: Some(Unit::Bytes) };
        let columns = vec![Column { name: "kind".into(), unit: None }, bytes("before"), bytes("now"), bytes("growth")];
        let (rows, origins) = (kinds.iter().map(row).collect(), kinds.iter().flat_map(|k| k.origins.clone()).collect());
        let title = "Where the growth sits".into();
        (!kinds.is_empty()).then_some(Evidence::Table(Table { title, columns, rows, origins }))
    }

    pub(super) fn tables(&self) -> Vec<Evidence> {
        let mut out = Vec::new();
        let groups: [(&str, &[Signal], &Vec<Consumer>); 2] =
            [("Processes", &host::PROCESSES, &self.processes), ("Containers", &CONTAINERS, &self.containers)];
        for (what, signals, all) in groups {
            if all.is_empty() {
                out.push(self.missing(what, signals));
                continue;
            }
            let queries: Vec<Query> = signals.iter().map(|s| self.query(*s)).collect();
            let origins = host::origins(self.seen, &queries);
            let most = |verb: &str, list: &[&Consumer]| {
                Evidence::Table(table(format!("{what} that {verb}"), list, self.grown, origins.clone()))
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
            // The last signal asked is the one that most sources know: its notes say best what is missing.
            let notes: Vec<String> = self.seen.answers(&query).flat_map(|a| a.notes.clone()).collect();
            hints = if notes.is_empty() { hints } else { notes };
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
        Evidence::Missing {
            what: format!("the {} behind the growth", what.to_lowercase()),
            why: why.join("; "),
            hint: hints.join("; "),
        }
    }

    /// Those that grew too and are not the cause, and what tells.
    pub(super) fn innocents(&self) -> Vec<Evidence> {
        let grew = grew_most(&self.processes).into_iter().filter(|c| !c.leaks() && c.verdict() != Verdict::Unknown);
        let enough = grew.filter(|c| c.growth() >= self.grown.abs() * 0.02).take(5);
        let say = |c: &Consumer| format!("ruled out: {} is {}: {}", c.name(), c.verdict().name(), c.why());
        enough.map(|c| Evidence::Fact { text: say(c) }).collect()
    }

    pub(super) fn gates(&self, judged: &Judgement, of: &str) -> Option<Evidence> {
        let text = |name: &str| Column { name: name.into(), unit: None };
        let mark = |passed| if passed { "yes" } else { "no" };
        let rows: Vec<Vec<Cell>> = judged
            .gates
            .iter()
            .map(|g| [g.name.to_string(), mark(g.passed).into(), g.says.clone()].map(Cell::Text).into())
            .collect();
        let title = format!("Every test made of {of}");
        let columns = vec![text("test"), text("growth still possible"), text("figures")];
        (!rows.is_empty()).then_some(Evidence::Table(Table { title, columns, rows, origins: Vec::new() }))
    }

    pub(super) fn pressure(&self) -> Option<Evidence> {
        let query = self.query(Signal::HostMemoryPressure);
        let series = self.seen.answers(&query).flat_map(|a| a.series.iter()).find(|s| s.samples() > 0)?;
        let peak = series.values.iter().copied().filter(|v| !v.is_nan()).fold(0.0, f64::max);
        let text = format!("tasks waited for memory {} of the time at the worst", words::percent(peak));
        Some(Evidence::Fact { text })
    }

    pub(super) fn advice(&self, level: Level) -> Vec<Evidence> {
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
