//! The automatic pause: one evaluator, for schedules, rules and events alike. The first run acts, the others find it done.
//!
//! It reads inside the transaction that pauses, behind the locks of the retailer and of its lines, so that no repayment
//! slips in between. A pause that an operator lifted is not made again for the same bills; when they are paid and late
//! once more, it is. Where the clock was set back behind a pause, its day counts until it comes again.
//!
//! Statements for a retailer: 5 where nothing changes.

use std::collections::BTreeSet;

use credit::{CreditChange, Cycle, Pair};
use db::{DbError, Tx};
use kernel::{ActionId, Context, CycleId, RetailerId};
use parties::{CreditCause, CreditStatus, Retailer};

use crate::cause::Cause;
use crate::model::{Action, ActionKind, Ending, judged_on};
use crate::rules::Category;
use crate::store::{self, InForce};
use crate::words;

/// What the evaluator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// Nothing was to be done.
    AsItWas,
    /// The retailer's credit is paused now.
    Paused,
    /// The pause is lifted.
    Lifted,
}

/// Pauses a retailer's credit, or lifts the automatic pause, as its bills ask for. Nothing for one that is unknown.
pub async fn settle_pause(tx: &mut Tx, cx: &Context, in_force: &InForce, id: RetailerId) -> Result<Evaluated, DbError> {
    let Some(retailer) = parties::retailers_for_update(tx, &[id]).await?.remove(&id) else {
        return Ok(Evaluated::AsItWas);
    };
    let earlier = store::actions_with_cause(tx, &[id], ActionKind::Pause).await?.remove(&id).unwrap_or_default();
    let today = judged_on(cx, &earlier);
    let lines = credit::lines_of_retailers_for_update(tx, &[id], today).await?;
    let worst = lines.values().map(|line| line.worst_overdue_days).max().unwrap_or(0);
    if !in_force.rules.pauses(worst) {
        return lift(tx, cx, in_force, &retailer, &earlier).await;
    }
    if retailer.credit_status != CreditStatus::Active {
        return Ok(Evaluated::AsItWas);
    }
    let pairs: Vec<Pair> = lines.keys().copied().collect();
    let late = credit::late_cycles(tx, &pairs, today, in_force.rules.overdue_block.days).await?;
    // What an operator lifted is still written down here, and does not stop the same bills from being let be.
    let lifted: BTreeSet<CycleId> = earlier.iter().flat_map(|action| action.cycles.iter().copied()).collect();
    let ids: Vec<ActionId> = earlier.iter().map(|action| action.id).collect();
    store::end_actions(tx, &ids, Ending::Undone, cx.now).await?;
    if late.iter().all(|cycle| lifted.contains(&cycle.id)) {
        return Ok(Evaluated::AsItWas);
    }
    store::end_causes(tx, &ids, cx.now).await?;
    pause(tx, cx, in_force, id, (worst, late)).await
}

/// Nothing is overdue for too long: the automatic pause ends, and so do the causes of earlier ones.
async fn lift(
    tx: &mut Tx,
    cx: &Context,
    in_force: &InForce,
    retailer: &Retailer,
    earlier: &[Action],
) -> Result<Evaluated, DbError> {
    let rule = &in_force.rules.overdue_block;
    let is_paused_by_it = retailer.credit_cause == Some(CreditCause::Overdue);
    if is_paused_by_it && !rule.lifts_itself {
        return Ok(Evaluated::AsItWas);
    }
    let ids: Vec<ActionId> = earlier.iter().map(|action| action.id).collect();
    let how = if is_paused_by_it { Ending::Lifted } else { Ending::Undone };
    store::end_actions(tx, &ids, how, cx.now).await?;
    store::end_causes(tx, &ids, cx.now).await?;
    if !is_paused_by_it {
        return Ok(Evaluated::AsItWas);
    }
    let reason = format!("nothing is more than {} days overdue any more", rule.days);
    let change = CreditChange::LiftOverdue;
    let Ok(open) = credit::change_credit(tx, cx, retailer.id, None, change, &reason).await? else {
        return Ok(Evaluated::AsItWas);
    };
    notify::send_by_day(tx, cx, words::lifted(&open, cx.now).into_iter().collect()).await?;
    Ok(Evaluated::Lifted)
}

async fn pause(
    tx: &mut Tx,
    cx: &Context,
    in_force: &InForce,
    id: RetailerId,
    (days, late): (i64, Vec<Cycle>),
) -> Result<Evaluated, DbError> {
    let cause = Cause::Overdue {
        days,
        allowed: in_force.rules.overdue_block.days,
        numbers: late.iter().map(|cycle| cycle.number.clone()).collect(),
    };
    let reason = cause.sentence(parties::Language::English);
    let Ok(paused) = credit::change_credit(tx, cx, id, None, CreditChange::PauseOverdue, &reason).await? else {
        return Ok(Evaluated::AsItWas);
    };
    let action = Action {
        id: cx.id(),
        retailer_id: id,
        vendor_id: None,
        line_id: None,
        kind: ActionKind::Pause,
        category: Category::OverdueBlock,
        rule_version: in_force.version(Category::OverdueBlock),
        cycles: late.iter().map(|cycle| cycle.id).collect(),
        before: None,
        after: None,
        line_version: None,
        cause,
        at: cx.now,
        ended_at: None,
        ended_how: None,
    };
    store::insert_action(tx, &action, format!("pause:{id}")).await?;
    notify::send_by_day(tx, cx, words::paused(&paused, &action).into_iter().collect()).await?;
    Ok(Evaluated::Paused)
}
