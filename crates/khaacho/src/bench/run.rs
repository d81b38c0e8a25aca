//! `khaacho bench place`: orders on credit over HTTP, checked afterwards, beside the machine's floor.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use db::{Access, Db, DbError};
use indicatif::ProgressBar;
use kernel::{Clock, IdGen, Money, Role};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use web::{Auth, Caller};

use super::floor::{self, Floor, rate};
use super::load::{self, Seen, Shape};
use super::world::{self, World};
use super::{machine, store};
use crate::commands::spinner;
use crate::config::{CommonFlags, Config};
use crate::serve::print_line;
use crate::verify;

/// The limit of every line: nothing is refused for want of credit.
const LIMIT: Money = Money::from_paisa(1_000_000_000_000_000);
/// Order ids read at once in the check.
const PAGE: i64 = 10_000;

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Place orders on credit: key, order, three items, reservation, stock, audit, message.
    ///
    /// Starts a server on a fresh temporary SQLite file, or on the empty --database that is named, or drives the one at
    /// --url with a token.
    Place {
        /// Clients, each with one connection and one order at a time.
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// How long.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Everything on one line.
        #[arg(long, conflicts_with = "routed")]
        hot: bool,
        /// Let routing choose the vendor.
        #[arg(long)]
        routed: bool,
        /// Drive this server instead of starting one; it must hold the bench's world already.
        #[arg(long, requires = "token")]
        url: Option<String>,
        /// An operator's access token for --url.
        #[arg(long)]
        token: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check and export a journal, made in a fresh temporary SQLite file or in the empty --database that is named.
    Verify {
        /// Journal entries.
        #[arg(long, default_value_t = 1_000_000)]
        entries: usize,
        /// Books that they are spread over.
        #[arg(long, default_value_t = 1_000)]
        books: usize,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What the bench prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    database: String,
    clients: usize,
    orders_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    sent: u64,
    accepted: usize,
    refused: u64,
    errors: u64,
    /// Accepted orders that are not there.
    lost: Option<usize>,
    /// Orders that are there and were never answered as accepted, less those whose answer was an error.
    doubled: Option<usize>,
    /// Lines with more on them than their limit.
    overspent: Option<i64>,
    /// What `verify` found.
    findings: Option<usize>,
    server_cpu_seconds_per1000: Option<f64>,
    /// CPU seconds a second of all other processes; PostgreSQL is among them.
    other_cpu: f64,
    rss_mib: Option<f64>,
    floor: Floor,
}

/// Runs the bench.
pub async fn run(config: Config, common: &CommonFlags, flags: Flags) -> anyhow::Result<ExitCode> {
    let (clients, seconds, hot, routed, url, token, json) = match flags.what {
        What::Place { clients, seconds, hot, routed, url, token, json } => {
            (clients, seconds, hot, routed, url, token, json)
        }
        What::Verify { entries, books, json } => return check_books(&config, common, entries, books, json).await,
    };
    let shape = match (hot, routed) {
        (true, _) => Shape::Hot,
        (_, true) => Shape::Routed,
        _ => Shape::Named,
    };
    let time = Duration::from_secs(seconds.max(1));
    let progress = spinner();
    let report = if let (Some(url), Some(token)) = (url, token) {
        running(&url, &token, shape, clients, time).await?
    } else {
        let (_folder, database) = database(&config, common)?;
        own(&database, shape, clients, time, &progress).await?
    };
    progress.finish_and_clear();
    let is_clean = [report.lost, report.doubled, report.findings].iter().all(|count| count.unwrap_or(0) == 0)
        && report.overspent.unwrap_or(0) == 0
        && report.errors == 0;
    if json {
        print_line(&serde_json::to_string(&report)?);
    } else {
        print_report(&report)?;
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The database that is named, or a fresh file, which goes with its folder.
fn database(config: &Config, common: &CommonFlags) -> anyhow::Result<(tempfile::TempDir, String)> {
    let folder = tempfile::tempdir()?;
    let fresh = format!("sqlite:{}", folder.path().join("bench.db").display());
    let is_named = common.database.is_some() || std::env::var_os("KHAACHO_DATABASE").is_some();
    Ok((folder, if is_named { config.database.clone() } else { fresh }))
}

async fn check_books(
    config: &Config,
    common: &CommonFlags,
    entries: usize,
    books: usize,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let (_folder, database) = database(config, common)?;
    let report = super::verify::run(&database, entries, books).await?;
    if json {
        print_line(&serde_json::to_string(&report)?);
    } else {
        report.lines().iter().for_each(|line| print_line(line));
    }
    Ok(if report.findings == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// A server of our own as another process, so that its CPU and memory are its own.
struct Served {
    child: Child,
    pid: u32,
    address: String,
}

async fn serve(database: &str, secret: &str) -> anyhow::Result<Served> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["serve", "--database", database, "--listen", "127.0.0.1:0"])
        .env("KHAACHO_SIMULATOR", "true")
        .env("KHAACHO_BACKGROUND", "false")
        .env("KHAACHO_TOKEN_SECRET", secret)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id().context("the server has ended")?;
    let stdout = child.stdout.take().context("the server has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let address = loop {
        let Some(line) = lines.next_line().await? else { bail!("the server ended before it listened") };
        if let Some(address) = line.strip_prefix("listening on http://") {
            break address.to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(Served { child, pid, address })
}

impl Served {
    async fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await?;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        anyhow::ensure!(ended.context("the server did not end")??.success(), "the server ended with an error");
        Ok(())
    }
}

fn operator_token(secret: &str) -> anyhow::Result<String> {
    let clock = Clock::system();
    let user = IdGen::system().make(clock.now());
    let caller = Caller { user, role: Role::Admin, retailer: None, vendor: None };
    Ok(Auth::new(secret, clock).issue(caller)?.0)
}

async fn own(
    database: &str,
    shape: Shape,
    clients: usize,
    time: Duration,
    progress: &ProgressBar,
) -> anyhow::Result<Report> {
    let secret = kernel::hex(&IdGen::system().random_bytes::<32>());
    progress.set_message("making the world");
    let world = make_world(database, progress).await?;
    let served = serve(database, &secret).await?;
    let token = operator_token(&secret)?;
    progress.set_message("measuring the floor");
    let commits = floor::commits().await?;
    let http = floor::http(&served.address, &token, clients).await?;
    progress.set_message("warming up");
    let warm = load::run(&served.address, &token, &world, shape, clients, Duration::from_secs(1)).await?;
    progress.set_message("placing orders");
    let before = machine::cpu(Some(served.pid));
    let seen = load::run(&served.address, &token, &world, shape, clients, time).await?;
    let used = machine::cpu(Some(served.pid)).since(before);
    let rss_mib = machine::rss_mib(served.pid);
    served.stop().await?;
    progress.set_message("checking");
    let checked = check(database, &[&warm, &seen], progress).await?;
    let is_postgres = database.starts_with("postgres");
    let raw_orders = if is_postgres { None } else { floor::raw_orders(database).await? };
    let pgbench = if is_postgres { floor::pgbench(database, clients).await? } else { None };
    let floor = Floor { commits, raw_orders, http, pgbench };
    let thousands = rate(seen.accepted.len(), Duration::from_secs(1_000));
    let mut report = report(database, clients, &seen, floor);
    report.lost = Some(checked.lost);
    report.doubled = Some(checked.doubled);
    report.overspent = Some(checked.overspent);
    report.findings = Some(checked.findings);
    report.server_cpu_seconds_per1000 = Some(used.server / thousands);
    report.other_cpu = used.others() / seen.took.as_secs_f64();
    report.rss_mib = Some(rss_mib);
    Ok(report)
}

async fn make_world(database: &str, progress: &ProgressBar) -> anyhow::Result<World> {
    let url = database.parse().map_err(anyhow::Error::msg)?;
    let db = Db::open(&url, &db::Options::default())?;
    db.migrate(schema::MIGRATIONS, Clock::system().now()).await?;
    if !db.read(async |tx| parties::all_vendors(tx).await).await?.is_empty() {
        bail!("the bench needs an empty database; {url} holds something already");
    }
    world::make(&db, LIMIT, progress).await
}

async fn running(url: &str, token: &str, shape: Shape, clients: usize, time: Duration) -> anyhow::Result<Report> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut client = super::client::Client::connect(address, token).await?;
    let world = World {
        retailers: list(&mut client, "retailers").await?,
        vendors: list(&mut client, "vendors").await?,
        products: list(&mut client, "products").await?,
    };
    if world.retailers.is_empty() || world.vendors.is_empty() || world.products.is_empty() {
        bail!("the server at {url} has no retailers, vendors or products to order with");
    }
    let commits = floor::commits().await?;
    let http = floor::http(address, token, clients).await?;
    let before = machine::cpu(None);
    let seen = load::run(address, token, &world, shape, clients, time).await?;
    let used = machine::cpu(None).since(before);
    let mut lost = 0_usize;
    for id in seen.accepted.values() {
        let path = format!("/api/v1/orders/{id}");
        let answer = client.send(hyper::Method::GET, &path, None, String::new()).await?;
        lost += usize::from(!answer.status.is_success());
    }
    let floor = Floor { commits, raw_orders: None, http, pgbench: None };
    let mut report = report(url, clients, &seen, floor);
    report.lost = Some(lost);
    report.other_cpu = used.others() / seen.took.as_secs_f64();
    Ok(report)
}

/// Every id of a list, page by page.
async fn list<T: std::str::FromStr>(client: &mut super::client::Client, what: &str) -> anyhow::Result<Vec<T>> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/{what}?limit=200{after}");
        let answer = client.send(hyper::Method::GET, &path, None, String::new()).await?;
        anyhow::ensure!(answer.status.is_success(), "{path} answered {}", answer.status);
        let page: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let ids = page["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()?.parse().ok());
        found.extend(ids);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(found),
        }
    }
}

struct Checked {
    lost: usize,
    doubled: usize,
    overspent: i64,
    findings: usize,
}

/// Compares what was answered with what is there.
async fn check(database: &str, loads: &[&Seen], progress: &ProgressBar) -> anyhow::Result<Checked> {
    let options = db::Options { access: Access::Read, ..db::Options::default() };
    let db = Db::open(&database.parse().map_err(anyhow::Error::msg)?, &options)?;
    let mut there: HashSet<String> = HashSet::new();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let page = db.read(async move |tx| store::order_ids(tx, &from, PAGE).await).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        there.extend(page);
    }
    let answered: HashSet<&String> = loads.iter().flat_map(|seen| seen.accepted.values()).collect();
    let accepted: usize = loads.iter().map(|seen| seen.accepted.len()).sum();
    let unanswered: u64 = loads.iter().map(|seen| seen.errors).sum();
    let extra = there.iter().filter(|id| !answered.contains(id)).count();
    let overspent = db.read(async |tx| store::overspent_lines(tx).await).await?;
    let report = verify::run(&db, ledger::Part::All, progress).await.map_err(|error: DbError| error)?;
    for finding in report.findings.iter().take(10) {
        writeln!(std::io::stderr(), "{finding}")?;
    }
    Ok(Checked {
        lost: answered.iter().filter(|id| !there.contains(**id)).count(),
        // Two keys with one order, or an order that no key was answered with.
        doubled: (accepted - answered.len()) + extra.saturating_sub(usize::try_from(unanswered)?),
        overspent,
        findings: report.findings.len(),
    })
}

fn report(database: &str, clients: usize, seen: &Seen, floor: Floor) -> Report {
    let millis = |quantile| {
        rate(usize::try_from(seen.latency.value_at_quantile(quantile)).unwrap_or(0), Duration::from_secs(1_000))
    };
    Report {
        database: database.split(':').next().unwrap_or_default().to_owned(),
        clients,
        orders_per_second: rate(seen.accepted.len(), seen.took),
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        sent: seen.sent,
        accepted: seen.accepted.len(),
        refused: seen.refused,
        errors: seen.errors,
        lost: None,
        doubled: None,
        overspent: None,
        findings: None,
        server_cpu_seconds_per1000: None,
        other_cpu: 0.0,
        rss_mib: None,
        floor,
    }
}

fn print_report(report: &Report) -> anyhow::Result<()> {
    let shown = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.2}"));
    let counted = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
    let mut out = std::io::stdout();
    writeln!(out, "{} with {} clients", report.database, report.clients)?;
    writeln!(out, "  orders/s            {:.0}", report.orders_per_second)?;
    writeln!(out, "  p50, p99 ms         {:.2}, {:.2}", report.p50_ms, report.p99_ms)?;
    writeln!(out, "  sent, accepted      {}, {}", report.sent, report.accepted)?;
    writeln!(out, "  refused, errors     {}, {}", report.refused, report.errors)?;
    writeln!(out, "  lost, doubled       {}, {}", counted(report.lost), counted(report.doubled))?;
    writeln!(out, "  overspent, findings {:?}, {}", report.overspent, counted(report.findings))?;
    writeln!(out, "  server CPU s/1000   {}", shown(report.server_cpu_seconds_per1000))?;
    writeln!(out, "  others' CPU         {:.2} cores", report.other_cpu)?;
    writeln!(out, "  server MiB          {}", shown(report.rss_mib))?;
    writeln!(out, "floor")?;
    writeln!(out, "  commits/s           {:.0}", report.floor.commits)?;
    writeln!(out, "  raw orders/s        {}", shown(report.floor.raw_orders))?;
    writeln!(out, "  HTTP/s              {:.0}", report.floor.http)?;
    writeln!(out, "  pgbench TPC-B/s     {}", shown(report.floor.pgbench))?;
    Ok(())
}
