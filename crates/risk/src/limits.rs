//! Cuts of limits after delays one after another, and giving them back after a clean time.
//!
//! A run of delays cuts once: a cut remembers the cycles that caused it, and a run that holds any of them has acted. What is
//! given back is the sum of the line's cuts that are in force, no more and no less; where somebody else has changed the
//! limit since, it counts, and the cuts end without a trace on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use credit::{Behaviour, LatestCycle, Line, LineChange, Pair};
use db::{DbError, Tx};
use kernel::{ActionId, BusinessDate, Context, CycleId, Money, RetailerId, Scope, VendorId};

use crate::cause::Cause;
use crate::model::{Action, ActionKind, Ending, judged_on};
use crate::rules::{Category, LATEST_MOST};
use crate::store::{self, InForce};
use crate::words;

/// The limit after a cut: whole rupees, down.
fn cut(limit: Money, percent: i64) -> Money {
    let kept = i128::from(limit.paisa()).saturating_mul(i128::from(100_i64.saturating_sub(percent)));
    let rupees = kept.checked_div(100 * 100).and_then(|rupees| i64::try_from(rupees).ok()).unwrap_or(0);
    Money::from_rupees(rupees).unwrap_or(Money::ZERO)
}

/// The latest cycles that were late, one after another from the newest.
fn run_of(behaviour: &Behaviour) -> Vec<&LatestCycle> {
    behaviour.latest.iter().take_while(|cycle| cycle.is_late).collect()
}

/// The cuts that a run of delays caused, and those of earlier runs.
fn split<'a>(earlier: &'a [Action], run: &[&LatestCycle]) -> (Vec<&'a Action>, Vec<&'a Action>) {
    let in_run: BTreeSet<CycleId> = run.iter().map(|cycle| cycle.id).collect();
    earlier.iter().partition(|action| action.cycles.iter().any(|cycle| in_run.contains(cycle)))
}

/// Whether [`settle_cuts`] would do anything for a retailer with these cuts: not where its run has acted already.
pub(crate) fn has_cuts_to_settle(in_force: &InForce, behaviour: &Behaviour, earlier: &[Action]) -> bool {
    let run = run_of(behaviour);
    let (same, past) = split(earlier, &run);
    in_force.rules.cuts(run.len()) && (same.is_empty() || !past.is_empty())
}

/// Cuts a retailer's limits where its latest cycles ask for it. Returns how many lines were cut.
pub async fn settle_cuts(tx: &mut Tx, cx: &Context, in_force: &InForce, id: RetailerId) -> Result<usize, DbError> {
    let Some(retailer) = parties::retailers_for_update(tx, &[id]).await?.remove(&id) else { return Ok(0) };
    let earlier = store::actions_with_cause(tx, &[id], ActionKind::Cut).await?.remove(&id).unwrap_or_default();
    let today = judged_on(cx, &earlier);
    let lines = credit::lines_of_retailers_for_update(tx, &[id], today).await?;
    let behaviour = credit::behaviour(tx, &[id], today, LATEST_MOST, 0).await?.remove(&id).unwrap_or_default();
    let run = run_of(&behaviour);
    let rules = &in_force.rules;
    let (same, past) = split(&earlier, &run);
    if !past.is_empty() && run.len() < LATEST_MOST {
        // Those runs are over: their cycles are not among the latest late ones any more.
        store::end_causes(tx, &past.iter().map(|action| action.id).collect::<Vec<_>>(), cx.now).await?;
    }
    if !rules.cuts(run.len()) || !same.is_empty() || (run.len() >= LATEST_MOST && !earlier.is_empty()) {
        return Ok(0);
    }
    let percent = rules.consecutive_delays.cut_percent;
    let cause = Cause::Delays {
        delays: i64::try_from(run.len()).unwrap_or(i64::MAX),
        numbers: run.iter().map(|cycle| cycle.number.clone()).collect(),
        percent,
    };
    let by_vendor: BTreeMap<VendorId, &Line> = lines.values().map(|line| (line.vendor_id, line)).collect();
    let mut done = Vec::new();
    for line in by_vendor.into_values() {
        let limit = cut(line.limit, percent);
        if limit >= line.limit {
            continue;
        }
        let change = LineChange {
            limit: Some(limit),
            reason: cause.sentence(parties::Language::English),
            ..LineChange::default()
        };
        let Ok(changed) = credit::change_line(tx, cx, Scope::All, line.id, change).await? else { continue };
        let action = Action {
            id: cx.id(),
            retailer_id: id,
            vendor_id: Some(line.vendor_id),
            line_id: Some(line.id),
            kind: ActionKind::Cut,
            category: Category::ConsecutiveDelays,
            rule_version: in_force.version(Category::ConsecutiveDelays),
            cycles: run.iter().map(|cycle| cycle.id).collect(),
            before: Some(line.limit),
            after: Some(changed.limit),
            line_version: Some(changed.version),
            cause: cause.clone(),
            at: cx.now,
            ended_at: None,
            ended_how: None,
        };
        let first = run.last().map(|cycle| cycle.id.to_string()).unwrap_or_default();
        store::insert_action(tx, &action, format!("cut:{}:{first}", line.id)).await?;
        done.push(action);
    }
    tell(tx, cx, &retailer, &done).await?;
    Ok(done.len())
}

/// Of a retailer's cuts that are in force, whether [`settle_restores`] has to look closer: where one is old enough to be
/// given back, or the line was changed after it.
pub(crate) fn has_restores_to_settle(
    in_force: &InForce,
    cuts: &[Action],
    lines: &HashMap<Pair, Line>,
    today: BusinessDate,
) -> bool {
    let rule = &in_force.rules.limit_restore;
    cuts.iter().any(|cut| {
        let line = cut.vendor_id.and_then(|vendor| lines.get(&(cut.retailer_id, vendor)));
        let is_changed = line.is_none_or(|line| Some(line.version) != cut.line_version);
        is_changed || (rule.enabled && today.days_since(cut.at.business_date()) >= rule.days)
    })
}

/// Gives back what was cut of a retailer's lines where nothing has been overdue for long enough. Returns how many lines
/// got theirs back.
pub async fn settle_restores(tx: &mut Tx, cx: &Context, in_force: &InForce, id: RetailerId) -> Result<usize, DbError> {
    let Some(retailer) = parties::retailers_for_update(tx, &[id]).await?.remove(&id) else { return Ok(0) };
    let today = cx.today();
    let lines = credit::lines_of_retailers_for_update(tx, &[id], today).await?;
    let cuts = store::running_cuts(tx, &[id]).await?.remove(&id).unwrap_or_default();
    if cuts.is_empty() {
        return Ok(0);
    }
    let last_late = credit::last_overdue_day(tx, id, today).await?;
    let mut done = Vec::new();
    let by_vendor: BTreeMap<VendorId, &Line> = lines.values().map(|line| (line.vendor_id, line)).collect();
    for line in by_vendor.into_values() {
        let of_line: Vec<&Action> = cuts.iter().filter(|action| action.line_id == Some(line.id)).collect();
        let Some(last) = of_line.last() else { continue };
        let ids: Vec<ActionId> = of_line.iter().map(|action| action.id).collect();
        let since_version = of_line.iter().filter_map(|action| action.line_version).min().unwrap_or(0);
        if credit::limit_overridden(tx, line.pair(), since_version).await? {
            store::end_actions(tx, &ids, Ending::Overridden, cx.now).await?;
            continue;
        }
        let since = clean_since(last, last_late);
        let days = today.days_since(since);
        if !in_force.rules.limit_restore.enabled || days < in_force.rules.limit_restore.days {
            continue;
        }
        done.extend(restore(tx, cx, in_force, line, (&of_line, &ids), (since, days)).await?);
    }
    tell(tx, cx, &retailer, &done).await?;
    Ok(done.len())
}

/// The day since which nothing was overdue, from a cut on.
fn clean_since(cut: &Action, last_late: Option<BusinessDate>) -> BusinessDate {
    let cut_on = cut.at.business_date();
    last_late.map_or(cut_on, |late| late.max(cut_on))
}

async fn restore(
    tx: &mut Tx,
    cx: &Context,
    in_force: &InForce,
    line: &Line,
    (cuts, ids): (&[&Action], &[ActionId]),
    (since, days): (BusinessDate, i64),
) -> Result<Option<Action>, DbError> {
    let lost = cuts.iter().map(|cut| {
        let (before, after) = (cut.before.unwrap_or(Money::ZERO), cut.after.unwrap_or(Money::ZERO));
        before.minus(after).unwrap_or(Money::ZERO)
    });
    let Ok(amount) = Money::sum(lost) else { return Ok(None) };
    let Ok(limit) = line.limit.plus(amount) else { return Ok(None) };
    let cause = Cause::Clean { since, days, amount };
    let reason = cause.sentence(parties::Language::English);
    let change = LineChange { limit: Some(limit), reason, ..LineChange::default() };
    let Ok(changed) = credit::change_line(tx, cx, Scope::All, line.id, change).await? else { return Ok(None) };
    store::end_actions(tx, ids, Ending::Restored, cx.now).await?;
    let action = Action {
        id: cx.id(),
        retailer_id: line.retailer_id,
        vendor_id: Some(line.vendor_id),
        line_id: Some(line.id),
        kind: ActionKind::Restore,
        category: Category::LimitRestore,
        rule_version: in_force.version(Category::LimitRestore),
        cycles: Vec::new(),
        before: Some(line.limit),
        after: Some(changed.limit),
        line_version: Some(changed.version),
        cause,
        at: cx.now,
        ended_at: None,
        ended_how: None,
    };
    let newest = ids.last().map(ToString::to_string).unwrap_or_default();
    store::insert_action(tx, &action, format!("restore:{}:{newest}", line.id)).await?;
    Ok(Some(action))
}

/// Tells the retailer and the vendors of changed limits.
async fn tell(tx: &mut Tx, cx: &Context, retailer: &parties::Retailer, actions: &[Action]) -> Result<(), DbError> {
    if actions.is_empty() {
        return Ok(());
    }
    let ids: Vec<VendorId> = actions.iter().filter_map(|action| action.vendor_id).collect();
    let vendors = parties::vendors(tx, &ids).await?;
    notify::send_by_day(tx, cx, words::limits_changed(retailer, &vendors, actions)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_whole_rupees_rounded_down() {
        let of = |paisa, percent| cut(Money::from_paisa(paisa), percent).paisa();
        assert_eq!(of(1_000_000, 25), 750_000);
        assert_eq!(of(133_333, 25), 99_900);
        assert_eq!((of(0, 25), of(199, 25), of(100, 90)), (0, 1_00, 0));
    }
}
