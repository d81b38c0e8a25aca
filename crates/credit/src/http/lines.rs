//! `credit/lines`, `credit/check`, `credit/reservations`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Context, LineId, Money, Page, PageRequest, ReservationId, RetailerId, VendorId};
use ledger::Entry;
use serde::{Deserialize, Serialize};
use web::{
    App, Body, IfMatch, Keyed, KeyedBody, Member, PageQuery, PathId, Problem, Query, StoredAnswer, VendorOrOperator,
    once,
};

use super::care::Why;
use super::{etag, problem};
use crate::check::{Check, PaymentMode};
use crate::exposure::{Availability, availability, check_now};
use crate::lines::{LineChange, NewLine, RecordedChange, change_line, create_line, line_changes};
use crate::model::{Cycle, Line, LineStatus, Reservation};
use crate::store::cycles::CycleFilter;
use crate::store::lines::{LineFilter, line, lines_page, terms_of};
use crate::store::reservations::active_reservations;
use crate::terms::SettlementTerms;

/// Which lines are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LinesQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// Only this vendor's.
    vendor_id: Option<VendorId>,
    /// Only those of which more is used than their limit allows.
    #[serde(default)]
    over_limit: bool,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A line and the settlement terms that its next cycle gets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct LineWithTerms {
    #[serde(flatten)]
    line: Line,
    settlement: SettlementTerms,
}

/// The lines that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/credit/lines", tag = "credit", params(LinesQuery),
    responses((status = 200, body = Page<Line>))
)]
pub(super) async fn list(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<LinesQuery>,
) -> Result<Json<Page<Line>>, Problem> {
    let filter = LineFilter { retailer: query.retailer_id, vendor: query.vendor_id, over_limit: query.over_limit };
    let page = PageRequest::new(query.limit, query.after);
    let (scope, today) = (cx.actor.scope(), cx.today());
    app.db.read(async move |tx| Ok(Json(lines_page(tx, scope, filter, &page, today).await?))).await
}

/// Grants a retailer a line with a vendor. A vendor grants its own.
#[utoipa::path(
    post, path = "/api/v1/credit/lines", tag = "credit", request_body = NewLine,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 201, body = Line), (status = 409, description = "`LINE_EXISTS`."))
)]
pub(super) async fn create(
    State(app): State<App>,
    _caller: VendorOrOperator,
    KeyedBody { keyed, body, cx }: KeyedBody<NewLine>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| match create_line(tx, cx, body.clone()).await? {
        Ok(line) => {
            let place = format!("/api/v1/credit/lines/{}", line.id);
            Ok(StoredAnswer::json(StatusCode::CREATED, &line)?.header("location", place))
        }
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}

/// A line. Its `ETag` is the version for `If-Match`.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}", tag = "credit", params(("id" = LineId, Path)),
    responses((status = 200, body = LineWithTerms), (status = 404))
)]
pub(super) async fn get(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
) -> Result<([(&'static str, String); 1], Json<LineWithTerms>), Problem> {
    let (scope, today) = (cx.actor.scope(), cx.today());
    app.db
        .read(async move |tx| {
            let line = line(tx, scope, id, today).await?.ok_or_else(|| Problem::not_found("credit line"))?;
            let settlement = terms_of(tx, line.pair(), line.terms_version).await?;
            Ok(([("etag", etag(line.version))], Json(LineWithTerms { line, settlement })))
        })
        .await
}

/// Changes a line's conditions, with a reason.
#[utoipa::path(
    patch, path = "/api/v1/credit/lines/{id}", tag = "credit", request_body = LineChange,
    params(
        ("id" = LineId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Line), (status = 404), (status = 412, description = "`VERSION_MISMATCH` with `version`.")
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<LineId>,
    IfMatch(seen_version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<LineChange>,
) -> Response {
    change_to(&app, keyed, cx, id, LineChange { seen_version, ..body }).await
}

async fn change_to(app: &App, keyed: Keyed, cx: Context, id: LineId, change: LineChange) -> Response {
    once(app, keyed, cx, async move |tx, cx| match change_line(tx, cx, cx.actor.scope(), id, change.clone()).await? {
        Ok(line) => Ok(StoredAnswer::json(StatusCode::OK, &line)?.header("etag", etag(line.version))),
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}

/// Stops new credit on a line; what is held or owed stays.
#[utoipa::path(
    post, path = "/api/v1/credit/lines/{id}/pause", tag = "credit", request_body = Why,
    params(("id" = LineId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = Line), (status = 404))
)]
pub(super) async fn pause(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<LineId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Why>,
) -> Response {
    let change = LineChange { status: Some(LineStatus::Paused), reason: body.reason, ..LineChange::default() };
    change_to(&app, keyed, cx, id, change).await
}

/// Gives new credit on a line again. One that is blocked is lifted by an operator.
#[utoipa::path(
    post, path = "/api/v1/credit/lines/{id}/unpause", tag = "credit", request_body = Why,
    params(("id" = LineId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = Line), (status = 404))
)]
pub(super) async fn unpause(
    State(app): State<App>,
    _caller: VendorOrOperator,
    PathId(id): PathId<LineId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Why>,
) -> Response {
    let change = LineChange { status: Some(LineStatus::Active), reason: body.reason, ..LineChange::default() };
    change_to(&app, keyed, cx, id, change).await
}

/// Every change of a line, the newest first.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/history", tag = "credit", params(("id" = LineId, Path), PageQuery),
    responses((status = 200, body = Page<RecordedChange>), (status = 404))
)]
pub(super) async fn history(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RecordedChange>>, Problem> {
    let (scope, page) = (cx.actor.scope(), query.page());
    app.db
        .read(async move |tx| {
            let found = line_changes(tx, scope, id, &page).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("credit line"))
        })
        .await
}

/// What is left of a line, and what stands in the way of using it.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/available", tag = "credit", params(("id" = LineId, Path)),
    responses((status = 200, body = Availability), (status = 404))
)]
pub(super) async fn available(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
) -> Result<Json<Availability>, Problem> {
    let (scope, now) = (cx.actor.scope(), cx.now);
    app.db
        .read(async move |tx| {
            let found = availability(tx, scope, id, now).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("credit line"))
        })
        .await
}

/// The active reservations of a line.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/reservations", tag = "credit", params(("id" = LineId, Path), PageQuery),
    responses((status = 200, body = Page<Reservation>), (status = 404))
)]
pub(super) async fn reservations(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Reservation>>, Problem> {
    let (scope, today, page) = (cx.actor.scope(), cx.today(), query.page());
    app.db
        .read(async move |tx| {
            let line = line(tx, scope, id, today).await?.ok_or_else(|| Problem::not_found("credit line"))?;
            Ok(Json(active_reservations(tx, scope, line.pair(), &page).await?))
        })
        .await
}

/// The cycles of a line.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/cycles", tag = "credit", params(("id" = LineId, Path), PageQuery),
    responses((status = 200, body = Page<Cycle>), (status = 404))
)]
pub(super) async fn cycles(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Cycle>>, Problem> {
    let (scope, today, page) = (cx.actor.scope(), cx.today(), query.page());
    app.db
        .read(async move |tx| {
            let line = line(tx, scope, id, today).await?.ok_or_else(|| Problem::not_found("credit line"))?;
            let (retailer, vendor) = (Some(line.retailer_id), Some(line.vendor_id));
            let filter = CycleFilter { retailer, vendor, ..CycleFilter::default() };
            Ok(Json(crate::store::cycles::cycles(tx, scope, filter, &page).await?))
        })
        .await
}

/// The journal entries of a line's book.
#[utoipa::path(
    get, path = "/api/v1/credit/lines/{id}/entries", tag = "credit", params(("id" = LineId, Path), PageQuery),
    responses((status = 200, body = Page<Entry>), (status = 404))
)]
pub(super) async fn entries(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<LineId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Entry>>, Problem> {
    let (scope, today, page) = (cx.actor.scope(), cx.today(), query.page());
    app.db
        .read(async move |tx| {
            let line = line(tx, scope, id, today).await?.ok_or_else(|| Problem::not_found("credit line"))?;
            Ok(Json(ledger::entries(tx, scope, line.retailer_id, line.vendor_id, &page).await?))
        })
        .await
}

/// An order that is to be checked.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CheckRequest {
    /// Who would order.
    retailer_id: RetailerId,
    /// From whom.
    vendor_id: VendorId,
    /// For how much; above zero.
    amount: Money,
    /// How it would be paid; on credit where it is left out.
    #[serde(default = "on_credit")]
    payment_mode: PaymentMode,
}

const fn on_credit() -> PaymentMode {
    PaymentMode::Credit
}

/// Whether an order would pass, with every reason why not and what would help. Nothing is taken.
#[utoipa::path(
    post, path = "/api/v1/credit/check", tag = "credit", request_body = CheckRequest,
    responses((status = 200, body = Check), (status = 404))
)]
pub(super) async fn check(
    State(app): State<App>,
    Member(cx): Member,
    Body(body): Body<CheckRequest>,
) -> Result<Json<Check>, Problem> {
    let (scope, now, pair) = (cx.actor.scope(), cx.now, (body.retailer_id, body.vendor_id));
    app.db
        .read(async move |tx| {
            let checked = check_now(tx, scope, pair, body.amount, body.payment_mode, now).await?;
            checked.map(Json).map_err(|refusal| problem(&refusal))
        })
        .await
}

/// A reservation, with the cycle and the journal entry it became.
#[utoipa::path(
    get, path = "/api/v1/credit/reservations/{id}", tag = "credit", params(("id" = ReservationId, Path)),
    responses((status = 200, body = Reservation), (status = 404))
)]
pub(super) async fn reservation(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<ReservationId>,
) -> Result<Json<Reservation>, Problem> {
    let scope = cx.actor.scope();
    app.db
        .read(async move |tx| {
            let found = crate::store::reservations::reservation(tx, scope, id).await?;
            found.map(Json).ok_or_else(|| Problem::not_found("reservation"))
        })
        .await
}
