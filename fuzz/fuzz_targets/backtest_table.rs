//! A table of recorded series: any text gives a series or says what is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patrol::backtest::tsv::Row;

fuzz_target!(|text: &str| {
    let row = Row { place: "fuzz:1".into(), text: text.into() };
    match row.read() {
        Ok(recorded) => assert_eq!(recorded.values.len(), recorded.window.cells()),
        Err(why) => assert!(!why.is_empty()),
    }
});
