//! The worked examples of `credit.json`, written as stories.

use std::fmt::Write as _;

use serde_json::Value;

const EXAMPLES: &str = include_str!("../../data/credit.json");
/// What the answers of a refusal say.
const REFUSED_WITH: [&str; 5] = ["available", "shortfall", "maximum", "maximumCash", "minimum"];
const SETTLED: [&str; 4] = ["principal", "cash", "discount", "interest"];
const BUCKETS: [&str; 5] = ["notDue", "d1to30", "d31to60", "d61to90", "over90"];

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value[member].as_str()
}

/// ` name figure` of each member that is there.
fn figures(value: &Value, members: &[&str]) -> String {
    members.iter().fold(String::new(), |mut told, member| {
        if let Some(figure) = text(value, member) {
            let _ = write!(told, " {member} {figure}");
        }
        told
    })
}

/// Name and text of each example.
pub(super) fn stories() -> Vec<(String, String)> {
    let file: Value = serde_json::from_str(EXAMPLES).unwrap();
    let examples = file["examples"].as_array().unwrap();
    examples.iter().map(|example| (example["name"].as_str().unwrap().to_owned(), story(example))).collect()
}

/// A member that nobody tells would be an expectation that nobody checks.
fn only(value: &Value, members: &[&str]) {
    for member in value.as_object().into_iter().flat_map(|object| object.keys()) {
        assert!(members.contains(&member.as_str()), "{member} of {value} is not told");
    }
}

fn story(example: &Value) -> String {
    only(example, &["name", "line", "steps"]);
    let line = &example["line"];
    only(line, &["limit", "termsDays", "lateInterestBpYear"]);
    // One example goes on delivering on a line that is long overdue, to age it.
    let mut story = format!("line L R V limit {} overdue 365", text(line, "limit").unwrap());
    if let Some(days) = line["termsDays"].as_i64() {
        let _ = write!(story, " terms {days}");
    }
    if let Some(interest) = line["lateInterestBpYear"].as_i64() {
        let _ = write!(story, " interest {interest}");
    }
    story.push('\n');
    let mut today = "";
    for step in example["steps"].as_array().unwrap() {
        if let Some(on) = text(step, "on").filter(|on| *on > today) {
            let _ = writeln!(story, "on {on}");
            today = on;
        }
        tell(step, &mut story);
        then(step, &mut story);
    }
    story
}

fn tell(step: &Value, story: &mut String) {
    let (what, order) = (text(step, "do").unwrap(), text(step, "order").unwrap_or_default());
    let (always, asked_for): (&[&str], &[&str]) = match what {
        "reserve" | "deliver" => (&["amount"], &[]),
        "cancel" => (&[], &[]),
        "repay" | "quote" => (&[], &SETTLED),
        "aging" => (&[], &BUCKETS),
        other => panic!("an unknown step: {other}"),
    };
    let around = ["do", "order", "on", "then", "cycles", "refused"];
    only(step, &[&around, always, asked_for, &REFUSED_WITH].concat());
    let outcome = match text(step, "refused") {
        Some(code) => format!(" -> refused {code}{}", figures(step, &REFUSED_WITH)),
        None if what == "repay" || what == "quote" => format!(" -> {}", figures(step, &SETTLED).trim()),
        None => String::new(),
    };
    let _ = match what {
        "reserve" => writeln!(story, "order O{order} R V {}{outcome}", text(step, "amount").unwrap()),
        "deliver" => {
            if let Some(amount) = text(step, "amount") {
                let _ = writeln!(story, "order O{order} R V {amount}");
            }
            writeln!(story, "deliver O{order}{outcome}")
        }
        "cancel" => writeln!(story, "cancel O{order}{outcome}"),
        "repay" => {
            let on = text(step, "on").unwrap();
            // Where principal and cash are named, each must follow from the other.
            if let Some((principal, cash)) = text(step, "principal").zip(text(step, "cash")) {
                let _ = writeln!(story, "quote O{order} cash {cash} on {on} -> principal {principal} rounding 0");
            }
            writeln!(story, "repay O{order}{} paid {on}{outcome}", asked(step))
        }
        "quote" => writeln!(story, "quote O{order}{} on {}{outcome}", asked(step), text(step, "on").unwrap()),
        _ => writeln!(story, "aging R {}{}", text(step, "on").unwrap(), figures(step, &BUCKETS)),
    };
}

/// What must hold after a step.
fn then(step: &Value, story: &mut String) {
    let position = ["reserved", "outstanding", "available"];
    only(&step["then"], &position);
    let figures_then = figures(&step["then"], &position);
    if !figures_then.is_empty() {
        let _ = writeln!(story, "expect R V{figures_then}");
    }
    for (order, cycle) in step["cycles"].as_object().into_iter().flatten() {
        only(cycle, &["outstanding", "status"]);
        let _ = writeln!(story, "cycle O{order}{}", figures(cycle, &["outstanding", "status"]));
    }
}

/// By principal where the step names one, by cash otherwise.
fn asked(step: &Value) -> String {
    match text(step, "principal") {
        Some(principal) => format!(" principal {principal}"),
        None => format!(" cash {}", text(step, "cash").unwrap()),
    }
}

/// Every word and figure of a value.
fn leaves<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(leaf) => found.push(leaf),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => {
            for (_, member) in members.iter().filter(|(name, _)| *name != "do") {
                leaves(member, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_figure_of_the_examples_is_told() {
    let file: Value = serde_json::from_str(EXAMPLES).unwrap();
    for example in file["examples"].as_array().unwrap() {
        let (told, mut found) = (story(example), Vec::new());
        leaves(&example["steps"], &mut found);
        assert!(!found.is_empty());
        for leaf in found {
            assert!(told.contains(leaf), "{leaf} is not in\n{told}");
        }
    }
}

#[test]
#[should_panic(expected = "colour of {\"colour\":\"red\"} is not told")]
fn what_nobody_tells_is_refused() {
    only(&serde_json::json!({ "colour": "red" }), &SETTLED);
}
