//! What this kernel, or this place, does not offer: said once, never an error.

use std::collections::BTreeSet;

/// Something that was looked for and is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What was looked for.
    pub what: String,
    /// Why it is not there.
    pub why: String,
    /// What would bring it.
    pub hint: String,
}

/// Remembers what was said.
#[derive(Default)]
pub(super) struct Said {
    before: BTreeSet<&'static str>,
    news: Vec<Missing>,
}

impl Said {
    /// Says it, unless something was said under this name before.
    pub(super) fn once(&mut self, name: &'static str, what: impl Into<String>, why: impl Into<String>, hint: &str) {
        if self.before.insert(name) {
            self.news.push(Missing { what: what.into(), why: why.into(), hint: hint.into() });
        }
    }

    /// What is new since it was last asked for.
    pub(super) fn news(&mut self) -> Vec<Missing> {
        std::mem::take(&mut self.news)
    }
}
