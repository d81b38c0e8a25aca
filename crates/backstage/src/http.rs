//! The routes of queues and schedules, for operators; and whether the server is ready, for anyone.

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, JobId, Page, PageRequest};
use queue::{JobFilter, JobView, Queue, QueueStats};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Operator, PathId, Problem, Query, StoredAnswer};

use crate::deeds::{self, Changed, Refusal};
use crate::plan::Plan;

mod health;
mod schedules;

/// The routes of queues, schedules and readiness.
#[expect(deprecated, reason = "older paths answer too")]
pub fn routes(plan: Plan) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(all_stats))
        .routes(routes!(stats))
        .routes(routes!(list))
        .routes(routes!(job, delete))
        .routes(routes!(retry))
        .routes(routes!(retry_all))
        .routes(routes!(clean))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(older_list))
        .routes(routes!(older_retry))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::run))
        .routes(routes!(health::ready))
        .layer(Extension(plan))
}

/// Runs an operator's deed once, and answers with what it left.
async fn deed<B, T, W>(app: &App, request: KeyedBody<B>, work: W) -> Response
where
    B: Clone + Send + Sync + 'static,
    T: serde::Serialize,
    W: AsyncFn(&mut Tx, &Context, &B) -> Result<Result<T, Refusal>, DbError> + Send + Sync + 'static,
{
    let KeyedBody { keyed, body, cx } = request;
    web::once(app, keyed, cx, async move |tx, cx| match work(tx, cx, &body).await? {
        Ok(done) => StoredAnswer::json(StatusCode::OK, &done),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    })
    .await
}

/// How every queue goes.
#[utoipa::path(get, path = "/api/v1/queues/stats", tag = "queues", responses((status = 200, body = Vec<QueueStats>)))]
async fn all_stats(State(app): State<App>, Operator(cx): Operator) -> Result<Json<Vec<QueueStats>>, Problem> {
    Ok(Json(app.db.read(async move |tx| queue::stats(tx, cx.now).await).await?))
}

/// How a queue goes.
#[utoipa::path(
    get, path = "/api/v1/queues/{queue}/stats", tag = "queues", params(("queue" = Queue, Path)),
    responses((status = 200, body = QueueStats), (status = 404))
)]
async fn stats(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(queue): PathId<Queue>,
) -> Result<Json<QueueStats>, Problem> {
    Ok(Json(app.db.read(async move |tx| deeds::stats_of(tx, &cx, queue).await).await?))
}

/// The states of a job that is not done.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum JobState {
    /// It waits for a worker, or for its moment.
    Ready,
    /// A worker holds it.
    Running,
    /// It was laid aside.
    Dead,
}

impl JobState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Running => "RUNNING",
            Self::Dead => "DEAD",
        }
    }
}

/// Which jobs are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JobQuery {
    /// Only jobs in this state.
    state: Option<JobState>,
    /// Only jobs of this kind.
    kind: Option<String>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

async fn found(app: &App, queue: Queue, query: JobQuery) -> Result<Json<Page<JobView>>, Problem> {
    let page = PageRequest::new(query.limit, query.after);
    let filter = JobFilter { state: query.state.map(|state| state.as_str().to_owned()), kind: query.kind };
    Ok(Json(app.db.read(async move |tx| queue::jobs(tx, queue, &filter, &page).await).await?))
}

/// The jobs of a queue that are not done, in the order in which they were queued. What is done is not kept.
#[utoipa::path(
    get, path = "/api/v1/queues/{queue}/jobs", tag = "queues", params(("queue" = Queue, Path), JobQuery),
    responses((status = 200, body = Page<JobView>), (status = 404))
)]
async fn list(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<JobView>>, Problem> {
    found(&app, queue, query).await
}

/// The older path of `queues/{queue}/jobs`.
#[utoipa::path(
    get, path = "/api/v1/queues/jobs/{queue}", tag = "queues", params(("queue" = Queue, Path), JobQuery),
    responses((status = 200, body = Page<JobView>), (status = 404))
)]
#[deprecated]
async fn older_list(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<JobView>>, Problem> {
    found(&app, queue, query).await
}

/// A job with its payload, its errors and how far it is.
#[utoipa::path(
    get, path = "/api/v1/queues/{queue}/jobs/{id}", tag = "queues",
    params(("queue" = Queue, Path), ("id" = JobId, Path)), responses((status = 200, body = JobView), (status = 404))
)]
async fn job(
    State(app): State<App>,
    _: Operator,
    PathId((queue, id)): PathId<(Queue, JobId)>,
) -> Result<Json<JobView>, Problem> {
    let found = app.db.read(async move |tx| deeds::job_of(tx, Some(queue), id).await).await?;
    found.map(Json).ok_or_else(|| Refusal::UnknownJob.into())
}

/// Deletes a job that nobody works on, and answers with what it was. Doing it again finds nothing, so that it needs no key.
#[utoipa::path(
    delete, path = "/api/v1/queues/{queue}/jobs/{id}", tag = "queues",
    params(("queue" = Queue, Path), ("id" = JobId, Path)),
    responses((status = 200, body = JobView), (status = 404), (status = 409, description = "`JOB_AT_WORK`"))
)]
async fn delete(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId((queue, id)): PathId<(Queue, JobId)>,
) -> Result<Json<JobView>, Problem> {
    let deleted = app.db.write(async move |tx| deeds::delete(tx, &cx, queue, id).await).await?;
    Ok(Json(deleted?))
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Nothing {}

/// Gives a dead job new tries.
#[utoipa::path(
    post, path = "/api/v1/queues/{queue}/jobs/{id}/retry", tag = "queues", request_body = Nothing,
    params(("queue" = Queue, Path), ("id" = JobId, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, body = JobView), (status = 404),
        (status = 409, description = "`JOB_NOT_DEAD`, or `JOB_WAITS_ALREADY`: one that does the same waits.")
    )
)]
async fn retry(
    State(app): State<App>,
    _: Operator,
    PathId((queue, id)): PathId<(Queue, JobId)>,
    request: KeyedBody<Nothing>,
) -> Response {
    deed(&app, request, async move |tx, cx, _| deeds::retry(tx, cx, Some(queue), id).await).await
}

/// The older path of `queues/{queue}/jobs/{id}/retry`.
#[utoipa::path(
    post, path = "/api/v1/queues/retry/{jobId}", tag = "queues", request_body = Nothing,
    params(("jobId" = JobId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = JobView), (status = 404), (status = 409))
)]
#[deprecated]
async fn older_retry(
    State(app): State<App>,
    _: Operator,
    PathId(id): PathId<JobId>,
    request: KeyedBody<Nothing>,
) -> Response {
    deed(&app, request, async move |tx, cx, _| deeds::retry(tx, cx, None, id).await).await
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfKind {
    /// Only jobs of this kind.
    kind: Option<String>,
}

/// Gives the dead jobs of a queue new tries, up to 5000 at a time.
#[utoipa::path(
    post, path = "/api/v1/queues/{queue}/retry", tag = "queues", request_body = OfKind,
    params(("queue" = Queue, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Changed), (status = 404))
)]
async fn retry_all(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    request: KeyedBody<OfKind>,
) -> Response {
    let work = async move |tx: &mut Tx, cx: &Context, body: &OfKind| {
        deeds::retry_all(tx, cx, queue, body.kind.as_deref()).await.map(Ok)
    };
    deed(&app, request, work).await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Clean {
    /// Only jobs that are dead for so many days; 0 for all.
    older_than_days: u16,
    /// Only jobs of this kind.
    kind: Option<String>,
}

/// Deletes the dead jobs of a queue, up to 5000 at a time.
#[utoipa::path(
    post, path = "/api/v1/queues/{queue}/clean", tag = "queues", request_body = Clean,
    params(("queue" = Queue, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Changed), (status = 404))
)]
async fn clean(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    request: KeyedBody<Clean>,
) -> Response {
    let work = async move |tx: &mut Tx, cx: &Context, body: &Clean| {
        deeds::clean(tx, cx, queue, body.kind.as_deref(), body.older_than_days.into()).await.map(Ok)
    };
    deed(&app, request, work).await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Because {
    /// Why.
    reason: String,
}

/// Holds a queue in all processes: what is at work ends, nothing more is begun.
#[utoipa::path(
    post, path = "/api/v1/queues/{queue}/pause", tag = "queues", request_body = Because,
    params(("queue" = Queue, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = QueueStats), (status = 404), (status = 409, description = "`QUEUE_HELD`"))
)]
async fn pause(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    request: KeyedBody<Because>,
) -> Result<Response, Problem> {
    if request.body.reason.trim().is_empty() {
        return Err(Problem::field("reason", "why, in words"));
    }
    let work =
        async move |tx: &mut Tx, cx: &Context, body: &Because| deeds::pause(tx, cx, queue, body.reason.trim()).await;
    Ok(deed(&app, request, work).await)
}

/// Lets a queue go on.
#[utoipa::path(
    post, path = "/api/v1/queues/{queue}/resume", tag = "queues", request_body = Nothing,
    params(("queue" = Queue, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = QueueStats), (status = 404), (status = 409, description = "`QUEUE_NOT_HELD`"))
)]
async fn resume(
    State(app): State<App>,
    _: Operator,
    PathId(queue): PathId<Queue>,
    request: KeyedBody<Nothing>,
) -> Response {
    deed(&app, request, async move |tx, cx, _| deeds::resume(tx, cx, queue).await).await
}
