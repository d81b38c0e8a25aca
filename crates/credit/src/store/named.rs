//! What people call cycles and payments.

use std::collections::HashMap;

use db::{DbError, Tx, Value, params};
use kernel::{CycleId, PaymentId};
use ledger::Method;

/// The numbers of cycles. For what the caller has found in its scope.
pub async fn cycle_numbers(tx: &mut Tx, ids: &[CycleId]) -> Result<HashMap<CycleId, String>, DbError> {
    let rows = tx.query("select c.id, c.number from cycles c where c.id in {1}", params![Value::list(ids)]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("number")?))).collect()
}

/// How a payment came, and the payer's reference. For what the caller has found in its scope.
pub async fn payment_marks(
    tx: &mut Tx,
    ids: &[PaymentId],
) -> Result<HashMap<PaymentId, (Method, Option<String>)>, DbError> {
    let sql = "select p.id, p.method, p.reference from payments p where p.id in {1}";
    let rows = tx.query(sql, params![Value::list(ids)]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, (row.get("method")?, row.get("reference")?)))).collect()
}
