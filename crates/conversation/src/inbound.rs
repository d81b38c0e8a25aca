//! From a webhook's items to one handled message: stored once, queued in order, handled in one transaction.

use db::{DbError, Tx};
use kernel::{Actor, Context};
use notify::{NewMessage, Recipient};
use parties::{Language, Party};
use queue::{NewJob, Queue};
use understand::Answer;
use whatsapp::message::Outgoing;
use whatsapp::payload::{Content, Inbound, Item};

use crate::brain::Brain;
use crate::jobs::MEDIA_JOB;
use crate::session::{Session, State};
use crate::{place, retailer, store, stranger, threads, vendor, words};

/// The kind of job that handles one message.
pub const MESSAGE_JOB: &str = "conversation.message";

/// What is pressed to get no more reminders, or to get them again.
pub(crate) const STOP: &str = "reminders:stop";
pub(crate) const START: &str = "reminders:start";

/// How long a message waits for one that was written before it and comes later: Meta delivers in any order.
const SETTLE_MILLIS: i64 = 250;

/// A reply that is to be sent, and whether what can be pressed in it may be answered by typing.
pub(crate) type Reply = Result<Outgoing, whatsapp::message::MessageError>;

/// Stores what a webhook brought, queues the new messages and applies the statuses. Repeats change nothing.
pub async fn take_in(tx: &mut Tx, cx: &Context, items: Vec<Item>) -> Result<(), DbError> {
    let (mut messages, mut unreadable) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Message(message) => messages.push(message),
            Item::Status(status) => notify::apply_status(tx, cx, &status).await?,
            Item::SystemError(error) => tracing::error!(?error, "WhatsApp reports an error of the account"),
            Item::Unreadable { why, raw } => unreadable.push((why, raw)),
        }
    }
    store::insert_unreadable(tx, cx, unreadable).await?;
    let new = store::insert_new(tx, cx, &messages).await?;
    let jobs = messages.iter().filter(|message| new.contains(&message.wamid)).map(|message| {
        // Within one sender, messages are handled in the order of sending, as far as they have arrived by then.
        let position = message.timestamp.saturating_mul(1_000_000);
        NewJob::new(cx, Queue::OrderProcessing, MESSAGE_JOB, serde_json::json!({ "wamid": message.wamid }))
            .order_key(format!("from:{}", store::address(message)))
            .position(position)
            .run_at(cx.now.plus_millis(SETTLE_MILLIS))
    });
    for message in &messages {
        notify::heard(tx, &store::address(message), cx.now).await?;
    }
    let files = messages.iter().filter(|message| new.contains(&message.wamid)).filter_map(|message| {
        let Content::Media(media) = &message.content else { return None };
        let body = serde_json::json!({ "media": media, "address": store::address(message) });
        Some(NewJob::new(cx, Queue::OrderProcessing, MEDIA_JOB, body))
    });
    let jobs: Vec<NewJob> = jobs.chain(files).collect();
    if jobs.is_empty() { Ok(()) } else { queue::enqueue(tx, cx, jobs).await }
}

/// What is needed to handle one message.
pub(crate) struct Turn<'a> {
    /// The message.
    pub message: &'a Inbound,
    /// What was pressed, or what was typed.
    pub said: Said,
    /// The catalogue's index.
    pub brain: &'a Brain,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Something that could be pressed, by its id.
    Pressed(String),
    /// A text.
    Typed(String),
    /// A cart of the WhatsApp catalogue: SKU and quantity.
    Cart(Vec<(String, i64)>),
    /// Something a person must look at, such as a picture.
    ForPerson(&'static str),
    /// Something that needs no answer, such as a reaction.
    Nothing,
}

fn said(content: &Content) -> Said {
    match content {
        Content::Text { body } => Said::Typed(body.clone()),
        Content::ButtonReply { id, .. } | Content::ListReply { id, .. } => Said::Pressed(id.clone()),
        Content::TemplateButton { payload, .. } => Said::Pressed(payload.clone()),
        Content::Order { items, .. } => {
            Said::Cart(items.iter().map(|item| (item.sku.clone(), item.quantity)).collect())
        }
        Content::Location { .. } => Said::ForPerson("location"),
        Content::Media(_) => Said::ForPerson("media"),
        Content::Contacts { .. } => Said::ForPerson("contacts"),
        Content::Reaction { .. } | Content::System { .. } => Said::Nothing,
        Content::FlowReply { .. } | Content::Unsupported { .. } | Content::Unknown { .. } => {
            Said::ForPerson("unsupported")
        }
    }
}

/// Handles one stored message: its effect, the reply and the session's next step. A message that was handled before,
/// or is not there, is left alone.
pub async fn handle_job(tx: &mut Tx, cx: &Context, brain: &Brain, wamid: &str) -> Result<(), DbError> {
    let Some(message) = store::unhandled(tx, wamid).await? else { return Ok(()) };
    let address = store::address(&message);
    let party = parties::by_address(tx, &address).await?;
    let (retailer, vendor) = match &party {
        Some(Party::Retailer(retailer)) => (Some(retailer.id), None),
        Some(Party::Vendor(vendor)) => (None, Some(vendor.id)),
        None => (None, None),
    };
    let to = Recipient { address: address.clone(), retailer, vendor };
    let mut turn = Turn { message: &message, said: said(&message.content), brain };
    if let Content::System { new_phone: Some(new_phone), .. } = &message.content {
        parties::number_changed(tx, cx, &address, new_phone).await?;
    }
    if turn.said == Said::Nothing {
        return store::mark_handled(tx, cx, wamid, retailer, vendor).await;
    }
    turn.said = as_pressed(turn.said);
    // "Stop" is honoured whoever leads the talk.
    let is_about_reminders = matches!(&turn.said, Said::Pressed(id) if [STOP, START].contains(&id.as_str()));
    if !is_about_reminders && threads::waits_for_operator(tx, &address, &turn.said).await? {
        return store::mark_handled(tx, cx, wamid, retailer, vendor).await;
    }
    let Some(party) = party else {
        stranger::answer(tx, cx, &turn, to).await?;
        return store::mark_handled(tx, cx, wamid, None, None).await;
    };
    let fallback = match &party {
        Party::Retailer(retailer) => retailer.language,
        Party::Vendor(vendor) => vendor.language,
    };
    let stored = store::session_for_update(tx, &address).await?;
    let mut session = stored.unwrap_or(Session { language: fallback, state: State::default() });
    if let Said::Typed(text) = &turn.said {
        if let Some(language) = written_language(text) {
            session.language = language;
        }
        // What a retailer types is first of all an answer to what was asked, where something was: a "1" may be a quantity.
        let is_first = |id: &String| matches!(party, Party::Vendor(_)) || id.starts_with("place:");
        if let Some(id) = typed_choice(text, &session.state.options).filter(is_first) {
            turn.said = Said::Pressed(id);
        }
    }
    let reply = answer(tx, cx, &turn, party, &address, &mut session).await?;
    if let (Some(id), true) = (&message.sender.user_id, message.sender.phone.is_some()) {
        parties::link_user_id(tx, cx, id, retailer, vendor).await?;
    }
    if let Some(reply) = reply {
        let reply = reply.map(|reply| said_first(reply, &message.content, session.language));
        session.state.options = options(&reply);
        send(tx, cx, format!("reply:{wamid}"), to, reply).await?;
    }
    store::put_session(tx, cx, &address, retailer, vendor, &session).await?;
    store::mark_handled(tx, cx, wamid, retailer, vendor).await
}

/// The reply, with a word before it where a cart came in other money: its prices never count.
fn said_first(reply: Outgoing, content: &Content, language: Language) -> Outgoing {
    let Content::Order { currencies, .. } = content else { return reply };
    match currencies.iter().find(|currency| *currency != "NPR") {
        Some(currency) => reply.led_by(&words::other_currency(language, currency)),
        None => reply,
    }
}

/// What was said, where "stop" and "start" count as pressed.
fn as_pressed(said: Said) -> Said {
    let Said::Typed(text) = &said else { return said };
    match understand::answer(text) {
        Some(Answer::Stop) => Said::Pressed(STOP.to_owned()),
        Some(Answer::Start) => Said::Pressed(START.to_owned()),
        _ => said,
    }
}

/// The effect of a message of somebody who is known, and the reply.
async fn answer(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    party: Party,
    address: &str,
    session: &mut Session,
) -> Result<Option<Reply>, DbError> {
    let cx = cx.acting_as(match &party {
        Party::Retailer(retailer) => Actor::Retailer(retailer.id),
        Party::Vendor(vendor) => Actor::Vendor(vendor.id),
    });
    if let Said::Pressed(id) = &turn.said
        && let Some(reply) = reminders(tx, &cx, &party, address, id, session).await?
    {
        return Ok(Some(reply));
    }
    match party {
        Party::Retailer(retailer) => match place::answer(tx, &cx, turn, &retailer, session).await? {
            Some(reply) => Ok(Some(reply)),
            None => retailer::answer(tx, &cx, turn, &retailer, session).await,
        },
        Party::Vendor(vendor) => vendor::answer(tx, &cx, turn, &vendor, session).await,
    }
}

/// No more reminders, or reminders again: at once, whatever was being talked about.
async fn reminders(
    tx: &mut Tx,
    cx: &Context,
    party: &Party,
    address: &str,
    pressed: &str,
    session: &Session,
) -> Result<Option<Reply>, DbError> {
    let wanted = match pressed {
        STOP => false,
        START => true,
        _ => return Ok(None),
    };
    let (is_new, action) = if wanted {
        (notify::start_reminders(tx, address).await?, "reminders.started")
    } else {
        (notify::stop_reminders(tx, address, cx.now).await?, "reminders.stopped")
    };
    if is_new {
        let stream = match party {
            Party::Retailer(retailer) => retailer.id.to_string(),
            Party::Vendor(vendor) => vendor.id.to_string(),
        };
        let entry = audit::Entry::new(cx, &stream, action, &stream).after(serde_json::json!({ "address": address }));
        audit::record(tx, vec![entry]).await?;
    }
    Ok(Some(words::reminders(session.language, wanted)))
}

fn options(reply: &Reply) -> Vec<(String, String)> {
    let Ok(reply) = reply else { return Vec::new() };
    reply.choices().iter().map(|choice| (choice.id.to_owned(), choice.title.to_owned())).collect()
}

pub(crate) fn typed_choice(text: &str, options: &[(String, String)]) -> Option<String> {
    let options: Vec<(&str, &str)> = options.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
    understand::choice(text, &options).map(ToOwned::to_owned)
}

pub(crate) fn written_language(text: &str) -> Option<Language> {
    understand::language(text).map(|language| match language {
        understand::Language::Nepali => Language::Nepali,
        understand::Language::RomanNepali => Language::RomanNepali,
        understand::Language::English => Language::English,
    })
}

pub(crate) async fn send(
    tx: &mut Tx,
    cx: &Context,
    reason_key: String,
    to: Recipient,
    reply: Reply,
) -> Result<(), DbError> {
    match reply {
        Ok(content) => notify::send(tx, cx, vec![NewMessage { reason_key, to, content, template: None }]).await,
        Err(error) => {
            tracing::error!(%error, reason_key, "a reply does not fit the limits and is not sent");
            Ok(())
        }
    }
}
