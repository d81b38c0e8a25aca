//! What retailers say they paid. A claim changes nothing until the vendor or an operator confirms it.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{ClaimId, Context, Scope};

use super::model::{Claim, ClaimStatus, NewClaim, NewPayment, Outcome, Recorded};
use super::reference::{self, Reference};
use super::rules::{Named, Spread};
use super::{not_by_a_retailer, reason, record_on, store, tell};
use crate::model::Line;
use crate::refusal::Refusal;
use crate::store::lines;
use crate::words;

/// Writes down what a retailer says it paid. The same reference again answers the claim that waits.
pub async fn claim(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    new: &NewClaim,
) -> Result<Result<Outcome<Claim>, Refusal>, DbError> {
    let pair = new.pair;
    if lines::granted_at(tx, scope, pair).await?.is_none() {
        return Ok(Err(Refusal::NotFound("credit line")));
    }
    let reference = match check(cx, new) {
        Ok(reference) => reference,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let claim = Claim {
        id: cx.id(),
        retailer_id: pair.0,
        vendor_id: pair.1,
        amount: new.amount,
        method: new.method,
        reference: reference.text,
        paid_on: new.on,
        status: ClaimStatus::Open,
        reason: None,
        payment_id: None,
        created_at: cx.now,
        decided_at: None,
    };
    if !store::insert_claim(tx, cx, &claim, reference.key.as_deref()).await? {
        let key = reference.key.unwrap_or_default();
        let first = store::open_claim(tx, pair, new.method, &key).await?;
        return first.map(|first| Ok(Outcome::AlreadyApplied(first))).ok_or(DbError::Missing("the first claim"));
    }
    let entry = Entry::new(cx, pair.0, "payment.claimed", claim.id).after(serde_json::json!({
        "vendorId": pair.1, "amount": claim.amount, "method": claim.method, "reference": claim.reference,
        "paidOn": claim.paid_on,
    }));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(Outcome::Applied(claim)))
}

fn check(cx: &Context, new: &NewClaim) -> Result<Reference, Refusal> {
    if !new.amount.is_positive() {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    if new.on > cx.today() {
        return Err(Refusal::Field { field: "on", right: "today or earlier" });
    }
    reference::read(new.reference.as_deref(), new.method, new.pair.0)
}

/// How a claim is confirmed: to which cycles its money goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The cycles with their parts; the oldest due first where none are named.
    pub named: Option<Vec<Named>>,
    /// Whether what is above all that is owed is kept for later instead of refused.
    pub keep_excess: bool,
}

/// Confirms a claim: it becomes a payment, whose receipt the retailer gets. Where the payment is refused, the claim waits
/// on; one that was confirmed before answers itself without a payment.
pub async fn confirm(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: ClaimId,
    answer: Answer,
) -> Result<Result<Outcome<(Claim, Option<Recorded>)>, Refusal>, DbError> {
    let (line, mut claim) = match open_for_update(tx, cx, scope, id, ClaimStatus::Confirmed).await? {
        Ok(Outcome::Applied(open)) => open,
        Ok(Outcome::AlreadyApplied((_, claim))) => return Ok(Ok(Outcome::AlreadyApplied((claim, None)))),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let spread =
        Spread { amount: Some(claim.amount), named: answer.named, on: claim.paid_on, keep_excess: answer.keep_excess };
    let new = NewPayment { pair: claim.pair(), spread, method: claim.method, reference: claim.reference.clone() };
    let recorded = match record_on(tx, cx, line, &new).await? {
        Ok(done) => done.into_recorded()?,
        Err(refusal) => return Ok(Err(refusal)),
    };
    claim.payment_id = Some(recorded.payment.payment.id);
    decide(tx, cx, &mut claim, ClaimStatus::Confirmed).await?;
    Ok(Ok(Outcome::Applied((claim, Some(recorded)))))
}

/// Rejects a claim with a reason, which the retailer is told.
pub async fn reject(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: ClaimId,
    why: &str,
) -> Result<Result<Outcome<Claim>, Refusal>, DbError> {
    let why = match reason(why) {
        Ok(why) => why,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut claim = match open_for_update(tx, cx, scope, id, ClaimStatus::Rejected).await? {
        Ok(Outcome::Applied((_, claim))) => claim,
        Ok(Outcome::AlreadyApplied((_, claim))) => return Ok(Ok(Outcome::AlreadyApplied(claim))),
        Err(refusal) => return Ok(Err(refusal)),
    };
    claim.reason = Some(why);
    decide(tx, cx, &mut claim, ClaimStatus::Rejected).await?;
    tell(tx, cx, claim.retailer_id, |retailer| words::claim_rejected(retailer, &claim)).await?;
    Ok(Ok(Outcome::Applied(claim)))
}

/// Locks a claim's line and reads the claim behind the lock: applied where it is open, already applied where it has the
/// answer that is to be given.
async fn open_for_update(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: ClaimId,
    answer: ClaimStatus,
) -> Result<Result<Outcome<(Line, Claim)>, Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let not_found = Refusal::NotFound("claim");
    let Some(seen) = store::claim(tx, scope, id).await? else { return Ok(Err(not_found)) };
    let Some(line) = lines::of_pair_for_update(tx, scope, seen.pair()).await? else { return Ok(Err(not_found)) };
    let claim = store::claim(tx, scope, id).await?.ok_or(DbError::Missing("a claim that was there"))?;
    Ok(match claim.status {
        ClaimStatus::Open => Ok(Outcome::Applied((line, claim))),
        status if status == answer => Ok(Outcome::AlreadyApplied((line, claim))),
        status => Err(Refusal::ClaimDecided { status }),
    })
}

async fn decide(tx: &mut Tx, cx: &Context, claim: &mut Claim, status: ClaimStatus) -> Result<(), DbError> {
    claim.status = status;
    claim.decided_at = Some(cx.now);
    store::decide_claim(tx, cx, claim).await?;
    let mut entry = Entry::new(cx, claim.retailer_id, "payment.claim_answered", claim.id)
        .before(serde_json::json!({ "status": ClaimStatus::Open }))
        .after(serde_json::json!({ "status": status, "paymentId": claim.payment_id }));
    if let Some(reason) = &claim.reason {
        entry = entry.reason(reason.clone());
    }
    audit::record(tx, vec![entry]).await
}
