//! `patrol config`.

use super::{Common, Outcome};
use crate::error::{Failure, Result};

/// Checks the configuration, prints its schema.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args, _common: &Common) -> Result<Outcome> {
    Err(Failure::new("not built yet"))
}
