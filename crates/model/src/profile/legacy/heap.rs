//! Heap profiles: Go's `debug=1` and those of tcmalloc.
//!
//! The first line is `heap profile: IN_USE: BYTES [ALLOCATED: BYTES] @ KIND/RATE`, and each sample
//! `IN_USE: BYTES [ALLOCATED: BYTES] @ ADDRESSES`. Samples of version 2 are what was seen by sampling: an allocation
//! of `s` bytes is seen with probability `1 - exp(-s / rate)`, and is scaled up by the inverse of it. Go writes twice
//! its rate, for readers that took the mean of the distance between samples for the bound of a uniform one.

use super::lines::{Cursor, Lines, addresses, decimal, find, is_silent, malformed_sample, opens_map};
use super::{Draft, Malformed, Refused, Symbols, maps};

const IN_USE: [(&str, &str); 2] = [("objects", "count"), ("space", "bytes")];
const BOTH: [(&str, &str); 4] =
    [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];

/// What the first line says.
struct Head {
    /// Bytes between two samples, or 0.
    rate: i64,
    /// Whether samples are to be scaled up.
    sampled: bool,
    /// Whether what was ever allocated is counted besides what is in use.
    allocated: bool,
}

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let mut lines = Lines::new(bytes);
    lines.step().map_err(|_| Refused::Unrecognized)?;
    let head = head(lines.line()).ok_or(Refused::Unrecognized)?;
    let kinds = if head.allocated { BOTH.to_vec() } else { IN_USE.to_vec() };
    let mut draft = Draft { kinds, period_type: ("space", "bytes"), period: head.rate, symbols, ..Draft::default() };
    while lines.step()? {
        let line = lines.line().trim_ascii();
        if is_silent(line) {
            draft.comment(line);
            continue;
        }
        if opens_map(line) {
            break;
        }
        draft.close_sample();
        sample(line, &head, &mut draft)?;
    }
    draft.close_sample();
    maps::read_behind(&mut lines, &mut draft)?;
    Ok(draft)
}

/// The four counts that head and samples begin with.
fn counts<'a>(cursor: &mut Cursor<'a>) -> Option<[&'a [u8]; 4]> {
    let in_use = cursor.signed()?;
    cursor.word(b":")?;
    cursor.spaces()?;
    let in_use_bytes = cursor.signed()?;
    cursor.spaces()?;
    cursor.word(b"[")?;
    cursor.spaces()?;
    let allocated = cursor.digits()?;
    cursor.word(b":")?;
    cursor.spaces()?;
    let allocated_bytes = cursor.digits()?;
    cursor.spaces()?;
    cursor.word(b"]")?;
    Some([in_use, in_use_bytes, allocated, allocated_bytes])
}

fn head(line: &[u8]) -> Option<Head> {
    const WORD: &[u8] = b"heap profile:";
    let mut rest = line;
    while let Some(at) = find(rest, WORD) {
        rest = &rest[at + WORD.len()..];
        let mut cursor = Cursor(rest);
        cursor.spaces();
        let Some(counts) = counts(&mut cursor).filter(|c| c[0][0] != b'-' && c[1][0] != b'-') else { continue };
        let differ = |one: &[u8], other: &[u8]| one != other && one != b"0";
        let allocated = differ(counts[2], counts[0]) || differ(counts[3], counts[1]);
        let of = |rate, sampled, allocated| Some(Head { rate, sampled, allocated });
        if cursor.0.starts_with(b" @ growth") || cursor.0.starts_with(b" @ fragmentation") {
            return of(1, false, false);
        }
        cursor.spaces();
        let Some(()) = cursor.word(b"@") else { continue };
        cursor.spaces();
        let kind = cursor.run(|b| matches!(b, b'a'..=b'z' | b'_' | b'0'..=b'9'));
        if !kind.starts_with(b"heap") {
            continue;
        }
        let _ = cursor.word(b"/");
        let rate = cursor.digits().map_or(Ok(0), decimal).ok()?;
        return match kind {
            b"heapz_v2" | b"heap_v2" => of(rate, true, allocated),
            b"heapprofile" => of(1, false, allocated),
            b"heap" => of(rate / 2, true, allocated),
            _ => None,
        };
    }
    None
}

/// The counts of a sample, and what stands behind them; they may begin anywhere in the line.
fn find_sample(line: &[u8]) -> Option<([&[u8]; 4], &[u8])> {
    let mut rest = line;
    while let Some(at) = rest.iter().position(u8::is_ascii_digit) {
        let minus = at > 0 && rest[at - 1] == b'-';
        let mut cursor = Cursor(&rest[at - usize::from(minus)..]);
        if let Some(counts) = counts(&mut cursor)
            && cursor.word(b" @").is_some()
        {
            return Some((counts, cursor.0));
        }
        let mut skipped = Cursor(&rest[at..]);
        skipped.digits();
        rest = skipped.0;
    }
    None
}

fn sample(line: &[u8], head: &Head, draft: &mut Draft<'_>) -> Result<(), Malformed> {
    let none = || Malformed::new("unexpected number of sample values: got 0, want 6");
    let ([in_use, in_use_bytes, allocated, allocated_bytes], rest) = find_sample(line).ok_or_else(none)?;
    let (mut values, mut size_of_each) = (Vec::with_capacity(4), 0);
    let mut add = |count: &[u8], size: &[u8], what: &str| {
        let number = |digits| decimal(digits).map_err(|why| malformed_sample(line, &why));
        let (count, size) = (number(count)?, number(size)?);
        if count == 0 && size != 0 {
            return Err(Malformed::new(format!("{what} count was 0 but {what} bytes was {size}")));
        }
        if count != 0 {
            size_of_each = size.wrapping_div(count);
        }
        values.extend(if head.sampled { unsampled(count, size, head.rate) } else { [count, size] });
        Ok(())
    };
    if head.allocated {
        add(allocated, allocated_bytes, "allocation")?;
    }
    add(in_use, in_use_bytes, "inuse")?;
    let first = draft.stacks.len();
    let addresses_end = rest.iter().position(|b| !matches!(b, b' ' | b'x' | b'0'..=b'9' | b'a'..=b'f'));
    let text = &rest[..addresses_end.unwrap_or(rest.len())];
    addresses(text, &mut draft.stacks).map_err(|why| malformed_sample(line, &why))?;
    draft.returns_to_calls(first);
    draft.sample(&values, Some(size_of_each));
    Ok(())
}

/// What `count` objects of together `size` bytes stand for, when one is seen each `rate` bytes on average: they are
/// divided by `1 - exp(-mean size / rate)`, the chance that a Poisson process of that rate hits an object.
pub(super) fn unsampled(count: i64, size: i64, rate: i64) -> [i64; 2] {
    if count == 0 || size == 0 {
        return [0, 0];
    }
    if rate <= 1 {
        return [count, size];
    }
    let mean = size as f64 / count as f64;
    let scale = 1.0 / (1.0 - (-mean / rate as f64).exp());
    [whole(count as f64 * scale), whole(size as f64 * scale)]
}

/// Cut to a whole number; the smallest one where it does not fit, as Go's conversion does on amd64.
pub(super) fn whole(number: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&number) { number as i64 } else { i64::MIN }
}
