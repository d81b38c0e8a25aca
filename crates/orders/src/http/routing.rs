//! Routing over HTTP: why an order went where it went, where it could go, and an operator's say; and the older paths.

use ::routing::{Decision, Offer, StoredDecision};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use db::DbError;
use http::StatusCode;
use kernel::{OfferId, OrderId, VendorId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Operator, PathId, Problem, StoredAnswer};

use super::{Changed, answer_order, not_a_vendor, refused};
use crate::lifecycle;
use crate::reroute::{RerouteRefusal, override_vendor, recommendations, reroute};
use crate::store;

#[expect(deprecated, reason = "older paths answer too")]
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(routed))
        .routes(routes!(recommended))
        .routes(routes!(route))
        .routes(routes!(overridden))
        .routes(routes!(older_route))
        .routes(routes!(older_accept))
        .routes(routes!(older_reject))
}

#[derive(Serialize, utoipa::ToSchema)]
struct Routed {
    /// Every decision, with every candidate and its scores.
    decisions: Vec<StoredDecision>,
    /// Every offer.
    offers: Vec<Offer>,
}

/// Why an order went where it went. Vendors do not see their rivals.
#[utoipa::path(get, path = "/api/v1/order-routing/order/{orderId}", tag = "routing", params(("orderId" = OrderId, Path)), responses((status = 200, body = Routed), (status = 404)))]
async fn routed(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<OrderId>,
) -> Result<Json<Routed>, Problem> {
    let found = app.db.read(async move |tx| match store::find(tx, cx.actor.scope(), id).await? {
        Some(order) => {
            let decisions = ::routing::decisions(tx, order.retailer_id, order.id).await?;
            let offers = ::routing::offers_of_order(tx, order.retailer_id, order.id).await?;
            Ok::<_, DbError>(Some(Routed { decisions, offers }))
        }
        None => Ok(None),
    });
    found.await?.map(Json).ok_or_else(|| Problem::not_found("order"))
}

/// What routing would say of an order now, as if it were with no vendor: those that could take it, best first, then the
/// others with what stands against them.
#[utoipa::path(get, path = "/api/v1/order-routing/recommendations/{orderId}", tag = "routing", params(("orderId" = OrderId, Path)), responses((status = 200, body = Decision), (status = 404)))]
async fn recommended(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<OrderId>,
) -> Result<Json<Decision>, Problem> {
    let scope = cx.actor.scope();
    let found = app.db.read(async move |tx| recommendations(tx, &cx, scope, id).await).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("order"))
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reroute {
    /// Why it leaves the vendor it is with.
    reason: String,
}

/// Takes an order from the vendor it is with and puts it before the best one that was not asked yet.
#[utoipa::path(
    post, path = "/api/v1/order-routing/route/{orderId}", tag = "routing", request_body = Reroute,
    params(("orderId" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, body = Changed, description = "OFFERED, or FAILED with `NO_VENDOR`."), (status = 404),
        (status = 409, description = "`INVALID_TRANSITION`: only before dispatch.")
    )
)]
async fn route(
    State(app): State<App>,
    _: Operator,
    PathId(id): PathId<OrderId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Reroute>,
) -> Response {
    web::once(&app, keyed, cx, async move |tx, cx| answer_order(reroute(tx, cx, id, &body.reason).await?)).await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Override {
    /// Whom it goes to.
    vendor_id: VendorId,
    /// Why.
    reason: String,
}

/// Puts an order before a vendor of the operator's choice; the order check still holds. Where the vendor cannot take it,
/// the order stays where it is.
#[utoipa::path(
    post, path = "/api/v1/order-routing/override/{orderId}", tag = "routing", request_body = Override,
    params(("orderId" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, body = Changed), (status = 404),
        (status = 409, description = "`INVALID_TRANSITION`; the order check's first reason, or `INSUFFICIENT_STOCK`, `NOT_SOLD`, `BELOW_MINIMUM_QUANTITY`.")
    )
)]
async fn overridden(
    State(app): State<App>,
    _: Operator,
    PathId(id): PathId<OrderId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Override>,
) -> Response {
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        match override_vendor(tx, cx, id, body.vendor_id, &body.reason).await? {
            Ok(order) => StoredAnswer::json(StatusCode::OK, &Changed { order, cycle: None }),
            Err(RerouteRefusal::Order(refusal)) => Ok(Problem::from(refusal).stored()),
            Err(RerouteRefusal::Vendor(refusal)) => Ok(refused(&refusal).stored()),
        }
    });
    answer.await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OlderRoute {
    /// The order.
    order_id: OrderId,
    /// Why it leaves the vendor it is with.
    reason: String,
}

/// The older path of `order-routing/route/{orderId}`.
#[utoipa::path(
    post, path = "/api/v1/order-routing/route", tag = "routing", request_body = OlderRoute,
    params(("Idempotency-Key" = String, Header)), responses((status = 200, body = Changed), (status = 404))
)]
#[deprecated]
async fn older_route(
    State(app): State<App>,
    _: Operator,
    KeyedBody { keyed, body, cx }: KeyedBody<OlderRoute>,
) -> Response {
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        answer_order(reroute(tx, cx, body.order_id, &body.reason).await?)
    });
    answer.await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OlderAccept {
    /// The offer.
    offer_id: OfferId,
}

/// The older path of `order-routing/accept/{offerId}`.
#[utoipa::path(
    post, path = "/api/v1/order-routing/accept", tag = "routing", request_body = OlderAccept,
    params(("Idempotency-Key" = String, Header)), responses((status = 200, body = Changed), (status = 404))
)]
#[deprecated]
async fn older_accept(State(app): State<App>, KeyedBody { keyed, body, cx }: KeyedBody<OlderAccept>) -> Response {
    if let Some(problem) = not_a_vendor(&cx) {
        return problem.into_response();
    }
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        answer_order(lifecycle::accept(tx, cx, cx.actor.scope(), body.offer_id).await?)
    });
    answer.await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OlderReject {
    /// The offer.
    offer_id: OfferId,
    /// Why.
    reason: String,
}

/// The older path of `order-routing/reject/{offerId}`.
#[utoipa::path(
    post, path = "/api/v1/order-routing/reject", tag = "routing", request_body = OlderReject,
    params(("Idempotency-Key" = String, Header)), responses((status = 200, body = Changed), (status = 404))
)]
#[deprecated]
async fn older_reject(State(app): State<App>, KeyedBody { keyed, body, cx }: KeyedBody<OlderReject>) -> Response {
    if let Some(problem) = not_a_vendor(&cx) {
        return problem.into_response();
    }
    if body.reason.trim().is_empty() {
        return Problem::field("reason", "why, in words").into_response();
    }
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        answer_order(lifecycle::reject(tx, cx, cx.actor.scope(), body.offer_id, &body.reason).await?)
    });
    answer.await
}
