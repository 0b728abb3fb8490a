//! `patrol config`.

use std::path::{Path, PathBuf};

use super::{Common, Outcome, print};
use crate::config::{Config, FILE, schema};
use crate::error::{Failure, Result};

/// Checks the configuration, prints its schema.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Reads a configuration and says everything that is wrong with it.
    ///
    /// Nothing is asked of the sources; `patrol source test` does that. Exit code 0: fine; 2: wrong.
    #[command(after_help = CHECK)]
    Check {
        /// The file; that of `--config`, else patrol.yaml in the working directory.
        file: Option<PathBuf>,
    },
    /// Prints the JSON schema of the configuration, for editors.
    #[command(after_help = SCHEMA)]
    Schema,
}

const CHECK: &str = "\
Examples:
  patrol config check
  patrol config check /etc/patrol/patrol.yaml";

const SCHEMA: &str = "\
Examples:
  patrol config schema > patrol.schema.json
      and write `# yaml-language-server: $schema=patrol.schema.json` above the configuration";

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    match args.command {
        Command::Check { file } => print::line(&check(file.as_deref().or(common.config.as_deref()))?)?,
        Command::Schema => print::out(&schema::text())?,
    }
    Ok(Outcome::NothingFound)
}

fn check(file: Option<&Path>) -> Result<String> {
    if file.is_none() && std::fs::symlink_metadata(FILE).is_err() {
        return Err(Failure::new(format!("there is no {FILE} in this directory"))
            .hint("name one, `patrol config check FILE`; Patrol also works without"));
    }
    let file = file.unwrap_or(Path::new(FILE));
    let config = Config::load(file)?;
    let many = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let (sources, inspections) = (config.sources_set(), config.inspections_set());
    let targets = match config.profiles.targets.len() {
        0 => String::new(),
        some => format!(", {} with profiles", many(some, "program")),
    };
    Ok(format!("{}: fine: {}, {}{targets}", file.display(), many(sources, "source"), many(inspections, "inspection")))
}
