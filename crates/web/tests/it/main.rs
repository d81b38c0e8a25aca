//! The HTTP machine from outside: a small router with one route of each kind, on both engines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod answers;
mod extractors;
mod layers;

use axum::Router;
use axum::body::Body;
use db::{DbError, params};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::{Id as _, RetailerId, Role, UserId, VendorId};
use serde_json::Value;
use testkit::TestDb;
use tower::ServiceExt as _;
use web::{App, Auth, Caller};

const SECRET: &str = "a secret of at least 32 characters";

fn app(t: &TestDb) -> App {
    let auth = Auth::new(SECRET, t.clock.clone());
    App { db: t.db.clone(), clock: t.clock.clone(), ids: t.ids.clone(), auth, migrations: &[] }
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, code and the field that is to blame; only of a problem.
    fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        assert!(!text("title").is_empty() && !text("detail").is_empty() && text("type").starts_with("/docs/"));
        (self.status.as_u16(), text("code"), text("field"))
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

fn caller(role: Role) -> Caller {
    let retailer = (role == Role::Retailer).then(|| RetailerId::from_bits(3));
    let vendor = (role == Role::Vendor).then(|| VendorId::from_bits(2));
    Caller { user: UserId::from_bits(1), role, retailer, vendor }
}

fn token(t: &TestDb, who: Caller) -> String {
    format!("Bearer {}", Auth::new(SECRET, t.clock.clone()).issue(who).unwrap().0)
}

/// A request of an operator.
fn request(t: &TestDb, method: Method, path: &str, key: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", token(t, caller(Role::Admin)))
        .header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
    request.body(body.into()).unwrap()
}

/// A table in which commands leave their effects.
async fn with_effects(t: &TestDb) {
    let made: Result<(), DbError> =
        t.db.write(async |tx| tx.exec("create table effects (name text not null)", params![]).await).await;
    made.unwrap();
}

async fn effects(t: &TestDb) -> Vec<String> {
    let read = t.db.read::<_, DbError, _>(async |tx| {
        let rows = tx.query("select e.name from effects e order by e.name", params![]).await?;
        rows.iter().map(|row| row.get("name")).collect()
    });
    read.await.unwrap()
}
