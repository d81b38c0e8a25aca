//! Conversations over HTTP, for operators: who wrote, what was said, taking over, writing, giving back.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use db::{DbError, Tx};
use http::{StatusCode, header};
use kernel::{Context, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Operator, Problem, Query, StoredAnswer};

use crate::store;
use crate::threads::{self, OpenThread, Refusal, Thread};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(open))
        .routes(routes!(take))
        .routes(routes!(give_back))
        .routes(routes!(write))
        .routes(routes!(verify))
        .routes(routes!(costs))
        .routes(routes!(sending))
        .routes(routes!(media))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match &refusal {
            Refusal::NotFound => Self::not_found("conversation"),
            Refusal::Text => Self::field("text", "1 to 4096 characters"),
            Refusal::TakenByAnother(operator) => {
                Self::conflict(refusal.code(), text).with("takenBy", operator.to_string())
            }
            Refusal::WindowClosed(heard) => Self::conflict(refusal.code(), text).with("heardAt", heard.to_string()),
            Refusal::NotTaken | Refusal::NotWaiting | Refusal::PhoneTaken => Self::conflict(refusal.code(), text),
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ThreadQuery {
    /// Only those in a person's hands.
    #[serde(default)]
    taken: bool,
    /// At most this many.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Conversations; who wrote last stands first.
#[utoipa::path(get, path = "/api/v1/whatsapp/conversations", tag = "whatsapp", params(ThreadQuery), responses((status = 200, body = Page<Thread>)))]
async fn list(
    State(app): State<App>,
    Operator(_cx): Operator,
    Query(query): Query<ThreadQuery>,
) -> Result<Json<Page<Thread>>, Problem> {
    let page = PageRequest::new(query.limit, query.after);
    Ok(Json(app.db.read(async move |tx| store::threads(tx, query.taken, &page).await).await?))
}

/// One conversation with its newest messages, oldest first.
#[utoipa::path(get, path = "/api/v1/whatsapp/conversations/{address}", tag = "whatsapp", params(("address" = String, Path, description = "The phone's digits or the WhatsApp user id.")), responses((status = 200, body = OpenThread), (status = 404)))]
async fn open(
    State(app): State<App>,
    Operator(_cx): Operator,
    Path(address): Path<String>,
) -> Result<Json<OpenThread>, Problem> {
    let found = app.db.read(async move |tx| threads::open(tx, &address).await).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("conversation"))
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Nothing {}

/// Takes a conversation over: the dialogue is silent and what is written waits for the operator.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/conversations/{address}/take", tag = "whatsapp", request_body = Nothing,
    params(("address" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Thread), (status = 404), (status = 409, description = "`TAKEN_BY_ANOTHER`, with `takenBy`"))
)]
async fn take(State(app): State<App>, Path(address): Path<String>, request: KeyedBody<Nothing>) -> Response {
    deed(&app, request, async move |tx, cx, _| threads::take(tx, cx, &address).await).await
}

/// Gives a conversation back to the dialogue.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/conversations/{address}/give-back", tag = "whatsapp", request_body = Nothing,
    params(("address" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Thread), (status = 404), (status = 409, description = "`NOT_TAKEN`"))
)]
async fn give_back(State(app): State<App>, Path(address): Path<String>, request: KeyedBody<Nothing>) -> Response {
    deed(&app, request, async move |tx, cx, _| threads::give_back(tx, cx, &address).await).await
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    /// What is written: 1 to 4096 characters.
    text: String,
}

/// Writes to the person, within 24 hours of their last message.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/conversations/{address}/send", tag = "whatsapp", request_body = Written,
    params(("address" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Thread), (status = 404), (status = 409, description = "`WINDOW_CLOSED`, with `heardAt`"))
)]
async fn write(State(app): State<App>, Path(address): Path<String>, request: KeyedBody<Written>) -> Response {
    deed(&app, request, async move |tx, cx, body: &Written| threads::send(tx, cx, &address, &body.text).await).await
}

/// Says that a number or user id that waits for it is whose it claims to be; from now on it may order.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/conversations/{address}/verify", tag = "whatsapp", request_body = Nothing,
    params(("address" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Thread), (status = 404), (status = 409, description = "`NOT_WAITING`, `PHONE_TAKEN`"))
)]
async fn verify(State(app): State<App>, Path(address): Path<String>, request: KeyedBody<Nothing>) -> Response {
    deed(&app, request, async move |tx, cx, _| threads::verify(tx, cx, &address).await).await
}

/// Carries out once what only operators may do.
async fn deed<B, F>(app: &App, request: KeyedBody<B>, work: F) -> Response
where
    B: Clone + Send + Sync + 'static,
    F: AsyncFn(&mut Tx, &Context, &B) -> Result<Result<Thread, Refusal>, DbError> + Send + Sync + 'static,
{
    let KeyedBody { keyed, cx, body } = request;
    if !cx.actor.is_operator() {
        return Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "conversations are for operators").into_response();
    }
    web::once(app, keyed, cx, async move |tx, cx| match work(tx, cx, &body).await? {
        Ok(thread) => StoredAnswer::json(StatusCode::OK, &thread),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    })
    .await
}

/// What messages cost, by month and by the categories of WhatsApp, newest month first.
#[utoipa::path(get, path = "/api/v1/whatsapp/costs", tag = "whatsapp", responses((status = 200, body = Vec<notify::Cost>)))]
async fn costs(State(app): State<App>, Operator(_cx): Operator) -> Result<Json<Vec<notify::Cost>>, Problem> {
    Ok(Json(app.db.read(async |tx| notify::costs(tx).await).await?))
}

/// How sending goes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sending {
    /// Why WhatsApp refuses the account, while it does.
    pub(crate) alert: Option<notify::Alert>,
    /// Messages that wait to be sent.
    pub(crate) waiting: i64,
    /// Messages that were laid aside.
    pub(crate) laid_aside: i64,
}

impl Sending {
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, DbError> {
        let alert = notify::alert(tx).await?;
        let depths = queue::depths(tx).await?;
        let jobs = |state: &str| {
            let of_state = depths.iter().filter(|depth| depth.queue == queue::Queue::Whatsapp && depth.state == state);
            of_state.map(|depth| depth.jobs).sum()
        };
        Ok(Self { alert, waiting: jobs("READY"), laid_aside: jobs("DEAD") })
    }
}

/// Whether messages go out: what stands in the way, since when, and how many wait.
#[utoipa::path(get, path = "/api/v1/whatsapp/sending", tag = "whatsapp", responses((status = 200, body = Sending)))]
async fn sending(State(app): State<App>, Operator(_cx): Operator) -> Result<Json<Sending>, Problem> {
    Ok(Json(app.db.read(async |tx| Sending::read(tx).await).await?))
}

/// A file that someone sent, as it was sent; always as a download, because it is a stranger's.
#[utoipa::path(get, path = "/api/v1/whatsapp/media/{id}", tag = "whatsapp", params(("id" = String, Path)), responses((status = 200, description = "The file."), (status = 404), (status = 409, description = "`NO_FILE`: it could not be fetched")))]
async fn media(State(app): State<App>, Operator(_cx): Operator, Path(id): Path<String>) -> Result<Response, Problem> {
    download(&app, id).await
}

/// The file, or why it is not there.
pub(crate) async fn download(app: &App, id: String) -> Result<Response, Problem> {
    let found = app.db.read(async move |tx| store::media_file(tx, &id).await).await?;
    let file = found.ok_or_else(|| Problem::not_found("file"))?;
    match file {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CONTENT_DISPOSITION, "attachment"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            Ok((headers, bytes).into_response())
        }
        Err(why) => Err(Problem::conflict("NO_FILE", why)),
    }
}
