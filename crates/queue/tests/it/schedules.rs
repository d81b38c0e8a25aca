//! Work by the clock, over several processes and after downtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use db::{DbError, params};
use queue::{Run, Schedule, Slots, Standing, run_due_schedules};
use testkit::TestDb;

async fn outcome(t: &TestDb) -> Option<String> {
    let read = t.db.read::<_, DbError, _>(async |tx| {
        tx.query_one("select r.outcome from schedule_slots r order by r.run desc", params![]).await?.get("outcome")
    });
    read.await.unwrap()
}

async fn last_run(t: &TestDb, schedule: &'static str) -> Run {
    t.db.read(async move |tx| queue::last_runs(tx, &[schedule], 1).await).await.unwrap().remove(0)
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

    async fn a_run_whose_process_dies_is_seen_and_run_again_from_its_beginning(t: TestDb) {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let dying = Schedule::telling("insights", Slots::DailyAt(3, 0), move |running| {
            let begun = begun.clone();
            async move {
                begun.send(running.tell(3, 10, "retailers").await.unwrap()).unwrap();
                std::future::pending().await
            }
        });
        let (db, clock) = (t.db.clone(), t.clock.clone());
        let process = tokio::spawn(async move { run_due_schedules(&db, &clock, &[dying]).await });
        assert_eq!(begins.recv().await, Some(true));
        process.abort();
        assert!(process.await.unwrap_err().is_cancelled());

        let last = last_run(&t, "insights").await;
        assert_eq!((last.state, last.progress.unwrap().done), (Standing::Running, 3));
        let again = [Schedule::new("insights", Slots::DailyAt(3, 0), || async { Ok("10 retailers".to_owned()) })];
        assert!(run_due_schedules(&t.db, &t.clock, &again).await.unwrap().is_empty(), "its lease holds");
        t.clock.advance_seconds(61);
        assert_eq!(run_due_schedules(&t.db, &t.clock, &again).await.unwrap(), ["insights"]);
        let last = last_run(&t, "insights").await;
        assert_eq!((last.state, last.attempts, last.outcome.as_deref()), (Standing::Done, 2, Some("10 retailers")));
    }

    async fn a_run_that_kills_its_process_is_given_up_after_three(t: TestDb) {
        for attempt in 1..=4 {
            let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
            let dying = Schedule::new("insights", Slots::DailyAt(3, 0), move || {
                begun.send(()).unwrap();
                std::future::pending()
            });
            let (db, clock) = (t.db.clone(), t.clock.clone());
            let process = tokio::spawn(async move { run_due_schedules(&db, &clock, &[dying]).await });
            if attempt < 4 {
                begins.recv().await.unwrap();
            } else {
                assert!(process.await.unwrap().unwrap().is_empty());
                break;
            }
            process.abort();
            let _ = process.await;
            t.clock.advance_seconds(61);
        }
        let last = last_run(&t, "insights").await;
        assert_eq!((last.state, last.attempts), (Standing::Failed, 3));
        assert!(last.outcome.unwrap().contains("ended before"));
    }

    async fn a_failed_run_is_tried_again_after_minutes_and_a_hanging_one_is_ended(t: TestDb) {
        let tries = Arc::new(AtomicUsize::new(0));
        let counting = tries.clone();
        let hangs_once = [Schedule::new("insights", Slots::DailyAt(3, 0), move || {
            let first = counting.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if first { std::future::pending::<()>().await }
                Ok("done".to_owned())
            }
        }).within(std::time::Duration::from_millis(30))];
        let due = async || run_due_schedules(&t.db, &t.clock, &hangs_once).await.unwrap().len();
        assert_eq!(due().await, 1);
        assert!(outcome(&t).await.unwrap().contains("longer"));
        t.clock.advance_seconds(299);
        assert_eq!(due().await, 0);
        t.clock.advance_seconds(2);
        assert_eq!((due().await, due().await), (1, 0));
        assert_eq!(outcome(&t).await.as_deref(), Some("done"));
    }

    async fn two_wishes_are_one_run_and_the_slot_runs_besides(t: TestDb) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counting = runs.clone();
        let daily = [Schedule::new("insights", Slots::DailyAt(3, 0), move || {
            let counting = counting.clone();
            async move { Ok(format!("run {}", counting.fetch_add(1, Ordering::SeqCst) + 1)) }
        })];
        let due = async || run_due_schedules(&t.db, &t.clock, &daily).await.unwrap().len();
        assert_eq!(due().await, 1);
        t.clock.advance_seconds(60);
        let wish = async || {
            let cx = crate::context(&t);
            t.db.write(async move |tx| queue::ask_for_run(tx, &cx, "insights").await).await.unwrap()
        };
        assert!(wish().await);
        t.clock.advance_seconds(1);
        assert!(!wish().await);
        assert_eq!(last_run(&t, "insights").await.state, Standing::Wanted);
        assert_eq!((due().await, due().await), (1, 0));
        let last = last_run(&t, "insights").await;
        assert_eq!((last.asked_by.as_deref(), last.outcome.as_deref()), (Some("system"), Some("run 2")));
        t.clock.advance_seconds(24 * 60 * 60);
        assert_eq!((due().await, due().await), (1, 0));
    }

    async fn a_server_runs_what_is_wished_and_gives_back_what_it_has_no_time_to_end(t: TestDb) {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let long = Schedule::new("insights", Slots::DailyAt(3, 0), move || {
            begun.send(()).unwrap();
            std::future::pending()
        });
        let scheduler = queue::Scheduler::start(&t.db, &t.clock, vec![long]);
        begins.recv().await.unwrap();
        assert!(!scheduler.drain(std::time::Duration::from_millis(50)).await);
        let again = [Schedule::new("insights", Slots::DailyAt(3, 0), || async { Ok("done".to_owned()) })];
        assert_eq!(run_due_schedules(&t.db, &t.clock, &again).await.unwrap(), ["insights"], "at once");
        assert_eq!(last_run(&t, "insights").await.attempts, 1, "an orderly end is no try");
    }
}
