//! `khaacho bench dashboard`: how long it takes to look, one request after another, as the platform grows.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use credit::NewOpening;
use db::{Db, DbError, Tx};
use hdrhistogram::Histogram;
use hyper::Method;
use indicatif::ProgressBar;
use kernel::{Actor, Clock, Context, IdGen, Money, RetailerId, VendorId};
use serde::Serialize;
use serde_json::json;

use super::client::Client;
use super::floor::rate;
use super::server::{Background, Server, empty, open};
use super::world;
use super::{Outcome, engine, machine};

/// Retailers of one transaction.
const SET: usize = 100;
/// How long each question is asked.
const TIME: Duration = Duration::from_secs(3);

/// What looking cost.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    database: String,
    sizes: Vec<Size>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Size {
    retailers: usize,
    questions: Vec<Question>,
    #[serde(rename = "rssMiB")]
    rss_mib: f64,
}

/// One question, asked by one client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    name: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    asked: usize,
}

/// Grows an empty database to each size and asks.
pub(crate) async fn run(database: &str, sizes: &[usize], progress: &ProgressBar) -> anyhow::Result<Report> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    let vendors = world::vendors(&empty(database).await?).await?;
    let (mut retailers, mut measured) = (0, Vec::new());
    for size in sizes {
        // The server wants a SQLite file for itself.
        let db = open(database)?;
        let mut last = None;
        while retailers < size {
            let count = SET.min(size - retailers);
            last = Some(people(&db, &vendors, retailers, count).await?);
            retailers += count;
            progress.set_message(format!("{retailers} retailers"));
            progress.tick();
        }
        drop(db);
        let known = last.context("each size is larger than the one before it")?;
        progress.set_message(format!("asking of {retailers} retailers"));
        let server = Server::start(database, Background::Rests).await?;
        let questions = ask_all(&server, known).await?;
        let rss_mib = machine::rss_mib(server.pid);
        server.stop().await?;
        measured.push(Size { retailers, questions, rss_mib });
    }
    Ok(Report { database: engine(database), sizes: measured })
}

/// Whose line and bill are asked about.
struct Known {
    retailer: RetailerId,
    vendor: VendorId,
    line: kernel::LineId,
    cycle: kernel::CycleId,
}

/// Retailers with a line each, and two bills up to 130 days old.
async fn people(db: &Db, vendors: &[VendorId], from: usize, count: usize) -> anyhow::Result<Known> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let cx = Context::new(&clock, &ids, Actor::System, "bench");
    let vendors = vendors.to_vec();
    let known = db.write(async move |tx: &mut Tx| {
        let (mut openings, mut last) = (Vec::with_capacity(count * 2), None);
        for number in from..from + count {
            let vendor = vendors.get(number % vendors.len().max(1)).copied();
            let vendor = vendor.ok_or_else(|| world::refused("a world without vendors"))?;
            let (retailer, lines) = world::retailer(tx, &cx, number, &[vendor]).await?;
            let line = (retailer, vendor);
            for (note, days) in [("first", number % 131), ("second", number * 7 % 131)] {
                let started_on = cx.today().plus_days(-i64::try_from(days).unwrap_or(0));
                let principal = Money::from_paisa(500_000);
                openings.push(NewOpening { line, principal, started_on, note: note.to_owned() });
            }
            last = lines.first().map(|line| (retailer, vendor, line.id));
        }
        let opened = credit::open_cycles(tx, &cx, &openings).await?;
        let cycle = opened.into_iter().next_back().and_then(Result::ok);
        Ok::<_, DbError>(last.zip(cycle))
    });
    let ((retailer, vendor, line), cycle) = known.await?.context("no bill was opened")?;
    Ok(Known { retailer, vendor, line, cycle: cycle.id })
}

async fn ask_all(server: &Server, known: Known) -> anyhow::Result<Vec<Question>> {
    let Known { retailer, vendor, line, cycle } = known;
    let check = json!({ "retailerId": retailer, "vendorId": vendor, "amount": "100.00" }).to_string();
    let get = |path: String| (Method::GET, path, String::new());
    let questions = [
        ("health", get("health".to_owned())),
        ("risk dashboard", get("admin/credit/risk-dashboard".to_owned())),
        ("order check", (Method::POST, "credit/check".to_owned(), check)),
        ("quote", get(format!("credit/cycles/{cycle}/quote?cash=100"))),
        ("available", get(format!("credit/lines/{line}/available"))),
        ("statement", get(format!("credit/lines/{line}/statement"))),
        ("retailer's credit", get(format!("admin/credit/retailer/{retailer}"))),
    ];
    let mut client = Client::connect(&server.address, &server.token).await?;
    let mut asked = Vec::with_capacity(questions.len());
    for (name, (method, path, body)) in questions {
        asked.push(ask(&mut client, name, &method, &format!("/api/v1/{path}"), &body).await?);
    }
    Ok(asked)
}

async fn ask(
    client: &mut Client,
    name: &'static str,
    method: &Method,
    path: &str,
    body: &str,
) -> anyhow::Result<Question> {
    let mut times: Histogram<u64> = Histogram::new(3)?;
    let deadline = Instant::now() + TIME;
    // The first answer fills caches; it is not counted.
    let mut asked = 0_usize;
    while Instant::now() < deadline || asked < 2 {
        let sent = Instant::now();
        let answer = client.send(method.clone(), path, None, body.to_owned()).await?;
        let text = String::from_utf8_lossy(&answer.body);
        anyhow::ensure!(answer.status.is_success(), "{path} answered {}: {text}", answer.status);
        if asked > 0 {
            times.record(u64::try_from(sent.elapsed().as_micros())?)?;
        }
        asked += 1;
    }
    let millis =
        |quantile| rate(usize::try_from(times.value_at_quantile(quantile)).unwrap_or(0), Duration::from_secs(1_000));
    Ok(Question { name, p50_ms: millis(0.5), p99_ms: millis(0.99), asked })
}

impl Outcome for Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.database.clone(), "  retailers  question             p50 ms   p99 ms".to_owned()];
        for Size { retailers, questions, rss_mib } in &self.sizes {
            lines.extend(questions.iter().map(|Question { name, p50_ms, p99_ms, .. }| {
                format!("  {retailers:>9}  {name:<18} {p50_ms:>8.2} {p99_ms:>8.2}")
            }));
            lines.push(format!("  {retailers:>9}  server MiB         {rss_mib:>8.0}"));
        }
        lines
    }

    fn is_clean(&self) -> bool {
        true
    }
}
