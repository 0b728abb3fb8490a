//! Binary CPU profiles of gperftools, C++ and Java.
//!
//! A row of words of 4 or 8 bytes of either endianness: 0, 3, 0 (C++) or 1 (Java), microseconds between samples, 0;
//! then per stack how often it was seen, its length, and its addresses; then 0, 1, 0 and the map of the memory.

use std::collections::BTreeMap;

use super::lines::Lines;
use super::{Draft, Refused, Symbols, java, maps};

/// How words are written.
#[derive(Clone, Copy)]
struct Words {
    bytes: usize,
    big_endian: bool,
}

impl Words {
    /// The next word; nothing behind the end.
    fn take(self, from: &mut &[u8]) -> Option<u64> {
        let (word, rest) = from.split_at_checked(self.bytes)?;
        *from = rest;
        let join = |number, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian { word.iter().fold(0, join) } else { word.iter().rev().fold(0, join) })
    }
}

const WAYS: [Words; 4] = [
    Words { bytes: 4, big_endian: false },
    Words { bytes: 4, big_endian: true },
    Words { bytes: 8, big_endian: false },
    Words { bytes: 8, big_endian: true },
];

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let found = WAYS.iter().find_map(|words| {
        let mut rest = bytes;
        let mut next = || words.take(&mut rest);
        let head = [next()?, next()?, next()?, next()?, next()?];
        let fits = matches!(head, [0, 3, 0 | 1, period, 0] if period > 0);
        fits.then_some((*words, rest, head[2] == 1, head[3]))
    });
    let (words, rest, is_java, micros) = found.ok_or(Refused::Unrecognized)?;
    let mut draft = Draft {
        kinds: vec![("samples", "count"), ("cpu", "nanoseconds")],
        period_type: ("cpu", "nanoseconds"),
        period: (micros as i64).wrapping_mul(1000),
        symbols,
        ..Draft::default()
    };
    let rest = samples(words, rest, is_java, &mut draft).ok_or(Refused::Unrecognized)?;
    if is_java {
        java::locations(rest, &mut draft)?;
        return Ok(draft);
    }
    remove_handler(&mut draft);
    draft.regions = maps::read(&mut Lines::new(rest))?;
    draft.remove_second_leaves();
    Ok(draft)
}

/// Reads the stacks, and answers what is behind them.
fn samples<'a>(words: Words, mut rest: &'a [u8], is_java: bool, draft: &mut Draft<'_>) -> Option<&'a [u8]> {
    while !rest.is_empty() {
        let (count, depth) = (words.take(&mut rest)?, words.take(&mut rest)?);
        let depth = usize::try_from(depth).ok().filter(|depth| *depth <= rest.len() / 4)?;
        let first = draft.stacks.len();
        for _ in 0..depth {
            // Addresses that are not there any more are zero, and end the profile.
            let address = words.take(&mut rest);
            draft.stacks.push(address.unwrap_or_default());
            rest = if address.is_some() { rest } else { b"" };
        }
        if (count, &draft.stacks[first..]) == (0, &[0]) {
            draft.stacks.truncate(first);
            break;
        }
        if !is_java {
            // The innermost frame is no call.
            draft.returns_to_calls(first + 1);
        }
        let count = count as i64;
        draft.sample(&[count, count.wrapping_mul(draft.period)], None);
    }
    Some(rest)
}

/// Removes, twice at most, a second frame that nearly all stacks share: the handler of the signal left it there. One
/// in 32 may differ.
fn remove_handler(draft: &mut Draft<'_>) {
    for _ in 0..2 {
        let mut seconds: BTreeMap<u64, usize> = BTreeMap::new();
        for place in 0..draft.samples.len() {
            if let [_, second, ..] = draft.stacks[draft.stack_of(place)] {
                *seconds.entry(second).or_default() += 1;
            }
        }
        let enough = draft.samples.len() - draft.samples.len() / 32;
        if let Some((shared, _)) = seconds.into_iter().find(|(_, count)| *count >= enough) {
            draft.remove_frames(1, |stack| stack[1] == shared);
        }
    }
}
