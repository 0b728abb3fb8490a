//! The Prometheus source against servers: fake ones that fail in every way, and real ones where they are installed.

mod credentials;
mod failures;
mod fake;
mod history;
mod live;
mod real;
mod tls;

use std::collections::BTreeMap;

use model::query::{Answer, Gap, Query};
use model::signal::Signal;
use model::time::{Span, Time, Window};
use sources::Source;
use sources::prometheus::{Prometheus, Settings};

/// The end of the windows of these tests: 2023-11-14T22:00:00Z.
const TO: Time = 1_699_999_200_000;

/// A window of an hour in cells of a minute.
fn hour() -> Window {
    window(Span::from_hours(1), Span::from_mins(1))
}

/// A window that ends at [`TO`].
fn window(length: Span, step: Span) -> Window {
    Window::ending(TO, length, step).unwrap()
}

/// Puts a question about all hosts, or those that meet conditions (`{host="a"}`).
async fn ask(settings: Settings, signal: Signal, only: &str, window: Window) -> Result<Answer, Gap> {
    let source = Prometheus::new("prom", settings).unwrap();
    fetch(&source, signal, only, window).await
}

/// The same of a source that is there already.
async fn fetch(source: &Prometheus, signal: Signal, only: &str, window: Window) -> Result<Answer, Gap> {
    source.fetch(&Query { signal, only: model::params::matchers(only).unwrap(), window }).await
}

/// The cells of an answer by the labels of their series, as bits so that NaN equals NaN.
fn cells(answer: &Answer) -> BTreeMap<String, Vec<u64>> {
    let bits = |v: &f64| if v.is_nan() { u64::MAX } else { v.to_bits() };
    answer.series.iter().map(|s| (s.labels.to_string(), s.values.iter().map(bits).collect())).collect()
}
