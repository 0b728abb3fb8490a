//! The still picture: the widest boxes of the first rows, for who reads without script.

use std::fmt::Write;

use super::fold::Boxes;
use super::frames::{Frames, colour, short};
use super::payload::Kind;
use super::trie::{Change, Trie};
use crate::render::svg::escape;

/// Boxes narrower than this share of the picture are left out.
const LEAST: f64 = 0.001;
/// Rows shown.
const ROWS: u32 = 60;
/// Boxes shown.
const MOST: usize = 1_000;
/// Height of a row, pixels; the script uses the same.
const ROW: u32 = 20;

/// The picture of the first kind of value, as wide as the page.
pub(super) fn picture(trie: &Trie, boxes: &Boxes, frames: &Frames, kind: &Kind) -> String {
    let sums = boxes.cumulative(0);
    let whole = sums[0].width().max(1) as f64;
    // By depth, where the next box of that row starts.
    let mut next = vec![0.0; super::trie::DEEPEST + 2];
    let (mut drawn, mut rows, mut count) = (String::new(), 1, 0);
    for (place, depth) in boxes.depth.iter().enumerate() {
        let width = sums[place].width() as f64 / whole;
        let x = next[*depth as usize];
        next[*depth as usize] = x + width;
        next[*depth as usize + 1] = x;
        if width < LEAST || *depth >= ROWS || count >= MOST {
            continue;
        }
        (rows, count) = (rows.max(depth + 1), count + 1);
        let frame = boxes.frame[place].map(|f| &frames.all[f as usize]);
        let name = frame.map_or("all", |f| &f.name);
        let value = sums[place].net();
        let _ = write!(
            drawn,
            "<svg class=\"b {}\" x=\"{:.3}%\" y=\"{}\" width=\"{:.3}%\" height=\"{}\"><title>{}: {}, {}</title>\
             <rect width=\"100%\" height=\"100%\"/><text x=\"4\" y=\"14\">{}</text></svg>",
            class(sums[place], frame.map(|f| &*f.name), trie.diff),
            x * 100.0,
            depth * ROW,
            width * 100.0,
            ROW - 1,
            escape(name),
            kind.said(value),
            kind.share(value),
            if width > 0.01 { escape(&name[short(name)..]) } else { String::new() },
        );
    }
    format!("<svg width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"flame graph\">{drawn}</svg>", rows * ROW)
}

/// The colour of a box: by package, or in a difference by how much of it was added (`g5` all) or taken away (`s5`).
fn class(sum: Change, name: Option<&str>, diff: bool) -> String {
    if diff {
        let share = if sum.width() == 0 { 0.0 } else { sum.net() as f64 / sum.width() as f64 };
        let step = (share * 5.0).round();
        return format!("{}{}", if step < 0.0 { 's' } else { 'g' }, step.abs());
    }
    name.map_or("root".into(), |name| format!("c{}", colour(name)))
}
