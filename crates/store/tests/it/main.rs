//! The sample store as other crates see it, on real files and with real processes.

mod clock;
mod damage;
mod disk;
mod killed;
mod limits;
mod profiles;
mod rounds;
mod sharing;

use std::path::Path;

use model::labels::Labels;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use store::samples::{Sample, SampleStore, Settings, StoreError};

/// A Tuesday in November 2025, on the minute.
const START: Time = 1_763_424_000_000;
/// The time between two scrapes.
const EVERY: i64 = 15_000;

/// The resident memory of a process.
fn resident(pid: u64, value: f64) -> Sample {
    let labels = Labels::from([("host", "a"), ("process", "java"), ("pid", &pid.to_string())]);
    Sample { signal: Signal::ProcessResident, labels, value }
}

/// A scrape of so many processes, each with a value that tells process and scrape.
fn scrape(processes: u64, turn: u64) -> Vec<Sample> {
    (0..processes).map(|pid| resident(pid, value(pid, turn))).collect()
}

/// What process `pid` has in the scrape of number `turn`: whole pages, and never the same twice.
fn value(pid: u64, turn: u64) -> f64 {
    ((turn * 1_000 + pid + 1) * 4096) as f64
}

/// The window of so many cells of one scrape each that ends at `to`.
fn window(to: Time, cells: i64) -> Window {
    Window::ending(to, Span::from_millis(cells * EVERY), Span::from_millis(EVERY)).unwrap()
}

async fn open(dir: &Path) -> SampleStore {
    open_with(dir, Settings::default()).await.unwrap()
}

/// Opens a store. One that was only left may hold its lock for a moment: another test starting a process just then
/// hands it a copy of every file that is open.
async fn open_with(dir: &Path, settings: Settings) -> Result<SampleStore, StoreError> {
    loop {
        match SampleStore::open(dir, settings).await {
            Err(StoreError::Held { .. }) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

/// The values of every process in a window, by number of process; `None` where there is none.
async fn values(store: &SampleStore, window: Window) -> Vec<(u64, Vec<Option<f64>>)> {
    let set = store.read(Signal::ProcessResident, &[], window).await.unwrap();
    let cells = |values: &[f64]| values.iter().map(|v| Some(*v).filter(|v| !v.is_nan())).collect();
    let mut all: Vec<_> =
        set.iter().map(|s| (s.labels.get("pid").unwrap().parse().unwrap(), cells(s.values))).collect();
    all.sort_by_key(|(pid, _)| *pid);
    all
}

/// Runs one of these tests, an ignored one, in a process of its own.
fn in_another_process(test: &str, dir: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]).env(FOLDER, dir);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::inherit());
    command
}

/// Where a test that runs in a process of its own finds its folder.
const FOLDER: &str = "PATROL_TEST_FOLDER";

/// The folder of a test that was started by another; `None` when somebody runs it by hand.
fn folder_of_child() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}
