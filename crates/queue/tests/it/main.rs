//! Jobs on both engines, seen from the rooms that queue them: what happens once, what happens again, and in what order.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod background;
mod by_hand;
mod clocks;
mod killed;
mod operators;
mod schedules;

use db::{DbError, Tx, params};
use kernel::{Actor, Context, PageRequest};
use queue::{Job, JobError, NewJob, Queue, Registry};
use testkit::TestDb;

/// A database with a table in which jobs leave their effects.
async fn with_effects(t: &TestDb) {
    let sql = "create table effects (name text not null)";
    let made: Result<(), DbError> = t.db.write(async |tx| tx.exec(sql, params![]).await).await;
    made.unwrap();
}

async fn leave(tx: &mut Tx, name: &str) -> Result<(), DbError> {
    tx.exec("insert into effects (name) values ($1)", params![name]).await
}

async fn effects(t: &TestDb) -> Vec<String> {
    let read = t.db.read::<_, DbError, _>(async |tx| {
        tx.query("select e.name from effects e order by e.name", params![])
            .await?
            .iter()
            .map(|row| row.get("name"))
            .collect()
    });
    read.await.unwrap()
}

fn context(t: &TestDb) -> Context {
    Context::new(&t.clock, &t.ids, Actor::System, "test")
}

fn job(cx: &Context, name: impl Into<String>) -> NewJob {
    NewJob::new(cx, Queue::OrderProcessing, "effect", serde_json::json!({ "name": name.into() }))
}

async fn queued(t: &TestDb, jobs: Vec<NewJob>) {
    let cx = context(t);
    let done: Result<(), DbError> = t.db.write(async move |tx| queue::enqueue(tx, &cx, jobs.clone()).await).await;
    done.unwrap();
}

async fn run(t: &TestDb, registry: &Registry) -> usize {
    queue::run_ready(&t.db, &t.clock, &t.ids, registry).await.unwrap()
}

async fn dead(t: &TestDb) -> Vec<String> {
    let page = t.db.read(async |tx| queue::dead_jobs(tx, &PageRequest::default()).await).await.unwrap();
    page.items.into_iter().map(|(_, _, error)| error).collect()
}

/// Waiting and running jobs.
async fn left(t: &TestDb) -> i64 {
    let depths = t.db.read(async |tx| queue::depths(tx).await).await.unwrap();
    depths.iter().filter(|depth| depth.state != "DEAD").map(|depth| depth.jobs).sum()
}

/// Leaves its effect and says what came of it by the number of its try.
fn effect_then(outcome: impl Fn(&Job) -> Result<(), JobError> + Clone + Send + Sync + 'static) -> Registry {
    Registry::default().inside("effect", move |tx, _, job| {
        let outcome = outcome.clone();
        Box::pin(async move {
            leave(tx, job.text("name")?).await?;
            outcome(job)
        })
    })
}
