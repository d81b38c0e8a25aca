//! The simulator: WhatsApp played by a fake Graph API inside the server, with a door for `khaacho chat`.
//!
//! It is mounted in simulator mode only, in which the server never talks to the network. Messages *to* the platform go
//! through the same signed webhook as Meta's.

mod page;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use db::{Db, DbError};
use kernel::{Clock, PageRequest};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use whatsapp::fake::{Behaviour, FakeGraph, Sent};
use whatsapp::message::Outgoing;

use crate::meta::Meta;

pub use page::pages;

/// What the simulator's routes work on.
#[derive(Clone, Debug)]
pub struct Simulator {
    /// The fake that records what is sent.
    pub graph: FakeGraph,
    /// The clock that can be moved ahead.
    pub clock: Clock,
    /// The database, to list who can be played.
    pub db: Db,
    /// What speaks for people in the panel.
    pub meta: Arc<Mutex<Meta>>,
}

/// Someone who can be played.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Player {
    /// The phone, digits only.
    pub phone: String,
    /// The shop's or wholesaler's name.
    pub name: String,
    /// `retailer` or `vendor`.
    pub role: String,
}

/// A message that the platform sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bubble {
    /// Counts all messages of the fake, from 1.
    pub seq: usize,
    /// The id that a button's answer refers to.
    pub wamid: String,
    /// To whom.
    pub to: String,
    /// What.
    pub message: Outgoing,
    /// The message as plain text.
    pub readable: String,
}

/// Which messages are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// Only those after this number.
    #[serde(default)]
    pub after: usize,
    /// Only those to this phone.
    #[serde(default)]
    pub to: Option<String>,
}

/// How far the clock is moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Advance {
    /// Seconds ahead; not negative.
    pub advance_seconds: u32,
}

/// How the next message is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refuse {
    /// WhatsApp's code.
    pub code: i64,
}

/// The simulator's routes, under `/simulator`.
pub fn routes(simulator: Simulator) -> Router {
    Router::new()
        .route("/simulator/players", get(list_players))
        .route("/simulator/messages", get(messages))
        .route("/simulator/clock", post(advance))
        .route("/simulator/refuse", post(refuse))
        .with_state(simulator)
}

async fn list_players(State(simulator): State<Simulator>) -> Result<Json<Vec<Player>>, web::Problem> {
    players(&simulator.db).await.map(Json)
}

/// Who can be played, vendors last.
async fn players(db: &Db) -> Result<Vec<Player>, web::Problem> {
    let found = db.read(async |tx| {
        let page = PageRequest::new(Some(PageRequest::MOST), None);
        let retailers = parties::retailers_page(tx, None, &page).await?;
        let vendors = parties::all_vendors(tx).await?;
        Ok::<_, DbError>((retailers.items, vendors))
    });
    let (retailers, vendors) = found.await.map_err(web::Problem::from)?;
    let mut players: Vec<Player> = vendors
        .into_values()
        .map(|vendor| Player { phone: vendor.phone, name: vendor.name, role: "vendor".to_owned() })
        .collect();
    players.extend(retailers.into_iter().map(|retailer| Player {
        phone: retailer.phone,
        name: retailer.name,
        role: "retailer".to_owned(),
    }));
    players.sort_by(|a, b| (&a.role, &a.name).cmp(&(&b.role, &b.name)));
    Ok(players)
}

async fn messages(State(simulator): State<Simulator>, Query(wanted): Query<Wanted>) -> Json<Vec<Bubble>> {
    let is_wanted = |bubble: &Bubble| wanted.to.as_ref().is_none_or(|to| *to == bubble.to);
    Json(bubbles(&simulator.graph, wanted.after).into_iter().filter(is_wanted).collect())
}

/// What the platform sent after its first messages.
fn bubbles(graph: &FakeGraph, after: usize) -> Vec<Bubble> {
    let bubble = |(seq, sent): (usize, Sent)| Bubble {
        seq,
        wamid: sent.wamid,
        to: sent.to.as_str().to_owned(),
        message: sent.message,
        readable: sent.readable,
    };
    (1..).zip(graph.sent()).skip(after).map(bubble).collect()
}

async fn refuse(State(simulator): State<Simulator>, Json(refuse): Json<Refuse>) {
    simulator.graph.next(1, Behaviour::Refuse(refuse.code));
}

async fn advance(State(simulator): State<Simulator>, Json(advance): Json<Advance>) -> Json<kernel::Instant> {
    simulator.clock.advance_seconds(i64::from(advance.advance_seconds));
    Json(simulator.clock.now())
}
