//! Many clients for the last places on one line: as many are accepted as there is room for, whatever serves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use tokio::task::JoinSet;

use super::server::{self, Asker, Home, RESERVATIONS, Server};
use super::world::{PRICE_PAISA, Position, STOCK, World};

const CLIENTS: usize = 64;
const ORDERS: usize = 2_000;
const ROOM: i64 = 300;

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
