//! The walk of one datum: recorded sources, a hand-held clock, a whole round in process.

use std::pin::Pin;

use engine::report::Report;
use model::evidence::{Evidence, IntervalRole, Role};
use model::labels::Labels;
use model::params::RawParams;
use model::query::{Answer, Gap, Origin, Query};
use model::series::SeriesSet;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use patrol::rounds::{self, Stop};
use sources::{Reply, Source, Step};

const NOW: Time = 1_795_176_000_000;
const MIB: f64 = 1024.0 * 1024.0;

/// A signal of a host as a function of the hours before now.
type Told = (Signal, &'static [(&'static str, &'static str)], fn(f64) -> f64);

/// A source that tells what was recorded, or why it cannot.
struct Recorded {
    name: &'static str,
    told: Vec<Told>,
    dead: Option<&'static str>,
    remark: Option<&'static str>,
    partial: Option<&'static str>,
}

impl Source for Recorded {
    fn name(&self) -> &str {
        self.name
    }

    fn fetch<'a>(&'a self, query: &'a Query) -> Reply<'a> {
        Box::pin(async move {
            let text = query.to_string();
            if let Some(reason) = self.dead {
                let (source, reason) = (self.name.into(), reason.into());
                return Err(Gap { source, signal: query.signal, query: text, reason, hint: None });
            }
            let mut series = SeriesSet::new(query.window);
            for (signal, labels, value) in &self.told {
                let labels: Labels = labels.iter().copied().collect();
                let meant = query.only.iter().all(|m| labels.get(&m.label) == Some(m.value.as_str()));
                if *signal == query.signal && meant {
                    for (cell, v) in series.push(labels).iter_mut().enumerate() {
                        *v = value((NOW - query.window.time_of(cell)) as f64 / 3.6e6);
                    }
                }
            }
            let Window { from, to, .. } = query.window;
            let origin = Origin { source: self.name.into(), query: text, from, to, asked_at: NOW };
            let notes = self.remark.map(str::to_string).into_iter().collect();
            Ok(Answer { series, profiles: Vec::new(), origin, notes, partial: self.partial.map(str::to_string) })
        })
    }

    fn test<'a>(&'a self, _now: Time) -> Pin<Box<dyn Future<Output = Vec<Step>> + Send + 'a>> {
        Box::pin(async { Vec::new() })
    }
}

/// A week in which `api` on host `a` grew 1 GiB a day, beside `b`, which breathes with the day.
fn fleet() -> Recorded {
    let told: Vec<Told> = vec![
        (Signal::HostMemoryTotal, &[("host", "a")], |_| 16_384.0 * MIB),
        (Signal::HostMemoryTotal, &[("host", "b")], |_| 16_384.0 * MIB),
        (Signal::HostMemoryAvailable, &[("host", "a")], |ago| (5_000.0 + ago * 42.0 + 30.0 * (ago * 7.0).sin()) * MIB),
        (Signal::HostMemoryAvailable, &[("host", "b")], |ago| {
            (8_000.0 + 1_500.0 * (ago * std::f64::consts::TAU / 24.0).sin()) * MIB
        }),
        (Signal::ProcessResident, &[("host", "a"), ("process", "api")], |ago| {
            (8_000.0 - ago * 42.0 + 20.0 * (ago * 9.0).sin()) * MIB
        }),
        (Signal::ProcessResident, &[("host", "a"), ("process", "db")], |ago| (900.0 + (ago * 5.0).cos()) * MIB),
    ];
    Recorded { name: "prom", told, dead: None, remark: None, partial: None }
}

fn round(sources: &[&Recorded]) -> Report {
    let inspection = inspections::named("host-memory-leak").unwrap();
    let window = Window::ending(NOW, Span::from_hours(6), Span::from_mins(1)).unwrap();
    let sources = sources.iter().map(|s| *s as &dyn Source).collect();
    let stop = Stop { inspection, params: RawParams::new(), window, sources, notes: vec!["a note".into()] };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(rounds::make(vec![stop], NOW, &indicatif::ProgressBar::hidden())).unwrap()
}

#[test]
fn a_leaking_host_is_found_with_its_process_and_a_breathing_one_is_not() {
    let report = round(&[&fleet()]);
    let run = &report.runs[0];
    let found: Vec<&str> = run.findings.iter().map(|f| f.summary.as_str()).collect();
    assert_eq!((run.subjects, run.findings.len(), run.unknown.len(), run.gaps.len()), (2, 1, 0, 0), "{found:#?}");
    let finding = &run.findings[0];
    assert_eq!((finding.code, finding.subject.get("host")), ("memory-leak", Some("a")));
    assert!(finding.summary.contains("a leaks") && finding.summary.contains("api grew most"), "{}", finding.summary);
    let per_day = finding.measures["growth_bytes_per_day"] / MIB;
    assert!((per_day - 1_008.0).abs() < 50.0, "{per_day} MiB a day");
    assert_eq!(run.notes, ["a note"]);
}

#[test]
fn a_dead_source_beside_a_living_one_leaves_gaps_and_spoils_nothing() {
    let dead =
        Recorded { name: "dead", told: Vec::new(), dead: Some("connection refused"), remark: None, partial: None };
    let report = round(&[&fleet(), &dead]);
    let run = &report.runs[0];
    assert_eq!(run.findings.len(), 1);
    assert!(run.gaps.iter().all(|g| g.source == "dead") && !run.gaps.is_empty());
}

#[test]
fn a_dead_source_alone_is_never_fine() {
    let dead =
        Recorded { name: "dead", told: Vec::new(), dead: Some("connection refused"), remark: None, partial: None };
    let report = round(&[&dead]);
    assert!(report.blind());
    assert_eq!(report.runs[0].subjects, 0);
}

#[test]
fn a_host_known_to_two_sources_is_one_host() {
    let (one, other) = (fleet(), Recorded { name: "replica", ..fleet() });
    let report = round(&[&one, &other]);
    let run = &report.runs[0];
    assert_eq!((run.subjects, run.findings.len()), (2, 1));
    assert!(run.notes.iter().any(|n| n.contains("reported more than once")), "{:?}", run.notes);
}

/// A server that could not reach all of its storage says so beside an answer that looks whole.
#[test]
fn what_a_source_remarks_on_its_answer_is_in_the_report_once() {
    let report = round(&[&Recorded { remark: Some("the server warns"), ..fleet() }]);
    let about = |signal: &str| report.runs[0].notes.iter().filter(|n| n.contains(signal)).count();
    assert_eq!(about("source `prom`, `host.memory.available`: the server warns"), 1, "{:?}", report.runs[0].notes);
    assert_eq!(about("`container.memory"), 0, "no series, nothing to remark: {:?}", report.runs[0].notes);
}

/// Half a fleet that answers is not a fleet without leaks.
#[test]
fn a_partial_answer_is_a_gap_too() {
    let report = round(&[&Recorded { partial: Some("some storage nodes did not answer"), ..fleet() }]);
    let run = &report.runs[0];
    assert_eq!(run.findings.len(), 1);
    assert!(run.gaps.iter().any(|g| g.reason == "some storage nodes did not answer"), "{:?}", run.gaps);
}

/// The proof of a leak: the host drawn with all that was found of it, who grew, who holds, what it is not, every test,
/// and what nobody could say; each number with its origin.
#[test]
fn a_finding_carries_its_proof() {
    let report = round(&[&fleet()]);
    let evidence = &report.runs[0].findings[0].evidence;
    let charts = evidence.iter().filter_map(|e| if let Evidence::Chart(c) = e { Some(c) } else { None });
    let charts: Vec<_> = charts.collect();
    assert_eq!(charts.iter().map(|c| c.title.as_str()).collect::<Vec<_>>(), ["Memory used on a", "Memory of api"]);
    let roles: Vec<Role> = charts[0].lines.iter().map(|l| l.role).collect();
    assert_eq!(roles, [Role::Series, Role::Baseline, Role::Forecast, Role::Limit]);
    let marked: Vec<IntervalRole> = charts[0].intervals.iter().map(|i| i.role).collect();
    assert_eq!((marked, charts[0].bands.len()), (vec![IntervalRole::Anomaly, IntervalRole::CauseSearch], 1));
    assert!(charts.iter().all(|c| c.origins.iter().all(|o| o.source == "prom" && !o.query.is_empty())));

    let tables = evidence.iter().filter_map(|e| if let Evidence::Table(t) = e { Some(t.title.as_str()) } else { None });
    assert_eq!(
        tables.collect::<Vec<_>>(),
        ["Processes that grew most", "Processes that hold most", "Every test made of the host"]
    );
    let says = |words: &str| evidence.iter().any(|e| matches!(e, Evidence::Fact { text } if text.starts_with(words)));
    assert!(says("grows by") && says("not a step: ") && says("not a warm-up: ") && says("not a cache"));
    let missing = |e: &Evidence| matches!(e, Evidence::Missing { what, .. } if what.contains("containers"));
    assert!(evidence.iter().any(missing), "nobody reports containers");
    assert!(evidence.iter().any(|e| matches!(e, Evidence::Advice { text } if text.contains("restart api"))));
}
