//! `credit/cycles` with their quotes and repayments, and `admin/credit/aging`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{BusinessDate, CycleId, Money, Page, PageRequest, RetailerId, VendorId};
use ledger::Method;
use serde::Deserialize;
use web::{App, KeyedBody, Member, Operator, PathId, Problem, Query, StoredAnswer, VendorOrOperator, once};

use super::care::answer;
use super::problem;
use crate::aging::{Aging, AgingFilter};
use crate::model::{Cycle, CycleStatus};
use crate::payments::{NewRecovery, Recorded};
use crate::repay::{NewRepayment, Quote, Repaid};
use crate::store::cycles::CycleFilter;
use crate::terms::Ask;

/// Which cycles are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CyclesQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// Only this vendor's.
    vendor_id: Option<VendorId>,
    /// Only those of this status.
    status: Option<CycleStatus>,
    /// Only those that are overdue today.
    #[serde(default)]
    overdue: bool,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The cycles that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/credit/cycles", tag = "credit", params(CyclesQuery),
    responses((status = 200, body = Page<Cycle>))
)]
pub(super) async fn list(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<CyclesQuery>,
) -> Result<Json<Page<Cycle>>, Problem> {
    let filter = CycleFilter {
        retailer: query.retailer_id,
        vendor: query.vendor_id,
        status: query.status,
        overdue_on: query.overdue.then(|| cx.today()),
    };
    let (scope, page) = (cx.actor.scope(), PageRequest::new(query.limit, query.after));
    app.db.read(async move |tx| Ok(Json(crate::store::cycles::cycles(tx, scope, filter, &page).await?))).await
}

/// A cycle.
#[utoipa::path(
    get, path = "/api/v1/credit/cycles/{id}", tag = "credit", params(("id" = CycleId, Path)),
    responses((status = 200, body = Cycle), (status = 404))
)]
pub(super) async fn get(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<CycleId>,
) -> Result<Json<Cycle>, Problem> {
    let scope = cx.actor.scope();
    app.db
        .read(async move |tx| {
            let found = crate::store::cycles::cycle(tx, scope, id).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("cycle"))
        })
        .await
}

/// What a quote is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct QuoteQuery {
    /// Principal to settle. Either this or `cash`; all that is open where both are left out.
    #[param(value_type = Option<String>, example = "5000.00")]
    principal: Option<Money>,
    /// Cash to use.
    #[param(value_type = Option<String>, example = "4750.00")]
    cash: Option<Money>,
    /// The day; today where it is left out.
    on: Option<BusinessDate>,
}

fn ask(principal: Option<Money>, cash: Option<Money>) -> Result<Option<Ask>, Problem> {
    match (principal, cash) {
        (Some(_), Some(_)) => Err(Problem::field("cash", "either principal or cash, not both")),
        (Some(principal), None) => Ok(Some(Ask::Principal(principal))),
        (None, cash) => Ok(cash.map(Ask::Cash)),
    }
}

/// What repaying would come to: principal, discount or interest, and cash. Nothing is stored.
#[utoipa::path(
    get, path = "/api/v1/credit/cycles/{id}/quote", tag = "credit", params(("id" = CycleId, Path), QuoteQuery),
    responses(
        (status = 200, body = Quote), (status = 404),
        (status = 409, description = "`OVERPAYMENT` with `maximum` and `maximumCash`, or `BELOW_MINIMUM`.")
    )
)]
pub(super) async fn quote(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<CycleId>,
    Query(query): Query<QuoteQuery>,
) -> Result<Json<Quote>, Problem> {
    let asked = ask(query.principal, query.cash)?;
    let (scope, on) = (cx.actor.scope(), query.on.unwrap_or_else(|| cx.today()));
    app.db
        .read(async move |tx| {
            let asked = if let Some(asked) = asked {
                asked
            } else {
                let cycle = crate::store::cycles::cycle(tx, scope, id).await?;
                Ask::Principal(cycle.ok_or_else(|| Problem::not_found("cycle"))?.outstanding)
            };
            let quoted = crate::repay::quote(tx, scope, id, asked, on).await?;
            quoted.map(Json).map_err(|refusal| problem(&refusal))
        })
        .await
}

/// A repayment to be recorded.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RepayRequest {
    /// Principal to settle. Either this or `cash`.
    #[serde(default)]
    principal: Option<Money>,
    /// Cash that was paid.
    #[serde(default)]
    cash: Option<Money>,
    /// When it was paid; today where it is left out.
    #[serde(default)]
    on: Option<BusinessDate>,
    /// How it was paid.
    method: Method,
    /// The wallet's or bank's reference, or the cheque's number; needed for everything but cash.
    #[serde(default)]
    reference: Option<String>,
}

/// Records a repayment of exactly this cycle and restores credit by the principal it settles.
#[utoipa::path(
    post, path = "/api/v1/credit/cycles/{id}/repay", tag = "credit", request_body = RepayRequest,
    params(("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Repaid), (status = 404),
        (status = 409, description = "`OVERPAYMENT`, `BELOW_MINIMUM` or `DUPLICATE_REFERENCE`."),
        (status = 422, description = "`PAYMENT_DATE` or `REFERENCE_REQUIRED`.")
    )
)]
pub(super) async fn repay(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<CycleId>,
    KeyedBody { keyed, body, cx }: KeyedBody<RepayRequest>,
) -> Result<Response, Problem> {
    let ask = ask(body.principal, body.cash)?.ok_or_else(|| Problem::field("principal", "principal or cash"))?;
    let on = body.on.unwrap_or_else(|| cx.today());
    let new = NewRepayment { ask, on, method: body.method, reference: body.reference };
    let answer = once(&app, keyed, cx, async move |tx, cx| {
        match crate::repay::repay(tx, cx, cx.actor.scope(), id, new.clone()).await? {
            Ok(repaid) => StoredAnswer::json(StatusCode::CREATED, &repaid),
            Err(refusal) => Ok(problem(&refusal).stored()),
        }
    });
    Ok(answer.await)
}

/// Money that came for what had been written off.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RecoverRequest {
    /// How much came.
    amount: Money,
    /// When it came; today where it is left out.
    #[serde(default)]
    on: Option<BusinessDate>,
    /// How it was paid.
    method: Method,
    /// The wallet's or bank's reference, or the cheque's number; needed for everything but cash.
    #[serde(default)]
    reference: Option<String>,
}

/// Records money that came for what had been written off of a cycle: a payment that settles no principal.
#[utoipa::path(
    post, path = "/api/v1/credit/cycles/{id}/recover", tag = "credit", request_body = RecoverRequest,
    params(("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Recorded), (status = 404),
        (status = 409, description = "`CYCLE_OPEN`, `ABOVE_WRITTEN_OFF` with `maximum`, or `DUPLICATE_REFERENCE`."),
        (status = 422, description = "`PAYMENT_DATE` or `REFERENCE_REQUIRED`.")
    )
)]
pub(super) async fn recover(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<CycleId>,
    KeyedBody { keyed, body, cx }: KeyedBody<RecoverRequest>,
) -> Response {
    let on = body.on.unwrap_or_else(|| cx.today());
    let new = NewRecovery { amount: body.amount, on, method: body.method, reference: body.reference };
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::CREATED, crate::payments::recover(tx, cx, cx.actor.scope(), id, &new).await?)
    })
    .await
}

/// Whose aging is asked for, and when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgingQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// Only this vendor's.
    vendor_id: Option<VendorId>,
    /// The business date; today where it is left out.
    on: Option<BusinessDate>,
}

/// Open principal by days overdue on a business date, past ones too.
#[utoipa::path(
    get, path = "/api/v1/admin/credit/aging", tag = "credit", params(AgingQuery),
    responses((status = 200, body = Aging))
)]
pub(super) async fn aging(
    State(app): State<App>,
    Operator(cx): Operator,
    Query(query): Query<AgingQuery>,
) -> Result<Json<Aging>, Problem> {
    let filter = AgingFilter { retailer: query.retailer_id, vendor: query.vendor_id };
    let (scope, today) = (cx.actor.scope(), cx.today());
    let on = query.on.unwrap_or(today);
    app.db.read(async move |tx| Ok(Json(crate::aging::aging(tx, scope, filter, on, today).await?))).await
}
