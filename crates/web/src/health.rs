//! Health: alive, and ready to work.

use axum::Json;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, Problem};

/// The route that says that the process lives.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live)).route("/health", axum::routing::get(live))
}

/// Whether the process answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", security(()), responses((status = 200, description = "It does.")))]
async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "live" }))
}

/// Whether the database answers and has every table; else the problem that says what is missing.
pub async fn is_ready(app: &App) -> Result<(), Problem> {
    let not_ready = |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", detail);
    match app.db.missing_migrations(app.migrations).await {
        Ok(missing) if missing.is_empty() => Ok(()),
        Ok(missing) => Err(not_ready(format!("migrations are missing: {}; run `khaacho migrate`", missing.join(", ")))),
        Err(error) => Err(not_ready(format!("the database does not answer: {error}"))),
    }
}
