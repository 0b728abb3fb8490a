//! Names of addresses, as the comments of Go's `debug=1` texts and the tables of Java's give them.
//!
//! Behind a sample Go writes a line per frame: `#`, the address of the call, `function+0xoffset` and `file:line`,
//! between tabs (`printStackRecord` in its `runtime/pprof/pprof.go`).

use crate::profile::Map;

/// The name of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub(super) function: &'a [u8],
    pub(super) file: &'a [u8],
    /// 0 where unknown.
    pub(super) line: i64,
}

/// Names by address, innermost inlined frame first.
#[derive(Default)]
pub(super) struct Symbols<'a> {
    taken: bool,
    table: Map<u64, Vec<Named<'a>>>,
    /// Of the sample that is being read.
    pending: Vec<(u64, Named<'a>)>,
}

impl<'a> Symbols<'a> {
    /// Comments say nothing.
    pub(super) fn ignored() -> Symbols<'a> {
        Symbols::default()
    }

    /// Comments are read.
    pub(super) fn taken() -> Symbols<'a> {
        Symbols { taken: true, ..Symbols::default() }
    }

    /// Whether comments are read.
    pub(super) fn are_taken(&self) -> bool {
        self.taken
    }

    /// The frames inlined at an address.
    pub(super) fn named(&self, address: u64) -> Option<&[Named<'a>]> {
        self.table.get(&address).map(Vec::as_slice)
    }

    /// Names an address.
    pub(super) fn name(&mut self, address: u64, name: Named<'a>) {
        self.table.insert(address, vec![name]);
    }

    /// Reads a comment.
    pub(super) fn comment(&mut self, line: &'a [u8]) {
        if self.taken {
            self.pending.extend(frame(line));
        }
    }

    /// Gives the names read to the addresses of the stack that they belong to; answers the first address named.
    pub(super) fn close(&mut self, stack: &[u64]) -> Option<u64> {
        let first = self.pending.first().map(|(address, _)| *address);
        for run in self.pending.chunk_by(|one, next| one.0 == next.0) {
            let address = run[0].0;
            // A function that calls itself has its address several times in a row; each has its part of the names.
            let times = stack.iter().skip_while(|a| **a != address).take_while(|a| **a == address).count().max(1);
            let each = run.len().div_ceil(times);
            self.table.entry(address).or_insert_with(|| run.iter().take(each).map(|(_, name)| *name).collect());
        }
        self.pending.clear();
        first
    }
}

/// The frame that a comment tells of.
fn frame(line: &[u8]) -> Option<(u64, Named<'_>)> {
    let mut parts = line.strip_prefix(b"#")?.split(|b| *b == b'\t').map(<[u8]>::trim_ascii).filter(|p| !p.is_empty());
    let address = std::str::from_utf8(parts.next()?.strip_prefix(b"0x")?).ok()?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let name = parts.next()?;
    let plus = (0..name.len()).rev().find(|at| name[*at..].starts_with(b"+0x")).unwrap_or(name.len());
    let place = parts.next().unwrap_or_default();
    let colon = place.iter().rposition(|b| *b == b':').unwrap_or(place.len());
    let line = place.get(colon + 1..).and_then(|l| std::str::from_utf8(l).ok()).and_then(|l| l.parse().ok());
    let named = Named { function: &name[..plus], file: &place[..colon], line: line.unwrap_or(0) };
    Some((address, named))
}
