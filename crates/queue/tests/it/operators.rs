//! What an operator sees and does: the history of errors, dead letters, pauses, progress, counts.

use std::time::Duration;

use db::DbError;
use kernel::PageRequest;
use queue::{JobError, JobFilter, JobView, NewJob, Queue, QueueStats, Registry, Workers};
use testkit::TestDb;

use crate::{context, effect_then, effects, job, left, queued, run, with_effects};

const QUEUE: Queue = Queue::OrderProcessing;
const PATIENCE: Duration = Duration::from_secs(20);

async fn jobs(t: &TestDb, state: &str) -> Vec<JobView> {
    let filter = JobFilter { state: Some(state.to_owned()), kind: None };
    let page = PageRequest::default();
    t.db.read(async move |tx| queue::jobs(tx, QUEUE, &filter, &page).await).await.unwrap().items
}

async fn stats(t: &TestDb) -> QueueStats {
    let now = t.clock.now();
    let all = t.db.read(async move |tx| queue::stats(tx, now).await).await.unwrap();
    all.into_iter().find(|stats| stats.queue == QUEUE).unwrap()
}

/// Runs until nothing is tried again.
async fn until_dead(t: &TestDb, registry: &Registry) {
    for _ in 0..4 {
        run(t, registry).await;
        t.clock.advance_seconds(60);
    }
}

testkit::both_engines! {
    async fn a_dead_job_tells_each_try_that_failed_and_keeps_it_when_it_is_retried(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a")]).await;
        let begun = t.clock.now();
        let broken = effect_then(|job| Err(JobError::Retry(format!("try {}:\n\"no\"", job.attempts))));
        until_dead(&t, &broken).await;
        let dead = jobs(&t, "DEAD").await.remove(0);
        let told: Vec<_> = dead.errors.iter().map(|failure| (failure.attempt, failure.error.as_str())).collect();
        assert_eq!(told, [(1, "try 1:\n\"no\""), (2, "try 2:\n\"no\""), (3, "try 3:\n\"no\"")]);
        assert_eq!(dead.errors[0].at, begun);
        assert!(dead.errors[0].at < dead.errors[1].at && dead.died_at == Some(dead.errors[2].at));

        let cx = context(&t);
        assert!(t.db.write(async move |tx| queue::retry_dead(tx, &cx, dead.id).await).await.unwrap());
        until_dead(&t, &broken).await;
        assert_eq!(jobs(&t, "DEAD").await[0].errors.len(), 6, "what was told before stays");
        let counted = stats(&t).await;
        assert_eq!((counted.failed_in_a_day, counted.died_in_a_day, counted.done_in_a_day), (4, 2, 0));
    }

    async fn dead_jobs_are_retried_by_kind_and_cleaned_by_age(t: TestDb) {
        with_effects(&t).await;
        let cx = context(&t);
        let twin = |name: &str| NewJob::new(&cx, QUEUE, "twin", serde_json::json!({ "name": name }));
        let broken = effect_then(|_| Err(JobError::Dead("broken".to_owned())));
        queued(&t, vec![job(&cx, "a"), job(&cx, "b"), twin("c").unique_key("one")]).await;
        run(&t, &broken).await;
        queued(&t, vec![twin("d").unique_key("one")]).await;
        run(&t, &broken).await;
        assert_eq!(jobs(&t, "DEAD").await.len(), 4);

        let cx = context(&t);
        let retried = t.db.write(async move |tx| queue::retry_all_dead(tx, &cx, QUEUE, Some("effect")).await).await;
        assert_eq!(retried.unwrap(), 2);
        run(&t, &effect_then(|_| Ok(()))).await;
        assert_eq!(effects(&t).await, ["a", "b"]);
        let cx = context(&t);
        let twins = t.db.write(async move |tx| queue::retry_all_dead(tx, &cx, QUEUE, None).await).await;
        assert_eq!(twins.unwrap(), 1, "of one unique key one waits");
        run(&t, &broken).await;

        let died = t.clock.now();
        t.clock.advance_seconds(10);
        queued(&t, vec![job(&context(&t), "e")]).await;
        run(&t, &broken).await;
        let cleaned = t.db.write(async move |tx| queue::clean(tx, QUEUE, None, died.plus_seconds(5)).await).await;
        assert_eq!((cleaned.unwrap(), jobs(&t, "DEAD").await.len()), (2, 1));
    }

    async fn a_job_that_is_deleted_is_gone_and_one_at_work_is_not_deleted(t: TestDb) {
        with_effects(&t).await;
        queued(&t, vec![job(&context(&t), "a"), job(&context(&t), "b")]).await;
        let waiting = jobs(&t, "READY").await;
        let first = waiting[0].id;
        let gone = t.db.write(async move |tx| {
            let of_another = queue::delete_job(tx, Queue::Whatsapp, first).await?;
            Ok::<_, DbError>((of_another, queue::delete_job(tx, QUEUE, first).await?))
        });
        assert_eq!(gone.await.unwrap(), (false, true));
        let db = t.db.clone();
        let registry = Registry::default().outside("effect", move |_, job| {
            let db = db.clone();
            async move {
                let deleted = db.write(async move |tx| queue::delete_job(tx, QUEUE, job.id).await).await;
                assert!(!deleted.map_err(|error| JobError::Dead(error.to_string()))?);
                Ok(())
            }
        });
        assert_eq!(run(&t, &registry).await, 1);
        assert_eq!((left(&t).await, stats(&t).await.done_in_a_day), (0, 1));
    }

    async fn a_held_queue_claims_nothing_until_it_goes_on(t: TestDb) {
        with_effects(&t).await;
        let cx = context(&t);
        let held = t.db.write(async move |tx| {
            let held = queue::pause(tx, &cx, QUEUE, "the vendor's price list is wrong").await?;
            Ok::<_, DbError>((held, queue::pause(tx, &cx, QUEUE, "twice").await?))
        });
        assert_eq!(held.await.unwrap(), (true, false));
        queued(&t, vec![job(&context(&t), "a"), NewJob::new(&context(&t), Queue::CreditScore, "effect", serde_json::json!({"name": "other"}))]).await;
        let registry = effect_then(|_| Ok(()));
        assert_eq!(run(&t, &registry).await, 1);
        let seen = stats(&t).await;
        assert_eq!(seen.paused.unwrap().reason, "the vendor's price list is wrong");
        assert_eq!((seen.ready, seen.oldest_ready_at), (1, Some(t.clock.now())));
        assert!(t.db.write(async |tx| queue::resume(tx, QUEUE).await).await.unwrap());
        assert!(!t.db.write(async |tx| queue::resume(tx, QUEUE).await).await.unwrap());
        run(&t, &registry).await;
        assert_eq!(effects(&t).await, ["a", "other"]);
    }

    async fn work_in_parts_tells_how_far_it_is_and_stops_telling_when_it_lost_its_lease(t: TestDb) {
        queued(&t, vec![job(&context(&t), "long")]).await;
        let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
        let go_on = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let (db, going) = (t.db.clone(), go_on.clone());
        let registry = Registry::default().outside_within("effect", PATIENCE, move |_, job| {
            let (db, told, going) = (db.clone(), told.clone(), going.clone());
            async move {
                for part in 1..=2 {
                    let telling = job.clone();
                    let is_mine = db.write(async move |tx| {
                        let is_held = telling.is_held(tx).await?;
                        let is_told = telling.tell(tx, part, 2, "retailers").await?;
                        assert_eq!(is_held, is_told);
                        Ok::<_, DbError>(is_held)
                    });
                    told.send(is_mine.await?).unwrap();
                    going.acquire().await.unwrap().forget();
                }
                Ok(())
            }
        });
        let (db, clock, ids, paused) = (t.db.clone(), t.clock.clone(), t.ids.clone(), registry.clone());
        let paused = tokio::spawn(async move { queue::run_ready(&db, &clock, &ids, &paused).await });
        assert_eq!(tells.recv().await, Some(true));
        let seen = jobs(&t, "RUNNING").await.remove(0).progress.unwrap();
        assert_eq!((seen.done, seen.total, seen.saying.as_str()), (1, 2, "retailers"));

        // Nobody renews this lease; another worker takes the job.
        t.clock.advance_seconds(61);
        let (db, clock, ids) = (t.db.clone(), t.clock.clone(), t.ids.clone());
        let other = tokio::spawn(async move { queue::run_ready(&db, &clock, &ids, &registry).await });
        assert_eq!(tells.recv().await, Some(true));
        go_on.add_permits(1);
        assert_eq!(tells.recv().await, Some(false), "the worker that was paused tells nothing more");
        go_on.add_permits(9);
        paused.await.unwrap().unwrap();
        other.await.unwrap().unwrap();
        assert_eq!((left(&t).await, stats(&t).await.done_in_a_day), (0, 1));
    }

    async fn a_job_that_hangs_is_ended_and_dead_after_three(t: TestDb) {
        queued(&t, vec![job(&context(&t), "a")]).await;
        let registry =
            Registry::default().outside_within("effect", Duration::from_millis(30), |_, _| std::future::pending());
        until_dead(&t, &registry).await;
        let dead = jobs(&t, "DEAD").await.remove(0);
        assert_eq!(dead.errors.len(), 3);
        assert!(dead.errors.iter().all(|failure| failure.error.contains("longer")), "{:?}", dead.errors);
    }

    async fn small_jobs_share_a_transaction_and_one_that_fails_fails_alone(t: TestDb) {
        with_effects(&t).await;
        queued(&t, (0..400).map(|n| job(&context(&t), format!("{n:03}"))).collect()).await;
        let registry = Registry::default().small("effect", |tx, _, job| {
            Box::pin(async move {
                crate::leave(tx, job.text("name")?).await?;
                if job.text("name")? == "050" { Err(JobError::Dead("broken".to_owned())) } else { Ok(()) }
            })
        });
        let before = t.db.commits();
        assert_eq!(run(&t, &registry).await, 400);
        assert!(t.db.commits() - before < 200, "most of them shared theirs");
        let expected: Vec<_> = (0..400).filter(|n| *n != 50).map(|n| format!("{n:03}")).collect();
        assert_eq!((effects(&t).await, jobs(&t, "DEAD").await.len()), (expected, 1));
        assert_eq!(stats(&t).await.done_in_a_day, 399);
    }

    async fn what_was_claimed_ahead_is_given_back_when_the_workers_end(t: TestDb) {
        queued(&t, (0..60).map(|n| job(&context(&t), n.to_string())).collect()).await;
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let registry = Registry::default().outside("effect", move |_, _| {
            begun.send(()).unwrap();
            async {
                tokio::time::sleep(Duration::from_millis(30)).await;
                Ok(())
            }
        });
        let workers = Workers::start(&t.db, &t.clock, &t.ids, &registry);
        begins.recv().await.unwrap();
        assert!(workers.drain(PATIENCE).await);
        let seen = stats(&t).await;
        assert_eq!((seen.running, seen.ready + seen.done_in_a_day), (0, 60));
        assert!(jobs(&t, "READY").await.iter().all(|job| job.attempts == 0), "what was not begun is no try");
    }
}
