//! Tables for terminals: columns apart by two blanks, wrapped to the width there is.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// Columns of text where standard output is no terminal.
const PAPER: u16 = 100;

/// Columns there are: the terminal's, within reason, or a hundred.
pub fn width() -> u16 {
    let stdout = std::io::stdout();
    match rustix::termios::tcgetwinsize(&stdout) {
        Ok(size) if stdout.is_terminal() && size.ws_col > 0 => size.ws_col.clamp(60, 160),
        _ => PAPER,
    }
}

/// Rows under a head.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.set_header(head).add_rows(rows);
    lines(table)
}

/// Paragraphs behind their labels.
pub fn labelled<const N: usize>(rows: [(&str, String); N]) -> String {
    let mut table = Table::new();
    table.add_rows(rows.map(|(label, text)| [label.to_string(), text]));
    lines(table)
}

fn lines(mut table: Table) -> String {
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width());
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
