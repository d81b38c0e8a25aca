//! Conversations about what did not go as it was meant to: nobody could supply it, the cart was left, some is missing,
//! nobody answers.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{OnCredit, TOTAL};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The state of an order, and the order that it tries again.
async fn stands(world: &OnCredit, id: &str) -> (Value, Value) {
    let order = world.shop.get(&format!("orders/{id}")).await;
    (order["state"].clone(), order["retryOf"].clone())
}

async fn orders_of(world: &OnCredit) -> Vec<Value> {
    world.shop.get(&format!("orders?retailerId={}", world.retailer.id)).await["items"].as_array().unwrap().clone()
}

/// An order on its way to a retailer who has not written since it was placed.
async fn dispatched(world: &OnCredit) -> String {
    let OnCredit { shop, retailer, vendor, .. } = world;
    shop.says(vendor, "namaste").await;
    shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
    shop.presses(retailer, "cart:confirm").await;
    shop.presses(retailer, "pay:credit").await;
    shop.presses(vendor, "offer:accept:").await;
    shop.presses(vendor, "order:dispatch:").await;
    world.order().await["id"].as_str().unwrap().to_owned()
}

testkit::both_engines! {
    async fn an_order_that_nobody_could_supply_is_tried_again_once(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        shop.presses(vendor, "offer:reject:").await;
        shop.presses(vendor, "offer:why:").await;
        let failed = world.order().await["id"].as_str().unwrap().to_owned();
        assert_eq!(stands(&world, &failed).await, (json!("FAILED"), Value::Null));
        // Prices go up, and the credit does not hold it any more; in cash it does.
        shop.sells(vendor, rice, "5000.00", 40).await;
        shop.presses(retailer, "order:retry:").await;
        assert_eq!(orders_of(&world).await.len(), 1, "a refused retry leaves nothing");
        shop.presses(retailer, "pay:cash").await;
        let made: Vec<Value> = orders_of(&world).await;
        assert_eq!((made.len(), &made[0]["state"], &made[0]["retryOf"]), (2, &json!("OFFERED"), &json!(failed)));
        assert_eq!((&made[0]["total"], &made[0]["paymentMode"]), (&json!("53000.00"), &json!("CASH")));
        // The old button again, and an operator beside it: still one order.
        shop.presses(retailer, "order:retry:").await;
        let again = shop.call(&Method::POST, &format!("admin/orders/{failed}/retry"), &json!({})).await;
        assert_eq!((again.status, &again.json()["id"]), (StatusCode::OK, &made[0]["id"]));
        assert_eq!(orders_of(&world).await.len(), 2);
        shop.compare_transcript("nobody_then_retried");
        shop.is_clean().await;
    }

    async fn an_operator_tries_again_with_todays_prices_and_a_fresh_check(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        let order = json!({
            "retailerId": retailer.id, "paymentMode": "CREDIT", "lines": [{ "productId": rice, "quantity": 50 }],
        });
        let failed = shop.made("orders", order).await;
        assert_eq!(stands(&world, &failed).await.0, "FAILED");
        let path = format!("admin/orders/{failed}/retry");
        let listed = shop.get(&format!("admin/orders/failed/{}", retailer.id)).await;
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["reason"]), (&json!(failed), &json!("NO_VENDOR")));
        shop.sells(vendor, rice, "2450.00", 100).await;
        let refused = shop.call(&Method::POST, &path, &json!({})).await;
        assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::CONFLICT, &json!("INSUFFICIENT_CREDIT")));
        shop.sells(vendor, rice, "900.00", 100).await;
        let made = shop.post(&path, json!({})).await;
        assert_eq!((&made["state"], &made["total"], &made["retryOf"]), (&json!("OFFERED"), &json!("45000.00"), &json!(failed)));
        let open = shop.call(&Method::POST, &format!("admin/orders/{}/retry", made["id"].as_str().unwrap()), &json!({})).await;
        assert_eq!((open.status, &open.json()["code"]), (StatusCode::CONFLICT, &json!("ORDER_NOT_FAILED")));
        let unknown = shop.call(&Method::POST, "admin/orders/ord_00000000000000000000000000/retry", &json!({})).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        shop.is_clean().await;
    }

    async fn retries_at_once_make_one_order(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        let order = json!({
            "retailerId": retailer.id, "paymentMode": "CREDIT", "lines": [{ "productId": rice, "quantity": 50 }],
        });
        let failed = shop.made("orders", order).await;
        shop.sells(vendor, rice, "900.00", 100).await;
        let (path, body) = (format!("admin/orders/{failed}/retry"), json!({}));
        let answers = futures_util::future::join_all((0..8).map(|_| shop.call(&Method::POST, &path, &body))).await;
        let made: std::collections::BTreeSet<String> =
            answers.iter().map(|answer| answer.json()["id"].as_str().unwrap().to_owned()).collect();
        let new = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
        assert_eq!((made.len(), new, orders_of(&world).await.len()), (1, 1, 2));
        shop.is_clean().await;
    }

    async fn a_cart_that_was_left_is_remembered_once_and_restored(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        shop.says(vendor, "namaste").await;
        shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
        let pending = shop.get(&format!("admin/orders/pending/{}", retailer.id)).await;
        let draft = pending["items"][0]["id"].as_str().unwrap().to_owned();
        let early = shop.post("admin/orders/expire-pending", json!({})).await;
        assert_eq!(early, json!({ "expired": 0, "hasMore": false }));
        // The shop opens at noon; the schedules run as they do in a server.
        shop.runs_schedules().await;
        shop.t.clock.advance_seconds(25 * HOUR);
        shop.runs_schedules().await;
        assert_eq!(stands(&world, &draft).await.0, "EXPIRED");
        shop.sells(vendor, rice, "2500.00", 40).await;
        let before = shop.sent_to(&retailer.person).len();
        shop.t.clock.advance_seconds(2 * HOUR);
        for _ in 0..2 {
            shop.runs_schedules().await;
            shop.work().await;
        }
        shop.days_pass(1);
        shop.runs_schedules().await;
        shop.work().await;
        assert_eq!(shop.sent_to(&retailer.person).len(), before + 1, "one message, once");
        shop.presses(retailer, "order:restore:").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        let made = orders_of(&world).await.into_iter().find(|order| order["state"] == "OFFERED").unwrap();
        assert_eq!((&made["retryOf"], &made["total"]), (&json!(draft), &json!("28000.00")));
        // The same button later shows what became of it.
        shop.presses(retailer, "order:restore:").await;
        shop.compare_transcript("a_cart_restored");
        shop.is_clean().await;
    }

    async fn who_says_stop_is_not_reminded_and_still_hears_of_orders(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, .. } = &world;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.runs_schedules().await;
        shop.says(retailer, "stop").await;
        shop.t.clock.advance_seconds(25 * HOUR);
        shop.runs_schedules().await;
        shop.t.clock.advance_seconds(2 * HOUR);
        let before = shop.sent_to(&retailer.person).len();
        shop.runs_schedules().await;
        shop.work().await;
        assert_eq!(shop.sent_to(&retailer.person).len(), before, "nothing is sent to who said stop");
        // Orders are still spoken of.
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:cash").await;
        let order = orders_of(&world).await.into_iter().find(|order| order["state"] == "OFFERED").unwrap();
        let path = format!("orders/{}/status", order["id"].as_str().unwrap());
        shop.call(&Method::PATCH, &path, &json!({ "status": "CANCELLED", "reason": "a test" })).await;
        let before = shop.sent_to(&retailer.person).len();
        shop.work().await;
        assert_eq!(shop.sent_to(&retailer.person).len(), before + 1);
        shop.says(retailer, "start").await;
        // The answer offers to stop them once more.
        shop.presses(retailer, "reminders:stop").await;
        shop.is_clean().await;
    }

    async fn a_retailer_counts_what_arrived(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, .. } = &world;
        dispatched(&world).await;
        shop.presses(retailer, "order:received:").await;
        shop.presses(retailer, "order:missing:").await;
        shop.says(retailer, "jeera masino 8").await;
        shop.says(retailer, "aru pani kam chha").await;
        shop.presses(retailer, "order:line:").await;
        shop.says(retailer, "99").await;
        shop.says(retailer, "7").await;
        shop.says(retailer, "aru pani kam chha").await;
        shop.says(retailer, "waiwai 0").await;
        world.expect("DISPATCHED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        shop.says(retailer, "thik chha").await;
        // 7 bora at 2 450; the rest of the credit and of the stock is free again.
        world.expect("DELIVERED", ["0.00", "17150.00", "32850.00"], [33, 0], 1).await;
        let order = world.order().await;
        let came: Vec<i64> = order["lines"].as_array().unwrap().iter().map(|line| line["deliveredQuantity"].as_i64().unwrap()).collect();
        assert_eq!(came, [7, 0]);
        shop.compare_transcript("a_part_arrived");
        shop.is_clean().await;
    }

    async fn a_silent_retailer_is_asked_twice_before_it_is_booked(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        let order = dispatched(&world).await;
        shop.presses(vendor, "order:delivered:").await;
        assert!(shop.get(&format!("orders/{order}")).await["vendorDeliveredAt"].is_string());
        let asked = |shop: &crate::support::shop::Shop| {
            shop.sent_to(&retailer.person).iter().filter(|text| text.contains("was delivered")).count()
        };
        assert_eq!(asked(shop), 1);
        for (hours, times) in [(12, 1), (12, 2), (12, 2)] {
            shop.t.clock.advance_seconds(hours * HOUR);
            shop.runs_schedules().await;
            shop.work().await;
            assert_eq!(asked(shop), times);
            world.expect("DISPATCHED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        }
        shop.t.clock.advance_seconds(12 * HOUR);
        shop.runs_schedules().await;
        shop.work().await;
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        let events = shop.get(&format!("orders/{order}/events")).await;
        assert_eq!(events.as_array().unwrap().last().unwrap()["actor"], "system");
        shop.compare_transcript("a_silent_delivery");
        shop.is_clean().await;
    }

    async fn who_says_that_nothing_came_is_not_silent(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        let order = dispatched(&world).await;
        let vendor_id = Some(vendor.id.parse().unwrap());
        let status = format!("orders/{order}/status");
        let said = shop.call_for_vendor(vendor_id, &Method::PATCH, &status, &json!({ "status": "DELIVERED" })).await;
        assert_eq!((said.status, &said.json()["state"]), (StatusCode::OK, &json!("DISPATCHED")), "{}", said.body);
        shop.work().await;
        shop.presses(retailer, "order:nothing:").await;
        shop.t.clock.advance_seconds(3 * DAY);
        shop.runs_schedules().await;
        shop.work().await;
        world.expect("DISPATCHED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        assert!(shop.get(&format!("orders/{order}")).await["vendorDeliveredAt"].is_null());
        // It comes after all; the retailer starts to count, and stops half-way: that is no silence either.
        shop.says(vendor, "hello").await;
        shop.presses(vendor, "order:delivered:").await;
        shop.presses(retailer, "order:missing:").await;
        shop.t.clock.advance_seconds(3 * DAY);
        shop.runs_schedules().await;
        shop.work().await;
        world.expect("DISPATCHED", [TOTAL, "0.00", "22500.00"], [40, 10], 0).await;
        shop.says(retailer, "all received").await;
        shop.presses(retailer, "order:all:").await;
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        shop.is_clean().await;
    }

    async fn a_vendor_is_reminded_of_an_offer_once(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        shop.says(vendor, "hello").await;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        let reminded = |shop: &crate::support::shop::Shop| {
            shop.sent_to(&vendor.person).iter().filter(|text| text.contains("waits for your answer")).count()
        };
        for (minutes, times) in [(85, 0), (7, 1), (10, 1)] {
            shop.t.clock.advance_seconds(minutes * 60);
            shop.runs_schedules().await;
            shop.work().await;
            assert_eq!(reminded(shop), times, "{minutes}");
        }
        shop.presses(vendor, "offer:accept:").await;
        assert_eq!(world.order().await["state"], "CONFIRMED");
        shop.is_clean().await;
    }

    async fn a_number_says_how_many_and_not_which_button(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, .. } = &world;
        shop.says(retailer, "jeera masino").await;
        shop.says(retailer, "1").await;
        let cart = shop.get("orders?state=DRAFT").await["items"][0]["lines"].clone();
        assert_eq!(cart.as_array().unwrap().iter().map(|line| line["quantity"].clone()).collect::<Vec<_>>(), [json!(1)]);
        shop.is_clean().await;
    }

    async fn a_cart_that_expired_under_its_question_is_shown_again(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, rice, .. } = &world;
        shop.says(retailer, "10 bora jeera masino").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.t.clock.advance_seconds(30 * HOUR);
        shop.runs_schedules().await;
        shop.sells(vendor, rice, "2500.00", 40).await;
        shop.presses(retailer, "pay:credit").await;
        assert!(shop.sent_to(&retailer.person).last().unwrap().contains("Rs. 25,000.00"));
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:credit").await;
        let made = orders_of(&world).await.into_iter().find(|order| order["state"] == "OFFERED").unwrap();
        assert_eq!((made["total"].clone(), made["retryOf"].is_string()), (json!("25000.00"), true));
        shop.is_clean().await;
    }

    async fn a_cart_waits_while_something_else_is_talked_about(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, .. } = &world;
        dispatched(&world).await;
        shop.says(retailer, "5 bora jeera masino").await;
        shop.presses(retailer, "order:received:").await;
        shop.presses(retailer, "order:missing:").await;
        shop.says(retailer, "jeera masino 9").await;
        shop.presses(retailer, "order:counted:").await;
        let outstanding = shop.get(&format!("credit/lines/{}/available", world.line)).await["outstanding"].clone();
        assert_eq!(outstanding, "25050.00");
        // The cart's old button shows it once more, and then it is placed.
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "cart:confirm").await;
        shop.presses(retailer, "pay:cash").await;
        let open = orders_of(&world).await.into_iter().filter(|order| order["state"] == "OFFERED").count();
        assert_eq!(open, 1);
        shop.is_clean().await;
    }
}
