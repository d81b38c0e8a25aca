//! The client against the fake server, and the fake's webhooks against the reader: both ends of the protocol meet here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail as loudly as the test")]

mod description;

use std::time::Duration;

use serde_json::{Value, json};
use whatsapp::client::MediaError;
use whatsapp::errors::DOCUMENTED;
use whatsapp::fake::{Approved, Behaviour, CartLine, Courier, FakeGraph, Person, Say, Webhook, escaped};
use whatsapp::payload::{CartItem, Delivery, Media, MediaKind, items};
use whatsapp::{
    Buttons, Client, Content, Inbound, Item, List, Outgoing, Policy, Recipient, SendError, Settings, StatusEvent,
    Template, signature,
};

const NUMBER: &str = "106540352242922";
const AT: i64 = 1_763_692_200;

async fn pair() -> (FakeGraph, Client) {
    let meta = FakeGraph::start(NUMBER, "token", "t").await.unwrap();
    let client = Client::new(meta.settings()).unwrap();
    (meta, client)
}

fn ram() -> Recipient {
    Recipient::phone("9779848000001")
}

fn hello() -> Outgoing {
    Outgoing::text("Namaste").unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_meant() {
    let (meta, client) = pair().await;
    let mut news = meta.subscribe();
    let ask = Buttons::new("Confirm order?").button("confirm:ord_1", "Confirm").build().unwrap();
    let id = client.send(&ask, &ram(), "ob_1").await.unwrap();
    client.send(&hello(), &Recipient::UserId("NP.1".into()), "ob_2").await.unwrap();

    let sent = meta.sent();
    assert_eq!((sent.len(), id.0.as_str()), (2, "wamid.t.1"));
    assert_eq!((&sent[0].message, &sent[0].to, sent[0].opaque.as_deref()), (&ask, &ram(), Some("ob_1")));
    assert_eq!(sent[0].readable, "Confirm order?\n[1] Confirm");
    assert_eq!(sent[0].json, ask.to_json(&ram(), Some("ob_1")).unwrap());
    assert_eq!(meta.sent_to(&Recipient::UserId("NP.1".into())), [sent[1].clone()]);
    assert_eq!((news.recv().await.unwrap(), news.recv().await.unwrap()), (sent[0].clone(), sent[1].clone()));

    client.mark_read("wamid.IN", true).await.unwrap();
    assert_eq!(meta.read(), ["wamid.IN"]);
    meta.clear();
    assert_eq!((meta.sent().len(), meta.read().len()), (0, 0));
}

#[tokio::test]
async fn every_documented_error_comes_back_with_its_policy() {
    let (meta, client) = pair().await;
    for known in DOCUMENTED {
        meta.next(1, Behaviour::Refuse(known.code));
        let error = client.send(&hello(), &ram(), "ob").await.unwrap_err();
        assert_eq!((error.code(), error.policy()), (Some(known.code), known.policy), "{error}");
    }
    assert_eq!(meta.sent(), []);
    client.send(&hello(), &ram(), "ob").await.unwrap();
}

#[tokio::test]
async fn a_file_is_fetched_up_to_its_limit() {
    let (meta, client) = pair().await;
    meta.hold_media("77", b"a bill");
    assert_eq!(client.media("77", 6).await.unwrap(), b"a bill");
    assert_eq!(client.media("77", 5).await, Err(MediaError::TooLarge));
    let code = |result: Result<Vec<u8>, MediaError>| match result {
        Err(MediaError::Failed(error)) => error.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(client.media("78", 6).await), Some(100));
    let wrong_token = Client::new(Settings { token: "old".into(), ..meta.settings() }).unwrap();
    assert_eq!(code(wrong_token.media("77", 6).await), Some(190));
    assert_eq!(code(client.media("../77", 6).await), None, "an id is no path");
}

#[test]
fn a_line_goes_before_a_text_where_there_is_room() {
    let led = Buttons::new("b").button("a", "A").build().unwrap().led_by("first");
    assert_eq!(led.readable(), "first\n\nb\n[1] A");
    let full = Outgoing::text("x".repeat(4096)).unwrap();
    assert_eq!(full.clone().led_by("first"), full);
    let template = Template::new("due", "en").build().unwrap();
    assert_eq!(template.clone().led_by("first"), template);
}

#[tokio::test]
async fn a_wrong_token_or_number_stops() {
    let (meta, _) = pair().await;
    let wrong_token = Client::new(Settings { token: "old".into(), ..meta.settings() }).unwrap();
    let error = wrong_token.send(&hello(), &ram(), "ob").await.unwrap_err();
    assert_eq!((error.code(), error.policy()), (Some(190), Policy::StopAndAlert));
    let wrong_number = Client::new(Settings { phone_number_id: "1".into(), ..meta.settings() }).unwrap();
    assert_eq!(wrong_number.send(&hello(), &ram(), "ob").await.unwrap_err().code(), Some(100));
    assert_eq!(meta.sent(), []);
}

#[tokio::test]
async fn a_lost_answer_is_an_unknown_outcome_and_the_message_left_once() {
    let (meta, _) = pair().await;
    let client = Client::new(Settings { timeout: Duration::from_millis(300), ..meta.settings() }).unwrap();
    // The first send leaves an idle connection behind; the next one must not be repeated on a fresh one.
    client.send(&hello(), &ram(), "warm").await.unwrap();
    for (behaviour, opaque) in [
        (Behaviour::Drop, "dropped"),
        (Behaviour::Garble, "garbled"),
        (Behaviour::Delay(Duration::from_secs(5)), "slow"),
    ] {
        meta.next(1, behaviour);
        let error = client.send(&hello(), &ram(), opaque).await.unwrap_err();
        assert!(matches!(error, SendError::Unknown(_)), "{opaque}: {error}");
        assert_eq!(error.policy(), Policy::UnknownOutcome);
    }
    let opaque: Vec<_> = meta.sent().into_iter().filter_map(|sent| sent.opaque).collect();
    assert_eq!(opaque, ["warm", "dropped", "garbled", "slow"]);
}

#[tokio::test]
async fn a_dropped_connection_carries_not_one_byte_of_an_answer() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (meta, _) = pair().await;
    meta.next(1, Behaviour::Drop);
    let base = meta.settings().base_url;
    let host = base.strip_prefix("http://").unwrap().strip_suffix("/v23.0").unwrap().to_owned();
    let body = hello().to_json(&ram(), None).unwrap().to_string();
    let mut socket = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!("POST /v23.0/{NUMBER}/messages HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer token\r\n");
    socket.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert_eq!((answer.len(), meta.sent().len()), (0, 1));
}

#[tokio::test]
async fn behaviours_are_taken_in_their_order() {
    let (meta, client) = pair().await;
    meta.next(2, Behaviour::Refuse(130_429));
    meta.next(1, Behaviour::Accept);
    meta.next(1, Behaviour::Refuse(131_056));
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(client.send(&hello(), &ram(), "ob").await.err().and_then(|error| error.code()));
    }
    assert_eq!(codes, [Some(130_429), Some(130_429), None, Some(131_056), None]);
}

#[tokio::test]
async fn outside_the_window_only_approved_templates_go() {
    let (meta, client) = pair().await;
    let (clock, now) =
        (std::sync::Arc::new(std::sync::atomic::AtomicI64::new(AT)), std::sync::atomic::Ordering::SeqCst);
    let reading = clock.clone();
    meta.enforce_window(move || reading.load(now));
    let code = async |message: &Outgoing| client.send(message, &ram(), "ob").await.err().and_then(|error| error.code());

    assert_eq!(code(&hello()).await, Some(131_047));
    meta.heard_from(&ram(), AT);
    meta.heard_from(&ram(), AT - 999);
    clock.store(AT + 86_399, now);
    assert_eq!(code(&hello()).await, None);
    clock.store(AT + 86_400, now);
    assert_eq!(code(&hello()).await, Some(131_047));

    let due =
        Template::new("payment_due_v1", "en").param("Ram Store").param("NPR 4,750").payload("PROMISE").build().unwrap();
    assert_eq!(code(&due).await, None, "any template is taken while none is approved");
    meta.approve(Approved {
        name: "payment_due_v1".into(),
        language: "en".into(),
        body: "{{1}}, {{2}} is due today.".into(),
        quick_replies: vec!["I will pay".into()],
    });
    assert_eq!(code(&due).await, None);
    assert_eq!(meta.sent().last().unwrap().readable, "Ram Store, NPR 4,750 is due today.\n[1] I will pay");
    assert_eq!(code(&Template::new("other", "en").build().unwrap()).await, Some(132_001));
    assert_eq!(code(&Template::new("payment_due_v1", "en").param("one").build().unwrap()).await, Some(132_000));
}

#[tokio::test]
async fn waiting_ends_when_enough_was_sent() {
    let (meta, client) = pair().await;
    let waiting = tokio::spawn({
        let meta = meta.clone();
        async move { meta.wait(|sent| sent.len() == 3).await }
    });
    for _ in 0..3 {
        client.send(&hello(), &ram(), "ob").await.unwrap();
    }
    let sent = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(sent.len(), 3);
}

#[tokio::test]
async fn what_the_client_would_not_send_the_fake_would_not_take() {
    let (meta, _) = pair().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/{NUMBER}/messages", meta.settings().base_url);
    let body = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "9779848000001", "type": "text",
        "text": {"body": "x".repeat(4097)}});
    let response = http.post(url).bearer_auth("token").json(&body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 400);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["code"], 100);
    assert_eq!(
        answer["error"]["error_data"]["details"],
        "message.text.body is 4097 characters long, at most 4096 are allowed"
    );
    assert_eq!(meta.sent(), []);
}

fn only_message(webhook: &Webhook) -> Inbound {
    match &items(&webhook.body())[..] {
        [Item::Message(inbound)] => inbound.clone(),
        other => panic!("{other:?}"),
    }
}

fn said(say: &Say) -> (Content, Option<String>) {
    let inbound = only_message(&Webhook::to(NUMBER).message(&Person::phone("9779848000001", "राम"), "w", AT, say));
    assert_eq!((inbound.phone_number_id.as_str(), inbound.timestamp, inbound.wamid.as_str()), (NUMBER, AT, "w"));
    assert_eq!(inbound.sender.phone.as_deref(), Some("9779848000001"));
    (inbound.content, inbound.context_wamid)
}

#[test]
fn everything_a_person_can_say_is_understood_as_such() {
    let text = "२ बोरा चामल 👍".to_owned();
    assert_eq!(said(&Say::Text(text.clone())), (Content::Text { body: text }, None));
    let lines = vec![CartLine { sku: "RICE".into(), quantity: 2, price: 1 }];
    let cart = Content::Order {
        items: vec![CartItem { sku: "RICE".into(), quantity: 2 }],
        note: None,
        currencies: vec!["NPR".into()],
    };
    assert_eq!(said(&Say::Order(lines)), (cart, None));
    let (name, address) = (String::new(), "Bazaar".to_owned());
    assert_eq!(
        said(&Say::Location { latitude: 28.6, longitude: 81.6, name, address }).0,
        Content::Location { latitude: 28.6, longitude: 81.6, name: None, address: Some("Bazaar".into()) }
    );
}

#[test]
fn everything_a_person_can_send_is_understood_as_such() {
    for kind in [MediaKind::Image, MediaKind::Audio, MediaKind::Video, MediaKind::Document, MediaKind::Sticker] {
        let is_voice = kind == MediaKind::Audio;
        let (mime, caption) = (Some("x/y".to_owned()), Some("bill".to_owned()));
        let media = Media { kind, id: "77".into(), mime, caption, filename: None, is_voice };
        assert_eq!(said(&Say::Media(media.clone())).0, Content::Media(media));
    }
    let (wamid, emoji) = ("w1".to_owned(), "👍".to_owned());
    assert_eq!(
        said(&Say::Reaction { wamid: wamid.clone(), emoji: emoji.clone() }).0,
        Content::Reaction { wamid, emoji: Some(emoji) }
    );
    let (moved, _) = said(&Say::ChangedNumber { new_phone: "9779848000002".into() });
    assert!(matches!(moved, Content::System { new_phone: Some(new), .. } if new == "9779848000002"));
    assert!(matches!(said(&Say::Unsupported).0, Content::Unsupported { errors } if errors[0].code == 131_051));
    assert_eq!(said(&Say::Other { kind: "poll".into(), part: json!({}) }).0, Content::Unknown { kind: "poll".into() });
}

#[tokio::test]
async fn what_was_sent_can_be_pressed_by_its_number() {
    let (meta, client) = pair().await;
    let messages = [
        Buttons::new("Confirm?").button("yes", "Confirm").button("no", "Cancel").build(),
        List::new("Which?", "Choose").row("a", "A", Some("d")).row("b", "B", None).build(),
        Template::new("due", "en").payload("P").payload("Q").build(),
        Outgoing::text("Namaste"),
    ];
    for message in messages {
        client.send(&message.unwrap(), &ram(), "ob").await.unwrap();
    }
    let sent = meta.sent();
    let press = |index: usize, number: usize| Say::choose(&sent[index], number).map(|say| said(&say));
    let context = |index: usize| Some(sent[index].wamid.clone());
    assert_eq!(press(0, 2), Some((Content::ButtonReply { id: "no".into(), title: "Cancel".into() }, context(0))));
    let row = Content::ListReply { id: "a".into(), title: "A".into(), description: Some("d".into()) };
    assert_eq!(press(1, 1), Some((row, context(1))));
    let reply = Content::TemplateButton { payload: "Q".into(), text: "Q".into() };
    assert_eq!(press(2, 2), Some((reply, context(2))));
    assert_eq!((press(0, 0), press(0, 3), press(3, 1)), (None, None, None));
}

#[tokio::test]
async fn one_body_can_hold_several_people_statuses_and_errors() {
    let (meta, client) = pair().await;
    client.send(&hello(), &ram(), "ob_1").await.unwrap();
    let sent = &meta.sent()[0];
    let (ram, hari) = (Person::phone("+977 9848000001", "Ram"), Person::hidden("NP.134912", "Hari"));
    let webhook = Webhook::to(NUMBER)
        .message(&ram, "w1", AT, &Say::Text("a".into()))
        .message(&hari, "w2", AT + 1, &Say::Text("b".into()))
        .message(&ram, "w3", AT + 2, &Say::Text("c".into()))
        .status(sent, Delivery::Delivered, AT)
        .failed(sent, 131_026, AT)
        .error(131_000);
    let found = items(&webhook.body());
    let [Item::Message(one), Item::Message(two), Item::Message(three), rest @ ..] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((one.sender.name.as_deref(), three.sender.name.as_deref()), (Some("Ram"), Some("Ram")));
    assert_eq!((two.sender.phone.clone(), two.sender.user_id.as_deref()), (None, Some("NP.134912")));
    assert_eq!(two.sender.recipient(), hari.recipient());
    let [Item::Status(delivered), Item::Status(failed), Item::SystemError(error)] = rest else { panic!("{rest:?}") };
    let expected =
        StatusEvent { status: Delivery::Failed, errors: failed.errors.clone(), pricing: None, ..delivered.clone() };
    assert_eq!(*failed, expected);
    assert_eq!((delivered.wamid.as_str(), delivered.opaque.as_deref()), (sent.wamid.as_str(), Some("ob_1")));
    assert_eq!((failed.errors[0].code, failed.errors[0].policy(), error.code), (131_026, Policy::Permanent, 131_000));
}

#[test]
fn the_published_vector_is_what_the_fake_writes() {
    let ours = Webhook::to(NUMBER).message(
        &Person::phone("9779848000001", "राम स्टोर"),
        "wamid.TEST1",
        AT,
        &Say::Text("2 bora chamal ra 5 kilo chini".into()),
    );
    let published: Value = serde_json::from_slice(include_bytes!("../data/text.json")).unwrap();
    assert_eq!(ours.to_json(), published);
    assert!(ours.body().is_ascii());
    assert_eq!(escaped(&json!("रा 👍")), r#""\u0930\u093e \ud83d\udc4d""#);
}

#[tokio::test]
async fn a_courier_delivers_what_a_receiver_can_verify() {
    use axum::http::{HeaderMap, StatusCode};
    let receive = async |headers: HeaderMap, body: axum::body::Bytes| {
        let header = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
        match signature::verify("secret", header, &body) {
            Ok(()) if items(&body).len() == 1 => StatusCode::OK,
            _ => StatusCode::FORBIDDEN,
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/hook", axum::routing::post(receive));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let webhook = Webhook::to(NUMBER).message(&Person::phone("977", "राम"), "w", AT, &Say::Text("नमस्ते".into()));
    assert_eq!(Courier::new(&url, "secret").unwrap().deliver(&webhook).await.unwrap(), 200);
    assert_eq!(Courier::new(&url, "other").unwrap().deliver(&webhook).await.unwrap(), 403);
}
