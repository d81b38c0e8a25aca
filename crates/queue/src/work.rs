//! Working on jobs: in the background, or by hand in tests and the demo.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen, Instant};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::job::{Job, JobError, Queue};
use crate::registry::{Handler, Registry};
use crate::store;

/// Tries before a job is dead.
const TRIES: i64 = 3;
/// How long a worker may be silent before its job is given to another.
const LEASE_SECONDS: i64 = 60;
/// How often an idle queue looks for work that another process, or a passed moment, made ready.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Jobs that a run by hand claims at a time.
const BY_HAND: i64 = 32;

#[derive(Clone)]
struct Bench {
    db: Db,
    clock: Clock,
    ids: IdGen,
    registry: Registry,
}

/// Workers in the background, one loop a queue.
pub struct Workers {
    stopping: CancellationToken,
    tracker: TaskTracker,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Workers")
    }
}

impl Workers {
    /// Starts working on every queue.
    pub fn start(db: &Db, clock: &Clock, ids: &IdGen, registry: &Registry) -> Self {
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone(), registry: registry.clone() };
        let (stopping, tracker) = (CancellationToken::new(), TaskTracker::new());
        for queue in Queue::ALL {
            tracker.spawn(run_queue(bench.clone(), *queue, stopping.clone(), tracker.clone()));
        }
        Self { stopping, tracker }
    }

    /// Stops claiming, and waits for the jobs in work. What is not done in time is given back when its lease runs out.
    pub async fn drain(self, bound: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        tokio::time::timeout(bound, self.tracker.wait()).await.is_ok()
    }
}

async fn run_queue(bench: Bench, queue: Queue, stopping: CancellationToken, tracker: TaskTracker) {
    let permits = Arc::new(Semaphore::new(queue.concurrency()));
    while !stopping.is_cancelled() {
        let free = permits.available_permits();
        let claimed = if free == 0 { Ok(Vec::new()) } else { claim(&bench, queue, free).await };
        let claimed = claimed.unwrap_or_else(|error| {
            tracing::error!(%queue, %error, "the queue cannot be read");
            Vec::new()
        });
        if claimed.is_empty() {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        for job in claimed {
            let Ok(permit) = permits.clone().acquire_owned().await else { return };
            let bench = bench.clone();
            tracker.spawn(async move {
                work_on(&bench, job).await;
                drop(permit);
            });
        }
    }
}

async fn claim(bench: &Bench, queue: Queue, most: usize) -> Result<Vec<Job>, DbError> {
    let now = bench.clock.now();
    let most = i64::try_from(most).unwrap_or(1);
    // Most looks find nothing; they cost a read, not a write.
    let is_waiting = bench.db.read(async move |tx| store::has_work(tx, queue, now).await).await?;
    if !is_waiting {
        return Ok(Vec::new());
    }
    bench
        .db
        .write(async move |tx| {
            store::give_back_expired(tx, now).await?;
            store::claim(tx, queue, now, now.plus_seconds(LEASE_SECONDS), most).await
        })
        .await
}

/// Works on one claimed job and writes what came of it.
async fn work_on(bench: &Bench, job: Job) {
    let cx = Context::new(&bench.clock, &bench.ids, Actor::System, job.id.to_string());
    let outcome = match bench.registry.find(&job.kind) {
        None => Err(JobError::Dead(format!("nothing handles jobs of the kind {:?}", job.kind))),
        Some(Handler::Inside(work)) => {
            let (cx, job) = (cx.clone(), job.clone());
            bench
                .db
                .write(async move |tx| {
                    // The job goes first: where another worker holds it now, nothing of this is done.
                    if !store::remove(tx, &job).await? {
                        return Ok(());
                    }
                    work(tx, &cx, &job).await
                })
                .await
        }
        Some(Handler::Outside(work)) => {
            // A panic in the work must not take the queue's loop along.
            let done = tokio::spawn(work(cx.clone(), job.clone())).await;
            match done.unwrap_or_else(|error| Err(JobError::Retry(format!("the work panicked: {error}")))) {
                Ok(()) => {
                    let job = job.clone();
                    let removed = bench.db.write(async move |tx| store::remove(tx, &job).await).await;
                    removed.map(|_| ()).map_err(|error: DbError| JobError::from(error))
                }
                Err(error) => Err(error),
            }
        }
    };
    if let Err(error) = outcome {
        put_off(bench, job, error).await;
    }
}

async fn put_off(bench: &Bench, job: Job, error: JobError) {
    let now = bench.clock.now();
    let (id, kind, attempts) = (job.id, job.kind.clone(), job.attempts);
    let written = bench
        .db
        .write(async move |tx| match &error {
            JobError::RetryAt(moment, why) => store::retry(tx, &job, *moment, false, why).await,
            JobError::Retry(why) if job.attempts < TRIES => {
                tracing::warn!(job = %job.id, kind = job.kind, why, "a job is tried again");
                store::retry(tx, &job, now.plus_millis(pause_millis(&job)), true, why).await
            }
            JobError::Retry(why) | JobError::Dead(why) => {
                tracing::error!(job = %job.id, kind = job.kind, why, "a job is dead");
                store::bury(tx, &job, why).await
            }
        })
        .await;
    if let Err(error) = written {
        let error: DbError = error;
        tracing::error!(job = %id, kind, attempts, %error, "the outcome of a job cannot be written; its lease will run out");
    }
}

/// A pause of 1, 4, 16 … seconds, with up to half as much again by the job's own id, so that many do not come at once.
fn pause_millis(job: &Job) -> i64 {
    let exponent = u32::try_from(job.attempts.saturating_sub(1)).unwrap_or(0).min(6);
    let pause = 1_000_i64.saturating_mul(4_i64.saturating_pow(exponent));
    let spread: i64 = job.id.to_string().bytes().map(i64::from).sum();
    pause.saturating_add(pause.saturating_mul(spread % 50) / 100)
}

/// Runs every job that is ready, and what those make ready, until nothing is. For tests and the demo.
pub async fn run_ready(db: &Db, clock: &Clock, ids: &IdGen, registry: &Registry) -> Result<usize, DbError> {
    let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone(), registry: registry.clone() };
    let mut done = 0_usize;
    loop {
        let before = done;
        for queue in Queue::ALL {
            let (queue, now) = (*queue, bench.clock.now());
            let claim = db.write(async move |tx| store::claim(tx, queue, now, lease(now), BY_HAND).await);
            for job in claim.await? {
                work_on(&bench, job).await;
                done = done.saturating_add(1);
            }
        }
        if done == before {
            return Ok(done);
        }
    }
}

fn lease(now: Instant) -> Instant {
    now.plus_seconds(LEASE_SECONDS)
}
