//! The demo as a user runs it. A program of its own, which runs alone: what the demo sees is this whole machine.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longest anything here is waited for; no test takes so long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// `patrol demo` with its own folder for temporary files.
fn demo(temp: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patrol"));
    command.arg("demo").args(more).env("TMPDIR", temp).env("NO_COLOR", "1").env_remove("PATROL_DATA_DIR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Asks again and again until there is an answer; gives how long that took.
fn until(what: &str, mut there: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !there() {
        assert!(begin.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    begin.elapsed()
}

/// Processes whose command line names this one as their parent, dead ones included that nobody waited for.
fn programs_of(parent: u32) -> Vec<u32> {
    let mark = format!("\0--parent\0{parent}\0");
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&mark)
    })
    .collect()
}

fn there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Starts a demo and waits until its four programs run and there is something stored.
fn running(temp: &Path) -> (Child, Vec<u32>) {
    let child = demo(temp, &[]).spawn().unwrap();
    until("the programs run", || programs_of(child.id()).len() == 4 && !files(temp).is_empty());
    let programs = programs_of(child.id());
    (child, programs)
}

fn files(dir: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name()).collect()
}

fn interrupted() {
    let temp = tempfile::tempdir().unwrap();
    let (mut child, programs) = running(temp.path());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let took = until("the demo ends", || child.try_wait().unwrap().is_some());
    // Not a measurement: it must not go on for the minute that is left.
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!programs.iter().any(|pid| there(*pid)), "the programs are gone before the demo is");
    assert_eq!(files(temp.path()), [""; 0]);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&stderr);
    assert_eq!((status.code(), stdout.is_empty()), (Some(2), true), "{err}");
    assert!(err.contains("error: interrupted"), "{err}");
}

fn killed() {
    let temp = tempfile::tempdir().unwrap();
    let (mut child, _) = running(temp.path());
    child.kill().unwrap();
    child.wait().unwrap();
    // The dead have no command line, whether or not somebody waits for them.
    until("the programs are gone", || programs_of(child.id()).is_empty());
}

/// Runs a shortened demo to its end; gives what it wrote to standard output and the HTML report.
fn whole(more: &[&str]) -> (String, String) {
    let temp = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = demo(temp.path(), &["--duration", "30s"]).args(more).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}: {err}{out}");
    assert!(err.contains("watching all processes of this host for 30 s"), "{err}");
    let path = out.trim_end().rsplit(": ").next().unwrap();
    let html = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert_eq!(files(temp.path()).len(), 1, "only the report stays");
    (out, html)
}

/// The headings of the findings: `── host/process · code ──`.
fn headings(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.starts_with("── ")).collect()
}

/// The programs that only look like a leak, as far as they were found to be one.
fn innocents(out: &str) -> Vec<&str> {
    let innocent = |line: &&str| ["demo-cache", "demo-sawtooth", "demo-step"].iter().any(|name| line.contains(name));
    headings(out).into_iter().filter(innocent).collect()
}

/// On a machine that stalls for seconds the memory of the programs is not what they meant it to be; not twice.
fn finds_the_leak() {
    // The leak is found as the process it is, or as the host's, with the process named as the cause.
    let named = |out: &str| out.split("host-memory-leak ·").next().is_some_and(|head| head.contains("demo-leak"));
    let leak = |out: &str| named(out) && innocents(out).is_empty();
    let first = whole(&[]);
    let (out, html) = if leak(&first.0) { first } else { whole(&[]) };
    let found = headings(&out);
    assert!(!found.is_empty() && innocents(&out).is_empty(), "{out}");
    assert!(named(&out), "{out}");
    for word in ["demo-cache", "demo-step", "growth", "time to limit", "ruled out"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    assert!(html.contains("demo-leak") && html.contains("<svg"));
}

/// Something else on this machine may really grow like a leak meanwhile, a compiler say; not twice.
fn finds_nothing_without_it() {
    let (first, _) = whole(&["--without-leak"]);
    assert_eq!(innocents(&first), [""; 0], "{first}");
    if !first.starts_with("[FINE]") {
        let (second, _) = whole(&["--without-leak"]);
        assert!(second.starts_with("[FINE]"), "{first}\nand again\n{second}");
    }
}

/// One after the other, for each sees the programs of all.
#[test]
fn the_demo_finds_the_leak_and_nothing_else_and_ends_when_told() {
    if !Path::new("/proc/self/stat").exists() {
        eprintln!("skipped: there is no /proc");
        return;
    }
    interrupted();
    killed();
    finds_nothing_without_it();
    finds_the_leak();
}

#[test]
fn impossible_durations_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    for duration in ["1s", "2h"] {
        let Output { status, stderr, .. } = demo(temp.path(), &["--duration", duration]).output().unwrap();
        let err = String::from_utf8_lossy(&stderr);
        assert!(status.code() == Some(2) && err.contains("hint: give `--duration` a value from 30s to 1h"), "{err}");
    }
}
