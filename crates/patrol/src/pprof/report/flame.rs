//! `-flame`: the stacks as a page.

use super::super::Trouble;
use super::super::flame::{FlameOptions, page_of};
use super::super::view::View;

/// The page. Shares are those of the text reports: of all samples before filters, or of the base.
pub fn flame(view: &View<'_>) -> Result<String, Trouble> {
    let mut facts = vec![view.labels().join(" · ")];
    let filters = view.options.active_filters();
    if !filters.is_empty() {
        facts.push(format!("Active filters: {}", filters.join(" · ")));
    }
    let options = FlameOptions {
        facts,
        unit: view.options.unit.clone(),
        diff: !view.options.base.is_empty(),
        total: u64::try_from(view.total).ok(),
        ..FlameOptions::default()
    };
    Ok(page_of(&view.parts(), view.measure.index, &options)?)
}
