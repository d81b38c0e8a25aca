//! What was delivered to retailers, added up: for scores and insights.
//!
//! The price of what arrived stands on the order since its delivery and never changes, so a past day is counted from the
//! same rows. Every sum is of orders whose delivery was confirmed. Statements: 1 each, whatever the number of retailers;
//! those that look at one set read only its index.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, Instant, Money, OrderId, ProductId, RetailerId};
use serde::{Deserialize, Serialize};

/// What was delivered to a retailer by the end of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The price of what arrived in the days that were asked for.
    pub delivered: Money,
    /// The day of the first delivery.
    pub first: Option<BusinessDate>,
}

/// What was delivered to each of these retailers in some days that end with a day, and when the first delivery was.
pub async fn volumes(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
    days: i64,
) -> Result<HashMap<RetailerId, Volume>, DbError> {
    let sql = "select v.retailer_id, cast(coalesce((select sum(o.delivered_paisa) from orders o \
               where o.retailer_id = v.retailer_id and o.state = 'DELIVERED' and o.state_at >= $2 and o.state_at < $3), 0) \
               as bigint) as delivered, (select min(o.state_at) from orders o \
               where o.retailer_id = v.retailer_id and o.state = 'DELIVERED') as first \
               from {rows 1: retailer_id text} v";
    let rows = Value::rows(retailers.iter().map(|id| params![*id]));
    let end = on.plus_days(1);
    let from = end.plus_days(days.saturating_neg());
    let read = |row: &Row| {
        let first: Option<Instant> = row.get("first")?;
        let first = first.map(Instant::business_date).filter(|first| *first <= on);
        Ok((row.get("retailer_id")?, Volume { delivered: row.get("delivered")?, first }))
    };
    tx.query(sql, params![rows, from.start(), end.start()]).await?.iter().map(read).collect()
}

/// How many orders were delivered, and at what price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sum {
    /// How many.
    pub orders: i64,
    /// The price of what arrived.
    #[serde(with = "kernel::sum")]
    pub value: Money,
}

/// What was delivered to a retailer lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Months {
    /// Since the first of the month.
    pub this: Sum,
    /// In the month before.
    pub last: Sum,
    /// In the days that were asked for.
    pub lately: Sum,
    /// The first and the last delivery in those days.
    pub between: Option<(BusinessDate, BusinessDate)>,
}

/// What was delivered to each of these retailers since two dates, this month's first and the one before, and in some days
/// before the end of a day.
pub async fn months(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
    (last, this): (BusinessDate, BusinessDate),
    days: i64,
) -> Result<HashMap<RetailerId, Months>, DbError> {
    let sql = "select o.retailer_id, \
               cast(sum(case when o.state_at >= $3 then 1 else 0 end) as bigint) as this_orders, \
               cast(sum(case when o.state_at >= $3 then o.delivered_paisa else 0 end) as bigint) as this_value, \
               cast(sum(case when o.state_at >= $2 and o.state_at < $3 then 1 else 0 end) as bigint) as last_orders, \
               cast(sum(case when o.state_at >= $2 and o.state_at < $3 then o.delivered_paisa else 0 end) as bigint) as last_value, \
               cast(sum(case when o.state_at >= $4 then 1 else 0 end) as bigint) as late_orders, \
               cast(sum(case when o.state_at >= $4 then o.delivered_paisa else 0 end) as bigint) as late_value, \
               min(case when o.state_at >= $4 then o.state_at end) as first, max(o.state_at) as latest \
               from orders o where o.retailer_id in {1} and o.state = 'DELIVERED' and o.state_at >= $5 and o.state_at < $6 \
               group by o.retailer_id";
    let end = on.plus_days(1);
    let lately = end.plus_days(days.saturating_neg());
    let ids = Value::list(retailers);
    let values = params![ids, last.start(), this.start(), lately.start(), last.min(lately).start(), end.start()];
    let read = |row: &Row| {
        let first: Option<Instant> = row.get("first")?;
        let latest: Instant = row.get("latest")?;
        let sum = |orders, value| Ok::<_, DbError>(Sum { orders: row.get(orders)?, value: row.get(value)? });
        let months = Months {
            this: sum("this_orders", "this_value")?,
            last: sum("last_orders", "last_value")?,
            lately: sum("late_orders", "late_value")?,
            between: first.map(|first| (first.business_date(), latest.business_date())),
        };
        Ok((row.get("retailer_id")?, months))
    };
    tx.query(sql, values).await?.iter().map(read).collect()
}

/// What a retailer ordered of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Favourite {
    /// The product.
    pub product: ProductId,
    /// Units that arrived.
    pub quantity: i64,
    /// In how many orders.
    pub orders: i64,
}

/// What arrived most often at each of these retailers since a day, at most so many products each.
pub async fn favourites(
    tx: &mut Tx,
    retailers: &[RetailerId],
    since: BusinessDate,
    most: usize,
) -> Result<HashMap<RetailerId, Vec<Favourite>>, DbError> {
    let sql = "select o.retailer_id, l.product_id, cast(sum(l.delivered_quantity) as bigint) as quantity, \
               cast(count(*) as bigint) as orders from orders o join order_lines l on l.order_id = o.id \
               and l.retailer_id = o.retailer_id where o.retailer_id in {1} and o.state = 'DELIVERED' \
               and o.state_at >= $2 and l.delivered_quantity > 0 group by o.retailer_id, l.product_id \
               order by o.retailer_id, orders desc, quantity desc, l.product_id";
    let mut found: HashMap<RetailerId, Vec<Favourite>> = HashMap::new();
    for row in tx.query(sql, params![Value::list(retailers), since.start()]).await? {
        let of = found.entry(row.get("retailer_id")?).or_default();
        if of.len() < most {
            of.push(Favourite {
                product: row.get("product_id")?,
                quantity: row.get("quantity")?,
                orders: row.get("orders")?,
            });
        }
    }
    Ok(found)
}

/// What was delivered to everybody from one day up to another, without that one, and to how many retailers.
pub async fn orders_between(tx: &mut Tx, from: BusinessDate, until: BusinessDate) -> Result<(Sum, i64), DbError> {
    let sql = "select cast(count(*) as bigint) as orders, cast(coalesce(sum(o.delivered_paisa), 0) as bigint) as value, \
               cast(count(distinct o.retailer_id) as bigint) as retailers from orders o where o.state = 'DELIVERED' \
               and o.state in ('DELIVERED', 'FAILED', 'CANCELLED') and o.state_at >= $1 and o.state_at < $2";
    let row = tx.query_one(sql, params![from.start(), until.start()]).await?;
    Ok((Sum { orders: row.get("orders")?, value: row.get("value")? }, row.get("retailers")?))
}

/// Orders whose price of what arrived is not what their lines come to, or stands there before it arrived: the order, what
/// is kept and what is counted. At most so many.
pub async fn wrong_deliveries(tx: &mut Tx, most: i64) -> Result<Vec<(OrderId, Option<Money>, Option<Money>)>, DbError> {
    let sql = "select c.id, c.kept, c.counted from (select o.id, o.delivered_paisa as kept, \
               case when o.state = 'DELIVERED' then (select cast(coalesce(sum(l.unit_price_paisa * l.delivered_quantity), 0) \
               as bigint) from order_lines l where l.order_id = o.id and l.retailer_id = o.retailer_id) end as counted \
               from orders o) c where coalesce(c.kept, -1) <> coalesce(c.counted, -1) order by c.id limit $1";
    let rows = tx.query(sql, params![most]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("kept")?, row.get("counted")?))).collect()
}
