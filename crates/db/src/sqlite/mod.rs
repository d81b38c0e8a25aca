//! SQLite inside the process: one writing connection with group commit, readers beside it.
//!
//! Transactions that wait for the writer run one after another, share one COMMIT, and are answered only after it; a group
//! ends when nothing waits, at [`GROUP_MOST`] transactions, or after [`GROUP_TIME`]. So the disk's flush (WAL,
//! `synchronous=FULL`) and the pages that neighbours share are written once a group. A group starts without savepoints,
//! since SQLite copies every page that one of them covers before it changes; when a transaction fails, the group is undone
//! and run again, now each in a savepoint of its own, so that a transaction that fails is undone alone. What makes SQLite
//! undo the whole group (a full disk, an input error) fails every transaction in it. The queue to the writer is bounded:
//! full is [`DbError::Busy`].
//!
//! A group is run by the writer's thread, or, where nothing waits and the connection is free, by the caller that asks for
//! it ([`Sqlite::write_here`]): a group of one, without the way to another thread and back.
//!
//! The log is copied back by a thread of its own, beside the writer, which waits for the last few pages of a long one only.
//!
//! A transaction's future is polled once: rusqlite never waits, so a future that is not ready has awaited something
//! else, which is [`DbError::Waited`].

mod file;
mod session;

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use tokio::sync::oneshot;

use self::file::{Purpose, connect, keep_log_short, open_for_good, take_lock};
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
    writer: Option<Writer>,
    readers: Jobs,
    commits: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    _lock: Option<File>,
}

/// The way to the writing connection.
#[derive(Debug)]
struct Writer {
    /// To its thread.
    jobs: Jobs,
    writing: Arc<Writing>,
}

/// The writing connection, for its thread and for callers that find it free.
#[derive(Debug)]
struct Writing {
    worker: Mutex<Worker>,
    /// Jobs that were sent to the thread and are not in a group yet.
    waiting: AtomicUsize,
    commits: Arc<AtomicU64>,
}

/// A connection and what its statements need.
#[derive(Debug)]
struct Worker {
    connection: Arc<Mutex<Connection>>,
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
        let worker = |purpose| -> Result<Worker, DbError> {
            let connection = Arc::new(Mutex::new(connect(path, purpose)?));
            Ok(Worker { connection, dialect: dialect.clone(), slow: options.slow_statement })
        };
        let mut threads = Vec::new();
        let commits = Arc::new(AtomicU64::new(0));
        let stopping = Arc::new(AtomicBool::new(false));
        let writer = if options.access == Access::Serve {
            let (sender, jobs) = sync_channel::<Box<dyn Job>>(QUEUE_MOST);
            let purpose = if options.gathers_log { Purpose::WritesGathered } else { Purpose::Writes };
            let worker = Mutex::new(worker(purpose)?);
            let writing = Arc::new(Writing { worker, waiting: AtomicUsize::new(0), commits: commits.clone() });
            let of_thread = writing.clone();
            threads.push(spawn("db-writer", move || of_thread.serve(&jobs))?);
            let (connection, of_thread, stopping) =
                (connect(path, Purpose::Writes)?, writing.clone(), stopping.clone());
            let database = open_for_good(path)?;
            threads.push(spawn("db-checkpoint", move || keep_log_short(&connection, database, &of_thread, &stopping))?);
            Some(Writer { jobs: sender, writing })
        } else {
            None
        };
        let (readers, jobs) = sync_channel::<Box<dyn Job>>(QUEUE_MOST);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..options.readers.max(1) {
            let (worker, jobs) = (worker(Purpose::Reads)?, jobs.clone());
            threads.push(spawn("db-reader", move || read_jobs(&worker, &jobs))?);
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
        let (job, answer) = asked(work);
        self.writer()?.send(job)?;
        answer.wait().await
    }

    /// The same, at once on the caller's thread where nobody else writes or waits to.
    pub(crate) async fn write_here<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let writer = self.writer()?;
        let (job, answer) = asked(work);
        match writer.writing.free() {
            Some(worker) => writer.writing.write_group(&worker, job, || None),
            None => writer.send(job)?,
        }
        answer.wait().await
    }

    fn writer(&self) -> Result<&Writer, DbError> {
        self.writer.as_ref().ok_or(DbError::Engine("the database was opened for reading".to_owned()))
    }

    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = asked(work);
        send(&self.readers, job)?;
        answer.wait().await
    }
}

impl Writer {
    /// Hands a job to the thread.
    fn send(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        self.writing.waiting.fetch_add(1, Ordering::AcqRel);
        send(&self.jobs, job).inspect_err(|_| {
            self.writing.waiting.fetch_sub(1, Ordering::AcqRel);
        })
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

/// Where the outcome of a job will be.
struct Answer<T, E>(oneshot::Receiver<Result<T, E>>);

/// Work as a job.
fn asked<T, E, F>(work: F) -> (Box<dyn Job>, Answer<T, E>)
where
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let (sender, answer) = oneshot::channel();
    (Box::new(Asked { work, outcome: None, sender }), Answer(answer))
}

impl<T, E: From<DbError>> Answer<T, E> {
    async fn wait(self) -> Result<T, E> {
        self.0.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
    }
}

/// Hands a job to a thread.
fn send(jobs: &Jobs, job: Box<dyn Job>) -> Result<(), DbError> {
    jobs.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) => DbError::Busy,
        TrySendError::Disconnected(_) => DbError::Engine("the database thread has ended".to_owned()),
    })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, DbError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| DbError::Engine(format!("starting the thread {name}: {error}")))
}

impl Writing {
    /// The thread: groups of transactions, each group one COMMIT.
    fn serve(&self, jobs: &Receiver<Box<dyn Job>>) {
        let taken = |job| {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            job
        };
        while let Ok(first) = jobs.recv() {
            let worker = self.worker.lock();
            self.write_group(&worker, taken(first), || jobs.try_recv().ok().map(taken));
        }
    }

    /// The connection, where nobody uses it or waits for it.
    fn free(&self) -> Option<MutexGuard<'_, Worker>> {
        if self.waiting.load(Ordering::Acquire) > 0 {
            return None;
        }
        self.worker.try_lock()
    }

    /// Runs a job and those that come meanwhile, commits, and answers them.
    fn write_group(&self, worker: &Worker, first: Box<dyn Job>, next: impl FnMut() -> Option<Box<dyn Job>>) {
        let mut group = vec![first];
        let outcome = run_group(worker, &mut group, next).and_then(|()| worker.commit());
        // Where nothing can be committed nobody is writing: the log is copied back, and has room again.
        if outcome.is_ok() {
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        crash::answer();
        for job in group {
            job.answer(outcome.clone());
        }
    }
}

/// Runs what waits, until nothing does, the group is large or long enough, or one of it fails. Then all of it is undone
/// and run again, each in a savepoint.
#[expect(clippy::disallowed_methods, reason = "bounds the length of a group, decides nothing")]
fn run_group(
    worker: &Worker,
    group: &mut Vec<Box<dyn Job>>,
    mut next: impl FnMut() -> Option<Box<dyn Job>>,
) -> Result<(), DbError> {
    let started = std::time::Instant::now();
    worker.begin()?;
    while let Some(last) = group.last_mut() {
        if !last.run(worker, How::Bare) {
            return run_guarded(worker, group);
        }
        let is_over = worker.is_over();
        if is_over || group.len() >= GROUP_MOST || started.elapsed() >= GROUP_TIME {
            break;
        }
        match next() {
            Some(job) => group.push(job),
            None => break,
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
            if worker.is_over() {
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

impl Worker {
    fn run(&self, sql: &str) -> Result<(), DbError> {
        let connection = self.connection.lock();
        connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(|e| failure(&e))?;
        Ok(())
    }

    /// Whether no transaction is open.
    fn is_over(&self) -> bool {
        self.connection.lock().is_autocommit()
    }

    fn begin(&self) -> Result<(), DbError> {
        self.give_up();
        self.run("begin immediate")
    }

    fn commit(&self) -> Result<(), DbError> {
        if self.is_over() {
            return Err(DbError::RolledBack("SQLite ended the transaction of the group".to_owned()));
        }
        let watch = Stopwatch::start(self.slow);
        let committed = self.run("commit").inspect_err(|_| self.give_up());
        watch.committed();
        committed
    }

    /// Undoes whatever transaction is open.
    fn give_up(&self) {
        if !self.is_over() {
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
        if self.is_over() {
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
