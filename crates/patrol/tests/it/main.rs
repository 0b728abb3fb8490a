//! Patrol from outside: the shape of the repository, its configuration, its commands and its documents.

mod backtest;
mod config;
mod reference;
mod tidy;
mod walk;
