//! What is changed.

use serde_json::{Value, json};

use super::{EVERYONE, NOT_RETAILERS, OPERATORS, Row, row};
use crate::access::world::Own;

/// Commands; each stands where the ones before it leave its objects as it needs them.
pub(in crate::access) fn commands(own: &Own) -> Vec<Row> {
    let commands = [
        payments(own),
        registration(own),
        lines(own),
        cycles(own),
        orders(own),
        recovery(own),
        risk(own),
        conversations(own),
        queues(own),
        ends(own),
    ];
    commands.concat()
}

fn risk(own: &Own) -> Vec<Row> {
    let Own { retailer, alerts, action, .. } = own;
    let guardrails = json!({ "maxOrder": "20000.00", "maxOverdueDays": 20, "reason": "agreed" });
    let rule = json!({ "rule": { "days": 25, "liftsItself": true }, "reason": "a trial" });
    let older = json!({ "category": "ORDER_SPIKE", "rule": { "times": 4 }, "reason": "a trial" });
    vec![
        row("PUT /api/v1/admin/guardrails/{retailerId}", format!("admin/guardrails/{retailer}"), guardrails, OPERATORS),
        row(
            "POST /api/v1/risk-control/actions/{id}/undo",
            format!("risk-control/actions/{action}/undo"),
            because(),
            OPERATORS,
        ),
        row(
            "POST /api/v1/admin/guardrails/evaluate-all",
            "admin/guardrails/evaluate-all".to_owned(),
            Value::Null,
            OPERATORS,
        ),
        row("POST /api/v1/risk-control/check/{id}", format!("risk-control/check/{retailer}"), json!({}), OPERATORS),
        row(
            "PUT /api/v1/risk-control/rules/{category}",
            "risk-control/rules/OVERDUE_BLOCK".to_owned(),
            rule,
            OPERATORS,
        ),
        row("POST /api/v1/risk-control/rules", "risk-control/rules".to_owned(), older, OPERATORS),
        row(
            "POST /api/v1/risk-control/alerts/{id}/acknowledge",
            format!("risk-control/alerts/{}/acknowledge", alerts[0]),
            json!({ "note": "we call them" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/risk-control/alerts/{id}/resolve",
            format!("risk-control/alerts/{}/resolve", alerts[1]),
            json!({ "note": "it is a festival" }),
            OPERATORS,
        ),
    ]
}

fn queues(own: &Own) -> Vec<Row> {
    let path = |rest: &str| format!("queues/report-generation/{rest}");
    let job = |number: usize| format!("jobs/{}", own.jobs[number]);
    let run = "schedules/vendor-reliability/run".to_owned();
    vec![
        row(
            "POST /api/v1/queues/{queue}/pause",
            path("pause"),
            json!({ "reason": "paper comes on Sunday" }),
            OPERATORS,
        ),
        row("POST /api/v1/queues/{queue}/jobs/{id}/retry", path(&format!("{}/retry", job(0))), json!({}), OPERATORS),
        row("POST /api/v1/queues/retry/{jobId}", format!("queues/retry/{}", own.jobs[1]), json!({}), OPERATORS),
        row("DELETE /api/v1/queues/{queue}/jobs/{id}", path(&job(2)), Value::Null, OPERATORS),
        row("POST /api/v1/queues/{queue}/clean", path("clean"), json!({ "olderThanDays": 30 }), OPERATORS),
        row("POST /api/v1/queues/{queue}/retry", path("retry"), json!({ "kind": "export" }), OPERATORS),
        row("POST /api/v1/queues/{queue}/resume", path("resume"), json!({}), OPERATORS),
        row("POST /api/v1/schedules/{name}/run", run, json!({}), OPERATORS),
    ]
}

fn registration(own: &Own) -> Vec<Row> {
    let Own { vendor, product, newcomer, .. } = own;
    let shop = json!({ "name": "New", "ownerName": "New", "phone": "9779841111111" });
    let seller = json!({ "name": "New", "ownerName": "New", "phone": "9779842222222", "numberPrefix": "NEW" });
    let good = json!({ "sku": "NEW", "name": "New", "nameNe": "नयाँ", "unit": "bora" });
    let sold = json!({ "productId": product, "terms": { "price": "100.00", "stock": 50 } });
    vec![
        row("POST /api/v1/retailers", "retailers".to_owned(), shop, [403, 403, 201]),
        row("POST /api/v1/retailers/{id}/approve", format!("retailers/{newcomer}/approve"), json!({}), OPERATORS),
        row("POST /api/v1/vendors", "vendors".to_owned(), seller, [403, 403, 201]),
        row("POST /api/v1/products", "products".to_owned(), good, [403, 403, 201]),
        row("PUT /api/v1/vendors/{id}/products", format!("vendors/{vendor}/products"), sold, NOT_RETAILERS),
        row(
            "POST /api/v1/vendors/{id}/products/{productId}/moves",
            format!("vendors/{vendor}/products/{product}/moves"),
            json!({ "quantity": 3, "reason": "LOST", "note": "torn" }),
            NOT_RETAILERS,
        ),
        row(
            "POST /api/v1/vendors/{id}/products/import",
            format!("vendors/{vendor}/products/import"),
            json!("sku,price,stock,minimum_quantity,available\nONE,101.00,1000,1,yes\nTEA,5.00,10,1,yes\n"),
            NOT_RETAILERS,
        ),
        row(
            "PATCH /api/v1/products/{id}",
            format!("products/{product}"),
            json!({ "nameNe": "चामल", "aliases": ["chamal"], "pack": { "quantity": 25, "unit": "kg" } }),
            OPERATORS,
        ),
    ]
}

fn lines(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, newcomer, line, .. } = own;
    let grant = json!({ "retailerId": newcomer, "vendorId": vendor, "limit": "10.00" });
    vec![
        row("POST /api/v1/credit/lines", "credit/lines".to_owned(), grant, [403, 201, 201]),
        row(
            "PATCH /api/v1/credit/lines/{id}",
            format!("credit/lines/{line}"),
            json!({ "termsDays": 31, "reason": "longer" }),
            NOT_RETAILERS,
        ),
        row("POST /api/v1/credit/lines/{id}/pause", format!("credit/lines/{line}/pause"), because(), NOT_RETAILERS),
        row("POST /api/v1/credit/lines/{id}/unpause", format!("credit/lines/{line}/unpause"), because(), NOT_RETAILERS),
        row("POST /api/v1/admin/credit/{id}/pause", format!("admin/credit/{retailer}/pause"), because(), OPERATORS),
        row("POST /api/v1/admin/credit/{id}/unpause", format!("admin/credit/{retailer}/unpause"), because(), OPERATORS),
        row(
            "PUT /api/v1/admin/credit/{id}/cap",
            format!("admin/credit/{retailer}/cap"),
            json!({ "cap": "90000.00", "reason": "agreed" }),
            OPERATORS,
        ),
        row(
            "PUT /api/v1/admin/credit/vendors/{id}/ceiling",
            format!("admin/credit/vendors/{vendor}/ceiling"),
            json!({ "ceiling": "90000.00", "reason": "agreed" }),
            OPERATORS,
        ),
    ]
}

fn cycles(own: &Own) -> Vec<Row> {
    let Own { cycle, disputed, dispute, .. } = own;
    vec![
        row(
            "POST /api/v1/credit/cycles/{id}/repay",
            format!("credit/cycles/{cycle}/repay"),
            json!({ "principal": "50.00", "method": "CASH" }),
            [403, 201, 201],
        ),
        // Nothing was written off of it: what matters is that a retailer does not come so far.
        row(
            "POST /api/v1/credit/cycles/{id}/recover",
            format!("credit/cycles/{cycle}/recover"),
            json!({ "amount": "50.00", "method": "CASH" }),
            [403, 409, 409],
        ),
        row(
            "POST /api/v1/credit/cycles/{id}/promise",
            format!("credit/cycles/{cycle}/promise"),
            json!({ "on": "2026-01-08" }),
            [201, 201, 201],
        ),
        row(
            "PATCH /api/v1/credit/cycles/{id}",
            format!("credit/cycles/{cycle}"),
            json!({ "note": "calls on Fridays" }),
            NOT_RETAILERS,
        ),
        row(
            "PATCH /api/v1/admin/reminders/settings",
            "admin/reminders/settings".to_owned(),
            json!({ "weekly": true, "reason": "the shops asked for it" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/admin/adjustment/create",
            "admin/adjustment/create".to_owned(),
            json!({ "cycleId": cycle, "kind": "RETURN", "amount": "1.00", "reason": "one was broken" }),
            [403, 403, 201],
        ),
        row(
            "POST /api/v1/credit/disputes/{id}/decide",
            format!("credit/disputes/{dispute}/decide"),
            json!({ "upheld": false, "reason": "seen" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/credit/cycles/{id}/close",
            format!("credit/cycles/{disputed}/close"),
            json!({ "reason": "moved away" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/credit/cycles/{id}/dispute",
            format!("credit/cycles/{cycle}/dispute"),
            json!({ "orderLine": 1, "reason": "wet" }),
            [201, 403, 201],
        ),
    ]
}

fn orders(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, product, open, confirmed, offers, .. } = own;
    let by_body = |verb: &str, offer: usize, mut body: Value| {
        body["offerId"] = json!(offers[offer]);
        (format!("order-routing/{verb}"), body)
    };
    let (older_accept, accepting) = by_body("accept", 2, json!({}));
    let (older_reject, rejecting) = by_body("reject", 3, json!({ "reason": "no rice left" }));
    let order = json!({
        "retailerId": retailer, "vendorId": vendor, "paymentMode": "CREDIT",
        "lines": [{ "productId": product, "quantity": 1 }],
    });
    let answer = |verb: &str, offer: usize| format!("order-routing/{verb}/{}", offers[offer]);
    vec![
        row("POST /api/v1/orders", "orders".to_owned(), order, [201, 403, 201]),
        row("POST /api/v1/order-routing/accept/{offerId}", answer("accept", 0), json!({}), NOT_RETAILERS),
        row(
            "POST /api/v1/order-routing/reject/{offerId}",
            answer("reject", 1),
            json!({ "reason": "no rice left" }),
            NOT_RETAILERS,
        ),
        row("POST /api/v1/order-routing/accept", older_accept, accepting, NOT_RETAILERS),
        row("POST /api/v1/order-routing/reject", older_reject, rejecting, NOT_RETAILERS),
        row(
            "POST /api/v1/order-routing/override/{orderId}",
            format!("order-routing/override/{open}"),
            json!({ "vendorId": vendor, "reason": "it is near" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/order-routing/route/{orderId}",
            format!("order-routing/route/{}", own.routed[0]),
            json!({ "reason": "the road is gone" }),
            OPERATORS,
        ),
        row(
            "POST /api/v1/order-routing/route",
            "order-routing/route".to_owned(),
            json!({ "orderId": own.routed[1], "reason": "the road is gone" }),
            OPERATORS,
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

/// What operators do about orders that failed or came back.
fn recovery(own: &Own) -> Vec<Row> {
    let Own { open, confirmed, .. } = own;
    vec![
        row(
            "POST /api/v1/admin/orders/{id}/retry",
            format!("admin/orders/{confirmed}/retry"),
            json!({ "paymentMode": "CASH" }),
            [403, 403, 201],
        ),
        row("POST /api/v1/admin/orders/expire-pending", "admin/orders/expire-pending".to_owned(), json!({}), OPERATORS),
        // It was on credit: what matters is that only an operator comes so far.
        row(
            "POST /api/v1/admin/orders/{id}/return",
            format!("admin/orders/{open}/return"),
            json!({ "amount": "1.00", "reason": "one was broken" }),
            [403, 403, 409],
        ),
    ]
}

/// What leaves nothing to go on with.
fn ends(own: &Own) -> Vec<Row> {
    let product = format!("products/{}", own.product);
    vec![row("DELETE /api/v1/products/{id}", product, Value::Null, OPERATORS)]
}

fn conversations(own: &Own) -> Vec<Row> {
    let path = |deed: &str| format!("whatsapp/conversations/{}/{deed}", own.address);
    let text = json!({ "text": "Namaste" });
    vec![
        row(
            "POST /api/v1/admin/insights/regenerate-all",
            "admin/insights/regenerate-all".to_owned(),
            json!({}),
            [403, 403, 202],
        ),
        row("POST /api/v1/whatsapp/conversations/{address}/take", path("take"), json!({}), OPERATORS),
        row("POST /api/v1/whatsapp/conversations/{address}/send", path("send"), text, OPERATORS),
        row("POST /api/v1/whatsapp/conversations/{address}/give-back", path("give-back"), json!({}), OPERATORS),
        // The phone is verified already: what matters is that only an operator comes so far.
        row("POST /api/v1/whatsapp/conversations/{address}/verify", path("verify"), json!({}), [403, 403, 409]),
    ]
}

fn because() -> Value {
    json!({ "reason": "agreed" })
}

fn payments(own: &Own) -> Vec<Row> {
    let paid = json!({ "retailerId": own.retailer, "vendorId": own.vendor, "amount": "10.00", "method": "CASH" });
    let payment = |place: usize, what: &str| format!("credit/payments/{}/{what}", own.payments[place]);
    let claim = |place: usize, what: &str| format!("credit/claims/{}/{what}", own.claims[place]);
    let why = || json!({ "reason": "a mistake" });
    vec![
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
    ]
}
