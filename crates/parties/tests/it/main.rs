//! Who there is and how they sign in, from outside, on both engines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod registering;
mod sessions;

use axum::Router;
use axum::body::Body;
use db::DbError;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kernel::{Actor, Context, Id as _, Role, UserId};
use parties::Secrets;
use serde_json::{Value, json};
use testkit::TestDb;
use tower::ServiceExt as _;
use web::{App, Auth, Caller};

const SECRET: &str = "a secret of at least 32 characters";
const PASSWORD: &str = "correct horse";

/// The room's routes over a test database.
struct House {
    t: TestDb,
    router: Router,
    auth: Auth,
}

impl House {
    fn new(t: TestDb) -> Self {
        let auth = Auth::new(SECRET, t.clock.clone());
        let (db, clock, ids) = (t.db.clone(), t.clock.clone(), t.ids.clone());
        let app = App { db, clock, ids, auth: auth.clone(), migrations: &[] };
        let (routes, _) = parties::routes(&parties::Guard::default()).split_for_parts();
        Self { t, router: web::finish(routes, app, 64), auth }
    }

    fn context(&self) -> Context {
        Context::new(&self.t.clock, &self.t.ids, Actor::System, "test")
    }

    /// Someone of the platform with the usual password.
    async fn add_operator(&self, login: &'static str) {
        let cx = self.context();
        let hash = Secrets::default().hash(&cx, PASSWORD).await.unwrap().unwrap();
        let made = self.t.db.write::<_, DbError, _>(async move |tx| {
            parties::create_user(tx, &cx, login, hash.clone(), Role::Admin, None, None).await
        });
        made.await.unwrap().unwrap();
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        key: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        let mut request =
            Request::builder().method(method).uri(format!("/api/v1/{path}")).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, None, None, body).await
    }

    async fn sign_in(&self, login: &str, password: &str) -> (u16, Value) {
        self.post("auth/login", &json!({ "login": login, "password": password })).await
    }

    async fn refresh(&self, tokens: &Value) -> (u16, Value) {
        self.post("auth/refresh", &json!({ "refreshToken": tokens["refreshToken"] })).await
    }

    /// A token of an operator.
    fn operator(&self) -> String {
        let who = Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None };
        self.auth.issue(who).unwrap().0
    }
}

/// Status and code of an answer.
fn outcome(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}
