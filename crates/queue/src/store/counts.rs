//! What became of jobs, hour by hour.

use db::{DbError, Tx, params};
use kernel::Instant;

use crate::held::Counts;
use crate::job::Queue;

const HOUR: i64 = 3_600_000_000;
/// How long counts are kept, in hours.
const KEPT_HOURS: i64 = 30 * 24;

/// The hour in which a moment lies, as the moment at which it begins.
pub(super) const fn hour(moment: Instant) -> Instant {
    Instant::from_micros(moment.micros().saturating_sub(moment.micros().rem_euclid(HOUR)))
}

/// Adds what a process counted to the hour, and forgets hours of long ago.
pub(crate) async fn count(tx: &mut Tx, now: Instant, counted: &[(Queue, Counts)]) -> Result<(), DbError> {
    for (queue, counts) in counted {
        let sql = "insert into queue_counts (queue, hour, done, failed, dead) values ($1, $2, $3, $4, $5) \
                   on conflict (queue, hour) do update set done = queue_counts.done + excluded.done, \
                   failed = queue_counts.failed + excluded.failed, dead = queue_counts.dead + excluded.dead";
        tx.exec(sql, params![*queue, hour(now), counts.done, counts.failed, counts.dead]).await?;
    }
    let oldest = hour(now).micros().saturating_sub(KEPT_HOURS.saturating_mul(HOUR));
    tx.exec("delete from queue_counts where hour < $1", params![oldest]).await
}
