//! What does an error code ask of the sender?
//!
//! The same failure may come as the answer to a send, in a `failed` status, or both, so one type carries all of them and one
//! table says what follows. The code in the body decides, never the HTTP status or the title.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The least pause before another message to the same person after a pair-rate error, in seconds.
pub const PAIR_PAUSE_SECONDS: i64 = 6;

/// What the sender does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Try again later, with exponential back-off and jitter.
    Retry {
        /// Whether the whole number is over its limit, so that every send has to slow down.
        slow_all: bool,
    },
    /// Try once more, then give up and show the operator.
    RetryOnce,
    /// Hold back this recipient only, at least [`PAIR_PAUSE_SECONDS`]; the others go on.
    DelayRecipient,
    /// The 24-hour window is closed: send an approved template instead, or drop what was only chat.
    SwitchToTemplate,
    /// This message will never reach this person. Do not try again.
    Permanent,
    /// Send only what must be sent for a while, and tell the operator (spam limit).
    PauseInessential,
    /// Nothing can be sent until a person acts: token, permission, billing, a locked account.
    StopAndAlert,
    /// The message or the configuration is wrong: keep it for the operator, go on with the others.
    DeadLetter,
    /// The message may have left. Wait for a status that carries our opaque data; never send again blindly.
    UnknownOutcome,
}

/// An error object of the API, from a response or from a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {message}: {details}")]
pub struct ApiError {
    /// The documented number, such as 131047.
    pub code: i64,
    /// The title (webhooks) or the type (responses).
    pub title: String,
    /// The message, often `(#code) title`.
    pub message: String,
    /// What exactly was wrong, from `error_data.details`; may be empty.
    pub details: String,
    /// Whether Meta itself calls it transient. Absent counts as false.
    pub is_transient: bool,
    /// Meta's trace id, for their support.
    pub trace: Option<String>,
}

impl ApiError {
    /// Reads an error object of either shape. `None` when there is no code to branch on.
    pub fn read(value: &Value) -> Option<Self> {
        let code = &value["code"];
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Some(Self {
            code: code.as_i64().or_else(|| code.as_str()?.parse().ok())?,
            title: if value["title"].is_string() { text("title") } else { text("type") },
            message: text("message"),
            details: value["error_data"]["details"].as_str().unwrap_or_default().to_owned(),
            is_transient: value["is_transient"].as_bool().unwrap_or(false),
            trace: value["fbtrace_id"].as_str().map(str::to_owned),
        })
    }

    /// What the sender does about it. A code that is not documented is tried again only when Meta calls it transient.
    pub fn policy(&self) -> Policy {
        match documented(self.code) {
            Some(known) => known.policy,
            None if self.is_transient => Policy::Retry { slow_all: false },
            None => Policy::DeadLetter,
        }
    }
}

/// A line of the table of error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documented {
    /// The code, or the first of a range.
    pub code: i64,
    /// The HTTP status it comes with when it is the answer to a send.
    pub http: u16,
    /// Its title.
    pub title: &'static str,
    /// What the sender does about it.
    pub policy: Policy,
}

/// The line of the table for `code`. The permission codes 200 to 299 share one.
pub fn documented(code: i64) -> Option<&'static Documented> {
    let line = if (200..=299).contains(&code) { 200 } else { code };
    DOCUMENTED.iter().find(|known| known.code == line)
}

const fn line(code: i64, http: u16, title: &'static str, policy: Policy) -> Documented {
    Documented { code, http, title, policy }
}

const AGAIN: Policy = Policy::Retry { slow_all: false };
const SLOWER: Policy = Policy::Retry { slow_all: true };

/// Every code that has a policy of its own.
pub const DOCUMENTED: &[Documented] = &[
    line(0, 401, "AuthException", Policy::StopAndAlert),
    line(1, 400, "API Unknown", AGAIN),
    line(2, 503, "API Service", AGAIN),
    line(3, 500, "API Method", Policy::StopAndAlert),
    line(4, 429, "API Too Many Calls", SLOWER),
    line(10, 403, "Permission Denied", Policy::StopAndAlert),
    line(33, 400, "Parameter value is not valid", Policy::Permanent),
    line(100, 400, "Invalid parameter", Policy::Permanent),
    line(190, 401, "Access token has expired", Policy::StopAndAlert),
    line(200, 403, "API Permission", Policy::StopAndAlert),
    line(368, 403, "Temporarily blocked for policies violations", Policy::StopAndAlert),
    line(80007, 429, "Rate limit issues", SLOWER),
    line(130_429, 429, "Rate limit hit", SLOWER),
    line(130_472, 400, "User's number is part of an experiment", Policy::Permanent),
    line(130_497, 403, "Business account is restricted from messaging users in this country", Policy::Permanent),
    line(131_000, 500, "Something went wrong", AGAIN),
    line(131_005, 403, "Access denied", Policy::StopAndAlert),
    line(131_008, 400, "Required parameter is missing", Policy::DeadLetter),
    line(131_009, 400, "Parameter value is not valid", Policy::DeadLetter),
    line(131_016, 503, "Service unavailable", AGAIN),
    line(131_026, 400, "Message undeliverable", Policy::Permanent),
    line(131_031, 403, "Account has been locked", Policy::StopAndAlert),
    line(131_042, 400, "Business eligibility payment issue", Policy::StopAndAlert),
    line(131_047, 400, "Re-engagement message", Policy::SwitchToTemplate),
    line(131_048, 400, "Spam rate limit hit", Policy::PauseInessential),
    line(131_049, 400, "Meta chose not to deliver", Policy::Permanent),
    line(131_051, 400, "Unsupported message type", Policy::DeadLetter),
    line(131_052, 400, "Media download error", Policy::RetryOnce),
    line(131_053, 400, "Media upload error", Policy::RetryOnce),
    line(131_056, 429, "Pair rate limit hit", Policy::DelayRecipient),
    line(131_057, 500, "Account in maintenance mode", SLOWER),
    // An id that may not receive this kind of message; the caller may send to the phone number if it knows one.
    line(131_062, 400, "User id recipient not allowed", Policy::Permanent),
    line(132_000, 400, "Template Param Count Mismatch", Policy::DeadLetter),
    line(132_001, 404, "Template does not exist", Policy::DeadLetter),
    line(132_005, 400, "Translated text too long", Policy::DeadLetter),
    line(132_012, 400, "Template Parameter Format Mismatch", Policy::DeadLetter),
    line(132_015, 400, "Template is paused", Policy::DeadLetter),
    line(132_069, 400, "Flow is throttled", AGAIN),
    line(133_010, 400, "Phone number not registered", Policy::DeadLetter),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(code: i64) -> Policy {
        ApiError::read(&json!({"code": code})).unwrap().policy()
    }

    #[test]
    fn the_code_decides() {
        for code in [0, 190, 3, 10, 200, 227, 299, 131_031, 368, 131_042] {
            assert_eq!(of(code), Policy::StopAndAlert, "{code}");
        }
        for code in [1, 2, 132_069] {
            assert_eq!(of(code), Policy::Retry { slow_all: false }, "{code}");
        }
        for code in [4, 80007, 130_429, 131_057] {
            assert_eq!(of(code), Policy::Retry { slow_all: true }, "{code}");
        }
        for code in [131_026, 131_049, 130_472, 130_497, 131_062, 33, 100] {
            assert_eq!(of(code), Policy::Permanent, "{code}");
        }
        for code in [131_051, 132_000, 132_001, 132_012, 132_015, 133_010, 300, 999_999] {
            assert_eq!(of(code), Policy::DeadLetter, "{code}");
        }
        assert_eq!(of(131_056), Policy::DelayRecipient);
        assert_eq!(of(131_048), Policy::PauseInessential);
        assert_eq!(of(131_047), Policy::SwitchToTemplate);
        assert_eq!((of(131_052), of(131_053)), (Policy::RetryOnce, Policy::RetryOnce));
    }

    #[test]
    fn an_unknown_code_is_tried_again_only_when_called_transient() {
        let transient = json!({"code": 999_999, "is_transient": true});
        assert_eq!(ApiError::read(&transient).unwrap().policy(), Policy::Retry { slow_all: false });
        let permanent = json!({"code": 131_026, "is_transient": true});
        assert_eq!(ApiError::read(&permanent).unwrap().policy(), Policy::Permanent);
    }

    #[test]
    fn both_shapes_are_read() {
        let response = json!({"message": "(#130429) Rate limit hit", "type": "OAuthException", "code": 130_429,
            "error_data": {"messaging_product": "whatsapp", "details": "slow down"}, "fbtrace_id": "Az8or2yhqkZfEZ"});
        let error = ApiError::read(&response).unwrap();
        assert_eq!(error.to_string(), "130429 (#130429) Rate limit hit: slow down");
        assert_eq!((error.title.as_str(), error.trace.as_deref()), ("OAuthException", Some("Az8or2yhqkZfEZ")));
        let webhook = json!({"code": "131047", "title": "Re-engagement message"});
        assert_eq!(ApiError::read(&webhook).unwrap().code, 131_047);
        assert_eq!(ApiError::read(&json!({"message": "no code"})), None);
        assert_eq!(ApiError::read(&json!("text")), None);
    }

    #[test]
    fn no_code_stands_twice_in_the_table() {
        assert!(DOCUMENTED.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
