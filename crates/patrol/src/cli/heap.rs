//! `patrol heap`: what heap snapshots tell.

use std::path::PathBuf;

use clap::Subcommand;
use model::size::Size;
use model::time::Span;
use sources::pprof::{MOST_UNCOMPRESSED, Settings};

use super::inspect::Writing;
use super::{Common, Outcome, inspect};
use crate::error::{Failure, Result};
use crate::heap::choose::{Wanted, material};
use crate::heap::fetch::{self, Series};
use crate::heap::lines::Lines;
use crate::heap::{Material, report};
use crate::wiring;

/// Finds out what heap profiles tell.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Suspects(Suspects),
}

/// Says which call path leaks, from two or more snapshots of a heap.
///
/// Takes heap profiles in the format of pprof (Go, Rust with `jemalloc_pprof`, gperftools), goroutine profiles, and heap profiles as text
/// (`debug=1`) for an account of the memory; of a folder, whatever of these is in it. Six snapshots or more tell a leak
/// from a cache that fills; with Go, take them with `?gc=1`. Exit code 0: nothing found; 1: found something at or above
/// `--fail-on`; 2: could not look, or not compare.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Suspects {
    /// Heap profiles, or folders of them. Their order is that of the times they say.
    #[arg(value_name = "FILE|DIR", required_unless_present = "url")]
    pub places: Vec<PathBuf>,

    /// Take the snapshots from a running program: the address of its heap profile.
    #[arg(long, value_name = "URL", conflicts_with_all = ["places", "goroutines"])]
    pub url: Option<String>,

    /// With `--url`: from one snapshot to the next.
    #[arg(long, value_name = "DURATION", default_value = "30s", requires = "url")]
    pub every: Span,

    /// With `--url`: how many snapshots to take.
    #[arg(long, value_name = "COUNT", default_value_t = 6, requires = "url")]
    pub count: usize,

    /// With `--url`: do not ask the program to collect its garbage first. A heap profile of Go then shows what was in
    /// use some time ago.
    #[arg(long, requires = "url")]
    pub no_gc: bool,

    /// Goroutine profiles of the same process, which tell what hangs on what leaks.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub goroutines: Vec<PathBuf>,

    /// Heap profiles as text (`/debug/pprof/heap?debug=1`), for the account of the memory.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub memstats: Vec<PathBuf>,

    /// Resident memory of the process, for the account of the memory.
    #[arg(long, value_name = "SIZE")]
    pub rss: Option<Size>,

    /// Folders with the source of the program, `:` between several: shows the lines of the path.
    #[arg(long, value_name = "DIRS", alias = "source_path")]
    pub source_path: Option<String>,

    /// Largest profile that is read, uncompressed.
    #[arg(long, value_name = "SIZE", default_value_t = Size::from_bytes(MOST_UNCOMPRESSED))]
    pub max_uncompressed: Size,

    /// How the report is written.
    #[command(flatten)]
    pub writing: Writing,
}

const EXAMPLES: &str = "\
Examples:
  patrol heap suspects --url http://127.0.0.1:6060/debug/pprof/heap
      six snapshots of a running Go program, 30 s apart
  patrol heap suspects heap.1.pb.gz heap.2.pb.gz heap.3.pb.gz heap.4.pb.gz
      snapshots taken before
  patrol heap suspects snapshots/ --source-path ~/src/app --format html -o leak.html
      a folder of them, with source lines, as a document to send on";

/// Runs the command.
pub fn run(args: Args, _common: &Common) -> Result<Outcome> {
    let Command::Suspects(args) = args.command;
    let mut material = read(&args)?;
    material.resident_bytes = args.rss.map(|size| size.bytes() as f64);
    let judged = material.judge();
    let lines = args.source_path.as_deref().map(|path| Ok::<_, Failure>(Lines::new(path, &std::env::current_dir()?)));
    let lines = lines.transpose()?;
    let report = report::report(&material, &judged, lines.as_ref(), wiring::now());
    args.writing.finish(&report)
}

fn read(args: &Suspects) -> Result<Material> {
    let progress = inspect::progress();
    let Some(url) = &args.url else {
        let wanted = Wanted {
            places: &args.places,
            goroutines: &args.goroutines,
            memory: &args.memstats,
            limit: args.max_uncompressed.bytes(),
        };
        return material(&wanted, &progress);
    };
    if args.every < Span::from_millis(1) {
        return Err(Failure::new("without time between them snapshots show nothing").hint("leave `--every` at 30s"));
    }
    if args.count < 2 {
        return Err(Failure::new("one snapshot cannot be compared").hint("take six: `--count 6`"));
    }
    let settings = Settings { gc: !args.no_gc, max_uncompressed: args.max_uncompressed, ..Settings::at(url) };
    let series = Series { settings, every: args.every, count: args.count };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(fetch::material(&series, &progress))
}
