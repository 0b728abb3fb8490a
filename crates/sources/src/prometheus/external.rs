//! External labels: a Prometheus adds them to every series of remote read, and to none of a range query.
//!
//! Both ways have to name a series alike, so they are found out once and taken off again.

use model::labels::Labels;
use model::time::{Span, Window};
use promql_parser::parser::VectorSelector;

use super::client::Client;
use super::fault::Fault;
use super::range;
use super::rows::Rows;
use super::selector::Ask;

/// Labels that cannot be external: the scrape itself gives them.
const SCRAPED: [&str; 3] = ["__name__", "instance", "job"];

/// The labels all series of a remote-read answer share; some may be external. None for no series.
fn shared(rows: &Rows) -> Option<Labels> {
    let mut series = rows.set.iter();
    let mut shared: Vec<(&str, &str)> =
        series.next()?.labels.iter().filter(|(name, _)| !SCRAPED.contains(name)).collect();
    for other in series {
        shared.retain(|(name, value)| other.labels.get(name) == Some(value));
    }
    Some(shared.into_iter().collect())
}

/// The external labels of the server, going by an answer of remote read; none when it does not tell.
///
/// Asks by range query, at one instant, which of the labels that all series share are really there.
pub async fn labels(client: &Client, selectors: &[VectorSelector], rows: &Rows) -> Result<Option<Labels>, Fault> {
    let Some(shared) = shared(rows).filter(|shared| !shared.is_empty()) else { return Ok(None) };
    let Some((at, _)) = rows.set.iter().find_map(|s| s.last()) else { return Ok(None) };
    let step = rows.set.window().step.max(Span::from_mins(1));
    let instant = Window { from: at - step.millis(), to: at, step };
    let names: Vec<&str> = shared.iter().map(|(name, _)| name).collect();
    let ask = Ask::Selectors(selectors.to_vec()).over(&instant, true);
    let mut seen = Rows::new(instant, rows.limits());
    match range::query(client, &format!("count by ({}) ({ask})", names.join(", ")), &mut seen).await {
        Ok(()) => {}
        Err(fault) if fault.refused => return Ok(None),
        Err(fault) => return Err(fault),
    }
    if seen.set.is_empty() {
        return Ok(None);
    }
    let there = |name: &str| seen.set.iter().any(|s| s.labels.get(name).is_some());
    Ok(Some(shared.iter().filter(|(name, _)| !there(name)).collect()))
}
