//! Around the deadline of an offer its vendor accepts it, its shop cancels the order and the platform moves it on, all at
//! once and over several processes: each order has one outcome, told alike to everybody, and credit and stock follow it.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::server::{Answer, Asker, Home, Server};
use super::world::{PRICE_PAISA, World};

const ORDERS: usize = 60;
/// The time to a deadline, and how long before it the clocks are set.
const DEADLINE_SECONDS: i64 = 2 * 60 * 60;
const BEFORE_SECONDS: i64 = 4;
/// The questions come within this time.
const WITHIN_MILLIS: u64 = 5_000;

/// What was answered about one order.
struct Answers {
    order: String,
    accepted: Answer,
    /// Not every shop cancels.
    cancelled: Option<Answer>,
}

async fn place(asker: &Asker, address: &str, world: &World, number: usize) -> (String, String) {
    let placed = asker.made(address, "orders", world.order(number)).await;
    let order = placed["id"].as_str().unwrap().to_owned();
    let routed = asker.get(address, &format!("order-routing/order/{order}")).await;
    (order, routed["offers"][0]["id"].as_str().unwrap().to_owned())
}

/// Accepts one way and cancels another way, at moments of their own.
async fn press(asker: Asker, addresses: Vec<String>, number: usize, (order, offer): (String, String)) -> Answers {
    let spread = u64::try_from(number).unwrap() * WITHIN_MILLIS / u64::try_from(ORDERS).unwrap();
    let late = u64::try_from(number * 7 % 10).unwrap() * 10;
    let at = |which: usize| addresses[(number + which) % addresses.len()].clone();
    let (accept, cancel) = (format!("order-routing/accept/{offer}"), format!("orders/{order}/status"));
    let accepting = async {
        tokio::time::sleep(Duration::from_millis(spread)).await;
        asker.insist(&at(0), Method::POST, &accept, &format!("accept-{number}"), &json!({})).await.unwrap()
    };
    let cancelling = async {
        if number.is_multiple_of(4) {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(spread + late)).await;
        let body = json!({ "status": "CANCELLED", "reason": "not needed any more" });
        asker.insist(&at(1), Method::PATCH, &cancel, &format!("cancel-{number}"), &body).await
    };
    let (accepted, cancelled) = tokio::join!(accepting, cancelling);
    Answers { order, accepted, cancelled }
}

/// The states of an order's log.
async fn log(asker: &Asker, address: &str, order: &str) -> Vec<String> {
    let events = asker.get(address, &format!("orders/{order}/events")).await;
    let items = events.as_array().unwrap();
    items.iter().map(|event| event["state"].as_str().unwrap().to_owned()).collect()
}

async fn race(home: &Home, processes: usize) {
    let servers: Vec<Server> = (0..processes).map(|_| Server::start(home)).collect();
    let addresses: Vec<String> = servers.iter().map(|server| server.address.clone()).collect();
    let (asker, first) = (Asker::new(), addresses[0].clone());
    let world = World::open(&asker, &first, &[10 * PRICE_PAISA; ORDERS]).await;
    let mut offers = Vec::new();
    for number in 0..ORDERS {
        offers.push(place(&asker, &first, &world, number).await);
    }
    // Deadlines lie as far from each other as the orders; the first may have passed then, the last have not.
    let client = reqwest::Client::new();
    for address in &addresses {
        let ahead = json!({ "advanceSeconds": DEADLINE_SECONDS - BEFORE_SECONDS }).to_string();
        let moved = client.post(format!("{address}/simulator/clock")).header("content-type", "application/json");
        assert!(moved.body(ahead).send().await.unwrap().status().is_success());
    }
    let asker = Asker::at(DEADLINE_SECONDS - BEFORE_SECONDS);
    let pressed: JoinSet<Answers> =
        (0..).zip(offers).map(|(number, offer)| press(asker.clone(), addresses.clone(), number, offer)).collect();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut holding = 0;
    for Answers { order, accepted, cancelled } in pressed.join_all().await {
        let settled = settle(&asker, &first, &order).await;
        let log = log(&asker, &first, &order).await;
        let was_confirmed = log.iter().filter(|state| *state == "CONFIRMED").count();
        assert_eq!(was_confirmed, usize::from(accepted.status.is_success()), "{log:?}: {}", accepted.body);
        let was_cancelled = log.iter().filter(|state| *state == "CANCELLED").count();
        let is_cancelled = cancelled.as_ref().is_some_and(|answer| answer.status.is_success());
        assert_eq!(was_cancelled, usize::from(is_cancelled), "{log:?}: {cancelled:?}");
        let state = settled["state"].as_str().unwrap().to_owned();
        assert_eq!(log.last(), Some(&state));
        assert!(["CONFIRMED", "CANCELLED", "FAILED"].contains(&state.as_str()), "{state}: {log:?}");
        holding += i64::from(state == "CONFIRMED");
        *outcomes.entry(format!("{} after {}", state, log[log.len() - 2])).or_default() += 1;
    }
    assert!(outcomes.len() > 1, "nothing raced: {outcomes:?}");
    let stock = world.stock(&asker, &first).await;
    assert_eq!(stock[1], holding);
    let mut reserved = 0;
    for shop in 0..ORDERS {
        reserved += world.position(&asker, &first, shop).await.reserved;
    }
    assert_eq!(reserved, holding * PRICE_PAISA);
    for server in &servers {
        server.terminate();
    }
    assert!(servers.into_iter().all(Server::ended_well));
    home.is_clean();
}

/// The order once nobody has anything left to do with it.
async fn settle(asker: &Asker, address: &str, order: &str) -> Value {
    for _ in 0..600 {
        let read = asker.get(address, &format!("orders/{order}")).await;
        if !["OFFERED", "PLACED"].contains(&read["state"].as_str().unwrap()) {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the order {order} rests nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_has_one_outcome_on_sqlite() {
    race(&Home::sqlite(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_has_one_outcome_with_three_processes() {
    race(&Home::postgres(), 3).await;
}
