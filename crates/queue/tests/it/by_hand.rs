//! One run at a time, with a clock that is moved by hand.

use db::DbError;
use queue::{JobError, NewJob, Queue, Registry, run_ready};

use crate::{context, dead, effect_then, effects, job, leave, left, queued, run, with_effects};

testkit::both_engines! {
    async fn a_job_comes_and_goes_with_its_transaction(t: TestDb) {
        with_effects(&t).await;
        let cx = context(&t);
        let undone: Result<(), DbError> = t.db.write(async move |tx| {
            queue::enqueue(tx, &cx, vec![job(&cx, "ghost")]).await?;
            Err(DbError::Busy)
        }).await;
        assert_eq!(undone, Err(DbError::Busy));
        queued(&t, vec![job(&context(&t), "real")]).await;
        assert_eq!(run(&t, &effect_then(|_| Ok(()))).await, 1);
        assert_eq!(effects(&t).await, ["real"]);
    }

    async fn a_set_of_jobs_is_one_statement_without_a_wait(t: TestDb) {
        let cx = context(&t);
        let cost = t.db.write::<_, DbError, _>(async move |tx| {
            let before = tx.cost();
            queue::enqueue(tx, &cx, (0..256).map(|n| job(&cx, n.to_string())).collect()).await?;
            let after = tx.cost();
            Ok((after.statements - before.statements, after.round_trips - before.round_trips))
        });
        assert_eq!(cost.await.unwrap(), (1, 0));
        assert_eq!(left(&t).await, 256);
    }

    async fn a_job_that_fails_after_its_effect_has_it_once_in_the_end(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a")]).await;
        let registry = effect_then(|job| match job.attempts {
            1 => Err(JobError::Retry("not yet".to_owned())),
            2 => panic!("the work itself is broken"),
            _ => Ok(()),
        });
        assert_eq!(run(&t, &registry).await, 1);
        assert!(effects(&t).await.is_empty(), "what a failed try wrote is undone");
        // The first pause is 1 s and up to half as much again, the second 4 s and up to half.
        t.clock.set(t.clock.now().plus_millis(999));
        assert_eq!(run(&t, &registry).await, 0);
        t.clock.set(t.clock.now().plus_millis(501));
        assert_eq!(run(&t, &registry).await, 1);
        t.clock.set(t.clock.now().plus_millis(3_999));
        assert_eq!(run(&t, &registry).await, 0);
        t.clock.set(t.clock.now().plus_millis(2_001));
        assert_eq!(run(&t, &registry).await, 1);
        assert_eq!(effects(&t).await, ["a"]);
        assert_eq!(left(&t).await, 0);
    }

    async fn a_worker_that_dies_between_claim_and_finish_gives_its_job_back(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a")]).await;
        let (started, starts) = tokio::sync::oneshot::channel();
        let started = std::sync::Arc::new(std::sync::Mutex::new(Some(started)));
        let hangs = Registry::default().outside("effect", move |_, _| {
            let started = started.lock().unwrap().take().unwrap();
            async move {
                started.send(()).unwrap();
                std::future::pending().await
            }
        });
        let (db, clock, ids) = (t.db.clone(), t.clock.clone(), t.ids.clone());
        let worker = tokio::spawn(async move { run_ready(&db, &clock, &ids, &hangs).await });
        starts.await.unwrap();
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());

        let registry = effect_then(|_| Ok(()));
        assert_eq!(run(&t, &registry).await, 0, "its lease holds");
        t.clock.advance_seconds(61);
        assert_eq!(run(&t, &registry).await, 1);
        assert_eq!(effects(&t).await, ["a"]);
        t.clock.advance_seconds(61);
        assert_eq!(run(&t, &registry).await, 0);
    }

    async fn after_three_tries_a_job_is_dead_with_its_error_until_it_is_retried(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a"), NewJob::new(&context(&t), Queue::CreditScore, "nobody", ().into())]).await;
        let broken = effect_then(|job| Err(JobError::Retry(format!("try {} failed", job.attempts))));
        for _ in 0..5 {
            run(&t, &broken).await;
            t.clock.advance_seconds(60);
        }
        let mut errors = dead(&t).await;
        errors.sort();
        assert_eq!(errors, ["nothing handles jobs of the kind \"nobody\"", "try 3 failed"]);
        assert!(effects(&t).await.is_empty());

        let page = kernel::PageRequest::default();
        let found = t.db.read(async move |tx| queue::dead_jobs(tx, &page).await).await.unwrap();
        let id = found.items.iter().find(|(_, kind, _)| kind == "effect").unwrap().0;
        let cx = context(&t);
        let retried = t.db.write(async move |tx| queue::retry_dead(tx, &cx, id).await).await;
        assert!(retried.unwrap());
        run(&t, &effect_then(|_| Ok(()))).await;
        assert_eq!((effects(&t).await, dead(&t).await.len()), (vec!["a".to_owned()], 1));
    }

    async fn waiting_for_a_moment_or_for_the_store_is_no_try(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a"), job(&context(&t), "b")]).await;
        let until = t.clock.now().plus_seconds(600);
        let clock = t.clock.clone();
        let waits = effect_then(move |job| {
            assert_eq!(job.attempts, 1);
            match (clock.now() < until, job.text("name")?) {
                (false, _) => Ok(()),
                (true, "a") => Err(JobError::RetryAt(until, "the window opens later".to_owned())),
                (true, _) => Err(DbError::Busy.into()),
            }
        });
        assert_eq!(run(&t, &waits).await, 2);
        for _ in 0..9 {
            t.clock.advance_seconds(2);
            assert_eq!(run(&t, &waits).await, 1, "b alone");
        }
        t.clock.set(until);
        assert_eq!(run(&t, &waits).await, 2);
        assert_eq!(effects(&t).await, ["a", "b"]);
    }

    async fn jobs_of_one_order_key_run_in_order_also_when_the_first_has_to_wait(t: TestDb) {
        with_effects(&t).await;
        let cx = context(&t);
        let ordered = |name: &str, position| job(&cx, name).order_key("to:1").position(position);
        queued(&t, vec![ordered("3", 30), ordered("1", 10), ordered("2", 20), job(&cx, "other")]).await;
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seeing = seen.clone();
        let registry = effect_then(move |job| {
            seeing.lock().unwrap().push(job.text("name")?.to_owned());
            if job.text("name")? == "1" && job.attempts == 1 { Err(JobError::Retry("wait".to_owned())) } else { Ok(()) }
        });
        run(&t, &registry).await;
        t.clock.advance_seconds(2);
        run(&t, &registry).await;
        let seen: Vec<String> = seen.lock().unwrap().iter().filter(|name| *name != "other").cloned().collect();
        assert_eq!(seen, ["1", "1", "2", "3"]);
        assert_eq!(effects(&t).await, ["1", "2", "3", "other"]);
    }

    async fn a_unique_key_waits_once(t: TestDb) {
        with_effects(&t).await;
        let unique = |name: &str| job(&context(&t), name).unique_key("retailer 1");
        queued(&t, vec![unique("first"), unique("second"), job(&context(&t), "free")]).await;
        queued(&t, vec![unique("third")]).await;
        assert_eq!(left(&t).await, 2);
        let registry = effect_then(|_| Ok(()));
        run(&t, &registry).await;
        queued(&t, vec![unique("later")]).await;
        run(&t, &registry).await;
        assert_eq!(effects(&t).await, ["first", "free", "later"]);
    }

    async fn jobs_wait_for_their_moment_and_what_they_queue_runs_too(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "parent").run_at(t.clock.now().plus_seconds(30))]).await;
        let registry = Registry::default().inside("effect", |tx, cx, current| {
            Box::pin(async move {
                leave(tx, current.text("name")?).await?;
                if current.text("name")? == "parent" {
                    queue::enqueue(tx, cx, vec![job(cx, "child")]).await?;
                }
                Ok(())
            })
        });
        assert_eq!(run(&t, &registry).await, 0);
        t.clock.advance_seconds(30);
        assert_eq!(run(&t, &registry).await, 2);
        assert_eq!(effects(&t).await, ["child", "parent"]);
    }
}
