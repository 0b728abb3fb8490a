//! A report in every format: text, Markdown, HTML, JSON, with charts.

mod axis;
mod cell;
pub mod clock;
mod forecast;
mod html;
pub mod json;
mod markdown;
mod measure;
pub(crate) mod plain;
pub mod story;
pub mod svg;
mod text;
mod thin;

pub use plain::plain;

use std::io::IsTerminal;

use engine::report::Report;
use jiff::tz::TimeZone;

/// What a report is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal, with small charts.
    #[default]
    Text,
    /// A document to send on, in GitHub's flavour.
    Markdown,
    /// A page that stands alone, with charts.
    Html,
    /// For programs; docs/reference/report.schema.json describes it.
    Json,
}

/// What a report is drawn on.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Columns of the terminal; text is never narrower than 60.
    pub width: usize,
    /// Whether text may be coloured.
    pub color: bool,
    /// The zone instants are written in, but for JSON, which is always UTC.
    pub zone: TimeZone,
}

impl Canvas {
    /// The canvas of standard output, or of a file when the report does not go `to_terminal`: 100 columns, no colours.
    /// The zone is the one of this machine.
    pub fn of_terminal(to_terminal: bool) -> Canvas {
        let out = std::io::stdout();
        let terminal = to_terminal && out.is_terminal();
        let columns = rustix::termios::tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col)).filter(|c| *c > 0);
        Canvas {
            width: columns.filter(|_| terminal).unwrap_or(100),
            // https://no-color.org: set and not empty means no.
            color: terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
            zone: TimeZone::system(),
        }
    }
}

/// The report in a format. Never fails: what cannot be shown is said.
pub fn render(report: &Report, format: Format, canvas: &Canvas) -> String {
    match format {
        Format::Text => text::render(report, canvas),
        Format::Markdown => markdown::render(report, canvas),
        Format::Html => html::render(report, canvas),
        Format::Json => json::render(report),
    }
}
