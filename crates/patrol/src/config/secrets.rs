//! Secrets stay out of the configuration file, and out of what is said about it.

use std::sync::LazyLock;

use regex::Regex;

use super::node::{Key, Node, Value};
use super::problem::Problem;

/// A key that names a secret, up to the start of its value.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "token|password|passwd|secret|credential|authorization|cookie|api[-_]?key";
    Regex::new(&format!(r#"(?i)([\w-]*(?:{words})[\w-]*)["']?\s*:\s*"#)).ok()
});

/// The user and password of a URL.
static USER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("://[^/\\s@\"']+@").ok());

/// Whether a key holds a secret itself, not the name of a file or variable that does.
fn names_secret(key: &str) -> bool {
    let Some(pattern) = &*KEY else { return true };
    pattern.is_match(&format!("{key}:")) && !elsewhere(key)
}

fn elsewhere(key: &str) -> bool {
    let key = key.to_lowercase();
    ["file", "path", "env"].iter().any(|end| key.ends_with(end))
}

/// The line with its secrets replaced by `***`.
pub(super) fn mask(line: &str) -> String {
    let (Some(key), Some(user)) = (&*KEY, &*USER) else { return "***".into() };
    let line = user.replace_all(line, "://***@");
    let secret = key.captures_iter(&line).find(|c| !elsewhere(&c[1]));
    match secret.and_then(|c| c.get(0)) {
        Some(found) if found.end() < line.len() => format!("{}***", &line[..found.end()]),
        _ => line.into_owned(),
    }
}

/// Takes secrets out of a tree, leaving a problem for each. What is left reads as if each had been named by file, so
/// that one mistake is one problem.
pub(super) fn take_out(node: &mut Node, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::Null => {}
        Value::Text(text) => {
            let Some(clean) =
                USER.as_ref().filter(|u| u.is_match(text)).map(|u| u.replace_all(text, "://").into_owned())
            else {
                return;
            };
            let problem = Problem::new(node.at, "a URL may not hold a user or password");
            problems.push(problem.hint("write `basic_auth: { username: NAME, password_file: PATH }` beside it"));
            *text = clean;
        }
        Value::List(items) => items.iter_mut().for_each(|item| take_out(item, problems)),
        Value::Map(pairs) => {
            for (key, value) in pairs {
                match &mut value.value {
                    Value::Text(secret) if names_secret(&key.text) => {
                        problems.push(inline(key));
                        key.text = file_key(&key.text).into();
                        "***".clone_into(secret);
                    }
                    _ => take_out(value, problems),
                }
            }
        }
    }
}

/// The key that names the file of such a secret.
fn file_key(key: &str) -> &'static str {
    if key.to_lowercase().contains("pass") { "password_file" } else { "token_file" }
}

fn inline(key: &Key) -> Problem {
    let Key { text, at } = key;
    let hint = format!("put it into a file that only Patrol can read, and write `{}: PATH` here", file_key(text));
    Problem::new(*at, format!("`{text}` is a secret, and secrets do not stand in this file")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_line_holds_no_secret() {
        for (line, shown) in [
            ("  token: abc", "  token: ***"),
            ("  a: {url: x, Password: 'abc', b: 1}", "  a: {url: x, Password: ***"),
            ("  token_file: /run/token", "  token_file: /run/token"),
            ("  {token_file: /t, password: abc}", "  {token_file: /t, password: ***"),
            ("  \"X-Api-Key\": abc", "  \"X-Api-Key\": ***"),
            ("  url: http://me:abc@host/", "  url: http://***@host/"),
            ("  token:", "  token:"),
            ("  hosts: [a, b]", "  hosts: [a, b]"),
        ] {
            assert_eq!(mask(line), shown);
        }
    }
}
