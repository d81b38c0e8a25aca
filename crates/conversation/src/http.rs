//! The webhook: the handshake, and deliveries that are signed, stored and answered at once.

pub(crate) mod threads;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Member, Problem, Public, Query};
use whatsapp::handshake::Question;
use whatsapp::payload::Item;

use crate::inbound::take_in;

/// The largest delivery: documented ones reach 3 MB.
const LARGEST_DELIVERY: usize = 4 * 1024 * 1024;

/// The secrets of the webhook.
#[derive(Clone)]
pub struct Webhook {
    /// Signs deliveries.
    pub app_secret: Arc<str>,
    /// Answers the handshake.
    pub verify_token: Arc<str>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

/// The routes of this room.
pub fn routes(webhook: Webhook) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handshake, deliver))
        .routes(routes!(messages))
        .merge(threads::routes())
        .layer(Extension(webhook))
        .layer(DefaultBodyLimit::max(LARGEST_DELIVERY))
}

/// The verification handshake of Meta.
#[utoipa::path(get, path = "/api/v1/whatsapp/webhook", tag = "whatsapp", security(()), responses((status = 200, description = "The challenge."), (status = 403, description = "`WRONG_VERIFY_TOKEN`")))]
async fn handshake(Extension(webhook): Extension<Webhook>, Query(question): Query<Question>) -> Response {
    match whatsapp::handshake::verify(&webhook.verify_token, &question) {
        Ok(challenge) => challenge.to_owned().into_response(),
        Err(refusal) => {
            tracing::warn!(target: "rejections", ?refusal, "a webhook handshake was refused");
            let detail = "the verify token is not the one of this server";
            Problem::new(StatusCode::FORBIDDEN, "WRONG_VERIFY_TOKEN", detail).into_response()
        }
    }
}

/// A delivery: any number of messages and statuses. It is stored and answered; the work follows.
#[utoipa::path(post, path = "/api/v1/whatsapp/webhook", tag = "whatsapp", security(()), request_body = String, responses((status = 200), (status = 401, description = "`WRONG_SIGNATURE`"), (status = 413)))]
async fn deliver(
    State(app): State<App>,
    Public(cx): Public,
    Extension(webhook): Extension<Webhook>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let header = headers.get(whatsapp::signature::HEADER).and_then(|value| value.to_str().ok());
    if let Err(error) = whatsapp::signature::verify(&webhook.app_secret, header, &body) {
        tracing::warn!(target: "rejections", ?error, bytes = body.len(), "a webhook delivery was refused");
        let detail = "the delivery is not signed with this app's secret";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "WRONG_SIGNATURE", detail));
    }
    let items: Vec<Item> = whatsapp::payload::items(&body);
    app.db.write_here(async move |tx| take_in(tx, &cx, items.clone()).await).await?;
    Ok(StatusCode::OK)
}

#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageQuery {
    /// Only to this retailer.
    retailer_id: Option<kernel::RetailerId>,
    /// Only to this vendor.
    vendor_id: Option<kernel::VendorId>,
    /// Only to this phone (digits) or WhatsApp user id.
    address: Option<String>,
    /// At most this many.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Outgoing messages, newest first.
#[utoipa::path(get, path = "/api/v1/whatsapp/messages", tag = "whatsapp", params(MessageQuery), responses((status = 200, body = kernel::Page<notify::Message>)))]
async fn messages(
    State(app): State<App>,
    Member(cx): Member,
    Query(query): Query<MessageQuery>,
) -> Result<axum::Json<kernel::Page<notify::Message>>, Problem> {
    let filter = notify::MessageFilter { address: query.address, retailer: query.retailer_id, vendor: query.vendor_id };
    let page = kernel::PageRequest::new(query.limit, query.after);
    let found = app.db.read(async move |tx| notify::messages(tx, cx.actor.scope(), &filter, &page).await);
    Ok(axum::Json(found.await?))
}
