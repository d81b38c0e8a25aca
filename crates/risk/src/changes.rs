//! What operators do to rules and to what the rules did.

use audit::Entry;
use credit::{CreditChange, LineChange};
use db::{DbError, Tx};
use kernel::{ActionId, Context, Money, Scope};

use crate::model::{Action, ActionKind, Ending};
use crate::refusal::Refusal;
use crate::rules::Category;
use crate::store::{self, RuleVersion};

/// Characters of a reason.
const REASON_MOST: usize = 500;

fn reasoned(reason: &str) -> Result<String, Refusal> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MOST {
        return Err(Refusal::Field { field: "reason", right: "1 to 500 characters" });
    }
    Ok(reason.to_owned())
}

/// Makes a new version of a rule, with a reason. For operators; audited with before and after.
pub async fn change_rule(
    tx: &mut Tx,
    cx: &Context,
    (category, seen_version): (Category, Option<i64>),
    rule: serde_json::Value,
    reason: &str,
) -> Result<Result<RuleVersion, Refusal>, DbError> {
    let reason = match reasoned(reason) {
        Ok(reason) => reason,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let in_force = store::rules(tx).await?;
    let version = in_force.version(category);
    if seen_version.is_some_and(|seen| seen != version) {
        return Ok(Err(Refusal::VersionMismatch { version }));
    }
    let mut rules = in_force.rules.clone();
    let before = rules.get(category);
    if let Err(bad) = rules.set(category, rule) {
        return Ok(Err(bad.into()));
    }
    if let Err(bad) = rules.checked() {
        return Ok(Err(bad.into()));
    }
    let (after, version) = (rules.get(category), version.saturating_add(1));
    if !store::insert_rule(tx, cx, category, version, &after, &reason).await? {
        return Ok(Err(Refusal::VersionMismatch { version }));
    }
    let entry = Entry::new(cx, audit::PLATFORM, "risk.rule", category)
        .before(before)
        .after(after.clone())
        .reason(reason.clone());
    audit::record(tx, vec![entry]).await?;
    let actor = Some(cx.actor.to_string());
    Ok(Ok(RuleVersion { category, version, rule: after, reason: Some(reason), actor, at: Some(cx.now) }))
}

/// Undoes what a rule did, with a reason: a pause is lifted, a cut is given back. The same cause does not act again. For
/// operators.
pub async fn undo(tx: &mut Tx, cx: &Context, id: ActionId, reason: &str) -> Result<Result<Action, Refusal>, DbError> {
    let reason = match reasoned(reason) {
        Ok(reason) => reason,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(known) = store::action(tx, id).await? else { return Ok(Err(Refusal::NotFound("action"))) };
    // The retailer's lock comes first, as with everything that decides on credit.
    parties::retailers_for_update(tx, &[known.retailer_id]).await?;
    let Some(mut action) = store::action(tx, id).await? else { return Ok(Err(Refusal::NotFound("action"))) };
    if action.ended_at.is_some() || action.kind == ActionKind::Restore {
        return Ok(Err(Refusal::ActionOver));
    }
    let is_done = match action.kind {
        ActionKind::Pause => {
            credit::change_credit(tx, cx, action.retailer_id, None, CreditChange::LiftOverdue, &reason).await?.is_ok()
        }
        ActionKind::Cut | ActionKind::Restore => give_back(tx, cx, &action, &reason).await?,
    };
    if !is_done {
        return Ok(Err(Refusal::ActionOver));
    }
    store::end_actions(tx, &[id], Ending::Undone, cx.now).await?;
    (action.ended_at, action.ended_how) = (Some(cx.now), Some(Ending::Undone));
    let entry = Entry::new(cx, action.retailer_id, "risk.undone", id)
        .before(serde_json::json!({ "kind": action.kind, "cause": action.cause }))
        .reason(reason);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(action))
}

/// Gives back what one cut took. The line's other cuts go on from the version that this makes.
async fn give_back(tx: &mut Tx, cx: &Context, action: &Action, reason: &str) -> Result<bool, DbError> {
    let Some((line_id, vendor)) = action.line_id.zip(action.vendor_id) else { return Ok(false) };
    let pair = (action.retailer_id, vendor);
    let Some(line) = credit::lines_for_update(tx, &[pair], cx.today()).await?.remove(&pair) else { return Ok(false) };
    if credit::limit_overridden(tx, pair, action.line_version.unwrap_or(0)).await? {
        return Ok(false);
    }
    let (before, after) = (action.before.unwrap_or(Money::ZERO), action.after.unwrap_or(Money::ZERO));
    let Ok(limit) = before.minus(after).and_then(|lost| line.limit.plus(lost)) else { return Ok(false) };
    let change = LineChange { limit: Some(limit), reason: reason.to_owned(), ..LineChange::default() };
    match credit::change_line(tx, cx, Scope::All, line_id, change).await? {
        Ok(changed) => {
            store::move_cuts(tx, (action.retailer_id, line_id), changed.version).await?;
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}
