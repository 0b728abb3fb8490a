//! Order statistics: quantiles and the spread that outliers do not move.

/// Makes the median absolute deviation of normal data estimate its standard deviation: `1 / Phi^-1(3/4)`.
pub const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// The `q`-quantile (`0..=1`), linear between order statistics: definition 7 of Hyndman and Fan (1996), the default
/// of R and NumPy. Reorders the slice. `None` when nothing finite is in it.
pub fn quantile_in(values: &mut Vec<f64>, q: f64) -> Option<f64> {
    values.retain(|v| v.is_finite());
    if values.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let at = q * (values.len() - 1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) if part > 0.0 => Some(low + (high - low) * part),
        _ => Some(low),
    }
}

/// The `q`-quantile of a slice left as it is; see [`quantile_in`].
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    quantile_in(&mut values.to_vec(), q)
}

/// The median.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median absolute deviation from the median, scaled to estimate the standard deviation of normal data.
pub fn mad(values: &[f64]) -> Option<f64> {
    let mut scratch = values.to_vec();
    let centre = quantile_in(&mut scratch, 0.5)?;
    scratch.iter_mut().for_each(|v| *v = (*v - centre).abs());
    quantile_in(&mut scratch, 0.5).map(|m| m * MAD_TO_SIGMA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Definition 7 word by word, on a sorted copy.
    fn naive(values: &[f64], q: f64) -> Option<f64> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let at = q * sorted.len().checked_sub(1)? as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        Some(low + (high - low) * at.fract())
    }

    #[test]
    fn gaps_and_infinities_do_not_count() {
        assert_eq!(median(&[f64::NAN, 3.0, f64::INFINITY, 1.0]), Some(2.0));
        assert_eq!(median(&[f64::NAN]), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(mad(&[]), None);
    }

    // numpy.quantile([3,1,4,1,5,9,2,6], [.1,.25,.9]); scipy.stats.median_abs_deviation(..., scale="normal")
    #[test]
    fn agrees_with_numpy_and_scipy() {
        let data = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (q, want) in [(0.1, 1.0), (0.25, 1.75), (0.9, 6.9)] {
            assert!((quantile(&data, q).unwrap() - want).abs() < 1e-12);
        }
        assert!((mad(&data).unwrap() - 2.965_204_437_011_204).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn quantiles_are_the_naive_ones(values in prop::collection::vec(-1e6..1e6f64, 0..60), q in 0.0..=1.0f64) {
            match (quantile(&values, q), naive(&values, q)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs())),
                (a, b) => prop_assert_eq!(a, b),
            }
        }

        #[test]
        fn spread_ignores_shifts_and_follows_scale(values in prop::collection::vec(-1e3..1e3f64, 1..40), by in -1e3..1e3f64) {
            let moved: Vec<f64> = values.iter().map(|v| v * 3.0 + by).collect();
            let (a, b) = (mad(&values).unwrap(), mad(&moved).unwrap());
            prop_assert!((3.0 * a - b).abs() < 1e-6);
        }
    }
}
