//! Working on jobs: in the background, or by hand in tests and the demo.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::LEASE_SECONDS;
use crate::held::Held;
use crate::job::{Job, JobError, Queue, TRIES};
use crate::registry::{Handler, Inside, Registry};
use crate::store;

/// How often leases are renewed, counts are written and pauses are read.
const BEAT_EVERY: Duration = Duration::from_secs(5);
/// The pause after the store had no time for a job.
const BUSY_PAUSE_SECONDS: i64 = 1;
/// How often an idle queue looks for work that another process, or a passed moment, made ready.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Jobs that a run by hand claims at a time.
const BY_HAND: usize = 32;
/// Jobs that are claimed at a time where they are done fast.
const AHEAD_MOST: usize = 256;
/// Small jobs that share a transaction.
const SET_MOST: usize = 64;
/// Where what was claimed is done within this time, more is claimed at a time.
const FAST_MICROS: i64 = 500_000;

#[derive(Clone)]
struct Bench {
    db: Db,
    clock: Clock,
    ids: IdGen,
    registry: Registry,
    /// Told when a job is done, which may have made others ready.
    done: Arc<Notify>,
    held: Arc<Held>,
}

impl Bench {
    fn new(db: &Db, clock: &Clock, ids: &IdGen, registry: &Registry) -> Self {
        let (db, clock, ids) = (db.clone(), clock.clone(), ids.clone());
        Self { db, clock, ids, registry: registry.clone(), done: Arc::default(), held: Arc::default() }
    }

    fn context(&self, job: &Job) -> Context {
        Context::new(&self.clock, &self.ids, Actor::System, job.id.to_string())
    }
}

/// Workers in the background, one loop a queue.
pub struct Workers {
    bench: Bench,
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
        tracker.spawn(live(bench.clone(), stopping.clone()));
        Self { bench, stopping, tracker }
    }

    /// Stops claiming, and waits for the jobs in work. What is not done in time is given back when its lease runs out.
    pub async fn drain(self, bound: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        let is_done = tokio::time::timeout(bound, self.tracker.wait()).await.is_ok();
        write_counts(&self.bench).await;
        is_done
    }
}

/// Shows that the process lives, until it stops.
async fn live(bench: Bench, stopping: CancellationToken) {
    loop {
        if let Err(error) = beat(&bench).await {
            tracing::error!(%error, "leases cannot be renewed");
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(BEAT_EVERY) => {}
        }
    }
}

/// Renews the leases of what is held, reads which queues are held by an operator, writes the counts, and mends what a
/// clock that was set back would hold up.
async fn beat(bench: &Bench) -> Result<(), DbError> {
    let paused = bench.db.read(async move |tx| store::paused(tx).await).await?;
    bench.held.set_paused(paused);
    let (now, held) = (bench.clock.now(), bench.held.jobs());
    let (lease_until, is_set_back) = (lease_from(now), bench.held.is_set_back(now));
    if is_set_back || !held.is_empty() {
        let renewed = bench.db.write(async move |tx| {
            if is_set_back {
                store::mend_moments(tx, now, lease_until).await?;
            }
            store::renew(tx, &held, lease_until).await
        });
        renewed.await?;
    }
    write_counts(bench).await;
    Ok(())
}

const fn lease_from(now: Instant) -> Instant {
    now.plus_seconds(LEASE_SECONDS)
}

async fn write_counts(bench: &Bench) {
    let (now, counted) = (bench.clock.now(), bench.held.counted());
    if counted.is_empty() {
        return;
    }
    let again = counted.clone();
    let written: Result<(), DbError> = bench.db.write(async move |tx| store::count(tx, now, &counted).await).await;
    if let Err(error) = written {
        tracing::warn!(%error, "what became of jobs cannot be counted now");
        bench.held.uncounted(&again);
    }
}

async fn run_queue(bench: Bench, queue: Queue, stopping: CancellationToken, tracker: TaskTracker) {
    let permits = Arc::new(Semaphore::new(queue.concurrency()));
    let (mut ahead, mut most) = (VecDeque::new(), queue.concurrency());
    let mut claimed_at = bench.clock.now();
    loop {
        // Made before the look, so that what is made ready during it is not slept over.
        let woken = bench.done.notified();
        let Some(place) = free_place(&permits, &stopping).await else { break };
        if bench.held.is_paused(queue) {
            give_back(&bench, &mut ahead).await;
        }
        if ahead.is_empty() {
            let now = bench.clock.now();
            let is_fast = now.micros().saturating_sub(claimed_at.micros()) < FAST_MICROS;
            most = if is_fast { most.saturating_mul(2).min(AHEAD_MOST) } else { queue.concurrency() };
            claimed_at = now;
            ahead = claim(&bench, queue, most).await.unwrap_or_else(|error| {
                tracing::error!(%queue, %error, "the queue cannot be read");
                VecDeque::new()
            });
        }
        let set = next_set(&bench.registry, &mut ahead);
        if set.is_empty() {
            most = queue.concurrency();
            drop(place);
            tokio::select! {
                () = stopping.cancelled() => break,
                () = woken => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            continue;
        }
        let bench = bench.clone();
        tracker.spawn(async move {
            work_on_set(&bench, set).await;
            drop(place);
            // The next of its order key, or jobs that it queued, can be claimed now.
            bench.done.notify_waiters();
        });
    }
    give_back(&bench, &mut ahead).await;
}

/// Waits until there is a place for a job; none where the workers stop.
async fn free_place(permits: &Arc<Semaphore>, stopping: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = stopping.cancelled() => None,
        permit = permits.clone().acquire_owned() => permit.ok(),
    }
}

/// The next job to be worked on, or the next small ones of one kind.
fn next_set(registry: &Registry, ahead: &mut VecDeque<Job>) -> Vec<Job> {
    let Some(first) = ahead.pop_front() else { return Vec::new() };
    let mut set = vec![first];
    if set.iter().any(|first| matches!(registry.find(&first.kind), Some(Handler::Small(_)))) {
        while set.len() < SET_MOST
            && ahead.front().is_some_and(|next| set.first().is_some_and(|one| one.kind == next.kind))
        {
            set.extend(ahead.pop_front());
        }
    }
    set
}

/// Gives back what was claimed and not begun. Where that fails, the leases run out.
async fn give_back(bench: &Bench, ahead: &mut VecDeque<Job>) {
    if ahead.is_empty() {
        return;
    }
    let jobs: Vec<Job> = std::mem::take(ahead).into();
    bench.held.leave(&jobs);
    let held: Vec<_> = jobs.iter().map(|job| (job.id, job.fence)).collect();
    let given: Result<(), DbError> = bench.db.write(async move |tx| store::give_back(tx, &held).await).await;
    if let Err(error) = given {
        tracing::warn!(%error, "jobs cannot be given back; their leases will run out");
    }
}

async fn claim(bench: &Bench, queue: Queue, most: usize) -> Result<VecDeque<Job>, DbError> {
    let now = bench.clock.now();
    let most = i64::try_from(most).unwrap_or(1);
    // Most looks find nothing; they cost a read, not a write.
    let is_waiting = bench.db.read(async move |tx| store::has_work(tx, queue, now).await).await?;
    if !is_waiting {
        return Ok(VecDeque::new());
    }
    let claimed = bench.db.write(async move |tx| {
        store::give_back_expired(tx, now, TRIES).await?;
        store::claim(tx, queue, now, lease_from(now), most).await
    });
    let claimed = match claimed.await {
        // Another worker took a job of the same order key or queued one of the same unique key at this moment. Nothing
        // was claimed; the next look sees both.
        Err(DbError::Duplicate(_)) => Vec::new(),
        claimed => claimed?,
    };
    bench.held.take(&claimed);
    Ok(claimed.into())
}

/// Works on what was claimed together. Where small jobs fail together, each has its own try.
async fn work_on_set(bench: &Bench, set: Vec<Job>) {
    if set.len() > 1 && is_done_together(bench, &set).await {
        bench.held.leave(&set);
        return;
    }
    for job in set {
        work_on(bench, job).await;
    }
}

/// Does small jobs in one transaction; false where any of them fails, and nothing is done.
async fn is_done_together(bench: &Bench, set: &[Job]) -> bool {
    let Some((first, Handler::Small(work))) = set
        .first()
        .map(|first| (first, bench.registry.find(&first.kind)))
        .and_then(|(first, handler)| Some((first, handler?)))
    else {
        return false;
    };
    let queue = first.queue;
    let jobs: Vec<(Context, Job)> = set.iter().map(|job| (bench.context(job), job.clone())).collect();
    let done = bench.db.write(async move |tx| do_together(tx, &work, &jobs).await).await;
    if let Ok(done) = done {
        bench.held.count(queue, |counts| counts.done = counts.done.saturating_add(done));
    }
    done.is_ok()
}

async fn do_together(tx: &mut db::Tx, work: &Arc<Inside>, jobs: &[(Context, Job)]) -> Result<i64, JobError> {
    let mine: Vec<Job> = jobs.iter().map(|(_, job)| job.clone()).collect();
    let mine = store::remove_all(tx, &mine).await?;
    for (cx, job) in jobs.iter().filter(|(_, job)| mine.contains(&job.id)) {
        work(tx, cx, job).await?;
    }
    Ok(i64::try_from(mine.len()).unwrap_or(i64::MAX))
}

/// Works on one claimed job and writes what came of it.
async fn work_on(bench: &Bench, job: Job) {
    let cx = bench.context(&job);
    let outcome = match bench.registry.find(&job.kind) {
        None => Err(JobError::Dead(format!("nothing handles jobs of the kind {:?}", job.kind))),
        Some(Handler::Inside(work) | Handler::Small(work)) => {
            let job = job.clone();
            bench
                .db
                .write(async move |tx| {
                    // The job goes first: where another worker holds it now, nothing of this is done.
                    if !store::remove(tx, &job).await? {
                        return Ok(false);
                    }
                    work(tx, &cx, &job).await?;
                    Ok(true)
                })
                .await
        }
        Some(Handler::Outside(work, most)) => match within(most, work(cx, job.clone())).await {
            Ok(()) => {
                let job = job.clone();
                let removed = bench.db.write(async move |tx| store::remove(tx, &job).await).await;
                removed.map_err(|error: DbError| JobError::from(error))
            }
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(is_mine) => {
            bench.held.count(job.queue, |counts| counts.done = counts.done.saturating_add(i64::from(is_mine)));
        }
        Err(error) => put_off(bench, job.clone(), error).await,
    }
    bench.held.leave(&[job]);
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
    let is_dead = matches!(error, JobError::Dead(_)) || matches!(error, JobError::Retry(_)) && job.is_last_try();
    let is_failed = matches!(error, JobError::Retry(_)) && !is_dead;
    bench.held.count(job.queue, |counts| {
        counts.dead = counts.dead.saturating_add(i64::from(is_dead));
        counts.failed = counts.failed.saturating_add(i64::from(is_failed));
    });
    let written = bench
        .db
        .write(async move |tx| match &error {
            JobError::Busy(why) => {
                store::postpone(tx, &job, now.plus_seconds(BUSY_PAUSE_SECONDS), Some(now), why).await
            }
            JobError::RetryAt(moment, why) => store::postpone(tx, &job, *moment, None, why).await,
            JobError::Retry(why) if !job.is_last_try() => {
                tracing::warn!(job = %job.id, kind = job.kind, why, "a job is tried again");
                store::retry(tx, &job, now, now.plus_millis(pause_millis(&job)), why).await
            }
            JobError::Retry(why) | JobError::Dead(why) => {
                tracing::error!(job = %job.id, kind = job.kind, why, "a job is dead");
                store::bury(tx, &job, now, why).await
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
            let mut claimed = claim(&bench, *queue, BY_HAND).await?;
            done = done.saturating_add(claimed.len());
            while !claimed.is_empty() {
                work_on_set(&bench, next_set(registry, &mut claimed)).await;
            }
        }
        if done == before {
            write_counts(&bench).await;
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
        async fn a_process_that_lives_keeps_its_jobs_and_one_that_is_paused_loses_them(t: TestDb) {
            let registry = Registry::default();
            let (living, other) = (Bench::new(&t.db, &t.clock, &t.ids, &registry), Bench::new(&t.db, &t.clock, &t.ids, &registry));
            let cx = Context::new(&t.clock, &t.ids, Actor::System, "test");
            let jobs = vec![crate::NewJob::new(&cx, Queue::CreditScore, "long", serde_json::Value::Null)];
            let queued: Result<(), DbError> =
                t.db.write(async move |tx| store::enqueue(tx, &cx, jobs.clone()).await).await;
            queued.unwrap();
            let claim = async |bench: &Bench| super::claim(bench, Queue::CreditScore, 1).await.unwrap();
            assert_eq!(claim(&living).await.len(), 1);
            for _ in 0..5 {
                t.clock.advance_seconds(LEASE_SECONDS - 10);
                beat(&living).await.unwrap();
                assert!(claim(&other).await.is_empty(), "its lease was renewed");
            }
            t.clock.advance_seconds(LEASE_SECONDS + 1);
            let taken = claim(&other).await;
            assert_eq!((taken.len(), taken[0].attempts), (1, 2), "nobody renewed it");
            // What wakes up now renews nothing: the job has another fence.
            t.clock.advance_seconds(LEASE_SECONDS - 10);
            beat(&living).await.unwrap();
            t.clock.advance_seconds(11);
            assert_eq!(claim(&living).await.len(), 1, "the lease of the other one has run out");
        }

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

            let paused = claim(&bench, Queue::CreditScore, 1).await.unwrap().pop_front().unwrap();
            t.clock.advance_seconds(LEASE_SECONDS + 1);
            let other = claim(&bench, Queue::CreditScore, 1).await.unwrap().pop_front().unwrap();
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
