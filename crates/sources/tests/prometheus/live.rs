//! Real exporters, scraped live by a real Prometheus.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::query::Answer;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use sources::Source;
use sources::prometheus::{Prometheus, Settings};
use tokio::time::Instant;

use super::fake::{Fake, Seen, block, samples};
use super::real::{Server, installed, plain};
use super::{TO, fetch};

/// The clock.
fn now() -> Time {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as Time
}

/// Asks until there are series, for a minute at the most.
async fn soon(source: &Prometheus, signal: Signal, only: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let window = Window::ending(now(), Span::from_mins(1), Span::from_secs(1)).unwrap();
        let answer = fetch(source, signal, only, window).await.unwrap();
        if !answer.series.is_empty() {
            return answer;
        }
        assert!(Instant::now() < deadline, "no series of {} within a minute", signal.name());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn this_host_and_its_processes_are_seen_through_their_exporters() {
    let (Some(node), Some(process)) = (installed("prometheus-node-exporter"), installed("prometheus-process-exporter"))
    else {
        return;
    };
    let folder = || tempfile::tempdir().unwrap();
    let node =
        Server::start(&node, folder(), "/metrics", |_, address| vec![format!("--web.listen-address={address}")]).await;
    let processes = folder();
    let names = "process_names: [{name: '{{.Comm}}', cmdline: ['.+']}]";
    std::fs::write(processes.path().join("names.yml"), names).unwrap();
    let process = Server::start(&process, processes, "/metrics", |folder, address| {
        let config = folder.join("names.yml");
        // What is not asked for takes a busy machine longer than a scrape may.
        let less = ["-threads=false", "-gather-smaps=false"].map(str::to_string);
        [&less[..], &[format!("-web.listen-address={address}"), format!("-config.path={}", config.display())]].concat()
    })
    .await;
    let job = |job: &str, server: &Server| {
        format!("- {{job_name: {job}, static_configs: [{{targets: ['{}']}}]}}\n", server.address())
    };
    let config = format!("scrape_configs:\n{}{}", job("node", &node), job("process", &process));
    let Some(server) = Server::prometheus(folder(), &[], &config).await else { return };
    let source = Prometheus::new("prom", Settings::at(&server.url)).unwrap();

    let available = soon(&source, Signal::HostMemoryAvailable, "").await;
    let total = soon(&source, Signal::HostMemoryTotal, "").await;
    let host = available.series.get(0).labels.get("host").unwrap().to_string();
    assert_eq!(host, "127.0.0.1");
    let (available, total) = (available.series.get(0).last().unwrap().1, total.series.get(0).last().unwrap().1);
    assert!(0.0 < available && available < total, "{available} of {total}");
    for signal in [Signal::HostMemoryCached, Signal::HostMemoryKernel, Signal::HostBootTime, Signal::HostSwapFree] {
        assert_eq!(soon(&source, signal, "").await.series.len(), 1, "{}", signal.name());
    }

    // The processes of a host that is named with the port of its node exporter are found under another port.
    for asked in [host.as_str(), node.address()] {
        let processes = soon(&source, Signal::ProcessResident, &format!("{{host={asked:?}}}")).await;
        let ours = processes.series.iter().find(|s| s.labels.get("process") == Some("prometheus"));
        let ours = ours.unwrap_or_else(|| panic!("{:?}", processes.notes));
        assert_eq!(ours.labels.get("host"), Some(asked));
        assert!(ours.last().unwrap().1 > 1e6);
    }
    assert!(
        soon(&source, Signal::ProcessCount, r#"{process="prometheus"}"#).await.series.get(0).last().unwrap().1 >= 1.0
    );

    let steps = source.test(now()).await;
    let failed: Vec<_> = steps.iter().filter(|s| s.outcome.is_err()).map(|s| s.tried.as_str()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// What our fake server sends is what a real Prometheus takes for an answer to its own remote read.
#[tokio::test]
async fn the_fake_server_is_read_by_a_real_prometheus() {
    let body = samples(&[("__name__", "m"), ("instance", "a:9100")], &[(TO - 60_000, 1.0), (TO - 30_000, 2.5)]);
    let fake = Fake::start(move |_: &Seen| block(body.clone())).await;
    let config = format!("remote_read: [{{url: '{}/api/v1/read', read_recent: true}}]", fake.url);
    let Some(server) = Server::prometheus(tempfile::tempdir().unwrap(), &[], &config).await else { return };
    let page = format!("{}/api/v1/query?query=m[5m]&time={}", server.url, TO / 1000);
    let answer = plain().get(page).send().await.unwrap().text().await.unwrap();
    assert!(
        answer.contains(r#"{"__name__":"m","instance":"a:9100"},"values":[[1699999140,"1"],[1699999170,"2.5"]]"#),
        "{answer}"
    );
    assert_eq!(fake.lines(), ["POST /api/v1/read"]);
}
