//! The demo: real programs, one of which leaks, seen by the collector and judged by an inspection.

pub mod children;
pub mod folder;
pub mod program;
pub mod room;
