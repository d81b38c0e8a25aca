//! Every statement of queues and schedules: here those that workers live by.

use db::{DbError, Row, Tx, Value, params};
use kernel::{Context, Instant, JobId};

use crate::job::{Job, NewJob, Queue};

mod counts;
mod deeds;
mod looks;
mod runs;
#[cfg(test)]
mod tests;

pub(crate) use counts::count;
pub use deeds::{clean, delete_job, pause, resume, retry_all_dead, retry_dead};
pub(crate) use looks::paused;
pub use looks::{
    Failure, JobFilter, JobView, Pause, Progress, QueueDepth, QueueStats, dead_jobs, depths, find_job, jobs, stats,
};
pub(crate) use runs::{Due, finish_run, give_back_run, keep_run, standing, take_run, tell_run};
pub use runs::{Run, Standing, ask_for_run, last_runs, last_successes};

/// The longest error that is kept.
const ERROR_MOST: usize = 2_000;

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
    "wait_from",
    "attempts",
    "fence",
    "created_at",
];

/// The jobs of the queue `$1` that can be claimed at the moment `$2`: none of a queue that is held. A job without an order
/// key is asked for before others are looked for: PostgreSQL took it for a join, and went through all jobs for each, where
/// it had not counted them yet.
macro_rules! claimable {
    () => {
        "select j.id from jobs j where j.queue = $1 and j.state = 'READY' and j.run_at <= $2 \
         and not exists (select 1 as one from queue_pauses p where p.queue = $1) \
         and (j.order_key is null or not exists (select 1 as one from jobs b where b.order_key = j.order_key \
         and b.state <> 'DEAD' and (b.state = 'RUNNING' or (b.position, b.id) < (j.position, j.id))))"
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
                job.wait_from,
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

/// One line of a job's history of errors, without its last number, which is that of the try.
fn error_line(at: Instant, error: &str) -> String {
    let error = serde_json::Value::from(error.chars().take(ERROR_MOST).collect::<String>());
    format!("{{\"at\":{},\"error\":{error},\"try\":", at.micros())
}

/// Gives back the jobs whose worker's lease has run out; one whose last try it was is laid aside. A job in the middle of
/// its transaction is its worker's, however long that takes.
pub(crate) async fn give_back_expired(tx: &mut Tx, now: Instant, tries: i64) -> Result<(), DbError> {
    let sql = "select j.id from jobs j where j.state = 'RUNNING' and j.lease_until < $1 order by j.id {free j}";
    let expired = tx.query(sql, params![now]).await?;
    if expired.is_empty() {
        return Ok(());
    }
    let ids = expired.iter().map(|row| row.get::<JobId>("id")).collect::<Result<Vec<_>, _>>()?;
    yield_to_twins(tx, &ids, tries).await?;
    let silent = "its worker was silent until the lease had run out";
    let sql = "update jobs set lease_until = null, state = case when attempts < $2 then 'READY' else 'DEAD' end, \
               run_at = $3, wait_from = $3, died_at = case when attempts >= $2 then cast($3 as bigint) end, \
               last_error = $4, errors = errors || $5 || cast(attempts as text) || $6 \
               where id in {1}";
    tx.exec(sql, params![Value::list(&ids), tries, now, silent, error_line(now, silent), "}\n"]).await
}

/// A job that waits under the same unique key does the same work; one that would become READY beside it goes.
async fn yield_to_twins(tx: &mut Tx, ids: &[JobId], tries: i64) -> Result<(), DbError> {
    let sql = "delete from jobs where id in {1} and attempts < $2 \
               and exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    tx.exec(sql, params![Value::list(ids), tries]).await
}

/// Gives back jobs that were claimed and not begun.
pub(crate) async fn give_back(tx: &mut Tx, held: &[(JobId, i64)]) -> Result<(), DbError> {
    let ids = still_held(tx, held).await?;
    yield_to_twins(tx, &ids, i64::MAX).await?;
    let sql = "update jobs set state = 'READY', lease_until = null, attempts = attempts - 1 \
               where id in {1}";
    tx.exec(sql, params![Value::list(&ids)]).await
}

/// Renews the leases of what a process holds; a job in the middle of its transaction needs none.
pub(crate) async fn renew(tx: &mut Tx, held: &[(JobId, i64)], lease_until: Instant) -> Result<(), DbError> {
    let ids = still_held(tx, held).await?;
    let sql = "update jobs set lease_until = $2 where id in {1}";
    tx.exec(sql, params![Value::list(&ids), lease_until]).await
}

/// Which of these jobs nobody else was given, locked.
async fn still_held(tx: &mut Tx, held: &[(JobId, i64)]) -> Result<Vec<JobId>, DbError> {
    let sql = "select j.id from {rows 1: id text, fence bigint} h join jobs j on j.id = h.id and j.fence = h.fence \
               where j.state = 'RUNNING' order by j.id {free j}";
    let held = Value::rows(held.iter().map(|(id, fence)| params![*id, *fence]));
    tx.query(sql, params![held]).await?.iter().map(|row| row.get("id")).collect()
}

/// What a clock that was set back would hold up: waits for so long begin anew, and no lease lasts longer than a lease.
pub(crate) async fn mend_moments(tx: &mut Tx, now: Instant, lease_until: Instant) -> Result<(), DbError> {
    let sql = "update jobs set run_at = run_at - (wait_from - $1), wait_from = $1 \
               where state = 'READY' and wait_from > $1";
    tx.exec(sql, params![now]).await?;
    let sql = "update jobs set lease_until = $1 where state = 'RUNNING' and lease_until > $1";
    tx.exec(sql, params![lease_until]).await
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
/// workers claim at once, each passes over what the other takes.
pub(crate) async fn claim(
    tx: &mut Tx,
    queue: Queue,
    now: Instant,
    lease_until: Instant,
    most: i64,
) -> Result<Vec<Job>, DbError> {
    let sql = concat!(claimable!(), " order by j.run_at, j.id limit $3 {free j}");
    let ready = tx.query(sql, params![queue, now, most]).await?;
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    // They are locked; a condition on their state would lead the server to them by a longer way than that of their ids.
    let ids = ready.iter().map(|row| row.get::<JobId>("id")).collect::<Result<Vec<_>, _>>()?;
    let sql = "update jobs set state = 'RUNNING', attempts = attempts + 1, fence = fence + 1, lease_until = $2, \
               done = null, total = null, saying = null \
               where id in {1} returning id, queue, kind, payload, attempts, fence, position";
    let mut claimed = tx.query(sql, params![Value::list(&ids), lease_until]).await?;
    claimed.sort_by_key(|row| row.get::<i64>("position").unwrap_or(i64::MAX));
    claimed.iter().map(job).collect()
}

/// Removes a job that is done; false if it was given to another worker meanwhile.
pub(crate) async fn remove(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    let sql = "delete from jobs where id = $1 and fence = $2 and state = 'RUNNING'";
    Ok(tx.change(sql, params![job.id, job.fence]).await? == 1)
}

/// Removes the jobs of a set that nobody else was given, and says which.
pub(crate) async fn remove_all(tx: &mut Tx, jobs: &[Job]) -> Result<Vec<JobId>, DbError> {
    let held: Vec<(JobId, i64)> = jobs.iter().map(|job| (job.id, job.fence)).collect();
    let ids = still_held(tx, &held).await?;
    tx.exec("delete from jobs where id in {1}", params![Value::list(&ids)]).await?;
    Ok(ids)
}

/// Lets a job wait for another try that counts, from now until `run_at`; one whose key waits already is left to that one.
pub(crate) async fn retry(tx: &mut Tx, job: &Job, now: Instant, run_at: Instant, error: &str) -> Result<(), DbError> {
    let line = format!("{}{}}}\n", error_line(now, error), job.attempts);
    put_back(tx, job, run_at, Some(now), error, Some(line)).await
}

/// Lets a job wait; the try does not count. `wait_from` is none where it waits for a moment of the clock.
pub(crate) async fn postpone(
    tx: &mut Tx,
    job: &Job,
    run_at: Instant,
    wait_from: Option<Instant>,
    why: &str,
) -> Result<(), DbError> {
    put_back(tx, job, run_at, wait_from, why, None).await
}

async fn put_back(
    tx: &mut Tx,
    job: &Job,
    run_at: Instant,
    wait_from: Option<Instant>,
    error: &str,
    line: Option<String>,
) -> Result<(), DbError> {
    let sql = "delete from jobs where id = $1 and fence = $2 and state = 'RUNNING' \
               and exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    tx.exec(sql, params![job.id, job.fence]).await?;
    let sql = "update jobs set state = 'READY', run_at = $3, wait_from = $4, lease_until = null, last_error = $5, \
               attempts = attempts - $6, errors = errors || $7 where id = $1 and fence = $2 and state = 'RUNNING'";
    let error: String = error.chars().take(ERROR_MOST).collect();
    let (taken_back, line) = (i64::from(line.is_none()), line.unwrap_or_default());
    tx.exec(sql, params![job.id, job.fence, run_at, wait_from, error, taken_back, line]).await
}

/// Lays a job aside with its error, for an operator.
pub(crate) async fn bury(tx: &mut Tx, job: &Job, now: Instant, error: &str) -> Result<(), DbError> {
    let sql = "update jobs set state = 'DEAD', lease_until = null, died_at = $3, last_error = $4, errors = errors || $5 \
               where id = $1 and fence = $2 and state = 'RUNNING'";
    let line = format!("{}{}}}\n", error_line(now, error), job.attempts);
    let error: String = error.chars().take(ERROR_MOST).collect();
    tx.exec(sql, params![job.id, job.fence, now, error, line]).await
}

/// Writes how far a job is; false if it is another worker's now.
pub(crate) async fn tell(tx: &mut Tx, job: &Job, done: i64, total: i64, saying: &str) -> Result<bool, DbError> {
    let sql = "update jobs set done = $3, total = $4, saying = $5 where id = $1 and fence = $2 and state = 'RUNNING'";
    Ok(tx.change(sql, params![job.id, job.fence, done, total, saying]).await? == 1)
}

/// Whether nobody else was given a job; it is locked.
pub(crate) async fn is_held(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    let sql = "select j.id from jobs j where j.id = $1 and j.fence = $2 and j.state = 'RUNNING' {lock j}";
    Ok(tx.query_opt(sql, params![job.id, job.fence]).await?.is_some())
}
