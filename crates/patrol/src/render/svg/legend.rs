//! The key of a chart and its description for those who cannot see it.

use std::fmt::Write;

use model::evidence::{Chart, Line, Role};

use super::{LETTER, escape, layers};
use crate::render::axis::Frame;
use crate::render::clock::Clock;
use crate::render::forecast;
use crate::render::plain::{cut, plain, width};
use model::quantity::quantity;

/// Height of a row of the key.
const ROW: f64 = 20.0;
/// Width of the sample of a line and the blank behind it.
const SAMPLE: f64 = 30.0;
/// Entries at most.
const MOST: usize = 24;

/// The key, its entries placed.
pub(super) struct Key {
    entries: Vec<Entry>,
    rows: usize,
}

struct Entry {
    x: f64,
    row: usize,
    sample: Sample,
    name: String,
    title: String,
}

enum Sample {
    Line(String),
    Area(&'static str),
    Mark,
}

impl Key {
    /// What is drawn how, in rows no wider than `room`.
    pub(super) fn of(chart: &Chart, frame: Option<&Frame>, room: f64) -> Key {
        let mut index = 0;
        let lines = chart.lines.iter().map(|line| {
            let class = layers::class(line.role, index);
            index += usize::from(line.role == Role::Series);
            (Sample::Line(class), line_name(chart, line, frame))
        });
        let bands = chart.bands.iter().map(|band| (Sample::Area("pc-band"), band.name.clone()));
        let mut names: Vec<String> = chart.marks.iter().map(|m| m.name.clone()).collect();
        names.dedup();
        let marks = names.into_iter().map(|name| (Sample::Mark, name));
        let (mut x, mut row) = (0.0, 0);
        let mut entries = Vec::new();
        for (sample, title) in lines.chain(bands).chain(marks).take(MOST) {
            let name = cut(&plain(&title), 48).into_owned();
            let long = SAMPLE + width(&name) as f64 * LETTER + 20.0;
            if x > 0.0 && x + long > room {
                (x, row) = (0.0, row + 1);
            }
            entries.push(Entry { x, row, sample, name, title });
            x += long;
        }
        Key { rows: if entries.is_empty() { 0 } else { row + 1 }, entries }
    }

    /// Height of all rows.
    pub(super) fn height(&self) -> f64 {
        self.rows as f64 * ROW
    }

    /// Draws the key; `y` is the base line of its first row.
    pub(super) fn draw(&self, out: &mut String, left: f64, y: f64) {
        for Entry { x, row, sample, name, title } in &self.entries {
            let (x, y) = (left + x, y + *row as f64 * ROW);
            let middle = y - 4.0;
            let _ = write!(out, "<g><title>{}</title>", escape(title));
            let _ = match sample {
                Sample::Line(class) => write!(out, r#"<path class="{class}" d="M{x:.1} {middle:.1}h22"/>"#),
                Sample::Area(class) => {
                    write!(
                        out,
                        r#"<rect class="{class}" x="{x:.1}" y="{:.1}" width="22" height="10" rx="2"/>"#,
                        y - 9.0
                    )
                }
                Sample::Mark => write!(
                    out,
                    r#"<g class="pc-mark"><path class="pc-head" d="M{:.1} {:.1}l-5 8h10z"/></g>"#,
                    x + 11.0,
                    y - 8.0
                ),
            };
            let _ = write!(out, r#"<text class="pc-key" x="{:.1}" y="{y:.1}">{}</text></g>"#, x + SAMPLE, escape(name));
        }
    }
}

/// The name of a line; one that has a single value says it, and a limit out of sight says so.
fn line_name(chart: &Chart, line: &Line, frame: Option<&Frame>) -> String {
    let values = || line.points.iter().filter_map(|(_, v)| v.filter(|v| v.is_finite()));
    let Some(last) = values().next_back().filter(|_| line.role != Role::Series && line.role != Role::Forecast) else {
        return line.name.clone();
    };
    if !values().all(|v| v == last) {
        return line.name.clone();
    }
    let above = frame.is_some_and(|f| f.up(last) > 1.0);
    let note = if above { ", above the picture" } else { "" };
    format!("{} {}{note}", line.name, quantity(last, chart.unit))
}

/// What the chart shows, in a few sentences.
pub(super) fn description(chart: &Chart, clock: &Clock) -> String {
    let mut says = format!("{}.", clock.range(chart.from, chart.to));
    for line in chart.lines.iter().filter(|l| l.role == Role::Series).take(10) {
        let mut values = line.points.iter().filter_map(|(_, v)| v.filter(|v| v.is_finite()));
        if let Some(first) = values.next() {
            let last = values.next_back().unwrap_or(first);
            let (first, last) = (quantity(first, chart.unit), quantity(last, chart.unit));
            let _ = write!(says, " {} goes from {first} to {last}.", line.name);
        }
    }
    for interval in chart.intervals.iter().take(layers::MOST_INTERVALS) {
        let _ = write!(says, " {}: {}.", interval.name, clock.range(interval.from, interval.to));
    }
    if let Some((line, value)) = forecast::limit(chart) {
        let _ = write!(says, " {}: {}", line.name, quantity(value, chart.unit));
        if let Some(at) = forecast::reached(chart) {
            let _ = write!(says, ", reached about {}", clock.full(at));
        }
        says.push('.');
    }
    says
}
