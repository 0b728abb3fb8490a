//! `patrol demo`.

use super::{Common, Outcome};
use crate::error::{Failure, Result};

/// Shows the main job on this machine in about 90 s.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args, _common: &Common) -> Result<Outcome> {
    Err(Failure::new("not built yet"))
}
