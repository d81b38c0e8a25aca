//! Schedules over HTTP.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, Json};
use db::{DbError, Tx};
use kernel::Context;
use web::{App, KeyedBody, Operator, Problem};

use super::{Nothing, deed};
use crate::deeds::{self, Refusal};
use crate::plan::{Plan, ScheduleView, views};

/// Runs of each schedule that are shown.
const SHOWN: i64 = 5;

/// Every schedule: when it runs, its next slot and its last runs.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "queues", responses((status = 200, body = Vec<ScheduleView>)))]
pub(super) async fn list(
    State(app): State<App>,
    Operator(cx): Operator,
    Extension(plan): Extension<Plan>,
) -> Result<Json<Vec<ScheduleView>>, Problem> {
    let names = plan.names();
    let runs = app.db.read(async move |tx| queue::last_runs(tx, &names, SHOWN).await).await?;
    Ok(Json(views(&plan, &runs, cx.now)))
}

/// Runs a schedule now: the next process that looks, within seconds, does it. Where a run is asked for or under way
/// already, that one is the run.
#[utoipa::path(
    post, path = "/api/v1/schedules/{name}/run", tag = "queues", request_body = Nothing,
    params(("name" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ScheduleView), (status = 404), (status = 409, description = "`RUN_UNDER_WAY`"))
)]
pub(super) async fn run(
    State(app): State<App>,
    _: Operator,
    Path(slug): Path<String>,
    Extension(plan): Extension<Plan>,
    request: KeyedBody<Nothing>,
) -> Response {
    let work = async move |tx: &mut Tx, cx: &Context, _: &Nothing| {
        let name = plan.find(&slug).map(|planned| planned.name);
        if let Err(refusal) = deeds::run_now(tx, cx, name).await? {
            return Ok::<_, DbError>(Err(refusal));
        }
        let runs = queue::last_runs(tx, &plan.names(), SHOWN).await?;
        let mut views = views(&plan, &runs, cx.now);
        views.retain(|view| view.name == slug);
        Ok(views.pop().ok_or(Refusal::UnknownSchedule))
    };
    deed(&app, request, work).await
}
