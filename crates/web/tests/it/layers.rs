//! What wraps every route: ids, unknown routes, too many requests, panics, headers, health and the document.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{Method, Request, StatusCode};
use testkit::TestDb;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use web::{App, Public};

use crate::{Answer, app, ask};

fn wrapped(t: &TestDb, routes: Router<App>) -> Router {
    web::finish(routes, app(t), 1)
}

async fn got(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(axum::body::Body::empty()).unwrap()).await
}

testkit::both_engines! {
    async fn a_request_keeps_its_id_or_gets_one(t: TestDb) {
        let router = wrapped(&t, Router::new().route("/id", get(async |Public(cx): Public| cx.request.to_string())));
        let with = |id: &str| Request::get("/id").header("x-request-id", id).body(axum::body::Body::empty()).unwrap();
        let kept = ask(&router, with("Client-7_a")).await;
        assert_eq!((kept.body.as_str(), kept.header("x-request-id")), ("Client-7_a", Some("Client-7_a")));
        for strange in ["", "a b", "a\"b", "<script>", &"x".repeat(65)] {
            let answer = ask(&router, with(strange)).await;
            assert!(answer.body.starts_with("req_"), "{strange}: {}", answer.body);
            assert_eq!(answer.header("x-request-id"), Some(answer.body.as_str()));
        }
        assert_ne!(got(&router, "/id").await.body, got(&router, "/id").await.body);
    }

    async fn what_is_not_there_is_a_problem(t: TestDb) {
        let router = wrapped(&t, Router::new().route("/here", get(async || "here")));
        assert_eq!(got(&router, "/there").await.problem(), (404, "ROUTE_NOT_FOUND".to_owned(), String::new()));
        let deletes = Request::builder().method(Method::DELETE).uri("/here").body(axum::body::Body::empty()).unwrap();
        let answer = ask(&router, deletes).await;
        assert_eq!(answer.problem(), (405, "METHOD_NOT_ALLOWED".to_owned(), String::new()));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("x-request-id").is_some());
    }

    async fn more_than_the_most_are_told_to_come_back(t: TestDb) {
        let (go_on, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (going, begins) = (go_on.clone(), begun.clone());
        let slow = async move || {
            begins.add_permits(1);
            going.acquire().await.unwrap().forget();
            "done"
        };
        let router = wrapped(&t, Router::new().route("/slow", get(slow)).route("/fast", get(async || "fast")));
        let first = tokio::spawn({
            let router = router.clone();
            async move { got(&router, "/slow").await }
        });
        begun.acquire().await.unwrap().forget();
        let busy = got(&router, "/fast").await;
        assert_eq!(busy.problem(), (503, "BUSY".to_owned(), String::new()));
        assert_eq!(busy.header("retry-after"), Some("1"));
        go_on.add_permits(1);
        assert_eq!(first.await.unwrap().body, "done");
        assert_eq!(got(&router, "/fast").await.body, "fast");
    }

    async fn a_panic_is_a_problem_and_gives_its_place_back(t: TestDb) {
        async fn broken(Public(cx): Public) -> String {
            assert!(cx.request.is_empty(), "a secret that stands in the panic");
            String::new()
        }
        let router = wrapped(&t, Router::new().route("/broken", get(broken)));
        for _ in 0..3 {
            let answer = got(&router, "/broken").await;
            assert_eq!(answer.problem(), (500, "INTERNAL".to_owned(), String::new()));
            assert!(!answer.body.contains("secret"));
        }
    }

    async fn health_says_that_the_process_lives_and_readiness_what_is_missing(t: TestDb) {
        let (routes, _) = web::health_routes().split_for_parts();
        let live = wrapped(&t, routes);
        for path in ["/health", "/api/v1/health"] {
            assert_eq!(got(&live, path).await.status, StatusCode::OK, "{path}");
        }
        assert!(web::is_ready(&app(&t)).await.is_ok());
        let migrations = &[db::Migration { name: "9999_later", sql: "create table later (id text)" }];
        let problem = web::is_ready(&App { migrations, ..app(&t) }).await.unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (503, "NOT_READY"));
        assert!(problem.to_json()["detail"].as_str().unwrap().contains("9999_later"));
    }

    async fn the_document_names_the_routes_and_the_page_needs_no_network(t: TestDb) {
        let rooms: OpenApiRouter<App> = web::health_routes();
        let (routes, document) = rooms.split_for_parts();
        let document = web::document(document, &web::Examples::new());
        let router = wrapped(&t, routes.merge(web::openapi_routes(&document)));
        let json = got(&router, "/api/v1/openapi.json").await.json();
        assert_eq!((&json["info"]["title"], &json["security"][0]["bearer"]), (&"Khaacho".into(), &serde_json::json!([])));
        assert!(json["paths"]["/api/v1/health"]["get"]["responses"]["200"].is_object());
        let page = got(&router, "/docs").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("/docs/scalar.js") && !page.body.contains("https://"), "{}", page.body);
        let script = got(&router, "/docs/scalar.js").await;
        assert!(script.header("content-type").is_some_and(|kind| kind.contains("javascript")) && script.body.len() > 100_000);
    }
}
