//! How many small transactions a second are made durable, with 1, 16 and 64 callers.
//!
//! ```text
//! cargo run --release -p db --example commit_bench [-- postgres://…]
//! ```
//!
//! Each caller inserts one row and adds to a counter of its own, over and over; the figures are of the whole round trip,
//! with full durability. SQLite works in a file of the temporary folder, PostgreSQL in the database that is named, where
//! the tables `bench_…` stay behind.

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use db::{DatabaseUrl, Db, DbError, Migration, Options, Tx, params};
use tokio::task::JoinSet;

const TABLES: &[Migration] = &[Migration {
    name: "bench",
    sql: "create table bench_rows (id bigint primary key, words text not null);\n\
          create table bench_counters (id bigint primary key, n bigint not null);",
}];

/// How long each number of callers is watched.
const WATCHED: Duration = Duration::from_secs(5);

async fn small_transaction(tx: &mut Tx, caller: i64, id: i64) -> Result<(), DbError> {
    let sql = "insert into bench_counters (id, n) values ($1, 1) \
               on conflict (id) do update set n = bench_counters.n + 1 returning n";
    tx.query_one(sql, params![caller]).await?;
    tx.exec("insert into bench_rows (id, words) values ($1, 'some words of a usual length')", params![id]).await
}

async fn measure(db: &Db, callers: i64, next: &Arc<AtomicI64>) -> Result<(), DbError> {
    let (started, commits) = (Instant::now(), db.commits());
    let mut tasks: JoinSet<Result<Vec<Duration>, DbError>> = JoinSet::new();
    for caller in 0..callers {
        let (db, next) = (db.clone(), next.clone());
        tasks.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < WATCHED {
                let (begun, id) = (Instant::now(), next.fetch_add(1, Ordering::Relaxed));
                db.write(async move |tx| small_transaction(tx, caller, id).await).await?;
                took.push(begun.elapsed());
            }
            Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done.unwrap_or(Err(DbError::Panicked))?);
    }
    let millis = started.elapsed().as_millis().max(1);
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len().saturating_mul(percent) / 100).copied().unwrap_or_default();
    let per_second = u128::try_from(took.len()).unwrap_or_default().saturating_mul(1_000) / millis;
    println!(
        "{:?}, {callers} callers: {per_second} transactions/s, half within {:?}, 99 % within {:?}; {} in {} commits",
        db.engine(),
        at(50),
        at(99),
        took.len(),
        db.commits().saturating_sub(commits),
    );
    Ok(())
}

async fn bench(url: &DatabaseUrl) -> Result<(), DbError> {
    let db = Db::open(url, &Options::default())?;
    db.migrate(TABLES, kernel::Instant::from_micros(0)).await?;
    let last = "select cast(coalesce(max(id), 0) as bigint) as id from bench_rows";
    let last: i64 = db.read(async move |tx| tx.query_one(last, params![]).await?.get("id")).await?;
    let next = Arc::new(AtomicI64::new(last.saturating_add(1)));
    for callers in [1, 16, 64] {
        measure(&db, callers, &next).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    bench(&DatabaseUrl::Sqlite(folder.path().join("bench.db"))).await?;
    if let Some(url) = std::env::args().nth(1) {
        bench(&url.parse()?).await?;
    }
    Ok(())
}
