//! Reading a book: its entries, its balances.

use std::collections::{BTreeSet, HashMap};

use db::{DbError, Tx};
use kernel::{EntryId, Money, OrderId, Page, PageRequest, PaymentId, RetailerId, Scope, VendorId};
use serde::Serialize;

use crate::account::Account;
use crate::entry::Entry;
use crate::{Pair, Part, store};

/// A place in the journal: behind this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entry's retailer.
    pub retailer: RetailerId,
    /// The entry's vendor.
    pub vendor: VendorId,
    /// The entry's number.
    pub seq: i64,
}

impl Place {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { retailer: entry.retailer_id, vendor: entry.vendor_id, seq: entry.seq }
    }
}

/// What stands on an account of a book; a debit balance is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Balance {
    /// The account.
    #[schema(value_type = String, example = "receivable")]
    pub account: Account,
    /// Debits less credits.
    pub balance: Money,
}

/// The entries of a book in their order; the page's cursor is the last number. Empty outside the scope.
pub async fn entries(
    tx: &mut Tx,
    scope: Scope,
    retailer: RetailerId,
    vendor: VendorId,
    page: &PageRequest,
) -> Result<Page<Entry>, DbError> {
    if !scope.includes(retailer, Some(vendor)) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let seq = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0);
    let after = Place { retailer, vendor, seq };
    let part = Part::Book((retailer, vendor));
    let found = store::entries_after(tx, part, Some(after), page.limit.saturating_add(1)).await?;
    Ok(Page::from_overfull(found, page, |entry: &Entry| entry.seq.to_string()))
}

/// The balance of each account of a book, by account. Empty outside the scope.
pub async fn balances(
    tx: &mut Tx,
    scope: Scope,
    retailer: RetailerId,
    vendor: VendorId,
) -> Result<Vec<Balance>, DbError> {
    if !scope.includes(retailer, Some(vendor)) {
        return Ok(Vec::new());
    }
    let found = store::balances(tx, (retailer, vendor)).await?;
    Ok(found.into_iter().map(|(account, balance)| Balance { account, balance }).collect())
}

/// The hash of the last entry of a book, which a transaction that has just posted into it shows as its proof.
pub async fn last_hash(tx: &mut Tx, pair: Pair) -> Result<String, DbError> {
    let heads = store::heads_of(tx, &BTreeSet::from([pair])).await?;
    heads.into_values().next().map(|head| head.last_hash).ok_or(DbError::Missing("the head of a book"))
}

/// What each of these retailers owes each vendor by the journal; books without a posting are absent. For checking.
pub async fn receivables(tx: &mut Tx, pairs: &[Pair]) -> Result<HashMap<Pair, Money>, DbError> {
    let pairs: BTreeSet<Pair> = pairs.iter().copied().collect();
    store::balances_on(tx, &pairs, Account::Receivable).await
}

/// What each of these retailers paid each vendor ahead, by the journal: above zero where there is something; books
/// without a posting are absent. For checking.
pub async fn advances(tx: &mut Tx, pairs: &[Pair]) -> Result<HashMap<Pair, Money>, DbError> {
    let pairs: BTreeSet<Pair> = pairs.iter().copied().collect();
    let credits = store::balances_on(tx, &pairs, Account::Advances).await?;
    let owed = |(pair, balance): (Pair, Money)| balance.negated().map(|owed| (pair, owed));
    credits.into_iter().map(owed).collect::<Result<_, _>>().map_err(|error| DbError::Constraint(error.to_string()))
}

/// The entries that a payment caused in a book, in their order, for whoever reverses it.
pub async fn entries_of_payment(tx: &mut Tx, pair: Pair, payment: PaymentId) -> Result<Vec<Entry>, DbError> {
    store::entries_of_payment(tx, pair, payment).await
}

/// The entries of an order in its book, in their order, for a caller that may see it.
pub async fn entries_of_order(tx: &mut Tx, pair: Pair, order: OrderId) -> Result<Vec<Entry>, DbError> {
    store::entries_of_order(tx, pair, order).await
}

/// One entry of a book.
pub async fn entry(tx: &mut Tx, pair: Pair, id: EntryId) -> Result<Option<Entry>, DbError> {
    store::entry_by_id(tx, pair, id).await
}

/// The entries of a retailer over its books, or in the book of one vendor, the newest first; the page's cursor is the
/// last entry. Empty outside the scope.
pub async fn history(
    tx: &mut Tx,
    scope: Scope,
    retailer: RetailerId,
    vendor: Option<VendorId>,
    page: &PageRequest,
) -> Result<Page<Entry>, DbError> {
    let vendor = vendor.or(scope.vendor());
    if !scope.includes(retailer, vendor) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let vendor = vendor.map(|vendor| vendor.to_string()).unwrap_or_default();
    // Behind every id there is a tilde.
    let before = page.after.as_deref().unwrap_or("~");
    let found = store::entries_before(tx, retailer, &vendor, before, page.limit.saturating_add(1)).await?;
    Ok(Page::from_overfull(found, page, |entry: &Entry| entry.id.to_string()))
}
