//! What is appended is what is read.

use model::labels::Labels;
use model::query::{Compare, Matcher};
use model::signal::Signal;
use model::time::{Span, Time, Window};
use proptest::prelude::*;
use store::samples::{Sample, SampleStore, StoreError};

use crate::{EVERY, START, open, resident, scrape, value, values, window};

/// 600 scrapes of three processes: two sealed blocks and a head.
#[tokio::test]
async fn sealed_and_unsealed_samples_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for turn in 0..600 {
        let done = store.append(START + turn as i64 * EVERY, &scrape(3, turn)).await.unwrap();
        assert_eq!((done.taken, done.opened), (3, if turn == 0 { 3 } else { 0 }));
    }
    let to = START + 599 * EVERY;
    let wanted: Vec<_> =
        (0..3).map(|pid| (pid, (0..600).map(|turn| Some(value(pid, turn))).collect::<Vec<_>>())).collect();
    assert_eq!(values(&store, window(to, 600)).await, wanted);
    let extent = store.extent().await.unwrap();
    assert_eq!((extent.all.first, extent.all.last), (Some(START), Some(to)));
    assert_eq!((extent.all.series, extent.all.open_series, extent.all.samples), (3, 3, 1_800));
    assert_eq!(extent.signals[&Signal::ProcessResident], extent.all);
    assert!(extent.bytes > 1_800, "{}", extent.bytes);

    store.close().await.unwrap();
    assert!(matches!(store.append(to + EVERY, &scrape(3, 600)).await, Err(StoreError::ReadOnly { .. })));
    let store = SampleStore::open_read_only(dir.path()).await.unwrap();
    assert_eq!(values(&store, window(to, 600)).await, wanted);
    assert_eq!(store.extent().await.unwrap().all, extent.all);
}

/// Process 1 ends after the second scrape and another, of the same name, begins with the fourth.
#[tokio::test]
async fn series_close_at_once_and_open_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let both = |turn| scrape(2, turn);
    let first = |turn| scrape(1, turn);
    let mut counts = Vec::new();
    for (turn, samples) in [both(0), both(1), first(2), both(3)].iter().enumerate() {
        let done = store.append(START + turn as i64 * EVERY, samples).await.unwrap();
        let extent = store.extent().await.unwrap();
        counts.push((done.taken, done.opened, done.closed, extent.all.open_series));
    }
    assert_eq!(counts, [(2, 2, 0, 2), (2, 0, 0, 2), (1, 0, 1, 1), (2, 1, 0, 2)]);
    // The same across a block: closed in one, back in a later one, still one series.
    store.append(START + 4 * EVERY, &first(4)).await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    store.append(START + 5 * EVERY, &first(5)).await.unwrap();
    assert_eq!(store.append(START + 6 * EVERY, &both(6)).await.unwrap().opened, 1);
    let seen = values(&store, window(START + 6 * EVERY, 7)).await;
    let at = |turn| Some(value(1, turn));
    assert_eq!(seen[1], (1, vec![at(0), at(1), None, at(3), None, None, at(6)]));
    assert_eq!(store.extent().await.unwrap().all.series, 2);
}

/// One process twice in a scrape, and one that has no number.
#[tokio::test]
async fn doubles_and_nans_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let samples = [resident(1, 5.0), resident(1, 6.0), resident(2, f64::NAN)];
    for turn in 0..2 {
        let done = store.append(START + turn * EVERY, &samples).await.unwrap();
        assert_eq!((done.taken, done.duplicates, done.not_numbers, done.left_out), (1, 1, 1, 0));
    }
    assert_eq!(values(&store, window(START + EVERY, 2)).await, [(1, vec![Some(6.0); 2])]);
}

/// Appending is dropped half-way, after one poll, two, three, ...: the store knows what is in the file, and goes on.
#[tokio::test]
async fn appending_can_be_given_up_half_way() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut done = Vec::new();
    for turn in 0..300u64 {
        let polls = turn as usize % 6;
        // Another process each time, so that there is more to write than a row.
        let samples = [resident(0, value(0, turn)), resident(turn + 1, value(1, turn))];
        let mut appending = Box::pin(store.append(START + turn as i64 * EVERY, &samples));
        for _ in 0..polls {
            if let std::task::Poll::Ready(outcome) = futures::poll!(&mut appending) {
                assert_eq!(outcome.unwrap().taken, 2);
                done.push(turn);
                break;
            }
            tokio::task::yield_now().await;
        }
        if polls == 5 && done.last() != Some(&turn) {
            assert_eq!(appending.await.unwrap().taken, 2);
            done.push(turn);
        }
    }
    assert!(done.len() >= 50, "{done:?}");
    let seen = |rows: Vec<(u64, Vec<Option<f64>>)>| {
        for (turn, cell) in rows[0].1.iter().enumerate() {
            let wanted = Some(value(0, turn as u64));
            assert!(*cell == wanted || cell.is_none() && !done.contains(&(turn as u64)), "{turn}: {cell:?}");
        }
        rows[0].1.iter().flatten().count() as u64
    };
    let there = seen(values(&store, window(START + 299 * EVERY, 300)).await);
    assert_eq!(store.extent().await.unwrap().all.samples, 2 * there);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(seen(values(&store, window(START + 299 * EVERY, 300)).await), there);
}

/// A scrape of two processes and of the host, read by conditions.
#[tokio::test]
async fn conditions_choose_series() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let host = Sample { signal: Signal::HostMemoryTotal, labels: Labels::from([("host", "a")]), value: 1e9 };
    store.append(START, &[resident(1, 1.0), host, resident(12, 2.0)]).await.unwrap();
    for (label, compare, text, pids) in [
        ("pid", Compare::Matches, "1", vec!["1"]),
        ("pid", Compare::Matches, "1.*", vec!["1", "12"]),
        ("pid", Compare::NotEqual, "1", vec!["12"]),
        ("container", Compare::Equal, "", vec!["1", "12"]),
        ("container", Compare::NotEqual, "", vec![]),
    ] {
        let only = Matcher { label: label.into(), compare, value: text.into() };
        let set = store.read(Signal::ProcessResident, &[only], window(START, 1)).await.unwrap();
        assert_eq!(set.iter().filter_map(|s| s.labels.get("pid")).collect::<Vec<_>>(), pids, "{label}{compare}{text}");
    }
    let wrong = Matcher { label: "pid".into(), compare: Compare::Matches, value: "(".into() };
    assert!(matches!(
        store.read(Signal::ProcessResident, &[wrong], window(START, 1)).await,
        Err(StoreError::Matcher { .. })
    ));
}

/// A window before all samples, one after, one without cells, one with more cells than memory.
#[tokio::test]
async fn windows_beside_the_samples_are_empty_and_impossible_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.append(START, &scrape(1, 0)).await.unwrap();
    for to in [START - 1, START + 10 * EVERY] {
        assert_eq!(values(&store, window(to, 2)).await, []);
    }
    let none = Window { from: 0, to: 2 * START, step: Span::ZERO };
    assert!(matches!(store.read(Signal::ProcessResident, &[], none).await, Err(StoreError::EmptyWindow)));
    let vast = Window { from: 0, to: 2 * START, step: Span::from_millis(1) };
    let error = store.read(Signal::ProcessResident, &[], vast).await.unwrap_err();
    assert!(error.to_string().ends_with("are more than one answer holds"), "{error}");
}

/// One thing that may happen to a store.
#[derive(Clone, Debug)]
enum Deed {
    /// A scrape so many milliseconds after the last one, of these processes.
    Scrape(i64, Vec<u64>),
    /// Closed and opened.
    Close,
    /// Left without closing, and opened.
    Leave,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let pids = prop::collection::vec(0u64..6, 0..6);
    let step = prop_oneof![8 => Just(EVERY), 3 => 1..2 * EVERY, 1 => -20 * EVERY..=0, 1 => Just(7 * 3_600_000)];
    let deed = prop_oneof![
        12 => (step, pids).prop_map(|(step, pids)| Deed::Scrape(step, pids)),
        1 => Just(Deed::Close),
        1 => Just(Deed::Leave),
    ];
    prop::collection::vec(deed, 1..40)
}

/// What every cell must hold, the naive way: of all its samples the last in time of the last run of ascending times.
fn naive(written: &[(u64, usize, Time, f64)], window: Window) -> Vec<(u64, Vec<Option<f64>>)> {
    let mut rows = Vec::new();
    for pid in 0..6 {
        let cell = |cell| {
            let samples = written.iter().filter(|(p, _, at, _)| *p == pid && window.cell(*at) == Some(cell));
            samples.max_by_key(|(_, run, at, _)| (*run, *at)).map(|sample| sample.3)
        };
        let row: Vec<_> = (0..window.cells()).map(cell).collect();
        if row.iter().any(Option::is_some) {
            rows.push((pid, row));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, every window shows what was written.
    #[test]
    fn any_history_reads_as_it_was_written(deeds in deeds(), back in 0i64..30, cells in 1i64..60, wide in 1i64..4) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (seen, wanted) = runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let mut store = open(dir.path()).await;
            let (mut at, mut run, mut turn, mut written) = (START, 0, 0, Vec::new());
            let mut greatest = Time::MIN;
            for deed in &deeds {
                match deed {
                    Deed::Scrape(step, pids) => {
                        at += step;
                        run += usize::from(*step <= 0);
                        turn += 1;
                        let samples: Vec<_> = pids.iter().map(|pid| resident(*pid, value(*pid, turn))).collect();
                        store.append(at, &samples).await.unwrap();
                        written.extend(pids.iter().map(|pid| (*pid, run, at, value(*pid, turn))));
                        greatest = greatest.max(at);
                    }
                    Deed::Close => store.close().await.unwrap(),
                    Deed::Leave => drop(std::mem::replace(&mut store, SampleStore::open_read_only(dir.path()).await.unwrap())),
                }
                if !matches!(deed, Deed::Scrape(..)) {
                    drop(store);
                    store = open(dir.path()).await;
                }
            }
            let step = Span::from_millis(wide * EVERY);
            let to = greatest.max(START) - back * EVERY;
            let window = Window::ending(to, Span::from_millis(cells * step.millis()), step).unwrap();
            let total = store.extent().await.unwrap().all.samples;
            ((values(&store, window).await, total), (naive(&written, window), count(&written)))
        });
        prop_assert_eq!(seen, wanted);
    }
}

/// Samples without those that a later one of the same scrape replaced.
fn count(written: &[(u64, usize, Time, f64)]) -> u64 {
    let mut each: Vec<_> = written.iter().map(|(pid, run, at, _)| (*pid, *run, *at)).collect();
    each.sort_unstable();
    each.dedup();
    each.len() as u64
}
