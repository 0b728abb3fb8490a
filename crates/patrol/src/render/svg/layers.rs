//! What is drawn in the plot of a chart, layer by layer.

use std::fmt::Write;

use model::evidence::{Interval, IntervalRole, Line, Role};
use model::time::Time;

use super::{COLUMNS, LETTER, Page, escape};
use crate::render::axis::Frame;
use crate::render::forecast;
use crate::render::plain::{cut, plain, width};
use crate::render::thin::thin;
use model::quantity::quantity;

/// Height of the strip over the plot that names an interval.
pub(super) const STRIP: f64 = 19.0;
/// Intervals drawn at most.
pub(super) const MOST_INTERVALS: usize = 6;
/// Marks drawn at most.
const MOST_MARKS: usize = 40;
/// Colours for lines before they repeat.
pub(super) const INKS: usize = 8;

/// The class a line is drawn in; `index` counts the series.
pub(super) fn class(role: Role, index: usize) -> String {
    match role {
        Role::Series => format!("pc-line pc-s{}", index % INKS),
        Role::Baseline => "pc-line pc-baseline".into(),
        Role::Forecast => "pc-line pc-forecast".into(),
        Role::Limit => "pc-line pc-limit".into(),
    }
}

fn interval_class(role: IntervalRole) -> &'static str {
    match role {
        IntervalRole::Anomaly => "pc-anomaly",
        IntervalRole::CauseSearch => "pc-cause",
    }
}

/// Tinted stretches of time, each with its name on a strip above the plot.
pub(super) fn intervals(page: &Page<'_>, out: &mut String, frame: &Frame) {
    for (i, interval) in page.chart.intervals.iter().take(MOST_INTERVALS).enumerate() {
        let Interval { name, role, from, to } = interval;
        if *to < frame.from || *from > frame.to || to < from {
            continue;
        }
        let (a, b) = (page.x(frame, (*from).max(frame.from)), page.x(frame, (*to).min(frame.to)));
        let (class, wide) = (interval_class(*role), (b - a).max(2.0));
        let strip = page.top - STRIP * (page.chart.intervals.len().min(MOST_INTERVALS) - i) as f64;
        let bar = strip + STRIP - 5.0;
        let title = escape(&format!("{}: {}", name, page.clock.range(*from, *to)));
        let _ = write!(
            out,
            r#"<g class="{class}"><title>{title}</title><rect class="pc-area" x="{a:.1}" y="{:.1}" width="{wide:.1}" height="{:.1}"/><rect class="pc-bar" x="{a:.1}" y="{bar:.1}" width="{wide:.1}" height="3" rx="1.5"/>"#,
            page.top, page.height,
        );
        let name = cut(&plain(name), 60).into_owned();
        let long = width(&name) as f64 * LETTER;
        let right = page.left + page.across;
        let (x, anchor) = if a + long > right && b - long > page.left { (b, "pc-end") } else { (a, "pc-start") };
        let _ = write!(
            out,
            r#"<text class="pc-name {anchor}" x="{x:.1}" y="{:.1}">{}</text></g>"#,
            bar - 4.0,
            escape(&name)
        );
    }
}

/// Areas between two curves.
pub(super) fn bands(page: &Page<'_>, out: &mut String, frame: &Frame) {
    for band in &page.chart.bands {
        let inside = band
            .points
            .iter()
            .filter(|(at, low, high)| (frame.from..=frame.to).contains(at) && !low.is_nan() && !high.is_nan());
        let points: Vec<&(Time, f64, f64)> = inside.collect();
        let every = points.len().div_ceil(COLUMNS).max(1);
        // The last point is kept: it is where the forecast ends.
        let kept =
            || points.iter().enumerate().filter(|(i, _)| i % every == 0 || *i + 1 == points.len()).map(|(_, p)| *p);
        let upper = kept().map(|(at, _, high)| (page.x(frame, *at), page.y(frame, *high)));
        let lower: Vec<_> = kept().map(|(at, low, _)| (page.x(frame, *at), page.y(frame, *low))).collect();
        let mut path = String::new();
        for (x, y) in upper.chain(lower.into_iter().rev()) {
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
        }
        if !path.is_empty() {
            let _ = write!(out, r#"<path class="pc-band" d="{path}Z"><title>{}</title></path>"#, escape(&band.name));
        }
    }
}

/// The lines of one role.
pub(super) fn lines(page: &Page<'_>, out: &mut String, frame: &Frame, role: Role) {
    let several = page.chart.lines.iter().filter(|l| l.role == Role::Series).count() > 1;
    for (index, line) in page.chart.lines.iter().filter(|line| line.role == role).enumerate() {
        let path = if role == Role::Limit { level(page, frame, line) } else { path(page, frame, line) };
        if path.is_empty() {
            continue;
        }
        let mut class = class(role, index);
        if several && role == Role::Series {
            class.push_str(" pc-thin");
        }
        let _ = write!(out, r#"<path class="{class}" d="{path}"><title>{}</title></path>"#, escape(&line.name));
    }
}

/// A dot on the last sample of every series: how far is known.
pub(super) fn dots(page: &Page<'_>, out: &mut String, frame: &Frame) {
    let series = page.chart.lines.iter().filter(|l| l.role == Role::Series);
    for (index, line) in series.enumerate() {
        let last = line.points.iter().rev().find_map(|(at, v)| Some((*at, v.filter(|v| v.is_finite())?)));
        let Some((at, value)) = last else { continue };
        if (frame.from..=frame.to).contains(&at) && (0.0..=1.0).contains(&frame.up(value)) {
            let (x, y) = (page.x(frame, at), page.y(frame, value));
            let _ = write!(out, r#"<circle class="pc-dot pc-s{}" cx="{x:.1}" cy="{y:.1}" r="3"/>"#, index % INKS);
        }
    }
}

fn path(page: &Page<'_>, frame: &Frame, line: &Line) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for (at, value) in thin(&line.points, frame.from, frame.to, COLUMNS) {
        if let Some(value) = value {
            // A stroke of no length makes a lone sample visible as a dot: the caps are round.
            let (x, y) = (page.x(frame, at), page.y(frame, value));
            let _ = if pen_down { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{x:.1} {y:.1}h0") };
        }
        pen_down = value.is_some();
    }
    path
}

/// A limit holds before and after it was read, so its line is drawn through.
fn level(page: &Page<'_>, frame: &Frame, line: &Line) -> String {
    let mut path = String::new();
    let points: Vec<(Time, f64)> = thin(&line.points, frame.from, frame.to, COLUMNS)
        .into_iter()
        .chain(line.points.last().copied())
        .filter_map(|(at, v)| Some((at.clamp(frame.from, frame.to), v.filter(|v| v.is_finite())?)))
        .collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return path };
    let ends = [(frame.from, first.1)].into_iter().chain(points.iter().copied()).chain([(frame.to, last.1)]);
    for (at, value) in ends {
        let (x, y) = (page.x(frame, at), page.y(frame, value));
        let _ = if path.is_empty() { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "H{x:.1}V{y:.1}") };
    }
    path
}

/// Instants that are marked: starts, restarts.
pub(super) fn marks(page: &Page<'_>, out: &mut String, frame: &Frame) {
    let inside = page.chart.marks.iter().filter(|m| (frame.from..=frame.to).contains(&m.at));
    for mark in inside.take(MOST_MARKS) {
        let x = page.x(frame, mark.at);
        let bottom = page.top + page.height;
        let title = escape(&format!("{}: {}", mark.name, page.clock.full(mark.at)));
        let _ = write!(
            out,
            r#"<g class="pc-mark"><title>{title}</title><path class="pc-stem" d="M{x:.1} {:.1}V{bottom:.1}"/><path class="pc-head" d="M{x:.1} {:.1}l-5 8h10z"/></g>"#,
            page.top,
            bottom - 8.0,
        );
    }
}

/// The name of the limit on its line, and a ring with the time where the forecast meets it.
pub(super) fn crossing(page: &Page<'_>, out: &mut String, frame: &Frame) {
    let Some((line, value)) = forecast::limit(page.chart) else { return };
    if !(0.0..=1.0).contains(&frame.up(value)) {
        return;
    }
    let y = page.y(frame, value);
    let name = escape(&format!("{} {}", cut(&plain(&line.name), 40), quantity(value, page.chart.unit)));
    let _ = write!(
        out,
        r#"<text class="pc-name pc-halo pc-limit-name" x="{:.1}" y="{:.1}">{name}</text>"#,
        page.left + 6.0,
        y - 6.0
    );
    let Some(at) = forecast::reached(page.chart).filter(|at| (frame.from..=frame.to).contains(at)) else { return };
    let x = page.x(frame, at);
    let label = escape(&format!("about {}", page.clock.short(at)));
    // The forecast comes from below on the left, so there is room above on the left or below on the right of the ring.
    let long = |text: &str| width(text) as f64 * LETTER;
    let above = x - page.left > long(&name) + long(&label) + 30.0 || page.left + page.across - x < long(&label) + 12.0;
    let (x2, y2, anchor) = if above { (x - 6.0, y - 7.0, "pc-end") } else { (x + 10.0, y + 17.0, "pc-start") };
    let _ = write!(
        out,
        r#"<circle class="pc-ring" cx="{x:.1}" cy="{y:.1}" r="5"/><text class="pc-name pc-halo pc-limit-name {anchor}" x="{x2:.1}" y="{y2:.1}">{label}</text>"#,
    );
}
