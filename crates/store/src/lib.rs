//! What we remember.

pub mod samples;
