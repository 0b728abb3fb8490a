//! What is there to judge: samples, their own rhythm, gaps, quantisation.

use super::Watched;

/// The samples of a series and what they are worth.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Cell and value of every finite sample, in order of time.
    pub points: Vec<(usize, f64)>,
    /// Share of the samples there that the series' own rhythm promises from its first to the end of the window; the
    /// grid may be finer than the scrape, so empty cells alone mean nothing.
    pub coverage: f64,
    /// Cells since the last sample.
    pub age: usize,
    /// Smallest difference between two neighbours that differ: the resolution of the series.
    pub quantum: f64,
    /// Smallest value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

impl Samples {
    /// Reads a series; cells beyond the window's end do not count.
    pub(super) fn read(watched: &Watched<'_>) -> Samples {
        let cells = watched.window.cells().min(watched.values.len());
        let points: Vec<(usize, f64)> =
            watched.values[..cells].iter().copied().enumerate().filter(|(_, v)| v.is_finite()).collect();
        let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
            return Samples::default();
        };
        let mut distances: Vec<usize> = points.windows(2).map(|p| p[1].0 - p[0].0).collect();
        let middle = distances.len() / 2;
        let cadence = if distances.is_empty() { 1 } else { *distances.select_nth_unstable(middle).1 }.max(1);
        let (mut least, mut most, mut quantum) = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY);
        let mut before = first.1;
        for (_, value) in &points {
            (least, most) = (least.min(*value), most.max(*value));
            let difference = (value - before).abs();
            if difference > 0.0 {
                quantum = quantum.min(difference);
            }
            before = *value;
        }
        let promised = (cells - first.0).div_ceil(cadence);
        Samples {
            coverage: (points.len() as f64 / promised as f64).min(1.0),
            age: cells - 1 - last.0,
            quantum: if quantum.is_finite() { quantum } else { 0.0 },
            least,
            most,
            points,
        }
    }

    /// Cells from the first to the last sample, both counted.
    pub(super) fn span(&self) -> usize {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => last.0 - first.0 + 1,
            _ => 0,
        }
    }

    /// Whether the series never falls but to nearly nothing: what counters do.
    pub(super) fn climbs(&self) -> bool {
        self.points.windows(2).all(|p| p[1].1 >= p[0].1 || p[1].1 < 0.1 * p[0].1)
    }
}
