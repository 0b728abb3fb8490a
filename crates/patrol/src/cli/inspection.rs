//! `patrol inspection`.

use model::params::unknown_key;
use serde::Serialize;
use serde_json::json;

use super::table::{labelled, table};
use super::{Common, Outcome, print};
use crate::config::{Config, InspectionConfig, Setting, schema};
use crate::error::{Failure, Result};

/// Lists the inspections and shows their parameters.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Lists all inspections.
    #[command(after_help = LIST)]
    List {
        /// How to write the list.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Shows what an inspection looks for, and every parameter with its value and where that comes from.
    #[command(after_help = SHOW)]
    Show {
        /// Its id, as listed.
        #[arg(value_name = "INSPECTION")]
        id: String,
        /// How to write it.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// How a card is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

const LIST: &str = "\
Examples:
  patrol inspection list
  patrol inspection list --format json";

const SHOW: &str = "\
Examples:
  patrol inspection show host-memory-leak
  patrol --config /etc/patrol/patrol.yaml inspection show host-memory-leak --format json";

/// Runs the command.
pub fn run(args: Args, common: &Common) -> Result<Outcome> {
    let config = Config::discover(common)?;
    let text = match args.command {
        Command::List { format: Format::Text } => list(&config),
        Command::List { format: Format::Json } => pretty(&config.inspections().iter().map(card).collect::<Vec<_>>())?,
        Command::Show { id, format } => {
            let inspection = config.inspection(&id).ok_or_else(|| unknown(&id))?;
            match format {
                Format::Text => show(inspection),
                Format::Json => pretty(&Shown::of(inspection))?,
            }
        }
    };
    print::out(&text)?;
    Ok(Outcome::NothingFound)
}

fn unknown(id: &str) -> Failure {
    let known: Vec<&str> = inspections::ALL.iter().map(|i| i.card().id).collect();
    Failure::new(unknown_key("inspection", id, &known)).hint("`patrol inspection list` shows them all")
}

fn pretty(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn list(config: &Config) -> String {
    let row = |i: &InspectionConfig| {
        let card = i.inspection.card();
        [card.id, card.title, card.schedule, if i.enabled { "yes" } else { "no" }].map(str::to_string)
    };
    table(["ID", "TITLE", "SCHEDULE (UTC)", "ENABLED"], config.inspections().iter().map(row))
}

fn show(inspection: &InspectionConfig) -> String {
    let card = inspection.inspection.card();
    let rows = |settings: Vec<Setting>| {
        settings.into_iter().map(|s| {
            let value = if s.value.is_empty() { "-" } else { &s.value };
            let param = &s.param;
            [param.name, value, &s.origin.to_string(), schema::word(param.kind), param.doc].map(str::to_string)
        })
    };
    let about = labelled([
        ("Looks for", card.looks_for.to_string()),
        ("Matters", card.matters.to_string()),
        ("To do", card.to_do.to_string()),
        ("Schedule", format!("{} (UTC)", card.schedule)),
        ("Time limit", card.timeout.to_string()),
    ]);
    let settings = table(["SETTING", "VALUE", "FROM", "KIND", "WHAT IT IS"], rows(inspection.settings()));
    let params = table(["PARAMETER", "VALUE", "FROM", "KIND", "WHAT IT IS"], rows(inspection.param_settings()));
    format!("{}: {}\n\n{about}\n{settings}\n{params}", card.id, card.title)
}

/// The card as a value.
fn card(inspection: &InspectionConfig) -> serde_json::Value {
    let card = inspection.inspection.card();
    json!({
        "id": card.id,
        "title": card.title,
        "looks_for": card.looks_for,
        "matters": card.matters,
        "to_do": card.to_do,
        "schedule": card.schedule,
        "timeout": card.timeout,
        "enabled": inspection.enabled,
    })
}

/// The card with everything that can be set.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    card: serde_json::Value,
    settings: Vec<Setting>,
    params: Vec<Setting>,
}

impl Shown {
    fn of(inspection: &InspectionConfig) -> Shown {
        Shown { card: card(inspection), settings: inspection.settings(), params: inspection.param_settings() }
    }
}
