//! Workers in the background, as several processes would have them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use queue::{JobError, NewJob, Registry, Workers};
use testkit::TestDb;

use crate::{context, effect_then, effects, job, left, queued, with_effects};

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until no job is left.
async fn all_done(t: &TestDb) {
    let done = async {
        while left(t).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.unwrap();
}

fn start(t: &TestDb, registry: &Registry) -> Workers {
    Workers::start(&t.db, &t.clock, &t.ids, registry)
}

/// What ran, by key: its order, and the keys at work.
#[derive(Default)]
struct Seen {
    order: BTreeMap<String, Vec<i64>>,
    at_work: BTreeSet<String>,
}

/// Waits for these jobs, which do nothing, no longer than so many seconds. What is measured does not depend on the engine.
async fn done_within(t: &TestDb, jobs: Vec<NewJob>, seconds: u64) {
    queued(t, jobs).await;
    let workers = start(t, &Registry::default().outside("effect", |_, _| async { Ok(()) }));
    tokio::time::timeout(Duration::from_secs(seconds), all_done(t)).await.unwrap();
    assert!(workers.drain(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_queue_does_not_pause_between_its_jobs() {
    let t = TestDb::sqlite().await.unwrap();
    let cx = context(&t);
    // With a pause after every five jobs, the pauses alone would take eight seconds.
    done_within(&t, (0..400).map(|n| job(&cx, n.to_string())).collect(), 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_of_an_order_key_follows_at_once() {
    let t = TestDb::sqlite().await.unwrap();
    let cx = context(&t);
    // With one look every tenth of a second alone, the looks would take eight seconds.
    done_within(&t, (0..80).map(|n| job(&cx, n.to_string()).order_key("to:1")).collect(), 6).await;
}

testkit::both_engines! {
    async fn two_workers_keep_the_order_of_each_key_and_run_one_of_it_at_a_time(t: TestDb) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let seeing = seen.clone();
        let registry = Registry::default().outside("effect", move |_, job| {
            let seeing = seeing.clone();
            async move {
                let (key, number) = job.text("name")?.split_once(' ').map(|(key, n)| (key.to_owned(), n.parse().unwrap())).unwrap();
                assert!(seeing.lock().unwrap().at_work.insert(key.clone()), "{key} is at work twice");
                tokio::time::sleep(Duration::from_millis(2)).await;
                let mut seen = seeing.lock().unwrap();
                seen.order.entry(key.clone()).or_default().push(number);
                seen.at_work.remove(&key);
                Ok(())
            }
        });
        let cx = context(&t);
        let jobs: Vec<NewJob> = (0..15).flat_map(|number| {
            let cx = &cx;
            (0..8).map(move |key| job(cx, format!("{key} {number}")).order_key(format!("to:{key}")).position(number))
        }).collect();
        queued(&t, jobs).await;
        let workers = [start(&t, &registry), start(&t, &registry)];
        all_done(&t).await;
        for workers in workers {
            assert!(workers.drain(PATIENCE).await);
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen.order.len(), 8);
        for (key, order) in &seen.order {
            assert_eq!(*order, (0..15).collect::<Vec<_>>(), "{key}");
        }
    }

    async fn rivals_have_each_effect_once(t: TestDb) {
        with_effects(&t).await;
        let cx = context(&t);
        queued(&t, (0..200).map(|n| job(&cx, format!("{n:03}"))).collect()).await;
        let registry = effect_then(|_| Ok(()));
        let workers = [start(&t, &registry), start(&t, &registry), start(&t, &registry)];
        all_done(&t).await;
        for workers in workers {
            assert!(workers.drain(PATIENCE).await);
        }
        assert_eq!(effects(&t).await, (0..200).map(|n| format!("{n:03}")).collect::<Vec<_>>());
    }

    async fn draining_finishes_what_was_begun_and_begins_nothing(t: TestDb) {
        let cx = context(&t);
        // Five run at once; the others would follow if the workers went on.
        queued(&t, (0..9).map(|n| job(&cx, n.to_string())).collect()).await;
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let go_on = Arc::new(tokio::sync::Semaphore::new(0));
        let going = go_on.clone();
        let registry = Registry::default().outside("effect", move |_, _| {
            let (begun, going) = (begun.clone(), going.clone());
            async move {
                begun.send(()).unwrap();
                going.acquire().await.map_err(|error| JobError::Dead(error.to_string()))?.forget();
                Ok(())
            }
        });
        let workers = start(&t, &registry);
        for _ in 0..5 {
            tokio::time::timeout(PATIENCE, begins.recv()).await.unwrap().unwrap();
        }
        let draining = tokio::spawn(workers.drain(PATIENCE));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!draining.is_finished(), "it waits for the five");
        go_on.add_permits(99);
        assert!(draining.await.unwrap());
        assert_eq!(left(&t).await, 4);
        assert!(begins.try_recv().is_err());
    }

    async fn draining_gives_up_on_what_hangs(t: TestDb) {
        queued(&t, vec![job(&context(&t), "a")]).await;
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let registry = Registry::default().outside("effect", move |_, _| {
            begun.send(()).unwrap();
            std::future::pending()
        });
        let workers = start(&t, &registry);
        tokio::time::timeout(PATIENCE, begins.recv()).await.unwrap().unwrap();
        assert!(!workers.drain(Duration::from_millis(50)).await);
        assert_eq!(left(&t).await, 1, "its lease will give it back");
    }
}
