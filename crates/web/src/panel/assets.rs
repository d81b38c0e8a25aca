//! The files of the panel: one style sheet of ours, and htmx 2 (0BSD, see `assets/htmx.LICENSE`).

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

use crate::App;

const STYLE: &str = include_str!("assets/panel.css");
const HTMX: &str = include_str!("assets/htmx.min.js");

/// Where the files are. The name changes with the version of the program.
pub(super) const STYLE_PATH: &str = concat!("/admin/assets/", env!("CARGO_PKG_VERSION"), "/panel.css");
pub(super) const HTMX_PATH: &str = concat!("/admin/assets/", env!("CARGO_PKG_VERSION"), "/htmx.js");

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text)
}

/// The routes of the files.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(STYLE_PATH, get(async || file("text/css; charset=utf-8", STYLE)))
        .route(HTMX_PATH, get(async || file("text/javascript; charset=utf-8", HTMX)))
}
