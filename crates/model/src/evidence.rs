//! Evidence: the pieces of an explanation, as values that every face of the product draws its own way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::query::Origin;
use crate::signal::Unit;
use crate::time::Time;

/// One piece of the explanation of a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// A sentence that is so.
    Fact {
        /// The sentence, without a full stop.
        text: String,
    },
    /// What to do about it.
    Advice {
        /// The sentence, without a full stop.
        text: String,
    },
    /// Something that would have helped and was not to be had.
    Missing {
        /// What was looked for.
        what: String,
        /// Why it is not there.
        why: String,
        /// What would bring it.
        hint: String,
    },
    /// Rows under headings.
    Table(Table),
    /// A picture of series.
    Chart(Chart),
}

/// Rows under headings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// What the rows are.
    pub title: String,
    /// Headings; a column without unit holds text.
    pub columns: Vec<Column>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// Where the numbers come from.
    pub origins: Vec<Origin>,
}

/// A heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// What stands above the cells.
    pub name: String,
    /// The unit of its numbers; none for text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<Unit>,
}

/// What stands in a row under a heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cell {
    /// A number in the unit of its column.
    Number(f64),
    /// Words.
    Text(String),
    /// Not known. Drawn as a dash, never as zero.
    Unknown,
}

/// A picture of series over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Unit of the vertical axis.
    pub unit: Unit,
    /// Left edge.
    pub from: Time,
    /// Right edge; may lie in the future when a forecast is drawn.
    pub to: Time,
    /// Lines, in drawing order.
    pub lines: Vec<Line>,
    /// Areas between two curves.
    pub bands: Vec<Band>,
    /// Stretches of time that are marked over the whole height.
    pub intervals: Vec<Interval>,
    /// Instants that are marked: starts, restarts.
    pub marks: Vec<Mark>,
    /// Where the numbers come from.
    pub origins: Vec<Origin>,
}

/// What a line stands for; it decides how the line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What was measured.
    Series,
    /// What it should have been.
    Baseline,
    /// Where it goes: dashed.
    Forecast,
    /// What it must not reach.
    Limit,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What stands in the key.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// Instants and values in order; `None` breaks the line.
    pub points: Vec<(Time, Option<f64>)>,
}

/// An area between two curves: the band of a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// What stands in the key.
    pub name: String,
    /// Instants with lower and upper value, in order.
    pub points: Vec<(Time, f64, f64)>,
}

/// What a marked stretch of time stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalRole {
    /// Where the series is not as it should be.
    Anomaly,
    /// Where the cause was searched for.
    CauseSearch,
}

/// A marked stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// What stands in the key.
    pub name: String,
    /// What it stands for.
    pub role: IntervalRole,
    /// Its start.
    pub from: Time,
    /// Its end.
    pub to: Time,
}

/// A marked instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// What happened.
    pub name: String,
    /// When.
    pub at: Time,
}
