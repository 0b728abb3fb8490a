//! The configuration: any text is read or refused with the places that are wrong.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use patrol::config::Config;

fuzz_target!(|text: &str| {
    if let Err(error) = Config::parse(text, Path::new("patrol.yaml")) {
        assert!(!error.to_string().is_empty());
    }
});
