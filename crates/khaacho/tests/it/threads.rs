//! Conversations in a person's hands, and every kind of message that can come in.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use whatsapp::fake::{Person, Say};
use whatsapp::payload::{Delivery, Media, MediaKind};

use crate::support::shop::{Known, NUMBER_ID, Shop};

const RAM: &str = "9779848000001";

async fn opened(t: testkit::TestDb) -> (Shop, Known) {
    let shop = Shop::open(t).await;
    let ids = shop.catalogue().await;
    let vendor = shop.vendor("Surkhet Traders", "9779858000001", "SKT", "EN").await;
    shop.sells(&vendor, &ids["SUGAR"], "4600.00", 100).await;
    let ram = shop.retailer("Ram Store", RAM, "EN").await;
    (shop, ram)
}

async fn deed(shop: &Shop, what: &str, body: Value) -> (StatusCode, Value) {
    let answer = shop.call(&Method::POST, &format!("whatsapp/conversations/{RAM}/{what}"), &body).await;
    (answer.status, answer.json())
}

async fn speaks(shop: &Shop, who: &Person, say: &Say) {
    shop.t.clock.advance_seconds(1);
    assert_eq!(shop.deliver(&shop.message(who, say)).await, StatusCode::OK);
    shop.work().await;
}

fn last(shop: &Shop, who: &Person) -> String {
    shop.sent_to(who).pop().unwrap_or_default()
}

testkit::both_engines! {
    async fn an_operator_takes_over_and_gives_back(t: TestDb) {
        let (shop, ram) = opened(t).await;
        shop.says(&ram, "namaste").await;
        let before = shop.sent_to(&ram.person).len();
        let (status, taken) = deed(&shop, "take", json!({})).await;
        assert_eq!((status, taken["isTaken"].as_bool(), taken["waiting"].as_i64()), (StatusCode::OK, Some(true), Some(0)));
        shop.says(&ram, "chini 2 bora").await;
        shop.says(&ram, "menu").await;
        assert_eq!(shop.sent_to(&ram.person).len(), before, "the dialogue is silent");

        let listed = shop.get("whatsapp/conversations?taken=true").await;
        let thread = &listed["items"][0];
        assert_eq!((thread["name"].as_str(), thread["waiting"].as_i64()), (Some("Ram Store"), Some(2)));
        let (status, sent) = deed(&shop, "send", json!({ "text": "Namaste Ram ji, sugar comes today." })).await;
        assert_eq!((status, sent["waiting"].as_i64()), (StatusCode::OK, Some(0)));
        shop.work().await;
        assert_eq!(last(&shop, &ram.person), "Namaste Ram ji, sugar comes today.");
        let open = shop.get(&format!("whatsapp/conversations/{RAM}")).await;
        let texts: Vec<&str> = open["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
        assert!(texts.contains(&"chini 2 bora") && texts.last() == Some(&"Namaste Ram ji, sugar comes today."), "{texts:?}");
        let to_ram = shop.get(&format!("whatsapp/messages?address={RAM}")).await;
        assert_eq!(to_ram["items"].as_array().unwrap().len(), before + 1);
        assert_eq!(shop.get("whatsapp/messages?address=977111").await["items"], json!([]));

        let other = web::Caller { user: kernel::Id::from_bits(7), role: kernel::Role::Admin, retailer: None, vendor: None };
        let path = format!("whatsapp/conversations/{RAM}/take");
        let refused = shop.call_as(other, &Method::POST, &path, "other-operator", "{}").await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::CONFLICT, Some("TAKEN_BY_ANOTHER")));

        assert_eq!(deed(&shop, "give-back", json!({})).await.0, StatusCode::OK);
        let (status, again) = deed(&shop, "give-back", json!({})).await;
        assert_eq!((status, again["code"].as_str()), (StatusCode::CONFLICT, Some("NOT_TAKEN")));
        shop.says(&ram, "chini 2 bora").await;
        assert!(last(&shop, &ram.person).contains("9,200"), "{}", last(&shop, &ram.person));

        shop.days_pass(2);
        let (status, closed) = deed(&shop, "send", json!({ "text": "hello" })).await;
        assert_eq!((status, closed["code"].as_str()), (StatusCode::CONFLICT, Some("WINDOW_CLOSED")));
        let nobody = shop.call(&Method::POST, "whatsapp/conversations/977000/take", &json!({})).await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND);
        shop.is_clean().await;
    }

    async fn who_asks_for_a_person_is_not_left_alone_with_nobody(t: TestDb) {
        let (shop, ram) = opened(t).await;
        shop.says(&ram, "I want to talk to a person").await;
        let told = last(&shop, &ram.person);
        assert!(told.contains("“menu”"), "{told}");
        shop.says(&ram, "hello?").await;
        assert_eq!(last(&shop, &ram.person), told);
        let listed = shop.get("whatsapp/conversations?taken=true").await;
        assert_eq!((&listed["items"][0]["takenBy"], listed["items"][0]["waiting"].as_i64()), (&Value::Null, Some(1)));
        shop.says(&ram, "menu").await;
        assert_ne!(last(&shop, &ram.person), told, "nobody had come yet");
        assert_eq!(shop.get("whatsapp/conversations?taken=true").await["items"], json!([]));
    }

    async fn a_place_on_the_map_becomes_the_shops_after_asking(t: TestDb) {
        let (shop, ram) = opened(t).await;
        let (name, address) = (String::new(), "Mangalgadhi Chok".to_owned());
        speaks(&shop, &ram.person, &Say::Location { latitude: 28.6, longitude: 81.616_667, name, address }).await;
        assert_eq!(shop.get(&format!("retailers/{}", ram.id)).await["place"], "Birendranagar-6");
        shop.presses(&ram, "place:yes").await;
        let now = shop.get(&format!("retailers/{}", ram.id)).await;
        assert_eq!((&now["place"], &now["longitudeMicro"]), (&json!("Mangalgadhi Chok"), &json!(81_616_667)));
        assert!(last(&shop, &ram.person).contains("Mangalgadhi Chok"));
        speaks(&shop, &ram.person, &Say::Location { latitude: 1.0, longitude: 1.0, name: String::new(), address: "Far".to_owned() }).await;
        shop.presses(&ram, "place:no").await;
        assert_eq!(shop.get(&format!("retailers/{}", ram.id)).await["place"], "Mangalgadhi Chok");
    }

    async fn files_are_kept_for_a_person(t: TestDb) {
        let (shop, ram) = opened(t).await;
        shop.graph.hold_media("m1", b"\xff\xd8 a bill");
        shop.graph.hold_media("m3", &vec![0; 5 * 1024 * 1024 + 1]);
        for id in ["m1", "m2", "m3"] {
            let media = Media { kind: MediaKind::Image, id: id.to_owned(), mime: Some("image/jpeg".to_owned()), caption: Some("bill".to_owned()), filename: None, is_voice: false };
            speaks(&shop, &ram.person, &Say::Media(media)).await;
        }
        let bytes = shop.call(&Method::GET, "whatsapp/media/m9", &Value::Null).await;
        assert_eq!(bytes.status, StatusCode::NOT_FOUND);
        for (id, why) in [("m2", "does not exist"), ("m3", "5 MiB")] {
            let answer = shop.call(&Method::GET, &format!("whatsapp/media/{id}"), &Value::Null).await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::CONFLICT, Some("NO_FILE")));
            assert!(answer.body.contains(why), "{}", answer.body);
        }
        let kept = shop.t.db.read::<_, db::DbError, _>(async |tx| {
            let row = tx.query_opt("select bytes from media_files where media_id = 'm1'", db::params![]).await?.unwrap();
            row.get::<i64>("bytes")
        });
        assert_eq!(kept.await.unwrap(), 9);
        let open = shop.get(&format!("whatsapp/conversations/{RAM}")).await;
        assert!(open["messages"].as_array().unwrap().iter().any(|m| m["mediaId"] == "m1" && m["text"] == "[picture] bill"));
    }

    async fn a_cart_in_other_money_is_priced_anew_and_that_is_said(t: TestDb) {
        let (shop, ram) = opened(t).await;
        let line = json!({ "product_retailer_id": "SUGAR", "quantity": 2, "item_price": "0.01", "currency": "USD" });
        let part = json!({ "catalog_id": "1", "text": "", "product_items": [line] });
        speaks(&shop, &ram.person, &Say::Other { kind: "order".to_owned(), part }).await;
        let told = last(&shop, &ram.person);
        assert!(told.starts_with("The cart had prices in USD") && told.contains("9,200"), "{told}");
    }

    async fn replies_mark_what_they_answer_as_read(t: TestDb) {
        let (shop, ram) = opened(t).await;
        shop.says(&ram, "namaste").await;
        assert_eq!(shop.graph.read(), ["wamid.in.0"]);
        speaks(&shop, &ram.person, &Say::Reaction { wamid: "w".to_owned(), emoji: "👍".to_owned() }).await;
        assert_eq!(shop.graph.read().len(), 1, "a reaction needs no answer");
        speaks(&shop, &ram.person, &Say::Unsupported).await;
        assert_eq!(shop.graph.read().len(), 2);
    }

    async fn a_changed_number_orders_nothing_until_an_operator_verifies_it(t: TestDb) {
        let (shop, ram) = opened(t).await;
        let new = Person::phone("9779848000009", "Ram");
        speaks(&shop, &ram.person, &Say::ChangedNumber { new_phone: "9779848000009".to_owned() }).await;
        for who in [&ram.person, &new] {
            speaks(&shop, who, &Say::Text("namaste".to_owned())).await;
            assert!(last(&shop, who).starts_with("Hello! Your number has changed"), "{}", last(&shop, who));
            // They may look, and nothing more.
            speaks(&shop, who, &Say::Text("chini 2 bora".to_owned())).await;
            let told = last(&shop, who);
            assert!(told.contains("4,600.00") && told.contains("As soon as our team has checked it"), "{told}");
            speaks(&shop, who, &Say::Text("pakka".to_owned())).await;
            assert_eq!(last(&shop, who), told, "that is answered once a day");
        }
        assert_eq!(shop.get("orders").await["items"], json!([]));
        let verify = "whatsapp/conversations/9779848000009/verify";
        assert_eq!(shop.post(verify, json!({})).await["address"], "9779848000009");
        let again = shop.call(&Method::POST, verify, &json!({})).await;
        assert_eq!((again.status, again.json()["code"].as_str()), (StatusCode::CONFLICT, Some("NOT_WAITING")));
        speaks(&shop, &new, &Say::Text("chini 2 bora".to_owned())).await;
        assert!(last(&shop, &new).contains("9,200"), "{}", last(&shop, &new));
        assert_eq!(shop.get(&format!("retailers/{}", ram.id)).await["phone"], "9779848000009");
        shop.is_clean().await;
    }

    async fn a_stranger_may_ask_for_prices_twenty_times_a_day(t: TestDb) {
        let (shop, ram) = opened(t).await;
        let (dear, sugar) = (shop.vendor("Dear Traders", "9779858000002", "DTR", "EN").await, Say::Text("price of sugar".to_owned()));
        let listed = shop.get("products?search=SUGAR").await;
        shop.sells(&dear, listed["items"][0]["id"].as_str().unwrap(), "4800.00", 5).await;
        let stranger = Person::phone("9779811111111", "Somebody");
        for _ in 0..25 {
            speaks(&shop, &stranger, &sugar).await;
        }
        let told = shop.sent_to(&stranger);
        assert_eq!(told.len(), 21, "and once how to be let in");
        assert!(told[0].contains("Rs. 4,600.00 to Rs. 4,800.00") && told[0].contains("To order, please ask"), "{}", told[0]);
        for hidden in ["Surkhet Traders", "Dear Traders", "redit"] {
            assert!(!told.concat().contains(hidden), "{hidden}: {}", told[0]);
        }
        speaks(&shop, &stranger, &Say::Text("2 bora chini".to_owned())).await;
        shop.t.clock.advance_seconds(24 * 60 * 60);
        speaks(&shop, &stranger, &sugar).await;
        assert_eq!((shop.sent_to(&stranger).len(), shop.get("orders").await["items"].clone()), (22, json!([])));
        shop.says(&ram, "chini 2 bora").await;
        assert!(last(&shop, &ram.person).contains("9,200"), "the known are not counted with them");
    }

    async fn stop_and_start_stand_in_the_audit_log_once_each(t: TestDb) {
        let (shop, ram) = opened(t).await;
        for text in ["stop", "stop", "start", "start"] {
            shop.says(&ram, text).await;
        }
        let entries = shop.get(&format!("admin/audit/{}", ram.id)).await;
        let of = |action: &str| {
            let all = entries["items"].as_array().unwrap();
            all.iter().filter(|entry| entry["action"] == action).cloned().collect::<Vec<_>>()
        };
        let (stopped, started) = (of("reminders.stopped"), of("reminders.started"));
        assert_eq!((stopped.len(), started.len()), (1, 1), "{entries}");
        assert_eq!(stopped[0]["actor"], format!("retailer:{}", ram.id));
        shop.is_clean().await;
    }

    async fn a_user_id_is_known_once_it_came_with_a_verified_phone(t: TestDb) {
        let (shop, ram) = opened(t).await;
        let hidden = Person::hidden("NP.134912", "Ram");
        speaks(&shop, &hidden, &Say::Text("chini 2 bora".to_owned())).await;
        assert!(last(&shop, &hidden).contains("दर्ता") || last(&shop, &hidden).contains("darta"), "{}", last(&shop, &hidden));
        let both = Person { user_id: Some("NP.134912".to_owned()), ..ram.person.clone() };
        speaks(&shop, &both, &Say::Text("namaste".to_owned())).await;
        speaks(&shop, &hidden, &Say::Text("chini 2 bora".to_owned())).await;
        assert!(last(&shop, &hidden).contains("9,200"), "{}", last(&shop, &hidden));
    }

    async fn what_messages_cost_is_counted_once(t: TestDb) {
        let (shop, ram) = opened(t).await;
        shop.says(&ram, "namaste").await;
        let sent = shop.graph.sent().pop().unwrap();
        for status in [Delivery::Sent, Delivery::Delivered, Delivery::Delivered] {
            let news = whatsapp::fake::Webhook::to(NUMBER_ID).status(&sent, status, shop.now());
            assert_eq!(shop.deliver(&news).await, StatusCode::OK);
        }
        let costs = shop.get("whatsapp/costs").await;
        let all = costs.as_array().unwrap();
        assert_eq!((all.len(), &all[0]["messages"], &all[0]["billable"]), (1, &json!(1), &json!(1)), "{costs}");
    }
}
