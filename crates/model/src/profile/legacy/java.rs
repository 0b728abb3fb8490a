//! Heap and contention profiles of Java servers: `--- heapz 1 ---`, attributes, samples, and a table of names.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::heap::unsampled;
use super::lines::{Cursor, addresses, any_base, malformed_sample, shown};
use super::symbols::Named;
use super::{Draft, Malformed, Refused, Symbols};

/// Bytes between two samples of a heap.
const RATE: i64 = 512 * 1024;

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let (first, mut rest) = split_line(bytes).ok_or(Refused::Unrecognized)?;
    let is_heap = match first.trim_ascii() {
        b"--- heapz 1 ---" => true,
        b"--- contentionz 1 ---" => false,
        _ => return Err(Refused::Unrecognized),
    };
    let mut draft = Draft { symbols, ..Draft::default() };
    while let Some((line, behind)) = split_line(rest) {
        let line = line.trim_ascii();
        if !line.is_empty() && !attribute(line, is_heap, &mut draft)? {
            break;
        }
        rest = behind;
    }
    while let Some((line, behind)) = split_line(rest) {
        let line = line.trim_ascii();
        if !line.is_empty() && !sample(line, is_heap, &mut draft)? {
            break;
        }
        rest = behind;
    }
    // Without a resolution the values have no types.
    if draft.kinds.is_empty() && !draft.samples.is_empty() {
        return Err(Malformed::new("missing sample type information").into());
    }
    locations(rest, &mut draft)?;
    Ok(draft)
}

/// A line that ends, and what is behind it.
fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|b| *b == b'\n')?;
    Some((&text[..end], &text[end + 1..]))
}

/// Reads an attribute; false if the line is none.
fn attribute<'a>(line: &'a [u8], is_heap: bool, draft: &mut Draft<'a>) -> Result<bool, Refused> {
    static ATTRIBUTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)([\w ]+)=([\w ]+)").ok());
    let Some(found) = ATTRIBUTE.as_ref().and_then(|r| r.captures(line)) else { return Ok(false) };
    let part = |place| found.get(place).map_or(&b""[..], |m| m.as_bytes()).trim_ascii();
    let value = std::str::from_utf8(part(2)).unwrap_or_default();
    let number = || {
        let failed = || Malformed::new(format!("failed to parse attribute {}", shown(line)));
        any_base(value.as_bytes()).ok_or_else(failed)
    };
    match (is_heap, part(1)) {
        (_, b"format") if value == "java" => {}
        (true, b"resolution") => draft.kinds = vec![("inuse_objects", "count"), ("inuse_space", value)],
        (false, b"resolution") => draft.kinds = vec![("contentions", "count"), ("delay", value)],
        (false, b"sampling period") => {
            draft.period_type = ("contentions", "count");
            draft.period = number()?;
        }
        (false, b"ms since reset") => draft.duration_nanos = number()?.wrapping_mul(1_000_000),
        _ => return Err(Refused::Unrecognized),
    }
    Ok(true)
}

/// Reads a sample; false if the line is none. Bytes or nanoseconds come first, the count second.
fn sample(line: &[u8], is_heap: bool, draft: &mut Draft<'_>) -> Result<bool, Malformed> {
    static SAMPLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?-u)([0-9]+) +([0-9]+) +@ +([ x0-9a-f]*)").ok());
    let Some(found) = SAMPLE.as_ref().and_then(|r| r.captures(line)) else { return Ok(false) };
    let part = |place| found.get(place).map_or(&b""[..], |m| m.as_bytes());
    addresses(part(3), &mut draft.stacks).map_err(|why| malformed_sample(line, &why))?;
    let wrong = |why: &str| Malformed::new(format!("parsing sample {}: {why}", shown(line)));
    let number = |place| any_base(part(place)).ok_or_else(|| wrong("it has no number"));
    let (total, count) = (number(1)?, number(2)?);
    if !is_heap {
        let scale = if draft.period == 0 { 1 } else { draft.period };
        draft.sample(&[count.wrapping_mul(scale), total.wrapping_mul(scale)], None);
        return Ok(true);
    }
    if count == 0 {
        return Err(wrong("second value must be non-zero"));
    }
    draft.sample(&unsampled(count, total, RATE), Some(total / count));
    Ok(true)
}

/// Reads the table of names: `0x7f name (file:line)`. Names of addresses that no stack has are passed over.
pub(super) fn locations<'a>(text: &'a [u8], draft: &mut Draft<'a>) -> Result<(), Malformed> {
    draft.by_name = true;
    for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
        let mut cursor = Cursor(line);
        let Some(()) = cursor.word(b"0x") else { continue };
        let digits = cursor.run(|b| b.is_ascii_hexdigit());
        let name = cursor.0.trim_ascii_start();
        if digits.is_empty() || name.len() == cursor.0.len() {
            continue;
        }
        let address = std::str::from_utf8(digits).ok().and_then(|d| u64::from_str_radix(d, 16).ok());
        let wrong = || Malformed::new(format!("parsing sample {}: its address has over 64 bits", shown(line)));
        draft.symbols.name(address.ok_or_else(wrong)?, named(name));
    }
    Ok(())
}

/// `function (file:line)`, `function (library)`, or a state of the machine.
fn named(text: &[u8]) -> Named<'_> {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)^(.*)\s+\((.+):(-?[0-9]+)\)$").ok());
    static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)^(.*)\s+\((.*)\)$").ok());
    if let Some(found) = LINE.as_ref().and_then(|r| r.captures(text)) {
        let part = |place| found.get(place).map_or(&b""[..], |m| m.as_bytes());
        let line = std::str::from_utf8(part(3)).ok().and_then(|l| l.parse().ok()).filter(|l: &i64| *l > 0);
        return Named { function: part(1), file: part(2), line: line.unwrap_or(0) };
    }
    if let Some(found) = PATH.as_ref().and_then(|r| r.captures(text)) {
        let part = |place| found.get(place).map_or(&b""[..], |m| m.as_bytes());
        return Named { function: part(1), file: base(part(2)), line: 0 };
    }
    let is_stub = super::lines::find(text, b"generated stub/JIT").is_some();
    Named { function: if is_stub { b"STUB" } else { text }, file: b"", line: 0 }
}

/// The last part of a path; that of none is `.`, and that of the root `/`.
fn base(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1);
    match (path, &path[..end]) {
        ([], _) => b".",
        (_, []) => b"/",
        (_, path) => path.rsplit(|b| *b == b'/').next().unwrap_or_default(),
    }
}
