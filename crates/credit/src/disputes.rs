//! A retailer does not agree with a cycle, or with one line of its order.
//!
//! `OPEN → UPHELD | REJECTED`, at most one open for each cycle. From the day of the message to the day of the decision the
//! cycle's overdue days and interest stand still, and those days stay out for good (`standstill`); the discount's age goes
//! on, and repaying is allowed. An operator upholds it, which takes an amount off the debt, or rejects it; the retailer is
//! told. Reminders ask [`Cycle::standstill`] and leave a disputed cycle alone.
//!
//! Statements, audit and message apart: opening 4 (2 waited for), 5 with an order line; deciding 4 (3 waited for), and
//! those of the adjustment.

use audit::Entry;
use db::{DbError, Tx, text_enum};
use kernel::{
    Actor, AdjustmentId, BusinessDate, Context, CycleId, DisputeId, Instant, Money, RetailerId, Scope, VendorId,
};
use serde::{Deserialize, Serialize};

use crate::adjustments::{AdjustmentKind, Change, carry_out, closed, concession, cycle_for_update};
use crate::discipline::score_again;
use crate::model::Cycle;
use crate::refusal::{Refusal, by_an_operator, reason};
use crate::store::{cycles, disputes as store};
use crate::words;

text_enum! {
    /// What became of a dispute.
    pub enum DisputeStatus {
        /// It waits for its decision.
        Open = "OPEN",
        /// The retailer was right.
        Upheld = "UPHELD",
        /// The retailer was not.
        Rejected = "REJECTED",
    }
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// Whose it is.
    pub retailer_id: RetailerId,
    /// With whom.
    pub vendor_id: VendorId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// The line of the cycle's order; all of it where there is none.
    pub order_line: Option<i64>,
    /// What is wrong.
    pub reason: String,
    /// What became of it.
    pub status: DisputeStatus,
    /// The day of the message.
    pub opened_on: BusinessDate,
    /// When it was written down.
    pub created_at: Instant,
    /// The day of the decision.
    pub decided_on: Option<BusinessDate>,
    /// Why it was decided so.
    pub decision: Option<String>,
    /// What was taken off the debt.
    pub adjustment_id: Option<AdjustmentId>,
}

/// A dispute to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDispute {
    /// The line of the cycle's order, from 1; all of it where it is left out.
    #[serde(default)]
    pub order_line: Option<i64>,
    /// What is wrong; 1 to 500 characters.
    pub reason: String,
}

/// How a dispute is decided.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// Whether the retailer is right.
    pub upheld: bool,
    /// What is taken off the debt; for one that is upheld, and only then.
    #[serde(default)]
    pub amount: Option<Money>,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

/// Opens a dispute of a cycle on which something is open. For its retailer, or an operator who speaks for it.
pub async fn dispute(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: &NewDispute,
) -> Result<Result<Dispute, Refusal>, DbError> {
    if matches!(cx.actor, Actor::Vendor(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the retailer or an operator" }));
    }
    let because = match reason(&new.reason) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some((_line, mut cycle)) = cycle_for_update(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    if !cycle.status.is_open() {
        return Ok(Err(closed(&cycle)));
    }
    if let Some(refusal) = open_dispute(tx, &cycle).await? {
        return Ok(Err(refusal));
    }
    if let Some(line) = new.order_line
        && !store::has_order_line(tx, &cycle, line).await?
    {
        return Ok(Err(Refusal::Field { field: "orderLine", right: "a line of the cycle's order" }));
    }
    let dispute = Dispute {
        id: cx.id(),
        retailer_id: cycle.retailer_id,
        vendor_id: cycle.vendor_id,
        cycle_id: cycle.id,
        order_line: new.order_line,
        reason: because,
        status: DisputeStatus::Open,
        opened_on: cx.today(),
        created_at: cx.now,
        decided_on: None,
        decision: None,
        adjustment_id: None,
    };
    store::insert(tx, cx, &dispute).await?;
    cycle.standstill.since = Some(dispute.opened_on);
    cycle.version = cycle.version.saturating_add(1);
    cycles::update(tx, &cycle).await?;
    let entry = Entry::new(cx, cycle.retailer_id, "cycle.disputed", cycle.id)
        .after(serde_json::json!({ "disputeId": dispute.id, "orderLine": dispute.order_line }))
        .reason(dispute.reason.clone());
    audit::record(tx, vec![entry]).await?;
    score_again(tx, cx, [cycle.retailer_id]).await?;
    Ok(Ok(dispute))
}

/// The refusal of what an open dispute stands in the way of. One statement where one is open.
pub(crate) async fn open_dispute(tx: &mut Tx, cycle: &Cycle) -> Result<Option<Refusal>, DbError> {
    if cycle.standstill.since.is_none() {
        return Ok(None);
    }
    let open = store::open_of_cycle(tx, cycle.retailer_id, cycle.id).await?;
    Ok(open.map(|dispute| Refusal::DisputeOpen { dispute }))
}

/// Decides a dispute. For operators. Deciding it again in the same way answers what was decided.
pub async fn decide_dispute(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: DisputeId,
    decision: &Decision,
) -> Result<Result<Dispute, Refusal>, DbError> {
    let because = match by_an_operator(cx).and_then(|()| reason(&decision.reason)) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let not_found = Refusal::NotFound("dispute");
    let Some(seen) = store::dispute(tx, scope, id).await? else { return Ok(Err(not_found)) };
    let Some((mut line, mut cycle)) = cycle_for_update(tx, scope, seen.cycle_id).await? else {
        return Ok(Err(not_found));
    };
    // What was seen before the lock may have been decided since.
    let Some(mut dispute) = store::dispute(tx, scope, id).await? else { return Ok(Err(not_found)) };
    let status = if decision.upheld { DisputeStatus::Upheld } else { DisputeStatus::Rejected };
    if dispute.status == status {
        return Ok(Ok(dispute));
    }
    if dispute.status != DisputeStatus::Open {
        return Ok(Err(Refusal::DisputeDecided { status: dispute.status }));
    }
    let amount = match conceded(&cycle, decision) {
        Ok(amount) => amount,
        Err(refusal) => return Ok(Err(refusal)),
    };
    cycle.standstill.end(cx.today());
    if let Some(amount) = amount {
        let change = Change {
            kind: AdjustmentKind::Dispute,
            amount,
            backs: Vec::new(),
            dispute: Some(id),
            reason: because.clone(),
        };
        let adjusted = carry_out(tx, cx, &mut line, cycle, change).await?;
        dispute.adjustment_id = Some(adjusted.adjustment.id);
        cycle = adjusted.cycle;
    } else {
        cycle.version = cycle.version.saturating_add(1);
        cycles::update(tx, &cycle).await?;
    }
    (dispute.status, dispute.decided_on, dispute.decision) = (status, Some(cx.today()), Some(because.clone()));
    store::decide(tx, cx, &dispute).await?;
    let entry = Entry::new(cx, dispute.retailer_id, "dispute.decided", dispute.id)
        .before(serde_json::json!({ "status": DisputeStatus::Open }))
        .after(serde_json::json!({ "status": status, "adjustmentId": dispute.adjustment_id }))
        .reason(because);
    audit::record(tx, vec![entry]).await?;
    let retailer = parties::retailers(tx, &[dispute.retailer_id]).await?.remove(&dispute.retailer_id);
    let retailer = retailer.ok_or(DbError::Missing("the retailer of a dispute"))?;
    notify::send(tx, cx, words::dispute_decided(&retailer, &cycle, &dispute, amount).into_iter().collect()).await?;
    score_again(tx, cx, [dispute.retailer_id]).await?;
    Ok(Ok(dispute))
}

/// What a decision takes off the debt.
fn conceded(cycle: &Cycle, decision: &Decision) -> Result<Option<Money>, Refusal> {
    match (decision.upheld, decision.amount) {
        // It was paid meanwhile: nothing is left to take off, and what comes back is a return.
        (true, None) if cycle.outstanding.is_zero() => Ok(None),
        (true, None) => Err(Refusal::Field { field: "amount", right: "what is taken off the debt" }),
        (true, Some(amount)) => concession(cycle, amount).map(Some),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Refusal::Field { field: "amount", right: "left out where the dispute is rejected" }),
    }
}
