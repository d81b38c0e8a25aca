//! What only a server can do wrong: rivals, lost connections, restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use db::{DatabaseUrl, Db, DbError, Migration, Options, Tx, Value, params};
use testkit::postgres::Server;
use tokio::sync::Barrier;

use crate::proxy::Proxy;
use crate::world::{NOW, TABLES, World, add, counter, put};

const ONE: Options = Options {
    access: db::Access::Serve,
    readers: 1,
    pool_size: 1,
    slow_statement: Duration::from_secs(1),
    gathers_log: true,
};

async fn connection(db: &Db) -> i64 {
    let sql = "select cast(pg_backend_pid() as bigint) as pid";
    db.read(async move |tx| tx.query_one(sql, params![]).await?.get("pid"))
        .await
        .unwrap_or_else(|error: DbError| panic!("{error}"))
}

async fn lock_both(tx: &mut Tx, first: &str, second: &str, met: &Barrier, tries: &AtomicU32) -> Result<(), DbError> {
    let is_first_try = tries.fetch_add(1, Ordering::SeqCst) < 2;
    add(tx, first, 1).await?;
    if is_first_try {
        met.wait().await;
    }
    add(tx, second, 1).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_run_again() {
    let w = World::postgres().await;
    w.db.write(async |tx| {
        put(tx, "a", 0).await?;
        put(tx, "b", 0).await
    })
    .await
    .unwrap();
    for is_in_a_part in [false, true] {
        let (met, tries) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let rivals = [("a", "b"), ("b", "a")].map(|(first, second)| {
            let (db, met, tries) = (w.db.clone(), met.clone(), tries.clone());
            tokio::spawn(async move {
                db.write(async move |tx| {
                    if is_in_a_part {
                        // Even work that would swallow it is run again.
                        let _ = tx.nested(async |tx| lock_both(tx, first, second, &met, &tries).await).await;
                        Ok(())
                    } else {
                        lock_both(tx, first, second, &met, &tries).await
                    }
                })
                .await
            })
        });
        for rival in rivals {
            assert_eq!(rival.await.unwrap(), Ok(()));
        }
        assert_eq!(tries.load(Ordering::SeqCst), 3);
    }
    assert_eq!((w.counter("a").await, w.counter("b").await), (Some(4), Some(4)));
}

const CONFLICTS: &[Migration] = &[
    TABLES[0],
    TABLES[1],
    Migration {
        name: "0003_conflict",
        sql: "create function conflict() returns bigint language plpgsql as $$ begin raise exception 'again' using errcode = '40001'; end $$;",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serialization_failure_is_run_again_with_a_bound() {
    let w = World::postgres().await;
    w.db.migrate(CONFLICTS, NOW).await.unwrap();
    for fails in [2, 1_000] {
        let tries = Arc::new(AtomicU32::new(0));
        let counted = tries.clone();
        let outcome =
            w.db.write(async move |tx| {
                add(tx, "a", 1).await?;
                if counted.fetch_add(1, Ordering::SeqCst) < fails {
                    tx.exec("select conflict()", params![]).await?;
                }
                Ok::<_, DbError>(())
            })
            .await;
        let tries = tries.load(Ordering::SeqCst);
        if fails == 2 {
            assert_eq!((outcome, tries), (Ok(()), 3));
        } else {
            assert!(matches!(outcome, Err(DbError::Contention(_))), "{outcome:?}");
            assert_eq!(tries, 6);
        }
    }
    assert_eq!(w.counter("a").await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_kept_after_an_error_and_given_up_after_a_panic() {
    let w = World::postgres_with(&ONE).await;
    w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
    let first = connection(&w.db).await;
    w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap_err();
    w.db.write(async |tx| add(tx, "a", -5).await).await.unwrap_err();
    w.db.write(async |tx| add(tx, "a", 1).await.and(Err::<(), _>(DbError::Busy))).await.unwrap_err();
    w.db.write(async |tx| put(tx, "b", 1).await.and(Err::<(), _>(DbError::Busy))).await.unwrap_err();
    w.db.read(async |tx| tx.query("select nothing from nowhere", params![]).await).await.unwrap_err();
    assert_eq!(connection(&w.db).await, first);

    let panicked = w.db.write(async |tx| {
        add(tx, "a", 1).await?;
        panic!("this panic is part of the test");
        #[allow(unreachable_code, reason = "names the type")]
        Ok::<(), DbError>(())
    });
    assert_eq!(panicked.await, Err(DbError::Panicked));
    assert_ne!(connection(&w.db).await, first);
    assert_eq!(w.counter("a").await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_without_a_connection_wait_for_one() {
    let w = World::postgres_with(&ONE).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let db = w.db.clone();
        tasks.spawn(async move { db.write(async |tx| add(tx, "a", 1).await).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(w.counter("a").await, Some(50));
}

async fn serve(server: &Server) -> Db {
    let db = Db::open(&DatabaseUrl::Postgres(server.url("postgres")), &Options::default()).unwrap();
    db.migrate(TABLES, NOW).await.unwrap();
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_is_survived() {
    let server = Arc::new(Server::start().unwrap());
    let db = serve(&server).await;
    for is_in_a_part in [false, true] {
        let (tries, counted) = (Arc::new(AtomicU32::new(0)), server.clone());
        let seen = tries.clone();
        let work = async move |tx: &mut Tx| {
            add(tx, "a", 1).await?;
            if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                let server = counted.clone();
                tokio::task::spawn_blocking(move || server.restart()).await.unwrap().unwrap();
            }
            if is_in_a_part { tx.nested(async |tx| add(tx, "a", 1).await).await } else { add(tx, "a", 1).await }
        };
        db.write(work).await.unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 2);
    }
    assert_eq!(counter(&db, "a").await, Some(4));

    // Connections that lay idle meanwhile are not trusted.
    server.restart().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let db = db.clone();
        tasks.spawn(async move { db.write(async |tx| put(tx, "b", 1).await.and(add(tx, "a", 1).await)).await });
    }
    let done = tasks.join_all().await.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(done, 1, "the others find the key taken");
    assert_eq!(counter(&db, "a").await, Some(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_is_an_error_within_seconds() {
    let server = Server::start().unwrap();
    let db = serve(&server).await;
    server.kill().unwrap();
    let started = Instant::now();
    let outcome = db.write(async |tx| add(tx, "a", 1).await).await;
    assert!(matches!(outcome, Err(DbError::LostConnection(_))), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());

    // It comes back while a caller waits, or asks again where the machine is slow; what failed has left nothing.
    let waiting = tokio::spawn({
        let db = db.clone();
        async move {
            loop {
                match db.write(async |tx| add(tx, "a", 1).await).await {
                    Err(DbError::LostConnection(_)) => {}
                    outcome => return outcome,
                }
            }
        }
    });
    tokio::task::block_in_place(|| server.restart()).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_wrong_is_told_at_once() {
    let error = Db::open(&DatabaseUrl::Postgres("postgres://host:port:port/x".to_owned()), &ONE).unwrap_err();
    assert!(error.to_string().contains("the database address is not right"), "{error}");
    let w = World::postgres().await;
    let DatabaseUrl::Postgres(url) = &w.url else { unreachable!() };
    let (server, _) = url.rsplit_once('/').unwrap();
    let absent = Db::open(&DatabaseUrl::Postgres(format!("{server}/absent")), &ONE).unwrap();
    let started = Instant::now();
    let error = absent.read(async |tx| add(tx, "a", 1).await).await.unwrap_err();
    assert!(matches!(&error, DbError::Engine(why) if why.contains("absent")), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(1));
    // This server speaks no TLS; asking for it must not end in a plain connection.
    let secure = Db::open(&DatabaseUrl::Postgres(format!("{url}?sslmode=require")), &ONE).unwrap();
    let error = secure.read(async |tx| add(tx, "a", 1).await).await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_unknown_and_a_lost_statement_is_not() {
    let w = World::postgres().await;
    let DatabaseUrl::Postgres(url) = &w.url else { unreachable!() };
    let proxy = Proxy::before(url).await;
    let db = Db::open(&DatabaseUrl::Postgres(proxy.url.clone()), &ONE).unwrap();
    db.write(async |tx| put(tx, "warm", 1).await).await.unwrap();

    proxy.break_before_commit();
    let outcome = db.write(async |tx| put(tx, "not forwarded", 1).await).await;
    assert_eq!(outcome, Err(DbError::CommitUnknown));
    proxy.break_after_commit();
    let outcome = db.write(async |tx| put(tx, "forwarded", 1).await).await;
    assert_eq!(outcome, Err(DbError::CommitUnknown));
    proxy.break_after_commit();
    let outcome = db.write(async |tx| add(tx, "asked", 1).await).await;
    assert_eq!(outcome, Err(DbError::CommitUnknown));
    assert!(!DbError::CommitUnknown.is_transient());
    for (id, n) in [("not forwarded", None), ("forwarded", Some(1)), ("asked", Some(1))] {
        assert_eq!(w.counter(id).await, n, "{id}");
    }

    // What has only read is read again.
    proxy.break_before_commit();
    assert_eq!(counter(&db, "warm").await, Some(1));
    assert!(proxy.is_whole());
    // And the pool has not lost a place by all this.
    db.write(async |tx| put(tx, "after", 1).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_list_are_looked_up_by_their_key() {
    let w = World::postgres().await;
    let plan = w.db.write(async |tx| {
        tx.insert_many("counters", &["id", "n"], (0..500).map(|n| params![format!("{n:05}"), n]).collect()).await?;
        tx.exec("analyze counters", params![]).await?;
        let wanted = Value::rows([params!["00007"]]);
        let sql = "explain select c.n from {rows 1: id text} v join counters c on c.id = v.id";
        tx.query(sql, params![wanted])
            .await?
            .iter()
            .map(|row| row.get("QUERY PLAN"))
            .collect::<Result<Vec<String>, _>>()
    });
    let plan = plan.await.unwrap_or_else(|error: DbError| panic!("{error}")).join("\n");
    assert!(plan.contains("counters_pkey") && !plan.contains("Seq Scan"), "{plan}");
}
