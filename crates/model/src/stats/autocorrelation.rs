//! How much a series resembles itself a little later.

/// Autocorrelation at lags `0..=most` of an evenly spaced series: `r_k = sum (x_i - m)(x_{i+k} - m) / sum (x_i - m)^2`
/// (Box and Jenkins 1970; the biased estimator, whose matrix is positive semi-definite). All zero beyond lag 0 when
/// the series is constant; empty when it is empty or holds something that is not finite.
pub fn autocorrelation(values: &[f64], most: usize) -> Vec<f64> {
    if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
        return Vec::new();
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let centred: Vec<f64> = values.iter().map(|v| v - mean).collect();
    let whole: f64 = centred.iter().map(|v| v * v).sum();
    (0..=most.min(values.len() - 1))
        .map(|lag| match lag {
            0 => 1.0,
            _ if whole <= 0.0 => 0.0,
            _ => centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum::<f64>() / whole,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_alternating_series_resembles_itself_at_even_lags() {
        let r = autocorrelation(&[1.0, -1.0, 1.0, -1.0], 2);
        assert_eq!(r, [1.0, -0.75, 0.5]);
    }

    #[test]
    fn constants_nothing_and_gaps_have_none() {
        assert_eq!(autocorrelation(&[7.0; 3], 2), [1.0, 0.0, 0.0]);
        assert!(autocorrelation(&[], 2).is_empty());
        assert!(autocorrelation(&[1.0, f64::NAN], 1).is_empty());
    }

    proptest! {
        #[test]
        fn shift_scale_and_reversal_change_nothing(values in prop::collection::vec(-1e3..1e3f64, 2..30)) {
            let turned: Vec<f64> = values.iter().rev().map(|v| v * -2.0 + 5.0).collect();
            for (a, b) in autocorrelation(&values, 9).iter().zip(autocorrelation(&turned, 9)) {
                prop_assert!((a - b).abs() < 1e-6 && a.abs() <= 1.0 + 1e-9);
            }
        }
    }
}
