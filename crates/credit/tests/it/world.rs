//! A retailer and a vendor with a credit line, and what can be done on it.

use std::sync::Arc;

use credit::{
    Aging, AgingFilter, Check, CheckFacts, Cycle, LineFilter, NewLine, NewRepayment, Pair, PaymentMode, Position,
    Quote, Refusal, Repaid, Reservation, SettlementTerms, Take,
};
use db::{DbError, Tx, params};
use kernel::{
    Actor, BusinessDate, Context, CycleId, Instant, Money, OrderId, PageRequest, RetailerId, Scope, VendorId,
};
use testkit::TestDb;

/// Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    t: Arc<TestDb>,
    pub(crate) pair: Pair,
}

impl World {
    /// A world with one line of this limit and these terms.
    pub(crate) async fn new(t: TestDb, limit: Money, terms_days: i64, settlement: Option<SettlementTerms>) -> Self {
        let at = t.clock.now();
        let first = Self { pair: (t.ids.make(at), t.ids.make(at)), t: Arc::new(t) };
        first.beside(limit, terms_days, settlement, 30).await
    }

    /// Another retailer and vendor with a line, in the same database.
    pub(crate) async fn beside(
        &self,
        limit: Money,
        terms_days: i64,
        settlement: Option<SettlementTerms>,
        max_overdue_days: i64,
    ) -> Self {
        let world = Self { pair: (self.other_retailer(), self.other_vendor()), t: self.t.clone() };
        let (retailer_id, vendor_id) = world.pair;
        world.add_retailer(retailer_id, None).await;
        world.add_vendor(vendor_id, None).await;
        let new = NewLine { retailer_id, vendor_id, limit, terms_days, max_order: None, max_overdue_days, settlement };
        world.grant(new).await.unwrap();
        world
    }

    pub(crate) async fn add_retailer(&self, id: RetailerId, cap: Option<Money>) {
        self.write(async move |tx, cx| {
            testkit::add_retailer(tx, id, &format!("977{id}"), "EN", cx.now).await?;
            tx.exec("update retailers set cap_paisa = $2 where id = $1", params![id, cap]).await
        })
        .await;
    }

    pub(crate) async fn add_vendor(&self, id: VendorId, ceiling: Option<Money>) {
        self.write(async move |tx, cx| {
            let prefix: String = id.to_string().chars().rev().take(6).collect();
            testkit::add_vendor(tx, id, &format!("977{id}"), &prefix, cx.now).await?;
            tx.exec("update vendors set ceiling_paisa = $2 where id = $1", params![id, ceiling]).await
        })
        .await;
    }

    pub(crate) async fn grant(&self, new: NewLine) -> Result<credit::Line, Refusal> {
        self.write(async move |tx, cx| credit::create_line(tx, cx, new.clone()).await).await
    }

    pub(crate) fn cx(&self) -> Context {
        Context::new(&self.t.clock, &self.t.ids, Actor::System, "test")
    }

    pub(crate) fn today(&self) -> BusinessDate {
        self.cx().today()
    }

    /// Moves the clock to noon of a day.
    pub(crate) fn go_to(&self, day: BusinessDate) {
        self.t.clock.set(day.at(12, 0));
    }

    pub(crate) fn order(&self) -> OrderId {
        self.cx().id()
    }

    pub(crate) fn other_retailer(&self) -> RetailerId {
        self.cx().id()
    }

    pub(crate) fn other_vendor(&self) -> VendorId {
        self.cx().id()
    }

    /// Runs work in one transaction.
    pub(crate) async fn write<T, F>(&self, work: F) -> T
    where
        F: AsyncFn(&mut Tx, &Context) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        self.try_write(work).await.unwrap()
    }

    pub(crate) async fn try_write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        F: AsyncFn(&mut Tx, &Context) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        let cx = self.cx();
        self.t.db.write(async move |tx: &mut Tx| work(tx, &cx).await).await
    }

    /// Runs a statement behind the rooms' backs.
    pub(crate) async fn meddle(&self, sql: &'static str) {
        self.write(async move |tx, _| tx.exec(sql, params![]).await).await;
    }

    /// Holds credit for an order as the orders' room does: lock, check, take.
    pub(crate) async fn reserve(&self, pair: Pair, order: OrderId, amount: Money) -> Result<(), Check> {
        self.reserve_until(pair, order, amount, None).await
    }

    /// The same for an offer with a deadline.
    pub(crate) async fn reserve_until(
        &self,
        pair: Pair,
        order: OrderId,
        amount: Money,
        expires_at: Option<Instant>,
    ) -> Result<(), Check> {
        self.write(async move |tx, cx| {
            let retailer = parties::retailers_for_update(tx, &[pair.0]).await?.remove(&pair.0).unwrap();
            let line = credit::lines_for_update(tx, &[pair], cx.today()).await?.remove(&pair);
            let vendor = parties::vendors(tx, &[pair.1]).await?.remove(&pair.1).unwrap();
            let caps = retailer.cap.map(|cap| (retailer.id, cap)).into_iter().collect();
            let ceilings = vendor.ceiling.map(|ceiling| (vendor.id, ceiling)).into_iter().collect();
            let exposure = credit::exposure_for_update(tx, caps, ceilings).await?;
            let facts = CheckFacts::of(&retailer, &vendor, line.as_ref(), &exposure);
            let check = credit::check(&facts, amount, PaymentMode::Credit);
            if !check.allowed {
                return Ok(Err(check));
            }
            let position_seq = line.unwrap().position_seq + 1;
            let take = Take { line: pair, order, amount, position_seq, at: cx.now, id: cx.id(), expires_at };
            credit::take(tx, vec![take]).await?;
            Ok(Ok(()))
        })
        .await
    }

    pub(crate) async fn cancel(&self, order: OrderId) -> Result<Reservation, Refusal> {
        let retailer = self.pair.0;
        self.write(async move |tx, cx| credit::release(tx, cx, retailer, order, "CANCELLED").await).await
    }

    pub(crate) fn app(&self) -> web::App {
        let (db, clock, ids) = (self.t.db.clone(), self.t.clock.clone(), self.t.ids.clone());
        let auth = web::Auth::new("0123456789abcdef0123456789abcdef", clock.clone());
        web::App { db, clock, ids, auth, migrations: schema::MIGRATIONS }
    }

    pub(crate) async fn deliver(&self, order: OrderId, amount: Money) -> Result<Cycle, Refusal> {
        self.deliver_of(self.pair.0, order, amount).await
    }

    pub(crate) async fn deliver_of(
        &self,
        retailer: RetailerId,
        order: OrderId,
        amount: Money,
    ) -> Result<Cycle, Refusal> {
        self.write(async move |tx, cx| credit::convert(tx, cx, retailer, order, amount, cx.today()).await).await
    }

    pub(crate) async fn repay(&self, cycle: CycleId, new: NewRepayment) -> Result<Repaid, Refusal> {
        self.write(async move |tx, cx| credit::repay(tx, cx, Scope::All, cycle, new.clone()).await).await
    }

    pub(crate) async fn quote(&self, cycle: CycleId, ask: credit::Ask, on: BusinessDate) -> Result<Quote, Refusal> {
        self.write(async move |tx, _| credit::quote(tx, Scope::All, cycle, ask, on).await).await
    }

    pub(crate) async fn cycle(&self, cycle: CycleId) -> Cycle {
        self.write(async move |tx, _| credit::cycle(tx, Scope::All, cycle).await).await.unwrap()
    }

    pub(crate) async fn check(&self, pair: Pair, amount: Money, mode: PaymentMode) -> Check {
        let checked =
            self.write(async move |tx, cx| credit::check_now(tx, Scope::All, pair, amount, mode, cx.now).await).await;
        checked.unwrap()
    }

    /// What became of a cycle's promises, oldest first.
    pub(crate) async fn promises(&self, cycle: CycleId) -> Vec<String> {
        let promises = self.write(async move |tx, cx| credit::promises(tx, Scope::All, cycle, cx.today()).await).await;
        promises.unwrap().iter().map(|promise| promise.status.to_string()).collect()
    }

    pub(crate) async fn position(&self, pair: Pair) -> Position {
        let line = self.write(async move |tx, cx| credit::line_of(tx, Scope::All, pair, cx.today()).await).await;
        line.unwrap().position().unwrap()
    }

    pub(crate) async fn aging(&self, on: BusinessDate, today: BusinessDate) -> Aging {
        let filter = AgingFilter { retailer: Some(self.pair.0), vendor: None };
        self.write(async move |tx, _| credit::aging(tx, Scope::All, filter, on, today).await).await
    }

    /// What `verify` finds in credit (orphans apart, for these orders are no rows) and in the journal.
    pub(crate) async fn findings(&self) -> Vec<String> {
        let mut all: Vec<String> = self.all_findings().await;
        all.retain(|finding| !finding.starts_with("reservation"));
        all
    }

    pub(crate) async fn all_findings(&self) -> Vec<String> {
        self.write(async move |tx, _| {
            let (mut findings, mut next, mut lines) = (Vec::new(), None, 0);
            loop {
                let page = credit::verify_page(tx, ledger::Part::All, next).await?;
                findings.extend(page.findings.iter().map(ToString::to_string));
                (next, lines) = (page.next, lines + page.lines);
                if next.is_none() {
                    break;
                }
            }
            assert!(lines > 0);
            let journal = ledger::verify(tx, &ledger::Stretch::everything()).await?;
            findings.extend(journal.findings.iter().map(ToString::to_string));
            Ok(findings)
        })
        .await
    }

    pub(crate) async fn lines(&self, filter: LineFilter, page: PageRequest) -> kernel::Page<credit::Line> {
        self.write(async move |tx, cx| credit::lines_page(tx, Scope::All, filter, &page, cx.today()).await).await
    }
}
