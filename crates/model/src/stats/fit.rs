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
        if best.is_none_or(|b| cost < b.2) {
            best = Some((base, height, cost));
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

/// Rounds of reweighting; the cost moves by less than a percent after so many.
const ROUNDS: usize = 12;

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

/// Two levels with a jump at `turn`.
pub fn step(points: &[(f64, f64)], turns: impl Iterator<Item = f64>) -> Option<Fit> {
    best_of(points, turns, |t, turn| f64::from(u8::from(t > turn)))
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
        let jump = step(&drawn(40, |t| if t > 12.0 { 9.0 } else { 4.0 }), turns()).unwrap();
        assert_eq!((jump.turn, jump.height.round(), jump.base.round()), (12.0, 5.0, 4.0));
        let slow = saturating(&drawn(40, |t| 100.0 * (1.0 - (-t / 8.0).exp())), turns()).unwrap();
        assert_eq!((slow.turn, slow.height.round()), (8.0, 100.0));
        assert_eq!(line(&drawn(5, |t| t)).unwrap().height.round(), 1.0);
    }

    #[test]
    fn nothing_to_fit_is_none() {
        assert_eq!(line(&[]), None);
        assert_eq!(line(&[(0.0, f64::NAN); 9]), None);
        assert_eq!(step(&drawn(9, |t| t), std::iter::once(99.0)), None);
    }

    proptest! {
        #[test]
        fn costs_are_near_the_least(values in prop::collection::vec(-100.0..100.0f64, 5..25)) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
            let (got, least) = (line(&points).unwrap().cost, naive(&points));
            prop_assert!(got <= least * 1.05 + 1e-6, "{got} {least}");
        }
    }
}
