//! What stands in for Meta in tests, the demo and the simulator?
//!
//! [`FakeGraph`] is a Graph API of one number on this machine. It takes `POST /v23.0/<phone number id>/messages` with the bearer
//! token, refuses what Meta documents as refused (with error 100 and the detail), remembers what was sent, and can be told to
//! misbehave: any documented error, a slow answer, a lost one, a broken one. It never opens a connection of its own.
//!
//! The other direction, webhooks as Meta writes and signs them, is [`Webhook`], and [`Courier`] delivers them.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use whatsapp::fake::{Behaviour, FakeGraph};
//! use whatsapp::{Client, Outgoing, Policy, Recipient};
//!
//! let meta = FakeGraph::start("106540352242922", "token", "run1").await?;
//! let client = Client::new(meta.settings())?;
//! let (hello, ram) = (Outgoing::text("Namaste")?, Recipient::phone("9779848000001"));
//! client.send(&hello, &ram, "ob_1").await?;
//! assert_eq!(meta.sent()[0].readable, "Namaste");
//!
//! meta.next(1, Behaviour::Refuse(131_056));
//! let refused = client.send(&hello, &ram, "ob_2").await.unwrap_err();
//! assert_eq!(refused.policy(), Policy::DelayRecipient);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! There is no clock: the 24-hour window is kept only once [`FakeGraph::enforce_window`] has been given one.

mod check;
mod part;
mod server;
mod webhook;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::client::Settings;
use crate::message::Outgoing;
use crate::recipient::Recipient;

pub use webhook::{CartLine, Courier, Person, Say, Signed, Webhook, escaped, signed};

/// How many new messages a subscriber may be behind before it misses some.
const BACKLOG: usize = 4096;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A message the fake accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The id it answered with.
    pub wamid: String,
    /// Whom it is for.
    pub to: Recipient,
    /// What it says.
    pub message: Outgoing,
    /// The sender's own id of it, `biz_opaque_callback_data`.
    pub opaque: Option<String>,
    /// The message as plain text; a template that was [approved](FakeGraph::approve) with its whole text.
    pub readable: String,
    /// The body of the request as it came.
    pub json: Value,
}

/// How the fake takes a send that is otherwise in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As Meta on a good day; stands between others in a series.
    Accept,
    /// With this error code, and the HTTP status that belongs to it. Nothing is sent.
    Refuse(i64),
    /// The message is sent, the answer comes after this time.
    Delay(Duration),
    /// The message is sent, the connection ends without an answer.
    Drop,
    /// The message is sent, the answer is the error page of some proxy.
    Garble,
}

/// A template as Meta approved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its text, with `{{1}}`, `{{2}}` … where the values go.
    pub body: String,
    /// The titles of its quick replies.
    pub quick_replies: Vec<String>,
}

type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    malformed: Vec<String>,
    read: Vec<String>,
    next: VecDeque<Behaviour>,
    usual: Option<Behaviour>,
    approved: Vec<Approved>,
    now: Option<Now>,
    last_heard: HashMap<Recipient, i64>,
    accepted: u64,
    media: HashMap<String, Vec<u8>>,
}

struct Shared {
    phone_number_id: String,
    token: String,
    run: String,
    base_url: OnceLock<String>,
    state: Mutex<State>,
    news: broadcast::Sender<Sent>,
}

/// A Graph API of one number, in memory. Cheap to clone; the clones are the same server.
#[derive(Clone)]
pub struct FakeGraph {
    shared: Arc<Shared>,
}

impl fmt::Debug for FakeGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeGraph({}, {} sent)", self.shared.phone_number_id, self.shared.state.lock().sent.len())
    }
}

impl FakeGraph {
    /// A fake that listens nowhere yet: use its [`router`](Self::router) in process, or [`start`](Self::start) instead.
    /// `run` becomes part of every message id (`wamid.<run>.1`), so that ids of two runs on one database differ.
    pub fn new(phone_number_id: &str, token: &str, run: &str) -> Self {
        let shared = Shared {
            phone_number_id: phone_number_id.to_owned(),
            token: token.to_owned(),
            run: run.to_owned(),
            base_url: OnceLock::new(),
            state: Mutex::default(),
            news: broadcast::channel(BACKLOG).0,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A fake that listens on a free port of 127.0.0.1 until the runtime ends.
    pub async fn start(phone_number_id: &str, token: &str, run: &str) -> std::io::Result<Self> {
        let fake = Self::new(phone_number_id, token, run);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/v23.0", listener.local_addr()?);
        fake.shared.base_url.get_or_init(|| base_url);
        let router = fake.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(fake)
    }

    /// The routes, for a server of one's own or for calls in process.
    pub fn router(&self) -> axum::Router {
        server::router(self.clone())
    }

    /// Settings of a client that sends to this fake. Without a listener the address is empty.
    pub fn settings(&self) -> Settings {
        let base_url = self.shared.base_url.get().cloned().unwrap_or_default();
        Settings { base_url, ..Settings::new(&self.shared.phone_number_id, &self.shared.token) }
    }

    /// Everything accepted so far, in its order.
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state.lock().sent.clone()
    }

    /// What was accepted for one person, in its order.
    pub fn sent_to(&self, to: &Recipient) -> Vec<Sent> {
        self.shared.state.lock().sent.iter().filter(|sent| sent.to == *to).cloned().collect()
    }

    /// What was wrong with the requests that no real API would take, in their order: each is a fault of their sender.
    pub fn malformed(&self) -> Vec<String> {
        self.shared.state.lock().malformed.clone()
    }

    /// The ids of the messages that were marked as read, in their order.
    pub fn read(&self) -> Vec<String> {
        self.shared.state.lock().read.clone()
    }

    /// Forgets what was sent and read. Behaviours, templates and windows stay.
    pub fn clear(&self) {
        let mut state = self.shared.state.lock();
        state.sent.clear();
        state.read.clear();
    }

    /// Every message accepted from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Sent> {
        self.shared.news.subscribe()
    }

    /// Waits until what was sent is `enough`, and gives it. Waits for ever if it never is: put a time-out around it.
    pub async fn wait(&self, enough: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        let mut news = self.subscribe();
        loop {
            let sent = self.sent();
            if enough(&sent) {
                return sent;
            }
            // A subscriber that lagged behind has still been woken, and the list is complete.
            let _ = news.recv().await;
        }
    }

    /// Takes the next `count` sends in this way, after those that were asked for before.
    pub fn next(&self, count: usize, behaviour: Behaviour) {
        self.shared.state.lock().next.extend(std::iter::repeat_n(behaviour, count));
    }

    /// From now on takes every send in this way, where no other was asked for: an outage lasts until `Accept`.
    pub fn from_now_on(&self, behaviour: Behaviour) {
        self.shared.state.lock().usual = Some(behaviour);
    }

    /// Holds a file under an id, as if somebody had sent it.
    pub fn hold_media(&self, id: &str, bytes: &[u8]) {
        self.shared.state.lock().media.insert(id.to_owned(), bytes.to_vec());
    }

    /// Approves a template. While none is approved every template is taken; after the first only approved ones are, with the
    /// right number of values.
    pub fn approve(&self, template: Approved) {
        self.shared.state.lock().approved.push(template);
    }

    /// From now on refuses everything but templates to people not [heard from](Self::heard_from) within 24 hours (error 131047).
    /// `now` gives Unix seconds.
    pub fn enforce_window(&self, now: impl Fn() -> i64 + Send + Sync + 'static) {
        self.shared.state.lock().now = Some(Arc::new(now));
    }

    /// Notes that somebody wrote to us at `at`, in Unix seconds, which opens their window. An earlier time changes nothing.
    pub fn heard_from(&self, who: &Recipient, at: i64) {
        let mut state = self.shared.state.lock();
        let last = state.last_heard.entry(who.clone()).or_insert(at);
        *last = at.max(*last);
    }
}
