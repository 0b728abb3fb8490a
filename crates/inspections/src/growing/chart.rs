//! The chart of a growing series: series, baseline, anomaly, cause interval, forecast band and limit.

use model::evidence::{Band, Chart, Interval, IntervalRole, Line, Mark, Role};
use model::growth::{Judgement, Verdict};
use model::query::Origin;
use model::series::Series;
use model::signal::Unit;
use model::stats::order::median;
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
    let mut lines = vec![Line { name: "used".into(), role: Role::Series, points: points(series) }];
    let (mut bands, mut to) = (Vec::new(), window.to);
    let judged = drawn.judgement;
    if let (Some(baseline), Some((from, _))) = (judged.baseline, judged.anomaly) {
        let points =
            vec![(window.from, Some(baseline)), (from.max(window.from), Some(baseline)), (window.to, Some(baseline))];
        lines.push(Line { name: "baseline".into(), role: Role::Baseline, points });
    }
    let grows = matches!(judged.verdict, Verdict::Leak | Verdict::Suspected);
    if let (Some(growth), Some(now)) = (judged.growth_per_day.filter(|_| grows), lately(series)) {
        let ahead = ahead(judged, window.length().millis() as f64);
        to = window.to + ahead as Time;
        let at = |per_day: f64| now + per_day * ahead / DAY;
        let points = vec![(window.to, Some(now)), (to, Some(at(growth.mid)))];
        lines.push(Line { name: "forecast".into(), role: Role::Forecast, points });
        let points = vec![(window.to, now, now), (to, at(growth.low), at(growth.high))];
        bands.push(Band { name: "forecast, 95 %".into(), points });
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

/// The samples of a series. Cells without one break the line only where several samples are missing: a grid may be finer
/// than the scrapes.
fn points(series: Series<'_>) -> Vec<(Time, Option<f64>)> {
    let there: Vec<usize> = (0..series.values.len()).filter(|i| !series.values[*i].is_nan()).collect();
    let mut apart: Vec<usize> = there.windows(2).map(|pair| pair[1] - pair[0]).collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(1);
    let mut points = Vec::with_capacity(there.len());
    for (k, cell) in there.iter().enumerate() {
        if k > 0 && cell - there[k - 1] > 3 * usual {
            points.push((series.window.time_of(there[k - 1] + 1), None));
        }
        points.push((series.window.time_of(*cell), Some(series.values[*cell])));
    }
    points
}

/// The level at the end: the median of the last samples, a fortieth of them.
fn lately(series: Series<'_>) -> Option<f64> {
    let count = (series.samples() / 40).max(3);
    median(&series.values.iter().rev().filter(|v| !v.is_nan()).take(count).copied().collect::<Vec<f64>>())
}

/// How far ahead to draw, in milliseconds: a third of the window, or less when the limit comes first.
fn ahead(judged: &Judgement, length: f64) -> f64 {
    let until = judged.hours_to_limit.map_or(f64::INFINITY, |h| h.mid * 3.6e6 * 1.1);
    (length * AHEAD).min(until).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::labels::Labels;
    use model::time::{Span, Window};

    #[test]
    fn a_line_breaks_only_where_several_samples_are_missing() {
        let window = Window::ending(20_000, Span::from_secs(20), Span::from_secs(1)).unwrap();
        let mut values = vec![f64::NAN; 20];
        for cell in [0, 2, 4, 6, 15, 17, 19] {
            values[cell] = cell as f64;
        }
        let labels = Labels::default();
        let drawn = points(Series { labels: &labels, window: &window, values: &values });
        let cells: Vec<Option<f64>> = drawn.iter().map(|p| p.1).collect();
        let [a, b, c, d, e, f, g] = [0.0, 2.0, 4.0, 6.0, 15.0, 17.0, 19.0].map(Some);
        assert_eq!(cells, [a, b, c, d, None, e, f, g]);
    }
}
