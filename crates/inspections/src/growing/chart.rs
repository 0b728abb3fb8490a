//! The chart of a growing series: series, baseline, anomaly, cause interval, forecast band and limit.

use model::evidence::{Band, Chart, Interval, IntervalRole, Line, Mark, Role};
use model::growth::Judgement;
use model::query::Origin;
use model::series::Series;
use model::signal::Unit;
use model::time::Time;

/// What to draw beside the series itself.
pub struct Drawn<'a> {
    /// Heading.
    pub title: String,
    /// The verdict with its figures.
    pub judgement: &'a Judgement,
    /// What it must not exceed, in bytes.
    pub limit: Option<f64>,
    /// Where the cause was searched for.
    pub cause: Option<(Time, Time)>,
    /// Known starts.
    pub starts: &'a [Time],
    /// Where the numbers come from.
    pub origins: Vec<Origin>,
}

/// Share of the window that a forecast reaches beyond its end.
const AHEAD: f64 = 1.0 / 3.0;

/// Milliseconds in a day.
const DAY: f64 = 86_400_000.0;

/// Draws a series of bytes with everything the judgement says of it.
pub fn chart(series: Series<'_>, drawn: Drawn<'_>) -> Chart {
    let window = series.window;
    let cells = series.values.iter().enumerate();
    let points = cells.map(|(i, v)| (window.time_of(i), (!v.is_nan()).then_some(*v))).collect();
    let mut lines = vec![Line { name: "used".into(), role: Role::Series, points }];
    let (mut bands, mut to) = (Vec::new(), window.to);
    let judged = drawn.judgement;
    if let (Some(baseline), Some((from, _))) = (judged.baseline, judged.anomaly) {
        let points =
            vec![(window.from, Some(baseline)), (from.max(window.from), Some(baseline)), (window.to, Some(baseline))];
        lines.push(Line { name: "baseline".into(), role: Role::Baseline, points });
    }
    if let Some(growth) = judged.growth_per_day.filter(|_| judged.level.is_finite()) {
        let ahead = ahead(judged, window.length().millis() as f64);
        to = window.to + ahead as Time;
        let at = |per_day: f64| judged.level + per_day * ahead / DAY;
        let points = vec![(window.to, Some(judged.level)), (to, Some(at(growth.mid)))];
        lines.push(Line { name: "forecast".into(), role: Role::Forecast, points });
        let points = vec![(window.to, judged.level, judged.level), (to, at(growth.low), at(growth.high))];
        bands.push(Band { name: "forecast, 95%".into(), points });
    }
    if let Some(limit) = drawn.limit {
        let points = vec![(window.from, Some(limit)), (to, Some(limit))];
        lines.push(Line { name: "limit".into(), role: Role::Limit, points });
    }
    let mut intervals = Vec::new();
    if let Some((from, to)) = judged.anomaly {
        intervals.push(Interval { name: "grows".into(), role: IntervalRole::Anomaly, from: from.max(window.from), to });
    }
    if let Some((from, to)) = drawn.cause {
        intervals.push(Interval { name: "searched for the cause".into(), role: IntervalRole::CauseSearch, from, to });
    }
    let within = drawn.starts.iter().filter(|s| **s > window.from && **s <= window.to);
    let marks = within.map(|at| Mark { name: "start".into(), at: *at }).collect();
    let from = window.from;
    Chart { title: drawn.title, unit: Unit::Bytes, from, to, lines, bands, intervals, marks, origins: drawn.origins }
}

/// How far ahead to draw, in milliseconds: a third of the window, or less when the limit comes first.
fn ahead(judged: &Judgement, length: f64) -> f64 {
    let until = judged.hours_to_limit.map_or(f64::INFINITY, |h| h.mid * 3.6e6 * 1.1);
    (length * AHEAD).min(until).max(1.0)
}
