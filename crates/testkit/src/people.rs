//! People as rows, for the tests of rooms to which they are only ids.

use db::{DbError, Tx, params};
use kernel::{Instant, RetailerId, VendorId};

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
