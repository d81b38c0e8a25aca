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

mod session;
mod wire;

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::LocalPoolHandle;

pub(crate) use self::session::Session;
use self::wire::{STALE_PLAN, explain, pool_failure};
use crate::crash;
use crate::error::DbError;
use crate::sql::{Dialect, Engine};
use crate::tx::Tx;
use crate::{Access, Options};

/// How often a transaction is run after serialization failures and deadlocks, with pauses of milliseconds.
const TRIES: u32 = 6;

/// How often it is run after connections lost before COMMIT, with pauses that add up to about three seconds: a server
/// that restarts is back by then.
const TRIES_TO_CONNECT: u32 = 7;

/// Plans are made once and for small sets found by key: the planner is told that a page at random costs about as much as
/// the next one, as it does on any disk without a head, and spends nothing on compiling.
const ON_CONNECT: &str = "set statement_timeout = '30s'; set lock_timeout = '10s'; \
     set idle_in_transaction_session_timeout = '60s'; set plan_cache_mode = force_generic_plan; \
     set random_page_cost = 1.1; set jit = off";

#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    threads: LocalPoolHandle,
    access: Access,
}

#[derive(Debug)]
struct Shared {
    pool: Pool,
    writing: Arc<Dialect>,
    reading: Arc<Dialect>,
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
        let shared = Shared {
            pool,
            writing: Arc::new(Dialect::new(Engine::Postgres)),
            reading: Arc::new(Dialect::reading(Engine::Postgres)),
            slow: options.slow_statement,
            commits: AtomicU64::new(0),
        };
        Ok(Self {
            shared: Arc::new(shared),
            threads: LocalPoolHandle::new(options.readers.max(1)),
            access: options.access,
        })
    }

    pub(crate) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    /// On a connection that is not used again: it waits for as long as it takes.
    pub(crate) async fn vacuum(&self, tables: &[&str]) -> Result<(), DbError> {
        let client = Object::take(self.shared.pool.get().await.map_err(|error| pool_failure(&error))?);
        for sql in ["set statement_timeout = 0", &format!("vacuum (analyze) {}", tables.join(", "))] {
            client.batch_execute(sql).await.map_err(|error| DbError::Engine(explain(&error)))?;
        }
        Ok(())
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
    config.tcp_user_timeout(Duration::from_mins(1));
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
        let mut tx = Tx::postgres(Session::new(self, client, purpose), purpose == Purpose::Read);
        let outcome = work(&mut tx).await;
        let verdict = tx.verdict();
        let Some(session) = tx.into_postgres() else { return Ok(outcome) };
        match (outcome, verdict) {
            (Ok(value), Ok(())) => match session.commit(&self.commits).await {
                Ok(()) => {
                    crash::answer();
                    Ok(Ok(value))
                }
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

/// A pause that grows with the tries and differs between rivals.
fn pause(tries: u32, is_lost: bool) -> Duration {
    let spread = std::hash::RandomState::new().hash_one(tries) % 8;
    let unit = if is_lost { 25 } else { 1 };
    let doubled = 2_u64.saturating_pow(tries.min(7)).saturating_mul(unit);
    Duration::from_millis(doubled.saturating_add(spread))
}
