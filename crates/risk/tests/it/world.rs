//! A shop with a vendor that lends to it, whose cycles begin and are paid on days of the test's choosing.

use credit::{Ask, Line, NewLine, NewOpening, NewRepayment};
use db::DbError;
use kernel::{
    ActionId, Actor, BusinessDate, Context, CycleId, Id as _, Money, PageRequest, RetailerId, Scope, UserId, VendorId,
};
use parties::{NewRetailer, NewVendor, Retailer};
use queue::Running;
use risk::{Action, Alert, Control, Done};
use testkit::TestDb;

pub(crate) struct World {
    pub(crate) t: TestDb,
    pub(crate) retailer: RetailerId,
    pub(crate) vendor: VendorId,
}

pub(crate) fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

impl World {
    /// A shop with a line of 100 000 rupees over 30 days; its day is the test clock's.
    pub(crate) async fn new(t: TestDb) -> Self {
        let cx = Context::new(&t.clock, &t.ids, Actor::System, "test");
        let made = t.db.write::<_, DbError, _>(async move |tx| {
            let seller = NewVendor {
                name: "Karnali Traders".to_owned(),
                owner_name: "Hari".to_owned(),
                phone: "9779811000000".to_owned(),
                place: None,
                latitude_micro: None,
                longitude_micro: None,
                language: parties::Language::English,
                number_prefix: "KAR".to_owned(),
                capacity: 20,
            };
            Ok(parties::create_vendor(tx, &cx, &seller).await?.unwrap().id)
        });
        let vendor = made.await.unwrap();
        let mut world = Self { t, retailer: RetailerId::from_bits(0), vendor };
        world.next_shop(1).await;
        world
    }

    /// Another shop with such a line, which what follows is about.
    pub(crate) async fn next_shop(&mut self, number: u8) -> RetailerId {
        let (cx, vendor_id) = (self.cx(Actor::System), self.vendor);
        let made = self.t.db.write::<_, DbError, _>(async move |tx| {
            let shop = NewRetailer {
                name: "Laxmi Kirana".to_owned(),
                owner_name: "Laxmi".to_owned(),
                phone: format!("97798110000{number:02}"),
                place: None,
                latitude_micro: None,
                longitude_micro: None,
                language: parties::Language::English,
            };
            let retailer_id = parties::create_retailer(tx, &cx, &shop).await?.unwrap().id;
            parties::approve_retailer(tx, &cx, retailer_id).await?.unwrap();
            let line = NewLine {
                retailer_id,
                vendor_id,
                limit: rupees(100_000),
                terms_days: 30,
                max_order: None,
                max_overdue_days: 30,
                settlement: None,
            };
            credit::create_line(tx, &cx, line).await?.unwrap();
            Ok(retailer_id)
        });
        self.retailer = made.await.unwrap();
        self.retailer
    }

    pub(crate) fn today(&self) -> BusinessDate {
        self.t.clock.now().business_date()
    }

    pub(crate) fn days(&self, days: i64) {
        self.t.clock.advance_seconds(days * 86_400);
    }

    fn cx(&self, actor: Actor) -> Context {
        Context::new(&self.t.clock, &self.t.ids, actor, "test")
    }

    pub(crate) fn operator(&self) -> Context {
        self.cx(Actor::Operator(UserId::from_bits(7)))
    }

    /// A purchase of so many days ago.
    pub(crate) async fn bought(&self, days_ago: i64, amount: i64) -> CycleId {
        let cx = self.cx(Actor::System);
        let opening = NewOpening {
            line: (self.retailer, self.vendor),
            principal: rupees(amount),
            started_on: self.today().plus_days(-days_ago),
            note: "page 12".to_owned(),
        };
        let opened = self.t.db.write::<_, DbError, _>(async move |tx| {
            Ok(credit::open_cycles(tx, &cx, std::slice::from_ref(&opening)).await?.remove(0).unwrap().id)
        });
        opened.await.unwrap()
    }

    /// All of a cycle is paid today.
    pub(crate) async fn paid(&self, cycle: CycleId) -> kernel::PaymentId {
        let found = self.t.db.read::<_, DbError, _>(async move |tx| credit::cycle(tx, Scope::All, cycle).await);
        let open = found.await.unwrap().unwrap().outstanding;
        self.pays(cycle, open, 0).await
    }

    /// So much of a cycle was paid so many days ago, and is noted today.
    pub(crate) async fn pays(&self, cycle: CycleId, principal: Money, days_ago: i64) -> kernel::PaymentId {
        let cx = self.cx(Actor::System);
        let on = self.today().plus_days(-days_ago);
        let new = NewRepayment { ask: Ask::Principal(principal), on, method: "CASH".parse().unwrap(), reference: None };
        let paid = self.t.db.write::<_, DbError, _>(async move |tx| {
            Ok(credit::repay(tx, &cx, Scope::All, cycle, new.clone()).await?.unwrap().repayment.payment_id)
        });
        paid.await.unwrap()
    }

    /// Three bills in a row, each paid a day late, today.
    pub(crate) async fn three_delays(&self) {
        for days_ago in [33, 32, 31] {
            let cycle = self.bought(days_ago, 1_000).await;
            self.paid(cycle).await;
        }
    }

    /// An order of so many days ago, as it stands where nobody took it; its row alone.
    pub(crate) async fn placed(&self, days_ago: i64, amount: i64) {
        let at = self.t.clock.now().plus_seconds(-days_ago * 86_400);
        let order = testkit::OrderRow {
            id: self.t.ids.make(at),
            retailer: self.retailer,
            vendor: self.vendor,
            mode: "CASH",
            state: "CANCELLED",
            total: rupees(amount),
            delivered: None,
            at,
        };
        self.t.db.write::<_, DbError, _>(async move |tx| testkit::add_order(tx, order).await).await.unwrap();
    }

    /// A cheque bounced.
    pub(crate) async fn bounced(&self, payment: kernel::PaymentId) {
        let cx = self.operator();
        let done = self.t.db.write::<_, DbError, _>(async move |tx| {
            credit::reverse(tx, &cx, Scope::All, payment, "it bounced").await.map(|done| done.map(|_| ()))
        });
        done.await.unwrap().unwrap();
    }

    pub(crate) fn control(&self) -> Control {
        Control {
            db: self.t.db.clone(),
            clock: self.t.clock.clone(),
            ids: self.t.ids.clone(),
            running: Running::nobody(),
        }
    }

    pub(crate) async fn run(&self) -> Done {
        self.control().run().await.unwrap()
    }

    pub(crate) async fn shop(&self) -> Retailer {
        let id = self.retailer;
        self.t
            .db
            .read::<_, DbError, _>(async move |tx| Ok(parties::retailers(tx, &[id]).await?.remove(&id).unwrap()))
            .await
            .unwrap()
    }

    pub(crate) async fn line(&self) -> Line {
        let (pair, today) = ((self.retailer, self.vendor), self.today());
        self.t
            .db
            .read::<_, DbError, _>(async move |tx| Ok(credit::line_of(tx, Scope::All, pair, today).await?.unwrap()))
            .await
            .unwrap()
    }

    pub(crate) async fn actions(&self) -> Vec<Action> {
        let page = PageRequest::new(Some(200), None);
        let mut found =
            self.t.db.read::<_, DbError, _>(async move |tx| risk::actions(tx, None, &page).await).await.unwrap().items;
        found.reverse();
        found
    }

    pub(crate) async fn alerts(&self) -> Vec<Alert> {
        let page = PageRequest::new(Some(200), None);
        let mut found = self
            .t
            .db
            .read::<_, DbError, _>(async move |tx| risk::alerts(tx, None, false, &page).await)
            .await
            .unwrap()
            .items;
        found.reverse();
        found
    }

    pub(crate) async fn undo(&self, id: ActionId) -> Result<Action, risk::Refusal> {
        let cx = self.operator();
        self.t.db.write::<_, DbError, _>(async move |tx| risk::undo(tx, &cx, id, "they came by").await).await.unwrap()
    }

    pub(crate) async fn change_limit(&self, limit: i64) {
        let (cx, id) = (self.operator(), self.line().await.id);
        let change = credit::LineChange {
            limit: Some(rupees(limit)),
            reason: "agreed".to_owned(),
            ..credit::LineChange::default()
        };
        let done = self
            .t
            .db
            .write::<_, DbError, _>(async move |tx| credit::change_line(tx, &cx, Scope::All, id, change.clone()).await);
        done.await.unwrap().unwrap();
    }

    /// What was written to somebody, the first message first.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let page = PageRequest::new(Some(200), None);
        let filter = notify::MessageFilter::default();
        let found =
            self.t.db.read::<_, DbError, _>(async move |tx| notify::messages(tx, Scope::All, &filter, &page).await);
        let mut texts: Vec<String> = found.await.unwrap().items.into_iter().map(|message| message.text).collect();
        texts.sort();
        texts
    }
}
