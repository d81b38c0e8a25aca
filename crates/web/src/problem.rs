//! Errors as RFC 9457 problem details with a stable code.

use axum::response::{IntoResponse, Response};
use db::DbError;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::StoredAnswer;

/// A problem: what went wrong, with a stable `code`, the field where one is to blame, and further members.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    members: Map<String, Value>,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with its status, its stable code and a sentence that says what to do.
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into(), members: Map::new(), retry_after: None }
    }

    /// A field that is not right.
    pub fn field(field: impl Into<String>, right: impl Into<String>) -> Self {
        let (field, right) = (field.into(), right.into());
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION", format!("{field}: {right}")).with("field", field)
    }

    /// There is nothing there that the caller may see.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("there is no such {what}"))
    }

    /// A business refusal.
    pub fn conflict(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Too much is under way; nothing was done.
    pub fn busy() -> Self {
        let detail = "too much is under way; nothing was done, ask again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", detail).retry_after(1)
    }

    /// Adds a member.
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Says after how many seconds to ask again.
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The body as JSON.
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "type": format!("/docs/problems#{}", self.code.to_lowercase()),
            "title": self.status.canonical_reason().unwrap_or("Problem"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Value::Object(object) = &mut body {
            object.extend(self.members.clone());
        }
        body
    }

    /// The problem as an answer that is stored under an idempotency key.
    pub fn stored(&self) -> StoredAnswer {
        StoredAnswer {
            status: self.status.as_u16(),
            headers: vec![("content-type".to_owned(), "application/problem+json".to_owned())],
            body: self.to_json().to_string(),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::CommitUnknown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "OUTCOME_UNKNOWN",
                "the database was lost while it committed; ask again with the same idempotency key to learn the outcome",
            )
            .retry_after(1),
            error if error.is_transient() => Self::busy(),
            error => {
                tracing::error!(%error, "a request failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "INTERNAL",
                    "something went wrong on our side; nothing was done",
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
