//! Fitting simple shapes by least absolute deviations, so that shapes can be held against each other.

/// A fitted shape `y = base + height * u(t)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Value where the shape is 0.
    pub base: f64,
    /// Height of the shape.
    pub height: f64,
    /// The shape's own parameter: the turning point or the time constant, in the unit of time given.
    pub turn: f64,
    /// Sum of absolute residuals.
    pub cost: f64,
}

/// Fits `y = base + height * u` by least absolute deviations: iteratively reweighted least squares (Schlossmacher
/// 1973). `None` when fewer than three pairs are finite or `u` is constant.
pub fn absolute(u: &[f64], y: &[f64]) -> Option<(f64, f64, f64)> {
    let pairs: Vec<(f64, f64)> =
        u.iter().copied().zip(y.iter().copied()).filter(|(u, y)| u.is_finite() && y.is_finite()).collect();
    if pairs.len() < 3 {
        return None;
    }
    let mut weights = vec![1.0; pairs.len()];
    let (mut best, mut scale) = (None::<(f64, f64, f64)>, 0.0);
    for round in 0..ROUNDS {
        let (base, height) = weighted(&pairs, &weights)?;
        let residuals = pairs.iter().map(|(u, y)| (y - base - height * u).abs());
        let cost: f64 = residuals.clone().sum();
        let before = best.map_or(f64::INFINITY, |b| b.2);
        if cost < before {
            best = Some((base, height, cost));
        }
        if cost > before * ENOUGH {
            break;
        }
        if round == 0 {
            scale = cost / pairs.len() as f64;
        }
        if scale <= 0.0 {
            break;
        }
        weights.iter_mut().zip(residuals).for_each(|(w, r)| *w = 1.0 / r.max(scale * 1e-3));
    }
    best.filter(|b| b.2.is_finite())
}

/// Rounds of reweighting at most.
const ROUNDS: usize = 12;
/// A round that leaves more of the cost than this is the last.
const ENOUGH: f64 = 0.998;

/// Weighted least squares of one regressor.
fn weighted(pairs: &[(f64, f64)], weights: &[f64]) -> Option<(f64, f64)> {
    let (mut sw, mut su, mut sy) = (0.0, 0.0, 0.0);
    for ((u, y), w) in pairs.iter().zip(weights) {
        (sw, su, sy) = (sw + w, su + w * u, sy + w * y);
    }
    let (mu, my) = (su / sw, sy / sw);
    let (mut suu, mut suy) = (0.0, 0.0);
    for ((u, y), w) in pairs.iter().zip(weights) {
        (suu, suy) = (suu + w * (u - mu) * (u - mu), suy + w * (u - mu) * (y - my));
    }
    let height = suy / suu;
    (suu > 0.0 && height.is_finite()).then_some((my - height * mu, height))
}

/// The best of a family of shapes: `u(t, turn)` for every `turn` given.
pub fn best_of(points: &[(f64, f64)], turns: impl Iterator<Item = f64>, u: impl Fn(f64, f64) -> f64) -> Option<Fit> {
    let y: Vec<f64> = points.iter().map(|p| p.1).collect();
    turns
        .filter_map(|turn| {
            let shape: Vec<f64> = points.iter().map(|p| u(p.0, turn)).collect();
            let (base, height, cost) = absolute(&shape, &y)?;
            Some(Fit { base, height, turn, cost })
        })
        .min_by(|a, b| a.cost.total_cmp(&b.cost))
}

/// A straight line.
pub fn line(points: &[(f64, f64)]) -> Option<Fit> {
    best_of(points, std::iter::once(0.0), |t, _| t)
}

/// Flat until `turn`, then a straight line: growth that set in late.
pub fn hinge(points: &[(f64, f64)], turns: impl Iterator<Item = f64>) -> Option<Fit> {
    best_of(points, turns, |t, turn| (t - turn).max(0.0))
}

/// A straight line until `turn`, then flat: something that filled up to a bound.
pub fn ramp(points: &[(f64, f64)], turns: impl Iterator<Item = f64>) -> Option<Fit> {
    best_of(points, turns, |t, turn| t.min(turn))
}

/// Two levels with a jump at `turn`, after at least `least` points and before as many. Exact: each level is the median
/// of its side. `None` when there are too few points or one is not finite.
pub fn step(points: &[(f64, f64)], least: usize) -> Option<Fit> {
    let least = least.max(1);
    if points.len() < 2 * least || points.iter().any(|p| !p.0.is_finite() || !p.1.is_finite()) {
        return None;
    }
    let before = running(points.iter().map(|p| p.1));
    let after = running(points.iter().rev().map(|p| p.1));
    (least..=points.len() - least)
        .map(|at| {
            let ((base, early), (level, late)) = (before[at - 1], after[points.len() - at - 1]);
            Fit { base, height: level - base, turn: (points[at - 1].0 + points[at].0) / 2.0, cost: early + late }
        })
        .min_by(|a, b| a.cost.total_cmp(&b.cost))
}

/// Median of the first values and the sum of absolute distances to it, for one, two, three... of them.
fn running(values: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
    let mut sorted: Vec<f64> = Vec::new();
    let one_more = |value: f64| {
        sorted.insert(sorted.partition_point(|v| *v < value), value);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        let median = low + (high - low) / 2.0;
        (median, sorted.iter().map(|v| (v - median).abs()).sum())
    };
    values.map(one_more).collect()
}

/// `1 - exp(-t / turn)`: something that fills ever more slowly, from time 0.
pub fn saturating(points: &[(f64, f64)], turns: impl Iterator<Item = f64>) -> Option<Fit> {
    best_of(points, turns, |t, turn| 1.0 - (-t / turn).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Least absolute deviations pass through two of the points (Bloomfield and Steiger 1983): try all pairs.
    fn naive(pairs: &[(f64, f64)]) -> f64 {
        let mut best = f64::INFINITY;
        for (i, a) in pairs.iter().enumerate() {
            for b in &pairs[i + 1..] {
                let height = (b.1 - a.1) / (b.0 - a.0);
                let cost: f64 = pairs.iter().map(|p| (p.1 - a.1 - height * (p.0 - a.0)).abs()).sum();
                best = best.min(cost);
            }
        }
        best
    }

    fn drawn(count: usize, shape: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..count).map(|i| (i as f64, shape(i as f64))).collect()
    }

    #[test]
    fn every_shape_finds_its_own_parameter() {
        let turns = || (1..40).map(f64::from);
        let late = hinge(&drawn(40, |t| 7.0 + 2.0 * (t - 20.0).max(0.0)), turns()).unwrap();
        assert_eq!((late.turn, late.height.round(), late.base.round()), (20.0, 2.0, 7.0));
        let full = ramp(&drawn(40, |t| 3.0 * t.min(30.0)), turns()).unwrap();
        assert_eq!((full.turn, full.height.round()), (30.0, 3.0));
        let jump = step(&drawn(40, |t| if t > 12.0 { 9.0 } else { 4.0 }), 2).unwrap();
        assert_eq!((jump.turn, jump.height, jump.base, jump.cost), (12.5, 5.0, 4.0, 0.0));
        let slow = saturating(&drawn(40, |t| 100.0 * (1.0 - (-t / 8.0).exp())), turns()).unwrap();
        assert_eq!((slow.turn, slow.height.round()), (8.0, 100.0));
        assert_eq!(line(&drawn(5, |t| t)).unwrap().height.round(), 1.0);
    }

    #[test]
    fn nothing_to_fit_is_none() {
        assert_eq!(line(&[]), None);
        assert_eq!(line(&[(0.0, f64::NAN); 9]), None);
        assert_eq!(step(&drawn(3, |t| t), 2), None);
        assert_eq!(step(&[(0.0, f64::NAN); 9], 2), None);
    }

    /// Every split, medians and distances from their definitions.
    fn naive_step(values: &[f64]) -> f64 {
        let cost = |side: &[f64]| {
            let median = crate::stats::order::median(side).unwrap();
            side.iter().map(|v| (v - median).abs()).sum::<f64>()
        };
        (1..values.len()).map(|at| cost(&values[..at]) + cost(&values[at..])).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn a_step_is_the_best_there_is(values in prop::collection::vec(-100.0..100.0f64, 2..25)) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
            let (got, least) = (step(&points, 1).unwrap().cost, naive_step(&values));
            prop_assert!((got - least).abs() < 1e-6, "{got} {least}");
        }

        // A few rounds of reweighting come within a few percent on noise; on anything line-like they are there.
        #[test]
        fn costs_are_near_the_least(values in prop::collection::vec(-100.0..100.0f64, 5..25)) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
            let (got, least) = (line(&points).unwrap().cost, naive(&points));
            prop_assert!(got >= least - 1e-6 && got <= least * 1.25 + 1e-6, "{got} {least}");
        }
    }
}
