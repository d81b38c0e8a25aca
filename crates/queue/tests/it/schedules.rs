//! Work by the clock, over several processes and after downtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use db::{DbError, params};
use queue::{Schedule, Slots, run_due_schedules};
use testkit::TestDb;

async fn outcome(t: &TestDb) -> Option<String> {
    let read = t.db.read::<_, DbError, _>(async |tx| {
        tx.query_one("select r.outcome from schedule_runs r", params![]).await?.get("outcome")
    });
    read.await.unwrap()
}

testkit::both_engines! {
    async fn a_slot_runs_once_over_all_processes_and_once_after_downtime(t: TestDb) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counting = runs.clone();
        let quarter = Schedule::new("offers", Slots::Every(900), move || {
            let counting = counting.clone();
            async move { Ok(format!("run {}", counting.fetch_add(1, Ordering::SeqCst) + 1)) }
        });
        let due = async || {
            let schedules = std::slice::from_ref(&quarter);
            let process = || run_due_schedules(&t.db, &t.clock, schedules);
            let (a, b, c, d) = tokio::join!(process(), process(), process(), process());
            [a, b, c, d].into_iter().map(|ran| ran.unwrap().len()).sum::<usize>()
        };
        assert_eq!(due().await, 1);
        t.clock.advance_seconds(899);
        assert_eq!(due().await, 0);
        t.clock.advance_seconds(1);
        assert_eq!(due().await, 1);
        t.clock.advance_seconds(5 * 24 * 60 * 60);
        assert_eq!((due().await, due().await), (1, 0), "many slots were missed and one run catches up");
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert_eq!(outcome(&t).await.as_deref(), Some("run 3"));
    }

    async fn a_schedule_that_fails_says_so_and_has_its_next_slot(t: TestDb) {
        let fails = [Schedule::new("insights", Slots::DailyAt(3, 0), || async { Err("no paper".to_owned()) })];
        assert_eq!(run_due_schedules(&t.db, &t.clock, &fails).await.unwrap(), ["insights"]);
        assert_eq!(outcome(&t).await.as_deref(), Some("failed: no paper"));
        assert!(run_due_schedules(&t.db, &t.clock, &fails).await.unwrap().is_empty());
        t.clock.advance_seconds(24 * 60 * 60);
        assert_eq!(run_due_schedules(&t.db, &t.clock, &fails).await.unwrap(), ["insights"]);
    }
}
