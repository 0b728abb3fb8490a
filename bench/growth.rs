//! What judging one series costs: stable, noisy, leaking, seasonal, with and without history.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use model::growth::{Settings, Watched, judge};
use model::time::{Span, Window};

/// Noise between -1 and 1, the same every time: xorshift64* (Marsaglia 2003, Vigna 2016).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A series of so many cells: `shape` of the place in the window (0 to 1), with noise.
fn series(cells: usize, noise: f64, shape: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut random = Noise(42);
    (0..cells).map(|i| 1000.0 + shape(i as f64 / cells as f64) + noise * random.next()).collect()
}

/// Six hours at a minute, alone and with seven days of history at a quarter of an hour: what a run judges.
fn six_hours(c: &mut Criterion) {
    let end = 1_763_600_400_000;
    let window = Window::ending(end, Span::from_hours(6), Span::from_mins(1)).unwrap();
    let past = Window::ending(window.from, Span::from_days(7), Span::from_mins(15)).unwrap();
    let day = |x: f64| 200.0 * (x * 7.0 * std::f64::consts::TAU).sin();
    let histories = [
        ("alone", None),
        ("history", Some(series(past.cells(), 10.0, |_| 0.0))),
        ("rhythm", Some(series(past.cells(), 10.0, day))),
    ];
    let shapes: [(&str, Vec<f64>); 5] = [
        ("constant", vec![1000.0; window.cells()]),
        ("stable", series(window.cells(), 10.0, |_| 0.0)),
        ("noisy", series(window.cells(), 300.0, |_| 0.0)),
        ("step", series(window.cells(), 10.0, |x| if x > 0.4 { 500.0 } else { 0.0 })),
        ("leak", series(window.cells(), 10.0, |x| 400.0 * x)),
    ];
    let settings = Settings::default();
    for (shape, values) in &shapes {
        for (past_name, past_values) in &histories {
            let history = past_values.as_ref().map(|v| (&past, &v[..]));
            let watched = Watched { window: &window, values, history, limit: Some(16_000.0), starts: &[] };
            c.bench_function(&format!("judge/{shape}/{past_name}"), |b| {
                b.iter(|| judge(black_box(&watched), &settings));
            });
        }
    }
}

criterion_group! {
    name = growth;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(1)).warm_up_time(std::time::Duration::from_millis(300));
    targets = six_hours
}
criterion_main!(growth);
