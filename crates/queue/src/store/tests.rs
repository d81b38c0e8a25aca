//! What workers live by, statement by statement.

use kernel::PageRequest;
use testkit::TestDb;

use super::*;
use crate::job::TRIES;

fn context(t: &TestDb) -> Context {
    Context::new(&t.clock, &t.ids, kernel::Actor::System, "test")
}

fn a_job(cx: &Context) -> NewJob {
    NewJob::new(cx, Queue::OrderProcessing, "test", serde_json::Value::Null)
}

async fn queued(t: &TestDb, jobs: Vec<NewJob>) {
    let cx = context(t);
    let done: Result<(), DbError> = t.db.write(async move |tx| enqueue(tx, &cx, jobs.clone()).await).await;
    done.unwrap();
}

/// What a worker's look does, with a lease of a minute.
async fn claimed(t: &TestDb, most: i64) -> Result<Vec<Job>, DbError> {
    let now = t.clock.now();
    let looked = t.db.write(async move |tx| {
        give_back_expired(tx, now, TRIES).await?;
        claim(tx, Queue::OrderProcessing, now, now.plus_seconds(60), most).await
    });
    looked.await
}

async fn only_claimed(t: &TestDb) -> Job {
    let mut jobs = claimed(t, 9).await.unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

async fn removed(t: &TestDb, job: &Job) -> bool {
    let job = job.clone();
    let done: Result<bool, DbError> = t.db.write(async move |tx| remove(tx, &job).await).await;
    done.unwrap()
}

async fn states(t: &TestDb) -> Vec<(String, i64)> {
    let depths = t.db.read(async |tx| depths(tx).await).await.unwrap();
    depths.into_iter().map(|depth| (depth.state, depth.jobs)).collect()
}

fn state(state: &str, jobs: i64) -> Vec<(String, i64)> {
    vec![(state.to_owned(), jobs)]
}

testkit::both_engines! {
    async fn a_worker_that_wakes_up_late_finishes_nothing(t: TestDb) {
        queued(&t, vec![a_job(&context(&t))]).await;
        let paused = only_claimed(&t).await;
        assert!(claimed(&t, 9).await.unwrap().is_empty(), "its lease holds");
        t.clock.advance_seconds(61);
        let other = only_claimed(&t).await;
        assert_eq!((other.id, other.attempts, other.fence), (paused.id, 2, paused.fence + 1));

        assert!(!removed(&t, &paused).await);
        let (late, now) = (paused.clone(), t.clock.now());
        let written: Result<(), DbError> = t.db.write(async move |tx| {
            retry(tx, &late, now, now, "late").await?;
            bury(tx, &late, now, "late").await
        }).await;
        written.unwrap();
        assert_eq!(states(&t).await, state("RUNNING", 1));
        assert!(removed(&t, &other).await);
        assert!(!removed(&t, &other).await);
        assert!(states(&t).await.is_empty());
    }

    async fn a_job_that_kills_its_workers_is_dead_after_three(t: TestDb) {
        queued(&t, vec![a_job(&context(&t))]).await;
        for attempt in 1..=TRIES {
            assert_eq!(only_claimed(&t).await.attempts, attempt);
            t.clock.advance_seconds(61);
        }
        assert!(claimed(&t, 9).await.unwrap().is_empty());
        let dead = t.db.read(async |tx| dead_jobs(tx, &PageRequest::default()).await).await.unwrap();
        assert_eq!(dead.items.len(), 1);
        assert!(dead.items[0].2.contains("silent"), "{:?}", dead.items);

        let (cx, id) = (context(&t), dead.items[0].0);
        let retried: Result<bool, DbError> = t.db.write(async move |tx| retry_dead(tx, &cx, id).await).await;
        assert!(retried.unwrap());
        assert_eq!(only_claimed(&t).await.attempts, 1);
    }

    async fn of_one_order_key_one_runs_at_a_time_even_if_an_earlier_one_comes_late(t: TestDb) {
        let cx = context(&t);
        let at = |position: i64| a_job(&cx).order_key("to:1").position(position);
        queued(&t, vec![at(20), at(30), a_job(&cx).order_key("to:2")]).await;
        let first = claimed(&t, 9).await.unwrap();
        assert_eq!(first.len(), 2, "the first of each key");

        queued(&t, vec![at(10)]).await;
        assert!(claimed(&t, 9).await.unwrap().is_empty(), "20 is still running");
        for job in &first {
            assert!(removed(&t, job).await);
        }
        let late = only_claimed(&t).await;
        assert!(removed(&t, &late).await);
        let last = only_claimed(&t).await;
        assert!(late.id > last.id, "10 ran before 30, which was queued before it");
    }

    async fn the_schema_itself_refuses_two_running_jobs_of_one_order_key(t: TestDb) {
        let cx = context(&t);
        queued(&t, vec![a_job(&cx).order_key("to:1"), a_job(&cx).order_key("to:1")]).await;
        let forced: Result<(), DbError> =
            t.db.write(async |tx| tx.exec("update jobs set state = 'RUNNING'", params![]).await).await;
        assert!(matches!(forced, Err(DbError::Duplicate(_))), "{forced:?}");
    }

    async fn a_dead_job_holds_back_no_other(t: TestDb) {
        let cx = context(&t);
        queued(&t, vec![a_job(&cx).order_key("to:1"), a_job(&cx).order_key("to:1")]).await;
        let first = only_claimed(&t).await;
        let done: Result<(), DbError> = t.db.write(async move |tx| bury(tx, &first, cx.now, "broken").await).await;
        done.unwrap();
        only_claimed(&t).await;
    }

    async fn a_waiting_twin_takes_the_place_of_a_job_that_failed_or_lost_its_worker(t: TestDb) {
        let cx = context(&t);
        // The twin has the same order key, so it waits for the one that is stuck.
        let twin = || a_job(&context(&t)).unique_key("retailer 1").order_key("score:1");
        queued(&t, vec![twin()]).await;
        only_claimed(&t).await;
        queued(&t, vec![twin()]).await;
        t.clock.advance_seconds(61);
        let second = only_claimed(&t).await;
        assert_eq!(second.attempts, 1);

        queued(&t, vec![twin()]).await;
        let now = cx.now;
        let failed: Result<(), DbError> =
            t.db.write(async move |tx| retry(tx, &second, now, now, "failed").await).await;
        failed.unwrap();
        assert_eq!(states(&t).await, state("READY", 1));
    }

    async fn rivals_never_claim_the_same_job(t: TestDb) {
        let cx = context(&t);
        queued(&t, (0..300).map(|n| a_job(&cx).order_key(format!("to:{}", n % 20))).collect()).await;
        let claims = async || {
            let mut mine = Vec::new();
            loop {
                match claimed(&t, 5).await {
                    Ok(jobs) => {
                        for job in &jobs {
                            assert!(removed(&t, job).await);
                        }
                        mine.extend(jobs.into_iter().map(|job| job.id));
                    }
                    Err(error) => assert!(matches!(error, DbError::Duplicate(_)), "{error}"),
                }
                if states(&t).await.is_empty() {
                    return mine;
                }
            }
        };
        let (one, two, three) = tokio::join!(claims(), claims(), claims());
        let mut all = [one, two, three].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 300);
    }
}
