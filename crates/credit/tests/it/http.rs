//! The routes from outside: who may call them, what they answer, that a command asked twice is done once.

use ::http::{Request, StatusCode};
use credit::NewLine;
use http_body_util::BodyExt as _;
use kernel::{Id as _, Money, RetailerId, Role, UserId, VendorId};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::{App, Auth, Caller};

use crate::world::World;

struct Client {
    router: axum::Router,
    auth: Auth,
}

impl Client {
    fn new(world: &World) -> Self {
        let app: App = world.app();
        let (router, _) = credit::routes().split_for_parts();
        Self { auth: app.auth.clone(), router: web::finish(router, app, 10) }
    }

    async fn call(
        &self,
        who: Caller,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> (StatusCode, Value) {
        let (token, _) = self.auth.issue(who).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.router.clone().oneshot(request.body(axum::body::Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, who: Caller, path: &str) -> (StatusCode, Value) {
        self.call(who, "GET", path, None, &Value::Null).await
    }
}

fn operator() -> Caller {
    Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None }
}

fn vendor(id: VendorId) -> Caller {
    Caller { user: UserId::from_bits(2), role: Role::Vendor, retailer: None, vendor: Some(id) }
}

fn retailer(id: RetailerId) -> Caller {
    Caller { user: UserId::from_bits(3), role: Role::Retailer, retailer: Some(id), vendor: None }
}

testkit::both_engines! {
    async fn a_line_is_granted_used_and_repaid_from_outside(t: TestDb) {
        let world = World::new(t, Money::ZERO, 30, None).await;
        let client = Client::new(&world);
        let (shop, store) = (world.other_retailer(), world.other_vendor());
        world.add_retailer(shop, None).await;
        world.add_vendor(store, None).await;
        let new = json!({ "retailerId": shop, "vendorId": store, "limit": "1000.00", "maxOrder": 500 });
        let path = "credit/lines";
        assert_eq!(client.call(retailer(shop), "POST", path, Some("k1"), &new).await.0, StatusCode::FORBIDDEN);
        let (status, unkeyed) = client.call(vendor(store), "POST", path, None, &new).await;
        assert_eq!((status, &unkeyed["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REQUIRED")));
        let (status, line) = client.call(vendor(store), "POST", path, Some("k1"), &new).await;
        assert_eq!((status, &line["limit"], &line["maxOrder"]), (StatusCode::CREATED, &json!("1000.00"), &json!("500.00")));
        assert_eq!(client.call(vendor(store), "POST", path, Some("k1"), &new).await, (StatusCode::CREATED, line.clone()));
        let (status, twice) = client.call(vendor(store), "POST", path, Some("k2"), &new).await;
        assert_eq!((status, &twice["code"]), (StatusCode::CONFLICT, &json!("LINE_EXISTS")));
        let (status, other) = client.call(vendor(world.pair.1), "POST", path, Some("k3"), &new).await;
        assert_eq!((status, &other["code"]), (StatusCode::FORBIDDEN, &json!("FORBIDDEN")));

        let checked = json!({ "retailerId": shop, "vendorId": store, "amount": "1200.00" });
        let (status, check) = client.call(retailer(shop), "POST", "credit/check", None, &checked).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(check["reasons"], json!(["ORDER_VALUE_EXCEEDED", "INSUFFICIENT_CREDIT"]));
        assert_eq!((&check["shortfall"], &check["remedy"]), (&json!("200.00"), &json!("at most Rs. 500.00")));
        let stranger = client.call(retailer(world.pair.0), "POST", "credit/check", None, &checked).await;
        assert_eq!(stranger.0, StatusCode::NOT_FOUND);

        let order = world.order();
        world.reserve((shop, store), order, Money::from_rupees(400).unwrap()).await.unwrap();
        let line_path = format!("credit/lines/{}", line["id"].as_str().unwrap());
        let (_, held) = client.get(retailer(shop), &format!("{line_path}/reservations")).await;
        assert_eq!(held["items"][0]["orderId"], json!(order));
        let reservation = format!("credit/reservations/{}", held["items"][0]["id"].as_str().unwrap());
        assert_eq!(client.get(vendor(store), &reservation).await.1["amount"], "400.00");
        let (_, left) = client.get(vendor(store), &format!("{line_path}/available")).await;
        assert_eq!((&left["available"], &left["reasons"]), (&json!("600.00"), &json!([])));
        let cycle = world.deliver_of(shop, order, Money::from_rupees(400).unwrap()).await.unwrap();
        let cycle_path = format!("credit/cycles/{}", cycle.id);

        let (status, quote) = client.get(retailer(shop), &format!("{cycle_path}/quote?principal=100")).await;
        assert_eq!((status, &quote["cash"], &quote["remaining"]), (StatusCode::OK, &json!("95.00"), &json!("300.00")));
        let (_, whole) = client.get(retailer(shop), &format!("{cycle_path}/quote")).await;
        assert_eq!((&whole["principal"], &whole["cash"]), (&json!("400.00"), &json!("380.00")));
        let pay = json!({ "principal": "100.00", "method": "ESEWA", "reference": "T-9" });
        let pay_path = format!("{cycle_path}/repay");
        assert_eq!(client.call(retailer(shop), "POST", &pay_path, Some("p"), &pay).await.0, StatusCode::FORBIDDEN);
        assert_eq!(client.call(vendor(world.pair.1), "POST", &pay_path, Some("p"), &pay).await.0, StatusCode::NOT_FOUND);
        let (status, paid) = client.call(vendor(store), "POST", &pay_path, Some("p"), &pay).await;
        assert_eq!((status, &paid["position"]["available"]), (StatusCode::CREATED, &json!("700.00")));
        assert_eq!(client.call(vendor(store), "POST", &pay_path, Some("p"), &pay).await, (status, paid));
        let (status, again) = client.call(vendor(store), "POST", &pay_path, Some("q"), &pay).await;
        assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("DUPLICATE_REFERENCE")));
        let too_much = json!({ "principal": "300.01", "method": "CASH" });
        let (status, over) = client.call(operator(), "POST", &pay_path, Some("r"), &too_much).await;
        assert_eq!((status, &over["maximum"], &over["maximumCash"]), (StatusCode::CONFLICT, &json!("300.00"), &json!("285.00")));

        let (_, cycles) = client.get(retailer(shop), "credit/cycles?status=PARTIALLY_PAID&overdue=false").await;
        assert_eq!(cycles["items"][0]["outstanding"], "300.00");
        assert_eq!(client.get(vendor(world.pair.1), &cycle_path).await.0, StatusCode::NOT_FOUND);
        let (_, entries) = client.get(operator(), &format!("{line_path}/entries?limit=1")).await;
        assert_eq!((&entries["items"][0]["kind"], &entries["next"]), (&json!("DELIVERY"), &json!("1")));
        let (_, of_line) = client.get(operator(), &format!("{line_path}/cycles")).await;
        assert_eq!(of_line["items"][0]["number"], json!(cycle.number));
        let (_, lines) = client.get(retailer(shop), "credit/lines").await;
        assert_eq!(lines["items"].as_array().unwrap().len(), 1);
        let (_, shown) = client.get(retailer(shop), &line_path).await;
        assert_eq!((&shown["outstanding"], &shown["settlement"]["discounts"][0]["rate"]), (&json!("300.00"), &json!(500)));
        let (_, aging) = client.get(operator(), &format!("admin/credit/aging?vendorId={store}")).await;
        assert_eq!((&aging["notDue"], &aging["outstanding"]), (&json!("300.00"), &json!("300.00")));
        assert_eq!(client.get(vendor(store), "admin/credit/aging").await.0, StatusCode::FORBIDDEN);
        let change = json!({ "limit": "200.00", "reason": "less" });
        let (status, changed) = client.call(vendor(store), "PATCH", &line_path, Some("c"), &change).await;
        assert_eq!((status, &changed["limit"]), (StatusCode::OK, &json!("200.00")));
    }

    async fn payments_are_recorded_seen_and_taken_back_from_outside(t: TestDb) {
        let world = World::new(t, Money::from_rupees(10_000).unwrap(), 30, None).await;
        let client = Client::new(&world);
        let (shop, store) = world.pair;
        let (stranger, other_shop) = (vendor(world.other_vendor()), retailer(world.other_retailer()));
        for rupees in [1_000, 500] {
            let (order, amount) = (world.order(), Money::from_rupees(rupees).unwrap());
            world.reserve(world.pair, order, amount).await.unwrap();
            world.deliver(order, amount).await.unwrap();
        }
        let (_, cycles) = client.get(retailer(shop), "credit/cycles").await;
        let cycle = cycles["items"][1]["id"].clone();
        let asked = json!({ "retailerId": shop, "vendorId": store, "amount": 1045 });
        let preview = "credit/payment/preview";
        let (status, seen) = client.call(retailer(shop), "POST", preview, None, &asked).await;
        assert_eq!((status, &seen["repayments"][1]["principal"]), (StatusCode::OK, &json!("100.00")));
        assert_eq!(client.call(other_shop, "POST", preview, None, &asked).await.0, StatusCode::NOT_FOUND);

        let path = "credit/payment";
        let mut pay = json!({ "retailerId": shop, "vendorId": store, "amount": "1045.00", "method": "CHEQUE" });
        let unreferenced = client.call(vendor(store), "POST", path, Some("a"), &pay).await;
        assert_eq!((unreferenced.0, &unreferenced.1["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("reference")));
        pay["reference"] = json!("000123");
        assert_eq!(client.call(retailer(shop), "POST", path, Some("b"), &pay).await.0, StatusCode::FORBIDDEN);
        assert_eq!(client.call(stranger, "POST", path, Some("b"), &pay).await.0, StatusCode::NOT_FOUND);
        let (status, unkeyed) = client.call(vendor(store), "POST", path, None, &pay).await;
        assert_eq!((status, &unkeyed["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REQUIRED")));
        let first = client.call(vendor(store), "POST", path, Some("b"), &pay).await;
        assert_eq!((first.0, &first.1["position"]["outstanding"]), (StatusCode::CREATED, &json!("400.00")));
        assert_eq!(client.call(vendor(store), "POST", path, Some("b"), &pay).await, first);
        let (status, twice) = client.call(operator(), "POST", "admin/payment/record", Some("c"), &pay).await;
        assert_eq!((status, &twice["code"]), (StatusCode::CONFLICT, &json!("DUPLICATE_REFERENCE")));
        assert_eq!(twice["paymentId"], first.1["id"]);
        assert_eq!(client.call(vendor(store), "POST", "admin/payment/record", Some("c"), &pay).await.0, StatusCode::FORBIDDEN);

        let wrong = [
            (json!("-1.00"), None, "amount"), (json!("1.005"), None, "amount"), (json!([]), None, "amount"),
            (json!("1.00"), Some(json!([{ "cycleId": cycle }])), "repayments[0].principal"),
            (json!("1.00"), Some(json!([{ "cycleId": cycle, "cash": "1.00", "principal": 1 }])), "repayments[0].cash"),
            (json!("1.00"), Some(json!([{ "cycleId": shop, "cash": "1.00" }])), "repayments[0].cycleId"),
        ];
        for (place, (amount, parts, field)) in wrong.into_iter().enumerate() {
            let mut body = json!({ "retailerId": shop, "vendorId": store, "amount": amount, "method": "CASH" });
            if let Some(parts) = parts {
                body["repayments"] = parts;
            }
            let (status, answer) = client.call(operator(), "POST", path, Some(&format!("w{place}")), &body).await;
            assert_eq!((status, &answer["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{answer}");
        }
        for (allocation, parts, field) in [
            ("OLDEST_DUE_FIRST", Some(json!([{ "cycleId": cycle, "cash": "1.00" }])), "allocation"),
            ("NAMED", None, "repayments"),
            ("YOUNGEST", None, "allocation"),
        ] {
            let mut body = asked.clone();
            body["allocation"] = json!(allocation);
            if let Some(parts) = parts {
                body["repayments"] = parts;
            }
            let (status, answer) = client.call(operator(), "POST", preview, None, &body).await;
            assert_eq!((status, &answer["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{answer}");
        }
        let bad_date = json!({
            "retailerId": shop, "vendorId": store, "amount": "1.00", "method": "CASH", "on": "2026-02-30",
        });
        let (_, answer) = client.call(operator(), "POST", path, Some("d"), &bad_date).await;
        assert_eq!((&answer["code"], &answer["field"]), (&json!("VALIDATION"), &json!("on")));
        let over = json!({
            "retailerId": shop, "vendorId": store, "method": "CASH",
            "repayments": [{ "cycleId": cycle, "principal": "400.01" }],
        });
        let (_, answer) = client.call(operator(), "POST", path, Some("e"), &over).await;
        assert_eq!((&answer["code"], &answer["maximum"]), (&json!("OVERPAYMENT"), &json!("400.00")));
        assert_eq!(answer["cycle"], cycles["items"][1]["number"]);

        let place = format!("credit/payments/{}", first.1["id"].as_str().unwrap());
        for who in [retailer(shop), vendor(store), operator()] {
            let (status, shown) = client.get(who, &place).await;
            assert_eq!((status, shown["repayments"].as_array().unwrap().len()), (StatusCode::OK, 2));
            let (_, listed) = client.get(who, "credit/payments?limit=1").await;
            assert_eq!((&listed["items"][0]["id"], &listed["next"]), (&first.1["id"], &Value::Null));
            let (_, history) = client.get(who, &format!("credit/history?retailerId={shop}&limit=2")).await;
            assert_eq!(history["items"][0]["kind"], "REPAYMENT");
            let next = history["next"].as_str().unwrap();
            let (_, older) = client.get(who, &format!("credit/history?retailerId={shop}&after={next}")).await;
            assert_eq!((&older["items"][0]["kind"], &older["items"][2]), (&json!("DELIVERY"), &Value::Null));
        }
        for who in [stranger, other_shop] {
            assert_eq!(client.get(who, &place).await.0, StatusCode::NOT_FOUND);
            assert_eq!(client.get(who, &format!("credit/payments?retailerId={shop}")).await.1["items"], json!([]));
            assert_eq!(client.get(who, &format!("credit/history?retailerId={shop}")).await.1["items"], json!([]));
        }
        let reverse = format!("{place}/reverse");
        let why = json!({ "reason": "the cheque bounced" });
        assert_eq!(client.call(stranger, "POST", &reverse, Some("r"), &why).await.0, StatusCode::NOT_FOUND);
        let (status, reversed) = client.call(vendor(store), "POST", &reverse, Some("r"), &why).await;
        assert_eq!((status, &reversed["status"]), (StatusCode::OK, &json!("REVERSED")));
        assert_eq!(client.call(operator(), "POST", &reverse, Some("s"), &why).await, (status, reversed));
        let (_, history) = client.get(retailer(shop), "credit/history?limit=1").await;
        assert_eq!(history["items"][0]["kind"], "REVERSAL");
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn claims_and_what_is_kept_from_outside(t: TestDb) {
        let world = World::new(t, Money::from_rupees(10_000).unwrap(), 30, None).await;
        let client = Client::new(&world);
        let (shop, store) = world.pair;
        let stranger = vendor(world.other_vendor());
        let claim = json!({
            "retailerId": shop, "vendorId": store, "amount": "100.00", "method": "ESEWA", "reference": "E-1",
        });
        let path = "credit/claims";
        let other_shop = retailer(world.other_retailer());
        assert_eq!(client.call(other_shop, "POST", path, Some("a"), &claim).await.0, StatusCode::NOT_FOUND);
        let (status, made) = client.call(retailer(shop), "POST", path, Some("a"), &claim).await;
        assert_eq!((status, &made["status"]), (StatusCode::CREATED, &json!("OPEN")));
        let place = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(client.get(retailer(shop), &place).await, (StatusCode::OK, made));
        assert_eq!(client.get(stranger, &place).await.0, StatusCode::NOT_FOUND);
        let confirm = format!("{place}/confirm");
        let keep = json!({ "keepExcess": true });
        assert_eq!(client.call(retailer(shop), "POST", &confirm, Some("b"), &keep).await.0, StatusCode::FORBIDDEN);
        assert_eq!(client.call(stranger, "POST", &confirm, Some("b"), &keep).await.0, StatusCode::NOT_FOUND);
        let (status, over) = client.call(vendor(store), "POST", &confirm, Some("b"), &json!({})).await;
        assert_eq!((status, &over["code"], &over["maximumCash"]), (StatusCode::CONFLICT, &json!("OVERPAYMENT"), &json!("0.00")));
        let (status, confirmed) = client.call(vendor(store), "POST", &confirm, Some("c"), &keep).await;
        assert_eq!((status, &confirmed["status"]), (StatusCode::OK, &json!("CONFIRMED")));
        let reject = format!("{place}/reject");
        let (status, decided) = client.call(vendor(store), "POST", &reject, Some("d"), &json!({ "reason": "no" })).await;
        assert_eq!((status, &decided["code"], &decided["answer"]), (StatusCode::CONFLICT, &json!("CLAIM_DECIDED"), &json!("CONFIRMED")));
        let (_, listed) = client.get(retailer(shop), "credit/claims?status=CONFIRMED").await;
        assert_eq!(listed["items"][0]["paymentId"], confirmed["paymentId"]);

        let payment = format!("credit/payments/{}", confirmed["paymentId"].as_str().unwrap());
        let (_, kept) = client.get(retailer(shop), "credit/payments?unapplied=true").await;
        assert_eq!(kept["items"][0]["unapplied"], "100.00");
        let (order, amount) = (world.order(), Money::from_rupees(40).unwrap());
        world.reserve(world.pair, order, amount).await.unwrap();
        world.deliver(order, amount).await.unwrap();
        let (apply, refund) = (format!("{payment}/apply"), format!("{payment}/refund"));
        for (place, path, body) in [("e", &apply, json!({})), ("f", &refund, json!({ "method": "CASH" }))] {
            assert_eq!(client.call(retailer(shop), "POST", path, Some(place), &body).await.0, StatusCode::FORBIDDEN);
            assert_eq!(client.call(stranger, "POST", path, Some(place), &body).await.0, StatusCode::NOT_FOUND);
        }
        let (status, applied) = client.call(vendor(store), "POST", &apply, Some("g"), &json!({})).await;
        assert_eq!((status, &applied["unapplied"], &applied["repayments"][0]["source"]), (StatusCode::OK, &json!("62.00"), &json!("ADVANCE")));
        let back = json!({ "amount": "62.01", "method": "CASH" });
        let (status, above) = client.call(vendor(store), "POST", &refund, Some("h"), &back).await;
        assert_eq!((status, &above["code"], &above["maximum"]), (StatusCode::CONFLICT, &json!("ABOVE_UNAPPLIED"), &json!("62.00")));
        let (status, refunded) = client.call(vendor(store), "POST", &refund, Some("i"), &json!({ "method": "CASH" })).await;
        assert_eq!((status, &refunded["refunded"]), (StatusCode::OK, &json!("62.00")));
        let reverse = format!("{payment}/reverse");
        let (status, stays) = client.call(vendor(store), "POST", &reverse, Some("j"), &json!({ "reason": "x" })).await;
        assert_eq!((status, &stays["code"], &stays["refunded"]), (StatusCode::CONFLICT, &json!("EXCESS_REFUNDED"), &json!("62.00")));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn lines_are_listed_page_by_page(t: TestDb) {
        let world = World::new(t, Money::ZERO, 30, None).await;
        let client = Client::new(&world);
        for _ in 0..4 {
            let retailer_id = world.other_retailer();
            world.add_retailer(retailer_id, None).await;
            let new = NewLine {
                retailer_id, vendor_id: world.pair.1, limit: Money::ZERO, terms_days: 30, max_order: None,
                max_overdue_days: 30, settlement: None,
            };
            world.grant(new).await.unwrap();
        }
        for who in [operator(), vendor(world.pair.1)] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let (_, page) = client.get(who, &format!("credit/lines?limit=2{after}")).await;
                seen.extend(page["items"].as_array().unwrap().iter().map(|line| line["id"].to_string()));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            let distinct: std::collections::HashSet<_> = seen.iter().collect();
            assert_eq!((seen.len(), distinct.len()), (5, 5));
        }
    }
}
