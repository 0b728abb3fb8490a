//! What is: the nouns of inspection, the statistics over them, and the seam.
//!
//! Invariant: nothing here reads a file, a socket, a clock or the environment, and nothing is asynchronous. Time comes
//! in as an argument.

pub mod chunk;
pub mod evidence;
pub mod finding;
pub mod growth;
pub mod labels;
pub mod params;
pub mod profile;
pub mod quantity;
pub mod query;
pub mod seam;
pub mod series;
pub mod signal;
pub mod size;
pub mod snapshot;
pub mod stats;
pub mod time;
pub mod words;
