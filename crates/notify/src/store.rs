//! Every statement of outgoing messages.

use std::collections::{HashMap, HashSet};

use db::{DbError, Tx, Value, params};
use kernel::{BusinessDate, Context, Instant, MessageId, Page, PageRequest, RetailerId, Scope, VendorId};
use serde::Serialize;
use whatsapp::message::Outgoing;
use whatsapp::payload::Pricing;

use crate::{Message, MessageState, New, NewMessage};

/// Inserts the messages whose reason is new and returns their ids and addresses.
pub(crate) async fn insert_new(
    tx: &mut Tx,
    cx: &Context,
    messages: Vec<NewMessage>,
    is_reminder: bool,
) -> Result<Vec<New>, DbError> {
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
        "is_reminder",
    ];
    let json = |outgoing: &Outgoing| {
        serde_json::to_string(outgoing)
            .map_err(|error| DbError::Engine(format!("a message cannot be written: {error}")))
    };
    let mut written: HashMap<MessageId, New> = HashMap::new();
    let mut rows = Vec::with_capacity(messages.len());
    for message in messages {
        let id: MessageId = cx.id();
        let template = message.template.as_ref().map(json).transpose()?;
        rows.push(params![
            id,
            message.reason_key.as_str(),
            &message.to.address,
            message.to.retailer,
            message.to.vendor,
            json(&message.content)?,
            template,
            MessageState::Queued,
            cx.now,
            cx.now,
            i64::from(is_reminder)
        ]);
        written.insert(id, New { id, address: message.to.address, reason_key: message.reason_key });
    }
    let new = tx.insert_new("outgoing_messages", columns, rows, "id").await?;
    let mut new = new
        .iter()
        .filter_map(|row| row.get("id").map(|id: MessageId| written.remove(&id)).transpose())
        .collect::<Result<Vec<_>, DbError>>()?;
    new.sort_by_key(|new| new.id);
    Ok(new)
}

/// Who of these does not want reminders.
pub(crate) async fn stopped(tx: &mut Tx, addresses: &[&str]) -> Result<HashSet<String>, DbError> {
    if addresses.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "select s.address from reminder_stops s where s.address in {1}";
    tx.query(sql, params![Value::list(addresses)]).await?.iter().map(|row| row.get("address")).collect()
}

/// Who of these has a reminder that was written between two moments.
pub(crate) async fn reminded(
    tx: &mut Tx,
    addresses: &[&str],
    from: Instant,
    to: Instant,
) -> Result<HashSet<String>, DbError> {
    if addresses.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "select m.address from outgoing_messages m where m.address in {1} and m.is_reminder = 1 \
               and m.created_at >= $2 and m.created_at < $3";
    let rows = tx.query(sql, params![Value::list(addresses), from, to]).await?;
    rows.iter().map(|row| row.get("address")).collect()
}

/// Writes that an address does not want reminders, if that is new.
pub(crate) async fn put_stop(tx: &mut Tx, address: &str, at: Instant) -> Result<bool, DbError> {
    let sql = "insert into reminder_stops (address, stopped_at) values ($1, $2) on conflict (address) do nothing \
               returning address";
    Ok(tx.query_opt(sql, params![address, at]).await?.is_some())
}

/// Takes that back, if it was so.
pub(crate) async fn delete_stop(tx: &mut Tx, address: &str) -> Result<bool, DbError> {
    let sql = "delete from reminder_stops where address = $1 returning address";
    Ok(tx.query_opt(sql, params![address]).await?.is_some())
}

/// How many messages to an address were written since a moment, `most` at the most. One statement.
pub async fn count_since(tx: &mut Tx, address: &str, since: Instant, most: i64) -> Result<i64, DbError> {
    let sql = "select cast(count(*) as bigint) as n from (select m.created_at from outgoing_messages m \
               where m.address = $1 order by m.id desc limit $3) l where l.created_at >= $2";
    tx.query_one(sql, params![address, since, most]).await?.get("n")
}

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub(crate) struct ToSend {
    pub(crate) id: MessageId,
    pub(crate) address: String,
    /// The message that it answers, which is thereby read.
    pub(crate) answers: Option<String>,
    pub(crate) content: Outgoing,
    pub(crate) template: Option<Outgoing>,
    pub(crate) created_at: Instant,
    pub(crate) heard_at: Option<Instant>,
    /// Whether it was refused or held back before.
    pub(crate) was_refused: bool,
}

/// Takes a message to be sent and marks it SENDING.
///
/// It waits, or it failed before WhatsApp had it and an operator has revived its job. One that was left SENDING by a
/// sender that died may have gone out: it becomes UNKNOWN, not a second one.
pub(crate) async fn take(tx: &mut Tx, now: Instant, id: MessageId) -> Result<Option<ToSend>, DbError> {
    let sql = "select m.address, m.reason_key, m.content, m.template, m.state, m.wamid, m.created_at, m.error, m.is_reminder * \
               (select cast(count(*) as bigint) from reminder_stops s where s.address = m.address) as is_stopped, \
               (select w.heard_at from message_windows w where w.address = m.address) as heard_at \
               from outgoing_messages m where m.id = $1 {lock m}";
    let Some(row) = tx.query_opt(sql, params![id]).await? else { return Ok(None) };
    let is_accepted = row.get::<Option<String>>("wamid")?.is_some();
    match row.get("state")? {
        MessageState::Queued => {}
        MessageState::Failed if !is_accepted => {}
        MessageState::Sending => {
            put_back(tx, now, id, MessageState::Unknown, "the sender died while it was sending").await?;
            return Ok(None);
        }
        _ => return Ok(None),
    }
    if row.get::<i64>("is_stopped")? > 0 {
        put_back(tx, now, id, MessageState::Failed, "the person has said stop").await?;
        return Ok(None);
    }
    let sql = "update outgoing_messages set state = 'SENDING', state_at = $2 where id = $1";
    tx.exec(sql, params![id, now]).await?;
    let outgoing = |text: String| {
        serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "content", expected: "a message" })
    };
    let reason: String = row.get("reason_key")?;
    Ok(Some(ToSend {
        id,
        answers: reason.strip_prefix("reply:").map(ToOwned::to_owned),
        address: row.get("address")?,
        content: outgoing(row.get("content")?)?,
        template: row.get::<Option<String>>("template")?.map(outgoing).transpose()?,
        created_at: row.get("created_at")?,
        heard_at: row.get("heard_at")?,
        was_refused: row.get::<Option<String>>("error")?.is_some(),
    }))
}

/// Remembers that a person has written.
pub(crate) async fn put_heard(tx: &mut Tx, address: &str, at: Instant) -> Result<(), DbError> {
    let sql = "insert into message_windows (address, heard_at) values ($1, $2) \
               on conflict (address) do update set heard_at = $2 where message_windows.heard_at < $2";
    tx.exec(sql, params![address, at]).await
}

/// Makes the template the message itself, so that the next try sends it whatever the clocks say.
pub(crate) async fn switch_to_template(tx: &mut Tx, now: Instant, id: MessageId) -> Result<(), DbError> {
    let sql = "update outgoing_messages set content = template, template = null, state = 'QUEUED', state_at = $2 \
               where id = $1 and state = 'SENDING' and template is not null";
    tx.exec(sql, params![id, now]).await
}

/// Writes where a message stands that was being sent and is not known to be accepted. A status event may have come first,
/// and knows better.
pub(crate) async fn put_back(
    tx: &mut Tx,
    now: Instant,
    id: MessageId,
    state: MessageState,
    why: &str,
) -> Result<(), DbError> {
    let sql = "update outgoing_messages set state = $2, error = $3, state_at = $4 where id = $1 and state = 'SENDING'";
    tx.exec(sql, params![id, state, why, now]).await
}

/// Writes that WhatsApp accepted a message. A status event may have overtaken the answer: then only the moment is new.
pub(crate) async fn put_sent(tx: &mut Tx, now: Instant, id: MessageId, wamid: &str) -> Result<(), DbError> {
    let sql = "update outgoing_messages set wamid = $2, sent_at = $3, \
               state = case when state in ('SENDING', 'UNKNOWN') then 'SENT' else state end, \
               error = case when state in ('SENDING', 'UNKNOWN') then null else error end, \
               state_at = case when state in ('SENDING', 'UNKNOWN') then $3 else state_at end where id = $1";
    tx.exec(sql, params![id, wamid, now]).await
}

/// Writes what a status event told.
pub(crate) async fn put_news(
    tx: &mut Tx,
    now: Instant,
    id: MessageId,
    state: MessageState,
    wamid: &str,
    error: Option<&str>,
) -> Result<(), DbError> {
    let sql = "update outgoing_messages set state = $2, wamid = $3, error = $4, state_at = $5, \
               sent_at = coalesce(sent_at, $5) where id = $1";
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

/// Writes why WhatsApp refuses the account, or that it still does.
pub(crate) async fn put_alert(tx: &mut Tx, now: Instant, why: &str) -> Result<(), DbError> {
    let sql = "insert into sending_alerts (id, since, seen_at, why) values (1, $1, $1, $2) \
               on conflict (id) do update set seen_at = $1, why = $2";
    tx.exec(sql, params![now, why]).await
}

/// Takes that back.
pub(crate) async fn delete_alert(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec("delete from sending_alerts where id = 1", params![]).await
}

/// Why WhatsApp refuses the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// When it was refused first.
    pub since: Instant,
    /// When it was refused last.
    pub seen_at: Instant,
    /// WhatsApp's own words, with the code of the error.
    pub why: String,
}

/// What stands in the way of sending, where anything does. One statement.
pub async fn alert(tx: &mut Tx) -> Result<Option<Alert>, DbError> {
    let row = tx.query_opt("select a.since, a.seen_at, a.why from sending_alerts a where a.id = 1", params![]).await?;
    row.map(|row| Ok(Alert { since: row.get("since")?, seen_at: row.get("seen_at")?, why: row.get("why")? }))
        .transpose()
}

/// Writes what WhatsApp charges for a message; what was told before stays.
pub(crate) async fn put_cost(tx: &mut Tx, id: MessageId, day: BusinessDate, pricing: &Pricing) -> Result<(), DbError> {
    let sql = "insert into message_costs (message_id, day, category, kind, is_billable) values ($1, $2, $3, $4, $5) \
               on conflict (message_id) do nothing";
    let category = pricing.category.as_deref().unwrap_or("unknown");
    let kind = pricing.kind.as_deref().unwrap_or("regular");
    tx.exec(sql, params![id, day, category, kind, i64::from(pricing.is_billable)]).await
}

/// What messages of one month and one category cost, in messages: their price is between WhatsApp and the market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// `YYYY-MM`.
    pub month: String,
    /// WhatsApp's category: `service`, `utility`, `marketing`, `authentication`.
    pub category: String,
    /// WhatsApp's type: `regular`, `free_customer_service`, `free_entry_point`.
    pub kind: String,
    /// Messages of which a price was told.
    pub messages: i64,
    /// Those of them that are charged.
    pub billable: i64,
}

/// What messages cost, by month and category, the newest month first.
pub async fn costs(tx: &mut Tx) -> Result<Vec<Cost>, DbError> {
    let sql = "select substr(c.day, 1, 7) as month, c.category, c.kind, count(*) as messages, \
               count(case when c.is_billable = 1 then 1 end) as billable from message_costs c \
               group by substr(c.day, 1, 7), c.category, c.kind order by month desc, c.category, c.kind limit 500";
    let rows = tx.query(sql, params![]).await?;
    let cost = |row: &db::Row| {
        Ok(Cost {
            month: row.get("month")?,
            category: row.get("category")?,
            kind: row.get("kind")?,
            messages: row.get("messages")?,
            billable: row.get("billable")?,
        })
    };
    rows.iter().map(cost).collect()
}

/// Whose messages are listed.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Only to this address.
    pub address: Option<String>,
    /// Only to this retailer.
    pub retailer: Option<RetailerId>,
    /// Only to this vendor.
    pub vendor: Option<VendorId>,
}

/// Outgoing messages of a scope, newest first; the cursor is the last id.
pub async fn messages(
    tx: &mut Tx,
    scope: Scope,
    filter: &MessageFilter,
    page: &PageRequest,
) -> Result<Page<Message>, DbError> {
    let retailer = scope.retailer().or(filter.retailer);
    let vendor = scope.vendor().or(filter.vendor);
    let before = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let limit = page.limit.saturating_add(1);
    let rows = if let Some(address) = filter.address.as_deref() {
        // A text of its own: with the address as one more "or null" it would walk every message there is.
        let sql = "select * from outgoing_messages m where m.address = $5 and m.id < $1 \
                   and (cast($2 as text) is null or m.retailer_id = $2) \
                   and (cast($3 as text) is null or m.vendor_id = $3) order by m.id desc limit $4";
        tx.query(sql, params![before, retailer, vendor, limit, address]).await?
    } else {
        let sql = "select * from outgoing_messages m where m.id < $1 \
                   and (cast($2 as text) is null or m.retailer_id = $2) \
                   and (cast($3 as text) is null or m.vendor_id = $3) order by m.id desc limit $4";
        tx.query(sql, params![before, retailer, vendor, limit]).await?
    };
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
