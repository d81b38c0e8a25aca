//! What operators do by hand, each with its entry in the stream of the platform.

use audit::Entry;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, JobId};
use queue::{JobView, Queue, QueueStats};
use serde::Serialize;
use serde_json::json;
use web::Problem;

const DAY: i64 = 24 * 60 * 60;

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such job in the queue: it is done, was deleted, or never was.
    #[error("there is no such job in the queue; what is done is not kept")]
    UnknownJob,
    #[error("the job is not dead: it waits or is at work")]
    NotDead,
    #[error("the job is at work; wait until it ends")]
    AtWork,
    #[error("a job that does the same waits already")]
    WaitsAlready,
    #[error("the queue is held already")]
    Held,
    #[error("the queue is not held")]
    NotHeld,
    #[error("there is no schedule of this name")]
    UnknownSchedule,
    #[error("a run is asked for or under way already")]
    UnderWay,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::UnknownJob | Refusal::UnknownSchedule => {
                return Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", refusal.to_string());
            }
            Refusal::NotDead => "JOB_NOT_DEAD",
            Refusal::AtWork => "JOB_AT_WORK",
            Refusal::WaitsAlready => "JOB_WAITS_ALREADY",
            Refusal::Held => "QUEUE_HELD",
            Refusal::NotHeld => "QUEUE_NOT_HELD",
            Refusal::UnderWay => "RUN_UNDER_WAY",
        };
        Self::conflict(code, refusal.to_string())
    }
}

type Done<T> = Result<Result<T, Refusal>, DbError>;

/// How many jobs something was done to.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Changed {
    /// Jobs; where they are as many as are taken at a time, more may be left.
    pub(crate) jobs: u64,
}

fn kept(job: &JobView) -> serde_json::Value {
    json!({ "kind": job.kind, "state": job.state, "payload": job.payload, "error": job.last_error })
}

/// A job of a queue.
pub(crate) async fn job_of(tx: &mut Tx, queue: Option<Queue>, id: JobId) -> Result<Option<JobView>, DbError> {
    let found = queue::find_job(tx, id).await?;
    Ok(found.filter(|job| queue.is_none_or(|queue| queue == job.queue)))
}

/// Gives a dead job new tries.
pub(crate) async fn retry(tx: &mut Tx, cx: &Context, queue: Option<Queue>, id: JobId) -> Done<JobView> {
    let Some(job) = job_of(tx, queue, id).await? else { return Ok(Err(Refusal::UnknownJob)) };
    if job.state != "DEAD" {
        return Ok(Err(Refusal::NotDead));
    }
    if !queue::retry_dead(tx, cx, id).await? {
        return Ok(Err(Refusal::WaitsAlready));
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "job.retried", id).before(kept(&job))]).await?;
    Ok(job_of(tx, queue, id).await?.ok_or(Refusal::UnknownJob))
}

/// Gives the dead jobs of a queue, or of one kind in it, new tries.
pub(crate) async fn retry_all(tx: &mut Tx, cx: &Context, queue: Queue, kind: Option<&str>) -> Result<Changed, DbError> {
    let jobs = queue::retry_all_dead(tx, cx, queue, kind).await?;
    note(tx, cx, "queue.retried", queue, json!({ "kind": kind, "jobs": jobs })).await?;
    Ok(Changed { jobs })
}

/// Deletes dead jobs that are older than some days.
pub(crate) async fn clean(
    tx: &mut Tx,
    cx: &Context,
    queue: Queue,
    kind: Option<&str>,
    days: i64,
) -> Result<Changed, DbError> {
    // What died at this very moment is older than no days at all.
    let before = cx.now.plus_seconds(days.saturating_mul(-DAY)).plus_millis(1);
    let jobs = queue::clean(tx, queue, kind, before).await?;
    note(tx, cx, "queue.cleaned", queue, json!({ "kind": kind, "olderThanDays": days, "jobs": jobs })).await?;
    Ok(Changed { jobs })
}

async fn note(
    tx: &mut Tx,
    cx: &Context,
    action: &'static str,
    queue: Queue,
    after: serde_json::Value,
) -> Result<(), DbError> {
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, action, queue).after(after)]).await
}

/// Deletes a job that nobody works on. What it was to do is kept in the audit entry.
pub(crate) async fn delete(tx: &mut Tx, cx: &Context, queue: Queue, id: JobId) -> Done<JobView> {
    let Some(job) = job_of(tx, Some(queue), id).await? else { return Ok(Err(Refusal::UnknownJob)) };
    if !queue::delete_job(tx, queue, id).await? {
        return Ok(Err(Refusal::AtWork));
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "job.deleted", id).before(kept(&job))]).await?;
    Ok(Ok(job))
}

/// How one queue goes.
pub(crate) async fn stats_of(tx: &mut Tx, cx: &Context, queue: Queue) -> Result<QueueStats, DbError> {
    let all = queue::stats(tx, cx.now).await?;
    all.into_iter().find(|stats| stats.queue == queue).ok_or(DbError::Missing("how the queue goes"))
}

/// Holds a queue: what is at work ends, nothing more is begun.
pub(crate) async fn pause(tx: &mut Tx, cx: &Context, queue: Queue, reason: &str) -> Done<QueueStats> {
    if !queue::pause(tx, cx, queue, reason).await? {
        return Ok(Err(Refusal::Held));
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "queue.paused", queue).reason(reason)]).await?;
    stats_of(tx, cx, queue).await.map(Ok)
}

/// Lets a queue go on.
pub(crate) async fn resume(tx: &mut Tx, cx: &Context, queue: Queue) -> Done<QueueStats> {
    if !queue::resume(tx, queue).await? {
        return Ok(Err(Refusal::NotHeld));
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "queue.resumed", queue)]).await?;
    stats_of(tx, cx, queue).await.map(Ok)
}

/// Asks for a run of a schedule now.
pub(crate) async fn run_now(tx: &mut Tx, cx: &Context, schedule: Option<&'static str>) -> Done<()> {
    let Some(schedule) = schedule else { return Ok(Err(Refusal::UnknownSchedule)) };
    if !queue::ask_for_run(tx, cx, schedule).await? {
        return Ok(Err(Refusal::UnderWay));
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "schedule.asked-for", schedule)]).await?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use queue::{JobError, NewJob, Registry};
    use testkit::TestDb;

    use super::*;

    const QUEUE: Queue = Queue::ReportGeneration;

    fn context(t: &TestDb) -> Context {
        Context::new(&t.clock, &t.ids, kernel::Actor::System, "test")
    }

    /// Queues a job of this kind, which dies at once.
    async fn dead(t: &TestDb, kind: &'static str) -> JobId {
        let cx = context(t);
        let queued = t.db.write::<_, DbError, _>(async move |tx| {
            queue::enqueue(tx, &cx, vec![NewJob::new(&cx, QUEUE, kind, json!({ "month": "Jestha" }))]).await
        });
        queued.await.unwrap();
        let registry = Registry::default()
            .outside("export", |_, _| async { Err(JobError::Dead("no paper".to_owned())) })
            .outside("file", |_, _| async { Err(JobError::Dead("no ink".to_owned())) });
        queue::run_ready(&t.db, &t.clock, &t.ids, &registry).await.unwrap();
        let page = kernel::PageRequest::default();
        t.db.read(async move |tx| queue::dead_jobs(tx, &page).await).await.unwrap().items.last().unwrap().0
    }

    async fn audited(t: &TestDb) -> Vec<(String, String)> {
        let page = kernel::PageRequest::default();
        let found = t.db.read(async move |tx| audit::find(tx, audit::PLATFORM, &audit::Filter::default(), &page).await);
        let found: Result<_, DbError> = found.await;
        found.unwrap().items.into_iter().rev().map(|entry| (entry.action, entry.subject)).collect()
    }

    testkit::both_engines! {
        async fn what_operators_do_to_jobs_is_done_once_and_stands_in_the_log(t: TestDb) {
            let (first, second) = (dead(&t, "export").await, dead(&t, "file").await);
            let cx = context(&t);
            let done = t.db.write::<_, DbError, _>(async move |tx| {
                let foreign = retry(tx, &cx, Some(Queue::Whatsapp), first).await?.map(drop);
                let retried = retry(tx, &cx, Some(QUEUE), first).await?.map(|job| (job.state, job.attempts, job.errors.len()));
                let again = retry(tx, &cx, None, first).await?.map(drop);
                let deleted = delete(tx, &cx, QUEUE, second).await?.map(|job| job.kind);
                let gone = delete(tx, &cx, QUEUE, second).await?.map(drop);
                Ok((foreign, retried, again, deleted, gone))
            });
            assert_eq!(done.await.unwrap(), (
                Err(Refusal::UnknownJob), Ok(("READY".to_owned(), 0, 1)), Err(Refusal::NotDead),
                Ok("file".to_owned()), Err(Refusal::UnknownJob),
            ));
            let expected = [("job.retried", first), ("job.deleted", second)];
            assert_eq!(audited(&t).await, expected.map(|(action, id)| (action.to_owned(), id.to_string())));
        }

        async fn queues_are_held_retried_and_cleaned_with_their_entries(t: TestDb) {
            dead(&t, "export").await;
            dead(&t, "file").await;
            let cx = context(&t);
            let done = t.db.write::<_, DbError, _>(async move |tx| {
                let held = pause(tx, &cx, QUEUE, "paper comes on Sunday").await?.unwrap();
                assert_eq!(held.paused.unwrap().actor, "system");
                assert_eq!(pause(tx, &cx, QUEUE, "again").await?.unwrap_err(), Refusal::Held);
                assert!(resume(tx, &cx, QUEUE).await?.unwrap().paused.is_none());
                assert_eq!(resume(tx, &cx, QUEUE).await?.unwrap_err(), Refusal::NotHeld);
                let young = clean(tx, &cx, QUEUE, None, 1).await?.jobs;
                let retried = retry_all(tx, &cx, QUEUE, Some("file")).await?.jobs;
                Ok((young, retried, clean(tx, &cx, QUEUE, None, 0).await?.jobs))
            });
            assert_eq!(done.await.unwrap(), (0, 1, 1));
            let actions: Vec<String> = audited(&t).await.into_iter().map(|(action, _)| action).collect();
            assert_eq!(actions, ["queue.paused", "queue.resumed", "queue.cleaned", "queue.retried", "queue.cleaned"]);
        }

        async fn a_run_that_is_asked_for_twice_is_one(t: TestDb) {
            let cx = context(&t);
            let asked = t.db.write::<_, DbError, _>(async move |tx| {
                let unknown = run_now(tx, &cx, None).await?;
                let first = run_now(tx, &cx, Some("insights")).await?;
                Ok((unknown, first, run_now(tx, &cx, Some("insights")).await?))
            });
            assert_eq!(asked.await.unwrap(), (Err(Refusal::UnknownSchedule), Ok(()), Err(Refusal::UnderWay)));
            assert_eq!(audited(&t).await, [("schedule.asked-for".to_owned(), "insights".to_owned())]);
        }
    }
}
