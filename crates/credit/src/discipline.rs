//! How a retailer pays: what a score is computed from, now by the kept figures, for a past day by the records.
//!
//! A past day is what the records said by its end: a repayment that was written down later is not in it, whatever date it
//! bears, nor is a reversal, a return or a decision of a later day; due dates and limits are those that the day knew.
//!
//! Statements, for any number of retailers: [`disciplines`] 3; [`disciplines_then`] 6.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{BusinessDate, Context, CycleId, Money, Overflow, RetailerId, VendorId};
use queue::{NewJob, Queue};
use serde::{Deserialize, Serialize};

use crate::standstill::Standstill;
use crate::store::{broken, discipline as store};

/// The kind of job that computes a retailer's score again.
pub const SCORE_JOB: &str = "credit.score";

/// Days back from a day for which what fell due or was repaid counts, that day included.
pub const DISCIPLINE_DAYS: i64 = 365;

/// Asks for the scores of retailers to be computed again, once each. One statement, which waits for no answer.
pub async fn score_again(
    tx: &mut Tx,
    cx: &Context,
    retailers: impl IntoIterator<Item = RetailerId>,
) -> Result<(), DbError> {
    let job = |retailer: RetailerId| {
        let key = format!("score:{retailer}");
        NewJob::new(cx, Queue::CreditScore, SCORE_JOB, serde_json::json!({ "retailer": retailer }))
            .unique_key(key.clone())
            .order_key(key)
    };
    queue::ask_again(tx, retailers.into_iter().map(job).collect()).await
}

/// Principal of cycles that ended, due or repaid in the last 365 days, by days overdue at their end; without disputed ones
/// and those that came back whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// Paid by the due date.
    #[serde(with = "kernel::sum")]
    pub on_time: Money,
    /// 1 to 7 days overdue.
    #[serde(with = "kernel::sum")]
    pub d1to7: Money,
    /// 8 to 15 days overdue.
    #[serde(with = "kernel::sum")]
    pub d8to15: Money,
    /// 16 to 30 days overdue.
    #[serde(with = "kernel::sum")]
    pub d16to30: Money,
    /// More than 30 days overdue.
    #[serde(with = "kernel::sum")]
    pub over30: Money,
    /// Of which something was written off.
    #[serde(with = "kernel::sum")]
    pub written_off: Money,
}

impl Ended {
    /// Adds a cycle that ended so many days overdue.
    pub fn add(&mut self, days_overdue: i64, principal: Money) -> Result<(), Overflow> {
        let bucket = match days_overdue {
            ..=0 => &mut self.on_time,
            1..=7 => &mut self.d1to7,
            8..=15 => &mut self.d8to15,
            16..=30 => &mut self.d16to30,
            31.. => &mut self.over30,
        };
        *bucket = bucket.plus(principal)?;
        Ok(())
    }
}

/// A cycle on which something is open and nothing is in dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenCycle {
    /// The cycle.
    pub id: CycleId,
    /// Whom it is owed to.
    pub vendor_id: VendorId,
    /// The number that people say.
    pub number: String,
    /// What was delivered.
    #[serde(with = "kernel::sum")]
    pub principal: Money,
    /// What of it is open.
    #[serde(with = "kernel::sum")]
    pub outstanding: Money,
    /// The last day on which it is not overdue.
    pub due_on: BusinessDate,
    /// Days overdue, those in dispute apart.
    pub days_overdue: i64,
    /// Whether a part of it was written off.
    pub is_written_off: bool,
}

/// How a retailer pays, and what it may owe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discipline {
    /// Cycles that ended.
    pub ended: Ended,
    /// Cycles that are open, disputed ones apart, in the order of their due dates.
    pub open: Vec<OpenCycle>,
    /// All limits together.
    pub limit: Money,
    /// All that is owed, disputed or not.
    pub outstanding: Money,
}

/// How retailers pay today. One without lines and cycles is absent.
pub async fn disciplines(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
) -> Result<HashMap<RetailerId, Discipline>, DbError> {
    let mut found = store::positions(tx, retailers).await?;
    for (retailer, ended) in store::ended(tx, retailers, today).await? {
        found.entry(retailer).or_default().ended = ended;
    }
    for (retailer, cycle) in store::open(tx, retailers, today).await? {
        found.entry(retailer).or_default().open.push(cycle);
    }
    Ok(found)
}

/// What the records say of a cycle by the end of a day.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) id: CycleId,
    pub(crate) vendor: VendorId,
    pub(crate) number: String,
    pub(crate) principal: Money,
    pub(crate) due_on: BusinessDate,
    /// What changed the debt, in the order in which it was written down: by how much, and its date.
    pub(crate) moves: Vec<(Money, BusinessDate)>,
    pub(crate) returned: Money,
    pub(crate) is_written_off: bool,
    pub(crate) standstill: Standstill,
}

impl Recorded {
    /// What is open, and where nothing is, since when.
    fn open(&self) -> Result<(Money, Option<BusinessDate>), Overflow> {
        let (mut open, mut closed_on) = (self.principal, None);
        for (change, on) in &self.moves {
            let before = open;
            open = open.plus(*change)?;
            if open.is_positive() {
                closed_on = None;
            } else if before.is_positive() {
                closed_on = Some(*on);
            }
        }
        Ok((open, closed_on))
    }

    /// Puts the cycle where it belongs.
    fn count(&self, on: BusinessDate, into: &mut Discipline) -> Result<(), Overflow> {
        let (open, closed_on) = self.open()?;
        into.outstanding = into.outstanding.plus(open)?;
        if self.standstill.since.is_some() {
            return Ok(());
        }
        let late = |day| self.standstill.days_late(self.due_on, day).max(0);
        let Some(closed_on) = closed_on else {
            into.open.push(OpenCycle {
                id: self.id,
                vendor_id: self.vendor,
                number: self.number.clone(),
                principal: self.principal,
                outstanding: open,
                due_on: self.due_on,
                days_overdue: late(on),
                is_written_off: self.is_written_off,
            });
            return Ok(());
        };
        let is_of_the_year = |day: BusinessDate| (0..DISCIPLINE_DAYS).contains(&on.days_since(day));
        if !(is_of_the_year(closed_on) || is_of_the_year(self.due_on)) || self.returned >= self.principal {
            return Ok(());
        }
        if self.is_written_off {
            into.ended.written_off = into.ended.written_off.plus(self.principal)?;
            return Ok(());
        }
        into.ended.add(late(closed_on), self.principal)
    }
}

/// How retailers paid by the end of a past day, from the records alone.
pub async fn disciplines_then(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
) -> Result<HashMap<RetailerId, Discipline>, DbError> {
    let mut found: HashMap<RetailerId, Discipline> = HashMap::new();
    for (retailer, limit) in store::limits_then(tx, retailers, on).await? {
        let of = found.entry(retailer).or_default();
        of.limit = of.limit.plus(limit).map_err(broken)?;
    }
    for (retailer, cycle) in store::recorded(tx, retailers, on).await? {
        cycle.count(on, found.entry(retailer).or_default()).map_err(broken)?;
    }
    for discipline in found.values_mut() {
        discipline.open.sort_by_key(|one| (one.due_on, one.id));
    }
    Ok(found)
}
