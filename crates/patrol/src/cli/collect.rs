//! `patrol collect`.

use super::{Common, Outcome};
use crate::error::{Failure, Result};

/// Collects the memory of this host and its processes, in the foreground.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args, _common: &Common) -> Result<Outcome> {
    Err(Failure::new("not built yet"))
}
