//! The rows of an answer as the server names its series, filled as the answer comes in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::labels::Labels;
use model::series::SeriesSet;
use model::time::Window;

use super::client::too_large;
use super::fault::Fault;

/// How much an answer may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes, unpacked, and most bytes of the grid.
    pub max_bytes: u64,
    /// Most series.
    pub max_series: usize,
}

/// Series under the server's own labels, a row each, and what was left out of them.
#[derive(Debug)]
pub struct Rows {
    /// The rows.
    pub set: SeriesSet,
    /// What a reader should know: warnings of the server, things left out.
    pub notes: Vec<String>,
    /// Why series are known to be missing, if they are.
    pub partial: Option<String>,
    /// Labels that the way of reading added to each series.
    pub external: Labels,
    /// Series that hold histograms, which are left out.
    pub histograms: usize,
    limits: Limits,
    index: HashMap<Labels, usize>,
    texts: HashSet<Arc<str>>,
}

impl Rows {
    /// No rows yet.
    pub fn new(window: Window, limits: Limits) -> Rows {
        Rows {
            set: SeriesSet::new(window),
            notes: Vec::new(),
            partial: None,
            external: Labels::default(),
            histograms: 0,
            limits,
            index: HashMap::new(),
            texts: HashSet::new(),
        }
    }

    /// How much the answer may hold.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The row of the series with these labels, made if it is new. Faults: too many series, too large a grid.
    pub fn row<'a>(&mut self, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<usize, Fault> {
        let labels: Labels = labels.into_iter().map(|(n, v)| (self.text(n), self.text(v))).collect();
        if let Some(row) = self.index.get(&labels) {
            return Ok(*row);
        }
        let row = self.set.len();
        if row >= self.limits.max_series {
            return Err(Fault::new(format!("the answer has more than {} series", self.limits.max_series))
                .hint("ask for fewer hosts, or raise `max_series`"));
        }
        if (row as u64 + 1) * self.set.window().cells() as u64 * 8 > self.limits.max_bytes {
            return Err(too_large(self.limits.max_bytes));
        }
        self.set.push(labels.clone());
        self.index.insert(labels, row);
        Ok(row)
    }

    /// One text for all the places it stands in: fleets repeat their label values.
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    /// Ends the answer: infinite values are no samples, and what was left out is noted.
    pub fn finish(&mut self, means_none: impl Fn(f64) -> bool) {
        let mut infinite = 0;
        for row in 0..self.set.len() {
            for cell in self.set.row_mut(row) {
                if cell.is_infinite() {
                    infinite += 1;
                    *cell = f64::NAN;
                } else if means_none(*cell) {
                    *cell = f64::NAN;
                }
            }
        }
        if infinite > 0 {
            self.notes.push(format!("infinite values are left out: {infinite}"));
        }
        if self.histograms > 0 {
            self.notes
                .push(format!("histograms are left out, only plain numbers are read: {} series", self.histograms));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::time::Span;

    use super::*;

    #[test]
    fn one_series_has_one_row_and_limits_hold() {
        let window = Window::ending(60_000, Span::from_secs(60), Span::from_secs(20)).unwrap();
        let mut rows = Rows::new(window, Limits { max_bytes: 48, max_series: 9 });
        assert_eq!(rows.row([("a", "1"), ("b", "2")]), Ok(0));
        assert_eq!(rows.row([("b", "2"), ("a", "1")]), Ok(0));
        assert_eq!(rows.row([("a", "2")]), Ok(1));
        assert_eq!(rows.row([("a", "3")]).unwrap_err().reason, "the answer is larger than `max_bytes`, 48B");
        let mut rows = Rows::new(window, Limits { max_bytes: 1 << 20, max_series: 1 });
        assert_eq!(rows.row([("a", "1")]), Ok(0));
        assert_eq!(rows.row([("a", "2")]).unwrap_err().reason, "the answer has more than 1 series");
        rows.set.row_mut(0).copy_from_slice(&[1.0, f64::INFINITY, f64::NEG_INFINITY]);
        rows.finish(|v| v == 1.0);
        assert_eq!(rows.set.get(0).samples(), 0);
        assert_eq!(rows.notes, ["infinite values are left out: 2"]);
    }
}
