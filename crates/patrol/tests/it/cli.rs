//! Sessions with the command line: what is typed, and what people see.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;

/// A configuration that uses most of what there is.
const CONFIG: &str = "\
sources:
  prom-hk:
    prometheus: { url: http://127.0.0.1:1, timeout: 2s }
  here:
    host: { data_dir: data }
inspections:
  host-memory-leak:
    sources: [prom-hk]
    window: 24h
    params:
      hosts: |
        10.0.0.1
        10.0.0.2
";

/// The program in a directory of its own, with nothing of this machine's environment.
fn patrol(dir: &Path) -> Command {
    let mut command = cargo_bin_cmd!("patrol");
    command.current_dir(dir).env_clear().env("HOME", "/home/ann");
    command
}

/// A session: each command with its output, errors marked, and its exit code when it is not 0.
fn session(dir: &Path, lines: &[&str]) -> String {
    let mut seen = String::new();
    for line in lines {
        let output = patrol(dir).args(line.split_whitespace()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let errors: String =
            text(&output.stderr).lines().map(|l| format!("! {l}").trim_end().to_string() + "\n").collect();
        let code = match output.status.code() {
            Some(0) => String::new(),
            code => format!("exit {}\n", code.unwrap_or(-1)),
        };
        seen.push_str(&format!("$ patrol {line}\n{}{errors}{code}", text(&output.stdout)));
    }
    seen
}

#[test]
fn a_configuration_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.yaml"), "sources:\n  here: { hst: }\ncollector: { interval: soon }\n").unwrap();
    let before = session(dir.path(), &["config check", "config check none.yaml", "--config bad.yaml config check"]);
    insta::assert_snapshot!(before, @r#"
        $ patrol config check
        ! error: there is no patrol.yaml in this directory
        ! hint: name one, `patrol config check FILE`; Patrol also works without
        exit 2
        $ patrol config check none.yaml
        ! error: none.yaml: cannot be read: No such file or directory (os error 2)
        !   hint: name another with `--config FILE`, or work without one; `patrol config schema` tells what it may hold
        exit 2
        $ patrol --config bad.yaml config check
        ! error: bad.yaml has 2 errors
        ! bad.yaml:2:11: unknown kind of source `hst`; did you mean `host`? Known: prometheus, host
        !   2 |   here: { hst: }
        !     |           ^^^
        !   hint: a source is written `here: { prometheus: { url: URL } }` or `here: { host: }`
        ! bad.yaml:3:24: `interval`: `soon` is not a duration; write it like `15s`, `1h30m` or `7d`
        !   3 | collector: { interval: soon }
        !     |                        ^^^^
        exit 2
        "#);
    fs::write(dir.path().join("patrol.yaml"), CONFIG).unwrap();
    insta::assert_snapshot!(session(dir.path(), &["config check", "config check patrol.yaml"]), @r#"
        $ patrol config check
        patrol.yaml: fine: 2 sources, 1 inspection
        $ patrol config check patrol.yaml
        patrol.yaml: fine: 2 sources, 1 inspection
        "#);
}

#[test]
fn a_wrong_configuration_stops_every_command_that_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("patrol.yaml"), "sourcs:\n").unwrap();
    insta::assert_snapshot!(session(dir.path(), &["source list", "inspection list", "inspect"]), @r#"
        $ patrol source list
        ! error: patrol.yaml:1:1: unknown key `sourcs`; did you mean `sources`? Known: sources, collector, profiles, inspections
        !   1 | sourcs:
        !     | ^^^^^^
        exit 2
        $ patrol inspection list
        ! error: patrol.yaml:1:1: unknown key `sourcs`; did you mean `sources`? Known: sources, collector, profiles, inspections
        !   1 | sourcs:
        !     | ^^^^^^
        exit 2
        $ patrol inspect
        ! error: patrol.yaml:1:1: unknown key `sourcs`; did you mean `sources`? Known: sources, collector, profiles, inspections
        !   1 | sourcs:
        !     | ^^^^^^
        exit 2
        "#);
}

#[test]
fn inspections_are_listed_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("patrol.yaml"), CONFIG).unwrap();
    let seen = session(dir.path(), &["inspection list", "inspection show host-memory-lek"]);
    insta::assert_snapshot!(seen, @r#"
        $ patrol inspection list
        ID                TITLE                  SCHEDULE (UTC)  ENABLED
        host-memory-leak  Memory leaks of hosts  0 * * * *       yes
        heap-growth       Growth of heaps        30 * * * *      yes
        $ patrol inspection show host-memory-lek
        ! error: unknown inspection `host-memory-lek`; did you mean `host-memory-leak`? Known: host-memory-leak, heap-growth
        ! hint: `patrol inspection list` shows them all
        exit 2
        "#);
    // The rest of the card changes with the inspection; the reference shows it.
    let card = session(dir.path(), &["inspection show host-memory-leak"]);
    let rows = |line: &&str| line.contains("patrol.yaml:") || line.starts_with(['S', 'P']) || line.contains("10.0.0.2");
    let rows: Vec<&str> = card.lines().filter(rows).collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
        Schedule    0 * * * * (UTC)
        SETTING  VALUE    FROM           KIND        WHAT IT IS
        sources  prom-hk  patrol.yaml:8  list        Names of the sources to ask; all of them when empty.
        window   1d       patrol.yaml:9  duration    How far back to look.
        PARAMETER            VALUE     FROM            KIND        WHAT IT IS
        hosts                10.0.0.1  patrol.yaml:11  list        Hosts to look at, one a line; all when
                             10.0.0.2                              empty. One that no source reports is
        "#);
}

#[test]
fn a_card_is_a_value_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("patrol.yaml"), CONFIG).unwrap();
    let output =
        patrol(dir.path()).args(["inspection", "show", "host-memory-leak", "--format", "json"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |group: &str, name: &str| {
        let all = shown[group].as_array().unwrap();
        let one = all.iter().find(|s| s["name"] == name).unwrap();
        format!("{} {} from {} unless set {}", one["kind"], one["value"], one["origin"], one["default"])
    };
    assert_eq!(of("settings", "window"), r#""duration" "1d" from "patrol.yaml:9" unless set "6h""#);
    assert_eq!(of("params", "season"), r#""duration" "1d" from "default" unless set "1d""#);
    assert_eq!(of("params", "hosts"), r#""list" "10.0.0.1\n10.0.0.2" from "patrol.yaml:11" unless set """#);
    let list = patrol(dir.path()).args(["inspection", "list", "--format", "json"]).output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((&list[0]["id"], &list[0]["enabled"]), (&"host-memory-leak".into(), &true.into()));
}

#[test]
fn sources_are_listed_and_tested() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(session(dir.path(), &["source list", "--data-dir elsewhere source list"]), @r#"
        $ patrol source list
        NAME  KIND  WHERE                          FROM
        here  host  /home/ann/.local/state/patrol  default
        $ patrol --data-dir elsewhere source list
        NAME  KIND  WHERE      FROM
        here  host  elsewhere  default
        "#);
    fs::write(dir.path().join("patrol.yaml"), CONFIG).unwrap();
    let seen = session(dir.path(), &["source list", "source test", "source test here", "source test prom"]);
    insta::assert_snapshot!(seen, @r#"
        $ patrol source list
        NAME     KIND        WHERE               FROM
        prom-hk  prometheus  http://127.0.0.1:1  patrol.yaml:2
        here     host        data                patrol.yaml:4
        $ patrol source test
        prom-hk
          failed  reach http://127.0.0.1:1: cannot connect to http://127.0.0.1:1: Connection refused (os error 111)
                  hint: check that the server runs and that `url` has its port
        here
          failed  open it: source `here`: there is no sample store in data
                  hint: let `patrol collect` run for a while first, or name its folder with `--data-dir`
        ! error: source `prom-hk` failed 1 of 1 steps, source `here` cannot be opened
        exit 2
        $ patrol source test here
        ! error: source `here`: there is no sample store in data
        ! hint: let `patrol collect` run for a while first, or name its folder with `--data-dir`
        exit 2
        $ patrol source test prom
        ! error: unknown source `prom`; known: prom-hk, here
        ! hint: `patrol source list` shows them all
        exit 2
        "#);
}

/// A server that speaks as much of the API as a test of it needs: 3 hosts, no processes, no containers, no remote read.
async fn serve(listener: std::net::TcpListener) {
    use axum::extract::Form;
    use axum::routing::{get, post};
    let query = |Form(asked): Form<std::collections::HashMap<String, String>>| async move {
        let value = match &asked["query"] {
            query if query.contains("node_memory") => Some("3"),
            query if query.contains("vector") => Some("1"),
            _ => None,
        };
        let series = value.map(|v| format!(r#"{{"metric":{{}},"values":[[{},"{v}"]]}}"#, asked["end"]));
        let data = format!(r#"{{"resultType":"matrix","result":[{}]}}"#, series.unwrap_or_default());
        format!(r#"{{"status":"success","data":{data}}}"#)
    };
    let router = axum::Router::new()
        .route("/-/ready", get(|| async { "ready" }))
        .route("/api/v1/status/buildinfo", get(|| async { r#"{"status":"success","data":{"version":"1.2.3"}}"# }))
        .route("/api/v1/query_range", post(query));
    axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await.unwrap();
}

#[test]
fn a_server_is_tested_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(serve(listener));
    let seen = session(dir.path(), &[&format!("source test --prometheus {url}")]);
    insta::assert_snapshot!(seen.replace(&url, "URL"), @r#"
        $ patrol source test --prometheus URL
        prometheus
          ok      reach URL: ready
          ok      GET /api/v1/status/buildinfo: version 1.2.3
          ok      POST /api/v1/read (remote read): not there (404 Not Found); range queries are used instead
          ok      POST /api/v1/query_range (range query): works
          ok      series of node_exporter (host.memory.available): 3 series in the last 5m
          ok      series of process-exporter (process.memory.resident): no series in the last 5m, so findings go without
                  hint: let the server scrape process-exporter, or give the expression of `process.memory.resident` under `signals` if its metrics are renamed
          ok      series of cAdvisor (container.memory.working_set): no series in the last 5m, so findings go without
                  hint: let the server scrape cAdvisor, or give the expression of `container.memory.working_set` under `signals` if its metrics are renamed
        "#);
}

#[test]
fn slips_of_the_keyboard_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(session(dir.path(), &["inspectoin list", "config chek", "source test --promtheus x"]), @r#"
        $ patrol inspectoin list
        ! error: unrecognized subcommand 'inspectoin'
        !
        !   tip: some similar subcommands exist: 'inspect', 'inspection'
        !
        ! Usage: patrol [OPTIONS] <COMMAND>
        !
        ! For more information, try '--help'.
        exit 2
        $ patrol config chek
        ! error: unrecognized subcommand 'chek'
        !
        !   tip: some similar subcommands exist: 'schema', 'check'
        !
        ! Usage: patrol config [OPTIONS] <COMMAND>
        !
        ! For more information, try '--help'.
        exit 2
        $ patrol source test --promtheus x
        ! error: unexpected argument '--promtheus' found
        !
        !   tip: a similar argument exists: '--prometheus'
        !
        ! Usage: patrol source test --prometheus <URL> [NAME]...
        !
        ! For more information, try '--help'.
        exit 2
        "#);
}

/// A window of thousands of years has cells of years: everything in it would look calm.
#[test]
fn windows_in_which_nothing_was_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        "inspect --prometheus http://127.0.0.1:1 --window 999999w",
        "inspect --prometheus http://127.0.0.1:1 --at 1970-01-01T00:00:00Z",
        "inspect --prometheus http://127.0.0.1:1 --at 2100-01-01T00:00:00Z",
    ];
    insta::assert_snapshot!(session(dir.path(), &lines), @"
        $ patrol inspect --prometheus http://127.0.0.1:1 --window 999999w
        ! error: a window of 6999993d would start before 1970, when there was nothing to see
        ! hint: set a shorter `--window` or a later `--at`
        exit 2
        $ patrol inspect --prometheus http://127.0.0.1:1 --at 1970-01-01T00:00:00Z
        ! error: a window of 6h would start before 1970, when there was nothing to see
        ! hint: set a shorter `--window` or a later `--at`
        exit 2
        $ patrol inspect --prometheus http://127.0.0.1:1 --at 2100-01-01T00:00:00Z
        ! error: the window ends in the future
        ! hint: leave `--at` out to look at now
        exit 2
        ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["completion", "bash"][..], &["config", "schema"], &["inspection", "list"]] {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("patrol"));
        command.args(arguments).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {:?}: {errors}", output.status);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, sign) in [("bash", "complete -F _patrol"), ("zsh", "#compdef patrol"), ("fish", "complete -c patrol")] {
        let output = patrol(dir.path()).args(["completion", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains(sign) && script.contains("inspection"), "{shell}");
    }
}

#[test]
fn pipes_and_files_get_no_colour() {
    let dir = tempfile::tempdir().unwrap();
    let coloured = |settings: &[(&str, &str)]| {
        let mut command = patrol(dir.path());
        command.args(["source", "test", "--prometheus", "http://127.0.0.1:1"]).envs(settings.iter().copied());
        let output = command.output().unwrap();
        output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
}

/// A store from a machine whose clock was beyond reason: nothing can be judged, and that is said.
#[tokio::test]
async fn a_record_from_the_beginning_of_time_is_no_reason_to_panic() {
    use model::labels::Labels;
    use model::signal::Signal;
    use store::samples::{Sample, SampleStore, Settings};
    let dir = tempfile::tempdir().unwrap();
    let store = SampleStore::open(&dir.path().join("data"), Settings::default()).await.unwrap();
    let labels = Labels::from([("host", "a")]);
    for (at, value) in [(i64::MIN, 1.0), (i64::MAX, 2.0)] {
        let sample = Sample { signal: Signal::HostMemoryAvailable, labels: labels.clone(), value };
        store.append(at, &[sample]).await.unwrap();
    }
    store.close().await.unwrap();
    for line in ["--data-dir data inspect", "--data-dir data source test"] {
        let seen = session(dir.path(), &[line]);
        assert!(!seen.contains("panicked"), "{seen}");
    }
    assert!(session(dir.path(), &["--data-dir data inspect"]).ends_with("exit 2\n"));
}
