//! What status events tell, in whatever order they come.

use std::time::Duration;

use notify::MessageState;
use whatsapp::StatusEvent;
use whatsapp::errors::ApiError;
use whatsapp::fake::Behaviour;
use whatsapp::payload::Delivery;

use crate::{Post, RAM, message, messages, send, states, status};

fn event((wamid, opaque): (String, Option<String>), status: Delivery) -> StatusEvent {
    let code = |code: i64| ApiError::read(&serde_json::json!({ "code": code })).unwrap();
    StatusEvent {
        wamid,
        status,
        timestamp: 1,
        phone_number_id: "106".to_owned(),
        recipient: None,
        opaque,
        errors: if status == Delivery::Failed { vec![code(131_026)] } else { vec![] },
        pricing: None,
    }
}

testkit::both_engines! {
    async fn late_and_repeated_news_changes_nothing(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.run().await;
        let story = [
            (Delivery::Sent, MessageState::Sent),
            (Delivery::Failed, MessageState::Failed),
            (Delivery::Delivered, MessageState::Delivered),
            (Delivery::Failed, MessageState::Delivered),
            (Delivery::Read, MessageState::Read),
            (Delivery::Delivered, MessageState::Read),
            (Delivery::Sent, MessageState::Read),
        ];
        for (news, expected) in story {
            status(&t, &event(post.first_sent(), news)).await;
            assert_eq!(states(&t).await, [expected], "{news:?}");
        }
        assert_eq!(messages(&t).await[0].error, None);
    }

    async fn a_failure_says_why(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.run().await;
        status(&t, &event(post.first_sent(), Delivery::Failed)).await;
        let message = messages(&t).await.remove(0);
        assert_eq!(message.state, MessageState::Failed);
        assert!(message.error.unwrap().contains("131026"));
        t.clock.advance_seconds(60 * 60);
        assert_eq!(post.run().await, 0);
    }

    async fn our_own_id_finds_a_message_whose_answer_was_lost(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.graph.next(1, Behaviour::Drop);
        post.run().await;
        assert_eq!(states(&t).await, [MessageState::Unknown]);
        let (wamid, opaque) = post.first_sent();
        status(&t, &event((wamid.clone(), opaque), Delivery::Sent)).await;
        assert_eq!((states(&t).await, messages(&t).await[0].error.clone()), (vec![MessageState::Sent], None));
        status(&t, &event((wamid, None), Delivery::Read)).await;
        assert_eq!(states(&t).await, [MessageState::Read], "from now on by WhatsApp's id alone");
    }

    async fn news_that_overtakes_the_answer_stays(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.graph.next(1, Behaviour::Delay(Duration::from_millis(400)));
        let overtaking = async {
            tokio::time::timeout(Duration::from_secs(9), post.graph.wait(|sent| sent.len() == 1)).await.unwrap();
            status(&t, &event(post.first_sent(), Delivery::Delivered)).await;
            assert_eq!(states(&t).await, [MessageState::Delivered]);
        };
        tokio::join!(post.run(), overtaking);
        let message = messages(&t).await.remove(0);
        assert_eq!(message.state, MessageState::Delivered);
        assert!(message.sent_at.is_some());
    }

    async fn news_of_a_stranger_is_ignored(t: TestDb) {
        let post = Post::with_open_windows(&t).await;
        send(&t, vec![message(RAM, "a")]).await;
        post.run().await;
        let strangers = [("wamid.other", None), ("wamid.other", Some("ob_1")), ("wamid.other", post.first_sent().1.as_deref().map(|_| "msg_x"))];
        for (wamid, opaque) in strangers {
            status(&t, &event((wamid.to_owned(), opaque.map(ToOwned::to_owned)), Delivery::Read)).await;
        }
        assert_eq!(states(&t).await, [MessageState::Sent]);
    }
}
