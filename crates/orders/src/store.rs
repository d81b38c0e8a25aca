//! Every statement of orders.

mod placed;
pub(crate) mod volume;

use std::collections::{BTreeMap, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{Actor, Context, Instant, OrderId, Page, PageRequest, RetailerId, Scope, VendorId};

use crate::rules::OrderState;
use crate::{DeliveryPlace, Order, OrderEvent, OrderLine, delivered_price};

pub use placed::{placed_days, placed_values};

fn order(row: &Row) -> Result<Order, DbError> {
    Ok(Order {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        code: row.get("code")?,
        vendor_id: row.get("vendor_id")?,
        payment_mode: row.get("payment_mode")?,
        state: row.get("state")?,
        total: row.get("total_paisa")?,
        place: DeliveryPlace {
            text: row.get("place")?,
            latitude_micro: row.get("latitude_micro")?,
            longitude_micro: row.get("longitude_micro")?,
        },
        reason: row.get("reason")?,
        retry_of: row.get("retry_of")?,
        created_at: row.get("created_at")?,
        state_at: row.get("state_at")?,
        vendor_delivered_at: row.get("vendor_delivered_at")?,
        lines: Vec::new(),
        delivery_code: row.get("delivery_code")?,
        delivery_tries: row.get("delivery_tries")?,
        last_event: row.get("last_event")?,
    })
}

fn line(row: &Row) -> Result<OrderLine, DbError> {
    Ok(OrderLine {
        number: row.get("number")?,
        product_id: row.get("product_id")?,
        quantity: row.get("quantity")?,
        unit_price: row.get("unit_price_paisa")?,
        delivered_quantity: row.get("delivered_quantity")?,
    })
}

async fn with_lines(tx: &mut Tx, mut orders: Vec<Order>) -> Result<Vec<Order>, DbError> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let keys = Value::rows(orders.iter().map(|order| params![order.retailer_id, order.id]));
    let sql = "select l.* from {rows 1: retailer_id text, order_id text} v join order_lines l \
               on l.retailer_id = v.retailer_id and l.order_id = v.order_id order by l.order_id, l.number";
    let mut lines: HashMap<OrderId, Vec<OrderLine>> = HashMap::new();
    for row in tx.query(sql, params![keys]).await? {
        lines.entry(row.get("order_id")?).or_default().push(line(&row)?);
    }
    for order in &mut orders {
        order.lines = lines.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}

/// One order with its lines, if it is inside the scope.
pub async fn find(tx: &mut Tx, scope: Scope, id: OrderId) -> Result<Option<Order>, DbError> {
    let row = tx.query_opt("select * from orders o where o.id = $1", params![id]).await?;
    in_scope(tx, scope, row).await
}

/// Locks an order and reads it with its lines, if it is inside the scope.
pub async fn find_for_update(tx: &mut Tx, scope: Scope, id: OrderId) -> Result<Option<Order>, DbError> {
    let row = tx.query_opt("select * from orders o where o.id = $1 {lock o}", params![id]).await?;
    in_scope(tx, scope, row).await
}

/// Locks an order and reads it with its lines, unless somebody else has locked it.
pub(crate) async fn find_if_free(tx: &mut Tx, id: OrderId) -> Result<Option<Order>, DbError> {
    let row = tx.query_opt("select * from orders o where o.id = $1 {lock o skip locked}", params![id]).await?;
    in_scope(tx, Scope::All, row).await
}

/// The order that was placed to try another one again, the last of them. Drafts that were given up are none.
pub async fn retry_of(tx: &mut Tx, retailer: RetailerId, id: OrderId) -> Result<Option<Order>, DbError> {
    let sql = "select * from orders o where o.retry_of = $2 and o.retailer_id = $1 \
               and o.state <> 'DRAFT' and o.state <> 'EXPIRED' and (o.state <> 'CANCELLED' or o.total_paisa > 0) \
               order by o.id desc limit 1";
    let row = tx.query_opt(sql, params![retailer, id]).await?;
    in_scope(tx, Scope::Retailer(retailer), row).await
}

/// Drafts that were last changed before a moment, the oldest first.
pub(crate) async fn stale_drafts(tx: &mut Tx, before: Instant, most: i64) -> Result<Vec<OrderId>, DbError> {
    let sql = "select o.id from orders o where o.state = 'DRAFT' and o.state_at <= $1 order by o.state_at limit $2";
    tx.query(sql, params![before, most]).await?.iter().map(|row| row.get("id")).collect()
}

/// Drafts that expired after a moment and up to another one.
pub(crate) async fn expired_drafts(tx: &mut Tx, after: Instant, until: Instant) -> Result<Vec<OrderId>, DbError> {
    let sql = "select o.id from orders o where o.state = 'EXPIRED' and o.state_at > $1 and o.state_at <= $2 \
               order by o.state_at, o.id";
    tx.query(sql, params![after, until]).await?.iter().map(|row| row.get("id")).collect()
}

/// The codes of a retailer's orders.
pub async fn codes(tx: &mut Tx, retailer: RetailerId, ids: &[OrderId]) -> Result<HashMap<OrderId, String>, DbError> {
    let sql = "select o.id, o.code from orders o where o.retailer_id = $1 and o.id in {2}";
    let rows = tx.query(sql, params![retailer, Value::list(ids)]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("code")?))).collect()
}

/// One order by the code people say, if it is inside the scope.
pub async fn find_by_code(tx: &mut Tx, scope: Scope, code: &str) -> Result<Option<Order>, DbError> {
    let row = tx.query_opt("select * from orders o where o.code = $1", params![code]).await?;
    in_scope(tx, scope, row).await
}

async fn in_scope(tx: &mut Tx, scope: Scope, row: Option<Row>) -> Result<Option<Order>, DbError> {
    let Some(row) = row else { return Ok(None) };
    let order = order(&row)?;
    if !scope.includes(order.retailer_id, order.vendor_id) {
        return Ok(None);
    }
    Ok(with_lines(tx, vec![order]).await?.into_iter().next())
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this retailer.
    pub retailer: Option<RetailerId>,
    /// Only of this vendor.
    pub vendor: Option<VendorId>,
    /// Only in this state.
    pub state: Option<OrderState>,
}

/// Orders of a scope, newest first; the cursor is the last id.
pub async fn list(tx: &mut Tx, scope: Scope, filter: &Filter, page: &PageRequest) -> Result<Page<Order>, DbError> {
    let retailer = scope.retailer().or(filter.retailer);
    let vendor = scope.vendor().or(filter.vendor);
    let is_foreign = (scope.retailer().is_some() && filter.retailer.is_some_and(|asked| Some(asked) != retailer))
        || (scope.vendor().is_some() && filter.vendor.is_some_and(|asked| Some(asked) != vendor));
    if is_foreign {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let after = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let (state, limit) = (filter.state, page.limit.saturating_add(1));
    let rows = match (retailer, vendor) {
        (Some(retailer), vendor) => {
            let sql = "select * from orders o where o.retailer_id = $1 and o.id < $2 \
                       and (cast($3 as text) is null or o.vendor_id = $3) \
                       and (cast($4 as text) is null or o.state = $4) order by o.id desc limit $5";
            tx.query(sql, params![retailer, after, vendor, state, limit]).await?
        }
        (None, Some(vendor)) => {
            // What is open and what has ended lie in an index each; an order in another state is with no vendor.
            let sql = "select * from (select * from orders o where o.vendor_id = $1 and o.id < $2 \
                       and (cast($3 as text) is null or o.state = $3) \
                       and o.state in ('OFFERED', 'CONFIRMED', 'DISPATCHED') order by o.id desc limit $4) a union all \
                       select * from (select * from orders o where o.vendor_id = $1 and o.id < $2 \
                       and (cast($3 as text) is null or o.state = $3) \
                       and o.state in ('DELIVERED', 'FAILED', 'CANCELLED') order by o.id desc limit $4) b \
                       order by id desc limit $4";
            tx.query(sql, params![vendor, after, state, limit]).await?
        }
        (None, None) => {
            let sql = "select * from orders o where o.id < $1 and (cast($2 as text) is null or o.state = $2) \
                       order by o.id desc limit $3";
            tx.query(sql, params![after, state, limit]).await?
        }
    };
    let orders = rows.iter().map(order).collect::<Result<_, _>>()?;
    let page = Page::from_overfull(orders, page, |order: &Order| order.id.to_string());
    Ok(Page { items: with_lines(tx, page.items).await?, next: page.next })
}

/// Orders that hold something in this state, the longest in it first, or that ended in it since a moment, the newest first;
/// of one vendor or of all. What lies behind them costs nothing.
pub async fn on_board(
    tx: &mut Tx,
    vendor: Option<VendorId>,
    state: OrderState,
    since: Instant,
    most: i64,
) -> Result<Vec<Order>, DbError> {
    let rows = if state.holds() {
        let sql = "select * from orders o where o.state = $1 and o.state in ('OFFERED', 'CONFIRMED', 'DISPATCHED') \
                   and (cast($2 as text) is null or o.vendor_id = $2) order by o.state_at, o.id limit $3";
        tx.query(sql, params![state, vendor, most]).await?
    } else {
        let sql = "select * from orders o where o.state = $1 and o.state in ('DELIVERED', 'FAILED', 'CANCELLED') \
                   and (cast($2 as text) is null or o.vendor_id = $2) and o.state_at >= $3 \
                   order by o.state_at desc limit $4";
        tx.query(sql, params![state, vendor, since, most]).await?
    };
    let orders = rows.iter().map(order).collect::<Result<_, _>>()?;
    with_lines(tx, orders).await
}

/// The open orders of vendors, counted up to `most` each.
pub async fn open_orders(tx: &mut Tx, vendors: &[VendorId], most: i64) -> Result<HashMap<VendorId, i64>, DbError> {
    // The inner limit keeps the count from growing with what lies open: past a vendor's capacity more makes no
    // difference.
    let sql = "select v.id, (select cast(count(*) as bigint) from (select 1 as one from orders o \
               where o.vendor_id = v.id and o.state in ('OFFERED', 'CONFIRMED', 'DISPATCHED') limit $2) capped) as open \
               from vendors v where v.id in {1}";
    let rows = tx.query(sql, params![Value::list(vendors), most]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("open")?))).collect()
}

/// What a retailer was asked about a delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// When the vendor gave its word.
    pub(crate) said: Instant,
    /// When the retailer was asked again.
    pub(crate) asked_again: Option<Instant>,
    /// When it said something, or nothing was left to ask.
    pub(crate) answered: Option<Instant>,
}

/// What the retailer was asked about an order's delivery. The caller holds the order's lock.
pub(crate) async fn question(tx: &mut Tx, order: &Order) -> Result<Option<Question>, DbError> {
    let sql = "select * from delivery_questions q where q.order_id = $1 and q.retailer_id = $2";
    let row = tx.query_opt(sql, params![order.id, order.retailer_id]).await?;
    row.map(|row| {
        Ok(Question {
            said: row.get("said_at")?,
            asked_again: row.get("asked_again_at")?,
            answered: row.get("answered_at")?,
        })
    })
    .transpose()
}

/// Writes what the retailer is asked.
pub(crate) async fn put_question(tx: &mut Tx, order: &Order, question: Question) -> Result<(), DbError> {
    let sql = "insert into delivery_questions (retailer_id, order_id, said_at, asked_again_at, answered_at) \
               values ($1, $2, $3, $4, $5) on conflict (order_id, retailer_id) do update set said_at = $3, \
               asked_again_at = $4, answered_at = $5";
    let Question { said, asked_again, answered } = question;
    tx.exec(sql, params![order.retailer_id, order.id, said, asked_again, answered]).await
}

/// Writes that nothing is to be asked any more.
pub(crate) async fn answer_question(tx: &mut Tx, order: &Order, now: Instant) -> Result<(), DbError> {
    let sql = "update delivery_questions set answered_at = $3 \
               where order_id = $1 and retailer_id = $2 and answered_at is null";
    tx.exec(sql, params![order.id, order.retailer_id, now]).await
}

/// Orders behind one of them whose retailers were asked once before a moment, or again before another, and are silent.
pub(crate) async fn silent(
    tx: &mut Tx,
    once: Instant,
    again: Instant,
    after: &str,
    most: i64,
) -> Result<Vec<OrderId>, DbError> {
    let sql = "select q.order_id from delivery_questions q where q.answered_at is null and q.said_at <= $1 \
               and (q.asked_again_at is null or q.asked_again_at <= $2) and q.order_id > $3 order by q.order_id limit $4";
    tx.query(sql, params![once, again, after, most]).await?.iter().map(|row| row.get("order_id")).collect()
}

const ORDER_COLUMNS: &[&str] = &[
    "retailer_id",
    "id",
    "code",
    "vendor_id",
    "payment_mode",
    "state",
    "total_paisa",
    "place",
    "latitude_micro",
    "longitude_micro",
    "reason",
    "delivery_tries",
    "retry_of",
    "last_event",
    "created_at",
    "state_at",
];

fn order_row(order: &Order) -> Vec<Value> {
    params![
        order.retailer_id,
        order.id,
        &order.code,
        order.vendor_id,
        order.payment_mode,
        order.state,
        order.total,
        order.place.text.as_deref(),
        order.place.latitude_micro,
        order.place.longitude_micro,
        order.reason.as_deref(),
        order.delivery_tries,
        order.retry_of,
        order.last_event,
        order.created_at,
        order.state_at,
    ]
}

/// Inserts orders with their lines. One whose code is taken gets another from `new_code`, so codes may clash freely.
pub async fn insert(tx: &mut Tx, orders: &mut [Order], new_code: impl Fn() -> String) -> Result<(), DbError> {
    let mut waiting: Vec<usize> = (0..orders.len()).collect();
    while !waiting.is_empty() {
        let rows = waiting.iter().filter_map(|&index| orders.get(index)).map(order_row).collect();
        let new = tx.insert_new("orders", ORDER_COLUMNS, rows, "id").await?;
        let new =
            new.iter().map(|row| row.get::<OrderId>("id")).collect::<Result<std::collections::HashSet<_>, _>>()?;
        waiting.retain(|&index| orders.get(index).is_some_and(|order| !new.contains(&order.id)));
        for &index in &waiting {
            if let Some(order) = orders.get_mut(index) {
                order.code = new_code();
            }
        }
    }
    insert_lines(tx, orders).await
}

/// Inserts the lines of orders.
pub async fn insert_lines(tx: &mut Tx, orders: &[Order]) -> Result<(), DbError> {
    let columns = &["retailer_id", "order_id", "number", "product_id", "quantity", "unit_price_paisa"];
    let rows = orders.iter().flat_map(|order| {
        order.lines.iter().map(|line| {
            params![order.retailer_id, order.id, line.number, line.product_id, line.quantity, line.unit_price]
        })
    });
    tx.insert_many("order_lines", columns, rows.collect()).await
}

/// Takes the lines of a draft away, before others are written.
pub async fn delete_lines(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<(), DbError> {
    tx.exec("delete from order_lines where retailer_id = $1 and order_id = $2", params![retailer, order]).await
}

/// Writes an order's changed fields. The caller holds its lock.
pub async fn update(tx: &mut Tx, order: &Order) -> Result<(), DbError> {
    let sql = "update orders set vendor_id = $3, payment_mode = $4, state = $5, total_paisa = $6, place = $7, \
               latitude_micro = $8, longitude_micro = $9, reason = $10, delivery_code = $11, delivery_tries = $12, \
               vendor_delivered_at = $13, last_event = $14, state_at = $15, delivered_paisa = $16 \
               where retailer_id = $1 and id = $2";
    let delivered = delivered_price(order).map_err(|_| DbError::Missing("amounts of an order that fit"))?;
    let values = params![
        order.retailer_id,
        order.id,
        order.vendor_id,
        order.payment_mode,
        order.state,
        order.total,
        order.place.text.as_deref(),
        order.place.latitude_micro,
        order.place.longitude_micro,
        order.reason.as_deref(),
        order.delivery_code.as_deref(),
        order.delivery_tries,
        order.vendor_delivered_at,
        order.last_event,
        order.state_at,
        delivered,
    ];
    tx.exec(sql, values).await
}

/// Writes new prices of an order's lines, as when it goes to another vendor.
pub async fn update_prices(tx: &mut Tx, order: &Order) -> Result<(), DbError> {
    let rows = Value::rows(order.lines.iter().map(|line| params![line.number, line.unit_price]));
    let sql = "update order_lines set unit_price_paisa = v.price from {rows 3: number bigint, price bigint} v \
               where order_lines.retailer_id = $1 and order_lines.order_id = $2 and order_lines.number = v.number";
    tx.exec(sql, params![order.retailer_id, order.id, rows]).await
}

/// Writes what was delivered of each line.
pub async fn update_delivered(tx: &mut Tx, order: &Order) -> Result<(), DbError> {
    let rows = Value::rows(order.lines.iter().map(|line| params![line.number, line.delivered_quantity]));
    let sql = "update order_lines set delivered_quantity = v.delivered from {rows 3: number bigint, delivered bigint} v \
               where order_lines.retailer_id = $1 and order_lines.order_id = $2 and order_lines.number = v.number";
    tx.exec(sql, params![order.retailer_id, order.id, rows]).await
}

/// A line of the status log to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The order's retailer.
    pub retailer: RetailerId,
    /// The order.
    pub order: OrderId,
    /// Its place in the log.
    pub seq: i64,
    /// The state that was entered.
    pub state: OrderState,
    /// The vendor at that time.
    pub vendor: Option<VendorId>,
    /// Who did it.
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Instant,
}

impl NewEvent {
    /// The order's last transition, as this context caused it.
    pub fn of(cx: &Context, order: &Order, reason: Option<&str>) -> Self {
        Self {
            retailer: order.retailer_id,
            order: order.id,
            seq: order.last_event,
            state: order.state,
            vendor: order.vendor_id,
            actor: cx.actor,
            reason: reason.map(ToOwned::to_owned),
            at: cx.now,
        }
    }
}

/// Writes lines of the status log.
pub async fn insert_events(tx: &mut Tx, events: Vec<NewEvent>) -> Result<(), DbError> {
    let columns = &["retailer_id", "order_id", "seq", "state", "vendor_id", "actor", "reason", "at"];
    let rows = events.into_iter().map(|event| {
        params![event.retailer, event.order, event.seq, event.state, event.vendor, event.actor, event.reason, event.at]
    });
    tx.insert_many("order_events", columns, rows.collect()).await
}

/// The status log of an order, oldest first.
pub async fn events(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<Vec<OrderEvent>, DbError> {
    let sql = "select * from order_events e where e.retailer_id = $1 and e.order_id = $2 order by e.seq";
    let rows = tx.query(sql, params![retailer, order]).await?;
    rows.iter()
        .map(|row| {
            Ok(OrderEvent {
                seq: row.get("seq")?,
                state: row.get("state")?,
                vendor_id: row.get("vendor_id")?,
                actor: row.get("actor")?,
                reason: row.get("reason")?,
                at: row.get("at")?,
            })
        })
        .collect()
}

/// Orders by state, for checks that look at all of them.
pub async fn count_by_state(tx: &mut Tx) -> Result<BTreeMap<OrderState, i64>, DbError> {
    let rows = tx.query("select o.state, cast(count(*) as bigint) as orders from orders o group by o.state", params![]);
    rows.await?.iter().map(|row| Ok((row.get("state")?, row.get("orders")?))).collect()
}
