//! `patrol heap suspects` on recorded heaps whose truth is known, and what people see of it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use model::profile::{Builder, Frame, Header, Label, LabelValue, Mapping, ValueType};
use serde_json::Value;

/// The program with nothing of this machine's environment.
fn suspects(args: &[&str]) -> Command {
    let mut command = cargo_bin_cmd!("patrol");
    command.env_clear().env("HOME", "/home/ann").env("TZ", "UTC").args(["heap", "suspects"]).args(args);
    command
}

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pprof").join(name)
}

/// Level, code and path of a finding.
type Found = (String, String, String);

/// Every finding, and verdict and path of all that was ruled out.
fn found(args: &[&str]) -> (Vec<Found>, Vec<(String, String)>) {
    let output = suspects(&[args, &["--format", "json"]].concat()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let run = &report["runs"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let all = |name: &str| run[name].as_array().cloned().unwrap_or_default();
    let findings =
        all("findings").into_iter().map(|f| (text(&f["level"]), text(&f["code"]), text(&f["subject"]["path"])));
    let ruled_out = all("ruled_out").into_iter().map(|r| (text(&r["verdict"]), text(&r["subject"]["path"])));
    (findings.collect(), ruled_out.collect())
}

fn three(level: &str, code: &str, path: &str) -> Found {
    (level.into(), code.into(), path.into())
}

/// The recorded program leaks subscriptions and, more slowly, names; a cache fills and a batch is dropped beside.
#[test]
fn the_leak_comes_first_the_slow_one_second_and_the_cache_is_none() {
    let folder = recorded("profiles/leaking");
    let (findings, ruled_out) = found(&[folder.to_str().unwrap()]);
    assert_eq!(findings[0], three("warning", "heap-growth", "Hub.Run -> ... -> newRing"));
    assert_eq!(findings[1], three("warning", "heap-growth", "Index.Run -> Index.remember -> newEntry"));
    assert_eq!(findings[2], three("info", "goroutine-growth", "Subscriber.pump"));
    assert_eq!(findings.len(), 3, "{findings:?}");
    let (verdict, path) = &ruled_out[0];
    assert_eq!((verdict.as_str(), path.starts_with("Cache.Run")), ("filling-cache", true), "{ruled_out:?}");
}

/// The same program without its leaks: a full cache whose estimates rise at all six snapshots.
#[test]
fn a_healthy_program_is_left_alone() {
    let folder = recorded("profiles/healthy");
    let output = suspects(&[folder.to_str().unwrap()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("[FINE]"), "{text}");
}

/// Another program with a leak, a slow leak, a cache that fills, a saw-tooth and goroutines that hang on the leak.
#[test]
fn a_second_recorded_program_is_told_right_from_any_four_snapshots_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/pprof/profiles/both");
    if !folder.exists() {
        eprintln!("skipped: the reference profiles are not here");
        return;
    }
    let (findings, ruled_out) = found(&[folder.to_str().unwrap()]);
    let ring = "userControllersController.setPeers -> ... -> NewRingGrowing";
    assert_eq!(findings[0], three("warning", "heap-growth", ring));
    assert_eq!(findings[1], three("warning", "heap-growth", "SessionIndex.Login -> SessionIndex.remember"));
    let goroutines = findings.iter().filter(|f| f.1 == "goroutine-growth").count();
    assert_eq!(goroutines, 2, "{findings:?}");
    assert_eq!(ruled_out[0], ("filling-cache".into(), "FillCache -> loadPage".into()));
    for first in 1..=3 {
        for last in first + 3..=6 {
            for kind in ["heap", "heapnogc", "allocs"] {
                let files: Vec<String> =
                    (first..=last).map(|n| folder.join(format!("{kind}.{n}.pb.gz")).display().to_string()).collect();
                let (findings, _) = found(&files.iter().map(String::as_str).collect::<Vec<_>>());
                // Four that rise are rare by chance, and usual for a cache that fills.
                let level = if last - first == 3 { "info" } else { "warning" };
                assert_eq!(findings[0], three(level, "heap-growth", ring), "{kind} {first} to {last}");
                let cache = findings.iter().find(|f| f.2.contains("loadPage") && f.0 == "warning");
                assert_eq!(cache, None, "{kind} {first} to {last}");
            }
        }
    }
}

/// A heap of two paths at minute `minute`: rings that are never freed, and garbage.
fn snapshot(minute: i64) -> Vec<u8> {
    let mut builder = Builder::new();
    let [program, build_id, file, bytes, count] =
        ["/usr/bin/shop", "cafe", "shop.example/hub/hub.go", "bytes", "count"].map(|text| builder.text(text));
    builder.mapping(&Mapping { start: 0x1000, limit: 0x2000, file: program, build_id, ..Mapping::default() });
    let rows = [
        (
            &["shop.example/hub.newRing", "shop.example/hub.(*Hub).subscribe"],
            18_432,
            600 * (minute + 1),
            600 * (minute + 1),
        ),
        (&["shop.example/feed.parse", "shop.example/feed.Run"], 64, 8_192, 100_000 * (minute + 1)),
    ];
    for (path, size, in_use, allocated) in rows {
        let locations: Vec<u64> = path
            .iter()
            .zip(1..)
            .map(|(name, n)| {
                let name = builder.text(name);
                let function = builder.function(name, name, file, 10 * n);
                builder.location(1, 0x1000 + n as u64, &[Frame { function, line: 10 * n + 2, column: 0 }], false)
            })
            .collect();
        let label = Label { key: bytes, value: LabelValue::Number { value: size, unit: bytes } };
        builder.sample(locations, &[allocated, allocated * size, in_use, in_use * size], &[label]);
    }
    let units = [("alloc_objects", count), ("alloc_space", bytes), ("inuse_objects", count), ("inuse_space", bytes)];
    let sample_types = units.map(|(kind, unit)| ValueType { kind: builder.text(kind), unit }).to_vec();
    let time_nanos = (1_763_640_000 + 60 * minute) * 1_000_000_000;
    builder.into_bytes(&Header { sample_types, time_nanos, period: 524_288, ..Header::default() })
}

/// What a terminal shows of five snapshots, with the source and the resident memory.
#[test]
fn a_report_reads_well() {
    let folder = tempfile::tempdir().unwrap();
    let source = format!("package hub\n{}\treturn &ring{{data: make([]any, 1024)}}\n", "\n".repeat(10));
    fs::create_dir_all(folder.path().join("shop.example/hub")).unwrap();
    fs::write(folder.path().join("shop.example/hub/hub.go"), source).unwrap();
    let names: Vec<String> = (0..5).map(|n| format!("heap.{n}.pb")).collect();
    for (name, minute) in names.iter().zip(0..) {
        fs::write(folder.path().join(name), snapshot(minute)).unwrap();
    }
    let args: Vec<&str> = names.iter().map(String::as_str).chain(["--rss", "100MiB", "--source-path", "."]).collect();
    let output = suspects(&args).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let made = |line: &&str| !line.starts_with("from files, ") && !line.starts_with("patrol ");
    let text: String = text.lines().filter(made).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!("heap_suspects", text);
}

/// A program that answers for its heap only, each time a minute later; ends after so many requests for it.
fn program(snapshots: i64) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/debug/pprof/heap", listener.local_addr().unwrap());
    let serve = move || {
        let mut minute = 0;
        while minute < snapshots {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).unwrap() > 0 {}
            let heap = request.starts_with("GET /debug/pprof/heap?gc=1 ");
            let (status, body) = if heap { ("200 OK", snapshot(minute)) } else { ("404 Not Found", Vec::new()) };
            minute += i64::from(heap);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).unwrap();
        }
    };
    (url, std::thread::spawn(serve))
}

/// Five snapshots of a program that has neither goroutines nor figures of its memory to show.
#[test]
fn a_running_program_is_looked_at_through_its_address() {
    let (url, serving) = program(5);
    let output = suspects(&["--url", &url, "--every", "20ms", "--count", "5"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("[WARNING] Hub.subscribe -> newRing leaks 10.5 MiB/min"), "{text}");
    assert!(text.contains("without goroutine: 404 Not Found") && text.contains("5 snapshots, 20ms apart"), "{text}");
    serving.join().unwrap();
}

/// What is no profile, what cannot be compared, and what is too large are said, with what to do about it.
#[test]
fn what_cannot_be_judged_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "buy milk").unwrap();
    fs::write(folder.path().join("one.pb"), snapshot(0)).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let said = |line: &str| {
        let args: Vec<&str> = line.split(' ').collect();
        let output = suspects(&args).current_dir(folder.path()).output().unwrap();
        let code = output.status.code().unwrap_or(-1);
        format!("$ {line}\n{}exit {code}\n", String::from_utf8_lossy(&output.stderr))
    };
    let lines = [
        "notes.txt",
        "nowhere.pb",
        "empty",
        "one.pb",
        "one.pb --max-uncompressed 100B",
        "--url http://127.0.0.1:1/debug/pprof/heap --count 1",
        "--url http://127.0.0.1:1/debug/pprof/heap",
    ];
    insta::assert_snapshot!("heap_errors", lines.map(said).concat());
}
