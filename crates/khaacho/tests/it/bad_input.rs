//! What arrives at the webhook wrong, twice, late or from nobody: an answer at once, one effect, and nothing left behind.

use std::io;
use std::sync::Arc;

use db::DbError;
use http::StatusCode;
use kernel::{Id as _, Role, UserId};
use parking_lot::Mutex;
use serde_json::{Value, json};
use testkit::TestDb;
use web::Caller;
use whatsapp::fake::{Person, Say, Signed, Webhook, signed};

use crate::support::shop::{APP_SECRET, Known, NUMBER_ID, Shop};

/// Everything that a delivery can leave behind.
const LEFT_BEHIND: [&str; 6] =
    ["incoming_messages", "unreadable_items", "jobs", "sessions", "orders", "outgoing_messages"];

/// How many rows each of the tables has.
async fn rows(shop: &Shop) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in LEFT_BEHIND {
        let sql: &'static str = format!("select cast(count(*) as bigint) as count from {table}").leak();
        let count = shop.t.db.read(async move |tx| tx.query_one(sql, db::params![]).await?.get::<i64>("count"));
        let count: Result<i64, DbError> = count.await;
        counts.push(count.unwrap());
    }
    counts
}

/// A shop where Laxmi buys rice and noodles of Karnali.
async fn open(t: TestDb) -> (Shop, Known, Known) {
    let shop = Shop::open(t).await;
    let products = shop.catalogue().await;
    let retailer = shop.retailer("Laxmi Kirana", "9779848000001", "EN").await;
    let vendor = shop.vendor("Karnali Traders", "9779858000001", "KAR", "EN").await;
    shop.sells(&vendor, &products["RICE-JEERA"], "2450.00", 40).await;
    shop.sells(&vendor, &products["NOODLE-WAIWAI"], "600.00", 20).await;
    (shop, retailer, vendor)
}

/// What is logged while a test looks.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        tracing::subscriber::set_default(
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).finish(),
        )
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

async fn orders(shop: &Shop) -> Vec<Value> {
    shop.get("orders").await["items"].as_array().unwrap().clone()
}

testkit::both_engines! {
    async fn a_delivery_that_is_not_signed_by_the_app_is_refused_and_leaves_nothing(t: TestDb) {
        let (shop, retailer, _) = open(t).await;
        let before = rows(&shop).await;
        let webhook = shop.message(&retailer.person, &Say::Text("5 bora jeera masino".to_owned()));
        let Signed { body, signature } = webhook.signed(APP_SECRET);
        let other = webhook.signed("another secret").signature;
        let mut changed = body.clone();
        *changed.last_mut().unwrap() = b' ';
        let cut = signature.get(..signature.len() - 1).unwrap();
        let log = Log::default();
        let refused = [
            (body.clone(), Some(other.as_str())),
            (body.clone(), None),
            (body.clone(), Some("")),
            (body.clone(), Some("sha256=")),
            (body.clone(), Some(cut)),
            (body.clone(), Some(signature.trim_start_matches("sha256="))),
            (changed, Some(signature.as_str())),
        ];
        for (body, signature) in refused {
            let listening = log.listen();
            let answer = shop.deliver_raw(body, signature).await;
            drop(listening);
            assert_eq!((answer.status, answer.json()["code"].clone()), (StatusCode::UNAUTHORIZED, json!("WRONG_SIGNATURE")));
        }
        let told = log.text();
        assert_eq!(told.matches("a webhook delivery was refused").count(), 7, "{told}");
        assert!(told.contains("rejections"), "{told}");
        shop.work().await;
        assert_eq!(rows(&shop).await, before);

        assert_eq!(shop.deliver_raw(body, Some(&signature)).await.status, StatusCode::OK);
        assert_ne!(rows(&shop).await, before);
    }

    async fn what_cannot_be_read_is_kept_answered_and_does_no_harm(t: TestDb) {
        let (shop, retailer, _) = open(t).await;
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let bodies = [
            "", "null", "[]", "{}", "{\"entry\"", "\u{0}", "\"text\"", "17", &deep,
            r#"{"object":"whatsapp_business_account","entry":{}}"#,
            r#"{"object":"whatsapp_business_account","entry":[null,7,{}]}"#,
            r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":[{}]}}]}]}"#,
            r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":[{"id":7,"from":[],"timestamp":"soon","type":"text"}],"statuses":[{"status":"lost"}]}}]}]}"#,
            r#"{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":{}}]}]}"#,
        ];
        for body in bodies {
            let Signed { body, signature } = signed(APP_SECRET, body.as_bytes().to_vec());
            let head = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
            assert_eq!(shop.deliver_raw(body, Some(&signature)).await.status, StatusCode::OK, "{head}");
            shop.work().await;
        }
        let kinds = ["hologram", "poll_update", "", "text", "interactive", "order", "location", "button"];
        for kind in kinds {
            let say = Say::Other { kind: kind.to_owned(), part: json!({ "unexpected": [1, null, { "deep": "x" }] }) };
            let webhook = shop.message(&retailer.person, &say);
            assert_eq!(shop.deliver(&webhook).await, StatusCode::OK, "{kind}");
            shop.work().await;
        }
        assert_eq!(orders(&shop).await, Vec::<Value>::new());
        // The same people are served as ever, whatever characters they send along.
        shop.says(&retailer, "\u{0}5 bora\u{0} \u{202e}jeera masino\u{7}").await;
        assert!(shop.sent_to(&retailer.person).last().unwrap().contains("12,250.00"));
        shop.is_clean().await;
    }

    async fn ten_megabytes_are_too_many_and_leave_nothing(t: TestDb) {
        let (shop, retailer, _) = open(t).await;
        let before = rows(&shop).await;
        let webhook = shop.message(&retailer.person, &Say::Text("a".repeat(10 * 1024 * 1024)));
        assert_eq!(shop.deliver(&webhook).await, StatusCode::PAYLOAD_TOO_LARGE);
        let large = json!({ "name": "a".repeat(10 * 1024 * 1024) }).to_string();
        let answer = shop.call_with_key(&http::Method::POST, "retailers", "large", &large).await;
        assert_eq!((answer.status, answer.json()["code"].clone()), (StatusCode::PAYLOAD_TOO_LARGE, json!("BODY_TOO_LARGE")));
        shop.work().await;
        assert_eq!(rows(&shop).await, before);
    }

    async fn a_stranger_is_told_how_to_register_once_a_day(t: TestDb) {
        let (shop, ..) = open(t).await;
        let stranger = Person::phone("9779811111111", "Somebody");
        for (day, messages) in [3, 1].into_iter().enumerate() {
            for _ in 0..messages {
                let webhook = shop.message(&stranger, &Say::Text("5 bora jeera masino".to_owned()));
                assert_eq!(shop.deliver(&webhook).await, StatusCode::OK);
                shop.work().await;
            }
            assert_eq!(shop.sent_to(&stranger).len(), day + 1);
            shop.days_pass(1);
        }
        assert!(shop.sent_to(&stranger)[0].contains("regist") || shop.sent_to(&stranger)[0].contains("darta"));
        assert_eq!(orders(&shop).await, Vec::<Value>::new());
    }

    async fn the_same_message_five_times_at_once_has_one_effect(t: TestDb) {
        let (shop, retailer, _) = open(t).await;
        let once = shop.message(&retailer.person, &Say::Text("5 bora jeera masino".to_owned()));
        let answers = [&once; 5].map(|webhook| shop.deliver(webhook));
        let [a, b, c, d, e] = answers;
        let (a, b, c, d, e) = tokio::join!(a, b, c, d, e);
        assert_eq!([a, b, c, d, e], [StatusCode::OK; 5]);
        shop.work().await;
        assert_eq!(shop.sent_to(&retailer.person).len(), 1);
        assert_eq!(orders(&shop).await.len(), 1, "one draft");
        // And once more, when everything is done.
        assert_eq!(shop.deliver(&once).await, StatusCode::OK);
        shop.work().await;
        assert_eq!(shop.sent_to(&retailer.person).len(), 1);
    }

    async fn messages_that_come_in_the_wrong_order_are_read_in_the_right_one(t: TestDb) {
        let (shop, retailer, _) = open(t).await;
        let now = shop.now();
        shop.heard(&retailer.person);
        let (order, yes) = (Say::Text("5 bora jeera masino".to_owned()), Say::Text("cash".to_owned()));
        // One delivery with the last word first; and words that say the same.
        let webhook = Webhook::to(NUMBER_ID)
            .message(&retailer.person, "wamid.last", now + 2, &yes)
            .message(&retailer.person, "wamid.middle", now + 1, &Say::Text("confirm".to_owned()))
            .message(&retailer.person, "wamid.first", now, &order);
        assert_eq!(shop.deliver(&webhook).await, StatusCode::OK);
        shop.work().await;
        let placed = orders(&shop).await;
        assert_eq!(placed.len(), 1);
        assert_eq!((&placed[0]["state"], &placed[0]["paymentMode"]), (&json!("OFFERED"), &json!("CASH")));
    }

    async fn a_button_counts_once_and_not_after_its_time(t: TestDb) {
        let (shop, retailer, vendor) = open(t).await;
        shop.says(&vendor, "hello").await;
        shop.says(&retailer, "5 bora jeera masino").await;
        let cart = shop.graph.sent_to(&retailer.person.recipient().unwrap()).pop().unwrap();
        shop.presses_on(&retailer, &cart, 1, "Confirm").await;
        shop.presses(&retailer, "pay:cash").await;
        for _ in 0..2 {
            shop.presses_on(&retailer, &cart, 1, "Confirm").await;
            shop.presses(&retailer, "pay:cash").await;
        }
        assert_eq!(orders(&shop).await.len(), 1);
        shop.presses(&vendor, "offer:accept:").await;
        shop.presses(&vendor, "offer:accept:").await;
        shop.presses(&vendor, "offer:reject:").await;
        assert_eq!(orders(&shop).await[0]["state"], "CONFIRMED");

        // A second order, whose offer is answered a minute after its deadline.
        shop.says(&retailer, "2 bora jeera masino").await;
        shop.presses(&retailer, "cart:confirm").await;
        shop.presses(&retailer, "pay:cash").await;
        shop.t.clock.advance_seconds(2 * 60 * 60);
        shop.presses(&vendor, "offer:accept:").await;
        let states: Vec<Value> = orders(&shop).await.iter().map(|order| order["state"].clone()).collect();
        assert_eq!(states, ["FAILED", "CONFIRMED"]);
        shop.is_clean().await;
    }

    async fn a_key_that_was_used_with_another_body_is_refused(t: TestDb) {
        let (shop, retailer, vendor) = open(t).await;
        let line = |limit: &str| json!({ "retailerId": retailer.id, "vendorId": vendor.id, "limit": limit }).to_string();
        let post = http::Method::POST;
        let granted = shop.call_with_key(&post, "credit/lines", "the key", &line("1000.00")).await;
        assert_eq!(granted.status, StatusCode::CREATED);
        let other = shop.call_with_key(&post, "credit/lines", "the key", &line("9000.00")).await;
        assert_eq!((other.status, other.json()["code"].clone()), (StatusCode::CONFLICT, json!("IDEMPOTENCY_KEY_REUSED")));
        let again = shop.call_with_key(&post, "credit/lines", "the key", &line("1000.00")).await;
        assert_eq!((again.status, &again.body), (StatusCode::CREATED, &granted.body));
    }

    async fn a_vendor_rejects_what_it_is_offered_and_cannot_end_the_order(t: TestDb) {
        let (shop, retailer, vendor) = open(t).await;
        shop.says(&retailer, "5 bora jeera masino").await;
        shop.presses(&retailer, "cart:confirm").await;
        shop.presses(&retailer, "pay:cash").await;
        let path = format!("orders/{}/status", orders(&shop).await[0]["id"].as_str().unwrap());
        let wholesaler =
            Caller { user: UserId::from_bits(2), role: Role::Vendor, retailer: None, vendor: vendor.id.parse().ok() };
        let cancel = json!({ "status": "CANCELLED", "reason": "no stock" }).to_string();
        let refused = shop.call_as(wholesaler, &http::Method::PATCH, &path, "cancel", &cancel).await;
        assert_eq!((refused.status, refused.json()["code"].clone()), (StatusCode::FORBIDDEN, json!("NOT_ALLOWED")));
        assert_eq!(orders(&shop).await[0]["state"], "OFFERED");
        shop.presses(&vendor, "offer:accept:").await;
        let ended = shop.call_as(wholesaler, &http::Method::PATCH, &path, "cancel again", &cancel).await;
        assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
        assert_eq!(orders(&shop).await[0]["state"], "CANCELLED");
    }
}
