//! Many clients for the last places on one line, or for the last pieces in one store: as many are accepted as there is room
//! for, whatever serves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::server::{self, Asker, Home, RESERVATIONS, Server};
use super::world::{PRICE_PAISA, Position, STOCK, World};

const CLIENTS: usize = 64;
const ORDERS: usize = 2_000;
const ROOM: i64 = 300;
const BUYERS: usize = 200;
const PIECES: i64 = 50;

async fn race(home: &Home, processes: usize) {
    let servers: Vec<Server> = (0..processes).map(|_| Server::start(home)).collect();
    let asker = Asker::new();
    let first = servers[0].address.clone();
    let world = Arc::new(World::open(&asker, &first, &[ROOM * PRICE_PAISA]).await);
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (world, next, address) = (world.clone(), next.clone(), servers[client % processes].address.clone());
        clients.spawn(async move {
            let (asker, mut accepted, mut refused) = (Asker::new(), 0_usize, 0_usize);
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= ORDERS {
                    return (client % processes, accepted, refused);
                }
                let key = format!("order-{number}");
                let answer = asker.insist(&address, Method::POST, "orders", &key, &world.order(0)).await.unwrap();
                if answer.status.is_success() {
                    assert_eq!(answer.json()["state"], "OFFERED", "{}", answer.body);
                    accepted += 1;
                } else {
                    assert_eq!(answer.code(), "INSUFFICIENT_CREDIT", "{}", answer.body);
                    refused += 1;
                }
            }
        });
    }
    let (mut accepted, mut refused, mut answered_by) = (0, 0, vec![0; processes]);
    while let Some(counted) = clients.join_next().await {
        let (process, more, fewer) = counted.unwrap();
        accepted += more;
        refused += fewer;
        answered_by[process] += more + fewer;
    }
    assert_eq!((accepted, refused), (300, 1_700));
    assert!(answered_by.iter().all(|answered| *answered > 100), "not every process took part: {answered_by:?}");
    let full = Position { reserved: ROOM * PRICE_PAISA, outstanding: 0, available: 0 };
    assert_eq!(world.position(&asker, &first, 0).await, full);
    assert_eq!(world.stock(&asker, &first).await, [STOCK, ROOM]);
    assert_eq!(home.count(RESERVATIONS).await, accepted);
    assert_eq!(home.count(server::ORDERS).await, accepted);
    for server in &servers {
        server.terminate();
    }
    assert!(servers.into_iter().all(Server::ended_well));
    home.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_as_many_as_there_is_room_for_on_sqlite() {
    race(&Home::sqlite(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_as_many_as_there_is_room_for_on_postgres() {
    race(&Home::postgres(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_as_many_as_there_is_room_for_with_two_processes() {
    race(&Home::postgres(), 2).await;
}

/// Every buyer orders one piece at the same moment, half of them for cash.
async fn race_for_stock(home: &Home, processes: usize) {
    let servers: Vec<Server> = (0..processes).map(|_| Server::start(home)).collect();
    let asker = Asker::new();
    let first = servers[0].address.clone();
    let world = Arc::new(World::open(&asker, &first, &[PRICE_PAISA; BUYERS]).await);
    let sold = json!({ "productId": world.product, "terms": { "price": "100.00", "stock": PIECES } });
    let path = format!("vendors/{}/products", world.vendor);
    assert!(asker.ask(&first, Method::PUT, &path, "few", &sold).await.unwrap().status.is_success());
    let mut buyers = JoinSet::new();
    for buyer in 0..BUYERS {
        let (world, asker, address) = (world.clone(), asker.clone(), servers[buyer % processes].address.clone());
        buyers.spawn(async move {
            let mut order = world.order(buyer);
            let is_credit = buyer.is_multiple_of(2);
            order["paymentMode"] = json!(if is_credit { "CREDIT" } else { "CASH" });
            let answer =
                asker.insist(&address, Method::POST, "orders", &format!("buyer-{buyer}"), &order).await.unwrap();
            if !answer.status.is_success() {
                assert_eq!(answer.code(), "INSUFFICIENT_STOCK", "{}", answer.body);
            }
            (buyer, answer.status.is_success(), is_credit)
        });
    }
    let bought: Vec<(usize, bool, bool)> =
        buyers.join_all().await.into_iter().filter(|(_, is_accepted, _)| *is_accepted).collect();
    assert_eq!(bought.len(), usize::try_from(PIECES).unwrap());
    assert_eq!(world.stock(&asker, &first).await, [PIECES, PIECES]);
    assert_eq!(home.count(server::ORDERS).await, bought.len());
    assert_eq!(home.count(RESERVATIONS).await, bought.iter().filter(|(_, _, is_credit)| *is_credit).count());
    for (buyer, ..) in bought.iter().filter(|(_, _, is_credit)| *is_credit) {
        assert_eq!(world.position(&asker, &first, *buyer).await.reserved, PRICE_PAISA);
    }
    for server in &servers {
        server.terminate();
    }
    assert!(servers.into_iter().all(Server::ended_well));
    home.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_buyers_get_fifty_pieces_on_sqlite() {
    race_for_stock(&Home::sqlite(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_buyers_get_fifty_pieces_with_two_processes() {
    race_for_stock(&Home::postgres(), 2).await;
}
