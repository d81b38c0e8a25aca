//! What happened in a book between two business dates, and what stands on every account on one.
//!
//! Nothing here is kept: a balance is the sum of its postings. [`statement`] costs 3 statements a page, of which the sums
//! read the receivable of the whole book; [`trial_balance`] costs 1, which reads every posting of the books that are asked
//! for. Memory holds a page, or a row for each account.

use db::{DbError, Tx};
use kernel::{BusinessDate, Money, Page, PageRequest};
use serde::Serialize;

use crate::account::Account;
use crate::entry::Entry;
use crate::{Pair, Part, store};

/// From one business date to another, both included; open where one is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The first date.
    pub from: Option<BusinessDate>,
    /// The last date.
    pub to: Option<BusinessDate>,
}

/// A book's statement: a page of its entries between what was owed before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What was owed before the first date.
    pub opening: Money,
    /// What was owed at the end of the last date.
    pub closing: Money,
    /// The entries by business date and then by number, each with what it changed and what was owed after it.
    pub entries: Page<StatementEntry>,
}

/// An entry on a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementEntry {
    /// The entry.
    pub entry: Entry,
    /// What it changed of what is owed.
    pub change: Money,
    /// What was owed after it.
    pub balance: Money,
}

/// A page of a book's statement. The cursor is the last entry's date and number, and each page computes what was owed
/// before it anew, so a page is right whatever was asked before. Whether the caller may see the book is for the caller.
pub async fn statement(tx: &mut Tx, pair: Pair, period: Period, page: &PageRequest) -> Result<Statement, DbError> {
    let from = period.from.map_or_else(String::new, |date| date.to_string());
    let to = period.to.map_or_else(|| "9999-12-31".to_owned(), |date| date.to_string());
    let cursor = page.after.as_deref().and_then(|after| after.split_once('/'));
    let cursor = cursor.and_then(|(date, seq)| Some((date.to_owned(), seq.parse().ok()?)));
    let (date, seq) = cursor.unwrap_or_else(|| (from.clone(), 0));
    let [opening, before, closing] = store::receivable_sums(tx, pair, &from, (&date, seq), &to).await?;
    let entries = store::entries_by_date(tx, pair, (&date, seq), &to, page.limit.saturating_add(1)).await?;
    let mut owed = before;
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries {
        let receivable = entry.postings.iter().filter(|posting| posting.account == Account::Receivable);
        let change = Money::sum(receivable.map(|posting| posting.amount)).map_err(broken)?;
        owed = owed.plus(change).map_err(broken)?;
        items.push(StatementEntry { entry, change, balance: owed });
    }
    let key = |item: &StatementEntry| format!("{}/{}", item.entry.business_date, item.entry.seq);
    Ok(Statement { opening, closing, entries: Page::from_overfull(items, page, key) })
}

/// Stored amounts are bounded by what could be written, so a sum that does not fit is a broken store.
fn broken(_: kernel::Overflow) -> DbError {
    DbError::Constraint("an amount does not fit 64 bits of paisa".to_owned())
}

/// What was posted to an account, and what stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountTotals {
    /// The account.
    #[schema(value_type = String, example = "receivable")]
    pub account: Account,
    /// Everything debited.
    pub debit: Money,
    /// Everything credited.
    pub credit: Money,
    /// Debits less credits.
    pub balance: Money,
}

/// What stands on every account, debits and credits together the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialBalance {
    /// At the end of this business date.
    pub on: BusinessDate,
    /// The accounts that were ever posted to, by their names.
    pub accounts: Vec<AccountTotals>,
    /// All debits.
    pub debit: Money,
    /// All credits.
    pub credit: Money,
}

/// The trial balance of some books at the end of a business date.
pub async fn trial_balance(tx: &mut Tx, part: Part, on: BusinessDate) -> Result<TrialBalance, DbError> {
    let mut accounts = Vec::new();
    for (account, debit, credit) in store::totals(tx, part, on).await? {
        accounts.push(AccountTotals { account, debit, credit, balance: debit.minus(credit).map_err(broken)? });
    }
    let debit = Money::sum(accounts.iter().map(|account| account.debit)).map_err(broken)?;
    let credit = Money::sum(accounts.iter().map(|account| account.credit)).map_err(broken)?;
    Ok(TrialBalance { on, accounts, debit, credit })
}
