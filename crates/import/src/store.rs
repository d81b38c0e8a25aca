//! What was imported, by the keys of the rows.

use std::collections::HashMap;

use db::{DbError, Tx, Value, params};
use kernel::{Context, Money, RetailerId, VendorId};

/// Where a row is kept: its vendor (empty where it has none), kind and key.
pub(crate) type Place = (String, &'static str, String);

/// A row that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) content_hash: String,
    pub(crate) retailer: Option<RetailerId>,
    /// The id of what it became.
    pub(crate) subject: String,
    /// What it adds to the balance of its line.
    pub(crate) amount: Money,
}

/// Waits until no other import is in the middle of a batch; what that one took is seen by what is read after this. On
/// SQLite writers are serial. One statement.
pub(crate) async fn take_turn(tx: &mut Tx) -> Result<(), DbError> {
    let sql = "select t.name from import_turns t where t.name = 'import' {lock t}";
    tx.query_one(sql, params![]).await.map(|_| ())
}

/// The rows that were taken before; others are absent. One statement.
pub(crate) async fn taken(
    tx: &mut Tx,
    places: impl Iterator<Item = &Place>,
) -> Result<HashMap<(String, String, String), Taken>, DbError> {
    let wanted = Value::rows(places.map(|(vendor, kind, key)| params![vendor.as_str(), *kind, key.as_str()]));
    let sql = "select i.* from {rows 1: vendor_id text, kind text, row_key text} v join import_rows i \
               on i.vendor_id = v.vendor_id and i.kind = v.kind and i.row_key = v.row_key";
    let mut found = HashMap::new();
    for row in tx.query(sql, params![wanted]).await? {
        let taken = Taken {
            content_hash: row.get("content_hash")?,
            retailer: row.get("retailer_id")?,
            subject: row.get("subject")?,
            amount: row.get("amount_paisa")?,
        };
        found.insert((row.get("vendor_id")?, row.get("kind")?, row.get("row_key")?), taken);
    }
    Ok(found)
}

/// Records rows as taken. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, cx: &Context, rows: Vec<(Place, Taken)>) -> Result<(), DbError> {
    let columns =
        &["vendor_id", "kind", "row_key", "content_hash", "retailer_id", "subject", "amount_paisa", "imported_at"];
    let rows = rows.into_iter().map(|((vendor, kind, key), taken)| {
        params![vendor, kind, key, taken.content_hash, taken.retailer, taken.subject, taken.amount, cx.now]
    });
    tx.insert_many("import_rows", columns, rows.collect()).await
}

/// What the imported rows of these lines come to; lines without rows are absent. One statement.
pub(crate) async fn balances(
    tx: &mut Tx,
    lines: impl Iterator<Item = (RetailerId, VendorId)>,
) -> Result<HashMap<(RetailerId, VendorId), Money>, DbError> {
    let wanted = Value::rows(lines.map(|(retailer, vendor)| params![retailer, vendor]));
    let sql = "select i.retailer_id, i.vendor_id, cast(sum(i.amount_paisa) as bigint) as balance \
               from {rows 1: retailer_id text, vendor_id text} v join import_rows i \
               on i.vendor_id = v.vendor_id and i.retailer_id = v.retailer_id and i.amount_paisa <> 0 \
               group by i.retailer_id, i.vendor_id";
    let rows = tx.query(sql, params![wanted]).await?;
    rows.iter().map(|row| Ok(((row.get("retailer_id")?, row.get("vendor_id")?), row.get("balance")?))).collect()
}
