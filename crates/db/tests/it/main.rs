//! What the store promises, on both engines: one list, each promise tried on SQLite and on PostgreSQL, and then what only one
//! of them can do wrong.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing loudly"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure, wait and differ")]

mod crash;
mod desk;
mod migrations;
mod postgres;
mod proxy;
mod sqlite;
mod transactions;
mod values;
mod world;
