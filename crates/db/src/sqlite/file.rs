//! The file: its lock, its connections and how they are set, its log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::session::failure;
use crate::error::DbError;

const STATEMENT_CACHE: usize = 512;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);

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

pub(super) fn connect(path: &Path, read_only: bool) -> Result<Connection, DbError> {
    let flags = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
    };
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| DbError::Engine(format!("opening {}: {error}", path.display())))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // A plan is made once, for any values: without this guarantee SQLite parses and plans a statement anew at each use,
    // wherever a limit or an equality is given by a value, since the cache takes the values off a statement it keeps.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| failure(&error))?;
    let settings = if read_only {
        "pragma busy_timeout = 5000; pragma cache_size = -32768; pragma query_only = on;"
    } else {
        // A small cache: SQLite looks through all of it at a commit in which a tree was balanced, and what is not in it
        // comes from the system's cache.
        "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma wal_autocheckpoint = 20000; pragma cache_size = -4096; pragma temp_store = memory;"
    };
    connection.execute_batch(settings).map_err(|error| failure(&error))?;
    Ok(connection)
}

/// Copies the log back into the database from time to time, so that the writer seldom has to.
pub(super) fn keep_log_short(connection: &Connection, commits: &AtomicU64, stopping: &AtomicBool) {
    let (mut seen, mut copied) = (0, 0);
    while !stopping.load(Ordering::Acquire) {
        std::thread::park_timeout(CHECKPOINT_EVERY);
        let now = commits.load(Ordering::Relaxed);
        let is_idle = now == seen;
        seen = now;
        if is_idle && copied != now {
            copied = now;
            let result = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
            if let Err(error) = result {
                tracing::warn!(%error, "checkpoint failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_plan_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("test.db"), false).unwrap();
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
