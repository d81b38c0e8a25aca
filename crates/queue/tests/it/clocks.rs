//! Clocks that are set back or ahead: nothing freezes, no slot runs twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use queue::{JobError, Registry, Schedule, Slots, Workers, run_due_schedules};

use crate::{context, effect_then, effects, job, left, queued, run, with_effects};

const HOUR: i64 = 3_600;
const PATIENCE: Duration = Duration::from_secs(20);

testkit::both_engines! {
    async fn jobs_of_an_hour_that_comes_again_do_not_wait_for_it(t: TestDb) {
        with_effects(&t).await;
        let noon = t.clock.now();
        let absolute = noon.plus_seconds(HOUR / 2);
        queued(&t, vec![job(&context(&t), "failed")]).await;
        run(&t, &effect_then(|_| Err(JobError::Retry("not yet".to_owned())))).await;
        queued(&t, vec![job(&context(&t), "ready"), job(&context(&t), "at half past").run_at(absolute)]).await;
        // A worker dies with one job, whose lease then lies an hour ahead.
        queued(&t, vec![job(&context(&t), "held")]).await;
        let dying = Registry::default().outside("effect", |_, job| async move {
            if job.text("name")? == "held" { std::future::pending().await } else { Err(JobError::Busy("later".to_owned())) }
        });
        let workers = Workers::start(&t.db, &t.clock, &t.ids, &dying);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!workers.drain(Duration::from_millis(10)).await);

        t.clock.set(noon.plus_seconds(-HOUR));
        let workers = Workers::start(&t.db, &t.clock, &t.ids, &effect_then(|_| Ok(())));
        let until = async |names: &[&str]| {
            let done = async {
                while effects(&t).await != names {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(PATIENCE, done).await.unwrap();
        };
        // What was postponed by a second, or by its pause, waits that long again and no longer.
        tokio::time::sleep(Duration::from_millis(300)).await;
        t.clock.advance_seconds(3);
        until(&["failed", "ready"]).await;
        t.clock.advance_seconds(61);
        until(&["failed", "held", "ready"]).await;
        t.clock.set(absolute);
        until(&["at half past", "failed", "held", "ready"]).await;
        assert_eq!(left(&t).await, 0);
        assert!(workers.drain(PATIENCE).await);
    }

    async fn no_slot_runs_twice_and_none_waits_for_a_year_that_was_not(t: TestDb) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counting = runs.clone();
        let hourly = [Schedule::new("risk control", Slots::EveryAfter(HOUR, 600), move || {
            let counting = counting.clone();
            async move { Ok(format!("run {}", counting.fetch_add(1, Ordering::SeqCst) + 1)) }
        })];
        let due = async || run_due_schedules(&t.db, &t.clock, &hourly).await.unwrap().len();
        let begin = t.clock.now();
        for slot in 0..4 {
            t.clock.set(begin.plus_seconds(slot * HOUR));
            assert_eq!(due().await, 1);
        }
        // Set back by one hour, by two, and on to where it was: every slot has been run.
        for slot in [2, 1, 2, 3] {
            t.clock.set(begin.plus_seconds(slot * HOUR));
            assert_eq!(due().await, 0, "slot {slot}");
        }
        // A year ahead by mistake, and back again.
        t.clock.set(begin.plus_seconds(8_760 * HOUR));
        assert_eq!(due().await, 1);
        t.clock.set(begin.plus_seconds(3 * HOUR));
        assert_eq!(due().await, 0);
        t.clock.set(begin.plus_seconds(4 * HOUR));
        assert_eq!((due().await, due().await), (1, 0));
        assert_eq!(runs.load(Ordering::SeqCst), 6);
    }
}
