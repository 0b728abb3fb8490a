//! When and in what order, as pure planning: no clock, no file, no network.

pub mod report;
pub mod run;
