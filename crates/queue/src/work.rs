//! Working on jobs: in the background, or by hand in tests and the demo.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::job::{Job, JobError, Queue, TRIES};
use crate::registry::{Handler, Registry};
use crate::store;

/// How long a worker may be silent before its job is given to another.
const LEASE_SECONDS: i64 = 60;
/// How long work outside may take. It ends before its lease, so that the job is not given to another beside it.
const OUTSIDE_MOST: Duration = Duration::from_secs(55);
/// The pause after the store had no time for a job.
const BUSY_PAUSE_SECONDS: i64 = 1;
/// How often an idle queue looks for work that another process, or a passed moment, made ready.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Jobs that a run by hand claims at a time.
const BY_HAND: usize = 32;

#[derive(Clone)]
struct Bench {
    db: Db,
    clock: Clock,
    ids: IdGen,
    registry: Registry,
    /// Told when a job is done, which may have made others ready.
    done: Arc<Notify>,
}

impl Bench {
    fn new(db: &Db, clock: &Clock, ids: &IdGen, registry: &Registry) -> Self {
        let (db, clock, ids) = (db.clone(), clock.clone(), ids.clone());
        Self { db, clock, ids, registry: registry.clone(), done: Arc::default() }
    }
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
        let bench = Bench::new(db, clock, ids, registry);
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
        // Made before the look, so that what is made ready during it is not slept over.
        let woken = bench.done.notified();
        let Some(free) = free_places(&permits, &stopping).await else { return };
        let claimed = claim(&bench, queue, free.len()).await.unwrap_or_else(|error| {
            tracing::error!(%queue, %error, "the queue cannot be read");
            Vec::new()
        });
        if claimed.is_empty() {
            drop(free);
            tokio::select! {
                () = stopping.cancelled() => return,
                () = woken => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            continue;
        }
        for (job, place) in claimed.into_iter().zip(free) {
            let bench = bench.clone();
            tracker.spawn(async move {
                work_on(&bench, job).await;
                drop(place);
                // The next of its order key, or jobs that it queued, can be claimed now.
                bench.done.notify_waiters();
            });
        }
    }
}

/// Waits until there is a place for a job and takes all that are free; none where the workers stop.
async fn free_places(permits: &Arc<Semaphore>, stopping: &CancellationToken) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        () = stopping.cancelled() => return None,
        permit = permits.clone().acquire_owned() => permit.ok()?,
    };
    let others = std::iter::from_fn(|| permits.clone().try_acquire_owned().ok());
    Some(std::iter::once(first).chain(others).collect())
}

async fn claim(bench: &Bench, queue: Queue, most: usize) -> Result<Vec<Job>, DbError> {
    let now = bench.clock.now();
    let most = i64::try_from(most).unwrap_or(1);
    // Most looks find nothing; they cost a read, not a write.
    let is_waiting = bench.db.read(async move |tx| store::has_work(tx, queue, now).await).await?;
    if !is_waiting {
        return Ok(Vec::new());
    }
    let claimed = bench.db.write(async move |tx| {
        store::give_back_expired(tx, now, TRIES).await?;
        store::claim(tx, queue, now, now.plus_seconds(LEASE_SECONDS), most).await
    });
    match claimed.await {
        // Another worker took a job of the same order key or queued one of the same unique key at this moment. Nothing
        // was claimed; the next look sees both.
        Err(DbError::Duplicate(_)) => Ok(Vec::new()),
        claimed => claimed,
    }
}

/// Works on one claimed job and writes what came of it.
async fn work_on(bench: &Bench, job: Job) {
    let cx = Context::new(&bench.clock, &bench.ids, Actor::System, job.id.to_string());
    let outcome = match bench.registry.find(&job.kind) {
        None => Err(JobError::Dead(format!("nothing handles jobs of the kind {:?}", job.kind))),
        Some(Handler::Inside(work)) => {
            let job = job.clone();
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
        Some(Handler::Outside(work)) => match within(OUTSIDE_MOST, work(cx, job.clone())).await {
            Ok(()) => {
                let job = job.clone();
                let removed = bench.db.write(async move |tx| store::remove(tx, &job).await).await;
                removed.map(|_| ()).map_err(|error: DbError| JobError::from(error))
            }
            Err(error) => Err(error),
        },
    };
    if let Err(error) = outcome {
        put_off(bench, job, error).await;
    }
}

/// Work outside of a transaction, in a task of its own: a panic must not take the worker along, nor silence its place.
async fn within(
    limit: Duration,
    work: impl Future<Output = Result<(), JobError>> + Send + 'static,
) -> Result<(), JobError> {
    let mut working = AbortOnDropHandle::new(tokio::spawn(work));
    match tokio::time::timeout(limit, &mut working).await {
        Ok(done) => done.unwrap_or_else(|error| Err(JobError::Retry(format!("the work panicked: {error}")))),
        Err(_) => Err(JobError::Retry(format!("the work took longer than {} s", limit.as_secs()))),
    }
}

async fn put_off(bench: &Bench, job: Job, error: JobError) {
    let now = bench.clock.now();
    let (id, kind, attempts) = (job.id, job.kind.clone(), job.attempts);
    let written = bench
        .db
        .write(async move |tx| match &error {
            JobError::Busy(why) => store::retry(tx, &job, now.plus_seconds(BUSY_PAUSE_SECONDS), false, why).await,
            JobError::RetryAt(moment, why) => store::retry(tx, &job, *moment, false, why).await,
            JobError::Retry(why) if !job.is_last_try() => {
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
    let bench = Bench::new(db, clock, ids, registry);
    let mut done = 0_usize;
    loop {
        let before = done;
        for queue in Queue::ALL {
            for job in claim(&bench, *queue, BY_HAND).await? {
                work_on(&bench, job).await;
                done = done.saturating_add(1);
            }
        }
        if done == before {
            return Ok(done);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Instant;

    use super::*;

    #[tokio::test]
    async fn work_outside_ends_by_itself_by_its_limit_or_by_its_panic() {
        let limit = Duration::from_millis(50);
        assert_eq!(within(Duration::from_secs(9), async { Ok(()) }).await, Ok(()));
        let held = Arc::new(());
        let holding = held.clone();
        let hung = within(limit, async move {
            std::future::pending::<()>().await;
            drop(holding);
            Ok(())
        });
        assert!(matches!(hung.await, Err(JobError::Retry(why)) if why.contains("longer")));
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&held), 1, "what hung was ended, not left behind");
        assert!(
            matches!(within(limit, async { panic!("broken") }).await, Err(JobError::Retry(why)) if why.contains("broken"))
        );
    }

    testkit::both_engines! {
        async fn a_worker_that_wakes_up_late_has_no_effect(t: TestDb) {
            let registry = Registry::default().inside("count", |tx, _, _| {
                Box::pin(async move {
                    let sql = "insert into message_windows (address, heard_at) values ('effects', 1) \
                               on conflict (address) do update set heard_at = message_windows.heard_at + 1";
                    Ok(tx.exec(sql, db::params![]).await?)
                })
            });
            let bench = Bench::new(&t.db, &t.clock, &t.ids, &registry);
            let cx = Context::new(&t.clock, &t.ids, Actor::System, "test");
            let job = crate::NewJob::new(&cx, Queue::CreditScore, "count", serde_json::Value::Null);
            let queued: Result<(), DbError> =
                t.db.write(async move |tx| store::enqueue(tx, &cx, vec![job.clone()]).await).await;
            queued.unwrap();

            let paused = claim(&bench, Queue::CreditScore, 1).await.unwrap().remove(0);
            t.clock.advance_seconds(LEASE_SECONDS + 1);
            let other = claim(&bench, Queue::CreditScore, 1).await.unwrap().remove(0);
            work_on(&bench, paused.clone()).await;
            work_on(&bench, other).await;
            work_on(&bench, paused).await;

            let effects = t.db.read::<i64, DbError, _>(async |tx| {
                tx.query_one("select w.heard_at from message_windows w", db::params![]).await?.get("heard_at")
            });
            assert_eq!(effects.await.unwrap(), 1);
        }
    }

    #[test]
    fn pauses_grow_and_differ_by_at_most_half() {
        let ids = IdGen::seeded(1);
        for (attempts, least) in [(1, 1_000), (2, 4_000), (3, 16_000)] {
            for _ in 0..50 {
                let id = ids.make(Instant::from_micros(1));
                let (queue, kind, payload) = (Queue::Whatsapp, "test".to_owned(), serde_json::Value::Null);
                let pause = pause_millis(&Job { id, queue, kind, payload, attempts, fence: 1 });
                assert!((least..least + least / 2).contains(&pause), "{pause}");
            }
        }
    }
}
