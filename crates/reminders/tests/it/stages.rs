//! Each stage once, on its day, and only where one is due.

use queue::Running;
use testkit::both_engines;

use crate::world::World;

both_engines! {
    async fn each_stage_is_sent_once_however_often_it_runs(t: TestDb) {
        let w = World::new(t);
        let (_, cycle) = w.one("2026-01-31").await;
        w.run_through("2026-01-28", 20).await;
        let expected = ["2026-01-30 DAY_BEFORE SENT", "2026-01-31 DUE SENT", "2026-02-03 OVERDUE_3 SENT"];
        assert_eq!(w.shown().await, expected);
        w.at("2026-02-03", 18);
        assert_eq!(w.run().await, reminders::Outcome::default());
        assert_eq!((w.shown().await.len(), w.messages().await.len()), (3, 3));
        assert_eq!(w.cycle(cycle).await.reminders_sent, 3);
        let miscounted = || w.write(async |tx, _| reminders::miscounted(tx, 9).await);
        assert_eq!(miscounted().await, []);
        w.write(async |tx, _| tx.exec("update cycles set reminders_sent = 7", db::params![]).await).await;
        assert_eq!(miscounted().await, [(cycle, 7, 3)]);
        let rows = w.rows().await;
        assert!(rows.iter().all(|row| row.message_id.is_some() && row.cycle_id == cycle));
    }

    async fn two_rivals_at_once_send_one_message_per_shop(t: TestDb) {
        let w = World::new(t);
        w.at("2026-01-31", 9);
        let vendor = w.wholesaler("KAR").await;
        let due = "2026-01-31".parse().unwrap();
        for _ in 0..20 {
            let shop = w.shop("NE").await;
            w.line(shop, vendor).await;
            w.bill(shop, vendor, due, 1_000).await;
            w.bill(shop, vendor, due.plus_days(1), 2_000).await;
        }
        w.at("2026-01-31", 10);
        let nobody = Running::nobody();
        let run = || reminders::run(&w.t.db, &w.t.clock, &w.t.ids, &nobody);
        let (one, other, third) = tokio::join!(run(), run(), run());
        let sent: Vec<_> = [one, other, third].into_iter().map(|outcome| outcome.unwrap().messages).collect();
        assert_eq!(sent.iter().sum::<usize>(), 20, "{sent:?}");
        assert_eq!((w.messages().await.len(), w.rows().await.len()), (20, 40));
    }

    async fn a_day_without_a_server_is_missed_and_not_made_up_for(t: TestDb) {
        let w = World::new(t);
        w.one("2026-01-31").await;
        w.run_through("2026-01-29", 1).await;
        // Nothing ran on the 30th and the 31st.
        w.run_through("2026-02-01", 5).await;
        let expected = ["2026-01-30 DAY_BEFORE SKIPPED MISSED", "2026-01-31 DUE SKIPPED MISSED", "2026-02-03 OVERDUE_3 SENT"];
        assert_eq!(w.shown().await, expected);
    }

    async fn what_stays_overdue_is_reminded_of_weekly_where_that_is_switched_on(t: TestDb) {
        let w = World::new(t);
        w.one("2026-01-31").await;
        w.run_through("2026-02-03", 10).await;
        assert_eq!(w.shown().await, ["2026-02-03 OVERDUE_3 SENT"], "off by default");
        w.weekly(true).await;
        w.run_through("2026-02-13", 15).await;
        let shown = w.shown().await;
        assert_eq!(shown[1..], ["2026-02-17 WEEKLY2 SENT", "2026-02-24 WEEKLY3 SENT"]);
        w.weekly(false).await;
        w.run_through("2026-02-28", 15).await;
        assert_eq!(w.shown().await.len(), 3);
        let all = kernel::PageRequest::new(None, None);
        let audited = w.write(async move |tx, _| audit::find(tx, audit::PLATFORM, &audit::Filter::default(), &all).await).await;
        let changes = audited.items.iter().filter(|entry| entry.action == "reminders.settings");
        assert_eq!(changes.filter(|entry| entry.reason.as_deref() == Some("the board decided so")).count(), 2);
    }

    async fn a_promise_is_waited_for_and_a_broken_one_is_said_once(t: TestDb) {
        let w = World::new(t);
        let (_, cycle) = w.one("2026-01-31").await;
        w.at("2026-01-30", 9);
        w.promise(cycle, "2026-02-05".parse().unwrap()).await;
        w.run_through("2026-01-30", 20).await;
        let expected = [
            "2026-01-30 DAY_BEFORE SKIPPED PROMISED", "2026-01-31 DUE SKIPPED PROMISED", "2026-02-03 OVERDUE_3 SKIPPED PROMISED",
            "2026-02-06 BROKEN_PROMISE2026-02-05 SENT",
        ];
        assert_eq!(w.shown().await, expected);
        // A second promise that is kept.
        w.at("2026-02-20", 12);
        w.promise(cycle, "2026-02-22".parse().unwrap()).await;
        w.at("2026-02-22", 12);
        w.pay(cycle, 5_000).await;
        w.run_through("2026-02-23", 5).await;
        assert_eq!(w.shown().await.len(), 4);
    }

    async fn a_dispute_stops_the_days_and_the_stages_come_after_it(t: TestDb) {
        let w = World::new(t);
        let (_, cycle) = w.one("2026-01-31").await;
        w.run_through("2026-01-30", 1).await;
        w.at("2026-01-31", 8);
        let dispute = w.dispute(cycle).await;
        w.run_through("2026-01-31", 10).await;
        assert_eq!(w.shown().await, ["2026-01-30 DAY_BEFORE SENT"], "nothing while it is open");
        w.at("2026-02-10", 8);
        w.reject(dispute).await;
        w.run_through("2026-02-10", 10).await;
        assert_eq!(w.shown().await[1..], ["2026-02-10 DUE SENT", "2026-02-13 OVERDUE_3 SENT"]);
    }

    async fn what_is_paid_gets_none_and_a_reversal_brings_them_back(t: TestDb) {
        let w = World::new(t);
        let (_, cycle) = w.one("2026-01-31").await;
        w.at("2026-01-29", 12);
        let payment = w.pay(cycle, 5_000).await;
        w.run_through("2026-01-30", 3).await;
        assert_eq!(w.shown().await, Vec::<String>::new());
        w.at("2026-02-02", 12);
        w.reverse(payment).await;
        w.run_through("2026-02-03", 5).await;
        assert_eq!(w.shown().await, ["2026-02-03 OVERDUE_3 SENT"]);
    }

    async fn whoever_said_stop_is_left_alone(t: TestDb) {
        let w = World::new(t);
        let (shop, _) = w.one("2026-01-31").await;
        w.stop(shop, true).await;
        w.run_through("2026-01-30", 2).await;
        w.stop(shop, false).await;
        w.run_through("2026-02-01", 5).await;
        let expected = ["2026-01-30 DAY_BEFORE SKIPPED STOPPED", "2026-01-31 DUE SKIPPED STOPPED", "2026-02-03 OVERDUE_3 SENT"];
        assert_eq!(w.shown().await, expected);
        assert_eq!(w.messages().await.len(), 1);
    }

    async fn one_message_names_all_vendors_and_bills_of_the_day(t: TestDb) {
        let w = World::new(t);
        w.at("2026-01-31", 9);
        let (shop, first, second) = (w.shop("RNE").await, w.wholesaler("KAR").await, w.wholesaler("BHE").await);
        let day: kernel::BusinessDate = "2026-01-31".parse().unwrap();
        let mut numbers = Vec::new();
        for (vendor, due_on) in [(first, day), (second, day.plus_days(1)), (first, day.plus_days(-3)), (second, day.plus_days(9))] {
            if numbers.len() < 2 {
                w.line(shop, vendor).await;
            }
            let cycle = w.bill(shop, vendor, due_on, 1_000).await;
            numbers.push(w.cycle(cycle).await.number);
        }
        w.at("2026-01-31", 10);
        assert_eq!(w.run().await.to_string(), "1 shops reminded of 3 bills; 0 left out, 0 missed");
        let messages = w.messages().await;
        let [(reason, text)] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(*reason, format!("reminder:{shop}:2026-01-31"));
        for number in &numbers[..3] {
            assert!(text.contains(number.as_str()), "{number} in {text}");
        }
        assert!(!text.contains(numbers[3].as_str()));
        assert!(text.contains("17 Magh 2082") && text.contains("Jamma baki: Rs. 3,000.00"), "{text}");
        // A bill that comes back on the same day waits: nobody gets two messages of a day.
        w.bill(shop, first, day, 700).await;
        assert_eq!(w.run().await.messages, 0);
    }
}
