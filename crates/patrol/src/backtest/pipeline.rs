//! Many series at once: rows are read one by one, judged in parallel, and written in the order read.

use std::io::{self, Write};

use rayon::prelude::*;

use super::line::Line;
use super::replay::replay;
use super::summary::Summary;
use super::tsv::{Row, Table};
use super::{Plan, Recorded};
use crate::error::{Explain, Failure, Result};

/// Rows held at once, and bytes of them: what bounds memory.
const MOST_ROWS: usize = 256;
const MOST_BYTES: usize = 1 << 24;

/// How a replay ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// What was counted.
    pub summary: Summary,
    /// Rows that could not be read or replayed, in words; the first few of them.
    pub wrong: Vec<String>,
    /// How many there are.
    pub wrong_rows: usize,
    /// Whether the reader of the output went away.
    pub unread: bool,
}

/// Wrong rows told in full.
const MOST_TOLD: usize = 10;

/// Replays every row of a table and writes a line a window; good rows are not held up by wrong ones.
///
/// Errors: the table cannot be read further, or the output not be written. A reader of the output that went away is
/// no error: the replay ends and says so in `unread`.
pub fn run(table: &mut Table, plan: &Plan<'_>, out: &mut dyn Write, ended: &mut Ended) -> Result<()> {
    loop {
        let (rows, end) = batch(table);
        let judged: Vec<Judged> = rows.par_iter().map(|row| judged(row, plan)).collect();
        if !tell(judged, out, ended)? {
            return Ok(());
        }
        match end {
            None => {}
            Some(Ok(())) => return Ok(()),
            Some(Err(failure)) => return Err(failure),
        }
    }
}

/// Replays series that are at hand, and writes a line a window. Errors as [`run`].
pub fn run_all(all: &[Recorded], plan: &Plan<'_>, out: &mut dyn Write, ended: &mut Ended) -> Result<()> {
    let judged = all.par_iter().map(|one| replay(one, plan).map_err(|why| format!("{}: {why}", one.id))).collect();
    tell(judged, out, ended).map(|_| ())
}

/// The lines of one series, or why there are none.
type Judged = std::result::Result<Vec<Line>, String>;

/// Counts and writes; `false` when nobody reads any more.
fn tell(judged: Vec<Judged>, out: &mut dyn Write, ended: &mut Ended) -> Result<bool> {
    for lines in judged {
        match lines {
            Ok(lines) => {
                ended.summary.count(&lines);
                if !write(out, &lines)? {
                    ended.unread = true;
                    return Ok(false);
                }
            }
            Err(wrong) => {
                ended.wrong_rows += 1;
                if ended.wrong.len() < MOST_TOLD {
                    ended.wrong.push(wrong);
                }
            }
        }
    }
    Ok(true)
}

/// The next rows, and how the table ended if it did: rows before a failure are still good.
fn batch(table: &mut Table) -> (Vec<Row>, Option<Result<()>>) {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < MOST_ROWS && bytes < MOST_BYTES {
        match table.next_row() {
            Ok(Some(row)) => {
                bytes += row.text.len();
                rows.push(row);
            }
            Ok(None) => return (rows, Some(Ok(()))),
            Err(failure) => return (rows, Some(Err(failure))),
        }
    }
    (rows, None)
}

/// Reads and replays one row.
fn judged(row: &Row, plan: &Plan<'_>) -> Judged {
    replay(&row.read()?, plan).map_err(|why| format!("{}: {why}", row.place))
}

/// Writes lines; `false` when nobody reads them any more.
fn write(out: &mut dyn Write, lines: &[Line]) -> Result<bool> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
    }
    match out.write_all(&bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        result => result.map(|()| true).during(|| "cannot write to standard output".into()),
    }
}

impl Ended {
    /// Why the replay does not say all that was asked: rows that are wrong, or no window at all.
    pub fn failure(&self) -> Option<Failure> {
        if self.wrong_rows > 0 {
            let more = self.wrong_rows - self.wrong.len();
            let rest = if more > 0 { format!("\nand {more} more rows") } else { String::new() };
            return Some(Failure::new(format!("{}{rest}", self.wrong.join("\n"))).hint(
                "a row is: id, step in seconds, capacity or `-`, unit, label, values; all other rows were replayed",
            ));
        }
        match (self.summary.series, self.summary.too_short) {
            (0, _) => {
                Some(Failure::new("there is no series to replay").hint("the table is empty: is it the right file?"))
            }
            (all, short) if all == short => {
                Some(Failure::new("no series is as long as a window").hint("set a shorter `--window`"))
            }
            _ => None,
        }
    }
}
