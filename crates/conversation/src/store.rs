//! Every statement of the conversation.

use db::{DbError, Row, Tx, params};
use kernel::{Context, EntryId, Instant, ProductId, RetailerId, VendorId};
use parties::Language;
use whatsapp::payload::Inbound;

use crate::session::Session;

/// Stores messages that were not seen before and returns the WhatsApp ids of those.
pub async fn insert_new(tx: &mut Tx, cx: &Context, messages: &[Inbound]) -> Result<Vec<String>, DbError> {
    let columns = &["wamid", "address", "content", "sent_at", "received_at"];
    let mut rows = Vec::with_capacity(messages.len());
    for message in messages {
        let content = serde_json::to_string(message)
            .map_err(|error| DbError::Engine(format!("a message cannot be written: {error}")))?;
        let sent_at = Instant::from_micros(0).plus_seconds(message.timestamp);
        rows.push(params![&message.wamid, address(message), content, sent_at, cx.now]);
    }
    let new = tx.insert_new("incoming_messages", columns, rows, "wamid").await?;
    new.iter().map(|row| row.get("wamid")).collect()
}

/// Where an answer to the message goes: the phone's digits or the user id.
pub fn address(message: &Inbound) -> String {
    message.sender.recipient().map(|recipient| recipient.as_str().to_owned()).unwrap_or_default()
}

/// Keeps items that could not be read, for a person to look at.
pub async fn insert_unreadable(tx: &mut Tx, cx: &Context, items: Vec<(String, String)>) -> Result<(), DbError> {
    let columns = &["id", "why", "body", "received_at"];
    let rows = items.into_iter().map(|(why, body)| params![cx.id::<EntryId>(), why, body, cx.now]);
    tx.insert_many("unreadable_items", columns, rows.collect()).await
}

/// A stored message that was not handled yet.
pub async fn unhandled(tx: &mut Tx, wamid: &str) -> Result<Option<Inbound>, DbError> {
    let sql = "select m.content from incoming_messages m where m.wamid = $1 and m.handled_at is null {lock m}";
    let Some(row) = tx.query_opt(sql, params![wamid]).await? else { return Ok(None) };
    let content: String = row.get("content")?;
    serde_json::from_str(&content)
        .map(Some)
        .map_err(|_| DbError::Decode { column: "content", expected: "an incoming message" })
}

/// Marks a message as handled, and whose it was.
pub async fn mark_handled(
    tx: &mut Tx,
    cx: &Context,
    wamid: &str,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
) -> Result<(), DbError> {
    let sql = "update incoming_messages set handled_at = $2, retailer_id = $3, vendor_id = $4 where wamid = $1";
    tx.exec(sql, params![wamid, cx.now, retailer, vendor]).await
}

fn session(row: &Row) -> Result<Session, DbError> {
    let state: String = row.get("state")?;
    let state =
        serde_json::from_str(&state).map_err(|_| DbError::Decode { column: "state", expected: "a session's state" })?;
    Ok(Session { language: row.get("language")?, state })
}

/// The session with an address, locked.
pub async fn session_for_update(tx: &mut Tx, address: &str) -> Result<Option<Session>, DbError> {
    let row = tx.query_opt("select * from sessions s where s.address = $1 {lock s}", params![address]).await?;
    row.as_ref().map(session).transpose()
}

/// Writes the session with an address.
pub async fn put_session(
    tx: &mut Tx,
    cx: &Context,
    address: &str,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
    session: &Session,
) -> Result<(), DbError> {
    let state = serde_json::to_string(&session.state)
        .map_err(|error| DbError::Engine(format!("a session cannot be written: {error}")))?;
    let sql = "insert into sessions (address, retailer_id, vendor_id, language, step, state, updated_at) \
               values ($1, $2, $3, $4, $5, $6, $7) on conflict (address) do update set retailer_id = $2, \
               vendor_id = $3, language = $4, step = $5, state = $6, updated_at = $7";
    let step = session.state.step_name();
    let language: Language = session.language;
    tx.exec(sql, params![address, retailer, vendor, language, step, state, cx.now]).await
}

/// The retailer's own words for products, learned from what was confirmed; the newest first.
pub async fn learned_aliases(tx: &mut Tx, retailer: RetailerId) -> Result<Vec<(String, ProductId)>, DbError> {
    let sql = "select a.alias, a.product_id from learned_aliases a where a.retailer_id = $1 \
               order by a.created_at desc limit 500";
    let rows = tx.query(sql, params![retailer]).await?;
    rows.iter().map(|row| Ok((row.get("alias")?, row.get("product_id")?))).collect()
}

/// Learns a retailer's word for a product.
pub async fn learn(
    tx: &mut Tx,
    cx: &Context,
    retailer: RetailerId,
    alias: &str,
    product: ProductId,
) -> Result<(), DbError> {
    let sql = "insert into learned_aliases (retailer_id, alias, product_id, created_at) values ($1, $2, $3, $4) \
               on conflict (retailer_id, alias) do update set product_id = $3, created_at = $4";
    tx.exec(sql, params![retailer, alias, product, cx.now]).await
}
