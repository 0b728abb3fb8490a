//! The collector on this machine with 1,000 more processes: a whole scrape, and the parsers alone.

use std::process::{Child, Command};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sources::host::cgroup::Membership;
use sources::host::meminfo::MemInfo;
use sources::host::process::{Identity, Memory};
use sources::host::{Collector, Settings};

/// Real processes that do nothing, ended with the benchmark.
struct Crowd(Vec<Child>);

impl Crowd {
    fn of(count: usize) -> Crowd {
        Crowd((0..count).map_while(|_| Command::new("sleep").arg("600").spawn().ok()).collect())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
        }
        for child in &mut self.0 {
            let _ = child.wait();
        }
    }
}

fn scrape(c: &mut Criterion) {
    let crowd = Crowd::of(1_000);
    let mut collector = Collector::new(Settings { max_processes: 10_000, ..Settings::default() });
    collector.scrape();
    let mut group = c.benchmark_group("collector");
    group.throughput(Throughput::Elements(crowd.0.len() as u64));
    group.bench_function("scrape of 1,000 known processes", |b| b.iter(|| collector.scrape()));
    group.bench_function("first scrape of 1,000 processes", |b| {
        b.iter(|| Collector::new(Settings { max_processes: 10_000, ..Settings::default() }).scrape());
    });
    group.finish();
}

fn parsers(c: &mut Criterion) {
    let read = |name: &str| std::fs::read(name).unwrap_or_default();
    let (stat, status, cgroup, meminfo) =
        (read("/proc/self/stat"), read("/proc/self/status"), read("/proc/self/cgroup"), read("/proc/meminfo"));
    let mut group = c.benchmark_group("parsers");
    group.bench_function("stat", |b| b.iter(|| Identity::read(&stat)));
    group.bench_function("status", |b| b.iter(|| Memory::read(&status)));
    group.bench_function("cgroup", |b| b.iter(|| Membership::read(&cgroup)));
    group.bench_function("meminfo", |b| b.iter(|| MemInfo::read(&meminfo)));
    group.finish();
}

criterion_group!(benches, scrape, parsers);
criterion_main!(benches);
