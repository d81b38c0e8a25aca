//! Retailers' cycles as they went, for whoever plays rules over the past: sets of retailers at a time, four statements a
//! set.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{BusinessDate, CycleId, Money, RetailerId, VendorId};

use crate::store::behaviour as store;

/// A cycle as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCycle {
    /// The cycle.
    pub id: CycleId,
    /// The number that people say.
    pub number: String,
    /// Who lent.
    pub vendor: VendorId,
    /// What was delivered.
    pub principal: Money,
    /// When.
    pub started_on: BusinessDate,
    /// When it was due.
    pub due_on: BusinessDate,
    /// The last day on which it was not late: the due date, moved by days in dispute.
    pub late_from: BusinessDate,
    /// The day on which nothing of it was open any more.
    pub ended_on: Option<BusinessDate>,
    /// Whether all of its goods went back, so that there was nothing to pay late.
    pub is_returned: bool,
    /// What came off the principal, and when: repayments, returns, concessions, write-offs.
    pub less: Vec<(BusinessDate, Money)>,
}

impl PastCycle {
    /// What was open of it at the end of a day.
    pub fn open_on(&self, on: BusinessDate) -> Money {
        if self.started_on > on || self.ended_on.is_some_and(|ended| ended <= on) {
            return Money::ZERO;
        }
        let less = self.less.iter().filter(|(day, _)| *day <= on).map(|(_, amount)| *amount);
        Money::sum(less).and_then(|less| self.principal.minus(less)).map_or(Money::ZERO, Money::or_zero)
    }

    /// Whether it was late: paid off, or still open at the end of a day, after the last day on which it was not.
    pub fn was_late(&self, by: BusinessDate) -> bool {
        self.ended_on.unwrap_or(by) > self.late_from
    }
}

/// A retailer's cycles that were open at some time from a day on, the oldest first, and the limits of its lines now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The cycles.
    pub cycles: Vec<PastCycle>,
    /// The limits.
    pub limits: HashMap<VendorId, Money>,
}

/// What these retailers' credit went through from a day on. One that has no line is absent.
pub async fn past(
    tx: &mut Tx,
    retailers: &[RetailerId],
    from: BusinessDate,
) -> Result<HashMap<RetailerId, Past>, DbError> {
    let mut found = store::limits(tx, retailers).await?;
    store::add_past_cycles(tx, retailers, from, &mut found).await?;
    Ok(found)
}
