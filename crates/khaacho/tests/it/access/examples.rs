//! The examples of the document are what the product was asked and answered here: requests but for their ids, answers in
//! their members and kinds. `TEST_EXAMPLES=write` writes them anew.

use serde_json::{Value, json};
use web::{Example, Examples};

use super::table::{commands, reads};
use super::{World, method};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/examples.json");

/// Long lists say no more than their first two.
fn shortened(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => {
            items.truncate(2);
            for item in items {
                *item = shortened(item.take());
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = shortened(member.take());
            }
        }
        _ => {}
    }
    value
}

/// A body with every id masked: ids change with whatever else a test draws.
fn masked(value: &Value) -> Value {
    let is_id = |text: &str| text.split_once('_').is_some_and(|(prefix, rest)| prefix.len() == 3 && rest.len() == 26);
    match value {
        Value::String(text) if is_id(text) => json!(&text[..4]),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), masked(member))).collect(),
        other => other.clone(),
    }
}

/// Whether two bodies are made of the same members of the same kinds; null stands for any kind.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => true,
        (Value::Array(one), Value::Array(other)) => one.iter().zip(other).all(|(one, other)| alike(one, other)),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, member)| other.get(name).is_some_and(|other| alike(member, other)))
        }
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// What an operator is answered by every operation of the tables, or a retailer where it is a retailer's alone.
async fn answered(world: &World) -> Examples {
    let [retailer, _, operator] = world.roles();
    let mut examples = Examples::new();
    for row in [reads(&world.own), commands(&world.own)].concat() {
        let (who, expected) =
            if row.statuses[2] == 403 { (retailer, row.statuses[0]) } else { (operator, row.statuses[2]) };
        let (status, text) = world.call(Some(who), &method(&row), &row.path, &row.body).await;
        assert_eq!(status.as_u16(), expected, "{}: {text}", row.operation);
        let request = Some(row.body).filter(|body| !body.is_null());
        let answer = serde_json::from_str(&text).ok().map(shortened);
        examples.entry(row.operation.to_owned()).or_insert(Example { request, answer });
    }
    examples
}

/// The example on the JSON of a body, where it has JSON.
fn example(body: &Value) -> Option<&Value> {
    body["content"].get("application/json").map(|content| &content["example"])
}

testkit::both_engines! {
    async fn examples_are_what_the_product_answers(t: TestDb) {
        let world = World::new(t).await;
        let answered = answered(&world).await;
        if std::env::var("TEST_EXAMPLES").is_ok_and(|wish| wish == "write") {
            std::fs::write(FILE, serde_json::to_string_pretty(&answered).unwrap() + "\n").unwrap();
            return;
        }
        let kept: Examples = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
        for (operation, now) in &answered {
            let kept = kept.get(operation).unwrap_or_else(|| panic!("{operation} has none; TEST_EXAMPLES=write makes it"));
            assert_eq!(kept.request.as_ref().map(masked), now.request.as_ref().map(masked), "{operation}");
            let is_alike = alike(&json!(kept.answer), &json!(now.answer));
            assert!(is_alike, "{operation} answers otherwise; TEST_EXAMPLES=write keeps it: {:?}", now.answer);
        }
        assert_eq!(kept.len(), answered.len(), "an example of no operation");
        let (_, text) = world.call(None, &http::Method::GET, "openapi.json", &Value::Null).await;
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut bodies = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (name, operation) in item.as_object().unwrap() {
                let name = format!("{} {path}", name.to_uppercase());
                let Some(kept) = kept.get(&name) else { continue };
                if let Some(shown) = example(&operation["requestBody"]) {
                    assert_eq!(Some(shown), kept.request.as_ref(), "{name}: what is asked");
                    bodies += 1;
                }
                let responses = operation["responses"].as_object().unwrap();
                for (_, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
                    if let Some(shown) = example(response) {
                        assert_eq!(Some(shown), kept.answer.as_ref(), "{name}: what is answered");
                        assert_ne!(shown, &json!(null), "{name} has no example");
                        bodies += 1;
                    }
                }
            }
        }
        assert!(bodies >= 100, "{bodies}");
    }
}
