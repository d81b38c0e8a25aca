//! Every statement of the audit log.

use std::collections::{BTreeMap, BTreeSet};

use db::{DbError, Row, Tx, Value, params};
use kernel::{Page, PageRequest};

use crate::{Entry, FIRST_HASH, Recorded};

/// Records entries, each at the end of its stream, in their order.
pub async fn record(tx: &mut Tx, entries: Vec<Entry>) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    let streams: BTreeSet<String> = entries.iter().map(|entry| entry.stream.clone()).collect();
    let mut heads = heads_for_update(tx, &streams).await?;
    let is_new = |stream: &&String| !heads.contains_key(*stream);
    let new: Vec<Vec<Value>> = streams.iter().filter(is_new).map(|stream| params![stream, 0, FIRST_HASH]).collect();
    if !new.is_empty() {
        // Another process may begin the same stream at the same time; then its row is waited for and read.
        tx.insert_new("audit_streams", &["stream", "seq", "last_hash"], new, "stream").await?;
        heads = heads_for_update(tx, &streams).await?;
    }
    let mut recorded = Vec::with_capacity(entries.len());
    for entry in entries {
        let head = heads.get_mut(&entry.stream).ok_or(DbError::Missing("the head of an audit stream"))?;
        let entry = Recorded::chained(entry, head.0.saturating_add(1), std::mem::take(&mut head.1));
        *head = (entry.seq, entry.hash.clone());
        recorded.push(entry);
    }
    insert(tx, recorded).await?;
    let heads = Value::rows(heads.into_iter().map(|(stream, (seq, hash))| params![stream, seq, hash]));
    let sql = "update audit_streams set seq = v.seq, last_hash = v.hash \
               from {rows 1: stream text, seq bigint, hash text} v where audit_streams.stream = v.stream";
    tx.exec(sql, params![heads]).await
}

async fn heads_for_update(tx: &mut Tx, streams: &BTreeSet<String>) -> Result<BTreeMap<String, (i64, String)>, DbError> {
    let sql = "select s.stream, s.seq, s.last_hash from audit_streams s where s.stream in {1} \
               order by s.stream {lock s}";
    let rows = tx.query(sql, params![Value::list(streams)]).await?;
    rows.iter().map(|row| Ok((row.get("stream")?, (row.get("seq")?, row.get("last_hash")?)))).collect()
}

async fn insert(tx: &mut Tx, entries: Vec<Recorded>) -> Result<(), DbError> {
    let columns = &[
        "stream",
        "seq",
        "at",
        "actor",
        "action",
        "subject",
        "state_before",
        "state_after",
        "reason",
        "request",
        "previous_hash",
        "hash",
    ];
    let rows = entries.into_iter().map(|entry| {
        params![
            entry.stream,
            entry.seq,
            entry.at,
            entry.actor,
            entry.action,
            entry.subject,
            entry.before,
            entry.after,
            entry.reason,
            entry.request,
            entry.previous_hash,
            entry.hash
        ]
    });
    tx.insert_many("audit_entries", columns, rows.collect()).await
}

fn recorded(row: &Row) -> Result<Recorded, DbError> {
    Ok(Recorded {
        stream: row.get("stream")?,
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        before: row.get("state_before")?,
        after: row.get("state_after")?,
        reason: row.get("reason")?,
        request: row.get("request")?,
        previous_hash: row.get("previous_hash")?,
        hash: row.get("hash")?,
    })
}

/// A page of a stream, newest first; the cursor is the last entry's number.
pub async fn read(tx: &mut Tx, stream: &str, page: &PageRequest) -> Result<Page<Recorded>, DbError> {
    let before = page.after.as_ref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let sql = "select * from audit_entries e where e.stream = $1 and e.seq < $2 order by e.seq desc limit $3";
    let rows = tx.query(sql, params![stream, before, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(recorded).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |entry: &Recorded| entry.seq.to_string()))
}

/// Entries behind a place, in the order of stream and number.
pub(crate) async fn entries_after(tx: &mut Tx, place: &(String, i64), most: i64) -> Result<Vec<Recorded>, DbError> {
    let sql = "select * from audit_entries e where (e.stream, e.seq) > ($1, $2) order by e.stream, e.seq limit $3";
    tx.query(sql, params![&place.0, place.1, most]).await?.iter().map(recorded).collect()
}

/// The same within one stream.
pub(crate) async fn entries_of(tx: &mut Tx, stream: &str, after: i64, most: i64) -> Result<Vec<Recorded>, DbError> {
    let sql = "select * from audit_entries e where e.stream = $1 and e.seq > $2 order by e.seq limit $3";
    tx.query(sql, params![stream, after, most]).await?.iter().map(recorded).collect()
}

/// The heads of the streams from a name up to another, without that other; to the last where none is given.
pub(crate) async fn heads(
    tx: &mut Tx,
    from: &str,
    before: Option<&str>,
) -> Result<BTreeMap<String, (i64, String)>, DbError> {
    let sql = "select s.stream, s.seq, s.last_hash from audit_streams s \
               where s.stream >= $1 and (cast($2 as text) is null or s.stream < $2)";
    let rows = tx.query(sql, params![from, before]).await?;
    rows.iter().map(|row| Ok((row.get("stream")?, (row.get("seq")?, row.get("last_hash")?)))).collect()
}

/// The head of one stream; empty where there is none.
pub(crate) async fn head(tx: &mut Tx, stream: &str) -> Result<BTreeMap<String, (i64, String)>, DbError> {
    let sql = "select s.stream, s.seq, s.last_hash from audit_streams s where s.stream = $1";
    let rows = tx.query(sql, params![stream]).await?;
    rows.iter().map(|row| Ok((row.get("stream")?, (row.get("seq")?, row.get("last_hash")?)))).collect()
}
