//! An operator's say in where an order goes: the next vendor, a vendor of choice, what routing would say; and races.

use http::Method;
use serde_json::{Value, json};

use crate::support::shop::{Answer, Known, Shop};

/// Three vendors that sell rice at rising prices, and a shop with credit at the first two.
struct World {
    shop: Shop,
    vendors: Vec<Known>,
    retailer: Known,
    rice: String,
}

impl World {
    async fn open(t: testkit::TestDb) -> Self {
        let shop = Shop::open(t).await;
        let rice = json!({ "sku": "RICE", "name": "Rice", "nameNe": "चामल", "unit": "bora" });
        let rice = shop.made("products", rice).await;
        let mut vendors = Vec::new();
        for (number, prefix) in (1..).zip(["AA", "BB", "CC"]) {
            let vendor = shop.vendor(prefix, &format!("977970000000{number}"), prefix, "EN").await;
            shop.sells(&vendor, &rice, &format!("{}", 1_000 + 10 * number), 10).await;
            vendors.push(vendor);
        }
        let retailer = shop.retailer("Sita Kirana", "9779800000001", "EN").await;
        for vendor in &vendors[..2] {
            shop.grants(vendor, &retailer, "5000").await;
        }
        Self { shop, vendors, retailer, rice }
    }

    async fn ordered(&self, mode: &str, quantity: i64) -> String {
        let lines = json!([{ "productId": self.rice, "quantity": quantity }]);
        let order = json!({ "retailerId": self.retailer.id, "paymentMode": mode, "lines": lines });
        self.shop.made("orders", order).await
    }

    async fn post(&self, path: String, body: Value) -> Answer {
        self.shop.call(&Method::POST, &format!("order-routing/{path}"), &body).await
    }

    async fn overridden(&self, order: &str, vendor: usize) -> (u16, Value) {
        let body = json!({ "vendorId": self.vendors[vendor].id, "reason": "asked by telephone" });
        let answer = self.post(format!("override/{order}"), body).await;
        (answer.status.as_u16(), answer.json())
    }

    /// State, and the vendor's place among the three.
    async fn stands(&self, order: &str) -> (String, Option<usize>) {
        let order = self.shop.get(&format!("orders/{order}")).await;
        let vendor = self.vendors.iter().position(|vendor| order["vendorId"] == vendor.id.as_str());
        (order["state"].as_str().unwrap().to_owned(), vendor)
    }

    /// What each vendor's orders hold.
    async fn held(&self) -> Vec<i64> {
        let mut held = Vec::new();
        for vendor in &self.vendors {
            let list = self.shop.get(&format!("vendors/{}/products", vendor.id)).await;
            held.push(list["items"][0]["held"].as_i64().unwrap());
        }
        held
    }

    /// What is reserved at the lines of the first two.
    async fn reserved(&self) -> Vec<String> {
        let lines = self.shop.get(&format!("credit/lines?retailerId={}", self.retailer.id)).await;
        let of = |vendor: &Known| {
            let line = lines["items"].as_array().unwrap().iter().find(|line| line["vendorId"] == vendor.id.as_str());
            line.unwrap()["reserved"].as_str().unwrap().to_owned()
        };
        self.vendors[..2].iter().map(of).collect()
    }

    async fn offer_of(&self, order: &str) -> String {
        let routed = self.shop.get(&format!("order-routing/order/{order}")).await;
        let offers = routed["offers"].as_array().unwrap();
        offers.iter().find(|offer| offer["state"] == "OPEN").unwrap()["id"].as_str().unwrap().to_owned()
    }
}

fn stands(state: &str, vendor: Option<usize>) -> (String, Option<usize>) {
    (state.to_owned(), vendor)
}

testkit::both_engines! {
    async fn an_order_is_routed_anew_until_nobody_is_left(t: TestDb) {
        let w = World::open(t).await;
        // Whoever wrote within a day is told in words.
        w.shop.says(&w.vendors[0], "namaste").await;
        let order = w.ordered("CREDIT", 2).await;
        assert_eq!(w.stands(&order).await, stands("OFFERED", Some(0)));
        assert_eq!((w.held().await, w.reserved().await), (vec![2, 0, 0], vec!["2020.00".to_owned(), "0.00".to_owned()]));
        let why = json!({ "reason": "the road to AA is closed" });
        let moved = w.post(format!("route/{order}"), why.clone()).await.json();
        assert_eq!((&moved["state"], &moved["total"]), (&json!("OFFERED"), &json!("2040.00")));
        assert_eq!((w.held().await, w.reserved().await), (vec![0, 2, 0], vec!["0.00".to_owned(), "2040.00".to_owned()]));
        w.shop.work().await;
        let told = w.shop.sent_to(&w.vendors[0].person);
        assert!(told.last().unwrap().contains("no longer with you"), "{told:?}");
        // The third has no line with the shop.
        let failed = w.post("route".to_owned(), json!({ "orderId": order, "reason": "and BB is shut" })).await.json();
        assert_eq!((&failed["state"], &failed["reason"]), (&json!("FAILED"), &json!("NO_VENDOR")));
        assert_eq!((w.held().await, w.reserved().await), (vec![0; 3], vec!["0.00".to_owned(); 2]));
        let again = w.post(format!("route/{order}"), why).await;
        assert_eq!((again.status.as_u16(), again.json()["code"].as_str().unwrap().to_owned()), (409, "INVALID_TRANSITION".to_owned()));
        w.shop.is_clean().await;
    }

    async fn an_operator_chooses_any_vendor_that_passes_the_check(t: TestDb) {
        let w = World::open(t).await;
        let order = w.ordered("CREDIT", 2).await;
        let (status, problem) = w.overridden(&order, 2).await;
        assert_eq!((status, &problem["code"]), (409, &json!("NO_CREDIT_LINE")), "{problem}");
        assert_eq!(w.stands(&order).await, stands("OFFERED", Some(0)), "a refusal leaves the order where it was");
        assert_eq!(w.held().await, [2, 0, 0]);
        let offer = w.offer_of(&order).await;
        let (status, moved) = w.overridden(&order, 1).await;
        assert_eq!((status, &moved["total"]), (200, &json!("2040.00")), "{moved}");
        let late = w.post(format!("accept/{offer}"), json!({})).await;
        assert_eq!(late.json()["code"], "OFFER_ANSWERED");
        assert_eq!((w.held().await, w.reserved().await), (vec![0, 2, 0], vec!["0.00".to_owned(), "2040.00".to_owned()]));
        // Back to one that was asked before, from a vendor that has accepted already.
        let offer = w.offer_of(&order).await;
        w.post(format!("accept/{offer}"), json!({})).await;
        assert_eq!(w.stands(&order).await, stands("CONFIRMED", Some(1)));
        assert_eq!(w.overridden(&order, 1).await.1["state"], "CONFIRMED", "it is there already");
        assert_eq!(w.overridden(&order, 0).await.0, 200);
        assert_eq!((w.stands(&order).await, w.held().await), (stands("OFFERED", Some(0)), vec![2, 0, 0]));
        let routed = w.shop.get(&format!("order-routing/order/{order}")).await;
        let kinds: Vec<&str> = routed["decisions"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ROUTED", "OVERRIDE", "OVERRIDE"]);
        assert_eq!(routed["decisions"][1]["reason"], "asked by telephone");

        let large = w.ordered("CASH", 9).await;
        let (status, problem) = w.overridden(&large, usize::from(w.stands(&large).await.1 == Some(0))).await;
        assert!(status == 200 || problem["code"] == "INSUFFICIENT_STOCK", "{problem}");
        let unknown = w.post(format!("override/{order}"), json!({ "vendorId": "ven_00000000000000000000000000", "reason": "x" })).await;
        assert_eq!((unknown.status.as_u16(), unknown.json()["field"].as_str().unwrap().to_owned()), (422, "vendorId".to_owned()));
        let unsaid = w.post(format!("override/{order}"), json!({ "vendorId": w.vendors[1].id, "reason": " " })).await;
        assert_eq!(unsaid.json()["field"], "reason");
        w.shop.is_clean().await;
    }

    async fn what_the_vendor_of_choice_lacks_is_said(t: TestDb) {
        let w = World::open(t).await;
        let order = w.ordered("CREDIT", 2).await;
        w.shop.sells(&w.vendors[1], &w.rice, "3000", 10).await;
        let (status, problem) = w.overridden(&order, 1).await;
        assert_eq!((status, &problem["code"], &problem["shortfall"]), (409, &json!("INSUFFICIENT_CREDIT"), &json!("1000.00")), "{problem}");
        w.shop.sells(&w.vendors[1], &w.rice, "1000", 1).await;
        let (_, problem) = w.overridden(&order, 1).await;
        assert_eq!((&problem["code"], &problem["free"]), (&json!("INSUFFICIENT_STOCK"), &json!(1)));
        assert_eq!((w.held().await, w.reserved().await), (vec![2, 0, 0], vec!["2020.00".to_owned(), "0.00".to_owned()]));
        w.shop.is_clean().await;
    }

    async fn recommendations_weigh_as_if_the_order_were_with_nobody(t: TestDb) {
        let w = World::open(t).await;
        // All that the first one has.
        let order = w.ordered("CREDIT", 3).await;
        w.shop.post(&format!("order-routing/route/{order}"), json!({ "reason": "late" })).await;
        let weighed = w.shop.get(&format!("order-routing/recommendations/{order}")).await;
        let seen: Vec<_> = weighed["candidates"].as_array().unwrap().iter().map(|one| {
            let vendor = w.vendors.iter().position(|vendor| one["vendorId"] == vendor.id.as_str()).unwrap();
            (vendor, one["ineligible"]["code"].as_str().unwrap_or("-").to_owned())
        }).collect();
        assert_eq!(seen, [(0, "ALREADY_ASKED".to_owned()), (1, "ALREADY_ASKED".to_owned()), (2, "ORDER_CHECK".to_owned())]);
        let fresh = w.ordered("CASH", 1).await;
        let weighed = w.shop.get(&format!("order-routing/recommendations/{fresh}")).await;
        assert_eq!(weighed["weights"]["availability"], 30);
        assert!(weighed["candidates"].as_array().unwrap().iter().any(|one| one["score"].is_number()), "{weighed}");
        let held = w.held().await;
        assert_eq!(held.iter().sum::<i64>(), 4, "looking changes nothing: {held:?}");
    }

    async fn the_older_paths_answer_the_same(t: TestDb) {
        let w = World::open(t).await;
        let (first, second) = (w.ordered("CASH", 1).await, w.ordered("CASH", 1).await);
        let accepted = w.post("accept".to_owned(), json!({ "offerId": w.offer_of(&first).await })).await.json();
        assert_eq!((&accepted["id"], &accepted["state"]), (&json!(first), &json!("CONFIRMED")));
        let rejected = w.post("reject".to_owned(), json!({ "offerId": w.offer_of(&second).await, "reason": "no rice" })).await.json();
        assert_eq!((&rejected["id"], &rejected["state"]), (&json!(second), &json!("OFFERED")));
        let document = w.shop.get("openapi.json").await;
        for path in ["route", "accept", "reject"] {
            let operation = &document["paths"][format!("/api/v1/order-routing/{path}")]["post"];
            assert_eq!(operation["deprecated"], true, "{path}");
        }
    }

    async fn override_accept_and_cancel_at_once_have_one_outcome(t: TestDb) {
        let w = World::open(t).await;
        for round in 0..6 {
            let order = w.ordered("CREDIT", 2).await;
            let offer = w.offer_of(&order).await;
            let to = json!({ "vendorId": w.vendors[1].id, "reason": "closer" });
            let from = w.stands(&order).await.1;
            let cancelled = json!({ "status": "CANCELLED", "reason": "changed my mind" });
            let status = format!("orders/{order}/status");
            let (accepted, moved, ended) = tokio::join!(
                w.post(format!("accept/{offer}"), json!({})),
                w.post(format!("override/{order}"), to),
                async { if round % 2 == 0 { Some(w.shop.call(&Method::PATCH, &status, &cancelled).await) } else { None } },
            );
            for answer in [Some(&accepted), Some(&moved), ended.as_ref()].into_iter().flatten() {
                assert!([200, 409].contains(&answer.status.as_u16()), "{}", answer.body);
            }
            let (state, vendor) = w.stands(&order).await;
            let expected = if state == "CANCELLED" { 0 } else { 2 };
            assert_eq!(w.held().await.iter().sum::<i64>(), expected, "{state} at {vendor:?}, before at {from:?}");
            let reserved: f64 = w.reserved().await.iter().map(|one| one.parse::<f64>().unwrap()).sum();
            assert_eq!(reserved > 0.0, state != "CANCELLED", "{state}");
            if state != "CANCELLED" {
                let answer = w.shop.call(&Method::PATCH, &status, &cancelled).await;
                assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            }
        }
        w.shop.is_clean().await;
    }
}
