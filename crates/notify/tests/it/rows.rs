//! Messages as rows: once per cause, in the transaction that causes them, in order.

use db::{DbError, Engine};
use kernel::{PageRequest, RetailerId, Scope, VendorId};
use notify::{MessageFilter, MessageState, NewMessage, Recipient};

use crate::{Post, RAM, SITA, context, heard, message, messages, send, states, template, to};

testkit::both_engines! {
    async fn the_same_cause_sends_once(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(RAM, "a"), message(RAM, "b")]).await;
        send(&t, vec![message(RAM, "a"), message(SITA, "a")]).await;
        assert_eq!(post.run().await, 3);
        send(&t, vec![message(RAM, "b")]).await;
        assert_eq!(post.run().await, 0);
        let mut sent = post.sent();
        sent.sort();
        assert_eq!(sent, ["a", "a", "b"]);
        assert_eq!(states(&t).await, [MessageState::Sent; 3]);
    }

    async fn a_message_goes_with_its_transaction(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        let cx = context(&t);
        let undone: Result<(), DbError> = t.db.write(async move |tx| {
            notify::send(tx, &cx, vec![message(RAM, "a")]).await?;
            Err(DbError::Busy)
        }).await;
        assert_eq!(undone, Err(DbError::Busy));
        assert_eq!((post.run().await, states(&t).await.len()), (0, 0));
        send(&t, vec![message(RAM, "a")]).await;
        assert_eq!((post.run().await, post.sent()), (1, vec!["a".to_owned()]));
    }

    async fn a_set_is_two_statements_and_one_wait(t: TestDb) {
        let cx = context(&t);
        let cost = t.db.write::<_, DbError, _>(async move |tx| {
            let set = |from: i64| (from..from + 256).map(|n| message(RAM, &n.to_string())).collect::<Vec<_>>();
            notify::send(tx, &cx, set(0)).await?;
            let before = tx.cost();
            notify::send(tx, &cx, set(128)).await?;
            let after = tx.cost();
            Ok((after.statements - before.statements, after.round_trips - before.round_trips))
        });
        assert_eq!(cost.await.unwrap(), (2, u64::from(t.db.engine() == Engine::Postgres)));
        assert_eq!(t.db.read(async |tx| queue::depths(tx).await).await.unwrap()[0].jobs, 384);
    }

    async fn each_person_gets_them_in_the_order_of_writing(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, (0..20).map(|n| message(if n % 2 == 0 { RAM } else { SITA }, &format!("{n:02}"))).collect()).await;
        send(&t, (20..40).map(|n| message(if n % 2 == 0 { RAM } else { SITA }, &format!("{n:02}"))).collect()).await;
        assert_eq!(post.run().await, 40);
        for (address, even) in [(RAM, 0), (SITA, 1)] {
            let sent = post.graph.sent_to(&whatsapp::Recipient::phone(address));
            let texts: Vec<String> = sent.into_iter().map(|sent| sent.readable).collect();
            assert_eq!(texts, (0..40).filter(|n| n % 2 == even).map(|n| format!("{n:02}")).collect::<Vec<_>>());
        }
    }

    async fn a_day_after_the_last_word_only_templates_go(t: TestDb) {
        let post = Post::open(&t).await;
        let both = |key: &str| NewMessage {
            reason_key: key.to_owned(),
            template: Some(template(key)),
            ..message(RAM, key)
        };
        send(&t, vec![message(RAM, "never heard")]).await;
        heard(&t, RAM).await;
        send(&t, vec![both("in time")]).await;
        t.clock.advance_seconds(24 * 60 * 60 - 1);
        send(&t, vec![message(RAM, "just in time")]).await;
        post.run().await;
        t.clock.advance_seconds(1);
        let only_template = NewMessage { content: template("alone"), ..message(RAM, "alone") };
        send(&t, vec![message(RAM, "too late"), both("instead"), only_template]).await;
        post.run().await;

        // The first was written before anybody had written, and sent while the window was open.
        let sent = post.graph.sent();
        let kinds: Vec<bool> = sent.iter().map(|sent| matches!(sent.message, whatsapp::Outgoing::Template(_))).collect();
        assert_eq!(kinds, [false, false, false, true, true], "{:?}", post.sent());
        assert!(post.sent()[3].contains("instead"), "{:?}", post.sent());
        let all = messages(&t).await;
        let late = all.iter().find(|message| message.text == "too late").unwrap();
        assert_eq!(late.state, MessageState::Failed);
        assert!(late.error.as_ref().unwrap().contains("24 hours"), "{late:?}");
    }

    async fn only_the_newest_word_counts_and_a_bad_address_fails_alone(t: TestDb) {
        let post = Post::open(&t).await;
        heard(&t, RAM).await;
        let before = t.clock.now().plus_seconds(-30 * 60 * 60);
        let older: Result<(), DbError> = t.db.write(async move |tx| notify::heard(tx, RAM, before).await).await;
        older.unwrap();
        send(&t, vec![message("ram", "to nobody"), message(RAM, "a")]).await;
        assert_eq!(post.run().await, 2);
        assert_eq!(states(&t).await, [MessageState::Failed, MessageState::Sent]);
    }

    async fn each_sees_its_own(t: TestDb) {
        let cx = context(&t);
        let (ram, sita, vendor): (RetailerId, RetailerId, VendorId) = (cx.id(), cx.id(), cx.id());
        let owned = |text: &str, retailer, vendor| NewMessage {
            to: Recipient { retailer, vendor, ..to(RAM) },
            ..message(RAM, text)
        };
        let all = vec![owned("r1", Some(ram), None), owned("r2", Some(sita), None), owned("v", None, Some(vendor)), owned("r3", Some(ram), None)];
        send(&t, all).await;
        let listed = async |scope, filter, after: Option<String>| {
            let page = PageRequest::new(Some(2), after);
            let page = t.db.read(async move |tx| notify::messages(tx, scope, &filter, &page).await).await.unwrap();
            (page.items.into_iter().map(|message| message.text).collect::<Vec<_>>(), page.next)
        };
        let (first, next) = listed(Scope::All, MessageFilter::default(), None).await;
        assert_eq!(first, ["r3", "v"]);
        assert_eq!(listed(Scope::All, MessageFilter::default(), next).await, (vec!["r2".to_owned(), "r1".to_owned()], None));
        let mine = ["r3", "r1"].map(ToOwned::to_owned).to_vec();
        assert_eq!(listed(Scope::Retailer(ram), MessageFilter::default(), None).await.0, mine);
        let prying = MessageFilter { retailer: Some(sita), ..MessageFilter::default() };
        assert_eq!(listed(Scope::Retailer(ram), prying, None).await.0, mine, "the scope wins over the filter");
        assert_eq!(listed(Scope::Vendor(vendor), MessageFilter::default(), None).await.0, ["v"]);
    }

    async fn the_messages_to_one_address_are_found_by_an_index_page_by_page(t: TestDb) {
        send(&t, (0..6).map(|n| message(if n % 2 == 0 { RAM } else { SITA }, &n.to_string())).collect()).await;
        let filter = MessageFilter { address: Some(RAM.to_owned()), ..MessageFilter::default() };
        let mut after = None;
        let mut found = Vec::new();
        loop {
            let (filter, request) = (filter.clone(), PageRequest::new(Some(2), after));
            let page = t.db.read(async move |tx| notify::messages(tx, Scope::All, &filter, &request).await).await.unwrap();
            found.extend(page.items.into_iter().map(|message| message.text));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, ["4", "2", "0"]);
        let sql = match t.db.engine() {
            Engine::Sqlite => "explain query plan select * from outgoing_messages m where m.address = $1 and m.id < $2 \
                               order by m.id desc limit 51",
            Engine::Postgres => "select indexdef as detail from pg_indexes where indexname = 'outgoing_messages_address' \
                                 and $1 < $2",
        };
        let plan: Result<Vec<String>, DbError> = t.db.read(async move |tx| {
            tx.query(sql, db::params![RAM, "~"]).await?.iter().map(|row| row.get("detail")).collect()
        }).await;
        let plan = plan.unwrap().join("\n");
        assert!(plan.contains("outgoing_messages_address") && !plan.contains("TEMP B-TREE"), "{plan}");
        assert!(plan.contains("(address=? AND id<?)") || plan.contains("(address, id)"), "{plan}");
    }
}
