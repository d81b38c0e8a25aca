//! The house with people who write to it over WhatsApp, in one process, and a transcript of what was said.
//!
//! Webhooks are the Cloud API's own JSON, signed; what the platform sends goes to a fake Graph API that keeps the 24-hour
//! window and takes approved templates only. The clock moves a minute with each message; jobs are run by hand after it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::body::Body;
use conversation::Webhook as Secrets;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::{Id as _, Role, UserId};
use khaacho::house::{self, House, Settings};
use khaacho::templates::TEMPLATES;
use parking_lot::Mutex;
use serde_json::{Value, json};
use testkit::TestDb;
use tower::ServiceExt as _;
use web::{Auth, Caller};
use whatsapp::client::Client;
use whatsapp::fake::{FakeGraph, Person, Say, Sent, Signed, Webhook};

pub(crate) const APP_SECRET: &str = "the app's secret";
pub(crate) const VERIFY_TOKEN: &str = "the verify token";
pub(crate) const NUMBER_ID: &str = "106540352242922";
const TOKEN_SECRET: &str = "a secret of at least 32 characters";
const CATALOGUE: &str = include_str!("../../../data/catalogue.json");
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// A running house with its people.
pub(crate) struct Shop {
    pub(crate) t: TestDb,
    pub(crate) house: House,
    pub(crate) graph: FakeGraph,
    auth: Auth,
    keys: AtomicUsize,
    messages: AtomicI64,
    people: Mutex<BTreeMap<String, String>>,
    shown: AtomicUsize,
    transcript: Mutex<String>,
}

/// Someone who was registered.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) person: Person,
}

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn house(t: &TestDb, whatsapp: whatsapp::Settings) -> House {
    let webhook = Secrets { app_secret: APP_SECRET.into(), verify_token: VERIFY_TOKEN.into() };
    let settings = Settings { token_secret: TOKEN_SECRET.to_owned(), webhook, most_requests: 64 };
    house::build(&t.db, &t.clock, &t.ids, Client::new(whatsapp).unwrap(), &settings)
}

impl Shop {
    pub(crate) async fn open(t: TestDb) -> Self {
        let graph = FakeGraph::start(NUMBER_ID, "token", "e2e").await.unwrap();
        for template in TEMPLATES {
            graph.approve(template.approved());
        }
        let clock = t.clock.clone();
        graph.enforce_window(move || clock.now().micros() / 1_000_000);
        let house = house(&t, graph.settings());
        let auth = Auth::new(TOKEN_SECRET, t.clock.clone());
        Self {
            t,
            house,
            graph,
            auth,
            keys: AtomicUsize::new(0),
            messages: AtomicI64::new(0),
            people: Mutex::default(),
            shown: AtomicUsize::new(0),
            transcript: Mutex::default(),
        }
    }

    /// The server is started again, with other settings towards WhatsApp.
    pub(crate) fn restart(&mut self, whatsapp: whatsapp::Settings) {
        self.house = house(&self.t, whatsapp);
    }

    /// The products of the catalogue, by SKU.
    pub(crate) async fn catalogue(&self) -> BTreeMap<String, String> {
        let catalogue: Value = serde_json::from_str(CATALOGUE).unwrap();
        let mut ids = BTreeMap::new();
        for product in catalogue["products"].as_array().unwrap() {
            let id = self.made("products", product.clone()).await;
            ids.insert(product["sku"].as_str().unwrap().to_owned(), id);
        }
        ids
    }

    pub(crate) async fn retailer(&self, name: &str, phone: &str, language: &str) -> Known {
        let new = json!({ "name": name, "ownerName": name, "phone": phone, "place": "Birendranagar-6", "language": language });
        self.known("retailers", new, name, phone).await
    }

    pub(crate) async fn vendor(&self, name: &str, phone: &str, prefix: &str, language: &str) -> Known {
        let new =
            json!({ "name": name, "ownerName": name, "phone": phone, "numberPrefix": prefix, "language": language });
        self.known("vendors", new, name, phone).await
    }

    async fn known(&self, path: &str, new: Value, name: &str, phone: &str) -> Known {
        let id = self.made(path, new).await;
        let person = Person::phone(phone, name);
        self.people.lock().insert(phone.to_owned(), name.to_owned());
        Known { id, person }
    }

    /// Puts a product on a vendor's list.
    pub(crate) async fn sells(&self, vendor: &Known, product: &str, price: &str, stock: i64) {
        let sold = json!({ "productId": product, "terms": { "price": price, "stock": stock } });
        let answer = self.call(&Method::PUT, &format!("vendors/{}/products", vendor.id), &sold).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// Grants a line and gives its id.
    pub(crate) async fn grants(&self, vendor: &Known, retailer: &Known, limit: &str) -> String {
        self.made("credit/lines", json!({ "retailerId": retailer.id, "vendorId": vendor.id, "limit": limit })).await
    }

    // The API, as an operator.

    pub(crate) async fn call(&self, method: &Method, path: &str, body: &Value) -> Answer {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        self.call_with_key(method, path, &key, &body.to_string()).await
    }

    pub(crate) async fn call_with_key(&self, method: &Method, path: &str, key: &str, body: &str) -> Answer {
        let operator = Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None };
        self.call_as(operator, method, path, key, body).await
    }

    /// A call of an operator who saw a version.
    pub(crate) async fn call_if_match(&self, method: &Method, path: &str, version: &str, body: &Value) -> Answer {
        let operator = Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None };
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        let request = self.request(operator, method, path, &key).header("if-match", version);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Sends a file.
    pub(crate) async fn call_with_file(&self, who: Caller, path: &str, key: &str, file: Vec<u8>) -> Answer {
        let mut request = self.request(who, &Method::POST, path, key).body(Body::from(file)).unwrap();
        request.headers_mut().insert("content-type", "text/csv; charset=utf-8".parse().unwrap());
        self.send(request).await
    }

    fn request(&self, who: Caller, method: &Method, path: &str, key: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("authorization", format!("Bearer {}", self.auth.issue(who).unwrap().0))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
    }

    pub(crate) async fn call_as(&self, who: Caller, method: &Method, path: &str, key: &str, body: &str) -> Answer {
        let request = self.request(who, method, path, key);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.house.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call(&Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call(&Method::POST, path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn made(&self, path: &str, body: Value) -> String {
        self.post(path, body).await["id"].as_str().unwrap().to_owned()
    }

    // WhatsApp.

    /// What a person says, as one signed webhook; everything that follows from it is done before this returns.
    pub(crate) async fn says(&self, who: &Known, text: &str) {
        self.speaks(who, &Say::Text(text.to_owned()), text).await;
    }

    /// Presses what came last to a person and has an id that begins so.
    pub(crate) async fn presses(&self, who: &Known, id: &str) {
        let to = who.person.recipient().unwrap();
        let (sent, number, title) = self
            .graph
            .sent_to(&to)
            .into_iter()
            .rev()
            .find_map(|sent| {
                let at = sent.message.choices().iter().position(|choice| choice.id.starts_with(id))?;
                let title = sent.message.choices()[at].title.to_owned();
                Some((sent, at + 1, title))
            })
            .unwrap_or_else(|| panic!("nothing that {id} fits was sent to {to:?}:\n{}", self.transcript.lock()));
        self.presses_on(who, &sent, number, &title).await;
    }

    /// Presses one button of one message, however old it is.
    pub(crate) async fn presses_on(&self, who: &Known, sent: &Sent, number: usize, title: &str) {
        let say = Say::choose(sent, number).unwrap();
        self.speaks(who, &say, &format!("[{}]", if title.contains(':') { "the template's button" } else { title }))
            .await;
    }

    async fn speaks(&self, who: &Known, say: &Say, shown: &str) {
        self.t.clock.advance_seconds(MINUTE);
        let (hour, minute) = self.t.clock.now().kathmandu_time();
        let _ = writeln!(self.transcript.lock(), "{hour:02}:{minute:02} {}: {shown}\n", who.person.name);
        let webhook = self.message(&who.person, say);
        assert_eq!(self.deliver(&webhook).await, StatusCode::OK);
        self.work().await;
    }

    /// A message of someone, sent now.
    pub(crate) fn message(&self, from: &Person, say: &Say) -> Webhook {
        let wamid = format!("wamid.in.{}", self.messages.fetch_add(1, Ordering::SeqCst));
        self.heard(from);
        Webhook::to(NUMBER_ID).message(from, &wamid, self.now(), say)
    }

    /// The fake's own account of who wrote within 24 hours.
    pub(crate) fn heard(&self, from: &Person) {
        self.graph.heard_from(&from.recipient().unwrap(), self.now());
    }

    pub(crate) fn now(&self) -> i64 {
        self.t.clock.now().micros() / 1_000_000
    }

    pub(crate) async fn deliver(&self, webhook: &Webhook) -> StatusCode {
        let Signed { body, signature } = webhook.signed(APP_SECRET);
        self.deliver_raw(body, Some(&signature)).await.status
    }

    pub(crate) async fn deliver_raw(&self, body: Vec<u8>, signature: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/whatsapp/webhook")
            .header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header(whatsapp::signature::HEADER, signature);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Switches the automatic pause on or off.
    pub(crate) async fn set_pause_rule(&self, enabled: bool) {
        let body = json!({ "rule": { "enabled": enabled }, "reason": "the story asks for it" });
        let answer = self.call(&Method::PUT, "risk-control/rules/OVERDUE_BLOCK", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// Runs what is due by the clock, as the processes of a server do.
    pub(crate) async fn runs_schedules(&self) {
        queue::run_due_schedules(&self.t.db, &self.t.clock, &self.house.schedules).await.unwrap();
    }

    /// The API, as a vendor.
    pub(crate) async fn call_for_vendor(
        &self,
        vendor: Option<kernel::VendorId>,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        let who = Caller { user: UserId::from_bits(2), role: Role::Vendor, retailer: None, vendor };
        self.call_as(who, method, path, &key, &body.to_string()).await
    }

    /// Does all work that is ready, and writes down what was sent.
    pub(crate) async fn work(&self) {
        // A message waits a moment for one that was written before it.
        self.t.clock.advance_seconds(1);
        queue::run_ready(&self.t.db, &self.t.clock, &self.t.ids, &self.house.registry).await.unwrap();
        let page = kernel::PageRequest::new(None, None);
        let dead = self.t.db.read(async move |tx| queue::dead_jobs(tx, &page).await).await;
        let dead: Result<_, db::DbError> = dead;
        assert!(dead.as_ref().unwrap().items.is_empty(), "dead jobs: {:?}", dead.unwrap().items);
        assert_eq!(self.graph.malformed(), Vec::<String>::new(), "Meta would refuse what was sent");
        self.can_reach_everyone().await;
        let sent = self.graph.sent();
        let mut transcript = self.transcript.lock();
        for sent in sent.iter().skip(self.shown.swap(sent.len(), Ordering::SeqCst)) {
            let people = self.people.lock();
            let to = people.get(sent.to.as_str()).map_or("(unknown)", String::as_str);
            let _ = writeln!(transcript, "      to {to}:");
            for line in sent.readable.lines() {
                let _ =
                    writeln!(transcript, "      {}", if line.is_empty() { String::new() } else { format!("| {line}") });
            }
            transcript.push('\n');
        }
    }

    /// Whatever was not sent as the answer to a message has a template for when the person has not written for a day.
    async fn can_reach_everyone(&self) {
        let sql = "select m.reason_key from outgoing_messages m where m.template is null \
                   and m.content not like '{\"kind\":\"template\"%' and m.reason_key not like 'reply:%' \
                   and m.reason_key not like 'operator:%' and m.reason_key not like 'unknown:%'";
        let without: Vec<String> = self
            .t
            .db
            .read(async move |tx| tx.query(sql, db::params![]).await?.iter().map(|row| row.get("reason_key")).collect())
            .await
            .map_err(|error: db::DbError| error)
            .unwrap();
        assert_eq!(without, Vec::<String>::new(), "without a template");
    }

    pub(crate) fn days_pass(&self, days: i64) {
        self.t.clock.advance_seconds(days * DAY);
        let _ = writeln!(self.transcript.lock(), "--- {}\n", self.t.clock.now().business_date());
    }

    /// What was sent to someone, as they read it.
    pub(crate) fn sent_to(&self, who: &Person) -> Vec<String> {
        self.graph.sent_to(&who.recipient().unwrap()).into_iter().map(|sent| sent.readable).collect()
    }

    /// Compares everything that was said with the snapshot of this name, the same for both engines.
    pub(crate) fn compare_transcript(&self, name: &str) {
        let transcript = self.transcript.lock();
        let text: Vec<&str> = transcript.lines().map(str::trim_end).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("../snapshots");
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text.join("\n")));
    }

    /// Books, positions and the audit log are without a finding.
    pub(crate) async fn is_clean(&self) {
        let report =
            khaacho::verify::run(&self.t.db, ledger::Part::All, &indicatif::ProgressBar::hidden()).await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert!(report.audit_entries > 0);
    }
}
