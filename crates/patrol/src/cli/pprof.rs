//! `patrol pprof`.

use super::{Common, Outcome, document, print};
use crate::error::{Explain, Failure, Result};
use crate::pprof::{self, Output, flags};

/// Prints the reports of `go tool pprof` from the same flags, many times faster.
#[derive(clap::Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES)]
pub struct Args {
    /// Flags of `go tool pprof`, and profiles: files or addresses. `patrol pprof -help` lists the flags.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAGS | FILE | URL")]
    pub args: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  patrol pprof -top heap.pb.gz
      functions by the memory they hold
  patrol pprof -top -diff_base=heap.1.pb.gz heap.6.pb.gz
      what grew between two profiles
  patrol pprof -list NewRing -source_path=. heap.pb.gz
      the source lines that hold it
  patrol pprof -flame heap.html heap.pb.gz
      an interactive flame graph in one file";

/// Runs the command.
pub fn run(args: Args, _common: &Common) -> Result<Outcome> {
    print(args.args)
}

/// Prints the report that the arguments ask for.
pub fn print(args: Vec<String>) -> Result<Outcome> {
    if args.iter().any(|a| ["-h", "-help", "--help"].contains(&a.as_str())) {
        let usage = "Prints the reports of `go tool pprof` from the same flags, many times faster.\n\n\
                     Usage: patrol pprof REPORT [FLAGS] FILE|URL...\n\n";
        print::out(&format!("{usage}{}{EXAMPLES}\n", flags::help()))?;
        return Ok(Outcome::NothingFound);
    }
    let done = pprof::run(&args, &mut |note| anstream::eprintln!("{note}"));
    match done.map_err(|trouble| Failure { error: anyhow::Error::msg(trouble.words), hint: trouble.hint })? {
        Output::Text(text) => print::foreign(&text)?,
        Output::Bytes(bytes) => print::bytes(&bytes)?,
        Output::File(path, bytes) => document::write(path.as_ref(), bytes).during(|| format!("cannot write {path}"))?,
    }
    Ok(Outcome::NothingFound)
}
