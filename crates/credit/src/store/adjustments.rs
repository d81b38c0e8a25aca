//! Adjustments.

use db::{DbError, Row, Tx, params};
use kernel::{Context, CycleId, RetailerId};

use crate::adjustments::Adjustment;
use crate::model::Cycle;

fn read(row: &Row) -> Result<Adjustment, DbError> {
    Ok(Adjustment {
        id: row.get("id")?,
        cycle_id: row.get("cycle_id")?,
        kind: row.get("kind")?,
        amount: row.get("amount_paisa")?,
        advance: row.get("advance_paisa")?,
        dispute_id: row.get("dispute_id")?,
        reason: row.get("reason")?,
        entry_id: row.get("entry_id")?,
        adjusted_on: row.get("adjusted_on")?,
    })
}

/// Inserts an adjustment of a cycle. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, cx: &Context, cycle: &Cycle, new: &Adjustment) -> Result<(), DbError> {
    let columns = &[
        "retailer_id",
        "cycle_id",
        "id",
        "vendor_id",
        "kind",
        "amount_paisa",
        "advance_paisa",
        "dispute_id",
        "reason",
        "entry_id",
        "adjusted_on",
        "actor",
        "created_at",
    ];
    let row = params![
        cycle.retailer_id,
        cycle.id,
        new.id,
        cycle.vendor_id,
        new.kind,
        new.amount,
        new.advance,
        new.dispute_id,
        new.reason.as_str(),
        new.entry_id,
        new.adjusted_on,
        cx.actor,
        cx.now,
    ];
    tx.insert_many("adjustments", columns, vec![row]).await
}

/// The adjustments of a cycle, oldest first, for a caller that may see it.
pub(crate) async fn of_cycle(tx: &mut Tx, retailer: RetailerId, cycle: CycleId) -> Result<Vec<Adjustment>, DbError> {
    let sql = "select * from adjustments where retailer_id = $1 and cycle_id = $2 order by id";
    tx.query(sql, params![retailer, cycle]).await?.iter().map(read).collect()
}
