//! Patrol from outside: the shape of the repository, its configuration, its commands and its documents.

mod backtest;
mod cli;
mod collect;
mod config;
mod heap;
mod heap_growth;
mod pprof;
mod pprof_flame;
mod pprof_proto;
mod pprof_source;
mod reference;
mod render;
mod tidy;
mod walk;
