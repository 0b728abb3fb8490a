//! The older answer of remote read: any bytes give series or a fault, packed and unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::time::{Span, Window};
use sources::prometheus::decode;

const WINDOW: Window = Window { from: 0, to: 600_000, step: Span::from_millis(60_000) };

fuzz_target!(|data: &[u8]| {
    let packed = decode::samples(data, &WINDOW);
    let message = snap::raw::Encoder::new().compress_vec(data).unwrap_or_default();
    for set in [packed, decode::samples(&message, &WINDOW)].into_iter().flatten() {
        assert!(set.iter().all(|series| series.values.len() == WINDOW.cells()));
    }
});
