//! What is kept of a payment: applying it to cycles, and giving it back.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, Money, PaymentId, Scope};
use ledger::{Account, Method};

use super::model::{Payment, PaymentStatus, PaymentWithRepayments, Recorded, Source};
use super::reference;
use super::rules::{Named, Spread};
use super::{between, carry_out, not_by_a_retailer, plan, store, tell};
use crate::model::Line;
use crate::refusal::Refusal;
use crate::store::{broken, lines};
use crate::words;

/// Locks the line of a payment, and reads the payment behind the lock.
pub(super) async fn payment_for_update(
    tx: &mut Tx,
    scope: Scope,
    id: PaymentId,
) -> Result<Option<(Line, Payment)>, DbError> {
    let Some(seen) = store::payment(tx, scope, id).await? else { return Ok(None) };
    let Some(line) = lines::of_pair_for_update(tx, scope, seen.pair()).await? else { return Ok(None) };
    let behind = store::payment(tx, scope, id).await?.ok_or(DbError::Missing("a payment that was there"))?;
    Ok(Some((line, behind)))
}

/// A payment of which at least so much waits for a cycle.
fn check_unapplied(payment: &Payment, amount: Option<Money>) -> Result<(), Refusal> {
    if payment.status == PaymentStatus::Reversed {
        return Err(Refusal::PaymentReversed { on: payment.reversed_on.unwrap_or(payment.paid_on) });
    }
    if amount.is_some_and(|amount| !amount.is_positive()) {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    if payment.unapplied.is_zero() || amount.is_some_and(|amount| amount > payment.unapplied) {
        return Err(Refusal::AboveUnapplied { maximum: payment.unapplied });
    }
    Ok(())
}

/// Applies what is kept of a payment to cycles today: those that are named, or the oldest due first. Without an amount
/// as much as is owed.
pub async fn apply(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: PaymentId,
    amount: Option<Money>,
    named: Option<Vec<Named>>,
) -> Result<Result<Recorded, Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let Some((line, mut payment)) = payment_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("payment")));
    };
    if let Err(refusal) = check_unapplied(&payment, amount) {
        return Ok(Err(refusal));
    }
    let on = cx.today();
    // What nobody owes stays where it is.
    let spread = match (amount, &named) {
        (None, None) => Spread { amount: Some(payment.unapplied), named, on, keep_excess: true },
        _ => Spread { amount, named, on, keep_excess: false },
    };
    let plan = match plan(tx, payment.pair(), &spread, (on, on)).await? {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let used = plan.amount.minus(plan.kept).map_err(broken)?;
    if used > payment.unapplied {
        return Ok(Err(Refusal::AboveUnapplied { maximum: payment.unapplied }));
    }
    if plan.shares.is_empty() {
        return Ok(Err(Refusal::Overpayment { maximum: Money::ZERO, maximum_cash: Money::ZERO }));
    }
    payment.unapplied = payment.unapplied.minus(used).map_err(broken)?;
    store::update(tx, &payment).await?;
    let done = carry_out(tx, cx, line, payment, plan, (Source::Advance, on)).await?;
    tell(tx, cx, done.payment.retailer_id, |retailer| words::receipt(retailer, &done)).await?;
    done.into_recorded().map(Ok)
}

/// How something that was kept is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// How much; all that is kept where it is left out.
    pub amount: Option<Money>,
    /// How it is paid.
    pub method: Method,
    /// The reference of that; needed for everything but cash.
    pub reference: Option<String>,
}

/// Gives back what is kept of a payment.
pub async fn refund(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: PaymentId,
    refund: &Refund,
) -> Result<Result<PaymentWithRepayments, Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let Some((_line, mut payment)) = payment_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("payment")));
    };
    let checked = check_unapplied(&payment, refund.amount)
        .and_then(|()| reference::read(refund.reference.as_deref(), refund.method, payment.retailer_id));
    let reference = match checked {
        Ok(reference) => reference.text,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let before = payment.unapplied;
    let amount = refund.amount.unwrap_or(before);
    payment.unapplied = before.minus(amount).map_err(broken)?;
    payment.refunded = payment.refunded.plus(amount).map_err(broken)?;
    store::update(tx, &payment).await?;
    let mut given = between(&payment, (Account::Advances, Account::Cash(refund.method)), amount, cx.today())?;
    given.memo = reference.clone().unwrap_or_default();
    let posted = ledger::post(tx, cx, vec![given]).await?;
    let entry = Entry::new(cx, payment.retailer_id, "payment.refunded", payment.id)
        .before(serde_json::json!({ "unapplied": before }))
        .after(serde_json::json!({
            "unapplied": payment.unapplied, "refunded": payment.refunded, "method": refund.method,
            "reference": reference, "entryId": posted.first().map(|posted| posted.id),
        }));
    audit::record(tx, vec![entry]).await?;
    let repayments = store::repayments(tx, &payment).await?;
    Ok(Ok(PaymentWithRepayments { payment, repayments }))
}
