//! Why something over HTTP did not work, and what the reader could do.

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What went wrong, for people.
    pub reason: String,
    /// What the reader could do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure in these words.
    pub fn new(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), hint: None }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

/// Why a source cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SetupError {
    /// What is wrong with its settings.
    pub reason: String,
    /// What the reader could do.
    pub hint: Option<String>,
}

impl SetupError {
    /// An error with a hint.
    pub fn new(reason: impl Into<String>, hint: impl Into<String>) -> SetupError {
        SetupError { reason: reason.into(), hint: Some(hint.into()) }
    }
}
