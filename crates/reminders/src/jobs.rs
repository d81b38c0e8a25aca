//! The day's reminders, written.
//!
//! Retailers are taken in sets of [`SET`], each in its own transaction, which locks them first: of two runs at once the
//! second waits and finds every stage taken. The rows of stages and the message that names them are written together, so
//! a crash between sets leaves whole sets, and the next run does the rest.

use std::fmt;

use db::{Db, DbError, Tx};
use kernel::{Actor, Clock, Context, IdGen, RetailerId};
use queue::{NewJob, Queue, Running};

use crate::plan::{Because, Day, Plan, plan};
use crate::rules::Skipped;
use crate::store::{self, Reminder, State};

/// The kind of job that does what a run left: at night all of it, by day what it was cut off from.
pub const RUN_JOB: &str = "reminders.run";

/// Seconds after which it is looked whether a run came to its end.
const LOOKED_AT: i64 = 15 * 60;
/// Retailers of one transaction.
const SET: usize = 500;
/// Who the work is done for in the logs.
const REQUEST: &str = "schedule:reminders";

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Messages that were queued.
    pub messages: usize,
    /// Cycles that they name.
    pub cycles: usize,
    /// Stages that were left out because of a promise or "stop".
    pub left_out: usize,
    /// Stages whose day passed without a server.
    pub missed: usize,
    /// Whether it is night and a job does all that in the morning.
    pub waits: bool,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.cycles = self.cycles.saturating_add(other.cycles);
        self.left_out = self.left_out.saturating_add(other.left_out);
        self.missed = self.missed.saturating_add(other.missed);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.waits {
            return f.write_str("it is night: the reminders wait for the morning");
        }
        let Self { messages, cycles, left_out, missed, .. } = self;
        write!(f, "{messages} shops reminded of {cycles} bills; {left_out} left out, {missed} missed")
    }
}

/// Writes the reminders of today; at night it leaves them for the morning. Running it again does nothing more. A job that
/// is queued before looks whether it came to its end. Five statements and, for each
/// set of 500 retailers, 13.
pub async fn run(db: &Db, clock: &Clock, ids: &IdGen, running: &Running) -> Result<Outcome, DbError> {
    let cx = Context::new(clock, ids, Actor::System, REQUEST);
    let morning = notify::quiet_until(cx.now);
    let job_at = morning.unwrap_or(cx.now.plus_seconds(LOOKED_AT));
    let job_cx = cx.clone();
    db.write(async move |tx| {
        let job = NewJob::new(&job_cx, Queue::PaymentReminders, RUN_JOB, serde_json::json!({}));
        queue::enqueue(tx, &job_cx, vec![job.unique_key(RUN_JOB).run_at(job_at)]).await
    })
    .await?;
    if morning.is_some() {
        return Ok(Outcome { waits: true, ..Outcome::default() });
    }
    let now = cx.now;
    let (day, retailers) = db
        .read(async move |tx| {
            let day = Day::today(&store::settings(tx).await?, now);
            let found = credit::retailers_with_cycles_by(tx, &day.due_days(), "", i64::MAX).await?;
            Ok::<_, DbError>((day, found))
        })
        .await?;
    let (mut outcome, mut done) = (Outcome::default(), 0_usize);
    running.tell(done, retailers.len(), "retailers").await?;
    for set in retailers.chunks(SET) {
        done = done.saturating_add(set.len());
        let (cx, day, set) = (cx.clone(), day.clone(), set.to_vec());
        outcome.add(db.write(async move |tx| remind(tx, &cx, &set, &day).await).await?);
        running.tell(done, retailers.len(), "retailers").await?;
    }
    let on = day.on;
    db.write(async move |tx| store::put_ran(tx, on).await).await?;
    Ok(outcome)
}

/// The work of [`RUN_JOB`]: writes the reminders of today, unless a run of today came to its end.
pub async fn resume(db: &Db, clock: &Clock, ids: &IdGen) -> Result<(), DbError> {
    let settings = db.read(async move |tx| store::settings(tx).await).await?;
    if settings.ran_on == Some(clock.now().business_date()) {
        return Ok(());
    }
    run(db, clock, ids, &Running::nobody()).await.map(drop)
}

/// Writes the reminders of some retailers.
async fn remind(tx: &mut Tx, cx: &Context, retailers: &[RetailerId], day: &Day) -> Result<Outcome, DbError> {
    let retailers = parties::retailers_for_update(tx, retailers).await?;
    let plans = plan(tx, retailers, day).await?;
    let messages: Vec<_> = plans.iter().filter_map(|plan| plan.message(day.on)).collect();
    let sent = notify::remind(tx, cx, messages).await?;
    let mut outcome = Outcome { messages: sent.len(), ..Outcome::default() };
    let (mut rows, mut counted) = (Vec::new(), Vec::new());
    for plan in plans {
        let Plan { retailer, bills, left, missed } = plan;
        let row = |cycle: &credit::Cycle, turn: crate::Turn, day, reason: Option<Skipped>, message_id| Reminder {
            retailer_id: retailer.id,
            cycle_id: cycle.id,
            vendor_id: cycle.vendor_id,
            stage: turn.stage,
            turn: turn.turn,
            day,
            state: if reason.is_some() { State::Skipped } else { State::Sent },
            reason,
            message_id,
            at: cx.now,
        };
        outcome.missed = outcome.missed.saturating_add(missed.len());
        rows.extend(missed.into_iter().map(|(cycle, turn, on)| row(&cycle, turn, on, Some(Skipped::Missed), None)));
        for left in left {
            let reason = match left.because {
                Because::Promised(_) => Skipped::Promised,
                Because::Stopped => Skipped::Stopped,
                // A dispute stops the days, so the stage may still come; the others are not decided here.
                Because::Disputed | Because::Reminded | Because::Done => continue,
            };
            outcome.left_out = outcome.left_out.saturating_add(1);
            rows.push(row(&left.cycle, left.turn, day.on, Some(reason), None));
        }
        let Some(message) = sent.get(&crate::words::reason_key(retailer.id, day.on)) else { continue };
        outcome.cycles = outcome.cycles.saturating_add(bills.len());
        counted.extend(bills.iter().map(|bill| (retailer.id, bill.cycle.id)));
        rows.extend(bills.into_iter().map(|bill| row(&bill.cycle, bill.turn, day.on, None, Some(*message))));
    }
    store::insert(tx, rows).await?;
    credit::count_reminders(tx, &counted).await?;
    Ok(outcome)
}
