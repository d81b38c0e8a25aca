//! Money that comes for what had been written off.
//!
//! It settles no principal, for none is owed any more, and frees no credit: the cycle stays closed. It is a payment like any
//! other, with its method and its reference, and is reversed like any other.

use db::{DbError, Tx};
use kernel::{BusinessDate, Context, CycleId, Money, Overflow, Rate, Scope};
use ledger::Method;

use super::model::{NewPayment, Recorded, Repayment, Source};
use super::rules::{Named, Plan, Share, Spread};
use super::store::repayments_of_cycle;
use super::{book, new_reference, not_by_a_retailer, tell};
use crate::adjustments::{Adjustment, AdjustmentKind, cycle_for_update};
use crate::refusal::Refusal;
use crate::store::adjustments;
use crate::terms::{Ask, Settlement};
use crate::words;

/// Money for what had been written off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecovery {
    /// How much came.
    pub amount: Money,
    /// When.
    pub on: BusinessDate,
    /// How.
    pub method: Method,
    /// The reference; needed for everything but cash.
    pub reference: Option<String>,
}

/// Whether so much can have come on a day for what these adjustments wrote off and these parts did not bring in yet.
pub(crate) fn decide(
    written_off: &[Adjustment],
    parts: &[Repayment],
    (amount, on): (Money, BusinessDate),
    today: BusinessDate,
) -> Result<(), Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    let written_off = || written_off.iter().filter(|adjustment| adjustment.kind == AdjustmentKind::WriteOff);
    let came = parts.iter().filter(|part| part.source == Source::Recovery && part.reversed_on.is_none());
    let sums = || -> Result<Money, Overflow> {
        let lost = Money::sum(written_off().map(|adjustment| adjustment.amount))?.negated()?;
        lost.minus(Money::sum(came.map(|part| part.cash))?)
    };
    let maximum = sums()?;
    if amount > maximum {
        return Err(Refusal::AboveWrittenOff { maximum });
    }
    let earliest = written_off().map(|adjustment| adjustment.adjusted_on).max().unwrap_or(today);
    if on < earliest || on > today {
        return Err(Refusal::PaymentDate { earliest, latest: today });
    }
    Ok(())
}

/// Records money that came for what had been written off of a cycle on which nothing is open, and tells the retailer.
pub async fn recover(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: CycleId,
    new: &NewRecovery,
) -> Result<Result<Recorded, Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let Some((line, cycle)) = cycle_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    let NewRecovery { amount, on, method, reference } = new.clone();
    let named = Some(vec![Named { cycle: id, ask: Ask::Cash(amount) }]);
    let spread = Spread { amount: Some(amount), named, on, keep_excess: false };
    let payment = NewPayment { pair: line.pair(), spread, method, reference };
    let reference = match new_reference(tx, &payment).await? {
        Ok(reference) => reference,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if cycle.status.is_open() {
        return Ok(Err(Refusal::CycleOpen { number: cycle.number }));
    }
    let adjusted = adjustments::of_cycle(tx, cycle.retailer_id, id).await?;
    let parts: Vec<_> = repayments_of_cycle(tx, &cycle).await?.into_iter().map(|(_, part)| part).collect();
    if let Err(refusal) = decide(&adjusted, &parts, (amount, on), cx.today()) {
        return Ok(Err(refusal));
    }
    let settlement = Settlement {
        principal: Money::ZERO,
        discount_rate: Rate::from_basis_points(0),
        discount: Money::ZERO,
        interest_days: 0,
        interest: Money::ZERO,
        rounding: Money::ZERO,
        cash: amount,
    };
    let plan = Plan { amount, shares: vec![Share { cycle, settlement }], kept: Money::ZERO };
    match book(tx, cx, line, &payment, reference, (plan, Source::Recovery)).await? {
        Ok(done) => {
            tell(tx, cx, payment.pair.0, |retailer| words::receipt(retailer, &done)).await?;
            done.into_recorded().map(Ok)
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}
