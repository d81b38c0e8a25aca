//! An offer past its deadline gives back what it holds when another order needs it, and moves on by its own job.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::support::shop::Shop;

testkit::both_engines! {
    async fn an_expired_offer_makes_room_and_goes_to_the_next_vendor(t: TestDb) {
        let shop = Shop::open(t).await;
        let product = shop.catalogue().await.into_values().next().unwrap();
        let ram = shop.retailer("Ram", "+9779848000001", "EN").await;
        let first = shop.vendor("First", "+9779848000002", "FST", "EN").await;
        let second = shop.vendor("Second", "+9779848000003", "SND", "EN").await;
        shop.sells(&first, &product, "100.00", 1_000).await;
        let line = shop.grants(&first, &ram, "1000.00").await;
        let order = |quantity: i64| json!({
            "retailerId": ram.id, "vendorId": first.id, "paymentMode": "CREDIT",
            "lines": [{ "productId": product, "quantity": quantity }],
        });
        let waiting = shop.made("orders", order(8)).await;
        let refused = shop.call(&Method::POST, "orders", &order(3)).await;
        assert_eq!(refused.json()["shortfall"], "100.00");
        shop.days_pass(1);
        // Before anything is released, reads leave the expired hold out.
        let left: Value = shop.get(&format!("credit/lines/{line}/available")).await;
        assert_eq!((&left["reserved"], &left["available"]), (&json!("0.00"), &json!("1000.00")));
        assert_eq!(shop.get(&format!("orders/{waiting}")).await["state"], "OFFERED");
        let placed = shop.made("orders", order(3)).await;
        assert_eq!(shop.get(&format!("orders/{placed}")).await["state"], "OFFERED");
        let moved = shop.get(&format!("orders/{waiting}")).await;
        assert_eq!((&moved["state"], &moved["vendorId"]), (&json!("PLACED"), &Value::Null));
        let left = shop.get(&format!("credit/lines/{line}/available")).await;
        assert_eq!((&left["reserved"], &left["available"]), (&json!("300.00"), &json!("700.00")));
        // By now somebody else can take it.
        shop.sells(&second, &product, "90.00", 1_000).await;
        shop.grants(&second, &ram, "5000.00").await;
        shop.work().await;
        let next = shop.get(&format!("orders/{waiting}")).await;
        assert_eq!((&next["state"], &next["vendorId"]), (&json!("OFFERED"), &json!(second.id)));
        shop.is_clean().await;
    }
    async fn orders_at_once_share_what_expired_under_a_ceiling(t: TestDb) {
        const SHOPS: usize = 8;
        let shop = Shop::open(t).await;
        let product = shop.catalogue().await.into_values().next().unwrap();
        let vendor = shop.vendor("Vendor", "+9779848000000", "VEN", "EN").await;
        shop.sells(&vendor, &product, "100.00", 1_000).await;
        let mut orders = Vec::new();
        for number in 1..=SHOPS {
            let retailer = shop.retailer("Shop", &format!("+977984900000{number}"), "EN").await;
            shop.grants(&vendor, &retailer, "1000.00").await;
            orders.push(json!({
                "retailerId": retailer.id, "vendorId": vendor.id, "paymentMode": "CREDIT",
                "lines": [{ "productId": product, "quantity": 1 }],
            }));
        }
        let ceiling = json!({ "ceiling": "800.00", "reason": "agreed" });
        let path = format!("admin/credit/vendors/{}/ceiling", vendor.id);
        assert!(shop.call(&Method::PUT, &path, &ceiling).await.status.is_success());
        for order in &orders {
            shop.made("orders", order.clone()).await;
        }
        shop.days_pass(1);
        // Each shop orders anew at the same moment.
        for answer in join_all(orders.iter().map(|order| shop.call(&Method::POST, "orders", order))).await {
            assert!(answer.status.is_success(), "{}", answer.body);
        }
        let used: Value = shop.get(&format!("admin/credit/vendors/{}", vendor.id)).await;
        assert_eq!(used["used"], "800.00");
        let refused = shop.call(&Method::POST, "orders", &orders[0]).await.json();
        assert_eq!((&refused["available"], &refused["bindingLimit"]), (&json!("0.00"), &json!("VENDOR_CEILING")));
        shop.work().await;
        shop.is_clean().await;
    }
}
