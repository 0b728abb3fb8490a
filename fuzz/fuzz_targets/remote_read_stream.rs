//! The streamed answer of remote read: any bytes, in any pieces, give the same series or the same fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::time::{Span, Window};
use sources::prometheus::decode;

const WINDOW: Window = Window { from: 0, to: 600_000, step: Span::from_millis(60_000) };

fuzz_target!(|data: &[u8]| {
    let Some((size, rest)) = data.split_first() else { return };
    // A checksum would turn almost every change away: bytes after an odd one are put into a frame of their own.
    let body = if size % 2 == 1 { framed(rest) } else { rest.to_vec() };
    let whole = decode::stream([&body[..]], &WINDOW);
    let pieces = decode::stream(body.chunks(usize::from(size / 2).max(1)), &WINDOW);
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    if let Ok(set) = whole {
        assert!(set.iter().all(|series| series.values.len() == WINDOW.cells()));
    }
});

/// A sound frame around a message.
fn framed(message: &[u8]) -> Vec<u8> {
    let (mut frame, mut length) = (Vec::new(), message.len());
    while length >= 0x80 {
        frame.push(length as u8 | 0x80);
        length >>= 7;
    }
    frame.push(length as u8);
    frame.extend(crc32c::crc32c(message).to_be_bytes());
    frame.extend(message);
    frame
}
