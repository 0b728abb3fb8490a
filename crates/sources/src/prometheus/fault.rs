//! Why a server gave no answer, in its own words where it had any, and what the reader could do.

use std::fmt;

use serde::Deserialize;

use crate::http::{Failure, short, text_words};

/// What remains to be tried after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: the question has no answer.
    Stop,
    /// This answer may still be had by a range query.
    AskByRange,
    /// The server has no remote read at all; range queries from now on.
    NeverReadAgain,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong, for people.
    pub reason: String,
    /// What the reader could do.
    pub hint: Option<String>,
    /// What remains to be tried.
    pub turn: Turn,
    /// Whether the server was reached and refused this request, and may well answer another.
    pub refused: bool,
}

impl Fault {
    /// A fault in these words, with nothing left to be tried.
    pub fn new(reason: impl Into<String>) -> Fault {
        Fault { reason: reason.into(), hint: None, turn: Turn::Stop, refused: false }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// The same with something left to be tried.
    pub fn turn(mut self, turn: Turn) -> Fault {
        self.turn = turn;
        self
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        Fault { hint: failure.hint, ..Fault::new(failure.reason) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The error body of the Prometheus HTTP API, <https://prometheus.io/docs/prometheus/latest/querying/api/>.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default, rename = "errorType")]
    kind: String,
    error: String,
}

/// The server's own words in an error body: those of the API, the title of a page, or the first line of the text.
pub fn words(body: &[u8]) -> String {
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(body) {
        let kind = if refusal.kind.is_empty() { String::new() } else { format!("{}: ", refusal.kind) };
        return short(&format!("{kind}{}", refusal.error));
    }
    text_words(body)
}

/// The fault of an answer that is a page for people.
pub fn html(title: &str) -> Fault {
    Fault::new(format!("answered HTML, not JSON: {title}"))
        .hint("the URL may point at a login page or a proxy; give the address of the API itself, and credentials")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_words_are_found_in_every_kind_of_body() {
        for (body, says) in [
            (r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, "bad_data: parse error"),
            (r#"{"error":"no tenant"}"#, "no tenant"),
            ("<!DOCTYPE html><html><head><title>Log\nin</title>", "an HTML page: Log in"),
            ("\n  upstream connect error\nreset", "upstream connect error"),
        ] {
            assert_eq!(words(body.as_bytes()), says, "{body}");
        }
    }
}
