//! Retention and the caps on series and on disk.

use model::signal::Signal;
use model::time::Span;
use store::samples::{Settings, StoreError};

use crate::{EVERY, START, open_with, scrape, value, values, window};

/// Three series may be; five processes come, then the first three end and the others stay.
#[tokio::test]
async fn series_beyond_the_cap_are_left_out_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { max_series: 3, ..Settings::default() };
    let store = open_with(dir.path(), settings).await.unwrap();
    let mut left_out = Vec::new();
    for turn in 0..300u64 {
        let mut samples = scrape(5, turn);
        if turn >= 200 {
            samples.drain(..3);
        }
        let done = store.append(START + turn as i64 * EVERY, &samples).await.unwrap();
        assert_eq!(done.taken + done.left_out, samples.len());
        left_out.push(done.left_out);
    }
    // The three count until their block is sealed: what bounds memory is the block.
    assert_eq!((left_out[0], left_out[199], left_out[239], left_out[240]), (2, 2, 2, 0));
    let pids: Vec<_> = values(&store, window(START + 299 * EVERY, 300)).await.into_iter().map(|row| row.0).collect();
    assert_eq!(pids, [0, 1, 2, 3, 4]);
}

/// A retention of two hours and ten hours of scrapes: four blocks are enough at any time.
#[tokio::test]
async fn what_is_older_than_the_retention_goes() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { retention: Span::from_hours(2), ..Settings::default() };
    let store = open_with(dir.path(), settings).await.unwrap();
    let mut sizes = Vec::new();
    for turn in 0..2_400u64 {
        // One process that stays, and one that is another every ten minutes.
        let samples = [crate::resident(0, value(0, turn)), crate::resident(1 + turn / 40, value(1, turn))];
        store.append(START + turn as i64 * EVERY, &samples).await.unwrap();
        if turn % 240 == 239 {
            let extent = store.extent().await.unwrap();
            assert!(extent.all.samples <= 2 * 4 * 240, "{extent:?}");
            assert!(extent.all.series <= 2 + 4 * 6, "{extent:?}");
            sizes.push(extent.bytes);
        }
    }
    let extent = store.extent().await.unwrap();
    let (first, last) = (extent.all.first.unwrap(), extent.all.last.unwrap());
    assert!(last - first >= 2 * 3_600_000, "two hours are kept: {extent:?}");
    assert!(sizes[9] <= sizes[4], "freed space is used again: {sizes:?}");
    assert_eq!(values(&store, window(last, 480)).await[0].1.iter().flatten().count(), 480);
}

/// Four mebibytes for 200 series whose values do not compress.
#[tokio::test]
async fn the_oldest_blocks_go_when_the_cap_is_reached() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { max_bytes: 4 << 20, ..Settings::default() };
    let store = open_with(dir.path(), settings).await.unwrap();
    let noise = |turn: u64| -> Vec<_> {
        (0..200).map(|pid| crate::resident(pid, (turn as f64 + 1.0).sin() * (pid as f64 + 0.1))).collect()
    };
    let mut most = 0;
    for turn in 0..2_000u64 {
        let done = store.append(START + turn as i64 * EVERY, &noise(turn)).await.unwrap();
        assert_eq!(done.taken, 200);
        if turn % 50 == 0 {
            most = most.max(store.extent().await.unwrap().bytes);
        }
    }
    assert!(most <= 4 << 20, "{most}");
    let extent = store.extent().await.unwrap();
    assert!((200 * 240..200 * 2_000).contains(&extent.all.samples), "{extent:?}");
    assert_eq!(extent.all.last, Some(START + 1_999 * EVERY));
    store.close().await.unwrap();

    // A lower cap is met when the store is opened.
    let settings = Settings { max_bytes: 2 << 20, ..Settings::default() };
    let store = open_with(dir.path(), settings).await.unwrap();
    let extent = store.extent().await.unwrap();
    assert!(extent.bytes <= 2 << 20, "{extent:?}");
    assert_eq!(extent.signals[&Signal::ProcessResident].last, Some(START + 1_999 * EVERY));
}

/// One mebibyte does not hold one block of 2,000 series.
#[tokio::test]
async fn a_cap_below_one_block_is_an_error_and_stores_nothing_by_halves() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { max_bytes: 1 << 20, ..Settings::default() };
    let store = open_with(dir.path(), settings).await.unwrap();
    let mut stored = 0;
    let error = loop {
        match store.append(START + stored * EVERY, &scrape(2_000, stored as u64)).await {
            Ok(_) => stored += 1,
            Err(e) => break e,
        }
        assert!(stored < 240);
    };
    assert!(matches!(error, StoreError::TooSmall { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("max_disk"));
    assert_eq!(store.extent().await.unwrap().all.samples, 2_000 * stored as u64);
}

#[tokio::test]
async fn settings_without_sense_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let fine = Settings::default();
    for (settings, says) in [
        (Settings { max_bytes: 1, ..fine }, "`max_disk` is 1B; the least is 1MiB"),
        (Settings { max_series: 0, ..fine }, "`max_series` is 0; it must be 1 or more"),
        (Settings { retention: Span::ZERO, ..fine }, "`retention` must be longer than nothing"),
    ] {
        let error = open_with(dir.path(), settings).await.err().unwrap();
        assert_eq!(error.to_string(), format!("wrong setting of the sample store: {says}"));
    }
}
