//! Thinning a line for drawing: the lowest and highest point of every column survive, so that peaks do.

use model::time::Time;

/// Points of a line; `None` breaks it.
pub type Points = Vec<(Time, Option<f64>)>;

/// At most `2 * columns` values: of every column of equal time its lowest and its highest point, in order of time.
///
/// A column with a break and no value is a break. Values that are not finite are breaks. Points outside of
/// `from..=to` are left out.
pub fn thin(points: &[(Time, Option<f64>)], from: Time, to: Time, columns: usize) -> Points {
    let finite = |v: &Option<f64>| v.filter(|v| v.is_finite());
    let inside = points.iter().filter(|(at, _)| (from..=to).contains(at));
    if inside.clone().count() <= columns * 2 {
        return inside.map(|(at, v)| (*at, finite(v))).collect();
    }
    let length = (to as f64 - from as f64).max(1.0);
    let column_of = |at: Time| ((((at as f64 - from as f64) / length) * columns as f64) as usize).min(columns - 1);
    let mut thinned = Points::new();
    let mut column = Column::default();
    for (at, value) in inside {
        let index = column_of(*at);
        if index != column.index {
            column.end(&mut thinned);
            column = Column { index, ..Column::default() };
        }
        column.add(*at, finite(value));
    }
    column.end(&mut thinned);
    thinned
}

/// The points that fall on one column of the picture.
#[derive(Default)]
struct Column {
    index: usize,
    low: Option<(Time, f64)>,
    high: Option<(Time, f64)>,
    broken_at: Option<Time>,
}

impl Column {
    fn add(&mut self, at: Time, value: Option<f64>) {
        let Some(value) = value else {
            self.broken_at = Some(at);
            return;
        };
        if self.low.is_none_or(|(_, low)| value < low) {
            self.low = Some((at, value));
        }
        if self.high.is_none_or(|(_, high)| value > high) {
            self.high = Some((at, value));
        }
    }

    fn end(&self, thinned: &mut Points) {
        match (self.low, self.high) {
            (Some(low), Some(high)) => {
                let (first, last) = if low.0 <= high.0 { (low, high) } else { (high, low) };
                thinned.push((first.0, Some(first.1)));
                if last.0 != first.0 {
                    thinned.push((last.0, Some(last.1)));
                }
            }
            _ => {
                if let Some(at) = self.broken_at {
                    thinned.push((at, None));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However long the line: few points, in order, none invented, the peaks among them.
        #[test]
        fn peaks_survive(values in prop::collection::vec(prop::option::of(-1e9..1e9f64), 1..800), columns in 1usize..200) {
            let points: Points = values.iter().enumerate().map(|(i, v)| (i as Time * 7, *v)).collect();
            let thinned = thin(&points, 0, points.len() as Time * 7, columns);
            prop_assert!(thinned.len() <= columns * 2);
            prop_assert!(thinned.windows(2).all(|w| w[0].0 < w[1].0));
            prop_assert!(thinned.iter().all(|p| points.contains(p)));
            let peak = |p: &Points| p.iter().filter_map(|(_, v)| *v).fold(f64::NEG_INFINITY, f64::max);
            let pit = |p: &Points| p.iter().filter_map(|(_, v)| *v).fold(f64::INFINITY, f64::min);
            prop_assert_eq!((peak(&thinned), pit(&thinned)), (peak(&points), pit(&points)));
        }
    }

    #[test]
    fn what_cannot_be_drawn_breaks_the_line() {
        let points = [(0, Some(1.0)), (1, Some(f64::NAN)), (2, None), (9, Some(2.0))];
        assert_eq!(thin(&points, 0, 5, 10), [(0, Some(1.0)), (1, None), (2, None)]);
    }
}
