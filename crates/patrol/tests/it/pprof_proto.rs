//! Profiles that `patrol pprof -proto` writes, read back by itself and by the reference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The profiles kept with the project.
fn profiles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pprof/profiles/leaking")
}

/// What a command prints for these arguments in the folder of profiles; it must go well.
fn output(program: &str, args: &[&str]) -> Vec<u8> {
    let run = Command::new(program).current_dir(profiles()).env("TZ", "UTC").args(args).output().unwrap();
    assert!(run.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

fn patrol(args: &[&str]) -> Vec<u8> {
    output(env!("CARGO_BIN_EXE_patrol"), &[&["pprof"], args].concat())
}

/// Every way to change a profile, as flags and what they are asked of.
const CHANGES: &[&[&str]] = &[
    &["heap.6.pb.gz"],
    &["cpu.pb.gz"],
    &["mutex.pb.gz"],
    &["goroutine.1.debug1.txt"],
    &["heap.1.debug1.txt"],
    &["-divide_by=3", "heap.6.pb.gz"],
    &["-noinlines", "heap.6.pb.gz"],
    &["-add_comment=seen", "heap.6.pb.gz"],
    &["-focus=newSection", "heap.6.pb.gz"],
    &["-base=heap.1.pb.gz", "heap.6.pb.gz"],
    &["heap.1.pb.gz", "heap.2.pb.gz"],
];

/// What was written holds what the raw report shows of what it was made of; divided values only differ.
#[test]
fn what_was_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("written.pb.gz");
    for change in CHANGES.iter().filter(|change| !change[0].starts_with("-divide_by")) {
        fs::write(&file, patrol(&[&["-proto"], *change].concat())).unwrap();
        let (direct, written) = (patrol(&[&["-raw"], *change].concat()), patrol(&["-raw", file.to_str().unwrap()]));
        assert!(direct.len() > 100, "{change:?}");
        assert!(direct == written, "{change:?} is read back as something else");
    }
}

/// The reference sees the same in what was written as in what it would have made of the same flags.
#[test]
fn the_reference_reads_what_was_written() {
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: go is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.pb.gz"), folder.path().join("theirs.pb.gz"));
    let (ours, theirs) = (ours.to_str().unwrap(), theirs.to_str().unwrap());
    // That of Go 1.19 writes inlined frames all the same; that of Go 1.27 does as we do.
    for change in CHANGES.iter().filter(|change| change[0] != "-noinlines") {
        patrol(&[&["-proto", "-output", ours], *change].concat());
        let reference = ["tool", "pprof", "-symbolize=none"];
        output("go", &[&reference[..], &["-proto", "-output", theirs], *change].concat());
        let top = |file| String::from_utf8(output("go", &[&reference[..], &["-top", file]].concat())).unwrap();
        let (ours, theirs) = (top(ours), top(theirs));
        assert!(theirs.contains("flat%"), "{theirs}");
        assert_eq!(ours, theirs, "{change:?}");
    }
}
