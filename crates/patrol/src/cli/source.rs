//! `patrol source`.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use model::params::RawParams;
use sources::{Source, Step};

use super::table::table;
use super::{Common, Outcome, print};
use crate::config::{Config, SourceConfig, SourceKind};
use crate::error::{Failure, Result};
use crate::wiring::{self, Wanted};

/// Lists the sources and tests them step by step.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Lists the configured sources.
    #[command(after_help = LIST)]
    List,
    /// Tries everything a source must do, step by step, and says what to mend.
    ///
    /// Exit code 0: every step worked; 2: one did not.
    #[command(after_help = TEST)]
    Test {
        /// Names of sources; all that are configured when none is named.
        #[arg(value_name = "NAME", conflicts_with = "prometheus")]
        names: Vec<String>,
        /// Test this Prometheus-compatible server, configured or not.
        #[arg(long, value_name = "URL")]
        prometheus: Option<String>,
    },
}

const LIST: &str = "\
Examples:
  patrol source list
  patrol --config /etc/patrol/patrol.yaml source list";

const TEST: &str = "\
Examples:
  patrol source test
  patrol source test prom-hk
  patrol source test --prometheus http://127.0.0.1:9090";

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    match args.command {
        Command::List => print::out(&list(&Config::discover(common)?))?,
        Command::Test { names, prometheus } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(test(common, names, prometheus))?;
        }
    }
    Ok(Outcome::NothingFound)
}

fn list(config: &Config) -> String {
    let row = |source: &SourceConfig| {
        let place = match &source.kind {
            SourceKind::Prometheus(settings) => sources::prometheus::masked(&settings.url),
            SourceKind::Host { data_dir } => data_dir.display().to_string(),
        };
        [source.name.clone(), source.kind.word().into(), place, source.origin.to_string()]
    };
    table(["NAME", "KIND", "WHERE", "FROM"], config.sources.iter().map(row))
}

/// Tests sources one after the other; one that cannot even be opened does not keep the others from being tested.
async fn test(common: &Common, names: Vec<String>, prometheus: Option<String>) -> Result<()> {
    let names = match (&prometheus, names.is_empty()) {
        (Some(_), _) => vec![String::new()],
        (None, true) => Config::discover(common)?.sources.into_iter().map(|s| s.name).collect(),
        (None, false) => names,
    };
    let mut failed = Vec::new();
    for name in &names {
        let only: &[String] = if prometheus.is_some() { &[] } else { std::slice::from_ref(name) };
        let now = wiring::now();
        let wanted = Wanted {
            prometheus: prometheus.as_deref(),
            sources: only,
            inspections: &[],
            window: None,
            step: None,
            params: RawParams::new(),
            at: now,
        };
        match wiring::wire(common, &wanted).await {
            Ok(wired) => {
                for source in wired.sources() {
                    let steps = source.test(now).await;
                    print::out(&told(source, &steps))?;
                    let wrong = steps.iter().filter(|step| step.outcome.is_err()).count();
                    if wrong > 0 {
                        failed.push(format!("`{}` failed {wrong} of {} steps", source.name(), steps.len()));
                    }
                }
            }
            Err(failure) if names.len() == 1 => return Err(failure),
            Err(failure) => {
                print::out(&unopened(name, &failure))?;
                failed.push(format!("`{name}` cannot be opened"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("source {}", failed.join(", source ")))) }
}

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// A line a step, with its hint.
fn told(source: &dyn Source, steps: &[Step]) -> String {
    let mut text = format!("{}\n", source.name());
    for step in steps {
        let (style, word, said) = match &step.outcome {
            Ok(said) => (GOOD, "ok    ", said),
            Err(why) => (BAD, "failed", why),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {style}{word}{style:#}  {}: {said}", step.tried);
        if let Some(hint) = &step.hint {
            let _ = writeln!(text, "          hint: {hint}");
        }
    }
    text
}

/// The same for a source that cannot be made.
fn unopened(name: &str, failure: &Failure) -> String {
    let chain: Vec<String> = failure.error.chain().map(ToString::to_string).collect();
    let mut text = format!("{name}\n  {BAD}failed{BAD:#}  open it: {}\n", chain.join(": "));
    if let Some(hint) = &failure.hint {
        let _ = writeln!(text, "          hint: {hint}");
    }
    text
}
