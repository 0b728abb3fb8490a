//! The threads of a C++ server: `--- Thread 7f12 (name: worker/12) stack: ---` and a stack behind each.

use std::ops::ControlFlow;

use super::lines::{Cursor, Lines, addresses, find, is_silent, malformed_sample, opens_map};
use super::{Draft, Malformed, Refused, Symbols, maps};

pub(super) fn parse<'a>(bytes: &'a [u8], symbols: Symbols<'a>) -> Result<Draft<'a>, Refused> {
    let mut lines = Lines::new(bytes);
    while lines.step().map_err(|_| Refused::Unrecognized)? && is_silent(lines.line()) {}
    let mut line = lines.line();
    if opens_all(line) {
        while lines.step()? {
            line = lines.line();
            if opens_map(line) || line.starts_with(b"-") {
                break;
            }
        }
    } else if !opens_thread(line) {
        return Err(Refused::Unrecognized);
    }
    let mut draft = Draft::counts("thread", symbols);
    while !opens_map(line) && !line.starts_with(b"---- no stack trace for") {
        if !opens_thread(line) {
            return Err(Refused::Unrecognized);
        }
        line = thread(&mut lines, &mut draft)?;
    }
    maps::read_behind(&mut lines, &mut draft)?;
    draft.remove_second_leaves();
    Ok(draft)
}

/// `--- threadz 1 ---`.
fn opens_all(line: &[u8]) -> bool {
    const WORD: &[u8] = b"--- threadz ";
    let mut rest = line;
    while let Some(at) = find(rest, WORD) {
        rest = &rest[at + WORD.len()..];
        let mut cursor = Cursor(rest);
        if cursor.digits().is_some() && cursor.0.starts_with(b" ---") {
            return true;
        }
    }
    false
}

/// `--- Thread 7f12 (name: worker/12) stack: ---`.
fn opens_thread(line: &[u8]) -> bool {
    const WORD: &[u8] = b"--- Thread ";
    const END: &[u8] = b") stack: ---";
    let mut rest = line;
    while let Some(at) = find(rest, WORD) {
        rest = &rest[at + WORD.len()..];
        let mut cursor = Cursor(rest);
        let number = cursor.run(|b| b.is_ascii_hexdigit());
        if number.is_empty() || cursor.word(b" (name: ").is_none() {
            continue;
        }
        let named = (0..cursor.0.len()).filter(|at| cursor.0[*at..].starts_with(END)).any(|end| {
            let name = cursor.0[..end].trim_ascii_end();
            let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            name.len() == end && digits > 0 && name[..name.len() - digits].ends_with(b"/")
        });
        if named {
            return true;
        }
    }
    false
}

/// Reads the stack of a thread, and answers the line behind it.
fn thread<'a>(lines: &mut Lines<'a>, draft: &mut Draft<'_>) -> Result<&'a [u8], Malformed> {
    let (first, mut same, mut line) = (draft.stacks.len(), false, &b""[..]);
    while lines.step()? {
        line = lines.line().trim_ascii();
        match frames(line, &mut same, draft)? {
            ControlFlow::Break(()) => break,
            ControlFlow::Continue(()) => {}
        }
    }
    if same {
        draft.stacks.truncate(first);
    }
    if draft.stacks.len() == first {
        if let Some(before) = draft.samples.last_mut() {
            before.values[0] += 1;
        }
        return Ok(line);
    }
    // The innermost frame is no call.
    draft.returns_to_calls(first + 1);
    draft.sample(&[1], None);
    Ok(line)
}

/// Reads a line of a stack; breaks where the next thread begins.
fn frames(line: &[u8], same: &mut bool, draft: &mut Draft<'_>) -> Result<ControlFlow<()>, Malformed> {
    if line.starts_with(b"---") {
        return Ok(ControlFlow::Break(()));
    }
    if find(line, b"same as previous thread").is_some() {
        *same = true;
    } else {
        addresses(line, &mut draft.stacks).map_err(|why| malformed_sample(line, &why))?;
    }
    Ok(ControlFlow::Continue(()))
}
