//! Many clients place, cancel, repay and read on a few lines at once, over several processes on one database, one of which
//! is killed on the way. What every one of them was answered can be explained by doing it one after another, in an order
//! that respects what was over before something else began.
//!
//! Lines do not depend on each other, so each has its own history and order. There is one round; `TEST_HISTORY_ROUNDS`
//! (`./test --long`) asks for more, each on lines of its own.
#![expect(clippy::print_stdout, reason = "the seed and what was seen are for whoever reads a failure")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use kernel::IdGen;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::checker::{Seen, explain};
use super::server::{Answer, Asker, Home, Server};
use super::world::{PRICE_PAISA, Position, World, paisa};

const CLIENTS: usize = 12;
/// What each client asks in a round.
const QUESTIONS: usize = 100;
/// Lines of a round.
const LINES: usize = 3;
/// Room on a line.
const LIMIT: i64 = 12 * PRICE_PAISA;
/// Principal of each open cycle, in orders of one bora.
const CYCLES: [i64; 2] = [4, 3];

/// What somebody was answered about one line.
#[derive(Clone, Debug)]
enum What {
    Placed { order: usize },
    TooLittle { available: i64 },
    Cancelled { order: usize },
    Repaid { cycle: usize, principal: i64, left: i64, then: Position },
    Overpaid { cycle: usize, maximum: i64 },
    Read(Position),
}

/// A line as it would be if one thing happened after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    /// Whether each order holds its credit still.
    orders: BTreeMap<usize, bool>,
    /// What is open of each cycle.
    open: [i64; CYCLES.len()],
}

impl Line {
    fn new() -> Self {
        Self { orders: BTreeMap::new(), open: CYCLES.map(|orders| orders * PRICE_PAISA) }
    }

    fn position(&self) -> Position {
        let held = self.orders.values().filter(|holds| **holds).count();
        let reserved = i64::try_from(held).unwrap() * PRICE_PAISA;
        let outstanding = self.open.iter().sum();
        Position { reserved, outstanding, available: LIMIT - reserved - outstanding }
    }

    /// The line after an answer, if that is the answer it would have given.
    fn after(&self, what: &What) -> Option<Self> {
        let (mut after, available) = (self.clone(), self.position().available);
        let fits = match *what {
            What::Placed { order } => available >= PRICE_PAISA && after.orders.insert(order, true).is_none(),
            What::TooLittle { available: told } => available < PRICE_PAISA && told == available,
            // Cancelling twice answers the same.
            What::Cancelled { order } => after.orders.insert(order, false).is_some(),
            What::Repaid { cycle, principal, left, then } => {
                after.open[cycle] -= principal;
                after.open[cycle] == left && left >= 0 && after.position() == then
            }
            What::Overpaid { cycle, maximum } => after.open[cycle] == maximum,
            What::Read(position) => self.position() == position,
        };
        fits.then_some(after)
    }
}

/// A line that is fought for.
struct Contested {
    shop: usize,
    cycles: Vec<String>,
    /// The orders that were placed, for whoever wants to cancel one.
    placed: Mutex<Vec<String>>,
    history: Mutex<Vec<Seen<What>>>,
}

/// What the clients of a round share.
struct Round {
    number: usize,
    addresses: Vec<String>,
    world: Arc<World>,
    lines: Vec<Contested>,
    /// Counts questions and answers: what was over before something began has the smaller number.
    moment: AtomicU64,
}

struct Client {
    round: Arc<Round>,
    asker: Asker,
    random: StdRng,
    /// The process it asks.
    at: usize,
    name: String,
}

impl Client {
    /// Asks until there is an answer: with the same key, and of another process where one is gone.
    async fn ask(&mut self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        loop {
            let address = &self.round.addresses[self.at % self.round.addresses.len()];
            if let Some(answer) = self.asker.insist(address, method.clone(), path, key, body).await {
                return answer;
            }
            self.at += 1;
        }
    }

    async fn work(mut self) -> Self {
        let round = self.round.clone();
        for question in 0..QUESTIONS {
            let line = &round.lines[self.random.random_range(0..LINES)];
            let key = format!("{}-{question}", self.name);
            let asked = round.moment.fetch_add(1, Ordering::SeqCst);
            let what = match self.random.random_range(0..100) {
                0..40 => self.place(line, &key).await,
                40..65 => self.cancel(line, &key).await,
                65..80 => self.repay(line, &key).await,
                _ => Some(self.read(line).await),
            };
            let answered = round.moment.fetch_add(1, Ordering::SeqCst);
            line.history.lock().extend(what.map(|what| Seen { asked, answered, what }));
        }
        self
    }

    async fn place(&mut self, line: &Contested, key: &str) -> Option<What> {
        let body = self.round.world.order(line.shop);
        let answer = self.ask(Method::POST, "orders", key, &body).await;
        let told = answer.json();
        if answer.status == StatusCode::CREATED {
            assert_eq!(told["state"], "OFFERED", "{}", answer.body);
            let mut placed = line.placed.lock();
            placed.push(told["id"].as_str().unwrap().to_owned());
            return Some(What::Placed { order: placed.len() - 1 });
        }
        assert_eq!(answer.code(), "INSUFFICIENT_CREDIT", "{}", answer.body);
        Some(What::TooLittle { available: paisa(&told["available"]) })
    }

    /// One of the newest orders, which somebody else may be cancelling too.
    async fn cancel(&mut self, line: &Contested, key: &str) -> Option<What> {
        let (order, id) = {
            let placed = line.placed.lock();
            let order = placed.len().checked_sub(self.random.random_range(1..=8))?;
            (order, placed[order].clone())
        };
        let body = json!({ "status": "CANCELLED", "reason": "not needed" });
        let answer = self.ask(Method::PATCH, &format!("orders/{id}/status"), key, &body).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        assert_eq!(answer.json()["state"], "CANCELLED", "{}", answer.body);
        Some(What::Cancelled { order })
    }

    async fn repay(&mut self, line: &Contested, key: &str) -> Option<What> {
        let (cycle, rupees) = (self.random.random_range(0..CYCLES.len()), self.random.random_range(1..=60));
        let body = json!({ "principal": format!("{rupees}.00"), "method": "CASH" });
        let answer = self.ask(Method::POST, &format!("credit/cycles/{}/repay", line.cycles[cycle]), key, &body).await;
        let told = answer.json();
        if answer.status.is_success() {
            let (left, then) = (paisa(&told["cycle"]["outstanding"]), Position::read(&told["position"]));
            return Some(What::Repaid { cycle, principal: rupees * 100, left, then });
        }
        assert_eq!(answer.code(), "OVERPAYMENT", "{}", answer.body);
        let maximum = paisa(&told["maximum"]);
        assert!(maximum < rupees * 100, "{}", answer.body);
        Some(What::Overpaid { cycle, maximum })
    }

    async fn read(&mut self, line: &Contested) -> What {
        let path = format!("credit/lines/{}/available", self.round.world.shops[line.shop].1);
        let answer = self.ask(Method::GET, &path, "", &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        What::Read(Position::read(&answer.json()))
    }
}

/// An order of some bora that goes all the way to its cycle.
async fn owe(asker: &Asker, address: &str, world: &World, shop: usize, quantity: i64) -> String {
    let mut order = world.order(shop);
    order["lines"][0]["quantity"] = json!(quantity);
    let placed = asker.made(address, "orders", order).await;
    let id = placed["id"].as_str().unwrap();
    let routed = asker.get(address, &format!("order-routing/order/{id}")).await;
    let offer = routed["offers"][0]["id"].as_str().unwrap();
    asker.made(address, &format!("order-routing/accept/{offer}"), json!({})).await;
    let mut told = Value::Null;
    for status in ["DISPATCHED", "DELIVERED"] {
        let body = json!({ "status": status, "reason": "the shop told it on the phone" });
        let (path, key) = (format!("orders/{id}/status"), format!("{id}-{status}"));
        told = asker.ask(address, Method::PATCH, &path, &key, &body).await.unwrap().json();
    }
    told["cycle"]["id"].as_str().unwrap().to_owned()
}

impl Round {
    async fn open(number: usize, servers: &[Server], asker: &Asker, world: &Arc<World>) -> Self {
        let mut lines = Vec::new();
        for shop in number * LINES..(number + 1) * LINES {
            let mut cycles = Vec::new();
            for quantity in CYCLES {
                cycles.push(owe(asker, &servers[0].address, world, shop, quantity).await);
            }
            lines.push(Contested { shop, cycles, placed: Mutex::default(), history: Mutex::default() });
        }
        let addresses = servers.iter().map(|server| server.address.clone()).collect();
        Self { number, addresses, world: world.clone(), lines, moment: AtomicU64::new(0) }
    }

    fn begin(self: &Arc<Self>, seed: u64) -> JoinSet<Client> {
        let client = |number: usize| {
            let random = StdRng::seed_from_u64(seed ^ u64::try_from(self.number * CLIENTS + number).unwrap());
            let name = format!("{}-{number}", self.number);
            Client { round: self.clone(), asker: Asker::new(), random, at: number, name }.work()
        };
        (0..CLIENTS).map(client).collect()
    }

    /// Every history has its order, and has none once one of its answers is told otherwise. Counts each kind of answer.
    fn check(&self, random: &mut StdRng, kinds: &mut BTreeMap<String, usize>) {
        for line in &self.lines {
            let history = line.history.lock().clone();
            for seen in &history {
                let told = format!("{:?}", seen.what);
                *kinds.entry(told.split([' ', '(']).next().unwrap().to_owned()).or_default() += 1;
            }
            if let Err(stuck) = explain(history.clone(), Line::new(), Line::after) {
                panic!("no order explains the answers on line {}; the first that fit nowhere: {stuck:#?}", line.shop);
            }
            let mut told_otherwise = history;
            let reads: Vec<_> = told_otherwise.iter_mut().filter(|seen| matches!(seen.what, What::Read(_))).collect();
            let at = random.random_range(0..reads.len());
            let read = reads.into_iter().nth(at).unwrap();
            let What::Read(position) = &mut read.what else { unreachable!() };
            position.available += 1;
            assert!(explain(told_otherwise, Line::new(), Line::after).is_err(), "the checker lets everything pass");
        }
    }
}

async fn explained(home: &Home, processes: usize) {
    let seed = u64::from_le_bytes(IdGen::system().random_bytes());
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let rounds = testkit::wanted("TEST_HISTORY_ROUNDS", 1);
    let lines = LINES * rounds;
    let (asker, mut servers) = (Asker::new(), vec![Server::start(home)]);
    let world = Arc::new(World::open(&asker, &servers[0].address, &vec![LIMIT; lines]).await);
    let mut kinds = BTreeMap::new();
    for number in 0..rounds {
        servers.extend((servers.len()..processes).map(|_| Server::start(home)));
        let round = Arc::new(Round::open(number, &servers, &asker, &world).await);
        let clients = round.begin(seed);
        if processes > 1 {
            // In the middle of it one process is killed: what it did not answer is asked again of the others.
            let middle = u64::try_from(CLIENTS * QUESTIONS).unwrap() + random.random_range(0..200);
            while round.moment.load(Ordering::SeqCst) < middle {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            servers.pop().unwrap().kill();
        }
        let clients = clients.join_all().await;
        let moved = clients.iter().enumerate().filter(|(number, client)| client.at != *number).count();
        assert!(processes == 1 || moved > 0, "nobody asked the process that was killed");
        round.check(&mut random, &mut kinds);
    }
    println!("{} answers on {lines} lines explained: {kinds:?}", kinds.values().sum::<usize>());
    assert_eq!(kinds.len(), 6, "an answer that may come never came");
    for server in &servers {
        server.terminate();
    }
    assert!(servers.into_iter().all(Server::ended_well));
    home.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_order_explains_all_answers_on_sqlite() {
    explained(&Home::sqlite(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_order_explains_all_answers_of_three_processes_one_of_which_is_killed() {
    explained(&Home::postgres(), 3).await;
}

mod must_be_refused {
    //! Histories of a line that no order explains.

    use super::*;

    fn is_explained(history: &[(u64, u64, What)]) -> bool {
        let seen = |(asked, answered, what): &(u64, u64, What)| Seen {
            asked: *asked,
            answered: *answered,
            what: what.clone(),
        };
        explain(history.iter().map(seen).collect(), Line::new(), Line::after).is_ok()
    }

    /// The position of a line with so many orders on it of which so much was repaid.
    fn position(orders: i64, repaid: i64) -> Position {
        let (reserved, outstanding) = (orders * PRICE_PAISA, 7 * PRICE_PAISA - repaid);
        Position { reserved, outstanding, available: LIMIT - reserved - outstanding }
    }

    fn places(orders: usize) -> Vec<(u64, u64, What)> {
        (0..orders).map(|order| (0, 9, What::Placed { order })).collect()
    }

    fn repaid(principal: i64, left: i64, then: Position) -> What {
        What::Repaid { cycle: 0, principal, left, then }
    }

    #[test]
    fn more_orders_than_there_is_room_for() {
        assert!(is_explained(&places(5)));
        assert!(!is_explained(&places(6)));
        // Unless one of them was cancelled meanwhile, but not before it was placed.
        let cancelled = |asked, answered| [places(6), vec![(asked, answered, What::Cancelled { order: 2 })]].concat();
        assert!(is_explained(&cancelled(3, 5)));
        assert!(!is_explained(&cancelled(10, 11)));
    }

    #[test]
    fn a_cancellation_that_counts_twice() {
        let twice = [(10, 12, What::Cancelled { order: 1 }), (11, 13, What::Cancelled { order: 1 })];
        let then = |orders| vec![(14, 15, What::Read(position(orders, 0)))];
        assert!(is_explained(&[places(3), twice.to_vec(), then(2)].concat()));
        assert!(!is_explained(&[places(3), twice.to_vec(), then(1)].concat()));
    }

    #[test]
    fn a_repayment_that_was_lost() {
        let [first, second] = [repaid(1_000, 39_000, position(0, 1_000)), repaid(2_000, 37_000, position(0, 3_000))];
        let lost = repaid(2_000, 38_000, position(0, 2_000));
        assert!(is_explained(&[(0, 9, first.clone()), (0, 9, second)]));
        assert!(!is_explained(&[(0, 9, first), (0, 9, lost)]));
    }

    #[test]
    fn a_refusal_where_there_was_room_and_an_overpayment_that_was_none() {
        assert!(!is_explained(&[(0, 1, What::TooLittle { available: 0 })]));
        assert!(is_explained(&[places(5), vec![(10, 11, What::TooLittle { available: 0 })]].concat()));
        assert!(!is_explained(&[places(5), vec![(10, 11, What::TooLittle { available: -1 })]].concat()));
        assert!(!is_explained(&[(0, 1, What::Overpaid { cycle: 0, maximum: 39_999 })]));
    }

    #[test]
    fn a_read_of_what_was_before_the_answer() {
        let place = (0, 1, What::Placed { order: 0 });
        assert!(is_explained(&[place.clone(), (2, 3, What::Read(position(1, 0)))]));
        assert!(!is_explained(&[place, (2, 3, What::Read(position(0, 0)))]));
    }
}
