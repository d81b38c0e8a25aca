//! Payments: how they are spread, kept, applied, refunded, reversed and claimed, one by one and all at once.

mod claims;
mod recovery;
mod returns;
mod reversals;
mod spreading;

use credit::{Ask, Cycle, CycleStatus, NewPayment, Outcome, PaymentWithRepayments, Recorded, Refund, Refusal, Spread};
use db::params;
use kernel::{BusinessDate, CycleId, Money, PaymentId, Scope};
use ledger::Method;

use crate::world::World;

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

/// A world with a line of Rs. 100 000, 30 days and 5 %.
pub(crate) async fn world(t: testkit::TestDb) -> World {
    let world = World::new(t, money("100000"), 30, None).await;
    world.go_to(date("2026-03-01"));
    world
}

/// A delivery today.
pub(crate) async fn owes(world: &World, amount: &str) -> Cycle {
    let order = world.order();
    world.reserve(world.pair, order, money(amount)).await.unwrap();
    world.deliver(order, money(amount)).await.unwrap()
}

/// Cash that was paid today, to the oldest due first.
pub(crate) fn paid(world: &World, amount: &str) -> NewPayment {
    let spread = Spread { amount: Some(money(amount)), named: None, on: world.today(), keep_excess: false };
    NewPayment { pair: world.pair, spread, method: Method::Cash, reference: None }
}

pub(crate) fn kept(mut new: NewPayment) -> NewPayment {
    new.spread.keep_excess = true;
    new
}

pub(crate) fn by(mut new: NewPayment, method: Method, reference: &str) -> NewPayment {
    (new.method, new.reference) = (method, Some(reference.to_owned()));
    new
}

pub(crate) fn to(mut new: NewPayment, parts: &[(CycleId, Ask)]) -> NewPayment {
    new.spread.named = Some(parts.iter().map(|(cycle, ask)| credit::Named { cycle: *cycle, ask: *ask }).collect());
    new
}

pub(crate) async fn pay(world: &World, new: NewPayment) -> Result<Recorded, Refusal> {
    world.write(async move |tx, cx| credit::record(tx, cx, Scope::All, &new).await).await
}

pub(crate) async fn apply(world: &World, id: PaymentId, amount: Option<&str>) -> Result<Recorded, Refusal> {
    let amount = amount.map(money);
    world.write(async move |tx, cx| credit::apply(tx, cx, Scope::All, id, amount, None).await).await
}

pub(crate) async fn refund(
    world: &World,
    id: PaymentId,
    amount: Option<&str>,
) -> Result<PaymentWithRepayments, Refusal> {
    let refund = Refund { amount: amount.map(money), method: Method::Bank, reference: Some("R-1".to_owned()) };
    world.write(async move |tx, cx| credit::refund(tx, cx, Scope::All, id, &refund).await).await
}

pub(crate) async fn reverse(world: &World, id: PaymentId) -> Result<Outcome<PaymentWithRepayments>, Refusal> {
    world.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, id, "it bounced").await).await
}

pub(crate) async fn balance(world: &World, account: ledger::Account) -> Money {
    let pair = world.pair;
    let all = world.write(async move |tx, _| ledger::balances(tx, Scope::All, pair.0, pair.1).await).await;
    all.into_iter().find(|of| of.account == account).map_or(Money::ZERO, |of| of.balance)
}

pub(crate) async fn clean(world: &World) {
    assert_eq!(world.findings().await, Vec::<String>::new());
}

/// A program that is not ours accepts the books and finds our balances.
pub(crate) async fn hledger_agrees(world: &World) {
    let (retailer, vendor) = world.pair;
    let page = world.write(async move |tx, _| ledger::export_page(tx, Scope::All, None).await).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.journal");
    std::fs::write(&path, format!("{}{}", ledger::export_header(), page.text)).unwrap();
    let hledger = |arguments: &[&str]| {
        let output = std::process::Command::new("hledger").arg("-f").arg(&path).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    hledger(&["check", "--strict"]);
    let theirs = hledger(&["balance", "--flat", "--empty", "--no-total", "--output-format=csv"]);
    let ours = world.write(async move |tx, _| ledger::balances(tx, Scope::All, retailer, vendor).await).await;
    for ledger::Balance { account, balance } in ours {
        let name = match account {
            ledger::Account::Receivable | ledger::Account::Advances => format!("vendor:{vendor}:{account}:{retailer}"),
            other => format!("vendor:{vendor}:{other}"),
        };
        let amount = if balance.is_zero() { "0".to_owned() } else { format!("NPR {balance}") };
        let line = format!("\"{name}\",\"{amount}\"");
        assert!(theirs.contains(&line), "{line} is not in\n{theirs}");
    }
}

/// The texts of what the retailer was told, in the order of writing.
pub(crate) async fn told(world: &World) -> Vec<String> {
    world
        .write(async |tx, _| {
            let rows = tx.query("select content from outgoing_messages order by id", params![]).await?;
            rows.iter().map(|row| row.get("content")).collect()
        })
        .await
}

pub(crate) async fn count(world: &World, sql: &'static str) -> usize {
    world.write(async move |tx, _| Ok(tx.query(sql, params![]).await?.len())).await
}

pub(crate) fn state(cycle: &Cycle) -> (String, CycleStatus) {
    (cycle.outstanding.to_string(), cycle.status)
}

pub(crate) fn is(outstanding: &str, status: CycleStatus) -> (String, CycleStatus) {
    (outstanding.to_owned(), status)
}
