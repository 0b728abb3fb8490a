//! A full disk: a clear error, nothing broken, and on it goes when there is room.

use std::path::Path;
use std::process::Command;

use store::samples::{SampleStore, Settings, StoreError};

use crate::{EVERY, START, folder_of_child, in_another_process, open, scrape, value, values, window};

/// A disk in memory, taken away at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    /// One of so many KiB; none where making one is not allowed.
    fn new(kib: u32) -> Option<Disk> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"]).arg(dir.path());
        let made = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        made.then_some(Disk(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Scrapes until there is an error; gives how many were stored, and the error.
async fn fill(store: &SampleStore, from: u64) -> (u64, StoreError) {
    for turn in from..from + 100_000 {
        if let Err(e) = store.append(START + turn as i64 * EVERY, &scrape(50, turn)).await {
            return (turn, e);
        }
    }
    panic!("the disk never was full")
}

/// Every scrape but the ones in `missing` is there.
async fn check(store: &SampleStore, turns: u64, missing: std::ops::Range<u64>) {
    let rows = values(store, window(START + (turns as i64 - 1) * EVERY, turns as i64)).await;
    assert_eq!(rows.len(), 50);
    for (pid, row) in rows {
        let wanted = (0..turns).map(|turn| (!missing.contains(&turn)).then(|| value(pid, turn)));
        assert!(row.into_iter().eq(wanted), "process {pid}");
    }
}

/// Two mebibytes, of which a ballast takes one.
#[tokio::test]
async fn a_full_disk_stops_nothing_for_good() {
    let Some(disk) = Disk::new(2048) else {
        eprintln!("skipped: mounting a disk of two mebibytes is not allowed");
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let store = open(disk.path()).await;
    let (stored, error) = fill(&store, 0).await;
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().starts_with("no space left for the sample store in "), "{error}");
    assert!(error.hint().unwrap().starts_with("make room on the disk"));
    check(&store, stored, 0..0).await;
    // It stays full, and stays whole.
    for turn in stored..stored + 3 {
        assert!(store.append(START + turn as i64 * EVERY, &scrape(50, turn)).await.is_err());
    }
    std::fs::remove_file(ballast).unwrap();
    for turn in stored + 3..stored + 20 {
        store.append(START + turn as i64 * EVERY, &scrape(50, turn)).await.unwrap();
    }
    check(&store, stored + 20, stored..stored + 3).await;
    let (stored_again, _) = fill(&store, stored + 20).await;
    drop(store);
    let store = SampleStore::open_read_only(disk.path()).await.unwrap();
    check(&store, stored_again, stored..stored + 3).await;
}

/// No file may grow beyond 400 KiB: what the shell calls `ulimit -f`. Works without being root.
#[tokio::test]
async fn a_limit_on_file_size_breaks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let child = in_another_process("disk::appends_until_there_is_an_error", dir.path());
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$@\"", "sh"]).arg(child.get_program());
    shell.args(child.get_args()).envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let stored = said.lines().find_map(|line| line.split_once("stored ")?.1.parse::<u64>().ok());
    let stored = stored.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    assert!(stored > 20, "{stored}");
    let store = open(dir.path()).await;
    check(&store, stored, 0..0).await;
    store.append(START + stored as i64 * EVERY, &scrape(50, stored)).await.unwrap();
    check(&store, stored + 1, 0..0).await;
}

#[tokio::test]
#[ignore = "is the other process of the test above"]
async fn appends_until_there_is_an_error() {
    let Some(dir) = folder_of_child() else { return };
    let store = SampleStore::open(&dir, Settings::default()).await.unwrap();
    let (stored, error) = fill(&store, 0).await;
    println!("{error:?}\nstored {stored}");
}
