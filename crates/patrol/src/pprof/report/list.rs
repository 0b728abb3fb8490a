//! `-list`: the source of functions, each line with its values.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use model::profile::graph::{Edges, Node};
use regex::Regex;

use super::super::options::Report;
use super::super::source::{GoPlaces, SourceFinder};
use super::super::view::View;
use super::super::{Printed, Trouble};
use super::top::frames;

/// Lines shown beyond the first and the last that have a value.
const MARGIN: i64 = 5;

/// Prints it.
pub fn list(mut view: View<'_>, matching: &Regex, out: &mut String) -> Printed {
    let frames = frames(&view, Some(&|name| matching.is_match(name)));
    let weighed = frames.weigh(view.measure, None, Edges::None)?;
    view.weighed(weighed.totals);
    let shown = |node: &u32| match weighed.values(*node) {
        (0, 0) => false,
        (flat, cum) => !view.options.drop_negative || flat > 0 || flat == 0 && cum >= 0,
    };
    // Functions by name, in each its files by name, in each its lines.
    let mut functions: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<Node>>> = BTreeMap::new();
    for node in (0..frames.len() as u32).filter(|n| matching.is_match(&frames.info(*n).name)).filter(shown) {
        let node = frames.node(&weighed, node);
        let files = functions.entry(node.info.name.clone()).or_default();
        files.entry(node.info.file.clone()).or_default().push(node);
    }
    if functions.is_empty() {
        let wanted = if let Report::List(text) = &view.options.report { text } else { matching.as_str() };
        return Err(Trouble::new(format!("no matches found for regexp: {wanted}")));
    }
    let sources = finder(&view)?;
    writeln!(out, "Total: {}", view.value(view.total))?;
    for (name, files) in &functions {
        if files.keys().all(|file| file.is_empty()) {
            writeln!(out, "No source information for {name}")?;
        }
        for (file, nodes) in files.iter().filter(|(file, _)| !file.is_empty()) {
            routine(&view, &sources, name, (file, nodes), out)?;
        }
    }
    Ok(())
}

fn finder(view: &View<'_>) -> Result<SourceFinder, Trouble> {
    let options = view.options;
    let working_folder =
        std::env::current_dir().map_err(|error| Trouble::new(format!("could not stat current dir: {error}")))?;
    let sources = SourceFinder::new(&options.source_path, &options.trim_path, &working_folder);
    Ok(if options.go_sources { sources.with_go(GoPlaces::of_this_machine()) } else { sources })
}

/// Prints one function of one file.
fn routine(
    view: &View<'_>,
    sources: &SourceFinder,
    name: &str,
    (file, nodes): (&str, &[Node]),
    out: &mut String,
) -> Printed {
    let sum = |nodes: &mut dyn Iterator<Item = &Node>| {
        nodes.fold((0i64, 0i64), |(flat, cum), n| (flat.wrapping_add(n.flat), cum.wrapping_add(n.cum)))
    };
    let (flat, cum) = sum(&mut nodes.iter());
    writeln!(out, "ROUTINE ======================== {name} in {file}")?;
    writeln!(out, "{:>10} {:>10} (flat, cum) {} of Total", view.value(flat), view.value(cum), view.share(cum))?;
    let source = match sources.find(file) {
        Ok(source) => source,
        Err(why) => {
            writeln!(out, " Error: {why}")?;
            return Ok(());
        }
    };
    let mut lines: BTreeMap<i64, Vec<&Node>> = BTreeMap::new();
    nodes.iter().for_each(|node| lines.entry(node.info.line).or_default().push(node));
    let (start, end) = span(nodes);
    let value = |value: i64| if value == 0 { ".".to_string() } else { view.value(value) };
    let before = usize::try_from(start - 1).unwrap_or_default();
    let count = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or_default();
    // Lines come first, numbers second: after the last number there is no next one to ask for.
    for (text, number) in source.lines.iter().skip(before).take(count).zip(start..) {
        let (flat, cum) = sum(&mut lines.get(&number).into_iter().flatten().copied());
        writeln!(out, "{:>10} {:>10} {number:>6}:{text}", value(flat), value(cum))?;
    }
    Ok(())
}

/// First and last line shown of some nodes: from where the function begins, or a little before the first line with a
/// value where that is not known.
fn span(nodes: &[Node]) -> (i64, i64) {
    let first = |n: &Node| match n.info.start_line {
        0 => n.info.line.saturating_sub(MARGIN),
        line => line,
    };
    let start = nodes.iter().map(first).min().unwrap_or(1).max(1);
    (start, nodes.iter().map(|n| n.info.line.saturating_add(MARGIN)).max().unwrap_or(start))
}
