//! `credit/score` and `admin/insights`. A score is computed over all of a retailer's lines, so it is the retailer's and the
//! operators' alone: a vendor would read in it what others lend.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Actor, BusinessDate, Context, Instant, Page, PageRequest, RetailerId};
use parties::Language;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Member, Operator, PathId, Problem, Query, StoredAnswer, once};

use crate::insights::{self, Insight, KeptOverview};
use crate::report::{Report, report, report_on, value_shown};
use crate::rules::{Band, Component};
use crate::seen::{self, Part};
use crate::store::{Cause, HistoryFilter, Past, history};

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own_score))
        .routes(routes!(score))
        .routes(routes!(past_scores))
        .routes(routes!(insight))
        .routes(routes!(insight_message))
        .routes(routes!(system))
        .routes(routes!(regenerate))
}

/// Which score is asked for, and how it is said.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScoreQuery {
    /// By the end of this day, computed from the records; left out, the score as it is kept.
    on: Option<BusinessDate>,
    /// The language of the sentences; the retailer's own where it is left out.
    language: Option<Language>,
}

/// The retailer whose score a caller may see: its own, or any as an operator.
fn allowed(cx: &Context, id: RetailerId) -> Result<RetailerId, Problem> {
    match cx.actor {
        Actor::Operator(_) | Actor::System => Ok(id),
        Actor::Retailer(own) if own == id => Ok(id),
        Actor::Retailer(_) => Err(Problem::not_found("retailer")),
        Actor::Vendor(_) => Err(not_for_vendors()),
    }
}

fn not_for_vendors() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "a score is its retailer's and the operators' to read")
}

async fn read(app: &App, cx: Context, id: RetailerId, query: ScoreQuery) -> Result<Json<Report>, Problem> {
    let (today, on) = (cx.today(), query.on);
    let report = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id);
            let retailer = retailer.ok_or_else(|| Problem::not_found("retailer"))?;
            let language = query.language.unwrap_or(retailer.language);
            if let Some(on) = on {
                if on > today {
                    return Err(Problem::field("on", "today or earlier"));
                }
                return Ok(report_on(tx, id, on, language).await?);
            }
            // Who has just come is not kept yet: the records say the same.
            match report(tx, id, language).await? {
                Some(report) => Ok(report),
                None => Ok(report_on(tx, id, today, language).await?),
            }
        })
        .await?;
    seen::record(&app.db, cx, id, Part::Score(on)).await?;
    Ok(Json(report))
}

/// The caller's own credit score, 300 to 900, with its reasons.
#[utoipa::path(
    get, path = "/api/v1/credit/score", tag = "credit", params(ScoreQuery),
    responses((status = 200, body = Report), (status = 403, description = "`FORBIDDEN`: not a retailer."))
)]
async fn own_score(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<ScoreQuery>,
) -> Result<Json<Report>, Problem> {
    match cx.actor {
        Actor::Retailer(own) => read(&app, cx, own, query).await,
        Actor::Vendor(_) => Err(not_for_vendors()),
        Actor::Operator(_) | Actor::System => {
            Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "operators name the retailer: credit/score/{id}"))
        }
    }
}

/// A retailer's credit score with its reasons. For operators, and for the retailer itself.
#[utoipa::path(
    get, path = "/api/v1/credit/score/{retailerId}", tag = "credit",
    params(("retailerId" = RetailerId, Path), ScoreQuery),
    responses((status = 200, body = Report), (status = 403, description = "`FORBIDDEN` to vendors."), (status = 404))
)]
async fn score(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<ScoreQuery>,
) -> Result<Json<Report>, Problem> {
    let id = allowed(&cx, id)?;
    read(&app, cx, id, query).await
}

/// Which days of a history are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HistoryQuery {
    /// Not before this day.
    from: Option<BusinessDate>,
    /// Not behind this day.
    to: Option<BusinessDate>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A component of a score of the history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PastComponent {
    /// Which.
    component: Component,
    /// 0 to 1, with six places.
    value: f64,
    /// What it added to 300, with two places.
    points: f64,
}

/// A score of the history: of that day, and of those after it up to the next.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PastScore {
    /// The day.
    on: BusinessDate,
    /// 300 to 900.
    score: i64,
    /// What that means.
    band: Band,
    /// Whether there was no cycle to judge by yet.
    thin: bool,
    /// What it was made of.
    components: Vec<PastComponent>,
    /// Why it was computed.
    cause: Cause,
    /// When it was computed.
    computed_at: Instant,
}

fn past_score(past: Past) -> PastScore {
    let component = |component: Component| {
        let (value, points) = value_shown(component, past.score.value(component));
        PastComponent { component, value, points }
    };
    PastScore {
        on: past.on,
        score: past.score.score,
        band: past.score.band(),
        thin: past.score.is_thin,
        components: Component::ALL.map(component).into(),
        cause: past.cause,
        computed_at: past.at,
    }
}

/// A retailer's scores, the newest first: one for each day on which something was different.
#[utoipa::path(
    get, path = "/api/v1/credit/score/{retailerId}/history", tag = "credit",
    params(("retailerId" = RetailerId, Path), HistoryQuery),
    responses((status = 200, body = Page<PastScore>), (status = 403, description = "`FORBIDDEN` to vendors."), (status = 404))
)]
async fn past_scores(
    State(app): State<App>,
    Member(cx): Member,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<PastScore>>, Problem> {
    let id = allowed(&cx, id)?;
    let (filter, page) = (HistoryFilter { from: query.from, to: query.to }, PageRequest::new(query.limit, query.after));
    let found = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            if !parties::retailers(tx, &[id]).await?.contains_key(&id) {
                return Err(Problem::not_found("retailer"));
            }
            Ok(history(tx, id, filter, &page).await?)
        })
        .await?;
    seen::record(&app.db, cx, id, Part::History(filter)).await?;
    Ok(Json(found.map(past_score)))
}

/// What a retailer did this month and last, what it owes and can save, as it is kept.
#[utoipa::path(
    get, path = "/api/v1/admin/insights/{retailerId}", tag = "insights", params(("retailerId" = RetailerId, Path)),
    responses((status = 200, body = Insight), (status = 404, description = "No such retailer, or nothing is computed yet."))
)]
async fn insight(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<Insight>, Problem> {
    let found = app.db.read(async move |tx| insights::insight(tx, id).await).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("insight"))
}

/// How an insight is said.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageQuery {
    /// The language; the retailer's own where it is left out.
    language: Option<Language>,
}

/// A message as the retailer gets it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct InsightMessage {
    /// The language.
    language: Language,
    /// The text; below 1 024 characters.
    text: String,
    /// When the figures were computed.
    computed_at: Instant,
}

/// A retailer's insights as one short text in its language, as it gets it on WhatsApp.
#[utoipa::path(
    get, path = "/api/v1/admin/insights/{retailerId}/message", tag = "insights",
    params(("retailerId" = RetailerId, Path), MessageQuery),
    responses((status = 200, body = InsightMessage), (status = 404, description = "No such retailer, or nothing is computed yet."))
)]
async fn insight_message(
    State(app): State<App>,
    _caller: Operator,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<MessageQuery>,
) -> Result<Json<InsightMessage>, Problem> {
    app.db
        .read(async move |tx| {
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id);
            let retailer = retailer.ok_or_else(|| Problem::not_found("retailer"))?;
            let found = insights::insight(tx, id).await?.ok_or_else(|| Problem::not_found("insight"))?;
            let language = query.language.unwrap_or(retailer.language);
            let text = insights::message(language, &retailer.name, &found);
            Ok(Json(InsightMessage { language, text, computed_at: found.computed_at }))
        })
        .await
}

/// Everybody together: retailers, deliveries, credit, bands of the score, as it is kept.
#[utoipa::path(
    get, path = "/api/v1/admin/insights/system/overview", tag = "insights",
    responses((status = 200, body = KeptOverview), (status = 404, description = "Nothing is computed yet."))
)]
async fn system(State(app): State<App>, _caller: Operator) -> Result<Json<KeptOverview>, Problem> {
    let found = app.db.read(async move |tx| insights::overview(tx).await).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("insight"))
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Nothing {}

/// Work that was asked for and is done in the background.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    /// `QUEUED`.
    status: &'static str,
    /// The queue that does it.
    queue: &'static str,
}

/// Computes everybody's insights again, in the background. What waits already is not asked for twice.
#[utoipa::path(
    post, path = "/api/v1/admin/insights/regenerate-all", tag = "insights", request_body = Nothing,
    params(("Idempotency-Key" = String, Header, description = "New for each command.")),
    responses((status = 202, body = Accepted))
)]
async fn regenerate(
    State(app): State<App>,
    _caller: Operator,
    KeyedBody { keyed, cx, .. }: KeyedBody<Nothing>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| {
        insights::ask_for_all(tx, cx).await?;
        let accepted = Accepted { status: "QUEUED", queue: "report-generation" };
        StoredAnswer::json(StatusCode::ACCEPTED, &accepted)
    })
    .await
}
