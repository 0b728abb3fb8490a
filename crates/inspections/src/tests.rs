//! Runs every case under `cases/`: series in, findings out. `UPDATE_CASES=1` writes what came out into the files.

use std::collections::BTreeMap;
use std::fs;

use model::finding::Conclusion;
use model::labels::Labels;
use model::params::{Raw, RawParams, matchers};
use model::query::{Answer, Compare, Gap, Matcher, Origin, Profiles, Query};
use model::seam::AnyInspection;
use model::series::SeriesSet;
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Time, Window};

mod profiles;

/// When every case ends: 2026-11-20T12:00:00Z.
const NOW: Time = 1_795_176_000_000;

/// The body of a fenced block, or nothing.
fn block<'a>(case: &'a str, tag: &str) -> &'a str {
    let open = format!("```{tag}\n");
    case.split_once(&open).and_then(|(_, rest)| rest.split_once("```")).map_or("", |(body, _)| body)
}

/// `8000Mi`, `2Gi`, `-3.5`.
fn number(text: &str) -> f64 {
    let (digits, factor) = match text {
        t if t.ends_with("Gi") => (&t[..t.len() - 2], 1024.0 * 1024.0 * 1024.0),
        t if t.ends_with("Mi") => (&t[..t.len() - 2], 1024.0 * 1024.0),
        t => (t, 1.0),
    };
    digits.parse::<f64>().unwrap_or_else(|e| panic!("`{text}`: {e}")) * factor
}

/// The notation of promtool: `a`, `a+bxn`, `a-bxn`, `axn`, `_`, `_xn`; and `~amplitude@period` after it adds a wave.
fn samples(text: &str) -> Vec<Option<f64>> {
    let mut out: Vec<Option<f64>> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(wave) = word.strip_prefix('~') {
            let (amplitude, period) = wave.split_once('@').expect("~amplitude@period");
            let (amplitude, period) = (number(amplitude), number(period));
            for (i, value) in out.iter_mut().enumerate() {
                *value = value.map(|v| v + amplitude * (i as f64 / period * std::f64::consts::TAU).sin());
            }
            continue;
        }
        let (head, times) = word.split_once('x').map_or((word, 0), |(h, n)| (h, n.parse::<usize>().unwrap()));
        if head == "_" {
            out.extend(vec![None; times.max(1)]);
            continue;
        }
        let sign = head.char_indices().skip(1).find(|(_, c)| "+-".contains(*c)).map(|(i, _)| i);
        let (start, step) = sign.map_or_else(|| (number(head), 0.0), |i| (number(&head[..i]), number(&head[i..])));
        out.extend((0..=times).map(|i| Some(start + step * i as f64)));
    }
    out
}

/// One line of a series block.
struct Recorded {
    signal: Signal,
    labels: Labels,
    values: Vec<Option<f64>>,
}

fn recorded(line: &str) -> Recorded {
    let (head, values) = line.split_once("} ").unwrap_or_else(|| panic!("series{{labels}} samples: {line}"));
    let (signal, labels) = head.split_once('{').unwrap();
    let labels = matchers(labels).unwrap().into_iter().map(|m| (m.label, m.value)).collect();
    let signal = Signal::named(signal).unwrap_or_else(|| panic!("no signal {signal}"));
    Recorded { signal, labels, values: samples(values) }
}

fn meets(labels: &Labels, only: &[Matcher]) -> bool {
    only.iter().all(|m| {
        let value = labels.get(&m.label).unwrap_or("");
        let whole = || regex::Regex::new(&format!("^(?:{})$", m.value)).unwrap().is_match(value);
        match m.compare {
            Compare::Equal => value == m.value,
            Compare::NotEqual => value != m.value,
            Compare::Matches => whole(),
            Compare::NotMatches => !whole(),
        }
    })
}

/// The source of a case: what was recorded every `every` up to now, and signals that do not answer.
struct Source {
    every: Span,
    all: Vec<Recorded>,
    gaps: BTreeMap<String, String>,
    profiles: Vec<Profiles>,
}

impl Source {
    fn reply(&self, query: &Query) -> Result<Answer, Gap> {
        let text = query.to_string();
        if let Some(reason) = self.gaps.get(query.signal.name()) {
            return Err(Gap {
                source: "case".into(),
                signal: query.signal,
                query: text,
                reason: reason.clone(),
                hint: None,
            });
        }
        let mut series = SeriesSet::new(query.window);
        for one in self.all.iter().filter(|r| r.signal == query.signal && meets(&r.labels, &query.only)) {
            let row = series.push(one.labels.clone());
            let first = NOW - (one.values.len() as i64 - 1) * self.every.millis();
            for (i, value) in one.values.iter().enumerate() {
                if let (Some(cell), Some(v)) = (query.window.cell(first + i as i64 * self.every.millis()), value) {
                    row[cell] = *v;
                }
            }
        }
        let profiles = if query.signal == Signal::HeapProfiles { self.profiles.clone() } else { Vec::new() };
        let Window { from, to, .. } = query.window;
        let origin = Origin { source: "case".into(), query: text, from, to, asked_at: NOW };
        Ok(Answer { series, profiles, origin, notes: Vec::new(), partial: None })
    }

    fn replies(&self, queries: Vec<Query>) -> Snapshot {
        let mut seen = Snapshot::default();
        for query in queries {
            let reply = self.reply(&query);
            seen.put(query, reply);
        }
        seen
    }
}

/// What an inspection says of a case, a line a word of it.
fn says(inspection: &dyn AnyInspection, case: &str) -> String {
    let mut params: RawParams = RawParams::new();
    for (key, value) in block(case, "params").lines().filter_map(|l| l.split_once(" = ")) {
        params.insert(key.into(), Raw::Text(value.into()));
    }
    let every: Span = Some(block(case, "every").trim()).filter(|e| !e.is_empty()).unwrap_or("1m").parse().unwrap();
    let gaps =
        block(case, "gap").lines().filter_map(|l| l.split_once(": ")).map(|(s, r)| (s.into(), r.into())).collect();
    let all = block(case, "series").lines().map(recorded).collect();
    let source = Source { every, all, gaps, profiles: profiles::profiles(block(case, "profiles"), NOW) };
    let card = inspection.card();
    let window = Window::ending(NOW, card.window, every.max(card.step)).unwrap();
    let mut seen = source.replies(inspection.needs(&params, window).unwrap());
    let verdicts = inspection.detect(&params, window, &seen).unwrap();
    let mut out = String::new();
    let mut ruled_out = verdicts.ruled_out;
    for finding in verdicts.findings {
        let further = inspection.ask(&params, window, &finding).unwrap();
        seen.absorb(source.replies(further.into_iter().filter(|q| !seen.asked(q)).collect()));
        match inspection.explain(&params, window, finding, &seen).unwrap() {
            Conclusion::Upheld(f) => out += &format!("{} {} {}: {}\n", f.level, f.code, f.subject, f.summary),
            Conclusion::Dismissed(other) => ruled_out.push(other),
        }
    }
    for r in ruled_out {
        out += &format!("ruled out {}: {}: {}\n", r.subject, r.verdict, r.why);
    }
    for u in verdicts.unknown {
        out += &format!("unknown {}: {}\n", u.subject, u.why);
    }
    for note in verdicts.notes {
        out += &format!("note: {note}\n");
    }
    if out.is_empty() { "nothing\n".into() } else { out }
}

#[test]
fn every_case_says_what_it_says() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    let mut wrong = String::new();
    for inspection in crate::ALL {
        let path = format!("{dir}/{}.md", inspection.card().id);
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("every inspection has its cases: {path}"));
        let mut renewed = text.clone();
        for case in text.split("\n## ").skip(1) {
            let (expected, got) = (block(case, "says"), says(*inspection, case));
            if expected != got {
                let title = case.lines().next().unwrap_or_default();
                wrong += &format!("\n## {title}\nexpected:\n{expected}got:\n{got}");
                let said = case.replace(&format!("```says\n{expected}```"), &format!("```says\n{got}```"));
                renewed = renewed.replace(case, &said);
            }
        }
        if std::env::var_os("UPDATE_CASES").is_some() {
            fs::write(&path, renewed).unwrap();
        }
    }
    assert!(wrong.is_empty(), "cases differ; UPDATE_CASES=1 writes what came out\n{wrong}");
}

/// A slip in a parameter must not turn an alarm into silence.
#[test]
fn parameters_beyond_reason_are_refused_by_name() {
    let inspection = crate::named("host-memory-leak").unwrap();
    let said: Vec<String> =
        ["limit_share=0", "limit_share=-1", "at_limit_share=95", "min_growth_share=5", "min_growth_of_total=-0.1"]
            .into_iter()
            .chain(["season=0s", "limit_share=0.9"])
            .map(|set| {
                let (name, value) = set.split_once('=').unwrap();
                let raw = RawParams::from([(name.into(), Raw::Text(value.into()))]);
                inspection.values(&raw).err().unwrap_or_default()
            })
            .collect();
    assert_eq!(
        said,
        [
            "`limit_share`: 0 is not a share above 0 and up to 1",
            "`limit_share`: -1 is not a share above 0 and up to 1",
            "`at_limit_share`: 95 is not a share above 0 and up to 1",
            "`min_growth_share`: 5 is not a share from 0 to 1",
            "`min_growth_of_total`: -0.1 is not a share from 0 to 1",
            "`season`: 0s is not a second or more",
            "",
        ]
    );
}

/// More history than fits is read as far back as it fits, not dropped.
#[test]
fn a_history_of_ages_is_cut_to_what_fits() {
    let inspection = crate::named("host-memory-leak").unwrap();
    let window = Window::ending(NOW, Span::from_hours(6), Span::from_mins(1)).unwrap();
    let raw = RawParams::from([("history".into(), Raw::Text("9999999d".into()))]);
    let cells: Vec<usize> =
        inspection.needs(&raw, window).unwrap().iter().map(|query| query.window.cells()).take(2).collect();
    assert_eq!(cells, [360, Window::MOST_CELLS]);
}
