//! Foreign text made safe to show: control characters seen instead of obeyed, lines cut and wrapped to a width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Whether a character commands a terminal or turns the reading direction instead of being read.
pub fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// The text with every such character made visible: ESC as `␛`, a line break as `␊`, the rest as `�`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(commands) {
        return Cow::Borrowed(text);
    }
    let seen = |c: char| match c {
        // Control Pictures, U+2400: a glyph for each of the first 32 and for DEL.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('�'),
        '\u{7f}' => '␡',
        c if commands(c) => '�',
        c => c,
    };
    Cow::Owned(text.chars().map(seen).collect())
}

/// Columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Where the longest beginning of a text ends that fits so many columns.
///
/// Measured as a string and not character by character: a variation selector makes `*` two columns wide.
fn fitting(text: &str, columns: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.take_while(|&end| width(&text[..end]) <= columns).last().unwrap_or(0)
}

/// The text cut to so many columns, with an ellipsis where something is missing.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let end = fitting(text, columns.saturating_sub(1));
    Cow::Owned(if columns == 0 { String::new() } else { format!("{}…", text[..end].trim_end()) })
}

/// The text filled with blanks to so many columns, on the left when `right` aligned.
pub fn pad(text: &str, columns: usize, right: bool) -> String {
    let blanks = " ".repeat(columns.saturating_sub(width(text)));
    if right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
}

/// The words of a text; a number and its unit are one, so that no line ends between them.
fn words(text: &str) -> Vec<String> {
    const UNITS: [&str; 13] =
        ["%", "B", "KiB", "MiB", "GiB", "TiB", "PiB", "s", "min", "h", "days", "samples", "hours"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches([',', ';', '.', ')', ':']).trim_end_matches("/day");
        match words.last_mut() {
            Some(last) if UNITS.contains(&bare) && last.ends_with(|c: char| c.is_ascii_digit()) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_string()),
        }
    }
    words
}

/// The text in lines of at most so many columns, broken between words where they fit.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words(text) {
        let mut word = &*word;
        if !line.is_empty() {
            let longer = format!("{line} {word}");
            if width(&longer) <= columns {
                line = longer;
                continue;
            }
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            // A character wider than the line gets a line of its own.
            let first = word.chars().next().map_or(0, char::len_utf8);
            let end = fitting(word, columns).max(first);
            lines.push(word[..end].to_string());
            word = &word[end..];
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_seen_not_obeyed() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{9b}c\u{202e}d\u{7f}"), "a␛[31mb␊�c�d␡");
        assert!(matches!(plain("web-7 内存"), Cow::Borrowed(_)));
    }

    #[test]
    fn wide_characters_count_for_two() {
        assert_eq!((cut("内存泄漏", 5), cut("abc", 3), cut("abcd", 3)), ("内存…".into(), "abc".into(), "ab…".into()));
        assert_eq!(pad("内存", 6, true), "  内存");
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("内存泄漏", 4), ["内存", "泄漏"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!((wrap("*\u{fe0f}*", 2), cut("*\u{fe0f}ab", 2)), (vec!["*\u{fe0f}".into(), "*".into()], "*…".into()));
        assert_eq!(wrap("it grows by 12 % (2 GiB/day).", 14), ["it grows by", "12 %", "(2 GiB/day)."]);
    }

    proptest! {
        /// Whatever comes in, what goes out fits, a single wider character (U+17D8 takes three columns) apart, and
        /// loses no letter.
        #[test]
        fn lines_fit_and_keep_every_letter(text in "\\PC{0,60}", columns in 2usize..40) {
            let lines = wrap(&text, columns);
            let alone = |line: &str| line.chars().count() == 1;
            prop_assert!(lines.iter().all(|l| width(l) <= columns || alone(l)), "{lines:?}");
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }

        #[test]
        fn nothing_that_commands_is_left(text in any::<String>()) {
            prop_assert!(!plain(&text).chars().any(commands));
        }
    }
}
