//! Every statement of outgoing messages.

use std::collections::HashMap;

use db::{DbError, Tx, params};
use kernel::{Context, Instant, MessageId, Page, PageRequest, RetailerId, Scope, VendorId};
use whatsapp::message::Outgoing;

use crate::{Message, MessageState, NewMessage};

/// Inserts the messages whose reason is new and returns their ids and addresses.
pub(crate) async fn insert_new(
    tx: &mut Tx,
    cx: &Context,
    messages: Vec<NewMessage>,
) -> Result<Vec<(MessageId, String)>, DbError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let columns = &[
        "id",
        "reason_key",
        "address",
        "retailer_id",
        "vendor_id",
        "content",
        "template",
        "state",
        "created_at",
        "state_at",
    ];
    let json = |outgoing: &Outgoing| {
        serde_json::to_string(outgoing)
            .map_err(|error| DbError::Engine(format!("a message cannot be written: {error}")))
    };
    let mut addresses: HashMap<MessageId, String> = HashMap::new();
    let mut rows = Vec::with_capacity(messages.len());
    for message in messages {
        let id: MessageId = cx.id();
        let template = message.template.as_ref().map(json).transpose()?;
        rows.push(params![
            id,
            message.reason_key,
            &message.to.address,
            message.to.retailer,
            message.to.vendor,
            json(&message.content)?,
            template,
            MessageState::Queued,
            cx.now,
            cx.now
        ]);
        addresses.insert(id, message.to.address);
    }
    let new = tx.insert_new("outgoing_messages", columns, rows, "id").await?;
    let mut new = new
        .iter()
        .map(|row| {
            let id: MessageId = row.get("id")?;
            Ok((id, addresses.remove(&id).unwrap_or_default()))
        })
        .collect::<Result<Vec<_>, DbError>>()?;
    new.sort();
    Ok(new)
}

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub(crate) struct ToSend {
    pub(crate) id: MessageId,
    pub(crate) address: String,
    pub(crate) content: Outgoing,
    pub(crate) template: Option<Outgoing>,
    /// The state in which it was found.
    pub(crate) state: MessageState,
    pub(crate) heard_at: Option<Instant>,
}

/// Takes a message that waits and marks it SENDING; one that is past that is not taken, one left SENDING is shown.
pub(crate) async fn take(tx: &mut Tx, now: Instant, id: MessageId) -> Result<Option<ToSend>, DbError> {
    let sql = "select m.address, m.content, m.template, m.state from outgoing_messages m where m.id = $1 {lock m}";
    let Some(row) = tx.query_opt(sql, params![id]).await? else { return Ok(None) };
    let state: MessageState = row.get("state")?;
    if !matches!(state, MessageState::Queued | MessageState::Sending) {
        return Ok(None);
    }
    let address: String = row.get("address")?;
    let heard = tx
        .query_opt("select w.heard_at from message_windows w where w.address = $1", params![&address])
        .await?
        .map(|row| row.get("heard_at"))
        .transpose()?;
    let outgoing = |text: String| {
        serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "content", expected: "a message" })
    };
    if state == MessageState::Queued {
        set_state(tx, now, id, MessageState::Sending, None, None).await?;
    }
    Ok(Some(ToSend {
        id,
        address,
        content: outgoing(row.get("content")?)?,
        template: row.get::<Option<String>>("template")?.map(outgoing).transpose()?,
        state,
        heard_at: heard,
    }))
}

/// Remembers that a person has written.
pub(crate) async fn put_heard(tx: &mut Tx, address: &str, at: Instant) -> Result<(), DbError> {
    let sql = "insert into message_windows (address, heard_at) values ($1, $2) \
               on conflict (address) do update set heard_at = $2 where message_windows.heard_at < $2";
    tx.exec(sql, params![address, at]).await
}

/// Remembers that only the template may be sent.
pub(crate) async fn close_window(tx: &mut Tx, id: MessageId) -> Result<(), DbError> {
    // The template becomes the message itself, so that the next try sends it whatever the clocks say.
    let sql = "update outgoing_messages set content = template, template = null where id = $1 and template is not null";
    tx.exec(sql, params![id]).await
}

/// Writes where a message stands.
pub(crate) async fn set_state(
    tx: &mut Tx,
    now: Instant,
    id: MessageId,
    state: MessageState,
    wamid: Option<&str>,
    error: Option<&str>,
) -> Result<(), DbError> {
    let sql = "update outgoing_messages set state = $2, wamid = coalesce($3, wamid), error = $4, state_at = $5, \
               sent_at = case when $2 = 'SENT' then $5 else sent_at end where id = $1";
    tx.exec(sql, params![id, state, wamid, error, now]).await
}

/// The message that a status event is about, locked: by WhatsApp's id, or by ours where its answer was lost.
pub(crate) async fn find_for_status(
    tx: &mut Tx,
    wamid: &str,
    opaque: Option<&str>,
) -> Result<Option<(MessageId, MessageState)>, DbError> {
    let sql = "select m.id, m.state from outgoing_messages m where m.wamid = $1 {lock m}";
    let mut row = tx.query_opt(sql, params![wamid]).await?;
    if row.is_none()
        && let Some(id) = opaque.and_then(|opaque| opaque.parse::<MessageId>().ok())
    {
        let sql = "select m.id, m.state from outgoing_messages m where m.id = $1 and m.wamid is null {lock m}";
        row = tx.query_opt(sql, params![id]).await?;
    }
    row.map(|row| Ok((row.get("id")?, row.get("state")?))).transpose()
}

/// Whose messages are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageFilter {
    /// Only to this retailer.
    pub retailer: Option<RetailerId>,
    /// Only to this vendor.
    pub vendor: Option<VendorId>,
}

/// Outgoing messages of a scope, newest first; the cursor is the last id.
pub async fn messages(
    tx: &mut Tx,
    scope: Scope,
    filter: MessageFilter,
    page: &PageRequest,
) -> Result<Page<Message>, DbError> {
    let retailer = scope.retailer().or(filter.retailer);
    let vendor = scope.vendor().or(filter.vendor);
    let before = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let sql = "select * from outgoing_messages m where m.id < $1 and (cast($2 as text) is null or m.retailer_id = $2) \
               and (cast($3 as text) is null or m.vendor_id = $3) order by m.id desc limit $4";
    let rows = tx.query(sql, params![before, retailer, vendor, page.limit.saturating_add(1)]).await?;
    let found = rows
        .iter()
        .map(|row| {
            let content: String = row.get("content")?;
            let content: Outgoing = serde_json::from_str(&content)
                .map_err(|_| DbError::Decode { column: "content", expected: "a message" })?;
            Ok(Message {
                id: row.get("id")?,
                reason_key: row.get("reason_key")?,
                retailer_id: row.get("retailer_id")?,
                vendor_id: row.get("vendor_id")?,
                text: content.readable(),
                state: row.get("state")?,
                error: row.get("error")?,
                created_at: row.get("created_at")?,
                sent_at: row.get("sent_at")?,
            })
        })
        .collect::<Result<_, DbError>>()?;
    Ok(Page::from_overfull(found, page, |message: &Message| message.id.to_string()))
}
