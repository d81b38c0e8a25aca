//! A retailer with two vendors, on whose lines everything happens that a score depends on.

use std::sync::Arc;

use credit::{
    Ask, Cycle, CycleChange, CycleFilter, Decision, LineChange, NewAdjustment, NewDispute, NewLine, NewRepayment, Take,
};
use db::{DbError, Tx};
use kernel::{
    Actor, AdjustmentId, BusinessDate, Context, CycleId, DisputeId, LineId, Money, OrderId, PageRequest, PaymentId,
    RetailerId, Scope, VendorId,
};
use ledger::Method;
use queue::{Registry, Running};
use testkit::TestDb;

pub(crate) fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

/// A small generator, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn one_of<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.roll(i64::try_from(of.len()).unwrap().max(1))).unwrap())
    }
}

/// Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) t: Arc<TestDb>,
    pub(crate) retailer: RetailerId,
    pub(crate) vendors: [VendorId; 2],
    pub(crate) lines: Vec<LineId>,
}

impl World {
    /// Two lines of 1 lakh each.
    pub(crate) async fn new(t: TestDb) -> Self {
        let now = t.clock.now();
        let (retailer, vendors) = (t.ids.make(now), [t.ids.make(now), t.ids.make(now)]);
        let mut world = Self { t: Arc::new(t), retailer, vendors, lines: Vec::new() };
        world.add_retailer(retailer).await;
        for vendor_id in vendors {
            world.add_vendor(vendor_id).await;
            let new = NewLine {
                retailer_id: retailer,
                vendor_id,
                limit: rupees(100_000),
                terms_days: 15,
                max_order: None,
                max_overdue_days: 365,
                settlement: None,
            };
            let line = world.write(async move |tx, cx| credit::create_line(tx, cx, new.clone()).await).await.unwrap();
            world.lines.push(line.id);
        }
        world
    }

    pub(crate) async fn add_retailer(&self, id: RetailerId) {
        self.write(async move |tx, cx| testkit::add_retailer(tx, id, &format!("977{id}"), "EN", cx.now).await).await;
    }

    async fn add_vendor(&self, id: VendorId) {
        self.write(async move |tx, cx| {
            let prefix: String = id.to_string().chars().rev().take(6).collect();
            testkit::add_vendor(tx, id, &format!("977{id}"), &prefix, cx.now).await
        })
        .await;
    }

    pub(crate) fn cx(&self) -> Context {
        Context::new(&self.t.clock, &self.t.ids, Actor::System, "test")
    }

    pub(crate) fn today(&self) -> BusinessDate {
        self.cx().today()
    }

    /// Runs work in one transaction.
    pub(crate) async fn write<T, F>(&self, work: F) -> T
    where
        F: AsyncFn(&mut Tx, &Context) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        let cx = self.cx();
        self.t.db.write(async move |tx: &mut Tx| work(tx, &cx).await).await.unwrap()
    }

    /// An order on credit that arrives now; its row is what the orders' room leaves of it.
    pub(crate) async fn deliver(&self, vendor: VendorId, amount: Money) -> Cycle {
        let retailer = self.retailer;
        let pair = (retailer, vendor);
        let cycle = self
            .write(async move |tx, cx| {
                let order: OrderId = cx.id();
                let line = credit::lines_for_update(tx, &[pair], cx.today()).await?.remove(&pair).unwrap();
                let position_seq = line.position_seq + 1;
                let take = Take { line: pair, order, amount, position_seq, at: cx.now, id: cx.id(), expires_at: None };
                credit::take(tx, vec![take]).await?;
                let cycle = credit::convert(tx, cx, retailer, order, amount, cx.today()).await?;
                Ok(cycle)
            })
            .await
            .unwrap();
        self.delivered(cycle.order_id.unwrap(), vendor, amount).await;
        cycle
    }

    /// The row of an order that arrived now, with the job that its delivery asks for.
    pub(crate) async fn delivered(&self, order: OrderId, vendor: VendorId, amount: Money) {
        let retailer = self.retailer;
        self.write(async move |tx, cx| {
            let row = testkit::OrderRow {
                id: order,
                retailer,
                vendor,
                mode: "CREDIT",
                state: "DELIVERED",
                total: amount,
                delivered: Some(amount),
                at: cx.now,
            };
            testkit::add_order(tx, row).await?;
            credit::score_again(tx, cx, [retailer]).await
        })
        .await;
    }

    pub(crate) async fn open_cycles(&self) -> Vec<Cycle> {
        let filter = CycleFilter { retailer: Some(self.retailer), ..CycleFilter::default() };
        let page = PageRequest::new(Some(PageRequest::MOST), None);
        let mut found = self.write(async move |tx, _| credit::cycles(tx, Scope::All, filter, &page).await).await.items;
        found.retain(|cycle| cycle.status.is_open());
        found
    }

    pub(crate) async fn all_cycles(&self) -> Vec<Cycle> {
        let filter = CycleFilter { retailer: Some(self.retailer), ..CycleFilter::default() };
        let page = PageRequest::new(Some(PageRequest::MOST), None);
        self.write(async move |tx, _| credit::cycles(tx, Scope::All, filter, &page).await).await.items
    }

    /// Repays principal on a day, and answers the payment, where it was taken.
    pub(crate) async fn repay(&self, cycle: CycleId, principal: Money, on: BusinessDate) -> Option<PaymentId> {
        let new = NewRepayment { ask: Ask::Principal(principal), on, method: Method::Cash, reference: None };
        let done = self.write(async move |tx, cx| credit::repay(tx, cx, Scope::All, cycle, new.clone()).await).await;
        done.ok().map(|repaid| repaid.repayment.payment_id)
    }

    pub(crate) async fn reverse(&self, payment: PaymentId) -> bool {
        self.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, payment, "it bounced").await).await.is_ok()
    }

    pub(crate) async fn adjust(&self, new: NewAdjustment) -> Option<AdjustmentId> {
        let done = self.write(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await;
        done.ok().map(|adjusted| adjusted.adjustment.id)
    }

    pub(crate) async fn dispute(&self, cycle: CycleId) -> Option<DisputeId> {
        let new = NewDispute { order_line: None, reason: "torn bags".to_owned() };
        let done = self.write(async move |tx, cx| credit::dispute(tx, cx, Scope::All, cycle, &new).await).await;
        done.ok().map(|dispute| dispute.id)
    }

    pub(crate) async fn decide(&self, dispute: DisputeId, amount: Option<Money>) -> bool {
        let decision = Decision { upheld: amount.is_some(), amount, reason: "looked at".to_owned() };
        self.write(async move |tx, cx| credit::decide_dispute(tx, cx, Scope::All, dispute, &decision).await)
            .await
            .is_ok()
    }

    pub(crate) async fn extend(&self, cycle: CycleId, due_on: BusinessDate) -> bool {
        let change = CycleChange { due_on: Some(due_on), note: None, reason: Some("a fair".to_owned()) };
        self.write(async move |tx, cx| credit::change_cycle(tx, cx, Scope::All, cycle, None, &change).await)
            .await
            .is_ok()
    }

    pub(crate) async fn close(&self, cycle: CycleId) -> bool {
        self.write(async move |tx, cx| credit::close(tx, cx, Scope::All, cycle, "moved away").await).await.is_ok()
    }

    pub(crate) async fn limit(&self, line: LineId, limit: Money) -> bool {
        let change = LineChange { limit: Some(limit), reason: "a talk".to_owned(), ..LineChange::default() };
        self.write(async move |tx, cx| credit::change_line(tx, cx, Scope::All, line, change.clone()).await)
            .await
            .is_ok()
    }

    /// Runs the jobs that were asked for.
    pub(crate) async fn work(&self) -> usize {
        let registry = Registry::default().inside(credit::SCORE_JOB, |tx, cx, job| {
            Box::pin(async move {
                scoring::score_again(tx, cx, job.id("retailer")?).await?;
                Ok(())
            })
        });
        queue::run_ready(&self.t.db, &self.t.clock, &self.t.ids, &registry).await.unwrap()
    }

    pub(crate) async fn nightly(&self) -> usize {
        scoring::recalculate_all(&self.t.db, &self.t.clock, &self.t.ids, &Running::nobody()).await.unwrap()
    }

    pub(crate) async fn kept(&self) -> scoring::Kept {
        let retailer = self.retailer;
        self.write(async move |tx, _| Ok(scoring::kept(tx, &[retailer]).await?.remove(&retailer).unwrap())).await
    }

    pub(crate) async fn on(&self, day: BusinessDate) -> (scoring::Facts, scoring::Score) {
        let retailer = self.retailer;
        self.write(async move |tx, _| scoring::score_on(tx, retailer, day).await).await
    }

    /// The whole history, the newest first.
    pub(crate) async fn history(&self) -> Vec<scoring::Past> {
        let (retailer, mut after, mut all) = (self.retailer, None, Vec::new());
        loop {
            let page = PageRequest::new(Some(PageRequest::MOST), after.clone());
            let filter = scoring::HistoryFilter::default();
            let found = self.write(async move |tx, _| scoring::history(tx, retailer, filter, &page).await).await;
            all.extend(found.items);
            after = found.next;
            if after.is_none() {
                return all;
            }
        }
    }

    pub(crate) async fn findings(&self) -> Vec<String> {
        self.write(async |tx, _| {
            let page = credit::verify_page(tx, ledger::Part::All, None).await?;
            Ok(page.findings.iter().map(ToString::to_string).filter(|text| !text.starts_with("reservation")).collect())
        })
        .await
    }
}
