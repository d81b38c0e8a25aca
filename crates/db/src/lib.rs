//! The store: one API and one text of SQL over SQLite and PostgreSQL.
//!
//! ```text
//! db.write(async move |tx| place(tx, &order).await).await     one transaction, committed before the answer
//! db.read(async move |tx| statement(tx, line).await).await    one snapshot, without locks
//! tx.nested(async |tx| …).await                               a part that takes effect wholly or not at all
//! desk.submit(command).await                                  many callers' commands as one transaction
//! walk(read, work).await                                      everybody in sets, the next read beside the work
//! ```
//!
//! The work of a transaction may be run more than once (PostgreSQL asks for it after a serialization failure, a
//! deadlock, or a connection lost before COMMIT; SQLite when another of its group has failed), so it has no effect but
//! through its [`Tx`]. Inside it only the transaction is awaited; on SQLite anything else is an error.
//!
//! Columns are BIGINT and TEXT. Statements are static texts; [the markers](crate::Engine) `{lock p}`, `in {n}` and
//! `{rows n: …}` are all the dialect there is. This crate knows no business table.

mod crash;
mod desk;
mod error;
mod migrate;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod statistics;
mod tx;
mod value;
mod walk;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

pub use desk::{Desk, DeskError, SET_MOST};
pub use error::DbError;
pub use migrate::Migration;
pub use row::Row;
pub use sql::Engine;
pub use tx::{Cost, Tx};
pub use value::{Cell, FromValue, Value, containing};
pub use walk::walk;

/// Where the database is: `sqlite:PATH` or `postgres://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, by its URL.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err(format!("{text:?} is no database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME is expected")),
        }
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // The password stays out of logs and screens.
            Self::Postgres(url) => match url.rsplit_once('@') {
                Some((_, place)) => write!(f, "postgres://…@{place}"),
                None => f.write_str(url),
            },
        }
    }
}

/// What a process does with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads and writes. On SQLite it is the only process that does.
    Serve,
    /// Reads beside a serving process.
    Read,
}

/// How the database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Reading only, or also writing.
    pub access: Access,
    /// Reader connections on SQLite, working threads on PostgreSQL.
    pub readers: usize,
    /// Connections to a PostgreSQL server.
    pub pool_size: usize,
    /// Statements that take this long are logged.
    pub slow_statement: Duration,
    /// Whether a commit goes to SQLite's log in one write; without, as SQLite writes it, to measure against.
    pub gathers_log: bool,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            access: Access::Serve,
            readers: cores.clamp(2, 8),
            pool_size: 20,
            slow_statement: Duration::from_millis(200),
            gathers_log: true,
        }
    }
}

/// An open database. Clones share it; it closes with the last.
#[derive(Clone, Debug)]
pub struct Db(Driver);

#[derive(Clone, Debug)]
enum Driver {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens the database; on SQLite creates the file if it is to be written.
    ///
    /// # Errors
    /// [`DbError::InUse`] when another process serves this SQLite file.
    pub fn open(url: &DatabaseUrl, options: &Options) -> Result<Self, DbError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                sqlite::Sqlite::open(path, options).map(|driver| Self(Driver::Sqlite(Arc::new(driver))))
            }
            DatabaseUrl::Postgres(url) => {
                postgres::Postgres::open(url, options).map(|driver| Self(Driver::Postgres(driver)))
            }
        }
    }

    /// Which engine it is.
    pub const fn engine(&self) -> Engine {
        match self.0 {
            Driver::Sqlite(_) => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// How many COMMITs this database has been sent since it was opened: on SQLite one for a group of transactions.
    pub fn commits(&self) -> u64 {
        match &self.0 {
            Driver::Sqlite(driver) => driver.commits(),
            Driver::Postgres(driver) => driver.commits(),
        }
    }

    /// Counts these tables for the planner and marks their pages as read by all, as PostgreSQL does by itself some
    /// minutes after rows were loaded in bulk. SQLite needs neither.
    ///
    /// # Errors
    /// The server cannot be reached, or has no such table.
    pub async fn vacuum(&self, tables: &[&str]) -> Result<(), DbError> {
        match &self.0 {
            Driver::Sqlite(_) => Ok(()),
            Driver::Postgres(driver) => driver.vacuum(tables).await,
        }
    }

    /// Runs `work` in one transaction and answers once it is durable. An error undoes all of it.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.0 {
            Driver::Sqlite(driver) => driver.write(work).await,
            Driver::Postgres(driver) => driver.write(work).await,
        }
    }

    /// [`Db::write`] for a short transaction that somebody waits for: where nobody else writes to the SQLite file, it runs
    /// on the caller's thread and holds it until the transaction is durable, which saves the way to the writer's thread and
    /// back.
    pub async fn write_here<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.0 {
            Driver::Sqlite(driver) => driver.write_here(work).await,
            Driver::Postgres(driver) => driver.write(work).await,
        }
    }

    /// Runs `work` on one snapshot, in which nothing can be written.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.0 {
            Driver::Sqlite(driver) => driver.read(work).await,
            Driver::Postgres(driver) => driver.read(work).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_its_url() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(DatabaseUrl::Sqlite(PathBuf::from("a/b.db"))));
        let server: DatabaseUrl = "postgres://ram:secret@db.example/khaacho".parse().unwrap();
        assert_eq!(server.to_string(), "postgres://…@db.example/khaacho");
        assert!("sqlite:".parse::<DatabaseUrl>().is_err() && "mysql://x".parse::<DatabaseUrl>().is_err());
    }
}
