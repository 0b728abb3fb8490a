//! History in real servers: remote read, range queries and other servers have to agree on every cell.

use std::fmt::Write;

use model::query::Answer;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use sources::Source;
use sources::prometheus::{Prometheus, Protocol, Settings};

use super::real::{Server, blocks, plain};
use super::{TO, ask, cells, fetch, window};

/// A sample of the history: metric, labels, time in ms, value.
type Sample = (&'static str, String, Time, f64);

/// Six hours of two exporters, with everything a real server has: scrapes out of step with the minute and exactly on
/// it, gaps, hosts on one address, names that need escaping, duplicates, infinities, values with many digits.
fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    let hosts = [
        ("10.0.0.1:9100", "node", 7),
        ("10.0.0.2:9100", "node", 0),
        ("10.0.0.3:9100", "node", 14_999),
        ("10.0.0.3:9101", "node", 3),
        ("10.0.0.4:9100", "node", 1),
        ("10.0.0.4:9100", "again", 2),
        ("[::1]:9100", "node", 60),
        ("a \"b\" \\ c", "node", 100),
    ];
    for (host, (instance, job, offset)) in hosts.into_iter().enumerate() {
        let labels = format!("instance={instance:?},job={job:?}");
        let mut noise = host as u64 + 1;
        for scrape in 0..6 * 240 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let gap = (300..340).contains(&scrape) || noise >> 60 == 0 || (job == "again" && scrape % 3 > 0);
            let at = TO - Span::from_hours(6).millis() + scrape * 15_000 + offset;
            let value = 8e9 - scrape as f64 * 1e5 + (noise >> 40) as f64 * 4096.0;
            if !gap {
                let value = if instance.starts_with('[') && scrape % 50 == 49 { f64::INFINITY } else { value };
                all.push(("node_memory_MemAvailable_bytes", labels.clone(), at, value));
                all.push(("node_memory_Cached_bytes", labels.clone(), at, value / 3.0));
                all.push(("node_memory_Buffers_bytes", labels.clone(), at, 1e6));
            }
            if host < 2 && !gap {
                let pod = format!("container=\"c\",namespace=\"n\",pod=\"p{host}\",{labels}");
                all.push(("container_memory_working_set_bytes", pod, at, value));
                let docker = format!("name=\"d{host}\",{labels}");
                all.push(("container_memory_working_set_bytes", docker, at, value + 1.0));
                let sandbox = format!("container=\"POD\",namespace=\"n\",pod=\"p{host}\",{labels}");
                all.push(("container_memory_working_set_bytes", sandbox, at, 1.0));
            }
        }
    }
    all
}

/// Samples as OpenMetrics, which wants those of a metric together.
fn open_metrics(samples: &[Sample]) -> String {
    let mut sorted: Vec<&Sample> = samples.iter().collect();
    sorted.sort_by_key(|(metric, _, _, _)| *metric);
    let mut text = String::new();
    let mut last = "";
    for (metric, labels, at, value) in sorted {
        if *metric != last {
            writeln!(text, "# TYPE {metric} gauge").unwrap();
            last = metric;
        }
        let number = if value.is_infinite() { "+Inf".to_string() } else { format!("{value:?}") };
        writeln!(text, "{metric}{{{labels}}} {number} {}.{:03}", at / 1000, at % 1000).unwrap();
    }
    text + "# EOF\n"
}

/// Samples as Prometheus text, for VictoriaMetrics.
fn text(samples: &[Sample]) -> String {
    samples.iter().map(|(metric, labels, at, value)| format!("{metric}{{{labels}}} {value:?} {at}\n")).collect()
}

/// A Prometheus with the history. As in the field it has external labels, which only remote read shows.
async fn prometheus(extra: &[&str]) -> Option<Server> {
    let folder = tempfile::tempdir().unwrap();
    if !blocks(folder.path(), &open_metrics(&samples())) {
        return None;
    }
    Server::prometheus(folder, extra, "  external_labels: {cluster: hk, prometheus_replica: a}").await
}

/// A VictoriaMetrics with the history.
async fn victoria() -> Option<Server> {
    let server = Server::victoria().await?;
    for samples in samples().chunks(20_000) {
        let url = format!("{}/api/v1/import/prometheus", server.url);
        let sent = plain().post(url).body(text(samples)).send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
    }
    plain().get(format!("{}/internal/force_flush", server.url)).send().await.unwrap();
    Some(server)
}

/// The grid computed from the samples by the definition: of those in a cell the last one, hosts named by hand.
fn expected(window: &Window, metric: &str, instance: &str, job: &str) -> Vec<f64> {
    let labels = format!("instance={instance:?},job={job:?}");
    let mut row = vec![f64::NAN; window.cells()];
    for (_, _, at, value) in samples().iter().filter(|(m, l, _, _)| *m == metric && *l == labels) {
        if let Some(cell) = window.cell(*at) {
            row[cell] = if value.is_infinite() { f64::NAN } else { *value };
        }
    }
    row
}

fn by(url: &str, protocol: Protocol) -> Settings {
    Settings { protocol, ..Settings::at(url) }
}

/// The row of a host.
fn row<'a>(answer: &'a Answer, host: &str) -> Option<&'a [f64]> {
    answer.series.iter().find(|s| s.labels.get("host") == Some(host)).map(|s| s.values)
}

/// Two answers have the same series with the same cells.
fn same(one: &Answer, other: &Answer) {
    let (one_cells, other_cells) = (cells(one), cells(other));
    assert!(one_cells.keys().eq(other_cells.keys()), "{:?} {:?}", one_cells.keys(), other_cells.keys());
    for (labels, row) in &one_cells {
        let first = row.iter().zip(&other_cells[labels]).position(|(a, b)| a != b);
        assert_eq!(first, None, "first different cell of {labels} in {:?}", one.series.window());
    }
}

/// Windows that show different things: steps above and below the distance of scrapes, one that is not whole minutes,
/// and one of more points than a server gives at once.
fn windows() -> [Window; 4] {
    [
        window(Span::from_hours(6), Span::from_mins(1)),
        window(Span::from_hours(5), Span::from_secs(30)),
        window(Span::from_hours(6), Span::from_millis(47_001)),
        window(Span::from_hours(6), Span::from_millis(1_900)),
    ]
}

#[tokio::test]
async fn remote_read_and_range_queries_of_prometheus_agree_with_the_samples() {
    let Some(server) = prometheus(&[]).await else { return };
    for window in windows() {
        let read = ask(by(&server.url, Protocol::RemoteRead), Signal::HostMemoryAvailable, "", window).await.unwrap();
        let range = ask(by(&server.url, Protocol::Range), Signal::HostMemoryAvailable, "", window).await.unwrap();
        same(&read, &range);
        assert_eq!(read.notes, range.notes);
        assert!(read.notes[0].starts_with("infinite values are left out"), "{:?}", read.notes);
        assert!(read.notes[1].contains("1 series are there more than once"), "{:?}", read.notes);
        assert_eq!(read.series.len(), 7);
        let metric = "node_memory_MemAvailable_bytes";
        for (host, instance) in [
            ("10.0.0.1", "10.0.0.1:9100"),
            ("10.0.0.2", "10.0.0.2:9100"),
            ("10.0.0.3:9100", "10.0.0.3:9100"),
            ("10.0.0.3:9101", "10.0.0.3:9101"),
            ("10.0.0.4", "10.0.0.4:9100"),
            ("[::1]", "[::1]:9100"),
            ("a \"b\" \\ c", "a \"b\" \\ c"),
        ] {
            let found = row(&read, host).unwrap_or_else(|| panic!("{host}: {:?}", cells(&read).keys()));
            let wanted = expected(&window, metric, instance, "node");
            assert_eq!(format!("{found:?}"), format!("{wanted:?}"), "{host} {window:?}");
        }
    }
}

#[tokio::test]
async fn the_older_kind_of_answer_gives_the_same() {
    let Some(server) = prometheus(&[]).await else { return };
    let stream =
        ask(by(&server.url, Protocol::RemoteRead), Signal::HostMemoryAvailable, "", windows()[0]).await.unwrap();
    // Ask as an old client does, which knows one kind of answer only, and decode that.
    let body = super::fake::samples_request("node_memory_MemAvailable_bytes", &windows()[0]);
    let request = plain().post(format!("{}/api/v1/read", server.url)).body(body);
    let answer = request.header("Content-Encoding", "snappy").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
    let set = sources::prometheus::decode::samples(&answer.bytes().await.unwrap(), &windows()[0]).unwrap();
    assert_eq!(set.len(), 8);
    assert_eq!(set.get(0).labels.get("cluster"), Some("hk"));
    for series in set.iter().filter(|s| s.labels.get("job") == Some("node")) {
        let instance = series.labels.get("instance");
        let same = stream.series.iter().find(|s| s.labels.get("instance") == instance).unwrap();
        let finite: Vec<f64> = series.values.iter().map(|v| if v.is_infinite() { f64::NAN } else { *v }).collect();
        assert_eq!(format!("{finite:?}"), format!("{:?}", same.values));
    }
}

#[tokio::test]
async fn frames_that_cut_a_series_in_two_are_put_together() {
    let (Some(small), Some(usual)) =
        (prometheus(&["--storage.remote.read-max-bytes-in-frame=2000"]).await, prometheus(&[]).await)
    else {
        return;
    };
    let read = async |server: &Server| {
        let settings = by(&server.url, Protocol::RemoteRead);
        cells(&ask(settings, Signal::HostMemoryAvailable, "", windows()[0]).await.unwrap())
    };
    assert_eq!(read(&small).await, read(&usual).await);
}

#[tokio::test]
async fn victoria_metrics_agrees_with_prometheus() {
    let (Some(one), Some(other)) = (prometheus(&[]).await, victoria().await) else { return };
    let source = Prometheus::new("vm", Settings::at(&other.url)).unwrap();
    for window in windows() {
        for signal in [Signal::HostMemoryAvailable, Signal::ContainerWorkingSet] {
            let ours = ask(by(&one.url, Protocol::RemoteRead), signal, "", window).await.unwrap();
            let theirs = fetch(&source, signal, "", window).await.unwrap();
            same(&ours, &theirs);
            assert!(theirs.origin.query.starts_with("last_over_time("), "{}", theirs.origin.query);
        }
    }
    insta::assert_snapshot!(said(source.test(TO).await, &other), @r#"
    ok reach http://ADDRESS: ready
    ok GET /api/v1/status/buildinfo: does not say its version
    ok POST /api/v1/read (remote read): not there (400 Bad Request: remoteAddr: "US"; requestURI: /api/v1/read; unsupported path requested: "/api/v1/read"); range queries are used instead
    ok POST /api/v1/query_range (range query): works
    ok series of node_exporter (host.memory.available): 8 series in the last 5m
    ok series of process-exporter (process.memory.resident): no series in the last 5m, so findings go without
       hint: let the server scrape process-exporter, or give the expression of `process.memory.resident` under `signals` if its metrics are renamed
    ok series of cAdvisor (container.memory.working_set): 4 series in the last 5m
    "#);
}

#[tokio::test]
async fn conditions_find_their_hosts_on_every_path() {
    let (Some(one), Some(other)) = (prometheus(&[]).await, victoria().await) else { return };
    for settings in [by(&one.url, Protocol::RemoteRead), by(&one.url, Protocol::Range), Settings::at(&other.url)] {
        let source = Prometheus::new("p", settings).unwrap();
        for (only, hosts) in [
            (r#"{host="10.0.0.1"}"#, vec!["10.0.0.1"]),
            (r#"{host="10.0.0.1:9256"}"#, vec!["10.0.0.1:9256"]),
            (r#"{host="10.0.0.3"}"#, vec!["10.0.0.3:9100", "10.0.0.3:9101"]),
            (r#"{host="10.0.0.3:9101"}"#, vec!["10.0.0.3:9101"]),
            (r#"{host="[::1]"}"#, vec!["[::1]"]),
            (r#"{host="a \"b\" \\ c"}"#, vec!["a \"b\" \\ c"]),
            (r#"{host=~"10.0.0.[12]"}"#, vec!["10.0.0.1", "10.0.0.2"]),
            (r#"{host!~"10.*",host!="[::1]"}"#, vec!["a \"b\" \\ c"]),
            (r#"{job="again"}"#, vec!["10.0.0.4"]),
            (r#"{host="10.0.0"}"#, vec![]),
        ] {
            let answer = fetch(&source, Signal::HostMemoryAvailable, only, windows()[0]).await.unwrap();
            let mut found: Vec<&str> = answer.series.iter().filter_map(|s| s.labels.get("host")).collect();
            found.sort();
            assert_eq!(found, hosts, "{only}: {}", answer.origin.query);
        }
        let sum = fetch(&source, Signal::HostMemoryCached, r#"{host="10.0.0.1"}"#, windows()[0]).await.unwrap();
        assert_eq!(sum.series.len(), 1);
        assert!(sum.series.get(0).samples() > 300);
        let containers =
            fetch(&source, Signal::ContainerWorkingSet, r#"{container="d1"}"#, windows()[0]).await.unwrap();
        assert_eq!(containers.series.len(), 1);
        assert_eq!(containers.series.get(0).labels.get("host"), Some("10.0.0.2"));
    }
}

#[tokio::test]
async fn a_recording_rule_can_stand_for_a_signal() {
    let Some(server) = prometheus(&[]).await else { return };
    let signals = [("host.memory.free", r#"sum by (instance) (node_memory_Cached_bytes{job="node"})"#)];
    let signals = signals.map(|(k, v)| (k.to_string(), v.to_string())).into();
    let settings = Settings { signals, ..Settings::at(&server.url) };
    let answer = ask(settings, Signal::HostMemoryFree, r#"{host="10.0.0.2"}"#, windows()[0]).await.unwrap();
    insta::assert_snapshot!(answer.origin.query, @r#"sum by (instance) (node_memory_Cached_bytes{instance=~"10\\.0\\.0\\.2(:[0-9]+)?",job="node"})"#);
    assert_eq!(answer.series.len(), 1);
    assert_eq!(answer.series.get(0).labels.to_string(), r#"host="10.0.0.2", instance="10.0.0.2:9100""#);
}

#[tokio::test]
async fn the_words_of_prometheus_itself_are_in_the_gap() {
    let Some(server) = prometheus(&["--query.max-samples=1000"]).await else { return };
    let gap = ask(by(&server.url, Protocol::Range), Signal::HostMemoryAvailable, "", windows()[0]).await.unwrap_err();
    insta::assert_snapshot!(format!("{gap}\n{}", gap.hint.as_deref().unwrap_or_default()), @r#"
    source `prom`: cannot read `host.memory.available`: 422 Unprocessable Entity: execution: query processing would load too many samples into memory in query execution
    ask for fewer hosts, a shorter window or a longer step
    "#);
}

#[tokio::test]
async fn the_self_test_tells_what_is_there() {
    let Some(server) = prometheus(&[]).await else { return };
    let source = Prometheus::new("prom", Settings::at(&server.url)).unwrap();
    insta::assert_snapshot!(said(source.test(TO).await, &server), @r#"
    ok reach http://ADDRESS: ready
    ok GET /api/v1/status/buildinfo: version V
    ok POST /api/v1/read (remote read): works
    ok POST /api/v1/query_range (range query): works
    ok series of node_exporter (host.memory.available): 8 series in the last 5m
    ok series of process-exporter (process.memory.resident): no series in the last 5m, so findings go without
       hint: let the server scrape process-exporter, or give the expression of `process.memory.resident` under `signals` if its metrics are renamed
    ok series of cAdvisor (container.memory.working_set): 4 series in the last 5m
    "#);
}

/// The steps of a self-test as text, without what differs from run to run.
fn said(steps: Vec<sources::Step>, server: &Server) -> String {
    let line = |step: &sources::Step| {
        let (mark, words) = match &step.outcome {
            Ok(words) => ("ok", words),
            Err(words) => ("--", words),
        };
        let hint = step.hint.iter().map(|h| format!("\n   hint: {h}")).collect::<String>();
        format!("{mark} {}: {words}{hint}\n", step.tried).replace(server.address(), "ADDRESS")
    };
    let text: String = steps.iter().map(line).collect();
    let text = regex::Regex::new("(version )[0-9.a-z+-]+").unwrap().replace(&text, "${1}V").into_owned();
    regex::Regex::new(r#"(remoteAddr: ")[^"]+"#).unwrap().replace(&text, "${1}US").into_owned()
}
