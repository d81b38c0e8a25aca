//! `admin/credit`: a retailer's pause, unpause, cap and evaluation, a vendor's ceiling, the risk dashboard.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Context, Money, RetailerId, VendorId};
use parties::{Retailer, Vendor};
use serde::Deserialize;
use web::{App, IfMatch, Keyed, KeyedBody, Operator, PathId, Problem, StoredAnswer, once};

use super::care::Why;
use super::{etag, problem};
use crate::limits::{CreditChange, change_ceiling, change_credit};
use crate::risk::{self, Dashboard, Evaluation, RetailerCredit, VendorCredit};

async fn change(
    app: &App,
    keyed: Keyed,
    cx: Context,
    id: RetailerId,
    (version, change, reason): (Option<i64>, CreditChange, String),
) -> Response {
    once(app, keyed, cx, async move |tx, cx| match change_credit(tx, cx, id, version, change, &reason).await? {
        Ok(retailer) => Ok(StoredAnswer::json(StatusCode::OK, &retailer)?.header("etag", etag(retailer.version))),
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}

/// Why a retailer's credit stops.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PauseRequest {
    /// Why; 1 to 500 characters.
    reason: String,
    /// Whether it is blocked: no new orders, for cash neither.
    #[serde(default)]
    block: bool,
}

/// Stops a retailer's new credit on all lines, or blocks it.
#[utoipa::path(
    post, path = "/api/v1/admin/credit/{id}/pause", tag = "credit", request_body = PauseRequest,
    params(
        ("id" = RetailerId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Retailer), (status = 404), (status = 412, description = "`VERSION_MISMATCH`.")
    )
)]
pub(super) async fn pause(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<PauseRequest>,
) -> Response {
    let what = if body.block { CreditChange::Block } else { CreditChange::Pause };
    change(&app, keyed, cx, id, (version, what, body.reason)).await
}

/// Gives a retailer new credit again, whatever stopped it.
#[utoipa::path(
    post, path = "/api/v1/admin/credit/{id}/unpause", tag = "credit", request_body = Why,
    params(
        ("id" = RetailerId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Retailer), (status = 404), (status = 412, description = "`VERSION_MISMATCH`.")
    )
)]
pub(super) async fn unpause(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<Why>,
) -> Response {
    change(&app, keyed, cx, id, (version, CreditChange::Unpause, body.reason)).await
}

/// The most that a retailer may use over all its lines.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CapRequest {
    /// Zero or more; left out, there is none any more.
    #[serde(default)]
    cap: Option<Money>,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// Sets a retailer's cap over all its lines, or lifts it.
#[utoipa::path(
    put, path = "/api/v1/admin/credit/{id}/cap", tag = "credit", request_body = CapRequest,
    params(
        ("id" = RetailerId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Retailer), (status = 404), (status = 412, description = "`VERSION_MISMATCH`.")
    )
)]
pub(super) async fn put_cap(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<CapRequest>,
) -> Response {
    change(&app, keyed, cx, id, (version, CreditChange::Cap(body.cap), body.reason)).await
}

/// The most that a vendor lends over all its lines.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CeilingRequest {
    /// Zero or more; left out, there is none any more.
    #[serde(default)]
    ceiling: Option<Money>,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// Sets a vendor's ceiling over all it lends, or lifts it.
#[utoipa::path(
    put, path = "/api/v1/admin/credit/vendors/{id}/ceiling", tag = "credit", request_body = CeilingRequest,
    params(
        ("id" = VendorId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses((status = 200, body = Vendor), (status = 404), (status = 412, description = "`VERSION_MISMATCH`."))
)]
pub(super) async fn put_ceiling(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<VendorId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<CeilingRequest>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        match change_ceiling(tx, cx, id, version, body.ceiling, &body.reason).await? {
            Ok(vendor) => Ok(StoredAnswer::json(StatusCode::OK, &vendor)?.header("etag", etag(vendor.version))),
            Err(refusal) => Ok(problem(&refusal).stored()),
        }
    })
    .await
}

/// The whole book of credit: totals, aging, the worst and the most used lines.
#[utoipa::path(
    get, path = "/api/v1/admin/credit/risk-dashboard", tag = "credit", responses((status = 200, body = Dashboard))
)]
pub(super) async fn dashboard(State(app): State<App>, Operator(cx): Operator) -> Result<Json<Dashboard>, Problem> {
    app.db.read(async move |tx| Ok(Json(risk::dashboard(tx, cx.now).await?))).await
}

/// A retailer's credit with all its vendors. Its `ETag` is the version for `If-Match`.
#[utoipa::path(
    get, path = "/api/v1/admin/credit/retailer/{id}", tag = "credit", params(("id" = RetailerId, Path)),
    responses((status = 200, body = RetailerCredit), (status = 404))
)]
pub(super) async fn retailer(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<([(&'static str, String); 1], Json<RetailerCredit>), Problem> {
    app.db
        .read(async move |tx| {
            let found = risk::retailer_credit(tx, id, cx.now).await?.ok_or_else(|| Problem::not_found("retailer"))?;
            Ok(([("etag", etag(found.retailer.version))], Json(found)))
        })
        .await
}

/// A vendor's credit with all its retailers, and how fast its debts come in. Its `ETag` is the version for `If-Match`.
#[utoipa::path(
    get, path = "/api/v1/admin/credit/vendors/{id}", tag = "credit", params(("id" = VendorId, Path)),
    responses((status = 200, body = VendorCredit), (status = 404))
)]
pub(super) async fn vendor(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<VendorId>,
) -> Result<([(&'static str, String); 1], Json<VendorCredit>), Problem> {
    app.db
        .read(async move |tx| {
            let found = risk::vendor_credit(tx, id, cx.now).await?.ok_or_else(|| Problem::not_found("vendor"))?;
            Ok(([("etag", etag(found.vendor.version))], Json(found)))
        })
        .await
}

/// Whether a retailer should be paused and why, with the order check on each of its lines. Nothing is done.
#[utoipa::path(
    get, path = "/api/v1/admin/credit/{id}/evaluate", tag = "credit", params(("id" = RetailerId, Path)),
    responses((status = 200, body = Evaluation), (status = 404))
)]
pub(super) async fn evaluate(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<Evaluation>, Problem> {
    app.db
        .read(async move |tx| {
            let found = risk::evaluate(tx, &cx, id).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("retailer"))
        })
        .await
}
