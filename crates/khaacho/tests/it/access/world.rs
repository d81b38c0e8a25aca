//! Two retailers with a vendor each, and with one of everything: made over HTTP by an operator.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use conversation::Webhook;
use db::{DbError, params};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::{Actor, Context, Id as _, RetailerId, Role, UserId};
use khaacho::house::{self, Settings};
use queue::{NewJob, Queue, Running};
use serde_json::{Value, json};
use testkit::TestDb;
use tower::ServiceExt as _;
use web::{Auth, Caller};
use whatsapp::client::{Client, Settings as ClientSettings};
use whatsapp::fake::{Person, Say, Signed, Webhook as Delivery};

const SECRET: &str = "a secret of at least 32 characters";

/// The objects of one retailer and its vendor, by their ids.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) retailer: String,
    /// The phone that the retailer has written from.
    pub(crate) address: String,
    pub(crate) vendor: String,
    pub(crate) product: String,
    /// A retailer of nobody yet, for what is granted or approved.
    pub(crate) newcomer: String,
    pub(crate) line: String,
    pub(crate) reservation: String,
    pub(crate) cycle: String,
    /// A cycle whose dispute is open, and that dispute.
    pub(crate) disputed: String,
    pub(crate) dispute: String,
    /// Three payments of which something waits for a cycle.
    pub(crate) payments: Vec<String>,
    /// Two claims that wait.
    pub(crate) claims: Vec<String>,
    /// An order that is offered.
    pub(crate) open: String,
    /// An order that its vendor has accepted.
    pub(crate) confirmed: String,
    /// Four open offers of further orders.
    pub(crate) offers: Vec<String>,
    /// Two more orders that are offered.
    pub(crate) routed: Vec<String>,
    /// Two alerts, and something that a rule did.
    pub(crate) alerts: Vec<String>,
    pub(crate) action: String,
    /// Four dead jobs.
    pub(crate) jobs: Vec<String>,
}

impl Own {
    /// What nobody but its retailer, its vendor and operators may see.
    pub(crate) fn ids(&self) -> Vec<&String> {
        let one =
            [&self.retailer, &self.vendor, &self.line, &self.reservation, &self.cycle, &self.open, &self.confirmed];
        let one = one.into_iter().chain([&self.disputed, &self.dispute]);
        one.chain(&self.offers).chain(&self.routed).chain(&self.payments).chain(&self.claims).collect()
    }
}

pub(crate) struct World {
    pub(crate) t: TestDb,
    pub(crate) router: Router,
    auth: Auth,
    keys: AtomicUsize,
    pub(crate) own: Own,
    pub(crate) foreign: Own,
}

fn operator() -> Caller {
    Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None }
}

impl World {
    pub(crate) async fn new(t: TestDb) -> Self {
        let webhook = Webhook { app_secret: "app secret".into(), verify_token: "verify".into() };
        let settings = Settings { token_secret: SECRET.to_owned(), webhook, most_requests: 64 };
        // Nothing runs the jobs here, so that nothing is sent.
        let client = Client::new(ClientSettings::new("1", "token")).unwrap();
        let house = house::build(&t.db, &t.clock, &t.ids, client, &settings);
        let auth = Auth::new(SECRET, t.clock.clone());
        let keys = AtomicUsize::new(0);
        let (own, foreign) = (Own::default(), Own::default());
        let mut world = Self { router: house.router, auth, keys, own, foreign, t };
        world.own = world.fill(1, "ONE").await;
        world.foreign = world.fill(2, "TWO").await;
        scoring::recalculate_all(&world.t.db, &world.t.clock, &world.t.ids, &Running::nobody()).await.unwrap();
        scoring::regenerate_all(&world.t.db, &world.t.clock, &world.t.ids, &Running::nobody()).await.unwrap();
        world
    }

    /// A retailer, a vendor and an operator.
    pub(crate) fn roles(&self) -> [Caller; 3] {
        let (user, none) = (UserId::from_bits(2), None);
        let retailer = Some(self.own.retailer.parse().unwrap());
        let vendor = Some(self.own.vendor.parse().unwrap());
        [
            Caller { user, role: Role::Retailer, retailer, vendor: none },
            Caller { user, role: Role::Vendor, retailer: None, vendor },
            operator(),
        ]
    }

    /// One request, each with an idempotency key of its own.
    pub(crate) async fn call(
        &self,
        who: Option<Caller>,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, String) {
        let key = self.keys.fetch_add(1, Ordering::SeqCst);
        let is_file = path.ends_with("/import");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("content-type", if is_file { "text/csv" } else { "application/json" })
            .header("idempotency-key", format!("key-{key}"));
        if let Some(who) = who {
            request = request.header("authorization", format!("Bearer {}", self.auth.issue(who).unwrap().0));
        }
        let body = match body {
            Value::Null => Body::empty(),
            Value::String(file) if is_file => Body::from(file.clone()),
            body => Body::from(body.to_string()),
        };
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// What an operator gets; the answer must be a success.
    async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, text) = self.call(Some(operator()), &method, path, &body).await;
        assert!(status.is_success(), "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn made(&self, path: &str, body: Value) -> String {
        self.done(Method::POST, path, body).await["id"].as_str().unwrap().to_owned()
    }

    async fn fill(&self, number: usize, prefix: &str) -> Own {
        let shop = |digit: usize| json!({ "name": prefix, "ownerName": prefix, "phone": format!("97798{number}{digit}000000") });
        let mut seller = shop(3);
        seller["numberPrefix"] = json!(prefix);
        let good = json!({ "sku": prefix, "name": prefix, "nameNe": prefix, "unit": "bora" });
        let (retailer, newcomer) = (self.made("retailers", shop(1)).await, self.made("retailers", shop(2)).await);
        let (vendor, product) = (self.made("vendors", seller).await, self.made("products", good).await);
        let sold = json!({ "productId": product, "terms": { "price": "100.00", "stock": 1_000 } });
        self.done(Method::PUT, &format!("vendors/{vendor}/products"), sold).await;
        let grant = json!({ "retailerId": retailer, "vendorId": vendor, "limit": "100000.00" });
        let line = self.made("credit/lines", grant).await;

        let order = json!({
            "retailerId": retailer, "vendorId": vendor, "paymentMode": "CREDIT",
            "lines": [{ "productId": product, "quantity": 2 }],
        });
        let cycle = self.delivered(&vendor, &order).await;
        let disputed = self.delivered(&vendor, &order).await;
        let dispute = self.made(&format!("credit/cycles/{disputed}/dispute"), json!({ "reason": "wet" })).await;

        let open = self.made("orders", order.clone()).await;
        let confirmed = self.accepted(&vendor, &order).await;
        let held = self.done(Method::GET, &format!("credit/lines/{line}/reservations"), Value::Null).await;
        let reservation = held["items"][0]["id"].as_str().unwrap().to_owned();
        let mut offers = Vec::new();
        for _ in 0..4 {
            let order = self.made("orders", order.clone()).await;
            offers.push(self.offer_of(&vendor, &order).await);
        }
        let routed = vec![self.made("orders", order.clone()).await, self.made("orders", order.clone()).await];
        let (mut payments, mut claims) = (Vec::new(), Vec::new());
        let paid = json!({
            "retailerId": retailer, "vendorId": vendor, "amount": "30.00", "method": "CASH", "keepExcess": true,
            "repayments": [{ "cycleId": cycle, "principal": "10.00" }],
        });
        for _ in 0..3 {
            payments.push(self.made("credit/payment", paid.clone()).await);
        }
        let claim = json!({ "retailerId": retailer, "vendorId": vendor, "amount": "5.00", "method": "CASH" });
        for _ in 0..2 {
            claims.push(self.made("credit/claims", claim.clone()).await);
        }
        let address = format!("97798{number}1000000");
        self.has_written(&address).await;
        let (alerts, action) = self.watched(&retailer).await;
        let jobs = self.dead_jobs().await;
        Own {
            retailer,
            address,
            vendor,
            product,
            newcomer,
            line,
            reservation,
            cycle,
            disputed,
            dispute,
            payments,
            claims,
            open,
            confirmed,
            offers,
            routed,
            alerts,
            action,
            jobs,
        }
    }

    /// Two alerts about a retailer and a pause of its credit that is over, as the rules of risk leave them.
    async fn watched(&self, retailer: &str) -> (Vec<String>, String) {
        let (now, ids) = (self.t.clock.now(), &self.t.ids);
        let alerts: [kernel::AlertId; 2] = [ids.make(now), ids.make(now)];
        let (action, retailer): (kernel::ActionId, RetailerId) = (ids.make(now), retailer.parse().unwrap());
        let written: Result<(), DbError> = self
            .t
            .db
            .write(async move |tx| {
                let columns = &["retailer_id", "id", "category", "rule_version", "state", "facts", "at", "version"];
                let score = r#"{"kind":"SCORE","total":72.00}"#;
                let row = |id, category: &'static str| params![retailer, id, category, 0, "OPEN", score, now, 1];
                let rows = vec![row(alerts[0], "HIGH_RISK_SCORE"), row(alerts[1], "ORDER_SPIKE")];
                tx.insert_many("risk_alerts", columns, rows).await?;
                let columns =
                    &["retailer_id", "id", "kind", "category", "rule_version", "cause_key", "cycles", "facts", "at"];
                let overdue = r#"{"kind":"OVERDUE","days":31,"allowed":30,"numbers":["ONE-101"]}"#;
                let key = format!("pause:{retailer}");
                let row = params![retailer, action, "PAUSE", "OVERDUE_BLOCK", 0, key, "[]", overdue, now];
                tx.insert_many("risk_actions", columns, vec![row]).await
            })
            .await;
        written.unwrap();
        (alerts.iter().map(ToString::to_string).collect(), action.to_string())
    }

    /// Jobs of a queue that nothing else uses, laid aside.
    async fn dead_jobs(&self) -> Vec<String> {
        let cx = Context::new(&self.t.clock, &self.t.ids, Actor::System, "test");
        let jobs: Vec<NewJob> =
            (0..4).map(|n| NewJob::new(&cx, Queue::ReportGeneration, "export", json!({ "part": n }))).collect();
        let dead = self.t.db.write::<_, DbError, _>(async move |tx| {
            queue::enqueue(tx, &cx, jobs.clone()).await?;
            let sql = "update jobs set state = 'DEAD', died_at = run_at, attempts = 3, last_error = 'no paper', \
                       errors = $1 where queue = 'report-generation' and state = 'READY' returning id";
            let told = "{\"at\":1000000,\"error\":\"no paper\",\"try\":3}\n";
            tx.query(sql, params![told]).await?.iter().map(|row| row.get("id")).collect()
        });
        dead.await.unwrap()
    }

    /// Somebody writes a message over WhatsApp.
    async fn has_written(&self, phone: &str) {
        let (person, say) = (Person::phone(phone, "Shop"), Say::Text("namaste".to_owned()));
        let at = self.t.clock.now().micros() / 1_000_000;
        let webhook = Delivery::to("1").message(&person, &format!("wamid.{phone}"), at, &say);
        let Signed { body, signature } = webhook.signed("app secret");
        let request = Request::builder().method(Method::POST).uri("/api/v1/whatsapp/webhook");
        let request = request.header(whatsapp::signature::HEADER, signature).body(Body::from(body)).unwrap();
        assert_eq!(self.router.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
    }

    /// The cycle of an order that has arrived.
    async fn delivered(&self, vendor: &str, order: &Value) -> String {
        let delivered = self.accepted(vendor, order).await;
        let status = format!("orders/{delivered}/status");
        self.done(Method::PATCH, &status, json!({ "status": "DISPATCHED" })).await;
        let arrived = json!({ "status": "DELIVERED", "reason": "the retailer telephoned" });
        self.done(Method::PATCH, &status, arrived).await["cycle"]["id"].as_str().unwrap().to_owned()
    }

    /// An order that the vendor has accepted.
    async fn accepted(&self, vendor: &str, order: &Value) -> String {
        let order = self.made("orders", order.clone()).await;
        let offer = self.offer_of(vendor, &order).await;
        self.done(Method::POST, &format!("order-routing/accept/{offer}"), json!({})).await;
        order
    }

    async fn offer_of(&self, vendor: &str, order: &str) -> String {
        let pending = self.done(Method::GET, &format!("order-routing/vendor/{vendor}/pending"), Value::Null).await;
        let offers = pending["items"].as_array().unwrap();
        let offer = offers.iter().find(|offer| offer["orderId"] == order).unwrap();
        offer["id"].as_str().unwrap().to_owned()
    }
}
