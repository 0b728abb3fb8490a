//! Several processes at one store: one writes, the others read.

use std::io::{BufRead, BufReader};

use store::samples::{SampleStore, Settings, StoreError};

use crate::{EVERY, START, folder_of_child, in_another_process, open, scrape, value, values, window};

#[tokio::test]
async fn a_second_writer_is_told_who_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let error = SampleStore::open(dir.path(), Settings::default()).await.err().unwrap();
    let said = error.to_string();
    let me = format!("is being written by process {}", std::process::id());
    assert!(matches!(error, StoreError::Held { .. }) && said.contains(&me), "{said}");
    assert!(error.hint().unwrap().contains("--data-dir"));
    store.close().await.unwrap();
    open(dir.path()).await;
}

#[tokio::test]
async fn reading_where_nothing_was_collected_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for folder in [dir.path().to_path_buf(), dir.path().join("nowhere")] {
        let error = SampleStore::open_read_only(&folder).await.err().unwrap();
        assert_eq!(error.to_string(), format!("there is no sample store in {}", folder.display()));
        assert!(error.hint().unwrap().contains("patrol collect"));
        assert!(!folder.join("samples.db").exists(), "reading makes no file");
    }
}

#[tokio::test]
async fn a_store_for_reading_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await.unwrap();
    let store = SampleStore::open_read_only(dir.path()).await.unwrap();
    assert!(matches!(store.append(START, &scrape(1, 0)).await, Err(StoreError::ReadOnly { .. })));
    assert_eq!(store.extent().await.unwrap().all.samples, 0);
}

/// Another process writes 1,000 scrapes of four processes while this one reads: every answer is whole, up to some
/// scrape, and nothing is missing before it although blocks are being sealed.
#[tokio::test]
async fn readers_see_whole_scrapes_while_another_process_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = in_another_process("sharing::writes_a_thousand_scrapes", dir.path());
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("begun")), "the other process did not begin");
    let store = SampleStore::open_read_only(dir.path()).await.unwrap();
    let mut seen = Vec::new();
    while seen.last() != Some(&1_000) {
        let ended = child.try_wait().unwrap();
        let rows = values(&store, window(START + 999 * EVERY, 1_000)).await;
        let there = rows[0].1.iter().flatten().count();
        assert!(seen.last().is_none_or(|before| *before <= there), "{there} scrapes after {seen:?}");
        assert!(ended.is_none() || there == 1_000, "the other process ended after {there} scrapes");
        assert_eq!(rows.len(), 4);
        for (pid, row) in rows {
            let wanted = (0..1_000).map(|turn| (turn < there).then(|| value(pid, turn as u64)));
            assert!(row.into_iter().eq(wanted), "process {pid} of {there} scrapes");
        }
        seen.push(there);
        // It waits for this after its first scrape.
        drop(child.stdin.take());
    }
    assert_eq!(seen[0], 1);
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
#[ignore = "is the other process of a test above"]
async fn writes_a_thousand_scrapes() {
    let Some(dir) = folder_of_child() else { return };
    let store = open(&dir).await;
    for turn in 0..1_000u64 {
        assert_eq!(store.append(START + turn as i64 * EVERY, &scrape(4, turn)).await.unwrap().taken, 4);
        if turn == 0 {
            println!("begun");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
    }
    store.close().await.unwrap();
}
