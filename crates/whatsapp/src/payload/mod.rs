//! What is in a webhook body?
//!
//! A body holds entries, an entry changes, a change messages, statuses and errors in any number. [`items`] lays them out
//! flat, in the order in which they stand. It cannot fail: what cannot be read becomes [`Item::Unreadable`] with the reason and the text, and
//! its neighbours are read as if it were not there. Unknown fields, and changes of other kinds than `messages`, are passed over.
//!
//! Deliveries repeat and overtake each other. Whoever stores items keys messages by `wamid` and lets a status replace an
//! older one only by [`may_replace`].
//!
//! What does not live here: what a text means, and the signature, which is over the raw bytes and is checked before.

mod content;
mod shown;
mod status;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::errors::ApiError;
use crate::recipient::{Sender, is_user_id};

pub use content::{CartItem, Content, Media, MediaKind, SharedContact};
pub use status::{Delivery, Pricing, StatusEvent, may_replace};

/// One thing a webhook told us.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Somebody wrote to us.
    Message(Inbound),
    /// A message of ours got further, or failed.
    Status(StatusEvent),
    /// An error that belongs to no message.
    SystemError(ApiError),
    /// Something that is not as documented. It is kept so that a person can look at it.
    Unreadable {
        /// What was missing or wrong.
        why: String,
        /// The JSON text of the item, or the whole body when that was not JSON.
        raw: String,
    },
}

/// A message from a person to one of our numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// Meta's id of the message. The same message may arrive twice, with the same id.
    pub wamid: String,
    /// Who wrote it.
    pub sender: Sender,
    /// The id of our number it was written to.
    pub phone_number_id: String,
    /// When it was sent, in Unix seconds. Messages may arrive in another order.
    pub timestamp: i64,
    /// The message it answers: the one whose button was pressed, or the quoted one.
    pub context_wamid: Option<String>,
    /// What it says.
    pub content: Content,
}

/// Everything a webhook body holds, in its order. The character NUL, which no text of a database can hold, is replaced.
pub fn items(body: &[u8]) -> Vec<Item> {
    match read(body) {
        Ok(mut document) => {
            if body.windows(NUL_ESCAPE.len()).any(|bytes| bytes == NUL_ESCAPE) {
                replace_nul(&mut document);
            }
            from_document(&document)
        }
        Err(error) => {
            vec![unreadable(format!("not JSON: {error}"), String::from_utf8_lossy(body).replace('\0', "\u{FFFD}"))]
        }
    }
}

/// What the character NUL looks like within JSON.
const NUL_ESCAPE: &[u8] = b"\\u0000";

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('\0', "\u{FFFD}"),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut member)| {
                    replace_nul(&mut member);
                    (name.replace('\0', "\u{FFFD}"), member)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let text = String::from_utf8_lossy(body);
        let mended = mend_surrogates(&text);
        serde_json::from_str(&mended).map_err(|_| error)
    })
}

fn from_document(document: &Value) -> Vec<Item> {
    let mut found = Vec::new();
    let Some(entries) = document["entry"].as_array() else {
        return vec![unreadable("no list of entries", document.to_string())];
    };
    for entry in entries {
        let Some(changes) = entry["changes"].as_array() else {
            found.push(unreadable("an entry without a list of changes", entry.to_string()));
            continue;
        };
        for change in changes.iter().filter(|change| change["field"].as_str().is_none_or(|field| field == "messages")) {
            read_change(&change["value"], &mut found);
        }
    }
    found
}

fn read_change(value: &Value, found: &mut Vec<Item>) {
    if !value.is_object() {
        found.push(unreadable("a change without a value", value.to_string()));
        return;
    }
    each(value, "messages", found, |message| inbound(value, message).map(Item::Message));
    each(value, "statuses", found, |status| status::read(value, status).map(Item::Status));
    each(value, "errors", found, |error| {
        ApiError::read(error).map(Item::SystemError).ok_or_else(|| "an error without a code".to_owned())
    });
}

fn each(value: &Value, list: &str, found: &mut Vec<Item>, read: impl Fn(&Value) -> Result<Item, String>) {
    match &value[list] {
        Value::Null => {}
        Value::Array(members) => found.extend(
            members.iter().map(|member| read(member).unwrap_or_else(|why| unreadable(why, member.to_string()))),
        ),
        other => found.push(unreadable(format!("{list} is not a list"), other.to_string())),
    }
}

fn unreadable(why: impl Into<String>, raw: String) -> Item {
    Item::Unreadable { why: why.into(), raw }
}

fn inbound(value: &Value, message: &Value) -> Result<Inbound, String> {
    Ok(Inbound {
        wamid: text(message, "id")?,
        sender: sender(value, message)?,
        phone_number_id: phone_number_id(value)?,
        timestamp: timestamp(message)?,
        context_wamid: optional(&message["context"], "id"),
        content: content::read(message)?,
    })
}

/// The writer of `message`: from the message itself, completed from its entry among the contacts.
///
/// A contact counts as the writer's when it carries the same number or id. When nothing agrees (Meta warns that `wa_id` may
/// differ from the number) it counts only if it is the one contact of the one message: with several, a guess could give
/// one person's messages to another.
fn sender(value: &Value, message: &Value) -> Result<Sender, String> {
    let from = optional(message, "from");
    let mut phone = from.as_deref().and_then(digits);
    let mut user_id = optional(message, "from_user_id").or_else(|| from.filter(|from| is_user_id(from)));

    let contacts = value["contacts"].as_array().map_or(&[][..], Vec::as_slice);
    let agrees = |contact: &&Value| {
        let same = |key: &str, known: &Option<String>| known.is_some() && optional(contact, key) == *known;
        same("wa_id", &phone) || same("user_id", &user_id)
    };
    let alone = contacts.len() == 1 && value["messages"].as_array().is_some_and(|messages| messages.len() == 1);
    let contact = contacts.iter().find(agrees).or_else(|| contacts.first().filter(|_| alone));

    let name = contact.and_then(|contact| optional(&contact["profile"], "name"));
    phone = phone.or_else(|| contact.and_then(|contact| digits(&optional(contact, "wa_id")?)));
    user_id = user_id.or_else(|| contact.and_then(|contact| optional(contact, "user_id")));
    if phone.is_none() && user_id.is_none() {
        return Err("no sender".to_owned());
    }
    Ok(Sender { phone, user_id, name })
}

/// The digits of a number as webhooks write it, with or without `+`. `None` for anything else.
fn digits(number: &str) -> Option<String> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
}

fn phone_number_id(value: &Value) -> Result<String, String> {
    text(&value["metadata"], "phone_number_id")
}

/// A text that must be there and not be empty.
fn text(value: &Value, key: &str) -> Result<String, String> {
    optional(value, key).ok_or_else(|| format!("no {key}"))
}

/// A text that may be absent; an empty one counts as absent. Numbers are taken as text, because ids are written both ways.
fn optional(value: &Value, key: &str) -> Option<String> {
    match &value[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Unix seconds, documented as a string, accepted as a number.
fn timestamp(value: &Value) -> Result<i64, String> {
    whole_number(&value["timestamp"]).ok_or_else(|| "no timestamp".to_owned())
}

/// A whole number that may be written as a string.
fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Replaces escaped halves of UTF-16 pairs that stand alone by U+FFFD.
///
/// A profile name that was cut in the middle of an emoji is written so, and no JSON reader takes it; one such name would
/// hide every message of the body.
fn mend_surrogates(text: &str) -> Cow<'_, str> {
    let unit = |at: usize| -> Option<u16> {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(step) = text[at..].find('\\') {
        at += step;
        let width = match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                mended.push_str(&text[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            Some(_) => 6,
            // An escape of one character, such as \\ or \n: skipped whole, so that its second half opens nothing.
            None => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        at += width;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Vec<u8> {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
            .to_string()
            .into_bytes()
    }

    fn value(contacts: &Value, messages: &Value) -> Value {
        json!({"messaging_product": "whatsapp", "metadata": {"display_phone_number": "1555", "phone_number_id": "106"},
            "contacts": contacts, "messages": messages})
    }

    fn message(from: &str, id: &str) -> Value {
        json!({"from": from, "id": id, "timestamp": "1763692200", "type": "text", "text": {"body": "hi"}})
    }

    fn senders(contacts: &Value, messages: &Value) -> Vec<Sender> {
        items(&body(&value(contacts, messages)))
            .into_iter()
            .filter_map(|item| match item {
                Item::Message(inbound) => Some(inbound.sender),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_documented_example_is_read() {
        let found = items(include_bytes!("../../tests/data/text.json"));
        assert_eq!(
            found,
            [Item::Message(Inbound {
                wamid: "wamid.TEST1".into(),
                sender: Sender {
                    phone: Some("9779848000001".into()), user_id: None, name: Some("राम स्टोर".into())
                },
                phone_number_id: "106540352242922".into(),
                timestamp: 1_763_692_200,
                context_wamid: None,
                content: Content::Text { body: "2 bora chamal ra 5 kilo chini".into() },
            })]
        );
        let Item::Message(inbound) = &found[0] else { unreachable!() };
        let stored = serde_json::to_string(inbound).unwrap();
        assert_eq!(&serde_json::from_str::<Inbound>(&stored).unwrap(), inbound);
    }

    #[test]
    fn every_entry_change_and_list_is_walked_and_one_bad_item_harms_no_other() {
        let mut crowded = value(&json!([]), &json!([message("1001", "a"), {"id": "b"}, 7, message("1002", "c")]));
        crowded["statuses"] =
            json!([{"id": "s", "status": "read", "timestamp": "5", "recipient_id": "1001"}, {"id": "t"}]);
        crowded["errors"] = json!([{"code": 131_000, "title": "x"}, {}]);
        let other = json!({"field": "account_update", "value": {"messages": [message("1003", "no")]}});
        let document = json!({"object": "whatsapp_business_account", "entry": [
            {"id": "1", "changes": [other, {"field": "messages", "value": crowded}, {"field": "messages", "value": 3}]},
            {"id": "2"},
            {"id": "3", "changes": [{"value": value(&json!([]), &json!([message("1004", "d")])), "field": "messages"}]}]});
        let kinds: Vec<String> = items(document.to_string().as_bytes())
            .iter()
            .map(|item| match item {
                Item::Message(inbound) => format!("message {}", inbound.wamid),
                Item::Status(status) => format!("status {}", status.wamid),
                Item::SystemError(error) => format!("error {}", error.code),
                Item::Unreadable { why, .. } => format!("unreadable: {why}"),
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "message a",
                "unreadable: no sender",
                "unreadable: no id",
                "message c",
                "status s",
                "unreadable: no status",
                "error 131000",
                "unreadable: an error without a code",
                "unreadable: a change without a value",
                "unreadable: an entry without a list of changes",
                "message d",
            ]
        );
    }

    #[test]
    fn what_is_not_a_webhook_is_kept_as_it_came() {
        for (text, why) in [("hello", "not JSON"), ("[]", "no list"), ("{}", "no list"), ("null", "no list")] {
            let [Item::Unreadable { why: said, raw }] = &items(text.as_bytes())[..] else { panic!("{text}") };
            assert!(said.starts_with(why), "{said}");
            assert_eq!(raw, text);
        }
        assert_eq!(items(br#"{"entry":[]}"#), []);
    }

    #[test]
    fn a_contact_is_the_writers_only_when_it_surely_is() {
        let ram = json!({"profile": {"name": "Ram"}, "wa_id": "1001", "user_id": "NP.1"});
        let sita = json!({"profile": {"name": "Sita"}, "wa_id": "1002", "user_id": "NP.2"});
        let names = |contacts: &Value, messages: &Value| -> Vec<Option<String>> {
            senders(contacts, messages).into_iter().map(|sender| sender.user_id).collect()
        };
        let one = json!([message("1001", "a")]);
        let two = json!([message("1002", "a"), message("1001", "b")]);
        assert_eq!(names(&json!([ram, sita]), &two), [Some("NP.2".into()), Some("NP.1".into())]);
        assert_eq!(names(&json!([sita]), &one), [Some("NP.2".into())], "the one contact of the one message");
        assert_eq!(names(&json!([sita]), &two), [Some("NP.2".into()), None], "not given to a second writer");
        assert_eq!(names(&json!(null), &one), [None]);
    }

    #[test]
    fn a_hidden_number_leaves_the_user_id() {
        let contact = json!([{"profile": {"name": "Hari", "username": "hari"}, "user_id": "NP.134912"}]);
        let mut hidden = message("x", "a");
        hidden.as_object_mut().unwrap().remove("from");
        hidden["from_user_id"] = json!("NP.134912");
        let expected = Sender { phone: None, user_id: Some("NP.134912".into()), name: Some("Hari".into()) };
        assert_eq!(senders(&contact, &json!([hidden])), std::slice::from_ref(&expected));
        hidden.as_object_mut().unwrap().remove("from_user_id");
        assert_eq!(senders(&contact, &json!([hidden])), std::slice::from_ref(&expected));
        assert_eq!(senders(&contact, &json!([message("NP.134912", "a")])), [expected]);
        let both = json!([{"profile": {"name": "Hari"}, "wa_id": "977", "user_id": "NP.134912"}]);
        assert_eq!(senders(&both, &json!([hidden]))[0].phone.as_deref(), Some("977"));
    }

    #[test]
    fn half_an_emoji_in_a_name_hides_no_message() {
        let text = String::from_utf8(body(&value(
            &json!([{"profile": {"name": "NAME"}, "wa_id": "1001"}]),
            &json!([message("1001", "a")]),
        )))
        .unwrap();
        for (written, read) in [
            (r"Ram \ud83d", "Ram \u{fffd}"),
            (r"\ude00 Ram", "\u{fffd} Ram"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\\ud83d \ud83d", "\\ud83d \u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ] {
            let [Item::Message(inbound)] = &items(text.replace("NAME", written).as_bytes())[..] else {
                panic!("{written}")
            };
            assert_eq!(inbound.sender.name.as_deref(), Some(read), "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            items(&bytes);
        }

        #[test]
        fn no_damage_makes_it_fail(at in 0usize..480, with in "[\\\\\"{}\\[\\]u0-9a-f]{0,6}") {
            let whole = std::str::from_utf8(include_bytes!("../../tests/data/text.json")).unwrap();
            items(format!("{}{with}{}", &whole[..at], &whole[at + 7..]).as_bytes());
        }

        #[test]
        fn mending_leaves_whole_text_alone(text in "\\PC{0,40}") {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(mend_surrogates(&written), written.as_str());
        }
    }
}
