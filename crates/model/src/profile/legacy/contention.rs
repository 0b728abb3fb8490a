//! Waiting for locks: `--- contentionz 1 ---` of C++, `--- mutex:` and `--- contention:` of Go.
//!
//! Attributes come first (`cycles/second=2100000000`), then samples: `CYCLES COUNT @ ADDRESSES`.

use super::heap::whole;
use super::lines::{Cursor, Lines, addresses, any_base, decimal, is_silent, malformed_sample};
use super::{Draft, Refused, Symbols, maps};

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let mut lines = Lines::new(bytes);
    lines.step().map_err(|_| Refused::Unrecognized)?;
    let heads = [&b"--- contentionz "[..], b"--- mutex:", b"--- contention:"];
    if !heads.iter().any(|head| lines.line().starts_with(head)) {
        return Err(Refused::Unrecognized);
    }
    let kinds = vec![("contentions", "count"), ("delay", "nanoseconds")];
    let mut draft = Draft { kinds, period_type: ("contentions", "count"), period: 1, symbols, ..Draft::default() };
    let cycles_per_second = attributes(&mut lines, &mut draft)?;
    loop {
        let line = lines.line().trim_ascii();
        if line.starts_with(b"---") {
            break;
        }
        if is_silent(line) {
            draft.comment(line);
        } else {
            draft.close_sample();
            sample(line, cycles_per_second, &mut draft)?;
        }
        if !lines.step()? {
            break;
        }
    }
    draft.close_sample();
    maps::read_behind(&mut lines, &mut draft)?;
    Ok(draft)
}

/// Reads the attributes, up to the first line that is none; answers the cycles per second, 0 if not said.
fn attributes(lines: &mut Lines<'_>, draft: &mut Draft<'_>) -> Result<i64, Refused> {
    let mut cycles_per_second = 0;
    while lines.step()? {
        let line = lines.line().trim_ascii();
        if is_silent(line) {
            continue;
        }
        let Some(equals) = line.iter().position(|b| *b == b'=').filter(|_| !line.starts_with(b"---")) else { break };
        let number = || any_base(line[equals + 1..].trim_ascii()).ok_or(Refused::Unrecognized);
        match line[..equals].trim_ascii() {
            b"cycles/second" => cycles_per_second = number()?,
            b"sampling period" => draft.period = number()?,
            b"ms since reset" => draft.duration_nanos = number()?.wrapping_mul(1_000_000),
            b"discarded samples" => {}
            // Java has the same first line and other attributes.
            _ => return Err(Refused::Unrecognized),
        }
    }
    Ok(cycles_per_second)
}

/// Two numbers and the text behind ` @`; they may begin anywhere in the line. Digits in a row without a space are two
/// numbers as well: the last digit is the second.
fn find_sample(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut rest = line;
    while let Some(at) = rest.iter().position(u8::is_ascii_digit) {
        let mut cursor = Cursor(&rest[at..]);
        let first = cursor.digits()?;
        rest = cursor.0;
        let mut after = cursor;
        if first.len() > 1 && after.word(b" @").is_some() {
            let (first, second) = first.split_at(first.len() - 1);
            return Some((first, second, after.0));
        }
        cursor.spaces();
        if let Some(second) = cursor.digits()
            && cursor.word(b" @").is_some()
        {
            return Some((first, second, cursor.0));
        }
    }
    None
}

fn sample(line: &[u8], cycles_per_second: i64, draft: &mut Draft<'_>) -> Result<(), Refused> {
    let (delay, count, rest) = find_sample(line).ok_or(Refused::Unrecognized)?;
    let number = |digits| decimal(digits).map_err(|why| malformed_sample(line, &why));
    let (mut delay, mut count) = (number(delay)?, number(count)?);
    if draft.period > 0 {
        if cycles_per_second > 0 {
            delay = whole(delay as f64 * draft.period as f64 / (cycles_per_second as f64 / 1e9));
        }
        count = count.wrapping_mul(draft.period);
    }
    let first = draft.stacks.len();
    let end = rest.iter().position(|b| !matches!(b, b' ' | b'x' | b'0'..=b'9' | b'a'..=b'f')).unwrap_or(rest.len());
    addresses(&rest[..end], &mut draft.stacks).map_err(|why| malformed_sample(line, &why))?;
    draft.returns_to_calls(first);
    draft.sample(&[count, delay], None);
    Ok(())
}
