//! Every statement of payments and claims.

use std::collections::{BTreeMap, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, ClaimId, Context, CycleId, Money, Page, PageRequest, PaymentId, Scope, VendorId};
use ledger::Method;

use super::model::{Claim, ClaimFilter, Payment, PaymentFilter, PaymentWithRepayments, Repayment};
use super::reference::Reference;
use super::rules::Open;
use crate::Pair;
use crate::refusal::Refusal;
use crate::store::cycles;
use crate::store::{pairs_value, split_cursor, terms};

fn read(row: &Row) -> Result<Payment, DbError> {
    Ok(Payment {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        amount: row.get("amount_paisa")?,
        method: row.get("method")?,
        reference: row.get("reference")?,
        paid_on: row.get("paid_on")?,
        status: row.get("status")?,
        unapplied: row.get("unapplied_paisa")?,
        refunded: row.get("refunded_paisa")?,
        recorded_by: row.get("actor")?,
        created_at: row.get("created_at")?,
        reversed_on: row.get("reversed_on")?,
        reversal_reason: row.get("reversal_reason")?,
    })
}

/// The named cycles of a line, or where none are named those on which something is open, each with the settlement terms
/// it keeps.
pub(crate) async fn open_cycles(tx: &mut Tx, pair: Pair, named: &[CycleId]) -> Result<Vec<Open>, DbError> {
    let rows = if named.is_empty() {
        let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
                   and t.vendor_id = c.vendor_id and t.version = c.terms_version \
                   where c.retailer_id = $1 and c.vendor_id = $2 and c.outstanding_paisa > 0 order by c.due_on, c.id";
        tx.query(sql, params![pair.0, pair.1]).await?
    } else {
        let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
                   and t.vendor_id = c.vendor_id and t.version = c.terms_version \
                   where c.retailer_id = $1 and c.vendor_id = $2 and c.id in {3} order by c.due_on, c.id";
        tx.query(sql, params![pair.0, pair.1, Value::list(named)]).await?
    };
    rows.iter().map(|row| Ok(Open { cycle: cycles::read(row)?, terms: terms(row)? })).collect()
}

/// Records a payment; false if its reference was recorded before.
pub(crate) async fn insert(tx: &mut Tx, payment: &Payment, reference_key: Option<&str>) -> Result<bool, DbError> {
    let columns = &[
        "vendor_id",
        "id",
        "retailer_id",
        "amount_paisa",
        "method",
        "reference",
        "reference_key",
        "paid_on",
        "unapplied_paisa",
        "actor",
        "created_at",
    ];
    let row = params![
        payment.vendor_id,
        payment.id,
        payment.retailer_id,
        payment.amount,
        payment.method,
        payment.reference.clone(),
        reference_key.map(str::to_owned),
        payment.paid_on,
        payment.unapplied,
        payment.recorded_by,
        payment.created_at,
    ];
    Ok(!tx.insert_new("payments", columns, vec![row], "id").await?.is_empty())
}

/// The refusal of a payment whose reference was recorded before. One statement where there is a reference.
pub(crate) async fn duplicate(
    tx: &mut Tx,
    pair: Pair,
    method: Method,
    reference: &Reference,
) -> Result<Option<Refusal>, DbError> {
    let Some(key) = reference.key.as_deref() else { return Ok(None) };
    let sql = "select id, amount_paisa, paid_on from payments \
               where vendor_id = $1 and method = $2 and reference_key = $3";
    let row = tx.query_opt(sql, params![pair.1, method, key]).await?;
    let refusal = |row: Row| {
        let (first, amount, paid_on) = (row.get("id")?, row.get("amount_paisa")?, row.get("paid_on")?);
        Ok(Refusal::DuplicateReference { first, amount, paid_on })
    };
    row.map(refusal).transpose()
}

/// Inserts parts of payments that go to cycles of one line. Waits for no answer.
pub(crate) async fn insert_repayments(
    tx: &mut Tx,
    cx: &Context,
    pair: Pair,
    parts: &[(PaymentId, Repayment)],
) -> Result<(), DbError> {
    let columns = &[
        "retailer_id",
        "cycle_id",
        "id",
        "vendor_id",
        "payment_id",
        "entry_id",
        "principal_paisa",
        "discount_paisa",
        "interest_paisa",
        "cash_paisa",
        "rounding_paisa",
        "paid_on",
        "created_at",
        "source",
        "undoes",
    ];
    let rows = parts.iter().map(|(payment, part)| {
        params![
            pair.0,
            part.cycle_id,
            part.id,
            pair.1,
            *payment,
            part.entry_id,
            part.principal,
            part.discount,
            part.interest,
            part.cash,
            part.rounding,
            part.paid_on,
            cx.now,
            part.source,
            part.undoes,
        ]
    });
    tx.insert_many("repayments", columns, rows.collect()).await
}

/// Adds to what waits on payments to a vendor whose line is locked. Waits for no answer.
pub(crate) async fn add_unapplied(
    tx: &mut Tx,
    vendor: VendorId,
    amounts: &BTreeMap<PaymentId, Money>,
) -> Result<(), DbError> {
    let sql = "update payments set unapplied_paisa = payments.unapplied_paisa + v.amount \
               from {rows 1: vendor_id text, id text, amount bigint} v \
               where payments.vendor_id = v.vendor_id and payments.id = v.id";
    let rows = amounts.iter().map(|(payment, amount)| params![vendor, *payment, *amount]);
    tx.exec(sql, params![Value::rows(rows)]).await
}

/// Writes what is left of a payment whose line is locked. Waits for no answer.
pub(crate) async fn update(tx: &mut Tx, payment: &Payment) -> Result<(), DbError> {
    let sql = "update payments set unapplied_paisa = $3, refunded_paisa = $4, status = $5, reversed_on = $6, \
               reversal_reason = $7 where vendor_id = $1 and id = $2";
    let values = params![
        payment.vendor_id,
        payment.id,
        payment.unapplied,
        payment.refunded,
        payment.status,
        payment.reversed_on,
        payment.reversal_reason.clone(),
    ];
    tx.exec(sql, values).await
}

/// Marks every part of a payment as reversed. Waits for no answer.
pub(crate) async fn reverse_repayments(tx: &mut Tx, payment: &Payment, on: BusinessDate) -> Result<(), DbError> {
    let sql = "update repayments set reversed_on = $3 where retailer_id = $1 and payment_id = $2";
    tx.exec(sql, params![payment.retailer_id, payment.id, on]).await
}

/// The payment with this id, inside a scope.
pub(crate) async fn payment(tx: &mut Tx, scope: Scope, id: PaymentId) -> Result<Option<Payment>, DbError> {
    let row = tx.query_opt("select * from payments where id = $1", params![id]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|payment| scope.includes(payment.retailer_id, Some(payment.vendor_id))))
}

/// The parts of a payment, in the order in which they were made.
pub(crate) async fn repayments(tx: &mut Tx, payment: &Payment) -> Result<Vec<Repayment>, DbError> {
    let sql = "select r.*, c.number from repayments r \
               join cycles c on c.retailer_id = r.retailer_id and c.id = r.cycle_id \
               where r.retailer_id = $1 and r.payment_id = $2 order by r.id";
    let rows = tx.query(sql, params![payment.retailer_id, payment.id]).await?;
    rows.iter().map(part).collect()
}

/// The parts that a cycle got of payments, in the order in which they were made.
pub(crate) async fn repayments_of_cycle(
    tx: &mut Tx,
    cycle: &crate::Cycle,
) -> Result<Vec<(PaymentId, Repayment)>, DbError> {
    let sql = "select r.*, c.number from repayments r \
               join cycles c on c.retailer_id = r.retailer_id and c.id = r.cycle_id \
               where r.retailer_id = $1 and r.cycle_id = $2 order by r.id";
    let rows = tx.query(sql, params![cycle.retailer_id, cycle.id]).await?;
    rows.iter().map(|row| Ok((row.get("payment_id")?, part(row)?))).collect()
}

fn part(row: &Row) -> Result<Repayment, DbError> {
    Ok(Repayment {
        id: row.get("id")?,
        cycle_id: row.get("cycle_id")?,
        number: row.get("number")?,
        source: row.get("source")?,
        principal: row.get("principal_paisa")?,
        discount: row.get("discount_paisa")?,
        interest: row.get("interest_paisa")?,
        cash: row.get("cash_paisa")?,
        rounding: row.get("rounding_paisa")?,
        paid_on: row.get("paid_on")?,
        entry_id: row.get("entry_id")?,
        undoes: row.get("undoes")?,
        reversed_on: row.get("reversed_on")?,
    })
}

/// A payment with its parts, inside a scope. Two statements.
pub async fn payment_with_repayments(
    tx: &mut Tx,
    scope: Scope,
    id: PaymentId,
) -> Result<Option<PaymentWithRepayments>, DbError> {
    let Some(payment) = payment(tx, scope, id).await? else { return Ok(None) };
    let repayments = repayments(tx, &payment).await?;
    Ok(Some(PaymentWithRepayments { payment, repayments }))
}

/// The cycles that a payment went to.
pub(crate) async fn cycles_of(tx: &mut Tx, payment: &Payment) -> Result<Vec<crate::Cycle>, DbError> {
    let sql = "select c.* from cycles c where c.retailer_id = $1 and c.id in \
               (select r.cycle_id from repayments r where r.retailer_id = $1 and r.payment_id = $2) order by c.id";
    let rows = tx.query(sql, params![payment.retailer_id, payment.id]).await?;
    rows.iter().map(cycles::read).collect()
}

/// The date of the last repayment of each of a payment's cycles that is neither reversed nor the payment's own.
pub(crate) async fn last_of_others(tx: &mut Tx, payment: &Payment) -> Result<HashMap<CycleId, BusinessDate>, DbError> {
    let sql = "select o.cycle_id, max(o.paid_on) as last_on from repayments r join repayments o \
               on o.retailer_id = r.retailer_id and o.cycle_id = r.cycle_id \
               where r.retailer_id = $1 and r.payment_id = $2 and o.payment_id <> $2 and o.reversed_on is null \
               and o.principal_paisa > 0 \
               group by o.cycle_id";
    let rows = tx.query(sql, params![payment.retailer_id, payment.id]).await?;
    rows.iter().map(|row| Ok((row.get("cycle_id")?, row.get("last_on")?))).collect()
}

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Payments inside a scope, in the order of recording, where nobody is named by vendor first; the cursor is `vendor/id`.
pub async fn payments(
    tx: &mut Tx,
    scope: Scope,
    filter: PaymentFilter,
    page: &PageRequest,
) -> Result<Page<Payment>, DbError> {
    let (after_vendor, after_id) = split_cursor(page.after.as_deref());
    let most = page.limit.saturating_add(1);
    let (retailer, vendor) = (scope.retailer().or(filter.retailer), scope.vendor().or(filter.vendor));
    if retailer.zip(filter.retailer).is_some_and(|(own, asked)| own != asked)
        || vendor.zip(filter.vendor).is_some_and(|(own, asked)| own != asked)
    {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let least = Money::from_paisa(i64::from(filter.unapplied));
    let rows = match (retailer, vendor) {
        (Some(retailer), vendor) => {
            let sql = "select * from payments p where p.retailer_id = $1 and p.id > $2 \
                       and ($3 = '' or p.vendor_id = $3) and p.unapplied_paisa >= $4 order by p.id limit $5";
            tx.query(sql, params![retailer, after_id, text(vendor), least, most]).await?
        }
        (None, Some(vendor)) => {
            let sql = "select * from payments p where p.vendor_id = $1 and p.id > $2 \
                       and p.unapplied_paisa >= $3 order by p.id limit $4";
            tx.query(sql, params![vendor, after_id, least, most]).await?
        }
        (None, None) => {
            let sql = "select * from payments p where (p.vendor_id, p.id) > ($1, $2) \
                       and p.unapplied_paisa >= $3 order by p.vendor_id, p.id limit $4";
            tx.query(sql, params![after_vendor, after_id, least, most]).await?
        }
    };
    let found = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |payment: &Payment| format!("{}/{}", payment.vendor_id, payment.id)))
}

fn read_claim(row: &Row) -> Result<Claim, DbError> {
    Ok(Claim {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        amount: row.get("amount_paisa")?,
        method: row.get("method")?,
        reference: row.get("reference")?,
        paid_on: row.get("paid_on")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        payment_id: row.get("payment_id")?,
        created_at: row.get("created_at")?,
        decided_at: row.get("decided_at")?,
    })
}

/// Records a claim; false if an open one has its reference.
pub(crate) async fn insert_claim(
    tx: &mut Tx,
    cx: &Context,
    claim: &Claim,
    reference_key: Option<&str>,
) -> Result<bool, DbError> {
    let columns = &[
        "retailer_id",
        "id",
        "vendor_id",
        "amount_paisa",
        "method",
        "reference",
        "reference_key",
        "paid_on",
        "status",
        "actor",
        "created_at",
    ];
    let row = params![
        claim.retailer_id,
        claim.id,
        claim.vendor_id,
        claim.amount,
        claim.method,
        claim.reference.clone(),
        reference_key.map(str::to_owned),
        claim.paid_on,
        claim.status,
        cx.actor,
        cx.now,
    ];
    Ok(!tx.insert_new("payment_claims", columns, vec![row], "id").await?.is_empty())
}

/// The open claim of a retailer with a reference.
pub(crate) async fn open_claim(
    tx: &mut Tx,
    pair: Pair,
    method: Method,
    reference_key: &str,
) -> Result<Option<Claim>, DbError> {
    let sql = "select * from payment_claims where retailer_id = $1 and vendor_id = $2 and method = $3 \
               and reference_key = $4 and status = 'OPEN'";
    tx.query_opt(sql, params![pair.0, pair.1, method, reference_key]).await?.as_ref().map(read_claim).transpose()
}

/// The claim with this id, inside a scope.
pub async fn claim(tx: &mut Tx, scope: Scope, id: ClaimId) -> Result<Option<Claim>, DbError> {
    let row = tx.query_opt("select * from payment_claims where id = $1", params![id]).await?;
    let found = row.as_ref().map(read_claim).transpose()?;
    Ok(found.filter(|claim| scope.includes(claim.retailer_id, Some(claim.vendor_id))))
}

/// Writes the answer to a claim whose line is locked. Waits for no answer.
pub(crate) async fn decide_claim(tx: &mut Tx, cx: &Context, claim: &Claim) -> Result<(), DbError> {
    let sql = "update payment_claims set status = $3, reason = $4, payment_id = $5, decided_by = $6, decided_at = $7 \
               where retailer_id = $1 and id = $2";
    let values = params![
        claim.retailer_id,
        claim.id,
        claim.status,
        claim.reason.clone(),
        claim.payment_id,
        cx.actor,
        claim.decided_at,
    ];
    tx.exec(sql, values).await
}

/// Claims inside a scope, in the order of making; the cursor is the last one.
pub async fn claims(
    tx: &mut Tx,
    scope: Scope,
    filter: ClaimFilter,
    page: &PageRequest,
) -> Result<Page<Claim>, DbError> {
    let after = page.after.clone().unwrap_or_default();
    let most = page.limit.saturating_add(1);
    let sql = "select * from payment_claims p where p.id > $1 and ($2 = '' or p.retailer_id = $2) \
               and ($3 = '' or p.vendor_id = $3) and ($4 = '' or p.retailer_id = $4) \
               and ($5 = '' or p.vendor_id = $5) and ($6 = '' or p.status = $6) order by p.id limit $7";
    let (own_retailer, own_vendor) = (text(scope.retailer()), text(scope.vendor()));
    let status = text(filter.status);
    let values = params![after, own_retailer, own_vendor, text(filter.retailer), text(filter.vendor), status, most];
    let rows = tx.query(sql, values).await?;
    let found = rows.iter().map(read_claim).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |claim: &Claim| claim.id.to_string()))
}

/// Payments of these lines whose figures are not what became of their cash.
pub(crate) async fn drifted(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<(Pair, PaymentId)>, DbError> {
    let sql = "select p.retailer_id, p.vendor_id, p.id from {rows 1: retailer_id text, vendor_id text} v \
               join payments p on p.retailer_id = v.retailer_id and p.vendor_id = v.vendor_id \
               left join repayments r on r.retailer_id = p.retailer_id and r.payment_id = p.id \
               and r.reversed_on is null \
               group by p.retailer_id, p.vendor_id, p.id, p.amount_paisa, p.unapplied_paisa, p.refunded_paisa, p.status \
               having coalesce(sum(r.cash_paisa), 0) + p.unapplied_paisa + p.refunded_paisa \
               <> case p.status when 'REVERSED' then 0 else p.amount_paisa end \
               order by p.retailer_id, p.vendor_id, p.id";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    rows.iter().map(|row| Ok(((row.get("retailer_id")?, row.get("vendor_id")?), row.get("id")?))).collect()
}

/// What waits for a cycle on each of these lines.
pub(crate) async fn unapplied(tx: &mut Tx, pairs: &[Pair]) -> Result<HashMap<Pair, Money>, DbError> {
    let sql = "select p.retailer_id, p.vendor_id, cast(sum(p.unapplied_paisa) as bigint) as unapplied \
               from {rows 1: retailer_id text, vendor_id text} v \
               join payments p on p.retailer_id = v.retailer_id and p.vendor_id = v.vendor_id \
               group by p.retailer_id, p.vendor_id";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    rows.iter().map(|row| Ok(((row.get("retailer_id")?, row.get("vendor_id")?), row.get("unapplied")?))).collect()
}
