//! The OpenAPI document, and a reference page that works without a network.

use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header;
use serde::Deserialize;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

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

/// The document of the merged rooms.
pub fn document(mut rooms: OpenApi) -> OpenApi {
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
