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
    let mut cell = Cell::before(window);
    decode(bytes, |at, value| {
        if at <= window.from || at > window.to || value.is_nan() {
            return;
        }
        if let Some(place) = cell.of(at, window).and_then(|cell| row.get_mut(cell)) {
            *place = value;
            put += 1;
        }
    })?;
    Ok(put)
}

/// The cell of the last sample. Samples mostly fall into the same or the next one, which saves dividing.
struct Cell {
    index: usize,
    start: Time,
    end: Time,
}

impl Cell {
    fn before(window: &Window) -> Cell {
        Cell { index: 0, start: window.from, end: window.from }
    }

    /// The cell of an instant within the window; none when the window has no cells.
    #[inline]
    fn of(&mut self, at: Time, window: &Window) -> Option<usize> {
        if at > self.start && at <= self.end {
            return Some(self.index);
        }
        let step = window.step.millis();
        if at > self.end && at - self.end <= step && self.start < self.end {
            (self.index, self.start, self.end) = (self.index + 1, self.end, self.end + step);
            return Some(self.index);
        }
        if window.cells() == 0 {
            return None;
        }
        self.index = window.cell(at)?;
        self.end = window.time_of(self.index);
        self.start = self.end - step;
        Some(self.index)
    }
}
