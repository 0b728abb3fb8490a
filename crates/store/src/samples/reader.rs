//! Reading: chunks and unsealed scrapes straight onto the grid of a window.

use std::path::Path;

use futures::TryStreamExt;
use model::chunk::{ChunkError, decode_onto};
use model::labels::Labels;
use model::query::Matcher;
use model::series::SeriesSet;
use model::signal::Signal;
use model::time::{Time, Window};
use sqlx::{Row, SqliteConnection};

use super::matching::Conditions;
use super::writer::{json, labels};
use super::{StoreError, scrape};

/// Most cells an answer may have, half a gigabyte of them.
const MOST_CELLS: usize = 1 << 26;

/// Answers a question, within one transaction of `conn`, so that a block that is sealed meanwhile is neither missed nor
/// seen twice.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    dir: &Path,
    signal: Signal,
    only: &[Matcher],
    window: Window,
) -> Result<SeriesSet, StoreError> {
    if window.cells() == 0 {
        return Err(StoreError::EmptyWindow);
    }
    let conditions = Conditions::new(only)?;
    let mut answer =
        Answer { dir, signal, set: SeriesSet::new(window), ids: Vec::new(), names: Vec::new(), rows: Vec::new() };
    let oldest = answer.oldest_block(conn).await?;
    answer.find_series(conn, oldest, &conditions).await?;
    if oldest.is_some() {
        answer.read_chunks(conn).await?;
    }
    answer.read_scrapes(conn).await?;
    Ok(answer.set)
}

/// An answer on its way: all series that may have samples in the window, and the rows of those that have.
struct Answer<'a> {
    dir: &'a Path,
    signal: Signal,
    set: SeriesSet,
    ids: Vec<i64>,
    names: Vec<Labels>,
    rows: Vec<Option<usize>>,
}

impl Answer<'_> {
    fn wrong(&self, e: sqlx::Error) -> StoreError {
        StoreError::of(self.dir, "read", e)
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { dir: self.dir.to_path_buf(), what }
    }

    /// The first sealed block that has samples of the signal in the window.
    async fn oldest_block(&self, conn: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
        let window = self.set.window();
        sqlx::query_scalar("SELECT min(id) FROM block WHERE signal = ?1 AND last > ?2 AND first <= ?3")
            .bind(self.signal.name())
            .bind(window.from)
            .bind(window.to)
            .fetch_one(conn)
            .await
            .map_err(|e| self.wrong(e))
    }

    /// Series of the signal that meet the conditions and were not closed before that block.
    async fn find_series(
        &mut self,
        conn: &mut SqliteConnection,
        oldest: Option<i64>,
        conditions: &Conditions,
    ) -> Result<(), StoreError> {
        let sql = "SELECT id, labels FROM series
            WHERE signal = ?1 AND (last_block IS NULL OR last_block >= coalesce(?2, (SELECT block FROM head)))";
        let query = sqlx::query_as::<_, (i64, String)>(sql).bind(self.signal.name()).bind(oldest);
        let mut found: Vec<(i64, Labels)> = Vec::new();
        for (id, text) in query.fetch_all(conn).await.map_err(|e| self.wrong(e))? {
            let labels = labels(self.dir, &text)?;
            if conditions.hold(&labels) {
                found.push((id, labels));
            }
        }
        found.sort_unstable_by_key(|(id, _)| *id);
        self.rows = vec![None; found.len()];
        (self.ids, self.names) = found.into_iter().unzip();
        Ok(())
    }

    /// Sealed blocks, in the order they were written: where a clock stepped back, what was written later stands.
    async fn read_chunks(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let window = *self.set.window();
        // In each block each series by its number; `s.key` is its place in the list.
        let sql = "SELECT s.key, c.data FROM block b CROSS JOIN json_each(?1) s
            CROSS JOIN chunk c ON c.id = (b.id << 32) + s.value
            WHERE b.signal = ?2 AND b.last > ?3 AND b.first <= ?4 ORDER BY b.id";
        let query = sqlx::query(sql).bind(json(&self.ids)).bind(self.signal.name()).bind(window.from).bind(window.to);
        let mut rows = query.fetch(conn);
        while let Some(row) = rows.try_next().await.map_err(|e| self.wrong(e))? {
            let place: i64 = row.try_get(0).map_err(|e| self.damaged(e.to_string()))?;
            let data: &[u8] = row.try_get(1).map_err(|e| self.damaged(e.to_string()))?;
            self.fill(place as usize, |window, cells| decode_onto(data, window, cells))?;
        }
        Ok(())
    }

    /// Scrapes that are not sealed yet.
    async fn read_scrapes(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let window = *self.set.window();
        let sql = "SELECT at, data FROM scrape WHERE at > ?1 AND at <= ?2 ORDER BY id";
        let query = sqlx::query_as::<_, (Time, Vec<u8>)>(sql).bind(window.from).bind(window.to);
        let mut rows = query.fetch(conn);
        while let Some((at, data)) = rows.try_next().await.map_err(|e| self.wrong(e))? {
            let Some(cell) = window.cell(at) else { continue };
            let (mut filled, mut next) = (Ok(()), 0);
            scrape::read(&data, |id, value| {
                if let (Ok(()), Some(place)) = (&filled, find(&self.ids, id, &mut next)) {
                    filled = self.fill(place, |_, cells| {
                        cells[cell] = value;
                        Ok(1)
                    });
                }
            })
            .map_err(|e| self.damaged(e.to_string()))?;
            filled?;
        }
        Ok(())
    }

    /// Lets `put` fill the row of a series and say how many samples it put; a row without samples is not kept.
    fn fill(
        &mut self,
        place: usize,
        put: impl FnOnce(&Window, &mut [f64]) -> Result<usize, ChunkError>,
    ) -> Result<(), StoreError> {
        let window = *self.set.window();
        let (Some(row), Some(name)) = (self.rows.get(place).copied(), self.names.get(place)) else { return Ok(()) };
        let outcome = match row {
            Some(row) => put(&window, self.set.row_mut(row)),
            None => {
                let (row, cells) = (self.set.len(), window.cells());
                if (row + 1).saturating_mul(cells) > MOST_CELLS {
                    return Err(StoreError::TooLarge { series: row + 1, cells });
                }
                let outcome = put(&window, self.set.push(name.clone()));
                match outcome {
                    Ok(1..) => self.rows[place] = Some(row),
                    _ => self.set.pop(),
                }
                outcome
            }
        };
        let broken = |e| self.damaged(format!("a chunk of {}{{{name}}}: {e}", self.signal.name()));
        outcome.map(drop).map_err(broken)
    }
}

/// The place of a number in an ascending list. `next` is where the one after the last that was sought would stand:
/// mostly they are sought in ascending order, and no search is needed.
fn find(ids: &[i64], id: i64, next: &mut usize) -> Option<usize> {
    let before = next.checked_sub(1).and_then(|before| ids.get(before));
    let passed = ids.get(*next).is_some_and(|after| *after < id);
    if passed || before.is_some_and(|before| *before >= id) {
        *next = ids.partition_point(|other| *other < id);
    }
    let place = *next;
    (ids.get(place) == Some(&id)).then(|| {
        *next += 1;
        place
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever was sought before, as a plain search finds it.
        #[test]
        fn numbers_are_found_in_any_order(mut ids in prop::collection::vec(0i64..40, 0..20), sought in prop::collection::vec(0i64..40, 0..40)) {
            ids.sort_unstable();
            ids.dedup();
            let mut next = 0;
            for id in sought {
                prop_assert_eq!(find(&ids, id, &mut next), ids.binary_search(&id).ok());
            }
        }
    }
}
