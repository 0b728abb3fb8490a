//! The fleet of `bench/fleet.sh`: its history as OpenMetrics, a remote-read request for all of it, and our own fetch.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::time::Instant;

use model::query::Query;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use prost::Message;
use sources::Source;
use sources::prometheus::{Prometheus, Protocol, Settings};

/// Distance of scrapes.
const SCRAPE: Time = 30_000;

/// `ReadRequest` for one metric by name, in frames of chunks.
#[derive(Clone, PartialEq, Message)]
struct ReadRequest {
    #[prost(message, repeated, tag = "1")]
    queries: Vec<ReadQuery>,
    #[prost(int32, repeated, tag = "2")]
    accepted: Vec<i32>,
}

/// `Query`.
#[derive(Clone, PartialEq, Message)]
struct ReadQuery {
    #[prost(int64, tag = "1")]
    start: i64,
    #[prost(int64, tag = "2")]
    end: i64,
    #[prost(message, repeated, tag = "3")]
    matchers: Vec<LabelMatcher>,
}

/// `LabelMatcher` by equality.
#[derive(Clone, PartialEq, Message)]
struct LabelMatcher {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    value: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["history", series, to] => history(series.parse()?, to.parse()?),
        ["request", to] => request(to.parse()?),
        ["fetch", url, protocol, to] => fetch(url, protocol, to.parse()?),
        _ => Err("fleet history SERIES TO | fleet request TO | fleet fetch URL auto|range TO (ms since 1970)".into()),
    }
}

/// Six hours at a minute, as an inspection asks.
fn window(to: Time) -> Result<Window, String> {
    Window::ending(to, Span::from_hours(6), Span::from_mins(1))
}

/// Available memory of many hosts that wander, in whole pages, a sample a scrape.
fn history(series: u64, to: Time) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    writeln!(out, "# TYPE node_memory_MemAvailable_bytes gauge")?;
    let from = window(to)?.from;
    for host in 0..series {
        let mut noise = host + 1;
        let mut pages = 2_000_000;
        for at in (from + 1 + (host as Time * 7) % SCRAPE..=to).step_by(SCRAPE as usize) {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pages += (noise >> 52) as i64 - 2_048;
            let (a, b) = (host / 250, host % 250);
            writeln!(
                out,
                "node_memory_MemAvailable_bytes{{instance=\"10.0.{a}.{b}:9100\",job=\"node\"}} {} {}.{:03}",
                pages * 4096,
                at / 1000,
                at % 1000
            )?;
        }
    }
    // What an inspection needs besides: how much there is in all.
    writeln!(out, "# TYPE node_memory_MemTotal_bytes gauge")?;
    for host in 0..series {
        for at in (from + 1..=to).step_by(SCRAPE as usize) {
            let (a, b) = (host / 250, host % 250);
            let labels = format!("instance=\"10.0.{a}.{b}:9100\",job=\"node\"");
            writeln!(out, "node_memory_MemTotal_bytes{{{labels}}} 16e9 {}.{:03}", at / 1000, at % 1000)?;
        }
    }
    Ok(writeln!(out, "# EOF")?)
}

/// The body `curl` sends to `/api/v1/read`.
fn request(to: Time) -> Result<(), Box<dyn Error>> {
    let name = LabelMatcher { name: "__name__".into(), value: "node_memory_MemAvailable_bytes".into() };
    let query = ReadQuery { start: window(to)?.from + 1, end: to, matchers: vec![name] };
    let body = ReadRequest { queries: vec![query], accepted: vec![1] }.encode_to_vec();
    Ok(std::io::stdout().write_all(&snap::raw::Encoder::new().compress_vec(&body)?)?)
}

/// Our own fetch, timed within the program as well.
fn fetch(url: &str, protocol: &str, to: Time) -> Result<(), Box<dyn Error>> {
    let protocol = if protocol == "range" { Protocol::Range } else { Protocol::RemoteRead };
    let source = Prometheus::new("fleet", Settings { protocol, ..Settings::at(url) })?;
    let query = Query { signal: Signal::HostMemoryAvailable, only: Vec::new(), window: window(to)? };
    let started = Instant::now();
    let answer = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(source.fetch(&query));
    let answer = answer.map_err(|gap| gap.to_string())?;
    let samples: usize = answer.series.iter().map(|s| s.samples()).sum();
    let took = started.elapsed().as_secs_f64();
    println!("{} series, {samples} cells with samples, {took:.3} s, notes {:?}", answer.series.len(), answer.notes);
    Ok(())
}
