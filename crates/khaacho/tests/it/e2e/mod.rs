//! Orders that go all the way through the house, told by what is said on WhatsApp and checked through the API.

mod changes;
mod money;
mod recovery;

use std::process::Command;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::TestDb;

use crate::support::shop::{Known, Shop};

const RICE: &str = "RICE-JEERA";
const NOODLES: &str = "NOODLE-WAIWAI";
/// 10 bora at 2 450 and 5 cartons at 600.
const TOTAL: &str = "27500.00";

/// A shop with a line of 50 000 at a wholesaler that has all it needs.
struct OnCredit {
    shop: Shop,
    retailer: Known,
    vendor: Known,
    line: String,
    rice: String,
}

impl OnCredit {
    async fn open(t: TestDb, limit: &str, language: &str) -> Self {
        let shop = Shop::open(t).await;
        let products = shop.catalogue().await;
        let retailer = shop.retailer("Laxmi Kirana", "9779848000001", language).await;
        let vendor = shop.vendor("Karnali Traders", "9779858000001", "KAR", language).await;
        let rice = products[RICE].clone();
        shop.sells(&vendor, &rice, "2450.00", 40).await;
        shop.sells(&vendor, &products[NOODLES], "600.00", 20).await;
        let line = shop.grants(&vendor, &retailer, limit).await;
        Self { shop, retailer, vendor, line, rice }
    }

    /// The one order that is no draft.
    async fn order(&self) -> Value {
        let orders = self.shop.get(&format!("orders?retailerId={}", self.retailer.id)).await;
        let placed: Vec<&Value> =
            orders["items"].as_array().unwrap().iter().filter(|order| order["state"] != "DRAFT").collect();
        let [order] = placed.as_slice() else { panic!("one order: {orders}") };
        (*order).clone()
    }

    /// The order's state, the line's reserved, outstanding and available, the rice's stock and what is held of it, and the
    /// number of journal entries: all that an order changes.
    async fn stands(&self) -> (String, [String; 3], [i64; 2], usize) {
        let Self { shop, line, .. } = self;
        let state = self.order().await["state"].as_str().unwrap().to_owned();
        let position = shop.get(&format!("credit/lines/{line}/available")).await;
        let position = ["reserved", "outstanding", "available"].map(|part| position[part].as_str().unwrap().to_owned());
        let sold = shop.get(&format!("vendors/{}/products", self.vendor.id)).await;
        let sold = sold["items"].as_array().unwrap().iter().find(|sold| sold["product"]["id"] == self.rice).unwrap();
        let stock = ["stock", "held"].map(|part| sold[part].as_i64().unwrap());
        let entries = shop.get(&format!("credit/lines/{line}/entries")).await["items"].as_array().unwrap().len();
        (state, position, stock, entries)
    }

    async fn expect(&self, state: &str, position: [&str; 3], stock: [i64; 2], entries: usize) {
        let expected = (state.to_owned(), position.map(str::to_owned), stock, entries);
        assert_eq!(self.stands().await, expected);
    }
}

/// What an entry books: account and amount, as the API shows them.
fn booked(entry: &Value) -> Vec<(&str, &str)> {
    let postings = entry["postings"].as_array().unwrap();
    postings.iter().map(|posting| (posting["account"].as_str().unwrap(), posting["amount"].as_str().unwrap())).collect()
}

fn hledger(journal: &std::path::Path, arguments: &[&str]) -> String {
    let ran = Command::new("hledger").arg("-f").arg(journal).args(arguments).output().unwrap();
    assert!(ran.status.success(), "hledger {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// The sum of hledger's amounts, in paisa: `balance -O json` is a list of rows and the list of totals.
fn paisa(amounts: &Value) -> i64 {
    let amounts = amounts.as_array().unwrap().iter();
    amounts
        .map(|amount| {
            let quantity = &amount["aquantity"];
            let places = u32::try_from(quantity["decimalPlaces"].as_u64().unwrap()).unwrap();
            assert!(places <= 2, "{quantity}");
            quantity["decimalMantissa"].as_i64().unwrap() * 10_i64.pow(2 - places)
        })
        .sum()
}

/// An independent program reads our books, and agrees with our API.
pub(crate) async fn books_agree(shop: &Shop, outstanding: i64) {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("books.journal");
    let (mut file, hidden) = (std::fs::File::create(&journal).unwrap(), indicatif::ProgressBar::hidden());
    khaacho::export::write_journal(&shop.t.db, ledger::Part::All, &mut file, &hidden).await.unwrap();
    hledger(&journal, &["check", "--strict"]);
    let read = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let receivable = read(hledger(&journal, &["balance", "-O", "json", "receivable"]));
    assert_eq!(paisa(&receivable[1]), outstanding);
    let trial = read(hledger(&journal, &["balance", "-O", "json"]));
    assert_eq!(paisa(&trial[1]), 0, "debits and credits are the same");
}

testkit::both_engines! {
    async fn an_order_on_credit_is_placed_delivered_and_repaid_in_part(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, line, .. } = &world;
        shop.says(vendor, "namaste").await;

        shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
        let drafts = shop.get("orders?state=DRAFT").await;
        assert_eq!(drafts["items"].as_array().unwrap().len(), 1);
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        let order = world.order().await;
        assert_eq!((&order["total"], &order["vendorId"]), (&json!(TOTAL), &json!(vendor.id)));
        world.expect("OFFERED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        let held = shop.get(&format!("credit/lines/{line}/reservations")).await["items"][0].clone();
        assert_eq!((&held["state"], &held["amount"], &held["orderId"]), (&json!("ACTIVE"), &json!(TOTAL), &order["id"]));
        let reservation = format!("credit/reservations/{}", held["id"].as_str().unwrap());
        let routed = shop.get(&format!("order-routing/order/{}", order["id"].as_str().unwrap())).await;
        assert_eq!(routed["offers"].as_array().unwrap().len(), 1);

        shop.presses(vendor, "offer:accept:").await;
        world.expect("CONFIRMED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        shop.presses(vendor, "order:dispatch:").await;
        world.expect("DISPATCHED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        assert_eq!(shop.get(&reservation).await["state"], "ACTIVE");
        shop.presses(retailer, "order:received:").await;
        shop.presses(retailer, "order:all:").await;
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        let converted = shop.get(&reservation).await;
        assert_eq!(converted["state"], "CONVERTED");

        let cycle = format!("credit/cycles/{}", converted["cycleId"].as_str().unwrap());
        let opened = shop.get(&cycle).await;
        assert_eq!((&opened["status"], &opened["principal"]), (&json!("ACTIVE"), &json!(TOTAL)));
        assert_eq!((&opened["startedOn"], &opened["dueOn"]), (&json!("2026-01-01"), &json!("2026-01-31")));

        shop.days_pass(25);
        assert_eq!(shop.t.clock.now().business_date().to_string(), "2026-01-26");
        shop.says(retailer, "mero hisab").await;
        let quote = shop.get(&format!("{cycle}/quote?principal=5000.00")).await;
        assert_eq!((&quote["cash"], &quote["discount"]), (&json!("4750.00"), &json!("250.00")));
        let repaid = shop.post(&format!("{cycle}/repay"), json!({ "principal": "5000.00", "method": "CASH" })).await;
        assert_eq!(repaid["repayment"]["cash"], "4750.00");
        shop.work().await;
        world.expect("DELIVERED", ["0.00", "22500.00", "27500.00"], [30, 0], 2).await;
        let after = shop.get(&cycle).await;
        assert_eq!((&after["status"], &after["outstanding"]), (&json!("PARTIALLY_PAID"), &json!("22500.00")));
        let entries = shop.get(&format!("credit/lines/{line}/entries")).await;
        let mut books: Vec<Vec<(&str, &str)>> = entries["items"].as_array().unwrap().iter().map(booked).collect();
        books.sort_unstable();
        let sale = vec![("receivable", TOTAL), ("sales", "-27500.00")];
        let repayment = vec![("cash:CASH", "4750.00"), ("discount_allowed", "250.00"), ("receivable", "-5000.00")];
        assert_eq!(books, [repayment, sale]);

        shop.compare_transcript("an_order_on_credit");
        shop.is_clean().await;
        books_agree(shop, 2_250_000).await;
    }

    async fn the_same_talk_in_nepali(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "NE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "नमस्ते").await;
        shop.says(retailer, "नमस्ते").await;
        shop.says(retailer, "१० बोरा जीरा मसिनो, ५ कार्टुन वाइ वाइ").await;
        shop.says(retailer, "पक्का").await;
        shop.says(retailer, "उधारो").await;
        world.expect("OFFERED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        shop.compare_transcript("an_order_in_nepali");
        shop.is_clean().await;
    }

    async fn the_next_vendor_is_asked_when_the_first_rejects(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, line, rice } = &world;
        let second = shop.vendor("Bheri Suppliers", "9779858000002", "BHE", "RNE").await;
        let noodles = shop.get("products?search=WAIWAI").await["items"][0]["id"].as_str().unwrap().to_owned();
        // Dearer, so that it is asked second.
        shop.sells(&second, rice, "2500.00", 40).await;
        shop.sells(&second, &noodles, "600.00", 20).await;
        let second_line = shop.grants(&second, retailer, "50000.00").await;
        let available = async |line: &str| shop.get(&format!("credit/lines/{line}/available")).await["available"].clone();

        shop.says(vendor, "hello").await;
        shop.says(retailer, "I need 10 bora jeera masino and 5 carton waiwai").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        world.expect("OFFERED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;

        shop.presses(vendor, "offer:reject:").await;
        shop.presses(vendor, "offer:why:").await;
        world.expect("OFFERED", ["0.00", "0.00", "50000.00"], [40, 0], 0).await;
        assert_eq!((available(line).await, available(&second_line).await), (json!("50000.00"), json!("22000.00")));
        // The second one has not written for 24 hours: the offer reaches it as a template, whose button works the same.
        shop.presses(&second, "offer:accept:").await;
        let order = world.order().await;
        assert_eq!((&order["state"], &order["vendorId"]), (&json!("CONFIRMED"), &json!(second.id)));
        assert_eq!(order["total"], "28000.00");

        // The first one presses its old button: nothing changes, and it is told so.
        shop.presses(vendor, "offer:accept:").await;
        assert_eq!(world.order().await["vendorId"], json!(second.id));
        shop.compare_transcript("the_next_vendor");
        shop.is_clean().await;
    }

    async fn too_little_credit_is_said_in_plain_words_and_cash_still_works(t: TestDb) {
        let world = OnCredit::open(t, "20000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
        shop.presses(retailer, "cart:confirm").await;
        assert_eq!(shop.get("orders?state=OFFERED").await["items"], json!([]));
        shop.presses(retailer, "pay:cash").await;
        world.expect("OFFERED", ["0.00", "0.00", "20000.00"], [40, 10], 0).await;
        assert_eq!(world.order().await["paymentMode"], "CASH");
        shop.presses(vendor, "offer:accept:").await;
        shop.presses(vendor, "order:dispatch:").await;

        // The vendor writes the code that the shop reads out; a wrong one first.
        let told = shop.sent_to(&retailer.person).into_iter().rev().find_map(|text| code_in(&text)).unwrap();
        let wrong = if told == "1111" { "2222" } else { "1111" };
        shop.says(vendor, wrong).await;
        world.expect("DISPATCHED", ["0.00", "0.00", "20000.00"], [40, 10], 0).await;
        shop.says(vendor, &told).await;
        world.expect("DELIVERED", ["0.00", "0.00", "20000.00"], [30, 0], 1).await;
        shop.compare_transcript("too_little_credit");
        shop.is_clean().await;
        books_agree(shop, 0).await;
    }

    async fn a_cancelled_order_gives_everything_back(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
        shop.says(retailer, "pakka").await;
        shop.says(retailer, "udharo").await;
        shop.presses(vendor, "offer:accept:").await;
        world.expect("CONFIRMED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        shop.says(retailer, "order cancel").await;
        shop.presses(retailer, "order:cancel:").await;
        world.expect("CANCELLED", ["0.00", "0.00", "50000.00"], [40, 0], 0).await;
        // Too late: the vendor sends the goods of an order that is no more.
        shop.presses(vendor, "order:dispatch:").await;
        world.expect("CANCELLED", ["0.00", "0.00", "50000.00"], [40, 0], 0).await;
        let again = shop.call(&Method::PATCH, &format!("orders/{}/status", world.order().await["id"].as_str().unwrap()),
            &json!({ "status": "DISPATCHED" })).await;
        assert_eq!((again.status, again.json()["code"].clone()), (StatusCode::CONFLICT, json!("INVALID_TRANSITION")));
        shop.compare_transcript("a_cancelled_order");
        shop.is_clean().await;
    }
}

/// The delivery code: four digits between asterisks.
fn code_in(text: &str) -> Option<String> {
    let mut words = text.split('*').filter(|word| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()));
    words.next().map(str::to_owned)
}
