//! Signing in, refresh tokens that are used once, signing out.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use db::{DbError, params};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::{House, PASSWORD, outcome};

const WRONG: (u16, &str) = (401, "WRONG_CREDENTIALS");
const ENDED: (u16, &str) = (401, "WRONG_REFRESH_TOKEN");

async fn profile(house: &House, tokens: &Value) -> (u16, Value) {
    let token = tokens["accessToken"].as_str().unwrap();
    house.call(Method::GET, "auth/profile", Some(token), None, &Value::Null).await
}

/// One try to sign in that comes over a connection.
async fn sign_in_from(house: &House, address: &str, login: &str) -> (u16, Value) {
    let body = json!({ "login": login, "password": "a wrong password" });
    let mut request = Request::post("/api/v1/auth/login")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let peer: SocketAddr = format!("{address}:50000").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    house.send(request).await
}

testkit::both_engines! {
    async fn the_right_password_opens_and_nothing_else_tells_anything(t: TestDb) {
        let house = House::new(t);
        house.add_operator("Sita").await;
        let (status, tokens) = house.sign_in("SITA", PASSWORD).await;
        assert_eq!(status, 200);
        assert_eq!(profile(&house, &tokens).await.1["role"], "ADMIN");
        let mut answers = Vec::new();
        for (login, password) in [("sita", "wrong horse"), ("nobody", PASSWORD), ("sita", ""), ("", ""), ("sita ", PASSWORD)] {
            let answer = house.sign_in(login, password).await;
            assert_eq!(outcome(&answer), WRONG, "{login:?}");
            answers.push(answer.1);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "an unknown login looks like a wrong password");

        let stop = "update users set status = 'INACTIVE' where login = 'sita'";
        house.t.db.write::<_, DbError, _>(async move |tx| tx.exec(stop, params![]).await).await.unwrap();
        assert_eq!(outcome(&house.sign_in("sita", PASSWORD).await), WRONG);
        assert_eq!(outcome(&house.refresh(&tokens).await), ENDED, "who may not sign in may not stay either");
    }

    async fn an_access_token_ends_and_a_refresh_token_gets_the_next(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let (_, first) = house.sign_in("sita", PASSWORD).await;
        house.t.clock.advance_seconds(web::ACCESS_SECONDS);
        assert_eq!(profile(&house, &first).await.0, 401);
        let (status, second) = house.refresh(&first).await;
        assert_eq!((status, profile(&house, &second).await.0), (200, 200));
        assert_ne!(second["refreshToken"], first["refreshToken"]);
        house.t.clock.advance_seconds(30 * 86_400 - 1);
        let (status, third) = house.refresh(&second).await;
        assert_eq!(status, 200);
        house.t.clock.advance_seconds(30 * 86_400);
        assert_eq!(outcome(&house.refresh(&third).await), ENDED, "thirty days are over");
    }

    async fn a_token_that_is_used_twice_ends_its_whole_family(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let (_, copied) = house.sign_in("sita", PASSWORD).await;
        let (_, elsewhere) = house.sign_in("sita", PASSWORD).await;
        let (_, next) = house.refresh(&copied).await;
        assert_eq!(outcome(&house.refresh(&copied).await), ENDED);
        assert_eq!(outcome(&house.refresh(&next).await), ENDED, "whoever holds the newest one may be the thief");
        assert_eq!(house.refresh(&elsewhere).await.0, 200, "another sign-in is another family");
    }

    async fn of_two_that_refresh_at_once_one_is_too_many(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let (_, tokens) = house.sign_in("sita", PASSWORD).await;
        let (a, b) = tokio::join!(house.refresh(&tokens), house.refresh(&tokens));
        let mut statuses = [a.0, b.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
        let winner = if a.0 == 200 { a.1 } else { b.1 };
        assert_eq!(outcome(&house.refresh(&winner).await), ENDED);
    }

    async fn signing_out_ends_the_session_and_never_fails(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let (_, first) = house.sign_in("sita", PASSWORD).await;
        let (_, second) = house.refresh(&first).await;
        let out = json!({ "refreshToken": second["refreshToken"] });
        for _ in 0..2 {
            assert_eq!(house.post("auth/logout", &out).await.0, 204);
        }
        assert_eq!(outcome(&house.refresh(&second).await), ENDED);
        let (_, other) = house.sign_in("sita", PASSWORD).await;
        let text = other["refreshToken"].as_str().unwrap();
        let (id, secret) = text.split_once('.').unwrap();
        for odd in ["", ".", "tok_.", id, secret, &format!("{id}."), &format!("{id}.{}", secret.to_lowercase()), &"x".repeat(9_999)] {
            let token = json!({ "refreshToken": odd });
            assert_eq!(house.post("auth/logout", &token).await.0, 204, "{odd:.40}");
            assert_eq!(outcome(&house.refresh(&token).await), ENDED, "{odd:.40}");
        }
        assert_eq!(house.refresh(&other).await.0, 200, "guessing at a token does not end it");
    }

    async fn no_password_and_no_token_stands_in_the_database(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let (_, tokens) = house.sign_in("sita", PASSWORD).await;
        let secret = tokens["refreshToken"].as_str().unwrap().split_once('.').unwrap().1.to_owned();
        let stored = house.t.db.read::<_, DbError, _>(async |tx| {
            let sql = "select u.password_hash, t.secret_hash from users u join refresh_tokens t on t.user_id = u.id";
            let row = tx.query_one(sql, params![]).await?;
            Ok((row.get::<String>("password_hash")?, row.get::<String>("secret_hash")?))
        });
        let (password_hash, secret_hash) = stored.await.unwrap();
        assert!(password_hash.starts_with("$argon2id$") && !password_hash.contains(PASSWORD));
        assert!(secret_hash.len() == 64 && !secret_hash.contains(&secret));
    }

    async fn guessing_is_slowed_down_by_login(t: TestDb) {
        let house = House::new(t);
        house.add_operator("sita").await;
        let mut tries = 0;
        loop {
            let answer = house.sign_in(if tries % 2 == 0 { "sita" } else { "SITA" }, "a wrong password").await;
            if answer.0 == 429 {
                assert_eq!(outcome(&answer), (429, "TOO_MANY_TRIES"));
                break;
            }
            assert_eq!(outcome(&answer), WRONG);
            tries += 1;
            // One try comes back every six seconds, so a slow machine has some more than ten.
            assert!(tries < 30, "nobody slows down");
        }
        assert!(tries >= 10, "{tries}");
        assert_eq!(house.sign_in("ram", PASSWORD).await.0, 401, "another login is not slowed down");
    }

    async fn guessing_is_slowed_down_by_address(t: TestDb) {
        let house = House::new(t);
        let mut tries = 0;
        while outcome(&sign_in_from(&house, "203.0.113.7", &format!("user{tries}")).await) == WRONG {
            tries += 1;
            // One try comes back every second, so a slow machine has some more than sixty.
            assert!(tries < 200, "nobody slows down");
        }
        assert!(tries >= 60, "{tries}");
        assert_eq!(outcome(&sign_in_from(&house, "203.0.113.8", "user").await), WRONG, "another address is not slowed down");
    }
}
