//! Repaying a cycle: what it would cost, and recording that it was paid.
//!
//! A repayment is asked for by principal or by cash. It touches exactly the cycle it names, journals the payment, gives
//! back credit by the principal it settles, and tells the retailer. Its date may lie in the past, but not before the
//! cycle's start or its last repayment, so that what was computed for later ones stays true.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, CycleId, EntryId, Money, Overflow, PaymentId, RepaymentId, RetailerId, Scope};
use ledger::{Account, Balanced, EntryKind, Method, NewEntry, Posted};
use serde::Serialize;

use crate::model::{Cycle, CycleStatus, Line, Position};
use crate::refusal::Refusal;
use crate::store::cycles::NewPayment;
use crate::store::lines::Move;
use crate::store::{broken, cycles, lines};
use crate::terms::{Ask, Settlement, settle};
use crate::words;

/// Characters that a reference may have.
const LONGEST_REFERENCE: usize = 100;

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

/// Records that a part of a cycle was repaid, and tells the retailer.
pub async fn repay(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: NewRepayment,
) -> Result<Result<Repaid, Refusal>, DbError> {
    let recorded = record_repayment(tx, cx, scope, cycle, new).await?;
    if let Ok(repaid) = &recorded {
        tell(tx, cx, repaid.cycle.retailer_id, repaid).await?;
    }
    Ok(recorded)
}

/// Records that a part of a cycle was repaid, and tells nobody: who paid before the platform needs no receipt.
pub async fn record_repayment(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: NewRepayment,
) -> Result<Result<Repaid, Refusal>, DbError> {
    if matches!(cx.actor, kernel::Actor::Retailer(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the vendor or an operator" }));
    }
    let Some(mut line) = lines::of_cycle_for_update(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    let Some((before, terms)) = cycles::with_terms(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    let mut payment = match payment(cx, &before, &new) {
        Ok(payment) => payment,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(refusal) = duplicate(tx, &before, &payment).await? {
        return Ok(Err(refusal));
    }
    let decided = check_date(&before, new.on, cx.today())
        .and_then(|()| settle(&before.facts(), &terms, new.ask, new.on).map_err(Refusal::from));
    let paid = match decided {
        Ok(paid) => paid,
        Err(refusal) => return Ok(Err(refusal)),
    };
    payment.amount = paid.cash;
    if !cycles::insert_payment(tx, cx, &before, &payment).await? {
        // The same reference came in on another line at this moment.
        return duplicate(tx, &before, &payment).await?.map(Err).ok_or(DbError::Missing("the first payment"));
    }
    let after = repaid_cycle(&before, &paid, new.on).map_err(broken)?;
    let posted = journal(tx, cx, &after, &paid, &payment).await?;
    let id: RepaymentId = cx.id();
    cycles::insert_repayment(tx, cx, &after, (id, payment.id, posted.id), &paid, new.on).await?;
    cycles::update(tx, &after).await?;
    give_back(tx, cx, &mut line, paid.principal).await?;
    let repaid = Repaid {
        repayment: Repayment {
            id,
            payment_id: payment.id,
            paid_on: new.on,
            method: payment.method,
            reference: payment.reference,
            settlement: paid,
        },
        cycle: after,
        position: line.position().map_err(broken)?,
        entry_id: posted.id,
        entry_hash: posted.hash,
    };
    let entry = Entry::new(cx, before.retailer_id, "cycle.repaid", before.id)
        .before(serde_json::json!({ "outstanding": before.outstanding, "status": before.status }))
        .after(serde_json::json!({
            "outstanding": repaid.cycle.outstanding, "status": repaid.cycle.status, "paymentId": payment.id,
            "principal": paid.principal, "cash": paid.cash, "entryId": posted.id,
        }));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(repaid))
}

fn check_date(cycle: &Cycle, on: BusinessDate, today: BusinessDate) -> Result<(), Refusal> {
    let earliest = cycle.last_repayment_on.map_or(cycle.started_on, |last| last.max(cycle.started_on));
    if on < earliest || on > today {
        return Err(Refusal::PaymentDate { earliest, latest: today });
    }
    Ok(())
}

/// The payment that is to be recorded; its amount follows from the settlement.
fn payment(cx: &Context, cycle: &Cycle, new: &NewRepayment) -> Result<NewPayment, Refusal> {
    let reference = new.reference.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if reference.as_ref().is_some_and(|text| text.chars().count() > LONGEST_REFERENCE) {
        return Err(Refusal::Field { field: "reference", right: "at most 100 characters" });
    }
    let reference_key = reference.as_deref().and_then(|text| reference_key(text, new.method, cycle.retailer_id));
    if new.method != Method::Cash && reference_key.is_none() {
        return Err(Refusal::ReferenceRequired);
    }
    Ok(NewPayment { id: cx.id(), amount: Money::ZERO, method: new.method, reference, reference_key, paid_on: new.on })
}

/// What makes two references the same: letters and digits in capitals, however they are spaced. Numbers of cheques
/// repeat from one drawer to the next, so there the retailer belongs to it.
fn reference_key(reference: &str, method: Method, retailer: RetailerId) -> Option<String> {
    let plain: String = reference.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    if plain.is_empty() {
        return None;
    }
    Some(if method == Method::Cheque { format!("{plain}/{retailer}") } else { plain })
}

/// The refusal of a payment whose reference was recorded before. One statement where there is a reference.
async fn duplicate(tx: &mut Tx, cycle: &Cycle, payment: &NewPayment) -> Result<Option<Refusal>, DbError> {
    let Some(key) = payment.reference_key.as_deref() else { return Ok(None) };
    let first = cycles::payment_by_reference(tx, cycle.vendor_id, payment.method, key).await?;
    Ok(first.map(|(first, amount, paid_on)| Refusal::DuplicatePayment { first, amount, paid_on }))
}

fn repaid_cycle(before: &Cycle, paid: &Settlement, on: BusinessDate) -> Result<Cycle, Overflow> {
    let outstanding = before.outstanding.minus(paid.principal)?;
    let is_paid_off = outstanding.is_zero();
    Ok(Cycle {
        outstanding,
        repaid: before.repaid.plus(paid.principal)?,
        discount: before.discount.plus(paid.discount)?,
        interest: before.interest.plus(paid.interest)?,
        status: if is_paid_off { CycleStatus::FullyPaid } else { CycleStatus::PartiallyPaid },
        last_repayment_on: Some(on),
        closed_on: is_paid_off.then_some(on),
        version: before.version.saturating_add(1),
        ..before.clone()
    })
}

async fn journal(
    tx: &mut Tx,
    cx: &Context,
    cycle: &Cycle,
    paid: &Settlement,
    payment: &NewPayment,
) -> Result<Posted, DbError> {
    let credit = |amount: Money| amount.negated().map_err(broken);
    let postings = Balanced::new(vec![
        (Account::Cash(payment.method), paid.cash),
        (Account::DiscountAllowed, paid.discount),
        (Account::Receivable, credit(paid.principal)?),
        (Account::InterestIncome, credit(paid.interest)?),
        (Account::Rounding, credit(paid.rounding)?),
    ]);
    let entry = NewEntry {
        retailer: cycle.retailer_id,
        vendor: cycle.vendor_id,
        kind: EntryKind::Repayment,
        business_date: payment.paid_on,
        order: cycle.order_id,
        cycle: Some(cycle.id),
        payment: Some(payment.id),
        reverses: None,
        memo: cycle.number.clone(),
        postings: postings.map_err(|error| DbError::Constraint(error.to_string()))?,
    };
    ledger::post(tx, cx, vec![entry]).await?.pop().ok_or(DbError::Missing("the entry that was posted"))
}

/// Takes repaid principal off the locked line.
async fn give_back(tx: &mut Tx, cx: &Context, line: &mut Line, principal: Money) -> Result<(), DbError> {
    let minus = principal.negated().map_err(broken)?;
    line.outstanding = line.outstanding.plus(minus).map_err(broken)?;
    line.position_seq = line.position_seq.saturating_add(1);
    let (pair, seq) = (line.pair(), line.position_seq);
    lines::move_positions(tx, &[Move { pair, reserved: Money::ZERO, outstanding: minus, seq, at: cx.now }]).await
}

async fn tell(tx: &mut Tx, cx: &Context, retailer: RetailerId, repaid: &Repaid) -> Result<(), DbError> {
    let retailer = parties::retailers(tx, &[retailer]).await?.remove(&retailer);
    let retailer = retailer.ok_or(DbError::Missing("the retailer of a cycle"))?;
    notify::send(tx, cx, words::receipt(&retailer, repaid).into_iter().collect()).await
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    #[test]
    fn references_are_compared_by_letters_and_digits() {
        let retailer = RetailerId::from_bits(1);
        let key = |text, method| reference_key(text, method, retailer);
        assert_eq!(key(" txn-001 a", Method::Esewa), key("TXN001A", Method::Esewa));
        assert_eq!(key("--", Method::Esewa), None);
        assert_ne!(key("77", Method::Cheque), reference_key("77", Method::Cheque, RetailerId::from_bits(2)));
        assert_eq!(key("77", Method::Bank), reference_key("77", Method::Bank, RetailerId::from_bits(2)));
    }
}
