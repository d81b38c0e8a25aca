//! Shops and wholesalers with lines and bills, and what becomes of them.

use credit::{Ask, Decision, NewDispute, NewLine, NewOpening, NewPromise, NewRepayment};
use db::{DbError, Tx, params};
use kernel::{Actor, BusinessDate, Context, CycleId, Money, PageRequest, PaymentId, RetailerId, Scope, VendorId};
use queue::Running;
use reminders::{Filter, Outcome, Reminder, SettingsChange};
use testkit::TestDb;

/// Days from a purchase to its due date.
pub(crate) const TERMS: i64 = 30;

pub(crate) struct World {
    pub(crate) t: TestDb,
}

impl World {
    pub(crate) fn new(t: TestDb) -> Self {
        Self { t }
    }

    pub(crate) fn cx(&self) -> Context {
        Context::new(&self.t.clock, &self.t.ids, Actor::System, "test")
    }

    /// Runs work in one transaction.
    pub(crate) async fn write<T, F>(&self, work: F) -> T
    where
        F: AsyncFn(&mut Tx, &Context) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        let cx = self.cx();
        self.t.db.write::<_, DbError, _>(async move |tx: &mut Tx| work(tx, &cx).await).await.unwrap()
    }

    pub(crate) fn at(&self, day: &str, hour: i64) {
        self.t.clock.set(day.parse::<BusinessDate>().unwrap().at(hour, 0));
    }

    pub(crate) async fn shop(&self, language: &'static str) -> RetailerId {
        self.write(async move |tx, cx| {
            let id = cx.id();
            testkit::add_retailer(tx, id, &phone(id), language, cx.now).await?;
            Ok(id)
        })
        .await
    }

    pub(crate) async fn wholesaler(&self, prefix: &str) -> VendorId {
        let prefix = prefix.to_owned();
        self.write(async move |tx, cx| {
            let id: VendorId = cx.id();
            let phone = format!("97798{}", &id.to_string()[20..]);
            testkit::add_vendor(tx, id, &phone, &prefix, cx.now).await?;
            Ok(id)
        })
        .await
    }

    pub(crate) async fn line(&self, retailer_id: RetailerId, vendor_id: VendorId) {
        let new = NewLine {
            retailer_id,
            vendor_id,
            limit: rupees(1_000_000),
            terms_days: TERMS,
            max_order: None,
            max_overdue_days: 30,
            settlement: None,
        };
        self.write(async move |tx, cx| credit::create_line(tx, cx, new.clone()).await).await.unwrap();
    }

    /// A bill that is due on a day.
    pub(crate) async fn bill(&self, shop: RetailerId, vendor: VendorId, due_on: BusinessDate, amount: i64) -> CycleId {
        let started_on = due_on.plus_days(-TERMS);
        let new = NewOpening { line: (shop, vendor), principal: rupees(amount), started_on, note: "page 7".to_owned() };
        let opened =
            self.write(async move |tx, cx| credit::open_cycles(tx, cx, std::slice::from_ref(&new)).await).await;
        opened.into_iter().next().unwrap().unwrap().id
    }

    /// One shop with one bill that is due on a day.
    pub(crate) async fn one(&self, due_on: &str) -> (RetailerId, CycleId) {
        let shop = self.shop("EN").await;
        let vendor = self.wholesaler(&phone(shop)[8..]).await;
        self.line(shop, vendor).await;
        (shop, self.bill(shop, vendor, due_on.parse().unwrap(), 5_000).await)
    }

    pub(crate) async fn pay(&self, cycle: CycleId, rupees_of_it: i64) -> PaymentId {
        let (ask, on) = (Ask::Principal(rupees(rupees_of_it)), self.cx().today());
        let new = NewRepayment { ask, on, method: ledger::Method::Cash, reference: None };
        let paid = self.write(async move |tx, cx| credit::repay(tx, cx, Scope::All, cycle, new.clone()).await).await;
        paid.unwrap().repayment.payment_id
    }

    pub(crate) async fn reverse(&self, payment: PaymentId) {
        let done =
            self.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, payment, "the cheque came back").await);
        done.await.unwrap();
    }

    pub(crate) async fn promise(&self, cycle: CycleId, on: BusinessDate) {
        let new = NewPromise { on, note: None };
        self.write(async move |tx, cx| credit::promise(tx, cx, Scope::All, cycle, &new).await).await.unwrap();
    }

    pub(crate) async fn dispute(&self, cycle: CycleId) -> kernel::DisputeId {
        let new = NewDispute { order_line: None, reason: "two sacks were wet".to_owned() };
        self.write(async move |tx, cx| credit::dispute(tx, cx, Scope::All, cycle, &new).await).await.unwrap().id
    }

    pub(crate) async fn reject(&self, dispute: kernel::DisputeId) {
        let decision = Decision { upheld: false, amount: None, reason: "the note is signed".to_owned() };
        let decided =
            self.write(async move |tx, cx| credit::decide_dispute(tx, cx, Scope::All, dispute, &decision).await);
        decided.await.unwrap();
    }

    pub(crate) async fn stop(&self, shop: RetailerId, stops: bool) {
        self.write(async move |tx, cx| {
            if stops {
                notify::stop_reminders(tx, &phone(shop), cx.now).await
            } else {
                notify::start_reminders(tx, &phone(shop)).await
            }
        })
        .await;
    }

    pub(crate) async fn weekly(&self, weekly: bool) {
        let change = SettingsChange { weekly, reason: "the board decided so".to_owned() };
        self.write(async move |tx, cx| reminders::change_settings(tx, cx, None, &change).await).await.unwrap();
    }

    pub(crate) async fn run(&self) -> Outcome {
        reminders::run(&self.t.db, &self.t.clock, &self.t.ids, &Running::nobody()).await.unwrap()
    }

    /// Every row, the oldest day first.
    pub(crate) async fn rows(&self) -> Vec<Reminder> {
        let mut found: Vec<Reminder> = Vec::new();
        let mut after = None;
        loop {
            let page = PageRequest::new(Some(3), after);
            let page = self.write(async move |tx, _| reminders::reminders(tx, Filter::default(), &page).await).await;
            found.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        found.reverse();
        found
    }

    /// What became of stages: `2026-01-30 DAY_BEFORE SENT`.
    pub(crate) async fn shown(&self) -> Vec<String> {
        let shown = |row: &Reminder| {
            let reason = row.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{} {}{} {}{reason}", row.day, row.stage, row.turn, row.state)
        };
        self.rows().await.iter().map(shown).collect()
    }

    /// The reasons of all reminders that were queued, with their texts.
    pub(crate) async fn messages(&self) -> Vec<(String, String)> {
        let sql = "select m.reason_key, m.content from outgoing_messages m where m.is_reminder = 1 order by m.id";
        let rows = self.write(async move |tx, _| tx.query(sql, params![]).await).await;
        rows.iter().map(|row| (row.get("reason_key").unwrap(), row.get("content").unwrap())).collect()
    }

    pub(crate) async fn cycle(&self, cycle: CycleId) -> credit::Cycle {
        self.write(async move |tx, _| credit::cycle(tx, Scope::All, cycle).await).await.unwrap()
    }

    /// Runs on each of these days at ten.
    pub(crate) async fn run_through(&self, from: &str, days: i64) {
        let from: BusinessDate = from.parse().unwrap();
        for day in 0..days {
            self.t.clock.set(from.plus_days(day).at(10, 0));
            self.run().await;
        }
    }
}

pub(crate) fn phone(shop: RetailerId) -> String {
    let digits: String = shop.to_string().bytes().rev().take(9).map(|byte| char::from(b'0' + byte % 10)).collect();
    format!("9779{digits}")
}

pub(crate) fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}
