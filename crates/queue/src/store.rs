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
        payload: serde_json::from_str(&payload)
            .map_err(|_| DbError::Decode { column: "payload", expected: "JSON" })?,
        attempts: row.get("attempts")?,
        fence: row.get("fence")?,
    })
}

/// Gives back the jobs whose worker's lease has run out.
pub(crate) async fn give_back_expired(tx: &mut Tx, now: Instant) -> Result<(), DbError> {
    let sql = "update jobs set state = 'READY', lease_until = null where state = 'RUNNING' and lease_until < $1 \
               and not exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    tx.exec(sql, params![now]).await
}

/// Whether a job of the queue is ready, or a lease has run out.
pub(crate) async fn has_work(tx: &mut Tx, queue: Queue, now: Instant) -> Result<bool, DbError> {
    let sql = "select j.id from jobs j where j.queue = $1 and j.state = 'READY' and j.run_at <= $2 limit 1";
    if tx.query_opt(sql, params![queue, now]).await?.is_some() {
        return Ok(true);
    }
    let sql = "select j.id from jobs j where j.state = 'RUNNING' and j.lease_until < $1 limit 1";
    Ok(tx.query_opt(sql, params![now]).await?.is_some())
}

/// Claims up to `most` jobs of a queue: ready, and the first of their order key. Two workers that want the same job are
/// told apart by the state in the update.
pub(crate) async fn claim(
    tx: &mut Tx,
    queue: Queue,
    now: Instant,
    lease_until: Instant,
    most: i64,
) -> Result<Vec<Job>, DbError> {
    let sql = "select j.id from jobs j where j.queue = $1 and j.state = 'READY' and j.run_at <= $2 \
               and not exists (select 1 as one from jobs b where b.order_key = j.order_key and b.state <> 'DEAD' \
               and (b.position, b.id) < (j.position, j.id)) \
               order by j.run_at limit $3";
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

/// Lets a job wait for another try.
pub(crate) async fn retry(
    tx: &mut Tx,
    job: &Job,
    run_at: Instant,
    counts: bool,
    error: &str,
) -> Result<(), DbError> {
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
    let sql = "select j.id, j.kind, j.last_error from jobs j where j.state = 'DEAD' and j.id > $1 order by j.id limit $2";
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

/// Gives a dead job new tries; false if it is not dead.
pub async fn retry_dead(tx: &mut Tx, cx: &Context, id: JobId) -> Result<bool, DbError> {
    let sql = "update jobs set state = 'READY', attempts = 0, run_at = $2 where id = $1 and state = 'DEAD'";
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
