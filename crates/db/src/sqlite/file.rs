//! The file: its lock, its connections and how they are set, its log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Writing;
use super::session::failure;
use crate::error::DbError;

const STATEMENT_CACHE: usize = 512;
/// How often the log is looked at.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(50);
/// Pages of the log from which it is copied back although there is writing.
const LOG_LONG: i64 = 16_000;
/// Pages for which the writer may as well be held up.
const LOG_REST: i64 = 400;

/// Takes the lock file beside the database, which the operating system gives back when the process ends, however.
pub(super) fn take_lock(path: &Path) -> Result<File, DbError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let failed = |error: &std::io::Error| DbError::Engine(format!("{}: {error}", lock_path.display()));
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&lock_path)
        .map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(|error| failed(&error))?;
            write!(file, "{}", std::process::id()).map_err(|error| failed(&error))?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = process.trim();
            let holder = if process.is_empty() { String::new() } else { format!(" (process {process})") };
            Err(DbError::InUse { path: path.display().to_string(), holder })
        }
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Reads,
    /// Writes as SQLite does by itself, or copies the log back.
    Writes,
    /// Writes, what a commit adds to the log gathered.
    WritesGathered,
}

pub(super) fn connect(path: &Path, purpose: Purpose) -> Result<Connection, DbError> {
    let flags = if purpose == Purpose::Reads {
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
    };
    let opened = if purpose == Purpose::WritesGathered {
        wal::vfs().and_then(|vfs| Connection::open_with_flags_and_vfs(path, flags, vfs))
    } else {
        Connection::open_with_flags(path, flags)
    };
    let connection = opened.map_err(|error| DbError::Engine(format!("opening {}: {error}", path.display())))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // A plan is made once, for any values: without this guarantee SQLite parses and plans a statement anew at each use,
    // wherever a limit or an equality is given by a value, since the cache takes the values off a statement it keeps.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| failure(&error))?;
    let settings = if purpose == Purpose::Reads {
        "pragma busy_timeout = 5000; pragma cache_size = -32768; pragma query_only = on;"
    } else {
        // A small cache: SQLite looks through all of it at a commit in which a tree was balanced, and what is not in it
        // comes from the system's cache. Pages that were changed stay in it until the commit, which `wal` asks for.
        "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma wal_autocheckpoint = 0; pragma cache_size = -4096; pragma cache_spill = off; pragma temp_store = memory;"
    };
    connection.execute_batch(settings).map_err(|error| failure(&error))?;
    Ok(connection)
}

/// The database's file, to flush it beside its connections. It is never closed: a process that closes any descriptor of a
/// file gives up the locks that SQLite holds on it through others (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
pub(super) fn open_for_good(path: &Path) -> Result<&'static File, DbError> {
    let file = File::open(path).map_err(|error| DbError::Engine(format!("{}: {error}", path.display())))?;
    Ok(Box::leak(Box::new(file)))
}

/// Copies the log back into the database: where nobody writes, and where it has become long, so that it begins anew.
pub(super) fn keep_log_short(connection: &Connection, database: &File, writing: &Writing, stopping: &AtomicBool) {
    let (mut seen, mut copied) = (0, 0);
    while !stopping.load(Ordering::Acquire) {
        std::thread::park_timeout(CHECKPOINT_EVERY);
        let now = writing.commits.load(Ordering::Relaxed);
        let is_idle = now == seen;
        seen = now;
        if copied == now {
            continue;
        }
        let done = if is_idle {
            Log::after("passive", connection).map(|log| log.rest() == 0)
        } else {
            begin_anew(connection, database, writing)
        };
        // What failed is tried again with the next commit.
        let is_over = done.unwrap_or_else(|error| {
            tracing::warn!(%error, "checkpoint failed");
            true
        });
        if is_over {
            copied = now;
        }
    }
}

/// Copies a long log beside the writer, which is held up for the last few pages only: a log begins anew where all of it is
/// copied. Whether it is; a reader can hold up what it still reads. SQLite flushes the database with the last of them, so
/// that what was copied before is flushed here, before the writer waits for it.
fn begin_anew(connection: &Connection, database: &File, writing: &Writing) -> Result<bool, DbError> {
    let mut log = Log::after("noop", connection)?;
    if log.pages < LOG_LONG {
        return Ok(false);
    }
    // What is written meanwhile is left for the next round, which is shorter, unless more is written than can be copied.
    let mut before = i64::MAX;
    while log.rest() > LOG_REST && log.rest() < before {
        before = log.rest();
        Log::after("passive", connection)?;
        database.sync_data().map_err(|error| DbError::Engine(format!("flushing the database: {error}")))?;
        log = Log::after("noop", connection)?;
    }
    let _held = writing.worker.lock();
    Log::after("passive", connection).map(|log| log.rest() == 0)
}

/// The log, in pages.
#[derive(Clone, Copy, Debug)]
struct Log {
    pages: i64,
    /// How many of them are copied back.
    copied: i64,
}

impl Log {
    /// How it stands after a checkpoint of this mode.
    fn after(mode: &str, connection: &Connection) -> Result<Self, DbError> {
        let sql = format!("pragma wal_checkpoint({mode})");
        let log = connection.query_row(&sql, [], |row| Ok(Self { pages: row.get(1)?, copied: row.get(2)? }));
        log.map_err(|error| failure(&error))
    }

    /// How many pages are not copied back.
    const fn rest(self) -> i64 {
        self.pages.saturating_sub(self.copied)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn nothing_is_written_before_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("test.db"), Purpose::WritesGathered).unwrap();
        connection.execute_batch("create table texts (content text) strict; begin immediate;").unwrap();
        let log = || std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len();
        let before = log();
        for _ in 0..6_000 {
            connection.execute("insert into texts values (printf('%.2000c', 'x'))", []).unwrap();
        }
        assert_eq!(log(), before);
        connection.execute_batch("commit").unwrap();
        assert!(log() > 12_000_000);
    }

    #[test]
    fn a_plan_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("test.db"), Purpose::WritesGathered).unwrap();
        connection
            .execute_batch(
                "create table orders (id integer primary key, shop integer, state text);
                 create index orders_open on orders (shop) where state = 'OPEN';",
            )
            .unwrap();
        let sql = "select id from orders where shop = ?1 and state = ?2 order by id limit ?3";
        for times in 0..4 {
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(!statement.exists((times % 2, "OPEN", 20 + times)).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "use {times}");
        }
    }
}
