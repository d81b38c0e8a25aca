//! Every statement of the audit log.

use std::collections::{BTreeMap, BTreeSet};

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, Page, PageRequest};

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

/// Which entries are wanted; what is left out is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was done.
    pub action: Option<String>,
    /// By whom, as `operator:usr_…`, `vendor:ven_…`, `retailer:ret_…` or `system`.
    pub actor: Option<String>,
    /// From this business date.
    pub from: Option<BusinessDate>,
    /// Up to this business date, with it.
    pub to: Option<BusinessDate>,
}

impl Filter {
    /// The action and the actor, empty for any, and the first and the last moment.
    fn bounds(&self) -> (&str, &str, i64, i64) {
        let from = self.from.map_or(i64::MIN, |date| date.start().micros());
        let to = self.to.map_or(i64::MAX, |date| date.plus_days(1).start().micros().saturating_sub(1));
        (self.action.as_deref().unwrap_or_default(), self.actor.as_deref().unwrap_or_default(), from, to)
    }
}

/// A page of a stream, newest first.
pub async fn read(tx: &mut Tx, stream: &str, page: &PageRequest) -> Result<Page<Recorded>, DbError> {
    find(tx, stream, &Filter::default(), page).await
}

/// A page of some entries of a stream, newest first; the cursor is the last entry's number.
pub async fn find(tx: &mut Tx, stream: &str, filter: &Filter, page: &PageRequest) -> Result<Page<Recorded>, DbError> {
    let before = page.after.as_ref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let (action, actor, from, to) = filter.bounds();
    let sql = "select * from audit_entries e where e.stream = $1 and e.seq < $2 and e.at between $3 and $4 \
               and (e.action = $5 or $5 = '') and (e.actor = $6 or $6 = '') order by e.seq desc limit $7";
    let most = page.limit.saturating_add(1);
    let rows = tx.query(sql, params![stream, before, from, to, action, actor, most]).await?;
    let found = rows.iter().map(recorded).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |entry: &Recorded| entry.seq.to_string()))
}

/// A page of what happened to anyone's credit, newest first: every entry whose subject is a line, a reservation, a cycle,
/// a payment or a repayment, or whose action is one on a retailer's credit as a whole. The cursor is the last entry's
/// moment, stream and number.
pub async fn credit_page(tx: &mut Tx, filter: &Filter, page: &PageRequest) -> Result<Page<Recorded>, DbError> {
    let (action, actor, from, to) = filter.bounds();
    let mut cursor = page.after.as_deref().unwrap_or_default().splitn(3, '/');
    let mut part = || cursor.next().unwrap_or_default();
    let (at, seq, stream) = (part().parse::<i64>(), part().parse::<i64>(), part());
    let (at, seq, stream) = match (at, seq) {
        (Ok(at), Ok(seq)) => (at, seq, stream),
        _ => (i64::MAX, 0, ""),
    };
    let sql = "select * from audit_entries e where (e.at, e.stream, e.seq) < ($1, $2, $3) and e.at between $4 and $5 \
               and (case substr(e.subject, 1, 4) when 'lin_' then 1 when 'rsv_' then 1 when 'cyc_' then 1 \
               when 'pay_' then 1 when 'rpy_' then 1 else 0 end = 1 or substr(e.action, 1, 7) = 'credit.') \
               and (e.action = $6 or $6 = '') and (e.actor = $7 or $7 = '') \
               order by e.at desc, e.stream desc, e.seq desc limit $8";
    let most = page.limit.saturating_add(1);
    let rows = tx.query(sql, params![at, stream, seq, from, to, action, actor, most]).await?;
    let found = rows.iter().map(recorded).collect::<Result<_, _>>()?;
    let key = |entry: &Recorded| format!("{}/{}/{}", entry.at.micros(), entry.seq, entry.stream);
    Ok(Page::from_overfull(found, page, key))
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
