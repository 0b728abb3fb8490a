//! Secrets stay out of the configuration file, and out of what is said about it.

use std::sync::LazyLock;

use model::params;
use regex::Regex;

use super::node::{Key, Node, Value};
use super::problem::Problem;

/// What keys of secrets are called, or end in or begin with.
const WORDS: [&str; 9] =
    ["token", "password", "passwd", "secret", "credential", "authorization", "basic_auth", "cookie", "api_key"];

/// A key with a value in its line: the key, and all up to its value.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"([A-Za-z][\w-]*)["']?\s*:\s+"#).ok());

/// The user and password of a URL.
static USER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("://[^/\\s@\"']+@").ok());

/// How a user and password are written.
const BASIC: &str = "write `basic_auth: { username: NAME, password_file: PATH }`";

/// Whether a key holds a secret itself, not the name of a file or variable that does. A slip of the keyboard counts.
fn names_secret(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    let elsewhere = ["file", "path", "env"].iter().any(|end| key.ends_with(end));
    !elsewhere && (WORDS.iter().any(|word| key.contains(word)) || params::nearest(&key, &WORDS).is_some())
}

/// The line with its secrets replaced by `***`.
pub(super) fn mask(line: &str) -> String {
    let (Some(key), Some(user)) = (&*KEY, &*USER) else { return "***".into() };
    let line = user.replace_all(line, "://***@");
    let ends = key.captures_iter(&line).filter(|c| names_secret(&c[1])).filter_map(|c| c.get(0)).map(|m| m.end());
    // A group of keys is no secret, though one of them may be.
    match ends.into_iter().find(|end| !line[*end..].starts_with(['{', '['])) {
        Some(end) if end < line.len() => format!("{}***", &line[..end]),
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
            problems.push(problem.hint(BASIC));
            *text = clean;
        }
        Value::List(items) => items.iter_mut().for_each(|item| take_out(item, problems)),
        Value::Map(pairs) => {
            for (key, value) in pairs {
                match &mut value.value {
                    Value::Text(_) if names_secret(&key.text) => {
                        problems.push(inline(key));
                        value.value = Value::Null;
                        if !key.text.contains("basic") {
                            key.text = file_key(&key.text).into();
                            value.value = Value::Text("***".into());
                        }
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
    let hint = match text.contains("basic") {
        true => BASIC.into(),
        false => format!("put it into a file that only Patrol can read, and write `{}: PATH` here", file_key(text)),
    };
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
            ("  tokne: abc", "  tokne: ***"),
            ("  basic_auth: ann:abc", "  basic_auth: ***"),
            ("  basic_auth: { user: ann, pasword: abc }", "  basic_auth: { user: ann, pasword: ***"),
            ("  token:", "  token:"),
            ("  hosts: [a, b]", "  hosts: [a, b]"),
        ] {
            assert_eq!(mask(line), shown);
        }
    }
}
