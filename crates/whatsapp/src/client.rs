//! How is a message sent, and what came of it?
//!
//! One POST per message. The answer is an id, or a [`SendError`] that knows what follows from it. The API has no idempotency key, so the
//! difference that matters most is whether the request can have reached Meta: a connection that was never made is safe
//! to try again; one that was lost, timed out or answered something unreadable is not, and only a status with our opaque data
//! settles it.
//!
//! What does not live here: queues, waiting, counting of attempts, and the pace; the caller holds those.

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::redirect;
use serde_json::{Value, json};

use crate::errors::{ApiError, Policy};
use crate::message::{MessageError, Outgoing};
use crate::recipient::Recipient;

/// Meta's address with the version of the API this crate was written against.
pub const GRAPH: &str = "https://graph.facebook.com/v23.0";

/// How long a send may take altogether before its outcome counts as unknown.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// What a client needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The address with its version and without a slash at the end: [`GRAPH`], or that of the fake server.
    pub base_url: String,
    /// The id of the number that sends.
    pub phone_number_id: String,
    /// The access token.
    pub token: String,
    /// How long a request may take, answer included.
    pub timeout: Duration,
}

impl Settings {
    /// Settings for Meta itself, with the usual [`TIMEOUT`].
    pub fn new(phone_number_id: impl Into<String>, token: impl Into<String>) -> Self {
        let (base_url, phone_number_id, token) = (GRAPH.to_owned(), phone_number_id.into(), token.into());
        Self { base_url, phone_number_id, token, timeout: TIMEOUT }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base_url, phone_number_id, timeout, token: _ } = self;
        write!(f, "Settings({base_url}/{phone_number_id}, token not shown, {timeout:?})")
    }
}

/// Meta's id of a message it accepted. Accepted is not delivered: a status says that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentId(pub String);

/// Why a message was not accepted, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It is beyond the limits. Nothing was sent.
    #[error("not sent: {0}")]
    Message(#[from] MessageError),
    /// No connection could be made. Nothing was sent.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// The API answered with an error.
    #[error("refused: {0}")]
    Refused(#[from] ApiError),
    /// The request went out and no answer that can be read came back: a time-out, a lost connection, a broken answer.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

impl SendError {
    /// What the sender does about it.
    pub fn policy(&self) -> Policy {
        match self {
            Self::Message(_) => Policy::DeadLetter,
            Self::NotConnected(_) => Policy::Retry { slow_all: false },
            Self::Refused(error) => error.policy(),
            Self::Unknown(_) => Policy::UnknownOutcome,
        }
    }

    /// The documented code, when the API gave one.
    pub fn code(&self) -> Option<i64> {
        if let Self::Refused(error) = self { Some(error.code) } else { None }
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        // The address holds the number's id and nothing secret, but it says nothing either.
        let error = error.without_url();
        let why = because(&error);
        if error.is_connect() || error.is_builder() { Self::NotConnected(why) } else { Self::Unknown(why) }
    }
}

/// The whole chain of causes: the outermost one alone says only that a request failed.
fn because(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Why a file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It has more bytes than were wanted.
    #[error("the file is too large")]
    TooLarge,
    /// It could not be asked for, or was refused.
    #[error(transparent)]
    Failed(#[from] SendError),
}

impl From<reqwest::Error> for MediaError {
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A sender for one of our numbers. Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    settings: Settings,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.settings)
    }
}

impl Client {
    /// A client with these settings. Fails when the system's certificates cannot be loaded.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        install_crypto();
        // A redirect would carry the token, and the message twice, to an address nobody configured.
        let http = reqwest::Client::builder().timeout(settings.timeout).redirect(redirect::Policy::none());
        // Plain HTTP is the fake server on this machine, which no proxy of the environment can reach.
        let http = if settings.base_url.starts_with("http://") { http.no_proxy() } else { http };
        Ok(Self { http: http.build()?, settings })
    }

    /// Sends a message. `opaque` is our own id of it, at most 512 characters; it comes back with each status. Never tries twice.
    pub async fn send(&self, message: &Outgoing, to: &Recipient, opaque: &str) -> Result<SentId, SendError> {
        let answer = self.post(&message.to_json(to, Some(opaque))?).await?;
        let wamid = answer.pointer("/messages/0/id").and_then(Value::as_str).filter(|wamid| !wamid.is_empty());
        wamid
            .map(|wamid| SentId(wamid.to_owned()))
            .ok_or_else(|| SendError::Unknown("an answer without an id".to_owned()))
    }

    /// Shows the person that a message of theirs was read, and with `is_typing` that an answer is being written.
    pub async fn mark_read(&self, wamid: &str, is_typing: bool) -> Result<(), SendError> {
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": wamid});
        if is_typing {
            body["typing_indicator"] = json!({"type": "text"});
        }
        let answer = self.post(&body).await?;
        if answer["success"] == true { Ok(()) } else { Err(SendError::Unknown("an answer without success".to_owned())) }
    }

    /// Fetches a file that somebody sent, by Meta's id of it. Its address holds for minutes, so it is asked for each time;
    /// the token goes there too, and therefore only to where Meta keeps files, or to the server of these settings.
    pub async fn media(&self, id: &str, largest: usize) -> Result<Vec<u8>, MediaError> {
        let Settings { base_url, token, .. } = &self.settings;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(SendError::Unknown("an id that is none".to_owned()).into());
        }
        let response = self.http.get(format!("{base_url}/{id}")).bearer_auth(token).send().await?;
        let about = read(response).await?;
        if about["file_size"].as_u64().and_then(|size| usize::try_from(size).ok()).is_some_and(|size| size > largest) {
            return Err(MediaError::TooLarge);
        }
        let url = about["url"].as_str().unwrap_or_default();
        if !is_file_address(url, base_url) {
            return Err(SendError::Unknown("an address of a file that is not Meta's".to_owned()).into());
        }
        let mut response = self.http.get(url).bearer_auth(token).send().await?;
        if !response.status().is_success() {
            return Err(SendError::Unknown(format!("status {} for a file", response.status().as_u16())).into());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(SendError::from)? {
            if bytes.len() + chunk.len() > largest {
                return Err(MediaError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn post(&self, body: &Value) -> Result<Value, SendError> {
        let Settings { base_url, phone_number_id, token, .. } = &self.settings;
        let url = format!("{base_url}/{phone_number_id}/messages");
        read(self.http.post(url).bearer_auth(token).json(body).send().await?).await
    }
}

/// The answer of the API, or its error.
async fn read(response: reqwest::Response) -> Result<Value, SendError> {
    let status = response.status();
    let bytes = response.bytes().await?;
    let answer: Value = serde_json::from_slice(&bytes)
        .map_err(|_| SendError::Unknown(format!("status {} with a body that is not JSON", status.as_u16())))?;
    if let Some(error) = ApiError::read(&answer["error"]) {
        return Err(error.into());
    }
    if status.is_success() {
        return Ok(answer);
    }
    Err(SendError::Unknown(format!("status {} without an error code", status.as_u16())))
}

/// Whether files may lie there: at Meta, or at the server that was configured.
fn is_file_address(url: &str, base_url: &str) -> bool {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_metas = ["fbsbx.com", "facebook.com", "whatsapp.net"]
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    is_metas || url.strip_prefix(base_url).is_some_and(|rest| rest.starts_with('/'))
}

/// Chooses the one TLS implementation of the process, unless something chose already.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part of the process was first, with the same choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_shows_the_token() {
        let client = Client::new(Settings::new("106", "EAAG-secret")).unwrap();
        let shown = format!("{client:?} {:?}", client.settings);
        assert!(shown.contains("https://graph.facebook.com/v23.0/106") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn each_outcome_has_its_policy() {
        let refused = ApiError::read(&json!({"code": 131_056})).unwrap();
        assert_eq!(SendError::from(refused.clone()).policy(), Policy::DelayRecipient);
        assert_eq!(SendError::from(refused).code(), Some(131_056));
        assert_eq!(SendError::Unknown(String::new()).policy(), Policy::UnknownOutcome);
        assert_eq!(SendError::NotConnected(String::new()).policy(), Policy::Retry { slow_all: false });
        let empty = Outgoing::text("").unwrap_err();
        assert_eq!(SendError::from(empty).policy(), Policy::DeadLetter);
    }

    #[test]
    fn the_token_goes_only_to_where_meta_keeps_files() {
        let base = "https://graph.facebook.com/v23.0";
        for url in [
            "https://lookaside.fbsbx.com/whatsapp_business/x?mid=1",
            "https://mmg.whatsapp.net/a",
            "https://graph.facebook.com/v23.0/x",
        ] {
            assert!(is_file_address(url, base), "{url}");
        }
        for url in [
            "http://lookaside.fbsbx.com/x",
            "https://evil.example/fbsbx.com",
            "https://evilfbsbx.com/x",
            "https://fbsbx.com@evil.example/",
            "https://fbsbx.com.evil.example/",
            "",
            "file:///etc/passwd",
        ] {
            assert!(!is_file_address(url, base), "{url}");
        }
        assert!(is_file_address("http://127.0.0.1:9/v23.0/media/1", "http://127.0.0.1:9/v23.0"));
        assert!(!is_file_address("http://127.0.0.1:9/v23.0.evil", "http://127.0.0.1:9/v23.0"));
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_was_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v23.0", listener.local_addr().unwrap());
        drop(listener);
        let client = Client::new(Settings { base_url, ..Settings::new("106", "t") }).unwrap();
        let error = client.send(&Outgoing::text("hi").unwrap(), &Recipient::phone("977"), "ob_1").await.unwrap_err();
        assert!(matches!(error, SendError::NotConnected(_)), "{error}");
    }
}
