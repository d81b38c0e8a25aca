//! What an operator does to one cycle: closing it, which writes the rest off, extending its due date, noting something.
//!
//! Statements, audit apart: closing 3 (3 waited for) and those of the adjustment; changing 3 (2 waited for).

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Actor, BusinessDate, Context, CycleId, Money, Scope};
use serde::Deserialize;

use crate::adjustments::{AdjustmentKind, Change, carry_out, closed, cycle_for_update};
use crate::discipline::score_again;
use crate::disputes::open_dispute;
use crate::model::{Cycle, CycleStatus};
use crate::refusal::{Refusal, by_an_operator, reason};
use crate::store::discipline::insert_due_change;
use crate::store::{broken, cycles};

/// The furthest that a due date is set, from today.
const MOST_DAYS_AHEAD: i64 = 365;
/// Characters of a note.
const LONGEST_NOTE: usize = 1_000;

/// What is to change on a cycle. What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CycleChange {
    /// The new due date, later than the one before; for operators.
    #[serde(default)]
    pub due_on: Option<BusinessDate>,
    /// The new note; an empty one takes it away.
    #[serde(default)]
    pub note: Option<String>,
    /// Why, where the due date is extended; 1 to 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Closes a cycle with a reason; what is open on it is written off. For operators. Closing it again answers the same.
pub async fn close(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: CycleId,
    why: &str,
) -> Result<Result<Cycle, Refusal>, DbError> {
    let because = match by_an_operator(cx).and_then(|()| reason(why)) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some((mut line, cycle)) = cycle_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    match cycle.status {
        CycleStatus::Closed => return Ok(Ok(cycle)),
        CycleStatus::FullyPaid => return Ok(Err(closed(&cycle))),
        CycleStatus::Active | CycleStatus::PartiallyPaid => {}
    }
    if let Some(refusal) = open_dispute(tx, &cycle).await? {
        return Ok(Err(refusal));
    }
    let amount = cycle.outstanding.negated().map_err(broken)?;
    let before = cycle.status;
    let change =
        Change { kind: AdjustmentKind::WriteOff, amount, backs: Vec::new(), dispute: None, reason: because.clone() };
    let mut cycle = carry_out(tx, cx, &mut line, cycle, change).await?.cycle;
    cycle.status = CycleStatus::Closed;
    cycles::update(tx, &cycle).await?;
    let entry = Entry::new(cx, cycle.retailer_id, "cycle.closed", cycle.id)
        .before(serde_json::json!({ "status": before }))
        .after(serde_json::json!({ "status": cycle.status, "writtenOff": amount.negated().unwrap_or(Money::ZERO) }))
        .reason(because);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(cycle))
}

/// The conditions of a cycle after a change.
fn changed(cx: &Context, cycle: &Cycle, change: &CycleChange) -> Result<Cycle, Refusal> {
    let mut after = cycle.clone();
    if let Some(due_on) = change.due_on {
        by_an_operator(cx)?;
        if !cycle.status.is_open() {
            return Err(closed(cycle));
        }
        if due_on <= cycle.due_on || due_on > cx.today().plus_days(MOST_DAYS_AHEAD) {
            return Err(Refusal::Field { field: "dueOn", right: "later than it is now, at most 365 days ahead" });
        }
        after.due_on = due_on;
    }
    if let Some(note) = &change.note {
        let note = note.trim();
        if note.chars().count() > LONGEST_NOTE {
            return Err(Refusal::Field { field: "note", right: "at most 1000 characters" });
        }
        after.note = (!note.is_empty()).then(|| note.to_owned());
    }
    after.version = cycle.version.saturating_add(1);
    Ok(after)
}

/// Extends the due date of a cycle, with a reason, or notes something on it. `version` is the one that the caller saw,
/// where it says so.
pub async fn change_cycle(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: CycleId,
    version: Option<i64>,
    change: &CycleChange,
) -> Result<Result<Cycle, Refusal>, DbError> {
    if matches!(cx.actor, Actor::Retailer(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the vendor or an operator" }));
    }
    let because = match (change.due_on, change.reason.as_deref()) {
        (None, None) => None,
        (_, why) => match reason(why.unwrap_or_default()) {
            Ok(because) => Some(because),
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let Some((_line, before)) = cycle_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    if version.is_some_and(|seen| seen != before.version) {
        return Ok(Err(Refusal::VersionMismatch { version: before.version }));
    }
    let after = match changed(cx, &before, change) {
        Ok(after) => after,
        Err(refusal) => return Ok(Err(refusal)),
    };
    cycles::update(tx, &after).await?;
    if after.due_on != before.due_on {
        insert_due_change(tx, (&before, &after), cx.now).await?;
    }
    let mut entry = Entry::new(cx, after.retailer_id, "cycle.changed", after.id)
        .before(serde_json::json!({ "dueOn": before.due_on, "note": before.note }))
        .after(serde_json::json!({ "dueOn": after.due_on, "note": after.note }));
    if let Some(because) = because {
        entry = entry.reason(because);
    }
    audit::record(tx, vec![entry]).await?;
    if after.due_on != before.due_on {
        score_again(tx, cx, [after.retailer_id]).await?;
    }
    Ok(Ok(after))
}
