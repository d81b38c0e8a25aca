//! PostgreSQL: a pool, writes that travel together, and transactions that are run again when the server asks for it.
//!
//! Work runs on threads of its own, so a transaction's future need not be `Send`, and a caller that hangs up cannot
//! stop it in its COMMIT. BEGIN, queued writes and the statement that needs an answer are sent in one flight
//! (pipelining); each waits only for the last answer.
//!
//! The point of no return is COMMIT. A connection that breaks before it was sent leaves nothing behind, and the work is
//! run again on another connection; one that breaks after it leaves [`DbError::CommitUnknown`], unless the server said
//! that an earlier statement of the flight failed.
//!
//! `sslmode=require` in the address asks for TLS, with a certificate that the system's roots vouch for (`SSL_CERT_FILE`
//! names others). Without it the connection is plain.

use std::error::Error as _;
use std::future::poll_fn;
use std::hash::BuildHasher as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::future::maybe_done;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::config::SslMode;
use tokio_postgres::{NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::LocalPoolHandle;

use crate::error::{DbError, wrong_count};
use crate::row::Row;
use crate::sql::{Dialect, Engine, Insert};
use crate::tx::{Stopwatch, Tx};
use crate::value::Value;
use crate::{Access, Options};

/// How often a transaction is run after serialization failures and deadlocks, with pauses of milliseconds.
const TRIES: u32 = 6;

/// How often it is run after connections lost before COMMIT, with pauses that add up to about three seconds: a server
/// that restarts is back by then.
const TRIES_TO_CONNECT: u32 = 7;

const ON_CONNECT: &str = "set statement_timeout = '30s'; set lock_timeout = '10s'; \
     set idle_in_transaction_session_timeout = '60s'; set plan_cache_mode = force_generic_plan";

#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    threads: LocalPoolHandle,
    access: Access,
}

#[derive(Debug)]
struct Shared {
    pool: Pool,
    dialect: Arc<Dialect>,
    slow: Duration,
    commits: AtomicU64,
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
}

impl Purpose {
    const fn begin(self) -> &'static str {
        match self {
            Self::Read => "begin isolation level repeatable read read only",
            Self::Write => "begin isolation level read committed",
        }
    }
}

impl Postgres {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, DbError> {
        let pool = Pool::builder(manager(url)?)
            .max_size(options.pool_size)
            .wait_timeout(Some(Duration::from_secs(10)))
            .create_timeout(Some(Duration::from_secs(10)))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move { client.batch_execute(ON_CONNECT).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| DbError::Engine(error.to_string()))?;
        let dialect = Arc::new(Dialect::new(Engine::Postgres));
        let shared = Shared { pool, dialect, slow: options.slow_statement, commits: AtomicU64::new(0) };
        Ok(Self {
            shared: Arc::new(shared),
            threads: LocalPoolHandle::new(options.readers.max(1)),
            access: options.access,
        })
    }

    pub(crate) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        if self.access == Access::Read {
            return Err(DbError::Engine("the database was opened for reading".to_owned()).into());
        }
        self.run(Purpose::Write, work).await
    }

    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.run(Purpose::Read, work).await
    }

    async fn run<T, E, F>(&self, purpose: Purpose, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let shared = self.shared.clone();
        let running = self.threads.spawn_pinned(move || async move { shared.run(purpose, work).await });
        running.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
    }
}

fn manager(url: &str) -> Result<Manager, DbError> {
    let address_failure = |error: String| DbError::Engine(format!("the database address is not right: {error}"));
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|error: tokio_postgres::Error| address_failure(explain(&error)))?;
    // A server that has vanished without a word is noticed within a minute.
    config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(60));
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    if config.get_ssl_mode() != SslMode::Require {
        return Ok(Manager::from_config(config, NoTls, recycling));
    }
    let (tls, _) = MakeRustlsConnect::with_native_certs()
        .map_err(|errors| DbError::Engine(format!("the certificates of the system cannot be read: {errors:?}")))?;
    Ok(Manager::from_config(config, tls, recycling))
}

impl Shared {
    async fn run<T, E, F>(&self, purpose: Purpose, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut tries = 0;
        loop {
            let error = match self.attempt(purpose, &work).await {
                Ok(outcome) => return outcome,
                Err(error) => error,
            };
            tries += 1;
            let is_lost = matches!(error, DbError::LostConnection(_));
            if tries >= if is_lost { TRIES_TO_CONNECT } else { TRIES } {
                return Err(error.into());
            }
            tracing::debug!(tries, %error, "running a transaction again");
            tokio::time::sleep(pause(tries, is_lost)).await;
        }
    }

    /// Runs a transaction once. The outer error is the one after which it is to be run again.
    async fn attempt<T, E, F>(&self, purpose: Purpose, work: &F) -> Result<Result<T, E>, DbError>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let settle = |error: DbError| if error.asks_again() { Err(error) } else { Ok(Err(error.into())) };
        let client = match self.pool.get().await {
            Ok(client) => client,
            Err(error) => return settle(pool_failure(&error)),
        };
        let mut tx = Tx::postgres(Session::new(self, client, purpose));
        let outcome = work(&mut tx).await;
        let verdict = tx.verdict();
        let Some(session) = tx.into_postgres() else { return Ok(outcome) };
        match (outcome, verdict) {
            (Ok(value), Ok(())) => match session.commit(&self.commits).await {
                Ok(()) => Ok(Ok(value)),
                Err(error) => settle(self.look_at(error)),
            },
            (outcome, verdict) => {
                session.rollback().await;
                match verdict.map_err(|error| self.look_at(error)) {
                    Err(error) if error.asks_again() || outcome.is_ok() => settle(error),
                    _ => Ok(outcome),
                }
            }
        }
    }

    /// A migration of another process makes prepared statements unusable: they are prepared anew, and the work is run
    /// again.
    fn look_at(&self, error: DbError) -> DbError {
        if matches!(&error, DbError::Contention(text) if text.contains(STALE_PLAN)) {
            self.pool.manager().statement_caches.clear();
        }
        error
    }
}

/// What the server says of a prepared statement whose tables have changed.
const STALE_PLAN: &str = "cached plan must not change result type";

/// A pause that grows with the tries and differs between rivals.
fn pause(tries: u32, is_lost: bool) -> Duration {
    let spread = std::hash::RandomState::new().hash_one(tries) % 8;
    let unit = if is_lost { 25 } else { 1 };
    let doubled = 2_u64.saturating_pow(tries.min(7)).saturating_mul(unit);
    Duration::from_millis(doubled.saturating_add(spread))
}

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
    fn new(shared: &Shared, client: Object, purpose: Purpose) -> Self {
        Self {
            client: Some(client),
            dialect: shared.dialect.clone(),
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
        let found =
            self.fly(sql, async move |client| client.query(&statement, &as_params(&params)).await).await?;
        found.iter().map(|row| read(row, &columns)).collect()
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

    async fn commit(mut self, commits: &AtomicU64) -> Result<(), DbError> {
        if self.has_begun() || self.pending.len() > 1 {
            commits.fetch_add(1, Ordering::Relaxed);
            let flight = self.send("commit", async |client| client.batch_execute("commit").await).await;
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
    async fn rollback(mut self) {
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

/// Refuses values that a statement can not take before any of them is sent.
fn fits(statement: &Statement, params: &[Value], sql: &str) -> Result<(), DbError> {
    let types = statement.params();
    if params.len() != types.len() {
        return Err(wrong_count(params.len(), types.len(), sql));
    }
    for (value, kind) in params.iter().zip(types) {
        if value.holds_nul() {
            return Err(DbError::Constraint("a text holds the character NUL".to_owned()));
        }
        let takes = match value {
            Value::Null => true,
            Value::Int(number) => *kind == Type::INT8 || (*kind == Type::INT4 && i32::try_from(*number).is_ok()),
            Value::Text(_) => ![Type::INT8, Type::INT4].contains(kind),
            Value::Ints(_) => *kind == Type::INT8_ARRAY,
            Value::Texts(_) => *kind == Type::TEXT_ARRAY,
        };
        if !takes {
            return Err(DbError::Engine(format!("{value:?} cannot be sent as {kind} in: {sql}")));
        }
    }
    Ok(())
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

/// Turns rows into one array a column, of the types that the statement names.
fn by_column(types: &[Type], rows: Vec<Vec<Value>>, sql: &str) -> Result<Vec<Value>, DbError> {
    let column = |kind: &Type| match *kind {
        Type::INT8_ARRAY => Value::Ints(Vec::with_capacity(rows.len())),
        _ => Value::Texts(Vec::with_capacity(rows.len())),
    };
    let mut columns: Vec<Value> = types.iter().map(column).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            match (column, value) {
                (Value::Ints(list), Value::Int(number)) => list.push(Some(number)),
                (Value::Texts(list), Value::Text(text)) => list.push(Some(text)),
                (Value::Ints(list), Value::Null) => list.push(None),
                (Value::Texts(list), Value::Null) => list.push(None),
                (_, value) => return Err(DbError::Engine(format!("{value:?} has another type than its column in: {sql}"))),
            }
        }
    }
    Ok(columns)
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::JSONB => {
                // The binary form of jsonb is a version byte and the text.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Self::Text(text) if *ty != Type::INT8 && *ty != Type::INT4 => text.to_sql(ty, out),
            Self::Ints(list) if *ty == Type::INT8_ARRAY => list.to_sql(ty, out),
            Self::Texts(list) if *ty == Type::TEXT_ARRAY => list.to_sql(ty, out),
            other => Err(format!("{other:?} cannot be sent as {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    tokio_postgres::types::to_sql_checked!();
}

fn read(row: &tokio_postgres::Row, columns: &Arc<[String]>) -> Result<Row, DbError> {
    let value = |(index, column): (usize, &tokio_postgres::Column)| match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from).map_err(|error| classify(&error, "")),
        Type::TEXT | Type::VARCHAR | Type::NAME => {
            row.try_get::<_, Option<String>>(index).map(Value::from).map_err(|error| classify(&error, ""))
        }
        ref other => {
            let name = column.name();
            Err(DbError::Engine(format!("column {name} is {other}; cast it to bigint or text in the statement")))
        }
    };
    let values = row.columns().iter().enumerate().map(value).collect::<Result<_, _>>()?;
    Ok(Row::new(columns.clone(), values))
}

fn pool_failure(error: &PoolError) -> DbError {
    match error {
        PoolError::Timeout(_) => DbError::Busy,
        PoolError::Backend(error) => classify(error, "connecting"),
        PoolError::PostCreateHook(HookError::Backend(error)) => classify(error, "connecting"),
        error => DbError::LostConnection(error.to_string()),
    }
}

fn explain(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn classify(error: &tokio_postgres::Error, sql: &str) -> DbError {
    let Some(answer) = error.as_db_error() else {
        // Without an answer of the server the connection is gone, unless the error arose before anything was sent.
        let is_local = error.source().is_some_and(|cause| !cause.is::<std::io::Error>()) && !error.is_closed();
        let text = format!("{} in: {sql}", explain(error));
        return if is_local { DbError::Engine(text) } else { DbError::LostConnection(text) };
    };
    let text = format!("{}: {} in: {sql}", answer.code().code(), answer.message());
    match answer.code() {
        &SqlState::UNIQUE_VIOLATION => DbError::Duplicate(answer.constraint().unwrap_or_default().to_owned()),
        &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::CHECK_VIOLATION | &SqlState::NOT_NULL_VIOLATION => {
            DbError::Constraint(answer.message().to_owned())
        }
        &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => {
            DbError::Constraint(answer.message().to_owned())
        }
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => DbError::Contention(text),
        &SqlState::FEATURE_NOT_SUPPORTED if answer.message() == STALE_PLAN => DbError::Contention(text),
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED | &SqlState::TOO_MANY_CONNECTIONS => DbError::Busy,
        &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => DbError::LostConnection(text),
        _ => DbError::Engine(text),
    }
}
