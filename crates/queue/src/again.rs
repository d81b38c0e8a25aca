//! "Look at this again": a job that only has to wait once, however often it is asked for.

use db::{DbError, Tx, Value, params};

use crate::job::NewJob;

/// Queues jobs, passing over those whose unique key waits already. Unlike `enqueue` it waits for no answer, so it costs
/// nothing on the way of whoever asks. One statement.
pub async fn ask_again(tx: &mut Tx, jobs: Vec<NewJob>) -> Result<(), DbError> {
    if jobs.is_empty() {
        return Ok(());
    }
    let row = |job: NewJob| {
        params![
            job.id,
            job.queue,
            job.kind,
            job.payload.to_string(),
            job.unique_key,
            job.order_key,
            job.position,
            job.run_at,
            job.created_at
        ]
    };
    // `where true` tells SQLite that the conflict is the insert's and not a join's.
    let sql = "insert into jobs (id, queue, kind, payload, unique_key, order_key, position, state, run_at, attempts, fence, \
               created_at) select v.id, v.queue, v.kind, v.payload, v.unique_key, v.order_key, v.position, 'READY', \
               v.run_at, 0, 0, v.created_at from {rows 1: id text, queue text, kind text, payload text, unique_key text, \
               order_key text, position bigint, run_at bigint, created_at bigint} v where true on conflict do nothing";
    tx.exec(sql, params![Value::rows(jobs.into_iter().map(row))]).await
}
