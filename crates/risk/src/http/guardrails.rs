//! `admin/guardrails`: what a retailer may order, the check, the automatic pause over all, who is at risk.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use credit::{PaymentMode, Reason};
use http::StatusCode;
use kernel::{Money, Page, RetailerId, VendorId};
use queue::Running;
use serde::{Deserialize, Serialize};
use web::{App, Body, IfMatch, KeyedBody, Operator, PageQuery, PathId, Problem, Query, StoredAnswer, once};

use super::etag;
use crate::guardrails::{self, AtRisk, Guardrails, NewGuardrails};
use crate::jobs::{Control, Done};
use crate::store;

/// An order that is to be checked.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrderToCheck {
    /// Who orders.
    retailer_id: RetailerId,
    /// With whom; left out, with the vendor that leaves it the most.
    #[serde(default)]
    vendor_id: Option<VendorId>,
    /// The order's total, above zero.
    order_amount: Money,
    /// How it is paid.
    payment_mode: PaymentMode,
}

/// Whether an order would pass.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validated {
    /// Whether it may be placed.
    allowed: bool,
    /// The first reason why not.
    reason: Option<Reason>,
    /// Every reason why not, in their order.
    reasons: Vec<Reason>,
    /// Credit that is left. May be negative.
    available: Money,
    /// How much is missing.
    shortfall: Money,
}

/// Checks an order without placing it.
#[utoipa::path(
    post, path = "/api/v1/admin/guardrails/validate-order", tag = "guardrails", request_body = OrderToCheck,
    responses((status = 200, body = Validated), (status = 422, description = "`VALIDATION`."))
)]
pub(super) async fn validate_order(
    State(app): State<App>,
    Operator(cx): Operator,
    Body(body): Body<OrderToCheck>,
) -> Result<Json<Validated>, Problem> {
    app.db
        .read(async move |tx| {
            let (pair, order) = ((body.retailer_id, body.vendor_id), (body.order_amount, body.payment_mode));
            let check = match guardrails::validate_order(tx, pair, order, cx.now).await? {
                Ok(check) => check,
                Err(credit::Refusal::Field { field: "amount", right }) => {
                    return Err(Problem::field("orderAmount", right));
                }
                Err(refusal) => return Err(credit::problem(&refusal)),
            };
            let credit::Check { allowed, reason, reasons, available, shortfall, .. } = check;
            Ok(Json(Validated { allowed, reason, reasons, available, shortfall }))
        })
        .await
}

/// What holds for a retailer, over all its lines and on each. Its `ETag` is the version for `If-Match`.
#[utoipa::path(
    get, path = "/api/v1/admin/guardrails/{retailerId}", tag = "guardrails", params(("retailerId" = RetailerId, Path)),
    responses((status = 200, body = Guardrails), (status = 404))
)]
pub(super) async fn get(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<([(&'static str, String); 1], Json<Guardrails>), Problem> {
    app.db
        .read(async move |tx| {
            let in_force = store::rules(tx).await?;
            let found = guardrails::guardrails(tx, &in_force, id, cx.now).await?;
            let found = found.ok_or_else(|| Problem::not_found("retailer"))?;
            Ok(([("etag", etag(found.version))], Json(found)))
        })
        .await
}

/// Sets what holds over all lines of a retailer. Each line keeps its own beside it (`PATCH credit/lines/{id}`); the
/// narrower counts.
#[utoipa::path(
    put, path = "/api/v1/admin/guardrails/{retailerId}", tag = "guardrails", request_body = NewGuardrails,
    params(
        ("retailerId" = RetailerId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses((status = 200, body = Guardrails), (status = 404), (status = 412, description = "`VERSION_MISMATCH`."))
)]
pub(super) async fn put(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<NewGuardrails>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        let in_force = store::rules(tx).await?;
        match guardrails::set_guardrails(tx, cx, &in_force, id, (version, body.clone())).await? {
            Ok(set) => Ok(StoredAnswer::json(StatusCode::OK, &set)?.header("etag", etag(set.version))),
            Err(refusal) => Ok(credit::problem(&refusal).stored()),
        }
    })
    .await
}

/// Settles the automatic pause of every retailer that is late or paused for it, now. What is so already stays.
#[utoipa::path(
    post, path = "/api/v1/admin/guardrails/evaluate-all", tag = "guardrails", responses((status = 200, body = Done))
)]
pub(super) async fn evaluate_all(State(app): State<App>, _caller: Operator) -> Result<Json<Done>, Problem> {
    let control =
        Control { db: app.db.clone(), clock: app.clock.clone(), ids: app.ids.clone(), running: Running::nobody() };
    Ok(Json(control.pauses().await?))
}

/// Retailers at risk, the worst first, with the reasons. Computed now, over all retailers.
#[utoipa::path(
    get, path = "/api/v1/admin/guardrails/at-risk", tag = "guardrails", params(PageQuery),
    responses((status = 200, body = Page<AtRisk>))
)]
pub(super) async fn at_risk(
    State(app): State<App>,
    Operator(cx): Operator,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AtRisk>>, Problem> {
    let page = query.page();
    Ok(Json(guardrails::at_risk_page(&app.db, cx.now, &page).await?))
}
