//! The desk: commands of many callers in sets, each answered for itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use db::{DatabaseUrl, Db, DbError, Desk, Engine, Options, SET_MOST, Tx, Value, params};
use tokio::task::JoinSet;

use crate::proxy::Proxy;
use crate::world::{World, add, both, counter};

/// Adds `n` to the sum, once for each key.
#[derive(Clone, Debug)]
struct Command {
    key: String,
    n: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Applied,
    AlreadyApplied,
}

use Outcome::{AlreadyApplied, Applied};

type TestDesk = Desk<Command, Outcome, DbError>;

/// Makes the handler panic, or fail without a broken rule.
const PANIC: i64 = -1_000_001;
const REFUSED: i64 = -1_000_002;

async fn carry_out(tx: &mut Tx, set: &[Command]) -> Result<Vec<Outcome>, DbError> {
    let keys = Value::list(set.iter().map(|command| &command.key));
    let known = tx.query("select id from things where id in {1}", vec![keys]).await?;
    let mut known: Vec<String> = known.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?;
    let (mut outcomes, mut rows, mut sum) = (Vec::new(), Vec::new(), 0);
    for command in set {
        assert_ne!(command.n, PANIC, "this panic is part of the test");
        if command.n == REFUSED {
            return Err(DbError::Missing("a refusal"));
        }
        if known.contains(&command.key) {
            outcomes.push(AlreadyApplied);
            continue;
        }
        known.push(command.key.clone());
        rows.push(params![command.key.as_str(), command.n]);
        sum += command.n;
        outcomes.push(Applied);
    }
    tx.insert_many("things", &["id", "number"], rows).await?;
    if sum != 0 {
        add(tx, "sum", sum).await?;
    }
    Ok(outcomes)
}

fn open(db: &Db) -> TestDesk {
    Desk::open(db, 2, carry_out)
}

fn command(key: impl ToString, n: i64) -> Command {
    Command { key: key.to_string(), n }
}

async fn is_there(db: &Db, key: &str) -> bool {
    let key = key.to_owned();
    let found = db.read(async move |tx| tx.query("select id from things where id = $1", params![&key]).await);
    !found.await.unwrap().is_empty()
}

both! {
    async fn under_load_commands_share_a_commit(w: World) {
        let most = Arc::new(AtomicUsize::new(0));
        let seen = most.clone();
        let desk: TestDesk = Desk::open(&w.db, 2, async move |tx: &mut Tx, set: &[Command]| {
            seen.fetch_max(set.len(), Ordering::Relaxed);
            carry_out(tx, set).await
        });
        // One when idle, without waiting for more.
        assert_eq!(desk.submit(command("first", 1)).await, Ok(Applied));
        assert_eq!(most.load(Ordering::Relaxed), 1);
        let before = w.db.commits();
        let mut tasks = JoinSet::new();
        for caller in 0..64 {
            let desk = desk.clone();
            tasks.spawn(async move {
                for n in 0..20 {
                    assert_eq!(desk.submit(command(format!("{caller}-{n}"), 1)).await, Ok(Applied));
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(w.counter("sum").await, Some(1_281));
        let (commits, most) = (w.db.commits() - before, most.load(Ordering::Relaxed));
        assert!(commits < 640, "{commits} commits for 1280 commands");
        assert!((4..=SET_MOST).contains(&most), "{most}");
    }

    async fn a_bad_command_in_a_set_fails_alone(w: World) {
        let desk = open(&w.db);
        let mut tasks = JoinSet::new();
        for n in 0..200 {
            let desk = desk.clone();
            let amount = match n % 20 {
                3 => -5_000_000,
                9 => PANIC,
                15 => REFUSED,
                _ => 1,
            };
            tasks.spawn(async move { (n, desk.submit(command(n, amount)).await) });
        }
        for (n, outcome) in tasks.join_all().await {
            match n % 20 {
                3 => assert!(matches!(outcome, Err(DbError::Constraint(_))), "{outcome:?}"),
                9 => assert_eq!(outcome, Err(DbError::Panicked)),
                15 => assert_eq!(outcome, Err(DbError::Missing("a refusal"))),
                _ => assert_eq!(outcome, Ok(Applied)),
            }
            assert_eq!(is_there(&w.db, &n.to_string()).await, outcome.is_ok());
        }
        assert_eq!(w.counter("sum").await, Some(170));
    }

    async fn a_key_that_comes_often_at_once_counts_once(w: World) {
        // Two desks, as in two processes; on SQLite one process serves both.
        let other = match w.db.engine() {
            Engine::Sqlite => w.db.clone(),
            Engine::Postgres => Db::open(&w.url, &Options::default()).unwrap(),
        };
        let desks = [open(&w.db), open(&other)];
        let mut tasks = JoinSet::new();
        for n in 0..400 {
            let desk = desks[n % 2].clone();
            let key = format!("key {}", n / 2 % 10);
            tasks.spawn(async move { (key.clone(), desk.submit(command(key, 1)).await.unwrap()) });
        }
        let mut applied: BTreeMap<String, usize> = BTreeMap::new();
        for (key, outcome) in tasks.join_all().await {
            *applied.entry(key).or_default() += usize::from(outcome == Applied);
        }
        assert_eq!(applied.len(), 10);
        assert!(applied.values().all(|times| *times == 1), "{applied:?}");
        assert_eq!(w.counter("sum").await, Some(10));
    }

    async fn callers_that_hang_up_harm_nobody(w: World) {
        let desk = open(&w.db);
        let mut tasks = JoinSet::new();
        for n in 0..200_u64 {
            let desk = desk.clone();
            tasks.spawn(async move {
                let call = desk.submit(command(n, 1));
                if n % 2 == 0 {
                    assert_eq!(call.await, Ok(Applied));
                } else {
                    let _ = tokio::time::timeout(Duration::from_micros(n * 10), call).await;
                }
            });
        }
        tasks.join_all().await;
        for n in 0..200 {
            let again = desk.submit(command(n, 1)).await.unwrap();
            assert!(n % 2 == 1 || again == AlreadyApplied);
        }
        assert_eq!(w.counter("sum").await, Some(200));
    }

    async fn a_full_desk_is_busy(w: World) {
        let gate = Arc::new(std::sync::Barrier::new(2));
        let held = gate.clone();
        let desk: Desk<i64, (), DbError> = Desk::open(&w.db, 1, async move |tx: &mut Tx, set: &[i64]| {
            if set.contains(&0) {
                held.wait();
                held.wait();
            }
            add(tx, "sum", set.len().try_into().unwrap()).await?;
            Ok(vec![(); set.len()])
        });
        let mut tasks = JoinSet::new();
        let first = desk.clone();
        tasks.spawn(async move { first.submit(0).await });
        tokio::task::block_in_place(|| gate.wait());
        for n in 1..=5_000 {
            let desk = desk.clone();
            tasks.spawn(async move { desk.submit(n).await });
        }
        while desk.submit(1).now().await != Some(Err(DbError::Busy)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::task::block_in_place(|| gate.wait());
        let outcomes = tasks.join_all().await;
        let busy = outcomes.iter().filter(|outcome| **outcome == Err(DbError::Busy)).count();
        assert!((1..=1_000).contains(&busy), "{busy}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() + busy, 5_001);
    }
}

/// Asks a call for its first answer only.
trait Now: Future + Sized {
    async fn now(self) -> Option<Self::Output> {
        tokio::time::timeout(Duration::from_micros(100), self).await.ok()
    }
}

impl<F: Future> Now for F {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_commit_is_settled_by_its_key() {
    let w = World::postgres().await;
    let DatabaseUrl::Postgres(url) = &w.url else { unreachable!() };
    let proxy = Proxy::before(url).await;
    let db = Db::open(&DatabaseUrl::Postgres(proxy.url.clone()), &Options::default()).unwrap();
    let desk = Desk::open(&db, 1, carry_out);
    for round in 0..10 {
        let mut tasks = JoinSet::new();
        if round % 2 == 0 {
            proxy.break_before_commit();
        } else {
            proxy.break_after_commit();
        }
        for n in 0..10 {
            let desk = desk.clone();
            tasks.spawn(async move { desk.submit(command(format!("{round}-{n}"), 1)).await.unwrap() });
        }
        let applied = tasks.join_all().await.into_iter().filter(|outcome| *outcome == Applied).count();
        assert!(proxy.is_whole());
        // A commit that was done finds its own keys.
        assert!(if round % 2 == 0 { applied == 10 } else { applied < 10 }, "{applied} in round {round}");
        assert_eq!(counter(&w.db, "sum").await, Some((round + 1) * 10));
    }
}
