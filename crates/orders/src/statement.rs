//! The statement of a credit line, in the words that people use: order codes, cycle numbers, payment references.
//!
//! It lives here because orders is the lowest room that knows all of them; the figures are the ledger's.
//!
//! Statements: 8 a page at most, whose sums read what the book has on its receivable.

use credit::Line;
use db::{DbError, Tx};
use kernel::{BusinessDate, CycleId, EntryId, Instant, LineId, Money, OrderId, Page, PageRequest, PaymentId, Scope};
use ledger::{EntryKind, Method, Period, Posting};
use serde::Serialize;

use crate::store;

/// What was owed before, what happened, what was owed after. All business dates are included in their period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineStatement {
    /// The line.
    pub line: Line,
    /// The first business date; absent where the statement begins with the book.
    pub from: Option<BusinessDate>,
    /// The last business date; today where it was left out.
    pub to: BusinessDate,
    /// What was owed before the first date.
    pub opening: Money,
    /// What was owed at the end of the last date.
    pub closing: Money,
    /// What happened, by business date and then by number.
    pub entries: Page<StatementItem>,
}

/// An entry of the line's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatementItem {
    /// Its number in the book.
    pub seq: i64,
    /// Its id.
    pub id: EntryId,
    /// What it records.
    pub kind: EntryKind,
    /// The day by which it counts.
    pub business_date: BusinessDate,
    /// When it was written.
    pub recorded_at: Instant,
    /// What people read.
    pub memo: String,
    /// The order it belongs to.
    pub order_id: Option<OrderId>,
    /// That order's code.
    pub order_code: Option<String>,
    /// The cycle it belongs to.
    pub cycle_id: Option<CycleId>,
    /// That cycle's number.
    pub cycle_number: Option<String>,
    /// The payment it belongs to.
    pub payment_id: Option<PaymentId>,
    /// How that payment came.
    pub method: Option<Method>,
    /// The payer's reference of it.
    pub reference: Option<String>,
    /// The entry it reverses.
    pub reverses: Option<EntryId>,
    /// What it changed of what is owed; zero where it moved other accounts only.
    pub change: Money,
    /// What was owed after it.
    pub balance: Money,
    /// What it posted.
    pub postings: Vec<Posting>,
    /// Its hash.
    pub hash: String,
}

/// A page of a line's statement, if the line is inside the scope.
pub async fn line_statement(
    tx: &mut Tx,
    scope: Scope,
    line: LineId,
    period: Period,
    today: BusinessDate,
    page: &PageRequest,
) -> Result<Option<LineStatement>, DbError> {
    let Some(line) = credit::line(tx, scope, line, today).await? else { return Ok(None) };
    let to = period.to.unwrap_or(today);
    let period = Period { to: Some(to), ..period };
    let ledger::Statement { opening, closing, entries } = ledger::statement(tx, line.pair(), period, page).await?;
    let found: Vec<&ledger::Entry> = entries.items.iter().map(|item| &item.entry).collect();
    let orders: Vec<OrderId> = found.iter().filter_map(|entry| entry.order_id).collect();
    let cycles: Vec<CycleId> = found.iter().filter_map(|entry| entry.cycle_id).collect();
    let payments: Vec<PaymentId> = found.iter().filter_map(|entry| entry.payment_id).collect();
    let codes = store::codes(tx, line.retailer_id, &orders).await?;
    let numbers = credit::cycle_numbers(tx, &cycles).await?;
    let marks = credit::payment_marks(tx, &payments).await?;
    let entries = entries.map(|ledger::StatementEntry { entry, change, balance }| {
        let mark = entry.payment_id.and_then(|id| marks.get(&id));
        StatementItem {
            seq: entry.seq,
            id: entry.id,
            kind: entry.kind,
            business_date: entry.business_date,
            recorded_at: entry.recorded_at,
            memo: entry.memo,
            order_id: entry.order_id,
            order_code: entry.order_id.and_then(|id| codes.get(&id).cloned()),
            cycle_id: entry.cycle_id,
            cycle_number: entry.cycle_id.and_then(|id| numbers.get(&id).cloned()),
            payment_id: entry.payment_id,
            method: mark.map(|(method, _)| *method),
            reference: mark.and_then(|(_, reference)| reference.clone()),
            reverses: entry.reverses,
            change,
            balance,
            postings: entry.postings,
            hash: entry.hash,
        }
    });
    Ok(Some(LineStatement { line, from: period.from, to, opening, closing, entries }))
}
