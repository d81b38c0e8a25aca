//! `credit/payment`, `credit/payments` and `credit/history`.

mod claims;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use db::{DbError, text_enum};
use http::StatusCode;
use kernel::{BusinessDate, CycleId, Money, Page, PageRequest, PaymentId, RetailerId, VendorId};
use ledger::{Entry, Method};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    App, Body, Keyed, KeyedBody, Member, Operator, PathId, Problem, Query, StoredAnswer, VendorOrOperator, once,
};

use super::model::{NewPayment, Payment, PaymentFilter, PaymentWithRepayments, Recorded};
use super::{Named, Preview, Refund, Spread, store};
use crate::http::problem;
use crate::refusal::Refusal;
use crate::terms::Ask;

/// The routes of payments.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record))
        .routes(routes!(record_by_operator))
        .routes(routes!(preview))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(reverse))
        .routes(routes!(apply))
        .routes(routes!(refund))
        .routes(routes!(history))
        .routes(routes!(claims::list, claims::claim))
        .routes(routes!(claims::get))
        .routes(routes!(claims::confirm))
        .routes(routes!(claims::reject))
}

text_enum! {
    /// How a payment is spread.
    pub enum Allocation {
        /// Over the open cycles as they fall due.
        OldestDueFirst = "OLDEST_DUE_FIRST",
        /// Over the cycles that `repayments` name.
        Named = "NAMED",
    }
}

/// An allocation that says something else than the repayments beside it.
fn check_allocation(allocation: Option<Allocation>, parts: Option<&Vec<PartRequest>>) -> Result<(), Problem> {
    match (allocation, parts) {
        (Some(Allocation::OldestDueFirst), Some(_)) => {
            Err(Problem::field("allocation", "NAMED beside repayments; or leave one of them out"))
        }
        (Some(Allocation::Named), None) => Err(Problem::field("repayments", "the cycles with their parts")),
        _ => Ok(()),
    }
}

/// A cycle with its part of a payment.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PartRequest {
    /// The cycle.
    cycle_id: CycleId,
    /// Principal to settle. Either this or `cash`.
    #[serde(default)]
    principal: Option<Money>,
    /// Cash to use.
    #[serde(default)]
    cash: Option<Money>,
}

fn named(parts: Option<Vec<PartRequest>>) -> Result<Option<Vec<Named>>, Problem> {
    let part = |(place, part): (usize, PartRequest)| {
        let ask = match (part.principal, part.cash) {
            (Some(principal), None) => Ask::Principal(principal),
            (None, Some(cash)) => Ask::Cash(cash),
            (Some(_), Some(_)) => {
                return Err(Problem::field(format!("repayments[{place}].cash"), "either principal or cash, not both"));
            }
            (None, None) => {
                return Err(Problem::field(format!("repayments[{place}].principal"), "principal or cash"));
            }
        };
        Ok(Named { cycle: part.cycle_id, ask })
    };
    parts.map(|parts| parts.into_iter().enumerate().map(part).collect()).transpose()
}

/// A payment to be recorded.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PaymentRequest {
    /// Who paid.
    retailer_id: RetailerId,
    /// Who was paid.
    vendor_id: VendorId,
    /// The cash. May be left out where `repayments` say what it comes to.
    #[serde(default)]
    amount: Option<Money>,
    /// How it was paid.
    method: Method,
    /// The wallet's or bank's reference, or the cheque's number; needed for everything but cash.
    #[serde(default)]
    reference: Option<String>,
    /// When it was paid; today where it is left out.
    #[serde(default)]
    on: Option<BusinessDate>,
    /// How it is spread; follows from `repayments` where it is left out.
    #[serde(default)]
    allocation: Option<Allocation>,
    /// The cycles with their parts; the oldest due first where it is left out.
    #[serde(default)]
    repayments: Option<Vec<PartRequest>>,
    /// Whether what is above all that is owed is kept for later instead of refused.
    #[serde(default)]
    keep_excess: bool,
}

fn answer<T: Serialize>(status: StatusCode, outcome: Result<T, Refusal>) -> Result<StoredAnswer, DbError> {
    match outcome {
        Ok(what) => StoredAnswer::json(status, &what),
        Err(refusal) => Ok(problem(&refusal).stored()),
    }
}

async fn recorded(app: &App, keyed: Keyed, body: PaymentRequest, cx: kernel::Context) -> Result<Response, Problem> {
    check_allocation(body.allocation, body.repayments.as_ref())?;
    let spread = Spread {
        amount: body.amount,
        named: named(body.repayments)?,
        on: body.on.unwrap_or_else(|| cx.today()),
        keep_excess: body.keep_excess,
    };
    let pair = (body.retailer_id, body.vendor_id);
    let new = NewPayment { pair, spread, method: body.method, reference: body.reference };
    let work = once(app, keyed, cx, async move |tx, cx| match super::record(tx, cx, cx.actor.scope(), &new).await? {
        Ok(recorded) => {
            let place = format!("/api/v1/credit/payments/{}", recorded.payment.payment.id);
            Ok(StoredAnswer::json(StatusCode::CREATED, &recorded)?.header("location", place))
        }
        Err(refusal) => Ok(problem(&refusal).stored()),
    });
    Ok(work.await)
}

/// Records a payment and spreads it over cycles: all of it, or nothing.
#[utoipa::path(
    post, path = "/api/v1/credit/payment", tag = "credit", request_body = PaymentRequest,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Recorded), (status = 404, description = "There is no such credit line."),
        (status = 409, description = "`OVERPAYMENT` with `maximum` and `maximumCash`, `BELOW_MINIMUM`, or \
                                      `DUPLICATE_REFERENCE` with the first payment; `cycle` where one is to blame."),
        (status = 422, description = "`PAYMENT_DATE`, `REFERENCE_REQUIRED` or `VALIDATION`.")
    )
)]
pub(crate) async fn record(
    State(app): State<App>,
    _caller: VendorOrOperator,
    KeyedBody { keyed, body, cx }: KeyedBody<PaymentRequest>,
) -> Result<Response, Problem> {
    recorded(&app, keyed, body, cx).await
}

/// Records a payment as an operator.
#[utoipa::path(
    post, path = "/api/v1/admin/payment/record", tag = "credit", request_body = PaymentRequest,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 201, body = Recorded), (status = 404), (status = 409), (status = 422))
)]
pub(crate) async fn record_by_operator(
    State(app): State<App>,
    _caller: Operator,
    KeyedBody { keyed, body, cx }: KeyedBody<PaymentRequest>,
) -> Result<Response, Problem> {
    recorded(&app, keyed, body, cx).await
}

/// A payment to be looked at before it is recorded.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// Who pays.
    retailer_id: RetailerId,
    /// Who is paid.
    vendor_id: VendorId,
    /// The cash. May be left out where `repayments` say what it comes to.
    #[serde(default)]
    amount: Option<Money>,
    /// When it is paid; today where it is left out.
    #[serde(default)]
    on: Option<BusinessDate>,
    /// How it is spread; follows from `repayments` where it is left out.
    #[serde(default)]
    allocation: Option<Allocation>,
    /// The cycles with their parts; the oldest due first where it is left out.
    #[serde(default)]
    repayments: Option<Vec<PartRequest>>,
    /// Whether what is above all that is owed would be kept.
    #[serde(default)]
    keep_excess: bool,
}

/// What a payment would come to, by the same rules. Nothing is stored.
#[utoipa::path(
    post, path = "/api/v1/credit/payment/preview", tag = "credit", request_body = PreviewRequest,
    responses((status = 200, body = Preview), (status = 404), (status = 409), (status = 422))
)]
pub(crate) async fn preview(
    State(app): State<App>,
    Member(cx): Member,
    Body(body): Body<PreviewRequest>,
) -> Result<Json<Preview>, Problem> {
    let (scope, today) = (cx.actor.scope(), cx.today());
    let pair = (body.retailer_id, body.vendor_id);
    check_allocation(body.allocation, body.repayments.as_ref())?;
    let spread = Spread {
        amount: body.amount,
        named: named(body.repayments)?,
        on: body.on.unwrap_or(today),
        keep_excess: body.keep_excess,
    };
    app.db
        .read(async move |tx| {
            let preview = super::preview(tx, scope, pair, &spread, today).await?;
            preview.map(Json).map_err(|refusal| problem(&refusal))
        })
        .await
}

/// Which payments are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PaymentsQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// Only those to this vendor.
    vendor_id: Option<VendorId>,
    /// Only those of which something waits for a cycle.
    #[serde(default)]
    unapplied: bool,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The payments that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/credit/payments", tag = "credit", params(PaymentsQuery),
    responses((status = 200, body = Page<Payment>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<PaymentsQuery>,
) -> Result<Json<Page<Payment>>, Problem> {
    let filter = PaymentFilter { retailer: query.retailer_id, vendor: query.vendor_id, unapplied: query.unapplied };
    let (scope, page) = (cx.actor.scope(), PageRequest::new(query.limit, query.after));
    app.db.read(async move |tx| Ok(Json(store::payments(tx, scope, filter, &page).await?))).await
}

/// A payment with its parts.
#[utoipa::path(
    get, path = "/api/v1/credit/payments/{id}", tag = "credit", params(("id" = PaymentId, Path)),
    responses((status = 200, body = PaymentWithRepayments), (status = 404))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<PaymentWithRepayments>, Problem> {
    let scope = cx.actor.scope();
    app.db
        .read(async move |tx| {
            let found = store::payment_with_repayments(tx, scope, id).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("payment"))
        })
        .await
}

/// Why something is done.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Because {
    /// Why.
    reason: String,
}

/// Takes a payment back: its entries are reversed today and its cycles open again. Once; again it answers the same.
#[utoipa::path(
    post, path = "/api/v1/credit/payments/{id}/reverse", tag = "credit", request_body = Because,
    params(
        ("id" = PaymentId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")
    ),
    responses(
        (status = 200, body = PaymentWithRepayments), (status = 404),
        (status = 409, description = "`EXCESS_REFUNDED`: what had been kept of it was given back.")
    )
)]
pub(crate) async fn reverse(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<PaymentId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Because>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        let reversed = super::reverse(tx, cx, cx.actor.scope(), id, &body.reason).await?;
        answer(StatusCode::OK, reversed.map(super::Outcome::into_inner))
    })
    .await
}

/// To which cycles something goes that was kept.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApplyRequest {
    /// How much; as much as is owed where it and `repayments` are left out.
    #[serde(default)]
    amount: Option<Money>,
    /// The cycles with their parts; the oldest due first where it is left out.
    #[serde(default)]
    repayments: Option<Vec<PartRequest>>,
}

/// Applies what was kept of a payment to cycles, by their age today.
#[utoipa::path(
    post, path = "/api/v1/credit/payments/{id}/apply", tag = "credit", request_body = ApplyRequest,
    params(
        ("id" = PaymentId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")
    ),
    responses(
        (status = 200, body = Recorded), (status = 404),
        (status = 409, description = "`ABOVE_UNAPPLIED` with `maximum`, `OVERPAYMENT`, `BELOW_MINIMUM` or \
                                      `PAYMENT_REVERSED`.")
    )
)]
pub(crate) async fn apply(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<PaymentId>,
    KeyedBody { keyed, body, cx }: KeyedBody<ApplyRequest>,
) -> Result<Response, Problem> {
    let named = named(body.repayments)?;
    let work = once(&app, keyed, cx, async move |tx, cx| {
        let applied = super::apply(tx, cx, cx.actor.scope(), id, body.amount, named.clone()).await?;
        answer(StatusCode::OK, applied)
    });
    Ok(work.await)
}

/// How something that was kept is given back.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// How much; all that is kept where it is left out.
    #[serde(default)]
    amount: Option<Money>,
    /// How it is paid.
    method: Method,
    /// The reference of that; needed for everything but cash.
    #[serde(default)]
    reference: Option<String>,
}

/// Gives back what was kept of a payment.
#[utoipa::path(
    post, path = "/api/v1/credit/payments/{id}/refund", tag = "credit", request_body = RefundRequest,
    params(
        ("id" = PaymentId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")
    ),
    responses(
        (status = 200, body = PaymentWithRepayments), (status = 404),
        (status = 409, description = "`ABOVE_UNAPPLIED` with `maximum`, or `PAYMENT_REVERSED`.")
    )
)]
pub(crate) async fn refund(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<PaymentId>,
    KeyedBody { keyed, body, cx }: KeyedBody<RefundRequest>,
) -> Response {
    let refund = Refund { amount: body.amount, method: body.method, reference: body.reference };
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::OK, super::refund(tx, cx, cx.actor.scope(), id, &refund).await?)
    })
    .await
}

/// Whose history is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    /// Whose; a retailer's own where it is left out.
    retailer_id: Option<RetailerId>,
    /// Only with this vendor.
    vendor_id: Option<VendorId>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What happened to a retailer's credit, as journal entries, the newest first.
#[utoipa::path(
    get, path = "/api/v1/credit/history", tag = "credit", params(HistoryQuery),
    responses((status = 200, body = Page<Entry>))
)]
pub(crate) async fn history(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<Entry>>, Problem> {
    let scope = cx.actor.scope();
    let retailer = query.retailer_id.or(scope.retailer());
    let retailer = retailer.ok_or_else(|| Problem::field("retailerId", "whose history is wanted"))?;
    let page = PageRequest::new(query.limit, query.after);
    app.db.read(async move |tx| Ok(Json(ledger::history(tx, scope, retailer, query.vendor_id, &page).await?))).await
}
