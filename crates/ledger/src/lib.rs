//! The books: an append-only, double-entry, hash-chained journal for each retailer and vendor.
//!
//! A *book* is what one retailer and one vendor have with each other; it exists from their first entry. Its entries are
//! numbered without gaps and each carries the hash of the one before it, so that a changed, missing or reordered entry is
//! found by [`verify`]. A mistake is corrected by a reversing entry; nothing is updated or deleted. The journal
//! leaves the house as plain-text accounting ([`export_page`]), so that a program that is not ours can check it.
//!
//! Which event posts what is decided by the rooms above; limits, cycles and payments do not live here.
//!
//! Statements: [`post`] 4 for any number of entries, one of which waits for an answer (2 more where a book is new);
//! a page of a [`statement()`] 3, of an export 2; a [`trial_balance`] 1; checking 3 for a thousand entries.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod account;
mod entry;
mod export;
mod http;
mod post;
mod read;
mod statement;
mod store;
mod verify;

use kernel::{RetailerId, Scope, VendorId};

pub use account::{Account, Method};
pub use entry::{Balanced, Entry, EntryKind, FIRST_HASH, NewEntry, Posting, Unbalanced};
pub use export::{ExportPage, export_header, export_page};
pub use http::routes;
pub use post::{Posted, post};
pub use read::{
    Balance, Place, advances, balances, entries, entries_of_order, entries_of_payment, entry, history, last_hash,
    receivables,
};
pub use statement::{AccountTotals, Period, Statement, StatementEntry, TrialBalance, statement, trial_balance};
pub use store::receivable_by_cycle;
pub use verify::{Finding, Plan, Stretch, Verified, Wrong, plan, verify};

/// Whose book it is.
pub type Pair = (RetailerId, VendorId);

/// Which books are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    All,
    /// Those of one vendor.
    Vendor(VendorId),
    /// Those of one retailer.
    Retailer(RetailerId),
    /// One.
    Book(Pair),
}

impl From<Scope> for Part {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Vendor(vendor) => Self::Vendor(vendor),
            Scope::Retailer(retailer) => Self::Retailer(retailer),
        }
    }
}
