//! What people see of queues and jobs.

use std::collections::BTreeSet;

use db::{DbError, Row, Tx, params};
use kernel::{Instant, JobId, Page, PageRequest};
use serde::{Deserialize, Serialize};

use super::counts::hour;
use crate::job::Queue;

/// Errors of a job that are shown.
const SHOWN_ERRORS: usize = 20;

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

/// Who holds a queue, since when and why.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Since when.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// How a queue goes.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueStats {
    /// The queue.
    pub queue: Queue,
    /// Jobs of it that one process works on at once.
    pub concurrency: i64,
    /// Jobs that wait for a worker.
    pub ready: i64,
    /// Jobs that wait for a moment to come.
    pub delayed: i64,
    /// Jobs that workers hold.
    pub running: i64,
    /// Jobs that were laid aside.
    pub dead: i64,
    /// Since when the job has waited that has waited longest.
    pub oldest_ready_at: Option<Instant>,
    /// Who holds the queue, where somebody does.
    pub paused: Option<Pause>,
    /// Jobs done since the last hour began and in the hour before.
    pub done_in_two_hours: i64,
    /// Jobs done in the last 24 hours.
    pub done_in_a_day: i64,
    /// Tries that failed in the last 24 hours and are made again.
    pub failed_in_a_day: i64,
    /// Jobs that died in the last 24 hours.
    pub died_in_a_day: i64,
}

/// How every queue goes.
pub async fn stats(tx: &mut Tx, now: Instant) -> Result<Vec<QueueStats>, DbError> {
    let sql = "select j.queue, cast(sum(case when j.state = 'READY' and j.run_at <= $1 then 1 else 0 end) as bigint) \
               as ready, cast(sum(case when j.state = 'READY' and j.run_at > $1 then 1 else 0 end) as bigint) as later, \
               cast(sum(case when j.state = 'RUNNING' then 1 else 0 end) as bigint) as running, \
               cast(sum(case when j.state = 'DEAD' then 1 else 0 end) as bigint) as dead, \
               min(case when j.state = 'READY' and j.run_at <= $1 then j.run_at end) as oldest \
               from jobs j group by j.queue";
    let depths = tx.query(sql, params![now]).await?;
    let sql = "select c.queue, cast(sum(case when c.hour >= $1 then c.done else 0 end) as bigint) as recent, \
               cast(sum(c.done) as bigint) as done, cast(sum(c.failed) as bigint) as failed, \
               cast(sum(c.dead) as bigint) as dead from queue_counts c where c.hour > $2 group by c.queue";
    let counts = tx.query(sql, params![hour(now).plus_seconds(-3_600), now.plus_seconds(-86_400)]).await?;
    let holds = tx.query("select p.queue, p.at, p.actor, p.reason from queue_pauses p", params![]).await?;
    let of = |rows: &[Row], queue: Queue| {
        let position = rows.iter().position(|row| row.get::<Queue>("queue") == Ok(queue));
        position.and_then(|at| rows.get(at).cloned())
    };
    let number = |row: Option<&Row>, column| row.map_or(Ok(0), |row| row.get::<i64>(column));
    Queue::ALL
        .iter()
        .map(|queue| {
            let (depth, count, paused) = (of(&depths, *queue), of(&counts, *queue), of(&holds, *queue));
            let (depth, count) = (depth.as_ref(), count.as_ref());
            Ok(QueueStats {
                queue: *queue,
                concurrency: i64::try_from(queue.concurrency()).unwrap_or(i64::MAX),
                ready: number(depth, "ready")?,
                delayed: number(depth, "later")?,
                running: number(depth, "running")?,
                dead: number(depth, "dead")?,
                oldest_ready_at: depth.map_or(Ok(None), |row| row.get("oldest"))?,
                paused: paused.as_ref().map(pause_row).transpose()?,
                done_in_two_hours: number(count, "recent")?,
                done_in_a_day: number(count, "done")?,
                failed_in_a_day: number(count, "failed")?,
                died_in_a_day: number(count, "dead")?,
            })
        })
        .collect()
}

/// The queues that are held.
pub(crate) async fn paused(tx: &mut Tx) -> Result<BTreeSet<Queue>, DbError> {
    let rows = tx.query("select p.queue from queue_pauses p", params![]).await?;
    rows.iter().map(|row| row.get("queue")).collect()
}

fn pause_row(row: &Row) -> Result<Pause, DbError> {
    Ok(Pause { at: row.get("at")?, actor: row.get("actor")?, reason: row.get("reason")? })
}

/// How far long work is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Parts that are done.
    pub done: i64,
    /// Parts in all.
    pub total: i64,
    /// What is being done, in words.
    pub saying: String,
}

pub(super) fn progress(row: &Row) -> Result<Option<Progress>, DbError> {
    let total: Option<i64> = row.get("total")?;
    let Some(total) = total else { return Ok(None) };
    let (done, saying): (Option<i64>, Option<String>) = (row.get("done")?, row.get("saying")?);
    Ok(Some(Progress { done: done.unwrap_or(0), total, saying: saying.unwrap_or_default() }))
}

/// A try that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Failure {
    /// When.
    pub at: Instant,
    /// Which try it was, from 1; counted anew after an operator's retry.
    pub attempt: i64,
    /// What went wrong.
    pub error: String,
}

/// A line of a job's history of errors.
#[derive(Deserialize)]
struct Line {
    at: i64,
    error: String,
    r#try: i64,
}

impl From<Line> for Failure {
    fn from(line: Line) -> Self {
        Self { at: Instant::from_micros(line.at), attempt: line.r#try, error: line.error }
    }
}

/// A job as operators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Its queue.
    pub queue: Queue,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub payload: serde_json::Value,
    /// `READY`, `RUNNING` or `DEAD`.
    pub state: String,
    /// Tries that were begun.
    pub attempts: i64,
    /// It waits until then.
    pub run_at: Instant,
    /// When it was queued.
    pub created_at: Instant,
    /// Until when its worker may be silent.
    pub lease_until: Option<Instant>,
    /// When it was laid aside.
    pub died_at: Option<Instant>,
    /// What it does, of which one waits at a time.
    pub unique_key: Option<String>,
    /// What it follows the order of.
    pub order_key: Option<String>,
    /// Why it is not done.
    pub last_error: Option<String>,
    /// The tries that failed, the last of them, oldest first.
    pub errors: Vec<Failure>,
    /// How far it is, where it tells.
    pub progress: Option<Progress>,
}

/// Columns of a job as operators see it.
macro_rules! view {
    ($rest:literal) => {
        concat!(
            "select j.id, j.queue, j.kind, j.payload, j.state, j.attempts, j.run_at, j.created_at, j.lease_until, \
             j.died_at, j.unique_key, j.order_key, j.last_error, j.errors, j.done, j.total, j.saying from jobs j where ",
            $rest
        )
    };
}

fn job_view(row: &Row) -> Result<JobView, DbError> {
    let (payload, errors): (String, String) = (row.get("payload")?, row.get("errors")?);
    // A line that was cut when the history grew too long is not shown.
    let errors = errors.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let mut errors: Vec<Failure> = errors.map(Failure::from).collect();
    Ok(JobView {
        id: row.get("id")?,
        queue: row.get("queue")?,
        kind: row.get("kind")?,
        payload: serde_json::from_str(&payload).map_err(|_| DbError::Decode { column: "payload", expected: "JSON" })?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        run_at: row.get("run_at")?,
        created_at: row.get("created_at")?,
        lease_until: row.get("lease_until")?,
        died_at: row.get("died_at")?,
        unique_key: row.get("unique_key")?,
        order_key: row.get("order_key")?,
        last_error: row.get("last_error")?,
        errors: errors.split_off(errors.len().saturating_sub(SHOWN_ERRORS)),
        progress: progress(row)?,
    })
}

/// Which jobs of a queue are wanted.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// The jobs of a queue, in the order of their ids, which is that in which they were queued.
pub async fn jobs(tx: &mut Tx, queue: Queue, filter: &JobFilter, page: &PageRequest) -> Result<Page<JobView>, DbError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = if filter.state.as_deref() == Some("DEAD") {
        let sql = view!(
            "j.queue = $1 and j.state = 'DEAD' and j.id > $2 and (cast($3 as text) is null or j.kind = $3) \
             order by j.id limit $4"
        );
        tx.query(sql, params![queue, after, filter.kind.clone(), page.limit.saturating_add(1)]).await?
    } else {
        let sql = view!(
            "j.queue = $1 and j.id > $2 and (cast($3 as text) is null or j.kind = $3) \
             and (cast($4 as text) is null or j.state = $4) order by j.id limit $5"
        );
        tx.query(sql, params![queue, after, filter.kind.clone(), filter.state.clone(), page.limit.saturating_add(1)])
            .await?
    };
    let found = rows.iter().map(job_view).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |job: &JobView| job.id.to_string()))
}

/// A job that is not done.
pub async fn find_job(tx: &mut Tx, id: JobId) -> Result<Option<JobView>, DbError> {
    tx.query_opt(view!("j.id = $1"), params![id]).await?.as_ref().map(job_view).transpose()
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
