//! The report for a terminal: the first line says what, who, how fast and until when; the rest says why.

mod paint;
mod plot;
mod rest;
mod table;

use engine::report::{Report, RunReport};
use model::evidence::Evidence;
use model::finding::Finding;

use super::clock::Clock;
use super::plain::{cut, pad, plain, width, wrap};
use super::story::{self, Status};
use super::{Canvas, measure};
use paint::Paint;

/// Narrower terminals get this many columns and wrap by themselves.
const NARROWEST: usize = 60;
/// Wider ones are not filled: the eye loses the line.
const WIDEST: usize = 112;
/// Rows of a chart.
const CHART_ROWS: usize = 10;
/// Findings named at the top.
const MOST_HEADLINES: usize = 8;

/// The report as text for a terminal.
pub fn render(report: &Report, canvas: &Canvas) -> String {
    let mut page = Page {
        out: String::new(),
        columns: canvas.width.clamp(NARROWEST, WIDEST),
        paint: Paint::new(canvas.color),
        clock: Clock::new(canvas.zone.clone()),
        drawn: Vec::new(),
    };
    page.head(report);
    let all = report.runs.iter().map(|r| r.findings.len()).sum::<usize>();
    let mut number = 0;
    for run in &report.runs {
        for finding in &run.findings {
            number += 1;
            page.finding(finding, number, all);
        }
        page.rest(run);
    }
    let made = format!("patrol {} · {}", plain(&report.patrol), page.clock.full(report.made_at));
    page.blank();
    page.line(&page.paint.faint(&made));
    page.out
}

/// A page being written.
struct Page<'a> {
    out: String,
    columns: usize,
    paint: Paint,
    clock: Clock,
    /// Charts and tables drawn so far: findings on one host share theirs, and once is enough.
    drawn: Vec<&'a Evidence>,
}

impl<'a> Page<'a> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// An empty line, never two.
    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// Wrapped text behind a mark; the first line starts with it, the others are indented as far.
    fn hang(&mut self, mark: &str, mark_width: usize, text: &str, ink: impl Fn(&str) -> String) {
        for (i, line) in wrap(&plain(text), self.columns.saturating_sub(mark_width)).iter().enumerate() {
            let start = if i == 0 { mark.to_string() } else { " ".repeat(mark_width) };
            self.line(&format!("{start}{}", ink(line)));
        }
    }

    /// The badge, and what it is about.
    fn headline(&mut self, status: Status, text: &str) {
        let mark = format!("{} ", self.paint.badge(status));
        let paint = self.paint;
        self.hang(&mark, paint.badge_width(status) + 1, text, |line| paint.strong(line));
    }

    /// What matters most, in the first lines.
    fn head(&mut self, report: &Report) {
        let findings = story::findings(report);
        for (_, finding) in findings.iter().take(MOST_HEADLINES) {
            self.headline(Status::Found(finding.level), &story::headline(finding));
        }
        if findings.len() > MOST_HEADLINES {
            let more = format!("… and {} more findings below", findings.len() - MOST_HEADLINES);
            self.line(&self.paint.faint(&more));
        }
        if report.runs.is_empty() {
            self.headline(Status::Unknown, "nothing was inspected");
        }
        for run in &report.runs {
            let when = self.clock.range(run.from, run.to);
            if run.findings.is_empty() {
                self.headline(Status::of(run), &story::outcome(run));
                let line = format!("{} · {when}", run.inspection);
                self.line(&self.paint.faint(&cut(&line, self.columns)));
            } else {
                let paint = self.paint;
                let line = format!("{} · {when} · {}", run.inspection, story::outcome(run));
                self.hang("", 0, &line, |line| paint.faint(line));
            }
        }
    }

    /// A finding with its evidence.
    fn finding(&mut self, finding: &'a Finding, number: usize, all: usize) {
        self.blank();
        let of = if all > 1 { format!(" {number} of {all} ") } else { String::new() };
        let name = cut(&plain(&story::name(&finding.subject)), self.columns / 2).into_owned();
        let title = format!("── {name} · {} ", finding.code);
        let rest = self.columns.saturating_sub(width(&title) + width(&of) + 2);
        let rule = format!("{title}{}{of}──", "─".repeat(rest));
        self.line(&self.paint.strong(&rule));
        if all > 1 {
            self.headline(Status::Found(finding.level), &story::headline(finding));
        }
        self.measures(finding);
        let (again, fresh): (Vec<_>, Vec<_>) = finding.evidence.iter().partition(|e| self.drawn.contains(e));
        for (i, evidence) in fresh.iter().enumerate() {
            let block = |e: &Evidence| matches!(e, Evidence::Table(_) | Evidence::Chart(_));
            let before = i.checked_sub(1).map(|i| fresh[i]);
            let same = before.is_some_and(|b| std::mem::discriminant(b) == std::mem::discriminant(*evidence));
            if block(evidence) || !same {
                self.blank();
            }
            self.evidence(evidence);
            if block(evidence) {
                self.drawn.push(evidence);
            }
        }
        self.above(&again);
        self.origins(finding);
    }

    /// Label and value of every measure, in one or two columns.
    fn measures(&mut self, finding: &Finding) {
        let measures = measure::labelled(&finding.measures);
        if measures.is_empty() {
            return;
        }
        self.blank();
        let label = measures.iter().map(|(l, _)| width(l)).max().unwrap_or(0);
        let value = measures.iter().map(|(_, v)| width(v)).max().unwrap_or(0);
        let across = if (label + value + 4) * 2 <= self.columns && measures.len() > 2 { 2 } else { 1 };
        let down = measures.len().div_ceil(across);
        for row in 0..down {
            let cells = (0..across).filter_map(|column| measures.get(column * down + row));
            let cells =
                cells.map(|(l, v)| format!("{}  {}", self.paint.faint(&pad(l, label, false)), pad(v, value, false)));
            let line = cells.collect::<Vec<_>>().join("    ");
            self.line(line.trim_end());
        }
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let paint = self.paint;
        match evidence {
            Evidence::Fact { text } => self.hang("• ", 2, text, str::to_string),
            Evidence::Advice { text } => self.hang(&format!("{} ", paint.advice("→")), 2, text, |l| paint.advice(l)),
            Evidence::Missing { what, why, hint } => {
                self.hang(&format!("{} ", paint.odd("?")), 2, &format!("{what}: {why}"), str::to_string);
                self.hint(hint);
            }
            Evidence::Table(table) => {
                for line in table::table(table, self.columns, &self.clock, paint) {
                    self.line(&line);
                }
            }
            Evidence::Chart(chart) => {
                for line in plot::plot(chart, self.columns, CHART_ROWS, &self.clock, paint) {
                    self.line(&line);
                }
            }
        }
    }

    /// Names the charts and tables that a finding before has shown already.
    fn above(&mut self, again: &[&Evidence]) {
        let titles = again.iter().filter_map(|evidence| match evidence {
            Evidence::Table(table) => Some(&table.title),
            Evidence::Chart(chart) => Some(&chart.title),
            _ => None,
        });
        let titles: Vec<String> = titles.map(|title| format!("“{}”", plain(title))).collect();
        if !titles.is_empty() {
            let paint = self.paint;
            self.blank();
            self.hang("", 0, &format!("See also {} above", titles.join(", ")), |line| paint.faint(line));
        }
    }

    fn hint(&mut self, hint: &str) {
        let paint = self.paint;
        self.hang(&format!("  {} ", paint.hint("hint:")), 8, hint, str::to_string);
    }

    /// Where the numbers of a finding come from, a line each.
    fn origins(&mut self, finding: &Finding) {
        let origins = story::origins(finding);
        if origins.is_empty() {
            return;
        }
        self.blank();
        const MOST: usize = 6;
        for origin in origins.iter().take(MOST) {
            let query = plain(&origin.query).into_owned();
            let line = format!("from {}, {}: {query}", plain(&origin.source), self.clock.second(origin.asked_at));
            self.line(&self.paint.faint(&cut(&line, self.columns)));
        }
        if origins.len() > MOST {
            let more = format!("and {} more queries; the HTML and JSON reports list them", origins.len() - MOST);
            self.line(&self.paint.faint(&more));
        }
    }

    /// The heading of a section with its count.
    fn section(&mut self, title: &str) {
        self.blank();
        let paint = self.paint;
        self.hang("", 0, title, |line| paint.strong(line));
    }

    /// What was looked at and is no finding, could not be judged or was not answered.
    fn rest(&mut self, run: &RunReport) {
        rest::ruled_out(self, run);
        rest::unknown(self, run);
        rest::gaps(self, run);
        rest::notes(self, run);
    }
}

/// A chart in lines of text without colours, for documents.
pub(super) fn chart(chart: &model::evidence::Chart, columns: usize, clock: &Clock) -> Vec<String> {
    plot::plot(chart, columns, CHART_ROWS, clock, Paint::new(false))
}
