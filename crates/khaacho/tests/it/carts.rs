//! Carts of the WhatsApp catalogue that are as large as an order may be, in other money, or older than the price list.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::TestDb;
use whatsapp::Outgoing;
use whatsapp::fake::{CartLine, Say, Webhook};

use crate::support::shop::{APP_SECRET, Known, Shop};

/// As many as an order may have lines.
const MOST: usize = 200;

struct Market {
    shop: Shop,
    vendor: Known,
    ram: Known,
    ids: Vec<String>,
}

impl Market {
    /// A wholesaler with 200 products at 100, 101 … rupees.
    async fn open(t: TestDb, count: usize) -> Self {
        let shop = Shop::open(t).await;
        let vendor = shop.vendor("Surkhet Traders", "9779858000001", "SKT", "EN").await;
        let ram = shop.retailer("Ram Store", "9779848000001", "EN").await;
        let mut ids = Vec::new();
        for number in 0..count {
            let new = json!({ "sku": sku(number), "name": name(number), "nameNe": "सामान", "unit": "piece",
                "category": "general", "aliases": [] });
            let id = shop.made("products", new).await;
            shop.sells(&vendor, &id, &format!("{}.00", 100 + number), 1000).await;
            ids.push(id);
        }
        Self { shop, vendor, ram, ids }
    }

    fn last(&self) -> String {
        self.shop.sent_to(&self.ram.person).pop().unwrap()
    }

    async fn sends_cart(&self, lines: &[(String, i64)]) {
        let lines = lines.iter().map(|(sku, quantity)| CartLine { sku: sku.clone(), quantity: *quantity, price: 1 });
        let webhook = self.shop.message(&self.ram.person, &Say::Order(lines.collect()));
        self.delivers(&webhook).await;
    }

    async fn delivers(&self, webhook: &Webhook) {
        self.shop.t.clock.advance_seconds(1);
        assert_eq!(self.shop.deliver(webhook).await, StatusCode::OK);
        self.shop.work().await;
    }

    async fn taken_out(&self, number: usize) {
        let answer = self.shop.call(&Method::DELETE, &format!("products/{}", self.ids[number]), &json!({})).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }

    /// The lines of the one order that was placed.
    async fn ordered(&self) -> usize {
        let orders = self.shop.get(&format!("orders?retailerId={}", self.ram.id)).await;
        let placed: Vec<&Value> =
            orders["items"].as_array().unwrap().iter().filter(|order| order["state"] != "DRAFT").collect();
        assert_eq!(placed.len(), 1, "{orders}");
        placed[0]["lines"].as_array().unwrap().len()
    }
}

fn sku(number: usize) -> String {
    format!("SKU-{number:03}")
}

/// The first is what the test asks for by its name.
fn name(number: usize) -> String {
    if number == 0 { "Sugar".to_owned() } else { format!("Ware{number:03}x of the market") }
}

fn all(count: usize) -> Vec<(String, i64)> {
    (0..count).map(|number| (sku(number), 2)).collect()
}

testkit::both_engines! {
    async fn two_hundred_lines_are_shown_changed_and_ordered(t: TestDb) {
        let market = Market::open(t, MOST).await;
        let Market { shop, ram, .. } = &market;
        market.sends_cart(&all(MOST)).await;
        // 2 × (100 + 101 + … + 299).
        assert!(market.last().contains("79,800.00"), "{}", market.last());
        assert!(market.last().contains("more"), "what has no room is counted: {}", market.last());

        // Line by line, and page by page to the last one.
        shop.says(ram, "change").await;
        for _ in 0..24 {
            let sent = shop.graph.sent().pop().unwrap();
            assert!(matches!(sent.message, Outgoing::List(_)), "{}", sent.readable);
            shop.presses(ram, "cart:change:").await;
        }
        assert!(market.last().contains("Ware199x"), "{}", market.last());
        shop.presses(ram, &format!("cart:drop:{}", market.ids[199])).await;
        assert!(market.last().contains("79,202.00"), "{}", market.last());
        shop.says(ram, "5 piece sugar").await;
        assert!(market.last().contains("79,502.00"), "{}", market.last());
        shop.says(ram, "confirm").await;
        shop.says(ram, "cash").await;
        assert_eq!(market.ordered().await, MOST - 1);
        shop.is_clean().await;
    }

    async fn what_left_the_catalogue_meanwhile_is_named_and_the_rest_stays(t: TestDb) {
        let market = Market::open(t, 3).await;
        let Market { shop, ram, .. } = &market;
        market.sends_cart(&all(3)).await;
        assert!(market.last().contains("606.00"), "{}", market.last());
        market.taken_out(1).await;
        shop.says(ram, "confirm").await;
        assert!(market.last().contains("We do not have: “Ware001x of the market”"), "{}", market.last());
        assert!(market.last().contains("404.00"), "{}", market.last());
        shop.says(ram, "confirm").await;
        market.taken_out(2).await;
        shop.says(ram, "cash").await;
        assert!(market.last().contains("We do not have: “Ware002x of the market”"), "{}", market.last());
        shop.says(ram, "confirm").await;
        shop.says(ram, "cash").await;
        assert_eq!(market.ordered().await, 1);

        // A cart that still holds it, and one line that never was ours.
        market.sends_cart(&[(sku(0), 1), (sku(1), 1), ("ELSEWHERE-1".to_owned(), 4)]).await;
        let told = market.last();
        assert!(told.contains("“Ware001x of the market”, “ELSEWHERE-1”") && told.contains("100.00"), "{told}");
        market.sends_cart(&[(sku(1), 1)]).await;
        assert!(market.last().contains("We do not have: “Ware001x of the market”"), "{}", market.last());
        shop.is_clean().await;
    }

    async fn a_price_that_changed_after_the_cart_was_shown_is_asked_about(t: TestDb) {
        let market = Market::open(t, 2).await;
        let Market { shop, ram, vendor, ids } = &market;
        market.sends_cart(&all(2)).await;
        assert!(market.last().contains("402.00"), "{}", market.last());
        shop.says(ram, "confirm").await;
        shop.sells(vendor, &ids[1], "150.00", 1000).await;
        shop.says(ram, "cash").await;
        let told = market.last();
        assert!(told.contains("402.00") && told.contains("500.00"), "was and is: {told}");
        assert_eq!(shop.get("orders?state=OFFERED").await["items"], json!([]));
        shop.says(ram, "cash").await;
        let order = &shop.get("orders?state=OFFERED").await["items"][0];
        assert_eq!((&order["total"], order["lines"].as_array().unwrap().len()), (&json!("500.00"), 2));
        shop.is_clean().await;
    }

    async fn prices_in_other_money_are_never_ours(t: TestDb) {
        let market = Market::open(t, 2).await;
        let cart = market.shop.message(&market.ram.person, &Say::Order(vec![CartLine { sku: sku(0), quantity: 3, price: 9 }]));
        let mut body = cart.to_json();
        let item = body.pointer_mut("/entry/0/changes/0/value/messages/0/order/product_items/0").unwrap();
        assert_eq!(item["currency"], "NPR");
        item["currency"] = json!("USD");
        item["item_price"] = json!(7.99);
        let signed = whatsapp::fake::signed(APP_SECRET, body.to_string().into_bytes());
        assert_eq!(market.shop.deliver_raw(signed.body, Some(&signed.signature)).await.status, StatusCode::OK);
        market.shop.work().await;
        let told = market.last();
        assert!(told.starts_with("The cart had prices in USD") && told.contains("300.00"), "{told}");
    }
}
