//! The journal as plain-text accounting over HTTP, written page by page.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use indicatif::ProgressBar;
use kernel::{Context, LineId, VendorId};
use ledger::Part;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::panel::Panel;
use web::{App, Problem, Query, VendorOrOperator};

/// Pages that may wait for a slow reader.
const PAGES_AHEAD: usize = 2;

/// The routes of exports.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(journal))
}

/// The panel's way to the same text.
pub fn pages() -> Router<App> {
    Router::new().route("/admin/books/journal", get(download))
}

/// Which books are exported; all that the caller may see where none is named.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JournalQuery {
    /// Only the books of this vendor.
    vendor_id: Option<VendorId>,
    /// Only the book of this credit line.
    line_id: Option<LineId>,
}

/// The journal in hledger's syntax: everything for an operator, its own books for a vendor.
#[utoipa::path(
    get, path = "/api/v1/financial-export/journal", tag = "reports", params(JournalQuery),
    responses((status = 200, content_type = "text/plain", body = String), (status = 404))
)]
async fn journal(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    Query(query): Query<JournalQuery>,
) -> Result<Response, Problem> {
    let part = part(&app, &cx, query).await?;
    Ok(streamed(&app, part))
}

/// The same for someone who is signed in to the panel, as a file.
async fn download(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<JournalQuery>,
) -> Result<Response, Problem> {
    let part = part(&app, &panel.cx, query).await?;
    let mut response = streamed(&app, part);
    let name = HeaderValue::from_static("attachment; filename=\"khaacho.journal\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Which books a query means; a foreign one is not there.
async fn part(app: &App, cx: &Context, query: JournalQuery) -> Result<Part, Problem> {
    let (scope, today) = (cx.actor.scope(), cx.today());
    Ok(match (query.line_id, query.vendor_id) {
        (Some(id), _) => {
            let line = app.db.read(async move |tx| credit::line(tx, scope, id, today).await).await?;
            let line = line.filter(|line| query.vendor_id.is_none_or(|vendor| vendor == line.vendor_id));
            Part::Book(line.ok_or_else(|| Problem::not_found("credit line"))?.pair())
        }
        (None, Some(vendor)) if scope.vendor().is_none_or(|own| own == vendor) => Part::Vendor(vendor),
        (None, Some(_)) => return Err(Problem::not_found("vendor")),
        (None, None) => scope.into(),
    })
}

fn streamed(app: &App, part: Part) -> Response {
    let db = app.db.clone();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(PAGES_AHEAD);
    tokio::spawn(async move {
        let mut text = ledger::export_header().to_owned();
        let mut after = None;
        loop {
            let place = after;
            match db.read(async move |tx| ledger::export_page(tx, part, place).await).await {
                Ok(page) => {
                    text.push_str(&page.text);
                    after = page.next;
                }
                Err(error) => {
                    // The reader sees a broken transfer instead of books that end early.
                    let _ = sender.send(Err(std::io::Error::other(error.to_string()))).await;
                    return;
                }
            }
            if sender.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() || after.is_none() {
                return;
            }
        }
    });
    let stream =
        futures_util::stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|page| (page, receiver)));
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (headers, Body::from_stream(stream)).into_response()
}

/// Writes the journal of some books page by page: memory holds one page, however long the journal is.
pub async fn write_journal(
    db: &db::Db,
    part: Part,
    out: &mut impl std::io::Write,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    out.write_all(ledger::export_header().as_bytes())?;
    let mut after = None;
    loop {
        let place = after;
        let page = db.read(async move |tx| ledger::export_page(tx, part, place).await).await?;
        out.write_all(page.text.as_bytes())?;
        progress.inc(u64::try_from(page.text.len()).unwrap_or(0));
        progress.set_message(format!("{} MB", progress.position() / 1_000_000));
        after = page.next;
        if after.is_none() {
            return Ok(out.flush()?);
        }
    }
}
