//! The tables: every operation, what it needs and what each role gets for it.

mod commands;
mod reads;

use serde_json::Value;

use super::world::Own;
pub(super) use commands::commands;
pub(super) use reads::reads;

/// Operations that anyone may call.
pub(super) const PUBLIC: &[&str] = &[
    "GET /api/v1/health",
    "GET /api/v1/health/ready",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/register",
    // Meta has no token of ours: its deliveries are signed, and its handshake names a secret.
    "GET /api/v1/whatsapp/webhook",
    "POST /api/v1/whatsapp/webhook",
];

const EVERYONE: [u16; 3] = [200, 200, 200];
const NOT_RETAILERS: [u16; 3] = [403, 200, 200];
const OPERATORS: [u16; 3] = [403, 403, 200];

/// An operation with what a retailer, a vendor and an operator get for it, where the objects are their own.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) operation: &'static str,
    /// Behind `/api/v1/`.
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) statuses: [u16; 3],
}

fn row(operation: &'static str, path: String, body: Value, statuses: [u16; 3]) -> Row {
    Row { operation, path, body, statuses }
}

fn get(operation: &'static str, path: String, statuses: [u16; 3]) -> Row {
    row(operation, path, Value::Null, statuses)
}

pub(super) fn rows(own: &Own) -> Vec<Row> {
    [reads(own), commands(own)].concat()
}
