//! Profiles in the formats that came before the protobuf, as servers still give them for `debug=1`.
//!
//! The formats are those that `go tool pprof` reads: heap (`heap`, `heap_v2`, `heapz_v2`, `heapprofile`, growth and
//! fragmentation), Go's counts (`goroutine`, `threadcreate`), threads, contention and mutexes, gperftools' binary CPU
//! profiles, and Java's. They hold addresses; which binary an address lies in is said by a copy of
//! `/proc/self/maps` behind the samples. Go adds the names as comments, which the reference does not read:
//! [`parse`] answers what the reference would, [`parse_with_symbols`] takes the names.

mod contention;
mod count;
mod cpu;
mod draft;
mod dump;
mod frames;
mod heap;
mod java;
mod lines;
mod maps;
mod memory;
mod symbols;
mod threads;

pub use dump::{DumpFrame, GoroutineStack, goroutine_dump};
pub use memory::{Memory, memory};

use super::{Malformed, Profile};
use draft::Draft;
use symbols::Symbols;

/// Why a parser does not give a profile.
enum Refused {
    /// The bytes are of another format.
    Unrecognized,
    /// They are of this format, and wrong.
    Malformed(Malformed),
}

impl From<Malformed> for Refused {
    fn from(why: Malformed) -> Refused {
        Refused::Malformed(why)
    }
}

/// Reads one format.
type Parser = for<'a> fn(&'a [u8], Symbols<'a>) -> Result<Draft<'a>, Refused>;

/// In the order in which the reference tries them.
const PARSERS: [Parser; 6] = [cpu::parse, heap::parse, count::parse, threads::parse, contention::parse, java::parse];

/// Reads a profile that is no protobuf; nothing if the format is not known, as is that of a protobuf. The names in
/// comments are left out, as the reference does: its locations have addresses only.
pub fn parse(bytes: &[u8]) -> Result<Option<Profile>, Malformed> {
    read(bytes, Symbols::ignored)
}

/// Reads a profile that is no protobuf, with the names that Go writes as comments. Frames that Go does not name are
/// those of its own allocator and scheduler, and are left out where others of the stack have names.
pub fn parse_with_symbols(bytes: &[u8]) -> Result<Option<Profile>, Malformed> {
    read(bytes, Symbols::taken)
}

fn read<'a>(bytes: &'a [u8], symbols: fn() -> Symbols<'a>) -> Result<Option<Profile>, Malformed> {
    for parser in PARSERS {
        match parser(bytes, symbols()) {
            Ok(draft) => return draft.finish().map(Some),
            Err(Refused::Malformed(why)) => return Err(why),
            Err(Refused::Unrecognized) => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
