//! What operators do about orders that came to nothing: `admin/orders/…`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use credit::PaymentMode;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, OrderId, Page, PageRequest, RetailerId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Operator, PageQuery, PathId, Problem, Query, StoredAnswer};

use super::refused;
use crate::draft::{expire_draft, stale_drafts};
use crate::retry::{RetryRefusal, retry};
use crate::{Filter, Order, OrderState, store};

/// Drafts that one request expires.
const AT_ONCE: i64 = 500;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(retry_order))
        .routes(routes!(failed))
        .routes(routes!(pending))
        .routes(routes!(expire_pending))
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Retry {
    /// On credit or for cash; as before where it is left out.
    #[serde(default)]
    payment_mode: Option<PaymentMode>,
}

/// Places an order that failed, or a draft that expired, anew: today's prices, a fresh check. Once: a second request
/// answers the order that the first one made.
#[utoipa::path(
    post, path = "/api/v1/admin/orders/{id}/retry", tag = "orders", request_body = Retry,
    params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 201, body = Order, description = "OFFERED, or FAILED with `NO_VENDOR`."),
        (status = 200, body = Order, description = "The order that an earlier retry made."), (status = 404),
        (status = 409, description = "`ORDER_NOT_FAILED` with `state`, or what placing the order is refused with.")
    )
)]
async fn retry_order(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<OrderId>,
    request: KeyedBody<Retry>,
) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        Ok(match retry(tx, cx, cx.actor.scope(), id, body.payment_mode).await? {
            Ok(retried) => {
                let status = if retried.is_new { StatusCode::CREATED } else { StatusCode::OK };
                let location = format!("/api/v1/orders/{}", retried.order.id);
                StoredAnswer::json(status, &retried.order)?.header("location", location)
            }
            Err(RetryRefusal::Order(refusal)) => Problem::from(refusal).stored(),
            Err(RetryRefusal::Place(refusal)) => refused(&refusal).stored(),
        })
    });
    answer.await
}

async fn of_retailer(
    app: &App,
    cx: Context,
    retailer: RetailerId,
    state: OrderState,
    page: PageRequest,
) -> Result<Json<Page<Order>>, Problem> {
    let filter = Filter { retailer: Some(retailer), vendor: None, state: Some(state) };
    Ok(Json(app.db.read(async move |tx| store::list(tx, cx.actor.scope(), &filter, &page).await).await?))
}

/// A retailer's orders that failed, newest first, each with its reason.
#[utoipa::path(get, path = "/api/v1/admin/orders/failed/{retailerId}", tag = "orders", params(("retailerId" = RetailerId, Path), PageQuery), responses((status = 200, body = Page<Order>)))]
async fn failed(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(retailer): PathId<RetailerId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    of_retailer(&app, cx, retailer, OrderState::Failed, query.page()).await
}

/// A retailer's unfinished carts, newest first.
#[utoipa::path(get, path = "/api/v1/admin/orders/pending/{retailerId}", tag = "orders", params(("retailerId" = RetailerId, Path), PageQuery), responses((status = 200, body = Page<Order>)))]
async fn pending(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(retailer): PathId<RetailerId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    of_retailer(&app, cx, retailer, OrderState::Draft, query.page()).await
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpirePending {}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExpiredPending {
    /// How many drafts expired now.
    expired: usize,
    /// Whether there may be more: then ask again, under a new key.
    has_more: bool,
}

/// Expires drafts that were left alone for 24 hours, up to 500 at once, without waiting for the schedule.
#[utoipa::path(
    post, path = "/api/v1/admin/orders/expire-pending", tag = "orders", request_body = ExpirePending,
    params(("Idempotency-Key" = String, Header)), responses((status = 200, body = ExpiredPending))
)]
async fn expire_pending(State(app): State<App>, _caller: Operator, request: KeyedBody<ExpirePending>) -> Response {
    let KeyedBody { keyed, cx, .. } = request;
    web::once(&app, keyed, cx, async move |tx, cx| StoredAnswer::json(StatusCode::OK, &expire(tx, cx).await?)).await
}

async fn expire(tx: &mut Tx, cx: &Context) -> Result<ExpiredPending, DbError> {
    let stale = stale_drafts(tx, cx.now, AT_ONCE).await?;
    let has_more = i64::try_from(stale.len()).is_ok_and(|found| found == AT_ONCE);
    let mut expired = 0;
    for id in stale {
        expired += usize::from(expire_draft(tx, cx, id).await?);
    }
    Ok(ExpiredPending { expired, has_more })
}
