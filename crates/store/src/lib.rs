//! What we remember.

pub mod profiles;
pub mod samples;
mod sqlite;
