//! `patrol completion`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Common, Outcome, print};
use crate::error::Result;

/// Prints a completion script for a shell.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell.
    pub shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  patrol completion bash > ~/.local/share/bash-completion/completions/patrol
  patrol completion zsh > ~/.zfunc/_patrol
  patrol completion fish > ~/.config/fish/completions/patrol.fish";

/// Runs the command.
pub fn run(args: Args, _common: &Common) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "patrol", &mut script);
    print::out(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::NothingFound)
}
