//! Series on the grid of a window: a flat block of numbers, a row a series.

use crate::labels::Labels;
use crate::time::{Time, Window};

/// Many series over one window. Cells without a sample are NaN; of several samples in a cell the last stands.
#[derive(Clone, Debug)]
pub struct SeriesSet {
    window: Window,
    labels: Vec<Labels>,
    cells: Vec<f64>,
}

/// One series of a set.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// What the samples are of.
    pub labels: &'a Labels,
    /// The grid.
    pub window: &'a Window,
    /// A value a cell, NaN where there is none.
    pub values: &'a [f64],
}

impl Series<'_> {
    /// The last sample: its cell's time and value.
    pub fn last(&self) -> Option<(Time, f64)> {
        let cell = self.values.iter().rposition(|v| !v.is_nan())?;
        Some((self.window.time_of(cell), self.values[cell]))
    }

    /// How many cells hold a sample.
    pub fn samples(&self) -> usize {
        self.values.iter().filter(|v| !v.is_nan()).count()
    }
}

impl SeriesSet {
    /// An empty set over a window.
    pub fn new(window: Window) -> SeriesSet {
        SeriesSet { window, labels: Vec::new(), cells: Vec::new() }
    }

    /// Adds a series without samples and gives its row to fill, a value a cell.
    pub fn push(&mut self, labels: Labels) -> &mut [f64] {
        self.labels.push(labels);
        let start = self.cells.len();
        self.cells.resize(start + self.window.cells(), f64::NAN);
        &mut self.cells[start..]
    }

    /// Takes the last pushed series back.
    pub fn pop(&mut self) {
        if self.labels.pop().is_some() {
            self.cells.truncate(self.cells.len() - self.window.cells());
        }
    }

    /// The row of a series, to fill further: chunks of one series may come apart.
    pub fn row_mut(&mut self, index: usize) -> &mut [f64] {
        let width = self.window.cells();
        &mut self.cells[index * width..(index + 1) * width]
    }

    /// Gives every series the labels that `name` says, or drops it. The others keep their order; no row is copied
    /// elsewhere than down.
    pub fn rename(&mut self, mut name: impl FnMut(usize, &Labels) -> Option<Labels>) {
        let width = self.window.cells();
        let mut kept = 0;
        for row in 0..self.labels.len() {
            if let Some(labels) = name(row, &self.labels[row]) {
                self.labels[kept] = labels;
                if kept < row {
                    self.cells.copy_within(row * width..(row + 1) * width, kept * width);
                }
                kept += 1;
            }
        }
        self.labels.truncate(kept);
        self.cells.truncate(kept * width);
    }

    /// The grid all of them lie on.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// One series. Panics beyond the end, like a slice.
    pub fn get(&self, index: usize) -> Series<'_> {
        let width = self.window.cells();
        Series {
            labels: &self.labels[index],
            window: &self.window,
            values: &self.cells[index * width..(index + 1) * width],
        }
    }

    /// All series in the order they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Series<'_>> {
        (0..self.len()).map(|i| self.get(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn rows_start_empty_and_keep_to_themselves() {
        let window = Window::ending(60_000, Span::from_secs(60), Span::from_secs(20)).unwrap();
        let mut set = SeriesSet::new(window);
        set.push(Labels::from([("host", "a")]))[1] = 5.0;
        set.push(Labels::from([("host", "b")]));
        set.row_mut(1)[2] = 7.0;
        assert_eq!(set.get(0).last(), Some((40_000, 5.0)));
        assert_eq!(set.get(1).last(), Some((60_000, 7.0)));
        assert_eq!(set.iter().map(|s| s.samples()).collect::<Vec<_>>(), [1, 1]);
        set.pop();
        assert_eq!((set.len(), set.get(0).values.len()), (1, 3));
    }

    #[test]
    fn renaming_moves_rows_with_their_names() {
        let window = Window::ending(40_000, Span::from_secs(40), Span::from_secs(20)).unwrap();
        let mut set = SeriesSet::new(window);
        for (i, host) in ["a", "b", "c"].into_iter().enumerate() {
            set.push(Labels::from([("host", host)])).fill(i as f64);
        }
        set.rename(|row, labels| (row != 1).then(|| labels.with("job", "x")));
        let rows: Vec<_> = set.iter().map(|s| (s.labels.to_string(), s.values.to_vec())).collect();
        let named = |host: &str| format!(r#"host="{host}", job="x""#);
        assert_eq!(rows, [(named("a"), vec![0.0; 2]), (named("c"), vec![2.0; 2])]);
        set.rename(|_, _| None);
        assert!(set.is_empty());
    }
}
