//! Promises.

use db::{DbError, Tx, params};
use kernel::{BusinessDate, Context, Instant};

use crate::model::Cycle;
use crate::promises::{Promise, outcome};

/// Marks the promises of a cycle that none has replaced yet. Waits for no answer.
pub(crate) async fn replace(tx: &mut Tx, cycle: &Cycle, at: Instant) -> Result<(), DbError> {
    let sql = "update promises set replaced_at = $3 where retailer_id = $1 and cycle_id = $2 and replaced_at is null";
    tx.exec(sql, params![cycle.retailer_id, cycle.id, at]).await
}

/// Inserts a promise. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, cx: &Context, cycle: &Cycle, new: &Promise) -> Result<(), DbError> {
    let columns = &["retailer_id", "cycle_id", "id", "vendor_id", "promised_on", "note", "actor", "created_at"];
    let row = params![
        cycle.retailer_id,
        cycle.id,
        new.id,
        cycle.vendor_id,
        new.promised_on,
        new.note.as_deref(),
        cx.actor,
        new.created_at,
    ];
    tx.insert_many("promises", columns, vec![row]).await
}

/// The promises of a cycle with what became of them by a day, oldest first.
pub(crate) async fn of_cycle(tx: &mut Tx, cycle: &Cycle, today: BusinessDate) -> Result<Vec<Promise>, DbError> {
    let sql = "select * from promises where retailer_id = $1 and cycle_id = $2 order by id";
    let rows = tx.query(sql, params![cycle.retailer_id, cycle.id]).await?;
    rows.iter()
        .map(|row| {
            let promised_on = row.get("promised_on")?;
            let replaced: Option<Instant> = row.get("replaced_at")?;
            Ok(Promise {
                id: row.get("id")?,
                cycle_id: row.get("cycle_id")?,
                promised_on,
                note: row.get("note")?,
                status: outcome(promised_on, replaced.map(Instant::business_date), cycle.paid_off_on(), today),
                created_at: row.get("created_at")?,
            })
        })
        .collect()
}
