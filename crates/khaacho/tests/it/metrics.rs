//! What an operator's Prometheus reads, and who may read it.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use khaacho::metrics::{self, Meter};
use serde_json::json;
use tower::ServiceExt as _;

use crate::servers::server::{Home, Server};
use crate::support::shop::Shop;

/// An answer to a caller from an address, with a header where one is given.
async fn asked(router: &Router, peer: Option<&str>, header: Option<(&str, &str)>) -> (StatusCode, String) {
    let mut request = Request::get("/metrics");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    if let Some(peer) = peer {
        request = request.extension(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Whether a line is one of the text format: a comment, or a name with labels and a number.
fn is_well_made(line: &str) -> bool {
    if line.is_empty() || line.starts_with("# HELP khaacho_") || line.starts_with("# TYPE khaacho_") {
        return true;
    }
    let Some((name, number)) = line.rsplit_once(' ') else { return false };
    let bare = name.split_once('{').map_or(name, |(bare, _)| bare);
    let is_closed = name.contains('{') == name.ends_with('}');
    bare.starts_with("khaacho_") && is_closed && number.parse::<f64>().is_ok()
}

testkit::both_engines! {
    async fn what_is_counted_and_what_is_held_is_shown_and_nobodys_name(t: TestDb) {
        let meter = Meter::start(None).unwrap();
        let shop = Shop::open(t).await;
        let ids = shop.catalogue().await;
        let vendor = shop.vendor("Surkhet Traders", "9779858000001", "SKT", "EN").await;
        shop.sells(&vendor, &ids["SUGAR"], "4600.00", 100).await;
        let ram = shop.retailer("Ram Store", "9779848000001", "EN").await;
        let line = shop.grants(&vendor, &ram, "50000.00").await;
        let order = |quantity: i64| {
            json!({
                "retailerId": ram.id, "vendorId": vendor.id, "paymentMode": "CREDIT",
                "lines": [{ "productId": ids["SUGAR"], "quantity": quantity }],
            })
        };
        let refused = shop.call(&Method::POST, "orders", &order(20)).await;
        let code = refused.json()["code"].as_str().unwrap().to_owned();
        let placed = shop.post("orders", order(2)).await;
        shop.get(&format!("credit/lines/{line}")).await;
        shop.says(&ram, "namaste").await;
        shop.runs_schedules().await;
        shop.work().await;

        let router = metrics::routes(meter, shop.house.app.clone());
        let (status, text) = asked(&router, Some("127.0.0.1:4000"), None).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        let refusals = format!("khaacho_orders_refused_total{{code=\"{code}\"}} 1\n");
        let refusal = refused.status.as_u16();
        for expected in [
            "khaacho_orders_placed_total{mode=\"CREDIT\"} 1\n",
            &refusals,
            "khaacho_http_requests_total{method=\"POST\",route=\"/api/v1/orders\",status=\"201\"} 1\n",
            &format!("khaacho_http_requests_total{{method=\"POST\",route=\"/api/v1/orders\",status=\"{refusal}\"}} 1\n"),
            "khaacho_http_requests_total{method=\"GET\",route=\"/api/v1/credit/lines/{id}\",status=\"200\"} 1\n",
            "khaacho_http_request_seconds_count{method=\"POST\",route=\"/api/v1/orders\"} 2\n",
            "khaacho_http_request_seconds_bucket{method=\"POST\",route=\"/api/v1/orders\",le=\"+Inf\"} 2\n",
            "khaacho_db_commit_seconds_bucket{le=\"0.01\"} ",
            "khaacho_whatsapp_sends_total{outcome=\"SENT\"} ",
            "khaacho_queue_jobs{queue=\"whatsapp\",state=\"READY\"} 0\n",
            "khaacho_queue_jobs{queue=\"credit-score\",state=\"DEAD\"} 0\n",
            "khaacho_schedule_success_age_seconds{schedule=\"credit scores\"} 1\n",
            "khaacho_credit_limit_rupees 50000.00\n",
            "khaacho_credit_reserved_rupees 9200.00\n",
            "khaacho_credit_outstanding_rupees 0.00\n",
            "khaacho_database_up 1\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        for line in text.lines() {
            assert!(is_well_made(line), "{line}");
        }
        for named in [&ram.id, &vendor.id, &line, placed["id"].as_str().unwrap(), "9848000001", "Ram", "Surkhet"] {
            assert!(!text.contains(named), "{named}: {text}");
        }
        let (_, again) = asked(&router, Some("[::1]:4000"), None).await;
        assert!(again.contains("khaacho_orders_placed_total{mode=\"CREDIT\"} 1\n"), "reading counts nothing twice");
    }

    async fn only_the_machine_itself_or_the_token_may_read_it(t: TestDb) {
        let shop = Shop::open(t).await;
        let app = &shop.house.app;
        let open = metrics::routes(Meter::start(None).unwrap(), app.clone());
        assert_eq!(asked(&open, Some("127.0.0.1:4000"), None).await.0, StatusCode::OK);
        let proxied = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7")];
        for header in proxied {
            assert_eq!(asked(&open, Some("127.0.0.1:4000"), Some(header)).await.0, StatusCode::FORBIDDEN);
        }
        for peer in [Some("192.168.1.5:4000"), Some("203.0.113.7:4000"), None] {
            let (status, text) = asked(&open, peer, None).await;
            assert!(status == StatusCode::FORBIDDEN && !text.contains("khaacho_http"), "{peer:?}: {text}");
        }
        let closed = metrics::routes(Meter::start(Some("scrape me")).unwrap(), app.clone());
        let token = ("authorization", "Bearer scrape me");
        assert_eq!(asked(&closed, Some("203.0.113.7:4000"), Some(token)).await.0, StatusCode::OK);
        for header in [None, Some(("authorization", "Bearer scrape")), Some(("authorization", "scrape me"))] {
            let (status, text) = asked(&closed, Some("127.0.0.1:4000"), header).await;
            assert!(status == StatusCode::UNAUTHORIZED && !text.contains("khaacho_http"), "{header:?}: {text}");
        }
    }
}

#[tokio::test]
async fn a_server_shows_its_metrics() {
    // The first call counts; a later one finds the same in its place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = Home::sqlite();
    let server = Server::start(&home);
    let answer = reqwest::get(format!("{}/metrics", server.address)).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert!(text.contains("khaacho_database_up 1\n") && text.contains("khaacho_db_commit_seconds_count "), "{text}");
}
