//! Where the forecast of a chart meets its limit.

use model::evidence::{Chart, Line, Role};
use model::time::Time;

/// The line of the limit and its last value.
pub fn limit(chart: &Chart) -> Option<(&Line, f64)> {
    let line = chart.lines.iter().find(|line| line.role == Role::Limit)?;
    let value = line.points.iter().rev().find_map(|(_, v)| v.filter(|v| v.is_finite()))?;
    Some((line, value))
}

/// When the forecast first reaches the limit, between two of its points; `None` when it does not within its points.
pub fn reached(chart: &Chart) -> Option<Time> {
    let (_, limit) = limit(chart)?;
    let line = chart.lines.iter().find(|line| line.role == Role::Forecast)?;
    let points: Vec<(Time, f64)> =
        line.points.iter().filter_map(|(at, v)| Some((*at, v.filter(|v| v.is_finite())?))).collect();
    let pair = points.windows(2).find(|w| w[0].1 < limit && w[1].1 >= limit)?;
    let part = (limit - pair[0].1) / (pair[1].1 - pair[0].1);
    Some(pair[0].0 + ((pair[1].0 - pair[0].0) as f64 * part) as Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::signal::Unit;

    #[test]
    fn the_forecast_meets_the_limit_between_two_points() {
        let line = |role, points: Vec<(Time, Option<f64>)>| Line { name: String::new(), role, points };
        let mut chart = Chart {
            title: String::new(),
            unit: Unit::Bytes,
            from: 0,
            to: 100,
            lines: vec![line(Role::Forecast, vec![(0, Some(0.0)), (50, None), (100, Some(10.0))])],
            bands: vec![],
            intervals: vec![],
            marks: vec![],
            origins: vec![],
        };
        assert_eq!(reached(&chart), None);
        chart.lines.push(line(Role::Limit, vec![(0, Some(8.0)), (100, Some(8.0))]));
        assert_eq!(reached(&chart), Some(80));
    }
}
