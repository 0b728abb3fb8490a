//! Reading XOR chunks straight into the cells of a window.

use crate::time::{Time, Window};

use super::{ChunkError, decode};

/// Puts the samples of a chunk into the cells of a row of [`Window::cells`] values, and gives how many were put.
///
/// Of several samples in a cell the one written last stands, also over what the row held before. Stale markers and
/// other NaNs are no samples, and samples outside of the window are skipped. On an error the samples before it are in
/// the row.
pub fn decode_onto(bytes: &[u8], window: &Window, row: &mut [f64]) -> Result<usize, ChunkError> {
    let mut put = 0;
    let cells = Cells::of(window);
    decode(bytes, |at, value| {
        if at <= window.from || at > window.to || value.is_nan() {
            return;
        }
        if let Some(place) = cells.cell(at).and_then(|cell| row.get_mut(cell)) {
            *place = value;
            put += 1;
        }
    })?;
    Ok(put)
}

/// [`Window::cell`] by multiplication, which takes a fifth of the time of a division.
struct Cells<'a> {
    window: &'a Window,
    /// Cells a millisecond; none where that would not be exact.
    rate: Option<f64>,
}

/// Longest window, in milliseconds, over which multiplying is exact: 35,000 years.
///
/// Half a millisecond is added to an instant, so that it is at least `0.5 / step` cells away from the next border. The
/// two roundings move it by less than `cells * 2^-51`, which is less as long as `cells * step < 2^50`.
const EXACT: i64 = 1 << 50;

impl Cells<'_> {
    fn of(window: &Window) -> Cells<'_> {
        let exact = window.to.checked_sub(window.from).is_some_and(|length| length < EXACT) && window.cells() > 0;
        Cells { window, rate: exact.then(|| 1.0 / window.step.millis() as f64) }
    }

    /// The cell of an instant within the window; none when the window has no cells.
    #[inline(always)]
    fn cell(&self, at: Time) -> Option<usize> {
        match self.rate {
            Some(rate) => Some((((at - self.window.from - 1) as f64 + 0.5) * rate) as usize),
            None if self.window.step.millis() > 0 => {
                let into = at.abs_diff(self.window.from) - 1;
                usize::try_from(into / self.window.step.millis() as u64).ok()
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Span;

    proptest! {
        /// At and around every kind of border, up to the longest windows.
        #[test]
        fn multiplying_finds_the_cell_that_dividing_does(
            from in -(1i64 << 49)..1 << 49,
            step in prop_oneof![1i64..100, 1i64..1 << 40],
            place in any::<prop::sample::Index>(),
            beside in -2i64..=2,
        ) {
            let most = ((EXACT - 1) / step).min(1 << 40);
            let window = Window { from, to: from + most * step, step: Span::from_millis(step) };
            let border = from + place.index(most as usize) as i64 * step;
            let at = (border + beside).clamp(from + 1, window.to);
            let cells = Cells::of(&window);
            prop_assert!(cells.rate.is_some());
            prop_assert_eq!(cells.cell(at), window.cell(at));
        }
    }

    /// A window over all of time, and one whose start is beyond counting.
    #[test]
    fn windows_without_end_are_divided() {
        for from in [0, i64::MIN] {
            let window = Window { from, to: i64::MAX, step: Span::from_millis(1 << 62) };
            let cells = Cells::of(&window);
            assert_eq!(cells.rate, None);
            assert_eq!(cells.cell(i64::MAX), Some(if from == 0 { 1 } else { 3 }));
        }
    }
}
