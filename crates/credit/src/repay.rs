//! Repaying a cycle: what it would cost, and recording that it was paid.
//!
//! A repayment is asked for by principal or by cash. It touches exactly the cycle it names, journals the payment, gives
//! back credit by the principal it settles, and tells the retailer: a payment ([`record_on`]) with one part. Its date may
//! lie in the past, but not before the cycle's start or its last repayment, so that what was computed for later ones
//! stays true.

use db::{DbError, Tx};
use kernel::{BusinessDate, Context, CycleId, EntryId, Money, PaymentId, RepaymentId, Scope};
use ledger::Method;
use serde::Serialize;

use crate::model::{Cycle, Line, Position};
use crate::payments::{Done, Named, NewPayment, Spread, not_by_a_retailer, record_on, record_quietly};
use crate::refusal::Refusal;
use crate::store::{broken, cycles, lines};
use crate::terms::{Ask, Settlement, settle};

/// A repayment to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRepayment {
    /// Principal to settle, or cash to use.
    pub ask: Ask,
    /// When it was paid.
    pub on: BusinessDate,
    /// How.
    pub method: Method,
    /// The wallet's or bank's reference, or the cheque's number; needed for everything but cash.
    pub reference: Option<String>,
}

/// What a repayment would come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Its number.
    pub number: String,
    /// The day for which it is computed.
    pub on: BusinessDate,
    /// What it comes to.
    #[serde(flatten)]
    pub settlement: Settlement,
    /// Principal that would stay open.
    pub remaining: Money,
}

/// The part of a payment that went to one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Repayment {
    /// Its id.
    pub id: RepaymentId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The date by which it counts.
    pub paid_on: BusinessDate,
    /// How it was paid.
    pub method: Method,
    /// The reference of the payment.
    pub reference: Option<String>,
    /// What it came to.
    #[serde(flatten)]
    pub settlement: Settlement,
}

/// A recorded repayment and what it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Repaid {
    /// The repayment.
    pub repayment: Repayment,
    /// The cycle after it.
    pub cycle: Cycle,
    /// The line after it.
    pub position: Position,
    /// Its journal entry.
    pub entry_id: EntryId,
    /// The hash of the journal entry.
    pub entry_hash: String,
}

/// What repaying part of a cycle would come to on a day, which may lie ahead. Nothing is stored.
pub async fn quote(
    tx: &mut Tx,
    scope: Scope,
    cycle: CycleId,
    ask: Ask,
    on: BusinessDate,
) -> Result<Result<Quote, Refusal>, DbError> {
    let Some((cycle, terms)) = cycles::with_terms(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    if on < cycle.started_on {
        return Ok(Err(Refusal::Field { field: "on", right: "the cycle's start or later" }));
    }
    let settlement = match settle(&cycle.facts(), &terms, ask, on) {
        Ok(settlement) => settlement,
        Err(bad) => return Ok(Err(bad.into())),
    };
    let remaining = cycle.outstanding.minus(settlement.principal).map_err(broken)?;
    Ok(Ok(Quote { cycle_id: cycle.id, number: cycle.number, on, settlement, remaining }))
}

/// Records that a part of a cycle was repaid, a payment with this one part, and tells the retailer.
pub async fn repay(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: NewRepayment,
) -> Result<Result<Repaid, Refusal>, DbError> {
    match asked(tx, cx, scope, cycle, new).await? {
        Ok((line, payment)) => repaid(record_on(tx, cx, line, &payment).await?),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Records the same and tells nobody: who paid before the platform needs no receipt.
pub async fn record_repayment(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: NewRepayment,
) -> Result<Result<Repaid, Refusal>, DbError> {
    match asked(tx, cx, scope, cycle, new).await? {
        Ok((line, payment)) => repaid(record_quietly(tx, cx, line, &payment).await?),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The payment that is meant, and its locked line.
async fn asked(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: NewRepayment,
) -> Result<Result<(Line, NewPayment), Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let Some(line) = lines::of_cycle_for_update(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    let named = Some(vec![Named { cycle, ask: new.ask }]);
    let spread = Spread { amount: None, named, on: new.on, keep_excess: false };
    let payment = NewPayment { pair: line.pair(), spread, method: new.method, reference: new.reference };
    Ok(Ok((line, payment)))
}

fn repaid(done: Result<Done, Refusal>) -> Result<Result<Repaid, Refusal>, DbError> {
    let done = match done {
        Ok(done) => done,
        Err(Refusal::OnCycle { refusal, .. }) => return Ok(Err(*refusal)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let position = done.line.position().map_err(broken)?;
    let part = done.parts.into_iter().next().ok_or(DbError::Missing("the part of a payment"))?;
    let repayment = Repayment {
        id: part.id,
        payment_id: done.payment.id,
        paid_on: done.on,
        method: done.payment.method,
        reference: done.payment.reference,
        settlement: part.settlement,
    };
    Ok(Ok(Repaid { repayment, cycle: part.cycle, position, entry_id: part.entry, entry_hash: done.hash }))
}
