//! A transaction takes effect wholly or not at all, and so does each of its parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use db::{DbError, Engine, Tx, params};

use crate::world::{World, add, both, put};

/// What the work of a test may end in besides a failure of the store.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    Refused,
    Store(DbError),
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Store(error)
    }
}

async fn part_of(tx: &mut Tx, thing: &str) -> Result<(), DbError> {
    tx.exec("insert into parts (thing, id) values ($1, 'part')", params![thing]).await
}

fn is_duplicate<T>(outcome: &Result<T, DbError>) -> bool {
    matches!(outcome, Err(DbError::Duplicate(_)))
}

fn is_constraint<T>(outcome: &Result<T, DbError>) -> bool {
    matches!(outcome, Err(DbError::Constraint(_)))
}

both! {
    async fn a_commit_is_seen_by_the_next(w: World) {
        let answer = w.db.write(async |tx| {
            put(tx, "a", 1).await?;
            assert_eq!(add(tx, "a", 4).await?, 5);
            Ok::<_, DbError>("done")
        }).await;
        assert_eq!(answer, Ok("done"));
        assert_eq!(w.counter("a").await, Some(5));
    }

    async fn what_decides_under_locks_is_read_without_them(w: World) {
        const LOCKED: &str = "select n from counters c where c.id = $1 {lock c}";
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        let (db, reader) = (w.db.clone(), w.db.clone());
        let writing = db.write(async move |tx| {
            tx.query_one(LOCKED, params!["a"]).await?;
            add(tx, "a", 1).await
        });
        let reading = reader.read(async |tx| tx.query_one(LOCKED, params!["a"]).await?.get::<i64>("n"));
        let (written, read): (Result<i64, DbError>, Result<i64, DbError>) = tokio::join!(writing, reading);
        assert_eq!(written, Ok(2));
        assert!(matches!(read, Ok(1 | 2)), "{read:?}");
    }

    async fn what_was_answered_is_seen_at_once_by_everybody(w: World) {
        let mut tasks = tokio::task::JoinSet::new();
        for caller in 0..32 {
            let db = w.db.clone();
            tasks.spawn(async move {
                for n in 0..25 {
                    let id = format!("{caller}-{n}");
                    let own = id.clone();
                    db.write(async move |tx| put(tx, &own, 1).await).await.unwrap();
                    let sql = "select n from counters where id = $1";
                    db.read(async move |tx| tx.query_one(sql, params![&id]).await).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    }

    async fn an_error_undoes_all(w: World) {
        let outcome = w.db.write(async |tx| {
            put(tx, "a", 1).await?;
            add(tx, "b", 1).await?;
            put(tx, "c", 1).await?;
            Err::<(), _>(Trouble::Refused)
        }).await;
        assert_eq!(outcome, Err(Trouble::Refused));
        for id in ["a", "b", "c"] {
            assert_eq!(w.counter(id).await, None);
        }
    }

    async fn a_panic_undoes_all_and_the_next_transaction_is_clean(w: World) {
        for round in 0..3 {
            let outcome = w.db.write(async move |tx| {
                put(tx, "a", 1).await?;
                add(tx, "b", 1).await?;
                tx.nested(async |tx| {
                    put(tx, "c", 1).await?;
                    assert!(round > 5, "this panic is part of the test");
                    Ok::<_, DbError>(())
                }).await
            }).await;
            assert_eq!(outcome, Err(DbError::Panicked));
            w.db.read(async |_| -> Result<(), DbError> { panic!("and this one") }).await.unwrap_err();
            let sum = "select cast(count(*) as bigint) as n from counters";
            let rows: i64 = w.db.write(async move |tx| tx.query_one(sum, params![]).await?.get("n")).await.unwrap();
            assert_eq!(rows, 0);
        }
    }

    async fn a_taken_key_is_a_duplicate(w: World) {
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        let engine = w.db.engine();
        let went_on = Arc::new(AtomicU32::new(0));
        let seen = went_on.clone();
        let outcome = w.db.write(async move |tx| {
            put(tx, "b", 1).await?;
            let queued = put(tx, "a", 2).await;
            // SQLite says so at once, PostgreSQL by the commit.
            assert_eq!(is_duplicate(&queued), engine == Engine::Sqlite);
            seen.fetch_add(1, Ordering::Relaxed);
            queued
        }).await;
        assert!(is_duplicate(&outcome), "{outcome:?}");
        assert_eq!(went_on.load(Ordering::Relaxed), 1, "it is not run again");

        let asked = w.db.write(async |tx| {
            tx.query("insert into counters (id, n) values ('a', 2) returning n", params![]).await.map(|_| ())
        }).await;
        let changed = w.db.write(async |tx| {
            tx.change("insert into counters (id, n) values ('a', 2)", params![]).await.map(|_| ())
        }).await;
        let many = w.db.write(async |tx| {
            tx.insert_many("counters", &["id", "n"], vec![params!["c", 1], params!["c", 2]]).await
        }).await;
        for outcome in [asked, changed, many] {
            assert!(is_duplicate(&outcome), "{outcome:?}");
        }
        assert_eq!((w.counter("a").await, w.counter("b").await, w.counter("c").await), (Some(1), None, None));
    }

    async fn the_rules_of_the_schema_are_constraints(w: World) {
        let foreign = w.db.write(async |tx| part_of(tx, "nothing").await).await;
        let check = w.db.write(async |tx| put(tx, "a", -1).await).await;
        let missing = w.db.write(async |tx| {
            tx.exec("insert into counters (id) values ($1)", params!["a"]).await
        }).await;
        w.db.write(async |tx| {
            tx.exec("insert into things (id) values ('t')", params![]).await?;
            part_of(tx, "t").await
        }).await.unwrap();
        let parent = w.db.write(async |tx| tx.exec("delete from things where id = 't'", params![]).await).await;
        for outcome in [foreign, check, missing, parent] {
            assert!(is_constraint(&outcome), "{outcome:?}");
        }
        let below = w.db.write(async |tx| add(tx, "a", -1).await).await;
        assert!(is_constraint(&below), "{below:?}");
    }

    async fn a_failed_statement_dooms_work_that_swallows_it(w: World) {
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        let outcome = w.db.write(async |tx| {
            put(tx, "b", 1).await?;
            let _ = tx.query("insert into counters (id, n) values ('a', 2) returning n", params![]).await;
            // It can not go on either.
            assert!(is_duplicate(&add(tx, "c", 1).await));
            Ok::<_, DbError>(())
        }).await;
        assert!(is_duplicate(&outcome), "{outcome:?}");
        let outcome = w.db.write(async |tx| {
            put(tx, "b", 1).await?;
            add(tx, "d", 1).await?;
            let _ = tx.query("select nothing from nowhere", params![]).await;
            Ok::<_, DbError>(())
        }).await;
        assert!(matches!(outcome, Err(DbError::Engine(_))), "{outcome:?}");
        assert_eq!((w.counter("b").await, w.counter("c").await, w.counter("d").await), (None, None, None));
    }

    async fn a_part_that_fails_leaves_nothing_and_the_rest_goes_on(w: World) {
        w.db.write(async |tx| {
            put(tx, "before", 1).await?;
            let outcome = tx.nested(async |tx| {
                put(tx, "queued", 1).await?;
                Err::<(), _>(Trouble::Refused)
            }).await;
            assert_eq!(outcome, Err(Trouble::Refused));
            let outcome = tx.nested(async |tx| {
                add(tx, "asked", 1).await?;
                put(tx, "queued", 1).await?;
                Err::<(), _>(Trouble::Refused)
            }).await;
            assert_eq!(outcome, Err(Trouble::Refused));
            let kept = tx.nested(async |tx| {
                put(tx, "kept", 1).await?;
                Ok::<_, Trouble>(7)
            }).await;
            assert_eq!(kept, Ok(7));
            put(tx, "after", 1).await?;
            Ok::<_, DbError>(())
        }).await.unwrap();
        for (id, n) in [("before", Some(1)), ("queued", None), ("asked", None), ("kept", Some(1)), ("after", Some(1))] {
            assert_eq!(w.counter(id).await, n, "{id}");
        }
    }

    async fn a_broken_rule_inside_a_part_is_forgiven_by_undoing_it(w: World) {
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        w.db.write(async |tx| {
            put(tx, "before", 1).await?;
            for asks in [false, true] {
                let outcome = tx.nested(async move |tx| {
                    put(tx, "inside", 1).await?;
                    if asks {
                        tx.query("insert into counters (id, n) values ('a', 2) returning n", params![]).await?;
                    } else {
                        put(tx, "a", 2).await?;
                    }
                    Ok::<_, DbError>(())
                }).await;
                assert!(is_duplicate(&outcome), "{outcome:?}");
                assert_eq!(tx.query("select n from counters where id = 'inside'", params![]).await?.len(), 0);
            }
            // A part that swallows the failure is undone as well.
            let outcome = tx.nested(async |tx| {
                put(tx, "inside", 1).await?;
                let _ = add(tx, "below", -1).await;
                Ok::<_, DbError>(())
            }).await;
            assert!(is_constraint(&outcome), "{outcome:?}");
            // So is one that asks for what is not there.
            let outcome = tx.nested(async |tx| {
                add(tx, "inside", 1).await?;
                tx.query("select nothing from nowhere", params![]).await
            }).await;
            assert!(matches!(outcome, Err(DbError::Engine(_))), "{outcome:?}");
            add(tx, "after", 1).await?;
            Ok::<_, DbError>(())
        }).await.unwrap();
        for (id, n) in [("a", Some(1)), ("before", Some(1)), ("inside", None), ("after", Some(1))] {
            assert_eq!(w.counter(id).await, n, "{id}");
        }
    }

    async fn a_part_may_have_parts(w: World) {
        w.db.write(async |tx| {
            tx.nested(async |tx| {
                put(tx, "outer", 1).await?;
                let inner = tx.nested(async |tx| {
                    put(tx, "inner", 1).await?;
                    tx.nested(async |tx| put(tx, "innermost", 1).await).await?;
                    add(tx, "inner", -5).await
                }).await;
                assert!(is_constraint(&inner), "{inner:?}");
                tx.nested(async |tx| put(tx, "second", 1).await).await?;
                Ok::<_, DbError>(())
            }).await?;
            let lost = tx.nested(async |tx| {
                put(tx, "lost", 1).await?;
                tx.nested(async |tx| put(tx, "lost with it", 1).await).await?;
                Err::<(), _>(Trouble::Refused)
            }).await;
            assert_eq!(lost, Err(Trouble::Refused));
            put(tx, "end", 1).await
        }).await.unwrap();
        let there = ["outer", "second", "end"].map(|id| (id, Some(1)));
        let gone = ["inner", "innermost", "lost", "lost with it"].map(|id| (id, None));
        for (id, n) in there.into_iter().chain(gone) {
            assert_eq!(w.counter(id).await, n, "{id}");
        }
    }

    async fn a_part_does_not_hide_what_was_queued_before_it(w: World) {
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        let outcome = w.db.write(async |tx| {
            put(tx, "b", 1).await?;
            put(tx, "a", 2).await?;
            let _ = tx.nested(async |tx| add(tx, "c", 1).await).await;
            let _ = tx.nested(async |tx| put(tx, "d", 1).await).await;
            Ok::<_, DbError>(())
        }).await;
        assert!(is_duplicate(&outcome), "{outcome:?}");
        for id in ["b", "c", "d"] {
            assert_eq!(w.counter(id).await, None, "{id}");
        }
    }

    async fn a_read_is_one_snapshot_and_writes_nothing(w: World) {
        w.db.write(async |tx| put(tx, "a", 1).await).await.unwrap();
        let (first, go_on) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(std::sync::Barrier::new(2)));
        let reader = {
            let (db, first, go_on) = (w.db.clone(), first.clone(), go_on.clone());
            tokio::spawn(async move {
                db.read(async move |tx| {
                    let sql = "select n from counters where id = 'a'";
                    let before: i64 = tx.query_one(sql, params![]).await?.get("n")?;
                    first.wait();
                    go_on.wait();
                    let after: i64 = tx.query_one(sql, params![]).await?.get("n")?;
                    Ok::<_, DbError>((before, after))
                }).await
            })
        };
        tokio::task::block_in_place(|| first.wait());
        w.db.write(async |tx| add(tx, "a", 1).await).await.unwrap();
        tokio::task::block_in_place(|| go_on.wait());
        assert_eq!(reader.await.unwrap(), Ok((1, 1)));
        assert_eq!(w.counter("a").await, Some(2));
        let written = w.db.read(async |tx| add(tx, "a", 1).await).await;
        assert!(matches!(written, Err(DbError::Engine(_))), "{written:?}");
        assert_eq!(w.counter("a").await, Some(2));
    }

    async fn rivals_for_one_row_are_all_counted(w: World) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let db = w.db.clone();
            tasks.spawn(async move {
                for _ in 0..20 {
                    db.write(async |tx| {
                        let sql = "update counters set n = n + 1 where id = 'a' returning n";
                        if tx.query_opt(sql, params![]).await?.is_none() {
                            add(tx, "a", 1).await?;
                        }
                        Ok::<_, DbError>(())
                    }).await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(w.counter("a").await, Some(1_280));
    }

    async fn writers_on_their_own_threads_and_on_the_writers_are_all_counted(w: World) {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..32 {
            let db = w.db.clone();
            tasks.spawn(async move {
                for round in 0..20 {
                    let is_refused = (writer + round) % 5 == 0;
                    let work = async move |tx: &mut Tx| {
                        add(tx, "a", 1).await?;
                        if is_refused { Err(Trouble::Refused) } else { Ok(()) }
                    };
                    let done = if writer % 2 == 0 { db.write(work).await } else { db.write_here(work).await };
                    assert_eq!(done, if is_refused { Err(Trouble::Refused) } else { Ok(()) });
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(w.counter("a").await, Some(512));
    }

    async fn a_row_that_was_locked_is_read_as_it_is_now(w: World) {
        w.db.write(async |tx| put(tx, "a", 0).await).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let db = w.db.clone();
            tasks.spawn(async move {
                for _ in 0..10 {
                    db.write(async |tx| {
                        let sql = "select n from counters c where id = $1 {lock c}";
                        let n: i64 = tx.query_one(sql, params!["a"]).await?.get("n")?;
                        tx.exec("update counters set n = $2 where id = $1", params!["a", n + 1]).await
                    }).await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(w.counter("a").await, Some(160));
    }

    async fn a_caller_that_hangs_up_does_not_stop_its_transaction(w: World) {
        for n in 0..50 {
            let call = w.db.write(async |tx| {
                put(tx, "other", 1).await?;
                tx.exec("delete from counters where id = 'other'", params![]).await?;
                add(tx, "a", 1).await
            });
            let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 40), call).await;
        }
        // Those that were begun are still on their way; wait until nothing moves any more.
        let mut seen = None;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let now = w.counter("a").await;
            if now == seen {
                break;
            }
            seen = now;
        }
        assert_eq!(seen, Some(50));
        assert_eq!(w.counter("other").await, None);
    }

    async fn a_transaction_tells_what_it_cost(w: World) {
        let engine = w.db.engine();
        let cost = w.db.write(async |tx| {
            put(tx, "a", 1).await?;
            put(tx, "b", 1).await?;
            add(tx, "a", 1).await?;
            put(tx, "c", 1).await?;
            Ok::<_, DbError>(tx.cost())
        }).await.unwrap();
        assert_eq!((cost.statements, cost.round_trips), (4, u64::from(engine == Engine::Postgres)));
    }
    async fn a_part_that_is_given_up_half_way_is_not_committed(w: World) {
        let outcome = w.db.write(async |tx| {
            put(tx, "a", 1).await?;
            {
                let part = tx.nested(async |tx| {
                    add(tx, "b", 1).await?;
                    std::future::pending::<()>().await;
                    Ok::<_, DbError>(())
                });
                let mut part = std::pin::pin!(part);
                // On PostgreSQL the answer takes a moment, and waiting for it is allowed.
                for _ in 0..100 {
                    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(part.as_mut().poll(cx))).await;
                    assert!(polled.is_pending());
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
            Ok::<_, DbError>(())
        }).await;
        assert_eq!(outcome, Err(DbError::Waited));
        assert_eq!((w.counter("a").await, w.counter("b").await), (None, None));
    }
}
