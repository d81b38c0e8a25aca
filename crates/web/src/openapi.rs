//! The OpenAPI document, and a reference page that works without a network.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, RefOr};

use crate::App;

/// `limit` and `after` of a list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// At most this many, 1 to 200; 50 where it is left out.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl PageQuery {
    /// The page that is asked for.
    pub fn page(self) -> kernel::PageRequest {
        kernel::PageRequest::new(self.limit, self.after)
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Khaacho",
    description = "B2B ordering and trade credit. Amounts are strings of rupees with two decimals, moments are RFC 3339 \
                   in UTC, dates are business dates in Asia/Kathmandu. Errors are RFC 9457 problems with a stable `code`. \
                   Commands take an `Idempotency-Key`: the same key and body gets the first answer again.",
    license(name = "MIT")
))]
struct Base;

/// Every problem code with what to do; where a problem's `type` points.
const PROBLEMS: &str = include_str!("../../../docs/problems.md");

/// Examples by operation, such as `POST /api/v1/orders`.
pub type Examples = BTreeMap<String, Example>;

/// What an operation was asked and what it answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Example {
    /// The body of the request, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// The body of the answer, where it is JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
}

/// Puts an example on the bodies of an operation.
fn exemplify(operation: &mut Operation, example: &Example) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        show(body.content.values_mut(), example.request.as_ref());
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            show(response.content.values_mut(), example.answer.as_ref());
        }
    }
}

fn show<'a>(contents: impl Iterator<Item = &'a mut RefOr<Content>>, example: Option<&Value>) {
    for content in contents {
        if let RefOr::T(content) = content {
            content.example = example.cloned();
        }
    }
}

/// The document of the merged rooms, with examples.
pub fn document(mut rooms: OpenApi, examples: &Examples) -> OpenApi {
    for (path, item) in &mut rooms.paths.paths {
        let methods = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in methods {
            if let (Some(operation), Some(example)) = (operation, examples.get(&format!("{method} {path}"))) {
                exemplify(operation, example);
            }
        }
    }
    let base = Base::openapi();
    rooms.info = base.info;
    env!("CARGO_PKG_VERSION").clone_into(&mut rooms.info.version);
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = rooms.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    rooms.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    rooms
}

/// The document at `/api/v1/openapi.json` and the reference page at `/docs`.
pub fn routes(document: &OpenApi) -> Router<App> {
    let json = document.to_json().unwrap_or_default();
    let configuration = serde_json::json!({ "url": "/api/v1/openapi.json" });
    let page = scalar_api_reference::scalar_html(&configuration, Some("/docs/scalar.js"));
    Router::new()
        .route("/api/v1/openapi.json", get(async move || ([(header::CONTENT_TYPE, "application/json")], json.clone())))
        .route("/docs", get(async move || Html(page.clone())))
        .route("/docs/scalar.js", get(script))
        .route("/docs/problems", get(async || ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], PROBLEMS)))
}

async fn script() -> impl IntoResponse {
    match scalar_api_reference::get_asset_with_mime("scalar.js") {
        Some((mime, content)) => ([(header::CONTENT_TYPE, mime)], content).into_response(),
        None => http::StatusCode::NOT_FOUND.into_response(),
    }
}
