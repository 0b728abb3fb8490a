//! The profile store on real files and with real processes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use model::size::Size;
use model::time::{Span, Time, Window};
use store::profiles::{Keep, ProfileStore, StoreError, Thinned};

use crate::{START, folder_of_child, in_another_process};

const MINUTE: i64 = 60_000;

/// Bytes that begin like gzip and tell their number; no packer makes them shorter.
fn profile(turn: u64, size: usize) -> Vec<u8> {
    let mut state = turn + 1;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 56) as u8
    });
    [0x1f, 0x8b].into_iter().chain(noise.take(size)).collect()
}

/// All time.
fn ever() -> Window {
    Window { from: 0, to: Time::MAX, step: Span::from_days(1) }
}

/// The times of what there is.
async fn times(store: &ProfileStore, target: &str, kind: &str, window: Window) -> Vec<Time> {
    store.list(target, kind, window).await.unwrap().iter().map(|stored| stored.taken_at).collect()
}

#[tokio::test]
async fn what_is_put_is_listed_and_read_as_it_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = ProfileStore::open(dir.path()).await.unwrap();
    for turn in [2, 0, 1] {
        let at = START + turn as i64 * MINUTE;
        let stored = store.put("api", "heap", at, profile(turn, 1000)).await.unwrap();
        assert_eq!((stored.taken_at, stored.size), (at, 1002));
        store.put("api", "goroutine", at, profile(turn + 100, 10)).await.unwrap();
    }
    store.put("web", "heap", START, Vec::new()).await.unwrap();
    assert_eq!(store.targets().await.unwrap(), ["api", "web"]);
    assert_eq!(times(&store, "api", "heap", ever()).await, [0, 1, 2].map(|turn| START + turn * MINUTE));
    let within = Window { from: START, to: START + MINUTE, step: Span::from_mins(1) };
    assert_eq!(times(&store, "api", "heap", within).await, [START + MINUTE]);
    assert!(times(&store, "nobody", "heap", ever()).await.is_empty());
    // Another process would read the same, also while this one has it open.
    let reader = ProfileStore::open_read_only(dir.path()).await.unwrap();
    for (turn, stored) in reader.list("api", "heap", ever()).await.unwrap().iter().enumerate() {
        assert!(reader.read(stored).await.unwrap() == profile(turn as u64, 1000));
    }
    let refused = reader.put("api", "heap", START, profile(0, 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
}

/// Nobody else may read what a program tells of itself, also not in a folder that anybody can read; what the owner
/// allows later stays.
#[cfg(unix)]
#[tokio::test]
async fn profiles_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let modes = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap());
        let mut modes: Vec<(String, u32)> = files
            .map(|f| (f.file_name().into_string().unwrap(), f.metadata().unwrap().permissions().mode() & 0o777))
            .collect();
        modes.sort();
        modes
    };
    let names = ["profiles.sqlite", "profiles.sqlite-shm", "profiles.sqlite-wal"];
    for mode in [0o600, 0o640] {
        let store = ProfileStore::open(dir.path()).await.unwrap();
        store.put("api", "heap", START, profile(0, 10)).await.unwrap();
        assert_eq!(modes(), names.map(|name| (name.to_string(), mode)));
        store.close().await.unwrap();
        std::fs::set_permissions(dir.path().join(names[0]), PermissionsExt::from_mode(0o640)).unwrap();
    }
}

/// Text of Go with `debug=1`: a tenth of it is stored, and all of it comes back.
#[tokio::test]
async fn text_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    let store = ProfileStore::open(dir.path()).await.unwrap();
    let text = "heap profile: 1: 2 [3: 4] @ heap/1048576\n".repeat(1000);
    let stored = store.put("api", "memory", START, text.clone().into_bytes()).await.unwrap();
    assert!(stored.size < text.len() as u64 / 10, "{}", stored.size);
    let mut back = String::new();
    GzDecoder::new(&store.read(&stored).await.unwrap()[..]).read_to_string(&mut back).unwrap();
    assert!(back == text);
}

/// A day at five minutes, thinned each time; the file stays as small as what is in it.
#[tokio::test]
async fn thinning_gives_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = ProfileStore::open(dir.path()).await.unwrap();
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).map_or(0, |about| about.len());
    let mut dropped = 0;
    for turn in 0..288 {
        let at = START + turn as i64 * 5 * MINUTE;
        store.put("api", "heap", at, profile(turn, 100_000)).await.unwrap();
        dropped += store.thin(&Keep::default(), at).await.unwrap().profiles;
    }
    let left = store.list("api", "heap", ever()).await.unwrap();
    // The last hour, and the first of each of the 23 before it.
    assert_eq!((left.len(), dropped), (12 + 23, 288 - 35));
    let oldest = store.read(&left[0]).await.unwrap();
    assert!(oldest == profile(0, 100_000));
    let small = Keep { disk: Size::from_bytes(1_000_000), ..Keep::default() };
    let thinned = store.thin(&small, left[34].taken_at).await.unwrap();
    assert_eq!(thinned, Thinned { profiles: 26, bytes: 26 * 100_002 });
    assert!(size("profiles.sqlite") < 2_000_000, "{}", size("profiles.sqlite"));
    let gone = store.read(&left[0]).await.unwrap_err();
    assert!(matches!(gone, StoreError::Gone { .. }) && gone.hint().is_some(), "{gone}");
    assert_eq!(store.thin(&small, left[34].taken_at).await.unwrap(), Thinned::default());
}

#[tokio::test]
async fn reading_where_nothing_was_kept_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = ProfileStore::open_read_only(dir.path()).await.err().unwrap();
    assert_eq!(error.to_string(), format!("there is no profile store in {}", dir.path().display()));
    assert!(error.hint().unwrap().contains("profiles.targets"));
    let file = dir.path().join("profiles.sqlite");
    std::fs::write(&file, "this is no database, but longer than the header of one is. ".repeat(4)).unwrap();
    for error in [ProfileStore::open_read_only(dir.path()).await.err(), ProfileStore::open(dir.path()).await.err()] {
        assert_eq!(error.unwrap().to_string(), format!("{} is not a profile store", file.display()));
    }
}

/// Bytes of the file turned over: an error or an answer, never a panic.
#[tokio::test]
async fn a_file_with_turned_bytes_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    let store = ProfileStore::open(dir.path()).await.unwrap();
    for turn in 0..20 {
        store.put("api", "heap", START + turn as i64, profile(turn, 3_000)).await.unwrap();
    }
    store.close().await.unwrap();
    let file = dir.path().join("profiles.sqlite");
    let sound = std::fs::read(&file).unwrap();
    let mut errors = 0;
    for place in (0..sound.len()).step_by(997) {
        let mut bytes = sound.clone();
        bytes[place..].iter_mut().take(64).for_each(|byte| *byte = !*byte);
        std::fs::write(&file, bytes).unwrap();
        let outcome = async {
            let store = ProfileStore::open(dir.path()).await?;
            for stored in store.list("api", "heap", ever()).await? {
                store.read(&stored).await?;
            }
            store.thin(&Keep { count: 5, ..Keep::default() }, START).await?;
            store.close().await
        };
        errors += usize::from(outcome.await.is_err());
        for tail in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.path().join(format!("profiles.sqlite{tail}")));
        }
    }
    assert!(errors > 0);
}

/// Killed four times while it stores profiles of 200 kB: what it told of is there, whole.
#[tokio::test]
async fn a_killed_process_loses_no_profile_it_has_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = 0;
    for profiles in [1, 7, 20, 33] {
        let mut child = in_another_process("profiles::puts_until_it_is_killed", dir.path()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.rsplit(' ').next().and_then(|last| last.parse::<u64>().ok()));
        for (_, turn) in (0..profiles).zip(numbers) {
            told = turn + 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = ProfileStore::open_read_only(dir.path()).await.unwrap();
        let all = store.list("api", "heap", ever()).await.unwrap();
        assert!(all.len() as u64 >= told, "{} profiles of {told}", all.len());
        for (turn, stored) in all.iter().enumerate() {
            assert!(store.read(stored).await.unwrap() == profile(turn as u64, 200_000), "profile {turn}");
        }
    }
    assert!(told > 50, "{told}");
}

#[tokio::test]
#[ignore = "is the process that the test above kills"]
async fn puts_until_it_is_killed() {
    let Some(dir) = folder_of_child() else { return };
    let store = ProfileStore::open(&dir).await.unwrap();
    for turn in store.list("api", "heap", ever()).await.unwrap().len() as u64.. {
        store.put("api", "heap", START + turn as i64, profile(turn, 200_000)).await.unwrap();
        println!("stored {turn}");
    }
}

/// A disk of two mebibytes, where mounting one is allowed: full at first, and in use again when there is room.
#[tokio::test]
async fn a_full_disk_stops_nothing_for_good() {
    let Some(disk) = Disk::new() else {
        eprintln!("skipped: mounting a disk of two mebibytes is not allowed");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let store = ProfileStore::open(disk.0.path()).await.unwrap();
    let mut turn = 0;
    let error = loop {
        match store.put("api", "heap", START + turn as i64, profile(turn, 50_000)).await {
            Ok(_) => turn += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull { .. }) && error.passes(), "{error:?}");
    assert!(error.hint().unwrap().starts_with("make room on the disk"));
    std::fs::remove_file(ballast).unwrap();
    store.put("api", "heap", START + turn as i64, profile(turn, 50_000)).await.unwrap();
    let all = store.list("api", "heap", ever()).await.unwrap();
    assert_eq!(all.len() as u64, turn + 1);
    for (turn, stored) in all.iter().enumerate() {
        assert!(store.read(stored).await.unwrap() == profile(turn as u64, 50_000));
    }
}

/// A disk in memory, taken away at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Option<Disk> {
        let dir = tempfile::tempdir().unwrap();
        let mount = |dir: &Path| {
            let mut mount = Command::new("mount");
            mount.args(["-t", "tmpfs", "-o", "size=2048k", "tmpfs"]).arg(dir).stderr(std::process::Stdio::null());
            mount.status().is_ok_and(|status| status.success())
        };
        mount(dir.path()).then(|| Disk(dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
