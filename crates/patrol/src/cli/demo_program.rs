//! `patrol demo-program`: what `patrol demo` starts; hidden.

use model::time::Span;

use super::{Common, Outcome};
use crate::demo::program::{Extent, Program};
use crate::error::Result;

/// A program of the demo: uses memory in its way until it is killed, or until the demo that started it ends.
#[derive(clap::Args)]
pub struct Args {
    /// Its way of using memory.
    kind: Program,

    /// Process id of the demo.
    #[arg(long)]
    parent: i32,

    /// Factor on all amounts.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,

    /// How long the demo watches.
    #[arg(long)]
    duration: Span,
}

/// Runs the command.
pub fn run(args: Args, _common: &Common) -> Result<Outcome> {
    let duration = std::time::Duration::from_millis(args.duration.millis().unsigned_abs());
    args.kind.run(Extent { scale: args.scale.clamp(0.0, 1.0), duration }, args.parent)?;
    Ok(Outcome::NothingFound)
}
