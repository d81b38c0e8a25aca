//! The order check: whether a retailer may order for an amount from a vendor. One pure function for every way into a
//! state that holds credit, for routing, for the menu and for the check endpoint.

use std::fmt;

use db::text_enum;
use kernel::{BusinessDate, Money, Overflow};
use serde::Serialize;

use crate::LineStatus;

text_enum! {
    /// How an order is paid.
    pub enum PaymentMode {
        /// On the vendor's credit line.
        Credit = "CREDIT",
        /// On delivery.
        Cash = "CASH",
    }
}

text_enum! {
    /// Why an order is not allowed. The first that applies, in this order, is the check's `reason`.
    pub enum Reason {
        /// The retailer is not active.
        RetailerInactive = "RETAILER_INACTIVE",
        /// The vendor is not active.
        VendorInactive = "VENDOR_INACTIVE",
        /// An operator blocked the retailer.
        CreditBlocked = "CREDIT_BLOCKED",
        /// The retailer's credit is paused as a whole.
        CreditPaused = "CREDIT_PAUSED",
        /// The vendor gives this retailer no credit.
        NoCreditLine = "NO_CREDIT_LINE",
        /// The line is blocked.
        LineBlocked = "LINE_BLOCKED",
        /// The line is paused.
        LinePaused = "LINE_PAUSED",
        /// The order is above the line's largest order.
        OrderValueExceeded = "ORDER_VALUE_EXCEEDED",
        /// Something on the line is overdue for too long.
        OverdueExceeded = "OVERDUE_EXCEEDED",
        /// Too little credit is left.
        InsufficientCredit = "INSUFFICIENT_CREDIT",
    }
}

text_enum! {
    /// Which limit leaves the least.
    pub enum BindingLimit {
        /// The line's own.
        Line = "LINE",
        /// The retailer's cap over all its lines.
        RetailerCap = "RETAILER_CAP",
        /// The vendor's ceiling over all it lends.
        VendorCeiling = "VENDOR_CEILING",
    }
}

/// A limit and what lies against it: reservations and outstanding principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The limit.
    pub limit: Money,
    /// What is used of it.
    pub used: Money,
}

impl Measure {
    fn left(self) -> Money {
        // Limits and uses are not negative, so the difference always fits.
        self.limit.minus(self.used).unwrap_or(Money::from_paisa(i64::MIN))
    }
}

/// A cycle that is overdue for longer than its line allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverdueCycle {
    /// The number that people say.
    pub number: String,
    /// When it was due.
    pub due_on: BusinessDate,
    /// Its open principal.
    pub outstanding: Money,
    /// What settling it costs today.
    pub cash: Money,
}

/// What the check knows of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFacts {
    /// Whether it gives credit.
    pub status: LineStatus,
    /// Its limit, and what is reserved and outstanding.
    pub measure: Measure,
    /// The largest order, where there is one.
    pub max_order: Option<Money>,
    /// Days overdue after which there is no new credit.
    pub max_overdue_days: i64,
    /// Days by which the oldest open cycle is overdue; 0 where none is.
    pub worst_overdue_days: i64,
    /// The cycles that are overdue for longer than that.
    pub overdue: Vec<OverdueCycle>,
}

/// Everything that the check knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFacts {
    /// Whether the retailer is active.
    pub is_retailer_active: bool,
    /// The retailer's credit as a whole.
    pub retailer_credit: LineStatus,
    /// The retailer's cap over all lines, where it is set.
    pub retailer_cap: Option<Measure>,
    /// Whether the vendor is active.
    pub is_vendor_active: bool,
    /// The vendor's ceiling over all it lends, where it is set.
    pub vendor_ceiling: Option<Measure>,
    /// The line between them, where there is one.
    pub line: Option<LineFacts>,
}

/// The check's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Whether the order may be placed.
    pub allowed: bool,
    /// The first reason why not.
    pub reason: Option<Reason>,
    /// Every reason why not, in their order.
    pub reasons: Vec<Reason>,
    /// Credit that is left: the least of line, cap and ceiling. May be negative.
    pub available: Money,
    /// How much credit is missing; zero for an order that takes none.
    pub shortfall: Money,
    /// Which limit leaves the least, where that is the reason.
    pub binding_limit: Option<BindingLimit>,
    /// What would make it pass, where something would; in JSON in words.
    #[serde(serialize_with = "in_words")]
    #[schema(value_type = Option<String>)]
    pub remedy: Option<Remedy>,
}

/// What would make an order pass. In words: `pay Rs. 4,750.00 on CRP-101; at most Rs. 15,000.00`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing would on credit; for cash it passes.
    OrderForCash,
    /// Both of these.
    Steps {
        /// Bills to pay.
        pay: Vec<OverdueCycle>,
        /// The largest order that passes then, where this one is larger.
        at_most: Option<Money>,
    },
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Steps { pay, at_most } = self else { return f.write_str("order for cash") };
        let bills = pay.iter().map(|bill| format!("pay {} on {}", bill.cash.for_people(), bill.number));
        let most = at_most.map(|most| format!("at most {}", most.for_people()));
        f.write_str(&bills.chain(most).collect::<Vec<_>>().join("; "))
    }
}

#[expect(clippy::ref_option, reason = "serde hands the field over like this")]
fn in_words<S: serde::Serializer>(remedy: &Option<Remedy>, serializer: S) -> Result<S::Ok, S::Error> {
    remedy.as_ref().map(ToString::to_string).serialize(serializer)
}

/// Credit that is left, and the limit that leaves the least; ties in the order line, cap, ceiling.
pub fn available(facts: &CheckFacts) -> (Money, BindingLimit) {
    let line = facts.line.as_ref().map_or(Money::ZERO, |line| line.measure.left());
    let further =
        [(facts.retailer_cap, BindingLimit::RetailerCap), (facts.vendor_ceiling, BindingLimit::VendorCeiling)];
    let mut least = (line, BindingLimit::Line);
    for (measure, which) in further {
        if let Some(left) = measure.map(Measure::left)
            && left < least.0
        {
            least = (left, which);
        }
    }
    least
}

/// Checks an order of `amount`, which is above zero.
pub fn check(facts: &CheckFacts, amount: Money, mode: PaymentMode) -> Check {
    let (available, binding) = available(facts);
    let on_credit = mode == PaymentMode::Credit;
    let line = facts.line.as_ref();
    let is_line = |status| line.is_some_and(|line| line.status == status);
    let fails = |reason| match reason {
        Reason::RetailerInactive => !facts.is_retailer_active,
        Reason::VendorInactive => !facts.is_vendor_active,
        Reason::CreditBlocked => facts.retailer_credit == LineStatus::Blocked,
        Reason::CreditPaused => on_credit && facts.retailer_credit == LineStatus::Paused,
        Reason::NoCreditLine => on_credit && line.is_none(),
        Reason::LineBlocked => on_credit && is_line(LineStatus::Blocked),
        Reason::LinePaused => on_credit && is_line(LineStatus::Paused),
        Reason::OrderValueExceeded => {
            on_credit && line.and_then(|line| line.max_order).is_some_and(|most| amount > most)
        }
        Reason::OverdueExceeded => {
            on_credit && line.is_some_and(|line| line.worst_overdue_days > line.max_overdue_days)
        }
        // Where there is no line, what a cap or a ceiling leaves may be too little all the same.
        Reason::InsufficientCredit if line.is_none() => {
            let further = [facts.retailer_cap, facts.vendor_ceiling].into_iter().flatten();
            on_credit && further.map(Measure::left).any(|left| amount > left)
        }
        Reason::InsufficientCredit => on_credit && amount > available,
    };
    let reasons: Vec<Reason> = Reason::ALL.iter().copied().filter(|reason| fails(*reason)).collect();
    let missing = amount.minus(available).unwrap_or(Money::from_paisa(i64::MAX)).or_zero();
    Check {
        allowed: reasons.is_empty(),
        reason: reasons.first().copied(),
        remedy: remedy(facts, &reasons, amount, available).ok().flatten(),
        available,
        shortfall: if on_credit { missing } else { Money::ZERO },
        binding_limit: (reasons.first() == Some(&Reason::InsufficientCredit)).then_some(binding),
        reasons,
    }
}

/// What would make an order pass. Nothing helps against what only an operator can lift.
fn remedy(facts: &CheckFacts, reasons: &[Reason], amount: Money, available: Money) -> Result<Option<Remedy>, Overflow> {
    let Some(first) = reasons.first() else { return Ok(None) };
    if *first <= Reason::CreditBlocked {
        return Ok(None);
    }
    let for_cash = Ok(Some(Remedy::OrderForCash));
    let Some(line) = facts.line.as_ref().filter(|_| *first >= Reason::OrderValueExceeded) else { return for_cash };
    if reasons.contains(&Reason::OverdueExceeded) && line.overdue.is_empty() {
        return for_cash;
    }
    let most = line.overdue.iter().try_fold(available, |most, cycle| most.plus(cycle.outstanding))?;
    let most = line.max_order.map_or(most, |largest| most.min(largest));
    if !most.is_positive() {
        return for_cash;
    }
    Ok(Some(Remedy::Steps { pay: line.overdue.clone(), at_most: (amount > most).then_some(most) }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rupees(amount: i64) -> Money {
        Money::from_rupees(amount).unwrap()
    }

    fn measure(limit: i64, used: i64) -> Measure {
        Measure { limit: rupees(limit), used: rupees(used) }
    }

    fn facts(limit: i64, used: i64) -> CheckFacts {
        CheckFacts {
            is_retailer_active: true,
            retailer_credit: LineStatus::Active,
            retailer_cap: None,
            is_vendor_active: true,
            vendor_ceiling: None,
            line: Some(LineFacts {
                status: LineStatus::Active,
                measure: measure(limit, used),
                max_order: None,
                max_overdue_days: 30,
                worst_overdue_days: 0,
                overdue: Vec::new(),
            }),
        }
    }

    fn with_line(change: impl FnOnce(&mut LineFacts)) -> CheckFacts {
        let mut facts = facts(100_000, 85_000);
        facts.line.as_mut().map(change).unwrap();
        facts
    }

    fn remedy_of(answer: &Check) -> String {
        answer.remedy.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn overdue() -> Vec<OverdueCycle> {
        vec![OverdueCycle {
            number: "CRP-101".to_owned(),
            due_on: "2026-01-01".parse().unwrap(),
            outstanding: rupees(5_000),
            cash: rupees(4_750),
        }]
    }

    #[test]
    fn too_little_credit_is_refused_with_what_is_missing() {
        let answer = check(&facts(100_000, 85_000), rupees(20_000), PaymentMode::Credit);
        assert_eq!((answer.allowed, answer.reason), (false, Some(Reason::InsufficientCredit)));
        assert_eq!((answer.available, answer.shortfall), (rupees(15_000), rupees(5_000)));
        assert_eq!(answer.binding_limit, Some(BindingLimit::Line));
        assert_eq!(remedy_of(&answer), "at most Rs. 15,000.00");
        let exactly = check(&facts(100_000, 85_000), rupees(15_000), PaymentMode::Credit);
        assert!(exactly.allowed && exactly.binding_limit.is_none() && exactly.remedy.is_none());
        assert_eq!(exactly.shortfall, Money::ZERO);
    }

    #[test]
    fn the_least_of_line_cap_and_ceiling_binds() {
        let mut facts = facts(100, 0);
        facts.retailer_cap = Some(measure(500, 400));
        facts.vendor_ceiling = Some(measure(500, 400));
        assert_eq!(available(&facts), (rupees(100), BindingLimit::Line));
        facts.vendor_ceiling = Some(measure(500, 450));
        assert_eq!(available(&facts), (rupees(50), BindingLimit::VendorCeiling));
        facts.retailer_cap = Some(measure(500, 450));
        assert_eq!(available(&facts), (rupees(50), BindingLimit::RetailerCap));
        facts.retailer_cap = Some(measure(500, 700));
        let answer = check(&facts, rupees(1), PaymentMode::Credit);
        assert_eq!((answer.available, answer.shortfall), (rupees(-200), rupees(201)));
        assert_eq!(remedy_of(&answer), "order for cash");
    }

    #[test]
    fn an_overdue_cycle_is_to_be_paid() {
        let late = |amount| {
            let facts = with_line(|line| (line.worst_overdue_days, line.overdue) = (31, overdue()));
            check(&facts, rupees(amount), PaymentMode::Credit)
        };
        assert_eq!(late(1).reasons, [Reason::OverdueExceeded]);
        assert_eq!(remedy_of(&late(1)), "pay Rs. 4,750.00 on CRP-101");
        assert_eq!(late(20_000).reasons, [Reason::OverdueExceeded, Reason::InsufficientCredit]);
        assert_eq!(remedy_of(&late(20_000)), "pay Rs. 4,750.00 on CRP-101");
        let more = remedy_of(&late(20_001));
        assert_eq!(more, "pay Rs. 4,750.00 on CRP-101; at most Rs. 20,000.00");
        assert!(check(&with_line(|line| line.worst_overdue_days = 30), rupees(1), PaymentMode::Credit).allowed);
    }

    #[test]
    fn the_largest_order_is_named() {
        let facts = with_line(|line| line.max_order = Some(rupees(10_000)));
        let answer = check(&facts, rupees(20_000), PaymentMode::Credit);
        assert_eq!(answer.reasons, [Reason::OrderValueExceeded, Reason::InsufficientCredit]);
        assert_eq!(remedy_of(&answer), "at most Rs. 10,000.00");
        assert!(check(&facts, rupees(10_000), PaymentMode::Credit).allowed);
    }

    #[test]
    fn every_reason_is_listed_in_its_order() {
        let mut all = with_line(|line| {
            (line.status, line.max_order, line.worst_overdue_days) = (LineStatus::Paused, Some(rupees(1)), 99);
        });
        (all.is_retailer_active, all.is_vendor_active) = (false, false);
        all.retailer_credit = LineStatus::Blocked;
        let answer = check(&all, rupees(50_000), PaymentMode::Credit);
        assert_eq!(
            answer.reasons,
            [
                Reason::RetailerInactive,
                Reason::VendorInactive,
                Reason::CreditBlocked,
                Reason::LinePaused,
                Reason::OrderValueExceeded,
                Reason::OverdueExceeded,
                Reason::InsufficientCredit
            ]
        );
        assert_eq!(answer.remedy, None);
        let cash = check(&all, rupees(50_000), PaymentMode::Cash);
        assert_eq!(cash.reasons, [Reason::RetailerInactive, Reason::VendorInactive, Reason::CreditBlocked]);
        assert_eq!((cash.shortfall, cash.binding_limit), (Money::ZERO, None));
    }

    #[test]
    fn cash_needs_no_line() {
        let mut facts = facts(0, 0);
        facts.line = None;
        facts.retailer_credit = LineStatus::Paused;
        assert!(check(&facts, rupees(1), PaymentMode::Cash).allowed);
        let answer = check(&facts, rupees(1), PaymentMode::Credit);
        assert_eq!(answer.reasons, [Reason::CreditPaused, Reason::NoCreditLine]);
        assert_eq!((answer.available, answer.shortfall), (Money::ZERO, rupees(1)));
        assert_eq!(remedy_of(&answer), "order for cash");
        facts.vendor_ceiling = Some(measure(500, 450));
        let at_ceiling = check(&facts, rupees(50), PaymentMode::Credit);
        assert_eq!(at_ceiling.reasons, [Reason::CreditPaused, Reason::NoCreditLine]);
        let above = check(&facts, rupees(51), PaymentMode::Credit);
        assert_eq!(above.reasons, [Reason::CreditPaused, Reason::NoCreditLine, Reason::InsufficientCredit]);
        assert_eq!((above.binding_limit, remedy_of(&above)), (None, "order for cash".to_owned()));
        assert_eq!(check(&facts, rupees(51), PaymentMode::Cash).reasons, []);
    }

    proptest! {
        #[test]
        fn an_order_never_lifts_a_limit(
            limits in proptest::array::uniform3(0_i64..1_000), used in proptest::array::uniform3(0_i64..1_200), amount in 1_i64..1_500,
        ) {
            let mut facts = facts(limits[0], used[0]);
            facts.retailer_cap = Some(measure(limits[1], used[1]));
            facts.vendor_ceiling = Some(measure(limits[2], used[2]));
            let answer = check(&facts, rupees(amount), PaymentMode::Credit);
            let fits = limits.iter().zip(used).all(|(limit, used)| used + amount <= *limit);
            prop_assert_eq!(answer.allowed, fits);
            prop_assert_eq!(answer.binding_limit.is_none(), fits);
            prop_assert_eq!(answer.shortfall.is_zero(), fits);
            if let Some(Remedy::Steps { at_most: Some(most), .. }) = answer.remedy {
                prop_assert!(check(&facts, most, PaymentMode::Credit).allowed);
            }
        }
    }
}
