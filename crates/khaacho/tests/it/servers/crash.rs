//! The server is killed under load, at random moments, and started again on what it left: what was answered is there
//! once, what was not is settled by asking again with the same key, and nothing is overspent.
#![expect(clippy::print_stdout, reason = "the seed and what was tried are for whoever reads a failure")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use kernel::IdGen;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::server::{Answer, Asker, Home, Server};
use super::world::{PRICE_PAISA, World};

const ROUNDS: usize = 50;
const CLIENTS: usize = 12;
/// The room on each line, in orders; the last line is soon full.
const ROOM: [i64; 4] = [20_000, 20_000, 20_000, 30];
/// What is paid back of a delivered order.
const REPAID_PAISA: i64 = 4_000;
/// Each so many-th order goes all the way to its repayment.
const WHOLE_WAY: usize = 4;
/// Answers of earlier rounds that are asked for again in each round.
const ASKED_AGAIN: usize = 20;

/// What comes next for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Place,
    Accept,
    Dispatch,
    Deliver,
    Repay,
    Done,
    Refused,
}

/// An order on its way. Its stage moves on when the answer has come, so what was not answered is asked again.
#[derive(Clone, Debug)]
struct Work {
    number: usize,
    shop: usize,
    stage: Stage,
    order: String,
    offer: String,
    cycle: String,
}

impl Work {
    fn new(number: usize) -> Self {
        let (order, offer, cycle) = Default::default();
        Self { number, shop: number % ROOM.len(), stage: Stage::Place, order, offer, cycle }
    }
}

/// A request that was answered.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
    key: String,
    body: Value,
    answer: Answer,
}

/// What one client holds.
#[derive(Default)]
struct Client {
    works: Vec<Work>,
    asked: Vec<Asked>,
    unanswered: usize,
    /// Answers to all clients.
    answered: Arc<AtomicUsize>,
}

impl Client {
    /// Moves an order one stage on; None where the server is gone.
    async fn step(&mut self, asker: &Asker, address: &str, world: &World, at: usize) -> Option<()> {
        let work = self.works[at].clone();
        let Work { number, stage, .. } = work;
        let (method, path, body) = match stage {
            Stage::Place => (Method::POST, "orders".to_owned(), world.order(work.shop)),
            Stage::Accept => (Method::POST, format!("order-routing/accept/{}", work.offer), json!({})),
            Stage::Dispatch => {
                (Method::PATCH, format!("orders/{}/status", work.order), json!({ "status": "DISPATCHED" }))
            }
            Stage::Deliver => {
                let body = json!({ "status": "DELIVERED", "reason": "the shop told it on the phone" });
                (Method::PATCH, format!("orders/{}/status", work.order), body)
            }
            Stage::Repay => {
                let body = json!({ "principal": "40.00", "method": "CASH" });
                (Method::POST, format!("credit/cycles/{}/repay", work.cycle), body)
            }
            Stage::Done | Stage::Refused => return Some(()),
        };
        let key = format!("{number}-{stage:?}");
        let Some(answer) = asker.insist(address, method.clone(), &path, &key, &body).await else {
            self.unanswered += 1;
            return None;
        };
        self.answered.fetch_add(1, Ordering::SeqCst);
        self.asked.push(Asked { method, path, key, body, answer: answer.clone() });
        if stage == Stage::Place && answer.status != StatusCode::CREATED {
            assert_eq!(answer.code(), "INSUFFICIENT_CREDIT", "{}", answer.body);
            self.works[at].stage = Stage::Refused;
            return Some(());
        }
        assert!(answer.status.is_success(), "{stage:?}: {}", answer.body);
        let told = answer.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let work = &mut self.works[at];
        work.stage = match stage {
            Stage::Place => {
                work.order = text(&told["id"]);
                if number.is_multiple_of(WHOLE_WAY) { Stage::Accept } else { Stage::Done }
            }
            Stage::Accept => Stage::Dispatch,
            Stage::Dispatch => Stage::Deliver,
            Stage::Deliver => {
                work.cycle = text(&told["cycle"]["id"]);
                Stage::Repay
            }
            Stage::Repay | Stage::Done | Stage::Refused => Stage::Done,
        };
        Some(())
    }

    /// Takes an order as far as it goes; None where the server is gone.
    async fn finish(&mut self, asker: &Asker, address: &str, world: &World, at: usize) -> Option<()> {
        while !matches!(self.works[at].stage, Stage::Done | Stage::Refused) {
            if self.works[at].stage == Stage::Accept && self.works[at].offer.is_empty() {
                let path = format!("order-routing/order/{}", self.works[at].order);
                let routed = asker.ask(address, Method::GET, &path, "", &Value::Null).await?;
                let routed = routed.json();
                routed["offers"][0]["id"].as_str().unwrap().clone_into(&mut self.works[at].offer);
            }
            self.step(asker, address, world, at).await?;
        }
        Some(())
    }

    /// Goes on with what is unfinished, then with new orders, until the server is gone.
    async fn work(
        mut self,
        asker: Asker,
        address: String,
        world: Arc<World>,
        next: Arc<AtomicUsize>,
        goes_on: bool,
    ) -> Self {
        for at in 0..self.works.len() {
            if self.finish(&asker, &address, &world, at).await.is_none() {
                return self;
            }
        }
        if !goes_on {
            return self;
        }
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            self.works.push(Work::new(number));
            if self.finish(&asker, &address, &world, self.works.len() - 1).await.is_none() {
                return self;
            }
        }
    }
}

struct Test {
    home: Home,
    asker: Asker,
    world: Arc<World>,
    next: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    clients: Vec<Client>,
    random: StdRng,
}

impl Test {
    async fn open(home: Home) -> Self {
        let seed = u64::from_le_bytes(IdGen::system().random_bytes());
        println!("seed {seed}");
        let server = Server::start(&home);
        let asker = Asker::new();
        let world = Arc::new(World::open(&asker, &server.address, &ROOM.map(|orders| orders * PRICE_PAISA)).await);
        server.kill();
        let answered = Arc::new(AtomicUsize::new(0));
        let clients = (0..CLIENTS).map(|_| Client { answered: answered.clone(), ..Client::default() }).collect();
        let random = StdRng::seed_from_u64(seed);
        Self { home, asker, world, next: Arc::new(AtomicUsize::new(0)), answered, clients, random }
    }

    /// Lets the clients go on with what they have, and with new orders where more of them are wanted.
    fn load(&mut self, server: &Server, goes_on: bool) -> JoinSet<Client> {
        let mut tasks = JoinSet::new();
        for client in std::mem::take(&mut self.clients) {
            let (asker, address) = (self.asker.clone(), server.address.clone());
            tasks.spawn(client.work(asker, address, self.world.clone(), self.next.clone(), goes_on));
        }
        tasks
    }

    async fn gather(&mut self, mut tasks: JoinSet<Client>) {
        while let Some(client) = tasks.join_next().await {
            self.clients.push(client.unwrap());
        }
    }

    /// Some of what was answered before is asked again and answered the same, byte for byte.
    async fn ask_again(&mut self, server: &Server) {
        let asked: Vec<&Asked> = self.clients.iter().flat_map(|client| &client.asked).collect();
        for _ in 0..ASKED_AGAIN.min(asked.len()) {
            let Asked { method, path, key, body, answer } = asked[self.random.random_range(0..asked.len())];
            let again = self.asker.insist(&server.address, method.clone(), path, key, body).await.unwrap();
            assert_eq!(&again, answer, "{key}");
        }
    }

    /// Everything that was begun is finished; then every figure is what the answers add up to.
    async fn settle(&mut self) {
        let server = Server::start(&self.home);
        let tasks = self.load(&server, false);
        self.gather(tasks).await;
        let works: Vec<&Work> = self.clients.iter().flat_map(|client| &client.works).collect();
        let orders: HashSet<&str> =
            works.iter().filter(|work| work.stage == Stage::Done).map(|work| work.order.as_str()).collect();
        let accepted = works.iter().filter(|work| work.stage == Stage::Done).count();
        assert_eq!(orders.len(), accepted, "each accepted order is one of its own");
        let (mut delivered_of_all, mut accepted_of_all) = (0, 0);
        for (shop, room) in ROOM.into_iter().enumerate() {
            let of_shop = |work: &&&Work| work.shop == shop && work.stage == Stage::Done;
            let accepted = i64::try_from(works.iter().filter(of_shop).count()).unwrap();
            let delivered = works.iter().filter(of_shop).filter(|work| !work.cycle.is_empty()).count();
            let delivered = i64::try_from(delivered).unwrap();
            let [reserved, outstanding] = self.world.position(&self.asker, &server.address, shop).await;
            assert_eq!(reserved, (accepted - delivered) * PRICE_PAISA, "shop {shop}");
            assert_eq!(outstanding, delivered * (PRICE_PAISA - REPAID_PAISA), "shop {shop}");
            assert!(reserved + outstanding <= room * PRICE_PAISA, "shop {shop}");
            delivered_of_all += delivered;
            accepted_of_all += accepted;
        }
        let stock = self.world.stock(&self.asker, &server.address).await;
        assert_eq!(stock, [100_000 - delivered_of_all, accepted_of_all - delivered_of_all]);
        assert_eq!(self.count_orders(&server).await, accepted, "no order is there that nobody was answered");
        server.terminate();
        assert!(server.ended_well());
        self.home.is_clean();
        let refused = works.iter().filter(|work| work.stage == Stage::Refused).count();
        let unanswered: usize = self.clients.iter().map(|client| client.unanswered).sum();
        println!("{accepted} orders, {delivered_of_all} repaid in part, {refused} refused, {unanswered} asked again");
        assert!(accepted > 10 * ROUNDS && delivered_of_all > 100 && refused > ROUNDS, "too little was tried");
        assert!(unanswered > ROUNDS, "the server was not killed under load");
    }

    async fn count_orders(&self, server: &Server) -> usize {
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = self.asker.get(&server.address, &format!("orders?limit=200{after}")).await;
            count += page["items"].as_array().unwrap().len();
            let Some(next) = page["next"].as_str() else { return count };
            after = format!("&after={next}");
        }
    }
}

async fn killed_under_load(home: Home) {
    let mut test = Test::open(home).await;
    for round in 1..=ROUNDS {
        let server = Server::start(&test.home);
        let tasks = test.load(&server, true);
        let wanted = test.answered.load(Ordering::SeqCst) + test.random.random_range(1..80);
        while test.answered.load(Ordering::SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(test.random.random_range(0..20))).await;
        server.kill();
        test.gather(tasks).await;
        if round % 10 == 0 {
            test.home.is_clean();
            let server = Server::start(&test.home);
            test.ask_again(&server).await;
            server.kill();
        }
    }
    test.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_on_sqlite() {
    killed_under_load(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_on_postgres() {
    killed_under_load(Home::postgres()).await;
}

/// SIGTERM lets what is in work end: every request that was begun is answered, and the process ends well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_it_answers_what_it_began() {
    let mut test = Test::open(Home::sqlite()).await;
    let server = Server::start(&test.home);
    let tasks = test.load(&server, true);
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.terminate();
    assert!(server.ended_well());
    test.gather(tasks).await;
    let answered: usize = test.clients.iter().map(|client| client.asked.len()).sum();
    assert!(answered > 50, "{answered}");
    let server = Server::start(&test.home);
    test.ask_again(&server).await;
    let tasks = test.load(&server, false);
    test.gather(tasks).await;
    server.kill();
    test.home.is_clean();
}
