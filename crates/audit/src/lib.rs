//! The audit log: who did what to what, when, why, with the state before and after. Append-only and hash-chained.
//!
//! Entries belong to a *stream*: the retailer's, else the vendor's, else [`PLATFORM`]. Within a stream they are numbered
//! without gaps and each carries the hash of the one before it. Nothing here changes or deletes an entry, and no route
//! of the house does.
//!
//! The hash is SHA-256 over the fields, each as its length in bytes, a colon, the text and a line feed, in this order:
//! stream, seq, at (microseconds), actor, action, subject, before, after, reason, request, hash of the entry before. An
//! absent field is written as `-` and a line feed. The first entry follows [`FIRST_HASH`].
//!
//! Operators read a retailer's stream ([`find`]) and what happened to anyone's credit ([`credit_page`]).
//!
//! Statements: reading 1; [`record`] 3 for any number of entries, one of them waited for (2 more
//! where a stream is new).

mod http;
mod pages;
mod store;
mod verify;

use kernel::{Context, Instant};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use http::routes;
pub use pages::pages;
pub use store::{Filter, credit_page, find, read, record};
pub use verify::{Broken, Walked, verify_page};

/// The stream of what belongs to no retailer and no vendor.
pub const PLATFORM: &str = "platform";

/// The hash before the first entry of a stream.
pub const FIRST_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry to be recorded.
#[derive(Clone, Debug)]
pub struct Entry {
    at: Instant,
    actor: String,
    request: String,
    stream: String,
    action: &'static str,
    subject: String,
    before: Option<String>,
    after: Option<String>,
    reason: Option<String>,
}

impl Entry {
    /// What the context's actor does now to the subject, in the stream of whom it concerns.
    pub fn new(cx: &Context, stream: impl ToString, action: &'static str, subject: impl ToString) -> Self {
        Self {
            at: cx.now,
            actor: cx.actor.to_string(),
            request: cx.request.to_string(),
            stream: stream.to_string(),
            action,
            subject: subject.to_string(),
            before: None,
            after: None,
            reason: None,
        }
    }

    /// What it was like before.
    pub fn before(mut self, state: serde_json::Value) -> Self {
        self.before = Some(state.to_string());
        self
    }

    /// What it is like now.
    pub fn after(mut self, state: serde_json::Value) -> Self {
        self.after = Some(state.to_string());
        self
    }

    /// Why.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A recorded entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The stream.
    pub stream: String,
    /// Its place in the stream, from 1.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// Who, as `operator:usr_…`, `vendor:ven_…`, `retailer:ret_…` or `system`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What it was like before, as JSON text.
    pub before: Option<String>,
    /// What it was like after, as JSON text.
    pub after: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The request that did it.
    pub request: String,
    /// The hash of the entry before.
    pub previous_hash: String,
    /// The entry's own hash.
    pub hash: String,
}

impl Recorded {
    fn chained(entry: Entry, seq: i64, previous_hash: String) -> Self {
        let mut recorded = Self {
            stream: entry.stream,
            seq,
            at: entry.at,
            actor: entry.actor,
            action: entry.action.to_owned(),
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
            reason: entry.reason,
            request: entry.request,
            previous_hash,
            hash: String::new(),
        };
        recorded.hash = recorded.computed_hash();
        recorded
    }

    /// The hash that the content has.
    pub fn computed_hash(&self) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.micros().to_string());
        let fields = [
            Some(self.stream.as_str()),
            Some(&seq),
            Some(&at),
            Some(&self.actor),
            Some(&self.action),
            Some(&self.subject),
            self.before.as_deref(),
            self.after.as_deref(),
            self.reason.as_deref(),
            Some(&self.request),
            Some(&self.previous_hash),
        ];
        let mut digest = Sha256::new();
        for field in fields {
            match field {
                Some(text) => {
                    digest.update(text.len().to_string());
                    digest.update(":");
                    digest.update(text);
                    digest.update("\n");
                }
                None => digest.update("-\n"),
            }
        }
        kernel::hex(&digest.finalize())
    }
}
