//! Orders and offers over HTTP.

mod recovery;
mod routing;

use ::routing::{Ineligible, Offer};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use credit::PaymentMode;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Actor, BusinessDate, Context, LineId, Money, OfferId, OrderId, Page, PageRequest, RetailerId, VendorId};
use ledger::Period;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Member, PageQuery, PathId, Problem, Query, StoredAnswer, VendorOrOperator};

use crate::arrival;
use crate::deliver::{Arrived, Proof, deliver};
use crate::desk::{Placing, PlacingDesk};
use crate::lifecycle::{self, Refusal};
use crate::place::{Outcome, Place, PlaceRefusal};
use crate::returned::{NewReturn, Returned, return_goods};
use crate::statement::{LineStatement, line_statement};
use crate::{DeliveryPlace, Filter, Order, OrderEvent, OrderState, Wanted, store};

/// The routes of this room; orders are placed at the desk.
pub fn routes(desk: PlacingDesk) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(place, list))
        .routes(routes!(get))
        .routes(routes!(change_status))
        .routes(routes!(give_back))
        .routes(routes!(events))
        .routes(routes!(pending))
        .routes(routes!(accept))
        .routes(routes!(reject))
        .routes(routes!(statement))
        .merge(routing::routes())
        .merge(recovery::routes())
        .layer(Extension(desk))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PlaceOrder {
    /// Who orders; a retailer may leave it out.
    #[serde(default)]
    retailer_id: Option<RetailerId>,
    /// The vendor; routing chooses where it is left out.
    #[serde(default)]
    vendor_id: Option<VendorId>,
    /// On credit or for cash.
    payment_mode: PaymentMode,
    /// What is wanted: 1 to 200 lines of different products.
    lines: Vec<Wanted>,
    /// Where it goes; the retailer's own place where it is left out.
    #[serde(default)]
    place: Option<DeliveryPlace>,
    /// The total that was seen; where it is another one by now, nothing is placed.
    #[serde(default)]
    expected_total: Option<Money>,
}

/// Places an order: checks it, holds credit and stock with the vendor, makes the first offer.
#[utoipa::path(
    post, path = "/api/v1/orders", tag = "orders", request_body = PlaceOrder,
    params(("Idempotency-Key" = String, Header)),
    responses(
        (status = 201, body = Order, description = "OFFERED, or FAILED with `NO_VENDOR`."),
        (status = 409, description = "The order check's first reason, or `INSUFFICIENT_STOCK`, `NOT_SOLD`, `BELOW_MINIMUM_QUANTITY`; with `available`, `shortfall`, `remedy`. `PRICE_CHANGED` with `total`."),
        (status = 422, description = "`VALIDATION` with the field.")
    )
)]
async fn place(Extension(desk): Extension<PlacingDesk>, request: KeyedBody<PlaceOrder>) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    let retailer = match (cx.actor, body.retailer_id) {
        (Actor::Retailer(own), None) => own,
        (Actor::Retailer(own), Some(asked)) if own == asked => own,
        (Actor::Operator(_), Some(asked)) => asked,
        (Actor::Operator(_), None) => return Problem::field("retailerId", "the retailer who orders").into_response(),
        (Actor::Retailer(_), Some(_)) => return Problem::not_found("retailer").into_response(),
        _ => {
            let detail = "a vendor cannot order; a retailer or an operator can";
            return Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail).into_response();
        }
    };
    let place = Place {
        cx,
        retailer,
        vendor: body.vendor_id,
        mode: body.payment_mode,
        lines: body.lines,
        place: body.place,
        draft: None,
        retry_of: None,
        expected_total: body.expected_total,
    };
    match desk.submit(Placing { place, keyed }).await {
        Ok(answer) => answer.into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The answer to an outcome, as it is stored under the order's key.
pub(crate) fn answer(outcome: &Outcome) -> Result<StoredAnswer, DbError> {
    match outcome {
        Outcome::Placed(placed) => {
            let location = format!("/api/v1/orders/{}", placed.order.id);
            Ok(StoredAnswer::json(StatusCode::CREATED, &placed.order)?.header("location", location))
        }
        Outcome::Refused(refusal) => Ok(refused(refusal).stored()),
    }
}

fn refused(refusal: &PlaceRefusal) -> Problem {
    match refusal {
        PlaceRefusal::Field { field, right } => Problem::field(field.clone(), *right),
        PlaceRefusal::UnknownRetailer(_) => Problem::field("retailerId", "a retailer that exists"),
        PlaceRefusal::UnknownVendor(_) => Problem::field("vendorId", "a vendor that exists"),
        PlaceRefusal::UnknownProduct(product) => {
            Problem::field("lines", format!("products of the catalogue; there is no {product}"))
        }
        PlaceRefusal::Check(check) => {
            let mut problem = Problem::conflict(refusal.code(), refusal.to_string());
            if let Ok(serde_json::Value::Object(members)) = serde_json::to_value(check) {
                for (member, value) in members {
                    problem = problem.with(&member, value);
                }
            }
            problem
        }
        PlaceRefusal::Supply { line, why } => {
            let problem = Problem::conflict(refusal.code(), refusal.to_string()).with("line", *line);
            match why {
                Ineligible::NotEnoughStock { free, .. } => problem.with("free", *free),
                Ineligible::BelowMinimum { minimum, .. } => problem.with("minimum", *minimum),
                _ => problem,
            }
        }
        PlaceRefusal::TotalChanged { total, .. } => {
            Problem::conflict(refusal.code(), refusal.to_string()).with("total", total.to_string())
        }
        PlaceRefusal::DraftGone | PlaceRefusal::TooLarge => Problem::conflict(refusal.code(), refusal.to_string()),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        let problem = match &refusal {
            Refusal::NotFound => return Self::not_found("order"),
            Refusal::Field { field, right } => return Self::field(field.clone(), *right),
            Refusal::ReasonRequired => return Self::field("reason", "why, in words"),
            Refusal::NotAllowed { .. } => return Self::new(StatusCode::FORBIDDEN, refusal.code(), text),
            _ => Self::conflict(refusal.code(), text),
        };
        match refusal {
            Refusal::InvalidTransition { from, .. } => {
                let allowed: Vec<&str> = from.next().iter().map(|state| state.as_str()).collect();
                problem.with("state", from.as_str()).with("allowed", allowed)
            }
            Refusal::WrongCode { left } => problem.with("triesLeft", left),
            Refusal::AboveReturnable { maximum } => problem.with("maximum", maximum.to_string()),
            Refusal::NotFailed { state } => problem.with("state", state.as_str()),
            Refusal::OfferExpired { deadline } => problem.with("deadline", deadline.to_string()),
            _ => problem,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrderQuery {
    /// Only of this retailer.
    retailer_id: Option<RetailerId>,
    /// Only of this vendor.
    vendor_id: Option<VendorId>,
    /// Only in this state.
    state: Option<OrderState>,
    /// At most this many.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Orders, newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrderQuery), responses((status = 200, body = Page<Order>)))]
async fn list(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<OrderQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    let filter = Filter { retailer: query.retailer_id, vendor: query.vendor_id, state: query.state };
    let page = kernel::PageRequest::new(query.limit, query.after);
    Ok(Json(app.db.read(async move |tx| store::list(tx, cx.actor.scope(), &filter, &page).await).await?))
}

/// One order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, body = Order), (status = 404)))]
async fn get(State(app): State<App>, Member(cx): Member, PathId(id): PathId<OrderId>) -> Result<Json<Order>, Problem> {
    let found = app.db.read(async move |tx| store::find(tx, cx.actor.scope(), id).await).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("order"))
}

/// The status log of an order, oldest first.
#[utoipa::path(get, path = "/api/v1/orders/{id}/events", tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, body = Vec<OrderEvent>), (status = 404)))]
async fn events(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<OrderId>,
) -> Result<Json<Vec<OrderEvent>>, Problem> {
    let found = app.db.read(async move |tx| match store::find(tx, cx.actor.scope(), id).await? {
        Some(order) => store::events(tx, order.retailer_id, order.id).await.map(Some),
        None => Ok::<_, DbError>(None),
    });
    found.await?.map(Json).ok_or_else(|| Problem::not_found("order"))
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangeStatus {
    /// `DISPATCHED`, `DELIVERED`, `CANCELLED`, `FAILED`, or `OFFERED` where a vendor withdraws. `DELIVERED` by a vendor
    /// without the code is its word, which the retailer is asked about; the order stays `DISPATCHED` until then.
    status: OrderState,
    /// Why; required to cancel, fail, withdraw, and for an operator to confirm a delivery.
    #[serde(default)]
    reason: Option<String>,
    /// The retailer's code, to confirm a delivery.
    #[serde(default)]
    delivery_code: Option<String>,
    /// What arrived of the lines that did not arrive whole.
    #[serde(default)]
    arrived: Vec<Arrived>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Changed {
    /// The order.
    #[serde(flatten)]
    order: Order,
    /// The cycle that a delivery on credit opened.
    cycle: Option<credit::Cycle>,
}

/// Moves an order along: dispatch, delivery, cancellation, failure, withdrawal.
#[utoipa::path(
    patch, path = "/api/v1/orders/{id}/status", tag = "orders", request_body = ChangeStatus,
    params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "`NOT_ALLOWED`"),
        (status = 404),
        (status = 409, description = "`INVALID_TRANSITION` with `allowed`, `WRONG_DELIVERY_CODE` with `triesLeft`, `DELIVERY_CODE_LOCKED`.")
    )
)]
async fn change_status(
    State(app): State<App>,
    PathId(id): PathId<OrderId>,
    request: KeyedBody<ChangeStatus>,
) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    web::once(&app, keyed, cx, async move |tx, cx| change(tx, cx, id, &body).await).await
}

async fn change(tx: &mut Tx, cx: &Context, id: OrderId, body: &ChangeStatus) -> Result<StoredAnswer, DbError> {
    let (scope, reason) = (cx.actor.scope(), body.reason.clone().unwrap_or_default());
    let answered = match body.status {
        OrderState::Dispatched => lifecycle::dispatch(tx, cx, scope, id).await?,
        OrderState::Cancelled => lifecycle::cancel(tx, cx, scope, id, &reason).await?,
        OrderState::Failed => lifecycle::fail(tx, cx, scope, id, &reason).await?,
        OrderState::Offered => lifecycle::withdraw(tx, cx, scope, id, &reason).await?,
        OrderState::Delivered => {
            let proof = match (&body.delivery_code, cx.actor) {
                (Some(code), _) => Proof::Code(code.clone()),
                // A vendor's own word is put before the retailer; the order stays DISPATCHED.
                (None, Actor::Vendor(_)) => return answer_order(arrival::mark_delivered(tx, cx, scope, id).await?),
                (None, Actor::Retailer(_)) => Proof::Received,
                (None, _) => Proof::Operator(reason),
            };
            return match deliver(tx, cx, scope, id, &proof, &body.arrived).await? {
                Ok(delivered) => {
                    let changed = Changed { order: delivered.order, cycle: delivered.cycle };
                    StoredAnswer::json(StatusCode::OK, &changed)
                }
                Err(refusal) => Ok(Problem::from(refusal).stored()),
            };
        }
        OrderState::Draft | OrderState::Placed | OrderState::Confirmed | OrderState::Expired => {
            let right = "DISPATCHED, DELIVERED, CANCELLED, FAILED or OFFERED; a vendor confirms by accepting its offer";
            return Ok(Problem::field("status", right).stored());
        }
    };
    answer_order(answered)
}

fn answer_order(answered: Result<Order, Refusal>) -> Result<StoredAnswer, DbError> {
    match answered {
        Ok(order) => StoredAnswer::json(StatusCode::OK, &Changed { order, cycle: None }),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    }
}

/// Takes back goods of a cash sale; their price is given back in cash.
#[utoipa::path(
    post, path = "/api/v1/admin/orders/{id}/return", tag = "orders", request_body = NewReturn,
    params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 201, body = Returned), (status = 404),
        (status = 409, description = "`NOT_A_CASH_SALE`, `ABOVE_RETURNABLE` with `maximum`.")
    )
)]
async fn give_back(
    State(app): State<App>,
    _caller: web::Operator,
    PathId(id): PathId<OrderId>,
    request: KeyedBody<NewReturn>,
) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    let answer = web::once(&app, keyed, cx, async move |tx, cx| {
        match return_goods(tx, cx, cx.actor.scope(), id, &body).await? {
            Ok(returned) => StoredAnswer::json(StatusCode::CREATED, &returned),
            Err(refusal) => Ok(Problem::from(refusal).stored()),
        }
    });
    answer.await
}

/// What is before a vendor now.
#[utoipa::path(get, path = "/api/v1/order-routing/vendor/{vendorId}/pending", tag = "routing", params(("vendorId" = VendorId, Path), PageQuery), responses((status = 200, body = Page<Offer>), (status = 404)))]
async fn pending(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(vendor): PathId<VendorId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Offer>>, Problem> {
    if cx.actor.scope().vendor().is_some_and(|own| own != vendor) {
        return Err(Problem::not_found("vendor"));
    }
    let page = query.page();
    Ok(Json(app.db.read(async move |tx| ::routing::open_offers(tx, vendor, cx.now, &page).await).await?))
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Accept {}

/// Accepts an offer.
#[utoipa::path(
    post, path = "/api/v1/order-routing/accept/{offerId}", tag = "routing", request_body = Accept,
    params(("offerId" = OfferId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Changed), (status = 404), (status = 409, description = "`OFFER_EXPIRED`, `OFFER_ANSWERED`"))
)]
async fn accept(State(app): State<App>, PathId(id): PathId<OfferId>, request: KeyedBody<Accept>) -> Response {
    let KeyedBody { keyed, cx, .. } = request;
    if let Some(problem) = not_a_vendor(&cx) {
        return problem.into_response();
    }
    web::once(&app, keyed, cx, async move |tx, cx| answer_order(lifecycle::accept(tx, cx, cx.actor.scope(), id).await?))
        .await
}

fn not_a_vendor(cx: &Context) -> Option<Problem> {
    let detail = "only the vendor, or an operator in its place, can answer an offer";
    matches!(cx.actor, Actor::Retailer(_)).then(|| Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail))
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reject {
    /// Why.
    reason: String,
}

/// Rejects an offer; the order goes to the next vendor.
#[utoipa::path(
    post, path = "/api/v1/order-routing/reject/{offerId}", tag = "routing", request_body = Reject,
    params(("offerId" = OfferId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Changed), (status = 404), (status = 409, description = "`OFFER_EXPIRED`, `OFFER_ANSWERED`"))
)]
async fn reject(State(app): State<App>, PathId(id): PathId<OfferId>, request: KeyedBody<Reject>) -> Response {
    let KeyedBody { keyed, cx, body } = request;
    if let Some(problem) = not_a_vendor(&cx) {
        return problem.into_response();
    }
    if body.reason.trim().is_empty() {
        return Problem::field("reason", "why, in words").into_response();
    }
    web::once(&app, keyed, cx, async move |tx, cx| {
        answer_order(lifecycle::reject(tx, cx, cx.actor.scope(), id, &body.reason).await?)
    })
    .await
}

/// Which part of a statement is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct StatementQuery {
    /// From this business date; from the beginning where it is left out.
    from: Option<BusinessDate>,
    /// Up to this business date, with it; today where it is left out.
    to: Option<BusinessDate>,
    /// At most this many entries, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What was owed on a line before a period, what happened in it, and what was owed after it.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/statement", tag = "credit", params(("id" = LineId, Path), StatementQuery),
    responses((status = 200, body = LineStatement), (status = 404))
)]
async fn statement(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
    Query(query): Query<StatementQuery>,
) -> Result<Json<LineStatement>, Problem> {
    let StatementQuery { from, to, limit, after } = query;
    let (scope, today, page) = (cx.actor.scope(), cx.today(), PageRequest::new(limit, after));
    if from.is_some_and(|from| from > to.unwrap_or(today)) {
        return Err(Problem::field("from", "a date not after `to`, which is today where it is left out"));
    }
    app.db
        .read(async move |tx| {
            let found = line_statement(tx, scope, id, Period { from, to }, today, &page).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("credit line"))
        })
        .await
}
