//! Any bytes are a profile whose samples can be read, or are refused, what was written reads back the same, and
//! snapshots of it can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::labels::Labels;
use model::profile::suspects::{Context, Digest, digest, judge};
use model::profile::{Profile, scaled};
use model::time::Time;

/// No more bytes than these are judged: a judgement takes longer than a decoding, and shows its ways on little.
const MOST_JUDGED: usize = 64 << 10;

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

/// Judges the profile as snapshots a minute apart: twice the same, and one of twice as much.
fn look_for_suspects(profile: &Profile) {
    let of = |profile: &Profile, minute: Time| digest(profile, "heap", Some(minute * 60_000)).ok();
    let (Some(first), Some(same)) = (of(profile, 1), of(profile, 2)) else { return };
    let ratios = vec![2.0; profile.header().sample_types.len()];
    let doubled = scaled(profile.clone(), &ratios).ok().and_then(|doubled| of(&doubled, 3));
    let digests: Vec<Digest> = [first, same].into_iter().chain(doubled).collect();
    let report = judge(&digests, &Context::default());
    let _ = report.verdicts(&Labels::default(), &[]);
}

fuzz_target!(|bytes: &[u8]| {
    let Some(count) = read(bytes) else { return };
    let profile = Profile::decode(bytes.to_vec()).expect("it was decoded before");
    if bytes.len() <= MOST_JUDGED {
        look_for_suspects(&profile);
    }
    // Merged with nothing, as reports do it.
    if let Ok(merged) = model::profile::merge(vec![profile]) {
        assert!(read(merged.encoded()).is_some_and(|merged| merged <= count));
    }
});
