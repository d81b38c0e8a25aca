//! What stands around every page: the session, the headers, problems as pages; and who a handler's page is for.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use kernel::{Actor, Context, Role};

use super::store::Stored;
use super::words::PageLanguage;
use super::{assets, page, session};
use crate::{App, Caller, Problem, RequestId};

/// What belongs to pages beside the headers of every answer. The referrer is kept within the panel, because browsers that
/// send none send no origin with a form either.
const HEADERS: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// An entry of the menu.
#[derive(Clone, Copy, Debug)]
pub struct MenuItem {
    /// Where it leads.
    pub path: &'static str,
    /// What it is called in English.
    pub english: &'static str,
    /// What it is called in Nepali.
    pub nepali: &'static str,
    /// Whether only operators have it.
    pub is_for_operators: bool,
}

impl MenuItem {
    pub(super) const fn label(self, language: PageLanguage) -> &'static str {
        match language {
            PageLanguage::Nepali => self.nepali,
            PageLanguage::English => self.english,
        }
    }
}

#[derive(Clone, Debug)]
struct Frame {
    app: App,
    menu: Arc<[MenuItem]>,
}

/// What the frame found out about a request.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    session: Option<Arc<Stored>>,
    menu: Arc<[MenuItem]>,
    path: Arc<str>,
    language: PageLanguage,
}

/// Wraps the pages of every room, with the files they use and the one for whatever is not there.
pub fn wrap(pages: Router<App>, app: App, menu: &[MenuItem]) -> Router<App> {
    let frame = Frame { app, menu: menu.into() };
    pages
        .merge(assets::routes())
        .route("/admin/{*nothing}", axum::routing::any(async || Problem::not_found("page")))
        .layer(middleware::from_fn_with_state(frame, around))
}

async fn around(State(frame): State<Frame>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visit = match visit(&frame, &parts).await {
        Ok(visit) => visit,
        Err(problem) => return with_headers(problem.into_response()),
    };
    let is_reading = parts.method == Method::GET;
    let place = parts.uri.path_and_query().map_or("/admin", |place| place.as_str()).to_owned();
    let by_script = is_by_script(&parts.headers);
    parts.extensions.insert(visit.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some("application/problem+json") {
        return with_headers(response);
    }
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        let next = if is_reading { form_urlencoded::byte_serialize(place.as_bytes()).collect() } else { String::new() };
        return with_headers(to_sign_in(&next, by_script));
    }
    let mut shown = (status, page::problem(&visit, status)).into_response();
    if let Some(seconds) = response.headers().get(header::RETRY_AFTER) {
        shown.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    with_headers(shown)
}

/// Whether htmx asks, for a part of a page.
pub(super) fn is_by_script(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

fn to_sign_in(next: &str, by_script: bool) -> Response {
    let path = if next.is_empty() { "/admin/sign-in".to_owned() } else { format!("/admin/sign-in?next={next}") };
    if by_script {
        // A script would follow a redirection and put the page for signing in where the answer belongs.
        return (StatusCode::OK, [(HeaderName::from_static("hx-redirect"), path)]).into_response();
    }
    page::see_other(&path).into_response()
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn visit(frame: &Frame, parts: &Parts) -> Result<Visit, Problem> {
    let is_asset = parts.uri.path().starts_with("/admin/assets/");
    let found =
        if is_asset { None } else { session::load(&frame.app.db, &parts.headers, frame.app.clock.now()).await? };
    let language = match &found {
        Some(session) => session.language,
        None => wished(parts),
    };
    let path = Arc::from(parts.uri.path());
    Ok(Visit { session: found.map(Arc::new), menu: frame.menu.clone(), path, language })
}

/// The language of someone who is not signed in: the one that the address names, else the browser's first.
fn wished(parts: &Parts) -> PageLanguage {
    let query = parts.uri.query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "language");
    if let Some(named) = named.and_then(|(_, value)| value.parse().ok()) {
        return named;
    }
    let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|languages| languages.starts_with("ne")) {
        PageLanguage::Nepali
    } else {
        PageLanguage::English
    }
}

fn found(parts: &Parts) -> Result<Visit, Problem> {
    parts.extensions.get::<Visit>().cloned().ok_or_else(|| Problem::not_found("page"))
}

/// Someone who need not be signed in.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The context; the actor is the platform.
    pub cx: Context,
    /// The language of the page.
    pub language: PageLanguage,
    /// The cookie that came along.
    pub token: Option<String>,
    pub(super) visit: Visit,
}

/// A vendor's or an operator's visit.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The context of what is done, with the actor.
    pub cx: Context,
    /// The language of the page.
    pub language: PageLanguage,
    pub(super) visit: Visit,
    pub(super) session: Arc<Stored>,
}

/// An operator's visit.
#[derive(Clone, Debug)]
pub struct OperatorPanel(pub Panel);

impl Visit {
    pub(super) fn session(&self) -> Option<&Arc<Stored>> {
        self.session.as_ref()
    }

    pub(super) const fn language(&self) -> PageLanguage {
        self.language
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The menu of whoever is signed in.
    pub(super) fn menu(&self) -> impl Iterator<Item = &MenuItem> {
        let role = self.session.as_ref().map(|session| session.role);
        self.menu.iter().filter(move |item| match role {
            Some(Role::Admin) => true,
            Some(Role::Vendor) => !item.is_for_operators,
            Some(Role::Retailer) | None => false,
        })
    }
}

fn request_id(parts: &Parts) -> Arc<str> {
    parts.extensions.get::<RequestId>().map_or_else(|| Arc::from(""), |id| id.0.clone())
}

impl FromRequestParts<App> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visit = found(parts)?;
        let cx = app.context(Actor::System, request_id(parts));
        Ok(Self { cx, language: visit.language, token: session::token(&parts.headers), visit })
    }
}

impl FromRequestParts<App> for Panel {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visit = found(parts)?;
        let refused = || Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "sign in to the panel");
        let session = visit.session.clone().ok_or_else(refused)?;
        let caller = Caller { user: session.user, role: session.role, retailer: None, vendor: session.vendor };
        let actor = caller.actor().ok_or_else(refused)?;
        Ok(Self { cx: app.context(actor, request_id(parts)), language: visit.language, visit, session })
    }
}

impl FromRequestParts<App> for OperatorPanel {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let panel = Panel::from_request_parts(parts, app).await?;
        if panel.cx.actor.is_operator() {
            return Ok(Self(panel));
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "only operators may see this page"))
    }
}
