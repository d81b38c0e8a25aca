//! How retailers use their credit, for whoever weighs it: what is used of all lines, what is late, and how the latest
//! cycles were paid. Sets of retailers at a time, five statements a set.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{BusinessDate, CycleId, Money, RetailerId};
use serde::Serialize;

pub use crate::store::behaviour::{last_overdue_day, late_cycles, late_retailers, limit_overridden};

use crate::store::behaviour as store;

/// How a retailer uses its credit, over all its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// All its limits.
    pub limit: Money,
    /// Reserved on them.
    pub reserved: Money,
    /// Delivered and not repaid.
    pub outstanding: Money,
    /// Days by which its longest overdue cycle is late; a cycle in dispute is as late as on the day of the message.
    pub worst_overdue_days: i64,
    /// Whether something is due within the next days that the caller named.
    pub is_due_soon: bool,
    /// Its latest cycles whose due date is past or that were paid off, without disputed and returned ones; the newest
    /// due first, then by number.
    pub latest: Vec<LatestCycle>,
}

impl Behaviour {
    /// Reserved and outstanding.
    pub fn used(&self) -> Money {
        self.reserved.plus(self.outstanding).unwrap_or(Money::from_paisa(i64::MAX))
    }

    /// How many of the latest cycles, one after another from the newest, were late.
    pub fn consecutive_delays(&self) -> usize {
        self.latest.iter().take_while(|cycle| cycle.is_late).count()
    }
}

/// One of a retailer's latest cycles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LatestCycle {
    /// The cycle.
    pub id: CycleId,
    /// The number that people say.
    pub number: String,
    /// When it was due.
    pub due_on: BusinessDate,
    /// Repaid, written off or still unpaid after the due date, days in dispute apart.
    pub is_late: bool,
}

/// How these retailers use their credit on a day, with up to `latest` of their latest cycles and whether something is due
/// within `soon` days. One that has no line is absent.
pub async fn behaviour(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
    latest: usize,
    soon: i64,
) -> Result<HashMap<RetailerId, Behaviour>, DbError> {
    let mut found = store::positions(tx, retailers).await?;
    store::add_lateness(tx, retailers, today, &mut found).await?;
    store::add_due_soon(tx, retailers, (today, today.plus_days(soon)), &mut found).await?;
    store::add_latest(tx, retailers, today, latest, &mut found).await?;
    Ok(found)
}
