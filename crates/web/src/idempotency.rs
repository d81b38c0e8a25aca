//! Idempotency keys: the first answer is stored in the command's own transaction and given again.
//!
//! A key is bound to the actor and the route, and kept for 30 days. The same key with the same body gets the stored
//! answer byte for byte; with another body 409. Accepted commands and business refusals are stored; what fails before
//! or beside the command (parse errors, 401, 5xx) is not.
//!
//! Statements: a keyed command 2 around its own; a replay 2.

use axum::response::{IntoResponse, Response};
use db::{Db, DbError, Tx, Value, params};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Context, Instant};

use crate::{App, Problem};

/// How often a command is run again when its key is taken meanwhile, or its commit has no known outcome.
const TRIES: usize = 4;

/// A key with what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// Who sent it.
    pub actor: String,
    /// Method and path.
    pub route: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the body, in hex.
    pub body_hash: String,
}

impl Keyed {
    /// Whether it is the same key of the same actor and route.
    pub fn is_same(&self, other: &Self) -> bool {
        self.actor == other.actor && self.route == other.route && self.key == other.key
    }
}

/// An answer as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status.
    pub status: u16,
    /// The headers that belong to the answer.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl StoredAnswer {
    /// A JSON answer.
    pub fn json(status: StatusCode, body: &impl serde::Serialize) -> Result<Self, DbError> {
        let body = serde_json::to_string(body)
            .map_err(|error| DbError::Engine(format!("an answer cannot be written: {error}")))?;
        Ok(Self {
            status: status.as_u16(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
        })
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl IntoResponse for StoredAnswer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body).into_response();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The answer that was given to the same body.
    Same(StoredAnswer),
    /// The key was used with another body.
    OtherBody,
}

impl Found {
    /// What the caller gets.
    pub fn into_answer(self) -> StoredAnswer {
        match self {
            Self::Same(answer) => answer,
            Self::OtherBody => {
                let detail = "this idempotency key was used with another body; take a new key for a new command";
                Problem::conflict("IDEMPOTENCY_KEY_REUSED", detail).stored()
            }
        }
    }
}

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

/// Carries a command out once: the stored answer where there is one, else `work` and its answer in one transaction.
///
/// `work` answers with a business refusal as a value; where it has written before it refused, it undoes that itself
/// (`tx.nested`). It may be run more than once.
pub async fn once<F>(app: &App, keyed: Keyed, cx: Context, work: F) -> Response
where
    F: AsyncFn(&mut Tx, &Context) -> Result<StoredAnswer, DbError> + Send + Sync + 'static,
{
    let work = std::sync::Arc::new(work);
    match answer_once(&app.db, keyed, cx, work).await {
        Ok(answer) => answer.into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn answer_once<F>(
    db: &Db,
    keyed: Keyed,
    cx: Context,
    work: std::sync::Arc<F>,
) -> Result<StoredAnswer, DbError>
where
    F: AsyncFn(&mut Tx, &Context) -> Result<StoredAnswer, DbError> + Send + Sync + 'static,
{
    let mut tries = 0;
    loop {
        let (keyed, cx, work) = (keyed.clone(), cx.clone(), work.clone());
        let outcome = db.write(async move |tx| {
            if let Some(found) = find_answers(tx, &[&keyed]).await?.into_iter().next().flatten() {
                let answer = found.into_answer();
                return Ok(answer.header("idempotent-replayed", "true"));
            }
            // The key is claimed before the work, so that a second request with it waits for the first one's end.
            claim(tx, &keyed, cx.now).await?;
            let answer = work(tx, &cx).await?;
            settle(tx, &keyed, &answer).await?;
            Ok(answer)
        });
        tries += 1;
        match outcome.await {
            Err(DbError::Duplicate(_) | DbError::CommitUnknown) if tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

async fn claim(tx: &mut Tx, keyed: &Keyed, now: Instant) -> Result<(), DbError> {
    let columns = &["actor", "route", "key", "body_hash", "created_at"];
    let row = params![&keyed.actor, &keyed.route, &keyed.key, &keyed.body_hash, now];
    let claimed = tx.insert_new("idempotency_keys", columns, vec![row], "key").await?;
    if claimed.is_empty() { Err(DbError::Duplicate("idempotency_keys".to_owned())) } else { Ok(()) }
}

async fn settle(tx: &mut Tx, keyed: &Keyed, answer: &StoredAnswer) -> Result<(), DbError> {
    let headers = serde_json::json!(answer.headers).to_string();
    let sql = "update idempotency_keys set status = $4, headers = $5, body = $6 \
               where actor = $1 and route = $2 and key = $3";
    let status = i64::from(answer.status);
    let values = params![&keyed.actor, &keyed.route, &keyed.key, status, headers, &answer.body];
    tx.exec(sql, values).await
}
