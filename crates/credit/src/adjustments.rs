//! What changes a cycle's debt without a payment: a return, an upheld dispute, a write-off, a correction.
//!
//! An adjustment is dated today and carries neither discount nor interest. It is decided by a pure function, which says
//! what happens to the debt; everything else only writes that down.
//!
//! | kind | decrease | increase |
//! | --- | --- | --- |
//! | RETURN | returns → receivable; of goods that were paid: returns → advances, discount allowed | |
//! | DISPUTE | adjustments → receivable | |
//! | WRITE_OFF | bad debt → receivable | |
//! | CORRECTION | adjustments → receivable | receivable → adjustments |
//!
//! Statements, those of `ledger::post` and audit apart: 5, of which 2 are waited for; a return 2 more, both waited for,
//! and 2 where it gives something back.

use audit::Entry;
use db::{DbError, Tx, text_enum};
use kernel::{AdjustmentId, BusinessDate, Context, CycleId, DisputeId, EntryId, Money, Overflow, Scope};
use ledger::{Account, Balanced, EntryKind, NewEntry};
use serde::{Deserialize, Serialize};

use crate::discipline::score_again;
use crate::model::{Cycle, CycleStatus, Line};
use crate::refusal::{Refusal, by_an_operator, reason};
use crate::returns::{self, Back, Goods, take_back};
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
    /// What it did to the debt; a decrease is negative. A return's is the price of the goods, paid or not.
    pub amount: Money,
    /// What a return gave back for goods that had been paid: it waits on the payments that paid for them.
    pub advance: Money,
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

/// What an adjustment does to a debt, where a decrease is negative, and what it takes back of repayments. Never takes a
/// cycle below zero, and never opens one that was paid or closed.
pub(crate) fn decide(
    cycle: &Cycle,
    goods: &Goods,
    kind: AdjustmentKind,
    sign: Sign,
    amount: Money,
) -> Result<(Money, Vec<Back>), Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::Field { field: "amount", right: "above zero" });
    }
    if sign == Sign::Increase {
        return match kind {
            AdjustmentKind::Correction if cycle.status.is_open() => Ok((amount, Vec::new())),
            AdjustmentKind::Correction => Err(closed(cycle)),
            _ => Err(Refusal::Field { field: "sign", right: "DECREASE; only a correction increases" }),
        };
    }
    let backs = match kind {
        AdjustmentKind::Return => take_back(cycle, goods, amount)?,
        _ if amount > cycle.outstanding => return Err(Refusal::AboveOutstanding { maximum: cycle.outstanding }),
        _ => Vec::new(),
    };
    Ok((amount.negated()?, backs))
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
    let goods = match new.kind {
        AdjustmentKind::Return => returns::goods(tx, &cycle).await?,
        _ => Goods::default(),
    };
    let (amount, backs) = match decide(&cycle, &goods, new.kind, new.sign.unwrap_or(Sign::Decrease), new.amount) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let change = Change { kind: new.kind, amount, backs, dispute: None, reason: because };
    carry_out(tx, cx, &mut line, cycle, change).await.map(Ok)
}

/// A decided adjustment.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: AdjustmentKind,
    /// What it does to the debt.
    pub(crate) amount: Money,
    /// What it takes back of repayments.
    pub(crate) backs: Vec<Back>,
    pub(crate) dispute: Option<DisputeId>,
    pub(crate) reason: String,
}

impl Change {
    /// What it does to the open principal: what is taken back of repayments was not open.
    pub(crate) fn of_open(&self) -> Result<Money, Overflow> {
        self.amount.plus(Money::sum(self.backs.iter().map(|back| back.principal))?)
    }
}

/// A decrease by an upheld dispute.
pub(crate) fn concession(cycle: &Cycle, amount: Money) -> Result<Money, Refusal> {
    decide(cycle, &Goods::default(), AdjustmentKind::Dispute, Sign::Decrease, amount).map(|(amount, _)| amount)
}

/// Locks the line of a cycle, and reads the cycle behind the lock.
pub(crate) async fn cycle_for_update(tx: &mut Tx, scope: Scope, id: CycleId) -> Result<Option<(Line, Cycle)>, DbError> {
    let Some(line) = lines::of_cycle_for_update(tx, scope, id).await? else { return Ok(None) };
    Ok(cycles::cycle(tx, scope, id).await?.map(|cycle| (line, cycle)))
}

/// A cycle after an adjustment. What was settled before stays settled since then.
pub(crate) fn adjusted(cycle: &Cycle, change: &Change, on: BusinessDate) -> Result<Cycle, Overflow> {
    let outstanding = cycle.outstanding.plus(change.of_open()?)?;
    let after = Cycle {
        outstanding,
        repaid: cycle.repaid.minus(Money::sum(change.backs.iter().map(|back| back.principal))?)?,
        discount: cycle.discount.minus(Money::sum(change.backs.iter().map(|back| back.discount))?)?,
        adjusted: cycle.adjusted.plus(change.amount)?,
        adjusted_on: Some(on),
        version: cycle.version.saturating_add(1),
        ..cycle.clone()
    };
    if cycle.outstanding.is_zero() {
        return Ok(after);
    }
    let status = CycleStatus::of(outstanding, cycle.principal);
    Ok(Cycle { status, closed_on: outstanding.is_zero().then_some(on), ..after })
}

/// The entries of an adjustment: what it does to the open principal, where it does, and what is taken back of each
/// repayment.
pub(crate) fn entries_of(cycle: &Cycle, change: &Change, on: BusinessDate) -> Result<Vec<NewEntry>, DbError> {
    let (kind, against) = match change.kind {
        AdjustmentKind::Return => (EntryKind::Return, Account::Returns),
        AdjustmentKind::Dispute | AdjustmentKind::Correction => (EntryKind::Adjustment, Account::Adjustments),
        AdjustmentKind::WriteOff => (EntryKind::WriteOff, Account::BadDebt),
    };
    let (open, minus) = (change.of_open().map_err(broken)?, |amount: Money| amount.negated().map_err(broken));
    let mut entries = Vec::new();
    if !open.is_zero() {
        entries.push(entry(cycle, kind, on, vec![(Account::Receivable, open), (against, minus(open)?)])?);
    }
    for back in &change.backs {
        let sides = vec![
            (against, back.principal),
            (Account::DiscountAllowed, minus(back.discount)?),
            (Account::Advances, minus(back.cash().map_err(broken)?)?),
        ];
        entries.push(NewEntry { payment: Some(back.payment), ..entry(cycle, kind, on, sides)? });
    }
    Ok(entries)
}

/// An entry of a cycle.
pub(crate) fn entry(
    cycle: &Cycle,
    kind: EntryKind,
    on: BusinessDate,
    sides: Vec<(Account, Money)>,
) -> Result<NewEntry, DbError> {
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
        postings: Balanced::new(sides).map_err(|error| DbError::Constraint(error.to_string()))?,
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
    let cycle = adjusted(&before, &change, today).map_err(broken)?;
    let posted = ledger::post(tx, cx, entries_of(&cycle, &change, today)?).await?;
    let entry_id = posted.first().map(|posted| posted.id).ok_or(DbError::Missing("the entry that was posted"))?;
    let entries = posted.iter().map(|posted| posted.id).skip(posted.len().saturating_sub(change.backs.len()));
    let advance = returns::give_back(tx, cx, &cycle, change.backs.iter().zip(entries)).await?;
    let by = change.of_open().map_err(broken)?;
    let adjustment = Adjustment {
        id: cx.id(),
        cycle_id: cycle.id,
        kind: change.kind,
        amount: change.amount,
        advance,
        dispute_id: change.dispute,
        reason: change.reason,
        entry_id,
        adjusted_on: today,
    };
    store::insert(tx, cx, &cycle, &adjustment).await?;
    cycles::update(tx, &cycle).await?;
    // What is taken back of each repayment is an event too.
    let events = i64::try_from(change.backs.len()).unwrap_or(i64::MAX).saturating_add(1);
    line.outstanding = line.outstanding.plus(by).map_err(broken)?;
    line.position_seq = line.position_seq.saturating_add(events);
    let (pair, seq) = (line.pair(), line.position_seq);
    lines::move_positions(tx, &[Move { pair, reserved: Money::ZERO, outstanding: by, seq, at: cx.now }]).await?;
    let entry = Entry::new(cx, cycle.retailer_id, "cycle.adjusted", cycle.id)
        .before(serde_json::json!({ "outstanding": before.outstanding, "status": before.status }))
        .after(serde_json::json!({
            "outstanding": cycle.outstanding, "status": cycle.status, "kind": adjustment.kind,
            "amount": adjustment.amount, "advance": advance, "adjustmentId": adjustment.id, "entryId": entry_id,
        }))
        .reason(adjustment.reason.clone());
    audit::record(tx, vec![entry]).await?;
    score_again(tx, cx, [cycle.retailer_id]).await?;
    Ok(Adjusted { adjustment, cycle })
}

#[cfg(test)]
pub(crate) mod tests {
    use kernel::Id;
    use proptest::prelude::*;

    use super::*;
    use crate::returns::Paid;
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
            reminders_sent: 0,
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
        let none = Goods::default();
        let less = |amount| decide(&open, &none, AdjustmentKind::WriteOff, Sign::Decrease, paisa(amount));
        assert_eq!(less(600), Ok((paisa(-600), Vec::new())));
        assert_eq!(less(601), Err(Refusal::AboveOutstanding { maximum: paisa(600) }));
        assert_eq!(concession(&open, paisa(20)), Ok(paisa(-20)));
        let more = |cycle: &Cycle, kind| decide(cycle, &none, kind, Sign::Increase, paisa(1));
        assert_eq!(more(&open, AdjustmentKind::Correction), Ok((paisa(1), Vec::new())));
        assert_eq!(more(&open, AdjustmentKind::Return).unwrap_err().code(), "VALIDATION");
        assert_eq!(more(&paid, AdjustmentKind::Correction).unwrap_err().code(), "CYCLE_CLOSED");
        let on = open.started_on.plus_days(3);
        let (kind, reason) = (AdjustmentKind::Dispute, "Short".to_owned());
        let change = Change { kind, amount: paisa(-20), backs: Vec::new(), dispute: None, reason };
        let after = adjusted(&open, &change, on).unwrap();
        assert_eq!((after.adjusted_on, after.version), (Some(on), open.version + 1));
    }

    proptest! {
        #[test]
        fn an_adjustment_never_takes_a_cycle_below_zero_nor_opens_a_closed_one(
            principal in 1_i64..1_000, share in 0_i64..=100, amount in -5_i64..1_500,
            kind in proptest::sample::select(AdjustmentKind::ALL), rises: bool, is_written_off: bool,
        ) {
            let before = cycle(principal, principal * share / 100);
            let (payment, part) = (kernel::PaymentId::from_bits(1), kernel::RepaymentId::from_bits(1));
            let (principal, discount, taken_back) = (before.repaid, Money::ZERO, Money::ZERO);
            let paid = Paid { payment, part, principal, discount, taken_back };
            let goods = Goods { returned: Money::ZERO, is_written_off, paid: vec![paid] };
            let sign = if rises { Sign::Increase } else { Sign::Decrease };
            let most = match kind {
                AdjustmentKind::Return if !is_written_off => before.principal,
                _ => before.outstanding,
            };
            let Ok((change, backs)) = decide(&before, &goods, kind, sign, Money::from_paisa(amount)) else {
                let is_up = rises && (kind != AdjustmentKind::Correction || before.outstanding.is_zero());
                prop_assert!(amount <= 0 || is_up || !rises && Money::from_paisa(amount) > most);
                return Ok(());
            };
            let change = Change { kind, amount: change, backs, dispute: None, reason: String::new() };
            let after = adjusted(&before, &change, before.started_on).unwrap();
            prop_assert!(!after.outstanding.is_negative() && !after.repaid.is_negative());
            prop_assert_eq!(change.amount.paisa(), if rises { amount } else { -amount });
            prop_assert_eq!(
                after.outstanding, after.principal.minus(after.repaid).unwrap().plus(after.adjusted).unwrap()
            );
            prop_assert_eq!(after.status == CycleStatus::FullyPaid, after.outstanding.is_zero());
            let was_settled = before.outstanding.is_zero();
            prop_assert_eq!(after.closed_on.is_some(), after.outstanding.is_zero() && !was_settled);
            prop_assert!(!entries_of(&after, &change, after.started_on).unwrap().is_empty());
        }
    }
}
