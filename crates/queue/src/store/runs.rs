//! Runs of schedules: one row a slot.

use db::{DbError, Row, Tx, Value, params, text_enum};
use kernel::{Context, Instant};
use serde::Serialize;

use super::looks::{Progress, progress};

/// Tries of one run.
pub(crate) const RUN_TRIES: i64 = 3;
/// Runs of one schedule that are kept: they say which slots were run.
const KEPT_RUNS: i64 = 400;
/// Runs of a schedule that are shown.
const SHOWN_RUNS: i64 = 20;

text_enum! {
    /// How a run of a schedule stands.
    pub enum Standing {
        /// An operator has asked for it.
        Wanted = "WANTED",
        /// A process does it, or has died of it.
        Running = "RUNNING",
        /// It is done.
        Done = "DONE",
        /// It has failed.
        Failed = "FAILED",
    }
}

/// A run as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The schedule.
    #[serde(skip)]
    pub schedule: String,
    /// The slot that it is of; for one that an operator asked for, the moment of asking.
    pub slot: Instant,
    /// How it stands.
    pub state: Standing,
    /// Which operator asked for it.
    pub asked_by: Option<String>,
    /// Tries that were begun.
    pub attempts: i64,
    /// When it began, or was asked for.
    pub started_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// What came of it, in words.
    pub outcome: Option<String>,
    /// How far it is, where it tells.
    pub progress: Option<Progress>,
}

/// A run that is to be begun here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) slot: Instant,
    pub(crate) fence: i64,
}

/// Whether a schedule may have something to do: its last slot is not settled, or a run of it is open.
pub(crate) async fn standing(
    tx: &mut Tx,
    slots: &[(&'static str, Instant)],
    now: Instant,
) -> Result<Vec<&'static str>, DbError> {
    let sql = "select s.schedule, s.state, s.attempts, s.lease_until from {rows 1: schedule text, slot bigint} v \
               join schedule_slots s on s.schedule = v.schedule and s.slot = v.slot union all \
               select s.schedule, s.state, s.attempts, s.lease_until from schedule_slots s \
               where s.state in ('WANTED', 'RUNNING')";
    let rows = Value::rows(slots.iter().map(|(schedule, slot)| params![*schedule, *slot]));
    let known = tx.query(sql, params![rows]).await?;
    let mut open = Vec::new();
    for (schedule, _) in slots {
        let mut mine = known.iter().filter(|row| row.text("schedule") == Ok(Some(*schedule))).peekable();
        let is_new = mine.peek().is_none();
        let has_work = mine.any(|row| match row.get::<Standing>("state") {
            Ok(Standing::Wanted) => true,
            Ok(Standing::Done) | Err(_) => false,
            // A lease that lies far ahead is of a clock that was set back since.
            Ok(Standing::Running) => is_over(row, now) || lease(row) > now.plus_seconds(2 * crate::LEASE_SECONDS),
            Ok(Standing::Failed) => is_over(row, now) && row.get::<i64>("attempts").unwrap_or(RUN_TRIES) < RUN_TRIES,
        });
        if is_new || has_work {
            open.push(*schedule);
        }
    }
    Ok(open)
}

fn lease(row: &Row) -> Instant {
    row.get("lease_until").unwrap_or(Instant::from_micros(0))
}

fn is_over(row: &Row, now: Instant) -> bool {
    lease(row) < now
}

/// Takes what a schedule has to do: the run that an operator asked for, the one whose process was silent for too long,
/// the one that failed and is to be tried again, or the slot that has begun. None where another process has it, or all
/// is done.
pub(crate) async fn take_run(
    tx: &mut Tx,
    schedule: &'static str,
    slot: Instant,
    now: Instant,
    lease_until: Instant,
) -> Result<Option<Due>, DbError> {
    let sql = "select s.slot, s.state, s.attempts, s.lease_until from schedule_slots s \
               where s.schedule = $1 and s.state in ('WANTED', 'RUNNING') {lock s}";
    if let Some(open) = tx.query_opt(sql, params![schedule]).await? {
        let (open_slot, state): (Instant, Standing) = (open.get("slot")?, open.get("state")?);
        if state == Standing::Wanted {
            return begin(tx, schedule, open_slot, now, lease_until).await;
        }
        if !is_over(&open, now) {
            let sql = "update schedule_slots set lease_until = $2 where schedule = $1 and state = 'RUNNING' \
                       and lease_until > $3";
            tx.exec(sql, params![schedule, lease_until, now.plus_seconds(2 * crate::LEASE_SECONDS)]).await?;
            return Ok(None);
        }
        if open.get::<i64>("attempts")? < RUN_TRIES && slot <= open_slot {
            return begin(tx, schedule, open_slot, now, lease_until).await;
        }
        // What it left undone is done by the slot that has begun since.
        let sql = "update schedule_slots set state = 'FAILED', finished_at = $3, fence = fence + 1, \
                   outcome = 'its process ended before the run did' where schedule = $1 and slot = $2";
        tx.exec(sql, params![schedule, open_slot, now]).await?;
    }
    let sql = "select s.state, s.attempts, s.lease_until from schedule_slots s \
               where s.schedule = $1 and s.slot = $2 {lock s}";
    if let Some(known) = tx.query_opt(sql, params![schedule, slot]).await? {
        let is_to_be_tried = known.get::<Standing>("state")? == Standing::Failed
            && known.get::<i64>("attempts")? < RUN_TRIES
            && is_over(&known, now);
        return if is_to_be_tried { begin(tx, schedule, slot, now, lease_until).await } else { Ok(None) };
    }
    let is_taken = insert(tx, schedule, slot, Standing::Running, None, now, lease_until).await?;
    Ok(is_taken.then_some(Due { slot, fence: 1 }))
}

/// Writes a new row; false where the slot, or another open run of the schedule, is there already.
async fn insert(
    tx: &mut Tx,
    schedule: &str,
    slot: Instant,
    state: Standing,
    asked_by: Option<String>,
    now: Instant,
    lease_until: Instant,
) -> Result<bool, DbError> {
    let sql = "select coalesce(max(s.run), 0) as run from schedule_slots s where s.schedule = $1";
    let run = tx.query_one(sql, params![schedule]).await?.get::<i64>("run")?.saturating_add(1);
    let begun = i64::from(state == Standing::Running);
    let columns = &["schedule", "slot", "run", "state", "asked_by", "attempts", "fence", "lease_until", "started_at"];
    let row = params![schedule, slot, run, state, asked_by, begun, begun, lease_until, now];
    let is_new = !tx.insert_new("schedule_slots", columns, vec![row], "slot").await?.is_empty();
    if is_new {
        let sql = "delete from schedule_slots where schedule = $1 and run < $2 and state in ('DONE', 'FAILED')";
        tx.exec(sql, params![schedule, run.saturating_sub(KEPT_RUNS)]).await?;
    }
    Ok(is_new)
}

async fn begin(
    tx: &mut Tx,
    schedule: &str,
    slot: Instant,
    now: Instant,
    lease_until: Instant,
) -> Result<Option<Due>, DbError> {
    let sql = "update schedule_slots set state = 'RUNNING', attempts = attempts + 1, fence = fence + 1, \
               lease_until = $4, started_at = $3, finished_at = null, outcome = null, done = null, total = null, \
               saying = null where schedule = $1 and slot = $2 returning fence";
    let begun = tx.query_opt(sql, params![schedule, slot, now, lease_until]).await?;
    begun.map(|row| Ok(Due { slot, fence: row.get("fence")? })).transpose()
}

/// Renews the lease of a run; false if it is another process's now.
pub(crate) async fn keep_run(tx: &mut Tx, schedule: &str, run: Due, lease_until: Instant) -> Result<bool, DbError> {
    let sql = "update schedule_slots set lease_until = $4 where schedule = $1 and slot = $2 and fence = $3 \
               and state = 'RUNNING'";
    Ok(tx.change(sql, params![schedule, run.slot, run.fence, lease_until]).await? == 1)
}

/// Writes how far a run is; false if it is another process's now.
pub(crate) async fn tell_run(
    tx: &mut Tx,
    schedule: &str,
    run: Due,
    done: i64,
    total: i64,
    saying: &str,
) -> Result<bool, DbError> {
    let sql = "update schedule_slots set done = $4, total = $5, saying = $6 where schedule = $1 and slot = $2 \
               and fence = $3 and state = 'RUNNING'";
    Ok(tx.change(sql, params![schedule, run.slot, run.fence, done, total, saying]).await? == 1)
}

/// Writes how a run ended; one that failed may be tried again from `again_at`.
pub(crate) async fn finish_run(
    tx: &mut Tx,
    schedule: &str,
    run: Due,
    now: Instant,
    outcome: &Result<String, String>,
    again_at: Instant,
) -> Result<(), DbError> {
    let (state, words) = match outcome {
        Ok(words) => (Standing::Done, words.clone()),
        Err(error) => (Standing::Failed, format!("failed: {error}")),
    };
    let sql = "update schedule_slots set state = $4, finished_at = $5, outcome = $6, lease_until = $7 \
               where schedule = $1 and slot = $2 and fence = $3 and state = 'RUNNING'";
    tx.exec(sql, params![schedule, run.slot, run.fence, state, now, words, again_at]).await
}

/// Gives back a run that its process has no time to end; the try does not count.
pub(crate) async fn give_back_run(tx: &mut Tx, schedule: &str, run: Due) -> Result<(), DbError> {
    let sql = "update schedule_slots set lease_until = 0, attempts = attempts - 1 \
               where schedule = $1 and slot = $2 and fence = $3 and state = 'RUNNING'";
    tx.exec(sql, params![schedule, run.slot, run.fence]).await
}

/// Asks for a run of a schedule now; false if one is asked for or under way already, so that two wishes are one run.
pub async fn ask_for_run(tx: &mut Tx, cx: &Context, schedule: &str) -> Result<bool, DbError> {
    let asked_by = Some(cx.actor.to_string());
    insert(tx, schedule, cx.now, Standing::Wanted, asked_by, cx.now, Instant::from_micros(0)).await
}

fn run(row: &Row) -> Result<Run, DbError> {
    Ok(Run {
        schedule: row.get("schedule")?,
        slot: row.get("slot")?,
        state: row.get("state")?,
        asked_by: row.get("asked_by")?,
        attempts: row.get("attempts")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        outcome: row.get("outcome")?,
        progress: progress(row)?,
    })
}

/// When each schedule last came to a good end, of the runs that are kept; one that never did is absent.
pub async fn last_successes(tx: &mut Tx) -> Result<Vec<(String, Instant)>, DbError> {
    let sql = "select s.schedule, max(s.finished_at) as ended from schedule_slots s where s.state = 'DONE' \
               group by s.schedule order by s.schedule";
    tx.query(sql, params![]).await?.iter().map(|row| Ok((row.get("schedule")?, row.get("ended")?))).collect()
}

/// The last runs of these schedules, newest first within each.
pub async fn last_runs(tx: &mut Tx, schedules: &[&str], most: i64) -> Result<Vec<Run>, DbError> {
    let sql = "select s.schedule, s.slot, s.state, s.asked_by, s.attempts, s.started_at, s.finished_at, s.outcome, \
               s.done, s.total, s.saying from (select l.schedule, max(l.run) as last from schedule_slots l \
               where l.schedule in {1} group by l.schedule) v \
               join schedule_slots s on s.schedule = v.schedule and s.run > v.last - $2 order by s.schedule, s.run desc";
    let most = most.clamp(1, SHOWN_RUNS);
    tx.query(sql, params![Value::list(schedules), most]).await?.iter().map(run).collect()
}
