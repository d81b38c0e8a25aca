//! What is done to one cycle beside repaying it: `credit/cycles/:id` (due date, note), its dispute, promise and closing,
//! `credit/disputes`, `admin/adjustment/create`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::{CycleId, DisputeId, Page};
use serde::{Deserialize, Serialize};
use web::{App, IfMatch, KeyedBody, Member, Operator, PathId, Problem, Query, StoredAnswer, VendorOrOperator, once};

use super::problem;
use crate::adjustments::{Adjusted, Adjustment, NewAdjustment, adjust};
use crate::closing::{CycleChange, change_cycle, close};
use crate::disputes::{Decision, Dispute, DisputeStatus, NewDispute, decide_dispute, dispute};
use crate::model::Cycle;
use crate::promises::{NewPromise, Promise, promise};
use crate::refusal::Refusal;
use crate::store;

/// Why something is done.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Why {
    /// Why; 1 to 500 characters.
    pub(super) reason: String,
}

/// The stored answer of a use case.
pub(super) fn answer<T: Serialize>(status: StatusCode, done: Result<T, Refusal>) -> Result<StoredAnswer, DbError> {
    match done {
        Ok(done) => StoredAnswer::json(status, &done),
        Err(refusal) => Ok(problem(&refusal).stored()),
    }
}

/// Extends a cycle's due date (an operator, with a reason; it never shortens) or notes something on it.
#[utoipa::path(
    patch, path = "/api/v1/credit/cycles/{id}", tag = "credit", request_body = CycleChange,
    params(
        ("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Cycle), (status = 404), (status = 409, description = "`CYCLE_CLOSED`."),
        (status = 412, description = "`VERSION_MISMATCH` with `version`.")
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<CycleId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<CycleChange>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::OK, change_cycle(tx, cx, cx.actor.scope(), id, version, &body).await?)
    })
    .await
}

/// Closes a cycle and writes off what is open on it.
#[utoipa::path(
    post, path = "/api/v1/credit/cycles/{id}/close", tag = "credit", request_body = Why,
    params(("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 200, body = Cycle), (status = 404), (status = 409, description = "`CYCLE_CLOSED`, `DISPUTE_OPEN`.")
    )
)]
pub(super) async fn close_cycle(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<CycleId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Why>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::OK, close(tx, cx, cx.actor.scope(), id, &body.reason).await?)
    })
    .await
}

/// Disputes a cycle or one line of its order; its overdue days and interest stand still until the decision.
#[utoipa::path(
    post, path = "/api/v1/credit/cycles/{id}/dispute", tag = "credit", request_body = NewDispute,
    params(("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Dispute), (status = 404), (status = 409, description = "`CYCLE_CLOSED`, `DISPUTE_OPEN`.")
    )
)]
pub(super) async fn dispute_cycle(
    State(app): State<App>,
    _caller: Member,
    PathId(id): PathId<CycleId>,
    KeyedBody { keyed, body, cx }: KeyedBody<NewDispute>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::CREATED, dispute(tx, cx, cx.actor.scope(), id, &body).await?)
    })
    .await
}

/// Upholds a dispute, which takes an amount off the debt, or rejects it. The retailer is told.
#[utoipa::path(
    post, path = "/api/v1/credit/disputes/{id}/decide", tag = "credit", request_body = Decision,
    params(("id" = DisputeId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 200, body = Dispute), (status = 404),
        (status = 409, description = "`DISPUTE_DECIDED`, `ABOVE_OUTSTANDING`.")
    )
)]
pub(super) async fn decide(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<DisputeId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Decision>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::OK, decide_dispute(tx, cx, cx.actor.scope(), id, &body).await?)
    })
    .await
}

/// Which disputes are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DisputesQuery {
    /// Only those of this status.
    status: Option<DisputeStatus>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The disputes that the caller may see, the newest first.
#[utoipa::path(
    get, path = "/api/v1/credit/disputes", tag = "credit", params(DisputesQuery),
    responses((status = 200, body = Page<Dispute>))
)]
pub(super) async fn disputes(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<DisputesQuery>,
) -> Result<Json<Page<Dispute>>, Problem> {
    let (scope, page) = (cx.actor.scope(), kernel::PageRequest::new(query.limit, query.after));
    app.db.read(async move |tx| Ok(Json(store::disputes::disputes(tx, scope, query.status, &page).await?))).await
}

/// Writes down that the retailer promised to pay a cycle by a day.
#[utoipa::path(
    post, path = "/api/v1/credit/cycles/{id}/promise", tag = "credit", request_body = NewPromise,
    params(("id" = CycleId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 201, body = Promise), (status = 404), (status = 409, description = "`CYCLE_CLOSED`."))
)]
pub(super) async fn promise_cycle(
    State(app): State<App>,
    _caller: Member,
    PathId(id): PathId<CycleId>,
    KeyedBody { keyed, body, cx }: KeyedBody<NewPromise>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::CREATED, promise(tx, cx, cx.actor.scope(), id, &body).await?)
    })
    .await
}

/// What was done to a cycle beside repaying it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    adjustments: Vec<Adjustment>,
    disputes: Vec<Dispute>,
    promises: Vec<Promise>,
}

/// A cycle's adjustments, disputes and promises, oldest first.
#[utoipa::path(
    get, path = "/api/v1/credit/cycles/{id}/events", tag = "credit", params(("id" = CycleId, Path)),
    responses((status = 200, body = Events), (status = 404))
)]
pub(super) async fn events(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<CycleId>,
) -> Result<Json<Events>, Problem> {
    let (scope, today) = (cx.actor.scope(), cx.today());
    app.db
        .read(async move |tx| {
            let cycle = store::cycles::cycle(tx, scope, id).await?.ok_or_else(|| Problem::not_found("cycle"))?;
            let adjustments = store::adjustments::of_cycle(tx, cycle.retailer_id, id).await?;
            let disputes = store::disputes::of_cycle(tx, cycle.retailer_id, id).await?;
            let promises = store::promises::of_cycle(tx, &cycle, today).await?;
            Ok(Json(Events { adjustments, disputes, promises }))
        })
        .await
}

/// Adjusts a cycle: a return, a concession, a write-off or a correction. A return of goods that were paid gives back what
/// was paid for them: it waits on the payments, to be applied or refunded.
#[utoipa::path(
    post, path = "/api/v1/admin/adjustment/create", tag = "credit", request_body = NewAdjustment,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses(
        (status = 201, body = Adjusted), (status = 404),
        (status = 409, description = "`ABOVE_OUTSTANDING` or `ABOVE_RETURNABLE` with `maximum`, `CYCLE_CLOSED`.")
    )
)]
pub(super) async fn create_adjustment(
    State(app): State<App>,
    _caller: Operator,
    KeyedBody { keyed, body, cx }: KeyedBody<NewAdjustment>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        answer(StatusCode::CREATED, adjust(tx, cx, cx.actor.scope(), &body).await?)
    })
    .await
}
