//! `-top`: nodes by their values.

use std::fmt::Write;

use model::profile::graph::{Edges, Frames, Limits, Names, Trimmed};

use super::super::source::SourceFinder;
use super::super::view::View;
use super::super::{Printed, Trouble};

/// The frames of a view, with source paths as reports show them; of some functions alone, where these are said.
pub(super) fn frames<'a>(view: &View<'a>, only: Option<&dyn Fn(&str) -> bool>) -> Frames<'a> {
    let options = view.options;
    let sources = SourceFinder::new(&options.source_path, &options.trim_path, std::path::Path::new("."));
    let names = Names { file: &|file| sources.trimmed(file), only };
    Frames::new(&view.parts(), &options.shape, names)
}

/// Weighs and trims the frames; the total is that of the samples, unless filters had it taken before.
pub(super) fn trimmed(view: &mut View<'_>, frames: &Frames<'_>, edges: Edges) -> Result<Trimmed, Trouble> {
    let options = view.options;
    let limits = Limits {
        node_fraction: options.node_fraction,
        edge_fraction: options.edge_fraction,
        node_count: options.shown(),
        by_cum: options.by_cum,
        drop_negative: options.drop_negative,
        edges,
    };
    let trimmed = frames.trimmed(view.measure, &limits)?;
    view.weighed(trimmed.totals());
    Ok(trimmed)
}

/// Prints it.
pub fn top(mut view: View<'_>, out: &mut String) -> Printed {
    let frames = frames(&view, None);
    let trimmed = trimmed(&mut view, &frames, Edges::IntoInlined)?;
    let nodes: Vec<_> = trimmed.nodes.iter().map(|n| frames.node(&trimmed.weighed, *n)).collect();
    view.choose_unit(nodes.iter().map(|n| (n.flat_value(), n.cum_value())));
    let sum = nodes.iter().fold(0i64, |sum, n| sum.wrapping_add(n.flat_value()));
    view.graph_heading(&trimmed, sum).iter().for_each(|line| *out += &format!("{line}\n"));
    writeln!(out, "{:>10} {:>5}% {:>5}% {:>10} {:>5}%", "flat", "flat", "sum", "cum", "cum")?;
    let mut running = 0i64;
    for (place, node) in trimmed.nodes.iter().zip(&nodes) {
        let (flat, cum) = (node.flat_value(), node.cum_value());
        running = running.wrapping_add(flat);
        let into = trimmed.callers(*place);
        let inlined = match (into.iter().any(|e| e.inline), into.iter().all(|e| e.inline)) {
            (false, _) => "",
            (true, true) => " (inline)",
            (true, false) => " (partial-inline)",
        };
        writeln!(
            out,
            "{:>10} {} {} {:>10} {}  {}{inlined}",
            view.value(flat),
            view.share(flat),
            view.share(running),
            view.value(cum),
            view.share(cum),
            node.info
        )?;
    }
    Ok(())
}
