//! The sample store: a day of 1,000 series in CPU seconds, memory and disk (`-- day`), and what a scrape, a read and
//! opening cost.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput};
use model::labels::Labels;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use store::samples::{Sample, SampleStore, Settings, StoreError};
use tokio::runtime::Runtime;

/// Series of the collector of a host with some 250 processes.
const SERIES: u64 = 1_000;
/// Scrapes a day, one every 15 s.
const DAY: i64 = 5_760;
const START: Time = 1_763_424_000_000;
const SIGNALS: [Signal; 4] =
    [Signal::ProcessResident, Signal::ProcessAnonymous, Signal::ProcessShared, Signal::ProcessSwap];

/// Memory as processes have it: random walks in pages.
struct Walk {
    samples: Vec<Sample>,
    seed: u64,
}

impl Walk {
    fn new() -> Walk {
        let mut walk = Walk { samples: Vec::new(), seed: 0x9e37_79b9_7f4a_7c15 };
        for series in 0..SERIES {
            let pid = (series / 4 + 1).to_string();
            let labels = [("host", "bench"), ("process", "java"), ("pid", &pid), ("start", "1763000000")];
            let value = ((10_000 + walk.below(100_000)) * 4096) as f64;
            walk.samples.push(Sample { signal: SIGNALS[series as usize % 4], labels: Labels::from(labels), value });
        }
        walk
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % limit
    }

    fn step(&mut self) -> &[Sample] {
        for series in 0..self.samples.len() {
            let pages = self.below(65) as f64 - 32.0;
            self.samples[series].value = (self.samples[series].value + pages * 4096.0).max(4096.0);
        }
        &self.samples
    }
}

/// User and system time of this process in seconds, to a hundredth.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Most memory this process has had resident, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

async fn write(store: &SampleStore, walk: &mut Walk, scrapes: std::ops::Range<i64>) -> Result<(), StoreError> {
    for turn in scrapes {
        store.append(START + turn * 15_000, walk.step()).await?;
    }
    Ok(())
}

/// The last `hours` of a day, a cell a minute.
fn last(hours: i64) -> Window {
    let window = Window::ending(START + (DAY - 1) * 15_000, Span::from_hours(hours), Span::from_mins(1));
    window.expect("a window of minutes")
}

/// A whole day, written as fast as it goes, and what it took.
async fn day(dir: &Path) -> Result<(), StoreError> {
    let mut walk = Walk::new();
    let (idle, empty) = (cpu(), peak());
    for _ in 0..DAY {
        black_box(walk.step());
    }
    let walking = cpu() - idle;
    let (begun, started) = (cpu(), std::time::Instant::now());
    let store = SampleStore::open(dir, Settings::default()).await?;
    write(&store, &mut walk, 0..DAY).await?;
    store.close().await?;
    let (cpu_used, wall) = (cpu() - begun - walking, started.elapsed().as_secs_f64());
    let (written, memory) = (SampleStore::open_read_only(dir).await?, peak());
    let extent = written.extent().await?;
    println!(
        "a day of {SERIES} series: {} samples, {cpu_used:.2} CPU s ({wall:.2} s by the clock), {memory:.1} MiB peak \
         ({empty:.1} MiB before), {:.1} MB on disk",
        extent.all.samples,
        extent.bytes as f64 / 1e6
    );
    for hours in [6, 24] {
        let (begun, started) = (cpu(), std::time::Instant::now());
        let set = written.read(Signal::ProcessResident, &[], last(hours)).await?;
        let wall = started.elapsed().as_secs_f64() * 1e3;
        println!("reading {} series x {hours} h: {wall:.1} ms ({:.2} CPU s)", set.len(), cpu() - begun);
    }
    Ok(())
}

fn functions(c: &mut Criterion, runtime: &Runtime, dir: &Path) -> Result<(), StoreError> {
    let mut walk = Walk::new();
    let store = runtime.block_on(SampleStore::open(dir, Settings::default()))?;
    runtime.block_on(write(&store, &mut walk, 0..DAY))?;
    let mut group = c.benchmark_group("store");
    group.sample_size(20);
    group.throughput(Throughput::Elements(SERIES / 4));
    for hours in [1, 6, 24] {
        group.bench_function(format!("read 250 series x {hours} h"), |b| {
            b.iter(|| runtime.block_on(store.read(Signal::ProcessResident, &[], last(hours))).map(|set| set.len()))
        });
    }
    group.throughput(Throughput::Elements(SERIES));
    let mut turn = DAY;
    group.bench_function("append 1,000 series", |b| {
        b.iter(|| {
            turn += 1;
            runtime.block_on(store.append(START + turn * 15_000, walk.step()))
        })
    });
    runtime.block_on(store.close())?;
    group.bench_function("open and close", |b| {
        b.iter(|| runtime.block_on(async { SampleStore::open(dir, Settings::default()).await?.close().await }))
    });
    group.finish();
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let dir = tempfile::tempdir()?;
    if std::env::args().any(|arg| arg == "day") {
        return Ok(runtime.block_on(day(dir.path()))?);
    }
    let mut criterion = Criterion::default().configure_from_args();
    functions(&mut criterion, &runtime, dir.path())?;
    criterion.final_summary();
    Ok(())
}
