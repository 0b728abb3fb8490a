//! The loop that joins the collector and the store.

pub mod ending;
