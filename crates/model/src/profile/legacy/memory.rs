//! What Go says of the memory of the process behind a heap profile of `debug=1`: `# HeapAlloc = 94261432`.

use super::lines::find;

/// Figures of `runtime.MemStats` and of the kernel, in bytes; none where the text does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// `HeapAlloc`: objects that live, and dead ones not swept yet.
    pub heap_alloc: Option<u64>,
    /// `HeapInuse`: spans that hold objects.
    pub heap_inuse: Option<u64>,
    /// `HeapIdle`: spans that hold none, given back to the kernel or not.
    pub heap_idle: Option<u64>,
    /// `HeapReleased`: the part of [`Memory::heap_idle`] that was given back.
    pub heap_released: Option<u64>,
    /// `HeapObjects`: objects, a count.
    pub heap_objects: Option<u64>,
    /// `Stack`: stacks of goroutines in use.
    pub stacks: Option<u64>,
    /// Of the runtime itself: spans, caches, profiling buckets, the collector, the rest.
    pub runtime: Option<u64>,
    /// `Sys`: all that was asked of the kernel.
    pub sys: Option<u64>,
    /// `NumGC`: collections finished, a count.
    pub collections: Option<u64>,
    /// `LastGC`: when the last collection ended, nanoseconds since the epoch.
    pub last_collection_nanos: Option<u64>,
    /// `MaxRSS`: the most that was ever resident.
    pub max_rss: Option<u64>,
}

/// Reads the figures; nothing if the text has none.
pub fn memory(bytes: &[u8]) -> Option<Memory> {
    const HEAD: &[u8] = b"\n# runtime.MemStats\n";
    let text = &bytes[find(bytes, HEAD)? + HEAD.len()..];
    let mut memory = Memory::default();
    let mut runtime: Option<u64> = None;
    for line in text.split(|b| *b == b'\n') {
        let Some((name, value)) = figure(line) else { continue };
        let slot = match name {
            "HeapAlloc" => &mut memory.heap_alloc,
            "HeapInuse" => &mut memory.heap_inuse,
            "HeapIdle" => &mut memory.heap_idle,
            "HeapReleased" => &mut memory.heap_released,
            "HeapObjects" => &mut memory.heap_objects,
            "Stack" => &mut memory.stacks,
            "Sys" => &mut memory.sys,
            "NumGC" => &mut memory.collections,
            "LastGC" => &mut memory.last_collection_nanos,
            "MaxRSS" => &mut memory.max_rss,
            "MSpan" | "MCache" | "BuckHashSys" | "GCSys" | "OtherSys" => {
                runtime = runtime.unwrap_or(0).checked_add(value);
                continue;
            }
            _ => continue,
        };
        *slot = Some(value);
    }
    memory.runtime = runtime;
    Some(memory)
}

/// The name and the number of `# NAME = NUMBER`, or `# NAME = IN USE / ASKED FOR`. Of the runtime's own parts what was
/// asked for counts, since it is resident.
fn figure(line: &[u8]) -> Option<(&str, u64)> {
    let (name, value) = std::str::from_utf8(line).ok()?.strip_prefix("# ")?.split_once(" = ")?;
    let value = match value.split_once(" / ") {
        Some((in_use, _)) if name == "Stack" => in_use,
        Some((_, asked)) => asked,
        None => value,
    };
    Some((name, value.trim().parse().ok()?))
}
