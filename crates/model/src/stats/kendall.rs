//! Kendall's S, the Mann-Kendall test for a trend, and its correction for series that remember.

use super::autocorrelation::autocorrelation;

/// Kendall's S of values in order of time, and its variance under "no trend".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kendall {
    /// Pairs that rise minus pairs that fall.
    pub s: f64,
    /// Variance of S if the order meant nothing, corrected for ties.
    pub variance: f64,
    /// Number of pairs looked at.
    pub pairs: usize,
}

impl Kendall {
    /// S in standard deviations, one step nearer to zero because S is a whole number (Kendall 1975).
    pub fn z(&self) -> f64 {
        if self.variance <= 0.0 { 0.0 } else { (self.s - self.s.signum().min(self.s.abs())) / self.variance.sqrt() }
    }

    /// The two looked at as one: pairs are formed within each only (regional Kendall, Helsel and Frans 2006).
    pub fn pooled(self, other: Kendall) -> Kendall {
        Kendall { s: self.s + other.s, variance: self.variance + other.variance, pairs: self.pairs + other.pairs }
    }

    /// The same S with a variance so many times as large.
    pub fn widened(self, factor: f64) -> Kendall {
        Kendall { variance: self.variance * factor, ..self }
    }
}

/// S and its variance `[n(n-1)(2n+5) - sum t(t-1)(2t+5)] / 18` over groups of `t` ties (Kendall 1975).
pub fn kendall(values: &[f64]) -> Kendall {
    let values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let mut s = 0i64;
    for (i, early) in values.iter().enumerate() {
        for late in &values[i + 1..] {
            s += i64::from(late > early) - i64::from(late < early);
        }
    }
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let n = values.len();
    let ties: f64 = ties(values).map(|t| term(t as f64)).sum();
    Kendall { s: s as f64, variance: (term(n as f64) - ties).max(0.0) / 18.0, pairs: n * n.saturating_sub(1) / 2 }
}

/// Sizes of the groups of equal values.
fn ties(mut values: Vec<f64>) -> impl Iterator<Item = usize> {
    values.sort_unstable_by(f64::total_cmp);
    let groups: Vec<usize> = values.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
    groups.into_iter()
}

/// Ranks from 1; equal values share the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let shared = before as f64 + (group.len() as f64 + 1.0) / 2.0;
        group.iter().for_each(|i| ranks[*i] = shared);
        before += group.len();
    }
    ranks
}

/// How many times the variance of S is as large as it seems because neighbours resemble each other: `n / n*` of Hamed
/// and Rao (1998), `1 + 2 / (n(n-1)(n-2)) * sum_k (n-k)(n-k-1)(n-k-2) r_k`, with `r_k` the autocorrelation of the ranks
/// of the detrended values at the lags where it is significant at 5 % (`|r_k| > 1.96 / sqrt(n)`).
///
/// Never below 1: resemblance that turns its sign would make a trend look surer, and saw-teeth do that.
pub fn hamed_rao(detrended: &[f64]) -> f64 {
    let n = detrended.len() as f64;
    if n < 4.0 || detrended.iter().any(|v| !v.is_finite()) {
        return 1.0;
    }
    let r = autocorrelation(&ranks(detrended), detrended.len() - 3);
    let sum: f64 = r
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, r)| r.abs() > 1.96 / n.sqrt())
        .map(|(k, r)| {
            let left = n - k as f64;
            left * (left - 1.0) * (left - 2.0) * r
        })
        .sum();
    (1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * sum).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranks_of_equals_are_shared() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn nothing_and_constants_have_no_trend() {
        assert_eq!(kendall(&[]), Kendall::default());
        assert_eq!(kendall(&[f64::NAN, 1.0]).pairs, 0);
        let flat = kendall(&[5.0; 10]);
        assert_eq!((flat.s, flat.variance, flat.z()), (0.0, 0.0, 0.0));
        assert_eq!(hamed_rao(&[1.0, f64::NAN, 2.0, 3.0]), 1.0);
    }

    // pip install pymannkendall; y = [...]; original_test(y); h = hamed_rao_modification_test(y): s, var_s, z, and
    // h.var_s / original.var_s, h.z.
    #[test]
    fn agrees_with_pymannkendall() {
        let y = [
            1., 1., 8., 9., 4., 9., 22., 30., 21., 7., 2., 5., -17., -13., -21., -22., -21., -18., -7., 8., 9., 26.,
            19., 24., 34., 34., 27., 18., 16., 21.,
        ];
        let got = kendall(&y);
        assert_eq!((got.s, got.variance), (103.0, 3133.0));
        assert!((got.z() - 1.822_300_416_028_044_5).abs() < 1e-12);
        let slope = 0.631_578_947_368_421;
        let rest: Vec<f64> = y.iter().enumerate().map(|(i, v)| v - slope * (i + 1) as f64).collect();
        let factor = hamed_rao(&rest);
        assert!((factor - 2.200_725_707_621_108_6).abs() < 1e-9, "{factor}");
        assert!((got.widened(factor).z() - 1.228_392_103_487_353_7).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn order_turned_round_turns_the_sign(values in prop::collection::vec(-5i32..5, 0..30)) {
            let forth: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let back: Vec<f64> = forth.iter().rev().copied().collect();
            let (a, b) = (kendall(&forth), kendall(&back));
            prop_assert_eq!((a.s, a.variance), (-b.s, b.variance));
            let lifted: Vec<f64> = forth.iter().map(|v| v * 7.0 - 100.0).collect();
            prop_assert_eq!(kendall(&lifted), a);
        }

        #[test]
        fn memory_only_ever_widens(values in prop::collection::vec(-1e3..1e3f64, 0..50)) {
            prop_assert!(hamed_rao(&values) >= 1.0);
        }
    }
}
