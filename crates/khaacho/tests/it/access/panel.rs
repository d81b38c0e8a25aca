//! The web panel from outside: every page by who visits it, sessions, forms that are not ours.

use axum::body::Body;
use db::DbError;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::{Actor, Context, Role};
use parties::Secrets;
use tower::ServiceExt as _;

use super::world::{Own, World};

const PASSWORD: &str = "correct horse";
const HOST: &str = "panel.example";
const ORIGIN: &str = "https://panel.example";

/// A browser: it keeps its cookie and the token of the last page.
#[derive(Default)]
pub(super) struct Visitor {
    cookie: Option<String>,
    token: String,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: http::HeaderMap,
    pub(super) page: String,
}

impl Answer {
    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }
}

impl Visitor {
    async fn send(&mut self, world: &World, method: Method, path: &str, origin: Option<&str>, body: &str) -> Answer {
        self.send_as(world, method, path, origin, "application/x-www-form-urlencoded", body.into()).await
    }

    async fn send_as(
        &mut self,
        world: &World,
        method: Method,
        path: &str,
        origin: Option<&str>,
        kind: &str,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        request = request.header(header::CONTENT_TYPE, kind);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::from(body)).unwrap();
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

    pub(super) async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, None, "").await
    }

    /// Sends a form from our own page, with a key of its own.
    pub(super) async fn post(&mut self, world: &World, path: &str, key: &str, fields: &str) -> Answer {
        let body = format!("_csrf={}&_key={key}&{fields}", self.token);
        self.send(world, Method::POST, path, Some(ORIGIN), &body).await
    }

    /// Sends a form with a file, as a browser encodes it; `mark` stands between the parts.
    pub(super) async fn post_file(&mut self, world: &World, path: &str, key: &str, file: &[u8], mark: &str) -> Answer {
        let token = &self.token;
        let field = |name: &str, value: &str| {
            format!("--{mark}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let mut body = [field("_csrf", token), field("_key", key), field("rows", "")].concat().into_bytes();
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"list.xlsx\"\r\nContent-Type: application/octet-stream";
        body.extend(format!("--{mark}\r\n{head}\r\n\r\n").into_bytes());
        body.extend(file);
        body.extend(format!("\r\n--{mark}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={mark}");
        self.send_as(world, Method::POST, path, Some(ORIGIN), &kind, body).await
    }

    pub(super) async fn sign_in(world: &World, login: &'static str, role: Role) -> Self {
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

/// What is answered to a vendor and to an operator.
const BOTH: [u16; 2] = [200, 200];
const OPERATORS: [u16; 2] = [403, 200];

/// The pages about one retailer's and one vendor's objects, with what a vendor and an operator get for their own.
fn pages_of(own: &Own) -> Vec<(String, [u16; 2])> {
    let Own {
        line,
        retailer,
        vendor,
        cycle,
        disputed,
        payments,
        claims,
        newcomer,
        reservation,
        confirmed,
        address,
        ..
    } = own;
    let (open, product) = (&own.open, &own.product);
    let (payment, claim, job) = (&payments[0], &claims[0], &own.jobs[0]);
    let line_pages =
        ["", "/cycles", "/entries", "/payment", "/change", "/statement", "/history", "/reservations", "/claim"];
    let mut all: Vec<(String, [u16; 2])> =
        line_pages.iter().map(|page| (format!("/admin/lines/{line}{page}"), BOTH)).collect();
    let cycle_pages =
        [("", BOTH), ("/promise", BOTH), ("/note", BOTH), ("/dispute", OPERATORS), ("/adjust", OPERATORS)];
    all.extend(cycle_pages.iter().map(|(page, statuses)| (format!("/admin/cycles/{cycle}{page}"), *statuses)));
    let retailer_pages = ["/evaluate", "/audit", "/cap", "/pause", "/resume", "/score", "/insights"];
    all.extend(retailer_pages.iter().map(|page| (format!("/admin/retailers/{retailer}{page}"), OPERATORS)));
    for page in ["", "/apply", "/refund", "/reverse"] {
        all.push((format!("/admin/payments/{payment}{page}"), BOTH));
    }
    for page in ["", "/confirm", "/reject"] {
        all.push((format!("/admin/claims/{claim}{page}"), BOTH));
    }
    all.extend([
        (format!("/admin/cycles/{cycle}/close"), OPERATORS),
        (format!("/admin/cycles/{disputed}/decide"), OPERATORS),
        (format!("/admin/retailers/{retailer}"), BOTH),
        (format!("/admin/reservations/{reservation}"), BOTH),
        (format!("/admin/conversations/{address}"), OPERATORS),
        (format!("/admin/orders/{confirmed}"), BOTH),
        (format!("/admin/orders/{open}/accept"), BOTH),
        (format!("/admin/orders/{open}/reject"), BOTH),
        (format!("/admin/orders/{open}/route"), [404, 200]),
        (format!("/admin/orders/{open}/override"), [404, 200]),
        (format!("/admin/orders/{open}/cancel"), [404, 200]),
        (format!("/admin/orders/{open}/dispatch"), [404, 404]),
        (format!("/admin/orders/{confirmed}/dispatch"), BOTH),
        (format!("/admin/orders/{confirmed}/withdraw"), [200, 404]),
        (format!("/admin/orders/{confirmed}/fail"), [404, 200]),
        (format!("/admin/stock?vendor={vendor}"), BOTH),
        (format!("/admin/stock/{vendor}/new"), BOTH),
        (format!("/admin/stock/{vendor}/upload"), BOTH),
        (format!("/admin/stock/{vendor}/{product}"), BOTH),
        (format!("/admin/check?line={line}"), BOTH),
        (format!("/admin/retailers/{newcomer}/approve"), OPERATORS),
        (format!("/admin/vendors/{vendor}"), BOTH),
        (format!("/admin/vendors/{vendor}/ceiling"), OPERATORS),
        (format!("/admin/books?vendorId={vendor}"), BOTH),
        (format!("/admin/queues/report-generation/jobs/{job}"), OPERATORS),
        (format!("/admin/queues/report-generation/jobs/{job}/retry"), OPERATORS),
        (format!("/admin/queues/report-generation/jobs/{job}/delete"), OPERATORS),
    ]);
    all
}

/// Every page with what a vendor and an operator get for it: what is foreign is not there for a vendor.
fn pages(world: &World) -> Vec<(String, [u16; 2])> {
    let lists =
        ["/admin/lines", "/admin/lines?over=yes", "/admin/lines/new", "/admin/check", "/admin/orders", "/admin/risk"];
    let lists = lists.iter().chain(&["/admin/payments", "/admin/claims", "/admin/disputes"]);
    let lists = lists.chain(&["/admin/board", "/admin/board?part=yes", "/admin/stock"]);
    let mut all: Vec<(String, [u16; 2])> = lists.map(|page| ((*page).to_owned(), BOTH)).collect();
    let of_operators = ["/admin/retailers", "/admin/retailers/new", "/admin/vendors", "/admin/vendors/new"];
    let of_operators = of_operators
        .iter()
        .chain(&["/admin/products", "/admin/products/new", "/admin/audit", "/admin/conversations"])
        .chain(&[
            "/admin/queues",
            "/admin/queues/whatsapp",
            "/admin/queues/report-generation?state=DEAD",
            "/admin/schedules",
        ])
        .chain(&[
            "/admin/queues/whatsapp/pause",
            "/admin/queues/whatsapp/resume",
            "/admin/queues/whatsapp/retry",
            "/admin/queues/whatsapp/clean",
        ])
        .chain(&["/admin/insights"])
        .chain(&["/admin/watch", "/admin/watch?all=yes", "/admin/watch/rules/OVERDUE_BLOCK", "/admin/what-if"])
        .chain(&["/admin/reminders", "/admin/reminders?on=2026-01-10", "/admin/reminders/settings"]);
    all.extend(of_operators.map(|page| ((*page).to_owned(), OPERATORS)));
    all.extend([
        ("/admin".to_owned(), [303, 303]),
        ("/admin/books".to_owned(), BOTH),
        ("/admin/lines/nonsense".to_owned(), [404, 404]),
        (format!("/admin/cycles/{}/nonsense", world.own.cycle), [404, 404]),
        (format!("/admin/orders/{}/nonsense", world.own.open), [404, 404]),
        (format!("/admin/products/{}", world.own.product), OPERATORS),
        ("/admin/products/prd_00000000000000000000000000".to_owned(), [403, 404]),
        ("/admin/no/such/page".to_owned(), [404, 404]),
    ]);
    all.extend(pages_of(&world.own));
    let foreign = pages_of(&world.foreign).into_iter();
    // What is an operator's alone is refused to a vendor before it is looked for, or not there: never shown.
    all.extend(foreign.map(|(page, [vendor, operator])| (page, [if vendor == 403 { 0 } else { 404 }, operator])));
    all
}

/// Every form of what vendors may do too, with fields that are right; each stands where the ones before leave it.
fn forms(own: &Own) -> Vec<(String, &'static str)> {
    let Own { line, cycle, payments, claims, vendor, product, .. } = own;
    let change =
        "limit=90000&termsDays=30&maxOverdueDays=30&maxOrder=0&discounts=15:5&interest=10&graceDays=3&reason=lower";
    vec![
        (format!("/admin/lines/{line}/payment/preview"), "amount=50&on=2026-01-01"),
        (format!("/admin/lines/{line}/payment"), "amount=50&on=2026-01-01&method=CASH"),
        (format!("/admin/lines/{line}/change"), change),
        (format!("/admin/lines/{line}/pause"), "status=PAUSED&why=overdue"),
        (format!("/admin/lines/{line}/claim"), "amount=20&on=2026-01-01&method=ESEWA&reference=seen-later"),
        (format!("/admin/cycles/{cycle}/promise"), "on=2026-01-08&note=soon"),
        (format!("/admin/cycles/{cycle}/note"), "note=calls+on+Fridays"),
        (format!("/admin/payments/{}/apply", payments[0]), "amount=1"),
        (format!("/admin/payments/{}/refund", payments[1]), "amount=1&method=CASH&sure=yes"),
        (format!("/admin/claims/{}/reject", claims[1]), "reason=never+came"),
        (format!("/admin/stock/{vendor}/{product}"), "what=move&reason=RECEIVED&quantity=5&note=from+Nepalgunj"),
        (format!("/admin/stock/{vendor}/new"), "sku=one&price=100&stock=900&minimum=1&available=yes"),
        (format!("/admin/orders/{}/accept", own.open), ""),
        (format!("/admin/orders/{}/dispatch", own.confirmed), ""),
    ]
}

/// Every form of operators alone, in an order in which each finds what it needs.
fn forms_of_operators(own: &Own) -> Vec<(String, &'static str)> {
    let Own { cycle, disputed, retailer, newcomer, vendor, product, jobs, .. } = own;
    vec![
        (format!("/admin/cycles/{cycle}/adjust"), "kind=RETURN&sign=DECREASE&amount=1&reason=torn&sure=yes"),
        (format!("/admin/cycles/{disputed}/decide"), "decision=upheld&amount=5&reason=wet&sure=yes"),
        (format!("/admin/cycles/{cycle}/dispute"), "reason=wet"),
        (format!("/admin/cycles/{disputed}/note"), "note=x&dueOn=2026-06-01&reason=flood"),
        (format!("/admin/cycles/{disputed}/close"), "reason=gone&sure=yes"),
        (format!("/admin/retailers/{newcomer}/approve"), ""),
        (format!("/admin/retailers/{retailer}/cap"), "cap=1,00,000&reason=agreed"),
        (format!("/admin/retailers/{retailer}/pause"), "reason=overdue"),
        (format!("/admin/retailers/{retailer}/resume"), "reason=paid"),
        (format!("/admin/vendors/{vendor}/ceiling"), "ceiling=5,00,000&reason=agreed"),
        ("/admin/retailers/new".to_owned(), "name=Nawa&ownerName=Maya&phone=9779800000009&position=28.6,81.6"),
        ("/admin/vendors/new".to_owned(), "name=Nawa&ownerName=Hari&phone=9779800000008&numberPrefix=naw&capacity=5"),
        ("/admin/products/new".to_owned(), "name=Salt&nameNe=नुन&sku=SALT&unit=packet&category=food&pack=1&packUnit=kg"),
        (format!("/admin/products/{product}"), "name=Rice&nameNe=चामल&unit=bora&category=food&status=ACTIVE"),
        (format!("/admin/queues/report-generation/jobs/{}/delete", jobs[1]), "sure=yes"),
        ("/admin/queues/report-generation/pause".to_owned(), "reason=paper"),
        ("/admin/queues/report-generation/clean".to_owned(), "days=30&sure=yes"),
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
                let status = answer.status.as_u16();
                let is_right = if expected == 0 { status == 403 || status == 404 } else { status == expected };
                assert!(is_right, "{path}: {status}, not {expected}: {}", answer.page);
                let kind = answer.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
                assert!(expected == 303 || kind.starts_with("text/html"), "{path} is {kind}");
                assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self';"));
                if expected == 404 || expected == 0 {
                    assert!(world.foreign.ids().into_iter().all(|id| !answer.page.contains(id.as_str()) || path.contains(id.as_str())));
                }
            }
        }
    }

    async fn every_form_is_for_whom_it_should_be_and_from_our_own_page(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        for (path, fields) in forms(&world.foreign) {
            assert_eq!(vendor.post(&world, &path, "1", fields).await.status, 404, "{path}");
            let mut nobody = Visitor::default();
            assert_eq!(nobody.post(&world, &path, "1", fields).await.location(), "/admin/sign-in", "{path}");
        }
        for (path, fields) in forms(&world.own) {
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
            let answer = vendor.post(&world, &path, "v", fields).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.page);
            // Sent twice it is done once, and answered the same.
            let again = vendor.post(&world, &path, "v", fields).await;
            assert_eq!((again.status, again.location()), (answer.status, answer.location()), "{path}");
        }
        for (path, fields) in forms(&world.foreign) {
            let expected = if path.ends_with("preview") { 200 } else { 303 };
            let answer = operator.post(&world, &path, "o", fields).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.page);
        }
    }

    async fn what_operators_do_is_theirs_alone_and_asks_for_what_it_needs(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        for (path, fields) in forms_of_operators(&world.own) {
            if !path.ends_with("note") {
                assert_eq!(vendor.post(&world, &path, "v", fields).await.status, 403, "{path}");
            }
            if !path.ends_with("approve") {
                let empty = operator.post(&world, &path, "empty", "").await;
                assert!(empty.status == 422 || path.ends_with("note"), "{path}: {}", empty.status);
                let unsure = fields.replace("&sure=yes", "");
                if unsure != fields {
                    let answer = operator.post(&world, &path, "unsure", &unsure).await;
                    assert!(answer.status == 422 && answer.page.contains("sure-error"), "{path}: {}", answer.page);
                }
            }
            let answer = operator.post(&world, &path, "o", fields).await;
            assert_eq!(answer.status, 303, "{path}: {}", answer.page);
            let place = answer.location().to_owned();
            assert!(operator.get(&world, &place).await.page.contains("role=\"status\""), "{place}");
        }
        let cycle = operator.get(&world, &format!("/admin/cycles/{}", world.own.disputed)).await.page;
        assert!(cycle.contains("upheld") && cycle.contains("closed") && cycle.contains("2026-06-01"), "{cycle}");
        let foreign = [
            format!("/admin/books?vendorId={}", world.foreign.vendor),
            format!("/admin/books/journal?vendorId={}", world.foreign.vendor),
        ];
        for path in foreign {
            assert_eq!(vendor.get(&world, &path).await.status, 404, "{path}");
        }
        let journal = vendor.get(&world, "/admin/books/journal").await;
        assert!(journal.status == 200 && journal.page.contains("receivable"));
    }

    async fn a_line_is_granted_by_the_phone_of_the_shop(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        // The newcomer of the other world: nobody's retailer yet.
        let fields = |vendor: &str| {
            format!("phone=%2B977+9822000000&vendor={vendor}&limit=50,000&termsDays=30&maxOverdueDays=30&discounts=30:5")
        };
        let wrong = vendor.post(&world, "/admin/lines/new", "1", "phone=1&limit=ten").await;
        assert_eq!(wrong.status, 422);
        for name in ["phone", "limit", "termsDays", "vendor"] {
            assert!(wrong.page.contains(&format!("id=\"{name}-error\"")), "{name}: {}", wrong.page);
        }
        let theirs = vendor.post(&world, "/admin/lines/new", "2", &fields(&world.foreign.vendor)).await;
        assert_eq!(theirs.status, 422, "a vendor lends its own credit only");
        let granted = vendor.post(&world, "/admin/lines/new", "3", &fields(&world.own.vendor)).await;
        assert_eq!(granted.status, 303, "{}", granted.page);
        let line = granted.location().to_owned();
        assert!(vendor.get(&world, &line).await.page.contains("Rs. 50,000.00"));
    }

    async fn a_payment_goes_to_the_cycles_that_are_named(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/lines/{}/payment", world.own.line);
        let form = vendor.get(&world, &path).await.page;
        let names: Vec<&str> = form.split("name=\"cycle-").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names.len(), 2, "{form}");
        let last = names[1];
        let fields = format!("cycle-{last}=19&on=2026-01-01&method=CASH");
        let shown = vendor.post(&world, &format!("{path}/preview"), "p", &fields).await;
        assert!(shown.page.contains("Rs. 20.00") && shown.page.contains("Rs. 1.00"), "{}", shown.page);
        let done = vendor.post(&world, &path, "1", &fields).await;
        assert_eq!(done.status, 303, "{}", done.page);
        let statement = vendor.get(&world, &format!("/admin/lines/{}/statement", world.own.line)).await.page;
        assert!(statement.contains(last) && statement.contains("Rs. -20.00"), "{statement}");
        let much = format!("cycle-{last}=9000&on=2026-01-01&method=CASH");
        let refused = vendor.post(&world, &path, "2", &much).await;
        assert!(refused.page.contains(&format!("id=\"cycle-{last}-error\"")), "{}", refused.page);
    }

    async fn a_payment_that_is_sent_twice_is_recorded_once(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/lines/{}/payment", world.own.line);
        let fields = "amount=50&on=2026-01-01&method=CASH";
        for _ in 0..2 {
            let answer = vendor.post(&world, &path, "once", fields).await;
            let place = format!("/admin/lines/{}?done=payment&payment=pay_", world.own.line);
            assert!(answer.location().starts_with(&place), "{}", answer.location());
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
