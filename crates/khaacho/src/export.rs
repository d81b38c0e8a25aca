//! The journal as plain-text accounting over HTTP, written page by page.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use kernel::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Problem, VendorOrOperator};

/// Pages that may wait for a slow reader.
const PAGES_AHEAD: usize = 2;

/// The routes of exports.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(journal))
}

/// The journal in hledger's syntax: everything for an operator, its own books for a vendor.
#[utoipa::path(get, path = "/api/v1/financial-export/journal", tag = "reports", responses((status = 200, content_type = "text/plain", body = String)))]
async fn journal(State(app): State<App>, VendorOrOperator(cx): VendorOrOperator) -> Result<Response, Problem> {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(PAGES_AHEAD);
    let scope = cx.actor.scope();
    tokio::spawn(async move {
        let mut text = ledger::export_header().to_owned();
        let mut after = None;
        loop {
            let place = after;
            match app.db.read(async move |tx| ledger::export_page(tx, scope, place).await).await {
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
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// The journal of a scope as one text, for the command line and tests.
pub async fn journal_text(db: &db::Db, scope: Scope) -> Result<String, db::DbError> {
    let mut text = ledger::export_header().to_owned();
    let mut after = None;
    loop {
        let place = after;
        let page = db.read(async move |tx| ledger::export_page(tx, scope, place).await).await?;
        text.push_str(&page.text);
        after = page.next;
        if after.is_none() {
            return Ok(text);
        }
    }
}
