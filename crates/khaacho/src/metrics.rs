//! `GET /metrics` for Prometheus: what the process counts as it works, and what the database holds at the moment of the
//! question.
//!
//! No label names a person: there are routes, states, codes and names of queues and schedules, never an id, a phone or a
//! path. What is counted in the process begins at nought with it, and a transaction that the store runs again counts an
//! order again. What is read is one transaction of four statements a question, and nothing between two questions.
//!
//! Who has the token of the configuration is answered; where there is none, callers on this machine are, without a proxy
//! between. The route stands outside of the limit on requests, so that it also answers while the server is overloaded.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use db::DbError;
use http::{HeaderMap, StatusCode, header};
use kernel::Instant;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use queue::{Queue, QueueDepth};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;
use web::{App, Problem};

/// The bounds of durations, in seconds.
const BOUNDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// How often durations are put into their bounds where nobody asks, so that they do not pile up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// The states of jobs; a queue without any shows nought.
const STATES: [&str; 3] = ["READY", "RUNNING", "DEAD"];

/// What the process counts, and whom it is shown to.
#[derive(Clone)]
pub struct Meter {
    counted: PrometheusHandle,
    token: Option<Arc<str>>,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    /// Begins to count in this process, which counts once however often this is asked for.
    pub fn start(token: Option<&str>) -> anyhow::Result<Self> {
        static COUNTED: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
        let counted = COUNTED.get_or_init(|| install().map_err(|error| error.to_string()));
        let counted = counted.clone().map_err(anyhow::Error::msg)?;
        Ok(Self { counted, token: token.map(Arc::from) })
    }

    /// Keeps what is counted small until the server stops.
    pub async fn keep(self, stopping: CancellationToken) {
        while tokio::time::timeout(UPKEEP_EVERY, stopping.cancelled()).await.is_err() {
            self.counted.run_upkeep();
        }
    }

    /// Whether the caller may read it, or why not.
    fn admits(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else {
            let is_passed_on = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
            if !is_passed_on && peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
                return Ok(());
            }
            let detail =
                "metrics are shown on the machine itself; set KHAACHO_METRICS_TOKEN to read them from elsewhere";
            return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail));
        };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into()) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "the token of metrics is missing or wrong"))
    }
}

fn install() -> anyhow::Result<PrometheusHandle> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let counted = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BOUNDS)?.install_recorder()?;
    metrics::describe_counter!("khaacho_http_requests_total", "Requests by method, route and status.");
    metrics::describe_histogram!("khaacho_http_request_seconds", "How long requests took, by method and route.");
    metrics::describe_counter!("khaacho_orders_placed_total", "Orders that were placed, by how they are paid.");
    metrics::describe_counter!("khaacho_orders_refused_total", "Orders that were refused, by the code of the refusal.");
    metrics::describe_counter!("khaacho_whatsapp_sends_total", "Tries to send a message, by what became of it.");
    metrics::describe_histogram!("khaacho_db_commit_seconds", "How long COMMIT took.");
    metrics::describe_counter!(
        "khaacho_db_slow_statements_total",
        "Statements that took longer than slow_statement_ms."
    );
    Ok(counted)
}

/// What is read of the database.
struct Held {
    now: Instant,
    depths: Vec<QueueDepth>,
    successes: Vec<(String, Instant)>,
    credit: credit::Totals,
}

impl Held {
    async fn read(app: &App) -> Result<Self, DbError> {
        let now = app.clock.now();
        let read = app.db.read(async move |tx| {
            let (depths, successes) = (queue::depths(tx).await?, queue::last_successes(tx).await?);
            Ok(Self { now, depths, successes, credit: credit::all_lines(tx, now).await? })
        });
        read.await
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let gauge =
            |text: &mut String, name: &str, help: &str| writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        let jobs = |queue: Queue, state: &str| {
            let depth = self.depths.iter().find(|depth| depth.queue == queue && depth.state == state);
            depth.map_or(0, |depth| depth.jobs)
        };
        gauge(&mut text, "khaacho_queue_jobs", "Jobs by queue and state; DEAD ones wait for an operator.")?;
        for queue in Queue::ALL {
            for state in STATES {
                let jobs = jobs(*queue, state);
                writeln!(text, "khaacho_queue_jobs{{queue=\"{queue}\",state=\"{state}\"}} {jobs}")?;
            }
        }
        let name = "khaacho_schedule_success_age_seconds";
        gauge(&mut text, name, "Since the last run of a schedule that came to a good end.")?;
        for (schedule, ended) in &self.successes {
            let age = self.now.seconds_since(*ended).max(0);
            writeln!(text, "{name}{{schedule=\"{schedule}\"}} {age}")?;
        }
        for (name, help, amount) in [
            ("khaacho_credit_limit_rupees", "Limits of all lines.", self.credit.limit),
            ("khaacho_credit_reserved_rupees", "What orders hold on all lines.", self.credit.reserved),
            ("khaacho_credit_outstanding_rupees", "What is owed on all lines.", self.credit.outstanding),
        ] {
            gauge(&mut text, name, help)?;
            writeln!(text, "{name} {amount}")?;
        }
        Ok(text)
    }
}

/// The route.
pub fn routes(meter: Meter, app: App) -> Router {
    Router::new().route("/metrics", get(show)).with_state((meter, app))
}

async fn show(State((meter, app)): State<(Meter, App)>, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
    if let Err(problem) = meter.admits(peer, request.headers()) {
        return problem.into_response();
    }
    // What is counted is shown also while the database does not answer: then it is wanted most.
    let held = match Held::read(&app).await {
        Ok(held) => held.text().unwrap_or_default(),
        Err(error) => {
            tracing::error!(%error, "the metrics of the database cannot be read");
            String::new()
        }
    };
    let is_read = u8::from(!held.is_empty());
    let up =
        "# HELP khaacho_database_up Whether the database answered this question.\n# TYPE khaacho_database_up gauge";
    let text = format!("{}{held}{up}\nkhaacho_database_up {is_read}\n", meter.counted.render());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
