//! `risk-control`: scores, alerts, rules, what-if, and what the rules did.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{ActionId, AlertId, Context, Instant, Page, RetailerId};
use serde::{Deserialize, Serialize};
use web::{App, Body, IfMatch, Keyed, KeyedBody, Operator, PageQuery, PathId, Problem, Query, StoredAnswer, once};

use super::{etag, problem};
use crate::alerts::{AlertChange, change_alert};
use crate::changes;
use crate::jobs::{Done, control_one, scores_now};
use crate::model::{Action, Alert};
use crate::rules::Category;
use crate::score::Score;
use crate::simulate::{Played, WhatIf};
use crate::store::{self, RuleVersion, ScoredDay};
use crate::words::component_sentences;

/// A retailer's risk score as it is now, in numbers and in words.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScoreNow {
    /// The retailer.
    retailer_id: RetailerId,
    /// When it was computed.
    at: Instant,
    /// The score.
    #[serde(flatten)]
    score: Score,
    /// The weights of its components, in per cent.
    weights: crate::rules::Weights,
    /// One sentence for each component.
    sentences: Vec<String>,
}

async fn now(app: &App, cx: Context, id: RetailerId) -> Result<Json<ScoreNow>, Problem> {
    app.db
        .read(async move |tx| {
            let in_force = store::rules(tx).await?;
            if !parties::retailers(tx, &[id]).await?.contains_key(&id) {
                return Err(Problem::not_found("retailer"));
            }
            let found = scores_now(tx, &in_force, &[id], cx.now).await?.remove(&id);
            let score = found.map_or_else(|| Score::of_nothing(&in_force.rules.weights), |(score, _)| score);
            let sentences = component_sentences(&score, &in_force.rules.weights, parties::Language::English);
            let weights = in_force.rules.weights;
            Ok(Json(ScoreNow { retailer_id: id, at: cx.now, score, weights, sentences }))
        })
        .await
}

/// A retailer's risk score as it is now, with its inputs and one sentence for each component.
#[utoipa::path(
    get, path = "/api/v1/risk-control/retailers/{id}/score", tag = "risk", params(("id" = RetailerId, Path)),
    responses((status = 200, body = ScoreNow), (status = 404))
)]
pub(super) async fn score(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<ScoreNow>, Problem> {
    now(&app, cx, id).await
}

/// The older path of a retailer's risk score.
#[utoipa::path(
    get, path = "/api/v1/risk-control/score/{retailerId}", tag = "risk", params(("retailerId" = RetailerId, Path)),
    responses((status = 200, body = ScoreNow), (status = 404))
)]
#[deprecated]
pub(super) async fn older_score(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<ScoreNow>, Problem> {
    now(&app, cx, id).await
}

/// A retailer's risk scores, the newest day first: the days on which it changed.
#[utoipa::path(
    get, path = "/api/v1/risk-control/retailers/{id}/score/history", tag = "risk",
    params(("id" = RetailerId, Path), PageQuery), responses((status = 200, body = Page<ScoredDay>))
)]
pub(super) async fn score_history(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ScoredDay>>, Problem> {
    let page = page.page();
    app.db.read(async move |tx| Ok(Json(store::score_days(tx, id, &page).await?))).await
}

/// Which alerts are listed.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct AlertQuery {
    /// `true`: those that are resolved, too.
    #[serde(default)]
    all: bool,
    /// At most this many entries, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// What `next` of the page before said.
    after: Option<String>,
}

async fn list(app: &App, retailer: Option<RetailerId>, query: AlertQuery) -> Result<Json<Page<Alert>>, Problem> {
    let page = kernel::PageRequest::new(query.limit, query.after);
    app.db.read(async move |tx| Ok(Json(store::alerts(tx, retailer, !query.all, &page).await?))).await
}

/// A retailer's alerts, the newest first.
#[utoipa::path(
    get, path = "/api/v1/risk-control/retailers/{id}/alerts", tag = "risk",
    params(("id" = RetailerId, Path), AlertQuery), responses((status = 200, body = Page<Alert>))
)]
pub(super) async fn retailer_alerts(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Page<Alert>>, Problem> {
    list(&app, Some(id), query).await
}

/// Alerts, the newest first.
#[utoipa::path(
    get, path = "/api/v1/risk-control/alerts", tag = "risk", params(AlertQuery),
    responses((status = 200, body = Page<Alert>))
)]
pub(super) async fn alerts(
    State(app): State<App>,
    _caller: Operator,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Page<Alert>>, Problem> {
    list(&app, None, query).await
}

async fn alert_changed(
    app: &App,
    keyed: Keyed,
    cx: Context,
    (id, version): (AlertId, Option<i64>),
    change: AlertChange,
) -> Response {
    once(app, keyed, cx, async move |tx, cx| match change_alert(tx, cx, id, version, change.clone()).await? {
        Ok(alert) => Ok(StoredAnswer::json(StatusCode::OK, &alert)?.header("etag", etag(alert.version))),
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}

/// That an alert was seen.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Seen {
    /// What is to be noted; 1 to 500 characters where it is given.
    #[serde(default)]
    note: Option<String>,
}

/// Notes that somebody has seen an alert.
#[utoipa::path(
    post, path = "/api/v1/risk-control/alerts/{id}/acknowledge", tag = "risk", request_body = Seen,
    params(
        ("id" = AlertId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses((status = 200, body = Alert), (status = 404), (status = 409, description = "`ALERT_RESOLVED`."))
)]
pub(super) async fn acknowledge(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<AlertId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<Seen>,
) -> Response {
    alert_changed(&app, keyed, cx, (id, version), AlertChange::Acknowledge(body.note)).await
}

/// What was done about an alert.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Dealt {
    /// What was done; 1 to 500 characters.
    note: String,
}

/// Notes that somebody has dealt with an alert, and how.
#[utoipa::path(
    post, path = "/api/v1/risk-control/alerts/{id}/resolve", tag = "risk", request_body = Dealt,
    params(
        ("id" = AlertId, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses((status = 200, body = Alert), (status = 404))
)]
pub(super) async fn resolve(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<AlertId>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<Dealt>,
) -> Response {
    alert_changed(&app, keyed, cx, (id, version), AlertChange::Resolve(body.note)).await
}

/// The rules in force, with their versions; version 0 is the default.
#[utoipa::path(
    get, path = "/api/v1/risk-control/rules", tag = "risk", responses((status = 200, body = Vec<RuleVersion>))
)]
pub(super) async fn rules(State(app): State<App>, _caller: Operator) -> Result<Json<Vec<RuleVersion>>, Problem> {
    app.db.read(async move |tx| Ok(Json(store::rules(tx).await?.all()))).await
}

/// The versions of a rule, the newest first.
#[utoipa::path(
    get, path = "/api/v1/risk-control/rules/{category}/history", tag = "risk",
    params(("category" = Category, Path), PageQuery), responses((status = 200, body = Page<RuleVersion>))
)]
pub(super) async fn rule_history(
    State(app): State<App>,
    _caller: Operator,
    PathId(category): PathId<Category>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<RuleVersion>>, Problem> {
    let page = page.page();
    app.db.read(async move |tx| Ok(Json(store::rule_history(tx, category, &page).await?))).await
}

async fn rule_changed(
    app: &App,
    keyed: Keyed,
    cx: Context,
    of: (Category, Option<i64>),
    (rule, reason): (serde_json::Value, String),
) -> Response {
    once(app, keyed, cx, async move |tx, cx| match changes::change_rule(tx, cx, of, rule.clone(), &reason).await? {
        Ok(version) => Ok(StoredAnswer::json(StatusCode::OK, &version)?.header("etag", etag(version.version))),
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}

/// A rule as it is to be.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewRule {
    /// The values of its category; what is left out is as it is by default.
    #[schema(value_type = Object)]
    rule: serde_json::Value,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// Makes a new version of a rule.
#[utoipa::path(
    put, path = "/api/v1/risk-control/rules/{category}", tag = "risk", request_body = NewRule,
    params(
        ("category" = Category, Path), ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = RuleVersion), (status = 412, description = "`VERSION_MISMATCH`."),
        (status = 422, description = "`VALIDATION`: which member is wrong, or what contradicts it.")
    )
)]
pub(super) async fn put_rule(
    State(app): State<App>,
    _caller: Operator,
    PathId(category): PathId<Category>,
    IfMatch(version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<NewRule>,
) -> Response {
    rule_changed(&app, keyed, cx, (category, version), (body.rule, body.reason)).await
}

/// A rule as it is to be, with its category.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewRuleOf {
    /// What is ruled.
    category: Category,
    /// The values of its category; what is left out is as it is by default.
    #[schema(value_type = Object)]
    rule: serde_json::Value,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// The older path of a new version of a rule.
#[utoipa::path(
    post, path = "/api/v1/risk-control/rules", tag = "risk", request_body = NewRuleOf,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = RuleVersion), (status = 422, description = "`VALIDATION`."))
)]
#[deprecated]
pub(super) async fn post_rule(
    State(app): State<App>,
    _caller: Operator,
    KeyedBody { keyed, body, cx }: KeyedBody<NewRuleOf>,
) -> Response {
    rule_changed(&app, keyed, cx, (body.category, None), (body.rule, body.reason)).await
}

/// Nothing is said with it.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Runs risk control over a retailer now: the pause, cuts and restores, the score, its alerts.
#[utoipa::path(
    post, path = "/api/v1/risk-control/check/{id}", tag = "risk", request_body = Nothing,
    params(("id" = RetailerId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = Done), (status = 404))
)]
pub(super) async fn check(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    KeyedBody { keyed, cx, .. }: KeyedBody<Nothing>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        if !parties::retailers(tx, &[id]).await?.contains_key(&id) {
            return Ok(Problem::not_found("retailer").stored());
        }
        // What follows is the rules' doing, whoever asked for it.
        let by_rule = cx.acting_as(kernel::Actor::System);
        StoredAnswer::json(StatusCode::OK, &control_one(tx, &by_rule, id).await?)
    })
    .await
}

/// Plays rules over the stored history without acting.
#[utoipa::path(
    post, path = "/api/v1/risk-control/simulate", tag = "risk", request_body = WhatIf,
    responses((status = 200, body = Played), (status = 422, description = "`VALIDATION`."))
)]
pub(super) async fn simulate(
    State(app): State<App>,
    Operator(cx): Operator,
    Body(body): Body<WhatIf>,
) -> Result<Json<Played>, Problem> {
    crate::simulate::simulate(&app.db, body, cx.now).await?.map(Json).map_err(|refusal| problem(&refusal))
}

/// Which actions are listed.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct ActionQuery {
    /// Only this retailer's.
    retailer_id: Option<RetailerId>,
    /// At most this many entries, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// What `next` of the page before said.
    after: Option<String>,
}

/// What the rules did by themselves, the newest first.
#[utoipa::path(
    get, path = "/api/v1/risk-control/actions", tag = "risk", params(ActionQuery),
    responses((status = 200, body = Page<Action>))
)]
pub(super) async fn actions(
    State(app): State<App>,
    _caller: Operator,
    Query(query): Query<ActionQuery>,
) -> Result<Json<Page<Action>>, Problem> {
    let page = kernel::PageRequest::new(query.limit, query.after);
    app.db.read(async move |tx| Ok(Json(store::actions(tx, query.retailer_id, &page).await?))).await
}

/// Why something is undone.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Why {
    /// Why; 1 to 500 characters.
    reason: String,
}

/// Undoes a pause or a cut. The same cause does not act again.
#[utoipa::path(
    post, path = "/api/v1/risk-control/actions/{id}/undo", tag = "risk", request_body = Why,
    params(("id" = ActionId, Path), ("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 200, body = Action), (status = 404), (status = 409, description = "`ACTION_OVER`."))
)]
pub(super) async fn undo(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<ActionId>,
    KeyedBody { keyed, body, cx }: KeyedBody<Why>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| match changes::undo(tx, cx, id, &body.reason).await? {
        Ok(action) => StoredAnswer::json(StatusCode::OK, &action),
        Err(refusal) => Ok(problem(&refusal).stored()),
    })
    .await
}
