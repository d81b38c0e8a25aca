//! As which JSON is a message sent?

use serde_json::{Map, Value, json};

use super::limits::fits;
use super::{List, MessageError, Outgoing, Part, Template};
use crate::recipient::Recipient;

impl Outgoing {
    /// The body of `POST /<phone number id>/messages`. `opaque` travels as `biz_opaque_callback_data` and comes back with each
    /// status. Refuses what [`check`](Self::check) refuses, and an opaque text of more than 512 characters.
    pub fn to_json(&self, to: &Recipient, opaque: Option<&str>) -> Result<Value, MessageError> {
        self.check()?;
        let mut body = Map::new();
        body.insert("messaging_product".into(), json!("whatsapp"));
        body.insert("recipient_type".into(), json!("individual"));
        match to {
            Recipient::Phone(digits) => body.insert("to".into(), json!(digits)),
            Recipient::UserId(id) => body.insert("recipient".into(), json!(id)),
        };
        let (kind, part) = self.part();
        body.insert("type".into(), json!(kind));
        body.insert(kind.into(), part);
        if let Some(opaque) = opaque {
            fits(Part::Opaque, opaque)?;
            body.insert("biz_opaque_callback_data".into(), json!(opaque));
        }
        Ok(Value::Object(body))
    }

    fn part(&self) -> (&'static str, Value) {
        match self {
            Self::Text { body } => ("text", json!({"body": body, "preview_url": false})),
            Self::Buttons(message) => {
                let button = |button: &super::Button| json!({"type": "reply", "reply": {"id": button.id, "title": button.title}});
                let action = json!({"buttons": message.buttons.iter().map(button).collect::<Vec<_>>()});
                let (header, footer) = (message.header.as_ref(), message.footer.as_ref());
                ("interactive", interactive("button", &message.body, header, footer, action))
            }
            Self::List(message) => {
                let (header, footer) = (message.header.as_ref(), message.footer.as_ref());
                ("interactive", interactive("list", &message.body, header, footer, list_action(message)))
            }
            Self::Template(message) => ("template", template(message)),
        }
    }
}

fn interactive(kind: &str, body: &str, header: Option<&String>, footer: Option<&String>, action: Value) -> Value {
    let mut part = Map::new();
    part.insert("type".into(), json!(kind));
    if let Some(text) = header {
        part.insert("header".into(), json!({"type": "text", "text": text}));
    }
    part.insert("body".into(), json!({"text": body}));
    if let Some(text) = footer {
        part.insert("footer".into(), json!({"text": text}));
    }
    part.insert("action".into(), action);
    Value::Object(part)
}

fn list_action(message: &List) -> Value {
    let row =
        |row: &super::Row| with(json!({"id": row.id, "title": row.title}), "description", row.description.as_ref());
    let section = |section: &super::Section| {
        with(json!({"rows": section.rows.iter().map(row).collect::<Vec<_>>()}), "title", section.title.as_ref())
    };
    json!({"button": message.button, "sections": message.sections.iter().map(section).collect::<Vec<_>>()})
}

fn with(mut object: Value, key: &str, text: Option<&String>) -> Value {
    if let Some(text) = text {
        object[key] = json!(text);
    }
    object
}

fn template(message: &Template) -> Value {
    let mut components = Vec::new();
    if !message.params.is_empty() {
        let param = |text: &String| json!({"type": "text", "text": text});
        components.push(json!({"type": "body", "parameters": message.params.iter().map(param).collect::<Vec<_>>()}));
    }
    for (index, payload) in message.payloads.iter().enumerate() {
        components.push(json!({"type": "button", "sub_type": "quick_reply", "index": index.to_string(),
            "parameters": [{"type": "payload", "payload": payload}]}));
    }
    // The policy is required by Meta's description of the API; deterministic is the one value there is.
    let language = json!({"policy": "deterministic", "code": message.language});
    let mut part = json!({"name": message.name, "language": language});
    if !components.is_empty() {
        part["components"] = Value::Array(components);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::super::{Buttons, List};
    use super::*;

    fn sent(message: &Outgoing) -> Value {
        // What is stored must be sent the same.
        let stored: Outgoing = serde_json::from_str(&serde_json::to_string(message).unwrap()).unwrap();
        assert_eq!(&stored, message);
        stored.to_json(&Recipient::phone("+977 9848000001"), None).unwrap()
    }

    fn envelope(kind: &str, part: &Value) -> Value {
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "9779848000001", "type": kind, kind: part})
    }

    #[test]
    fn a_text() {
        let message = Outgoing::text("राम राम").unwrap();
        assert_eq!(sent(&message), envelope("text", &json!({"body": "राम राम", "preview_url": false})));
    }

    #[test]
    fn buttons() {
        let bare = Buttons::new("Confirm order?").button("confirm:ord_1", "Confirm");
        let action = json!({"buttons": [{"type": "reply", "reply": {"id": "confirm:ord_1", "title": "Confirm"}}]});
        let body = json!({"text": "Confirm order?"});
        assert_eq!(
            sent(&bare.clone().build().unwrap()),
            envelope("interactive", &json!({"type": "button", "body": body, "action": action}))
        );
        assert_eq!(
            sent(&bare.header("Order").footer("NPR 4,300").build().unwrap()),
            envelope(
                "interactive",
                &json!({"type": "button", "header": {"type": "text", "text": "Order"}, "body": body,
                    "footer": {"text": "NPR 4,300"}, "action": action})
            )
        );
    }

    #[test]
    fn a_list() {
        let list =
            List::new("Which?", "Choose").section("Rice").row("sku_12", "Mansuli 25kg", Some("NPR 2,150 / bora"));
        let rows = json!([{"id": "sku_12", "title": "Mansuli 25kg", "description": "NPR 2,150 / bora"}]);
        assert_eq!(
            sent(&list.build().unwrap()),
            envelope(
                "interactive",
                &json!({"type": "list", "body": {"text": "Which?"},
                    "action": {"button": "Choose", "sections": [{"title": "Rice", "rows": rows}]}})
            )
        );
        let plain = List::new("Which?", "Choose").row("a", "A", None).build().unwrap();
        assert_eq!(sent(&plain)["interactive"]["action"]["sections"], json!([{"rows": [{"id": "a", "title": "A"}]}]));
    }

    #[test]
    fn a_template() {
        let due = Template::new("payment_due_v1", "en")
            .param("Ram Store")
            .param("NPR 4,750")
            .payload("PROMISE")
            .payload("CALL");
        let button = |index: &str, payload: &str| {
            json!({"type": "button", "sub_type": "quick_reply", "index": index,
                "parameters": [{"type": "payload", "payload": payload}]})
        };
        let params = json!([{"type": "text", "text": "Ram Store"}, {"type": "text", "text": "NPR 4,750"}]);
        let language = json!({"policy": "deterministic", "code": "en"});
        assert_eq!(
            sent(&due.build().unwrap()),
            envelope(
                "template",
                &json!({"name": "payment_due_v1", "language": language, "components":
                    [{"type": "body", "parameters": params}, button("0", "PROMISE"), button("1", "CALL")]})
            )
        );
        let plain = Template::new("hello", "en").build().unwrap();
        assert_eq!(sent(&plain), envelope("template", &json!({"name": "hello", "language": language})));
    }

    #[test]
    fn a_user_id_goes_into_recipient_and_the_opaque_text_along() {
        let message = Outgoing::text("hi").unwrap();
        let body = message.to_json(&Recipient::UserId("NP.1".into()), Some("ob_123")).unwrap();
        assert_eq!((&body["recipient"], body.get("to")), (&json!("NP.1"), None));
        assert_eq!(body["biz_opaque_callback_data"], "ob_123");
        let long = "x".repeat(513);
        assert_eq!(
            message.to_json(&Recipient::phone("1"), Some(&long)),
            Err(MessageError::TooLong { part: Part::Opaque, found: 513 })
        );
    }

    #[test]
    fn a_stored_message_beyond_the_limits_is_not_sent() {
        let stored: Outgoing = serde_json::from_value(json!({"kind": "text", "body": ""})).unwrap();
        assert_eq!(stored.to_json(&Recipient::phone("1"), None), Err(MessageError::Empty { part: Part::TextBody }));
    }
}
