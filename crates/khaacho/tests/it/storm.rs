//! Many shops are to be reminded in the minute in which WhatsApp is down: nothing is lost and nothing grows, orders go
//! through meanwhile, nobody is woken at night, and every shop gets exactly one in the morning after it.
//!
//! `TEST_REMINDERS` says how many shops there are, on PostgreSQL a fifth of it.
#![expect(clippy::print_stdout, reason = "how long it took is for whoever runs it long")]

use std::collections::BTreeMap;
use std::time::Duration;

use db::{DbError, params};
use http::{Method, StatusCode};
use kernel::{Actor, Context, Money, RetailerId, VendorId};
use queue::Workers;
use serde_json::json;
use testkit::TestDb;
use whatsapp::fake::Behaviour;

use crate::support::shop::{Known, Shop};

/// A short run; a long one has as many as `TEST_REMINDERS` says.
const SHOPS: usize = 600;
/// Shops that are opened together.
const SET: usize = 500;
const TERMS_DAYS: i64 = 30;
const COLUMNS: &[&str] =
    &["id", "name", "owner_name", "phone", "language", "status", "credit_status", "created_at", "version"];

/// Opens shops with a bill each that is due today.
async fn open_shops(shop: &Shop, vendor_id: VendorId, numbers: std::ops::Range<usize>) {
    let cx = Context::new(&shop.t.clock, &shop.t.ids, Actor::System, "test");
    let opened = shop.t.db.write::<_, DbError, _>(async move |tx| {
        let ids: Vec<(usize, RetailerId)> = numbers.clone().map(|number| (number, cx.id())).collect();
        let row = |(number, id): &(usize, RetailerId)| {
            let phone = format!("97797{number:08}");
            params![*id, "Shop", "Owner", phone, "NE", "ACTIVE", "ACTIVE", cx.now, 1]
        };
        tx.insert_many("retailers", COLUMNS, ids.iter().map(row).collect()).await?;
        for (_, retailer_id) in &ids {
            let line = credit::NewLine {
                retailer_id: *retailer_id,
                vendor_id,
                limit: Money::from_rupees(100_000).unwrap(),
                terms_days: TERMS_DAYS,
                max_order: None,
                max_overdue_days: 30,
                settlement: None,
            };
            credit::create_line(tx, &cx, line).await?.unwrap();
        }
        let bill = |(_, id): &(usize, RetailerId)| credit::NewOpening {
            line: (*id, vendor_id),
            principal: Money::from_rupees(5_000).unwrap(),
            started_on: cx.today().plus_days(-TERMS_DAYS),
            note: "page 7".to_owned(),
        };
        let bills: Vec<_> = ids.iter().map(bill).collect();
        let bills = credit::open_cycles(tx, &cx, &bills).await?;
        assert!(bills.iter().all(Result::is_ok));
        // Scores are of no matter here.
        tx.exec("delete from jobs where kind = $1", params![credit::SCORE_JOB]).await
    });
    opened.await.unwrap();
}

struct Storm {
    shop: Shop,
    vendor: Known,
    ram: Known,
    sugar: String,
    shops: usize,
    orders: usize,
}

impl Storm {
    async fn new(t: TestDb, shops: usize) -> Self {
        let shop = Shop::open(t).await;
        let sugar = shop.catalogue().await["SUGAR"].clone();
        let vendor = shop.vendor("Surkhet Traders", "9779858000001", "SKT", "EN").await;
        shop.sells(&vendor, &sugar, "4600.00", 100).await;
        let ram = shop.retailer("Ram Store", "9779848000001", "EN").await;
        for from in (0..shops).step_by(SET) {
            open_shops(&shop, vendor.id.parse().unwrap(), from..shops.min(from + SET)).await;
        }
        Self { shop, vendor, ram, sugar, shops, orders: 0 }
    }

    async fn count(&self, sql: &'static str) -> usize {
        let now = self.shop.t.clock.now();
        let counted = self.shop.t.db.read::<i64, DbError, _>(async move |tx| {
            tx.query_one(sql, if sql.contains("$1") { params![now] } else { params![] }).await?.get("n")
        });
        usize::try_from(counted.await.unwrap()).unwrap()
    }

    /// The schedule of reminders alone runs.
    async fn reminds(&self) {
        let schedules = self.shop.house.schedules.iter().filter(|schedule| schedule.name() == "payment reminders");
        let schedules: Vec<_> = schedules.cloned().collect();
        let ran = queue::run_due_schedules(&self.shop.t.db, &self.shop.t.clock, &schedules).await.unwrap();
        assert_eq!(ran, ["payment reminders"]);
    }

    /// An order goes through while everything else is being tried.
    async fn orders(&mut self) {
        let line = json!({ "productId": self.sugar, "quantity": 1 });
        let order = json!({ "retailerId": self.ram.id, "paymentMode": "CASH", "lines": [line] });
        let answer = self.shop.call(&Method::POST, "orders", &order).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        self.orders += 1;
    }

    /// Lets so many seconds pass, orders something, and waits until everything that was ready was tried.
    #[expect(clippy::disallowed_methods, reason = "how long it took is measured by the machine's clock")]
    async fn wave(&mut self, seconds: i64, what: &str) {
        let begun = tokio::time::Instant::now();
        self.shop.t.clock.advance_seconds(seconds);
        let workers = Workers::start(&self.shop.t.db, &self.shop.t.clock, &self.shop.t.ids, &self.shop.house.registry);
        self.orders().await;
        let ordered = begun.elapsed();
        let ready = "select cast(count(*) as bigint) as n from jobs j where j.state = 'RUNNING' \
                     or j.queue = 'payment-reminders' and j.run_at <= $1";
        while self.count(ready).await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(workers.drain(Duration::from_secs(30)).await);
        let (t, registry) = (&self.shop.t, &self.shop.house.registry);
        queue::run_ready(&t.db, &t.clock, &t.ids, registry).await.unwrap();
        println!("{what}: ordered after {ordered:?}, {} shops tried in {:?}", self.shops, begun.elapsed());
    }

    /// Everything waits, nothing has left and nothing grows.
    async fn all_wait(&self) {
        let waiting = self.count("select cast(count(*) as bigint) as n from outgoing_messages m where m.is_reminder = 1 and m.state = 'QUEUED'");
        let jobs = self.count("select cast(count(*) as bigint) as n from jobs j where j.queue = 'payment-reminders' and j.kind = 'notify.send' and j.state = 'READY' and j.attempts = 0");
        let noted = self.count("select cast(coalesce(max(length(j.errors)), 0) as bigint) as n from jobs j");
        assert_eq!((waiting.await, jobs.await, noted.await), (self.shops, self.shops, 0));
    }
}

/// Where nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/v23.0", listener.local_addr().unwrap())
}

async fn whatsapp_is_down(t: TestDb) {
    let due_on = t.clock.now().business_date().plus_days(1);
    t.clock.set(due_on.at(9, 0));
    let shops = t.wanted("TEST_REMINDERS", SHOPS);
    let mut storm = Storm::new(t, shops).await;
    let right = storm.shop.graph.settings();
    storm.shop.restart(whatsapp::Settings { base_url: nowhere().await, ..right.clone() });
    storm.shop.t.clock.set(due_on.at(10, 0));
    storm.reminds().await;
    storm.all_wait().await;
    for _ in 0..2 {
        storm.wave(61, "no connection").await;
        storm.all_wait().await;
    }
    // It answers again, with its own fault.
    storm.shop.restart(right);
    storm.shop.graph.from_now_on(Behaviour::Refuse(131_016));
    storm.wave(61, "HTTP 500").await;
    storm.all_wait().await;
    assert_eq!(storm.shop.graph.sent().len(), 0);

    // At night it is well, and the wholesaler has every order.
    storm.shop.graph.from_now_on(Behaviour::Accept);
    let night = due_on.at(20, 30).seconds_since(storm.shop.t.clock.now());
    storm.wave(night, "night").await;
    storm.all_wait().await;
    let offers = storm.shop.sent_to(&storm.vendor.person);
    assert_eq!((offers.len(), storm.shop.graph.sent().len()), (storm.orders, storm.orders), "{offers:?}");

    let morning = due_on.plus_days(1).at(7, 0).seconds_since(storm.shop.t.clock.now());
    storm.wave(morning, "morning").await;
    storm.shop.t.clock.set(due_on.plus_days(1).at(10, 0));
    storm.reminds().await;
    storm.wave(61, "a day later").await;
    let mut reminded: BTreeMap<String, usize> = BTreeMap::new();
    for sent in storm.shop.graph.sent() {
        *reminded.entry(sent.to.as_str().to_owned()).or_default() += 1;
    }
    assert_eq!(reminded.remove(storm.vendor.person.recipient().unwrap().as_str()), Some(storm.orders));
    assert_eq!((reminded.len(), reminded.values().max()), (storm.shops, Some(&1)), "each shop once");
    let unsent = "select cast(count(*) as bigint) as n from outgoing_messages m where m.state <> 'SENT'";
    assert_eq!(storm.count(unsent).await, 0);
    assert_eq!(storm.shop.graph.malformed(), Vec::<String>::new());
    storm.shop.is_clean().await;
}

testkit::both_engines! {
    async fn nothing_is_lost_while_it_is_down_and_each_shop_gets_one(t: TestDb) {
        whatsapp_is_down(t).await;
    }
}
