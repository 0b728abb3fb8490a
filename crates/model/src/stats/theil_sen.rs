//! The slope that a third of wrong points cannot move, with its interval.

use super::kendall::Kendall;

/// Slopes between pairs of points, the raw material of the Theil-Sen estimate.
#[derive(Clone, Debug, Default)]
pub struct Slopes(Vec<f64>);

impl Slopes {
    /// Adds the slopes of all pairs of these points `(time, value)`; pairs of one time have none. Points of several
    /// lives are added life by life, so that no pair spans a restart.
    pub fn add(&mut self, points: &[(f64, f64)]) {
        for (i, early) in points.iter().enumerate() {
            for late in &points[i + 1..] {
                let slope = (late.1 - early.1) / (late.0 - early.0);
                if slope.is_finite() {
                    self.0.push(slope);
                }
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The median slope (Theil 1950, Sen 1968).
    pub fn median(&mut self) -> Option<f64> {
        let n = self.0.len();
        if n == 0 {
            return None;
        }
        let upper = self.nth(n / 2);
        Some(if n % 2 == 1 { upper } else { (self.nth(n / 2 - 1) + upper) / 2.0 })
    }

    /// The interval the slope lies in: the order statistics `(N - C) / 2` and `(N + C) / 2 + 1` of the `N` slopes, with
    /// `C = z sqrt(Var S)` (Sen 1968; Gilbert 1987, 16.4.2). `None` without slopes; unbounded where `C` exceeds `N`.
    pub fn interval(&mut self, kendall: &Kendall, z: f64) -> Option<(f64, f64)> {
        let n = self.0.len();
        if n == 0 || !z.is_finite() {
            return None;
        }
        let reach = z * kendall.variance.sqrt();
        let low = ((n as f64 - reach) / 2.0).floor();
        let high = ((n as f64 + reach) / 2.0).ceil();
        let low = if low < 1.0 { f64::NEG_INFINITY } else { self.nth(low as usize - 1) };
        let high = if high >= n as f64 { f64::INFINITY } else { self.nth(high as usize) };
        Some((low, high))
    }

    /// The order statistic at an index below `len`.
    fn nth(&mut self, at: usize) -> f64 {
        *self.0.select_nth_unstable_by(at, f64::total_cmp).1
    }
}

/// The Theil-Sen slope of points in order of time.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let mut slopes = Slopes::default();
    slopes.add(points);
    slopes.median()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::kendall::kendall;
    use proptest::prelude::*;

    fn points(values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect()
    }

    #[test]
    fn a_line_with_wild_points_keeps_its_slope() {
        let mut line: Vec<f64> = (0..20).map(|i| 5.0 + 2.0 * f64::from(i)).collect();
        (line[3], line[11], line[17]) = (1e9, -1e9, f64::NAN);
        assert!((slope(&points(&line)).unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn too_few_points_have_no_slope() {
        assert_eq!(slope(&[]), None);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 5.0)]), None);
        assert_eq!(Slopes::default().interval(&Kendall::default(), 1.96), None);
    }

    #[test]
    fn two_points_say_nothing_about_their_interval() {
        let mut slopes = Slopes::default();
        slopes.add(&[(0.0, 0.0), (1.0, 1.0)]);
        let few = kendall(&[0.0, 1.0]);
        assert_eq!(slopes.interval(&few, 1.96), Some((f64::NEG_INFINITY, f64::INFINITY)));
    }

    // scipy.stats.theilslopes(y, range(16), 0.95): slope 1.125, interval 0.75 to 1.3333333333333333.
    #[test]
    fn agrees_with_scipy() {
        let y = [12., 15., 11., 18., 17., 19., 16., 22., 21., 25., 20., 27., 24., 24., 30., 28.];
        let mut slopes = Slopes::default();
        slopes.add(&points(&y));
        let (low, high) = slopes.interval(&kendall(&y), 1.96).unwrap();
        assert_eq!((slopes.median(), low), (Some(1.125), 0.75));
        assert!((high - 4.0 / 3.0).abs() < 0.05, "{high}");
    }

    proptest! {
        #[test]
        fn a_line_laid_over_adds_its_slope(values in prop::collection::vec(-100.0..100.0f64, 3..30), by in -9.0..9.0f64) {
            let tilted: Vec<f64> = values.iter().enumerate().map(|(i, v)| v + by * i as f64).collect();
            let (a, b) = (slope(&points(&values)).unwrap(), slope(&points(&tilted)).unwrap());
            prop_assert!((a + by - b).abs() < 1e-6);
        }

        #[test]
        fn the_interval_holds_the_slope(values in prop::collection::vec(-100.0..100.0f64, 5..40)) {
            let mut slopes = Slopes::default();
            slopes.add(&points(&values));
            let (low, high) = slopes.interval(&kendall(&values), 1.96).unwrap();
            let mid = slopes.median().unwrap();
            prop_assert!(low <= mid && mid <= high);
        }
    }
}
