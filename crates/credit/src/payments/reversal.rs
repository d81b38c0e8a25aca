//! Taking a payment back, as when a cheque bounces: once, by entries of today, its cycles open again.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Money, PaymentId, Scope};
use ledger::{Account, EntryKind, NewEntry};

use super::advances::payment_for_update;
use super::model::{Outcome, PaymentStatus, PaymentWithRepayments, Repayment, Source};
use super::{move_line, not_by_a_retailer, reason, rules, store, tell};
use crate::adjustments::entry;
use crate::discipline::score_again;
use crate::model::Cycle;
use crate::refusal::Refusal;
use crate::store::{broken, cycles};
use crate::words;

/// Reverses a payment with everything that came of it, also what was applied later of what it had kept. A payment that
/// was reversed before answers as it did then; one of which something was refunded stays.
pub async fn reverse(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: PaymentId,
    why: &str,
) -> Result<Result<Outcome<PaymentWithRepayments>, Refusal>, DbError> {
    let why = match not_by_a_retailer(cx).and_then(|()| reason(why)) {
        Ok(why) => why,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some((mut line, mut payment)) = payment_for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("payment")));
    };
    let mut repayments = store::repayments(tx, &payment).await?;
    if payment.status == PaymentStatus::Reversed {
        return Ok(Ok(Outcome::AlreadyApplied(PaymentWithRepayments { payment, repayments })));
    }
    if payment.refunded.is_positive() {
        return Ok(Err(Refusal::ExcessRefunded { refunded: payment.refunded }));
    }
    let today = cx.today();
    let reopened = reopen(tx, &payment, &repayments).await?;
    let entries = ledger::entries_of_payment(tx, payment.pair(), payment.id).await?;
    let reversals = entries.iter().map(|entry| entry.reversal(today)).collect::<Result<_, _>>();
    let mut entries: Vec<_> = reversals.map_err(|error: ledger::Unbalanced| DbError::Constraint(error.to_string()))?;
    for cycle in &reopened {
        entries.extend(still_returned(cycle, &repayments, today)?);
    }
    ledger::post(tx, cx, entries).await?;
    for cycle in &reopened {
        cycles::update(tx, cycle).await?;
    }
    store::reverse_repayments(tx, &payment, today).await?;
    let before = serde_json::json!({ "status": payment.status, "unapplied": payment.unapplied });
    payment.status = PaymentStatus::Reversed;
    payment.unapplied = Money::ZERO;
    payment.reversed_on = Some(today);
    payment.reversal_reason = Some(why.clone());
    store::update(tx, &payment).await?;
    let back = Money::sum(repayments.iter().map(|part| part.principal)).map_err(broken)?;
    move_line(tx, cx, &mut line, back, repayments.len()).await?;
    for part in &mut repayments {
        part.reversed_on = Some(today);
    }
    let cycle = |cycle: &Cycle| serde_json::json!({ "cycleId": cycle.id, "outstanding": cycle.outstanding, "status": cycle.status });
    let entry = Entry::new(cx, payment.retailer_id, "payment.reversed", payment.id).before(before).reason(why).after(
        serde_json::json!({
            "status": payment.status, "principal": back,
            "cycles": reopened.iter().map(cycle).collect::<Vec<_>>(),
        }),
    );
    audit::record(tx, vec![entry]).await?;
    score_again(tx, cx, [payment.retailer_id]).await?;
    let (retailer, told) = (payment.retailer_id, &payment);
    tell(tx, cx, retailer, |retailer| words::reversed(retailer, told, &reopened)).await?;
    Ok(Ok(Outcome::Applied(PaymentWithRepayments { payment, repayments })))
}

/// The goods that a payment had paid for and that came back are not unpaid again: their return falls off the debt that
/// the reversal opens.
fn still_returned(cycle: &Cycle, parts: &[Repayment], on: BusinessDate) -> Result<Option<NewEntry>, DbError> {
    let returned = parts.iter().filter(|part| part.cycle_id == cycle.id && part.source == Source::Return);
    let principal = Money::sum(returned.map(|part| part.principal)).map_err(broken)?;
    if principal.is_zero() {
        return Ok(None);
    }
    let back = principal.negated().map_err(broken)?;
    entry(cycle, EntryKind::Return, on, vec![(Account::Returns, back), (Account::Receivable, principal)]).map(Some)
}

/// The cycles of a payment as they are without it. Two statements.
async fn reopen(tx: &mut Tx, payment: &super::Payment, repayments: &[Repayment]) -> Result<Vec<Cycle>, DbError> {
    let last = store::last_of_others(tx, payment).await?;
    let reopened = |cycle: &Cycle| {
        let parts: Vec<_> = repayments.iter().filter(|part| part.cycle_id == cycle.id).collect();
        rules::reopened(cycle, &parts, last.get(&cycle.id).copied()).map_err(broken)
    };
    store::cycles_of(tx, payment).await?.iter().map(reopened).collect()
}
