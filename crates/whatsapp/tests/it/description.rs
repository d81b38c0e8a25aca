//! Does what we send satisfy Meta's published description of the API, and does the fake keep to it?
//!
//! Each line of the tables is one constraint of the OpenAPI description of v23.0 (what must be there, which words, how
//! long, how many, of which type), in our own words; a text of the guides is named where they add to it. Three things
//! hold: what the builders let through satisfies every line, the fake takes it, and the fake refuses with error 100
//! whatever breaks a single line, so that every story that runs through the fake is held to the description too.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use whatsapp::fake::FakeGraph;
use whatsapp::{Buttons, List, Outgoing, Recipient, Template};

use crate::NUMBER;

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
enum Is {
    /// An object; the lines below it say of what.
    Object,
    /// A text of one character up to so many.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A list of so many members.
    Items(usize, usize),
}
use Is::{Flag, Items, Object, Text, Word};

/// One constraint: where, what, and whether it has to be there wherever its parent is.
type Line = (&'static str, Is, bool);

const MUST: bool = true;
const MAY: bool = false;
const ANY: usize = 100_000;

/// What all messages share.
const ENVELOPE: &[Line] = &[
    ("messaging_product", Word(&["whatsapp"]), MUST),
    ("recipient_type", Word(&["individual"]), MUST),
    ("to", Text(ANY), MUST),
    ("type", Word(&["text", "interactive", "template"]), MUST),
    ("biz_opaque_callback_data", Text(512), MAY),
];

/// The length is that of the guide; the description gives none for a body.
const TEXT: &[Line] = &[("text", Object, MUST), ("text.body", Text(4096), MUST), ("text.preview_url", Flag, MAY)];

const INTERACTIVE: &[Line] = &[
    ("interactive", Object, MUST),
    ("interactive.header", Object, MAY),
    ("interactive.header.type", Word(&["text"]), MUST),
    ("interactive.header.text", Text(60), MUST),
    ("interactive.body", Object, MUST),
    ("interactive.body.text", Text(1024), MUST),
    ("interactive.footer", Object, MAY),
    ("interactive.footer.text", Text(60), MUST),
    ("interactive.action", Object, MUST),
];

const BUTTON: &[Line] = &[
    ("interactive.type", Word(&["button"]), MUST),
    ("interactive.action.buttons", Items(1, 3), MUST),
    ("interactive.action.buttons[].type", Word(&["reply"]), MUST),
    ("interactive.action.buttons[].reply", Object, MUST),
    ("interactive.action.buttons[].reply.id", Text(256), MUST),
    ("interactive.action.buttons[].reply.title", Text(20), MUST),
];

/// That a section has a row, and all of them ten, is the guide's.
const LIST: &[Line] = &[
    ("interactive.type", Word(&["list"]), MUST),
    ("interactive.action.button", Text(20), MUST),
    ("interactive.action.sections", Items(1, 10), MUST),
    ("interactive.action.sections[].title", Text(24), MAY),
    ("interactive.action.sections[].rows", Items(1, 10), MUST),
    ("interactive.action.sections[].rows[].id", Text(200), MUST),
    ("interactive.action.sections[].rows[].title", Text(24), MUST),
    ("interactive.action.sections[].rows[].description", Text(72), MAY),
];

/// The index of a button is one digit, 0 to 9. (The description's pattern for it excludes its own example; its words and
/// the example hold.) The length of the values is that of the body they stand in.
const TEMPLATE: &[Line] = &[
    ("template", Object, MUST),
    ("template.name", Text(512), MUST),
    ("template.language", Object, MUST),
    ("template.language.policy", Word(&["deterministic"]), MUST),
    ("template.language.code", Text(16), MUST),
    ("template.components", Items(1, 11), MAY),
    ("template.components[].type", Word(&["body", "button"]), MUST),
    ("template.components[].sub_type", Word(&["quick_reply"]), MAY),
    ("template.components[].index", Word(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]), MAY),
    ("template.components[].parameters", Items(1, ANY), MUST),
    ("template.components[].parameters[].type", Word(&["text", "payload"]), MUST),
    ("template.components[].parameters[].text", Text(1024), MAY),
    ("template.components[].parameters[].payload", Text(128), MAY),
];

const READ: &[Line] = &[
    ("messaging_product", Word(&["whatsapp"]), MUST),
    ("status", Word(&["read"]), MUST),
    ("message_id", Text(ANY), MUST),
    ("typing_indicator", Object, MAY),
    ("typing_indicator.type", Word(&["text"]), MUST),
];

/// The lines that hold for a request.
fn lines(body: &Value) -> Vec<Line> {
    if body.get("status").is_some() {
        return READ.to_vec();
    }
    let of_kind: &[&[Line]] = match (body["type"].as_str(), body["interactive"]["type"].as_str()) {
        (Some("text"), _) => &[ENVELOPE, TEXT],
        (Some("interactive"), Some("button")) => &[ENVELOPE, INTERACTIVE, BUTTON],
        (Some("interactive"), Some("list")) => &[ENVELOPE, INTERACTIVE, LIST],
        (Some("template"), _) => &[ENVELOPE, TEMPLATE],
        kind => panic!("{kind:?} is not sent"),
    };
    of_kind.concat()
}

/// Every object that a line speaks about, as a JSON pointer, and the name of the field in it.
fn places(body: &Value, path: &'static str) -> (Vec<String>, &'static str) {
    let (parents, field) = path.rsplit_once('.').unwrap_or(("", path));
    let mut found = vec![String::new()];
    for step in parents.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches("[]");
        let inside = found.iter().map(|at| format!("{at}/{name}")).filter(|at| body.pointer(at).is_some());
        found = if step == name {
            inside.collect()
        } else {
            let members = |at: String| {
                let count = body.pointer(&at).and_then(Value::as_array).map_or(0, Vec::len);
                (0..count).map(move |index| format!("{at}/{index}")).collect::<Vec<_>>()
            };
            inside.flat_map(members).collect()
        };
    }
    (found, field)
}

fn satisfies(value: &Value, is: Is) -> bool {
    match is {
        Object => value.is_object(),
        Flag => value.is_boolean(),
        Text(most) => value.as_str().is_some_and(|text| !text.trim().is_empty() && text.encode_utf16().count() <= most),
        Word(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Items(least, most) => value.as_array().is_some_and(|members| (least..=most).contains(&members.len())),
    }
}

/// The lines that a request breaks, with their places.
fn faults(body: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, is, must) in lines(body) {
        let (parents, field) = places(body, path);
        for parent in parents {
            match body.pointer(&parent).unwrap().get(field) {
                Some(value) if satisfies(value, is) => {}
                None if !must => {}
                found => faults.push(format!("{parent}/{field} should be {is:?}, is {found:?}")),
            }
        }
    }
    faults
}

/// A request with one line broken at one place, in every way it can be.
fn broken(body: &Value, parent: &str, field: &str, is: Is, needed: bool) -> Vec<Value> {
    let with = |value: Value| {
        let mut body = body.clone();
        body.pointer_mut(parent).unwrap()[field] = value;
        body
    };
    let mut all = vec![with(json!(7)), with(Value::Null)];
    if needed {
        let mut body = body.clone();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        all.push(body);
    }
    match is {
        Text(most) => {
            all.push(with(json!(" ")));
            all.extend((most < ANY).then(|| with(json!("x".repeat(most + 1)))));
        }
        Word(_) => all.push(with(json!("another_word"))),
        Items(_, most) => {
            let first = body.pointer(&format!("{parent}/{field}/0")).unwrap();
            all.push(with(json!([])));
            all.extend((most < ANY).then(|| with(Value::Array(vec![first.clone(); most + 1]))));
        }
        Flag | Object => all.push(with(json!("yes"))),
    }
    all
}

/// One of everything, with all that may be there.
fn whole() -> Vec<Value> {
    let ram = Recipient::phone("9779848000001");
    let messages = [
        Outgoing::text("राम राम"),
        Buttons::new("Confirm?")
            .header("Order")
            .footer("NPR 4,300")
            .button("yes", "Confirm")
            .button("no", "No")
            .build(),
        List::new("Which?", "Choose")
            .header("Rice")
            .footer("Today")
            .section("Rice")
            .row("a", "Mansuli", Some("NPR 2,150"))
            .section("Oil")
            .row("b", "Mustard", None)
            .build(),
        Template::new("due_v1", "en").param("Ram Store").param("NPR 4,750").payload("PROMISE").payload("CALL").build(),
    ];
    let mut bodies: Vec<Value> =
        messages.map(|message| message.unwrap().to_json(&ram, Some("ob_1")).unwrap()).into_iter().collect();
    bodies.push(json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1",
        "typing_indicator": {"type": "text"}}));
    bodies
}

/// The fake's answer: its error code, or nothing where it takes the request.
async fn refused(url: &str, http: &reqwest::Client, body: &Value) -> Option<i64> {
    let response = http.post(url).bearer_auth("token").json(body).send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    answer["error"]["code"].as_i64()
}

async fn fake() -> (String, reqwest::Client) {
    let meta = FakeGraph::start(NUMBER, "token", "oa").await.unwrap();
    let url = format!("{}/{NUMBER}/messages", meta.settings().base_url);
    whatsapp::client::install_crypto();
    (url, reqwest::Client::builder().no_proxy().build().unwrap())
}

#[tokio::test]
async fn the_fake_refuses_whatever_breaks_one_constraint() {
    let (url, http) = fake().await;
    let mut tried = 0;
    for body in whole() {
        assert_eq!((faults(&body), refused(&url, &http, &body).await), (vec![], None), "{body}");
        for (path, is, must) in lines(&body) {
            let (parents, field) = places(&body, path);
            for parent in parents.iter().filter(|parent| must || body.pointer(parent).unwrap().get(field).is_some()) {
                for broken in broken(&body, parent, field, is, must) {
                    if broken.get("status").is_some() || broken.get("type").is_some() {
                        assert_eq!(refused(&url, &http, &broken).await, Some(100), "{path} {is:?}: {broken}");
                        tried += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 200, "only {tried} requests were broken");
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![Just("a"), Just("की"), Just("म"), Just("😀"), Just(" "), Just("\n"), Just("*"), Just("0")];
    (proptest::collection::vec(piece, 1..9), 1_usize..200).prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

fn message() -> impl Strategy<Value = Option<Outgoing>> {
    let few = || proptest::collection::vec((text(), text()), 1..5);
    let texts = text().prop_map(|body| Outgoing::text(body).ok());
    let buttons = (text(), proptest::option::of(text()), few()).prop_map(|(body, header, buttons)| {
        let message = buttons.into_iter().fold(Buttons::new(body), |message, (id, title)| message.button(id, title));
        header.map_or(message.clone(), |header| message.header(header)).build().ok()
    });
    let lists = (text(), text(), few(), any::<bool>()).prop_map(|(body, button, rows, titled)| {
        let list = rows.into_iter().fold(List::new(body, button), |list, (id, title)| {
            let list = if titled { list.section(&title) } else { list };
            list.row(id, &title, Some(&title))
        });
        list.build().ok()
    });
    let templates = (few(), any::<bool>()).prop_map(|(params, has_replies)| {
        let template = params.into_iter().fold(Template::new("due_v1", "en"), |template, (value, payload)| {
            let template = template.param(&value);
            if has_replies { template.payload(payload) } else { template }
        });
        template.build().ok()
    });
    prop_oneof![texts, buttons, lists, templates]
}

#[test]
fn what_the_builders_let_through_satisfies_every_constraint() {
    let mut passed = 0;
    let mut runner = TestRunner::deterministic();
    for _ in 0..4_000 {
        let message = message().new_tree(&mut runner).unwrap().current();
        let Some(message) = message else { continue };
        let body = message.to_json(&Recipient::phone("9779848000001"), Some("ob_1")).unwrap();
        assert_eq!(faults(&body), Vec::<String>::new(), "{body}");
        passed += 1;
    }
    assert!(passed > 500, "only {passed} messages were within the limits");
}
