//! Where data comes from: one file or folder a source. Each maps signals to its own tongue; nobody else knows it.

use std::future::Future;
use std::pin::Pin;

use model::query::{Answer, Gap, Query};
use model::time::Time;

pub mod host;
pub mod http;
pub mod pprof;
pub mod prometheus;

/// A reply on its way.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Answer, Gap>> + Send + 'a>>;

/// One step of a source's self-test: what was tried, and what came of it (`Err` with words and a hint).
#[derive(Clone, Debug)]
pub struct Step {
    /// What was tried, for people: `GET /-/ready`.
    pub tried: String,
    /// What came of it, or why it failed.
    pub outcome: Result<String, String>,
    /// What the reader could do about a failure.
    pub hint: Option<String>,
}

/// A place data comes from. A failed question is a [`Gap`], never a panic and never an empty answer.
pub trait Source: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Answers one question on the grid it names.
    fn fetch<'a>(&'a self, query: &'a Query) -> Reply<'a>;

    /// Tries everything a run would need, step by step, for `patrol source test`.
    fn test<'a>(&'a self, now: Time) -> Pin<Box<dyn Future<Output = Vec<Step>> + Send + 'a>>;
}
