//! XOR chunks: nanoseconds a sample, against an independent codec.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::chunk::{XorAppender, decode, decode_onto};
use model::time::{Span, Time, Window};
use rusty_chunkenc::XORSample;
use rusty_chunkenc::xor::{XORChunk, read_xor_chunk_data};

/// Samples a chunk, as Prometheus cuts them.
const SAMPLES: usize = 120;
/// Chunks, so that the branches cannot be learned by heart.
const CHUNKS: usize = 500;

/// Memory as a process has it: a random walk in pages, every 15 s, `jitter` ms early or late.
fn walk(jitter: i64) -> Vec<Vec<(Time, f64)>> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut series = |chunk: i64| {
        let mut pages = 10_000 + random(100_000) as i64;
        let sample = |i: i64| {
            pages += random(65) as i64 - 32;
            let late = if jitter == 0 { 0 } else { random(2 * jitter as u64 + 1) as i64 - jitter };
            (1_763_000_000_000 + (chunk * SAMPLES as i64 + i) * 15_000 + late, (pages * 4096) as f64)
        };
        (0..SAMPLES as i64).map(sample).collect()
    };
    (0..CHUNKS as i64).map(|chunk| series(chunk % 12)).collect()
}

fn encode(samples: &[(Time, f64)]) -> Vec<u8> {
    let mut chunk = XorAppender::new();
    for (at, value) in samples {
        let _ = chunk.push(*at, *value);
    }
    chunk.to_bytes()
}

fn chunks(c: &mut Criterion) {
    for (name, jitter) in [("even", 0), ("jitter", 5)] {
        let series = walk(jitter);
        let chunks: Vec<Vec<u8>> = series.iter().map(|s| encode(s)).collect();
        let theirs: Vec<XORChunk> = series
            .iter()
            .map(|s| XORChunk::new(s.iter().map(|(t, v)| XORSample { timestamp: *t, value: *v }).collect()))
            .collect();
        let mut group = c.benchmark_group(format!("chunk/{name}"));
        group.throughput(Throughput::Elements((CHUNKS * SAMPLES) as u64));
        group.bench_function("decode", |b| {
            b.iter(|| {
                let mut sum = 0.0;
                for chunk in &chunks {
                    let _ = black_box(decode(chunk, |t, v| sum += v + t as f64));
                }
                sum
            })
        });
        let window = Window::ending(1_763_000_000_000 + 6 * 3_600_000, Span::from_hours(6), Span::from_secs(30));
        let window = window.expect("a window of 720 cells");
        let mut row = vec![f64::NAN; window.cells()];
        group.bench_function("decode_onto", |b| {
            b.iter(|| chunks.iter().filter_map(|chunk| decode_onto(chunk, &window, &mut row).ok()).sum::<usize>())
        });
        group.bench_function("decode rusty-chunkenc", |b| {
            b.iter(|| {
                let read = |chunk: &Vec<u8>| read_xor_chunk_data(chunk).map_or(0, |(_, read)| read.samples().len());
                chunks.iter().map(read).sum::<usize>()
            })
        });
        group.bench_function("encode", |b| b.iter(|| series.iter().map(|s| encode(s).len()).sum::<usize>()));
        group.bench_function("encode rusty-chunkenc", |b| {
            b.iter(|| {
                let write = |chunk: &XORChunk| {
                    let mut bytes = Vec::new();
                    let _ = chunk.write(&mut bytes);
                    bytes.len()
                };
                theirs.iter().map(write).sum::<usize>()
            })
        });
        group.finish();
    }
}

criterion_group!(benches, chunks);
criterion_main!(benches);
