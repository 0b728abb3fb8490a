//! Range queries: the values of an expression at the end of each cell.
//!
//! `POST /api/v1/query_range`, <https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries>.

pub mod json;

use model::time::{Span, Time, Window};
use reqwest::Method;

use super::client::Client;
use super::fault::{Fault, html};
use super::rows::{Limits, Rows};
use crate::http::html_title;

/// Most points a series that a server gives in one answer (`maxResolution` of Prometheus' API).
const MOST_POINTS: usize = 11_000;

/// Evaluates an expression at the ends of the cells, onto rows.
pub async fn query(client: &Client, expression: &str, rows: &mut Rows) -> Result<(), Fault> {
    let window = *rows.set.window();
    for (start, end) in parts(&window) {
        let form = [
            ("query", expression),
            ("start", &seconds(start)),
            ("end", &seconds(end)),
            ("step", &seconds(window.step.millis())),
            // VictoriaMetrics moves the grid to please its cache, and leaves the newest points out, unless told not to;
            // others do not know these.
            ("nocache", "1"),
            ("latency_offset", "1ms"),
        ];
        let request = client.request(Method::POST, "/api/v1/query_range").await?.form(&form);
        let body = client.send(request).await?;
        let bytes = body.whole().await?;
        if let Some(title) = html_title(&bytes) {
            return Err(html(&title));
        }
        json::decode(&bytes, rows)?;
    }
    Ok(())
}

/// Whether a range of this server's language holds the instant it starts at, as it did before Prometheus 3.
///
/// Asked of the server itself: of the whole seconds, a closed range of 2 s has three, an open one two. A server that
/// refuses the question counts as closed, which errs by one millisecond at the most.
pub async fn is_closed(client: &Client, near: Time, limits: Limits) -> Result<bool, Fault> {
    let to = near - near.rem_euclid(1_000);
    let second = Span::from_secs(1);
    let mut rows = Rows::new(Window { from: to - second.millis(), to, step: second }, limits);
    match query(client, "count_over_time(vector(1)[2s:1s])", &mut rows).await {
        Ok(()) => Ok(rows.set.iter().next().and_then(|s| s.last()).is_none_or(|(_, count)| count != 2.0)),
        Err(fault) if fault.refused => Ok(true),
        Err(fault) => Err(fault),
    }
}

/// First and last evaluation time of each request it takes.
fn parts(window: &Window) -> Vec<(Time, Time)> {
    let cells = window.cells();
    (0..cells)
        .step_by(MOST_POINTS)
        .map(|first| (window.time_of(first), window.time_of((first + MOST_POINTS).min(cells) - 1)))
        .collect()
}

/// Milliseconds as the seconds the API takes.
fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", millis.unsigned_abs() / 1_000, millis.unsigned_abs() % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_windows_are_asked_for_in_parts_that_meet() {
        let window = Window::ending(60_000_000, Span::from_secs(25_000), Span::from_secs(1)).unwrap();
        assert_eq!(parts(&window), [(35_001_000, 46_000_000), (46_001_000, 57_000_000), (57_001_000, 60_000_000)]);
        assert_eq!((seconds(1_500), seconds(-5), seconds(60_000)), ("1.500".into(), "-0.005".into(), "60.000".into()));
    }
}
