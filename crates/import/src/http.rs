//! A vendor's list by upload, over HTTP.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use db::DbError;
use http::StatusCode;
use kernel::{BusinessDate, VendorId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBytes, PathId, Problem, Query, StoredAnswer, VendorOrOperator};

use crate::source::ImportError;
use crate::upload::{Upload, Uploaded};

/// The largest file.
pub(crate) const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::max(LARGEST_FILE))
}

/// Reads a file where that keeps nobody else waiting.
pub(crate) async fn read(bytes: bytes::Bytes, today: BusinessDate) -> Result<Arc<Upload>, ImportError> {
    let read = tokio::task::spawn_blocking(move || Upload::read(&bytes, today)).await;
    let cut_off = |_| ImportError::Database(DbError::Missing("a file that was being read"));
    read.map_err(cut_off)?.map(Arc::new)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UploadQuery {
    /// Whether nothing is taken where one row is refused.
    #[serde(default)]
    strict: bool,
}

/// Takes a vendor's list from a CSV file or the first sheet of an XLSX workbook: `sku`, `price`, `stock`, and where they
/// change `minimum_quantity` and `available`. Good rows are taken and bad ones named.
#[utoipa::path(
    post, path = "/api/v1/vendors/{id}/products/import", tag = "catalogue",
    request_body(content = String, content_type = "text/csv"),
    params(("id" = VendorId, Path), UploadQuery, ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, body = Uploaded), (status = 404),
        (status = 422, description = "`FILE_UNREADABLE`; with `strict` `ROWS_REFUSED` with `refused`.")
    )
)]
async fn upload(
    State(app): State<App>,
    VendorOrOperator(by): VendorOrOperator,
    PathId(vendor): PathId<VendorId>,
    Query(UploadQuery { strict }): Query<UploadQuery>,
    KeyedBytes { mut keyed, bytes, cx }: KeyedBytes,
) -> Response {
    if by.actor.scope().vendor().is_some_and(|own| own != vendor) {
        return Problem::not_found("vendor").into_response();
    }
    // Strict or not is another command.
    keyed.route = format!("{} strict={strict}", keyed.route);
    let list = match read(bytes, cx.today()).await {
        Ok(list) => list,
        Err(ImportError::Database(error)) => return Problem::from(error).into_response(),
        Err(error) => return unreadable(&error).into_response(),
    };
    web::once_long(&app, keyed, cx, async move |tx, cx| {
        if parties::vendors(tx, &[vendor]).await?.is_empty() {
            return Ok(Problem::not_found("vendor").stored());
        }
        let told = list.take(tx, cx, vendor, strict).await?;
        if strict && !told.refused.is_empty() {
            let detail = "nothing was taken: some rows are refused";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ROWS_REFUSED", detail);
            return Ok(problem.with("refused", serde_json::json!(told.refused)).stored());
        }
        StoredAnswer::json(StatusCode::OK, &told)
    })
    .await
}

fn unreadable(error: &ImportError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "FILE_UNREADABLE", error.to_string())
}
