//! Tables for the terminal: numbers with their unit to the right, words cut to what room is left.

use model::evidence::{Cell, Column, Table};

use super::paint::Paint;
use crate::render::cell;
use crate::render::clock::Clock;
use crate::render::plain::{cut, pad, plain, width, wrap};

/// Blanks between two columns.
const GAP: usize = 2;
/// Words are not cut below this.
const LEAST: usize = 6;
/// Lines a sentence may take.
const MOST_FOLDED: usize = 4;

/// The lines of a table, none wider than `columns` unless the numbers alone are.
pub fn table(table: &Table, columns: usize, clock: &Clock, paint: Paint) -> Vec<String> {
    let text = |cell: &Cell, column: &Column| plain(&cell::said(cell, column, clock)).into_owned();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = table.columns.iter().enumerate();
            cells.map(|(i, column)| text(row.get(i).unwrap_or(&Cell::Unknown), column)).collect()
        })
        .collect();
    let heads: Vec<String> = table.columns.iter().map(|c| plain(&c.name).into_owned()).collect();
    let widths = widths(table, &heads, &rows, columns);
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&table.columns).zip(&widths);
        let cells = cells.map(|((text, column), w)| pad(&cut(text, *w), *w, cell::right(column)));
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_string()
    };
    let mut lines = vec![paint.strong(&cut(&plain(&table.title), columns)), paint.faint(&line(&heads))];
    for mut row in rows.iter().cloned() {
        let folded = fold(&mut row, table, &widths);
        lines.push(line(&row));
        let indent = widths.iter().rev().skip(1).map(|w| w + GAP).sum::<usize>();
        lines.extend(folded.iter().map(|rest| format!("{}{rest}", " ".repeat(indent))));
    }
    if rows.is_empty() {
        lines.push(paint.faint("(no rows)"));
    }
    lines
}

/// Sentences stand in the last column: what does not fit on its line goes on below.
fn fold(row: &mut [String], table: &Table, widths: &[usize]) -> Vec<String> {
    let (Some(last), Some(column), Some(columns)) = (row.last_mut(), table.columns.last(), widths.last()) else {
        return Vec::new();
    };
    if cell::right(column) || width(last) <= *columns || *columns < 2 * LEAST {
        return Vec::new();
    }
    let mut lines = wrap(last, *columns);
    if lines.len() > MOST_FOLDED {
        let rest = lines.split_off(MOST_FOLDED - 1).join(" ");
        lines.push(cut(&rest, *columns).into_owned());
    }
    *last = lines.remove(0);
    lines
}

/// Natural widths; where these do not fit, the widest column of words gives way first.
fn widths(table: &Table, heads: &[String], rows: &[Vec<String>], columns: usize) -> Vec<usize> {
    let widest = |i: usize| rows.iter().map(|r| width(&r[i])).chain([width(&heads[i])]).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..heads.len()).map(widest).collect();
    let room = columns.saturating_sub(GAP * heads.len().saturating_sub(1));
    let words = |i: &usize| !cell::right(&table.columns[*i]);
    while widths.iter().sum::<usize>() > room {
        match (0..heads.len()).filter(words).max_by_key(|i| widths[*i]) {
            Some(i) if widths[i] > LEAST => widths[i] -= 1,
            _ => break,
        }
    }
    widths
}
