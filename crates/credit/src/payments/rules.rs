//! How a payment is spread over cycles. Pure: open cycles and a wish in, a plan out.
//!
//! The payer names cycles, each with its part, or leaves it to the order in which they fall due. Either the whole plan
//! holds or none of it.

use kernel::{BusinessDate, CycleId, Money, Overflow};

use super::model::Repayment;
use crate::adjustments::closed;
use crate::model::{Cycle, CycleStatus};
use crate::refusal::Refusal;
use crate::terms::{Ask, BadAmount, Settlement, SettlementTerms, settle};

/// Money that no cycle takes as principal and that is not worth a refusal.
const LAST_PAISA: Money = Money::from_paisa(1);

/// A cycle with the settlement terms it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) cycle: Cycle,
    pub(crate) terms: SettlementTerms,
}

/// A cycle that the payer names, with its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The cycle.
    pub cycle: CycleId,
    /// Principal to settle on it, or cash to use.
    pub ask: Ask,
}

/// How a payment is to be spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The cash; where cycles are named it may be left out, and is then what they come to.
    pub amount: Option<Money>,
    /// The cycles with their parts; the oldest due first where none are named.
    pub named: Option<Vec<Named>>,
    /// The day on which it was paid.
    pub on: BusinessDate,
    /// Whether what is above all that is owed is kept for later instead of refused.
    pub keep_excess: bool,
}

/// What one cycle takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// The cycle before it.
    pub(crate) cycle: Cycle,
    pub(crate) settlement: Settlement,
}

/// What becomes of a payment: `amount` is the cash of the shares and what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) amount: Money,
    pub(crate) shares: Vec<Share>,
    pub(crate) kept: Money,
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        BadAmount::Overflow.into()
    }
}

/// Spreads a payment over cycles of one line that was granted on the day `since`.
pub(crate) fn allocate(
    open: &[Open],
    wish: &Spread,
    (since, today): (BusinessDate, BusinessDate),
) -> Result<Plan, Refusal> {
    if wish.amount.is_some_and(|amount| !amount.is_positive()) {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    if wish.on > today && wish.named.is_none() {
        let earliest = open.iter().map(|open| open.cycle.started_on).min().map_or(since, |start| start.min(since));
        return Err(Refusal::PaymentDate { earliest, latest: today });
    }
    let plan = match &wish.named {
        Some(named) => by_name(open, named, wish, today),
        None => oldest_first(open, wish, today),
    }?;
    if plan.shares.is_empty() && wish.on < since {
        // Cycles bound the date of what goes to them; what is only kept is bounded by the line.
        return Err(Refusal::PaymentDate { earliest: since, latest: today });
    }
    Ok(plan)
}

fn by_name(open: &[Open], named: &[Named], wish: &Spread, today: BusinessDate) -> Result<Plan, Refusal> {
    if named.is_empty() {
        return Err(Refusal::Field { field: "repayments", right: "at least one cycle, or leave it out" });
    }
    let (mut shares, mut cash) = (Vec::<Share>::new(), Money::ZERO);
    for (place, want) in named.iter().enumerate() {
        let wrong = |right| Refusal::FieldOf { field: format!("repayments[{place}].cycleId"), right };
        let Some(one) = open.iter().find(|open| open.cycle.id == want.cycle) else {
            return Err(wrong("a cycle of this retailer with this vendor; a payment is for one vendor"));
        };
        if shares.iter().any(|share| share.cycle.id == want.cycle) {
            return Err(wrong("each cycle once"));
        }
        if one.cycle.status == CycleStatus::Closed {
            return Err(on_cycle(one, closed(&one.cycle)));
        }
        check_date(one, wish.on, today)?;
        let settlement = settle(&one.cycle.facts(), &one.terms, want.ask, wish.on).map_err(|bad| on_cycle(one, bad))?;
        cash = cash.plus(settlement.cash)?;
        shares.push(Share { cycle: one.cycle.clone(), settlement });
    }
    let amount = wish.amount.unwrap_or(cash);
    if amount < cash {
        return Err(Refusal::Field { field: "amount", right: "at least what the repayments come to in cash" });
    }
    let kept = amount.minus(cash)?;
    if kept.is_positive() && !wish.keep_excess {
        let right = "what the repayments come to in cash, or keepExcess to keep the rest";
        return Err(Refusal::Field { field: "amount", right });
    }
    Ok(Plan { amount, shares, kept })
}

/// The one place that says which cycles get their turn without being named.
fn gets_a_turn(open: &Open, on: BusinessDate) -> bool {
    open.cycle.outstanding.is_positive() && open.cycle.started_on <= on && open.cycle.standstill.since.is_none()
}

fn oldest_first(open: &[Open], wish: &Spread, today: BusinessDate) -> Result<Plan, Refusal> {
    let amount = wish.amount.ok_or(Refusal::Field { field: "amount", right: "how much was paid" })?;
    let mut turns: Vec<&Open> = open.iter().filter(|open| gets_a_turn(open, wish.on)).collect();
    // Numbers of one vendor have the same prefix, so the longer text is the larger number.
    turns.sort_by_key(|open| (open.cycle.due_on, open.cycle.number.len(), &open.cycle.number));
    let (mut left, mut shares) = (amount, Vec::new());
    // Who could not take what was left; what a cycle that took only a part could not use.
    let (mut too_little, mut unmatched) = (None, None);
    for one in turns {
        if left.is_zero() {
            break;
        }
        let (facts, all) = (one.cycle.facts(), one.cycle.outstanding);
        let whole = settle(&facts, &one.terms, Ask::Principal(all), wish.on).map_err(|bad| on_cycle(one, bad))?;
        let taken = match settle(&facts, &one.terms, Ask::Cash(left.min(whole.cash)), wish.on) {
            Ok(taken) => taken,
            Err(bad @ BadAmount::BelowMinimum { .. }) => {
                too_little.get_or_insert_with(|| on_cycle(one, bad));
                continue;
            }
            Err(bad) => return Err(on_cycle(one, bad)),
        };
        check_date(one, wish.on, today)?;
        let used = taken.cash.minus(taken.rounding)?;
        left = left.minus(used)?;
        if taken.principal < all {
            unmatched = Some(left);
        }
        shares.push(Share {
            cycle: one.cycle.clone(),
            settlement: Settlement { rounding: Money::ZERO, cash: used, ..taken },
        });
    }
    let is_more_owed = too_little.is_some() || unmatched.is_some();
    if let Some(last) = shares.last_mut()
        && is_more_owed
        && left <= unmatched.unwrap_or(LAST_PAISA)
    {
        last.settlement.rounding = left;
        last.settlement.cash = last.settlement.cash.plus(left)?;
        left = Money::ZERO;
    }
    if left.is_positive() && !wish.keep_excess {
        return Err(match too_little {
            Some(refusal) => refusal,
            None => Refusal::Overpayment {
                maximum: Money::sum(shares.iter().map(|share| share.settlement.principal))?,
                maximum_cash: Money::sum(shares.iter().map(|share| share.settlement.cash))?,
            },
        });
    }
    Ok(Plan { amount, shares, kept: left })
}

fn on_cycle(open: &Open, bad: impl Into<Refusal>) -> Refusal {
    Refusal::OnCycle { number: open.cycle.number.clone(), refusal: Box::new(bad.into()) }
}

/// What was computed for a later repayment stays true: none is put before it.
fn check_date(open: &Open, on: BusinessDate, today: BusinessDate) -> Result<(), Refusal> {
    let earliest = open.cycle.repayable_from();
    if on < earliest || on > today {
        return Err(on_cycle(open, Refusal::PaymentDate { earliest, latest: today }));
    }
    Ok(())
}

/// A cycle after it was repaid.
pub(crate) fn repaid(before: &Cycle, paid: &Settlement, on: BusinessDate) -> Result<Cycle, Overflow> {
    let outstanding = before.outstanding.minus(paid.principal)?;
    Ok(Cycle {
        outstanding,
        repaid: before.repaid.plus(paid.principal)?,
        discount: before.discount.plus(paid.discount)?,
        interest: before.interest.plus(paid.interest)?,
        status: CycleStatus::of(outstanding, before.principal),
        last_repayment_on: Some(on),
        closed_on: outstanding.is_zero().then_some(on),
        version: before.version.saturating_add(1),
        ..before.clone()
    })
}

/// A cycle after parts of a payment to it were reversed: it owes their principal again, whatever had closed it. Where
/// nothing is owed for all that, because the goods came back, it stays as it was settled. `last` is the date of its last
/// repayment that stays.
pub(crate) fn reopened(before: &Cycle, parts: &[&Repayment], last: Option<BusinessDate>) -> Result<Cycle, Overflow> {
    let sum = |of: fn(&Repayment) -> Money| Money::sum(parts.iter().map(|part| of(part)));
    let outstanding = before.outstanding.plus(sum(|part| part.principal)?)?;
    let after = Cycle {
        outstanding,
        repaid: before.repaid.minus(sum(|part| part.principal)?)?,
        discount: before.discount.minus(sum(|part| part.discount)?)?,
        interest: before.interest.minus(sum(|part| part.interest)?)?,
        last_repayment_on: last,
        version: before.version.saturating_add(1),
        ..before.clone()
    };
    if outstanding.is_zero() {
        return Ok(after);
    }
    Ok(Cycle { status: CycleStatus::of(outstanding, before.principal), closed_on: None, ..after })
}

#[cfg(test)]
mod tests;
