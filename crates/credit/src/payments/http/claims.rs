//! `credit/claims`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{BusinessDate, ClaimId, Money, Page, PageRequest, RetailerId, VendorId};
use ledger::Method;
use serde::Deserialize;
use web::{App, KeyedBody, Member, PathId, Problem, Query, VendorOrOperator, once};

use super::{Because, PartRequest, answer, named};
use crate::payments::model::{Claim, ClaimFilter, ClaimStatus, NewClaim, Outcome};
use crate::payments::{Answer, claims, store};

/// What a retailer says it paid.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClaimRequest {
    /// Who paid.
    retailer_id: RetailerId,
    /// Who was paid.
    vendor_id: VendorId,
    /// The cash.
    amount: Money,
    /// How it was paid.
    method: Method,
    /// The reference; needed for everything but cash.
    #[serde(default)]
    reference: Option<String>,
    /// When it was paid; today where it is left out.
    #[serde(default)]
    on: Option<BusinessDate>,
}

/// Writes down what a retailer says it paid. Nothing counts before the vendor or an operator confirms it.
#[utoipa::path(
    post, path = "/api/v1/credit/claims", tag = "credit", request_body = ClaimRequest,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Claim), (status = 404, description = "There is no such credit line."),
        (status = 422, description = "`REFERENCE_REQUIRED` or `VALIDATION`.")
    )
)]
pub(crate) async fn claim(State(app): State<App>, KeyedBody { keyed, body, cx }: KeyedBody<ClaimRequest>) -> Response {
    let on = body.on.unwrap_or_else(|| cx.today());
    let pair = (body.retailer_id, body.vendor_id);
    let new = NewClaim { pair, amount: body.amount, method: body.method, reference: body.reference, on };
    once(&app, keyed, cx, async move |tx, cx| {
        let claimed = claims::claim(tx, cx, cx.actor.scope(), &new).await?;
        answer(StatusCode::CREATED, claimed.map(Outcome::into_inner))
    })
    .await
}

/// Which claims are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClaimsQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// Only those about this vendor.
    vendor_id: Option<VendorId>,
    /// Only those of this status.
    status: Option<ClaimStatus>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The claims that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/credit/claims", tag = "credit", params(ClaimsQuery),
    responses((status = 200, body = Page<Claim>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<ClaimsQuery>,
) -> Result<Json<Page<Claim>>, Problem> {
    let filter = ClaimFilter { retailer: query.retailer_id, vendor: query.vendor_id, status: query.status };
    let (scope, page) = (cx.actor.scope(), PageRequest::new(query.limit, query.after));
    app.db.read(async move |tx| Ok(Json(store::claims(tx, scope, filter, &page).await?))).await
}

/// A claim.
#[utoipa::path(
    get, path = "/api/v1/credit/claims/{id}", tag = "credit", params(("id" = ClaimId, Path)),
    responses((status = 200, body = Claim), (status = 404))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<ClaimId>,
) -> Result<Json<Claim>, Problem> {
    let scope = cx.actor.scope();
    app.db
        .read(async move |tx| {
            let found = store::claim(tx, scope, id).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("claim"))
        })
        .await
}

/// How a claim is confirmed.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// The cycles with their parts; the oldest due first where it is left out.
    #[serde(default)]
    repayments: Option<Vec<PartRequest>>,
    /// Whether what is above all that is owed is kept for later instead of refused.
    #[serde(default)]
    keep_excess: bool,
}

/// Confirms a claim: it becomes a payment, and the retailer gets its receipt.
#[utoipa::path(
    post, path = "/api/v1/credit/claims/{id}/confirm", tag = "credit", request_body = ConfirmRequest,
    params(("id" = ClaimId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 200, body = Claim), (status = 404),
        (status = 409, description = "`CLAIM_DECIDED` with `answer`, or what a payment is refused with.")
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<ClaimId>,
    KeyedBody { keyed, body, cx }: KeyedBody<ConfirmRequest>,
) -> Result<Response, Problem> {
    let given = Answer { named: named(body.repayments)?, keep_excess: body.keep_excess };
    let work = once(&app, keyed, cx, async move |tx, cx| {
        let confirmed = claims::confirm(tx, cx, cx.actor.scope(), id, given.clone()).await?;
        answer(StatusCode::OK, confirmed.map(|confirmed| confirmed.into_inner().0))
    });
    Ok(work.await)
}

/// Rejects a claim with a reason, which the retailer is told.
#[utoipa::path(
    post, path = "/api/v1/credit/claims/{id}/reject", tag = "credit", request_body = Because,
    params(("id" = ClaimId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = Claim), (status = 404), (status = 409, description = "`CLAIM_DECIDED`."))
)]
pub(crate) async fn reject(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<ClaimId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Because>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        let rejected = claims::reject(tx, cx, cx.actor.scope(), id, &body.reason).await?;
        answer(StatusCode::OK, rejected.map(Outcome::into_inner))
    })
    .await
}
