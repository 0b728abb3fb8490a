//! docs/reference/cli.md: every command with its help, as `--help` prints it.

use clap::{Command, CommandFactory};

use super::MADE;
use crate::cli::Cli;

/// Columns of the help.
const WIDTH: usize = 100;

pub(super) fn page() -> String {
    let mut root = Cli::command().term_width(WIDTH);
    root.build();
    let mut text = format!(
        "{MADE}# Commands\n\n\
         `patrol COMMAND --help` prints the same. Exit codes: 0 done, nothing found; 1 found something at or above\n\
         `--fail-on`; 2 could not do it, or not all of it, and standard error says why and what to do.\n"
    );
    describe(&mut root, "patrol", &mut text);
    text
}

fn describe(command: &mut Command, path: &str, text: &mut String) {
    let own = std::mem::take(command).mut_args(|argument| argument.hide_env_values(true));
    *command = own;
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!("\n## {path}\n\n```\n{}\n```\n", lines.join("\n")));
    for sub in command.get_subcommands_mut() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            let path = format!("{path} {}", sub.get_name());
            describe(sub, &path, text);
        }
    }
}
