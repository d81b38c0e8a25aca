//! `admin/reminders`: what was sent, what will be, the settings. For operators.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{BusinessDate, Page, PageRequest};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, IfMatch, KeyedBody, Operator, Problem, Query, StoredAnswer, once};

use crate::preview::{DAYS_AHEAD, PreviewItem, preview};
use crate::settings::{self, Refusal, Settings, SettingsChange};
use crate::store::{self, Filter, Reminder, State as Outcome};

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show_preview))
        .routes(routes!(show_settings, change_settings))
}

/// Which reminders are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListQuery {
    /// Only those of this day.
    day: Option<BusinessDate>,
    /// Only those of this state.
    state: Option<Outcome>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What became of the stages of cycles, the latest day first.
#[utoipa::path(
    get, path = "/api/v1/admin/reminders", tag = "reminders", params(ListQuery),
    responses((status = 200, body = Page<Reminder>))
)]
async fn list(
    State(app): State<App>,
    _caller: Operator,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Reminder>>, Problem> {
    let page = PageRequest::new(query.limit, query.after);
    let filter = Filter { day: query.day, state: query.state };
    app.db.read(async move |tx| Ok(Json(store::reminders(tx, filter, &page).await?))).await
}

/// Which day is looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreviewQuery {
    /// Today to 14 days ahead; tomorrow where it is left out.
    on: Option<BusinessDate>,
    /// At most this many retailers, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Whether a day can be looked at.
pub(crate) fn is_ahead(today: BusinessDate, on: BusinessDate) -> bool {
    (0..=DAYS_AHEAD).contains(&on.days_since(today))
}

/// Who is to be reminded of what on a day, with the whole message, and who is not and why.
#[utoipa::path(
    get, path = "/api/v1/admin/reminders/preview", tag = "reminders", params(PreviewQuery),
    responses((status = 200, body = Page<PreviewItem>), (status = 422, description = "`VALIDATION_FAILED`."))
)]
async fn show_preview(
    State(app): State<App>,
    Operator(cx): Operator,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<Page<PreviewItem>>, Problem> {
    let on = query.on.unwrap_or_else(|| cx.today().plus_days(1));
    if !is_ahead(cx.today(), on) {
        return Err(Problem::field("on", "today to 14 days ahead"));
    }
    let page = PageRequest::new(query.limit, query.after);
    app.db.read(async move |tx| Ok(Json(preview(tx, on, &page).await?))).await
}

fn etag(settings: &Settings) -> String {
    format!("\"{}\"", settings.version)
}

/// What is set, and the last day whose reminders were all written.
#[utoipa::path(
    get, path = "/api/v1/admin/reminders/settings", tag = "reminders", responses((status = 200, body = Settings))
)]
async fn show_settings(
    State(app): State<App>,
    _caller: Operator,
) -> Result<([(&'static str, String); 1], Json<Settings>), Problem> {
    app.db
        .read(async move |tx| {
            let settings = settings::settings(tx).await?;
            Ok(([("etag", etag(&settings))], Json(settings)))
        })
        .await
}

/// Changes the settings, with a reason.
#[utoipa::path(
    patch, path = "/api/v1/admin/reminders/settings", tag = "reminders", request_body = SettingsChange,
    params(
        ("Idempotency-Key" = String, Header, description = "New for each command."),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses((status = 200, body = Settings), (status = 412, description = "`VERSION_MISMATCH` with `version`."))
)]
async fn change_settings(
    State(app): State<App>,
    _caller: Operator,
    IfMatch(seen): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<SettingsChange>,
) -> Response {
    once(&app, keyed, cx, async move |tx, cx| match settings::change_settings(tx, cx, seen, &body).await? {
        Ok(settings) => Ok(StoredAnswer::json(StatusCode::OK, &settings)?.header("etag", etag(&settings))),
        Err(refusal) => Ok(problem(refusal).stored()),
    })
    .await
}

/// What a refusal looks like from outside.
fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Reason => Problem::field("reason", refusal.to_string()),
        Refusal::VersionMismatch { version } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "VERSION_MISMATCH", refusal.to_string())
                .with("version", version)
        }
    }
}
