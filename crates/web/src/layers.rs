//! What wraps every route: request ids, limits, time-outs, panics, security headers; and the server itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use kernel::{IdGen, JobId};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{App, Problem};

/// The largest body, unless a route says otherwise.
const LARGEST_BODY: usize = 1024 * 1024;
/// How long a request may take.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// The longest request id that is taken from a caller.
const LONGEST_ID: usize = 64;

const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
];

/// The id of a request: the caller's `x-request-id`, or a new one.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

#[derive(Clone, Debug)]
struct Gate {
    permits: Arc<Semaphore>,
    app: App,
}

/// Wraps the routes of the house. `most_requests` are worked on at once; more are answered 503.
pub fn finish(router: Router<App>, app: App, most_requests: usize) -> Router {
    let gate = Gate { permits: Arc::new(Semaphore::new(most_requests)), app: app.clone() };
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND", "there is no such route; see /docs"))
        .method_not_allowed_fallback(async || {
            let detail = "the route does not know this method; see /docs";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
        })
        .with_state(app)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            let detail = "something went wrong on our side; nothing was done";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail).into_response()
        }))
        .layer(middleware::from_fn_with_state(gate, wrap))
}

/// The outermost part: one request from its id to its log line.
async fn wrap(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let id = RequestId(request_id(&request, &gate.app.ids, &gate.app));
    request.extensions_mut().insert(id.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let counted = Counted::begin(&request);
    let span = tracing::info_span!("request", id = %id.0, %method, path);
    let work = async {
        let Ok(_permit) = gate.permits.try_acquire() else { return Problem::busy().into_response() };
        let answered = tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await;
        answered.unwrap_or_else(|_| {
            let detail = "the request took too long; ask again with the same idempotency key to learn the outcome";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", detail).retry_after(1).into_response()
        })
    };
    let mut response = work.instrument(span.clone()).await;
    counted.end(response.status());
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A request as it is counted: by its route, never by its path, which holds ids and phones.
struct Counted {
    began: std::time::Instant,
    method: &'static str,
    route: String,
}

impl Counted {
    #[expect(clippy::disallowed_methods, reason = "durations for the metrics, never a decision")]
    fn begin(request: &Request) -> Self {
        let method = match *request.method() {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            // Anyone may send a word of their own as the method.
            _ => "OTHER",
        };
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
        Self { began: std::time::Instant::now(), method, route }
    }

    fn end(self, status: StatusCode) {
        let Self { began, method, route } = self;
        let labels = [("method", method.to_owned()), ("route", route)];
        metrics::histogram!("khaacho_http_request_seconds", &labels).record(began.elapsed());
        let [method, route] = labels;
        let labels = [method, route, ("status", status.as_str().to_owned())];
        metrics::counter!("khaacho_http_requests_total", &labels).increment(1);
    }
}

fn request_id(request: &Request, ids: &IdGen, app: &App) -> Arc<str> {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match given.filter(is_plain) {
        Some(id) => Arc::from(id),
        None => Arc::from(ids.make::<JobId>(app.clock.now()).to_string().replace("job_", "req_")),
    }
}

/// Serves until `shutdown` ends, then lets the requests in work finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    use axum::serve::ListenerExt as _;
    // Answers are small and whole: waiting to fill a packet would only cost time.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(shutdown)
        .await
}
