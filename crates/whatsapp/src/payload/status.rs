//! How far did a message of ours get?

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{optional, phone_number_id, text, timestamp};
use crate::errors::ApiError;
use crate::recipient::Recipient;

/// News about a message we sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusEvent {
    /// The message.
    pub wamid: String,
    /// How far it got.
    pub status: Delivery,
    /// When, in Unix seconds.
    pub timestamp: i64,
    /// The id of our number it was sent from.
    pub phone_number_id: String,
    /// Whom it was sent to, when the event says so.
    pub recipient: Option<Recipient>,
    /// What we sent along as `biz_opaque_callback_data`: finds the message even when the answer to its send was lost.
    pub opaque: Option<String>,
    /// Why it failed; empty otherwise.
    pub errors: Vec<ApiError>,
    /// What Meta charges, with `sent` and one of the later events.
    pub pricing: Option<Pricing>,
}

/// The stations of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It left Meta.
    Sent,
    /// It did not arrive.
    Failed,
    /// It is on the phone.
    Delivered,
    /// It was opened, or played if it is a recording. Implies delivered, whose own event may never come.
    Read,
}

impl Delivery {
    /// How much it says: sent, failed, delivered, read, from 1 to 4. What was delivered cannot have failed.
    pub fn rank(self) -> u8 {
        match self {
            Self::Sent => 1,
            Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }
}

/// Whether `new` may take the place of `old`. Events overtake each other and repeat, so only a higher rank may.
pub fn may_replace(old: Delivery, new: Delivery) -> bool {
    new.rank() > old.rank()
}

/// What Meta charges for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// Whether it costs anything.
    pub is_billable: bool,
    /// `PMP` (per message) or `CBP` (per conversation).
    pub model: Option<String>,
    /// `regular`, `free_customer_service` or `free_entry_point`.
    pub kind: Option<String>,
    /// `utility`, `service`, `marketing` or `authentication`.
    pub category: Option<String>,
}

pub(super) fn read(value: &Value, event: &Value) -> Result<StatusEvent, String> {
    let wamid = text(event, "id")?;
    let status = match text(event, "status")?.as_str() {
        "sent" => Delivery::Sent,
        "delivered" => Delivery::Delivered,
        "read" | "played" => Delivery::Read,
        "failed" => Delivery::Failed,
        other => return Err(format!("an unknown status: {other}")),
    };
    let recipient = ["recipient_id", "recipient_user_id"].iter().find_map(|key| Recipient::parse(event[key].as_str()?));
    Ok(StatusEvent {
        wamid,
        status,
        timestamp: timestamp(event)?,
        phone_number_id: phone_number_id(value)?,
        recipient,
        opaque: optional(event, "biz_opaque_callback_data"),
        errors: event["errors"].as_array().into_iter().flatten().filter_map(ApiError::read).collect(),
        pricing: event["pricing"].is_object().then(|| pricing(&event["pricing"])),
    })
}

fn pricing(part: &Value) -> Pricing {
    Pricing {
        is_billable: part["billable"].as_bool().unwrap_or(true),
        model: optional(part, "pricing_model"),
        kind: optional(part, "type"),
        category: optional(part, "category"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(event: &Value) -> Result<StatusEvent, String> {
        read(&json!({"metadata": {"phone_number_id": "106"}}), event)
    }

    #[test]
    fn a_status_is_read_whole() {
        let event = json!({"id": "wamid.1", "status": "sent", "timestamp": "1750857384", "recipient_id": "9779848000001",
            "biz_opaque_callback_data": "ob_123", "conversation": {"id": "c"},
            "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"}});
        let read = read_one(&event).unwrap();
        assert_eq!(
            (read.wamid.as_str(), read.status, read.timestamp, read.opaque.as_deref()),
            ("wamid.1", Delivery::Sent, 1_750_857_384, Some("ob_123"))
        );
        assert_eq!(read.recipient, Some(Recipient::Phone("9779848000001".into())));
        assert_eq!(read.pricing.as_ref().unwrap().category.as_deref(), Some("utility"));
        let stored = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<StatusEvent>(&stored).unwrap(), read);
    }

    #[test]
    fn a_failure_says_why_and_a_hidden_number_is_an_id() {
        let event = json!({"id": "wamid.1", "status": "failed", "timestamp": 5, "recipient_user_id": "NP.1",
            "errors": [{"code": 131_047, "title": "Re-engagement message", "error_data": {"details": "more than 24 hours"}}]});
        let read = read_one(&event).unwrap();
        assert_eq!((read.errors[0].code, read.errors[0].details.as_str()), (131_047, "more than 24 hours"));
        assert_eq!(read.recipient, Some(Recipient::UserId("NP.1".into())));
    }

    #[test]
    fn played_is_read_and_a_new_word_is_said() {
        let event = |status: &str| json!({"id": "w", "status": status, "timestamp": "5"});
        assert_eq!(read_one(&event("played")).unwrap().status, Delivery::Read);
        assert_eq!(read_one(&event("warned")), Err("an unknown status: warned".into()));
    }

    #[test]
    fn only_a_higher_rank_replaces() {
        use Delivery::{Delivered, Failed, Read, Sent};
        let allowed =
            [(Sent, Delivered), (Sent, Read), (Delivered, Read), (Sent, Failed), (Failed, Delivered), (Failed, Read)];
        for old in [Sent, Failed, Delivered, Read] {
            for new in [Sent, Failed, Delivered, Read] {
                assert_eq!(may_replace(old, new), allowed.contains(&(old, new)), "{old:?} -> {new:?}");
            }
        }
    }
}
