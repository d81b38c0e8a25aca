//! The books of half a year: what they say is what the lines say, what aging says, and what a program that is not ours
//! says.

mod commands;
mod tampering;
pub(crate) mod trade;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use indicatif::ProgressBar;
use kernel::{BusinessDate, LineId, Money, PageRequest, Scope};
use ledger::{Account, Part, Period};
use serde_json::Value;
use trade::{DAYS, Trade};

fn hledger(journal: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("hledger").arg("-f").arg(journal).args(arguments).output().unwrap();
    assert!(ran.status.success(), "hledger {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// hledger's amounts in paisa.
fn paisa(amounts: &Value) -> i64 {
    let one = |amount: &Value| {
        let quantity = &amount["aquantity"];
        let places = u32::try_from(quantity["decimalPlaces"].as_u64().unwrap()).unwrap();
        quantity["decimalMantissa"].as_i64().unwrap() * 10_i64.pow(2_u32.checked_sub(places).unwrap())
    };
    amounts.as_array().unwrap().iter().map(one).sum()
}

/// Every account with its balance at the end of a date, as hledger sees them.
fn balances(journal: &Path, on: BusinessDate) -> BTreeMap<String, i64> {
    let end = on.plus_days(1).to_string();
    let text = hledger(journal, &["balance", "--flat", "--empty", "--end", &end, "-O", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(paisa(&answer[1]), 0, "debits are credits");
    let row = |row: &Value| (row[0].as_str().unwrap().to_owned(), paisa(&row[3]));
    answer[0].as_array().unwrap().iter().map(row).collect()
}

async fn export(trade: &Trade, part: Part, name: &str, folder: &Path) -> std::path::PathBuf {
    let path = folder.join(name);
    let mut file = std::fs::File::create(&path).unwrap();
    khaacho::export::write_journal(&trade.t.db, part, &mut file, &ProgressBar::hidden()).await.unwrap();
    hledger(&path, &["check", "--strict"]);
    path
}

/// A line's statement, read in pages of seven; each page's first balance follows from the last one's.
async fn statement(trade: &Trade, line: LineId, period: Period) -> (Money, Money, usize) {
    let (today, mut after, mut read) = (trade.t.clock.now().business_date(), None, 0);
    let mut owed = None;
    loop {
        let page = PageRequest::new(Some(7), after);
        let found =
            trade.t.db.read(async move |tx| orders::line_statement(tx, Scope::All, line, period, today, &page).await);
        let found = found.await.unwrap().unwrap();
        let mut balance = owed.unwrap_or(found.opening);
        for item in &found.entries.items {
            balance = balance.plus(item.change).unwrap();
            assert_eq!(item.balance, balance, "{item:?}");
            assert!(
                item.kind != ledger::EntryKind::Repayment || (item.cycle_number.is_some() && item.method.is_some())
            );
            assert!(item.kind != ledger::EntryKind::Delivery || item.order_code.is_some());
            let inside = period.from.is_none_or(|from| from <= item.business_date) && item.business_date <= found.to;
            assert!(inside, "{item:?}");
        }
        (owed, read, after) = (Some(balance), read + found.entries.items.len(), found.entries.next);
        if after.is_none() {
            assert_eq!(balance, found.closing);
            return (found.opening, found.closing, read);
        }
    }
}

testkit::both_engines! {
    async fn half_a_year_of_books_agrees_with_hledger_to_the_paisa(t: TestDb) {
        let mut trade = Trade::open(t, 2_026).await;
        for _ in 0..DAYS {
            trade.day().await;
        }
        let folder = tempfile::tempdir().unwrap();
        let books = export(&trade, Part::All, "all.journal", folder.path()).await;
        let today = trade.t.clock.now().business_date();
        let mut dates = vec![today, trade.began, trade.began.plus_days(30)];
        dates.extend((0..6).map(|_| trade.began.plus_days(trade.dice.below(DAYS))));
        for on in dates {
            let theirs = balances(&books, on);
            let their_sum = |prefix: String| -> i64 {
                theirs.iter().filter(|(name, _)| name.starts_with(&prefix)).map(|(_, balance)| balance).sum()
            };
            for vendor in trade.vendors.clone() {
                let trial = trade.t.db.read(async move |tx| ledger::trial_balance(tx, Part::Vendor(vendor), on).await);
                let trial = trial.await.unwrap();
                assert_eq!(trial.debit, trial.credit);
                for ours in &trial.accounts {
                    let name = format!("vendor:{vendor}:{}", ours.account);
                    assert_eq!(ours.balance.paisa(), their_sum(name.clone()), "{name} on {on}");
                }
                let accounts: i64 = trial.accounts.iter().map(|ours| ours.balance.paisa().abs()).sum();
                assert!(accounts > 0 || on == trade.began, "something is compared on {on}");
            }
            let mut owed = 0;
            for (line, retailer, vendor) in trade.lines.clone() {
                let (_, closing, _) = statement(&trade, line, Period { from: None, to: Some(on) }).await;
                let name = format!("vendor:{vendor}:receivable:{retailer}");
                assert_eq!(closing.paisa(), theirs.get(&name).copied().unwrap_or(0), "{name} on {on}");
                owed += closing.paisa();
            }
            let filter = credit::AgingFilter { retailer: None, vendor: None };
            let aging = trade.t.db.read(async move |tx| credit::aging(tx, Scope::All, filter, on, today).await);
            assert_eq!(aging.await.unwrap().outstanding.paisa(), owed, "on {on}");
        }
        // Every account that repayments can reach was reached, and the parts make up the whole.
        let trial = trade.t.db.read(async move |tx| ledger::trial_balance(tx, Part::All, today).await).await.unwrap();
        let reached: Vec<Account> = trial.accounts.iter().map(|account| account.account).collect();
        for account in [Account::Receivable, Account::Sales, Account::DiscountAllowed, Account::InterestIncome] {
            assert!(reached.contains(&account), "{reached:?}");
        }
        assert!(reached.iter().filter(|account| matches!(account, Account::Cash(_))).count() >= 6, "{reached:?}");
        let whole = balances(&books, today);
        for vendor in trade.vendors.clone() {
            let part = export(&trade, Part::Vendor(vendor), "vendor.journal", folder.path()).await;
            let own = |name: &String| name.starts_with(&format!("vendor:{vendor}:"));
            let expected: BTreeMap<_, _> = whole.clone().into_iter().filter(|(name, _)| own(name)).collect();
            assert_eq!(balances(&part, today), expected);
        }
        let (_, retailer, vendor) = trade.lines[0];
        let part = export(&trade, Part::Book((retailer, vendor)), "line.journal", folder.path()).await;
        let name = format!("vendor:{vendor}:receivable:{retailer}");
        assert_eq!(balances(&part, today).get(&name), whole.get(&name));
        let report = khaacho::verify::run(&trade.t.db, Part::All, &ProgressBar::hidden()).await.unwrap();
        assert!(report.is_clean() && report.entries > 150 && report.lines == 8, "{report:?}");
    }

    async fn a_statement_of_any_period_follows_from_the_one_before(t: TestDb) {
        let mut trade = Trade::open(t, 77).await;
        for _ in 0..60 {
            trade.day().await;
        }
        let (line, ..) = trade.lines[1];
        let all = statement(&trade, line, Period::default()).await;
        assert_eq!(all.0, Money::ZERO);
        assert!(all.2 > 7, "several pages: {all:?}");
        let (mut opening, mut read) = (Money::ZERO, 0);
        for week in 0..9 {
            let from = trade.began.plus_days(week * 7);
            let found = statement(&trade, line, Period { from: Some(from), to: Some(from.plus_days(6)) }).await;
            assert_eq!(found.0, opening, "week {week}");
            (opening, read) = (found.1, read + found.2);
        }
        assert_eq!((opening, read), (all.1, all.2));
        // Before the first day there is nothing, and outside its scope there is no line.
        let before = trade.began.plus_days(-1);
        assert_eq!(statement(&trade, line, Period { from: None, to: Some(before) }).await, (Money::ZERO, Money::ZERO, 0));
        let stranger = Scope::Retailer(trade.lines[7].1);
        let page = PageRequest::default();
        let hidden = trade.t.db.read(async move |tx| {
            orders::line_statement(tx, stranger, line, Period::default(), before, &page).await
        });
        assert_eq!(hidden.await.unwrap(), None);
    }
}
