//! Writes small sound inputs into the corpora, for the fuzzers to start from: `cargo run --example seeds`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use model::chunk::XorAppender;

fn main() -> io::Result<()> {
    let series =
        message(&[(1, &label("__name__", "m")), (1, &label("instance", "a:9100")), (2, &chunk(1)), (2, &chunk(2))]);
    let response = message(&[(1, &series)]);
    write("remote_read_stream", "series", &[&[1], &response[..]].concat())?;
    write("remote_read_stream", "two", &[&[9], &message(&[(1, &series), (1, &series)])[..]].concat())?;
    write("remote_read_stream", "unframed", &[&[8, 0, 0, 0, 0, 0], &response[..]].concat())?;
    let sample = [&[0x09][..], &1.5f64.to_le_bytes(), &[0x10, 0xe0, 0xd4, 0x03]].concat();
    let samples = message(&[(1, &label("instance", "a")), (2, &sample), (2, &sample)]);
    let result = message(&[(1, &message(&[(1, &samples)]))]);
    write("remote_read_samples", "series", &result)?;
    write("remote_read_samples", "packed", &snap::raw::Encoder::new().compress_vec(&result).unwrap_or_default())?;
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m","instance":"a\"\u00e9"},"values":[[60,"1"],[120.5,"NaN"],[180,"+Inf"]]}]},"warnings":["w"]}"#;
    write("range_json", "matrix", matrix.as_bytes())?;
    write("range_json", "error", br#"{"status":"error","errorType":"bad_data","error":"no"}"#)?;
    write("host_files", "meminfo", b"MemTotal:  24000 kB\nMemAvailable:  23000 kB\nCached: 10 kB\n")?;
    write("host_files", "status", b"Name:\tapi\nRssAnon:\t 10 kB\nRssFile:\t 2 kB\nVmSwap:\t 0 kB\n")?;
    write("host_files", "stat", b"12 (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 345 0 0")?;
    write("host_files", "cgroup", b"0::/kubepods.slice/kubepods-pod1a2b_3c.slice/cri-containerd-0123456789ab.scope\n")?;
    write("host_files", "pressure", b"some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n")?;
    write("backtest_table", "row", b"a\t60\t100\tpercent\tunlabelled\t1 2 - 3.5 4\n")?;
    write("config", "sound", b"sources:\n  a:\n    prometheus: { url: http://127.0.0.1:9090 }\n")?;
    profiles()?;
    let (profile, other) = (packed(&[0x0a, 4, 8, 1, 16, 2])?, packed(&[0; 100_000])?);
    write("inflate", "profile", &profile)?;
    write("inflate", "two_members", &[&profile[..], &other].concat())?;
    write("inflate", "plain", b"heap profile: 1: 2 [3: 4] @ heap/1048576\n")?;
    let growing: Vec<u8> = (0..90).flat_map(|i| (100.0 + f64::from(i)).to_le_bytes()).collect();
    write("judge", "growing", &[&1e4f64.to_le_bytes()[..], &growing].concat())?;
    write(
        "range_json",
        "partial",
        br#"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":null}}"#,
    )
}

/// Profiles, and the texts that came before them.
fn profiles() -> io::Result<()> {
    let texts = ["", "inuse_space", "bytes", "main", "main.go"];
    let strings: Vec<u8> = texts.iter().flat_map(|text| message(&[(6, text.as_bytes())])).collect();
    let pieces = message(&[
        (1, &[8, 1, 16, 2]),
        (2, &[0x0a, 1, 1, 0x12, 1, 5, 0x1a, 4, 8, 2, 24, 5]),
        (3, &[8, 1, 16, 1, 24, 99]),
        (4, &[8, 1, 16, 1, 24, 7, 0x22, 4, 8, 1, 16, 3]),
        (5, &[8, 1, 16, 3, 24, 3, 32, 4]),
    ]);
    write("profile", "one", &[&pieces[..], &strings].concat())?;
    let map = "--- Memory map: ---\nbuild=/opt\n00400000-00500000 r-xp 00000000 08:01 12 $build/server\n";
    let legacy = |name, text: &str| write("legacy_profile", name, format!("{text}{map}").as_bytes());
    legacy("heap", "heap profile: 1: 9 [2: 9] @ heap/64\n1: 9 [2: 9] @ 0x400011 0x12\n#\t0x11\tmain+0x1\tmain.go:5\n")?;
    legacy("goroutine", "goroutine profile: total 3\n3 @ 0x400011 0x12\n#\t0x11\tmain+0x1\tmain.go:5\n")?;
    legacy("threads", "--- threadz 1 ---\n--- Thread 7f (name: a/12) stack: ---\n 0x400010 0x400010 0x11\n")?;
    legacy("mutex", "--- mutex:\ncycles/second=2000000000\nsampling period=1\n40 2 @ 0x11 0x22\n")?;
    legacy("java", "--- heapz 1 ---\nformat = java\nresolution=bytes\n 9  2 @ 0x1\n0x1 a.b (C.java:15)\n")?;
    let goroutine = "goroutine 7 [chan receive, 5 minutes]:\na.run(0x1)\n\t/a.go:6 +0x5\n";
    legacy("dump", &format!("{goroutine}created by a.Add in goroutine 1\n\t/a.go:8 +0x9\n\n"))?;
    let words = [0u32, 3, 0, 10, 0, 2, 3, 0x40_0010, 0x99, 0x40_0020, 0, 1, 0];
    let cpu: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    write("legacy_profile", "cpu", &[&cpu, map.as_bytes()].concat())
}

/// A file of a corpus.
fn write(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

/// Bytes as gzip.
fn packed(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// A protocol buffers message of fields that hold bytes, none of them longer than 16,383.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        out.extend([number << 3 | 2, bytes.len() as u8 | 0x80, (bytes.len() >> 7) as u8]);
        out.extend(*bytes);
    }
    out
}

/// A label.
fn label(name: &str, value: &str) -> Vec<u8> {
    message(&[(1, name.as_bytes()), (2, value.as_bytes())])
}

/// A chunk of ten minutes; encoding 1 is XOR, 2 a histogram.
fn chunk(encoding: u8) -> Vec<u8> {
    let mut samples = XorAppender::new();
    for minute in 0..10 {
        // Ten samples fit.
        let _ = samples.push(minute * 60_000 + 1, 1e9 + minute as f64 * 4096.0);
    }
    let mut chunk = vec![0x08, 1, 0x10, 0xc0, 0xcf, 0x24, 0x18, encoding];
    chunk.extend(message(&[(4, &samples.to_bytes())]));
    chunk
}
