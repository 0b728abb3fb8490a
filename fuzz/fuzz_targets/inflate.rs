//! Profiles as files hold them: any bytes are unpacked within the limit or refused, the same way however they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sources::pprof::{inflate, inflate_from, is_packed, measure};

const LIMIT: u64 = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let whole = inflate(data, LIMIT).map_err(|e| e.to_string());
    let read = inflate_from(data, data.len() as u64, LIMIT).map_err(|e| e.to_string());
    let size = measure(data, LIMIT).map_err(|e| e.to_string());
    assert_eq!(whole.is_ok(), read.is_ok(), "{whole:?} {read:?}");
    assert_eq!(whole.as_ref().ok().map(|bytes| bytes.len() as u64), size.ok());
    if let (Ok(whole), Ok(read)) = (&whole, &read) {
        assert_eq!(whole, read);
        assert!(whole.len() as u64 <= LIMIT && (is_packed(data) || whole == data));
    }
});
