//! What a backslash stands for, and classes of characters.

use super::{Translation, Wrong, push_literal};

/// In Go these are of ASCII only.
fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

impl<'t> Translation<'t> {
    /// Anything that begins with a backslash, outside of classes.
    pub(super) fn escape(&mut self) -> Result<(), Wrong<'t>> {
        let mut chars = self.rest.chars();
        let letter = chars.by_ref().nth(1);
        let after = chars.as_str();
        match letter {
            Some('A') => self.replace(r"\A", after),
            Some('b') => self.replace(r"(?-u:\b)", after),
            Some('B') => self.replace(r"\B", after),
            Some('z') => self.replace(r"\z", after),
            Some('C') => return Err(Wrong("invalid escape sequence", self.up_to(after))),
            Some('Q') => {
                let (literals, after) = after.split_once(r"\E").unwrap_or((after, ""));
                literals.chars().for_each(|literal| self.literal(literal, after));
                self.rest = after;
            }
            _ => match class_escape(self.rest)? {
                Some((class, after)) => self.replace(&class, after),
                None => {
                    let (literal, after) = character(self.rest)?;
                    self.literal(literal, after);
                }
            },
        }
        Ok(())
    }

    /// A class in brackets.
    pub(super) fn class(&mut self) -> Result<(), Wrong<'t>> {
        let whole = self.rest;
        let mut out = "[".to_string();
        let mut rest = &whole[1..];
        if let Some(negated) = rest.strip_prefix('^') {
            out.push('^');
            rest = negated;
        }
        let mut first = true;
        while first || !rest.starts_with(']') {
            first = false;
            if let Some((name, after)) = rest.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) {
                let class = &rest[..rest.len() - after.len()];
                if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
                    return Err(Wrong("invalid character class range", class));
                }
                out.push_str(class);
                rest = after;
                continue;
            }
            if let Some((class, after)) = class_escape(rest)? {
                out.push_str(&class);
                rest = after;
                continue;
            }
            let from = rest;
            let (low, after) = class_character(rest, whole)?;
            rest = after;
            push_literal(&mut out, low);
            let ranged = rest.strip_prefix('-').filter(|high| !high.is_empty() && !high.starts_with(']'));
            if let Some(high) = ranged {
                let (high, after) = class_character(high, whole)?;
                rest = after;
                if high < low {
                    return Err(Wrong("invalid character class range", &from[..from.len() - rest.len()]));
                }
                out.push('-');
                push_literal(&mut out, high);
            }
        }
        out.push(']');
        self.replace(&out, &rest[1..]);
        Ok(())
    }
}

fn class_character<'t>(text: &'t str, whole: &'t str) -> Result<(char, &'t str), Wrong<'t>> {
    match text.chars().next() {
        None => Err(Wrong("missing closing ]", whole)),
        Some('\\') => character(text),
        Some(literal) => Ok((literal, &text[literal.len_utf8()..])),
    }
}

/// `\d` and the like, and `\pL` or `\p{Greek}`; none where the text does not begin with one.
fn class_escape(text: &str) -> Result<Option<(String, &str)>, Wrong<'_>> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let letter = chars.next();
    if let Some(class) = letter.and_then(perl_class) {
        return Ok(Some((class.to_string(), chars.as_str())));
    }
    let Some(sign @ ('p' | 'P')) = letter else { return Ok(None) };
    let inner = chars.as_str();
    let (name, after) = match inner.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or(Wrong("invalid character class range", text))?,
        None => inner.split_at(inner.chars().next().map_or(0, char::len_utf8)),
    };
    let other = if sign == 'p' { 'P' } else { 'p' };
    let class = match name.strip_prefix('^') {
        Some(name) => format!(r"\{other}{{{name}}}"),
        None => format!(r"\{sign}{{{name}}}"),
    };
    // Only the engine knows all names.
    let known =
        name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '^')) && regex::Regex::new(&class).is_ok();
    let unknown = Wrong("invalid character class range", &text[..text.len() - after.len()]);
    if known { Ok(Some((class, after))) } else { Err(unknown) }
}

/// The single character that a backslash and what follows it stand for.
fn character(text: &str) -> Result<(char, &str), Wrong<'_>> {
    let mut chars = text[1..].chars();
    let Some(letter) = chars.next() else {
        return Err(Wrong("trailing backslash at end of expression", ""));
    };
    let after = chars.as_str();
    let octal = |byte: &u8| matches!(byte, b'0'..=b'7');
    let found = match letter {
        'a' => Some(('\x07', after)),
        'f' => Some(('\x0c', after)),
        'n' => Some(('\n', after)),
        'r' => Some(('\r', after)),
        't' => Some(('\t', after)),
        'v' => Some(('\x0b', after)),
        'x' => return hexadecimal(text, after),
        // One digit alone would refer to a group, which there is not.
        '1'..='7' if !after.as_bytes().first().is_some_and(octal) => None,
        '0'..='7' => {
            let digits = 1 + after.bytes().take(2).take_while(octal).count();
            let value = u32::from_str_radix(&text[1..1 + digits], 8).ok().and_then(char::from_u32);
            value.map(|value| (value, &text[1 + digits..]))
        }
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some((other, after)),
        _ => None,
    };
    found.ok_or(Wrong("invalid escape sequence", &text[..text.len() - after.len()]))
}

/// `\x41` or `\x{1F600}`; after the `x`.
fn hexadecimal<'t>(text: &'t str, after: &'t str) -> Result<(char, &'t str), Wrong<'t>> {
    let braced = after.strip_prefix('{');
    let inner = braced.unwrap_or(after);
    let room = if braced.is_some() { usize::MAX } else { 2 };
    let length = inner.bytes().take(room).take_while(u8::is_ascii_hexdigit).count();
    let (digits, rest) = inner.split_at(length);
    let end = if braced.is_some() { rest.strip_prefix('}') } else { (length == 2).then_some(rest) };
    let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match (value, end) {
        (Some(value), Some(end)) => Ok((value, end)),
        _ => {
            // Up to and with what does not fit.
            let wrong = rest.chars().next().filter(|_| end.is_none()).map_or(0, char::len_utf8);
            Err(Wrong("invalid escape sequence", &text[..text.len() - rest.len() + wrong]))
        }
    }
}
