//! The rest of a run: what was ruled out, could not be judged, was not answered, and what else is to be known.

use engine::report::RunReport;

use super::Page;
use crate::render::plain::{cut, pad, plain, width};
use crate::render::story;

/// Ruled out subjects named.
const MOST_RULED_OUT: usize = 8;
/// Reasons and gaps named.
const MOST: usize = 10;
/// Names given for one reason.
const FEW: usize = 3;

/// Subjects that only looked suspicious, a line each.
pub(super) fn ruled_out(page: &mut Page, run: &RunReport) {
    if run.ruled_out.is_empty() {
        return;
    }
    let counts = story::by_verdict(&run.ruled_out);
    page.section(&format!("Looked suspicious and is not ({}: {counts})", run.ruled_out.len()));
    let shown = &run.ruled_out[..run.ruled_out.len().min(MOST_RULED_OUT)];
    let names: Vec<String> = shown.iter().map(|r| plain(&story::name(&r.subject)).into_owned()).collect();
    let name_width = names.iter().map(|n| width(n)).max().unwrap_or(0).min(page.columns / 4);
    let verdict_width = shown.iter().map(|r| r.verdict.len()).max().unwrap_or(0);
    for (one, name) in shown.iter().zip(&names) {
        let mark =
            format!("{}  {}  ", pad(&cut(name, name_width), name_width, false), pad(one.verdict, verdict_width, false));
        page.hang(&mark, name_width + verdict_width + 4, &one.why, str::to_string);
    }
    more(page, run.ruled_out.len() - shown.len());
}

/// Subjects nothing can be said of, a line a reason.
pub(super) fn unknown(page: &mut Page, run: &RunReport) {
    if run.unknown.is_empty() {
        return;
    }
    page.section(&format!("Could not be judged ({})", run.unknown.len()));
    let groups = story::by_reason(&run.unknown);
    for group in groups.iter().take(MOST) {
        let like = if group.differ { "e.g. " } else { "" };
        let count = format!("{} ", pad(&group.names.len().to_string(), 4, true));
        page.hang(&count, 5, &format!("{like}{} ({})", group.why, group.few(FEW)), str::to_string);
    }
    more(page, groups.len().saturating_sub(MOST));
}

/// Questions without an answer, the same one once.
pub(super) fn gaps(page: &mut Page, run: &RunReport) {
    if run.gaps.is_empty() {
        return;
    }
    page.section(&format!("Not answered ({})", run.gaps.len()));
    let groups = story::by_gap(&run.gaps);
    for group in groups.iter().take(MOST) {
        let paint = page.paint;
        page.hang(&format!("{} ", paint.odd("!")), 2, &group.says, str::to_string);
        if let Some(hint) = &group.hint {
            page.hint(hint);
        }
    }
    more(page, groups.len().saturating_sub(MOST));
}

/// What else is to be known.
pub(super) fn notes(page: &mut Page, run: &RunReport) {
    if run.notes.is_empty() {
        return;
    }
    page.section("Notes");
    for note in &run.notes {
        page.hang("• ", 2, note, str::to_string);
    }
}

fn more(page: &mut Page, count: usize) {
    if count > 0 {
        let line = format!("… and {count} more");
        page.line(&page.paint.faint(&line));
    }
}
