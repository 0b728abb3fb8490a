//! `patrol pprof` prints what the reference prints, byte for byte, over recorded profiles.

use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;

/// A command of a MANIFEST.tsv with what the reference gave.
struct Case {
    id: String,
    status: i32,
    args: Vec<String>,
    out: Vec<u8>,
    err: String,
}

/// The commands recorded in a folder. Drawings are not ours to print.
fn cases(folder: &Path) -> Vec<Case> {
    let expected = folder.join("expected");
    let manifest = std::fs::read_to_string(expected.join("MANIFEST.tsv")).unwrap();
    let case = |line: &str| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_else(|| panic!("{line}")).to_string();
        let (id, status, args) = (next(), next().parse().unwrap(), next());
        let out = std::fs::read(expected.join(format!("{id}.out"))).unwrap();
        let err = std::fs::read_to_string(expected.join(format!("{id}.err"))).unwrap_or_default();
        Case { id, status, args: args.split(' ').map(str::to_string).collect(), out, err }
    };
    let drawn = |case: &Case| case.args.iter().any(|a| a == "-dot");
    manifest.lines().map(case).filter(|case| !drawn(case)).collect()
}

/// What differs from the reference, if anything.
fn difference(folder: &Path, case: &Case) -> Option<String> {
    let run = Command::new(env!("CARGO_BIN_EXE_patrol"))
        .current_dir(folder)
        .env("TZ", "UTC")
        .arg("pprof")
        .args(&case.args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    let said: Vec<&str> = said.lines().collect();
    let shown = case.args.join(" ");
    if run.status.code() != Some(case.status) {
        return Some(format!("{}: {shown}: exit {:?}, {}", case.id, run.status.code(), said.join(" / ")));
    }
    if run.stdout != case.out {
        let (ours, theirs) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&case.out));
        let pair = ours.lines().zip(theirs.lines()).enumerate().find(|(_, (a, b))| a != b);
        let at = pair.map_or_else(
            || format!("{} lines for {}", ours.lines().count(), theirs.lines().count()),
            |(i, (a, b))| format!("line {}\n  ours   {a:?}\n  theirs {b:?}", i + 1),
        );
        return Some(format!("{}: {shown}: {at}", case.id));
    }
    // Errors are said in our own way, with a hint; what goes with a report is said as the reference does.
    let wanted: Vec<&str> = case.err.lines().collect();
    let right = if case.status == 0 { said == wanted } else { said.iter().any(|l| l.starts_with("error: ")) };
    (!right).then(|| format!("{}: {shown}: says {said:?} for {wanted:?}", case.id))
}

/// Every recorded command of a folder, in parallel.
fn assert_equal(folder: PathBuf, least: usize) {
    let cases = cases(&folder);
    assert!(cases.len() >= least, "{} commands are recorded", cases.len());
    let mut found: Vec<String> = cases.par_iter().filter_map(|case| difference(&folder, case)).collect();
    found.sort();
    assert!(found.is_empty(), "{} of {} differ:\n{}", found.len(), cases.len(), found.join("\n"));
}

#[test]
fn reports_equal_the_reference_on_our_own_recordings() {
    assert_equal(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pprof"), 100);
}

/// A larger set that is not part of the project, where it is at hand.
#[test]
fn reports_equal_the_reference_on_the_shared_recordings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/pprof");
    if !folder.join("expected/MANIFEST.tsv").exists() {
        eprintln!("skipped: there is no folder with shared recordings");
        return;
    }
    assert_equal(folder, 250);
}
