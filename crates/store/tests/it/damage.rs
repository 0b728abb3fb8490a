//! Files that are not what they should be: a clear error, never a panic, never a wrong answer.

use std::path::Path;
use std::process::Command;

use model::signal::Signal;
use store::samples::{SampleStore, Settings, StoreError};

use crate::{EVERY, START, open, open_with, scrape, values, window};

/// A closed store of two sealed blocks and ten processes.
async fn two_blocks(dir: &Path) {
    let store = open(dir).await;
    for turn in 0..300u64 {
        store.append(START + turn as i64 * EVERY, &scrape(10, turn)).await.unwrap();
    }
    store.close().await.unwrap();
}

/// Changes the file with the command-line SQLite; false where that is not installed.
fn sqlite(dir: &Path, sql: &str) -> bool {
    match Command::new("sqlite3").arg(dir.join("samples.db")).arg(sql).status() {
        Ok(status) => status.success(),
        Err(_) => {
            eprintln!("skipped: sqlite3 is not installed");
            false
        }
    }
}

/// What was done to the file, and what opening it says.
#[tokio::test]
async fn other_files_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("samples.db");
    std::fs::write(&file, "# this is no database, but it is longer than the header of one, a hundred bytes and more, so that it is read\n").unwrap();
    let said = |error: StoreError| (error.to_string(), error.hint().unwrap_or_default());
    for error in [
        open_with(dir.path(), Settings::default()).await.err().unwrap(),
        SampleStore::open_read_only(dir.path()).await.err().unwrap(),
    ] {
        let (words, hint) = said(error);
        assert_eq!(words, format!("{} is not a sample store", file.display()));
        assert!(hint.contains("--data-dir"), "{hint}");
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    for error in [
        open_with(dir.path(), Settings::default()).await.err().unwrap(),
        SampleStore::open_read_only(dir.path()).await.err().unwrap(),
    ] {
        assert!(matches!(error, StoreError::Inaccessible { .. } | StoreError::Foreign { .. }), "{error:?}");
    }
    let below_a_file = dir.path().join("samples.lock/deeper");
    let error = open_with(&below_a_file, Settings::default()).await.err().unwrap();
    assert!(error.to_string().starts_with("cannot make the folder "), "{error}");
}

#[tokio::test]
async fn formats_of_other_versions_are_named() {
    let dir = tempfile::tempdir().unwrap();
    two_blocks(dir.path()).await;
    if !sqlite(dir.path(), "PRAGMA user_version = 99") {
        return;
    }
    for error in [
        open_with(dir.path(), Settings::default()).await.err().unwrap(),
        SampleStore::open_read_only(dir.path()).await.err().unwrap(),
    ] {
        assert!(error.to_string().ends_with("has format 99; this version knows up to 1"), "{error}");
    }
    sqlite(dir.path(), "PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert!(matches!(SampleStore::open_read_only(dir.path()).await, Err(StoreError::Foreign { .. })));
}

/// What is wrong within a sound database, and what reading or opening says.
#[tokio::test]
async fn broken_rows_are_named() {
    for (sql, says) in [
        ("UPDATE chunk SET data = substr(data, 1, 20) WHERE id = (1 << 32) + 3", "the chunk is cut off in sample"),
        ("UPDATE chunk SET data = 5", "mismatched types"),
        ("UPDATE series SET labels = '[1]'", "labels that are none"),
        ("INSERT INTO scrape (at, data) VALUES (1763427000000, x'ff')", "the scrape has no sample at its place 1"),
        ("DELETE FROM head", "it does not say which block is being written"),
        ("UPDATE series SET labels = 5", "labels that are none"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        two_blocks(dir.path()).await;
        if !sqlite(dir.path(), sql) {
            return;
        }
        let reader = SampleStore::open_read_only(dir.path()).await.unwrap();
        let read = reader.read(Signal::ProcessResident, &[], window(START + 300 * EVERY, 300)).await.err();
        let opened = open_with(dir.path(), Settings::default()).await.err();
        let errors: Vec<_> = read.into_iter().chain(opened).collect();
        assert!(!errors.is_empty(), "{sql}");
        for error in errors {
            assert!(error.to_string().contains(says), "{sql}: {error:?}");
            assert!(error.hint().unwrap().starts_with("move "), "{sql}");
        }
    }
}

/// Bytes of the file turned over, page by page: an error or an answer, never a panic.
#[tokio::test]
async fn a_file_with_turned_bytes_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    two_blocks(dir.path()).await;
    let file = dir.path().join("samples.db");
    let sound = std::fs::read(&file).unwrap();
    let mut errors = 0;
    for place in (0..sound.len()).step_by(1_531) {
        let mut bytes = sound.clone();
        bytes[place..].iter_mut().take(64).for_each(|byte| *byte = !*byte);
        std::fs::write(&file, bytes).unwrap();
        for tail in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.path().join(format!("samples.db{tail}")));
        }
        let outcome = async {
            let store = open_with(dir.path(), Settings::default()).await?;
            store.read(Signal::ProcessResident, &[], window(START + 300 * EVERY, 300)).await?;
            store.extent().await?;
            store.append(START + 400 * EVERY, &scrape(10, 400)).await?;
            store.close().await
        };
        if let Err(error) = outcome.await {
            assert!(!matches!(error, StoreError::Held { .. } | StoreError::ReadOnly { .. }), "{place}: {error:?}");
            errors += 1;
        }
    }
    assert!(errors > 0);
}

/// A store whose write-ahead log is gone, as after a careless copy: what was sealed is there.
#[tokio::test]
async fn a_copied_file_alone_reads() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    two_blocks(dir.path()).await;
    std::fs::copy(dir.path().join("samples.db"), other.path().join("samples.db")).unwrap();
    let store = SampleStore::open_read_only(other.path()).await.unwrap();
    assert_eq!(values(&store, window(START + 299 * EVERY, 300)).await.len(), 10);
}

/// Rows that are no damage to SQLite but that nobody wrote.
#[tokio::test]
async fn absurd_figures_of_blocks_are_measured_without_overflow() {
    let dir = tempfile::tempdir().unwrap();
    two_blocks(dir.path()).await;
    let (least, most) = (i64::MIN, i64::MAX);
    if !sqlite(dir.path(), &format!("UPDATE block SET samples = -5, first = {least}, last = {most}")) {
        return;
    }
    let store = SampleStore::open_read_only(dir.path()).await.unwrap();
    let all = store.extent().await.unwrap().all;
    assert_eq!((all.first, all.last, all.samples), (Some(least), Some(most), 0));
}
