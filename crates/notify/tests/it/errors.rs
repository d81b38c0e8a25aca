//! What follows from the documented errors.

use std::time::Duration;

use notify::{MessageState, NewMessage};
use whatsapp::fake::Behaviour;
use whatsapp::{Client, Outgoing};

use crate::{Post, RAM, SITA, context, dead_jobs, message, messages, send, states, template};

testkit::both_engines! {
    async fn a_fault_of_whatsapp_is_waited_out_with_growing_pauses(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        // Many more refusals than the queue has tries.
        post.graph.next(12, Behaviour::Refuse(131_016));
        let begun = t.clock.now();
        let mut tries = 0;
        while post.sent().is_empty() {
            tries += post.run().await;
            t.clock.advance_seconds(1);
            assert!(t.clock.now().seconds_since(begun) < 60 * 60, "an hour has passed");
        }
        assert_eq!(tries, 13);
        assert!(t.clock.now().seconds_since(begun) > 120, "the pauses grow");
        assert_eq!((states(&t).await, dead_jobs(&t).await.len()), (vec![MessageState::Sent], 0));
        assert_eq!(messages(&t).await[0].error, None);
    }

    async fn a_fault_that_stays_is_laid_aside_and_can_be_retried(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.graph.next(1_000, Behaviour::Refuse(2));
        while dead_jobs(&t).await.is_empty() {
            post.run().await;
            t.clock.advance_seconds(600);
        }
        assert_eq!(states(&t).await, [MessageState::Failed]);
    }

    async fn an_operator_who_mended_the_cause_retries_the_job(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(RAM, "b")]).await;
        post.graph.next(1, Behaviour::Refuse(132_001));
        post.run().await;
        assert_eq!(states(&t).await, [MessageState::Failed, MessageState::Sent], "the next is not held back");
        let (cx, dead) = (context(&t), dead_jobs(&t).await);
        let id = dead[0];
        assert!(t.db.write(async move |tx| queue::retry_dead(tx, &cx, id).await).await.unwrap());
        post.run().await;
        assert_eq!(post.sent(), ["b", "a"]);
        assert_eq!(states(&t).await, [MessageState::Sent; 2]);
    }

    async fn throughput_limits_slow_everyone_down(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(SITA, "b")]).await;
        post.graph.next(1, Behaviour::Refuse(130_429));
        post.run().await;
        assert!(post.sent().is_empty(), "the other waits too");
        assert_eq!(states(&t).await, [MessageState::Queued; 2]);
        t.clock.advance_seconds(1);
        post.graph.next(1, Behaviour::Refuse(130_429));
        post.run().await;
        t.clock.advance_seconds(1);
        assert_eq!((post.run().await, post.sent().len()), (0, 0), "the second pause is longer");
        t.clock.advance_seconds(1);
        post.run().await;
        assert_eq!(post.sent().len(), 2);
    }

    async fn the_pair_limit_holds_back_one_person_only(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "1"), message(RAM, "2"), message(SITA, "s")]).await;
        post.graph.next(1, Behaviour::Refuse(131_056));
        post.run().await;
        assert_eq!(post.sent(), ["s"]);
        t.clock.advance_seconds(5);
        assert_eq!(post.run().await, 0);
        t.clock.advance_seconds(5);
        post.run().await;
        assert_eq!(post.sent(), ["s", "1", "2"], "their order stays");
    }

    async fn a_refused_account_stops_everything_until_it_is_mended(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(SITA, "b")]).await;
        for _ in 0..5 {
            post.graph.next(1, Behaviour::Refuse(190));
            post.run().await;
            assert!(post.sent().is_empty());
            t.clock.advance_seconds(299);
            assert_eq!(post.graph.sent().len() + dead_jobs(&t).await.len(), 0);
            t.clock.advance_seconds(1);
        }
        post.run().await;
        assert_eq!(post.sent().len(), 2);
    }

    async fn where_no_connection_can_be_made_nothing_is_lost(t: TestDb) {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let post = Post::with_open_windows(&t).await;
        let base_url = format!("http://{}/v23.0", gone.local_addr().unwrap());
        drop(gone);
        let settings = whatsapp::Settings { base_url, ..post.graph.settings() };
        let sender = notify::Sender::new(t.db.clone(), Client::new(settings).unwrap());
        let registry =
            queue::Registry::default().outside(notify::SEND_JOB, move |cx, job| sender.clone().work(cx, job));
        send(&t, vec![message(RAM, "a")]).await;
        for _ in 0..10 {
            queue::run_ready(&t.db, &t.clock, &t.ids, &registry).await.unwrap();
            assert_eq!(states(&t).await, [MessageState::Queued]);
            t.clock.advance_seconds(60);
        }
        post.run().await;
        assert_eq!(post.sent(), ["a"]);
    }

    async fn media_faults_have_one_more_try(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(SITA, "b")]).await;
        post.graph.next(2, Behaviour::Refuse(131_053));
        assert_eq!(post.run().await, 2);
        t.clock.advance_seconds(2);
        post.graph.next(1, Behaviour::Refuse(131_053));
        assert_eq!(post.run().await, 2);
        t.clock.advance_seconds(600);
        assert_eq!(post.run().await, 0);
        let mut found = states(&t).await;
        found.sort_by_key(|state| *state == MessageState::Sent);
        assert_eq!((found, dead_jobs(&t).await.len()), (vec![MessageState::Failed, MessageState::Sent], 1));
    }

    async fn whom_a_message_cannot_reach_is_left_alone(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(RAM, "b")]).await;
        post.graph.next(1, Behaviour::Refuse(131_026));
        post.run().await;
        t.clock.advance_seconds(24 * 60 * 60);
        assert_eq!(post.run().await, 0);
        assert_eq!(states(&t).await, [MessageState::Failed, MessageState::Sent]);
        assert!(messages(&t).await[0].error.as_ref().unwrap().contains("131026"));
    }

    async fn a_window_that_is_closed_after_all_lets_the_template_through(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        let with_template = NewMessage { template: Some(template("instead")), ..message(RAM, "a") };
        send(&t, vec![with_template, message(RAM, "chat")]).await;
        post.graph.next(1, Behaviour::Refuse(131_047));
        post.graph.next(1, Behaviour::Accept);
        post.graph.next(1, Behaviour::Refuse(131_047));
        post.run().await;
        let sent = post.graph.sent();
        assert_eq!(sent.len(), 1);
        assert!(matches!(&sent[0].message, Outgoing::Template(template) if template.params == ["instead"]), "{sent:?}");
        assert_eq!(states(&t).await, [MessageState::Sent, MessageState::Failed]);
    }

    async fn a_lost_answer_is_never_followed_by_a_second_send(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(SITA, "b")]).await;
        post.graph.next(1, Behaviour::Drop);
        post.graph.next(1, Behaviour::Garble);
        post.run().await;
        for _ in 0..5 {
            t.clock.advance_seconds(60 * 60);
            assert_eq!(post.run().await, 0);
        }
        assert_eq!((post.graph.sent().len(), states(&t).await), (2, vec![MessageState::Unknown; 2]));
    }

    async fn a_sender_that_died_while_sending_does_not_send_twice(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a"), message(RAM, "b")]).await;
        post.graph.next(1, Behaviour::Delay(Duration::from_secs(9)));
        let (db, clock, ids, registry) = (t.db.clone(), t.clock.clone(), t.ids.clone(), post.registry.clone());
        let dying = tokio::spawn(async move { queue::run_ready(&db, &clock, &ids, &registry).await });
        tokio::time::timeout(Duration::from_secs(9), post.graph.wait(|sent| sent.len() == 1)).await.unwrap();
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        assert_eq!(states(&t).await, [MessageState::Sending, MessageState::Queued]);

        assert_eq!(post.run().await, 0, "the lease holds, and the next message waits behind it");
        t.clock.advance_seconds(61);
        assert_eq!(post.run().await, 2);
        assert_eq!(post.sent(), ["a", "b"]);
        assert_eq!(states(&t).await, [MessageState::Unknown, MessageState::Sent]);
    }
}
