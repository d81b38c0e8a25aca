//! Who may do what: every operation of the OpenAPI document, by role and with objects of others.
//!
//! The tables are complete by law: an operation that stands in none of them fails the test.

mod panel;
mod world;

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use world::{Own, World};

/// Operations that anyone may call.
const PUBLIC: &[&str] = &[
    "GET /api/v1/health",
    "GET /api/v1/health/ready",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/register",
    // Meta has no token of ours: its deliveries are signed, and its handshake names a secret.
    "GET /api/v1/whatsapp/webhook",
    "POST /api/v1/whatsapp/webhook",
];

const EVERYONE: [u16; 3] = [200, 200, 200];
const NOT_RETAILERS: [u16; 3] = [403, 200, 200];
const OPERATORS: [u16; 3] = [403, 403, 200];

/// An operation with what a retailer, a vendor and an operator get for it, where the objects are their own.
struct Row {
    operation: &'static str,
    /// Behind `/api/v1/`.
    path: String,
    body: Value,
    statuses: [u16; 3],
}

fn row(operation: &'static str, path: String, body: Value, statuses: [u16; 3]) -> Row {
    Row { operation, path, body, statuses }
}

fn get(operation: &'static str, path: String, statuses: [u16; 3]) -> Row {
    row(operation, path, Value::Null, statuses)
}

/// Reads, which leave the world as it is.
fn reads(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, product, line, reservation, cycle, payments, claims, open, .. } = own;
    let paid = json!({ "retailerId": retailer, "vendorId": vendor, "amount": "10.00" });
    vec![
        get("GET /api/v1/auth/profile", "auth/profile".to_owned(), EVERYONE),
        get("GET /api/v1/retailers", "retailers".to_owned(), OPERATORS),
        get("GET /api/v1/retailers/{id}", format!("retailers/{retailer}"), OPERATORS),
        get("GET /api/v1/vendors", "vendors".to_owned(), OPERATORS),
        get("GET /api/v1/products", "products".to_owned(), EVERYONE),
        get("GET /api/v1/products/{id}", format!("products/{product}"), EVERYONE),
        get("GET /api/v1/vendors/{id}/products", format!("vendors/{vendor}/products"), NOT_RETAILERS),
        get("GET /api/v1/credit/lines", "credit/lines".to_owned(), EVERYONE),
        get("GET /api/v1/credit/lines/{id}", format!("credit/lines/{line}"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/available", format!("credit/lines/{line}/available"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/reservations", format!("credit/lines/{line}/reservations"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/cycles", format!("credit/lines/{line}/cycles"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/entries", format!("credit/lines/{line}/entries"), EVERYONE),
        row(
            "POST /api/v1/credit/check",
            "credit/check".to_owned(),
            json!({ "retailerId": retailer, "vendorId": vendor, "amount": "10.00" }),
            EVERYONE,
        ),
        get("GET /api/v1/credit/reservations/{id}", format!("credit/reservations/{reservation}"), EVERYONE),
        get("GET /api/v1/credit/cycles", "credit/cycles".to_owned(), EVERYONE),
        get("GET /api/v1/credit/cycles/{id}", format!("credit/cycles/{cycle}"), EVERYONE),
        get("GET /api/v1/credit/cycles/{id}/quote", format!("credit/cycles/{cycle}/quote"), EVERYONE),
        row("POST /api/v1/credit/payment/preview", "credit/payment/preview".to_owned(), paid, EVERYONE),
        get("GET /api/v1/credit/payments", "credit/payments".to_owned(), EVERYONE),
        get("GET /api/v1/credit/payments/{id}", format!("credit/payments/{}", payments[0]), EVERYONE),
        // A retailer has one history; others say whose.
        get("GET /api/v1/credit/history", "credit/history".to_owned(), [200, 422, 422]),
        get("GET /api/v1/credit/claims", "credit/claims".to_owned(), EVERYONE),
        get("GET /api/v1/credit/claims/{id}", format!("credit/claims/{}", claims[0]), EVERYONE),
        get("GET /api/v1/admin/credit/aging", "admin/credit/aging".to_owned(), OPERATORS),
        get("GET /api/v1/orders", "orders".to_owned(), EVERYONE),
        get("GET /api/v1/orders/{id}", format!("orders/{open}"), EVERYONE),
        get("GET /api/v1/orders/{id}/events", format!("orders/{open}/events"), EVERYONE),
        get("GET /api/v1/order-routing/order/{orderId}", format!("order-routing/order/{open}"), OPERATORS),
        get(
            "GET /api/v1/order-routing/vendor/{vendorId}/pending",
            format!("order-routing/vendor/{vendor}/pending"),
            NOT_RETAILERS,
        ),
        get("GET /api/v1/whatsapp/messages", "whatsapp/messages".to_owned(), EVERYONE),
        get("GET /api/v1/financial-export/journal", "financial-export/journal".to_owned(), NOT_RETAILERS),
    ]
}

/// Commands; each stands where the ones before it leave its objects as it needs them.
fn commands(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, product, newcomer, line, cycle, open, confirmed, offers, .. } = own;
    let paid = json!({ "retailerId": retailer, "vendorId": vendor, "amount": "10.00", "method": "CASH" });
    let payment = |place: usize, what: &str| format!("credit/payments/{}/{what}", own.payments[place]);
    let claim = |place: usize, what: &str| format!("credit/claims/{}/{what}", own.claims[place]);
    let why = || json!({ "reason": "a mistake" });
    let shop = json!({ "name": "New", "ownerName": "New", "phone": "9779841111111" });
    let seller = json!({ "name": "New", "ownerName": "New", "phone": "9779842222222", "numberPrefix": "NEW" });
    let good = json!({ "sku": "NEW", "name": "New", "nameNe": "नयाँ", "unit": "bora" });
    let sold = json!({ "productId": product, "terms": { "price": "100.00", "stock": 50 } });
    let grant = json!({ "retailerId": newcomer, "vendorId": vendor, "limit": "10.00" });
    let order = json!({
        "retailerId": retailer, "vendorId": vendor, "paymentMode": "CREDIT",
        "lines": [{ "productId": product, "quantity": 1 }],
    });
    let answer = |verb: &str, offer: usize| format!("order-routing/{verb}/{}", offers[offer]);
    vec![
        row("POST /api/v1/retailers", "retailers".to_owned(), shop, [403, 403, 201]),
        row("POST /api/v1/retailers/{id}/approve", format!("retailers/{newcomer}/approve"), json!({}), OPERATORS),
        row("POST /api/v1/vendors", "vendors".to_owned(), seller, [403, 403, 201]),
        row("POST /api/v1/products", "products".to_owned(), good, [403, 403, 201]),
        row("PUT /api/v1/vendors/{id}/products", format!("vendors/{vendor}/products"), sold, NOT_RETAILERS),
        row("POST /api/v1/credit/lines", "credit/lines".to_owned(), grant, [403, 201, 201]),
        row(
            "PATCH /api/v1/credit/lines/{id}",
            format!("credit/lines/{line}"),
            json!({ "termsDays": 31, "reason": "longer" }),
            NOT_RETAILERS,
        ),
        row(
            "POST /api/v1/credit/cycles/{id}/repay",
            format!("credit/cycles/{cycle}/repay"),
            json!({ "principal": "50.00", "method": "CASH" }),
            [403, 201, 201],
        ),
        row("POST /api/v1/credit/payment", "credit/payment".to_owned(), paid.clone(), [403, 201, 201]),
        row("POST /api/v1/admin/payment/record", "admin/payment/record".to_owned(), paid.clone(), [403, 403, 201]),
        row("POST /api/v1/credit/payments/{id}/apply", payment(0, "apply"), json!({}), NOT_RETAILERS),
        row(
            "POST /api/v1/credit/payments/{id}/refund",
            payment(1, "refund"),
            json!({ "method": "CASH" }),
            NOT_RETAILERS,
        ),
        row("POST /api/v1/credit/payments/{id}/reverse", payment(2, "reverse"), why(), NOT_RETAILERS),
        row("POST /api/v1/credit/claims", "credit/claims".to_owned(), paid, [201, 201, 201]),
        row("POST /api/v1/credit/claims/{id}/confirm", claim(0, "confirm"), json!({}), NOT_RETAILERS),
        row("POST /api/v1/credit/claims/{id}/reject", claim(1, "reject"), why(), NOT_RETAILERS),
        row("POST /api/v1/orders", "orders".to_owned(), order, [201, 403, 201]),
        row("POST /api/v1/order-routing/accept/{offerId}", answer("accept", 0), json!({}), NOT_RETAILERS),
        row(
            "POST /api/v1/order-routing/reject/{offerId}",
            answer("reject", 1),
            json!({ "reason": "no rice left" }),
            NOT_RETAILERS,
        ),
        row(
            "PATCH /api/v1/orders/{id}/status",
            format!("orders/{open}/status"),
            json!({ "status": "CANCELLED", "reason": "changed my mind" }),
            EVERYONE,
        ),
        row(
            "PATCH /api/v1/orders/{id}/status",
            format!("orders/{confirmed}/status"),
            json!({ "status": "DISPATCHED" }),
            NOT_RETAILERS,
        ),
        row(
            "PATCH /api/v1/orders/{id}/status",
            format!("orders/{confirmed}/status"),
            json!({ "status": "FAILED", "reason": "the road is gone" }),
            OPERATORS,
        ),
    ]
}

fn rows(own: &Own) -> Vec<Row> {
    let mut rows = reads(own);
    rows.extend(commands(own));
    rows
}

fn method(row: &Row) -> Method {
    row.operation.split_once(' ').unwrap().0.parse().unwrap()
}

/// `GET /api/v1/…` of everything in the document.
async fn documented(world: &World) -> BTreeSet<String> {
    let (status, text) = world.call(None, &Method::GET, "openapi.json", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "put", "post", "patch", "delete"].contains(&key.as_str()));
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

fn code(text: &str) -> String {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}

testkit::both_engines! {
    async fn every_operation_stands_in_a_table(t: TestDb) {
        let world = World::new(t).await;
        let mut known: BTreeSet<String> = PUBLIC.iter().map(|operation| (*operation).to_owned()).collect();
        known.extend(rows(&world.own).iter().map(|row| row.operation.to_owned()));
        assert_eq!(documented(&world).await, known);
    }

    async fn without_a_token_only_public_operations_answer(t: TestDb) {
        let world = World::new(t).await;
        for row in rows(&world.own) {
            let (status, text) = world.call(None, &method(&row), &row.path, &row.body).await;
            assert_eq!((status.as_u16(), code(&text).as_str()), (401, "UNAUTHENTICATED"), "{}", row.operation);
        }
        for operation in PUBLIC {
            let (method, path) = operation.split_once(" /api/v1/").unwrap();
            let (_, text) = world.call(None, &method.parse().unwrap(), path, &json!({})).await;
            assert_ne!(code(&text), "UNAUTHENTICATED", "{operation}");
        }
    }

    async fn each_role_gets_what_the_table_says(t: TestDb) {
        let world = World::new(t).await;
        for row in reads(&world.own) {
            for (who, expected) in world.roles().into_iter().zip(row.statuses) {
                let (status, text) = world.call(Some(who), &method(&row), &row.path, &row.body).await;
                assert_eq!(status.as_u16(), expected, "{} as {:?}: {text}", row.operation, who.role);
                let is_platform = who.retailer.is_none() && who.vendor.is_none();
                let leaked: Vec<&String> = world.foreign.ids().into_iter().filter(|id| text.contains(*id)).collect();
                assert!(is_platform || leaked.is_empty(), "{} as {:?} shows {leaked:?}", row.operation, who.role);
            }
        }
        // Those who may not come first: what they are refused leaves the objects for those who may.
        for row in commands(&world.own) {
            let mut tries: Vec<_> = world.roles().into_iter().zip(row.statuses).collect();
            tries.sort_by_key(|(_, expected)| *expected != 403);
            let mut done = false;
            for (who, expected) in tries {
                if expected == 403 || !done {
                    let (status, text) = world.call(Some(who), &method(&row), &row.path, &row.body).await;
                    assert_eq!(status.as_u16(), expected, "{} as {:?}: {text}", row.operation, who.role);
                    done |= expected != 403;
                }
            }
            assert!(done, "{} can be done by nobody", row.operation);
        }
    }

    async fn an_operator_may_all_that_a_table_allows(t: TestDb) {
        let world = World::new(t).await;
        let [_, _, operator] = world.roles();
        for row in commands(&world.own) {
            let (status, text) = world.call(Some(operator), &method(&row), &row.path, &row.body).await;
            assert_eq!(status.as_u16(), row.statuses[2], "{}: {text}", row.operation);
        }
    }

    async fn what_belongs_to_others_is_not_found(t: TestDb) {
        let world = World::new(t).await;
        let [retailer, vendor, operator] = world.roles();
        let mut hidden = 0;
        for (own, foreign) in rows(&world.own).iter().zip(rows(&world.foreign)) {
            // A path that names nobody's object is a list or a creation; those are looked at elsewhere.
            if own.path == foreign.path || own.operation.contains("/products/{id}") {
                continue;
            }
            for (who, expected) in [(retailer, own.statuses[0]), (vendor, own.statuses[1])] {
                let (status, text) = world.call(Some(who), &method(&foreign), &foreign.path, &foreign.body).await;
                let right = if expected == 403 { [403, 404] } else { [404, 404] };
                assert!(right.contains(&status.as_u16()), "{} as {:?}: {status} {text}", own.operation, who.role);
                hidden += 1;
            }
        }
        assert!(hidden >= 30, "{hidden}");
        // None of it was done: the other world's operator finds everything as it was.
        for row in commands(&world.foreign).iter().filter(|row| row.path.contains('_')) {
            let (status, text) = world.call(Some(operator), &method(row), &row.path, &row.body).await;
            assert_eq!(status.as_u16(), row.statuses[2], "{}: {text}", row.operation);
        }
    }

    async fn whatever_is_wrong_in_a_body_is_named(t: TestDb) {
        let world = World::new(t).await;
        let [_, _, operator] = world.roles();
        let (mut wrong_ones, mut faults) = (0, Vec::new());
        for row in rows(&world.own).iter().filter(|row| row.body.as_object().is_some_and(|body| !body.is_empty())) {
            let optional: &[&str] = match row.operation {
                "POST /api/v1/orders" => &["vendorId"],
                "PATCH /api/v1/credit/lines/{id}" => &["termsDays"],
                _ => &[],
            };
            // Null stands for no body at all here.
            for wrong in testkit::wrong_bodies(&row.body, optional).into_iter().filter(|wrong| !wrong.body.is_null()) {
                let (status, text) = world.call(Some(operator), &method(row), &row.path, &wrong.body).await;
                let problem: Value = serde_json::from_str(&text).unwrap_or_default();
                let told = (status.as_u16(), problem["code"].as_str(), problem["field"].as_str());
                if told != (422, Some("VALIDATION"), Some(wrong.field.as_str())) {
                    faults.push(format!("{} {}: {told:?}", row.operation, wrong.body));
                }
                wrong_ones += 1;
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(wrong_ones >= 300, "{wrong_ones}");
    }

    async fn nobody_speaks_for_another_in_a_body_or_a_query(t: TestDb) {
        let world = World::new(t).await;
        let [retailer, vendor, _] = world.roles();
        let (own, foreign) = (&world.own, &world.foreign);
        let order = json!({
            "retailerId": foreign.retailer, "vendorId": own.vendor, "paymentMode": "CASH",
            "lines": [{ "productId": own.product, "quantity": 1 }],
        });
        let check = |retailer: &str, vendor: &str| json!({ "retailerId": retailer, "vendorId": vendor, "amount": "1.00" });
        let grant = json!({ "retailerId": own.newcomer, "vendorId": foreign.vendor, "limit": "10.00" });
        let post = Method::POST;
        let refused = [
            (world.call(Some(retailer), &post, "orders", &order).await, 404),
            (world.call(Some(retailer), &post, "credit/check", &check(&foreign.retailer, &foreign.vendor)).await, 404),
            (world.call(Some(vendor), &post, "credit/check", &check(&foreign.retailer, &foreign.vendor)).await, 404),
            (world.call(Some(vendor), &post, "credit/lines", &grant).await, 403),
        ];
        for ((status, text), expected) in refused {
            assert_eq!(status.as_u16(), expected, "{text}");
        }
        for list in [
            "orders",
            "credit/lines",
            "credit/cycles",
            "credit/payments",
            "credit/claims",
            "credit/history",
            "whatsapp/messages",
        ] {
            let path = format!("{list}?retailerId={}&vendorId={}", foreign.retailer, foreign.vendor);
            for who in [retailer, vendor] {
                let (status, text) = world.call(Some(who), &Method::GET, &path, &Value::Null).await;
                let leaked = foreign.ids().into_iter().filter(|id| text.contains(*id)).count();
                assert_eq!((status, leaked), (StatusCode::OK, 0), "{list} as {:?}: {text}", who.role);
            }
        }
    }
}
