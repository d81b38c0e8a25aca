//! The tables, as one list of migrations in the words of both engines.
//!
//! Columns are BIGINT and TEXT: money in paisa, moments in microseconds of UTC, dates `YYYY-MM-DD`, ids as text, enums as
//! text with CHECK, JSON as opaque text. `{clustered}` keeps a table in the order of its primary key on SQLite. A table
//! that a retailer owns has the retailer in its primary key, so that the schema can be spread by retailer; one that a
//! vendor owns is keyed by vendor. Where rows are written with every order, what grows with time (an id, a moment) comes
//! first in that key: new rows then share the last pages of their table, whoever's they are, while a key that begins with
//! the retailer would touch one page more for each of them. Once a version is released, files are only ever added.

use db::Migration;

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// Every migration, in the order in which they are applied.
        pub const MIGRATIONS: &[Migration] = &[$(
            Migration { name: $name, sql: include_str!(concat!("../migrations/", $name, ".sql")) }
        ),*];
    };
}

migrations! {
    "0001_machines",
    "0002_parties",
    "0003_catalog",
    "0004_ledger_and_credit",
    "0005_orders_and_routing",
    "0006_conversation",
    "0007_one_running_job_per_order_key",
    "0008_payments",
    "0009_lines_and_disputes",
    "0010_ledger",
    "0011_panel",
    "0012_import",
    "0013_stock_moves",
    "0014_threads",
    "0015_recovery",
    "0016_ended_orders",
    "0017_sending",
    "0018_open_cycles",
    "0019_queues",
    "0020_scores",
    "0021_reminders",
    "0022_risk",
    "0023_by_time",
}
