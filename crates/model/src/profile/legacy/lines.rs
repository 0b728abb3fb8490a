//! The lines of a text, none longer than the reference takes, and what is found in one.

use super::Malformed;

/// A line with its end has at most so many bytes: the buffer of Go's `bufio.Scanner`.
pub(super) const LONGEST: usize = 64 * 1024;

/// Steps through the lines of a text.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    line: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Before the first line.
    pub(super) fn new(text: &'a [u8]) -> Lines<'a> {
        Lines { rest: text, line: b"" }
    }

    /// Goes to the next line; false at the end, where the line is empty.
    pub(super) fn step(&mut self) -> Result<bool, Malformed> {
        self.line = b"";
        if self.rest.is_empty() {
            return Ok(false);
        }
        let window = &self.rest[..self.rest.len().min(LONGEST)];
        let line = match window.iter().position(|b| *b == b'\n') {
            Some(end) => {
                let (line, rest) = self.rest.split_at(end);
                self.rest = &rest[1..];
                line
            }
            None if self.rest.len() < LONGEST => std::mem::take(&mut self.rest),
            None => return Err(Malformed::new("bufio.Scanner: token too long")),
        };
        self.line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(true)
    }

    /// The line stepped to.
    pub(super) fn line(&self) -> &'a [u8] {
        self.line
    }
}

/// Whether a line says nothing: it is blank or a comment.
pub(super) fn is_silent(line: &[u8]) -> bool {
    matches!(line.trim_ascii(), [] | [b'#', ..])
}

/// Whether the map of the memory begins behind this line.
pub(super) fn opens_map(line: &[u8]) -> bool {
    // Lines of samples have no capitals, and are most.
    line.contains(&b'M') && [&b"--- Memory map: ---"[..], b"MAPPED_LIBRARIES:"].iter().any(|w| find(line, w).is_some())
}

/// Where a word first occurs.
pub(super) fn find(line: &[u8], word: &[u8]) -> Option<usize> {
    line.windows(word.len()).position(|part| part == word)
}

/// Takes a line apart from the left.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// As many bytes as are of a kind.
    pub(super) fn run(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|b| !is(*b)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// One digit or more.
    pub(super) fn digits(&mut self) -> Option<&'a [u8]> {
        let digits = self.run(|b| b.is_ascii_digit());
        (!digits.is_empty()).then_some(digits)
    }

    /// One digit or more, which may have a minus.
    pub(super) fn signed(&mut self) -> Option<&'a [u8]> {
        let all = self.0;
        let _ = self.word(b"-");
        let digits = self.digits()?;
        Some(&all[..digits.len() + usize::from(all[0] == b'-')])
    }

    /// This word.
    pub(super) fn word(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// Spaces, if any.
    pub(super) fn spaces(&mut self) -> Option<()> {
        self.run(|b| b == b' ');
        Some(())
    }
}

/// A decimal number; the error names the text as Go's `strconv` does.
pub(super) fn decimal(digits: &[u8]) -> Result<i64, String> {
    let text = String::from_utf8_lossy(digits);
    text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: value out of range"))
}

/// A number with the prefix of its base, as Go writes them: `0x` and `0` for octal among them.
pub(super) fn any_base(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (minus, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, base).ok()?);
    i64::try_from(if minus { -number } else { number }).ok()
}

/// The addresses (`0x` and lower-case digits) in a text. The error names the one that has more than 64 bits.
pub(super) fn addresses(text: &[u8], out: &mut Vec<u64>) -> Result<(), String> {
    let mut cursor = Cursor(text);
    while !cursor.0.is_empty() {
        if cursor.word(b"0x").is_none() {
            cursor.0 = &cursor.0[1..];
            continue;
        }
        let digits = cursor.run(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !digits.is_empty() {
            let long = || format!("failed to parse as hex 64-bit number: 0x{}", shown(digits));
            out.push(hexadecimal(digits).ok_or_else(long)?);
        }
    }
    Ok(())
}

/// The number that lower-case hexadecimal digits make; nothing if it has more than 64 bits.
pub(super) fn hexadecimal(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| u64::from(if *byte <= b'9' { byte - b'0' } else { byte - b'a' + 10 });
    let bare = if digits.len() > 16 { &digits[digits.iter().take_while(|b| **b == b'0').count()..] } else { digits };
    (bare.len() <= 16).then(|| bare.iter().fold(0, |number, byte| number << 4 | digit(byte)))
}

/// That a line of samples is wrong, and why. Control characters of the line are shown, not obeyed.
pub(super) fn malformed_sample(line: &[u8], why: &str) -> Malformed {
    Malformed::new(format!("malformed sample: {}: {why}", shown(line)))
}

/// A line as it may stand in an error.
pub(super) fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
