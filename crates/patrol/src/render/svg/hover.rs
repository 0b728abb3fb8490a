//! Read-outs of a chart: invisible columns whose titles say every line's value there. They work without script.

use std::fmt::Write;

use model::evidence::{Line, Role};
use model::time::Time;

use super::{Page, escape};
use crate::render::axis::Frame;
use model::quantity::quantity;

/// Columns a chart is read out in at most.
const MOST: usize = 120;

/// One transparent rectangle a column of time, as many as the longest line has points for.
pub(super) fn columns(page: &Page<'_>, out: &mut String, frame: &Frame) {
    let longest = page.chart.lines.iter().map(|l| l.points.len()).max().unwrap_or(0);
    let count = longest.clamp(1, MOST);
    let (wide, span) = (page.across / count as f64, (frame.to as f64 - frame.from as f64) / count as f64);
    out.push_str(r#"<g class="pc-hover">"#);
    for column in 0..count {
        let middle = frame.from + ((column as f64 + 0.5) * span) as Time;
        let mut says = String::new();
        let mut at = middle;
        for line in &page.chart.lines {
            if let Some((when, value)) = nearest(line, middle, span) {
                if line.role == Role::Series {
                    at = when;
                }
                let _ = write!(says, "\n{} {}", escape(&line.name), escape(&quantity(value, page.chart.unit)));
            }
        }
        if says.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            r#"<rect x="{:.1}" y="{:.1}" width="{wide:.2}" height="{:.1}"><title>{}{says}</title></rect>"#,
            page.left + column as f64 * wide,
            page.top,
            page.height,
            escape(&page.clock.second(at)),
        );
    }
    out.push_str("</g>");
}

/// The value of a line at an instant: of what was measured the nearest sample within a column, else between points.
fn nearest(line: &Line, at: Time, span: f64) -> Option<(Time, f64)> {
    let after = line.points.partition_point(|(t, _)| *t < at);
    let finite = |i: usize| line.points.get(i).and_then(|(t, v)| Some((*t, v.filter(|v| v.is_finite())?)));
    let (left, right) = (after.checked_sub(1).and_then(finite), finite(after));
    if line.role == Role::Series {
        let near = [left, right].into_iter().flatten().min_by_key(|(t, _)| t.abs_diff(at))?;
        return (near.0.abs_diff(at) as f64 <= span.max(1.0)).then_some(near);
    }
    let ((t0, v0), (t1, v1)) = (left?, right?);
    let part = if t1 > t0 { (at - t0) as f64 / (t1 - t0) as f64 } else { 0.0 };
    Some((at, v0 + (v1 - v0) * part))
}
