//! The faces of Patrol: command line, configuration, rendering; the only room that wires the others together.

pub mod backtest;
pub mod cli;
pub mod collect;
pub mod config;
pub mod demo;
pub mod error;
pub mod heap;
pub mod pprof;
pub mod profiles;
pub mod reference;
pub mod render;
pub mod rounds;
pub mod wiring;
