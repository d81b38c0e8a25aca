//! Payments: one payment, spread over the cycles of one line, and what is kept of it.
//!
//! ```text
//! payment   RECORDED → REVERSED; its cash is the cash of its parts, what waits for a cycle, and what was refunded
//! part      a repayment of one cycle, paid from the payment's cash or from what had been kept of it
//! claim     what a retailer says it paid:  OPEN → CONFIRMED (a payment then) | REJECTED
//! ```
//!
//! Whoever changes anything here begins with the lock of the line. [`preview`] spreads a payment with the same pure rules
//! as [`record`] and stores nothing. A reversed payment keeps its reference, so that the same cheque or transfer is never
//! counted again by mistake. What a repayment of one cycle costs lives in `terms`, what it is told in `words`; promises,
//! disputes and write-offs do not live here.
//!
//! Statements, those of `ledger::post`, audit, message and `score_again` apart; a payment over n cycles:
//!
//! | use case | statements | of them waited for |
//! | --- | --- | --- |
//! | [`preview`] | 2 | 2 |
//! | [`record`] | 5 + n, 6 + n with a reference | 3, 4 with a reference |
//! | [`recover`] | 10, 11 with a reference | 6, 7 with a reference |
//! | [`apply`] | 7 + n | 4 |
//! | [`refund`] | 5 | 4 |
//! | [`reverse`] | 11 + n | 8 |
//! | [`claim`] | 2, 3 where it waits already | 2, 3 |
//! | [`confirm`] | 4, and those of [`record`] less its lock | 3 |
//! | [`reject`] | 4 | 3 |

mod advances;
mod claims;
mod http;
mod model;
mod recovery;
mod reference;
mod reversal;
pub(crate) mod rules;
pub(crate) mod store;

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Actor, BusinessDate, Context, EntryId, Money, RepaymentId, RetailerId, Scope};
use ledger::{Account, Balanced, EntryKind, NewEntry, Posted};
use serde::Serialize;

pub use advances::{Refund, apply, refund};
pub use claims::{Answer, claim, confirm, reject};
pub(crate) use http::routes;
pub use model::{
    Claim, ClaimFilter, ClaimStatus, NewClaim, NewPayment, Outcome, Payment, PaymentFilter, PaymentStatus,
    PaymentWithRepayments, Recorded, Repayment, Source,
};
pub use recovery::{NewRecovery, recover};
use reference::Reference;
pub use reversal::reverse;
use rules::Plan;
pub use rules::{Named, Spread};
pub(crate) use store::repayments_of_cycle;
pub use store::{claim as claim_by_id, claims, payment_with_repayments, payments};

use crate::Pair;
use crate::discipline::score_again;
use crate::model::{Cycle, Line};
use crate::refusal::{Refusal, reason};
use crate::store::lines::Move;
use crate::store::{broken, cycles, lines};
use crate::terms::Settlement;
use crate::words;

/// What a part of a payment would come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewPart {
    /// The cycle.
    pub cycle_id: kernel::CycleId,
    /// Its number.
    pub number: String,
    /// What it comes to.
    #[serde(flatten)]
    pub settlement: Settlement,
    /// Principal that would stay open.
    pub remaining: Money,
}

/// What a payment would come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The cash.
    pub amount: Money,
    /// The day for which it is computed.
    pub on: BusinessDate,
    /// Its parts, in the order in which they would be made.
    pub repayments: Vec<PreviewPart>,
    /// What would be kept.
    pub unapplied: Money,
}

/// What a payment would come to. Nothing is stored.
pub async fn preview(
    tx: &mut Tx,
    scope: Scope,
    pair: Pair,
    spread: &Spread,
    today: BusinessDate,
) -> Result<Result<Preview, Refusal>, DbError> {
    let Some(since) = lines::granted_at(tx, scope, pair).await? else {
        return Ok(Err(Refusal::NotFound("credit line")));
    };
    let plan = match plan(tx, pair, spread, (since.business_date(), today)).await? {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let part = |share: rules::Share| {
        let (cycle, settlement) = (share.cycle, share.settlement);
        let remaining = cycle.outstanding.minus(settlement.principal)?;
        Ok(PreviewPart { cycle_id: cycle.id, number: cycle.number, settlement, remaining })
    };
    let repayments = plan.shares.into_iter().map(part).collect::<Result<_, _>>().map_err(broken)?;
    Ok(Ok(Preview { amount: plan.amount, on: spread.on, repayments, unapplied: plan.kept }))
}

/// Gathers the cycles of a line and spreads a payment over them; `bounds` are the day of the line's grant and today. One
/// statement.
async fn plan(
    tx: &mut Tx,
    pair: Pair,
    spread: &Spread,
    bounds: (BusinessDate, BusinessDate),
) -> Result<Result<Plan, Refusal>, DbError> {
    let named: Vec<_> = spread.named.iter().flatten().map(|named| named.cycle).collect();
    let open = store::open_cycles(tx, pair, &named).await?;
    Ok(rules::allocate(&open, spread, bounds))
}

/// Records a payment: all of its parts, or nothing.
pub async fn record(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    new: &NewPayment,
) -> Result<Result<Recorded, Refusal>, DbError> {
    if let Err(refusal) = not_by_a_retailer(cx) {
        return Ok(Err(refusal));
    }
    let Some(line) = lines::of_pair_for_update(tx, scope, new.pair).await? else {
        return Ok(Err(Refusal::NotFound("credit line")));
    };
    match record_on(tx, cx, line, new).await? {
        Ok(done) => done.into_recorded().map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Retailers claim; vendors and operators record.
pub(crate) fn not_by_a_retailer(cx: &Context) -> Result<(), Refusal> {
    match cx.actor {
        Actor::Retailer(_) => Err(Refusal::NotAllowed { who: "the vendor or an operator" }),
        Actor::Operator(_) | Actor::Vendor(_) | Actor::System => Ok(()),
    }
}

/// A part of a payment that was made.
#[derive(Clone, Debug)]
pub(crate) struct DonePart {
    pub(crate) id: RepaymentId,
    pub(crate) settlement: Settlement,
    /// The cycle after it.
    pub(crate) cycle: Cycle,
    pub(crate) entry: EntryId,
}

/// A payment that was spread over cycles, with the parts that were made now.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) payment: Payment,
    pub(crate) source: Source,
    pub(crate) on: BusinessDate,
    pub(crate) parts: Vec<DonePart>,
    pub(crate) line: Line,
    /// The hash of the last journal entry.
    pub(crate) hash: String,
}

impl DonePart {
    fn repayment(&self, source: Source, on: BusinessDate) -> Repayment {
        let paid = &self.settlement;
        Repayment {
            id: self.id,
            cycle_id: self.cycle.id,
            number: self.cycle.number.clone(),
            source,
            principal: paid.principal,
            discount: paid.discount,
            interest: paid.interest,
            cash: paid.cash,
            rounding: paid.rounding,
            paid_on: on,
            entry_id: self.entry,
            undoes: None,
            reversed_on: None,
        }
    }
}

impl Done {
    fn into_recorded(self) -> Result<Recorded, DbError> {
        let position = self.line.position().map_err(broken)?;
        let repayments = self.parts.iter().map(|part| part.repayment(self.source, self.on)).collect();
        Ok(Recorded {
            payment: PaymentWithRepayments { payment: self.payment, repayments },
            cycles: self.parts.into_iter().map(|part| part.cycle).collect(),
            position,
            entry_hash: self.hash,
        })
    }
}

/// Records a payment on its locked line, and tells the retailer.
pub(crate) async fn record_on(
    tx: &mut Tx,
    cx: &Context,
    line: Line,
    new: &NewPayment,
) -> Result<Result<Done, Refusal>, DbError> {
    let recorded = record_quietly(tx, cx, line, new).await?;
    if let Ok(done) = &recorded {
        tell(tx, cx, new.pair.0, |retailer| words::receipt(retailer, done)).await?;
    }
    Ok(recorded)
}

/// Records a payment on its locked line.
pub(crate) async fn record_quietly(
    tx: &mut Tx,
    cx: &Context,
    line: Line,
    new: &NewPayment,
) -> Result<Result<Done, Refusal>, DbError> {
    let reference = match new_reference(tx, new).await? {
        Ok(reference) => reference,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let bounds = (line.created_at.business_date(), cx.today());
    match plan(tx, new.pair, &new.spread, bounds).await? {
        Ok(plan) => book(tx, cx, line, new, reference, (plan, Source::Cash)).await,
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The reference of a payment, which was not recorded before.
async fn new_reference(tx: &mut Tx, new: &NewPayment) -> Result<Result<Reference, Refusal>, DbError> {
    let reference = match reference::read(new.reference.as_deref(), new.method, new.pair.0) {
        Ok(reference) => reference,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let first = store::duplicate(tx, new.pair, new.method, &reference).await?;
    Ok(first.map_or(Ok(reference), Err))
}

/// Stores a payment on its locked line and carries out its plan.
async fn book(
    tx: &mut Tx,
    cx: &Context,
    line: Line,
    new: &NewPayment,
    reference: Reference,
    (plan, source): (Plan, Source),
) -> Result<Result<Done, Refusal>, DbError> {
    let Reference { text, key } = reference.clone();
    let payment = payment(cx, new, &plan, text);
    if !store::insert(tx, &payment, key.as_deref()).await? {
        // The same reference came in on another line at this moment.
        let first = store::duplicate(tx, new.pair, new.method, &reference).await?;
        return first.map(Err).ok_or(DbError::Missing("the first payment"));
    }
    carry_out(tx, cx, line, payment, plan, (source, new.spread.on)).await.map(Ok)
}

fn payment(cx: &Context, new: &NewPayment, plan: &Plan, reference: Option<String>) -> Payment {
    Payment {
        id: cx.id(),
        retailer_id: new.pair.0,
        vendor_id: new.pair.1,
        amount: plan.amount,
        method: new.method,
        reference,
        paid_on: new.spread.on,
        status: PaymentStatus::Recorded,
        unapplied: plan.kept,
        refunded: Money::ZERO,
        recorded_by: cx.actor,
        created_at: cx.now,
        reversed_on: None,
        reversal_reason: None,
    }
}

/// Writes what a plan says of a stored payment: journal, parts, cycles, line, audit.
async fn carry_out(
    tx: &mut Tx,
    cx: &Context,
    mut line: Line,
    payment: Payment,
    plan: Plan,
    (source, on): (Source, BusinessDate),
) -> Result<Done, DbError> {
    let mut entries = Vec::new();
    for share in &plan.shares {
        entries.push(journal(&payment, &share.cycle, &share.settlement, (source, on))?);
    }
    if source == Source::Cash && plan.kept.is_positive() {
        let sides = (Account::Cash(payment.method), Account::Advances);
        entries.push(between(&payment, sides, plan.kept, on)?);
    }
    let posted = ledger::post(tx, cx, entries).await?;
    let hash = posted.last().map(|last| last.hash.clone()).ok_or(DbError::Missing("the entries of a payment"))?;
    let mut parts = Vec::new();
    for (share, Posted { id: entry, .. }) in plan.shares.into_iter().zip(posted) {
        let cycle = match source {
            // Nothing is owed on it before and after.
            Source::Recovery => Cycle { version: share.cycle.version.saturating_add(1), ..share.cycle },
            _ => rules::repaid(&share.cycle, &share.settlement, on).map_err(broken)?,
        };
        parts.push(DonePart { id: cx.id(), settlement: share.settlement, cycle, entry });
    }
    let rows: Vec<_> = parts.iter().map(|part| (payment.id, part.repayment(source, on))).collect();
    store::insert_repayments(tx, cx, payment.pair(), &rows).await?;
    let mut gone = Money::ZERO;
    for part in &parts {
        cycles::update(tx, &part.cycle).await?;
        gone = gone.minus(part.settlement.principal).map_err(broken)?;
    }
    move_line(tx, cx, &mut line, gone, parts.len()).await?;
    let done = Done { payment, source, on, parts, line, hash };
    audit::record(tx, vec![entry_for_audit(cx, &done)]).await?;
    score_again(tx, cx, [done.payment.retailer_id]).await?;
    Ok(done)
}

fn entry_for_audit(cx: &Context, done: &Done) -> Entry {
    let payment = &done.payment;
    let action = match done.source {
        Source::Advance => "payment.applied",
        Source::Recovery => "payment.recovered",
        Source::Cash | Source::Return => "payment.recorded",
    };
    let part = |part: &DonePart| {
        serde_json::json!({
            "cycleId": part.cycle.id, "principal": part.settlement.principal, "cash": part.settlement.cash,
            "outstanding": part.cycle.outstanding, "status": part.cycle.status, "entryId": part.entry,
        })
    };
    Entry::new(cx, payment.retailer_id, action, payment.id).after(serde_json::json!({
        "vendorId": payment.vendor_id, "amount": payment.amount, "method": payment.method,
        "reference": payment.reference, "paidOn": payment.paid_on, "unapplied": payment.unapplied,
        "repayments": done.parts.iter().map(part).collect::<Vec<_>>(),
    }))
}

/// The entry of a repayment.
pub(crate) fn journal(
    payment: &Payment,
    cycle: &Cycle,
    paid: &Settlement,
    (source, on): (Source, BusinessDate),
) -> Result<NewEntry, DbError> {
    let credit = |amount: Money| amount.negated().map_err(broken);
    let cash = Account::Cash(payment.method);
    let (kind, from) = match source {
        Source::Advance => (EntryKind::Advance, Account::Advances),
        Source::Recovery => (EntryKind::WriteOff, cash),
        Source::Cash | Source::Return => (EntryKind::Repayment, cash),
    };
    let sides = if source == Source::Recovery {
        vec![(from, paid.cash), (Account::BadDebtRecovered, credit(paid.cash)?)]
    } else {
        vec![
            (from, paid.cash),
            (Account::DiscountAllowed, paid.discount),
            (Account::Receivable, credit(paid.principal)?),
            (Account::InterestIncome, credit(paid.interest)?),
            (Account::Rounding, credit(paid.rounding)?),
        ]
    };
    Ok(NewEntry {
        order: cycle.order_id,
        cycle: Some(cycle.id),
        memo: cycle.number.clone(),
        ..entry(payment, kind, on, sides)?
    })
}

/// The entry of money that is kept or refunded.
fn between(
    payment: &Payment,
    (debit, credit): (Account, Account),
    amount: Money,
    on: BusinessDate,
) -> Result<NewEntry, DbError> {
    let sides = vec![(debit, amount), (credit, amount.negated().map_err(broken)?)];
    entry(payment, EntryKind::Advance, on, sides)
}

fn entry(
    payment: &Payment,
    kind: EntryKind,
    on: BusinessDate,
    sides: Vec<(Account, Money)>,
) -> Result<NewEntry, DbError> {
    Ok(NewEntry {
        retailer: payment.retailer_id,
        vendor: payment.vendor_id,
        kind,
        business_date: on,
        order: None,
        cycle: None,
        payment: Some(payment.id),
        reverses: None,
        memo: payment.reference.clone().unwrap_or_default(),
        postings: Balanced::new(sides).map_err(|error| DbError::Constraint(error.to_string()))?,
    })
}

/// Moves the outstanding of a locked line by so many events. One statement where there are any.
async fn move_line(tx: &mut Tx, cx: &Context, line: &mut Line, by: Money, events: usize) -> Result<(), DbError> {
    if events == 0 {
        return Ok(());
    }
    line.outstanding = line.outstanding.plus(by).map_err(broken)?;
    line.position_seq = line.position_seq.saturating_add(i64::try_from(events).unwrap_or(i64::MAX));
    let (pair, seq) = (line.pair(), line.position_seq);
    lines::move_positions(tx, &[Move { pair, reserved: Money::ZERO, outstanding: by, seq, at: cx.now }]).await
}

/// Tells a retailer something.
async fn tell(
    tx: &mut Tx,
    cx: &Context,
    retailer: RetailerId,
    words: impl FnOnce(&parties::Retailer) -> Option<notify::NewMessage>,
) -> Result<(), DbError> {
    let retailer = parties::retailers(tx, &[retailer]).await?.remove(&retailer);
    let retailer = retailer.ok_or(DbError::Missing("the retailer of a payment"))?;
    notify::send(tx, cx, words(&retailer).into_iter().collect()).await
}
