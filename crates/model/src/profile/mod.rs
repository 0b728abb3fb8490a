//! Profiles as `pprof` writes them: stacks with what was counted on each of them.
//!
//! The format is `profile.proto` of github.com/google/pprof: a table of strings, functions, locations (an address and
//! the source lines inlined there, innermost first) and mappings, and samples that refer to them. A [`Profile`] keeps
//! the uncompressed bytes and the decoded tables; samples are read out of the bytes each time they are wanted, because
//! they are most of a profile, and a report looks at each of them once or twice.

mod builder;
mod compatible;
mod decode;
mod edit;
mod encode;
pub mod filter;
#[cfg(test)]
mod folded;
pub mod graph;
mod ids;
pub mod legacy;
mod merge;
pub mod pattern;
mod samples;
mod scale;
#[cfg(test)]
mod steps;
pub mod suspects;
mod table;
pub mod unit;
pub mod wire;

pub use builder::{Builder, Frame};
pub use compatible::compatible;
pub use merge::{difference, merge};
pub use samples::{Label, LabelValue, Sample, Samples};
pub use scale::{normalized, scaled};
pub use table::{Function, Header, Line, Location, Mapping, Profile, Text, ValueType};

/// Why bytes are no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(std::borrow::Cow<'static, str>);

impl Malformed {
    /// With a text made for the occasion.
    pub fn new(why: impl Into<std::borrow::Cow<'static, str>>) -> Malformed {
        Malformed(why.into())
    }
}

/// A map keyed by things of a profile; its hash is seeded at random, since profiles come from outside.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

#[cfg(test)]
mod tests;
