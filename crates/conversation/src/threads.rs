//! Conversations in the hands of a person: taken because the sender asked for one or because an operator stepped in, and
//! given back. While one is taken the dialogue is silent and what is written waits for the operator.

use db::{DbError, Tx};
use kernel::{Actor, Context, Instant, MessageId, RetailerId, UserId, VendorId};
use notify::{MessageState, NewMessage, Recipient};
use parties::Party;
use serde::Serialize;
use understand::Answer;
use whatsapp::message::Outgoing;
use whatsapp::payload::{Content, Inbound};

use crate::inbound::Said;
use crate::store;

/// Messages of each direction that a conversation is shown with.
const SHOWN: i64 = 30;

/// A conversation as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// The phone's digits or the WhatsApp user id.
    pub address: String,
    /// The retailer's or vendor's name, where the sender is known.
    pub name: Option<String>,
    /// The retailer.
    pub retailer_id: Option<RetailerId>,
    /// The vendor.
    pub vendor_id: Option<VendorId>,
    /// When the person wrote last.
    pub heard_at: Instant,
    /// Whether it is in a person's hands, so that the dialogue is silent.
    pub is_taken: bool,
    /// The operator who took it; nobody yet, where the sender asked for a person.
    pub taken_by: Option<UserId>,
    /// Since when.
    pub taken_at: Option<Instant>,
    /// Messages that wait for the operator's answer.
    pub waiting: i64,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// When it came or was written.
    pub at: Instant,
    /// Whether the person wrote it; else we did.
    pub is_theirs: bool,
    /// What it says, as plain text.
    pub text: String,
    /// The file that came with it.
    pub media_id: Option<String>,
    /// How far a message of ours got.
    pub state: Option<MessageState>,
}

/// A conversation with its newest messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenThread {
    /// Whose it is and in whose hands.
    pub thread: Thread,
    /// Until when they may be written to freely; past it only templates go.
    pub window_until: Instant,
    /// The newest messages, oldest first.
    pub messages: Vec<Line>,
}

/// Why a conversation is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody wrote from there.
    #[error("nobody has written from this address")]
    NotFound,
    /// Another operator has it.
    #[error("another operator has taken this conversation; it has to be given back first")]
    TakenByAnother(UserId),
    /// It is not taken.
    #[error("this conversation is not in a person's hands")]
    NotTaken,
    /// Nobody waits to be verified there.
    #[error("there is no number or user id here that waits to be verified")]
    NotWaiting,
    /// Somebody else has the number.
    #[error("another shop has this number")]
    PhoneTaken,
    /// The window is closed.
    #[error("24 hours have passed since the person wrote ({0}); WhatsApp lets nothing but templates through now")]
    WindowClosed(Instant),
    /// The text cannot be sent.
    #[error("a message has 1 to 4096 characters")]
    Text,
}

impl Refusal {
    /// The code that stays.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::TakenByAnother(_) => "TAKEN_BY_ANOTHER",
            Self::NotTaken => "NOT_TAKEN",
            Self::NotWaiting => "NOT_WAITING",
            Self::PhoneTaken => "PHONE_TAKEN",
            Self::WindowClosed(_) => "WINDOW_CLOSED",
            Self::Text => "VALIDATION",
        }
    }
}

/// In whose hands a conversation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) by: Option<UserId>,
}

/// The sender asked for a person: from now on the dialogue is silent, until an operator has given it back or the sender
/// asks for the menu before one came.
pub(crate) async fn ask_for_person(tx: &mut Tx, cx: &Context, address: &str) -> Result<(), DbError> {
    store::take(tx, address, None, cx.now).await
}

/// Whether a message waits for the operator. Presses on an offer or an order still do what they say: they are decisions,
/// not talk, and a deadline may hang on them.
pub(crate) async fn waits_for_operator(tx: &mut Tx, address: &str, said: &Said) -> Result<bool, DbError> {
    let Some(taken) = store::taken(tx, address).await? else { return Ok(false) };
    match said {
        Said::Pressed(id) if id.starts_with("offer:") || id.starts_with("order:") => Ok(false),
        Said::Typed(text) if taken.by.is_none() && understand::answer(text) == Some(Answer::Menu) => {
            store::give_back(tx, address).await?;
            Ok(false)
        }
        _ => Ok(true),
    }
}

/// One conversation with its newest messages.
pub async fn open(tx: &mut Tx, address: &str) -> Result<Option<OpenThread>, DbError> {
    let Some(thread) = store::thread(tx, address).await? else { return Ok(None) };
    let mut messages: Vec<Line> =
        store::incoming(tx, address, SHOWN).await?.iter().rev().map(|(at, m)| theirs(*at, m)).collect();
    let filter = notify::MessageFilter { address: Some(address.to_owned()), ..notify::MessageFilter::default() };
    let page = kernel::PageRequest::new(Some(SHOWN), None);
    let ours = notify::messages(tx, kernel::Scope::All, &filter, &page).await?.items;
    messages.extend(ours.into_iter().rev().map(|message| Line {
        at: message.created_at,
        is_theirs: false,
        text: message.text,
        media_id: None,
        state: Some(message.state),
    }));
    messages.sort_by_key(|line| line.at);
    Ok(Some(OpenThread { window_until: notify::window_until(thread.heard_at), thread, messages }))
}

fn theirs(at: Instant, message: &Inbound) -> Line {
    let media = if let Content::Media(media) = &message.content { Some(media.id.clone()) } else { None };
    Line { at, is_theirs: true, text: message.content.readable(), media_id: media, state: None }
}

/// An operator takes a conversation. Taking one's own again changes nothing.
pub async fn take(tx: &mut Tx, cx: &Context, address: &str) -> Result<Result<Thread, Refusal>, DbError> {
    let Actor::Operator(operator) = cx.actor else { return Ok(Err(Refusal::NotFound)) };
    if store::thread(tx, address).await?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    store::take(tx, address, Some(operator), cx.now).await?;
    match store::taken(tx, address).await?.and_then(|taken| taken.by) {
        Some(other) if other != operator => return Ok(Err(Refusal::TakenByAnother(other))),
        _ => {}
    }
    record(tx, cx, address, "conversation.taken", None).await?;
    found(tx, address).await
}

/// A conversation goes back to the dialogue, whoever took it.
pub async fn give_back(tx: &mut Tx, cx: &Context, address: &str) -> Result<Result<Thread, Refusal>, DbError> {
    if store::thread(tx, address).await?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    if store::taken(tx, address).await?.is_none() {
        return Ok(Err(Refusal::NotTaken));
    }
    store::give_back(tx, address).await?;
    record(tx, cx, address, "conversation.given_back", None).await?;
    found(tx, address).await
}

/// An operator writes to the person, inside the 24 hours only. What waited counts as answered.
pub async fn send(tx: &mut Tx, cx: &Context, address: &str, text: &str) -> Result<Result<Thread, Refusal>, DbError> {
    let Some(thread) = store::thread(tx, address).await? else { return Ok(Err(Refusal::NotFound)) };
    if cx.now >= notify::window_until(thread.heard_at) {
        return Ok(Err(Refusal::WindowClosed(thread.heard_at)));
    }
    let Ok(content) = Outgoing::text(text) else { return Ok(Err(Refusal::Text)) };
    let to = Recipient { address: address.to_owned(), retailer: thread.retailer_id, vendor: thread.vendor_id };
    let reason_key = format!("operator:{}", cx.id::<MessageId>());
    notify::send(tx, cx, vec![NewMessage { reason_key, to, content, template: None }]).await?;
    store::answered(tx, address, cx.now).await?;
    record(tx, cx, address, "conversation.sent", Some(text)).await?;
    found(tx, address).await
}

/// An operator has found out that the number or user id is whose it claims to be.
pub async fn verify(tx: &mut Tx, cx: &Context, address: &str) -> Result<Result<Thread, Refusal>, DbError> {
    if store::thread(tx, address).await?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    match parties::verify_address(tx, cx, address).await? {
        Ok(()) => found(tx, address).await,
        Err(parties::Refusal::PhoneTaken) => Ok(Err(Refusal::PhoneTaken)),
        Err(_) => Ok(Err(Refusal::NotWaiting)),
    }
}

async fn found(tx: &mut Tx, address: &str) -> Result<Result<Thread, Refusal>, DbError> {
    Ok(store::thread(tx, address).await?.ok_or(Refusal::NotFound))
}

/// What an operator did stands in the stream of the retailer or vendor, or in one for senders that nobody knows.
async fn record(
    tx: &mut Tx,
    cx: &Context,
    address: &str,
    action: &'static str,
    text: Option<&str>,
) -> Result<(), DbError> {
    let stream = match parties::by_address(tx, address).await? {
        Some(Party::Retailer(retailer)) => retailer.id.to_string(),
        Some(Party::Vendor(vendor)) => vendor.id.to_string(),
        None => "whatsapp".to_owned(),
    };
    let mut entry = audit::Entry::new(cx, stream, action, address);
    if let Some(text) = text {
        entry = entry.after(serde_json::json!({ "text": text }));
    }
    audit::record(tx, vec![entry]).await
}
