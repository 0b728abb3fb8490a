//! Answers of a Prometheus onto the grid: nanoseconds a sample by remote read (both kinds) and by range query.
//!
//! 500 series of 6 h at 30 s onto a grid of a minute, as an inspection asks; decoding only, no server.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::chunk::XorAppender;
use model::time::{Span, Time, Window};
use prost::Message;
use sources::prometheus::decode;

const SERIES: usize = 500;
const SCRAPE: Time = 30_000;
/// Samples a chunk, as Prometheus cuts them.
const CHUNK: usize = 120;

/// `ChunkedReadResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, repeated, tag = "1")]
    series: Vec<Series>,
}

/// `ChunkedSeries`.
#[derive(Clone, PartialEq, Message)]
struct Series {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    chunks: Vec<Chunk>,
}

/// `TimeSeries`.
#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

/// `QueryResult`.
#[derive(Clone, PartialEq, Message)]
struct Result {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

/// `ReadResponse`.
#[derive(Clone, PartialEq, Message)]
struct Results {
    #[prost(message, repeated, tag = "1")]
    results: Vec<Result>,
}

/// `Label`.
#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `Chunk`.
#[derive(Clone, PartialEq, Message)]
struct Chunk {
    #[prost(int64, tag = "1")]
    first: i64,
    #[prost(int64, tag = "2")]
    last: i64,
    #[prost(int32, tag = "3")]
    encoding: i32,
    #[prost(bytes = "vec", tag = "4")]
    data: Vec<u8>,
}

/// `Sample`.
#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    at: i64,
}

fn window() -> Window {
    Window { from: 0, to: Span::from_hours(6).millis(), step: Span::from_mins(1) }
}

fn labels(host: usize) -> Vec<Label> {
    let label = |name: &str, value: String| Label { name: name.into(), value };
    vec![
        label("__name__", "node_memory_MemAvailable_bytes".into()),
        label("instance", format!("10.0.{}.{}:9100", host / 250, host % 250)),
        label("job", "node".into()),
    ]
}

/// Memory that wanders in whole pages.
fn samples(host: usize) -> Vec<(Time, f64)> {
    let (mut noise, mut pages) = (host as u64 + 1, 2_000_000);
    let mut value = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        pages += (noise >> 52) as i64 - 2_048;
        (pages * 4096) as f64
    };
    (1 + host as Time * 7..=window().to).step_by(SCRAPE as usize).map(|at| (at, value())).collect()
}

/// Frames of a series each.
fn stream() -> Vec<u8> {
    let mut out = Vec::new();
    for host in 0..SERIES {
        let chunk = |samples: &[(Time, f64)]| {
            let mut appender = XorAppender::new();
            // A chunk's worth fits.
            samples.iter().for_each(|(at, value)| appender.push(*at, *value).unwrap_or_default());
            Chunk { first: samples[0].0, last: samples[samples.len() - 1].0, encoding: 1, data: appender.to_bytes() }
        };
        let series = Series { labels: labels(host), chunks: samples(host).chunks(CHUNK).map(chunk).collect() };
        let message = Response { series: vec![series] }.encode_to_vec();
        prost::encoding::encode_varint(message.len() as u64, &mut out);
        out.extend(crc32c::crc32c(&message).to_be_bytes());
        out.extend(message);
    }
    out
}

/// The older answer.
fn block() -> Vec<u8> {
    let series = |host| TimeSeries {
        labels: labels(host),
        samples: samples(host).into_iter().map(|(at, value)| Sample { value, at }).collect(),
    };
    let results = Results { results: vec![Result { series: (0..SERIES).map(series).collect() }] };
    snap::raw::Encoder::new().compress_vec(&results.encode_to_vec()).unwrap_or_default()
}

/// A range query's answer: a value a cell.
fn json() -> Vec<u8> {
    let mut out = String::from(r#"{"status":"success","data":{"resultType":"matrix","result":["#);
    for host in 0..SERIES {
        let pairs: Vec<String> = labels(host).iter().map(|l| format!("{:?}:{:?}", l.name, l.value)).collect();
        let values: Vec<String> =
            samples(host).chunks(2).map(|two| format!("[{},\"{}\"]", (two[0].0 / 60_000 + 1) * 60, two[0].1)).collect();
        let comma = if host == 0 { "" } else { "," };
        let _ = write!(out, r#"{comma}{{"metric":{{{}}},"values":[{}]}}"#, pairs.join(","), values.join(","));
    }
    (out + "]}}").into_bytes()
}

fn decoding(c: &mut Criterion) {
    let (window, stream, block, json) = (window(), stream(), block(), json());
    let count = (SERIES * samples(0).len()) as u64;
    let mut group = c.benchmark_group("prometheus");
    group.throughput(Throughput::Elements(count));
    group.bench_function("streamed chunks, in pieces of 16 KiB", |b| {
        b.iter(|| decode::stream(black_box(&stream).chunks(16 << 10), &window).map(|set| set.len()))
    });
    group.bench_function("snappy block of samples", |b| {
        b.iter(|| decode::samples(black_box(&block), &window).map(|set| set.len()))
    });
    group.throughput(Throughput::Elements(count / 2));
    group.bench_function("range query, JSON", |b| {
        b.iter(|| decode::range(black_box(&json), &window).map(|set| set.len()))
    });
    group.finish();
}

criterion_group!(benches, decoding);
criterion_main!(benches);
