//! `khaacho bench place`, `deliver` and `repay`: one of them over HTTP, checked afterwards, beside the machine's floor.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use hyper::Method;
use indicatif::ProgressBar;
use kernel::{Money, OrderId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::{self, Checked, check};
use super::client::Client;
use super::floor::{self, Floor, rate};
use super::history::{self, Until};
use super::load::{self, Seen};
use super::report::{PerSecond, Report};
use super::server::{Background, Server, empty};
use super::work::{Choices, Delivering, Placing, Repaying, Shape, Work};
use super::world::{self, World};
use super::{LoadFlags, engine, machine, store};

/// Bills that repayments are spread over.
const BILLS: usize = 2_000;
/// Before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    Place(Shape),
    /// So many orders are made and dispatched before.
    Deliver {
        orders: usize,
    },
    Repay {
        /// Everything on one bill.
        hot: bool,
    },
}

/// What one load did, for the report.
struct Run {
    warm: Option<Seen>,
    seen: Seen,
    used: machine::Cpu,
}

/// A server of our own on an empty database.
pub(crate) async fn own(
    database: &str,
    task: Task,
    flags: &LoadFlags,
    progress: &ProgressBar,
) -> anyhow::Result<Report> {
    progress.set_message("making the world");
    let db = empty(database).await?;
    let world = Arc::new(world::make(&db, progress).await?);
    let (listed, per_second): (_, fn(f64) -> PerSecond) = match task {
        Task::Place(_) => (store::ORDERS, PerSecond::OrdersPerSecond),
        Task::Deliver { .. } => (store::CYCLES, PerSecond::DeliveriesPerSecond),
        Task::Repay { .. } => (store::REPAYMENTS, PerSecond::RepaymentsPerSecond),
    };
    let made = match task {
        Task::Place(_) => history::Made::default(),
        Task::Deliver { orders } => history::make(&db, &world, orders, |_| Until::Dispatched, progress).await?,
        Task::Repay { hot } => {
            history::make(&db, &world, if hot { 1 } else { BILLS }, |_| Until::Delivered, progress).await?
        }
    };
    let before = check::ids(&db, listed).await?;
    drop(db);
    let server = Server::start(database, Background::Rests).await?;
    progress.set_message("measuring the floor");
    let commits = floor::commits().await?;
    let http = floor::http(&server.address, &server.token, flags.clients).await?;
    progress.set_message("under load");
    let run = match task {
        Task::Place(shape) => {
            let placing = || Placing { world: Arc::clone(&world), shape, choices: Choices::new() };
            warm_and_run(&server, flags, placing).await?
        }
        Task::Repay { .. } => {
            let cycles = Arc::new(made.cycles);
            let repaying = || Repaying { cycles: Arc::clone(&cycles), choices: Choices::new() };
            warm_and_run(&server, flags, repaying).await?
        }
        Task::Deliver { .. } => measured(&server, flags, delivering(&made.orders, flags.clients), None).await?,
    };
    let rss_mib = machine::rss_mib(server.pid);
    server.stop().await?;
    progress.set_message("checking");
    let loads: Vec<&Seen> = run.warm.iter().chain([&run.seen]).collect();
    let checked = check(database, listed, &before, &loads, progress).await?;
    let is_postgres = database.starts_with("postgres");
    let is_placing = matches!(task, Task::Place(_));
    let raw_orders = if is_postgres || !is_placing { None } else { floor::raw_orders(database).await? };
    let pgbench = if is_postgres { floor::pgbench(database, flags.clients).await? } else { None };
    let floor = Floor { commits, raw_orders, http, pgbench };
    let mut report = Report::of(&run.seen, flags.clients, per_second, floor);
    report.database = engine(database);
    told(&mut report, &run, &checked);
    report.rss_mib = Some(rss_mib);
    Ok(report)
}

fn told(report: &mut Report, run: &Run, checked: &Checked) {
    let thousands = rate(run.seen.accepted.len(), Duration::from_secs(1_000));
    report.lost = Some(checked.lost);
    report.doubled = Some(checked.doubled);
    report.overspent = Some(checked.overspent);
    report.findings = Some(checked.findings);
    report.server_cpu_seconds_per1000 = Some(run.used.server / thousands);
    report.other_cpu = run.used.others() / run.seen.took.as_secs_f64();
}

/// The orders dealt out to the clients.
fn delivering(orders: &[OrderId], clients: usize) -> Vec<Delivering> {
    let each = orders.len().div_ceil(clients.max(1)).max(1);
    orders.chunks(each).map(|orders| Delivering { orders: orders.to_vec() }).collect()
}

async fn warm_and_run<W: Work>(server: &Server, flags: &LoadFlags, work: impl Fn() -> W) -> anyhow::Result<Run> {
    let works = || (0..flags.clients).map(|_| work()).collect();
    let warm = load::run(&server.address, &server.token, works(), WARM_UP).await?;
    measured(server, flags, works(), Some(warm)).await
}

async fn measured<W: Work>(
    server: &Server,
    flags: &LoadFlags,
    works: Vec<W>,
    warm: Option<Seen>,
) -> anyhow::Result<Run> {
    let before = machine::cpu(Some(server.pid));
    let seen = load::run(&server.address, &server.token, works, flags.time()).await?;
    warn_of(&seen);
    Ok(Run { warm, seen, used: machine::cpu(Some(server.pid)).since(before) })
}

fn warn_of(seen: &Seen) {
    for error in &seen.first_errors {
        tracing::warn!(%error, "bench");
    }
}

/// A server that runs already and holds the bench's world. What it did is looked up over HTTP: the orders, and what is on
/// each line. Its books are not verified, and orders that nobody was answered cannot be told from those of others.
pub(crate) async fn running(url: &str, token: &str, shape: Shape, flags: &LoadFlags) -> anyhow::Result<Report> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut client = Client::connect(address, token).await?;
    let world = Arc::new(World {
        retailers: ids(&mut client, "retailers").await?,
        vendors: ids(&mut client, "vendors").await?,
        products: ids(&mut client, "products").await?,
    });
    if world.retailers.is_empty() || world.vendors.is_empty() || world.products.is_empty() {
        bail!("the server at {url} has no retailers, vendors or products to order with");
    }
    let commits = floor::commits().await?;
    let http = floor::http(address, token, flags.clients).await?;
    let before = machine::cpu(None);
    let works = (0..flags.clients).map(|_| Placing { world: Arc::clone(&world), shape, choices: Choices::new() });
    let seen = load::run(address, token, works.collect(), flags.time()).await?;
    warn_of(&seen);
    let used = machine::cpu(None).since(before);
    let orders: HashSet<&String> = seen.accepted.values().collect();
    let mut lost = 0_usize;
    for id in &orders {
        let path = format!("/api/v1/orders/{id}");
        let answer = client.send(Method::GET, &path, None, String::new()).await?;
        lost += usize::from(!answer.status.is_success());
    }
    let mut overspent = 0_i64;
    for line in list::<OnLine>(&mut client, "credit/lines").await? {
        overspent += i64::from(line.reserved.plus(line.outstanding)? > line.limit);
    }
    let floor = Floor { commits, raw_orders: None, http, pgbench: None };
    let mut report = Report::of(&seen, flags.clients, PerSecond::OrdersPerSecond, floor);
    url.clone_into(&mut report.database);
    report.lost = Some(lost);
    report.doubled = Some(seen.accepted.len() - orders.len());
    report.overspent = Some(overspent);
    report.other_cpu = used.others() / seen.took.as_secs_f64();
    Ok(report)
}

/// What an item of any list has.
#[derive(Deserialize)]
struct Identified<T> {
    id: T,
}

/// What is on a line.
#[derive(Deserialize)]
struct OnLine {
    limit: Money,
    reserved: Money,
    outstanding: Money,
}

#[derive(Deserialize)]
struct Listed<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// Every id of a list.
async fn ids<T: DeserializeOwned>(client: &mut Client, what: &str) -> anyhow::Result<Vec<T>> {
    Ok(list::<Identified<T>>(client, what).await?.into_iter().map(|item| item.id).collect())
}

/// Every item of a list, page by page.
async fn list<T: DeserializeOwned>(client: &mut Client, what: &str) -> anyhow::Result<Vec<T>> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/{what}?limit=200{after}");
        let answer = client.send(Method::GET, &path, None, String::new()).await?;
        anyhow::ensure!(answer.status.is_success(), "{path} answered {}", answer.status);
        let page: Listed<T> = serde_json::from_slice(&answer.body)?;
        found.extend(page.items);
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(found),
        }
    }
}
