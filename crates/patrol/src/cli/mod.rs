//! The command line: one file a command, listed once here.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Failure, Result};
use crate::render::plain::plain;

pub mod backtest;
pub mod collect;
pub mod completion;
pub mod config;
pub mod demo;
pub mod demo_program;
pub mod document;
pub mod heap;
pub mod inspect;
pub mod inspection;
pub mod pprof;
pub mod print;
pub mod source;
pub mod table;

/// Finds memory that leaks before it breaks something, and says why.
#[derive(Parser)]
#[command(name = "patrol", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// Configuration file; `patrol.yaml` in the working directory when there is one.
    #[arg(long, global = true, value_name = "FILE", env = "PATROL_CONFIG")]
    pub config: Option<PathBuf>,

    /// Where the embedded collector keeps its series.
    #[arg(long, global = true, value_name = "DIR", env = "PATROL_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  patrol demo
      see a leak being found on this machine, in about 90 s
  patrol collect
      keep a record of this host and its processes
  patrol inspect
      inspect this host from that record
  patrol inspect host-memory-leak --prometheus http://127.0.0.1:9090
      inspect every host that a Prometheus knows";

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Inspect(inspect::Args),
    Collect(collect::Args),
    Backtest(backtest::Args),
    Pprof(pprof::Args),
    Heap(heap::Args),
    Inspection(inspection::Args),
    Source(source::Args),
    Config(config::Args),
    Completion(completion::Args),
    #[command(hide = true)]
    DemoProgram(demo_program::Args),
}

/// What a command that worked has to say to the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    NothingFound,
    /// Exit code 1: findings at or above `--fail-on`.
    Found,
}

/// Runs the program: parses, dispatches, prints the error and its hint.
pub fn main() -> ExitCode {
    match arguments_of_pprof().map_or_else(|| run(Cli::parse()), pprof::print) {
        Ok(Outcome::NothingFound) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(failure) => {
            report(&failure);
            ExitCode::from(2)
        }
    }
}

/// What follows `patrol pprof`. Its flags are Go's; to have them taken apart by the parser of all other commands would
/// cost a small profile half its time.
fn arguments_of_pprof() -> Option<Vec<String>> {
    let mut args = std::env::args_os().skip(1).map(|arg| arg.into_string().ok());
    if args.next()?.as_deref() == Some("pprof") { args.collect() } else { None }
}

fn run(cli: Cli) -> Result<Outcome> {
    let Cli { config, data_dir, command } = cli;
    let common = Common { config, data_dir };
    match command {
        Command::Demo(args) => demo::run(args, &common),
        Command::Inspect(args) => inspect::run(args, &common),
        Command::Collect(args) => collect::run(args, &common),
        Command::Backtest(args) => backtest::run(args, &common),
        Command::Pprof(args) => pprof::run(args, &common),
        Command::Heap(args) => heap::run(args, &common),
        Command::Inspection(args) => inspection::run(args, &common),
        Command::Source(args) => source::run(args, &common),
        Command::Config(args) => config::run(args, &common),
        Command::Completion(args) => completion::run(args, &common),
        Command::DemoProgram(args) => demo_program::run(args, &common),
    }
}

/// What every command may be told.
pub struct Common {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
}

/// `error: outermost: cause: cause`, then the hint on a line of its own.
fn report(failure: &Failure) {
    let (error, hint) = said(failure);
    anstream::eprintln!("{}error:{} {error}", ERROR.render(), ERROR.render_reset());
    if let Some(hint) = hint {
        anstream::eprintln!("{}hint:{} {hint}", HINT.render(), HINT.render_reset());
    }
}

/// The chain but for causes that are named already, and the hint. Files and servers have their words in both, which
/// must not command the terminal; only the line breaks are ours.
fn said(failure: &Failure) -> (String, Option<String>) {
    let mut chain = String::new();
    for cause in failure.error.chain().map(ToString::to_string) {
        if !chain.contains(&cause) {
            chain += if chain.is_empty() { "" } else { ": " };
            chain += &cause;
        }
    }
    let tame = |text: &str| text.split('\n').map(plain).collect::<Vec<_>>().join("\n");
    (tame(&chain), failure.hint.as_deref().map(tame))
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const HINT: anstyle::Style = anstyle::AnsiColor::Cyan.on_default();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain;

    #[test]
    fn errors_name_each_cause_once_and_command_no_terminal() {
        let cause = anyhow::anyhow!("disk full").context("cannot store: disk full");
        let failure =
            Err::<(), _>(cause).during(|| "step `\x1b[31mX`".into()).or_hint("look\r\nat \u{202e}it").unwrap_err();
        let (error, hint) = said(&failure);
        assert_eq!(error, "step `␛[31mX`: cannot store: disk full");
        assert_eq!(hint.as_deref(), Some("look␍\nat �it"));
    }
}
