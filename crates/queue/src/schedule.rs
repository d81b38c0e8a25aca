//! Work by the clock: once per slot over all processes, and once after downtime.
//!
//! A run is begun under a lease, as a job is, and renewed while its process lives. A process that dies leaves a run whose
//! lease runs out: another one does it again from its beginning, so what a schedule does is idempotent. A run that fails
//! is tried again after some minutes, three times in all. Every slot that was run is remembered, so a clock that is set
//! back runs none twice, and one that was far ahead for a while holds none up.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use db::{Db, DbError};
use kernel::{Clock, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::store::{self, Due};

/// How often a server looks for runs that are due or wished for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often a run renews its lease.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// How long a run may take where its schedule says nothing else.
const RUN_MOST: Duration = Duration::from_hours(1);
/// The pause before a failed run is tried again.
const AGAIN_AFTER_SECONDS: i64 = 5 * 60;

/// When a schedule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// Every so many seconds, counted from 1970.
    Every(i64),
    /// Every so many seconds, so many seconds behind those of [`Slots::Every`].
    EveryAfter(i64, i64),
    /// Every day at this hour and minute in Kathmandu.
    DailyAt(i64, i64),
}

impl Slots {
    /// The last slot that has begun.
    pub fn last(self, now: Instant) -> Instant {
        match self {
            Self::Every(seconds) => Self::EveryAfter(seconds, 0).last(now),
            Self::EveryAfter(seconds, behind) => {
                let (width, behind) = (seconds.max(1).saturating_mul(1_000_000), behind.saturating_mul(1_000_000));
                let into = now.micros().saturating_sub(behind).rem_euclid(width);
                Instant::from_micros(now.micros().saturating_sub(into))
            }
            Self::DailyAt(hour, minute) => {
                let today = now.business_date();
                let slot = today.at(hour, minute);
                if slot <= now { slot } else { today.plus_days(-1).at(hour, minute) }
            }
        }
    }

    /// The slot that begins next.
    pub fn next(self, now: Instant) -> Instant {
        match self {
            Self::Every(seconds) | Self::EveryAfter(seconds, _) => self.last(now).plus_seconds(seconds.max(1)),
            Self::DailyAt(hour, minute) => self.last(now).business_date().plus_days(1).at(hour, minute),
        }
    }
}

/// A run in work: where long work says how far it is.
#[derive(Clone, Debug)]
pub struct Running(Option<(Db, &'static str, Due)>);

impl Running {
    /// Of work that no schedule runs: nobody is told.
    pub const fn nobody() -> Self {
        Self(None)
    }

    /// Writes how far the run is; false if its lease was lost and another process does it now. What turned up since the
    /// total was counted raises it.
    pub async fn tell(&self, done: usize, total: usize, saying: &str) -> Result<bool, DbError> {
        let Some((db, schedule, due)) = self.0.clone() else { return Ok(true) };
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let (done, total, saying) = (whole(done), whole(total.max(done)), saying.to_owned());
        db.write(async move |tx| store::tell_run(tx, schedule, due, done, total, &saying).await).await
    }
}

type Outcome = Result<String, String>;
type Work = dyn Fn(Running) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync;

/// Work with its slots. The outcome is a sentence that people read.
#[derive(Clone)]
pub struct Schedule {
    name: &'static str,
    slots: Slots,
    most: Duration,
    work: Arc<Work>,
}

impl std::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.name, self.slots)
    }
}

impl Schedule {
    /// Work under a name, in words.
    pub fn new<F, W>(name: &'static str, slots: Slots, work: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Outcome> + Send + 'static,
    {
        Self::telling(name, slots, move |_| work())
    }

    /// Long work under a name, which tells how far it is.
    pub fn telling<F, W>(name: &'static str, slots: Slots, work: F) -> Self
    where
        F: Fn(Running) -> W + Send + Sync + 'static,
        W: Future<Output = Outcome> + Send + 'static,
    {
        Self { name, slots, most: RUN_MOST, work: Arc::new(move |running| Box::pin(work(running))) }
    }

    /// How long a run may take before it is ended as failed; an hour where nothing is said.
    pub const fn within(mut self, most: Duration) -> Self {
        self.most = most;
        self
    }

    /// Its name, in words.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// When it runs.
    pub const fn slots(&self) -> Slots {
        self.slots
    }

    /// Takes what is due, if anything is.
    async fn take(&self, db: &Db, clock: &Clock) -> Result<Option<Due>, DbError> {
        let (name, now) = (self.name, clock.now());
        let (slot, lease_until) = (self.slots.last(now), now.plus_seconds(crate::LEASE_SECONDS));
        let taken = db.write(async move |tx| store::take_run(tx, name, slot, now, lease_until).await);
        match taken.await {
            // Another process took it at this moment.
            Err(DbError::Duplicate(_)) => Ok(None),
            taken => taken,
        }
    }

    /// Does a run that was taken, and writes how it ended.
    async fn run(&self, db: &Db, clock: &Clock, due: Due) -> Result<(), DbError> {
        let (name, running) = (self.name, Running(Some((db.clone(), self.name, due))));
        let mut working = AbortOnDropHandle::new(tokio::spawn((self.work)(running)));
        let bounded = tokio::time::timeout(self.most, &mut working);
        let outcome = tokio::select! {
            ended = bounded => match ended {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => Err(format!("the work panicked: {error}")),
                Err(_) => Err(format!("it took longer than {} s", self.most.as_secs())),
            },
            () = lease_lost(db, clock, name, due) => {
                tracing::error!(schedule = name, "the run was given to another process");
                return Ok(());
            }
        };
        // What hangs or panics is ended before the run is called ended.
        drop(working);
        if let Err(error) = &outcome {
            tracing::error!(schedule = name, error, "a schedule failed");
        }
        let now = clock.now();
        let again_at = now.plus_seconds(AGAIN_AFTER_SECONDS);
        db.write(async move |tx| store::finish_run(tx, name, due, now, &outcome, again_at).await).await
    }
}

/// Renews the lease of a run; ends when the run is another process's.
async fn lease_lost(db: &Db, clock: &Clock, name: &'static str, due: Due) {
    loop {
        tokio::time::sleep(BEAT_EVERY).await;
        let lease_until = clock.now().plus_seconds(crate::LEASE_SECONDS);
        match db.write(async move |tx| store::keep_run(tx, name, due, lease_until).await).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let error: DbError = error;
                tracing::warn!(schedule = name, %error, "the lease of a run cannot be renewed");
            }
        }
    }
}

/// The schedules that may have something to do: one read for all of them.
async fn open<'a>(db: &Db, clock: &Clock, schedules: &'a [Schedule]) -> Result<Vec<&'a Schedule>, DbError> {
    let now = clock.now();
    let slots: Vec<_> = schedules.iter().map(|schedule| (schedule.name, schedule.slots.last(now))).collect();
    let open = db.read(async move |tx| store::standing(tx, &slots, now).await).await?;
    Ok(schedules.iter().filter(|schedule| open.contains(&schedule.name)).collect())
}

/// Runs every schedule that has something to do, one after the other, and returns the names of those that ran here. For
/// tests and the demo.
pub async fn run_due_schedules(db: &Db, clock: &Clock, schedules: &[Schedule]) -> Result<Vec<&'static str>, DbError> {
    let mut ran = Vec::new();
    for schedule in open(db, clock, schedules).await? {
        if let Some(due) = schedule.take(db, clock).await? {
            schedule.run(db, clock, due).await?;
            ran.push(schedule.name);
        }
    }
    Ok(ran)
}

/// Schedules in the background, each run beside the others.
pub struct Scheduler {
    stopping: CancellationToken,
    cut: CancellationToken,
    tracker: TaskTracker,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scheduler")
    }
}

impl Scheduler {
    /// Starts looking for runs that are due or wished for.
    pub fn start(db: &Db, clock: &Clock, schedules: Vec<Schedule>) -> Self {
        let (stopping, cut, tracker) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let looking = look(db.clone(), clock.clone(), schedules, stopping.clone(), cut.clone(), tracker.clone());
        tracker.spawn(looking);
        Self { stopping, cut, tracker }
    }

    /// Begins nothing more and waits for what is at work. What is not done in time is given back to be done again.
    pub async fn drain(self, bound: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        if tokio::time::timeout(bound, self.tracker.wait()).await.is_ok() {
            return true;
        }
        self.cut.cancel();
        // Giving back is one statement a run.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.tracker.wait()).await;
        false
    }
}

async fn look(
    db: Db,
    clock: Clock,
    schedules: Vec<Schedule>,
    stopping: CancellationToken,
    cut: CancellationToken,
    tracker: TaskTracker,
) {
    loop {
        match open(&db, &clock, &schedules).await {
            Ok(open) => {
                for schedule in open {
                    begin(&db, &clock, schedule, &cut, &tracker).await;
                }
            }
            Err(error) => tracing::error!(%error, "schedules cannot be read"),
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Takes what a schedule has to do and does it in a task of its own.
async fn begin(db: &Db, clock: &Clock, schedule: &Schedule, cut: &CancellationToken, tracker: &TaskTracker) {
    let name = schedule.name;
    let due = match schedule.take(db, clock).await {
        Ok(Some(due)) => due,
        Ok(None) => return,
        Err(error) => return tracing::error!(schedule = name, %error, "a schedule cannot be taken"),
    };
    let (db, clock, schedule, cut) = (db.clone(), clock.clone(), schedule.clone(), cut.clone());
    tracker.spawn(async move {
        let ended = tokio::select! {
            ended = schedule.run(&db, &clock, due) => ended,
            () = cut.cancelled() => db.write(async move |tx| store::give_back_run(tx, name, due).await).await,
        };
        if let Err(error) = ended {
            tracing::error!(schedule = name, %error, "how a run ended cannot be written; its lease will run out");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_begins_by_the_clock_of_kathmandu() {
        let date: kernel::BusinessDate = "2026-03-26".parse().unwrap();
        let daily = Slots::DailyAt(10, 0);
        assert_eq!(daily.last(date.at(10, 0)), date.at(10, 0));
        assert_eq!(daily.last(date.at(9, 59)), date.plus_days(-1).at(10, 0));
        let quarter = Slots::Every(900).last(date.at(9, 59));
        assert!(date.at(9, 59).seconds_since(quarter) < 900 && quarter <= date.at(9, 59));
        assert_eq!(daily.next(date.at(10, 0)), date.plus_days(1).at(10, 0));
        assert_eq!(daily.next(date.at(9, 59)), date.at(10, 0));
    }

    #[test]
    fn slots_lie_side_by_side_also_behind_the_hour() {
        let date: kernel::BusinessDate = "2026-03-26".parse().unwrap();
        for (slots, width) in [
            (Slots::Every(900), 900),
            (Slots::Every(14_400), 14_400),
            (Slots::EveryAfter(3_600, 600), 3_600),
            (Slots::EveryAfter(21_600, 1_800), 21_600),
        ] {
            for minute in 0..48 * 60 {
                let now = date.at(0, minute);
                let (last, next) = (slots.last(now), slots.next(now));
                assert!(last <= now && now < next, "{slots:?} at {now}");
                assert_eq!((next.seconds_since(last), slots.last(next)), (width, next));
            }
        }
        let behind = Slots::EveryAfter(3_600, 600).last(date.at(9, 59));
        assert_eq!(behind.seconds_since(Slots::Every(3_600).last(behind)), 600);
    }
}
