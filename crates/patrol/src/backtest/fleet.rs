//! Recorded series of a Prometheus-compatible server: its hosts, or whatever an expression gives.

use model::params::matchers;
use model::query::{Answer, Gap, Matcher, Query};
use model::series::Series;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use sources::Source;
use sources::prometheus::{Prometheus, Settings};

use super::Recorded;
use crate::error::{Failure, Result};

/// Which series of a server are meant.
pub enum Selector {
    /// The used memory of the hosts with these labels, all when there are none; their limit is what is installed.
    Hosts(Vec<Matcher>),
    /// The series of a PromQL expression, for which no limit is known.
    Expression(String),
}

impl Selector {
    /// Reads `{env="prod"}` as conditions on hosts and anything else as an expression; nothing means all hosts.
    pub fn read(text: Option<&str>) -> std::result::Result<Selector, String> {
        match text.map(str::trim) {
            None | Some("") => Ok(Selector::Hosts(Vec::new())),
            Some(text) if text.starts_with('{') => matchers(text).map(Selector::Hosts),
            Some(text) => Ok(Selector::Expression(text.into())),
        }
    }
}

/// The stretch of time that is replayed, with the history before its first window.
pub fn window(from: Time, to: Time, history: Span, step: Span) -> Result<Window> {
    if from >= to {
        return Err(Failure::new("`--from` is not before `--to`"));
    }
    let length = Span::from_millis(to - from + history.millis());
    Window::ending(to, length, step).map_err(|e| Failure::new(e).hint("set a longer `--step`"))
}

/// Reads the series of a server over a window.
///
/// The first `lead` cells are history only.
pub async fn recorded(
    url: &str,
    selector: &Selector,
    limit: Option<f64>,
    window: Window,
    lead: usize,
) -> Result<Vec<Recorded>> {
    let mut settings = Settings::at(url);
    let source = |settings| Prometheus::new("prometheus", settings).map_err(crate::wiring::setup);
    match selector {
        Selector::Hosts(only) => hosts(&source(settings)?, only, limit, window, lead).await,
        Selector::Expression(text) => {
            // The source gives any expression under the name of a signal that has no other meaning here.
            let signal = Signal::ProcessResident;
            settings.signals.insert(signal.name().into(), text.clone());
            let answer = fetch(&source(settings)?, signal, &[], window).await?;
            Ok(answer.series.iter().map(|s| record(s, s.values.to_vec(), limit, lead)).collect())
        }
    }
}

async fn hosts(
    source: &dyn Source,
    only: &[Matcher],
    limit: Option<f64>,
    window: Window,
    lead: usize,
) -> Result<Vec<Recorded>> {
    let available = fetch(source, Signal::HostMemoryAvailable, only, window).await?;
    let total = fetch(source, Signal::HostMemoryTotal, only, window).await?;
    let installed: std::collections::HashMap<_, f64> =
        total.series.iter().filter_map(|s| Some((s.labels.keep(&["cluster", "host"]), s.last()?.1))).collect();
    let of = |s: Series<'_>| {
        let total = *installed.get(&s.labels.keep(&["cluster", "host"]))?;
        Some(record(s, s.values.iter().map(|v| total - v).collect(), limit.or(Some(total)), lead))
    };
    Ok(available.series.iter().filter_map(of).collect())
}

fn record(series: Series<'_>, values: Vec<f64>, limit: Option<f64>, lead: usize) -> Recorded {
    let labels = series.labels.to_string();
    let id = if labels.is_empty() { "(no labels)".into() } else { labels };
    Recorded { id, window: *series.window, values, lead, limit, real_times: true }
}

async fn fetch(source: &dyn Source, signal: Signal, only: &[Matcher], window: Window) -> Result<Answer> {
    let query = Query { signal, only: only.to_vec(), window };
    source.fetch(&query).await.map_err(|gap: Gap| {
        let hint =
            gap.hint.clone().unwrap_or_else(|| "`patrol source test --prometheus URL` tries it step by step".into());
        Failure::new(gap.to_string()).hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_conditions_or_an_expression() {
        let read = |text| Selector::read(text);
        assert!(matches!(read(None), Ok(Selector::Hosts(only)) if only.is_empty()));
        assert!(matches!(read(Some(r#"{env="prod"}"#)), Ok(Selector::Hosts(only)) if only.len() == 1));
        assert!(matches!(read(Some("sum by (pod) (x)")), Ok(Selector::Expression(_))));
        assert!(read(Some("{env=}")).is_err());
    }

    #[test]
    fn the_window_holds_the_history_before_the_first_one() {
        let day = Span::from_days(1);
        let window = window(day.millis() * 10, day.millis() * 12, day, Span::from_mins(5)).unwrap();
        assert_eq!((window.from, window.to), (day.millis() * 9, day.millis() * 12));
        assert!(super::window(5, 5, day, day).is_err());
    }
}
