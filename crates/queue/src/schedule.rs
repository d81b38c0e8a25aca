//! Work by the clock: once per slot over all processes, and once after downtime.

use std::pin::Pin;
use std::sync::Arc;

use db::{Db, DbError};
use kernel::{Clock, Instant};

use crate::store;

/// When a schedule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// Every so many seconds, counted from 1970.
    Every(i64),
    /// Every day at this hour and minute in Kathmandu.
    DailyAt(i64, i64),
}

impl Slots {
    /// The last slot that has begun.
    pub fn last(self, now: Instant) -> Instant {
        match self {
            Self::Every(seconds) => {
                let width = seconds.max(1).saturating_mul(1_000_000);
                Instant::from_micros(now.micros().saturating_sub(now.micros().rem_euclid(width)))
            }
            Self::DailyAt(hour, minute) => {
                let today = now.business_date();
                let slot = today.at(hour, minute);
                if slot <= now { slot } else { today.plus_days(-1).at(hour, minute) }
            }
        }
    }
}

type Work = dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync;

/// Work with its slots. The outcome is a sentence that people read.
#[derive(Clone)]
pub struct Schedule {
    name: &'static str,
    slots: Slots,
    work: Arc<Work>,
}

impl std::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.name, self.slots)
    }
}

impl Schedule {
    /// Work under a name.
    pub fn new<F, W>(name: &'static str, slots: Slots, work: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Result<String, String>> + Send + 'static,
    {
        Self { name, slots, work: Arc::new(move || Box::pin(work())) }
    }
}

/// Runs every schedule whose last slot nobody has run, and returns the names of those that ran here.
pub async fn run_due_schedules(db: &Db, clock: &Clock, schedules: &[Schedule]) -> Result<Vec<&'static str>, DbError> {
    let mut ran = Vec::new();
    for schedule in schedules {
        let (name, now) = (schedule.name, clock.now());
        let slot = schedule.slots.last(now);
        if !db.write(async move |tx| store::take_slot(tx, name, slot, now).await).await? {
            continue;
        }
        let outcome = match (schedule.work)().await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(schedule = name, error, "a schedule failed");
                format!("failed: {error}")
            }
        };
        let now = clock.now();
        db.write(async move |tx| store::finish_slot(tx, name, slot, now, &outcome).await).await?;
        ran.push(name);
    }
    Ok(ran)
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
    }
}
