//! Products, and what vendors have of them: what changed, why, and what is refused.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::shop::{Known, Shop};

/// One vendor, one shop, and rice.
struct World {
    shop: Shop,
    vendor: Known,
    retailer: Known,
    rice: String,
}

impl World {
    async fn open(t: testkit::TestDb) -> Self {
        let shop = Shop::open(t).await;
        let vendor = shop.vendor("Bheri Traders", "9779700000001", "BT", "EN").await;
        let retailer = shop.retailer("Sita Kirana", "9779800000001", "EN").await;
        let rice = json!({ "sku": "RICE", "name": "Rice", "nameNe": "चामल", "unit": "bora", "aliases": ["Chamal"] });
        let rice = shop.made("products", rice).await;
        Self { shop, vendor, retailer, rice }
    }

    fn list(&self) -> String {
        format!("vendors/{}/products", self.vendor.id)
    }

    fn of_rice(&self, what: &str) -> String {
        format!("{}/{}/{what}", self.list(), self.rice)
    }

    async fn refused(&self, method: Method, path: &str, body: Value, status: u16, code: &str) -> Value {
        let answer = self.shop.call(&method, path, &body).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        problem
    }

    /// The changes of the rice, newest first: by how much, to what, why.
    async fn moves(&self) -> Vec<(i64, i64, String)> {
        let moves = self.shop.get(&self.of_rice("moves")).await;
        let moves = moves["items"].as_array().unwrap().iter();
        moves
            .map(|one| {
                let number = |name: &str| one[name].as_i64().unwrap();
                (number("change"), number("stock"), one["reason"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    async fn moved(&self, quantity: i64, reason: &str) -> i64 {
        let body = json!({ "quantity": quantity, "reason": reason });
        self.shop.post(&self.of_rice("moves"), body).await["stock"].as_i64().unwrap()
    }

    /// An order of so many bora for cash, offered to the vendor.
    async fn ordered(&self, quantity: i64) -> String {
        let order = json!({
            "retailerId": self.retailer.id, "vendorId": self.vendor.id, "paymentMode": "CASH",
            "lines": [{ "productId": self.rice, "quantity": quantity }],
        });
        self.shop.made("orders", order).await
    }

    async fn delivered(&self, order: &str, arrived: i64) {
        let path = format!("order-routing/vendor/{}/pending", self.vendor.id);
        let offer = self.shop.get(&path).await["items"][0]["id"].as_str().unwrap().to_owned();
        self.shop.post(&format!("order-routing/accept/{offer}"), json!({})).await;
        let status = format!("orders/{order}/status");
        let arrived = json!({
            "status": "DELIVERED", "reason": "by telephone", "arrived": [{ "number": 1, "quantity": arrived }],
        });
        for step in [json!({ "status": "DISPATCHED" }), arrived] {
            let answer = self.shop.call(&Method::PATCH, &status, &step).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
    }
}

testkit::both_engines! {
    async fn a_product_is_changed_by_whoever_saw_what_it_is(t: TestDb) {
        let w = World::open(t).await;
        let path = format!("products/{}", w.rice);
        let change = json!({ "name": " Jeera rice ", "pack": { "quantity": 25, "unit": "kg" }, "aliases": ["jeera", "चामल"] });
        let changed = w.shop.call(&Method::PATCH, &path, &change).await.json();
        assert_eq!((&changed["name"], &changed["nameNe"], &changed["version"]), (&json!("Jeera rice"), &json!("चामल"), &json!(2)));
        assert_eq!(changed["pack"]["quantity"], 25);
        let same = w.shop.call(&Method::PATCH, &path, &change).await.json();
        assert_eq!(same["version"], 2, "what changes nothing is no change");
        let without = w.shop.call(&Method::PATCH, &path, &json!({ "pack": null })).await.json();
        assert_eq!((&without["pack"], &without["aliases"][1]), (&Value::Null, &json!("चामल")));
        let wrong = w.refused(Method::PATCH, &path, json!({ "unit": " " }), 422, "VALIDATION").await;
        assert_eq!(wrong["field"], "unit");
        w.refused(Method::PATCH, "products/prd_00000000000000000000000000", json!({}), 404, "NOT_FOUND").await;

        let stale = w.shop.call_if_match(&Method::PATCH, &path, "\"2\"", &json!({ "name": "Rice" })).await;
        assert_eq!((stale.status.as_u16(), &stale.json()["version"]), (412, &json!(3)));
        let fresh = w.shop.call_if_match(&Method::PATCH, &path, "\"3\"", &json!({ "name": "Rice" })).await;
        assert_eq!((fresh.status.as_u16(), &fresh.json()["version"]), (200, &json!(4)));
        for (search, found) in [("JEERA", 1), ("चामल", 1), ("rice", 1), ("100%", 0)] {
            let escaped: Vec<String> = search.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let page = w.shop.get(&format!("products?search={}", escaped.concat())).await;
            assert_eq!(page["items"].as_array().unwrap().len(), found, "{search}: {page}");
        }
        w.shop.is_clean().await;
    }

    async fn a_product_that_is_taken_out_can_no_longer_be_ordered(t: TestDb) {
        let w = World::open(t).await;
        w.shop.sells(&w.vendor, &w.rice, "1000", 10).await;
        let path = format!("products/{}", w.rice);
        let before = w.ordered(2).await;
        let taken_out = w.shop.call(&Method::DELETE, &path, &Value::Null).await.json();
        assert_eq!((&taken_out["status"], &taken_out["version"]), (&json!("INACTIVE"), &json!(2)));
        let again = w.shop.call(&Method::DELETE, &path, &Value::Null).await.json();
        assert_eq!(again["version"], 2);
        let order = json!({ "retailerId": w.retailer.id, "paymentMode": "CASH", "lines": [{ "productId": w.rice, "quantity": 1 }] });
        w.refused(Method::POST, "orders", order.clone(), 422, "VALIDATION").await;
        // What was ordered before goes its way.
        w.delivered(&before, 2).await;
        w.shop.call(&Method::PATCH, &path, &json!({ "status": "ACTIVE" })).await;
        assert_eq!(w.shop.post("orders", order).await["state"], "OFFERED");
    }

    async fn every_change_of_stock_has_its_reason(t: TestDb) {
        let w = World::open(t).await;
        w.refused(Method::POST, &w.of_rice("moves"), json!({ "quantity": 1, "reason": "RECEIVED" }), 404, "NOT_FOUND").await;
        w.shop.sells(&w.vendor, &w.rice, "1000", 10).await;
        let mut moves = vec![(10, 10, "COUNTED".to_owned())];
        for (quantity, reason, change, stock) in [
            (50, "RECEIVED", 50, 60), (3, "LOST", -3, 57), (2, "RETURNED", 2, 59), (4, "SOLD", -4, 55), (40, "COUNTED", -15, 40),
        ] {
            assert_eq!(w.moved(quantity, reason).await, stock);
            moves.insert(0, (change, stock, reason.to_owned()));
        }
        // A count that finds what was known moves nothing; nor does a new price.
        w.moved(40, "COUNTED").await;
        w.shop.sells(&w.vendor, &w.rice, "1100", 40).await;
        assert_eq!(w.moves().await, moves);

        let order = w.ordered(5).await;
        assert_eq!(w.moves().await, moves, "a hold moves nothing");
        let held = w.refused(Method::POST, &w.of_rice("moves"), json!({ "quantity": 36, "reason": "LOST" }), 409, "STOCK_HELD").await;
        assert_eq!(held["held"], 5);
        w.delivered(&order, 3).await;
        moves.insert(0, (-3, 37, "SOLD".to_owned()));
        assert_eq!(w.moves().await, moves, "what did not arrive is still there");
        let newest = w.shop.get(&w.of_rice("moves?limit=1")).await;
        assert_eq!(newest["items"][0]["orderId"], order.as_str());
        let rest = w.shop.get(&w.of_rice(&format!("moves?after={}", newest["next"].as_str().unwrap()))).await;
        assert_eq!(rest["items"].as_array().unwrap().len(), moves.len() - 1);

        for wrong in [json!({ "quantity": 0, "reason": "LOST" }), json!({ "quantity": -1, "reason": "COUNTED" }), json!({ "quantity": 2_000_000_000, "reason": "RECEIVED" })] {
            w.refused(Method::POST, &w.of_rice("moves"), wrong, 422, "VALIDATION").await;
        }
        let long = json!({ "quantity": 1, "reason": "LOST", "note": "x".repeat(201) });
        assert_eq!(w.refused(Method::POST, &w.of_rice("moves"), long, 422, "VALIDATION").await["field"], "note");
        let prices = w.shop.get(&w.of_rice("prices")).await;
        let prices: Vec<&str> = prices["items"].as_array().unwrap().iter().map(|one| one["price"].as_str().unwrap()).collect();
        assert_eq!(prices, ["1100.00", "1000.00"]);
        w.shop.is_clean().await;
    }

    async fn stock_that_no_move_explains_is_found(t: TestDb) {
        let w = World::open(t).await;
        w.shop.sells(&w.vendor, &w.rice, "1000", 10).await;
        w.shop.is_clean().await;
        let sql = "update vendor_products set stock = 12";
        w.shop.t.db.write::<_, db::DbError, _>(async move |tx| tx.exec(sql, db::params![]).await).await.unwrap();
        let report = khaacho::verify::run(&w.shop.t.db, ledger::Part::All, &indicatif::ProgressBar::hidden()).await.unwrap();
        assert_eq!(report.found, 1, "{report:?}");
        assert!(report.findings[0].contains("12") && report.findings[0].contains("10"), "{:?}", report.findings);
    }
}
