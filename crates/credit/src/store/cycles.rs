//! Cycles, and the payments that go to them.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, CycleId, OrderId, Page, PageRequest, RetailerId, Scope, VendorId};

use super::{broken, split_cursor, terms};
use crate::model::{Cycle, CycleStatus};
use crate::standstill::Standstill;
use crate::terms::{Ask, Settlement, SettlementTerms, settle};

pub(crate) fn read(row: &Row) -> Result<Cycle, DbError> {
    Ok(Cycle {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        number: row.get("number")?,
        order_id: row.get("order_id")?,
        principal: row.get("principal_paisa")?,
        outstanding: row.get("outstanding_paisa")?,
        repaid: row.get("repaid_paisa")?,
        discount: row.get("discount_paisa")?,
        interest: row.get("interest_paisa")?,
        status: row.get("status")?,
        started_on: row.get("started_on")?,
        due_on: row.get("due_on")?,
        terms_version: row.get("terms_version")?,
        adjusted: row.get("adjusted_paisa")?,
        adjusted_on: row.get("adjusted_on")?,
        standstill: Standstill { since: row.get("disputed_on")?, ended: ended_disputes(row)? },
        promised_on: row.get("promised_on")?,
        last_repayment_on: row.get("last_repayment_on")?,
        closed_on: row.get("closed_on")?,
        reminders_sent: row.get("reminders_sent")?,
        note: row.get("note")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
    })
}

/// The ended disputes that a row keeps as JSON.
pub(crate) fn ended_disputes(row: &Row) -> Result<Vec<(BusinessDate, BusinessDate)>, DbError> {
    let text: String = row.get("standstill")?;
    serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "standstill", expected: "pairs of dates" })
}

/// Counters of one vendor's cycle numbers. A delivery uses the one of its order, so that deliveries of one vendor seldom
/// wait for each other; the numbers of all of them together have no doubles, but gaps.
pub(super) const LANES: i64 = 8;
/// The first number that is given, less one.
const NUMBERS_AFTER: i64 = 100;

/// Draws the next cycle number of a vendor, such as 101.
pub(crate) async fn draw_number(tx: &mut Tx, vendor: VendorId, order: OrderId) -> Result<i64, DbError> {
    let text = order.to_string();
    let lane = text.bytes().last().map_or(0, i64::from).rem_euclid(LANES);
    let sql = "insert into number_blocks (vendor_id, kind, next_number) values ($1, $2, 1) \
               on conflict (vendor_id, kind) do update set next_number = number_blocks.next_number + 1 \
               returning next_number";
    let row = tx.query_one(sql, params![vendor, format!("CYCLE/{lane}")]).await?;
    let turn: i64 = row.get("next_number")?;
    Ok(number(lane, turn))
}

/// The number that a turn of a lane gives.
pub(super) const fn number(lane: i64, turn: i64) -> i64 {
    turn.saturating_mul(LANES).saturating_sub(lane).saturating_add(NUMBERS_AFTER)
}

const COLUMNS: &[&str] = &[
    "retailer_id",
    "id",
    "vendor_id",
    "number",
    "order_id",
    "principal_paisa",
    "outstanding_paisa",
    "repaid_paisa",
    "discount_paisa",
    "interest_paisa",
    "status",
    "started_on",
    "due_on",
    "late_from",
    "terms_version",
    "note",
    "version",
    "created_at",
];

/// Inserts cycles on which nothing was repaid. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, cycles: &[Cycle]) -> Result<(), DbError> {
    let rows = cycles.iter().map(|cycle| {
        params![
            cycle.retailer_id,
            cycle.id,
            cycle.vendor_id,
            cycle.number.as_str(),
            cycle.order_id,
            cycle.principal,
            cycle.outstanding,
            cycle.repaid,
            cycle.discount,
            cycle.interest,
            cycle.status,
            cycle.started_on,
            cycle.due_on,
            cycle.late_from(),
            cycle.terms_version,
            cycle.note.clone(),
            cycle.version,
            cycle.created_at,
        ]
    });
    tx.insert_many("cycles", COLUMNS, rows.collect()).await
}

/// Writes what can change on a cycle whose line is locked. Waits for no answer.
pub(crate) async fn update(tx: &mut Tx, cycle: &Cycle) -> Result<(), DbError> {
    let sql = "update cycles set outstanding_paisa = $3, repaid_paisa = $4, discount_paisa = $5, \
               interest_paisa = $6, status = $7, last_repayment_on = $8, closed_on = $9, version = $10, \
               adjusted_paisa = $11, adjusted_on = $12, disputed_on = $13, standstill = $14, late_from = $15, \
               promised_on = $16, due_on = $17, note = $18, late_days = $19 where retailer_id = $1 and id = $2";
    let values = params![
        cycle.retailer_id,
        cycle.id,
        cycle.outstanding,
        cycle.repaid,
        cycle.discount,
        cycle.interest,
        cycle.status,
        cycle.last_repayment_on,
        cycle.closed_on,
        cycle.version,
        cycle.adjusted,
        cycle.adjusted_on,
        cycle.standstill.since,
        serde_json::json!(cycle.standstill.ended).to_string(),
        cycle.late_from(),
        cycle.promised_on,
        cycle.due_on,
        cycle.note.as_deref(),
        cycle.late_days(),
    ];
    tx.exec(sql, values).await
}

/// The cycle with this id and the settlement terms it keeps, inside a scope.
pub(crate) async fn with_terms(
    tx: &mut Tx,
    scope: Scope,
    id: CycleId,
) -> Result<Option<(Cycle, SettlementTerms)>, DbError> {
    let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
               and t.vendor_id = c.vendor_id and t.version = c.terms_version where c.id = $1";
    let Some(row) = tx.query_opt(sql, params![id]).await? else { return Ok(None) };
    let cycle = read(&row)?;
    if !scope.includes(cycle.retailer_id, Some(cycle.vendor_id)) {
        return Ok(None);
    }
    let terms = terms(&row)?;
    Ok(Some((cycle, terms)))
}

/// Everything of retailers that is open and not in dispute, with the settlement terms it keeps. One statement.
pub(crate) async fn open_with_terms(
    tx: &mut Tx,
    retailers: &[RetailerId],
) -> Result<Vec<(Cycle, SettlementTerms)>, DbError> {
    let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
               and t.vendor_id = c.vendor_id and t.version = c.terms_version \
               where c.retailer_id in {1} and c.outstanding_paisa > 0 and c.disputed_on is null";
    tx.query(sql, params![Value::list(retailers)]).await?.iter().map(|row| Ok((read(row)?, terms(row)?))).collect()
}

/// The open cycle of a retailer that is due first with each vendor, and what settling all of it costs on a day. One
/// statement.
pub(crate) async fn next_due(
    tx: &mut Tx,
    retailer: RetailerId,
    on: BusinessDate,
) -> Result<HashMap<VendorId, (Cycle, Settlement)>, DbError> {
    let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
               and t.vendor_id = c.vendor_id and t.version = c.terms_version \
               where c.retailer_id = $1 and c.outstanding_paisa > 0 \
               and not exists (select 1 from cycles e where e.retailer_id = c.retailer_id \
               and e.vendor_id = c.vendor_id and e.outstanding_paisa > 0 \
               and (e.due_on, length(e.number), e.number) < (c.due_on, length(c.number), c.number))";
    let mut found = HashMap::new();
    for row in tx.query(sql, params![retailer]).await? {
        let cycle = read(&row)?;
        let whole = settle(&cycle.facts(), &terms(&row)?, Ask::Principal(cycle.outstanding), on);
        let whole = whole.map_err(|_| broken(kernel::Overflow))?;
        found.insert(cycle.vendor_id, (cycle, whole));
    }
    Ok(found)
}

/// The cycle with this id, inside a scope.
pub async fn cycle(tx: &mut Tx, scope: Scope, id: CycleId) -> Result<Option<Cycle>, DbError> {
    let row = tx.query_opt("select * from cycles where id = $1", params![id]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|cycle| scope.includes(cycle.retailer_id, Some(cycle.vendor_id))))
}

/// The cycles with these ids, for whoever may see them all.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[CycleId]) -> Result<HashMap<CycleId, Cycle>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.query("select c.* from cycles c where c.id in {1}", params![Value::list(ids)]).await?;
    rows.iter().map(|row| read(row).map(|cycle| (cycle.id, cycle))).collect()
}

/// Which cycles are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleFilter {
    /// Only this retailer's.
    pub retailer: Option<RetailerId>,
    /// Only this vendor's.
    pub vendor: Option<VendorId>,
    /// Only those of this status.
    pub status: Option<CycleStatus>,
    /// Only those with something open that is overdue on this date.
    pub overdue_on: Option<BusinessDate>,
}

/// Cycles inside a scope, in the order of retailer and opening; the cursor is `retailer/id`.
pub async fn cycles(
    tx: &mut Tx,
    scope: Scope,
    filter: CycleFilter,
    page: &PageRequest,
) -> Result<Page<Cycle>, DbError> {
    let (after_retailer, after_id) = split_cursor(page.after.as_deref());
    let most = page.limit.saturating_add(1);
    let of = |id: Option<String>| id.unwrap_or_default();
    let retailer = of(filter.retailer.map(|id| id.to_string()));
    let vendor = of(filter.vendor.map(|id| id.to_string()));
    let own_vendor = of(scope.vendor().map(|id| id.to_string()));
    let status = of(filter.status.map(|status| status.to_string()));
    let due_before = of(filter.overdue_on.map(|date| date.to_string()));
    let rows = if let Some(only) = scope.retailer().or(filter.retailer) {
        let sql = "select * from cycles c where c.retailer_id = $1 and c.id > $2 \
                   and ($3 = '' or c.retailer_id = $3) and ($4 = '' or c.vendor_id = $4) \
                   and ($5 = '' or c.vendor_id = $5) and ($6 = '' or c.status = $6) \
                   and ($7 = '' or (c.outstanding_paisa > 0 and c.late_from < coalesce(c.disputed_on, $7))) order by c.id limit $8";
        tx.query(sql, params![only, after_id, retailer, vendor, own_vendor, status, due_before, most]).await?
    } else {
        let sql = "select * from cycles c where (c.retailer_id, c.id) > ($1, $2) \
                   and ($3 = '' or c.vendor_id = $3) and ($4 = '' or c.vendor_id = $4) \
                   and ($5 = '' or c.status = $5) \
                   and ($6 = '' or (c.outstanding_paisa > 0 and c.late_from < coalesce(c.disputed_on, $6))) \
                   order by c.retailer_id, c.id limit $7";
        tx.query(sql, params![after_retailer, after_id, vendor, own_vendor, status, due_before, most]).await?
    };
    let found = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |cycle: &Cycle| format!("{}/{}", cycle.retailer_id, cycle.id)))
}
