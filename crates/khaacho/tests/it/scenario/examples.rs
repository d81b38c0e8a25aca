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

fn story(example: &Value) -> String {
    let line = &example["line"];
    // One example goes on delivering on a line that is long overdue, to age it.
    let mut story = format!("line L R V limit {} overdue 365", text(line, "limit").unwrap());
    if let Some(days) = line["termsDays"].as_i64() {
        let _ = write!(story, " terms {days}");
    }
    if let Some(interest) = line["lateInterestBpYear"].as_i64() {
        let _ = write!(story, " interest {interest}");
    }
    story.push('\n');
    for step in example["steps"].as_array().unwrap() {
        tell(step, &mut story);
    }
    story
}

fn tell(step: &Value, story: &mut String) {
    let (what, order) = (text(step, "do").unwrap(), text(step, "order").unwrap_or_default());
    if let Some(on) = text(step, "on").filter(|_| what == "deliver" || what == "repay") {
        let _ = writeln!(story, "on {on}");
    }
    let outcome = match text(step, "refused") {
        Some(code) => format!(" -> refused {code}{}", figures(step, &REFUSED_WITH)),
        None if what == "repay" || what == "quote" => format!(" -> {}", figures(step, &SETTLED).trim()),
        None => String::new(),
    };
    match what {
        "reserve" => {
            let _ = writeln!(story, "order O{order} R V {}{outcome}", text(step, "amount").unwrap());
        }
        "deliver" => {
            if let Some(amount) = text(step, "amount") {
                let _ = writeln!(story, "order O{order} R V {amount}");
            }
            let _ = writeln!(story, "deliver O{order}{outcome}");
        }
        "cancel" => {
            let _ = writeln!(story, "cancel O{order}");
        }
        "repay" => {
            let _ = writeln!(story, "repay O{order}{}{outcome}", asked(step));
        }
        "quote" => {
            let _ = writeln!(story, "quote O{order}{} on {}{outcome}", asked(step), text(step, "on").unwrap());
        }
        "aging" => {
            let _ = writeln!(story, "aging R {}{}", text(step, "on").unwrap(), figures(step, &BUCKETS));
        }
        other => panic!("an unknown step: {other}"),
    }
    let then = figures(&step["then"], &["reserved", "outstanding", "available"]);
    if !then.is_empty() {
        let _ = writeln!(story, "expect R V{then}");
    }
    for (order, cycle) in step["cycles"].as_object().into_iter().flatten() {
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
