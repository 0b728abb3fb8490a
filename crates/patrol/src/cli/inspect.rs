//! `patrol inspect`.

use super::{Common, Outcome};
use crate::error::{Failure, Result};

/// Inspects now and prints a report.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args, _common: &Common) -> Result<Outcome> {
    Err(Failure::new("not built yet"))
}
