//! Who may do what: every operation of the OpenAPI document, by role and with objects of others.
//!
//! The tables are complete by law: an operation that stands in none of them fails the test.

mod backstage;
mod deeds;
mod examples;
mod panel;
mod seen;
mod table;
mod world;

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use table::{PUBLIC, Row, commands, reads, rows};
use world::World;

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
                "POST /api/v1/orders" | "POST /api/v1/admin/guardrails/validate-order" => &["vendorId"],
                "PATCH /api/v1/products/{id}" => &["nameNe", "aliases", "pack"],
                "POST /api/v1/vendors/{id}/products/{productId}/moves"
                | "POST /api/v1/risk-control/alerts/{id}/acknowledge"
                | "PATCH /api/v1/credit/cycles/{id}" => &["note"],
                "POST /api/v1/admin/orders/{id}/retry" => &["paymentMode"],
                "POST /api/v1/queues/{queue}/retry" => &["kind"],
                "PATCH /api/v1/credit/lines/{id}" => &["termsDays"],
                "PUT /api/v1/admin/credit/{id}/cap" => &["cap"],
                "PUT /api/v1/admin/guardrails/{retailerId}" => &["maxOrder", "maxOverdueDays"],
                "POST /api/v1/risk-control/simulate" => {
                    &["retailerId", "rules", "OVERDUE_BLOCK", "days", "liftsItself"]
                }
                "PUT /api/v1/risk-control/rules/{category}" => &["days", "liftsItself"],
                "POST /api/v1/risk-control/rules" => &["times"],
                "PUT /api/v1/admin/credit/vendors/{id}/ceiling" => &["ceiling"],
                "POST /api/v1/credit/cycles/{id}/dispute" => &["orderLine"],
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
