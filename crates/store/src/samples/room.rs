//! Room: what is older than the retention goes, and the file stays below its cap.

use model::time::Time;
use sqlx::{AssertSqlSafe, Connection};

use super::schema::PAGE;
use super::writer::{Writer, chunk_id};
use super::{Settings, StoreError};

impl Settings {
    /// What the write-ahead log may take of `max_bytes`.
    pub(super) fn wal_bytes(&self) -> u64 {
        (self.max_bytes / 8).min(16 << 20)
    }

    /// What is left for the file itself, in pages.
    fn max_pages(&self) -> i64 {
        ((self.max_bytes - self.wal_bytes()) / PAGE) as i64
    }
}

impl Writer {
    async fn number_of(&mut self, sql: &'static str) -> Result<i64, StoreError> {
        sqlx::query_scalar(sql).fetch_one(&mut self.conn).await.map_err(self.wrong("measure"))
    }

    /// Whether the cap is what was hit when so many bytes were to be written; if not, it is the disk that is full.
    /// SQLite has one word for both, and takes the pages of what failed back.
    pub(super) async fn at_cap(&mut self, bytes: usize) -> Result<bool, StoreError> {
        let used = self.number_of("PRAGMA page_count").await? - self.number_of("PRAGMA freelist_count").await?;
        Ok(used + (bytes as u64 / PAGE) as i64 >= self.settings.max_pages())
    }

    /// Drops every block that ended a retention before `now`.
    pub(super) async fn retain(&mut self, now: Time) -> Result<(), StoreError> {
        let before = now.saturating_sub(self.settings.retention.millis());
        let query = sqlx::query_scalar("SELECT id FROM block GROUP BY id HAVING max(last) <= ?1 ORDER BY id");
        let old: Vec<i64> = query.bind(before).fetch_all(&mut self.conn).await.map_err(self.wrong("read"))?;
        for block in old {
            self.drop_block(block).await?;
        }
        Ok(())
    }

    /// Makes a tenth of the cap free by dropping the oldest blocks; false when there is none to drop.
    pub(super) async fn make_room(&mut self) -> Result<bool, StoreError> {
        let wanted = (self.settings.max_pages() / 10).max(8);
        let mut dropped = false;
        while self.number_of("PRAGMA freelist_count").await? < wanted && self.drop_oldest().await? {
            dropped = true;
        }
        Ok(dropped)
    }

    /// Brings the file below the cap, which may have been lowered, and gives free space back when it is a lot.
    pub(super) async fn keep_within_cap(&mut self) -> Result<(), StoreError> {
        let max = self.settings.max_pages();
        let mut pages = self.number_of("PRAGMA page_count").await?;
        let mut free = self.number_of("PRAGMA freelist_count").await?;
        while pages - free > max && self.drop_oldest().await? {
            free = self.number_of("PRAGMA freelist_count").await?;
        }
        // The next block will want some of it; a quarter of the file is more than that.
        if pages > max || free > pages / 4 && free > 256 {
            let give = free.min((pages - max).max(free - pages / 8));
            let wrong = self.wrong("shrink");
            let vacuum = sqlx::query(AssertSqlSafe(format!("PRAGMA incremental_vacuum({give})")));
            vacuum.execute(&mut self.conn).await.map_err(&wrong)?;
            // Only what is moved from the log to the file makes that shorter. Readers may put it off, not fail it.
            let move_on = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
            move_on.execute(&mut self.conn).await.map_err(wrong)?;
            pages -= give;
        }
        let cap = sqlx::query(AssertSqlSafe(format!("PRAGMA max_page_count = {}", max.max(pages))));
        cap.persistent(false).execute(&mut self.conn).await.map_err(self.wrong("set up"))?;
        Ok(())
    }

    async fn drop_oldest(&mut self) -> Result<bool, StoreError> {
        let wrong = self.wrong("read");
        let oldest: Option<i64> =
            sqlx::query_scalar("SELECT min(id) FROM block").fetch_one(&mut self.conn).await.map_err(wrong)?;
        match oldest {
            Some(block) => self.drop_block(block).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Drops a block, and the series that had samples nowhere else.
    async fn drop_block(&mut self, block: i64) -> Result<(), StoreError> {
        let wrong = self.wrong("drop a block of");
        let mut tx = self.conn.begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        sqlx::query("DELETE FROM chunk WHERE id >= ?1 AND id < ?2")
            .bind(chunk_id(block, 0))
            .bind(chunk_id(block + 1, 0))
            .execute(&mut *tx)
            .await
            .map_err(&wrong)?;
        sqlx::query("DELETE FROM block WHERE id = ?1").bind(block).execute(&mut *tx).await.map_err(&wrong)?;
        let sql = "DELETE FROM series
            WHERE last_block < coalesce((SELECT min(id) FROM block), (SELECT block FROM head))";
        sqlx::query(sql).execute(&mut *tx).await.map_err(&wrong)?;
        tx.commit().await.map_err(wrong)
    }
}
