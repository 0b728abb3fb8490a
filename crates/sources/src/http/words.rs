//! A server's own words, fit to be repeated: short, one line, no control characters.

/// Longest stretch of a server's own words that is repeated.
pub(crate) const MOST_WORDS: usize = 300;

/// The words of a page or text: the title of an HTML page, or the first line.
pub(crate) fn text_words(body: &[u8]) -> String {
    if let Some(title) = html_title(body) {
        return format!("an HTML page: {title}");
    }
    let text = String::from_utf8_lossy(body);
    short(text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default())
}

/// One line of at most [`MOST_WORDS`] characters, without control characters.
pub(crate) fn short(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// The title of an HTML page (`without a title` if it has none); nothing for anything else.
pub(crate) fn html_title(body: &[u8]) -> Option<String> {
    let head = &body[..body.len().min(16 * 1024)];
    let text = String::from_utf8_lossy(head);
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start();
    if !(start.starts_with("<!doctype html") || start.starts_with("<html") || lower.contains("<head")) {
        return None;
    }
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find('<')?;
        Some(short(&text[from..to]))
    });
    Some(title.filter(|t| !t.is_empty()).unwrap_or_else(|| "without a title".into()))
}

/// The innermost words of an error, which say what happened; the outer ones only say where.
pub(crate) fn root(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    short(&inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_one_short_line() {
        for (body, says) in [
            ("<!DOCTYPE html><html><head><title>Log\nin</title>", "an HTML page: Log in"),
            ("<HTML><body>x", "an HTML page: without a title"),
            ("\n  upstream connect error\nreset", "upstream connect error"),
            ("", ""),
        ] {
            assert_eq!(text_words(body.as_bytes()), says, "{body}");
        }
        assert_eq!(text_words("é".repeat(400).as_bytes()).chars().count(), MOST_WORDS + 3);
    }
}
