//! `patrol demo`: the main job on this machine, in a minute and a half.

use std::path::PathBuf;

use model::time::Span;

use super::{Common, Outcome, inspect, print};
use crate::collect::ending::Ending;
use crate::demo::Demo;
use crate::error::{Failure, Result};
use crate::render::Format;

/// Shows the main job on this machine in about 90 s.
///
/// Starts a small program that leaks, beside some that only look like it (a warming cache, a saw-tooth, a step), collects
/// the memory of this host and all its processes, and inspects it. Exit code 0, whatever is found; 2: could not do it.
#[derive(clap::Args)]
pub struct Args {
    /// Leave the leaking program out: nothing must be found then.
    #[arg(long)]
    without_leak: bool,

    /// How long to watch.
    #[arg(long, value_name = "DURATION", default_value = "75s")]
    duration: Span,

    /// Where to write the report, as HTML [default: a new file in the folder for temporary files].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A leak needs this much time to show beside the other programs.
const SHORTEST: Span = Span::from_secs(30);
/// The grid of longer demos would have no room.
const LONGEST: Span = Span::from_hours(1);

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    if args.duration < SHORTEST || args.duration > LONGEST {
        return Err(Failure::new(format!("a demo of {} is not possible", args.duration))
            .hint(format!("give `--duration` a value from {SHORTEST} to {LONGEST}")));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(show(args, common))
}

async fn show(args: Args, common: &Common) -> Result<Outcome> {
    let demo = Demo { duration: args.duration, with_leak: !args.without_leak, data_dir: common.data_dir.clone() };
    let mut ending = Ending::watch()?;
    let report = tokio::select! {
        () = ending.come() => return Err(Failure::new("interrupted").hint("all programs of the demo were ended")),
        report = demo.run() => report?,
    };
    let path = args.output.unwrap_or_else(new_file);
    // What was found is told first: no wrong file name loses it.
    inspect::write(&report, Format::Text, None)?;
    inspect::write(&report, Format::Html, Some(&path))?;
    print::line(&format!("\nThe same with charts: {}", path.display()))?;
    Ok(Outcome::NothingFound)
}

/// A file for the report that nobody has yet: the time and the process are in its name.
fn new_file() -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    std::env::temp_dir().join(format!("patrol-demo-{now}-{}.html", std::process::id()))
}
