//! What the machine can do at all, measured in the same run: commits of the disk, raw rows, HTTP.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use db::{Access, Db, DbError, Options};
use hyper::Method;
use kernel::Clock;
use serde::Serialize;
use tokio::process::Command;

use super::client::{Client, on_threads};
use super::store::{self, RETAILERS, TABLES};

/// How long each part is measured.
const TIME: Duration = Duration::from_millis(1_500);
/// Orders that are copied raw.
const ORDERS: usize = 4_096;
/// Orders in one raw transaction.
const GROUP: usize = 32;

/// The machine's floor, a second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// One-row transactions a second, one after another, each durable, on a fresh SQLite file.
    #[serde(rename = "commitsPerSecond")]
    pub(crate) commits: f64,
    /// Orders' rows inserted raw in groups of 32 into a fresh SQLite file.
    #[serde(rename = "rawOrdersPerSecond")]
    pub(crate) raw_orders: Option<f64>,
    /// Answers a second of a route that does nothing, with the same clients.
    #[serde(rename = "httpPerSecond")]
    pub(crate) http: f64,
    /// pgbench's TPC-B transactions a second on the same server, with the same clients.
    #[serde(rename = "pgbenchPerSecond")]
    pub(crate) pgbench: Option<f64>,
}

/// A fresh file, to which SQLite writes as it does without us.
async fn fresh() -> anyhow::Result<(tempfile::TempDir, Db)> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("floor.db").display());
    let options = Options { gathers_log: false, ..Options::default() };
    let db = Db::open(&url.parse().map_err(anyhow::Error::msg)?, &options)?;
    db.migrate(schema::MIGRATIONS, Clock::system().now()).await?;
    Ok((folder, db))
}

/// Durable one-row transactions a second.
pub(crate) async fn commits() -> anyhow::Result<f64> {
    let (_folder, db) = fresh().await?;
    let (started, mut count) = (Instant::now(), 0_i64);
    while started.elapsed() < TIME {
        count += 1;
        let number = count;
        db.write(async move |tx| store::one_row(tx, number).await).await?;
    }
    Ok(rate(usize::try_from(count)?, started.elapsed()))
}

/// The rows of orders that were placed, inserted raw.
pub(crate) async fn raw_orders(url: &str) -> anyhow::Result<Option<f64>> {
    let options = Options { access: Access::Read, ..Options::default() };
    let source = Db::open(&url.parse().map_err(anyhow::Error::msg)?, &options)?;
    let tables = source.read(async |tx| {
        let retailers = store::rows(tx, &RETAILERS, usize::MAX).await?;
        let mut tables = Vec::new();
        for table in &TABLES {
            tables.push(store::rows(tx, table, ORDERS).await?);
        }
        Ok::<_, DbError>((retailers, tables))
    });
    let (retailers, tables) = tables.await?;
    let orders = tables.first().map_or(0, Vec::len) / GROUP * GROUP;
    if orders == 0 {
        return Ok(None);
    }
    let (_folder, db) = fresh().await?;
    db.write(async move |tx| tx.insert_many(RETAILERS.name, RETAILERS.columns, retailers.clone()).await).await?;
    let started = Instant::now();
    for group in 0..orders / GROUP {
        let rows: Vec<_> = TABLES
            .iter()
            .zip(&tables)
            .map(|(table, rows)| {
                let (first, width) = (group * GROUP * table.per_order, GROUP * table.per_order);
                rows.iter().skip(first).take(width).cloned().collect::<Vec<_>>()
            })
            .collect();
        db.write(async move |tx| {
            for (table, rows) in TABLES.iter().zip(&rows) {
                tx.insert_many(table.name, table.columns, rows.clone()).await?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    }
    Ok(Some(rate(orders, started.elapsed())))
}

/// Answers a second of the health route.
pub(crate) async fn http(address: &str, token: &str, clients: usize) -> anyhow::Result<f64> {
    let (address, token) = (address.to_owned(), token.to_owned());
    let started = Instant::now();
    let counts = on_threads(vec![(); clients], async move |()| {
        let mut client = Client::connect(&address, &token).await?;
        let mut count = 0_usize;
        while started.elapsed() < TIME {
            client.send(Method::GET, "/api/v1/health", None, String::new()).await?;
            count += 1;
        }
        Ok(count)
    });
    let count = counts.await?.into_iter().sum();
    Ok(rate(count, started.elapsed()))
}

/// TPC-B transactions a second by pgbench, in tables of its own that are dropped afterwards; none where it is missing.
pub(crate) async fn pgbench(url: &str, clients: usize) -> anyhow::Result<Option<f64>> {
    if Command::new("pgbench").arg("--version").output().await.is_err() {
        return Ok(None);
    }
    let run = async |arguments: &[&str]| -> anyhow::Result<String> {
        let output = Command::new("pgbench").args(arguments).arg(url).output().await?;
        anyhow::ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    run(&["-i", "-q", "-s", "10"]).await?;
    let clients = clients.to_string();
    let printed = run(&["-n", "-T", "5", "-j", "2", "-c", &clients]).await?;
    run(&["-i", "-I", "d"]).await?;
    let tps = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.map(Some).with_context(|| format!("pgbench printed no tps: {printed}"))
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of a few seconds are small")]
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
