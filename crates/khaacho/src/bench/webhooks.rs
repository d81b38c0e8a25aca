//! `khaacho bench webhooks`: people who write in bursts, each delivery twice and in a shuffled order, at a fixed rate.
//!
//! A burst is four messages of one person that reach us together, as when a phone finds its network again. Deliveries are
//! sent when they are due, whether or not earlier ones were answered, and timed from that moment. Afterwards every message
//! must have been handled once, with one reply, and each person's in the order of their writing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use db::{Access, Db};
use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use kernel::Clock;
use serde::Serialize;
use tokio::task::JoinSet;
use whatsapp::fake::{Courier, Person, Say, Webhook};

use super::floor::rate;
use super::server::{Background, Server, empty};
use super::work::Choices;
use super::{Outcome, engine, machine, store, world};
use crate::config::{SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use crate::verify;

/// What a person writes in one burst.
const BURST: [&str; 4] = ["namaste", "2 bora Product 6, 1 bora Product 13", "cancel", "mero baki kati cha?"];
/// How far a delivery may be from its place, in milliseconds: less than a message waits for an earlier one.
const SHUFFLED_MILLIS: usize = 200;
/// How long the last messages may take after the last delivery.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came of the deliveries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    database: String,
    deliveries: usize,
    deliveries_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    worst_ms: f64,
    /// Deliveries that were not answered with 200.
    errors: usize,
    messages: usize,
    /// Messages that were not handled a minute after the last delivery.
    unhandled: usize,
    /// Messages without a reply of their own, or with several.
    wrong_replies: usize,
    /// Messages handled before an earlier one of the same person.
    out_of_order: usize,
    /// From the last delivery to the last handled message.
    behind_seconds: f64,
    findings: usize,
    server_cpu_seconds_per1000: f64,
    #[serde(rename = "rssMiB")]
    rss_mib: f64,
}

/// One delivery and when it is due after the start.
struct Due {
    after: Duration,
    webhook: Arc<Webhook>,
}

/// Runs it against a server of its own on an empty database.
pub(crate) async fn run(
    database: &str,
    per_second: usize,
    time: Duration,
    progress: &ProgressBar,
) -> anyhow::Result<Report> {
    progress.set_message("making the world");
    let db = empty(database).await?;
    world::make(&db, progress).await?;
    drop(db);
    let server = Server::start(database, Background::Works).await?;
    let seconds = usize::try_from(time.as_secs())?;
    let deliveries = plan(per_second.max(1), per_second.max(1) * seconds);
    progress.set_message(format!("{} deliveries", deliveries.len()));
    let before = machine::cpu(Some(server.pid));
    let count = deliveries.len();
    let (latency, errors, took) = deliver(&server.address, deliveries).await?;
    let reader = Db::open(
        &database.parse().map_err(anyhow::Error::msg)?,
        &db::Options { access: Access::Read, ..db::Options::default() },
    )?;
    let last = Instant::now();
    while reader.read(async |tx| store::unhandled(tx).await).await? > 0 && last.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let behind_seconds = last.elapsed().as_secs_f64();
    let used = machine::cpu(Some(server.pid)).since(before);
    let rss_mib = machine::rss_mib(server.pid);
    server.stop().await?;
    progress.set_message("checking");
    let handled = reader.read(async |tx| store::handled(tx).await).await?;
    let findings = verify::run(&reader, ledger::Part::All, progress).await?.findings.len();
    let millis = |micros: u64| rate(usize::try_from(micros).unwrap_or(0), Duration::from_secs(1_000));
    Ok(Report {
        database: engine(database),
        deliveries: count,
        deliveries_per_second: rate(count, took),
        p50_ms: millis(latency.value_at_quantile(0.5)),
        p99_ms: millis(latency.value_at_quantile(0.99)),
        worst_ms: millis(latency.max()),
        errors,
        messages: count / 2,
        unhandled: (count / 2).saturating_sub(handled.len()),
        wrong_replies: reader.read(async |tx| store::wrong_replies(tx).await).await?,
        out_of_order: out_of_order(&handled),
        behind_seconds,
        findings,
        server_cpu_seconds_per1000: used.server / rate(count, Duration::from_secs(1_000)),
        rss_mib,
    })
}

/// Every message twice, each near its place.
fn plan(per_second: usize, deliveries: usize) -> Vec<Due> {
    let now = Clock::system().now().micros() / 1_000_000;
    let mut choices = Choices::new();
    let mut due = Vec::with_capacity(deliveries);
    for burst in 0..deliveries / 2 / BURST.len() {
        let person = Person::phone(&format!("97798{:08}", burst % world::RETAILERS), "Bench");
        let place = burst * BURST.len() * 2 * 1_000 / per_second;
        for (part, text) in BURST.iter().enumerate() {
            // A person's next burst is written after the one before, a second from message to message.
            let round = burst / world::RETAILERS * BURST.len() + part;
            let wrote = now.saturating_add(i64::try_from(round).unwrap_or(i64::MAX));
            let (wamid, say) = (format!("wamid.bench-{burst}-{part}"), Say::Text((*text).to_owned()));
            let webhook = Arc::new(Webhook::to(SIMULATOR_PHONE_NUMBER_ID).message(&person, &wamid, wrote, &say));
            for _ in 0..2 {
                let after = Duration::from_millis(u64::try_from(place + choices.below(SHUFFLED_MILLIS)).unwrap_or(0));
                due.push(Due { after, webhook: Arc::clone(&webhook) });
            }
        }
    }
    due.sort_by_key(|due| due.after);
    due
}

/// Sends each delivery when it is due. Answer times in microseconds, errors, and how long all took.
async fn deliver(address: &str, deliveries: Vec<Due>) -> anyhow::Result<(Histogram<u64>, usize, Duration)> {
    let courier = Courier::new(&format!("http://{address}/api/v1/whatsapp/webhook"), SIMULATOR_APP_SECRET)?;
    let courier = Arc::new(courier);
    let started = Instant::now();
    let mut answers: JoinSet<(u64, bool)> = JoinSet::new();
    for Due { after, webhook } in deliveries {
        tokio::time::sleep_until((started + after).into()).await;
        let courier = Arc::clone(&courier);
        answers.spawn(async move {
            let is_taken = courier.deliver(&webhook).await.is_ok_and(|status| status == 200);
            let micros = started.elapsed().saturating_sub(after).as_micros();
            (u64::try_from(micros).unwrap_or(u64::MAX), is_taken)
        });
    }
    let mut latency = Histogram::new(3)?;
    let mut errors = 0;
    while let Some(answer) = answers.join_next().await {
        let (micros, is_taken) = answer.context("a delivery")?;
        // Widens by itself as far as needed; only a value beyond 64 bits could fail.
        let _ = latency.record(micros);
        errors += usize::from(!is_taken);
    }
    Ok((latency, errors, started.elapsed()))
}

/// Messages that were handled before one of the same person that was written earlier. `handled` is by person and by the
/// moment of writing.
fn out_of_order(handled: &[store::HandledMessage]) -> usize {
    let pairs = handled.iter().zip(handled.iter().skip(1));
    pairs.filter(|(first, then)| first.address == then.address && first.handled_at > then.handled_at).count()
}

impl Outcome for Report {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("{}, {} deliveries of {} messages", self.database, self.deliveries, self.messages),
            format!("  deliveries/s          {:.0}", self.deliveries_per_second),
            format!("  p50, p99, worst ms    {:.2}, {:.2}, {:.2}", self.p50_ms, self.p99_ms, self.worst_ms),
            format!("  errors, unhandled     {}, {}", self.errors, self.unhandled),
            format!("  wrong replies         {}", self.wrong_replies),
            format!("  out of order          {}", self.out_of_order),
            format!("  last one handled      {:.2} s after the last delivery", self.behind_seconds),
            format!("  findings              {}", self.findings),
            format!("  server CPU s/1000     {:.2}", self.server_cpu_seconds_per1000),
            format!("  server MiB            {:.2}", self.rss_mib),
        ]
    }

    fn is_clean(&self) -> bool {
        [self.errors, self.unhandled, self.wrong_replies, self.out_of_order, self.findings] == [0; 5]
    }
}
