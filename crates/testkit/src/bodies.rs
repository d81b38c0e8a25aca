//! JSON bodies that are wrong in one place, made of one that is right.

use serde_json::{Value, json};

/// A member that no body has.
const STRANGER: &str = "aMemberThatNoBodyHas";

/// A body that is wrong in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongBody {
    /// What is to blame, as problems name it: `lines[0].quantity`; `body` for the whole.
    pub field: String,
    /// The body.
    pub body: Value,
}

/// Every body that is wrong in one place: each value replaced by values of other kinds, each member taken away or null
/// unless its name stands among the `optional` ones, and a member too many in each object.
pub fn wrong_bodies(right: &Value, optional: &[&str]) -> Vec<WrongBody> {
    let mut wrong = Vec::new();
    visit(right, "", true, optional, &mut |field, body| {
        let field = if field.is_empty() { "body".to_owned() } else { field };
        wrong.push(WrongBody { field, body });
    });
    wrong
}

/// Calls `found` with what is wrong at a value and within it, and with the value as it is then.
fn visit(right: &Value, path: &str, is_required: bool, optional: &[&str], found: &mut dyn FnMut(String, Value)) {
    for other in others(right) {
        found(path.to_owned(), other);
    }
    if is_required {
        found(path.to_owned(), Value::Null);
    }
    match right {
        Value::Object(members) => {
            let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            for (name, member) in members {
                let is_required = !optional.contains(&name.as_str());
                visit(member, &inside(name), is_required, optional, &mut |field, member| {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), member);
                    found(field, Value::Object(changed));
                });
                if is_required {
                    let mut changed = members.clone();
                    changed.remove(name);
                    found(inside(name), Value::Object(changed));
                }
            }
            let mut changed = members.clone();
            changed.insert(STRANGER.to_owned(), json!(1));
            found(inside(STRANGER), Value::Object(changed));
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                visit(item, &format!("{path}[{place}]"), true, optional, &mut |field, item| {
                    let mut changed = items.clone();
                    changed.splice(place..=place, [item]);
                    found(field, Value::Array(changed));
                });
            }
        }
        _ => {}
    }
}

/// Values of other kinds. Amounts are read from numbers too, but not with three decimals and not beyond 64 bits.
fn others(right: &Value) -> Vec<Value> {
    let mut others = vec![json!(1.555), json!(u64::MAX)];
    if !right.is_boolean() {
        others.push(json!(true));
    }
    if !right.is_string() {
        others.push(json!("some words"));
    }
    if !right.is_array() {
        others.push(json!([]));
    }
    if !right.is_object() {
        others.push(json!({}));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_wrong_once_in_each_way() {
        let right = json!({ "note": "a", "lines": [{ "quantity": 1 }] });
        let wrong = wrong_bodies(&right, &["note"]);
        assert!(wrong.iter().all(|wrong| wrong.body != right));
        let has = |field: &str, body: Value| wrong.contains(&WrongBody { field: field.to_owned(), body });
        assert!(has("body", json!([])) && has("body", Value::Null));
        assert!(has("note", json!({ "note": true, "lines": [{ "quantity": 1 }] })));
        assert!(has("lines[0].quantity", json!({ "note": "a", "lines": [{}] })));
        assert!(has("lines[0].quantity", json!({ "note": "a", "lines": [{ "quantity": null }] })));
        assert!(has("lines[0].quantity", json!({ "note": "a", "lines": [{ "quantity": "some words" }] })));
        let stranger = format!("lines[0].{STRANGER}");
        assert!(has(&stranger, json!({ "note": "a", "lines": [{ "quantity": 1, STRANGER: 1 }] })));
        assert!(!has("note", json!({ "lines": [{ "quantity": 1 }] })), "it is optional");
        let fields: std::collections::BTreeSet<&str> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        let expected = [STRANGER, "body", "lines", "lines[0]", stranger.as_str(), "lines[0].quantity", "note"];
        assert_eq!(fields, std::collections::BTreeSet::from(expected));
        assert_eq!(wrong.len(), 6 + 5 + 7 + 6 + 8 + 2);
    }
}
