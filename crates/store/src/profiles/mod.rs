//! The profile store: what programs told of their own memory, profile by profile, in SQLite.
//!
//! Each profile is one row, stored in one transaction and kept as it was sent, but that what came plain is packed with
//! gzip. Writers of several processes take turns; any number of processes read at the same time. What is older is
//! thinned out ([`Keep`]).

mod error;
mod schema;
mod thin;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use model::time::{Time, Window};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::Mutex;

pub use error::StoreError;
use schema::FORMAT;
pub use thin::Keep;

/// Name of the database in its folder.
const FILE: &str = "profiles.sqlite";
/// Connections for reading; each is a thread, made when first needed.
const READERS: u32 = 2;
/// What gzip begins with (RFC 1952).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A profile that is stored: all but its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    id: i64,
    /// The program it is of, by the name the configuration gives it.
    pub target: String,
    /// What it is of: `heap`, `goroutine`, `memory`.
    pub kind: String,
    /// When it was taken, by our clock.
    pub taken_at: Time,
    /// Bytes it takes, packed.
    pub size: u64,
}

/// What thinning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinned {
    /// Profiles dropped.
    pub profiles: usize,
    /// Bytes they took.
    pub bytes: u64,
}

/// A folder of profiles.
///
/// Its functions need a tokio runtime. They can be called from several tasks at once, and dropping one half-way leaves
/// the store whole.
pub struct ProfileStore {
    dir: PathBuf,
    /// None in a store for reading, and once closed.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
}

impl ProfileStore {
    /// Opens the store of a folder for writing and reading; makes both where there are none.
    pub async fn open(dir: &Path) -> Result<ProfileStore, StoreError> {
        std::fs::create_dir_all(dir).map_err(|e| StoreError::io("make the folder", dir, e))?;
        schema::create(dir)?;
        let options = schema::for_writing(dir);
        let mut conn = SqliteConnection::connect_with(&options).await.map_err(|e| StoreError::of(dir, "open", e))?;
        FORMAT.migrate(&mut conn).await.map_err(|fault| StoreError::file(dir, fault))?;
        Ok(ProfileStore { dir: dir.into(), writer: Mutex::new(Some(conn)), readers: FORMAT.for_reading(dir) })
    }

    /// Opens the store of a folder for reading, also while another process writes to it.
    ///
    /// Fails with [`StoreError::Missing`] when no profile was ever kept there.
    pub async fn open_read_only(dir: &Path) -> Result<ProfileStore, StoreError> {
        let store = ProfileStore { dir: dir.to_path_buf(), writer: Mutex::new(None), readers: FORMAT.for_reading(dir) };
        FORMAT.check(dir, &store.readers).await.map_err(|fault| StoreError::file(dir, fault))?;
        Ok(store)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stores a profile of a kind of a target; what is not gzip is packed first. All or nothing.
    pub async fn put(&self, target: &str, kind: &str, taken_at: Time, bytes: Vec<u8>) -> Result<Stored, StoreError> {
        let packing = tokio::task::spawn_blocking(move || packed(bytes)).await;
        let data = packing.map_err(|e| StoreError::io("pack a profile for", &self.dir, std::io::Error::other(e)))?;
        let size = data.len() as u64;
        let mut writer = self.writer.lock().await;
        let conn = writer.as_mut().ok_or_else(|| StoreError::ReadOnly { dir: self.dir.clone() })?;
        let sql = "INSERT INTO profile (target, kind, taken_at, size, data) VALUES (?1, ?2, ?3, ?4, ?5)";
        let insert = sqlx::query(sql).bind(target).bind(kind).bind(taken_at).bind(size as i64).bind(data);
        // Not `RETURNING id`: its row comes before the commit, whose failure nobody would see then.
        let id = insert.execute(conn).await.map_err(self.wrong("write to"))?.last_insert_rowid();
        Ok(Stored { id, target: target.into(), kind: kind.into(), taken_at, size })
    }

    /// The profiles of a kind of a target that were taken within a window, oldest first.
    pub async fn list(&self, target: &str, kind: &str, window: Window) -> Result<Vec<Stored>, StoreError> {
        let sql = "SELECT id, target, kind, taken_at, size FROM profile
            WHERE target = ?1 AND kind = ?2 AND taken_at > ?3 AND taken_at <= ?4 ORDER BY taken_at, id";
        let query = sqlx::query_as(sql).bind(target).bind(kind).bind(window.from).bind(window.to);
        let rows = query.fetch_all(&self.readers).await.map_err(self.wrong("read"))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// The bytes of a profile, packed with gzip. [`StoreError::Gone`] when it was thinned out meanwhile.
    pub async fn read(&self, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        // A number is given out again; what else is known of the profile tells whether it is still the same.
        let sql = "SELECT data FROM profile WHERE id = ?1 AND target = ?2 AND kind = ?3 AND taken_at = ?4";
        let Stored { id, target, kind, taken_at, .. } = stored;
        let query = sqlx::query_scalar(sql).bind(id).bind(target).bind(kind).bind(taken_at);
        let found = query.fetch_optional(&self.readers).await.map_err(self.wrong("read"))?;
        found.ok_or_else(|| StoreError::Gone { dir: self.dir.clone() })
    }

    /// The targets that have profiles, by name.
    pub async fn targets(&self) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT DISTINCT target FROM profile ORDER BY target");
        query.fetch_all(&self.readers).await.map_err(self.wrong("read"))
    }

    /// Drops what is no longer worth its room, and gives the room back when it is a lot.
    pub async fn thin(&self, keep: &Keep, now: Time) -> Result<Thinned, StoreError> {
        let mut writer = self.writer.lock().await;
        let conn = writer.as_mut().ok_or_else(|| StoreError::ReadOnly { dir: self.dir.clone() })?;
        let sql = "SELECT id, target, kind, taken_at, size FROM profile ORDER BY taken_at, id";
        let rows = sqlx::query_as(sql).fetch_all(&mut *conn).await.map_err(self.wrong("read"))?;
        let all: Vec<Stored> = rows.into_iter().map(stored).collect();
        let surplus = thin::surplus(&all, keep, now);
        if surplus.is_empty() {
            return Ok(Thinned::default());
        }
        let ids: Vec<i64> = surplus.iter().map(|stored| stored.id).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_else(|_| "[]".into());
        let delete = sqlx::query("DELETE FROM profile WHERE id IN (SELECT value FROM json_each(?1))").bind(ids);
        delete.execute(&mut *conn).await.map_err(self.wrong("thin"))?;
        self.shrink(conn).await?;
        Ok(Thinned { profiles: surplus.len(), bytes: thin::sum(surplus.iter().map(|stored| stored.size)) })
    }

    /// Gives free pages back when they are a quarter of the file; the next profiles will want the others.
    async fn shrink(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let wrong = self.wrong("shrink");
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await.map_err(&wrong)?;
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut *conn).await.map_err(&wrong)?;
        if free > pages / 4 && free > 256 {
            let vacuum = sqlx::query(AssertSqlSafe(format!("PRAGMA incremental_vacuum({free})")));
            vacuum.execute(&mut *conn).await.map_err(&wrong)?;
            // Only what is moved from the log to the file makes that shorter. Readers may put it off, not fail it.
            let move_on = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
            move_on.execute(&mut *conn).await.map_err(wrong)?;
        }
        Ok(())
    }

    /// Lets go of the file. Without it nothing is lost either.
    pub async fn close(&self) -> Result<(), StoreError> {
        let writer = self.writer.lock().await.take();
        self.readers.close().await;
        match writer {
            Some(writer) => writer.close().await.map_err(self.wrong("close")),
            None => Ok(()),
        }
    }

    fn wrong(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError + '_ {
        move |e| StoreError::of(&self.dir, doing, e)
    }
}

/// A row.
fn stored((id, target, kind, taken_at, size): (i64, String, String, Time, i64)) -> Stored {
    Stored { id, target, kind, taken_at, size: u64::try_from(size).unwrap_or(0) }
}

/// Bytes as gzip; those that are stay as they are.
fn packed(bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(&MAGIC) {
        return bytes;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    match encoder.write_all(&bytes).and_then(|()| encoder.finish()) {
        Ok(packed) => packed,
        Err(_) => bytes,
    }
}
