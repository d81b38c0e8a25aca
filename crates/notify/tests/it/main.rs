//! Outgoing messages on both engines, against a Graph API that misbehaves on demand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod errors;
mod rows;
mod statuses;

use db::DbError;
use kernel::{Actor, Context, PageRequest, Scope};
use notify::{Message, MessageFilter, MessageState, NewMessage, Recipient, SEND_JOB, Sender};
use queue::Registry;
use testkit::TestDb;
use whatsapp::fake::FakeGraph;
use whatsapp::message::{Outgoing, Template};
use whatsapp::{Client, StatusEvent};

const RAM: &str = "9779848000001";
const SITA: &str = "9779848000002";

/// A database, a fake Graph API, and the job that sends.
struct Post<'t> {
    t: &'t TestDb,
    graph: FakeGraph,
    registry: Registry,
}

impl<'t> Post<'t> {
    async fn open(t: &'t TestDb) -> Self {
        let graph = FakeGraph::start("106", "token", "run").await.unwrap();
        let sender = Sender::new(t.db.clone(), Client::new(graph.settings()).unwrap());
        let registry = Registry::default().outside(SEND_JOB, move |cx, job| sender.clone().work(cx, job));
        Self { t, graph, registry }
    }

    /// Both people have just written.
    async fn with_open_windows(t: &'t TestDb) -> Self {
        heard(t, RAM).await;
        heard(t, SITA).await;
        Self::open(t).await
    }

    async fn run(&self) -> usize {
        queue::run_ready(&self.t.db, &self.t.clock, &self.t.ids, &self.registry).await.unwrap()
    }

    /// The texts that left the building, in their order.
    fn sent(&self) -> Vec<String> {
        self.graph.sent().into_iter().map(|sent| sent.readable).collect()
    }

    /// The first message's wamid and our id of it.
    fn first_sent(&self) -> (String, Option<String>) {
        let sent = self.graph.sent().remove(0);
        (sent.wamid, sent.opaque)
    }
}

fn context(t: &TestDb) -> Context {
    Context::new(&t.clock, &t.ids, Actor::System, "test")
}

fn to(address: &str) -> Recipient {
    Recipient { address: address.to_owned(), retailer: None, vendor: None }
}

fn message(address: &str, text: &str) -> NewMessage {
    let content = Outgoing::text(text).unwrap();
    NewMessage { reason_key: format!("{address} {text}"), to: to(address), content, template: None }
}

fn template(param: &str) -> Outgoing {
    Template::new("offer", "en").param(param).build().unwrap()
}

async fn send(t: &TestDb, messages: Vec<NewMessage>) {
    let cx = context(t);
    let sent: Result<(), DbError> = t.db.write(async move |tx| notify::send(tx, &cx, messages.clone()).await).await;
    sent.unwrap();
}

async fn heard(t: &TestDb, address: &'static str) {
    let at = t.clock.now();
    let noted: Result<(), DbError> = t.db.write(async move |tx| notify::heard(tx, address, at).await).await;
    noted.unwrap();
}

async fn status(t: &TestDb, event: &StatusEvent) {
    let (cx, event) = (context(t), event.clone());
    let applied: Result<(), DbError> = t.db.write(async move |tx| notify::apply_status(tx, &cx, &event).await).await;
    applied.unwrap();
}

/// All messages, oldest first.
async fn messages(t: &TestDb) -> Vec<Message> {
    let page = PageRequest::new(Some(200), None);
    let read = t.db.read(async move |tx| notify::messages(tx, Scope::All, &MessageFilter::default(), &page).await);
    let mut items = read.await.unwrap().items;
    items.reverse();
    items
}

async fn states(t: &TestDb) -> Vec<MessageState> {
    messages(t).await.into_iter().map(|message| message.state).collect()
}

async fn dead_jobs(t: &TestDb) -> Vec<kernel::JobId> {
    let page = t.db.read(async |tx| queue::dead_jobs(tx, &PageRequest::default()).await).await.unwrap();
    page.items.into_iter().map(|(id, ..)| id).collect()
}
