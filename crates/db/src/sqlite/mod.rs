//! SQLite inside the process: one writer thread with group commit, readers beside it.
//!
//! Transactions that wait for the writer run one after another, share one COMMIT, and are answered only after it; a group
//! ends when nothing waits, at [`GROUP_MOST`] transactions, or after [`GROUP_TIME`]. So the disk's flush (WAL,
//! `synchronous=FULL`) and the pages that neighbours share are written once a group. A group starts without savepoints,
//! since SQLite copies every page that one of them covers before it changes; when a transaction fails, the group is undone
//! and run again, now each in a savepoint of its own, so that a transaction that fails is undone alone. What makes SQLite
//! undo the whole group (a full disk, an input error) fails every transaction in it. The queue to the writer is bounded:
//! full is [`DbError::Busy`].
//!
//! A transaction's future is polled once: rusqlite never waits, so a future that is not ready has awaited something
//! else, which is [`DbError::Waited`].

mod session;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

pub(crate) use self::session::Session;
use self::session::failure;
use crate::crash;
use crate::error::DbError;
use crate::sql::{Dialect, Engine};
use crate::tx::{Stopwatch, Tx};
use crate::{Access, Options};

const GROUP_MOST: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(5);
const QUEUE_MOST: usize = 1_024;
const STATEMENT_CACHE: usize = 512;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);

/// A transaction that waits for a thread, and whoever asked for it.
trait Job: Send {
    /// Runs it with `run`, in place of any earlier outcome; whether it succeeded.
    fn run(&mut self, worker: &Worker, how: How) -> bool;
    /// Answers with its outcome, or with why it stands for nothing.
    fn answer(self: Box<Self>, stands: Result<(), DbError>);
}

/// What surrounds a transaction.
#[derive(Clone, Copy, Debug)]
enum How {
    /// Nothing: its failure is that of all that is not committed.
    Bare,
    /// A savepoint, by which its failure is undone.
    Guarded,
    /// A snapshot that it only reads.
    Snapshot,
}

/// A job by its work.
struct Asked<T, E, F> {
    work: F,
    outcome: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Asked<T, E, F>
where
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn run(&mut self, worker: &Worker, how: How) -> bool {
        let outcome = match how {
            How::Bare => worker.drive(&self.work, false),
            How::Guarded => worker.in_savepoint(&self.work),
            How::Snapshot => worker.in_snapshot(&self.work),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn answer(self: Box<Self>, stands: Result<(), DbError>) {
        let outcome = match (self.outcome, stands) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(DbError::Panicked.into()),
        };
        // The caller may have hung up; the transaction stands all the same.
        let _ = self.sender.send(outcome);
    }
}

type Jobs = SyncSender<Box<dyn Job>>;

#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Option<Jobs>,
    readers: Jobs,
    commits: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    _lock: Option<File>,
}

/// A thread's connection and what its statements need.
struct Worker {
    connection: Rc<Connection>,
    dialect: Arc<Dialect>,
    slow: Duration,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, DbError> {
        let lock = match options.access {
            Access::Serve => Some(take_lock(path)?),
            Access::Read => None,
        };
        let dialect = Arc::new(Dialect::new(Engine::Sqlite));
        let worker = |read_only| -> Result<Connection, DbError> { connect(path, read_only) };
        let mut threads = Vec::new();
        let commits = Arc::new(AtomicU64::new(0));
        let stopping = Arc::new(AtomicBool::new(false));
        let writer = if options.access == Access::Serve {
            let (sender, jobs) = sync_channel::<Box<dyn Job>>(QUEUE_MOST);
            let connection = worker(false)?;
            let (dialect, slow, counted) = (dialect.clone(), options.slow_statement, commits.clone());
            threads.push(spawn("db-writer", move || {
                let worker = Worker { connection: Rc::new(connection), dialect, slow };
                write_groups(&worker, &jobs, &counted);
            })?);
            let (connection, counted, stopping) = (worker(false)?, commits.clone(), stopping.clone());
            threads.push(spawn("db-checkpoint", move || keep_log_short(&connection, &counted, &stopping))?);
            Some(sender)
        } else {
            None
        };
        let (readers, jobs) = sync_channel::<Box<dyn Job>>(QUEUE_MOST);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..options.readers.max(1) {
            let (connection, jobs) = (worker(true)?, jobs.clone());
            let (dialect, slow) = (dialect.clone(), options.slow_statement);
            threads.push(spawn("db-reader", move || {
                let worker = Worker { connection: Rc::new(connection), dialect, slow };
                read_jobs(&worker, &jobs);
            })?);
        }
        Ok(Self { writer, readers, commits, stopping, threads, _lock: lock })
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let writer = self.writer.as_ref().ok_or(DbError::Engine("the database was opened for reading".to_owned()))?;
        ask(writer, work).await
    }

    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        ask(&self.readers, work).await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // Threads end when their senders are gone, after what they still hold; a database that is closed is closed.
        self.writer = None;
        self.readers = sync_channel(0).0;
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // The last one to hold the database may be the work of a transaction, on one of these threads.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Hands work to a thread and waits for its outcome.
async fn ask<T, E, F>(jobs: &Jobs, work: F) -> Result<T, E>
where
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let (sender, answer) = oneshot::channel();
    jobs.try_send(Box::new(Asked { work, outcome: None, sender })).map_err(|error| match error {
        TrySendError::Full(_) => DbError::Busy,
        TrySendError::Disconnected(_) => DbError::Engine("the database thread has ended".to_owned()),
    })?;
    answer.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, DbError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| DbError::Engine(format!("starting the thread {name}: {error}")))
}

/// Takes the lock file beside the database, which the operating system gives back when the process ends, however.
fn take_lock(path: &Path) -> Result<File, DbError> {
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

fn connect(path: &Path, read_only: bool) -> Result<Connection, DbError> {
    let flags = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
    };
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| DbError::Engine(format!("opening {}: {error}", path.display())))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
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

/// The writer: groups of transactions, each group one COMMIT.
fn write_groups(worker: &Worker, jobs: &Receiver<Box<dyn Job>>, commits: &AtomicU64) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        let outcome = run_group(worker, &mut group, jobs).and_then(|()| worker.commit());
        commits.fetch_add(1, Ordering::Relaxed);
        crash::answer();
        for job in group {
            job.answer(outcome.clone());
        }
    }
}

/// Runs what waits, until nothing does, the group is large or long enough, or one of it fails. Then all of it is undone
/// and run again, each in a savepoint.
#[expect(clippy::disallowed_methods, reason = "bounds the length of a group, decides nothing")]
fn run_group(worker: &Worker, group: &mut Vec<Box<dyn Job>>, jobs: &Receiver<Box<dyn Job>>) -> Result<(), DbError> {
    let started = std::time::Instant::now();
    worker.begin()?;
    while let Some(last) = group.last_mut() {
        if !last.run(worker, How::Bare) {
            return run_guarded(worker, group);
        }
        let is_over = worker.connection.is_autocommit();
        if is_over || group.len() >= GROUP_MOST || started.elapsed() >= GROUP_TIME {
            break;
        }
        match jobs.try_recv() {
            Ok(job) => group.push(job),
            Err(_) => break,
        }
    }
    Ok(())
}

/// Runs a group again from its start, now that one of it has failed; one alone has nobody to spare and stays undone.
fn run_guarded(worker: &Worker, group: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    worker.begin()?;
    if group.len() > 1 {
        for job in group {
            job.run(worker, How::Guarded);
            if worker.connection.is_autocommit() {
                break;
            }
        }
    }
    Ok(())
}

fn read_jobs(worker: &Worker, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
    loop {
        // One reader waits at a time; it lets the next one wait before it starts to work.
        let job = jobs.lock().recv();
        match job {
            Ok(mut job) => {
                job.run(worker, How::Snapshot);
                job.answer(Ok(()));
            }
            Err(_) => return,
        }
    }
}

/// Copies the log back into the database from time to time, so that the writer seldom has to.
fn keep_log_short(connection: &Connection, commits: &AtomicU64, stopping: &AtomicBool) {
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

impl Worker {
    fn run(&self, sql: &str) -> Result<(), DbError> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(|e| failure(&e))?;
        Ok(())
    }

    fn begin(&self) -> Result<(), DbError> {
        self.give_up();
        self.run("begin immediate")
    }

    fn commit(&self) -> Result<(), DbError> {
        if self.connection.is_autocommit() {
            return Err(DbError::RolledBack("SQLite ended the transaction of the group".to_owned()));
        }
        let watch = Stopwatch::start(self.slow);
        let committed = self.run("commit").inspect_err(|_| self.give_up());
        watch.committed();
        committed
    }

    /// Undoes whatever transaction is open.
    fn give_up(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.run("rollback");
        }
    }

    fn in_savepoint<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        self.run("savepoint job")?;
        let outcome = self.drive(work, false);
        if self.connection.is_autocommit() {
            return outcome;
        }
        let undone = if outcome.is_err() { self.run("rollback to job") } else { Ok(()) };
        if let Err(error) = undone.and_then(|()| self.run("release job")) {
            // Nobody can tell what the savepoint still holds, so nothing of the group may be committed.
            self.give_up();
            return Err(error.into());
        }
        outcome
    }

    fn in_snapshot<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        self.give_up();
        self.run("begin deferred")?;
        let outcome = self.drive(work, true);
        self.give_up();
        outcome
    }

    fn drive<T, E, F>(&self, work: &F, only_reads: bool) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut tx = Tx::sqlite(Session::new(self), only_reads);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let future = pin!(work(&mut tx));
            future.poll(&mut Context::from_waker(Waker::noop()))
        }));
        match polled {
            Ok(Poll::Ready(Ok(value))) => tx.verdict().map(|()| value).map_err(E::from),
            Ok(Poll::Ready(Err(error))) => Err(error),
            Ok(Poll::Pending) => Err(DbError::Waited.into()),
            Err(_) => Err(DbError::Panicked.into()),
        }
    }
}
