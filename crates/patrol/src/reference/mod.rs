//! The reference documents, made from the code: docs/reference/ holds them as files, and a test keeps them fresh.

mod commands;
mod configuration;
mod inspections;
mod signals;

use std::fmt::Write;

use model::params::{Kind, Param};

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Name of its file in docs/reference/.
    pub name: &'static str,
    /// What stands in it.
    pub text: String,
}

/// All documents.
pub fn documents() -> Vec<Document> {
    vec![
        Document { name: "cli.md", text: commands::page() },
        Document { name: "config.schema.json", text: crate::config::schema::text() },
        Document { name: "configuration.md", text: configuration::page() },
        Document { name: "inspections.md", text: inspections::page() },
        Document { name: "signals.md", text: signals::page() },
    ]
}

/// What stands above every document.
const MADE: &str =
    "<!-- Made from the code by `UPDATE_DOCS=1 cargo test -p patrol --test it reference`. Edit the code. -->\n";

/// A Markdown table; bars and line ends in cells are escaped.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// A table of parameters.
fn params_table(params: &[Param]) -> String {
    let row = |p: &Param| [code(p.name), crate::config::schema::word(p.kind).into(), default(p), p.doc.to_string()];
    table(["key", "kind", "default", "what it is"], params.iter().map(row))
}

fn default(param: &Param) -> String {
    match (param.default.is_empty(), param.kind) {
        (true, _) => "none".into(),
        (false, Kind::List) => code(&format!("[{}]", param.default.lines().collect::<Vec<_>>().join(", "))),
        (false, _) => code(&param.default),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
