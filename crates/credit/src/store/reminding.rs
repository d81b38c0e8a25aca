//! What reminders of payment read of cycles and keep on them.

use db::{DbError, Tx, Value, params};
use kernel::{BusinessDate, CycleId, RetailerId};

use super::{cycles, terms};
use crate::model::Cycle;
use crate::terms::SettlementTerms;

/// The days by which cycles are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueDays {
    /// Days behind which a cycle is late.
    pub late_from: Vec<BusinessDate>,
    /// Days by which a cycle was promised.
    pub promised_on: Vec<BusinessDate>,
}

/// The retailers behind `after` that have an open cycle by one of the days, in their order, `most` of them. One statement.
pub async fn retailers_with_cycles_by(
    tx: &mut Tx,
    days: &DueDays,
    after: &str,
    most: i64,
) -> Result<Vec<RetailerId>, DbError> {
    // The concatenation keeps the cursor out of the two parts, which are found by their days.
    let sql = "select f.retailer_id from (\
               select c.retailer_id from cycles c where c.outstanding_paisa > 0 and c.late_from in {1} union \
               select p.retailer_id from cycles p where p.promised_on is not null and p.outstanding_paisa > 0 \
               and p.promised_on in {2}) f where f.retailer_id || '' > $3 order by f.retailer_id limit $4";
    let values = params![Value::list(&days.late_from), Value::list(&days.promised_on), after, most];
    tx.query(sql, values).await?.iter().map(|row| row.get("retailer_id")).collect()
}

/// Their open cycles by one of the days, with the settlement terms that each keeps. One statement.
pub async fn open_cycles_by(
    tx: &mut Tx,
    retailers: &[RetailerId],
    days: &DueDays,
) -> Result<Vec<(Cycle, SettlementTerms)>, DbError> {
    let sql = "select c.*, t.terms from cycles c join settlement_terms t on t.retailer_id = c.retailer_id \
               and t.vendor_id = c.vendor_id and t.version = c.terms_version where c.retailer_id in {1} \
               and c.outstanding_paisa > 0 and (c.late_from in {2} or c.promised_on in {3})";
    let values = params![Value::list(retailers), Value::list(&days.late_from), Value::list(&days.promised_on)];
    tx.query(sql, values).await?.iter().map(|row| Ok((cycles::read(row)?, terms(row)?))).collect()
}

/// Counts one reminder more on each of these cycles. Waits for no answer.
pub async fn count_reminders(tx: &mut Tx, cycles: &[(RetailerId, CycleId)]) -> Result<(), DbError> {
    if cycles.is_empty() {
        return Ok(());
    }
    let sql = "update cycles set reminders_sent = cycles.reminders_sent + 1 from {rows 1: retailer_id text, id text} v \
               where cycles.retailer_id = v.retailer_id and cycles.id = v.id";
    tx.exec(sql, params![Value::rows(cycles.iter().map(|(retailer, cycle)| params![*retailer, *cycle]))]).await
}
