//! Which call path leaks, told from several snapshots of a heap, or of goroutines.
//!
//! [`digest()`] makes one snapshot ready, independently of all others and in parallel if the caller likes; [`judge()`]
//! joins them: stacks by hash, growth as a tree of calls, a verdict on each path that grew
//! ([`Verdict`]), and what hangs together. [`SuspectsReport::verdicts`] gives findings with evidence.

mod account;
mod chain;
mod code;
mod course;
mod digest;
mod evidence;
mod findings;
mod join;
mod judge;
mod links;
mod path;
mod report;
mod shape;
mod size_class;
mod suspect;
mod tree;
mod verdict;

pub use account::{Account, Share};
pub use chain::Examined;
pub use code::{own, short};
pub use digest::{Digest, Kind, digest, kind};
pub use findings::{GOROUTINE_GROWTH, HEAP_GROWTH};
pub use judge::{Context, judge};
pub use path::{Path, Step};
pub use report::{Comparison, Counted, SuspectsReport};
pub use shape::Shape;
pub use suspect::{Confidence, Point, Rate, SizeGrowth, Suspect};
pub use verdict::Verdict;

#[cfg(test)]
mod tests;
