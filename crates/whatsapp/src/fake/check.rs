//! Would Meta take this request?
//!
//! The rules are written down here a second time, from the documentation and over the raw JSON, on purpose: a fake that
//! used the sender's own types and limits would agree with every mistake of theirs. Where Meta's pages differ, its OpenAPI
//! description holds. Stricter than Meta in one respect: a field nobody documented is refused. Texts are counted in
//! characters (Unicode scalar values).

use std::collections::HashSet;

use serde_json::Value;

use super::part::{Checked, Complaint, Part, invalid};
use crate::message::{Button, Buttons, List, Outgoing, Row, Section, Template};
use crate::recipient::{Recipient, is_user_id};

/// A request that is in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Send { to: Recipient, message: Outgoing, opaque: Option<String> },
    Read { wamid: String },
}

pub(super) fn request(body: &Value) -> Checked<Request> {
    if body.get("status").is_some() {
        return read_mark(body);
    }
    let known =
        ["messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"];
    let kind = body["type"].as_str().unwrap_or_default();
    let message = Part::of(body, "message", &[&known[..], &[kind]].concat())?;
    message.word("messaging_product", "whatsapp")?;
    message.word("recipient_type", "individual")?;
    if message.has("context") {
        message.part("context", &["message_id"])?.text("message_id", usize::MAX)?;
    }
    let to = recipient(&message)?;
    let opaque = message.optional_text("biz_opaque_callback_data", 512)?;
    let message = match message.text("type", usize::MAX)?.as_str() {
        "text" => text(&message)?,
        "interactive" => interactive(&message)?,
        "template" => template(&message)?,
        other => return invalid(format!("messages of type {other} are not known here")),
    };
    Ok(Request::Send { to, message, opaque })
}

fn read_mark(body: &Value) -> Checked<Request> {
    let mark = Part::of(body, "mark", &["messaging_product", "status", "message_id", "typing_indicator"])?;
    mark.word("messaging_product", "whatsapp")?;
    mark.word("status", "read")?;
    if mark.has("typing_indicator") {
        mark.part("typing_indicator", &["type"])?.word("type", "text")?;
    }
    Ok(Request::Read { wamid: mark.text("message_id", usize::MAX)? })
}

/// `to` wins when both are there, as with Meta.
fn recipient(message: &Part<'_>) -> Checked<Recipient> {
    if let Some(to) = message.optional_text("to", usize::MAX)? {
        let digits = to.strip_prefix('+').unwrap_or(&to);
        if !(5..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return invalid("message.to must be a phone number; a user id goes into message.recipient");
        }
        return Ok(Recipient::Phone(digits.to_owned()));
    }
    match message.optional_text("recipient", usize::MAX)? {
        Some(id) if is_user_id(&id) => Ok(Recipient::UserId(id)),
        Some(_) => invalid("message.recipient must be a business-scoped user id"),
        None => invalid("message.to is required"),
    }
}

fn text(message: &Part<'_>) -> Checked<Outgoing> {
    let text = message.part("text", &["body", "preview_url"])?;
    if text.fields.get("preview_url").is_some_and(|value| !value.is_boolean()) {
        return invalid("message.text.preview_url must be true or false");
    }
    Ok(Outgoing::Text { body: text.text("body", 4096)? })
}

fn interactive(message: &Part<'_>) -> Checked<Outgoing> {
    let part = message.part("interactive", &["type", "header", "body", "footer", "action"])?;
    let header = if part.has("header") {
        let header = part.part("header", &["type", "text"])?;
        header.word("type", "text")?;
        Some(header.text("text", 60)?)
    } else {
        None
    };
    let footer = if part.has("footer") { Some(part.part("footer", &["text"])?.text("text", 60)?) } else { None };
    let body = part.part("body", &["text"])?;
    match part.text("type", usize::MAX)?.as_str() {
        "button" => {
            let buttons = buttons(&part.part("action", &["buttons"])?)?;
            Ok(Outgoing::Buttons(Buttons { body: body.text("text", 1024)?, header, footer, buttons }))
        }
        "list" => {
            let action = part.part("action", &["button", "sections"])?;
            let (button, sections) = (action.text("button", 20)?, sections(&action)?);
            Ok(Outgoing::List(List { body: body.text("text", 1024)?, header, footer, button, sections }))
        }
        other => invalid(format!("interactive messages of type {other} are not known here")),
    }
}

fn buttons(action: &Part<'_>) -> Checked<Vec<Button>> {
    let mut seen = HashSet::new();
    let mut buttons = Vec::new();
    for (at, value) in action.list("buttons", 3)? {
        let button = Part::of(value, at, &["type", "reply"])?;
        button.word("type", "reply")?;
        let reply = button.part("reply", &["id", "title"])?;
        let (id, title) = (identifier(&reply, 256)?, reply.text("title", 20)?);
        if !seen.insert(format!("id {id}")) || !seen.insert(format!("title {title}")) {
            return invalid(format!("{} repeats the id or title of another button", reply.at));
        }
        buttons.push(Button { id, title });
    }
    Ok(buttons)
}

fn sections(action: &Part<'_>) -> Checked<Vec<Section>> {
    let mut seen = HashSet::new();
    let mut sections = Vec::new();
    let parts = action.list("sections", 10)?;
    let titles_needed = parts.len() > 1;
    for (at, value) in parts {
        let section = Part::of(value, at, &["title", "rows"])?;
        let title = section.optional_text("title", 24)?;
        if titles_needed && title.is_none() {
            return invalid(format!("{} needs a title, because there are several sections", section.at));
        }
        let mut rows = Vec::new();
        for (at, value) in section.list("rows", 10)? {
            let row = Part::of(value, at, &["id", "title", "description"])?;
            let id = identifier(&row, 200)?;
            if !seen.insert(id.clone()) {
                return invalid(format!("{} repeats the id of another row", row.at));
            }
            rows.push(Row { id, title: row.text("title", 24)?, description: row.optional_text("description", 72)? });
        }
        sections.push(Section { title, rows });
    }
    if seen.len() > 10 {
        return invalid(format!("{} has {} rows in all sections, at most 10 are allowed", action.at, seen.len()));
    }
    Ok(sections)
}

fn identifier(part: &Part<'_>, max: usize) -> Checked<String> {
    let id = part.text("id", max)?;
    if id.trim() == id { Ok(id) } else { invalid(format!("{} has spaces around it", part.path("id"))) }
}

fn template(message: &Part<'_>) -> Checked<Outgoing> {
    let part = message.part("template", &["name", "language", "components"])?;
    let name = part.text("name", 512)?;
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return invalid("message.template.name may hold lower-case letters, digits and underscores only");
    }
    let language = part.part("language", &["policy", "code"])?;
    language.word("policy", "deterministic")?;
    let mut template = Template::new(name, language.text("code", 16)?);
    if !part.has("components") {
        return Ok(Outgoing::Template(template));
    }
    for (at, value) in part.list("components", 11)? {
        let component = Part::of(value, at, &["type", "sub_type", "index", "parameters"])?;
        match component.text("type", usize::MAX)?.as_str() {
            "body" if template.params.is_empty() => template.params = body_parameters(&component)?,
            "body" => return invalid(format!("{} is a second body", component.at)),
            "button" => {
                component.word("sub_type", "quick_reply")?;
                component.word("index", &template.payloads.len().to_string())?;
                for (at, value) in component.list("parameters", 1)? {
                    let parameter = Part::of(value, at, &["type", "payload"])?;
                    parameter.word("type", "payload")?;
                    template.payloads.push(parameter.text("payload", 128)?);
                }
            }
            other => return invalid(format!("template components of type {other} are not known here")),
        }
    }
    Ok(Outgoing::Template(template))
}

fn body_parameters(component: &Part<'_>) -> Checked<Vec<String>> {
    let mut params = Vec::new();
    for (at, value) in component.list("parameters", 1024)? {
        let parameter = Part::of(value, at, &["type", "text"])?;
        parameter.word("type", "text")?;
        let text = parameter.text("text", 1024)?;
        if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
            let details = "param text cannot have new-line or tab characters or more than 4 consecutive spaces";
            return Err(Complaint::new(132_012, format!("{}: {details}", parameter.at)));
        }
        params.push(text);
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(kind: &str, part: &Value) -> Value {
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "9779848000001", "type": kind, kind: part})
    }

    fn details(body: &Value) -> String {
        let complaint = request(body).unwrap_err();
        assert_eq!(complaint.code, 100, "{}", complaint.details);
        complaint.details
    }

    #[test]
    fn what_our_own_types_produce_is_taken_and_read_back_the_same() {
        let messages = [
            Outgoing::text("राम".repeat(1000)),
            Buttons::new("b").header("h").footer("f").button("a", "A").button("b", "B").build(),
            List::new("b", "Choose")
                .header("h")
                .section("S")
                .row("a", "A", Some("d"))
                .section("T")
                .row("b", "B", None)
                .build(),
            List::new("b", "Choose").row("a", "A", None).build(),
            Template::new("payment_due_v1", "en")
                .param("Ram Store")
                .param("NPR 4,750")
                .payload("P")
                .payload("Q")
                .build(),
            Template::new("hello", "en").build(),
        ];
        for expected in messages.map(Result::unwrap) {
            for to in [Recipient::phone("9779848000001"), Recipient::UserId("NP.1".into())] {
                let body = expected.to_json(&to, Some("ob_1")).unwrap();
                let Request::Send { to: whom, message, opaque } = request(&body).unwrap() else { panic!() };
                assert_eq!((message, whom, opaque.as_deref()), (expected.clone(), to, Some("ob_1")));
            }
        }
    }

    #[test]
    fn the_envelope_is_checked() {
        let text = json!({"body": "hi"});
        let with = |key: &str, value: Value| {
            let mut body = message("text", &text);
            body[key] = value;
            body
        };
        assert!(request(&with("context", json!({"message_id": "wamid.1"}))).is_ok());
        assert!(request(&with("recipient", json!("NP.1"))).is_ok(), "to wins");
        for (body, part) in [
            (with("messaging_product", json!("sms")), "must be whatsapp"),
            (with("recipient_type", json!("group")), "must be individual"),
            (with("to", json!("NP.1")), "phone number"),
            (with("to", json!(977)), "must be a string"),
            (with("colour", json!("red")), "unknown field colour"),
            (with("biz_opaque_callback_data", json!("x".repeat(513))), "513 characters"),
            (with("type", json!("image")), "unknown field text"),
            (message("image", &json!({"id": "1"})), "type image"),
            (
                json!({"messaging_product": "whatsapp", "recipient_type": "individual", "type": "text", "text": text}),
                "to is required",
            ),
            (json!([]), "must be an object"),
        ] {
            assert!(details(&body).contains(part), "{body}: {}", details(&body));
        }
    }

    #[test]
    fn each_limit_is_kept() {
        let x = |length: usize| "x".repeat(length);
        let button = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
        let buttons = |body: &str, buttons: Value| {
            message("interactive", &json!({"type": "button", "body": {"text": body}, "action": {"buttons": buttons}}))
        };
        let list = |body: &str, sections: Value| {
            let action = json!({"button": "Choose", "sections": sections});
            message("interactive", &json!({"type": "list", "body": {"text": body}, "action": action}))
        };
        let rows =
            |from: usize, to: usize| (from..to).map(|n| json!({"id": n.to_string(), "title": "T"})).collect::<Vec<_>>();
        assert!(request(&list(&x(1024), json!([{"rows": rows(0, 10)}]))).is_ok());
        assert!(request(&message("text", &json!({"body": "की".repeat(2048)}))).is_ok());
        for (body, part) in [
            (message("text", &json!({"body": x(4097)})), "4097 characters long, at most 4096"),
            (message("text", &json!({"body": " "})), "must not be empty"),
            (buttons(&x(1025), json!([button("a", "A")])), "at most 1024"),
            (buttons("b", json!([])), "0 members, 1 to 3"),
            (
                buttons("b", json!([button("a", "A"), button("b", "B"), button("c", "C"), button("d", "D")])),
                "4 members",
            ),
            (buttons("b", json!([button("a", "A"), button("a", "B")])), "repeats"),
            (buttons("b", json!([button("a", "A"), button("b", "A")])), "repeats"),
            (buttons("b", json!([button("a ", "A")])), "spaces around"),
            (buttons("b", json!([button("a", &x(21))])), "reply.title is 21"),
            (buttons("b", json!([button(&x(257), "A")])), "reply.id is 257"),
            (list(&x(1025), json!([{"rows": rows(0, 1)}])), "at most 1024"),
            (list("b", json!([{"rows": rows(0, 11)}])), "11 members"),
            (
                list("b", json!([{"title": "S", "rows": rows(0, 6)}, {"title": "T", "rows": rows(6, 12)}])),
                "12 rows in all",
            ),
            (list("b", json!([{"title": "S", "rows": rows(0, 1)}, {"rows": rows(1, 2)}])), "needs a title"),
            (list("b", json!([{"title": x(25), "rows": rows(0, 1)}])), "title is 25"),
            (list("b", json!([{"title": "S", "rows": rows(0, 1)}, {"title": "T", "rows": rows(0, 1)}])), "repeats"),
            (list("b", json!([{"rows": [{"id": x(201), "title": "T"}]}])), "id is 201"),
            (list("b", json!([{"rows": [{"id": "a", "title": x(25)}]}])), "title is 25"),
            (list("b", json!([{"rows": [{"id": "a", "title": "T", "description": x(73)}]}])), "description is 73"),
        ] {
            assert!(details(&body).contains(part), "{}", details(&body));
        }
    }

    #[test]
    fn a_template_is_checked() {
        let with = |components: Value| {
            message(
                "template",
                &json!({"name": "due", "language": {"policy": "deterministic", "code": "en"}, "components": components}),
            )
        };
        let reply = |index: &str| json!({"type": "button", "sub_type": "quick_reply", "index": index, "parameters": [{"type": "payload", "payload": "P"}]});
        assert!(request(&with(json!([reply("0"), reply("1")]))).is_ok());
        assert!(details(&with(json!([reply("1")]))).contains("index must be 0"));
        assert!(details(&with(json!([]))).contains("0 members"));
        assert!(
            details(&with(json!([{"type": "body", "parameters": [{"type": "text", "text": ""}]}]))).contains("empty")
        );
        assert!(
            details(&message(
                "template",
                &json!({"name": "Due", "language": {"policy": "deterministic", "code": "en"}})
            ))
            .contains("lower-case")
        );
        let lines = with(json!([{"type": "body", "parameters": [{"type": "text", "text": "a\nb"}]}]));
        assert_eq!(request(&lines).unwrap_err().code, 132_012);
    }

    #[test]
    fn a_read_mark_is_told_from_a_message() {
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1", "typing_indicator": {"type": "text"}});
        assert_eq!(request(&mark), Ok(Request::Read { wamid: "wamid.1".into() }));
        assert!(
            details(&json!({"messaging_product": "whatsapp", "status": "seen", "message_id": "w"}))
                .contains("must be read")
        );
    }
}
