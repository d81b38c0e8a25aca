//! Reservations: taking, ending, reading.

use db::{DbError, Row, Tx, Value, params};
use kernel::{
    CycleId, EntryId, Instant, Money, OrderId, Page, PageRequest, ReservationId, RetailerId, Scope, VendorId,
};

use crate::Pair;
use crate::model::{Reservation, ReservationState};

fn read(row: &Row) -> Result<Reservation, DbError> {
    Ok(Reservation {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        order_id: row.get("order_id")?,
        amount: row.get("amount_paisa")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        cycle_id: row.get("cycle_id")?,
        entry_id: row.get("entry_id")?,
        created_at: row.get("created_at")?,
        ended_at: row.get("ended_at")?,
    })
}

/// A reservation to be inserted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct New {
    pub(crate) id: ReservationId,
    pub(crate) pair: Pair,
    pub(crate) order: OrderId,
    pub(crate) amount: Money,
    pub(crate) seq: i64,
    pub(crate) at: Instant,
    pub(crate) expires_at: Option<Instant>,
}

/// Inserts active reservations. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, new: &[New]) -> Result<(), DbError> {
    let columns = &[
        "retailer_id",
        "id",
        "vendor_id",
        "order_id",
        "amount_paisa",
        "state",
        "taken_seq",
        "created_at",
        "expires_at",
    ];
    let rows = new.iter().map(|new| {
        let (retailer, vendor) = new.pair;
        let state = ReservationState::Active;
        params![retailer, new.id, vendor, new.order, new.amount, state, new.seq, new.at, new.expires_at]
    });
    tx.insert_many("reservations", columns, rows.collect()).await
}

/// Takes the deadline off an active reservation. Waits for no answer.
pub(crate) async fn keep(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<(), DbError> {
    let sql = "update reservations set expires_at = null where retailer_id = $1 and order_id = $2 and state = 'ACTIVE'";
    tx.exec(sql, params![retailer, order]).await
}

/// The orders of these retailers whose active reservations have passed their deadline.
pub(crate) async fn expired(tx: &mut Tx, retailers: &[RetailerId], now: Instant) -> Result<Vec<OrderId>, DbError> {
    let sql = "select order_id from reservations r where r.retailer_id in {1} and r.state = 'ACTIVE' \
               and r.expires_at <= $2 order by r.order_id";
    let rows = tx.query(sql, params![Value::list(retailers), now]).await?;
    rows.iter().map(|row| row.get("order_id")).collect()
}

/// The orders with these vendors whose active reservations have passed their deadline, under the locks of their lines;
/// those of lines that somebody else has locked are left out.
pub(crate) async fn expired_with(tx: &mut Tx, vendors: &[VendorId], now: Instant) -> Result<Vec<OrderId>, DbError> {
    let sql = "select r.order_id from reservations r join credit_lines l on l.retailer_id = r.retailer_id \
               and l.vendor_id = r.vendor_id where r.vendor_id in {1} and r.state = 'ACTIVE' and r.expires_at <= $2 \
               order by r.order_id {lock l skip locked}";
    let rows = tx.query(sql, params![Value::list(vendors), now]).await?;
    rows.iter().map(|row| row.get("order_id")).collect()
}

/// The active reservation of an order.
pub(crate) async fn active_of_order(
    tx: &mut Tx,
    retailer: RetailerId,
    order: OrderId,
) -> Result<Option<Reservation>, DbError> {
    let sql = "select * from reservations where retailer_id = $1 and order_id = $2 and state = 'ACTIVE'";
    tx.query_opt(sql, params![retailer, order]).await?.as_ref().map(read).transpose()
}

/// How the reservations of an order ended: the converted one, else the one taken last.
pub(crate) async fn ended_of_order(
    tx: &mut Tx,
    retailer: RetailerId,
    order: OrderId,
) -> Result<Option<Reservation>, DbError> {
    let sql = "select * from reservations where retailer_id = $1 and order_id = $2 and state <> 'ACTIVE' \
               order by case state when 'CONVERTED' then 0 else 1 end, id desc limit 1";
    tx.query_opt(sql, params![retailer, order]).await?.as_ref().map(read).transpose()
}

/// Every reservation of an order, the first one first; one for each vendor that it was put before. Walks the retailer's
/// reservations.
pub async fn reservations_of_order(
    tx: &mut Tx,
    retailer: RetailerId,
    order: OrderId,
) -> Result<Vec<Reservation>, DbError> {
    let sql = "select * from reservations where retailer_id = $1 and order_id = $2 order by id";
    tx.query(sql, params![retailer, order]).await?.iter().map(read).collect()
}

/// How a reservation ends.
#[derive(Clone, Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) state: ReservationState,
    pub(crate) reason: Option<&'a str>,
    pub(crate) cycle: Option<CycleId>,
    pub(crate) entry: Option<EntryId>,
    pub(crate) seq: i64,
    pub(crate) at: Instant,
}

/// Ends an active reservation whose line is locked; nothing else can have ended it meanwhile.
pub(crate) async fn end(tx: &mut Tx, held: &Reservation, ending: &Ending<'_>) -> Result<(), DbError> {
    let sql = "update reservations set state = $3, reason = $4, cycle_id = $5, entry_id = $6, ended_seq = $7, \
               ended_at = $8 where retailer_id = $1 and id = $2 and state = 'ACTIVE'";
    let values = params![
        held.retailer_id,
        held.id,
        ending.state,
        ending.reason.map(str::to_owned),
        ending.cycle,
        ending.entry,
        ending.seq,
        ending.at,
    ];
    tx.exec(sql, values).await
}

/// The reservation with this id, inside a scope.
pub async fn reservation(tx: &mut Tx, scope: Scope, id: ReservationId) -> Result<Option<Reservation>, DbError> {
    let row = tx.query_opt("select * from reservations where id = $1", params![id]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|held| scope.includes(held.retailer_id, Some(held.vendor_id))))
}

/// The active reservations of a line, oldest first; the cursor is the last id. Empty outside the scope.
pub async fn active_reservations(
    tx: &mut Tx,
    scope: Scope,
    line: Pair,
    page: &PageRequest,
) -> Result<Page<Reservation>, DbError> {
    if !scope.includes(line.0, Some(line.1)) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let sql = "select * from reservations where retailer_id = $1 and vendor_id = $2 and state = 'ACTIVE' \
               and id > $3 order by id limit $4";
    let after = page.after.clone().unwrap_or_default();
    let values: Vec<Value> = params![line.0, line.1, after, page.limit.saturating_add(1)];
    let found = tx.query(sql, values).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |held: &Reservation| held.id.to_string()))
}
