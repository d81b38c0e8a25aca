//! What only SQLite can do wrong: groups, the one writer, the lock of the file.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use db::{Access, Db, DbError, Migration, Options, Tx, params};
use tokio::task::{JoinSet, block_in_place};

use crate::world::{NOW, TABLES, World, add, counter, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_wait_share_a_commit() {
    let w = World::sqlite().await;
    let before = w.db.commits();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let db = w.db.clone();
        tasks.spawn(async move {
            for _ in 0..50 {
                db.write(async |tx| add(tx, "a", 1).await).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(w.counter("a").await, Some(3_200));
    let commits = w.db.commits() - before;
    assert!(commits < 1_600, "{commits} commits for 3200 transactions");
}

/// What one of many callers does, by its number: most succeed, some fail in every way there is.
async fn some_fail(tx: &mut Tx, n: i64) -> Result<(), DbError> {
    let id = format!("caller {n}");
    put(tx, &id, 1).await?;
    add(tx, "sum", n).await?;
    match n % 10 {
        3 => return Err(DbError::Missing("a refusal")),
        5 => put(tx, &id, 2).await?,
        7 => panic!("this panic is part of the test"),
        8 => tokio::task::yield_now().await,
        9 => {
            let part = tx.nested(async |tx| add(tx, "sum", i64::MIN).await).await;
            assert!(part.is_err());
        }
        _ => {}
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_in_the_middle_of_a_group_harms_nobody() {
    let w = World::sqlite().await;
    let before = w.db.commits();
    let mut tasks = JoinSet::new();
    for n in 0..400 {
        let db = w.db.clone();
        tasks.spawn(async move { (n, db.write(async move |tx| some_fail(tx, n).await).await) });
    }
    let mut sum = 0;
    for (n, outcome) in tasks.join_all().await {
        match n % 10 {
            3 => assert_eq!(outcome, Err(DbError::Missing("a refusal"))),
            5 => assert!(matches!(outcome, Err(DbError::Duplicate(_)))),
            7 => assert_eq!(outcome, Err(DbError::Panicked)),
            8 => assert_eq!(outcome, Err(DbError::Waited)),
            _ => {
                assert_eq!(outcome, Ok(()));
                sum += n;
            }
        }
        let id = format!("caller {n}");
        let sql = "select n from counters where id = $1";
        let row = w.db.read(async move |tx| tx.query_opt(sql, params![&id]).await).await.unwrap();
        assert_eq!(row.is_some(), outcome.is_ok());
    }
    assert_eq!(w.counter("sum").await, Some(sum));
    assert!(w.db.commits() - before < 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_sqlite_undoes_the_group_nobody_in_it_is_told_otherwise() {
    let w = World::sqlite().await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let db = w.db.clone();
        tasks.spawn(async move {
            let work = async move |tx: &mut Tx| {
                put(tx, &format!("caller {n}"), 1).await?;
                if n % 50 == 25 {
                    // A disk without room for another page.
                    tx.query("pragma max_page_count = 1", params![]).await?;
                    let words = "long".repeat(1_000_000);
                    let full = tx.exec("insert into things (id, words) values ('long', $1)", params![words]).await;
                    tx.query("pragma max_page_count = 1000000", params![]).await.unwrap_err();
                    full?;
                }
                Ok::<_, DbError>(())
            };
            let outcome = db.write(work).await;
            // The limit belongs to the connection: it is lifted again before the others go on. The group this joins may
            // be undone too.
            while db.write(async |tx| tx.query("pragma max_page_count = 1000000", params![]).await).await.is_err() {}
            (n, outcome)
        });
    }
    let mut full = 0;
    for (n, outcome) in tasks.join_all().await {
        let id = format!("caller {n}");
        let sql = "select n from counters where id = $1";
        let row = w.db.read(async move |tx| tx.query_opt(sql, params![&id]).await).await.unwrap();
        assert_eq!(row.is_some(), outcome.is_ok(), "{outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error, DbError::RolledBack(_)), "{error:?}");
            full += 1;
        }
    }
    assert!(full >= 4);
    w.db.write(async |tx| put(tx, "after", 1).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_busy_and_empties() {
    let w = World::sqlite().await;
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let db = w.db.clone();
    let holder = tokio::spawn(async move {
        db.write(async move |_| {
            held.wait();
            held.wait();
            Ok::<_, DbError>(())
        })
        .await
    });
    block_in_place(|| gate.wait());
    let mut tasks = JoinSet::new();
    for _ in 0..1_200 {
        let db = w.db.clone();
        tasks.spawn(async move { db.write(async |tx| add(tx, "a", 1).await).await });
    }
    while w.db.write(async |_| Ok::<_, DbError>(())).now_busy().await != Some(DbError::Busy) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    block_in_place(|| gate.wait());
    holder.await.unwrap().unwrap();
    let outcomes = tasks.join_all().await;
    let busy = outcomes.iter().filter(|outcome| **outcome == Err(DbError::Busy)).count();
    assert!((100..1_200).contains(&busy), "{busy}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() + busy, 1_200);
    assert_eq!(w.counter("a").await, i64::try_from(1_200 - busy).ok());
    assert!(DbError::Busy.is_transient());
}

/// Asks a call for its first answer only.
trait NowBusy {
    async fn now_busy(self) -> Option<DbError>;
}

impl<F: Future<Output = Result<(), DbError>>> NowBusy for F {
    async fn now_busy(self) -> Option<DbError> {
        tokio::time::timeout(Duration::from_millis(1), self).await.ok()?.err()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_serves_a_file() {
    let w = World::sqlite().await;
    let refused = Db::open(&w.url, &Options::default()).unwrap_err();
    let DbError::InUse { path, holder } = &refused else { panic!("{refused:?}") };
    assert!(w.url.to_string().ends_with(path.as_str()));
    assert_eq!(*holder, format!(" (process {})", std::process::id()));
    let sentence = refused.to_string();
    assert!(sentence.contains("is being served by another") && sentence.contains("stop that one first"), "{sentence}");

    // It works on undisturbed, and when it is closed the next may serve.
    w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
    let World { db, url, home: _home } = w;
    drop(db);
    let db = Db::open(&url, &Options::default()).unwrap();
    assert_eq!(counter(&db, "a").await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_beside_the_server_works_while_it_writes() {
    let w = World::sqlite().await;
    let beside = Db::open(&w.url, &Options { access: Access::Read, ..Options::default() }).unwrap();
    let refused = beside.write(async |tx| put(tx, "b", 1).await).await.unwrap_err();
    assert!(refused.to_string().contains("opened for reading"), "{refused}");
    let db = w.db.clone();
    let writer = tokio::spawn(async move {
        for _ in 0..300 {
            db.write(async |tx| {
                add(tx, "a", 1).await?;
                add(tx, "b", 1).await
            })
            .await
            .unwrap();
        }
    });
    let mut last = 0;
    while last < 300 {
        let sum = "select cast(coalesce(sum(n), 0) as bigint) as n from counters";
        let sum: i64 = beside.read(async move |tx| tx.query_one(sum, params![]).await?.get("n")).await.unwrap();
        assert!(sum % 2 == 0 && sum / 2 >= last, "{sum} after {last}");
        last = sum / 2;
    }
    writer.await.unwrap();
    drop(w.db);
    assert_eq!(counter(&beside, "a").await, Some(300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_that_holds_the_file_makes_the_store_busy() {
    let w = World::sqlite().await;
    let db::DatabaseUrl::Sqlite(path) = &w.url else { unreachable!() };
    let stranger = rusqlite::Connection::open(path).unwrap();
    stranger.execute_batch("begin immediate").unwrap();
    let db = w.db.clone();
    let waiting = tokio::spawn(async move { db.write(async |tx| put(tx, "a", 1).await).await });
    assert_eq!(waiting.await.unwrap(), Err(DbError::Busy));
    assert_eq!(w.counter("a").await, None);
    stranger.execute_batch("rollback").unwrap();
    w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_to_hold_the_database_may_be_a_transaction() {
    let w = World::sqlite().await;
    let World { db, url, home: _home } = w;
    for is_read in [false, true] {
        let db = Db::clone(&db);
        let held = db.clone();
        let work = async move |tx: &mut Tx| {
            let _held = &held;
            std::thread::sleep(Duration::from_millis(20));
            tx.query("select n from counters", params![]).await.map(|_| ())
        };
        let calling = tokio::spawn(async move { if is_read { db.read(work).await } else { db.write(work).await } });
        tokio::time::sleep(Duration::from_millis(5)).await;
        calling.abort();
    }
    drop(db);
    // The file is free as soon as the threads have ended.
    for _ in 0..100 {
        if let Ok(db) = Db::open(&url, &Options::default()) {
            db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the file is still held");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_awkward_row_is_named_not_guessed() {
    let w = World::sqlite().await;
    for sql in ["select 1.5 as n", "select x'00' as n"] {
        let error = w.db.read(async move |tx| tx.query(sql, params![]).await).await.unwrap_err();
        assert!(error.to_string().contains("neither a number nor a text"), "{error}");
    }
}

const PIECES: &[Migration] = &[
    TABLES[0],
    TABLES[1],
    Migration {
        name: "0003_pieces",
        sql: "create table pieces (retailer_id text, id text, whole_id text, words text, \
              primary key (retailer_id, id)) {clustered};\n\
              create index pieces_of_whole on pieces (retailer_id, whole_id);",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_which_most_is_known_is_used_before_there_are_any_rows() {
    let w = World::sqlite().await;
    w.db.migrate(PIECES, NOW).await.unwrap();
    let plan = async |tx: &mut Tx| {
        let sql = "explain query plan select words from pieces where retailer_id = $1 and whole_id = $2";
        tx.query_one(sql, params!["r", "w"]).await?.get::<String>("detail")
    };
    for plan in [w.db.read(plan).await.unwrap(), w.db.write(plan).await.unwrap()] {
        assert_eq!(plan, "SEARCH pieces USING INDEX pieces_of_whole (retailer_id=? AND whole_id=?)");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_begins_anew_although_writing_never_rests() {
    const TIMES: usize = 160;
    let w = World::sqlite().await;
    let db::DatabaseUrl::Sqlite(path) = &w.url else { unreachable!() };
    // 512 pages each time, 80 000 in all.
    let words = |time: usize| format!("{time:>4096}").repeat(512);
    for time in 0..TIMES {
        let words = words(time);
        let put = async move |tx: &mut Tx| {
            let sql = "insert into things (id, words) values ($1, $2) on conflict (id) do update set words = $2";
            tx.exec(sql, params!["a", words.as_str()]).await
        };
        w.db.write(put).await.unwrap();
    }
    let log = std::fs::metadata(path.with_extension("db-wal")).unwrap().len() / 4_096;
    assert!(log < 60_000, "{log} pages");
    let sql = "select words from things where id = $1";
    let kept = w.db.read(async move |tx| tx.query_one(sql, params!["a"]).await?.get::<String>("words")).await;
    assert_eq!(kept.unwrap(), words(TIMES - 1));
}

#[tokio::test]
async fn a_lone_writer_writes_on_its_own_thread_and_one_of_many_does_not() {
    let w = World::sqlite().await;
    let here = std::thread::current().id();
    let alone = w.db.write_here(async |_| Ok::<_, DbError>(std::thread::current().id())).await;
    assert_eq!(alone, Ok(here));
    let (entered, gate) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (first, db) = ((entered.clone(), gate.clone()), w.db.clone());
    let busy = tokio::spawn(async move {
        let work = async move |tx: &mut Tx| {
            first.0.wait();
            first.1.wait();
            add(tx, "a", 1).await
        };
        db.write(work).await
    });
    tokio::task::yield_now().await;
    entered.wait();
    let second = w.db.write_here(async |tx| add(tx, "a", 1).await.map(|n| (n, std::thread::current().id())));
    let (second, _) = tokio::join!(second, async { gate.wait() });
    assert_eq!(busy.await.unwrap(), Ok(1));
    let (n, elsewhere) = second.unwrap();
    assert!(n == 2 && elsewhere != here);
}
