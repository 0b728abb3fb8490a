//! The report as one HTML file that stands alone: no network, light and dark, readable without script and on paper.

use engine::report::{Report, RunReport};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use model::evidence::{Evidence, Table};
use model::finding::Finding;
use model::query::Origin;
use serde::Serialize;

use super::clock::Clock;
use super::plain::plain;
use super::story::{self, Status};
use super::{Canvas, cell, measure, svg};

/// Subjects listed one by one before the rest is counted.
const MOST: usize = 500;
/// Ruled out subjects shown without a click.
const OPEN: usize = 10;

/// The report as HTML.
pub fn render(report: &Report, canvas: &Canvas) -> String {
    let mut pen = Pen { canvas, clock: Clock::new(canvas.zone.clone()), charts: 0 };
    let runs: Vec<Run> = report.runs.iter().map(|run| pen.run(run)).collect();
    let headlines: Vec<Headline> = story::findings(report)
        .iter()
        .map(|(_, f)| Headline { status: Badge::of(Status::Found(f.level)), text: show(&story::headline(f)) })
        .chain(
            report
                .runs
                .iter()
                .filter(|r| r.findings.is_empty())
                .map(|r| Headline { status: Badge::of(Status::of(r)), text: show(&story::outcome(r)) }),
        )
        .take(20)
        .collect();
    let mut pages = Environment::new();
    pages.add_filter("words", words);
    // The name decides on escaping: `.html` escapes every value that is not marked as safe.
    let page = pages.add_template("report.html", include_str!("templates/report.html")).and_then(|()| {
        pages.get_template("report.html")?.render(context! {
            version => show(&report.patrol),
            made_at => pen.clock.full(report.made_at),
            status => Value::from(Serde(Badge::of(Status::of_all(report)))),
            css => Value::from_safe_string(format!("{}{}", include_str!("templates/report.css"), svg::CSS)),
            script => Value::from_safe_string(include_str!("templates/hover.js").into()),
            headlines => Value::from(Serde(&headlines)),
            // One finding is its own headline.
            alone => headlines.len() == 1 && report.worst().is_some(),
            runs => Value::from(Serde(&runs)),
        })
    });
    // The template is ours and tested; should it fail all the same, the reader gets the words and the text report.
    page.unwrap_or_else(|error| {
        let text = super::text::render(report, &Canvas { color: false, ..canvas.clone() });
        format!(
            "<!doctype html><meta charset=\"utf-8\"><p>{}</p><pre>{}</pre>\n",
            svg::escape(&error.to_string()),
            svg::escape(&text)
        )
    })
}

/// Foreign text with nothing in it that turns the reading direction; the template escapes the markup.
fn show(text: &str) -> String {
    plain(text).into_owned()
}

/// Escaped text in which `code` between backticks is set as code.
fn words(text: String) -> Value {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return text.into();
    }
    let set = |(i, piece): (usize, &&str)| {
        let piece = svg::escape(piece);
        if i % 2 == 1 { format!("<code>{piece}</code>") } else { piece }
    };
    Value::from_safe_string(pieces.iter().enumerate().map(set).collect())
}

#[derive(Serialize)]
struct Badge {
    word: &'static str,
    class: String,
}

impl Badge {
    fn of(status: Status) -> Badge {
        Badge { word: status.word(), class: status.word().to_lowercase() }
    }
}

#[derive(Serialize)]
struct Headline {
    status: Badge,
    text: String,
}

#[derive(Serialize)]
struct Run {
    inspection: String,
    title: String,
    when: String,
    outcome: String,
    status: Badge,
    findings: Vec<FindingView>,
    ruled_out: Vec<[String; 3]>,
    ruled_out_more: Vec<[String; 3]>,
    ruled_out_all: usize,
    ruled_out_counts: String,
    unknown: Vec<Reason>,
    unknown_all: usize,
    gaps: Vec<GapView>,
    gaps_all: usize,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Reason {
    count: usize,
    why: String,
    differ: bool,
    few: String,
    all: Option<String>,
}

#[derive(Serialize)]
struct GapView {
    says: String,
    hint: Option<String>,
}

#[derive(Serialize)]
struct FindingView {
    status: Badge,
    code: String,
    headline: String,
    labels: Vec<(String, String)>,
    measures: Vec<(String, String, String)>,
    blocks: Vec<Block>,
}

/// Pieces of evidence of one kind that follow each other.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Block {
    Facts { items: Vec<String> },
    Advice { items: Vec<String> },
    Missing { items: Vec<(String, String, String)> },
    Table { title: String, heads: Vec<Head>, rows: Vec<Vec<(String, bool)>>, origins: Vec<OriginView> },
    Chart { svg: Value, origins: Vec<OriginView> },
}

#[derive(Serialize)]
struct Head {
    name: String,
    right: bool,
}

#[derive(Serialize)]
struct OriginView {
    source: String,
    query: String,
    when: String,
    asked: String,
}

struct Pen<'a> {
    canvas: &'a Canvas,
    clock: Clock,
    charts: usize,
}

impl Pen<'_> {
    fn run(&mut self, run: &RunReport) -> Run {
        let named = run.ruled_out.iter().take(MOST);
        let mut named: Vec<_> =
            named.map(|r| [show(&story::name(&r.subject)), show(r.verdict), show(&r.why)]).collect();
        let ruled_out_more = if named.len() > OPEN + 2 { named.split_off(OPEN) } else { Vec::new() };
        Run {
            inspection: show(run.inspection),
            title: show(run.title),
            when: self.clock.range(run.from, run.to),
            outcome: show(&story::outcome(run)),
            status: Badge::of(Status::of(run)),
            findings: run.findings.iter().map(|f| self.finding(f)).collect(),
            ruled_out: named,
            ruled_out_more,
            ruled_out_all: run.ruled_out.len(),
            ruled_out_counts: story::by_verdict(&run.ruled_out),
            unknown: story::by_reason(&run.unknown).iter().take(MOST).map(reason).collect(),
            unknown_all: run.unknown.len(),
            gaps: story::by_gap(&run.gaps)
                .iter()
                .take(MOST)
                .map(|g| GapView { says: show(&g.says), hint: g.hint.as_deref().map(show) })
                .collect(),
            gaps_all: run.gaps.len(),
            notes: run.notes.iter().map(|n| show(n)).collect(),
        }
    }

    fn finding(&mut self, finding: &Finding) -> FindingView {
        let mut blocks = Vec::new();
        for evidence in &finding.evidence {
            self.block(&mut blocks, evidence);
        }
        FindingView {
            status: Badge::of(Status::Found(finding.level)),
            code: show(finding.code),
            headline: show(&story::headline(finding)),
            labels: finding.subject.iter().map(|(l, v)| (show(l), show(v))).collect(),
            measures: measure::labelled(&finding.measures).into_iter().map(in_two).collect(),
            blocks,
        }
    }

    fn block(&mut self, blocks: &mut Vec<Block>, evidence: &Evidence) {
        match (evidence, blocks.last_mut()) {
            (Evidence::Fact { text }, Some(Block::Facts { items })) => items.push(show(text)),
            (Evidence::Fact { text }, _) => blocks.push(Block::Facts { items: vec![show(text)] }),
            (Evidence::Advice { text }, Some(Block::Advice { items })) => items.push(show(text)),
            (Evidence::Advice { text }, _) => blocks.push(Block::Advice { items: vec![show(text)] }),
            (Evidence::Missing { what, why, hint }, last) => {
                let item = (show(what), show(why), show(hint));
                match last {
                    Some(Block::Missing { items }) => items.push(item),
                    _ => blocks.push(Block::Missing { items: vec![item] }),
                }
            }
            (Evidence::Table(table), _) => blocks.push(self.table(table)),
            (Evidence::Chart(chart), _) => {
                self.charts += 1;
                let style = svg::Style {
                    zone: self.canvas.zone.clone(),
                    id: format!("chart-{}", self.charts),
                    standalone: false,
                    ..svg::Style::default()
                };
                let origins = self.origins(&chart.origins);
                blocks.push(Block::Chart { svg: Value::from_safe_string(svg::chart(chart, &style)), origins });
            }
        }
    }

    fn table(&self, table: &Table) -> Block {
        let row = |cells: &Vec<model::evidence::Cell>| {
            let cells = cells.iter().zip(&table.columns);
            cells.map(|(c, column)| (show(&cell::said(c, column, &self.clock)), cell::right(column))).collect()
        };
        Block::Table {
            title: show(&table.title),
            heads: table.columns.iter().map(|c| Head { name: show(&c.name), right: cell::right(c) }).collect(),
            rows: table.rows.iter().map(row).collect(),
            origins: self.origins(&table.origins),
        }
    }

    fn origins(&self, origins: &[Origin]) -> Vec<OriginView> {
        let view = |origin: &Origin| OriginView {
            source: show(&origin.source),
            query: show(&origin.query),
            when: self.clock.range(origin.from, origin.to),
            asked: self.clock.full(origin.asked_at),
        };
        origins.iter().map(view).collect()
    }
}

/// A measure with what stands in parentheses apart: the figure is set large, its interval small.
fn in_two((label, value): (String, String)) -> (String, String, String) {
    match value.split_once(" (") {
        Some((figure, rest)) => (label, figure.into(), rest.trim_end_matches(')').replace(") (", ", ")),
        None => (label, value, String::new()),
    }
}

fn reason(group: &story::Group) -> Reason {
    const FEW: usize = 8;
    Reason {
        count: group.names.len(),
        why: show(&group.why),
        differ: group.differ,
        few: show(&group.few(FEW)),
        all: (group.names.len() > FEW + 1).then(|| show(&group.names.join(", "))),
    }
}
