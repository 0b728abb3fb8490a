//! Flame graphs: all stacks of a profile as one page that stands alone and answers to mouse, keys and address.
//!
//! The root is on top, a box is as wide as what its call path holds. In a difference a box is as wide as what was added
//! and what was taken away together; it is orange where more was added and blue where more was taken away, a pair that
//! the colour-blind tell apart, and the stronger the more of its width the net change is.

mod fold;
mod frames;
mod page;
mod payload;
mod picture;
mod trie;

pub use page::{FlameOptions, page, page_of};

#[cfg(test)]
mod tests;
