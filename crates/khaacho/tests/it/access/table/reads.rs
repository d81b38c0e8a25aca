//! What is read.

use serde_json::json;

use super::{EVERYONE, NOT_RETAILERS, OPERATORS, Row, get, row};
use crate::access::world::Own;

/// Reads, which leave the world as it is.
pub(in crate::access) fn reads(own: &Own) -> Vec<Row> {
    [catalogue_reads(own), other_reads(own), queue_reads(own), risk_reads(own), scores_and_insights(own)].concat()
}

fn catalogue_reads(own: &Own) -> Vec<Row> {
    let Own { vendor, product, .. } = own;
    vec![
        get("GET /api/v1/products", "products".to_owned(), EVERYONE),
        get("GET /api/v1/products/{id}", format!("products/{product}"), EVERYONE),
        get("GET /api/v1/vendors/{id}/products", format!("vendors/{vendor}/products"), NOT_RETAILERS),
        get(
            "GET /api/v1/vendors/{id}/products/{productId}/moves",
            format!("vendors/{vendor}/products/{product}/moves"),
            NOT_RETAILERS,
        ),
        get(
            "GET /api/v1/vendors/{id}/products/{productId}/prices",
            format!("vendors/{vendor}/products/{product}/prices"),
            NOT_RETAILERS,
        ),
    ]
}

fn scores_and_insights(own: &Own) -> Vec<Row> {
    let Own { retailer, .. } = own;
    vec![
        get("GET /api/v1/credit/score", "credit/score".to_owned(), [200, 403, 403]),
        get("GET /api/v1/credit/score/{retailerId}", format!("credit/score/{retailer}"), [200, 403, 200]),
        get(
            "GET /api/v1/credit/score/{retailerId}/history",
            format!("credit/score/{retailer}/history"),
            [200, 403, 200],
        ),
        get("GET /api/v1/admin/insights/{retailerId}", format!("admin/insights/{retailer}"), OPERATORS),
        get("GET /api/v1/admin/insights/{retailerId}/message", format!("admin/insights/{retailer}/message"), OPERATORS),
        get("GET /api/v1/admin/insights/system/overview", "admin/insights/system/overview".to_owned(), OPERATORS),
    ]
}

fn risk_reads(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, .. } = own;
    let order = json!({ "retailerId": retailer, "vendorId": vendor, "orderAmount": "500.00", "paymentMode": "CREDIT" });
    let of_retailer = |what: &str| format!("risk-control/retailers/{retailer}/{what}");
    vec![
        row(
            "POST /api/v1/admin/guardrails/validate-order",
            "admin/guardrails/validate-order".to_owned(),
            order,
            OPERATORS,
        ),
        get("GET /api/v1/admin/guardrails/{retailerId}", format!("admin/guardrails/{retailer}"), OPERATORS),
        get("GET /api/v1/admin/guardrails/at-risk", "admin/guardrails/at-risk".to_owned(), OPERATORS),
        get("GET /api/v1/risk-control/retailers/{id}/score", of_retailer("score"), OPERATORS),
        get("GET /api/v1/risk-control/retailers/{id}/score/history", of_retailer("score/history"), OPERATORS),
        get("GET /api/v1/risk-control/retailers/{id}/alerts", of_retailer("alerts"), OPERATORS),
        get("GET /api/v1/risk-control/score/{retailerId}", format!("risk-control/score/{retailer}"), OPERATORS),
        get("GET /api/v1/risk-control/alerts", "risk-control/alerts".to_owned(), OPERATORS),
        get("GET /api/v1/risk-control/rules", "risk-control/rules".to_owned(), OPERATORS),
        get(
            "GET /api/v1/risk-control/rules/{category}/history",
            "risk-control/rules/OVERDUE_BLOCK/history".to_owned(),
            OPERATORS,
        ),
        get("GET /api/v1/risk-control/actions", "risk-control/actions".to_owned(), OPERATORS),
        row(
            "POST /api/v1/risk-control/simulate",
            "risk-control/simulate".to_owned(),
            json!({ "rules": { "OVERDUE_BLOCK": { "days": 15, "liftsItself": true } }, "retailerId": retailer }),
            OPERATORS,
        ),
    ]
}

fn other_reads(own: &Own) -> Vec<Row> {
    let Own { retailer, vendor, line, reservation, cycle, payments, claims, open, address, .. } = own;
    let paid = json!({ "retailerId": retailer, "vendorId": vendor, "amount": "10.00" });
    vec![
        get("GET /api/v1/auth/profile", "auth/profile".to_owned(), EVERYONE),
        get("GET /api/v1/retailers", "retailers".to_owned(), OPERATORS),
        get("GET /api/v1/retailers/{id}", format!("retailers/{retailer}"), OPERATORS),
        get("GET /api/v1/vendors", "vendors".to_owned(), OPERATORS),
        get("GET /api/v1/credit/lines", "credit/lines".to_owned(), EVERYONE),
        get("GET /api/v1/credit/lines/{id}", format!("credit/lines/{line}"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/available", format!("credit/lines/{line}/available"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/reservations", format!("credit/lines/{line}/reservations"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/cycles", format!("credit/lines/{line}/cycles"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/entries", format!("credit/lines/{line}/entries"), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/statement", format!("credit/lines/{line}/statement"), EVERYONE),
        get("GET /api/v1/ledger/trial-balance", format!("ledger/trial-balance?vendorId={vendor}"), NOT_RETAILERS),
        get("GET /api/v1/admin/reminders", "admin/reminders".to_owned(), OPERATORS),
        get("GET /api/v1/admin/reminders/preview", "admin/reminders/preview?on=2026-01-13".to_owned(), OPERATORS),
        get("GET /api/v1/admin/reminders/settings", "admin/reminders/settings".to_owned(), OPERATORS),
        get("GET /api/v1/admin/audit/{retailerId}", format!("admin/audit/{retailer}"), OPERATORS),
        get("GET /api/v1/admin/audit/credit/all", "admin/audit/credit/all".to_owned(), OPERATORS),
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
        get("GET /api/v1/credit/cycles/{id}/events", format!("credit/cycles/{cycle}/events"), EVERYONE),
        get("GET /api/v1/credit/disputes", "credit/disputes".to_owned(), EVERYONE),
        get("GET /api/v1/credit/lines/{id}/history", format!("credit/lines/{line}/history"), EVERYONE),
        get("GET /api/v1/admin/credit/risk-dashboard", "admin/credit/risk-dashboard".to_owned(), OPERATORS),
        get("GET /api/v1/admin/credit/retailer/{id}", format!("admin/credit/retailer/{retailer}"), OPERATORS),
        get("GET /api/v1/admin/credit/vendors/{id}", format!("admin/credit/vendors/{vendor}"), OPERATORS),
        get("GET /api/v1/admin/credit/{id}/evaluate", format!("admin/credit/{retailer}/evaluate"), OPERATORS),
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
            "GET /api/v1/order-routing/recommendations/{orderId}",
            format!("order-routing/recommendations/{open}"),
            OPERATORS,
        ),
        get(
            "GET /api/v1/order-routing/vendor/{vendorId}/pending",
            format!("order-routing/vendor/{vendor}/pending"),
            NOT_RETAILERS,
        ),
        get("GET /api/v1/admin/orders/failed/{retailerId}", format!("admin/orders/failed/{retailer}"), OPERATORS),
        get("GET /api/v1/admin/orders/pending/{retailerId}", format!("admin/orders/pending/{retailer}"), OPERATORS),
        get("GET /api/v1/whatsapp/messages", "whatsapp/messages".to_owned(), EVERYONE),
        get("GET /api/v1/whatsapp/conversations", "whatsapp/conversations".to_owned(), OPERATORS),
        get("GET /api/v1/whatsapp/conversations/{address}", format!("whatsapp/conversations/{address}"), OPERATORS),
        get("GET /api/v1/whatsapp/costs", "whatsapp/costs".to_owned(), OPERATORS),
        get("GET /api/v1/whatsapp/sending", "whatsapp/sending".to_owned(), OPERATORS),
        // Nobody has sent a file: what matters is that only an operator comes so far.
        get("GET /api/v1/whatsapp/media/{id}", "whatsapp/media/1".to_owned(), [403, 403, 404]),
        get("GET /api/v1/financial-export/journal", "financial-export/journal".to_owned(), NOT_RETAILERS),
    ]
}

fn queue_reads(own: &Own) -> Vec<Row> {
    let job = &own.jobs[3];
    vec![
        get("GET /api/v1/queues/stats", "queues/stats".to_owned(), OPERATORS),
        get("GET /api/v1/queues/{queue}/stats", "queues/report-generation/stats".to_owned(), OPERATORS),
        get(
            "GET /api/v1/queues/{queue}/jobs",
            "queues/report-generation/jobs?state=DEAD&kind=export".to_owned(),
            OPERATORS,
        ),
        get("GET /api/v1/queues/jobs/{queue}", "queues/jobs/report-generation".to_owned(), OPERATORS),
        get("GET /api/v1/queues/{queue}/jobs/{id}", format!("queues/report-generation/jobs/{job}"), OPERATORS),
        get("GET /api/v1/schedules", "schedules".to_owned(), OPERATORS),
    ]
}
