//! How many windows got which verdict, and how many alarms that is in 1000 days of a series.

use std::fmt;

use model::growth::Verdict;
use model::time::Span;

use super::line::Line;

/// Verdicts in the order of the summary.
const ORDER: [Verdict; 7] = [
    Verdict::Leak,
    Verdict::Suspected,
    Verdict::LevelShift,
    Verdict::WarmingUp,
    Verdict::Seasonal,
    Verdict::Stable,
    Verdict::Unknown,
];

/// Counts over a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Series read, too short ones included.
    pub series: usize,
    /// Series without a single whole window.
    pub too_short: usize,
    /// Windows by verdict, in the order leak, suspected, level-shift, warming-up, seasonal, stable, unknown.
    pub windows: [usize; 7],
}

impl Summary {
    /// Counts the windows of one series.
    pub fn count(&mut self, lines: &[Line]) {
        self.series += 1;
        self.too_short += usize::from(lines.is_empty());
        for line in lines {
            if let Some(at) = ORDER.iter().position(|v| *v == line.verdict) {
                self.windows[at] += 1;
            }
        }
    }

    /// The summary for people, given how far apart windows start: with windows that overlap, a day of a series counts
    /// once.
    pub fn show(&self, every: Span) -> impl fmt::Display {
        let total: usize = self.windows.iter().sum();
        let days = total as f64 * every.hours() / 24.0;
        let mut text = format!("{total} windows of {} series, {days:.1} series-days", self.series);
        if self.too_short > 0 {
            text += &format!("; {} series are shorter than a window", self.too_short);
        }
        for (verdict, count) in ORDER.iter().zip(self.windows).filter(|(_, count)| *count > 0) {
            let share = 100.0 * count as f64 / total as f64;
            text += &format!("\n  {:<12}{count:>9} {share:>6.2} %", verdict.name());
            if matches!(verdict, Verdict::Leak | Verdict::Suspected) && days > 0.0 {
                text += &format!("  {:.2} per 1000 series-days", count as f64 / days * 1e3);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_told_per_thousand_days_of_a_series() {
        let summary = Summary { series: 80, too_short: 2, windows: [3, 9, 0, 0, 0, 1_988, 0] };
        insta::assert_snapshot!(summary.show(Span::from_hours(6)), @"
        2000 windows of 80 series, 500.0 series-days; 2 series are shorter than a window
          leak                3   0.15 %  6.00 per 1000 series-days
          suspected           9   0.45 %  18.00 per 1000 series-days
          stable           1988  99.40 %
        ");
        let none = Summary::default();
        insta::assert_snapshot!(none.show(Span::from_hours(6)), @"0 windows of 0 series, 0.0 series-days");
    }
}
