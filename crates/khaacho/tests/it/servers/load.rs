//! Clients that take orders on credit all the way, and remember what they were answered.
//!
//! Each command has its own idempotency key, and a command that was not answered is asked again with it. So whatever
//! happens to the server, the figures at the end are what the answers add up to.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::server::{Answer, Asker, Home, KEYS, LONGEST, ORDERS, Server};
use super::world::{PRICE_PAISA, STOCK, World};

/// How many clients there are.
pub(crate) const CLIENTS: usize = 16;
/// The room on each line, in orders; the last line is soon full.
const ROOM: [i64; 4] = [20_000, 20_000, 20_000, 30];
/// What is paid back of a delivered order.
const REPAID_PAISA: i64 = 4_000;
/// Each so many-th order goes all the way to its repayment.
const WHOLE_WAY: usize = 4;

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

    fn is_finished(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Refused)
    }

    fn is_placed(&self) -> bool {
        !self.order.is_empty()
    }
}

/// A command that was answered.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
    key: String,
    body: Value,
    answer: Answer,
}

/// Where the clients ask, and what they count together.
#[derive(Clone)]
struct Round {
    asker: Asker,
    address: String,
    world: Arc<World>,
    /// Numbers the orders of all clients.
    next: Arc<AtomicUsize>,
    /// Answers to all clients.
    answered: Arc<AtomicUsize>,
}

/// What one client holds.
#[derive(Default)]
struct Client {
    works: Vec<Work>,
    asked: Vec<Asked>,
    /// How many of the answers were asked for again.
    asked_again: usize,
    /// Commands whose answer did not come, since they were last counted.
    unanswered: usize,
}

impl Client {
    /// Moves an order one stage on; None where the server is gone.
    async fn step(&mut self, round: &Round, at: usize) -> Option<()> {
        let work = self.works[at].clone();
        let Work { number, stage, .. } = work;
        let status = format!("orders/{}/status", work.order);
        let (method, path, body) = match stage {
            Stage::Place => (Method::POST, "orders".to_owned(), round.world.order(work.shop)),
            Stage::Accept => (Method::POST, format!("order-routing/accept/{}", work.offer), json!({})),
            Stage::Dispatch => (Method::PATCH, status, json!({ "status": "DISPATCHED" })),
            Stage::Deliver => {
                (Method::PATCH, status, json!({ "status": "DELIVERED", "reason": "the shop told it on the phone" }))
            }
            Stage::Repay => {
                let body = json!({ "principal": "40.00", "method": "CASH" });
                (Method::POST, format!("credit/cycles/{}/repay", work.cycle), body)
            }
            Stage::Done | Stage::Refused => return Some(()),
        };
        let key = format!("{number}-{stage:?}");
        let Some(answer) = round.asker.insist(&round.address, method.clone(), &path, &key, &body).await else {
            self.unanswered += 1;
            return None;
        };
        round.answered.fetch_add(1, Ordering::SeqCst);
        self.asked.push(Asked { method, path, key, body, answer: answer.clone() });
        self.take(at, &answer);
        Some(())
    }

    /// What an answer means for an order.
    fn take(&mut self, at: usize, answer: &Answer) {
        let work = &mut self.works[at];
        if work.stage == Stage::Place && answer.status != StatusCode::CREATED {
            assert_eq!(answer.code(), "INSUFFICIENT_CREDIT", "{}", answer.body);
            work.stage = Stage::Refused;
            return;
        }
        assert!(answer.status.is_success(), "{:?}: {}", work.stage, answer.body);
        let told = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        work.stage = match work.stage {
            Stage::Place => {
                work.order = text(&told["id"]);
                if work.number.is_multiple_of(WHOLE_WAY) { Stage::Accept } else { Stage::Done }
            }
            Stage::Accept => Stage::Dispatch,
            Stage::Dispatch => Stage::Deliver,
            Stage::Deliver => {
                work.cycle = text(&told["cycle"]["id"]);
                Stage::Repay
            }
            Stage::Repay | Stage::Done | Stage::Refused => Stage::Done,
        };
    }

    /// Takes an order as far as it goes; None where the server is gone.
    async fn finish(&mut self, round: &Round, at: usize) -> Option<()> {
        while !self.works[at].is_finished() {
            if self.works[at].stage == Stage::Accept && self.works[at].offer.is_empty() {
                let path = format!("order-routing/order/{}", self.works[at].order);
                let routed = round.asker.insist(&round.address, Method::GET, &path, "", &Value::Null).await?;
                let routed = routed.json();
                routed["offers"][0]["id"].as_str().unwrap().clone_into(&mut self.works[at].offer);
            }
            self.step(round, at).await?;
        }
        Some(())
    }

    /// Goes on with what is unfinished and then, where it `goes_on`, with new orders until the server is gone.
    async fn work(mut self, round: Round, goes_on: bool) -> Self {
        for at in 0..self.works.len() {
            if self.finish(&round, at).await.is_none() {
                return self;
            }
        }
        if !goes_on {
            return self;
        }
        loop {
            self.works.push(Work::new(round.next.fetch_add(1, Ordering::SeqCst)));
            if self.finish(&round, self.works.len() - 1).await.is_none() {
                return self;
            }
        }
    }

    /// Every answer that was not asked for again yet is asked for again, and is the same, byte for byte.
    async fn ask_again(mut self, round: Round) -> Self {
        for Asked { method, path, key, body, answer } in &self.asked[self.asked_again..] {
            let again = round.asker.insist(&round.address, method.clone(), path, key, body).await.unwrap();
            assert_eq!(&again, answer, "{key}");
        }
        self.asked_again = self.asked.len();
        self
    }
}

/// What came of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) accepted: usize,
    pub(crate) repaid: usize,
    pub(crate) refused: usize,
}

/// The clients, and the world they order in.
pub(crate) struct Load {
    pub(crate) home: Home,
    asker: Asker,
    world: Arc<World>,
    next: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    clients: Vec<Client>,
    /// Idempotency keys that making the world has left.
    keys_before: usize,
}

impl Load {
    /// Makes the world in an empty database.
    pub(crate) async fn open(home: Home) -> Self {
        let server = Server::start(&home);
        let asker = Asker::new();
        let world = Arc::new(World::open(&asker, &server.address, &ROOM.map(|orders| orders * PRICE_PAISA)).await);
        server.terminate();
        assert!(server.ended_well());
        let keys_before = home.count(KEYS).await;
        let clients = (0..CLIENTS).map(|_| Client::default()).collect();
        let (next, answered) = Default::default();
        Self { home, asker, world, next, answered, clients, keys_before }
    }

    /// Answers that came until now.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many answers have come.
    pub(crate) async fn reaches(&self, wanted: usize) {
        let reached = async {
            while self.answered() < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(tokio::time::timeout(LONGEST, reached).await.is_ok(), "{} of {wanted} answers", self.answered());
    }

    fn round(&self, server: &Server) -> Round {
        let (asker, address) = (self.asker.clone(), server.address.clone());
        let (world, next, answered) = (self.world.clone(), self.next.clone(), self.answered.clone());
        Round { asker, address, world, next, answered }
    }

    /// Lets the clients go on with what they have, and then with new orders until the server is gone.
    pub(crate) fn begin(&mut self, server: &Server) -> Running {
        self.spawn(server, true)
    }

    fn spawn(&mut self, server: &Server, goes_on: bool) -> Running {
        let round = self.round(server);
        Running(self.clients.drain(..).map(|client| client.work(round.clone(), goes_on)).collect())
    }

    /// Waits until every client has noticed that the server is gone. Returns how many commands of this round were not
    /// answered, and how many of those were carried out all the same: kept with their key, for whoever asks again.
    pub(crate) async fn gather(&mut self, Running(clients): Running) -> (usize, usize) {
        self.clients = clients.join_all().await;
        let unanswered = self.clients.iter_mut().map(|client| std::mem::take(&mut client.unanswered)).sum();
        let answered: usize = self.clients.iter().map(|client| client.asked.len()).sum();
        let kept = self.home.count(KEYS).await;
        let carried_out = kept.checked_sub(self.keys_before + answered);
        (unanswered, carried_out.unwrap_or_else(|| panic!("{answered} were answered and only {kept} are kept")))
    }

    /// Every answer since the last time is asked for again.
    pub(crate) async fn ask_again(&mut self, server: &Server) {
        let round = self.round(server);
        let clients: JoinSet<Client> = self.clients.drain(..).map(|client| client.ask_again(round.clone())).collect();
        self.clients = clients.join_all().await;
    }

    /// Every answer there ever was is asked for again.
    pub(crate) async fn ask_everything_again(&mut self, server: &Server) {
        for client in &mut self.clients {
            client.asked_again = 0;
        }
        self.ask_again(server).await;
    }

    /// No line has more on it than its limit.
    pub(crate) async fn is_not_overspent(&self, server: &Server) {
        for (shop, room) in ROOM.into_iter().enumerate() {
            let position = self.world.position(&self.asker, &server.address, shop).await;
            assert!(position.reserved + position.outstanding <= room * PRICE_PAISA, "shop {shop}: {position:?}");
        }
    }

    /// Everything that was begun is finished, asked again with the same keys; then every figure is what the answers add up
    /// to.
    pub(crate) async fn settle(&mut self, server: &Server) -> Outcome {
        let Running(finishing) = self.spawn(server, false);
        self.clients = finishing.join_all().await;
        let works: Vec<&Work> = self.clients.iter().flat_map(|client| &client.works).collect();
        assert!(works.iter().all(|work| work.is_finished()), "a command of a server that was not ended is unanswered");
        let (mut delivered_of_all, mut accepted_of_all) = (0, 0);
        for (shop, room) in ROOM.into_iter().enumerate() {
            let of_shop = || works.iter().filter(|work| work.shop == shop && work.is_placed());
            let accepted = i64::try_from(of_shop().count()).unwrap();
            let delivered = i64::try_from(of_shop().filter(|work| !work.cycle.is_empty()).count()).unwrap();
            let position = self.world.position(&self.asker, &server.address, shop).await;
            assert_eq!(position.reserved, (accepted - delivered) * PRICE_PAISA, "shop {shop}");
            assert_eq!(position.outstanding, delivered * (PRICE_PAISA - REPAID_PAISA), "shop {shop}");
            assert_eq!(position.available, room * PRICE_PAISA - position.reserved - position.outstanding);
            assert!(position.available >= 0, "shop {shop}: {position:?}");
            delivered_of_all += delivered;
            accepted_of_all += accepted;
        }
        let stock = self.world.stock(&self.asker, &server.address).await;
        assert_eq!(stock, [STOCK - delivered_of_all, accepted_of_all - delivered_of_all]);
        let accepted = works.iter().filter(|work| work.is_placed()).count();
        let orders: HashSet<&str> =
            works.iter().filter(|work| work.is_placed()).map(|work| work.order.as_str()).collect();
        assert_eq!(orders.len(), accepted, "each accepted order is one of its own");
        assert_eq!(self.home.count(ORDERS).await, accepted, "no order is there that nobody was answered");
        Outcome {
            accepted,
            repaid: usize::try_from(delivered_of_all).unwrap(),
            refused: works.iter().filter(|work| work.stage == Stage::Refused).count(),
        }
    }
}

/// Clients at work.
pub(crate) struct Running(JoinSet<Client>);
