//! The journal as plain-text accounting, for `hledger` and its like.
//!
//! Accounts are `vendor:<id>:receivable:<retailer id>` and `vendor:<id>:advances:<retailer id>` for what belongs to one
//! retailer, `vendor:<id>:<account>` for the rest; each is declared with its type before its first use, so that
//! `hledger check --strict` passes and `hledger bs` and `hledger is` know what is what. Amounts are `NPR 5000.00`. A
//! comment of each entry carries its id, number and hash.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use db::{DbError, Tx};

use crate::account::Account;
use crate::entry::Entry;
use crate::{Part, Place, store};

/// Entries read at once.
const PAGE: i64 = 1_000;

/// A piece of the exported journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPage {
    /// Its text.
    pub text: String,
    /// Where the next piece begins; nothing at the end.
    pub next: Option<Place>,
}

/// What stands before the first page.
pub const fn export_header() -> &'static str {
    "; Journal of khaacho. Debits are positive.\ncommodity NPR 1000.00\n"
}

/// The next piece of the journal of some books, in the order of retailer, vendor and number. Two statements a
/// page; whoever writes them one after another holds one page in memory. Entries that are appended meanwhile may be
/// among later pages; every page is balanced.
pub async fn export_page(tx: &mut Tx, part: impl Into<Part>, after: Option<Place>) -> Result<ExportPage, DbError> {
    let entries = store::entries_after(tx, part.into(), after, PAGE).await?;
    let is_last = i64::try_from(entries.len()).unwrap_or(PAGE) < PAGE;
    let next = entries.last().filter(|_| !is_last).map(Place::of);
    Ok(ExportPage { text: write(&entries), next })
}

fn write(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut declared = BTreeSet::new();
    for entry in entries {
        text.push('\n');
        for posting in &entry.postings {
            let name = account_name(entry, posting.account);
            // A later page may declare an account again, which does no harm.
            if declared.insert(name.clone()) {
                let _ = writeln!(text, "account {name}  ; type: {}", account_type(posting.account));
            }
        }
        let Entry { business_date, kind, id, seq, hash, .. } = entry;
        let memo: String = entry.memo.chars().map(|c| if c == ';' || c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "{business_date} * {kind} {memo}  ; id: {id}, seq: {seq}, hash: {hash}");
        for posting in &entry.postings {
            let _ = writeln!(text, "    {}  NPR {}", account_name(entry, posting.account), posting.amount);
        }
    }
    text
}

fn account_name(entry: &Entry, account: Account) -> String {
    let (retailer, vendor) = (entry.retailer_id, entry.vendor_id);
    match account {
        Account::Receivable | Account::Advances => format!("vendor:{vendor}:{account}:{retailer}"),
        _ => format!("vendor:{vendor}:{account}"),
    }
}

/// hledger's letter: asset, cash, liability, equity, revenue, expense.
const fn account_type(account: Account) -> char {
    match account {
        Account::Receivable => 'A',
        Account::Cash(_) => 'C',
        Account::Advances => 'L',
        Account::OpeningBalances => 'E',
        Account::Sales | Account::InterestIncome | Account::BadDebtRecovered | Account::Rounding => 'R',
        Account::DiscountAllowed | Account::Returns | Account::BadDebt | Account::Adjustments => 'X',
    }
}
