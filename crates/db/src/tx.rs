//! A transaction, as a value that is held.

use std::fmt::Arguments;
use std::time::Duration;

use crate::crash;
use crate::error::{DbError, wrong_count};
use crate::row::Row;
use crate::value::Value;
use crate::{postgres, sqlite};

/// One open transaction. Use cases take `&mut Tx`; only the driver begins and ends one.
///
/// On SQLite every call runs at once. On PostgreSQL [`Tx::exec`] and [`Tx::insert_many`] are queued and travel with the
/// next statement that needs an answer, or with COMMIT, in one flight: a broken constraint of a queued write surfaces
/// there. What must be known at once is asked with [`Tx::query`] and RETURNING, or [`Tx::change`].
///
/// A statement that fails dooms the transaction, or the part of it that [`Tx::nested`] runs: PostgreSQL refuses to go on
/// after an error, so both engines do, and work that swallows the error can not commit half of itself.
#[derive(Debug)]
pub struct Tx {
    driver: Driver,
    depth: u32,
    cost: Cost,
    passed: crash::Passed,
    /// The first failure of a statement that has not been undone.
    failed: Option<DbError>,
}

#[derive(Debug)]
enum Driver {
    Sqlite(sqlite::Session),
    Postgres(Box<postgres::Session>),
}

/// What a transaction has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Statements run or queued.
    pub statements: u64,
    /// Times the transaction waited for an answer of the server; on SQLite always 0.
    pub round_trips: u64,
}

impl Tx {
    pub(crate) fn sqlite(session: sqlite::Session, only_reads: bool) -> Self {
        Self::new(Driver::Sqlite(session), only_reads)
    }

    pub(crate) fn postgres(session: postgres::Session, only_reads: bool) -> Self {
        Self::new(Driver::Postgres(Box::new(session)), only_reads)
    }

    fn new(driver: Driver, only_reads: bool) -> Self {
        Self { driver, depth: 0, cost: Cost::default(), passed: crash::Passed::none(only_reads), failed: None }
    }

    pub(crate) fn into_postgres(self) -> Option<postgres::Session> {
        match self.driver {
            Driver::Postgres(session) => Some(*session),
            Driver::Sqlite(_) => None,
        }
    }

    /// What the transaction has cost so far.
    pub fn cost(&self) -> Cost {
        let round_trips = match &self.driver {
            Driver::Sqlite(_) => 0,
            Driver::Postgres(session) => session.round_trips(),
        };
        Cost { round_trips, ..self.cost }
    }

    /// Whether the transaction may commit: nothing failed without being undone, and no part was left half way.
    pub(crate) fn verdict(&self) -> Result<(), DbError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.depth > 0 => Err(DbError::Waited),
            None => {
                self.passed.commit();
                Ok(())
            }
        }
    }

    fn start<'v>(&mut self, what: Arguments<'_>, params: impl IntoIterator<Item = &'v Value>) -> Result<(), DbError> {
        self.passed.statement(what, params);
        self.cost.statements = self.cost.statements.saturating_add(1);
        self.go_on()
    }

    fn rows_fit(&mut self, columns: &[&str], rows: &[Vec<Value>], table: &str) -> Result<(), DbError> {
        let odd = rows.iter().find(|row| row.len() != columns.len());
        self.note(odd.map_or(Ok(()), |row| Err(wrong_count(row.len(), columns.len(), table))))
    }

    fn go_on(&self) -> Result<(), DbError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn note<T>(&mut self, answer: Result<T, DbError>) -> Result<T, DbError> {
        answer.inspect_err(|error| {
            self.failed.get_or_insert_with(|| error.clone());
        })
    }

    /// Every row of the answer.
    pub async fn query(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, DbError> {
        self.start(format_args!("{sql}"), &params)?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.query(sql, &params),
            Driver::Postgres(session) => session.query(sql, params).await,
        };
        self.note(answer)
    }

    /// The first row of the answer, if there is one.
    pub async fn query_opt(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// The first row of an answer that always has one.
    pub async fn query_one(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Row, DbError> {
        self.query_opt(sql, params).await?.ok_or(DbError::Missing(sql))
    }

    /// A write that needs no answer.
    pub async fn exec(&mut self, sql: &'static str, params: Vec<Value>) -> Result<(), DbError> {
        self.start(format_args!("{sql}"), &params)?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.change(sql, &params).map(|_| ()),
            Driver::Postgres(session) => session.later(sql, params).await,
        };
        self.note(answer)
    }

    /// A write that tells how many rows it changed.
    pub async fn change(&mut self, sql: &'static str, params: Vec<Value>) -> Result<u64, DbError> {
        self.start(format_args!("{sql}"), &params)?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.change(sql, &params),
            Driver::Postgres(session) => session.change(sql, params).await,
        };
        self.note(answer)
    }

    /// Inserts rows, each with a value for every column. Needs no answer.
    pub async fn insert_many(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), DbError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.start(format_args!("insert into {table}"), rows.iter().flatten())?;
        self.rows_fit(columns, &rows, table)?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.insert(table, columns, &rows),
            Driver::Postgres(session) => session.insert_later(table, columns, rows).await,
        };
        self.note(answer)
    }

    /// Inserts the rows whose unique keys are free, passes over the others, and returns the columns
    /// `returning`, which are among the inserted ones, of the new ones.
    pub async fn insert_new(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Vec<Value>>,
        returning: &'static str,
    ) -> Result<Vec<Row>, DbError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.start(format_args!("insert into {table}"), rows.iter().flatten())?;
        self.rows_fit(columns, &rows, table)?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.insert_new(table, columns, returning, &rows),
            Driver::Postgres(session) => session.insert_new(table, columns, returning, rows).await,
        };
        self.note(answer)
    }

    /// Runs several statements written for this engine; for the migration runner.
    pub(crate) fn batch(&mut self, sql: String) -> Result<(), DbError> {
        self.start(format_args!("{sql}"), [])?;
        let answer = match &mut self.driver {
            Driver::Sqlite(session) => session.batch(&sql),
            Driver::Postgres(session) => {
                session.batch_later(sql);
                Ok(())
            }
        };
        self.note(answer)
    }

    /// Runs a part that takes effect wholly or not at all: an error undoes what the part has written, and the
    /// transaction around it goes on.
    ///
    /// What the engine wants run again as a whole (a deadlock, a lost connection) is not undone here: it dooms the
    /// transaction.
    pub async fn nested<T, E, F>(&mut self, part: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Self) -> Result<T, E>,
        E: From<DbError>,
    {
        self.go_on()?;
        let depth = self.depth.saturating_add(1);
        let begun = match &mut self.driver {
            Driver::Sqlite(session) => session.savepoint(depth),
            Driver::Postgres(session) => {
                session.savepoint(depth);
                Ok(())
            }
        };
        self.note(begun)?;
        self.depth = depth;
        let mut outcome = part(self).await;
        if outcome.is_ok() {
            outcome = match self.release(depth).await {
                Ok(()) => outcome,
                Err(error) => Err(error.into()),
            };
        }
        if outcome.is_err() {
            self.undo(depth).await;
        }
        self.depth = depth.saturating_sub(1);
        outcome
    }

    async fn release(&mut self, depth: u32) -> Result<(), DbError> {
        self.go_on()?;
        let released = match &mut self.driver {
            Driver::Sqlite(session) => session.release(depth),
            Driver::Postgres(session) => session.release(depth).await,
        };
        self.note(released)
    }

    /// Undoes a part and forgives its failure. Where that does not succeed, the transaction stays doomed.
    async fn undo(&mut self, depth: u32) {
        if self.failed.as_ref().is_some_and(DbError::asks_again) {
            return;
        }
        let undone = match &mut self.driver {
            Driver::Sqlite(session) => session.undo(depth),
            Driver::Postgres(session) => session.undo(depth).await,
        };
        match undone {
            Ok(()) => self.failed = None,
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }
}

/// Measures one statement and logs it where it was slow.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    started: std::time::Instant,
    limit: Duration,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "durations for the log and for the metrics, never a decision")]
    pub(crate) fn start(limit: Duration) -> Self {
        Self { started: std::time::Instant::now(), limit }
    }

    pub(crate) fn stop(&self, sql: &str, rows: usize) {
        let took = self.started.elapsed();
        if took >= self.limit {
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(target: "db::slow", millis, rows, sql, "slow statement");
            metrics::counter!("khaacho_db_slow_statements_total").increment(1);
        }
    }

    /// Counts a COMMIT that took until now.
    pub(crate) fn committed(&self) {
        metrics::histogram!("khaacho_db_commit_seconds").record(self.started.elapsed());
    }
}
