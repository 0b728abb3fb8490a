//! The evidence of a suspect: its path, its course as a picture and in figures, the objects, and what tells.

use super::account::Account;
use super::report::{Comparison, Counted};
use super::size_class;
use super::suspect::{Confidence, Suspect};
use super::verdict::{Verdict, figure};
use crate::evidence::{Band, Cell, Chart, Column, Evidence, Line, Role, Table};
use crate::quantity::quantity;
use crate::query::Origin;
use crate::signal::Unit;
use crate::words;

/// Functions of a path that a table shows; what is left out stands in the middle.
const MOST_STEPS: usize = 24;

/// Everything that explains a suspect, in reading order.
pub(super) fn of(part: &Comparison, suspect: &Suspect, origins: &[Origin]) -> Vec<Evidence> {
    let mut all = Vec::new();
    let mut fact = |text: String| all.push(Evidence::Fact { text });
    fact(sure(part, suspect));
    places(suspect).into_iter().for_each(&mut fact);
    suspect.links.iter().cloned().for_each(&mut fact);
    if let Some(cause) = &suspect.consequence_of {
        fact(format!("a consequence of {cause}: it ends when that is mended"));
    }
    fact(shape(part, suspect));
    objects(part, suspect).into_iter().for_each(&mut fact);
    all.push(call_path(part, suspect, origins));
    all.push(Evidence::Chart(chart(part, suspect, origins)));
    all.push(figures(part, suspect, origins));
    if part.kind == Counted::Heap && suspect.sizes.len() > 1 {
        all.push(sizes(suspect, origins));
    }
    all.push(gates(suspect));
    all.extend(advice(suspect));
    all
}

/// How sure it is, and why.
fn sure(part: &Comparison, suspect: &Suspect) -> String {
    let named = format!("{}, {} confidence: {}", suspect.verdict.name(), suspect.confidence.word(), suspect.why);
    let cache = match suspect.verdict {
        _ if part.kind == Counted::Goroutines && part.compared >= 4 => "",
        Verdict::Leak if suspect.confidence == Confidence::High => "; only a cache far from full looks the same",
        Verdict::Leak => "; more snapshots make it surer, and tell it from a cache that is not full yet",
        _ if part.compared < 4 => "; what only fills up looks the same: take four snapshots or more",
        _ => "; take more snapshots, further apart",
    };
    format!("{named}{cache}")
}

/// Where it is allocated, where it gathers, and where the program comes in.
fn places(suspect: &Suspect) -> Vec<String> {
    let path = &suspect.path;
    let place = |step: &super::path::Step| match (step.file.as_str(), step.line) {
        ("", _) => step.function.clone(),
        (file, 0) => format!("{} ({file})", step.function),
        (file, line) => format!("{} ({file}:{line})", step.function),
    };
    let mut said = Vec::new();
    if let Some(allocates) = path.allocates().filter(|_| suspect.waits.is_none()) {
        said.push(format!("allocated in {}", place(allocates)));
    }
    if let Some(step) = path.steps.get(path.application).filter(|_| path.application != path.allocation) {
        let what = if suspect.waits.is_some() { "waits below" } else { "called from the program's" };
        said.push(format!("{what} {}", place(step)));
    }
    if let Some(step) = path.steps.get(path.accumulation).filter(|_| path.accumulation < path.application) {
        said.push(format!("gathers in {}, below which it spreads", place(step)));
    }
    let (from, to) = path.distinguishing;
    let row: Vec<&str> = path.steps.get(from..=to).unwrap_or_default().iter().map(|s| s.short.as_str()).collect();
    if !row.is_empty() {
        said.push(format!("told apart from everything else by {}", row.join(" -> ")));
    }
    said
}

fn shape(part: &Comparison, suspect: &Suspect) -> String {
    let mut text = format!("growth is {}", suspect.shape.word());
    if let Some((period, within)) = suspect.period {
        let span = |millis: i64| quantity(millis as f64 / 1000.0, Unit::Seconds);
        text += &format!(
            ": equal steps every {} (give or take {}): look for a ticker of that period",
            span(period),
            span(within)
        );
    }
    let how = match (suspect.per_minute.ranks, part.kind) {
        (true, _) => "ranks of the snapshots",
        (false, Counted::Heap) => "the error of sampling",
        (false, Counted::Goroutines) => "chance",
    };
    let per = if part.timed { "minute" } else { "snapshot" };
    text + &format!("; the interval of {} a {per} is that of {how}", part.size(suspect.per_minute.mid))
}

/// How large the objects are, and how far the figures may be off.
fn objects(part: &Comparison, suspect: &Suspect) -> Vec<String> {
    if part.kind != Counted::Heap {
        return Vec::new();
    }
    let mut said = Vec::new();
    if let Some(size) = suspect.main_size() {
        said.extend(size_class::said(size.size_bytes));
    }
    if part.period_bytes > 1.0 {
        let share = suspect.growth_error / suspect.growth.abs().max(1.0);
        said.push(format!(
            "growth of {} has a sampling error of {} ({}), as {} sampled objects stand for all",
            words::bytes(suspect.growth),
            words::bytes(suspect.growth_error),
            words::percent(share),
            quantity(suspect.sampled_objects.round(), Unit::Count)
        ));
    }
    said
}

/// The functions from the outermost to the one that allocates, with what grew in each.
pub(super) fn call_path(part: &Comparison, suspect: &Suspect, origins: &[Origin]) -> Evidence {
    let steps = &suspect.path.steps;
    let row = |(at, step): (usize, &super::path::Step)| {
        let mark = match at {
            at if at == suspect.path.allocation && suspect.waits.is_none() => " (allocates)",
            at if at == suspect.path.accumulation && suspect.waits.is_none() => " (gathers)",
            _ => "",
        };
        let file = match (step.file.as_str(), step.line) {
            ("", _) => String::new(),
            (file, 0) => file.to_string(),
            (file, line) => format!("{file}:{line}"),
        };
        vec![Cell::Number(step.growth), Cell::Text(format!("{}{mark}", step.short)), Cell::Text(file)]
    };
    let left_out = steps.len().saturating_sub(MOST_STEPS);
    let half = MOST_STEPS / 2;
    let mut rows: Vec<Vec<Cell>> = steps.iter().enumerate().map(row).collect();
    if left_out > 0 {
        let text = format!("({} more)", left_out + 1);
        rows.splice(half..half + left_out + 1, [vec![Cell::Unknown, Cell::Text(text), Cell::Unknown]]);
    }
    let columns = vec![column("growth", Some(part.unit())), column("function", None), column("line", None)];
    let title = "Call path, outermost first".into();
    Evidence::Table(Table { title, columns, rows, origins: origins.to_vec() })
}

fn column(name: &str, unit: Option<Unit>) -> Column {
    Column { name: name.into(), unit }
}

fn chart(part: &Comparison, suspect: &Suspect, origins: &[Origin]) -> Chart {
    let points = |of: &dyn Fn(&super::suspect::Point) -> f64| {
        suspect.points.iter().map(|p| (p.at, Some(of(p)))).collect::<Vec<_>>()
    };
    let lines = vec![Line { name: "in use".into(), role: Role::Series, points: points(&|p| part.level(p)) }];
    let error = |p: &super::suspect::Point| 1.96 * p.bytes_error;
    let band = |p: &super::suspect::Point| (p.at, (p.bytes - error(p)).max(0.0), p.bytes + error(p));
    let bands = match part.kind {
        Counted::Heap if part.period_bytes > 1.0 => {
            vec![Band { name: "sampling error".into(), points: suspect.points.iter().map(band).collect() }]
        }
        _ => Vec::new(),
    };
    let what = if part.kind == Counted::Heap { "Memory in use by" } else { "Goroutines in" };
    Chart {
        title: format!("{what} {}", suspect.title),
        unit: part.unit(),
        from: part.from,
        to: part.to,
        lines,
        bands,
        intervals: Vec::new(),
        marks: Vec::new(),
        origins: origins.to_vec(),
    }
}

/// Its figures at each snapshot.
fn figures(part: &Comparison, suspect: &Suspect, origins: &[Origin]) -> Evidence {
    let heap = part.kind == Counted::Heap;
    let start = suspect.points.first().map_or(0, |p| p.at);
    let row = |(place, p): (usize, &super::suspect::Point)| {
        let after = Cell::Number(if part.timed { (p.at - start) as f64 / 1000.0 } else { (place + 1) as f64 });
        if !heap {
            return vec![after, Cell::Number(p.objects)];
        }
        let known = |value: Option<f64>| value.map_or(Cell::Unknown, Cell::Number);
        let survival = p.survival.map_or(Cell::Unknown, |s| Cell::Text(figure(s)));
        let error = if part.period_bytes > 1.0 { Cell::Number(p.bytes_error) } else { Cell::Unknown };
        vec![after, Cell::Number(p.bytes), error, Cell::Number(p.objects.round()), known(p.allocated_bytes), survival]
    };
    let when = if part.timed { ("after", Unit::Seconds) } else { ("snapshot", Unit::Count) };
    let mut columns = vec![column(when.0, Some(when.1))];
    columns.extend(if heap {
        vec![
            column("in use", Some(Unit::Bytes)),
            column("sampling error", Some(Unit::Bytes)),
            column("objects", Some(Unit::Count)),
            column("allocated ever", Some(Unit::Bytes)),
            column("survival", None),
        ]
    } else {
        vec![column("goroutines", Some(Unit::Count))]
    });
    let rows = suspect.points.iter().enumerate().map(row).collect();
    let title = "At each snapshot".into();
    Evidence::Table(Table { title, columns, rows, origins: origins.to_vec() })
}

fn sizes(suspect: &Suspect, origins: &[Origin]) -> Evidence {
    let row = |s: &super::suspect::SizeGrowth| {
        let cells = [s.size_bytes, s.objects.round(), s.objects_error.round(), s.bytes];
        cells.map(Cell::Number).to_vec()
    };
    let columns = vec![
        column("bytes each", Some(Unit::Bytes)),
        column("more objects", Some(Unit::Count)),
        column("sampling error", Some(Unit::Count)),
        column("growth", Some(Unit::Bytes)),
    ];
    let rows = suspect.sizes.iter().map(row).collect();
    Evidence::Table(Table { title: "Objects that grew".into(), columns, rows, origins: origins.to_vec() })
}

fn gates(suspect: &Suspect) -> Evidence {
    let mark = |passed| if passed { "yes" } else { "no" };
    let row = |g: &crate::growth::Gate| [g.name, mark(g.passed), &g.says].map(|t| Cell::Text(t.to_string())).to_vec();
    let columns = vec![column("test", None), column("growth still possible", None), column("figures", None)];
    let rows = suspect.gates.iter().map(row).collect();
    Evidence::Table(Table { title: "Every test made".into(), columns, rows, origins: Vec::new() })
}

fn advice(suspect: &Suspect) -> Option<Evidence> {
    let step = suspect.path.in_program()?;
    if suspect.consequence_of.is_some() {
        return None;
    }
    let place = if step.line > 0 { format!("{}:{}", step.file, step.line) } else { step.short.clone() };
    let text = match suspect.waits {
        Some(waits) => format!("find what was to end the {waits} at {place}, and why it does not come"),
        None => format!("find who keeps what is made at {place}, and who was to let go of it"),
    };
    Some(Evidence::Advice { text })
}

/// What the memory of the process is made of.
pub(super) fn account(account: &Account) -> Evidence {
    let row = |p: &super::account::Share| {
        vec![Cell::Text(p.what.clone()), Cell::Number(p.bytes), p.growth.map_or(Cell::Unknown, Cell::Number)]
    };
    let total = |what: &str, bytes: Option<f64>| {
        bytes.map(|bytes| vec![Cell::Text(what.into()), Cell::Number(bytes), Cell::Unknown])
    };
    let mut rows: Vec<Vec<Cell>> = account.parts.iter().map(row).collect();
    rows.extend(total("all of it", Some(account.held_bytes)));
    rows.extend(total("resident", account.resident_bytes));
    rows.extend(total("most ever resident", account.peak_resident_bytes));
    let columns = vec![column("what", None), column("bytes", Some(Unit::Bytes)), column("growth", Some(Unit::Bytes))];
    Evidence::Table(Table { title: "Memory of the process".into(), columns, rows, origins: Vec::new() })
}
