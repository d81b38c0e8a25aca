//! Every statement of queues and schedules.

use db::{DbError, Row, Tx, Value, params};
use kernel::{Context, Instant, JobId, Page, PageRequest};
use serde::Serialize;

use crate::job::{Job, NewJob, Queue};

const COLUMNS: &[&str] = &[
    "id",
    "queue",
    "kind",
    "payload",
    "unique_key",
    "order_key",
    "position",
    "state",
    "run_at",
    "attempts",
    "fence",
    "created_at",
];

/// The jobs of the queue `$1` that can be claimed at the moment `$2`.
macro_rules! claimable {
    () => {
        "select j.id from jobs j where j.queue = $1 and j.state = 'READY' and j.run_at <= $2 \
         and not exists (select 1 as one from jobs b where b.order_key = j.order_key and b.state <> 'DEAD' \
         and (b.state = 'RUNNING' or (b.position, b.id) < (j.position, j.id)))"
    };
}

/// Queues jobs in the caller's transaction. One whose unique key waits already is passed over.
pub async fn enqueue(tx: &mut Tx, cx: &Context, jobs: Vec<NewJob>) -> Result<(), DbError> {
    let is_unique = jobs.iter().any(|job| job.unique_key.is_some());
    let rows: Vec<Vec<Value>> = jobs
        .into_iter()
        .map(|job| {
            params![
                job.id,
                job.queue,
                job.kind,
                job.payload.to_string(),
                job.unique_key,
                job.order_key,
                job.position,
                "READY",
                job.run_at,
                0,
                0,
                job.created_at
            ]
        })
        .collect();
    tracing::trace!(jobs = rows.len(), request = %cx.request, "queued");
    if is_unique {
        tx.insert_new("jobs", COLUMNS, rows, "id").await.map(|_| ())
    } else {
        tx.insert_many("jobs", COLUMNS, rows).await
    }
}

fn job(row: &Row) -> Result<Job, DbError> {
    let payload: String = row.get("payload")?;
    Ok(Job {
        id: row.get("id")?,
        queue: row.get("queue")?,
        kind: row.get("kind")?,
        payload: serde_json::from_str(&payload).map_err(|_| DbError::Decode { column: "payload", expected: "JSON" })?,
        attempts: row.get("attempts")?,
        fence: row.get("fence")?,
    })
}

/// Gives back the jobs whose worker's lease has run out; one whose last try it was is laid aside.
pub(crate) async fn give_back_expired(tx: &mut Tx, now: Instant, tries: i64) -> Result<(), DbError> {
    // One that waits under the same key does the same work; behind a job that cannot become READY beside it, it would
    // wait for ever.
    let sql = "delete from jobs where state = 'RUNNING' and lease_until < $1 and attempts < $2 \
               and exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    tx.exec(sql, params![now, tries]).await?;
    let sql = "update jobs set lease_until = null, state = case when attempts < $2 then 'READY' else 'DEAD' end, \
               last_error = 'its worker was silent until the lease had run out' \
               where state = 'RUNNING' and lease_until < $1";
    tx.exec(sql, params![now, tries]).await
}

/// Whether a job of the queue can be claimed, or a lease has run out.
pub(crate) async fn has_work(tx: &mut Tx, queue: Queue, now: Instant) -> Result<bool, DbError> {
    if tx.query_opt(concat!(claimable!(), " limit 1"), params![queue, now]).await?.is_some() {
        return Ok(true);
    }
    let sql = "select j.id from jobs j where j.state = 'RUNNING' and j.lease_until < $1 limit 1";
    Ok(tx.query_opt(sql, params![now]).await?.is_some())
}

/// Claims up to `most` jobs of a queue: ready, the first of their order key, and none of that key at work. Where two
/// workers claim at once, the second waits for the first, and passes over what that one took.
pub(crate) async fn claim(
    tx: &mut Tx,
    queue: Queue,
    now: Instant,
    lease_until: Instant,
    most: i64,
) -> Result<Vec<Job>, DbError> {
    let sql = concat!(claimable!(), " order by j.run_at, j.id limit $3 {lock j}");
    let ready = tx.query(sql, params![queue, now, most]).await?;
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ready.iter().map(|row| row.get::<JobId>("id")).collect::<Result<Vec<_>, _>>()?;
    let sql = "update jobs set state = 'RUNNING', attempts = attempts + 1, fence = fence + 1, lease_until = $2 \
               where id in {1} and state = 'READY' returning id, queue, kind, payload, attempts, fence, position";
    let mut claimed = tx.query(sql, params![Value::list(&ids), lease_until]).await?;
    claimed.sort_by_key(|row| row.get::<i64>("position").unwrap_or(i64::MAX));
    claimed.iter().map(job).collect()
}

/// Removes a job that is done; false if it was given to another worker meanwhile.
pub(crate) async fn remove(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    let sql = "delete from jobs where id = $1 and fence = $2 and state = 'RUNNING'";
    Ok(tx.change(sql, params![job.id, job.fence]).await? == 1)
}

/// Lets a job wait for another try; one whose key waits already is left to that one.
pub(crate) async fn retry(tx: &mut Tx, job: &Job, run_at: Instant, counts: bool, error: &str) -> Result<(), DbError> {
    let sql = "delete from jobs where id = $1 and fence = $2 and state = 'RUNNING' \
               and exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    tx.exec(sql, params![job.id, job.fence]).await?;
    let sql = "update jobs set state = 'READY', run_at = $3, lease_until = null, last_error = $4, \
               attempts = attempts - $5 where id = $1 and fence = $2 and state = 'RUNNING'";
    let taken_back = i64::from(!counts);
    tx.exec(sql, params![job.id, job.fence, run_at, error, taken_back]).await
}

/// Lays a job aside with its error, for an operator.
pub(crate) async fn bury(tx: &mut Tx, job: &Job, error: &str) -> Result<(), DbError> {
    let sql = "update jobs set state = 'DEAD', lease_until = null, last_error = $3 \
               where id = $1 and fence = $2 and state = 'RUNNING'";
    tx.exec(sql, params![job.id, job.fence, error]).await
}

/// How full a queue is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QueueDepth {
    /// The queue.
    pub queue: Queue,
    /// `READY`, `RUNNING` or `DEAD`.
    pub state: String,
    /// Jobs in that state.
    pub jobs: i64,
}

/// How full the queues are.
pub async fn depths(tx: &mut Tx) -> Result<Vec<QueueDepth>, DbError> {
    let sql = "select j.queue, j.state, cast(count(*) as bigint) as jobs from jobs j group by j.queue, j.state \
               order by j.queue, j.state";
    let rows = tx.query(sql, params![]).await?;
    rows.iter()
        .map(|row| Ok(QueueDepth { queue: row.get("queue")?, state: row.get("state")?, jobs: row.get("jobs")? }))
        .collect()
}

/// Dead jobs with their errors, in the order of their ids.
pub async fn dead_jobs(tx: &mut Tx, page: &PageRequest) -> Result<Page<(JobId, String, String)>, DbError> {
    let sql =
        "select j.id, j.kind, j.last_error from jobs j where j.state = 'DEAD' and j.id > $1 order by j.id limit $2";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![after, page.limit.saturating_add(1)]).await?;
    let found = rows
        .iter()
        .map(|row| {
            let error: Option<String> = row.get("last_error")?;
            Ok((row.get("id")?, row.get("kind")?, error.unwrap_or_default()))
        })
        .collect::<Result<_, DbError>>()?;
    Ok(Page::from_overfull(found, page, |(id, ..): &(JobId, String, String)| id.to_string()))
}

/// Gives a dead job new tries; false if it is not dead, or a job of its unique key waits already.
pub async fn retry_dead(tx: &mut Tx, cx: &Context, id: JobId) -> Result<bool, DbError> {
    let sql = "update jobs set state = 'READY', attempts = 0, run_at = $2 where id = $1 and state = 'DEAD' \
               and not exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    Ok(tx.change(sql, params![id, cx.now]).await? == 1)
}

/// Takes a slot of a schedule; false if a process has run it, or a later one.
pub(crate) async fn take_slot(tx: &mut Tx, schedule: &str, slot: Instant, now: Instant) -> Result<bool, DbError> {
    let columns = &["schedule", "slot", "started_at"];
    let new = tx.insert_new("schedule_runs", columns, vec![params![schedule, slot, now]], "schedule").await?;
    if !new.is_empty() {
        return Ok(true);
    }
    let sql = "update schedule_runs set slot = $2, started_at = $3, finished_at = null, outcome = null \
               where schedule = $1 and slot < $2";
    Ok(tx.change(sql, params![schedule, slot, now]).await? == 1)
}

/// Writes how a schedule's run ended.
pub(crate) async fn finish_slot(
    tx: &mut Tx,
    schedule: &str,
    slot: Instant,
    now: Instant,
    outcome: &str,
) -> Result<(), DbError> {
    let sql = "update schedule_runs set finished_at = $3, outcome = $4 where schedule = $1 and slot = $2";
    tx.exec(sql, params![schedule, slot, now, outcome]).await
}

#[cfg(test)]
mod tests {
    use testkit::TestDb;

    use super::*;
    use crate::job::TRIES;

    fn context(t: &TestDb) -> Context {
        Context::new(&t.clock, &t.ids, kernel::Actor::System, "test")
    }

    fn a_job(cx: &Context) -> NewJob {
        NewJob::new(cx, Queue::OrderProcessing, "test", serde_json::Value::Null)
    }

    async fn queued(t: &TestDb, jobs: Vec<NewJob>) {
        let cx = context(t);
        let done: Result<(), DbError> = t.db.write(async move |tx| enqueue(tx, &cx, jobs.clone()).await).await;
        done.unwrap();
    }

    /// What a worker's look does, with a lease of a minute.
    async fn claimed(t: &TestDb, most: i64) -> Result<Vec<Job>, DbError> {
        let now = t.clock.now();
        let looked = t.db.write(async move |tx| {
            give_back_expired(tx, now, TRIES).await?;
            claim(tx, Queue::OrderProcessing, now, now.plus_seconds(60), most).await
        });
        looked.await
    }

    async fn only_claimed(t: &TestDb) -> Job {
        let mut jobs = claimed(t, 9).await.unwrap();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    async fn removed(t: &TestDb, job: &Job) -> bool {
        let job = job.clone();
        let done: Result<bool, DbError> = t.db.write(async move |tx| remove(tx, &job).await).await;
        done.unwrap()
    }

    async fn states(t: &TestDb) -> Vec<(String, i64)> {
        let depths = t.db.read(async |tx| depths(tx).await).await.unwrap();
        depths.into_iter().map(|depth| (depth.state, depth.jobs)).collect()
    }

    fn state(state: &str, jobs: i64) -> Vec<(String, i64)> {
        vec![(state.to_owned(), jobs)]
    }

    testkit::both_engines! {
        async fn a_worker_that_wakes_up_late_finishes_nothing(t: TestDb) {
            queued(&t, vec![a_job(&context(&t))]).await;
            let paused = only_claimed(&t).await;
            assert!(claimed(&t, 9).await.unwrap().is_empty(), "its lease holds");
            t.clock.advance_seconds(61);
            let other = only_claimed(&t).await;
            assert_eq!((other.id, other.attempts, other.fence), (paused.id, 2, paused.fence + 1));

            assert!(!removed(&t, &paused).await);
            let (late, now) = (paused.clone(), t.clock.now());
            let written: Result<(), DbError> = t.db.write(async move |tx| {
                retry(tx, &late, now, true, "late").await?;
                bury(tx, &late, "late").await
            }).await;
            written.unwrap();
            assert_eq!(states(&t).await, state("RUNNING", 1));
            assert!(removed(&t, &other).await);
            assert!(!removed(&t, &other).await);
            assert!(states(&t).await.is_empty());
        }

        async fn a_job_that_kills_its_workers_is_dead_after_three(t: TestDb) {
            queued(&t, vec![a_job(&context(&t))]).await;
            for attempt in 1..=TRIES {
                assert_eq!(only_claimed(&t).await.attempts, attempt);
                t.clock.advance_seconds(61);
            }
            assert!(claimed(&t, 9).await.unwrap().is_empty());
            let dead = t.db.read(async |tx| dead_jobs(tx, &PageRequest::default()).await).await.unwrap();
            assert_eq!(dead.items.len(), 1);
            assert!(dead.items[0].2.contains("silent"), "{:?}", dead.items);

            let (cx, id) = (context(&t), dead.items[0].0);
            let retried: Result<bool, DbError> = t.db.write(async move |tx| retry_dead(tx, &cx, id).await).await;
            assert!(retried.unwrap());
            assert_eq!(only_claimed(&t).await.attempts, 1);
        }

        async fn of_one_order_key_one_runs_at_a_time_even_if_an_earlier_one_comes_late(t: TestDb) {
            let cx = context(&t);
            let at = |position: i64| a_job(&cx).order_key("to:1").position(position);
            queued(&t, vec![at(20), at(30), a_job(&cx).order_key("to:2")]).await;
            let first = claimed(&t, 9).await.unwrap();
            assert_eq!(first.len(), 2, "the first of each key");

            queued(&t, vec![at(10)]).await;
            assert!(claimed(&t, 9).await.unwrap().is_empty(), "20 is still running");
            for job in &first {
                assert!(removed(&t, job).await);
            }
            let late = only_claimed(&t).await;
            assert!(removed(&t, &late).await);
            let last = only_claimed(&t).await;
            assert!(late.id > last.id, "10 ran before 30, which was queued before it");
        }

        async fn the_schema_itself_refuses_two_running_jobs_of_one_order_key(t: TestDb) {
            let cx = context(&t);
            queued(&t, vec![a_job(&cx).order_key("to:1"), a_job(&cx).order_key("to:1")]).await;
            let forced: Result<(), DbError> =
                t.db.write(async |tx| tx.exec("update jobs set state = 'RUNNING'", params![]).await).await;
            assert!(matches!(forced, Err(DbError::Duplicate(_))), "{forced:?}");
        }

        async fn a_dead_job_holds_back_no_other(t: TestDb) {
            let cx = context(&t);
            queued(&t, vec![a_job(&cx).order_key("to:1"), a_job(&cx).order_key("to:1")]).await;
            let first = only_claimed(&t).await;
            let done: Result<(), DbError> = t.db.write(async move |tx| bury(tx, &first, "broken").await).await;
            done.unwrap();
            only_claimed(&t).await;
        }

        async fn a_waiting_twin_takes_the_place_of_a_job_that_failed_or_lost_its_worker(t: TestDb) {
            let cx = context(&t);
            // The twin has the same order key, so it waits for the one that is stuck.
            let twin = || a_job(&context(&t)).unique_key("retailer 1").order_key("score:1");
            queued(&t, vec![twin()]).await;
            only_claimed(&t).await;
            queued(&t, vec![twin()]).await;
            t.clock.advance_seconds(61);
            let second = only_claimed(&t).await;
            assert_eq!(second.attempts, 1);

            queued(&t, vec![twin()]).await;
            let now = cx.now;
            let failed: Result<(), DbError> =
                t.db.write(async move |tx| retry(tx, &second, now, true, "failed").await).await;
            failed.unwrap();
            assert_eq!(states(&t).await, state("READY", 1));
        }

        async fn rivals_never_claim_the_same_job(t: TestDb) {
            let cx = context(&t);
            queued(&t, (0..300).map(|n| a_job(&cx).order_key(format!("to:{}", n % 20))).collect()).await;
            let claims = async || {
                let mut mine = Vec::new();
                loop {
                    match claimed(&t, 5).await {
                        Ok(jobs) => {
                            for job in &jobs {
                                assert!(removed(&t, job).await);
                            }
                            mine.extend(jobs.into_iter().map(|job| job.id));
                        }
                        Err(error) => assert!(matches!(error, DbError::Duplicate(_)), "{error}"),
                    }
                    if states(&t).await.is_empty() {
                        return mine;
                    }
                }
            };
            let (one, two, three) = tokio::join!(claims(), claims(), claims());
            let mut all = [one, two, three].concat();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 300);
        }
    }
}
