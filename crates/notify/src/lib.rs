//! Outgoing WhatsApp messages as rows: written in the transaction that causes them, once per cause, sent in order per
//! recipient.
//!
//! Each message has a *reason key*: the cause in words (`offer:ofr_…`). The same cause never sends twice, however often
//! its transaction is run. The point of no return is the request to the Graph API in [`Sender::work`]: before it the
//! message is SENDING, after it SENT with WhatsApp's id; where the answer is lost it is UNKNOWN, is not sent again, and
//! waits for the status event that carries our id back.
//!
//! Each documented error has its step: the person waits, everyone slows down or stops, a template goes instead, or the
//! message is given up, or laid aside for an operator whose retry of the job sends it after all. What a message says, and
//! when somebody is to be reminded, lives in the rooms.
//!
//! Statements: [`send`] 2 for any number of messages, one of them waited for; sending one message 3; a status event 2 or 3.

mod jobs;
mod rules;
mod store;

use db::{DbError, Tx, text_enum};
use kernel::{Context, Instant, MessageId, RetailerId, VendorId};
use queue::{NewJob, Queue};
use serde::Serialize;
use whatsapp::message::Outgoing;
use whatsapp::payload::{Delivery, StatusEvent};

pub use jobs::Sender;
pub use store::{Alert, Cost, MessageFilter, alert, costs, count_since, messages};

/// The kind of job that sends one message.
pub const SEND_JOB: &str = "notify.send";

text_enum! {
    /// Where an outgoing message stands.
    pub enum MessageState {
        /// It waits.
        Queued = "QUEUED",
        /// It is being handed over.
        Sending = "SENDING",
        /// WhatsApp has it.
        Sent = "SENT",
        /// It is on the phone.
        Delivered = "DELIVERED",
        /// It was read.
        Read = "READ",
        /// It will not arrive.
        Failed = "FAILED",
        /// Whether WhatsApp has it is not known; it is not sent again.
        Unknown = "UNKNOWN",
    }
}

/// To whom a message goes.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The WhatsApp phone (digits) or user id.
    pub address: String,
    /// The retailer, where it is one.
    pub retailer: Option<RetailerId>,
    /// The vendor, where it is one.
    pub vendor: Option<VendorId>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Why it is sent, unique: the same reason never sends twice.
    pub reason_key: String,
    /// To whom.
    pub to: Recipient,
    /// What, within 24 hours of the person's last message.
    pub content: Outgoing,
    /// The template to send instead when those hours are over; without one the message is given up then.
    pub template: Option<Outgoing>,
}

/// An outgoing message as it is shown.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Why it was sent.
    pub reason_key: String,
    /// The retailer it went to.
    pub retailer_id: Option<RetailerId>,
    /// The vendor it went to.
    pub vendor_id: Option<VendorId>,
    /// The message as plain text.
    pub text: String,
    /// Where it stands.
    pub state: MessageState,
    /// What went wrong.
    pub error: Option<String>,
    /// When it was written.
    pub created_at: Instant,
    /// When it was handed over.
    pub sent_at: Option<Instant>,
}

/// Writes messages and queues their sending. Those whose reason was used before are passed over.
pub async fn send(tx: &mut Tx, cx: &Context, messages: Vec<NewMessage>) -> Result<(), DbError> {
    send_new(tx, cx, messages).await.map(|_| ())
}

/// The same, and returns how many are new.
pub async fn send_new(tx: &mut Tx, cx: &Context, messages: Vec<NewMessage>) -> Result<usize, DbError> {
    let new = store::insert_new(tx, cx, messages, false).await?;
    queue_new(tx, cx, new).await
}

/// The same for messages that nobody waits for. Whoever said "stop" does not get them, not even those that were written
/// before.
pub async fn remind(tx: &mut Tx, cx: &Context, mut messages: Vec<NewMessage>) -> Result<usize, DbError> {
    let addresses: Vec<&str> = messages.iter().map(|message| message.to.address.as_str()).collect();
    let stopped = store::stopped(tx, &addresses).await?;
    messages.retain(|message| !stopped.contains(&message.to.address));
    let new = store::insert_new(tx, cx, messages, true).await?;
    queue_new(tx, cx, new).await
}

/// Somebody does not want to be reminded of anything any more. Whether that is new.
pub async fn stop_reminders(tx: &mut Tx, address: &str, at: Instant) -> Result<bool, DbError> {
    store::put_stop(tx, address, at).await
}

/// Somebody wants reminders again. Whether that is new.
pub async fn start_reminders(tx: &mut Tx, address: &str) -> Result<bool, DbError> {
    store::delete_stop(tx, address).await
}

/// The same as [`send`] for messages that would disturb somebody's sleep: between 20:00 and 07:00 they wait for the
/// morning, behind what is written meanwhile.
pub async fn send_by_day(tx: &mut Tx, cx: &Context, messages: Vec<NewMessage>) -> Result<(), DbError> {
    let new = store::insert_new(tx, cx, messages, false).await?;
    queue_from(tx, cx, new, rules::by_day(cx.now)).await.map(|_| ())
}

async fn queue_new(tx: &mut Tx, cx: &Context, new: Vec<(MessageId, String)>) -> Result<usize, DbError> {
    queue_from(tx, cx, new, cx.now).await
}

async fn queue_from(tx: &mut Tx, cx: &Context, new: Vec<(MessageId, String)>, from: Instant) -> Result<usize, DbError> {
    let jobs: Vec<NewJob> = new
        .into_iter()
        .map(|(id, address)| {
            NewJob::new(cx, Queue::Whatsapp, SEND_JOB, serde_json::json!({ "message": id }))
                .order_key(format!("to:{address}"))
                .run_at(from)
                .position(from.micros())
        })
        .collect();
    let written = jobs.len();
    if written > 0 {
        queue::enqueue(tx, cx, jobs).await?;
    }
    Ok(written)
}

/// A person has written: for 24 hours they may be written to freely.
pub async fn heard(tx: &mut Tx, address: &str, at: Instant) -> Result<(), DbError> {
    store::put_heard(tx, address, at).await
}

/// Until when a person may be written to freely, seen from when they wrote last.
pub fn window_until(heard_at: Instant) -> Instant {
    rules::window_until(heard_at)
}

/// Applies what WhatsApp tells about a message of ours. Lower and repeated news is ignored, and so is news of messages
/// that are not ours.
pub async fn apply_status(tx: &mut Tx, cx: &Context, event: &StatusEvent) -> Result<(), DbError> {
    let Some((id, state)) = store::find_for_status(tx, &event.wamid, event.opaque.as_deref()).await? else {
        tracing::info!(wamid = event.wamid, "a status of a message that is not ours");
        return Ok(());
    };
    if let Some(pricing) = &event.pricing {
        let day = Instant::from_micros(0).plus_seconds(event.timestamp).business_date();
        store::put_cost(tx, id, day, pricing).await?;
    }
    let news = match event.status {
        Delivery::Sent => MessageState::Sent,
        Delivery::Delivered => MessageState::Delivered,
        Delivery::Read => MessageState::Read,
        Delivery::Failed => MessageState::Failed,
    };
    if !is_news(state, news) {
        return Ok(());
    }
    let error = event.errors.first().map(ToString::to_string);
    if news == MessageState::Failed {
        tracing::warn!(message = %id, why = error, "WhatsApp could not deliver a message");
    }
    store::put_news(tx, cx.now, id, news, &event.wamid, error.as_deref()).await
}

/// Ranks: sent < failed < delivered < read; what was not handed over for certain ranks below them all.
const fn rank(state: MessageState) -> u8 {
    match state {
        MessageState::Queued | MessageState::Sending | MessageState::Unknown => 0,
        MessageState::Sent => 1,
        MessageState::Failed => 2,
        MessageState::Delivered => 3,
        MessageState::Read => 4,
    }
}

const fn is_news(old: MessageState, new: MessageState) -> bool {
    rank(new) > rank(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_and_lower_news_is_ignored() {
        assert!(is_news(MessageState::Unknown, MessageState::Sent));
        assert!(is_news(MessageState::Sent, MessageState::Failed));
        assert!(!is_news(MessageState::Delivered, MessageState::Sent));
        assert!(!is_news(MessageState::Delivered, MessageState::Failed));
        assert!(!is_news(MessageState::Read, MessageState::Read));
    }
}
