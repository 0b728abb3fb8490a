//! `patrol inspect heap-growth`: programs of the configuration, their profiles from files and from the store.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use store::profiles::ProfileStore;

/// When the last snapshot of the recording was taken, and a little: 2026-11-20T23:30:00Z.
const AT: &str = "2026-11-20T23:30:00Z";
/// The same in milliseconds.
const AT_MILLIS: i64 = 1_795_217_400_000;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pprof/profiles").join(name).canonicalize().unwrap()
}

/// Exit code, the report if there is one, and what was said.
fn inspect(folder: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = cargo_bin_cmd!("patrol");
    command.env_clear().env("HOME", folder).env("TZ", "UTC").current_dir(folder);
    let output = command.args(["inspect", "heap-growth", "--format", "json"]).args(args).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn paths(report: &Value) -> Vec<&str> {
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    findings.iter().map(|f| f["subject"]["path"].as_str().unwrap()).collect()
}

/// The recorded program leaks rings and, more slowly, names.
#[test]
fn files_that_somebody_else_puts_there_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "profiles:\n  targets:\n    - name: feed\n      files: [{}]\n      process: {{ process: feed }}\n",
        recorded("leaking").display()
    );
    fs::write(folder.path().join("patrol.yaml"), config).unwrap();
    let (code, report, said) = inspect(folder.path(), &["--at", AT]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(paths(&report)[0], "Hub.Run -> ... -> newRing");
    assert_eq!(report["runs"][0]["findings"][0]["subject"]["target"], "feed");
    // In the morning nobody had taken them: not fine, but unknown.
    let (code, report, said) = inspect(folder.path(), &["--at", "2026-11-20T10:00:00Z"]);
    let why = report["runs"][0]["unknown"][0]["why"].as_str().unwrap();
    assert_eq!((code, why.contains("of another time than the window")), (Some(2), true), "{why} {said}");
}

/// Six snapshots that the collector fetched, a minute apart; one of them is damaged.
#[test]
fn what_was_fetched_is_compared_and_what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let config = "profiles:\n  targets:\n    - name: feed\n      url: http://127.0.0.1:1/debug/pprof/heap\n";
    fs::write(folder.path().join("patrol.yaml"), config).unwrap();
    let data = folder.path().join("data");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        fs::create_dir(&data).unwrap();
        let store = ProfileStore::open(&data).await.unwrap();
        for number in 1..=6 {
            let bytes = fs::read(recorded("leaking").join(format!("heap.{number}.pb.gz"))).unwrap();
            store.put("feed", "heap", AT_MILLIS - (6 - number) * 60_000, bytes).await.unwrap();
        }
        store.put("feed", "heap", AT_MILLIS, vec![0x1f, 0x8b, 8, 0]).await.unwrap();
        store.close().await.unwrap();
    });
    let data = data.to_str().unwrap();
    let (code, report, said) = inspect(folder.path(), &["--at", AT, "--data-dir", data]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(paths(&report)[0], "Hub.Run -> ... -> newRing");
    let notes = report["runs"][0]["notes"].to_string();
    assert!(notes.contains("feed: not read: "), "{notes}");
}

#[test]
fn without_programs_or_profiles_nothing_is_called_fine() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, said) = inspect(folder.path(), &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("no program is configured") && said.contains("hint: name one under `profiles.targets`"),
        "{said}"
    );
    let config = "profiles:\n  targets:\n    - name: feed\n      url: http://127.0.0.1:1/debug/pprof/heap\n";
    fs::write(folder.path().join("patrol.yaml"), config).unwrap();
    let (code, report, said) = inspect(folder.path(), &["--data-dir", "none"]);
    let why = report["runs"][0]["unknown"][0]["why"].as_str().unwrap();
    assert_eq!((code, why.contains("`patrol collect` does that")), (Some(2), true), "{why} {said}");
}

/// The heap rises from the fourth snapshot on, and these are cut off.
#[test]
fn a_folder_with_broken_snapshots_is_not_fine() {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=6 {
        let mut bytes = fs::read(recorded("healthy").join(format!("heap.{number}.pb.gz"))).unwrap();
        bytes.truncate(if number > 3 { bytes.len() / 2 } else { bytes.len() });
        fs::write(folder.path().join(format!("heap.{number}.pb.gz")), bytes).unwrap();
    }
    fs::write(folder.path().join("README.txt"), "what this is").unwrap();
    let mut command = cargo_bin_cmd!("patrol");
    command.args(["heap", "suspects", "--format", "json"]).arg(folder.path());
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let gaps: Vec<&str> =
        report["runs"][0]["gaps"].as_array().unwrap().iter().map(|g| g["reason"].as_str().unwrap()).collect();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    assert!(gaps[0].ends_with("heap.4.pb.gz: the compressed profile is cut off"), "{gaps:?}");
    let config = format!("profiles:\n  targets:\n    - name: feed\n      files: [{}]\n", folder.path().display());
    fs::write(folder.path().join("patrol.yaml"), config).unwrap();
    let (code, report, said) = inspect(folder.path(), &["--at", AT]);
    assert_eq!((code, report["runs"][0]["gaps"].as_array().unwrap().len()), (Some(2), 1), "{said}");
}

#[test]
fn no_time_between_snapshots_is_refused() {
    let mut command = cargo_bin_cmd!("patrol");
    let output =
        command.args(["heap", "suspects", "--url", "http://127.0.0.1:1/heap", "--every", "0s"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("hint: leave `--every`"), "{said}");
}
