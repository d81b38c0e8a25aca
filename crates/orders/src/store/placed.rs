//! How much retailers order, for whoever weighs it: sets of retailers at a time, one statement a set.

use std::collections::HashMap;

use db::{DbError, Tx, Value, params};
use kernel::{BusinessDate, Id as _, Instant, Money, OrderId, RetailerId};

/// Microseconds by which Kathmandu is ahead of UTC.
const KATHMANDU_AHEAD: i64 = (5 * 60 + 45) * 60 * 1_000_000;

/// What these retailers placed from one moment to another, and from there to a third, drafts apart: the value of both
/// spans. Who placed nothing is absent.
pub async fn placed_values(
    tx: &mut Tx,
    retailers: &[RetailerId],
    [from, between, to]: [Instant; 3],
) -> Result<HashMap<RetailerId, (Money, Money)>, DbError> {
    let sql = "select o.retailer_id, \
               cast(sum(case when o.id < $3 then o.total_paisa else 0 end) as bigint) as earlier, \
               cast(sum(case when o.id >= $3 then o.total_paisa else 0 end) as bigint) as later \
               from orders o where o.retailer_id in {1} and o.id >= $2 and o.id < $4 \
               and o.state not in ('DRAFT', 'EXPIRED') group by o.retailer_id";
    let [from, between, to] = [from, between, to].map(OrderId::earliest);
    let rows = tx.query(sql, params![Value::list(retailers), from, between, to]).await?;
    rows.iter().map(|row| Ok((row.get("retailer_id")?, (row.get("earlier")?, row.get("later")?)))).collect()
}

/// What these retailers placed on each day of Kathmandu from one moment to another, drafts apart.
pub async fn placed_days(
    tx: &mut Tx,
    retailers: &[RetailerId],
    from: Instant,
    to: Instant,
) -> Result<HashMap<RetailerId, HashMap<BusinessDate, Money>>, DbError> {
    let sql = "select o.retailer_id, min(o.created_at) as at, cast(sum(o.total_paisa) as bigint) as placed \
               from orders o where o.retailer_id in {1} and o.id >= $2 and o.id < $3 \
               and o.state not in ('DRAFT', 'EXPIRED') group by o.retailer_id, (o.created_at + $4) / 86400000000";
    let (from, to) = (OrderId::earliest(from), OrderId::earliest(to));
    let mut found: HashMap<RetailerId, HashMap<BusinessDate, Money>> = HashMap::new();
    for row in tx.query(sql, params![Value::list(retailers), from, to, KATHMANDU_AHEAD]).await? {
        let at: Instant = row.get("at")?;
        found.entry(row.get("retailer_id")?).or_default().insert(at.business_date(), row.get("placed")?);
    }
    Ok(found)
}
