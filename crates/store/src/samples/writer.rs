//! The one writer: takes scrapes, seals blocks, and takes up the head again where a process was killed.

use std::path::{Path, PathBuf};

use model::labels::Labels;
use model::signal::Signal;
use model::time::Time;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::head::{Fresh, Head, Plan};
use super::lock::Lock;
use super::scrape::{self, ScrapeWriter};
use super::{Appended, Sample, Settings, StoreError, hash, schema};

/// Chunks a statement: fewer round trips to SQLite, and few enough that the statement stays small.
const BATCH: usize = 64;

/// The connection that writes, and the head.
pub(super) struct Writer {
    pub(super) conn: SqliteConnection,
    pub(super) dir: PathBuf,
    pub(super) settings: Settings,
    /// None after something went wrong half-way: what is in the file decides then.
    head: Option<Head>,
    /// Number of the next new series.
    next: i64,
    /// Set while the connection takes a transaction for open that SQLite has ended, and no other could be made yet.
    broken: Option<Broken>,
    _lock: Lock,
}

/// What broke a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Broken {
    FullDisk,
    Other,
}

impl Writer {
    /// Opens the file, made and brought up to date where needed, and takes up its head.
    pub(super) async fn open(dir: &Path, settings: Settings, lock: Lock) -> Result<Writer, StoreError> {
        let options = schema::for_writing(dir, settings.wal_bytes());
        let mut conn = SqliteConnection::connect_with(&options).await.map_err(|e| StoreError::of(dir, "open", e))?;
        schema::FORMAT.migrate(&mut conn).await.map_err(|fault| StoreError::file(dir, fault))?;
        let mut writer =
            Writer { conn, dir: dir.to_path_buf(), settings, head: None, next: 1, broken: None, _lock: lock };
        writer.keep_within_cap().await?;
        writer.head = Some(writer.recover().await?);
        Ok(writer)
    }

    pub(super) fn wrong(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError + use<> {
        let dir = self.dir.clone();
        move |e| StoreError::of(&dir, doing, e)
    }

    /// Stores a scrape; when the file is as large as it may get, drops the oldest block and tries again.
    pub(super) async fn append(&mut self, at: Time, samples: &[Sample]) -> Result<Appended, StoreError> {
        self.mend().await?;
        loop {
            let outcome = self.try_append(at, samples).await;
            if let Err(error) = &outcome {
                let full = matches!(error, StoreError::DiskFull { .. });
                self.broken = Some(if full { Broken::FullDisk } else { Broken::Other });
                if self.mend().await.is_err() {
                    return outcome;
                }
            }
            let full = match outcome {
                Err(StoreError::DiskFull { dir, source }) => StoreError::DiskFull { dir, source },
                other => return other,
            };
            let head = self.recover().await?;
            // Chunks fill their pages by half at least; a series takes a name and two places in indexes.
            let most = 2 * head.bytes() + samples.len() * 1024 + (1 << 16);
            self.head = Some(head);
            if !self.at_cap(most).await? {
                return Err(full);
            }
            if !self.make_room().await? {
                let max_bytes = self.settings.max_bytes;
                return Err(StoreError::TooSmall { dir: self.dir.clone(), max_bytes });
            }
        }
    }

    /// Opens the file anew where the connection is broken. A full disk makes SQLite end a transaction by itself; the
    /// connection would take it for open for ever. While the disk is too full even for that, it is the disk that is full.
    async fn mend(&mut self) -> Result<(), StoreError> {
        let Some(broken) = self.broken else { return Ok(()) };
        let options = schema::for_writing(&self.dir, self.settings.wal_bytes());
        self.conn = SqliteConnection::connect_with(&options).await.map_err(|source| match broken {
            Broken::FullDisk => StoreError::DiskFull { dir: self.dir.clone(), source },
            Broken::Other => StoreError::of(&self.dir, "open", source),
        })?;
        self.broken = None;
        self.keep_within_cap().await
    }

    async fn try_append(&mut self, at: Time, samples: &[Sample]) -> Result<Appended, StoreError> {
        let mut head = match self.head.take() {
            Some(head) => head,
            None => self.recover().await?,
        };
        let (ends, stepped_back) = head.ends_before(at);
        if ends {
            let began = head.times.map(|(first, _)| first);
            self.seal(&mut head).await?;
            // A clock that ran ahead must not age everything: time has passed once a whole block was written in it.
            if let Some(began) = began.filter(|_| !stepped_back) {
                self.retain(began).await?;
            }
            self.keep_within_cap().await?;
        }
        let mut plan = head.plan(samples, self.settings.max_series);
        self.number(&mut plan).await?;
        let mut row = ScrapeWriter::with_capacity(plan.taken.len());
        for (slot, value) in &plan.taken {
            row.push(head.id(&plan, *slot), *value);
        }
        self.store(at, head.block, &plan, row.bytes()).await?;
        let mut appended = head.apply(at, plan);
        appended.stepped_back = stepped_back;
        self.head = Some(head);
        Ok(appended)
    }

    /// Gives every fresh series its number: the one it had before, or a new one.
    async fn number(&mut self, plan: &mut Plan) -> Result<(), StoreError> {
        if plan.fresh.is_empty() {
            return Ok(());
        }
        let keys: Vec<i64> = plan.fresh.iter().map(|fresh| hash::key(&fresh.name)).collect();
        let sql = "SELECT id, signal, labels FROM series WHERE key IN (SELECT value FROM json_each(?1))";
        let query = sqlx::query_as::<_, (i64, String, String)>(sql).bind(json(&keys));
        let rows = query.fetch_all(&mut self.conn).await.map_err(self.wrong("search"))?;
        let mut known = std::collections::HashMap::new();
        for (id, signal, labels) in rows {
            if let Some(signal) = Signal::named(&signal) {
                known.insert((signal, self.labels(&labels)?), id);
            }
        }
        for fresh in &mut plan.fresh {
            fresh.known = known.contains_key(&fresh.name);
            fresh.id = known.get(&fresh.name).copied().unwrap_or(self.next);
            self.next += i64::from(!fresh.known);
        }
        Ok(())
    }

    fn labels(&self, text: &str) -> Result<Labels, StoreError> {
        labels(&self.dir, text)
    }

    /// Writes a scrape and what it opens and closes, all or nothing.
    async fn store(&mut self, at: Time, block: i64, plan: &Plan, row: &[u8]) -> Result<(), StoreError> {
        let wrong = self.wrong("write");
        let scrape = sqlx::query("INSERT INTO scrape (at, data) VALUES (?1, ?2)").bind(at).bind(row);
        if plan.fresh.is_empty() && plan.back.is_empty() && plan.gone.is_empty() {
            // A single statement is a transaction in itself.
            scrape.execute(&mut self.conn).await.map_err(wrong)?;
            return Ok(());
        }
        let mut tx = self.conn.begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        let (old, new): (Vec<&Fresh>, Vec<&Fresh>) = plan.fresh.iter().partition(|fresh| fresh.known);
        if !new.is_empty() {
            let rows = new.iter().map(|fresh| {
                let labels = serde_json::to_string(&fresh.name.1).unwrap_or_default();
                (fresh.id, hash::key(&fresh.name), fresh.name.0.name(), labels)
            });
            let sql = "INSERT INTO series (id, key, signal, labels)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)";
            sqlx::query(sql).bind(json(&rows.collect::<Vec<_>>())).execute(&mut *tx).await.map_err(&wrong)?;
        }
        let back: Vec<i64> = old.iter().map(|fresh| fresh.id).chain(plan.back.iter().copied()).collect();
        for (ids, last_block) in [(&back, None), (&plan.gone, Some(block))] {
            if !ids.is_empty() {
                let sql = "UPDATE series SET last_block = ?1 WHERE id IN (SELECT value FROM json_each(?2))";
                sqlx::query(sql).bind(last_block).bind(json(ids)).execute(&mut *tx).await.map_err(&wrong)?;
            }
        }
        scrape.execute(&mut *tx).await.map_err(&wrong)?;
        tx.commit().await.map_err(wrong)
    }

    /// Turns the scrapes of the head into chunks and begins the next block.
    async fn seal(&mut self, head: &mut Head) -> Result<(), StoreError> {
        let wrong = self.wrong("seal a block of");
        let chunks = head.chunks();
        let mut tx = self.conn.begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        for batch in chunks.chunks(BATCH) {
            let places = vec!["(?, ?)"; batch.len()].join(", ");
            let mut insert = sqlx::query(AssertSqlSafe(format!("INSERT INTO chunk (id, data) VALUES {places}")))
                .persistent(batch.len() == BATCH);
            for (series, chunk) in batch {
                insert = insert.bind(chunk_id(head.block, *series)).bind(chunk.to_bytes());
            }
            insert.execute(&mut *tx).await.map_err(&wrong)?;
        }
        for (signal, tally) in head.tallies() {
            sqlx::query("INSERT INTO block (id, signal, first, last, samples) VALUES (?1, ?2, ?3, ?4, ?5)")
                .bind(head.block)
                .bind(signal)
                .bind(tally.first)
                .bind(tally.last)
                .bind(tally.samples as i64)
                .execute(&mut *tx)
                .await
                .map_err(&wrong)?;
        }
        sqlx::query("DELETE FROM scrape").execute(&mut *tx).await.map_err(&wrong)?;
        sqlx::query("UPDATE head SET block = ?1").bind(head.block + 1).execute(&mut *tx).await.map_err(&wrong)?;
        tx.commit().await.map_err(wrong)?;
        head.next_block();
        Ok(())
    }

    /// Reads the head from the file, as it stood after the last scrape that was stored.
    async fn recover(&mut self) -> Result<Head, StoreError> {
        let wrong = self.wrong("read");
        let block = sqlx::query_scalar::<_, i64>("SELECT block FROM head");
        let block = block.fetch_optional(&mut self.conn).await.map_err(&wrong)?;
        let block = block.ok_or_else(|| self.damaged("it does not say which block is being written"))?;
        self.next = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM series")
            .fetch_one(&mut self.conn)
            .await
            .map_err(&wrong)?;
        let mut head = Head::new(block);
        let sql = "SELECT id, signal, labels, last_block IS NULL FROM series
            WHERE last_block IS NULL OR last_block = ?1 ORDER BY id";
        let series = sqlx::query_as::<_, (i64, String, String, bool)>(sql).bind(block);
        let mut unknown = Vec::new();
        for (id, signal, labels, open) in series.fetch_all(&mut self.conn).await.map_err(&wrong)? {
            match Signal::named(&signal) {
                Some(signal) => head.load(id, (signal, self.labels(&labels)?), open),
                None => unknown.push(id),
            }
        }
        let by_id = head.by_id();
        let scrapes = sqlx::query_as::<_, (Time, Vec<u8>)>("SELECT at, data FROM scrape ORDER BY id");
        let mut lost = 0;
        for (at, data) in scrapes.fetch_all(&mut self.conn).await.map_err(&wrong)? {
            let mut samples = Vec::new();
            scrape::read(&data, |id, value| samples.push((id, value))).map_err(|e| self.damaged(&e.to_string()))?;
            lost += head.replay(at, &samples, &by_id);
        }
        if !unknown.is_empty() {
            tracing::warn!(series = unknown.len(), samples = lost, "closed series of signals no longer known");
            let sql = "UPDATE series SET last_block = ?1 WHERE id IN (SELECT value FROM json_each(?2))";
            sqlx::query(sql).bind(block).bind(json(&unknown)).execute(&mut self.conn).await.map_err(&wrong)?;
        }
        Ok(head)
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged { dir: self.dir.clone(), what: what.to_string() }
    }

    /// Seals what there is and lets go of the file and the lock.
    pub(super) async fn close(mut self) -> Result<(), StoreError> {
        self.mend().await?;
        let mut head = match self.head.take() {
            Some(head) => head,
            None => self.recover().await?,
        };
        if head.times.is_some() {
            self.seal(&mut head).await?;
        }
        let wrong = self.wrong("close");
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.conn).await.map_err(&wrong)?;
        self.conn.close().await.map_err(wrong)
    }
}

/// The number of a chunk: the series in the lower 32 bits, the block above.
pub(super) fn chunk_id(block: i64, series: i64) -> i64 {
    (block << 32) | (series & 0xffff_ffff)
}

/// The labels of a series, as they stand in the file.
pub(super) fn labels(dir: &Path, text: &str) -> Result<Labels, StoreError> {
    serde_json::from_str(text)
        .map_err(|e| StoreError::Damaged { dir: dir.to_path_buf(), what: format!("labels that are none: {e}") })
}

/// A list for SQLite's `json_each`. Lists of numbers and texts always have a notation.
pub(super) fn json(list: &impl serde::Serialize) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".into())
}
