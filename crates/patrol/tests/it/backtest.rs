//! `patrol backtest` from outside: tables in, a line a window out, mistakes told.

use std::io::Write;
use std::path::PathBuf;

use assert_cmd::Command;
use flate2::{Compression, write::GzEncoder};

/// Runs `patrol backtest host-memory-leak` with arguments and standard input; gives exit code, stdout and stderr.
fn backtest(args: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("patrol").unwrap();
    let output = command.args(["backtest", "host-memory-leak"]).args(args).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A row of five-minute samples over so many days, `value(i)` at sample `i`, of a host with 16 GiB.
fn row(id: &str, days: usize, value: impl Fn(f64) -> f64) -> String {
    let values: Vec<String> = (0..days * 288).map(|i| format!("{:.2}", value(i as f64))).collect();
    format!("{id}\t300\t16384\tMiB\tmade by hand\t{}\n", values.join(" "))
}

/// Noise between -1 and 1 that is the same every time.
fn noise(i: f64) -> f64 {
    ((i * 12.9898).sin() * 43_758.547).fract()
}

fn verdicts(stdout: &str) -> Vec<(String, i64, String)> {
    let lines = stdout.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_string();
    lines.map(|l| (text(&l["id"]), l["from"].as_i64().unwrap(), text(&l["verdict"]))).collect()
}

/// 600 MiB a day on top of 4 GiB, for four days: suspected on the first day, a leak from the second on. Beside it a
/// host that only breathes.
#[test]
fn a_leak_is_suspected_on_its_first_day_and_certain_on_its_second() {
    let table = row("leaks", 4, |i| 4096.0 + i * 600.0 / 288.0 + 20.0 * noise(i))
        + &row("fine", 4, |i| 4096.0 + 90.0 * noise(i));
    let (code, stdout, stderr) = backtest(&["--series", "-", "--window", "24h", "--every", "24h"], &table);
    assert_eq!(code, 0, "{stderr}");
    let got: Vec<String> =
        verdicts(&stdout).into_iter().map(|(id, from, verdict)| format!("{id} {from} {verdict}")).collect();
    insta::assert_snapshot!(got.join("\n"), @"
    leaks 0 suspected
    leaks 86400 leak
    leaks 172800 leak
    leaks 259200 leak
    fine 0 stable
    fine 86400 stable
    fine 172800 stable
    fine 259200 stable
    ");
    insta::assert_snapshot!(stderr, @"
    8 windows of 2 series, 8.0 series-days
      leak                3  37.50 %  375.00 per 1000 series-days
      suspected           1  12.50 %  125.00 per 1000 series-days
      stable              4  50.00 %
    ");
}

/// The growth of a known leak lies in its interval, and the forecast in its own: 16,384 - 4,696 MiB are left after a
/// day, at 600 MiB a day good for 467 hours.
#[test]
fn figures_come_with_their_intervals() {
    let table = row("leaks", 1, |i| 4096.0 + i * 600.0 / 288.0 + 20.0 * noise(i));
    let (_, stdout, _) = backtest(&["--series", "-", "--window", "24h"], &table);
    let line: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
    let number = |name: &str| line[name].as_f64().unwrap();
    assert!(number("growth_low") <= 600.0 && 600.0 <= number("growth_high"), "{line}");
    assert!(number("hours_to_limit_low") <= 467.5 && 467.5 <= number("hours_to_limit_high"), "{line}");
    let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 10);
}

/// Several tables, one of them packed, are replayed one after the other; `--no-history` forgets what went before.
#[test]
fn tables_may_be_packed_and_several() {
    let dir = tempfile::tempdir().unwrap();
    let leak = |days| row("leaks", days, |i| 4096.0 + i * 600.0 / 288.0 + 20.0 * noise(i));
    let (plain, packed): (PathBuf, PathBuf) = (dir.path().join("a.tsv"), dir.path().join("b.tsv.gz"));
    std::fs::write(&plain, row("short", 1, |_| 5.0) + &leak(2)).unwrap();
    let mut gzip = GzEncoder::new(std::fs::File::create(&packed).unwrap(), Compression::fast());
    gzip.write_all(leak(2).as_bytes()).unwrap();
    gzip.finish().unwrap();
    let files = ["--series", plain.to_str().unwrap(), "--series", packed.to_str().unwrap()];
    let (code, stdout, stderr) = backtest(&[&files[..], &["--window", "2d", "--no-history"]].concat(), "");
    assert_eq!((code, verdicts(&stdout).len()), (0, 2), "{stderr}");
    assert!(
        stderr.starts_with("2 windows of 3 series, 4.0 series-days; 1 series are shorter than a window"),
        "{stderr}"
    );
}

/// A wrong row does not hold up the good ones around it, is told by line and field, and ends with exit code 2.
#[test]
fn wrong_rows_are_told_after_the_good_ones_are_replayed() {
    let good = row("fine", 1, |i| 4096.0 + 90.0 * noise(i));
    let table = format!("{good}b\t60\t-\tMiB\tl\t1 two\nc\t60\n{good}");
    let (code, stdout, stderr) = backtest(&["--series", "-", "--window", "24h"], &table);
    assert_eq!((code, verdicts(&stdout).len()), (2, 2));
    insta::assert_snapshot!(stderr, @"
    2 windows of 2 series, 2.0 series-days
      stable              2 100.00 %
    error: standard input:2: value 2 `two` is not a number or `-`
    standard input:3: 2 fields parted by tabs where 6 are wanted: id, step in seconds, capacity or `-`, unit, label, values
    hint: a row is: id, step in seconds, capacity or `-`, unit, label, values; all other rows were replayed
    ");
}

/// Nothing judged is not nothing found.
#[test]
fn a_replay_without_a_window_is_none() {
    let (code, _, stderr) = backtest(&["--series", "-", "--window", "24h"], "# nothing\n");
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"
    0 windows of 0 series, 0.0 series-days
    error: there is no series to replay
    hint: the table is empty: is it the right file?
    ");
    let (code, _, stderr) = backtest(&["--series", "-", "--window", "9d"], &row("short", 1, |_| 5.0));
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"
    0 windows of 1 series, 0.0 series-days; 1 series are shorter than a window
    error: no series is as long as a window
    hint: set a shorter `--window`
    ");
}

#[test]
fn what_cannot_be_done_is_said_with_a_hint() {
    let cases: [&[&str]; 6] = [
        &["--series", "nowhere.tsv", "--window", "24h"],
        &["--series", "-", "--window", "0s"],
        &["--series", "-", "--window", "soon"],
        &["--series", "-", "--param", "saeson=1d"],
        &["--series", "-", "--param", "season"],
        &[],
    ];
    let mut told = String::new();
    for args in cases {
        let (code, stdout, stderr) = backtest(args, "");
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        // The list of known parameters grows more often than this test should change.
        let lines = stderr.lines().take(4).map(|l| l.split(" Known: ").next().unwrap_or(l));
        told += &format!("$ backtest {}\n{}\n", args.join(" "), lines.collect::<Vec<_>>().join("\n"));
    }
    insta::assert_snapshot!(told, @"
    $ backtest --series nowhere.tsv --window 24h
    error: cannot open nowhere.tsv: No such file or directory (os error 2)
    hint: name a table of series with `--series FILE`, or `-` for standard input
    $ backtest --series - --window 0s
    error: a window of no length holds nothing
    hint: write it like `--window 24h --every 24h`
    $ backtest --series - --window soon
    error: invalid value 'soon' for '--window <DURATION>': `soon` is not a duration; write it like `15s`, `1h30m` or `7d`

    For more information, try '--help'.
    $ backtest --series - --param saeson=1d
    error: unknown parameter `saeson`; did you mean `season`?
    hint: `patrol inspection show host-memory-leak` lists its parameters
    $ backtest --series - --param season
    error: invalid value 'season' for '--param <NAME=VALUE>': write it like `name=value`

    For more information, try '--help'.
    $ backtest 
    error: the following required arguments were not provided:
      --series <FILE>

    Usage: patrol backtest --series <FILE> <INSPECTION>
    ");
}
