//! Worker processes that are killed while they work, at random moments and several at once: each effect inside happens
//! exactly once, each effect outside at least once, and nothing is lost.
//!
//! A worker process is this program itself, called for the one test that works where it is told to. Processes of a later
//! round have a clock that is further ahead, so that what was left behind is given back at once. `TEST_QUEUE_JOBS` says
//! how many jobs there are.
#![expect(clippy::print_stdout, reason = "the seed and what happened are for whoever reads a failure")]

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use db::{Db, DbError, Options, params};
use kernel::{Actor, Clock, Context, IdGen, PageRequest};
use queue::{JobFilter, NewJob, Queue, Registry, Workers};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use testkit::postgres::{TestDatabase, fresh_database};

const KINDS: [&str; 3] = ["small", "inside", "outside"];
const QUEUES: [Queue; 3] = [Queue::OrderProcessing, Queue::CreditScore, Queue::Whatsapp];
const WORKER: &str = "killed::a_worker_process_works_where_it_is_told_to";
/// Longer than a lease.
const ROUND_SECONDS: i64 = 70;
const ROUNDS: i64 = 6;
/// A short run; a long one has as many as `TEST_QUEUE_JOBS` says.
const JOBS: usize = 1_500;

async fn leave(db: &Db, name: String) -> Result<(), DbError> {
    db.write(async move |tx| tx.exec("insert into effects (name) values ($1)", params![&name]).await).await
}

fn registry(db: &Db) -> Registry {
    let outside = db.clone();
    Registry::default()
        .small("small", |tx, _, job| Box::pin(async move { Ok(crate::leave(tx, job.text("name")?).await?) }))
        .inside("inside", |tx, _, job| Box::pin(async move { Ok(crate::leave(tx, job.text("name")?).await?) }))
        .outside("outside", move |_, job| {
            let db = outside.clone();
            async move { Ok(leave(&db, job.text("name")?.to_owned()).await?) }
        })
}

/// Works until it is killed, where `TEST_QUEUE_WORKER` names a database and how far the clock is ahead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_process_works_where_it_is_told_to() {
    let Ok(told) = std::env::var("TEST_QUEUE_WORKER") else { return };
    let (ahead, url) = told.split_once(' ').unwrap();
    let (clock, ids) = (Clock::shiftable(), IdGen::system());
    clock.advance_seconds(ahead.parse().unwrap());
    let db = Db::open(&url.parse().unwrap(), &Options { pool_size: 6, ..Options::default() }).unwrap();
    let _workers = Workers::start(&db, &clock, &ids, &registry(&db));
    std::future::pending::<()>().await;
}

/// A worker process.
struct Worker(Child);

impl Worker {
    fn start(url: &str, ahead: i64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([WORKER, "--exact", "--nocapture"]).env("TEST_QUEUE_WORKER", format!("{ahead} {url}"));
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What is looked at between two rounds; on SQLite one process at a time has the file.
async fn with_db<T>(url: &str, look: impl AsyncFnOnce(&Db) -> T) -> T {
    let db = Db::open(&url.parse().unwrap(), &Options::default()).unwrap();
    look(&db).await
}

async fn prepare(db: &Db, count: usize) {
    let (clock, ids) = (Clock::system(), IdGen::system());
    db.migrate(schema::MIGRATIONS, clock.now()).await.unwrap();
    let cx = Context::new(&clock, &ids, Actor::System, "test");
    let jobs: Vec<NewJob> = (0..count)
        .map(|n| {
            let job = NewJob::new(&cx, QUEUES[n % 3], KINDS[n % 3], serde_json::json!({ "name": format!("{n:06}") }));
            if n % 6 == 1 { job.order_key(format!("to:{}", n % 50)) } else { job }
        })
        .collect();
    let done = db.write::<_, DbError, _>(async move |tx| {
        tx.exec("create table effects (name text not null)", params![]).await?;
        queue::enqueue(tx, &cx, jobs.clone()).await
    });
    done.await.unwrap();
}

/// Jobs that wait or are at work, and jobs that died because they were killed three times; those are tried again.
async fn left(db: &Db, ahead: i64) -> (usize, u64) {
    let (clock, ids) = (Clock::shiftable(), IdGen::system());
    clock.advance_seconds(ahead);
    let cx = Context::new(&clock, &ids, Actor::System, "test");
    let done = db.write::<_, DbError, _>(async move |tx| {
        let (mut waiting, mut dead) = (0, 0);
        for queue in QUEUES {
            dead += queue::retry_all_dead(tx, &cx, queue, None).await?;
            let page = PageRequest::new(Some(PageRequest::MOST), None);
            waiting += queue::jobs(tx, queue, &JobFilter::default(), &page).await?.items.len();
        }
        Ok((waiting, dead))
    });
    done.await.unwrap()
}

async fn effects(db: &Db) -> BTreeMap<String, i64> {
    let read = db.read::<_, DbError, _>(async |tx| {
        let sql = "select e.name, cast(count(*) as bigint) as n from effects e group by e.name";
        tx.query(sql, params![]).await?.iter().map(|row| Ok((row.get("name")?, row.get("n")?))).collect()
    });
    read.await.unwrap()
}

async fn killed_at_random(url: &str, processes: usize) {
    let (seed, count) = (u64::from_le_bytes(IdGen::system().random_bytes()), testkit::wanted("TEST_QUEUE_JOBS", JOBS));
    println!("seed {seed}, {count} jobs");
    let mut random = StdRng::seed_from_u64(seed);
    with_db(url, async |db| prepare(db, count).await).await;
    let (mut killed, mut died) = (0, 0);
    for round in 1..1_000 {
        let mut workers: Vec<Worker> = (0..processes).map(|_| Worker::start(url, round * ROUND_SECONDS)).collect();
        // The first rounds are short; then they live long enough to come to an end.
        let longest = if round <= ROUNDS { 900 } else { 5_000 };
        while let Some(worker) = workers.pop() {
            tokio::time::sleep(Duration::from_millis(random.random_range(200..=longest))).await;
            drop(worker);
            killed += 1;
        }
        let (waiting, dead) = with_db(url, async |db| left(db, round * ROUND_SECONDS).await).await;
        died += dead;
        if waiting == 0 && round >= ROUNDS {
            break;
        }
    }
    let effects = with_db(url, effects).await;
    let twice = effects.values().filter(|times| **times > 1).count();
    println!("{killed} processes killed, {died} jobs died of it, {twice} effects outside happened again");
    assert_eq!(effects.len(), count, "none is lost");
    for (name, times) in effects {
        let number: usize = name.parse().unwrap();
        assert!(times == 1 || KINDS[number % 3] == "outside", "{name} happened {times} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_lose_nothing_and_do_nothing_twice_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    killed_at_random(&format!("sqlite:{}", folder.path().join("khaacho.db").display()), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_lose_nothing_and_do_nothing_twice_on_postgres() {
    let database: TestDatabase = fresh_database().unwrap();
    killed_at_random(&database.url, 3).await;
}
