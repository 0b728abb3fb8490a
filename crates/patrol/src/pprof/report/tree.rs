//! `-tree` and `-peek`: nodes with who calls them and whom they call.

use std::fmt::Write;

use model::profile::graph::{Edge, Edges, Frames};
use model::profile::unit;
use regex::Regex;

use super::super::view::View;
use super::super::{Printed, Trouble};
use super::top::{frames, trimmed};

const RULE: &str = "----------------------------------------------------------+-------------";
const LEGEND: &str = "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t ";

/// Prints all nodes shown, or those that match.
pub fn tree(mut view: View<'_>, matching: Option<&Regex>, out: &mut String) -> Printed {
    let frames = frames(&view, None);
    let trimmed = trimmed(&mut view, &frames, Edges::All)?;
    let nodes: Vec<_> = trimmed.nodes.iter().map(|n| frames.node(&trimmed.weighed, *n)).collect();
    view.choose_unit(nodes.iter().map(|n| (n.flat_value(), n.cum_value())));
    let sum = nodes.iter().fold(0i64, |sum, n| sum.wrapping_add(n.flat_value()));
    view.graph_heading(&trimmed, sum).iter().for_each(|line| *out += &format!("{line}\n"));
    writeln!(out, "{RULE}\n{LEGEND}")?;
    let sorted = |edges: &[Edge]| {
        let mut edges = edges.to_vec();
        frames.sort_edges(&mut edges);
        edges
    };
    let (mut running, mut matched) = (0i64, false);
    for (place, node) in trimmed.nodes.iter().zip(&nodes) {
        let (name, flat, cum) = (node.info.to_string(), node.flat_value(), node.cum_value());
        if matching.is_some_and(|regex| !regex.is_match(&name)) {
            continue;
        }
        matched = true;
        writeln!(out, "{RULE}")?;
        for edge in &sorted(trimmed.callers(*place)) {
            writeln!(out, "{}", call(&view, &frames, edge, edge.caller, cum))?;
        }
        running = running.wrapping_add(flat);
        writeln!(
            out,
            "{:>10} {} {} {:>10} {}                | {name}",
            view.value(flat),
            view.share(flat),
            view.share(running),
            view.value(cum),
            view.share(cum)
        )?;
        for edge in &sorted(trimmed.callees(*place)) {
            writeln!(out, "{}", call(&view, &frames, edge, edge.callee, cum))?;
        }
    }
    if !nodes.is_empty() {
        writeln!(out, "{RULE}")?;
    }
    match matching.filter(|_| !matched) {
        Some(regex) => Err(Trouble::new(format!("no matches found for regexp: {regex}"))),
        None => Ok(()),
    }
}

/// A call and its share of the node it is shown with.
fn call(view: &View<'_>, frames: &Frames<'_>, edge: &Edge, other: u32, cum: i64) -> String {
    let inline = if edge.inline { " (inline)" } else { "" };
    let share = unit::percentage(edge.weight, cum);
    format!("{:>50} {share} |   {}{inline}", view.value(edge.weight), frames.info(other))
}
