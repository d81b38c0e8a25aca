//! How reminders leave: not at night, not twice, none lost while WhatsApp is down, and cut off at any statement.

use db::{DbError, params};
use kernel::BusinessDate;
use notify::{MessageState, SEND_JOB, Sender};
use queue::{Registry, Running, run_ready};
use reminders::RUN_JOB;
use testkit::both_engines;
use whatsapp::Client;
use whatsapp::fake::{Behaviour, FakeGraph};

use crate::world::{World, phone};

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn registry(w: &World, graph: &FakeGraph) -> Registry {
    let sender = Sender::new(w.t.db.clone(), Client::new(graph.settings()).unwrap());
    let (db, clock, ids) = (w.t.db.clone(), w.t.clock.clone(), w.t.ids.clone());
    Registry::default().outside(SEND_JOB, move |cx, job| sender.clone().work(cx, job)).outside(RUN_JOB, move |_, _| {
        let (db, clock, ids) = (db.clone(), clock.clone(), ids.clone());
        async move { reminders::resume(&db, &clock, &ids).await.map_err(|error: DbError| error.into()) }
    })
}

async fn states(w: &World) -> Vec<MessageState> {
    let sql = "select m.state from outgoing_messages m where m.is_reminder = 1 order by m.id";
    let rows = w.write(async move |tx, _| tx.query(sql, params![]).await).await;
    rows.iter().map(|row| row.get("state").unwrap()).collect()
}

both_engines! {
    async fn at_night_the_run_waits_for_the_morning_and_reads_anew_then(t: TestDb) {
        let w = World::new(t);
        let graph = FakeGraph::start("106", "token", "run").await.unwrap();
        let registry = registry(&w, &graph);
        w.at("2026-01-31", 12);
        let (_, paid) = w.one("2026-02-01").await;
        let (shop, _) = w.one("2026-02-01").await;
        w.at("2026-01-31", 22);
        assert_eq!(w.run().await.to_string(), "it is night: the reminders wait for the morning");
        w.run().await;
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert_eq!(w.shown().await, Vec::<String>::new());
        w.pay(paid, 5_000).await;
        w.at("2026-02-01", 7);
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert_eq!(w.shown().await, ["2026-02-01 DUE SENT"]);
        assert_eq!(states(&w).await, [MessageState::Sent]);
        // The window is closed: the template went, beside the receipt.
        let sent: Vec<String> = graph.sent().into_iter().map(|sent| sent.readable).collect();
        assert_eq!(sent.iter().filter(|text| text.contains("payment_due_today_v1")).count(), 1, "{sent:?}");
        assert_eq!(sent.len(), 2, "{sent:?}");
        w.at("2026-02-01", 10);
        assert_eq!(w.run().await.messages, 0, "{shop}");
    }

    async fn what_could_not_leave_by_day_does_not_leave_by_night_and_is_not_lost(t: TestDb) {
        let w = World::new(t);
        let graph = FakeGraph::start("106", "token", "run").await.unwrap();
        let registry = registry(&w, &graph);
        let (shop, _) = w.one("2026-01-31").await;
        let vendor = w.wholesaler("BHE").await;
        for _ in 0..5 {
            let shop = w.shop("EN").await;
            w.line(shop, vendor).await;
            w.bill(shop, vendor, day("2026-01-31"), 900).await;
        }
        graph.from_now_on(Behaviour::Refuse(131_016));
        w.at("2026-01-31", 10);
        w.run().await;
        assert_eq!(w.run().await.messages, 0);
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert!(graph.sent().is_empty());
        w.at("2026-01-31", 21);
        graph.from_now_on(Behaviour::Accept);
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert_eq!(states(&w).await, [MessageState::Queued; 6]);
        // An answer to somebody does not wait behind the reminder.
        let to = notify::Recipient { address: phone(shop), retailer: Some(shop), vendor: None };
        w.write(async move |tx, cx| {
            notify::heard(tx, &to.address, cx.now).await?;
            let content = whatsapp::message::Outgoing::text("an answer").unwrap();
            notify::send(tx, cx, vec![notify::NewMessage { reason_key: "reply:1".to_owned(), to: to.clone(), content, template: None }]).await
        })
        .await;
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert_eq!(graph.sent().iter().map(|sent| sent.readable.as_str()).collect::<Vec<_>>(), ["an answer"]);
        w.at("2026-02-01", 7);
        run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        assert_eq!(states(&w).await, [MessageState::Sent; 6]);
        assert_eq!(graph.sent().len(), 7);
    }

    async fn a_run_that_is_cut_off_leaves_whole_sets_and_is_finished_once(t: TestDb) {
        let w = World::new(t);
        let graph = FakeGraph::start("106", "token", "run").await.unwrap();
        let registry = registry(&w, &graph);
        let cycles = [w.one("2026-01-31").await.1, w.one("2026-01-31").await.1];
        w.at("2026-01-31", 10);
        // The second row of the set can not be written, after its messages were.
        w.write(async |tx, _| tx.exec("create unique index spoil on reminders (state)", params![]).await).await;
        assert!(reminders::run(&w.t.db, &w.t.clock, &w.t.ids, &Running::nobody()).await.is_err());
        assert_eq!((w.messages().await.len(), w.rows().await.len()), (0, 0));
        w.write(async |tx, _| tx.exec("drop index spoil", params![]).await).await;
        for _ in 0..3 {
            w.t.clock.advance_seconds(16 * 60);
            run_ready(&w.t.db, &w.t.clock, &w.t.ids, &registry).await.unwrap();
        }
        assert_eq!(states(&w).await, [MessageState::Sent; 2]);
        for cycle in cycles {
            assert_eq!(w.cycle(cycle).await.reminders_sent, 1);
        }
        assert_eq!(w.run().await.messages, 0);
    }

    async fn a_set_is_one_transaction_however_large(t: TestDb) {
        let w = World::new(t);
        let vendor = w.wholesaler("KAR").await;
        let mut costs = Vec::new();
        for (shops, on) in [(1, day("2026-01-31")), (40, day("2026-02-11"))] {
            for _ in 0..shops {
                let shop = w.shop("EN").await;
                w.line(shop, vendor).await;
                w.bill(shop, vendor, on, 900).await;
            }
            w.t.clock.set(on.at(10, 0));
            let before = w.t.db.commits();
            assert_eq!(w.run().await.messages, shops);
            costs.push(w.t.db.commits() - before);
        }
        assert_eq!(costs[0], costs[1], "commits");
    }
}
