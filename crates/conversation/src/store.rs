//! Every statement of the conversation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::{DbError, Row, Tx, params};
use kernel::{Context, EntryId, Instant, Page, PageRequest, ProductId, RetailerId, UserId, VendorId};
use parties::Language;
use whatsapp::payload::Inbound;

use crate::jobs::Kept;
use crate::session::Session;
use crate::threads::{Taken, Thread};

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
    tx.query_opt(sql, params![wamid]).await?.as_ref().map(inbound).transpose()
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

/// In whose hands a conversation is, locked; nothing where the dialogue has it.
pub async fn taken(tx: &mut Tx, address: &str) -> Result<Option<Taken>, DbError> {
    let row = tx.query_opt("select t.taken_by from taken_threads t where t.address = $1 {lock t}", params![address]);
    row.await?.map(|row| Ok(Taken { by: row.get("taken_by")? })).transpose()
}

/// Takes a conversation that no operator has. What was written up to now does not wait.
pub async fn take(tx: &mut Tx, address: &str, by: Option<UserId>, now: Instant) -> Result<(), DbError> {
    let sql = "insert into taken_threads (address, taken_by, taken_at, unanswered_since) values ($1, $2, $3, $4) \
               on conflict (address) do update set taken_by = excluded.taken_by, taken_at = excluded.taken_at \
               where taken_threads.taken_by is null and excluded.taken_by is not null";
    tx.exec(sql, params![address, by, now, just_after(now)]).await
}

fn just_after(now: Instant) -> Instant {
    Instant::from_micros(now.micros().saturating_add(1))
}

/// Leaves a conversation to the dialogue.
pub async fn give_back(tx: &mut Tx, address: &str) -> Result<(), DbError> {
    tx.exec("delete from taken_threads where address = $1", params![address]).await
}

/// Whatever was written up to now is answered.
pub async fn answered(tx: &mut Tx, address: &str, now: Instant) -> Result<(), DbError> {
    let sql = "update taken_threads set unanswered_since = $2 where address = $1";
    tx.exec(sql, params![address, just_after(now)]).await
}

/// Conversations, with what follows after the tables. The session knows whose one is; before there is one, the phone.
macro_rules! select_threads {
    ($rest:literal) => {
        concat!(
            "select w.address, w.heard_at, r.id as retailer_id, v.id as vendor_id, t.taken_by, t.taken_at, \
             coalesce(r.name, v.name) as name, (select count(*) from incoming_messages m where m.address = t.address \
             and m.received_at >= t.unanswered_since) as waiting from message_windows w \
             left join taken_threads t on t.address = w.address left join sessions s on s.address = w.address \
             left join retailers p on p.phone = w.address and s.address is null \
             left join vendors q on q.phone = w.address and s.address is null \
             left join retailers r on r.id = coalesce(s.retailer_id, p.id) \
             left join vendors v on v.id = coalesce(s.vendor_id, q.id) ",
            $rest
        )
    };
}

fn thread_of(row: &Row) -> Result<Thread, DbError> {
    let taken_at: Option<Instant> = row.get("taken_at")?;
    Ok(Thread {
        address: row.get("address")?,
        name: row.get("name")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        heard_at: row.get("heard_at")?,
        is_taken: taken_at.is_some(),
        taken_by: row.get("taken_by")?,
        taken_at,
        waiting: row.get("waiting")?,
    })
}

/// One conversation.
pub async fn thread(tx: &mut Tx, address: &str) -> Result<Option<Thread>, DbError> {
    let row = tx.query_opt(select_threads!("where w.address = $1"), params![address]).await?;
    row.as_ref().map(thread_of).transpose()
}

/// Conversations, who wrote last first; only those in a person's hands where that is wanted.
pub async fn threads(tx: &mut Tx, only_taken: bool, page: &PageRequest) -> Result<Page<Thread>, DbError> {
    let cursor = page.after.as_deref().and_then(|after| after.split_once(':'));
    let cursor = cursor.and_then(|(at, address)| Some((at.parse::<i64>().ok()?, address.to_owned())));
    let (at, address) = cursor.unwrap_or((i64::MAX, String::new()));
    let sql = select_threads!(
        "where (w.heard_at < $1 or (w.heard_at = $1 and w.address > $2)) and (cast($3 as bigint) = 0 or t.address is not null) \
         order by w.heard_at desc, w.address limit $4"
    );
    let params = params![at, address, i64::from(only_taken), page.limit.saturating_add(1)];
    let found = tx.query(sql, params).await?.iter().map(thread_of).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |thread: &Thread| format!("{}:{}", thread.heard_at.micros(), thread.address)))
}

/// The newest messages of a person, newest first, with the moments they arrived.
pub async fn incoming(tx: &mut Tx, address: &str, most: i64) -> Result<Vec<(Instant, Inbound)>, DbError> {
    let sql = "select m.received_at, m.content from incoming_messages m where m.address = $1 \
               order by m.received_at desc, m.wamid desc limit $2";
    let rows = tx.query(sql, params![address, most]).await?;
    rows.iter().map(|row| Ok((row.get("received_at")?, inbound(row)?))).collect()
}

/// A message that came from this address.
pub async fn incoming_by_id(tx: &mut Tx, wamid: &str, address: &str) -> Result<Option<Inbound>, DbError> {
    let sql = "select m.content from incoming_messages m where m.wamid = $1 and m.address = $2";
    tx.query_opt(sql, params![wamid, address]).await?.as_ref().map(inbound).transpose()
}

/// Keeps a file that was fetched, or why it was not.
pub async fn keep_media(tx: &mut Tx, now: Instant, kept: &Kept) -> Result<(), DbError> {
    let sql = "insert into media_files (media_id, address, mime, filename, bytes, content, problem, fetched_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (media_id) do update set bytes = $5, content = $6, \
               problem = $7, fetched_at = $8 where media_files.content is null";
    let media = &kept.media;
    let mime = media.mime.as_deref().unwrap_or("application/octet-stream");
    let (content, problem) = (kept.content.as_ref().ok(), kept.content.as_ref().err());
    let filename = media.filename.as_deref();
    tx.exec(sql, params![&media.id, &kept.address, mime, filename, kept.bytes, content, problem, now]).await
}

/// A file that someone sent, or why it is not there.
pub async fn media_file(tx: &mut Tx, id: &str) -> Result<Option<Result<Vec<u8>, String>>, DbError> {
    let sql = "select f.content, f.problem from media_files f where f.media_id = $1";
    let Some(row) = tx.query_opt(sql, params![id]).await? else { return Ok(None) };
    let Some(content) = row.get::<Option<String>>("content")? else {
        return Ok(Some(Err(row.get::<Option<String>>("problem")?.unwrap_or_default())));
    };
    let bytes = STANDARD.decode(content).map_err(|_| DbError::Decode { column: "content", expected: "base64" })?;
    Ok(Some(Ok(bytes)))
}

fn inbound(row: &Row) -> Result<Inbound, DbError> {
    let content: String = row.get("content")?;
    serde_json::from_str(&content).map_err(|_| DbError::Decode { column: "content", expected: "an incoming message" })
}
