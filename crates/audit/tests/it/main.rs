//! The audit log on both engines: chains under rivals, what a set costs, and every way of tampering.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

use std::collections::BTreeSet;

use audit::{Broken, Entry, FIRST_HASH, Filter, PLATFORM, Recorded, Walked};
use db::{Db, DbError, Engine, Value, params};
use kernel::{Actor, Context, PageRequest};
use testkit::TestDb;

fn context(t: &TestDb) -> Context {
    Context::new(&t.clock, &t.ids, Actor::System, "req-1")
}

async fn record(t: &TestDb, entries: Vec<Entry>) {
    let recorded: Result<(), DbError> = t.db.write(async move |tx| audit::record(tx, entries.clone()).await).await;
    recorded.unwrap();
}

async fn read(t: &TestDb, stream: &'static str, limit: i64, after: Option<String>) -> kernel::Page<Recorded> {
    let page = PageRequest::new(Some(limit), after);
    t.db.read::<_, DbError, _>(async move |tx| audit::read(tx, stream, &page).await).await.unwrap()
}

async fn verify(db: &Db) -> (Vec<Broken>, u64) {
    let (mut walked, mut broken) = (Walked::default(), Vec::new());
    while !walked.is_done {
        let from = walked.clone();
        let page = db.read::<_, DbError, _>(async move |tx| {
            let mut walked = from.clone();
            let broken = audit::verify_page(tx, &mut walked).await?;
            Ok((walked, broken))
        });
        let (next, found) = page.await.unwrap();
        walked = next;
        broken.extend(found);
    }
    (broken, walked.entries)
}

async fn tamper(t: &TestDb, sql: &'static str, params: Vec<Value>) {
    let done: Result<(), DbError> = t.db.write(async move |tx| tx.exec(sql, params.clone()).await).await;
    done.unwrap();
}

fn grant(cx: &Context, stream: &str, number: i64) -> Entry {
    Entry::new(cx, stream, "line.granted", format!("lin_{number}")).after(serde_json::json!({ "limit": number }))
}

testkit::both_engines! {
    async fn entries_are_chained_in_their_order_and_read_back(t: TestDb) {
        let cx = context(&t);
        let change = Entry::new(&cx, "ret_1", "line.limit", "lin_1")
            .before(serde_json::json!({ "limit": "1" }))
            .after(serde_json::json!({ "limit": "2" }))
            .reason("pays early; \"राम\"\n");
        record(&t, vec![grant(&cx, "ret_1", 1), grant(&cx, PLATFORM, 7), change]).await;
        record(&t, vec![grant(&cx, "ret_1", 3)]).await;

        let first = read(&t, "ret_1", 2, None).await;
        assert_eq!(first.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2]);
        let rest = read(&t, "ret_1", 2, first.next.clone()).await;
        assert_eq!((rest.items.len(), rest.next.clone()), (1, None));

        let [third, second, one] = [&first.items[0], &first.items[1], &rest.items[0]];
        assert_eq!(one.previous_hash, FIRST_HASH);
        assert_eq!((&second.previous_hash, &third.previous_hash), (&one.hash, &second.hash));
        assert_eq!((second.actor.as_str(), second.request.as_str(), second.at), ("system", "req-1", cx.now));
        assert_eq!(second.before.as_deref(), Some("{\"limit\":\"1\"}"));
        assert_eq!(second.reason.as_deref(), Some("pays early; \"राम\"\n"));
        assert_eq!(read(&t, PLATFORM, 9, None).await.items[0].previous_hash, FIRST_HASH);
        assert_eq!(verify(&t.db).await, (vec![], 4));
    }

    async fn a_set_of_any_size_costs_three_statements_and_one_wait(t: TestDb) {
        let cx = context(&t);
        let streams: Vec<String> = (0..64).map(|number| format!("ret_{number:02}")).collect();
        record(&t, streams.iter().map(|stream| grant(&cx, stream, 0)).collect()).await;
        let cost = t.db.write::<_, DbError, _>(async move |tx| {
            let before = tx.cost();
            let set = (1..=4).flat_map(|number| streams.iter().map(move |stream| (stream, number)));
            audit::record(tx, set.map(|(stream, number)| grant(&cx, stream, number)).collect()).await?;
            let after = tx.cost();
            Ok((after.statements - before.statements, after.round_trips - before.round_trips))
        });
        let waits = u64::from(t.db.engine() == Engine::Postgres);
        assert_eq!(cost.await.unwrap(), (3, waits));
        assert_eq!(verify(&t.db).await, (vec![], 5 * 64));
    }

    async fn rivals_share_streams_without_a_gap(t: TestDb) {
        let mut rivals = tokio::task::JoinSet::new();
        for rival in 0..8_i64 {
            let (db, cx) = (t.db.clone(), context(&t));
            rivals.spawn(async move {
                for round in 0..10_i64 {
                    // Half of them name the streams in the other order, and all begin while no stream exists.
                    let names = if rival % 2 == 0 { ["a", "b", PLATFORM] } else { [PLATFORM, "b", "a"] };
                    let set: Vec<Entry> = names.iter().map(|name| grant(&cx, name, rival * 10 + round)).collect();
                    db.write::<_, DbError, _>(async move |tx| audit::record(tx, set.clone()).await).await.unwrap();
                }
            });
        }
        rivals.join_all().await;
        assert_eq!(verify(&t.db).await, (vec![], 8 * 10 * 3));
        let subjects: BTreeSet<String> = read(&t, "a", 200, None).await.items.into_iter().map(|e| e.subject).collect();
        assert_eq!(subjects.len(), 80);
    }

    async fn an_entry_goes_with_its_transaction(t: TestDb) {
        let cx = context(&t);
        record(&t, vec![grant(&cx, "ret_1", 1)]).await;
        let undone: Result<(), DbError> = t.db.write(async move |tx| {
            audit::record(tx, vec![grant(&cx, "ret_1", 2)]).await?;
            Err(DbError::Busy)
        }).await;
        assert_eq!(undone, Err(DbError::Busy));
        assert_eq!(verify(&t.db).await, (vec![], 1));
    }

    async fn every_kind_of_tampering_is_named(t: TestDb) {
        let cx = context(&t);
        // More than one page, so that a stream begins on one page and ends on another.
        for stream in ["content", "cut", "emptied", "gap", "headless", "link", "sound", "swapped"] {
            record(&t, (1..=900).map(|number| grant(&cx, stream, number)).collect()).await;
        }
        assert_eq!(verify(&t.db).await, (vec![], 8 * 900));

        tamper(&t, "update audit_entries set reason = 'it was ever so' where stream = 'content' and seq = 3", params![]).await;
        tamper(&t, "delete from audit_entries where stream = 'cut' and seq > 898", params![]).await;
        tamper(&t, "delete from audit_entries where stream = 'emptied'", params![]).await;
        tamper(&t, "delete from audit_entries where stream = 'gap' and seq = 2", params![]).await;
        tamper(&t, "delete from audit_streams where stream = 'headless'", params![]).await;
        tamper(&t, "update audit_entries set previous_hash = $1 where stream = 'link' and seq = 2", params![FIRST_HASH]).await;
        let renumber = "update audit_entries set seq = $1 where stream = 'swapped' and seq = $2";
        for (to, from) in [(0, 899), (899, 898), (898, 0)] {
            tamper(&t, renumber, params![to, from]).await;
        }

        let name = ToOwned::to_owned;
        let (mut broken, _) = verify(&t.db).await;
        broken.sort_by_key(ToString::to_string);
        let expected = [
            Broken::Content { stream: name("content"), seq: 3 },
            Broken::End { stream: name("cut"), expected: 900, found: 898 },
            Broken::End { stream: name("emptied"), expected: 900, found: 0 },
            Broken::Gap { stream: name("gap"), expected: 2, found: 3 },
            Broken::End { stream: name("headless"), expected: 0, found: 900 },
            Broken::Link { stream: name("link"), seq: 2 },
        ];
        let (swapped, others): (Vec<_>, Vec<_>) =
            broken.into_iter().partition(|broken| broken.to_string().contains("swapped"));
        assert_eq!(others, expected);
        assert_eq!(swapped[0], Broken::Link { stream: name("swapped"), seq: 898 });
    }

    async fn entries_are_found_by_action_actor_and_date(t: TestDb) {
        let begun = t.clock.now().business_date();
        let ids: Vec<kernel::RetailerId> = (0..3).map(|_| t.ids.make(t.clock.now())).collect();
        // Three streams, ten days, on each day a grant by the platform and a pause by the retailer's own hand.
        for day in 0..10 {
            for retailer in &ids {
                let cx = context(&t).acting_as(Actor::Retailer(*retailer));
                let pause = Entry::new(&cx, retailer, "credit.paused", retailer);
                let order = Entry::new(&cx, retailer, "order.placed", format!("ord_{day}"));
                record(&t, vec![grant(&context(&t), &retailer.to_string(), day), order, pause]).await;
            }
            t.clock.advance_seconds(86_400);
        }
        let collect = async |stream: Option<String>, filter: Filter| {
            let (mut found, mut after): (Vec<Recorded>, Option<String>) = (Vec::new(), None);
            loop {
                let (page, filter, stream) = (PageRequest::new(Some(7), after), filter.clone(), stream.clone());
                let read = t.db.read::<_, DbError, _>(async move |tx| match &stream {
                    Some(stream) => audit::find(tx, stream, &filter, &page).await,
                    None => audit::credit_page(tx, &filter, &page).await,
                });
                let page = read.await.unwrap();
                found.extend(page.items);
                after = page.next;
                if after.is_none() {
                    break found;
                }
            }
        };
        let own = Some(ids[1].to_string());
        let all = collect(None, Filter::default()).await;
        assert_eq!(all.len(), 60);
        assert!(all.is_sorted_by(|a, b| (a.at, &a.stream, a.seq) > (b.at, &b.stream, b.seq)), "newest first, none twice");
        assert!(all.iter().all(|entry| entry.action != "order.placed"));
        assert_eq!(collect(own.clone(), Filter::default()).await.len(), 30);
        let by = |action: &str| Filter { action: Some(action.to_owned()), ..Filter::default() };
        assert_eq!(collect(None, by("credit.paused")).await.len(), 30);
        assert_eq!(collect(None, by("order.placed")).await.len(), 0);
        assert_eq!(collect(own.clone(), by("order.placed")).await.len(), 10);
        let actor = Filter { actor: Some(Actor::Retailer(ids[1]).to_string()), ..Filter::default() };
        assert_eq!(collect(None, actor.clone()).await.len(), 10);
        assert_eq!(collect(own.clone(), actor).await.len(), 20);
        let days = Filter { from: Some(begun.plus_days(2)), to: Some(begun.plus_days(4)), ..Filter::default() };
        assert_eq!((collect(None, days.clone()).await.len(), collect(own, days).await.len()), (18, 9));
    }
}
