//! What holds over several lines: a retailer's credit as a whole with its cap, and a vendor's ceiling.
//!
//! Each change is made under the lock that decisions take first, so that an order placed after the answer has seen it: the
//! retailer's row for its status and cap, all lines of the vendor and then its row for a ceiling. A cap or ceiling may be
//! set below what is used; then no new credit is given.
//!
//! Statements, audit apart: 2 for a retailer, 3 for a vendor, one of each not waited for.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, Money, RetailerId, VendorId};
use parties::{CreditCause, CreditStatus, Retailer, Vendor};

use crate::refusal::{Refusal, by_an_operator, reason};
use crate::store::lines;

/// The most days overdue that may be set.
const MOST_OVERDUE_DAYS: i64 = 365;

/// What is done to a retailer's credit as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditChange {
    /// Stops new credit, whatever caused an earlier stop.
    Pause,
    /// Stops new orders, for cash too.
    Block,
    /// Gives new credit again.
    Unpause,
    /// Sets the most that may be used over all lines, or lifts it.
    Cap(Option<Money>),
    /// Sets what holds beside each line's own: the most that may be ordered at once, and the days overdue after which
    /// there is no new credit. Left out, only the lines' own hold.
    Guardrails {
        /// Above zero.
        max_order: Option<Money>,
        /// 0 to 365 days.
        max_overdue_days: Option<i64>,
    },
    /// Stops new credit because something is overdue for too long; nothing where it is stopped already.
    PauseOverdue,
    /// Ends such a stop; nothing where something else stopped it.
    LiftOverdue,
}

/// The retailer after a change; nothing where it is so already.
fn changed(before: &Retailer, change: CreditChange, because: &str) -> Option<Retailer> {
    let mut after = before.clone();
    let stop = |after: &mut Retailer, status, cause| {
        (after.credit_status, after.credit_cause) = (status, Some(cause));
    };
    let is_active = before.credit_status == CreditStatus::Active;
    match change {
        CreditChange::Pause => stop(&mut after, CreditStatus::Paused, CreditCause::Operator),
        CreditChange::Block => stop(&mut after, CreditStatus::Blocked, CreditCause::Operator),
        CreditChange::PauseOverdue if is_active => stop(&mut after, CreditStatus::Paused, CreditCause::Overdue),
        CreditChange::LiftOverdue if before.credit_cause == Some(CreditCause::Overdue) => {
            (after.credit_status, after.credit_cause) = (CreditStatus::Active, None);
        }
        CreditChange::PauseOverdue | CreditChange::LiftOverdue => {}
        CreditChange::Guardrails { max_order, max_overdue_days } => {
            (after.max_order, after.max_overdue_days) = (max_order, max_overdue_days);
        }
        CreditChange::Unpause => (after.credit_status, after.credit_cause) = (CreditStatus::Active, None),
        CreditChange::Cap(cap) => after.cap = cap,
    }
    if after == *before {
        return None;
    }
    if !matches!(change, CreditChange::Cap(_) | CreditChange::Guardrails { .. }) {
        after.credit_reason = after.credit_cause.map(|_| because.to_owned());
    }
    after.version = before.version.saturating_add(1);
    Some(after)
}

fn not_negative(field: &'static str, limit: Option<Money>) -> Result<(), Refusal> {
    if limit.is_some_and(Money::is_negative) {
        return Err(Refusal::Field { field, right: "zero or more, or left out to lift it" });
    }
    Ok(())
}

/// Whether a change could be: its amounts and days.
fn possible(change: CreditChange) -> Result<(), Refusal> {
    let refuse = |field, right| Err(Refusal::Field { field, right });
    match change {
        CreditChange::Cap(cap) => not_negative("cap", cap),
        CreditChange::Guardrails { max_order: Some(most), .. } if !most.is_positive() => {
            refuse("maxOrder", "above zero, or left out")
        }
        CreditChange::Guardrails { max_overdue_days: Some(days), .. } if !(0..=MOST_OVERDUE_DAYS).contains(&days) => {
            refuse("maxOverdueDays", "0 to 365 days, or left out")
        }
        _ => Ok(()),
    }
}

/// Changes a retailer's credit as a whole, with a reason. For operators. What is so already stays as it is.
pub async fn change_credit(
    tx: &mut Tx,
    cx: &Context,
    id: RetailerId,
    seen_version: Option<i64>,
    change: CreditChange,
    why: &str,
) -> Result<Result<Retailer, Refusal>, DbError> {
    let because = match by_an_operator(cx).and_then(|()| possible(change)).and_then(|()| reason(why)) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(before) = parties::retailers_for_update(tx, &[id]).await?.remove(&id) else {
        return Ok(Err(Refusal::NotFound("retailer")));
    };
    if seen_version.is_some_and(|seen| seen != before.version) {
        return Ok(Err(Refusal::VersionMismatch { version: before.version }));
    }
    let Some(after) = changed(&before, change, &because) else { return Ok(Ok(before)) };
    parties::update_credit(tx, cx, &after).await?;
    let state = |retailer: &Retailer| {
        serde_json::json!({
            "creditStatus": retailer.credit_status, "creditCause": retailer.credit_cause,
            "creditReason": retailer.credit_reason, "cap": retailer.cap, "maxOrder": retailer.max_order,
            "maxOverdueDays": retailer.max_overdue_days,
        })
    };
    let entry = Entry::new(cx, id, "retailer.credit", id).before(state(&before)).after(state(&after)).reason(because);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(after))
}

/// Sets the most that a vendor lends over all its lines, or lifts it, with a reason. For operators.
pub async fn change_ceiling(
    tx: &mut Tx,
    cx: &Context,
    id: VendorId,
    seen_version: Option<i64>,
    ceiling: Option<Money>,
    why: &str,
) -> Result<Result<Vendor, Refusal>, DbError> {
    let because = match by_an_operator(cx).and_then(|()| not_negative("ceiling", ceiling)).and_then(|()| reason(why)) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    lines::lock_of_vendor(tx, id).await?;
    let Some(mut vendor) = parties::vendor_for_update(tx, id).await? else {
        return Ok(Err(Refusal::NotFound("vendor")));
    };
    if seen_version.is_some_and(|seen| seen != vendor.version) {
        return Ok(Err(Refusal::VersionMismatch { version: vendor.version }));
    }
    let before = vendor.ceiling;
    if before == ceiling {
        return Ok(Ok(vendor));
    }
    (vendor.ceiling, vendor.version) = (ceiling, vendor.version.saturating_add(1));
    parties::update_ceiling(tx, &vendor).await?;
    let entry = Entry::new(cx, id, "vendor.ceiling", id)
        .before(serde_json::json!({ "ceiling": before }))
        .after(serde_json::json!({ "ceiling": ceiling }))
        .reason(because);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(vendor))
}
