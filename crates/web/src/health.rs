//! Health: alive, and ready to work.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, Problem};

/// The health routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).route("/health", axum::routing::get(live))
}

/// Whether the process answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", security(()), responses((status = 200, description = "It does.")))]
async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "live" }))
}

/// Whether the database answers and has every table.
#[utoipa::path(
    get, path = "/api/v1/health/ready", tag = "health", security(()),
    responses((status = 200, description = "It does."), (status = 503, description = "`NOT_READY`, with what is missing."))
)]
async fn ready(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    let not_ready = |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", detail);
    match app.db.missing_migrations(app.migrations).await {
        Ok(missing) if missing.is_empty() => Ok(Json(serde_json::json!({ "status": "ready" }))),
        Ok(missing) => Err(not_ready(format!("migrations are missing: {}; run `khaacho migrate`", missing.join(", ")))),
        Err(error) => Err(not_ready(format!("the database does not answer: {error}"))),
    }
}
