//! Orders that are not what they were when they were looked at: edited, made smaller, dearer meanwhile, no longer to be had.

use http::Method;
use serde_json::json;

use super::OnCredit;

testkit::both_engines! {
    async fn an_order_is_edited_before_it_is_placed(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:change").await;
        shop.says(retailer, "3 bora jeera masino ra 2 carton waiwai").await;
        shop.says(retailer, "hoina 4 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:cash").await;
        assert_eq!(world.order().await["total"], "11000.00");
        world.expect("OFFERED", ["0.00", "0.00", "50000.00"], [40, 4], 0).await;
        shop.compare_transcript("an_edited_order");
        shop.is_clean().await;
    }

    async fn an_order_is_made_smaller_until_its_credit_is_enough(t: TestDb) {
        let world = OnCredit::open(t, "20000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.says(retailer, "8 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        world.expect("OFFERED", ["19600.00", "0.00", "400.00"], [40, 8], 0).await;
        shop.compare_transcript("a_smaller_order");
        shop.is_clean().await;
    }

    async fn a_price_that_changed_is_said_and_asked_about(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.sells(vendor, rice, "2600.00", 40).await;
        shop.presses(retailer, "pay:credit").await;
        assert_eq!(shop.get("orders?state=OFFERED").await["items"], json!([]));
        shop.presses(retailer, "pay:credit").await;
        assert_eq!(world.order().await["total"], "26000.00");
        world.expect("OFFERED", ["26000.00", "0.00", "24000.00"], [40, 10], 0).await;
        shop.compare_transcript("a_dearer_order");
        shop.is_clean().await;
    }

    async fn what_is_gone_meanwhile_is_said_and_nothing_is_placed(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, line, rice } = &world;
        let again = async || {
            shop.says(retailer, "10 bora jeera masino").await;
            shop.presses(retailer, "cart:confirm").await;
        };
        again().await;
        let paused = shop.call(&Method::POST, &format!("credit/lines/{line}/pause"), &json!({ "reason": "overdue" })).await;
        assert!(paused.status.is_success(), "{}", paused.body);
        shop.presses(retailer, "pay:credit").await;
        let resumed = shop.call(&Method::POST, &format!("credit/lines/{line}/unpause"), &json!({ "reason": "paid" })).await;
        assert!(resumed.status.is_success(), "{}", resumed.body);
        again().await;
        let cut = shop.call(&Method::PATCH, &format!("credit/lines/{line}"), &json!({ "limit": "1000.00", "reason": "cut" })).await;
        assert!(cut.status.is_success(), "{}", cut.body);
        shop.presses(retailer, "pay:credit").await;
        again().await;
        shop.sells(vendor, rice, "2450.00", 3).await;
        shop.presses(retailer, "pay:cash").await;
        let placed = shop.get(&format!("orders?retailerId={}", retailer.id)).await;
        let states: Vec<&str> =
            placed["items"].as_array().unwrap().iter().map(|order| order["state"].as_str().unwrap()).collect();
        assert!(states.iter().all(|state| ["DRAFT", "FAILED", "CANCELLED"].contains(state)), "{states:?}");
        shop.compare_transcript("gone_meanwhile");
        shop.is_clean().await;
    }

    async fn an_order_over_http_is_placed_for_the_total_that_was_seen(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        let order = |expected: &str| json!({
            "retailerId": retailer.id, "vendorId": vendor.id, "paymentMode": "CREDIT", "expectedTotal": expected,
            "lines": [{ "productId": rice, "quantity": 1 }],
        });
        let refused = shop.call(&Method::POST, "orders", &order("2400.00")).await.json();
        assert_eq!((&refused["code"], &refused["total"]), (&json!("PRICE_CHANGED"), &json!("2450.00")));
        assert_eq!(shop.get("orders").await["items"], json!([]));
        shop.made("orders", order("2450.00")).await;
        world.expect("OFFERED", ["2450.00", "0.00", "47550.00"], [40, 1], 0).await;
        shop.is_clean().await;
    }
}
