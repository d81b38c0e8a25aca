//! The statements of the bench: its floor of one-row commits and an order's rows copied raw, and what it checks.

use std::collections::HashMap;

use db::{DbError, Tx, Value, params};
use kernel::{Instant, Money, RetailerId, VendorId};

/// Writes one row.
pub(crate) async fn one_row(tx: &mut Tx, number: i64) -> Result<(), DbError> {
    let sql = "insert into message_windows (address, heard_at) values ($1, $2)";
    tx.exec(sql, params![number.to_string(), number]).await
}

/// The rows that were written one by one.
pub(crate) async fn rows_written(tx: &mut Tx) -> Result<i64, DbError> {
    let sql = "select cast(count(*) as bigint) as n from message_windows";
    tx.query_one(sql, params![]).await?.get("n")
}

/// The rows of one table that an order leaves, with the statement that reads them.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) per_order: usize,
    pub(crate) sql: &'static str,
}

/// What placing an order on credit inserts, by table. The kept positions, stock and chain heads that it updates are left
/// out, so the floor is a little higher than it could be.
pub(crate) const TABLES: [Table; 9] = [
    Table {
        name: "orders",
        columns: &[
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
            "delivery_tries",
            "last_event",
            "created_at",
            "state_at",
        ],
        per_order: 1,
        sql: "select retailer_id, id, code, vendor_id, payment_mode, state, total_paisa, place, latitude_micro, longitude_micro, delivery_tries, last_event, created_at, state_at from orders order by id limit $1",
    },
    Table {
        name: "order_lines",
        columns: &["retailer_id", "order_id", "number", "product_id", "quantity", "unit_price_paisa"],
        per_order: 3,
        sql: "select retailer_id, order_id, number, product_id, quantity, unit_price_paisa from order_lines order by order_id limit $1",
    },
    Table {
        name: "order_events",
        columns: &["retailer_id", "order_id", "seq", "state", "vendor_id", "actor", "at"],
        per_order: 2,
        sql: "select retailer_id, order_id, seq, state, vendor_id, actor, at from order_events order by order_id limit $1",
    },
    Table {
        name: "reservations",
        columns: &["retailer_id", "id", "vendor_id", "order_id", "amount_paisa", "state", "taken_seq", "created_at"],
        per_order: 1,
        sql: "select retailer_id, id, vendor_id, order_id, amount_paisa, state, taken_seq, created_at from reservations order by id limit $1",
    },
    Table {
        name: "routing_decisions",
        columns: &["retailer_id", "order_id", "seq", "id", "chosen_vendor_id", "kind", "candidates", "actor", "at"],
        per_order: 1,
        sql: "select retailer_id, order_id, seq, id, chosen_vendor_id, kind, candidates, actor, at from routing_decisions order by id limit $1",
    },
    Table {
        name: "offers",
        columns: &["retailer_id", "order_id", "id", "vendor_id", "state", "deadline", "created_at"],
        per_order: 1,
        sql: "select retailer_id, order_id, id, vendor_id, state, deadline, created_at from offers order by id limit $1",
    },
    Table {
        name: "audit_entries",
        columns: &[
            "stream",
            "seq",
            "at",
            "actor",
            "action",
            "subject",
            "state_after",
            "request",
            "previous_hash",
            "hash",
        ],
        per_order: 1,
        sql: "select stream, seq, at, actor, action, subject, state_after, request, previous_hash, hash from audit_entries order by at desc limit $1",
    },
    Table {
        name: "outgoing_messages",
        columns: &[
            "id",
            "reason_key",
            "address",
            "vendor_id",
            "content",
            "template",
            "state",
            "created_at",
            "state_at",
        ],
        per_order: 1,
        sql: "select id, reason_key, address, vendor_id, content, template, state, created_at, state_at from outgoing_messages order by id limit $1",
    },
    Table {
        name: "idempotency_keys",
        columns: &["actor", "route", "key", "body_hash", "status", "headers", "body", "created_at"],
        per_order: 1,
        sql: "select actor, route, key, body_hash, status, headers, body, created_at from idempotency_keys limit $1",
    },
];

/// The retailers, which orders refer to.
pub(crate) const RETAILERS: Table = Table {
    name: "retailers",
    columns: &["id", "name", "owner_name", "phone", "language", "status", "credit_status", "created_at", "version"],
    per_order: 1,
    sql: "select id, name, owner_name, phone, language, status, credit_status, created_at, version from retailers limit $1",
};

/// The rows that `orders` orders left in a table.
pub(crate) async fn rows(tx: &mut Tx, table: &'static Table, orders: usize) -> Result<Vec<Vec<Value>>, DbError> {
    let most = i64::try_from(orders.saturating_mul(table.per_order)).unwrap_or(i64::MAX);
    Ok(tx.query(table.sql, params![most]).await?.into_iter().map(db::Row::into_values).collect())
}

/// Lists orders for [`ids`].
pub(crate) const ORDERS: &str = "select id from orders where id > $1 order by id limit $2";
/// Lists cycles for [`ids`].
pub(crate) const CYCLES: &str = "select id from cycles where id > $1 order by id limit $2";
/// Lists repayments for [`ids`].
pub(crate) const REPAYMENTS: &str = "select id from repayments where id > $1 order by id limit $2";

/// A page of the ids that a statement lists, for the check afterwards.
pub(crate) async fn ids(tx: &mut Tx, listed: &'static str, after: &str, most: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.query(listed, params![after, most]).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Lines on which more is reserved and outstanding than their limit.
pub(crate) async fn overspent_lines(tx: &mut Tx) -> Result<i64, DbError> {
    let sql = "select cast(count(*) as bigint) as lines from credit_lines where limit_paisa < outstanding_paisa + \
               (select cast(coalesce(sum(r.amount_paisa), 0) as bigint) from reservations r \
               where r.retailer_id = credit_lines.retailer_id and r.vendor_id = credit_lines.vendor_id \
               and r.state = 'ACTIVE')";
    tx.query_one(sql, params![]).await?.get("lines")
}

/// Messages of people that wait to be handled.
pub(crate) async fn unhandled(tx: &mut Tx) -> Result<i64, DbError> {
    let sql = "select cast(count(*) as bigint) as n from incoming_messages m where m.handled_at is null";
    tx.query_one(sql, params![]).await?.get("n")
}

/// A message that was handled.
pub(crate) struct HandledMessage {
    pub(crate) address: String,
    pub(crate) handled_at: Instant,
}

/// Every handled message, by person and by the moment of writing.
pub(crate) async fn handled(tx: &mut Tx) -> Result<Vec<HandledMessage>, DbError> {
    let sql = "select m.address, m.handled_at from incoming_messages m where m.handled_at is not null \
               order by m.address, m.sent_at";
    let rows = tx.query(sql, params![]).await?;
    rows.iter()
        .map(|row| Ok(HandledMessage { address: row.get("address")?, handled_at: row.get("handled_at")? }))
        .collect()
}

/// Messages that were not answered by exactly one reply.
pub(crate) async fn wrong_replies(tx: &mut Tx) -> Result<usize, DbError> {
    let sql = "select cast(count(*) as bigint) as n from incoming_messages m where m.handled_at is not null \
               and 1 <> (select count(*) from outgoing_messages o where o.reason_key = 'reply:' || m.wamid)";
    let wrong: i64 = tx.query_one(sql, params![]).await?.get("n")?;
    Ok(usize::try_from(wrong).unwrap_or(usize::MAX))
}

/// The rows of a retailer's history.
#[derive(Default)]
pub(crate) struct HistoryRows {
    orders: Vec<Vec<Value>>,
    lines: Vec<Vec<Value>>,
    cycles: Vec<Vec<Value>>,
    open: HashMap<VendorId, Money>,
}

impl HistoryRows {
    pub(crate) fn order(&mut self, row: Vec<Value>) {
        self.orders.push(row);
    }

    pub(crate) fn line(&mut self, row: Vec<Value>) {
        self.lines.push(row);
    }

    /// A cycle of which so much is open with its vendor.
    pub(crate) fn cycle(&mut self, row: Vec<Value>, (vendor, open): (VendorId, Money)) {
        self.cycles.push(row);
        let sum = self.open.entry(vendor).or_default();
        *sum = sum.plus(open).unwrap_or(*sum);
    }
}

/// Writes a retailer's history, without its books.
pub(crate) async fn insert_history(tx: &mut Tx, rows: HistoryRows, retailer: RetailerId) -> Result<(), DbError> {
    let orders = &[
        "retailer_id",
        "id",
        "code",
        "vendor_id",
        "payment_mode",
        "state",
        "total_paisa",
        "delivery_tries",
        "last_event",
        "created_at",
        "state_at",
        "delivered_paisa",
    ];
    tx.insert_many("orders", orders, rows.orders).await?;
    let lines =
        &["retailer_id", "order_id", "number", "product_id", "quantity", "unit_price_paisa", "delivered_quantity"];
    tx.insert_many("order_lines", lines, rows.lines).await?;
    let cycles = &[
        "retailer_id",
        "id",
        "vendor_id",
        "number",
        "order_id",
        "principal_paisa",
        "outstanding_paisa",
        "repaid_paisa",
        "discount_paisa",
        "interest_paisa",
        "status",
        "started_on",
        "due_on",
        "terms_version",
        "closed_on",
        "version",
        "created_at",
        "late_from",
        "late_days",
    ];
    tx.insert_many("cycles", cycles, rows.cycles).await?;
    for (vendor, open) in rows.open {
        let sql = "update credit_lines set outstanding_paisa = $3 where retailer_id = $1 and vendor_id = $2";
        tx.exec(sql, params![retailer, vendor, open]).await?;
    }
    Ok(())
}
