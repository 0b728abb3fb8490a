//! A clock that steps back loses nothing.

use crate::{EVERY, START, open, scrape, value, values, window};

/// Ten scrapes, then the clock is set back by five, then ten more.
#[tokio::test]
async fn what_was_written_later_stands_where_times_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut back = Vec::new();
    for turn in 0..20u64 {
        let place = if turn < 10 { turn } else { turn - 5 };
        let done = store.append(START + place as i64 * EVERY, &scrape(1, turn)).await.unwrap();
        assert_eq!(done.taken, 1);
        back.extend(done.stepped_back.then_some(turn));
    }
    assert_eq!(back, [10]);
    let wanted: Vec<_> = (0..5).chain(10..20).map(|turn| Some(value(0, turn))).collect();
    assert_eq!(values(&store, window(START + 14 * EVERY, 15)).await, [(0, wanted.clone())]);
    assert_eq!(store.extent().await.unwrap().all.samples, 20, "nothing is thrown away");
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(values(&store, window(START + 14 * EVERY, 15)).await, [(0, wanted)]);
}

/// A clock that is a year ahead for 300 scrapes must not make everything before look too old.
#[tokio::test]
async fn a_clock_that_ran_ahead_for_a_while_ages_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for turn in 0..250u64 {
        store.append(START + turn as i64 * EVERY, &scrape(1, turn)).await.unwrap();
    }
    let year = 365 * 86_400_000;
    for turn in 250..300u64 {
        store.append(START + year + turn as i64 * EVERY, &scrape(1, turn)).await.unwrap();
    }
    let done = store.append(START + 300 * EVERY, &scrape(1, 300)).await.unwrap();
    assert!(done.stepped_back);
    let extent = store.extent().await.unwrap();
    assert_eq!((extent.all.samples, extent.all.first), (301, Some(START)));
}

/// Times at the ends of what a number holds.
#[tokio::test]
async fn absurd_times_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for (turn, at) in [i64::MAX, i64::MIN, 0, i64::MAX, START].into_iter().enumerate() {
        assert_eq!(store.append(at, &scrape(2, turn as u64)).await.unwrap().taken, 2, "{at}");
    }
    assert_eq!(values(&store, window(START, 1)).await.len(), 2);
    store.close().await.unwrap();
}
