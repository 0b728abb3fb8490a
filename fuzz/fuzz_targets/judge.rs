//! The detector: any numbers give a judgement whose intervals are in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::growth::{Settings, Watched, judge};
use model::time::{Span, Window};

fuzz_target!(|data: &[u8]| {
    let Some((limit, rest)) = data.split_first_chunk::<8>() else { return };
    let values: Vec<f64> =
        rest.chunks_exact(8).take(2_000).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect();
    let split = values.len() / 3;
    let step = Span::from_secs(60);
    let at = |cell: usize| cell as i64 * step.millis();
    let window = Window { from: at(split), to: at(values.len()), step };
    let history = Window { from: 0, to: at(split), step };
    let watched = Watched {
        window: &window,
        values: &values[split..],
        history: Some((&history, &values[..split])),
        limit: Some(f64::from_le_bytes(*limit)),
        starts: &[],
    };
    let judged = judge(&watched, &Settings { season: Span::from_mins(20), ..Settings::default() });
    for interval in [judged.growth_per_day, judged.hours_to_limit].into_iter().flatten() {
        assert!(interval.low <= interval.mid && interval.mid <= interval.high, "{interval:?}");
    }
    assert!(!judged.why.is_empty());
});
