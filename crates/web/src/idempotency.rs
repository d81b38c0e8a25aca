//! Idempotency keys: the first answer is stored in the command's own transaction and given again.
//!
//! A key is bound to the actor and the route, and kept for 30 days. The same key with the same body gets the stored
//! answer byte for byte; with another body 409. Accepted commands and business refusals are stored; what fails before
//! or beside the command (parse errors, 401, 5xx) is not.
//!
//! Statements: a keyed command 2 around its own; a replay 2.

use axum::response::{IntoResponse, Response};
use db::{Db, DbError, Tx};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Context, Instant};

use crate::{App, Problem, store};

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
            Self::Same(answer) => answer.header("idempotent-replayed", "true"),
            Self::OtherBody => {
                let detail = "this idempotency key was used with another body; take a new key for a new command";
                Problem::conflict("IDEMPOTENCY_KEY_REUSED", detail).stored()
            }
        }
    }
}

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;
/// Answers that one transaction forgets.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// Forgets answers that are older than 30 days, some at a time, and returns how many there were.
pub async fn forget_old_answers(db: &Db, now: Instant) -> Result<u64, DbError> {
    let before = now.plus_seconds(-KEPT_SECONDS);
    let mut forgotten = 0_u64;
    loop {
        let (batch, has_more) = db.write(async move |tx| store::forget(tx, before, FORGOTTEN_AT_ONCE).await).await?;
        forgotten = forgotten.saturating_add(batch);
        if !has_more {
            return Ok(forgotten);
        }
    }
}

/// Carries a command out once: the stored answer where there is one, else `work` and its answer in one transaction.
///
/// `work` answers with a business refusal as a value; where it has written before it refused, it undoes that itself
/// (`tx.nested`). It may be run more than once, and may hold up its caller's thread: what takes long is for
/// [`once_long`].
pub async fn once<F>(app: &App, keyed: Keyed, cx: Context, work: F) -> Response
where
    F: AsyncFn(&mut Tx, &Context) -> Result<StoredAnswer, DbError> + Send + Sync + 'static,
{
    answered(answer_once(&app.db, Length::Short, keyed, cx, work).await)
}

/// [`once`] for work that may take long, such as on all rows of a file.
pub async fn once_long<F>(app: &App, keyed: Keyed, cx: Context, work: F) -> Response
where
    F: AsyncFn(&mut Tx, &Context) -> Result<StoredAnswer, DbError> + Send + Sync + 'static,
{
    answered(answer_once(&app.db, Length::Long, keyed, cx, work).await)
}

fn answered(outcome: Result<StoredAnswer, DbError>) -> Response {
    match outcome {
        Ok(answer) => answer.into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// How long work takes.
#[derive(Clone, Copy)]
enum Length {
    Short,
    Long,
}

async fn answer_once<F>(db: &Db, length: Length, keyed: Keyed, cx: Context, work: F) -> Result<StoredAnswer, DbError>
where
    F: AsyncFn(&mut Tx, &Context) -> Result<StoredAnswer, DbError> + Send + Sync + 'static,
{
    let work = std::sync::Arc::new(work);
    let mut tries = 0;
    loop {
        let (keyed, cx, work) = (keyed.clone(), cx.clone(), work.clone());
        let run = async move |tx: &mut Tx| {
            if let Some(found) = store::find_answers(tx, &[&keyed]).await?.into_iter().next().flatten() {
                return Ok(found.into_answer());
            }
            // The key is claimed before the work, so that a second request with it waits for the first one's end.
            store::claim(tx, &keyed, cx.now).await?;
            let answer = work(tx, &cx).await?;
            store::settle(tx, &keyed, &answer).await?;
            Ok(answer)
        };
        let outcome = match length {
            Length::Short => db.write_here(run).await,
            Length::Long => db.write(run).await,
        };
        tries += 1;
        match outcome {
            Err(DbError::Duplicate(_) | DbError::CommitUnknown) if tries < TRIES => {}
            outcome => return outcome,
        }
    }
}
