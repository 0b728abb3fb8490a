//! Any bytes are a profile whose samples can be read, or are refused, and what was written reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::profile::Profile;

/// Reads everything there is; answers how many samples.
fn read(bytes: &[u8]) -> Option<usize> {
    let profile = Profile::decode(bytes.to_vec()).ok()?;
    for location in profile.locations() {
        for line in profile.lines(location) {
            let _ = profile.text(profile.functions()[line.function as usize].name);
        }
        let _ = location.mapping().map(|place| profile.text(profile.mappings()[place].file));
    }
    let mut samples = profile.samples();
    let mut count = 0;
    while let Some(sample) = samples.read().ok()? {
        assert_eq!(sample.values.len(), profile.header().sample_types.len());
        assert!(sample.locations.iter().all(|place| (*place as usize) < profile.locations().len()));
        count += 1;
    }
    Some(count)
}

fuzz_target!(|bytes: &[u8]| {
    let Some(count) = read(bytes) else { return };
    // Merged with nothing, as reports do it.
    let profile = Profile::decode(bytes.to_vec()).expect("it was decoded before");
    if let Ok(merged) = model::profile::merge(vec![profile]) {
        assert!(read(merged.encoded()).is_some_and(|merged| merged <= count));
    }
});
