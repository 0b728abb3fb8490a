//! Regular expressions as Go writes them, with Go's words for what is wrong with one.
//!
//! The syntax is that of Go's `regexp/syntax`. It is translated, because the two differ in what a `{`, a `[` in a class,
//! `\Q`, `\d` or `a**` mean. Matching is unanchored. One thing is refused that Go takes: flags between a thing and its
//! repetition, as in `a(?i)*`.

mod escape;
#[cfg(test)]
mod tests;

use regex::{Regex, RegexBuilder};

/// The compiled form of a Go regular expression. The error is Go's: ``error parsing regexp: missing closing ): `(` ``.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let translated = Translation::of(text).map_err(|Wrong(what, at)| told(what, at))?;
    let compiled = RegexBuilder::new(&translated).size_limit(LARGEST).build();
    compiled.map_err(|why| match why {
        regex::Error::CompiledTooBig(_) => told("expression too large", text),
        _ => told("invalid or unsupported Perl syntax", text),
    })
}

fn told(what: &str, at: &str) -> String {
    format!("error parsing regexp: {what}: `{at}`")
}

/// Bytes a compiled expression may take.
const LARGEST: usize = 8 << 20;

/// Groups in each other: what the engine takes, a quarter of Go's own limit.
const DEEPEST: usize = 200;

/// What is wrong, and with which part of the text.
struct Wrong<'t>(&'static str, &'t str);

/// The text on its way into the engine's syntax.
struct Translation<'t> {
    text: &'t str,
    /// What is not translated yet.
    rest: &'t str,
    out: String,
    depth: usize,
    /// Whether there is something that `*` could repeat.
    repeatable: bool,
    /// From the last repetition on, where it stands right before the rest.
    repetition: Option<&'t str>,
}

impl<'t> Translation<'t> {
    fn of(text: &'t str) -> Result<String, Wrong<'t>> {
        let mut all =
            Translation { text, rest: text, out: String::new(), depth: 0, repeatable: false, repetition: None };
        while let Some(first) = all.rest.chars().next() {
            all.piece(first)?;
        }
        if all.depth > 0 { Err(Wrong("missing closing )", text)) } else { Ok(all.out) }
    }

    fn piece(&mut self, first: char) -> Result<(), Wrong<'t>> {
        let repetition = self.repetition.take();
        match first {
            '(' => self.open()?,
            ')' => {
                self.depth = self.depth.checked_sub(1).ok_or(Wrong("unexpected )", self.text))?;
                self.plain(first, true);
            }
            '|' => self.plain(first, false),
            '^' | '$' | '.' => self.plain(first, true),
            '[' => self.class()?,
            '*' | '+' | '?' => self.repeat(&self.rest[1..], repetition)?,
            '{' => match counts(&self.rest[1..]) {
                Some((low, high, after)) => {
                    if low > 1000 || high.is_some_and(|high| high > 1000 || low > high) {
                        return Err(Wrong("invalid repeat count", self.up_to(after)));
                    }
                    self.repeat(after, repetition)?;
                }
                None => self.literal(first, &self.rest[1..]),
            },
            '\\' => self.escape()?,
            _ => self.literal(first, &self.rest[first.len_utf8()..]),
        }
        Ok(())
    }

    /// The text from the rest to what comes after it.
    fn up_to(&self, after: &str) -> &'t str {
        &self.rest[..self.rest.len() - after.len()]
    }

    /// Takes one ASCII character as it is.
    fn plain(&mut self, first: char, repeatable: bool) {
        self.out.push(first);
        self.rest = &self.rest[1..];
        self.repeatable = repeatable;
    }

    fn literal(&mut self, literal: char, after: &'t str) {
        push_literal(&mut self.out, literal);
        self.rest = after;
        self.repeatable = true;
    }

    /// Takes what is written otherwise in the engine's syntax.
    fn replace(&mut self, with: &str, after: &'t str) {
        self.out.push_str(with);
        self.rest = after;
        self.repeatable = true;
    }

    /// A repetition operator and the `?` that may follow it.
    fn repeat(&mut self, after: &'t str, before: Option<&'t str>) -> Result<(), Wrong<'t>> {
        let after = after.strip_prefix('?').unwrap_or(after);
        if let Some(before) = before {
            return Err(Wrong("invalid nested repetition operator", &before[..before.len() - after.len()]));
        }
        let operator = self.up_to(after);
        if !self.repeatable {
            return Err(Wrong("missing argument to repetition operator", operator));
        }
        self.repetition = Some(self.rest);
        self.replace(operator, after);
        Ok(())
    }

    /// A group, or flags.
    fn open(&mut self) -> Result<(), Wrong<'t>> {
        let whole = self.rest;
        let opened = match whole.strip_prefix("(?") {
            None => Some(("(".to_string(), &whole[1..])),
            Some(inner) => match inner.strip_prefix("P<").or_else(|| inner.strip_prefix('<')) {
                Some(named) => {
                    let Some((name, after)) = named.split_once('>') else {
                        return Err(Wrong("invalid named capture", whole));
                    };
                    if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                        return Err(Wrong("invalid named capture", self.up_to(after)));
                    }
                    // Nobody asks for what the group has matched.
                    Some(("(".to_string(), after))
                }
                None => self.flags(inner)?,
            },
        };
        let Some((group, after)) = opened else { return Ok(()) };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Wrong("expression nests too deeply", self.text));
        }
        self.replace(&group, after);
        self.repeatable = false;
        Ok(())
    }

    /// Flags up to `:`, which opens a group, or up to `)`, in which case they are taken here.
    fn flags(&mut self, inner: &'t str) -> Result<Option<(String, &'t str)>, Wrong<'t>> {
        let (mut on, mut off) = (String::new(), String::new());
        let mut negative = false;
        let mut chars = inner.chars();
        loop {
            let flag = chars.next();
            match flag {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    on.retain(|f| f != flag);
                    off.retain(|f| f != flag);
                    if negative { off.push(flag) } else { on.push(flag) }
                }
                Some('-') if !negative => negative = true,
                Some(end @ (':' | ')')) if !negative || !off.is_empty() => {
                    let minus = if off.is_empty() { "" } else { "-" };
                    let flags = format!("(?{on}{minus}{off}{end}");
                    if end == ':' {
                        return Ok(Some((flags, chars.as_str())));
                    }
                    if flags != "(?)" {
                        self.out.push_str(&flags);
                    }
                    self.rest = chars.as_str();
                    return Ok(None);
                }
                _ => return Err(Wrong("invalid or unsupported Perl syntax", self.up_to(chars.as_str()))),
            }
        }
    }
}

/// The numbers of `{2}`, `{2,}` or `{2,5}` behind the brace, and what comes after it; anything else is no repetition.
fn counts(text: &str) -> Option<(u64, Option<u64>, &str)> {
    let number = |text: &str| -> Option<(u64, usize)> {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        let digits = &text[..length];
        let plain = length == 1 || !digits.starts_with('0');
        (length > 0 && plain).then(|| (digits.parse().unwrap_or(u64::MAX), length))
    };
    let (low, length) = number(text)?;
    let rest = &text[length..];
    if let Some(after) = rest.strip_prefix('}') {
        return Some((low, Some(low), after));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((low, None, after));
    }
    let (high, length) = number(rest)?;
    Some((low, Some(high), rest[length..].strip_prefix('}')?))
}

fn push_literal(out: &mut String, literal: char) {
    out.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
}
