//! The web panel from outside: every page by who visits it, sessions, forms that are not ours.

use axum::body::Body;
use db::DbError;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::{Actor, Context, Role};
use parties::Secrets;
use tower::ServiceExt as _;

use super::world::World;

const PASSWORD: &str = "correct horse";
const HOST: &str = "panel.example";
const ORIGIN: &str = "https://panel.example";

/// A browser: it keeps its cookie and the token of the last page.
#[derive(Default)]
struct Visitor {
    cookie: Option<String>,
    token: String,
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    page: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }
}

impl Visitor {
    async fn send(&mut self, world: &World, method: Method, path: &str, origin: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = world.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        if let Some(set) = headers.get(header::SET_COOKIE) {
            self.cookie = set.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        let page = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        if let Some((_, rest)) = page.split_once("name=\"_csrf\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token);
        }
        Answer { status, headers, page }
    }

    async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, None, "").await
    }

    /// Sends a form from our own page, with a key of its own.
    async fn post(&mut self, world: &World, path: &str, key: &str, fields: &str) -> Answer {
        let body = format!("_csrf={}&_key={key}&{fields}", self.token);
        self.send(world, Method::POST, path, Some(ORIGIN), &body).await
    }

    async fn sign_in(world: &World, login: &'static str, role: Role) -> Self {
        add_user(world, login, role).await;
        let mut visitor = Self::default();
        let body = format!("login={login}&password={PASSWORD}");
        let answer = visitor.send(world, Method::POST, "/admin/sign-in", Some(ORIGIN), &body).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/admin/lines"), "{}", answer.page);
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
        for part in ["__Host-khaacho=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        visitor.get(world, "/admin/lines").await;
        visitor
    }
}

async fn add_user(world: &World, login: &'static str, role: Role) {
    let cx = Context::new(&world.t.clock, &world.t.ids, Actor::System, "test");
    let hash = Secrets::default().hash(&cx, PASSWORD).await.unwrap().unwrap();
    let vendor = (role == Role::Vendor).then(|| world.own.vendor.parse().unwrap());
    let retailer = (role == Role::Retailer).then(|| world.own.retailer.parse().unwrap());
    let made = world.t.db.write::<_, DbError, _>(async move |tx| {
        parties::create_user(tx, &cx, login, hash.clone(), role, retailer, vendor).await
    });
    made.await.unwrap().unwrap();
}

/// Every page with what a vendor and an operator get for it, where the objects are the vendor's own.
fn pages(world: &World) -> Vec<(String, [u16; 2])> {
    let (line, retailer) = (&world.own.line, &world.own.retailer);
    let foreign = &world.foreign;
    vec![
        ("/admin".to_owned(), [303, 303]),
        ("/admin/lines".to_owned(), [200, 200]),
        (format!("/admin/lines/{line}"), [200, 200]),
        (format!("/admin/lines/{line}/cycles"), [200, 200]),
        (format!("/admin/lines/{line}/entries"), [200, 200]),
        (format!("/admin/lines/{line}/payment"), [200, 200]),
        (format!("/admin/lines/{line}/change"), [200, 200]),
        ("/admin/retailers".to_owned(), [403, 200]),
        (format!("/admin/retailers/{retailer}"), [200, 200]),
        ("/admin/risk".to_owned(), [200, 200]),
        (format!("/admin/lines/{}", foreign.line), [404, 200]),
        (format!("/admin/lines/{}/cycles", foreign.line), [404, 200]),
        (format!("/admin/lines/{}/entries", foreign.line), [404, 200]),
        (format!("/admin/lines/{}/payment", foreign.line), [404, 200]),
        (format!("/admin/lines/{}/change", foreign.line), [404, 200]),
        (format!("/admin/retailers/{}", foreign.retailer), [404, 200]),
        ("/admin/lines/nonsense".to_owned(), [404, 404]),
        ("/admin/no/such/page".to_owned(), [404, 404]),
    ]
}

/// Every form, with fields that are right.
fn forms(line: &str) -> Vec<(String, &'static str)> {
    vec![
        (format!("/admin/lines/{line}/payment/preview"), "amount=50&on=2026-01-01"),
        (format!("/admin/lines/{line}/payment"), "amount=50&on=2026-01-01&method=CASH"),
        (format!("/admin/lines/{line}/change"), "limit=90000&termsDays=30&maxOverdueDays=30&maxOrder=0&reason=lower"),
        (format!("/admin/lines/{line}/pause"), "status=PAUSED&why=overdue"),
    ]
}

testkit::both_engines! {
    async fn every_page_is_for_whom_it_should_be(t: TestDb) {
        let world = World::new(t).await;
        let mut nobody = Visitor::default();
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        for (path, [for_vendor, for_operator]) in pages(&world) {
            let refused = nobody.get(&world, &path).await;
            let is_shut = refused.status == 303 && refused.location().starts_with("/admin/sign-in");
            assert!(is_shut || refused.status == 404, "{path}: {}", refused.status);
            for (who, expected) in [(&mut vendor, for_vendor), (&mut operator, for_operator)] {
                let answer = who.get(&world, &path).await;
                assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.page);
                let kind = answer.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
                assert!(expected == 303 || kind.starts_with("text/html"), "{path} is {kind}");
                assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self';"));
                if expected == 404 {
                    let secrets = [&world.foreign.line, &world.foreign.retailer];
                    assert!(secrets.iter().all(|id| !answer.page.contains(id.as_str()) || path.contains(id.as_str())));
                }
            }
        }
    }

    async fn every_form_is_for_whom_it_should_be_and_from_our_own_page(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        for (path, fields) in forms(&world.foreign.line) {
            assert_eq!(vendor.post(&world, &path, "1", fields).await.status, 404, "{path}");
            let mut nobody = Visitor::default();
            assert_eq!(nobody.post(&world, &path, "1", fields).await.location(), "/admin/sign-in", "{path}");
        }
        for (path, fields) in forms(&world.own.line) {
            let (mine, theirs) = (vendor.token.clone(), operator.token.clone());
            for (token, origin) in [
                (String::new(), Some(ORIGIN)),
                (theirs, Some(ORIGIN)),
                (mine.clone(), None),
                (mine.clone(), Some("null")),
                (mine.clone(), Some("https://evil.example")),
            ] {
                let body = format!("_csrf={token}&_key=forged&{fields}");
                let answer = vendor.send(&world, Method::POST, &path, origin, &body).await;
                assert_eq!(answer.status, 403, "{path} from {origin:?}");
            }
            vendor.token = mine;
            let expected = if path.ends_with("preview") { 200 } else { 303 };
            assert_eq!(vendor.post(&world, &path, "v", fields).await.status, expected, "{path}");
            let answer = operator.post(&world, &path, "o", fields).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.page);
        }
    }

    async fn a_payment_that_is_sent_twice_is_recorded_once(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/lines/{}/payment", world.own.line);
        let fields = "amount=50&on=2026-01-01&method=CASH";
        for _ in 0..2 {
            let answer = vendor.post(&world, &path, "once", fields).await;
            assert_eq!(answer.location(), format!("/admin/lines/{}?done=payment", world.own.line));
        }
        let entries = vendor.get(&world, &format!("/admin/lines/{}/entries", world.own.line)).await.page;
        // Fifty rupees settle so much of the debt with the usual discount, and no other entry does.
        assert_eq!(entries.matches("Rs. -52.63").count(), 1, "{entries}");
        let other = vendor.post(&world, &path, "once", "amount=60&on=2026-01-01&method=CASH").await;
        assert_eq!(other.status, 409);
        let wrong = vendor.post(&world, &path, "wrong", "amount=ten&on=2026-01-01&method=ESEWA").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.page.contains("id=\"amount-error\"") && wrong.page.contains("value=\"ten\""), "{}", wrong.page);
    }

    async fn a_session_ends_when_it_should(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        world.t.clock.advance_seconds(web::panel::IDLE_SECONDS - 1);
        assert_eq!(vendor.get(&world, "/admin/lines").await.status, 200, "used in time");
        world.t.clock.advance_seconds(web::panel::IDLE_SECONDS - 1);
        assert_eq!(vendor.get(&world, "/admin/lines").await.status, 200, "each use begins twelve hours anew");
        world.t.clock.advance_seconds(web::panel::IDLE_SECONDS);
        assert_eq!(vendor.get(&world, "/admin/lines").await.location(), "/admin/sign-in?next=%2Fadmin%2Flines");

        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let kept = operator.cookie.clone();
        assert_eq!(operator.post(&world, "/admin/sign-out", "1", "").await.location(), "/admin/sign-in");
        let mut copied = Visitor { cookie: kept, ..Visitor::default() };
        assert_eq!(copied.get(&world, "/admin/lines").await.status, 303, "signing out ends it for copies too");
    }

    async fn retailers_and_wrong_passwords_stay_outside(t: TestDb) {
        let world = World::new(t).await;
        add_user(&world, "shop", Role::Retailer).await;
        let mut visitor = Visitor { cookie: Some("__Host-khaacho=planted".to_owned()), ..Visitor::default() };
        for (password, expected) in [(PASSWORD, 403), ("wrong horse", 401)] {
            let body = format!("login=shop&password={password}");
            let answer = visitor.send(&world, Method::POST, "/admin/sign-in", Some(ORIGIN), &body).await;
            assert_eq!((answer.status.as_u16(), answer.headers.get(header::SET_COOKIE)), (expected, None));
            let forged = visitor.send(&world, Method::POST, "/admin/sign-in", Some("https://evil.example"), &body).await;
            assert_eq!(forged.status, 403);
        }
        let mut last = 0;
        for _ in 0..10 {
            last = visitor.send(&world, Method::POST, "/admin/sign-in", Some(ORIGIN), "login=shop&password=x").await.status.as_u16();
        }
        assert_eq!(last, 429);
    }

    async fn names_are_text_and_pages_speak_both_languages(t: TestDb) {
        let world = World::new(t).await;
        let retailer = world.own.retailer.clone();
        let sql = "update retailers set name = $2 where id = $1";
        let evil = "<script>alert(1)</script>";
        world.t.db.write::<_, DbError, _>(async move |tx| tx.exec(sql, db::params![retailer.as_str(), evil]).await).await.unwrap();
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        for (path, _) in pages(&world) {
            assert!(!operator.get(&world, &path).await.page.contains(evil), "{path}");
        }
        let answer = operator.post(&world, "/admin/language", "1", "language=NE&back=/admin/risk").await;
        assert_eq!(answer.location(), "/admin/risk");
        let page = operator.get(&world, "/admin/risk").await.page;
        assert!(page.contains("<html lang=\"ne\">") && page.contains("जोखिम"), "{page}");
    }
}
