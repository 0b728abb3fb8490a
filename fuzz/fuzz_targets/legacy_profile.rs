//! Any bytes are a profile in one of the formats of old, or are refused; names in comments change no value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::profile::{Profile, legacy};

/// The values of all samples.
fn values(profile: &Profile) -> Vec<Vec<i64>> {
    let mut samples = profile.samples();
    let mut values = Vec::new();
    while let Some(sample) = samples.read().expect("it was made by the parser") {
        values.push(sample.values.to_vec());
    }
    values
}

fuzz_target!(|bytes: &[u8]| {
    let (plain, named) = (legacy::parse(bytes), legacy::parse_with_symbols(bytes));
    match (plain, named) {
        (Ok(Some(plain)), Ok(Some(named))) => assert_eq!(values(&plain), values(&named)),
        (plain, named) => assert_eq!(plain.map(|p| p.is_some()), named.map(|p| p.is_some())),
    }
    let _ = legacy::memory(bytes);
    if let Ok(Some(stacks)) = legacy::goroutine_dump(bytes) {
        assert!(stacks.iter().all(|stack| stack.count > 0));
    }
});
