//! `patrol collect` as a real program: signals, a second one, kill -9, a full disk, settings.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use model::signal::Signal;
use model::time::{Span, Window};
use rustix::process::{Pid, Signal as Kill, kill_process};
use store::profiles::ProfileStore;
use store::samples::{Holding, SampleStore};
use tempfile::TempDir;

/// Longest anything here is waited for; no test takes so long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector at work, ended with the test.
struct Collecting(Child);

impl Collecting {
    fn start(dir: &Path, more: &[&str]) -> Collecting {
        let child = patrol(dir).args(["--interval", "100ms"]).args(more).spawn().unwrap();
        Collecting(child)
    }

    fn send(&self, signal: Kill) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end; gives the status and what it wrote to standard output and to standard error.
    fn end(mut self) -> (ExitStatus, String, String) {
        let status = until("the collector ends", || self.0.try_wait().unwrap());
        let (mut out, mut err) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (status, out, err)
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `patrol collect` into a folder, away from every configuration.
fn patrol(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patrol"));
    command.arg("--data-dir").arg(dir).arg("collect").current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Asks again and again until there is an answer.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

/// What a reader sees in the store; none while there is no store.
fn extent(dir: &Path) -> Option<Holding> {
    block(async {
        let store = SampleStore::open_read_only(dir).await.ok()?;
        let all = store.extent().await.map(|extent| extent.all).ok();
        store.close().await.unwrap();
        all.filter(|all| all.last.is_some())
    })
}

/// Waits until so much time is on record.
fn on_record(dir: &Path, millis: i64) -> Holding {
    until("enough is on record", || extent(dir).filter(|e| e.last.zip(e.first).is_some_and(|(l, f)| l - f >= millis)))
}

#[test]
fn ctrl_c_ends_it_at_once_and_what_was_collected_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let collecting = Collecting::start(dir.path(), &[]);
    let pid = collecting.0.id().to_string();
    on_record(dir.path(), 300);
    let asked = Instant::now();
    collecting.send(Kill::INT);
    let (status, out, err) = collecting.end();
    assert!(status.success() && asked.elapsed() < Duration::from_secs(5), "{status}: {err}");
    assert!(out.starts_with("collecting ") && out.contains(" every 100ms into "), "{out}");
    assert!(out.contains("ended: ") && !out.contains("lost"), "{out}");
    let last = extent(dir.path()).unwrap().last.unwrap();
    let window = Window::ending(last, Span::from_mins(1), Span::from_secs(1)).unwrap();
    block(async {
        let store = SampleStore::open_read_only(dir.path()).await.unwrap();
        let processes = store.read(Signal::ProcessResident, &[], window).await.unwrap();
        let own: Vec<_> = processes.iter().filter(|s| s.labels.get("pid") == Some(&pid)).collect();
        assert!(own.iter().any(|s| s.labels.get("process") == Some("patrol")), "{own:?}");
        let total = store.read(Signal::HostMemoryTotal, &[], window).await.unwrap();
        assert!(total.get(0).last().unwrap().1 > 0.0);
    });
}

#[test]
fn sigterm_ends_it_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let collecting = Collecting::start(dir.path(), &[]);
    on_record(dir.path(), 0);
    collecting.send(Kill::TERM);
    assert!(collecting.end().0.success());
}

#[test]
fn a_second_collector_says_who_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let first = Collecting::start(dir.path(), &[]);
    on_record(dir.path(), 0);
    let (status, out, err) = Collecting::start(dir.path(), &[]).end();
    assert_eq!((status.code(), out.as_str()), (Some(2), ""));
    let holder = format!("is being written by process {} (patrol)", first.0.id());
    assert!(err.contains(&holder) && err.contains("hint: stop the other one"), "{err}");
}

/// kill -9 in the middle: no more than the last scrape is lost, and the next collector goes on where it ended.
#[test]
fn kill_9_loses_no_more_than_the_last_scrape() {
    let dir = tempfile::tempdir().unwrap();
    let first = Collecting::start(dir.path(), &[]);
    on_record(dir.path(), 600);
    first.send(Kill::KILL);
    let killed_at = patrol::wiring::now();
    drop(first);
    let before = extent(dir.path()).unwrap();
    let lost = killed_at - before.last.unwrap();
    // A few intervals, for a machine that is busy.
    assert!(lost < 800, "{lost} ms are missing");
    let second = Collecting::start(dir.path(), &[]);
    on_record(dir.path(), killed_at - before.first.unwrap());
    second.send(Kill::INT);
    assert!(second.end().0.success());
    assert_eq!(extent(dir.path()).unwrap().first, before.first);
}

#[test]
fn settings_come_from_the_file_and_the_command_line_goes_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("patrol.yaml");
    std::fs::write(&config, "collector:\n  interval: 7s\n  retention: 2d\n  data_dir: here\n").unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patrol"));
        command.args(["collect", "--config"]).arg(&config).args(more).env_remove("PATROL_DATA_DIR");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let collecting = Collecting(child);
        on_record(&dir.path().join("here"), 0);
        collecting.send(Kill::INT);
        let out = collecting.end().1;
        std::fs::remove_dir_all(dir.path().join("here")).unwrap();
        out
    };
    let (plain, over) = (run(&[]), run(&["--retention", "3d", "--max-disk", "64MiB"]));
    assert!(plain.contains(" every 7s ") && plain.contains(" kept 2d, at most 2GiB"), "{plain}");
    assert!(over.contains(" every 7s ") && over.contains(" kept 3d, at most 64MiB"), "{over}");
}

#[test]
fn impossible_settings_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    for (wrong, says) in [
        (["--interval", "5ms"], "error: an interval of 5ms is too short"),
        (["--retention", "0s"], "`retention` must be longer than nothing"),
        (["--max-series", "0"], "`max_series`"),
        (["--max-disk", "5MiBs"], "write it like `512MiB`"),
    ] {
        let Output { status, stderr, .. } = patrol(dir.path()).args(wrong).output().unwrap();
        let err = String::from_utf8_lossy(&stderr);
        assert!(status.code() == Some(2) && err.contains(says), "{wrong:?}: {err}");
    }
}

/// A program's page of profiles on loopback: `/debug/pprof/heap` and its siblings as Go has them; every other page
/// stalls. Ends with the test.
struct Page {
    address: std::net::SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Page {
    fn open() -> Page {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let answer = |uri: axum::http::Uri| async move {
            match (uri.path(), uri.query()) {
                ("/debug/pprof/heap", Some("debug=1")) => b"heap profile: 1: 2 [3: 4] @ heap/1048576\n".to_vec(),
                ("/debug/pprof/heap" | "/debug/pprof/goroutine", _) => vec![0x0a, 0x04, 0x08, 0x01, 0x10, 0x02],
                _ => std::future::pending().await,
            }
        };
        let app = axum::Router::new().fallback(answer);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Page { address, _runtime: runtime }
    }
}

/// How many profiles of a kind of a target are kept.
fn kept(dir: &Path, target: &str, kind: &str) -> usize {
    block(async {
        let Ok(store) = ProfileStore::open_read_only(dir).await else { return 0 };
        let ever = Window { from: 0, to: i64::MAX, step: Span::from_days(1) };
        store.list(target, kind, ever).await.unwrap().len()
    })
}

/// One program that answers, one that is not there, one that stalls: the first one's profiles are kept, the second is
/// told, and the third keeps nobody waiting at the end.
#[test]
fn profiles_are_fetched_while_the_host_is_read() {
    let (dir, page) = (tempfile::tempdir().unwrap(), Page::open());
    let config = dir.path().join("patrol.yaml");
    let at = page.address;
    let text = format!(
        "profiles:\n  targets:\n  - {{ name: api, url: 'http://{at}/debug/pprof/heap' }}\n  \
         - {{ name: gone, url: 'http://127.0.0.1:9/debug/pprof/heap', goroutines: false }}\n  \
         - {{ name: slow, url: 'http://{at}/slow/heap' }}\n"
    );
    std::fs::write(&config, text).unwrap();
    let data = dir.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_patrol"));
    command.arg("--config").arg(&config).arg("--data-dir").arg(&data).args(["collect", "--interval", "100ms"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let collecting = Collecting(child);
    on_record(&data, 300);
    until("all kinds are kept", || {
        ["heap", "goroutine", "memory"].iter().all(|k| kept(&data, "api", k) == 1).then_some(())
    });
    let asked = Instant::now();
    collecting.send(Kill::INT);
    let (status, out, err) = collecting.end();
    assert!(status.success() && asked.elapsed() < Duration::from_secs(5), "{status}: {err}");
    assert!(out.contains("fetching profiles of api every 5m, gone every 5m, slow every 5m\n"), "{out}");
    assert!(out.ends_with("; 3 profiles kept\n"), "{out}");
    assert!(
        err.contains("error: cannot fetch the heap profile of gone: cannot connect to http://127.0.0.1:9/"),
        "{err}"
    );
    assert!(err.contains("hint: check that the server runs"), "{err}");
}

/// A small disk of its own, where this user may mount one.
struct Disk(TempDir);

impl Disk {
    fn of(size: &str) -> Option<Disk> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(dir.path()).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then(|| Disk(dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Somebody else fills the disk; later there is room again.
#[test]
fn a_full_disk_is_said_and_collecting_goes_on_when_there_is_room() {
    let Some(disk) = Disk::of("4m") else {
        eprintln!("skipped: this user may not mount a tmpfs");
        return;
    };
    let (dir, fill) = (disk.0.path().join("data"), disk.0.path().join("fill"));
    let collecting = Collecting::start(&dir, &[]);
    on_record(&dir, 0);
    let _ = std::fs::write(&fill, vec![1; 8 << 20]);
    // Nothing more can be stored once the last page that was free is used up.
    let mut stalled = (extent(&dir).unwrap().last, Instant::now());
    until("the disk is full", || {
        let last = extent(&dir).unwrap().last;
        if last != stalled.0 {
            stalled = (last, Instant::now());
            let _ = std::fs::write(&fill, vec![1; 8 << 20]);
        }
        (stalled.1.elapsed() > Duration::from_secs(2)).then_some(())
    });
    std::fs::remove_file(&fill).unwrap();
    until("collecting goes on", || extent(&dir).filter(|extent| extent.last > stalled.0));
    collecting.send(Kill::INT);
    let (status, out, err) = collecting.end();
    assert!(status.success(), "{err}");
    assert!(err.contains("no space left") && err.contains("hint: make room"), "{err}");
    assert!(err.contains("storing again; ") && out.contains(" lost, over "), "{err}{out}");
    assert!(err.lines().filter(|line| line.starts_with("error:")).count() <= 4, "said sparingly: {err}");
}
