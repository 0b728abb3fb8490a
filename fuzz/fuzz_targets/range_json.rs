//! The JSON of a range query: any bytes give series or a fault with words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::time::{Span, Window};
use sources::prometheus::decode;

const WINDOW: Window = Window { from: 0, to: 600_000, step: Span::from_millis(60_000) };

fuzz_target!(|data: &[u8]| {
    match decode::range(data, &WINDOW) {
        Ok(set) => assert!(set.iter().all(|series| series.values.len() == WINDOW.cells())),
        Err(fault) => assert!(!fault.reason.is_empty() && !fault.reason.contains('\n')),
    }
});
