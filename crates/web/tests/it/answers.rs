//! Idempotency keys: one effect and one answer, whatever is asked how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use db::{DbError, Tx, params};
use http::{Method, Request, StatusCode};
use kernel::{Context, Role};
use serde::Deserialize;
use serde_json::json;
use testkit::TestDb;
use web::{App, Found, Keyed, KeyedBody, Problem, StoredAnswer};

use crate::{Answer, app, ask, caller, effects, request, token, with_effects};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    name: String,
}

async fn leave(tx: &mut Tx, name: &str) -> Result<(), DbError> {
    tx.exec("insert into effects (name) values ($1)", params![name]).await
}

/// Leaves an effect and answers with something that no second try would answer again: the request's own id and number.
async fn work(tx: &mut Tx, cx: &Context, body: &Leave, count: &AtomicUsize) -> Result<StoredAnswer, DbError> {
    let run = count.fetch_add(1, Ordering::SeqCst);
    if body.name == "refused" {
        return Ok(Problem::conflict("TOO_MUCH", "less").with("run", run).with("maximum", "1.00").stored());
    }
    leave(tx, &body.name).await?;
    if body.name == "fails once" && run == 0 {
        return Err(DbError::Engine("the disk is full".to_owned()));
    }
    assert!(body.name != "dies once" || run > 0, "between the effect and its answer");
    if body.name == "slow" {
        std::thread::sleep(Duration::from_millis(200));
    }
    let made = StoredAnswer::json(StatusCode::CREATED, &json!({ "name": body.name, "run": run, "by": *cx.request }))?;
    Ok(made.header("location", format!("/things/{run}")))
}

fn router(t: &TestDb) -> Router {
    counting_router(t, Arc::new(AtomicUsize::new(0)))
}

/// Two routes with short work, and one whose work may take long: that never runs on its caller's thread, so that its
/// caller can hang up before it ends.
fn counting_router(t: &TestDb, count: Arc<AtomicUsize>) -> Router {
    let counted = count.clone();
    let short = async move |State(app): State<App>, keyed: KeyedBody<Leave>| -> Response {
        let KeyedBody { keyed, body, cx } = keyed;
        let count = counted.clone();
        web::once(&app, keyed, cx, async move |tx, cx| work(tx, cx, &body, &count).await).await
    };
    let long = async move |State(app): State<App>, keyed: KeyedBody<Leave>| -> Response {
        let KeyedBody { keyed, body, cx } = keyed;
        let count = count.clone();
        web::once_long(&app, keyed, cx, async move |tx, cx| work(tx, cx, &body, &count).await).await
    };
    let routes = Router::new().route("/things", post(short.clone())).route("/others", post(short));
    web::finish(routes.route("/files", post(long)), app(t), 64)
}

fn named(name: &str) -> String {
    json!({ "name": name }).to_string()
}

async fn leave_by(t: &TestDb, router: &Router, key: &str, name: &str) -> Answer {
    ask(router, request(t, Method::POST, "/things", Some(key), named(name))).await
}

/// What the second answer has to repeat.
fn told(answer: &Answer) -> (StatusCode, Option<&str>, Option<&str>, &str) {
    (answer.status, answer.header("content-type"), answer.header("location"), &answer.body)
}

testkit::both_engines! {
    async fn the_same_key_and_body_gets_the_same_bytes(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        let first = leave_by(&t, &router, "k", "a").await;
        assert_eq!(told(&first).0, StatusCode::CREATED);
        assert_eq!((first.header("location"), first.header("content-type")), (Some("/things/0"), Some("application/json")));
        assert_eq!(first.header("idempotent-replayed"), None);
        t.clock.advance_seconds(60);
        let again = leave_by(&t, &router, "k", "a").await;
        assert_eq!(told(&again), told(&first));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        assert_eq!(effects(&t).await, ["a"]);
    }

    async fn a_key_belongs_to_its_body_its_route_and_its_caller(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        leave_by(&t, &router, "k", "a").await;
        let other_body = leave_by(&t, &router, "k", "b").await;
        assert_eq!(other_body.problem(), (409, "IDEMPOTENCY_KEY_REUSED".to_owned(), String::new()));
        assert_eq!(effects(&t).await, ["a"]);

        let other_route = ask(&router, request(&t, Method::POST, "/others", Some("k"), named("b"))).await;
        let mut theirs = request(&t, Method::POST, "/things", Some("k"), named("c"));
        theirs.headers_mut().insert("authorization", token(&t, caller(Role::Vendor)).parse().unwrap());
        let other_caller = ask(&router, theirs).await;
        assert_eq!((other_route.status, other_caller.status), (StatusCode::CREATED, StatusCode::CREATED));
        assert_eq!(effects(&t).await, ["a", "b", "c"]);
    }

    async fn many_at_once_have_one_effect_and_one_answer(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        let mut rivals = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (router, asked) = (router.clone(), request(&t, Method::POST, "/things", Some("k"), named("a")));
            rivals.spawn(async move { ask(&router, asked).await });
        }
        let answers = rivals.join_all().await;
        assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])), "{answers:?}");
        assert_eq!(answers[0].status, StatusCode::CREATED);
        let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
        assert_eq!(first.count(), 1);
        assert_eq!(effects(&t).await, ["a"]);
    }

    async fn a_refusal_is_stored_and_a_failure_is_not(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        let failed = leave_by(&t, &router, "f", "fails once").await;
        assert_eq!(failed.problem(), (500, "INTERNAL".to_owned(), String::new()));
        assert!(!failed.body.contains("disk"), "what went wrong inside is for the log: {}", failed.body);
        assert!(effects(&t).await.is_empty(), "what a failed try wrote is undone");
        assert_eq!(leave_by(&t, &router, "f", "fails once").await.status, StatusCode::CREATED);
        assert_eq!(effects(&t).await, ["fails once"]);

        let refused = leave_by(&t, &router, "r", "refused").await;
        assert_eq!(refused.problem().1, "TOO_MUCH");
        assert_eq!((&refused.json()["maximum"], &refused.json()["run"]), (&json!("1.00"), &json!(2)));
        assert_eq!(told(&leave_by(&t, &router, "r", "refused").await), told(&refused));
    }

    async fn a_command_that_dies_half_way_leaves_nothing(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        let died = leave_by(&t, &router, "k", "dies once").await;
        assert_eq!(died.problem(), (500, "INTERNAL".to_owned(), String::new()));
        assert!(effects(&t).await.is_empty());
        let first = leave_by(&t, &router, "k", "dies once").await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (StatusCode::CREATED, None));
        assert_eq!(told(&leave_by(&t, &router, "k", "dies once").await), told(&first));
        assert_eq!(effects(&t).await, ["dies once"]);
    }

    async fn who_hangs_up_finds_the_answer_by_the_key(t: TestDb) {
        with_effects(&t).await;
        let count = Arc::new(AtomicUsize::new(0));
        let router = counting_router(&t, count.clone());
        let slow = || request(&t, Method::POST, "/files", Some("k"), named("slow"));
        let (asking, asked) = (router.clone(), slow());
        let caller = tokio::spawn(async move { ask(&asking, asked).await });
        while count.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        let answer = ask(&router, slow()).await;
        assert_eq!((answer.status, &answer.json()["run"]), (StatusCode::CREATED, &json!(0)));
        assert_eq!(answer.header("idempotent-replayed"), Some("true"));
        assert_eq!(effects(&t).await, ["slow"]);
    }

    async fn what_fails_before_the_command_leaves_the_key_free(t: TestDb) {
        with_effects(&t).await;
        let router = router(&t);
        let asked = request(&t, Method::POST, "/things", Some("k"), "{\"name\":7}");
        assert_eq!(ask(&router, asked).await.problem(), (422, "VALIDATION".to_owned(), "name".to_owned()));
        assert_eq!(leave_by(&t, &router, "k", "a").await.status, StatusCode::CREATED);
    }

    async fn a_key_is_required_and_has_bounds(t: TestDb) {
        let router = router(&t);
        let field = |code: &str| (422, code.to_owned(), "Idempotency-Key".to_owned());
        let without = ask(&router, request(&t, Method::POST, "/things", None, named("a"))).await;
        assert_eq!(without.problem(), field("IDEMPOTENCY_KEY_REQUIRED"));
        for key in ["", "   ", &"k".repeat(201)] {
            let asked = request(&t, Method::POST, "/things", Some(key), named("a"));
            assert_eq!(ask(&router, asked).await.problem(), field("VALIDATION"), "{key:?}");
        }
        let anonymous = Request::post("/things").body(axum::body::Body::empty()).unwrap();
        assert_eq!(ask(&router, anonymous).await.problem().0, 401, "who asks comes before what");
    }

    async fn a_set_of_answers_is_stored_and_found_each_in_its_place(t: TestDb) {
        let keyed = |key: &str, body: &str| Keyed {
            actor: "system".to_owned(), route: "POST /orders".to_owned(), key: key.to_owned(), body_hash: body.to_owned(),
        };
        let answer = |n: usize| StoredAnswer { status: 201, headers: vec![("a".to_owned(), n.to_string())], body: format!("ü{n}") };
        let now = t.clock.now();
        let stored = t.db.write(async move |tx| {
            let before = tx.cost();
            let set = (0..100).map(|n| (keyed(&n.to_string(), "h"), answer(n))).collect();
            web::store_answers(tx, now, set).await?;
            let after = tx.cost();
            Ok::<_, DbError>((after.statements - before.statements, after.round_trips - before.round_trips))
        });
        assert_eq!(stored.await.unwrap(), (1, 0));

        let found = t.db.read::<_, DbError, _>(async move |tx| {
            let wanted = [keyed("7", "h"), keyed("new", "h"), keyed("8", "other"), keyed("7", "h")];
            let cost = tx.cost().statements;
            let found = web::find_answers(tx, &wanted.iter().collect::<Vec<_>>()).await?;
            assert_eq!(tx.cost().statements, cost + 1);
            Ok(found)
        });
        let seven = Some(Found::Same(answer(7)));
        assert_eq!(found.await.unwrap(), [seven.clone(), None, Some(Found::OtherBody), seven]);

        let twice: Result<(), DbError> = t.db.write(async move |tx| {
            web::store_answers(tx, now, vec![(keyed("new", "h"), answer(1)), (keyed("7", "h"), answer(2))]).await
        }).await;
        assert!(matches!(twice, Err(DbError::Duplicate(_))), "{twice:?}");
    }
}
