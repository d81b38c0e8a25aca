//! Every statement of idempotency keys.

use db::{DbError, Tx, Value, params};
use kernel::Instant;

use crate::idempotency::{Found, Keyed, StoredAnswer};

/// The answers that were given to these keys, each in its place.
pub async fn find_answers(tx: &mut Tx, keys: &[&Keyed]) -> Result<Vec<Option<Found>>, DbError> {
    let wanted = Value::rows(keys.iter().map(|keyed| params![&keyed.actor, &keyed.route, &keyed.key]));
    let sql = "select k.actor, k.route, k.key, k.body_hash, k.status, k.headers, k.body \
               from {rows 1: actor text, route text, key text} v join idempotency_keys k \
               on k.actor = v.actor and k.route = v.route and k.key = v.key";
    let mut known = Vec::new();
    for row in tx.query(sql, params![wanted]).await? {
        let headers: String = row.get("headers")?;
        let answer = StoredAnswer {
            status: u16::try_from(row.get::<i64>("status")?)
                .map_err(|_| DbError::Decode { column: "status", expected: "an HTTP status" })?,
            headers: serde_json::from_str(&headers)
                .map_err(|_| DbError::Decode { column: "headers", expected: "a JSON list of pairs" })?,
            body: row.get("body")?,
        };
        let keyed = Keyed {
            actor: row.get("actor")?,
            route: row.get("route")?,
            key: row.get("key")?,
            body_hash: row.get("body_hash")?,
        };
        known.push((keyed, answer));
    }
    let find = |wanted: &&Keyed| {
        let (keyed, answer) = known.iter().find(|(keyed, _)| keyed.is_same(wanted))?;
        Some(if keyed.body_hash == wanted.body_hash { Found::Same(answer.clone()) } else { Found::OtherBody })
    };
    Ok(keys.iter().map(find).collect())
}

/// Stores answers under their keys. A key that another transaction took meanwhile is [`DbError::Duplicate`].
pub async fn store_answers(tx: &mut Tx, now: Instant, answers: Vec<(Keyed, StoredAnswer)>) -> Result<(), DbError> {
    let columns = &["actor", "route", "key", "body_hash", "status", "headers", "body", "created_at"];
    let rows = answers.into_iter().map(|(keyed, answer)| {
        let headers = serde_json::json!(answer.headers).to_string();
        let status = i64::from(answer.status);
        params![keyed.actor, keyed.route, keyed.key, keyed.body_hash, status, headers, answer.body, now]
    });
    tx.insert_many("idempotency_keys", columns, rows.collect()).await
}

/// Takes a key before its command is carried out. One that another transaction took meanwhile is
/// [`DbError::Duplicate`].
pub(crate) async fn claim(tx: &mut Tx, keyed: &Keyed, now: Instant) -> Result<(), DbError> {
    let columns = &["actor", "route", "key", "body_hash", "created_at"];
    let row = params![&keyed.actor, &keyed.route, &keyed.key, &keyed.body_hash, now];
    let claimed = tx.insert_new("idempotency_keys", columns, vec![row], "key").await?;
    if claimed.is_empty() { Err(DbError::Duplicate("idempotency_keys".to_owned())) } else { Ok(()) }
}

/// Writes the answer under a claimed key.
pub(crate) async fn settle(tx: &mut Tx, keyed: &Keyed, answer: &StoredAnswer) -> Result<(), DbError> {
    let headers = serde_json::json!(answer.headers).to_string();
    let sql = "update idempotency_keys set status = $4, headers = $5, body = $6 \
               where actor = $1 and route = $2 and key = $3";
    let status = i64::from(answer.status);
    let values = params![&keyed.actor, &keyed.route, &keyed.key, status, headers, &answer.body];
    tx.exec(sql, values).await
}

/// Deletes about `most` of the answers that are older than a moment, the oldest first; true while more are left.
pub(crate) async fn forget(tx: &mut Tx, before: Instant, most: i64) -> Result<(u64, bool), DbError> {
    let sql = "select k.created_at from idempotency_keys k where k.created_at < $1 \
               order by k.created_at limit 1 offset $2";
    let next = tx.query_opt(sql, params![before, most]).await?;
    let until: Instant = match &next {
        Some(row) => row.get("created_at")?,
        None => before,
    };
    let sql = "delete from idempotency_keys where created_at < $1 and created_at <= $2";
    let forgotten = tx.change(sql, params![before, until]).await?;
    Ok((forgotten, next.is_some()))
}
