//! What Go counts by stack: `goroutine profile: total 12` and the like, one `COUNT @ ADDRESSES` per stack.

use super::lines::{Cursor, Lines, any_base, hexadecimal, is_silent};
use super::{Draft, Malformed, Refused, Symbols, maps};

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let mut lines = Lines::new(bytes);
    while lines.step().map_err(|_| Refused::Unrecognized)? && is_silent(lines.line()) {}
    let kind = head(lines.line()).ok_or(Refused::Unrecognized)?;
    let mut draft = Draft::counts(kind, symbols);
    while lines.step()? {
        let line = lines.line();
        if is_silent(line) {
            draft.comment(line);
            continue;
        }
        if line.starts_with(b"---") {
            break;
        }
        draft.close_sample();
        sample(line, &mut draft).ok_or_else(|| Malformed::new("malformed profile format"))?;
    }
    draft.close_sample();
    maps::read_behind(&mut lines, &mut draft)?;
    Ok(draft)
}

/// What is counted.
fn head(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let (kind, total) = line.split_once(" profile: total ")?;
    let fits = !kind.is_empty() && !kind.contains(|c: char| c.is_ascii_whitespace());
    (fits && !total.is_empty() && total.bytes().all(|b| b.is_ascii_digit())).then_some(kind)
}

fn sample(line: &[u8], draft: &mut Draft<'_>) -> Option<()> {
    let mut cursor = Cursor(line);
    let count = any_base(cursor.digits()?)?;
    cursor.word(b" @")?;
    let first = draft.stacks.len();
    while !cursor.0.is_empty() || draft.stacks.len() == first {
        cursor.word(b" 0x")?;
        let digits = cursor.run(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        draft.stacks.push(hexadecimal(Some(digits).filter(|digits| !digits.is_empty())?)?);
    }
    draft.returns_to_calls(first);
    draft.sample(&[count], None);
    Some(())
}
