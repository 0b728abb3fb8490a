//! The failure of a command: what went wrong, the chain below it, and what to do about it.

use std::fmt;

/// Why a command could not do what was asked. Ends the program with exit code 2.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong, outermost first.
    pub error: anyhow::Error,
    /// What the reader could do.
    pub hint: Option<String>,
}

/// The result of everything a command does.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure in these words.
    pub fn new(words: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Failure {
        Failure { error: anyhow::Error::msg(words), hint: None }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure { error: error.into(), hint: None }
    }
}

/// Says where a failure happened and what to do about it.
pub trait Explain<T> {
    /// Adds what was being done.
    fn during(self, what: impl FnOnce() -> String) -> Result<T>;
    /// Adds what the reader could do, unless something was said already.
    fn or_hint(self, hint: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Failure>> Explain<T> for std::result::Result<T, E> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| {
            let Failure { error, hint } = e.into();
            Failure { error: error.context(what()), hint }
        })
    }
    fn or_hint(self, hint: impl Into<String>) -> Result<T> {
        self.map_err(|e| {
            let Failure { error, hint: said } = e.into();
            Failure { error, hint: said.or(Some(hint.into())) }
        })
    }
}
