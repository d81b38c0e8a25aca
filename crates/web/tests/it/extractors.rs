//! What handlers take: every failure is a problem that names what is to blame.

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{Method, Request, StatusCode};
use kernel::{OrderId, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::TestDb;
use web::{App, Body, Caller, Member, Operator, PageQuery, PathId, Public, Query, SignedIn, VendorOrOperator};

use crate::{Answer, app, ask, caller, request, token};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    note_text: String,
    lines: Vec<Line>,
    #[serde(default)]
    how: How,
    #[serde(default)]
    place: Option<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    quantity: i64,
}

#[derive(Debug, Default, Deserialize)]
enum How {
    #[default]
    Cash,
    Bank,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: String,
}

async fn take(Body(order): Body<Order>) -> Json<Value> {
    let place = order.place.map(|place| place.name);
    let quantities: Vec<i64> = order.lines.iter().map(|line| line.quantity).collect();
    Json(json!([order.note_text, quantities, place, format!("{:?}", order.how)]))
}

fn router(t: &TestDb) -> Router {
    let routes: Router<App> = Router::new()
        .route("/orders", post(take))
        .route("/small", post(take).layer(DefaultBodyLimit::max(64)))
        .route("/orders/{id}", get(async |PathId(id): PathId<OrderId>| id.to_string()))
        .route("/page", get(async |Query(page): Query<PageQuery>| format!("{:?}", page.page())))
        .route("/public", get(async |Public(cx): Public| cx.actor.to_string()))
        .route("/operator", get(async |Operator(cx): Operator| cx.actor.to_string()))
        .route("/vendor", get(async |VendorOrOperator(cx): VendorOrOperator| cx.actor.to_string()))
        .route("/member", get(async |Member(cx): Member| cx.actor.to_string()))
        .route("/me", get(async |SignedIn(caller, cx): SignedIn| format!("{:?} {}", caller.role, cx.request)));
    web::finish(routes, app(t), 64)
}

async fn sent(t: &TestDb, body: impl Into<String>) -> Answer {
    ask(&router(t), request(t, Method::POST, "/orders", None, body.into())).await
}

async fn got(t: &TestDb, path: &str, who: Option<Caller>) -> Answer {
    let request = Request::get(path);
    let request = if let Some(who) = who { request.header("authorization", token(t, who)) } else { request };
    ask(&router(t), request.body(axum::body::Body::empty()).unwrap()).await
}

testkit::both_engines! {
    async fn a_body_is_taken_or_the_field_is_named(t: TestDb) {
        let good = sent(&t, r#"{"noteText":"ü","lines":[{"quantity":1}],"place":{"name":"x"}}"#).await;
        assert_eq!((good.status, good.json()), (StatusCode::OK, json!(["ü", [1], "x", "Cash"])));
        let wrong: &[(&str, &str)] = &[
            (r#"{"lines":[]}"#, "noteText"),
            (r#"{"noteText":"a","lines":[],"colour":1}"#, "colour"),
            (r#"{"noteText":7,"lines":[]}"#, "noteText"),
            (r#"{"noteText":null,"lines":[]}"#, "noteText"),
            (r#"{"noteText":"a","lines":{}}"#, "lines"),
            (r#"{"noteText":"a","lines":[{"quantity":1},{"quantity":"two"}]}"#, "lines[1].quantity"),
            (r#"{"noteText":"a","lines":[{"quantity":1.5}]}"#, "lines[0].quantity"),
            (r#"{"noteText":"a","lines":[{"quantity":99999999999999999999}]}"#, "lines[0].quantity"),
            (r#"{"noteText":"a","lines":[{}]}"#, "lines[0].quantity"),
            (r#"{"noteText":"a","lines":[{"quantity":1,"unit":"kg"}]}"#, "lines[0].unit"),
            (r#"{"noteText":"a","lines":[],"place":{}}"#, "place.name"),
            (r#"{"noteText":"a","noteText":"b","lines":[]}"#, "noteText"),
            (r#"{"noteText":"a","lines":[],"place":{"name":"x","name":"y"}}"#, "place.name"),
            (r#"{"noteText":"a","lines":[],"how":"Cheque"}"#, "how"),
        ];
        for (body, field) in wrong {
            let answer = sent(&t, *body).await;
            assert_eq!(answer.problem(), (422, "VALIDATION".to_owned(), (*field).to_owned()), "{body}");
            assert!(!answer.body.contains(" at line "), "{}", answer.body);
        }
        let right = json!({ "noteText": "a", "lines": [{ "quantity": 1 }], "how": "Bank", "place": { "name": "x" } });
        assert_eq!(sent(&t, right.to_string()).await.json(), json!(["a", [1], "x", "Bank"]));
        for wrong in testkit::wrong_bodies(&right, &["place", "how"]) {
            let answer = sent(&t, wrong.body.to_string()).await;
            assert_eq!(answer.problem(), (422, "VALIDATION".to_owned(), wrong.field), "{}", wrong.body);
            assert!(!answer.body.contains(" at line "), "{}", answer.body);
        }
    }

    async fn a_body_that_is_no_json_is_malformed(t: TestDb) {
        let endless = "[".repeat(100_000);
        for body in ["", "{", "{\"noteText\":", "nonsense", r#"{"noteText":"a","lines":[]} more"#, &endless] {
            let answer = sent(&t, body).await;
            let (status, code, _) = answer.problem();
            let is_right = [(400, "MALFORMED_JSON"), (422, "VALIDATION")].contains(&(status, code.as_str()));
            assert!(is_right && (status == 400 || body == endless), "{body:.20} {status} {code}");
        }
        let broken_text = ask(&router(&t), request(&t, Method::POST, "/orders", None, vec![b'"', 0xff, b'"'])).await;
        assert!(matches!(broken_text.status.as_u16(), 400 | 422), "{broken_text:?}");
    }

    async fn the_kind_and_the_size_of_a_body_are_looked_at_first(t: TestDb) {
        let router = router(&t);
        for kind in [None, Some("text/plain"), Some("application/jsonp"), Some("multipart/form-data; boundary=x")] {
            let mut asked = request(&t, Method::POST, "/orders", None, "{}");
            asked.headers_mut().remove("content-type");
            if let Some(kind) = kind {
                asked.headers_mut().insert("content-type", kind.parse().unwrap());
            }
            let problem = ask(&router, asked).await.problem();
            assert_eq!(problem, (415, "UNSUPPORTED_MEDIA_TYPE".to_owned(), String::new()), "{kind:?}");
        }
        for kind in ["application/json; charset=utf-8", "Application/JSON"] {
            let mut asked = request(&t, Method::POST, "/orders", None, r#"{"noteText":"a","lines":[]}"#);
            asked.headers_mut().insert("content-type", kind.parse().unwrap());
            assert_eq!(ask(&router, asked).await.status, StatusCode::OK, "{kind}");
        }
        let too_large = |path: &'static str, bytes: usize| request(&t, Method::POST, path, None, " ".repeat(bytes));
        for (path, bytes) in [("/small", 65), ("/orders", 1024 * 1024 + 1)] {
            let problem = ask(&router, too_large(path, bytes)).await.problem();
            assert_eq!(problem, (413, "BODY_TOO_LARGE".to_owned(), String::new()), "{path}");
        }
        assert_eq!(ask(&router, too_large("/orders", 1024 * 1024)).await.problem().0, 400, "all of it was read");
    }

    async fn ids_and_queries_say_what_is_wrong(t: TestDb) {
        let id: OrderId = t.ids.make(t.clock.now());
        assert_eq!(got(&t, &format!("/orders/{id}"), None).await.body, id.to_string());
        for id in ["7", "ret_00000000000000000000000001", "ord_", "%00", "%FF", &"x".repeat(3_000)] {
            assert_eq!(got(&t, &format!("/orders/{id}"), None).await.problem().0, 404, "{id}");
        }
        let page = got(&t, "/page?limit=3&after=x", None).await.body;
        assert_eq!(page, format!("{:?}", kernel::PageRequest::new(Some(3), Some("x".to_owned()))));
        let wrong = [("limit=many", "limit"), ("colour=red", "colour"), ("limit=1&limit=2", "limit"), ("limit=", "limit")];
        for (query, field) in wrong {
            let problem = got(&t, &format!("/page?{query}"), None).await.problem();
            assert_eq!(problem, (422, "VALIDATION".to_owned(), field.to_owned()), "{query}");
        }
    }

    async fn each_route_knows_who_may_call_it(t: TestDb) {
        let (admin, vendor, retailer) = (caller(Role::Admin), caller(Role::Vendor), caller(Role::Retailer));
        let allowed = [("/operator", [true, false, false]), ("/vendor", [true, true, false]), ("/member", [true; 3])];
        for (path, allowed) in allowed {
            assert_eq!(got(&t, path, None).await.problem(), (401, "UNAUTHENTICATED".to_owned(), String::new()), "{path}");
            for (who, may) in [admin, vendor, retailer].into_iter().zip(allowed) {
                let answer = got(&t, path, Some(who)).await;
                if may {
                    assert_eq!((answer.status, answer.body), (StatusCode::OK, who.actor().unwrap().to_string()));
                } else {
                    assert_eq!(answer.problem(), (403, "FORBIDDEN".to_owned(), String::new()), "{path} {who:?}");
                }
            }
        }
        assert_eq!(got(&t, "/public", None).await.body, "system");
    }

    async fn a_token_that_is_not_whole_is_none(t: TestDb) {
        let odd = [
            Caller { vendor: None, ..caller(Role::Vendor) },
            Caller { retailer: None, ..caller(Role::Retailer) },
            Caller { vendor: caller(Role::Vendor).vendor, ..caller(Role::Admin) },
        ];
        for who in odd {
            assert_eq!(got(&t, "/member", Some(who)).await.problem().0, 403, "{who:?}");
        }
        let good = token(&t, caller(Role::Admin));
        let (head, signature) = good.rsplit_once('.').unwrap();
        let unsigned = "eyJhbGciOiJub25lIn0";
        let none = format!("Bearer {unsigned}.{}.", head.split('.').nth(1).unwrap());
        let bad = ["", "Bearer", "Bearer ", "Basic YTpi", head, &format!("{head}.{}", signature.to_uppercase()), &none];
        for header in bad {
            let asked = Request::get("/member").header("authorization", header).body(axum::body::Body::empty()).unwrap();
            assert_eq!(ask(&router(&t), asked).await.problem().0, 401, "{header}");
        }
        let old = token(&t, caller(Role::Admin));
        t.clock.advance_seconds(web::ACCESS_SECONDS);
        let asked = Request::get("/member").header("authorization", old).body(axum::body::Body::empty()).unwrap();
        assert_eq!(ask(&router(&t), asked).await.problem().0, 401);
    }
}
