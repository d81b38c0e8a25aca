//! Disputes.

use db::{DbError, Row, Tx, params};
use kernel::{Context, CycleId, DisputeId, Page, PageRequest, RetailerId, Scope};

use crate::disputes::{Dispute, DisputeStatus};
use crate::model::Cycle;

fn read(row: &Row) -> Result<Dispute, DbError> {
    Ok(Dispute {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        cycle_id: row.get("cycle_id")?,
        order_line: row.get("order_line")?,
        reason: row.get("reason")?,
        status: row.get("status")?,
        opened_on: row.get("opened_on")?,
        created_at: row.get("created_at")?,
        decided_on: row.get("decided_on")?,
        decision: row.get("decision")?,
        adjustment_id: row.get("adjustment_id")?,
    })
}

/// Inserts an open dispute. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, cx: &Context, new: &Dispute) -> Result<(), DbError> {
    let columns = &[
        "retailer_id",
        "cycle_id",
        "id",
        "vendor_id",
        "order_line",
        "reason",
        "status",
        "opened_on",
        "opened_by",
        "created_at",
    ];
    let row = params![
        new.retailer_id,
        new.cycle_id,
        new.id,
        new.vendor_id,
        new.order_line,
        new.reason.as_str(),
        new.status,
        new.opened_on,
        cx.actor,
        new.created_at,
    ];
    tx.insert_many("disputes", columns, vec![row]).await
}

/// Writes a decision. Waits for no answer.
pub(crate) async fn decide(tx: &mut Tx, cx: &Context, decided: &Dispute) -> Result<(), DbError> {
    let sql = "update disputes set status = $4, decided_on = $5, decided_by = $6, decision = $7, adjustment_id = $8 \
               where retailer_id = $1 and cycle_id = $2 and id = $3 and status = 'OPEN'";
    let values = params![
        decided.retailer_id,
        decided.cycle_id,
        decided.id,
        decided.status,
        decided.decided_on,
        cx.actor,
        decided.decision.as_deref(),
        decided.adjustment_id,
    ];
    tx.exec(sql, values).await
}

/// The open dispute of a cycle.
pub(crate) async fn open_of_cycle(
    tx: &mut Tx,
    retailer: RetailerId,
    cycle: CycleId,
) -> Result<Option<DisputeId>, DbError> {
    let sql = "select id from disputes where retailer_id = $1 and cycle_id = $2 and status = 'OPEN'";
    tx.query_opt(sql, params![retailer, cycle]).await?.map(|row| row.get("id")).transpose()
}

/// Whether the order of a cycle has a line of this number.
pub(crate) async fn has_order_line(tx: &mut Tx, cycle: &Cycle, line: i64) -> Result<bool, DbError> {
    // A look at the orders' table from below, like that of `totals::orphans`: the cycle knows its order only by its id.
    let sql = "select number from order_lines where retailer_id = $1 and order_id = $2 and number = $3";
    Ok(tx.query_opt(sql, params![cycle.retailer_id, cycle.order_id, line]).await?.is_some())
}

/// The dispute with this id, inside a scope.
pub async fn dispute(tx: &mut Tx, scope: Scope, id: DisputeId) -> Result<Option<Dispute>, DbError> {
    let row = tx.query_opt("select * from disputes where id = $1", params![id]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|dispute| scope.includes(dispute.retailer_id, Some(dispute.vendor_id))))
}

/// The disputes of a cycle, oldest first, for a caller that may see it.
pub(crate) async fn of_cycle(tx: &mut Tx, retailer: RetailerId, cycle: CycleId) -> Result<Vec<Dispute>, DbError> {
    let sql = "select * from disputes where retailer_id = $1 and cycle_id = $2 order by id";
    tx.query(sql, params![retailer, cycle]).await?.iter().map(read).collect()
}

/// Disputes inside a scope, the newest first; the cursor is the last id.
pub async fn disputes(
    tx: &mut Tx,
    scope: Scope,
    status: Option<DisputeStatus>,
    page: &PageRequest,
) -> Result<Page<Dispute>, DbError> {
    let before = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let most = page.limit.saturating_add(1);
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    let rows = match scope {
        Scope::Retailer(own) => {
            let sql = "select * from disputes where retailer_id = $1 and id < $2 and ($3 = '' or status = $3) \
                       order by id desc limit $4";
            tx.query(sql, params![own, before, status, most]).await?
        }
        Scope::Vendor(own) => {
            let sql = "select * from disputes where vendor_id = $1 and id < $2 and ($3 = '' or status = $3) \
                       order by id desc limit $4";
            tx.query(sql, params![own, before, status, most]).await?
        }
        Scope::All => {
            let sql = "select * from disputes where id < $1 and ($2 = '' or status = $2) order by id desc limit $3";
            tx.query(sql, params![before, status, most]).await?
        }
    };
    let found = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |dispute: &Dispute| dispute.id.to_string()))
}
