//! What changes a cycle's debt without a payment: a return, an upheld dispute, a write-off, a correction.
//!
//! An adjustment is dated today and carries neither discount nor interest. It is decided by a pure function, which says
//! what happens to the debt; everything else only writes that down.
//!
//! | kind | decrease | increase |
//! | --- | --- | --- |
//! | RETURN | returns → receivable | |
//! | DISPUTE | adjustments → receivable | |
//! | WRITE_OFF | bad debt → receivable | |
//! | CORRECTION | adjustments → receivable | receivable → adjustments |
//!
//! Statements, those of `ledger::post` and audit apart: 5, of which 2 are waited for.

use audit::Entry;
use db::{DbError, Tx, text_enum};
use kernel::{AdjustmentId, BusinessDate, Context, CycleId, DisputeId, EntryId, Money, Overflow, Scope};
use ledger::{Account, Balanced, EntryKind, NewEntry};
use serde::{Deserialize, Serialize};

use crate::model::{Cycle, CycleStatus, Line};
use crate::refusal::{Refusal, by_an_operator, reason};
use crate::store::lines::Move;
use crate::store::{adjustments as store, broken, cycles, lines};

text_enum! {
    /// Why a debt changes.
    pub enum AdjustmentKind {
        /// Goods came back.
        Return = "RETURN",
        /// A dispute was upheld.
        Dispute = "DISPUTE",
        /// It is given up.
        WriteOff = "WRITE_OFF",
        /// It was wrong.
        Correction = "CORRECTION",
    }
}

text_enum! {
    /// Whether the debt rises or falls.
    pub enum Sign {
        /// It falls.
        Decrease = "DECREASE",
        /// It rises.
        Increase = "INCREASE",
    }
}

/// An adjustment to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAdjustment {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Why the debt changes.
    pub kind: AdjustmentKind,
    /// Which way; only a correction increases. A decrease where it is left out.
    #[serde(default)]
    pub sign: Option<Sign>,
    /// By how much; above zero.
    pub amount: Money,
    /// Why, in words; 1 to 500 characters.
    pub reason: String,
}

/// An adjustment that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Why.
    pub kind: AdjustmentKind,
    /// What it did to the debt; a decrease is negative.
    pub amount: Money,
    /// The dispute that it follows from.
    pub dispute_id: Option<DisputeId>,
    /// Why, in words.
    pub reason: String,
    /// Its journal entry.
    pub entry_id: EntryId,
    /// Its date.
    pub adjusted_on: BusinessDate,
}

/// An adjustment with the cycle after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Adjusted {
    /// What was done.
    pub adjustment: Adjustment,
    /// The cycle after it.
    pub cycle: Cycle,
}

/// What an adjustment does to a debt: a decrease is negative. Never takes a cycle below zero, and never opens one that
/// was paid or closed.
pub(crate) fn decide(cycle: &Cycle, kind: AdjustmentKind, sign: Sign, amount: Money) -> Result<Money, Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    match sign {
        Sign::Increase if kind != AdjustmentKind::Correction => {
            Err(Refusal::Field { field: "sign", right: "DECREASE; only a correction increases" })
        }
        Sign::Increase if !cycle.status.is_open() => Err(closed(cycle)),
        Sign::Increase => Ok(amount),
        Sign::Decrease if amount > cycle.outstanding => Err(Refusal::AboveOutstanding { maximum: cycle.outstanding }),
        Sign::Decrease => {
            amount.negated().map_err(|_| Refusal::Field { field: "amount", right: "an amount that fits" })
        }
    }
}

pub(crate) fn closed(cycle: &Cycle) -> Refusal {
    Refusal::CycleClosed { number: cycle.number.clone(), status: cycle.status }
}

/// Adjusts a cycle, with a reason. For operators.
pub async fn adjust(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    new: &NewAdjustment,
) -> Result<Result<Adjusted, Refusal>, DbError> {
    let because = match by_an_operator(cx).and_then(|()| reason(&new.reason)) {
        Ok(because) => because,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some((mut line, cycle)) = cycle_for_update(tx, scope, new.cycle_id).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    let amount = match decide(&cycle, new.kind, new.sign.unwrap_or(Sign::Decrease), new.amount) {
        Ok(amount) => amount,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let change = Change { kind: new.kind, amount, dispute: None, reason: because };
    carry_out(tx, cx, &mut line, cycle, change).await.map(Ok)
}

/// A decided adjustment.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: AdjustmentKind,
    /// What it does to the debt.
    pub(crate) amount: Money,
    pub(crate) dispute: Option<DisputeId>,
    pub(crate) reason: String,
}

/// A decrease by an upheld dispute.
pub(crate) fn concession(cycle: &Cycle, amount: Money) -> Result<Money, Refusal> {
    decide(cycle, AdjustmentKind::Dispute, Sign::Decrease, amount)
}

/// Locks the line of a cycle, and reads the cycle behind the lock.
pub(crate) async fn cycle_for_update(tx: &mut Tx, scope: Scope, id: CycleId) -> Result<Option<(Line, Cycle)>, DbError> {
    let Some(line) = lines::of_cycle_for_update(tx, scope, id).await? else { return Ok(None) };
    Ok(cycles::cycle(tx, scope, id).await?.map(|cycle| (line, cycle)))
}

pub(crate) fn adjusted(cycle: &Cycle, amount: Money, on: BusinessDate) -> Result<Cycle, Overflow> {
    let outstanding = cycle.outstanding.plus(amount)?;
    Ok(Cycle {
        outstanding,
        adjusted: cycle.adjusted.plus(amount)?,
        adjusted_on: Some(on),
        status: CycleStatus::of(outstanding, cycle.principal),
        closed_on: outstanding.is_zero().then_some(on),
        version: cycle.version.saturating_add(1),
        ..cycle.clone()
    })
}

pub(crate) fn entry_of(cycle: &Cycle, change: &Change, on: BusinessDate) -> Result<NewEntry, DbError> {
    let (kind, against) = match change.kind {
        AdjustmentKind::Return => (EntryKind::Return, Account::Returns),
        AdjustmentKind::Dispute | AdjustmentKind::Correction => (EntryKind::Adjustment, Account::Adjustments),
        AdjustmentKind::WriteOff => (EntryKind::WriteOff, Account::BadDebt),
    };
    let other = change.amount.negated().map_err(broken)?;
    let postings = Balanced::new(vec![(Account::Receivable, change.amount), (against, other)]);
    Ok(NewEntry {
        retailer: cycle.retailer_id,
        vendor: cycle.vendor_id,
        kind,
        business_date: on,
        order: cycle.order_id,
        cycle: Some(cycle.id),
        payment: None,
        reverses: None,
        memo: cycle.number.clone(),
        postings: postings.map_err(|error| DbError::Constraint(error.to_string()))?,
    })
}

/// Writes a decided adjustment on its locked line: journal, row, cycle, position, audit.
pub(crate) async fn carry_out(
    tx: &mut Tx,
    cx: &Context,
    line: &mut Line,
    before: Cycle,
    change: Change,
) -> Result<Adjusted, DbError> {
    let today = cx.today();
    let cycle = adjusted(&before, change.amount, today).map_err(broken)?;
    let posted = ledger::post(tx, cx, vec![entry_of(&cycle, &change, today)?]).await?;
    let entry_id = posted.first().map(|posted| posted.id).ok_or(DbError::Missing("the entry that was posted"))?;
    let adjustment = Adjustment {
        id: cx.id(),
        cycle_id: cycle.id,
        kind: change.kind,
        amount: change.amount,
        dispute_id: change.dispute,
        reason: change.reason,
        entry_id,
        adjusted_on: today,
    };
    store::insert(tx, cx, &cycle, &adjustment).await?;
    cycles::update(tx, &cycle).await?;
    line.outstanding = line.outstanding.plus(change.amount).map_err(broken)?;
    line.position_seq = line.position_seq.saturating_add(1);
    let (pair, seq) = (line.pair(), line.position_seq);
    lines::move_positions(tx, &[Move { pair, reserved: Money::ZERO, outstanding: change.amount, seq, at: cx.now }])
        .await?;
    let entry = Entry::new(cx, cycle.retailer_id, "cycle.adjusted", cycle.id)
        .before(serde_json::json!({ "outstanding": before.outstanding, "status": before.status }))
        .after(serde_json::json!({
            "outstanding": cycle.outstanding, "status": cycle.status, "kind": adjustment.kind,
            "amount": adjustment.amount, "adjustmentId": adjustment.id, "entryId": entry_id,
        }))
        .reason(adjustment.reason.clone());
    audit::record(tx, vec![entry]).await?;
    Ok(Adjusted { adjustment, cycle })
}

#[cfg(test)]
pub(crate) mod tests {
    use kernel::Id;
    use proptest::prelude::*;

    use super::*;
    use crate::standstill::Standstill;

    pub(crate) fn cycle(principal: i64, outstanding: i64) -> Cycle {
        let (principal, outstanding) = (Money::from_paisa(principal), Money::from_paisa(outstanding));
        let started_on: BusinessDate = "2026-03-01".parse().unwrap();
        Cycle {
            id: CycleId::from_bits(1),
            retailer_id: kernel::RetailerId::from_bits(2),
            vendor_id: kernel::VendorId::from_bits(3),
            number: "CRP-101".to_owned(),
            order_id: Some(kernel::OrderId::from_bits(4)),
            principal,
            outstanding,
            repaid: principal.minus(outstanding).unwrap(),
            discount: Money::ZERO,
            interest: Money::ZERO,
            adjusted: Money::ZERO,
            adjusted_on: None,
            standstill: Standstill::default(),
            promised_on: None,
            status: CycleStatus::of(outstanding, principal),
            started_on,
            due_on: started_on.plus_days(30),
            terms_version: 1,
            last_repayment_on: None,
            closed_on: None,
            note: None,
            version: 1,
            created_at: kernel::Instant::from_micros(0),
        }
    }

    #[test]
    fn an_adjustment_takes_at_most_what_is_open_and_only_a_correction_adds() {
        let (open, paid, paisa) = (cycle(1_000, 600), cycle(1_000, 0), Money::from_paisa);
        let less = |amount| decide(&open, AdjustmentKind::Return, Sign::Decrease, paisa(amount));
        assert_eq!(less(600), Ok(paisa(-600)));
        assert_eq!(less(601), Err(Refusal::AboveOutstanding { maximum: paisa(600) }));
        assert_eq!(concession(&open, paisa(20)), Ok(paisa(-20)));
        let more = |cycle: &Cycle, kind| decide(cycle, kind, Sign::Increase, paisa(1));
        assert_eq!(more(&open, AdjustmentKind::Correction), Ok(paisa(1)));
        assert_eq!(more(&open, AdjustmentKind::Return).unwrap_err().code(), "VALIDATION");
        assert_eq!(more(&paid, AdjustmentKind::Correction).unwrap_err().code(), "CYCLE_CLOSED");
        let on = open.started_on.plus_days(3);
        let after = adjusted(&open, paisa(-20), on).unwrap();
        assert_eq!((after.adjusted_on, after.version), (Some(on), open.version + 1));
    }

    proptest! {
        #[test]
        fn an_adjustment_never_takes_a_cycle_below_zero_nor_opens_a_closed_one(
            principal in 1_i64..1_000, share in 0_i64..=100, amount in -5_i64..1_500,
            kind in proptest::sample::select(AdjustmentKind::ALL), rises: bool,
        ) {
            let before = cycle(principal, principal * share / 100);
            let sign = if rises { Sign::Increase } else { Sign::Decrease };
            let Ok(change) = decide(&before, kind, sign, Money::from_paisa(amount)) else {
                let is_up = rises && (kind != AdjustmentKind::Correction || before.outstanding.is_zero());
                let is_down = !rises && Money::from_paisa(amount) > before.outstanding;
                prop_assert!(amount <= 0 || is_up || is_down);
                return Ok(());
            };
            let after = adjusted(&before, change, before.started_on).unwrap();
            prop_assert!(!after.outstanding.is_negative());
            prop_assert_eq!(change.paisa(), if rises { amount } else { -amount });
            prop_assert_eq!(
                after.outstanding, after.principal.minus(after.repaid).unwrap().plus(after.adjusted).unwrap()
            );
            prop_assert_eq!(after.status == CycleStatus::FullyPaid, after.outstanding.is_zero());
            prop_assert_eq!(after.closed_on.is_some(), after.outstanding.is_zero());
            let entry = entry_of(&after, &Change { kind, amount: change, dispute: None, reason: String::new() }, after.started_on);
            prop_assert!(entry.is_ok());
        }
    }
}
