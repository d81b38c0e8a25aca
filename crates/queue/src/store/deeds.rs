//! What an operator does to jobs and queues. Who did it is for the caller's audit entry.

use db::{DbError, Tx, params};
use kernel::{Context, Instant, JobId};

use crate::job::Queue;

/// Dead jobs that are retried or cleaned at a time: the transaction stays short, however many there are.
const AT_ONCE: i64 = 5_000;

/// Gives a dead job new tries; false if it is not dead, or a job of its unique key waits already. Its errors stay.
pub async fn retry_dead(tx: &mut Tx, cx: &Context, id: JobId) -> Result<bool, DbError> {
    // What it told of earlier tries is kept in bounds here, where it could grow for ever.
    let sql = "update jobs set state = 'READY', attempts = 0, run_at = $2, wait_from = $2, died_at = null, \
               errors = case when length(errors) > 16000 then substr(errors, length(errors) - 15999) else errors end \
               where id = $1 and state = 'DEAD' \
               and not exists (select 1 as one from jobs w where w.unique_key = jobs.unique_key and w.state = 'READY')";
    Ok(tx.change(sql, params![id, cx.now]).await? == 1)
}

/// Gives the dead jobs of a queue, or those of one kind in it, new tries, and says how many; a few thousand at a time.
/// Of those with one unique key the first is tried, the others stay dead.
pub async fn retry_all_dead(tx: &mut Tx, cx: &Context, queue: Queue, kind: Option<&str>) -> Result<u64, DbError> {
    let sql = "update jobs set state = 'READY', attempts = 0, run_at = $3, wait_from = $3, died_at = null, \
               errors = case when length(errors) > 16000 then substr(errors, length(errors) - 15999) else errors end \
               where id in (select d.id from jobs d where d.queue = $1 and d.state = 'DEAD' \
               and (cast($2 as text) is null or d.kind = $2) \
               and not exists (select 1 as one from jobs w where w.unique_key = d.unique_key and w.state = 'READY') \
               and not exists (select 1 as one from jobs e where e.unique_key = d.unique_key and e.state = 'DEAD' \
               and e.queue = d.queue and e.id < d.id) order by d.id limit $4)";
    tx.change(sql, params![queue, kind, cx.now, AT_ONCE]).await
}

/// Deletes a job that nobody works on; false where it is at work or gone.
pub async fn delete_job(tx: &mut Tx, queue: Queue, id: JobId) -> Result<bool, DbError> {
    let sql = "delete from jobs where id = $1 and queue = $2 and state <> 'RUNNING'";
    Ok(tx.change(sql, params![id, queue]).await? == 1)
}

/// Deletes dead jobs of a queue that died before a moment, and says how many; a few thousand at a time.
pub async fn clean(tx: &mut Tx, queue: Queue, kind: Option<&str>, before: Instant) -> Result<u64, DbError> {
    let sql = "delete from jobs where id in (select d.id from jobs d where d.queue = $1 and d.state = 'DEAD' \
               and (cast($2 as text) is null or d.kind = $2) and coalesce(d.died_at, d.created_at) < $3 \
               order by d.id limit $4)";
    tx.change(sql, params![queue, kind, before, AT_ONCE]).await
}

/// Holds a queue in all processes: what is at work ends, nothing more is claimed. False if it is held already.
pub async fn pause(tx: &mut Tx, cx: &Context, queue: Queue, reason: &str) -> Result<bool, DbError> {
    let columns = &["queue", "at", "actor", "reason"];
    let row = params![queue, cx.now, cx.actor.to_string(), reason];
    Ok(!tx.insert_new("queue_pauses", columns, vec![row], "queue").await?.is_empty())
}

/// Lets a queue go on; false if it is not held.
pub async fn resume(tx: &mut Tx, queue: Queue) -> Result<bool, DbError> {
    Ok(tx.change("delete from queue_pauses where queue = $1", params![queue]).await? == 1)
}
