//! Retailers that register by themselves, and those and vendors that an operator creates.

use db::DbError;
use http::Method;
use kernel::{PageRequest, RetailerId};
use parties::Party;
use serde_json::{Value, json};

use crate::{House, PASSWORD, outcome};

fn shop(phone: &str) -> Value {
    json!({ "name": "Ram Store", "ownerName": "Ram", "phone": phone })
}

fn sign_up(phone: &str, login: &str) -> Value {
    json!({ "retailer": shop(phone), "login": login, "password": PASSWORD })
}

async fn by_address(house: &House, address: &'static str) -> Option<Party> {
    house.t.db.read::<_, DbError, _>(async move |tx| parties::by_address(tx, address).await).await.unwrap()
}

async fn create(house: &House, path: &str, key: &str, body: &Value) -> (u16, Value) {
    house.call(Method::POST, path, Some(&house.operator()), Some(key), body).await
}

async fn retailers(house: &House) -> usize {
    let (_, page) = house.call(Method::GET, "retailers", Some(&house.operator()), None, &Value::Null).await;
    page["items"].as_array().unwrap().len()
}

testkit::both_engines! {
    async fn whoever_registers_waits_for_an_operator(t: TestDb) {
        let house = House::new(t);
        let (status, registered) = house.post("auth/register", &sign_up("+977 984-8000001", "ram")).await;
        assert_eq!((status, &registered["status"], &registered["phone"]), (201, &json!("PENDING"), &json!("9779848000001")));
        assert!(by_address(&house, "9779848000001").await.is_none(), "a phone that nobody has verified speaks for nobody");
        let (_, tokens) = house.sign_in("ram", PASSWORD).await;
        let token = tokens["accessToken"].as_str().unwrap();
        let (_, profile) = house.call(Method::GET, "auth/profile", Some(token), None, &Value::Null).await;
        assert_eq!((&profile["retailer"]["id"], &profile["retailer"]["status"]), (&registered["id"], &json!("PENDING")));

        let path = format!("retailers/{}/approve", registered["id"].as_str().unwrap());
        assert_eq!(house.call(Method::POST, &path, Some(token), None, &Value::Null).await.0, 403);
        for _ in 0..2 {
            let (status, approved) = house.call(Method::POST, &path, Some(&house.operator()), None, &Value::Null).await;
            assert_eq!((status, &approved["status"]), (200, &json!("ACTIVE")));
        }
        assert!(matches!(by_address(&house, "9779848000001").await, Some(Party::Retailer(found)) if json!(found.id) == registered["id"]));

        let id: RetailerId = registered["id"].as_str().unwrap().parse().unwrap();
        let page = PageRequest::default();
        let log = house.t.db.read::<_, DbError, _>(async move |tx| audit::read(tx, &id.to_string(), &page).await).await;
        let log: Vec<(String, String)> = log.unwrap().items.into_iter().map(|entry| (entry.action, entry.actor)).collect();
        let entry = |action: &str, actor: String| (action.to_owned(), actor);
        let operator = "operator:usr_00000000000000000000000001".to_owned();
        let expected = [entry("retailer.approved", operator), entry("retailer.created", format!("retailer:{id}"))];
        assert_eq!(log, expected, "approving twice is done once, and who registered did it");
    }

    async fn a_registration_takes_effect_wholly_or_not_at_all(t: TestDb) {
        let house = House::new(t);
        assert_eq!(house.post("auth/register", &sign_up("9779848000001", "ram")).await.0, 201);
        let same_phone = house.post("auth/register", &sign_up("+977 9848000001", "shyam")).await;
        assert_eq!(outcome(&same_phone), (409, "PHONE_TAKEN"));
        assert_eq!(outcome(&house.sign_in("shyam", PASSWORD).await), (401, "WRONG_CREDENTIALS"));
        let same_login = house.post("auth/register", &sign_up("9779848000002", "RAM")).await;
        assert_eq!(outcome(&same_login), (409, "LOGIN_TAKEN"));
        assert_eq!(retailers(&house).await, 1, "no shop without its user");
        assert_eq!(house.post("auth/register", &sign_up("9779848000002", "hari")).await.0, 201, "the phone is free");
    }

    async fn of_many_with_one_phone_one_registers(t: TestDb) {
        let house = House::new(t);
        let bodies: Vec<Value> = (0..4).map(|number| sign_up("9779848000001", &format!("user{number}"))).collect();
        let [a, b, c, d] = &bodies[..] else { panic!("four") };
        let register = |body| house.post("auth/register", body);
        let (a, b, c, d) = tokio::join!(register(a), register(b), register(c), register(d));
        let mut statuses = [a.0, b.0, c.0, d.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        assert_eq!(retailers(&house).await, 1);
    }

    async fn fields_have_bounds(t: TestDb) {
        let house = House::new(t);
        let with = |member: &str, value: Value| {
            let mut body = shop("9779848000001");
            body[member] = value;
            body
        };
        let long = "x".repeat(121);
        let wrong = [
            (with("name", json!(" ")), "name"),
            (with("name", json!(long)), "name"),
            (with("ownerName", json!("")), "ownerName"),
            (with("phone", json!("984800")), "phone"),
            (with("phone", json!("call me 9779848000001")), "phone"),
            (with("phone", json!("1234567890123456")), "phone"),
            (with("place", json!("x".repeat(201))), "place"),
            (with("latitudeMicro", json!(28_600_000)), "latitudeMicro"),
            (with("language", json!("FR")), "language"),
            (with("status", json!("ACTIVE")), "status"),
        ];
        for (number, (body, field)) in wrong.iter().enumerate() {
            let answer = create(&house, "retailers", &format!("r{number}"), body).await;
            assert_eq!((outcome(&answer), answer.1["field"].as_str()), ((422, "VALIDATION"), Some(*field)), "{body}");
        }
        let mut far = with("latitudeMicro", json!(i64::MIN));
        far["longitudeMicro"] = json!(0);
        let answer = create(&house, "retailers", "far", &far).await;
        assert_eq!((answer.0, answer.1["field"].as_str()), (422, Some("latitudeMicro")));
        for (password, login, field) in [("short", "ram", "password"), (PASSWORD, "r", "login"), (PASSWORD, "ram bahadur", "login")] {
            let body = json!({ "retailer": shop("9779848000001"), "login": login, "password": password });
            let answer = house.post("auth/register", &body).await;
            assert_eq!((outcome(&answer), answer.1["field"].as_str()), ((422, "VALIDATION"), Some(field)));
        }
        assert_eq!(retailers(&house).await, 0);
    }

    async fn whatever_is_wrong_in_a_body_is_named(t: TestDb) {
        let house = House::new(t);
        let mut shop = shop("9779848000001");
        shop["place"] = json!("Birendranagar");
        shop["latitudeMicro"] = json!(28_600_000);
        shop["longitudeMicro"] = json!(81_600_000);
        shop["language"] = json!("NE");
        let mut vendor = shop.clone();
        vendor["numberPrefix"] = json!("CRP");
        vendor["capacity"] = json!(20);
        let bodies = [
            ("auth/login", json!({ "login": "ram", "password": PASSWORD })),
            ("auth/refresh", json!({ "refreshToken": "tok_" })),
            ("auth/logout", json!({ "refreshToken": "tok_" })),
            ("auth/register", json!({ "retailer": shop, "login": "ram", "password": PASSWORD })),
            ("retailers", shop),
            ("vendors", vendor),
        ];
        for (path, right) in bodies {
            let optional = ["place", "latitudeMicro", "longitudeMicro", "language", "capacity"];
            for wrong in testkit::wrong_bodies(&right, &optional) {
                let answer = create(&house, path, "k", &wrong.body).await;
                let told = (outcome(&answer), answer.1["field"].as_str());
                assert_eq!(told, ((422, "VALIDATION"), Some(wrong.field.as_str())), "{path} {}", wrong.body);
            }
        }
        assert_eq!(retailers(&house).await, 0);
    }

    async fn an_operator_creates_retailers_and_vendors_once(t: TestDb) {
        let house = House::new(t);
        let made = create(&house, "retailers", "r", &shop("9779848000001")).await;
        assert_eq!((made.0, &made.1["status"]), (201, &json!("ACTIVE")));
        assert_eq!(create(&house, "retailers", "r", &shop("9779848000001")).await, made);
        assert!(matches!(by_address(&house, "9779848000001").await, Some(Party::Retailer(_))));

        let vendor = |phone: &str, prefix: &str| {
            let mut body = shop(phone);
            body["numberPrefix"] = json!(prefix);
            body
        };
        assert_eq!(outcome(&create(&house, "vendors", "v1", &vendor("9779848000001", "CRP")).await), (409, "PHONE_TAKEN"));
        assert_eq!(create(&house, "vendors", "v2", &vendor("9779848000002", "CRP")).await.0, 201);
        let again = create(&house, "vendors", "v3", &vendor("9779848000003", "CRP")).await;
        assert_eq!(outcome(&again), (409, "NUMBER_PREFIX_TAKEN"));
        for prefix in ["C", "crp", "CRPCRPC", "CR1"] {
            let answer = create(&house, "vendors", &format!("p{prefix}"), &vendor("9779848000003", prefix)).await;
            assert_eq!((answer.0, answer.1["field"].as_str()), (422, Some("numberPrefix")), "{prefix}");
        }
        let (_, page) = house.call(Method::GET, "vendors", Some(&house.operator()), None, &Value::Null).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        let missing = format!("retailers/{}/approve", house.t.ids.make::<RetailerId>(house.t.clock.now()));
        assert_eq!(house.call(Method::POST, &missing, Some(&house.operator()), None, &Value::Null).await.0, 404);
    }

    async fn retailers_are_searched_by_a_part_of_name_or_phone(t: TestDb) {
        let house = House::new(t);
        for (number, name) in ["Ram Store", "RAMRO Pasal", "Sita 100% Pasal"].into_iter().enumerate() {
            let mut body = shop(&format!("977984800000{number}"));
            body["name"] = json!(name);
            assert_eq!(create(&house, "retailers", &format!("k{number}"), &body).await.0, 201);
        }
        for (search, expected) in [("ram", 2), ("pasal", 2), ("0002", 1), ("100%25", 1), ("%25", 1), ("_", 0), ("nobody", 0)] {
            let path = format!("retailers?search={search}");
            let (status, page) = house.call(Method::GET, &path, Some(&house.operator()), None, &Value::Null).await;
            assert_eq!((status, page["items"].as_array().unwrap().len()), (200, expected), "{search}");
        }
    }
}
