//! XOR chunks: any bytes give samples or an error, and what was read writes and reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::chunk::{Samples, XorAppender, count, decode, decode_onto};
use model::time::{Span, Time, Window};

const WINDOW: Window = Window { from: -600_000, to: 600_000, step: Span::from_millis(1_000) };

fuzz_target!(|data: &[u8]| {
    let mut read: Vec<(Time, u64)> = Vec::new();
    let outcome = decode(data, |at, value| read.push((at, value.to_bits())));
    let walked = Samples::new(data).and_then(|samples| samples.collect::<Result<Vec<_>, _>>());
    assert_eq!(outcome.map(|_| read.len()), walked.map(|samples| samples.len()));
    let mut row = vec![f64::NAN; WINDOW.cells()];
    let put = decode_onto(data, &WINDOW, &mut row);
    assert_eq!(put.is_ok(), outcome.is_ok());
    let Ok(samples) = outcome else { return };
    assert_eq!((Ok(samples), read.len()), (count(data), samples));
    let mut written = XorAppender::new();
    for (at, value) in &read {
        assert!(written.push(*at, f64::from_bits(*value)).is_ok());
    }
    let mut again = Vec::new();
    assert_eq!(decode(&written.to_bytes(), |at, value| again.push((at, value.to_bits()))), Ok(samples));
    assert_eq!(again, read);
});
