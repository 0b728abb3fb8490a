//! Cells of tables in words, the same in every format.

use model::evidence::{Cell, Column};
use model::signal::Unit;

use super::clock::Clock;
use model::quantity::{UNKNOWN, quantity};

/// Seconds above this are an instant since the epoch (2001), not a length of time: 31 years of either.
const INSTANT: f64 = 1e9;

/// What a cell says under its heading.
pub fn said(cell: &Cell, column: &Column, clock: &Clock) -> String {
    match (cell, column.unit) {
        (Cell::Unknown, _) => UNKNOWN.into(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Number(value), Some(Unit::Seconds)) if *value >= INSTANT && value.is_finite() => {
            clock.short((value * 1e3) as i64)
        }
        (Cell::Number(value), unit) => quantity(*value, unit.unwrap_or(Unit::Count)),
    }
}

/// Whether the cells of a column stand on the right, as numbers do.
pub fn right(column: &Column) -> bool {
    column.unit.is_some()
}
