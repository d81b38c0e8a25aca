//! What credit is about: lines, reservations, cycles.

use db::text_enum;
use kernel::{
    BusinessDate, CycleId, EntryId, Instant, LineId, Money, OrderId, Overflow, ReservationId, RetailerId, VendorId,
};
use serde::Serialize;

use crate::Pair;
use crate::check::{LineFacts, Measure, OverdueCycle};
use crate::standstill::Standstill;
use crate::terms::CycleFacts;

text_enum! {
    /// Whether a line, or a retailer as a whole, gets new credit.
    pub enum LineStatus {
        /// It does.
        Active = "ACTIVE",
        /// Not for now.
        Paused = "PAUSED",
        /// Not until an operator lifts it.
        Blocked = "BLOCKED",
    }
}

text_enum! {
    /// What became of a reservation.
    pub enum ReservationState {
        /// It holds credit.
        Active = "ACTIVE",
        /// Its credit was given back.
        Released = "RELEASED",
        /// It became a cycle.
        Converted = "CONVERTED",
    }
}

impl CycleStatus {
    /// The status of a cycle of which so much is open.
    pub fn of(outstanding: Money, principal: Money) -> Self {
        if outstanding.is_zero() {
            Self::FullyPaid
        } else if outstanding < principal {
            Self::PartiallyPaid
        } else {
            Self::Active
        }
    }

    /// Whether something is open.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::PartiallyPaid)
    }
}

text_enum! {
    /// How much of a cycle is open.
    pub enum CycleStatus {
        /// All of it.
        Active = "ACTIVE",
        /// A part of it.
        PartiallyPaid = "PARTIALLY_PAID",
        /// Nothing.
        FullyPaid = "FULLY_PAID",
        /// An operator wrote the rest off.
        Closed = "CLOSED",
    }
}

/// What one vendor lets one retailer owe, and how much of that is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// Who owes.
    pub retailer_id: RetailerId,
    /// Who lends.
    pub vendor_id: VendorId,
    /// The most that may be reserved and outstanding together.
    pub limit: Money,
    /// Days from a cycle's start to its due date.
    pub terms_days: i64,
    /// Whether it gives new credit.
    pub status: LineStatus,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// The largest order on it, where there is one.
    pub max_order: Option<Money>,
    /// Days overdue after which it gives no new credit.
    pub max_overdue_days: i64,
    /// The version of the settlement terms that new cycles get.
    pub terms_version: i64,
    /// Held for orders that are not delivered.
    pub reserved: Money,
    /// Principal delivered and not repaid.
    pub outstanding: Money,
    /// The number of the last event that changed the position.
    pub position_seq: i64,
    /// Counts the changes, for If-Match.
    pub version: i64,
    /// When it was granted.
    pub created_at: Instant,
    /// When it changed last.
    pub updated_at: Instant,
    /// The day behind which its longest overdue cycle is late: the due date, moved by days in dispute.
    pub oldest_due_on: Option<BusinessDate>,
    /// Days by which that is overdue; 0 where nothing is.
    pub worst_overdue_days: i64,
    /// The cycles that are overdue for longer than the line, or its retailer, allows.
    pub overdue: Vec<OverdueCycle>,
}

impl Line {
    /// Whose line it is.
    pub const fn pair(&self) -> Pair {
        (self.retailer_id, self.vendor_id)
    }

    /// What lies against the limit.
    pub fn used(&self) -> Result<Money, Overflow> {
        self.reserved.plus(self.outstanding)
    }

    /// Where the line stands.
    pub fn position(&self) -> Result<Position, Overflow> {
        Ok(Position {
            limit: self.limit,
            reserved: self.reserved,
            outstanding: self.outstanding,
            available: self.limit.minus(self.used()?)?,
        })
    }

    /// What the order check knows of it.
    pub(crate) fn facts(&self) -> LineFacts {
        LineFacts {
            status: self.status,
            // A sum that does not fit leaves nothing.
            measure: Measure { limit: self.limit, used: self.used().unwrap_or(Money::from_paisa(i64::MAX)) },
            max_order: self.max_order,
            max_overdue_days: self.max_overdue_days,
            worst_overdue_days: self.worst_overdue_days,
            overdue: self.overdue.clone(),
        }
    }
}

/// Where a line stands: of the limit so much is reserved, so much outstanding, and the rest available (negative where
/// the limit was cut below what is used).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Position {
    /// The most that may be used.
    pub limit: Money,
    /// Held for orders.
    pub reserved: Money,
    /// Delivered and not repaid.
    pub outstanding: Money,
    /// What is left.
    pub available: Money,
}

/// Credit held for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// Whose order it is.
    pub retailer_id: RetailerId,
    /// Whose credit it is.
    pub vendor_id: VendorId,
    /// The order.
    pub order_id: OrderId,
    /// How much is held.
    pub amount: Money,
    /// What became of it.
    pub state: ReservationState,
    /// Why it was released.
    pub reason: Option<String>,
    /// The cycle it became.
    pub cycle_id: Option<CycleId>,
    /// The journal entry of the conversion.
    pub entry_id: Option<EntryId>,
    /// When it was taken.
    pub created_at: Instant,
    /// When it was released or converted.
    pub ended_at: Option<Instant>,
}

/// One delivered credit order, or one purchase of the paper book before it, and its repayments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cycle {
    /// Its id.
    pub id: CycleId,
    /// Who owes.
    pub retailer_id: RetailerId,
    /// Who is owed.
    pub vendor_id: VendorId,
    /// The short number that people say, unique with the vendor.
    pub number: String,
    /// The order that was delivered; none where the cycle stood open before the platform.
    pub order_id: Option<OrderId>,
    /// What was delivered.
    pub principal: Money,
    /// What of it is open.
    pub outstanding: Money,
    /// Principal that was repaid.
    pub repaid: Money,
    /// Discount that was earned.
    pub discount: Money,
    /// Interest that was paid.
    pub interest: Money,
    /// How much of it is open.
    pub status: CycleStatus,
    /// The business date of the delivery.
    pub started_on: BusinessDate,
    /// The last day on which it is not overdue.
    pub due_on: BusinessDate,
    /// The version of the line's settlement terms that it keeps.
    pub terms_version: i64,
    /// What returns, concessions, write-offs and corrections came to; a decrease is negative.
    pub adjusted: Money,
    /// The date of the last of them.
    pub adjusted_on: Option<BusinessDate>,
    /// The days that do not count as overdue.
    #[serde(flatten)]
    pub standstill: Standstill,
    /// The day by which the retailer promised last to pay it.
    pub promised_on: Option<BusinessDate>,
    /// The date of its last repayment.
    pub last_repayment_on: Option<BusinessDate>,
    /// The date on which it was paid off or closed.
    pub closed_on: Option<BusinessDate>,
    /// What people noted.
    pub note: Option<String>,
    /// Counts the changes, for If-Match.
    pub version: i64,
    /// When it was opened.
    pub created_at: Instant,
}

impl Cycle {
    /// Whose line it is on.
    pub const fn pair(&self) -> Pair {
        (self.retailer_id, self.vendor_id)
    }

    /// Days past the due date while something is open, without those in dispute; 0 on the due date itself.
    pub fn overdue_days(&self, on: BusinessDate) -> i64 {
        if self.outstanding.is_positive() { self.standstill.days_late(self.due_on, on).max(0) } else { 0 }
    }

    /// The due date moved by the days of ended disputes: late begins behind it, unless a dispute is open.
    pub(crate) fn late_from(&self) -> BusinessDate {
        self.due_on.plus_days(self.standstill.ended_days())
    }

    /// Days overdue on the day on which it was paid off or closed; none while something is open.
    pub(crate) fn late_days(&self) -> Option<i64> {
        let closed_on = self.closed_on.filter(|_| self.outstanding.is_zero());
        closed_on.map(|on| self.standstill.days_late(self.due_on, on).max(0))
    }

    /// When it was paid off; never, where an operator closed it.
    pub(crate) fn paid_off_on(&self) -> Option<BusinessDate> {
        self.closed_on.filter(|_| self.status == CycleStatus::FullyPaid)
    }

    /// The first day on which a repayment may be dated: what was computed for later events stays true.
    pub fn repayable_from(&self) -> BusinessDate {
        [self.last_repayment_on, self.adjusted_on].into_iter().flatten().fold(self.started_on, BusinessDate::max)
    }

    /// What a settlement is computed from.
    pub(crate) fn facts(&self) -> CycleFacts {
        CycleFacts {
            principal: self.principal,
            outstanding: self.outstanding,
            interest_charged: self.interest,
            started_on: self.started_on,
            due_on: self.due_on,
            standstill: self.standstill.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use kernel::Id as _;

    use super::*;
    use crate::adjustments::tests::cycle;

    pub(crate) fn line(limit: i64, reserved: i64, outstanding: i64) -> Line {
        let [limit, reserved, outstanding] = [limit, reserved, outstanding].map(Money::from_paisa);
        Line {
            id: LineId::from_bits(1),
            retailer_id: RetailerId::from_bits(2),
            vendor_id: VendorId::from_bits(3),
            limit,
            terms_days: 30,
            status: LineStatus::Active,
            status_reason: None,
            max_order: None,
            max_overdue_days: 30,
            terms_version: 1,
            reserved,
            outstanding,
            position_seq: 0,
            version: 1,
            created_at: Instant::from_micros(0),
            updated_at: Instant::from_micros(0),
            oldest_due_on: None,
            worst_overdue_days: 0,
            overdue: Vec::new(),
        }
    }

    #[test]
    fn what_is_held_and_what_is_owed_both_use_a_line() {
        let of = |line: Line| line.position().map(|position| position.available.paisa());
        assert_eq!(of(line(100, 30, 50)), Ok(20));
        assert_eq!(of(line(100, 60, 50)), Ok(-10));
        assert_eq!(line(100, 30, 50).facts().measure.used.paisa(), 80);
        assert_eq!(line(100, 1, i64::MAX).facts().measure.used.paisa(), i64::MAX);
    }

    #[test]
    fn a_cycle_is_late_from_the_day_after_its_due_date_while_something_is_open() {
        let mut open = cycle(1_000, 600);
        let on = |days| open.due_on.plus_days(days);
        assert_eq!([-3, 0, 1, 3].map(|days| open.overdue_days(on(days))), [0, 0, 1, 3]);
        assert_eq!(cycle(1_000, 0).overdue_days(on(3)), 0);
        let disputed = (on(0), on(2));
        open.standstill.ended.push(disputed);
        assert_eq!((open.overdue_days(open.due_on.plus_days(3)), open.late_from()), (1, disputed.1));
    }

    #[test]
    fn a_cycle_ends_by_being_paid_or_closed() {
        let of = |status: CycleStatus| {
            let closed_on = Some(cycle(1, 1).due_on);
            (status.is_open(), Cycle { status, closed_on, ..cycle(1_000, 0) }.paid_off_on().is_some())
        };
        assert_eq!(
            CycleStatus::ALL.iter().copied().map(of).collect::<Vec<_>>(),
            [(true, false), (true, false), (false, true), (false, false),]
        );
    }
}
