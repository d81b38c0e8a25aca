//! WhatsApp is away for an hour, answers too late, or refuses our token: what people get in the end, and what an operator
//! sees meanwhile.

use std::time::Duration;

use axum::body::Body;
use db::DbError;
use http::{Method, Request, StatusCode, header};
use kernel::{Actor, Context, Role};
use serde_json::{Value, json};
use testkit::TestDb;
use whatsapp::fake::{Behaviour, Webhook};
use whatsapp::payload::Delivery;

use crate::support::shop::{Known, NUMBER_ID, Shop};

async fn opened(t: TestDb) -> (Shop, Known, [Known; 3]) {
    let shop = Shop::open(t).await;
    let ids = shop.catalogue().await;
    let vendor = shop.vendor("Surkhet Traders", "9779858000001", "SKT", "EN").await;
    shop.sells(&vendor, &ids["SUGAR"], "4600.00", 100).await;
    let ram = shop.retailer("Ram Store", "9779848000001", "EN").await;
    let sita = shop.retailer("Sita Pasal", "9779848000002", "NE").await;
    let hari = shop.retailer("Hari Kirana", "9779848000003", "RNE").await;
    (shop, vendor, [ram, sita, hari])
}

/// What the API shows of someone's messages, oldest first: ids and states.
async fn listed(shop: &Shop, who: &Known) -> Vec<(String, String)> {
    let page =
        shop.get(&format!("whatsapp/messages?limit=100&address={}", who.person.recipient().unwrap().as_str())).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|one| (text(&one["id"]), text(&one["state"]))).collect();
    all.reverse();
    all
}

/// Our ids of what reached someone, in the order of arrival.
fn arrived(shop: &Shop, who: &Known) -> Vec<String> {
    let sent = shop.graph.sent_to(&who.person.recipient().unwrap());
    sent.into_iter().map(|sent| sent.opaque.unwrap()).collect()
}

/// The panel's page of conversations, as an operator sees it.
async fn panel(shop: &Shop, login: &'static str) -> String {
    let cx = Context::new(&shop.t.clock, &shop.t.ids, Actor::System, "test");
    let hash = parties::Secrets::default().hash(&cx, "correct horse").await.unwrap().unwrap();
    let made = shop.t.db.write::<_, DbError, _>(async move |tx| {
        parties::create_user(tx, &cx, login, hash.clone(), Role::Admin, None, None).await
    });
    made.await.unwrap().unwrap();
    let entering = Request::builder()
        .method(Method::POST)
        .uri("/admin/sign-in")
        .header(header::HOST, "panel.example")
        .header(header::ORIGIN, "https://panel.example")
        .body(Body::from(format!("login={login}&password=correct horse")))
        .unwrap();
    let entered = tower::ServiceExt::oneshot(shop.house.router.clone(), entering).await.unwrap();
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = Request::builder().uri("/admin/conversations").header(header::HOST, "panel.example");
    let page = page.header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    shop.send(page).await.body
}

testkit::both_engines! {
    async fn an_hour_without_whatsapp_loses_nothing(t: TestDb) {
        let (shop, vendor, people) = opened(t).await;
        let begun = shop.now();
        for round in 0..12 {
            // Its own fault in the first half, no service at all in the second.
            shop.graph.from_now_on(Behaviour::Refuse(if round < 6 { 131_016 } else { 2 }));
            for (number, who) in people.iter().enumerate() {
                let text = match (number, round) {
                    (0, 0) => "2 bora chini",
                    (0, 1) => "pakka",
                    (0, 2) => "nagad",
                    _ => "chini ko bhau",
                };
                shop.says(who, text).await;
            }
            shop.t.clock.advance_seconds(117);
        }
        assert_eq!((shop.now() - begun, shop.graph.sent().len()), (60 * 60, 0), "an hour, and nothing got through");
        for who in &people {
            let states: Vec<String> = listed(&shop, who).await.into_iter().map(|(_, state)| state).collect();
            assert_eq!(states, vec!["QUEUED"; 12]);
        }
        assert_eq!(shop.get("whatsapp/sending").await["waiting"], 37, "and one offer to the wholesaler");

        shop.graph.from_now_on(Behaviour::Accept);
        let back = shop.now();
        while shop.graph.sent().len() < 37 {
            shop.t.clock.advance_seconds(30);
            shop.work().await;
            assert!(shop.now() - back < 20 * 60, "{} of 37 after twenty minutes", shop.graph.sent().len());
        }
        // What was sent is sent once: a day later nothing has followed.
        shop.t.clock.advance_seconds(24 * 60 * 60);
        shop.work().await;
        for who in people.iter().chain([&vendor]) {
            let all = listed(&shop, who).await;
            assert!(all.iter().all(|(_, state)| state == "SENT"), "{all:?}");
            assert_eq!(arrived(&shop, who), all.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), "{}", who.person.name);
        }
        assert!(shop.sent_to(&vendor.person)[0].starts_with("New order"), "the wholesaler has its offer");
        shop.is_clean().await;
    }

    async fn an_answer_that_comes_too_late_is_no_second_message(t: TestDb) {
        let (mut shop, _, [ram, ..]) = opened(t).await;
        shop.restart(whatsapp::Settings { timeout: Duration::from_millis(150), ..shop.graph.settings() });
        shop.graph.next(1, Behaviour::Delay(Duration::from_secs(2)));
        shop.says(&ram, "chini ko bhau").await;
        let [(id, state)] = listed(&shop, &ram).await.try_into().unwrap();
        assert_eq!((state.as_str(), arrived(&shop, &ram)), ("UNKNOWN", vec![id]), "it has left, and we do not know");

        // Hours later it is still not sent again, and what came after it has gone its way.
        shop.t.clock.advance_seconds(3 * 60 * 60);
        shop.says(&ram, "chini ko bhau").await;
        let states = async || listed(&shop, &ram).await.into_iter().map(|(_, state)| state).collect::<Vec<_>>();
        assert_eq!((states().await, arrived(&shop, &ram).len()), (vec!["UNKNOWN".to_owned(), "SENT".to_owned()], 2));

        // The status that carries our id settles it.
        let first = shop.graph.sent().remove(0);
        let news = Webhook::to(NUMBER_ID).status(&first, Delivery::Delivered, shop.now());
        assert_eq!(shop.deliver(&news).await, StatusCode::OK);
        shop.work().await;
        assert_eq!((states().await, arrived(&shop, &ram).len()), (vec!["DELIVERED".to_owned(), "SENT".to_owned()], 2));
    }

    async fn a_refused_token_stops_sending_and_is_put_before_the_operators(t: TestDb) {
        let (mut shop, _, [ram, sita, _]) = opened(t).await;
        assert_eq!(shop.get("whatsapp/sending").await, json!({ "alert": null, "waiting": 0, "laidAside": 0 }));
        let right = shop.graph.settings();
        shop.restart(whatsapp::Settings { token: "expired".to_owned(), ..right.clone() });
        shop.says(&ram, "chini ko bhau").await;
        shop.says(&sita, "namaste").await;
        let first = shop.get("whatsapp/sending").await;
        assert_eq!(first["waiting"], 2);
        assert!(first["alert"]["why"].as_str().unwrap().contains("190"), "{first}");
        let page = panel(&shop, "olga").await;
        assert!(page.contains("WhatsApp refuses our account") && page.contains("190"), "{page}");

        // It looks again every five minutes, for hours, and gives nothing up.
        for _ in 0..40 {
            shop.t.clock.advance_seconds(5 * 60);
            shop.work().await;
        }
        let later = shop.get("whatsapp/sending").await;
        assert_eq!((&later["waiting"], &later["alert"]["since"]), (&json!(2), &first["alert"]["since"]));
        assert!(later["alert"]["seenAt"].as_str() > first["alert"]["seenAt"].as_str(), "{later}");
        assert_eq!(shop.graph.sent().len(), 0);

        shop.restart(right);
        shop.t.clock.advance_seconds(5 * 60);
        shop.work().await;
        assert_eq!([&ram, &sita].map(|who| arrived(&shop, who).len()), [1, 1]);
        assert_eq!(shop.get("whatsapp/sending").await, json!({ "alert": null, "waiting": 0, "laidAside": 0 }));
        assert!(!panel(&shop, "oscar").await.contains("WhatsApp refuses our account"));
    }
}
