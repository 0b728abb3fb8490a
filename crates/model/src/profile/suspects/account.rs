//! The account of a process's memory: how much of what is resident a heap profile explains, and where the rest is.

use schemars::JsonSchema;
use serde::Serialize;

use super::judge::Context;
use crate::profile::legacy::Memory;

/// What the profile itself explains.
const LIVE: &str = "live heap, as the profile has it";

/// One part of the memory.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Share {
    /// What it is.
    pub what: String,
    /// Bytes at the end.
    pub bytes: f64,
    /// Bytes more than at the first snapshot with such figures, where there are two.
    pub growth: Option<f64>,
}

/// What the memory of the process is made of, at the last snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Account {
    /// The parts, which add up to what is held.
    pub parts: Vec<Share>,
    /// What all parts come to.
    pub held_bytes: f64,
    /// Resident memory of the process, where given.
    pub resident_bytes: Option<f64>,
    /// Most that was ever resident, where the runtime says so.
    pub peak_resident_bytes: Option<f64>,
    /// What the profile explains of the resident memory, or else of what is held.
    pub explained_share: Option<f64>,
}

impl Account {
    /// From the live heap of the first and the last profile and what else is known; nothing where that is nothing.
    pub(super) fn new(live: Option<(f64, f64)>, context: &Context) -> Option<Account> {
        let (before, live) = live?;
        let resident = context.resident_bytes;
        let told: Vec<&Memory> = context.memory.iter().filter(|m| m.heap_inuse.is_some()).collect();
        let (Some(first), Some(last)) = (told.first(), told.last()) else {
            let resident = resident?;
            let parts = vec![
                share(LIVE, live, Some(live - before)),
                share("not in a heap profile: garbage, idle spans, stacks, runtime, other", resident - live, None),
            ];
            return Some(Account::of(parts, live, Some(resident), None));
        };
        let several = told.len() > 1;
        let row = |what: &str, of: fn(&Memory) -> Option<u64>| {
            let (before, now) = (of(first).unwrap_or(0) as f64, of(last).unwrap_or(0) as f64);
            share(what, now, several.then_some(now - before))
        };
        let room = |memory: &Memory, live: f64| (memory.heap_inuse.unwrap_or(0) as f64 - live).max(0.0);
        let grown = several.then(|| room(last, live) - room(first, before));
        let mut parts = vec![
            share(LIVE, live, Some(live - before)),
            share("garbage and free room in spans", room(last, live), grown),
            row("idle spans not given back", |m| Some(m.heap_idle?.saturating_sub(m.heap_released.unwrap_or(0)))),
            row("stacks of goroutines", |m| m.stacks),
            row("runtime: spans, collector, profiler", |m| m.runtime),
        ];
        if let Some(resident) = resident {
            let held: f64 = parts.iter().map(|p| p.bytes).sum();
            let what = match resident >= held {
                true => "rest, beyond Go: cgo, mapped files, the program itself",
                false => "of these not resident: pages never touched, or swapped out",
            };
            parts.push(share(what, resident - held, None));
        }
        let peak = last.max_rss.map(|bytes| bytes as f64);
        Some(Account::of(parts, live, resident, peak))
    }

    fn of(parts: Vec<Share>, live: f64, resident: Option<f64>, peak: Option<f64>) -> Account {
        let held_bytes: f64 = parts.iter().map(|p| p.bytes).sum();
        let whole = resident.or(peak).unwrap_or(held_bytes);
        Account {
            parts,
            held_bytes,
            resident_bytes: resident,
            peak_resident_bytes: peak,
            explained_share: (whole > 0.0).then(|| live / whole),
        }
    }
}

fn share(what: &str, bytes: f64, growth: Option<f64>) -> Share {
    Share { what: what.into(), bytes, growth }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::legacy::memory;

    const TEXT: &[u8] = b"heap profile: 1: 2 [3: 4] @ heap/1048576\n\n# runtime.MemStats\n# HeapIdle = 700\n\
        # HeapInuse = 1000\n# HeapReleased = 200\n# Stack = 300 / 400\n# MSpan = 5 / 10\n# MaxRSS = 4000\n";

    #[test]
    fn the_parts_add_up_to_what_is_resident() {
        let context = Context { memory: vec![memory(TEXT).unwrap()], resident_bytes: Some(3000.0) };
        let account = Account::new(Some((500.0, 600.0)), &context).unwrap();
        let bytes: Vec<f64> = account.parts.iter().map(|p| p.bytes).collect();
        assert_eq!(bytes, [600.0, 400.0, 500.0, 300.0, 10.0, 1190.0]);
        assert_eq!((account.held_bytes, account.explained_share), (3000.0, Some(0.2)));
        assert_eq!(Account::new(Some((500.0, 600.0)), &Context::default()), None);
    }
}
