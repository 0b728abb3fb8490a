//! Charts for the terminal: lines of Braille dots over a frame of box characters.

use model::evidence::{Chart, Interval, IntervalRole, Line, Role};

use super::paint::Paint;
use crate::render::axis::{Frame, time_ticks, value_ticks};
use crate::render::clock::Clock;
use crate::render::forecast;
use crate::render::plain::{cut, pad, plain, width};
use crate::render::thin::thin;
use model::quantity::quantity;

/// What a character cell of the plot holds.
#[derive(Clone, Copy)]
struct Spot {
    /// Braille dots, as U+2800 counts them.
    dots: u8,
    /// Drawn where there are no dots.
    ground: char,
    ink: Ink,
}

#[derive(Clone, Copy, PartialEq)]
enum Ink {
    Series(usize),
    Forecast,
    Limit,
    Faint,
}

/// A grid of cells with two by four dots each.
struct Grid {
    columns: usize,
    rows: usize,
    spots: Vec<Spot>,
}

/// The lines of a chart, none wider than `columns`.
pub fn plot(chart: &Chart, columns: usize, rows: usize, clock: &Clock, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.strong(&cut(&plain(&chart.title), columns))];
    let Some(frame) = Frame::of(chart) else {
        lines.push(paint.faint("(no samples to draw)"));
        return lines;
    };
    let ticks = value_ticks(&frame, chart.unit, rows / 2);
    let margin = ticks.iter().map(|t| width(&t.label)).max().unwrap_or(0) + 1;
    let mut grid = Grid::new(columns.saturating_sub(margin + 1).max(10), rows.max(3));
    grid.draw(chart, &frame);
    grid.name_limit(chart, &frame, clock);
    for row in 0..grid.rows {
        let tick = ticks.iter().find(|t| grid.row_of(frame.up(t.at)) == Some(row));
        let (label, edge) = tick.map_or(("", '│'), |t| (&*t.label, '┤'));
        lines.push(format!(
            "{} {}{}",
            paint.faint(&pad(label, margin - 1, true)),
            paint.faint(&edge.to_string()),
            grid.row(row, paint)
        ));
    }
    lines.extend(foot(chart, &frame, &grid, margin, clock, paint));
    lines.extend(key(chart, &frame, columns, paint));
    lines
}

impl Grid {
    fn new(columns: usize, rows: usize) -> Grid {
        let empty = Spot { dots: 0, ground: ' ', ink: Ink::Faint };
        Grid { columns, rows, spots: vec![empty; columns * rows] }
    }

    /// The row of a height between 0 (bottom) and 1 (top).
    fn row_of(&self, up: f64) -> Option<usize> {
        let down = (1.0 - up) * (self.rows * 4 - 1) as f64;
        (-0.5..=(self.rows * 4) as f64 - 0.5)
            .contains(&down)
            .then(|| (down.round().max(0.0) as usize / 4).min(self.rows - 1))
    }

    fn draw(&mut self, chart: &Chart, frame: &Frame) {
        let of = |role: Role| chart.lines.iter().filter(move |line| line.role == role);
        for line in of(Role::Baseline) {
            self.ground(line, frame, '·', Ink::Faint);
        }
        for line in of(Role::Limit) {
            self.ground(line, frame, '╌', Ink::Limit);
        }
        for line in of(Role::Forecast) {
            self.line(line, frame, Ink::Forecast);
        }
        let several = of(Role::Series).count() > 1;
        for (index, line) in of(Role::Series).enumerate() {
            self.line(line, frame, Ink::Series(index));
            if several {
                self.letter(line, frame, index);
            }
        }
    }

    /// A line of dots between its points; of a forecast only every other cell.
    fn line(&mut self, line: &Line, frame: &Frame, ink: Ink) {
        let (wide, high) = ((self.columns * 2 - 1) as f64, (self.rows * 4 - 1) as f64);
        let mut last: Option<(f64, f64)> = None;
        for (at, value) in thin(&line.points, frame.from, frame.to, self.columns * 2) {
            let here = value.map(|v| (frame.across(at) * wide, (1.0 - frame.up(v)) * high));
            if let Some((x, y)) = here {
                let (x0, y0) = last.unwrap_or((x, y));
                let steps = (x - x0).abs().max((y - y0).abs()).ceil().clamp(1.0, 4_000.0);
                for step in 0..=steps as usize {
                    let part = step as f64 / steps;
                    self.dot(x0 + (x - x0) * part, y0 + (y - y0) * part, ink);
                }
            }
            last = here;
        }
    }

    fn dot(&mut self, x: f64, y: f64, ink: Ink) {
        if x < -0.5 || y < -0.5 {
            return;
        }
        let (x, y) = (x.round() as usize, y.round() as usize);
        if x >= self.columns * 2 || y >= self.rows * 4 || (ink == Ink::Forecast && (x / 2) % 2 == 1) {
            return;
        }
        // Dots 1 2 3 7 down the left, 4 5 6 8 down the right: Unicode, Braille Patterns, U+2800.
        const BIT: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let spot = &mut self.spots[y / 4 * self.columns + x / 2];
        spot.dots |= BIT[x % 2][y % 4];
        spot.ink = ink;
    }

    /// A line of one character a cell, under everything else.
    fn ground(&mut self, line: &Line, frame: &Frame, ground: char, ink: Ink) {
        let mut points: Vec<(f64, f64)> = line
            .points
            .iter()
            .filter_map(|(at, v)| Some((frame.across(*at), (*v)?)))
            .filter(|p| p.1.is_finite())
            .collect();
        if ink == Ink::Limit
            && let (Some(first), Some(last)) = (points.first().copied(), points.last().copied())
        {
            // A limit holds before and after it was read.
            points.insert(0, (first.0.min(0.0), first.1));
            points.push((last.0.max(1.0), last.1));
        }
        for column in 0..self.columns {
            let at = column as f64 / (self.columns - 1) as f64;
            let Some(pair) = points.windows(2).find(|w| w[0].0 <= at && at <= w[1].0) else { continue };
            let part = if pair[1].0 > pair[0].0 { (at - pair[0].0) / (pair[1].0 - pair[0].0) } else { 0.0 };
            if let Some(row) = self.row_of(frame.up(pair[0].1 + (pair[1].1 - pair[0].1) * part)) {
                let spot = &mut self.spots[row * self.columns + column];
                (spot.ground, spot.ink) = (ground, ink);
            }
        }
    }

    /// One of several lines ends in its letter of the key.
    fn letter(&mut self, line: &Line, frame: &Frame, index: usize) {
        let last =
            line.points.iter().rev().find_map(|(at, v)| Some((frame.across(*at), (*v).filter(|v| v.is_finite())?)));
        let Some((across, row)) = last.and_then(|(x, v)| Some((x, self.row_of(frame.up(v))?))) else { return };
        if (0.0..=1.0).contains(&across) {
            let column = (across * (self.columns - 1) as f64).round() as usize;
            self.spots[row * self.columns + column.min(self.columns - 1)] =
                Spot { dots: 0, ground: letter(index), ink: Ink::Series(index) };
        }
    }

    /// Writes on the line of the limit what it is and when it will be reached, where no dots are in the way.
    fn name_limit(&mut self, chart: &Chart, frame: &Frame, clock: &Clock) {
        let Some((line, value)) = forecast::limit(chart) else { return };
        let Some(row) = self.row_of(frame.up(value)) else { return };
        let mut words = format!(" {} {}", plain(&line.name), quantity(value, chart.unit));
        if let Some(at) = forecast::reached(chart) {
            words.push_str(&format!(", reached about {}", clock.short(at)));
        }
        words.push(' ');
        let length = words.chars().count();
        // A wide character would need two cells; such names stand in the key only.
        if length + 4 > self.columns || width(&words) != length {
            return;
        }
        let starts = [2, self.columns - length - 2];
        let free = |start: &usize| (*start..*start + length).all(|c| self.spots[row * self.columns + c].dots == 0);
        if let Some(start) = starts.into_iter().find(free) {
            for (i, c) in words.chars().enumerate() {
                self.spots[row * self.columns + start + i] = Spot { dots: 0, ground: c, ink: Ink::Limit };
            }
        }
    }

    fn row(&self, row: usize, paint: Paint) -> String {
        let spots = &self.spots[row * self.columns..(row + 1) * self.columns];
        let mut line = String::new();
        for run in spots.chunk_by(|a, b| a.ink == b.ink) {
            let text: String = run
                .iter()
                .map(|s| if s.dots == 0 { s.ground } else { char::from_u32(0x2800 + u32::from(s.dots)).unwrap_or('*') })
                .collect();
            line.push_str(&match run[0].ink {
                _ if text.trim().is_empty() => text,
                Ink::Series(index) => paint.series(index, &text),
                Ink::Forecast => paint.odd(&text),
                Ink::Limit => paint.limit(&text),
                Ink::Faint => paint.faint(&text),
            });
        }
        line.trim_end().to_string()
    }
}

/// The letter of a line in the key.
fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}

/// Below the plot: the axis of time, its labels, and a bracket for every marked interval.
fn foot(chart: &Chart, frame: &Frame, grid: &Grid, margin: usize, clock: &Clock, paint: Paint) -> Vec<String> {
    let indent = " ".repeat(margin);
    let column = |across: f64| (across.clamp(0.0, 1.0) * (grid.columns - 1) as f64).round() as usize;
    let mut axis = vec!['─'; grid.columns];
    let mut labels = vec![' '; grid.columns];
    let mut free = 0;
    for tick in time_ticks(frame, clock, (grid.columns / 11).max(2)) {
        let at = column(frame.across(tick.at));
        axis[at] = '┬';
        let start = at.saturating_sub(tick.label.len() / 2).min(grid.columns.saturating_sub(tick.label.len()));
        if start >= free {
            for (i, c) in tick.label.chars().enumerate().take(grid.columns - start) {
                labels[start + i] = c;
            }
            free = start + tick.label.len() + 2;
        }
    }
    for mark in chart.marks.iter().filter(|m| (0.0..=1.0).contains(&frame.across(m.at))) {
        axis[column(frame.across(mark.at))] = '▲';
    }
    let axis: String = axis.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    let mut lines = vec![
        format!("{indent}{}", paint.faint(&format!("└{axis}"))),
        format!("{indent} {}", paint.faint(labels.trim_end())),
    ];
    let here = chart.intervals.iter().filter(|i| i.to >= frame.from && i.from <= frame.to && i.from <= i.to);
    for interval in here {
        let ends = (column(frame.across(interval.from)), column(frame.across(interval.to)));
        lines.push(format!("{indent} {}", bracket(interval, ends, grid.columns, paint)));
    }
    lines
}

/// A bracket from column `a` to `b` with its name after, before or in it, wherever there is room.
fn bracket(interval: &Interval, (a, b): (usize, usize), columns: usize, paint: Paint) -> String {
    let (left, bar, right) = match interval.role {
        IntervalRole::Anomaly => ('┗', "━", '┛'),
        IntervalRole::CauseSearch => ('└', "─", '┘'),
    };
    let ink = |text: String| match interval.role {
        IntervalRole::Anomaly => paint.odd(&text),
        IntervalRole::CauseSearch => paint.hint(&text),
    };
    let name = plain(&interval.name);
    let empty = |name: &str| match b - a {
        0 => "╹".to_string(),
        wide => format!("{left}{name}{}{right}", bar.repeat(wide - 1 - width(name))),
    };
    if b + 2 + width(&name) <= columns {
        format!("{}{} {name}", " ".repeat(a), ink(empty("")))
    } else if width(&name) < a {
        format!("{} {}", pad(&name, a - 1, true), ink(empty("")))
    } else {
        let inside = cut(&name, (b - a).saturating_sub(5)).into_owned();
        let inside = if inside.is_empty() { inside } else { format!("{bar} {inside} ") };
        format!("{}{}", " ".repeat(a), ink(empty(&inside)))
    }
}

/// The key: what is drawn how. Lines that are flat say their value.
fn key(chart: &Chart, frame: &Frame, columns: usize, paint: Paint) -> Vec<String> {
    let several = chart.lines.iter().filter(|l| l.role == Role::Series).count() > 1;
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut index = 0;
    for line in &chart.lines {
        let name = cut(&plain(&line.name), 36).into_owned();
        let value = flat(line).map(|v| {
            let note = if frame.up(v) > 1.0 { ", above the picture" } else { "" };
            format!(" {}{note}", quantity(v, chart.unit))
        });
        let value = value.unwrap_or_default();
        let (sign, painted) = match line.role {
            Role::Series => {
                let sign = if several { letter(index).to_string() } else { "⣀⠤⠒".into() };
                index += 1;
                (sign.clone(), paint.series(index - 1, &sign))
            }
            Role::Baseline => ("···".into(), paint.faint("···")),
            Role::Forecast => ("⠤ ⠤".into(), paint.odd("⠤ ⠤")),
            Role::Limit => ("╌╌╌".into(), paint.limit("╌╌╌")),
        };
        entries.push((format!("{sign} {name}{value}"), format!("{painted} {name}{value}")));
    }
    for mark in chart.marks.iter().take(4) {
        let name = cut(&plain(&mark.name), 36).into_owned();
        entries.push((format!("▲ {name}"), format!("▲ {name}")));
    }
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for (bare, painted) in entries {
        if used > 0 && used + 3 + width(&bare) > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push_str("   ");
            used += 3;
        }
        line.push_str(&painted);
        used += width(&bare);
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// The value of a line that has only one.
fn flat(line: &Line) -> Option<f64> {
    let mut values = line.points.iter().filter_map(|(_, v)| *v);
    let first = values.next().filter(|v| v.is_finite())?;
    values.all(|v| v == first).then_some(first).filter(|_| matches!(line.role, Role::Baseline | Role::Limit))
}
