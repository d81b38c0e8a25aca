//! Whether the server is ready, and how its work goes.

use axum::extract::State;
use axum::{Extension, Json};
use db::DbError;
use kernel::Instant;
use queue::{QueueDepth, Standing};
use serde::Serialize;
use web::{App, Problem};

use crate::plan::Plan;

/// How the last run of a schedule stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastRun {
    /// The schedule.
    schedule: String,
    /// Its slot.
    slot: Instant,
    /// How it stands.
    state: Standing,
    /// When it ended.
    finished_at: Option<Instant>,
}

/// A server that is ready.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready {
    /// `ready`.
    status: &'static str,
    /// How full the queues are, by state.
    queues: Vec<QueueDepth>,
    /// The last run of each schedule.
    schedules: Vec<LastRun>,
}

/// Whether the database answers and has every table; with how full the queues are and when schedules last ran. Dead jobs
/// and failed runs do not make a server unready: a restart would not mend them.
#[utoipa::path(
    get, path = "/api/v1/health/ready", tag = "health", security(()),
    responses((status = 200, body = Ready), (status = 503, description = "`NOT_READY`, with what is missing."))
)]
pub(super) async fn ready(State(app): State<App>, Extension(plan): Extension<Plan>) -> Result<Json<Ready>, Problem> {
    web::is_ready(&app).await?;
    let names = plan.names();
    let read = app
        .db
        .read::<_, DbError, _>(async move |tx| Ok((queue::depths(tx).await?, queue::last_runs(tx, &names, 1).await?)));
    let (queues, runs) = read.await?;
    let schedules = runs.into_iter().map(|run| LastRun {
        schedule: run.schedule,
        slot: run.slot,
        state: run.state,
        finished_at: run.finished_at,
    });
    Ok(Json(Ready { status: "ready", queues, schedules: schedules.collect() }))
}
