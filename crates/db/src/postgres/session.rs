//! The statements of one transaction and how they travel: flights of queued writes and one request behind them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::maybe_done;
use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use super::wire::{by_column, classify, fits, read};
use super::{Purpose, Shared};
use crate::error::DbError;
use crate::row::Row;
use crate::sql::{Dialect, Insert};
use crate::tx::Stopwatch;
use crate::value::Value;

/// What waits for the next flight.
enum Pending {
    Batch(String),
    Write { sql: &'static str, statement: Statement, params: Vec<Value> },
}

/// The statements of one transaction.
///
/// It owns a connection until it ends. One that is dropped before its end (a panic) takes its connection out of the
/// pool, so that nobody goes on in a half-done transaction.
pub(crate) struct Session {
    client: Option<Object>,
    dialect: Arc<Dialect>,
    slow: Duration,
    pending: Vec<Pending>,
    purpose: Purpose,
    round_trips: u64,
    /// A flight is under way. Where it is still so at the next, the code gave up waiting for it.
    is_flying: bool,
    /// The server refuses to go on, and no savepoint that it knows would change that.
    is_broken: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Session {
    pub(super) fn new(shared: &Shared, client: Object, purpose: Purpose) -> Self {
        let dialect = match purpose {
            Purpose::Read => &shared.reading,
            Purpose::Write => &shared.writing,
        };
        Self {
            client: Some(client),
            dialect: dialect.clone(),
            slow: shared.slow,
            pending: vec![Pending::Batch(purpose.begin().to_owned())],
            purpose,
            round_trips: 0,
            is_flying: false,
            is_broken: false,
        }
    }

    pub(crate) const fn round_trips(&self) -> u64 {
        self.round_trips
    }

    fn has_begun(&self) -> bool {
        !matches!(self.pending.first(), Some(Pending::Batch(sql)) if sql.starts_with("begin"))
    }

    pub(crate) async fn query(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, DbError> {
        let sql = self.dialect.statement(sql);
        let statement = self.prepare(sql).await?;
        self.ask(sql, statement, params).await
    }

    async fn ask(&mut self, sql: &'static str, statement: Statement, params: Vec<Value>) -> Result<Vec<Row>, DbError> {
        fits(&statement, &params, sql)?;
        let columns: Arc<[String]> = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let found = self.fly(sql, async move |client| client.query(&statement, &as_params(&params)).await).await?;
        read(&found, columns)
    }

    pub(crate) async fn change(&mut self, sql: &'static str, params: Vec<Value>) -> Result<u64, DbError> {
        let sql = self.dialect.statement(sql);
        let statement = self.prepare(sql).await?;
        fits(&statement, &params, sql)?;
        self.fly(sql, async move |client| client.execute(&statement, &as_params(&params)).await).await
    }

    pub(crate) async fn later(&mut self, sql: &'static str, params: Vec<Value>) -> Result<(), DbError> {
        let sql = self.dialect.statement(sql);
        let statement = self.prepare(sql).await?;
        self.queue(sql, statement, params)
    }

    /// A write that could not be sent must not be found out about when the COMMIT behind it has been.
    fn queue(&mut self, sql: &'static str, statement: Statement, params: Vec<Value>) -> Result<(), DbError> {
        fits(&statement, &params, sql)?;
        self.pending.push(Pending::Write { sql, statement, params });
        Ok(())
    }

    pub(crate) fn batch_later(&mut self, sql: String) {
        self.pending.push(Pending::Batch(sql));
    }

    pub(crate) async fn insert_later(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), DbError> {
        let insert = Insert { table, columns, returning: None };
        let (sql, statement, params) = self.prepare_insert(insert, rows).await?;
        self.queue(sql, statement, params)
    }

    pub(crate) async fn insert_new(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        returning: &'static str,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, DbError> {
        let insert = Insert { table, columns, returning: Some(returning) };
        let (sql, statement, params) = self.prepare_insert(insert, rows).await?;
        self.ask(sql, statement, params).await
    }

    /// The statement of an insert and its parameters, one array a column. The first time, the server is asked for the
    /// types of the columns.
    async fn prepare_insert(
        &mut self,
        insert: Insert,
        rows: Vec<Vec<Value>>,
    ) -> Result<(&'static str, Statement, Vec<Value>), DbError> {
        let sql = if let Some(sql) = self.dialect.known_insert(insert) {
            sql
        } else {
            let probe = format!("select {} from {} limit 0", insert.columns.join(", "), insert.table);
            let probe = self.prepare(&probe).await?;
            let is_text: Vec<bool> = probe.columns().iter().map(|column| *column.type_() != Type::INT8).collect();
            self.dialect.insert(insert, &is_text)
        };
        let statement = self.prepare(sql).await?;
        let params = by_column(statement.params(), rows, sql)?;
        Ok((sql, statement, params))
    }

    pub(crate) fn savepoint(&mut self, depth: u32) {
        self.pending.push(Pending::Batch(format!("savepoint part_{depth}")));
    }

    /// Sends what is queued, so that a broken constraint surfaces inside the part that caused it.
    pub(crate) async fn release(&mut self, depth: u32) -> Result<(), DbError> {
        let release = format!("release savepoint part_{depth}");
        self.fly("release savepoint", async move |client| client.batch_execute(&release).await).await
    }

    /// Undoes a part at once: until then the server refuses every statement, also the preparing of one.
    pub(crate) async fn undo(&mut self, depth: u32) -> Result<(), DbError> {
        let savepoint = format!("savepoint part_{depth}");
        let unsent = self.pending.iter().position(|queued| matches!(queued, Pending::Batch(sql) if *sql == savepoint));
        if let Some(index) = unsent {
            self.pending.truncate(index);
            return if self.is_broken { Err(ended()) } else { Ok(()) };
        }
        self.pending.clear();
        let undo = format!("rollback to savepoint part_{depth}; release savepoint part_{depth}");
        self.fly("rollback to savepoint", async move |client| client.batch_execute(&undo).await).await?;
        self.is_broken = false;
        Ok(())
    }

    pub(super) async fn commit(mut self, commits: &AtomicU64) -> Result<(), DbError> {
        if self.has_begun() || self.pending.len() > 1 {
            commits.fetch_add(1, Ordering::Relaxed);
            let watch = Stopwatch::start(self.slow);
            let flight = self.send("commit", async |client| client.batch_execute("commit").await).await;
            watch.committed();
            flight.map_err(|failure| match failure {
                Failure::Known(error) => {
                    // The server has answered the COMMIT behind the failed write with a rollback: the connection is
                    // as good as new.
                    if !matches!(error, DbError::LostConnection(_) | DbError::Waited) {
                        drop(self.client.take());
                    }
                    error
                }
                Failure::Unanswered(error) if self.purpose == Purpose::Read => error,
                Failure::Unanswered(_) => DbError::CommitUnknown,
            })?;
        }
        drop(self.client.take());
        Ok(())
    }

    /// Gives the connection back, or away where it can not be cleaned.
    pub(super) async fn rollback(mut self) {
        if self.has_begun() {
            let Some(client) = &self.client else { return };
            if self.is_flying || client.batch_execute("rollback").await.is_err() {
                return;
            }
        }
        drop(self.client.take());
    }

    async fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        let client = self.client.as_ref().ok_or_else(ended)?;
        let prepared = client.prepare_cached(sql).await.map_err(|error| classify(&error, sql));
        self.is_broken |= prepared.is_err() && self.has_begun();
        prepared
    }

    /// Sends what is queued and one request behind it, all at once, and waits for every answer. The first failure
    /// counts.
    async fn fly<T, F>(&mut self, sql: &str, last: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    {
        self.send(sql, last).await.map_err(|failure| match failure {
            Failure::Known(error) | Failure::Unanswered(error) => error,
        })
    }

    async fn send<T, F>(&mut self, sql: &str, last: F) -> Result<T, Failure>
    where
        F: AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    {
        let client = self.client.as_ref().filter(|_| !self.is_flying).ok_or(Failure::Known(DbError::Waited))?;
        if client.is_closed() {
            return Err(Failure::Known(DbError::LostConnection(format!("it was closed before: {sql}"))));
        }
        let watch = Stopwatch::start(self.slow);
        self.round_trips = self.round_trips.saturating_add(1);
        let pending = std::mem::take(&mut self.pending);
        self.is_flying = true;
        let answer = send_all(client, &pending, sql, last).await;
        self.is_flying = false;
        watch.stop(sql, pending.len());
        answer
    }
}

/// How a flight failed.
enum Failure {
    /// The server said so, or nothing was sent: a COMMIT in this flight was not carried out.
    Known(DbError),
    /// The connection broke after everything had been sent.
    Unanswered(DbError),
}

async fn send_all<T, F>(client: &Object, pending: &[Pending], sql: &str, last: F) -> Result<T, Failure>
where
    F: AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
{
    let mut queued: Vec<_> = pending.iter().map(|queued| Box::pin(maybe_done(queued.send(client)))).collect();
    let mut last = pin!(maybe_done(last(client)));
    // Requests leave in the order in which their futures are first polled.
    poll_fn(|cx| {
        let mut is_done = true;
        for future in &mut queued {
            is_done &= future.as_mut().poll(cx).is_ready();
        }
        is_done &= last.as_mut().poll(cx).is_ready();
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    for (future, queued) in queued.iter_mut().zip(pending) {
        if let Some(Err(error)) = future.as_mut().take_output() {
            let is_answer = error.as_db_error().is_some();
            return Err(failure(classify(&error, queued.sql()), is_answer));
        }
    }
    match last.take_output() {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(failure(classify(&error, sql), false)),
        None => Err(Failure::Known(ended())),
    }
}

fn failure(error: DbError, is_answer: bool) -> Failure {
    if matches!(error, DbError::LostConnection(_)) && !is_answer {
        Failure::Unanswered(error)
    } else {
        Failure::Known(error)
    }
}

fn ended() -> DbError {
    DbError::Engine("the transaction has ended".to_owned())
}

impl Pending {
    fn sql(&self) -> &str {
        match self {
            Self::Batch(sql) => sql,
            Self::Write { sql, .. } => sql,
        }
    }

    async fn send(&self, client: &Object) -> Result<(), tokio_postgres::Error> {
        match self {
            Self::Batch(sql) => client.batch_execute(sql).await,
            Self::Write { statement, params, .. } => client.execute(statement, &as_params(params)).await.map(|_| ()),
        }
    }
}

fn as_params(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}
