//! Every statement of credit, by what it reads and writes.

pub(crate) mod adjustments;
pub(crate) mod behaviour;
pub(crate) mod cycles;
pub(crate) mod discipline;
pub(crate) mod disputes;
pub(crate) mod lines;
pub(crate) mod named;
pub(crate) mod openings;
pub(crate) mod promises;
pub(crate) mod reservations;
pub(crate) mod totals;

use db::{DbError, Row, Value, params};
use kernel::Overflow;

use crate::Pair;
use crate::terms::SettlementTerms;

pub(crate) fn pairs_value<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> Value {
    Value::rows(pairs.into_iter().map(|(retailer, vendor)| params![*retailer, *vendor]))
}

fn pair(row: &Row) -> Result<Pair, DbError> {
    Ok((row.get("retailer_id")?, row.get("vendor_id")?))
}

pub(crate) fn terms(row: &Row) -> Result<SettlementTerms, DbError> {
    let text: String = row.get("terms")?;
    serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "terms", expected: "settlement terms" })
}

/// Stored amounts are bounded by what could be written, so a sum that does not fit is a broken store.
pub(crate) fn broken(_: Overflow) -> DbError {
    DbError::Constraint("an amount does not fit 64 bits of paisa".to_owned())
}

/// The cursor of lists that are kept by retailer first: `retailer/other`.
pub(crate) fn split_cursor(after: Option<&str>) -> (String, String) {
    let (first, second) = after.and_then(|after| after.split_once('/')).unwrap_or_default();
    (first.to_owned(), second.to_owned())
}
