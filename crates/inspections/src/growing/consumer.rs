//! Consumers: the processes or containers of a host, how much each grew, and what its own memory looks like.

use std::collections::HashMap;

use model::evidence::{Cell, Column, Table};
use model::growth::{Interval, Judgement, Settings, Verdict, Watched, judge};
use model::labels::Labels;
use model::query::Origin;
use model::series::Series;
use model::signal::Unit;
use model::stats::order::median;
use model::time::{Time, Window};

/// One process or container and what became of its memory in the interval searched for the cause.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// All labels of its series.
    pub labels: Labels,
    /// Bytes at the start of the interval; 0 when it started within.
    pub before: f64,
    /// Bytes at the end; 0 when it ended within.
    pub now: f64,
    /// The word on its own series, where it grew enough to be judged.
    pub judgement: Option<Judgement>,
}

impl Consumer {
    /// Bytes it grew by in the interval.
    pub fn growth(&self) -> f64 {
        self.now - self.before
    }

    /// Its name for people: `demo-leak (pid 123)`, `payments/api-7c9/app`.
    pub fn name(&self) -> String {
        let get = |name| self.labels.get(name).filter(|v| !v.is_empty());
        if let Some(process) = get("process") {
            return match get("pid") {
                Some(pid) => format!("{process} (pid {pid})"),
                None => process.into(),
            };
        }
        let parts: Vec<&str> = ["namespace", "pod", "container"].into_iter().filter_map(get).collect();
        if parts.is_empty() { self.labels.to_string() } else { parts.join("/") }
    }

    /// What its own series looks like; one that hardly grew is stable.
    pub fn verdict(&self) -> Verdict {
        self.judgement.as_ref().map_or(Verdict::Stable, |j| j.verdict)
    }

    /// Its own growth.
    pub fn growth_per_day(&self) -> Option<Interval> {
        self.judgement.as_ref()?.growth_per_day
    }

    /// Why it looks like that, in a sentence.
    pub fn why(&self) -> &str {
        self.judgement.as_ref().map_or("grew too little to matter", |j| &j.why)
    }

    /// Whether its own series grows like a leak.
    pub fn leaks(&self) -> bool {
        matches!(self.verdict(), Verdict::Leak | Verdict::Suspected)
    }
}

/// Weighs series over an interval `(from, to]`, with what is known of the same ones before it. Only those that grew by
/// at least `worth` bytes are judged; the others count as stable or, without samples in the
/// interval, left out.
pub fn weigh(
    all: &[Series<'_>],
    past: &[Series<'_>],
    interval: (Time, Time),
    worth: f64,
    settings: &Settings,
) -> Vec<Consumer> {
    let past: HashMap<&Labels, &Series<'_>> = past.iter().map(|s| (s.labels, s)).collect();
    all.iter().filter_map(|s| weigh_one(*s, past.get(s.labels).copied(), interval, worth, settings)).collect()
}

fn weigh_one(
    series: Series<'_>,
    past: Option<&Series<'_>>,
    (from, to): (Time, Time),
    worth: f64,
    settings: &Settings,
) -> Option<Consumer> {
    let (before, now) = ends(series, from, to)?;
    let mut consumer = Consumer { labels: series.labels.clone(), before, now, judgement: None };
    if consumer.growth() >= worth {
        let starts: Vec<Time> = started(series.labels).into_iter().collect();
        let life = since(series, &starts);
        let history = past.map(|s| (s.window, s.values));
        let watched = Watched { window: &life.0, values: life.1, history, limit: None, starts: &starts };
        consumer.judgement = Some(judge(&watched, settings));
    }
    Some(consumer)
}

/// The part of a series from its first sample on: what was before the thing existed is not a gap in its record.
fn since<'a>(series: Series<'a>, starts: &[Time]) -> (Window, &'a [f64]) {
    let first = series.values.iter().position(|v| !v.is_nan()).unwrap_or(0);
    let born_within = starts.iter().any(|s| *s > series.window.from);
    if !born_within {
        return (*series.window, series.values);
    }
    let from = series.window.from + first as i64 * series.window.step.millis();
    (Window { from, ..*series.window }, &series.values[first..])
}

/// When the thing started, from its `start` label (seconds since the epoch), where it has one.
fn started(labels: &Labels) -> Option<Time> {
    labels.get("start")?.parse::<f64>().ok().filter(|s| s.is_finite()).map(|s| (s * 1e3) as Time)
}

/// The level at both ends of an interval: medians over a twentieth of it, so that one sample decides nothing. What
/// started within it began with nothing, what ended within it holds nothing now.
fn ends(series: Series<'_>, from: Time, to: Time) -> Option<(f64, f64)> {
    let inside: Vec<(Time, f64)> = (0..series.values.len())
        .map(|i| (series.window.time_of(i), series.values[i]))
        .filter(|(at, v)| *at > from && *at <= to && !v.is_nan())
        .collect();
    let (first, last) = (inside.first()?, inside.last()?);
    let edge = ((to - from) / 20).max(series.window.step.millis());
    let level = |keep: &dyn Fn(Time) -> bool| {
        median(&inside.iter().filter(|(at, _)| keep(*at)).map(|(_, v)| *v).collect::<Vec<f64>>()).unwrap_or(0.0)
    };
    let born = started(series.labels).map_or(first.0 > from + 2 * edge, |s| s > from);
    let gone = last.0 < to - 2 * edge;
    let before = if born { 0.0 } else { level(&|at| at <= first.0 + edge) };
    let now = if gone { 0.0 } else { level(&|at| at >= last.0 - edge) };
    Some((before, now))
}

/// How many rows a table of consumers has at the most.
pub const ROWS: usize = 10;

/// The table of those that grew most, or that hold most. `grown` is what the host grew by in the interval.
pub fn table(title: String, consumers: &[&Consumer], grown: f64, origins: Vec<Origin>) -> Table {
    let text = |name: &str| Column { name: name.into(), unit: None };
    let unit = |name: &str, unit| Column { name: name.into(), unit: Some(unit) };
    let has = |label: &str| consumers.iter().any(|c| c.labels.get(label).is_some_and(|v| !v.is_empty()));
    let wheres: Vec<&str> = ["container", "pod_uid"].into_iter().filter(|l| has("process") && has(l)).collect();
    let mut columns = vec![text("name")];
    columns.extend(wheres.iter().map(|l| text(l)));
    columns.extend([unit("before", Unit::Bytes), unit("now", Unit::Bytes), unit("growth", Unit::Bytes)]);
    columns.extend([unit("of the growth", Unit::Ratio), text("looks like")]);
    let rows = consumers.iter().take(ROWS).map(|c| {
        let mut row = vec![Cell::Text(c.name())];
        row.extend(wheres.iter().map(|l| c.labels.get(l).map_or(Cell::Unknown, |v| Cell::Text(v.into()))));
        row.extend([c.before, c.now, c.growth()].map(Cell::Number));
        row.push(if grown > 0.0 && c.growth() > 0.0 { Cell::Number(c.growth() / grown) } else { Cell::Unknown });
        row.push(Cell::Text(c.verdict().name().into()));
        row
    });
    Table { title, rows: rows.collect(), columns, origins }
}

/// The ones that grew most, most first; none that did not grow.
pub fn grew_most(all: &[Consumer]) -> Vec<&Consumer> {
    let mut grown: Vec<&Consumer> = all.iter().filter(|c| c.growth() > 0.0).collect();
    grown.sort_by(|a, b| b.growth().total_cmp(&a.growth()).then_with(|| a.labels.cmp(&b.labels)));
    grown
}

/// The ones that hold most, most first; none that holds nothing.
pub fn hold_most(all: &[Consumer]) -> Vec<&Consumer> {
    let mut held: Vec<&Consumer> = all.iter().filter(|c| c.now > 0.0).collect();
    held.sort_by(|a, b| b.now.total_cmp(&a.now).then_with(|| a.labels.cmp(&b.labels)));
    held
}

/// One series for each thing: of several with the same identity the one with the most samples.
pub fn one_each<'a>(all: impl Iterator<Item = Series<'a>>, identity: &[&str]) -> Vec<Series<'a>> {
    let mut best: HashMap<Labels, (usize, Series<'a>)> = HashMap::new();
    for series in all {
        let samples = series.samples();
        let kept = best.entry(series.labels.keep(identity)).or_insert((samples, series));
        if samples > kept.0 {
            *kept = (samples, series);
        }
    }
    let mut all: Vec<Series<'a>> = best.into_values().map(|(_, s)| s).collect();
    all.sort_by(|a, b| a.labels.cmp(b.labels));
    all
}
