//! One series, cut into windows and judged, each with only what was known at its end.

use model::growth::Watched;
use model::time::{Span, Time, Window};
use rayon::prelude::*;

use super::line::{Line, When};
use super::{Plan, Recorded};

/// Judges every whole window of a series, in order; a rest shorter than a window is dropped.
///
/// Errors, in words for people: a window shorter than the series' own step, or wrong parameters.
pub fn replay(recorded: &Recorded, plan: &Plan<'_>) -> Result<Vec<Line>, String> {
    let step = recorded.window.step;
    if step == Span::ZERO || plan.window < step || plan.every < step {
        let (window, every) = (plan.window, plan.every);
        return Err(format!("a window of {window} every {every} cannot be cut from samples {step} apart"));
    }
    let width = cells(plan.window, step);
    let starts: Vec<usize> = (0..)
        .map(|k: i64| {
            recorded.lead.saturating_add(cells(Span::from_millis(plan.every.millis().saturating_mul(k)), step))
        })
        .take_while(|start| start.saturating_add(width) <= recorded.values.len())
        .collect();
    starts.into_par_iter().map(|start| one(recorded, plan, start, width)).collect()
}

/// Whole cells in a length of time.
fn cells(length: Span, step: Span) -> usize {
    usize::try_from(length.millis() / step.millis()).unwrap_or(usize::MAX)
}

/// The window over a range of cells.
fn window(recorded: &Recorded, from: usize, to: usize) -> Window {
    let step = recorded.window.step;
    let at = |cell: usize| -> Time { recorded.window.from + cell as i64 * step.millis() };
    Window { from: at(from), to: at(to), step }
}

/// Judges one window.
fn one(recorded: &Recorded, plan: &Plan<'_>, start: usize, width: usize) -> Result<Line, String> {
    let now = window(recorded, start, start + width);
    let back = start - cells(plan.history, recorded.window.step).min(start);
    let history = window(recorded, back, start);
    let watched = Watched {
        window: &now,
        values: &recorded.values[start..start + width],
        history: (back < start).then(|| (&history, &recorded.values[back..start])),
        limit: recorded.limit,
        starts: &[],
    };
    let judgement = plan.inspection.replay(plan.params, &watched)?.ok_or_else(|| {
        format!("`{}` does not judge single series, so there is nothing to replay", plan.inspection.card().id)
    })?;
    let when = |at: Time| if recorded.real_times { When::Real(at) } else { When::Offset(at - recorded.window.from) };
    Ok(Line::of(&recorded.id, when(now.from), when(now.to), judgement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::params::RawParams;

    fn recorded(hours: i64) -> Recorded {
        let step = Span::from_mins(5);
        let values: Vec<f64> = (0..hours * 12).map(|i| 100.0 + 0.5 * i as f64 + (i % 7) as f64).collect();
        let window = Window { from: 0, to: hours * 3_600_000, step };
        Recorded { id: "a".into(), window, values, lead: 0, limit: Some(1e4), real_times: false }
    }

    fn froms(hours: i64, window: Span, every: Span, history: Span) -> Vec<(When, When)> {
        let params = RawParams::new();
        let inspection = inspections::named("host-memory-leak").unwrap();
        let plan = Plan { inspection, params: &params, window, every, history };
        replay(&recorded(hours), &plan).unwrap().into_iter().map(|l| (l.from, l.to)).collect()
    }

    #[test]
    fn windows_step_through_the_series_and_a_rest_is_dropped() {
        let h = Span::from_hours;
        let at = |hours: i64| When::Offset(hours * 3_600_000);
        assert_eq!(froms(20, h(6), h(6), h(0)), [(at(0), at(6)), (at(6), at(12)), (at(12), at(18))]);
        assert_eq!(froms(9, h(6), h(2), h(0)), [(at(0), at(6)), (at(2), at(8))]);
        assert_eq!(froms(5, h(6), h(6), h(0)), []);
    }

    #[test]
    fn every_window_of_a_leak_grows() {
        let params = RawParams::new();
        let inspection = inspections::named("host-memory-leak").unwrap();
        let day = Span::from_days(1);
        let plan = Plan { inspection, params: &params, window: day, every: day, history: Span::from_days(7) };
        let lines = replay(&recorded(96), &plan).unwrap();
        assert_eq!(lines.len(), 4);
        for line in lines {
            assert!((line.growth_per_day.unwrap() - 144.0).abs() < 1.0, "{line:?}");
        }
    }

    #[test]
    fn a_window_shorter_than_the_step_is_refused_in_words() {
        let params = RawParams::new();
        let inspection = inspections::named("host-memory-leak").unwrap();
        let short = Span::from_secs(30);
        let plan = Plan { inspection, params: &params, window: short, every: short, history: Span::ZERO };
        let error = replay(&recorded(6), &plan).unwrap_err();
        insta::assert_snapshot!(error, @"a window of 30s every 30s cannot be cut from samples 5m apart");
    }
}
