//! What inspections of growing memory share: who grew, and how it is drawn.

pub mod chart;
pub mod consumer;
