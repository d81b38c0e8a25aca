//! People and orders as rows, for the tests of rooms to which they are only ids.

use db::{DbError, Tx, params};
use kernel::{Instant, Money, OrderId, RetailerId, VendorId};

/// A shop in good standing.
pub async fn add_retailer(
    tx: &mut Tx,
    id: RetailerId,
    phone: &str,
    language: &str,
    at: Instant,
) -> Result<(), DbError> {
    let columns =
        &["id", "name", "owner_name", "phone", "language", "status", "credit_status", "created_at", "version"];
    let row = params![id, "Shop", "Owner", phone, language, "ACTIVE", "ACTIVE", at, 1];
    tx.insert_many("retailers", columns, vec![row]).await
}

/// A wholesaler who sells.
pub async fn add_vendor(
    tx: &mut Tx,
    id: VendorId,
    phone: &str,
    number_prefix: &str,
    at: Instant,
) -> Result<(), DbError> {
    let columns = &[
        "id",
        "name",
        "owner_name",
        "phone",
        "language",
        "status",
        "capacity",
        "number_prefix",
        "created_at",
        "version",
    ];
    let row = params![id, "Store", "Owner", phone, "EN", "ACTIVE", 20, number_prefix, at, 1];
    tx.insert_many("vendors", columns, vec![row]).await
}

/// An order as its row alone.
#[derive(Clone, Copy, Debug)]
pub struct OrderRow {
    /// Its number.
    pub id: OrderId,
    /// Who ordered.
    pub retailer: RetailerId,
    /// Of whom.
    pub vendor: VendorId,
    /// `CASH` or `CREDIT`.
    pub mode: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// What it comes to.
    pub total: Money,
    /// What of it arrived, where anything did.
    pub delivered: Option<Money>,
    /// When it was placed, and came to stand there.
    pub at: Instant,
}

/// An order that nothing else knows of.
pub async fn add_order(tx: &mut Tx, order: OrderRow) -> Result<(), DbError> {
    let columns = &[
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
    let OrderRow { id, retailer, vendor, mode, state, total, delivered, at } = order;
    let row = params![retailer, id, id.to_string(), vendor, mode, state, total, 0, 1, at, at, delivered];
    tx.insert_many("orders", columns, vec![row]).await
}
