//! Plays a story through the API: each step is a request, and what is said to come out is looked up in its answer.

mod bills;
mod lines;
mod money;
mod orders;

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use kernel::Money;
use serde_json::{Value, json};

use super::language::{Said, Step, Told};
use crate::support::shop::{Answer, Known, Shop};

/// The reason of whatever needs one.
const WHY: &str = "the story says so";

/// Plays a story in a shop of its own, and tells every line that came out otherwise.
pub(super) async fn play(shop: &Shop, told: &[Told]) -> Vec<String> {
    let mut run = Run::new(shop);
    let mut faults = Vec::new();
    for line in told {
        let seen = run.step(&line.step).await;
        if let Err(fault) = seen.and_then(|seen| compare(&seen, &line.said)) {
            faults.push(format!("line {}: {fault}\n    {}", line.number, line.text));
        }
    }
    faults
}

/// What came out: a word and an object of figures.
struct Seen {
    word: String,
    figures: Value,
}

impl Seen {
    fn of(answer: &Answer, word: &str) -> Self {
        let figures = answer.json();
        if answer.status.is_success() {
            return Self { word: word.to_owned(), figures };
        }
        Self { word: format!("refused {}", figures["code"].as_str().unwrap_or_default()), figures }
    }

    fn was_refused(&self) -> bool {
        self.word.starts_with("refused")
    }
}

fn compare(seen: &Seen, said: &Said) -> Result<(), String> {
    match &said.word {
        Some(word) if *word != seen.word => return Err(format!("it is {}, not {word}: {}", seen.word, seen.figures)),
        None if seen.was_refused() => return Err(format!("it is {}: {}", seen.word, seen.figures)),
        _ => {}
    }
    for (name, expected) in &said.figures {
        let found = &seen.figures[name.as_str()];
        let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        // 5000 is 5000.00.
        let is_same = match (found.parse::<Money>(), expected.parse::<Money>()) {
            (Ok(found), Ok(expected)) => found == expected,
            _ => found == *expected,
        };
        if !is_same {
            return Err(format!("{name} is {found}, not {expected}"));
        }
    }
    Ok(())
}

/// An amount of an answer.
fn rupees(figure: &Value) -> Money {
    figure.as_str().unwrap().parse().unwrap()
}

struct Run<'a> {
    shop: &'a Shop,
    retailers: BTreeMap<String, Known>,
    vendors: BTreeMap<String, Known>,
    /// The line of each name, and of each pair.
    lines: BTreeMap<String, String>,
    orders: BTreeMap<String, Placed>,
    payments: BTreeMap<String, String>,
    claims: BTreeMap<String, String>,
    /// The dispute that was opened last on the bill of each order.
    disputes: BTreeMap<String, String>,
    keys: usize,
    /// Whether each command is sent a second time under its key.
    twice: bool,
}

/// An order that was accepted.
struct Placed {
    id: String,
    retailer: String,
    product: String,
    /// As it was asked for.
    body: Value,
    /// The cycle that its delivery opened, and the number that people say.
    cycle: Option<(String, String)>,
}

impl<'a> Run<'a> {
    fn new(shop: &'a Shop) -> Self {
        let (retailers, vendors, lines, orders, payments, claims, disputes, keys, twice) = Default::default();
        Self { shop, retailers, vendors, lines, orders, payments, claims, disputes, keys, twice }
    }

    async fn retailer(&mut self, name: &str) -> String {
        if !self.retailers.contains_key(name) {
            let phone = format!("97798{:08}", self.retailers.len());
            self.retailers.insert(name.to_owned(), self.shop.retailer(name, &phone, "EN").await);
        }
        self.retailers[name].id.clone()
    }

    async fn vendor(&mut self, name: &str) -> String {
        if !self.vendors.contains_key(name) {
            let phone = format!("97797{:08}", self.vendors.len());
            let prefix = format!("V{}", char::from(b'A' + u8::try_from(self.vendors.len()).unwrap()));
            self.vendors.insert(name.to_owned(), self.shop.vendor(name, &phone, &prefix, "EN").await);
        }
        self.vendors[name].id.clone()
    }

    fn line_of(&self, name: &str) -> Result<&str, String> {
        self.lines.get(name).map(String::as_str).ok_or_else(|| format!("there is no line {name}"))
    }

    fn order_of(&self, name: &str) -> Result<&Placed, String> {
        self.orders.get(name).ok_or_else(|| format!("there is no order {name}"))
    }

    fn cycle_of(&self, order: &str) -> Result<&str, String> {
        self.order_of(order)?
            .cycle
            .as_ref()
            .map(|(id, _)| id.as_str())
            .ok_or_else(|| format!("{order} opened no cycle"))
    }

    /// The order whose delivery opened a cycle.
    fn order_that_opened(&self, cycle: &Value) -> Option<String> {
        let mut orders = self.orders.iter();
        orders.find(|(_, order)| order.cycle.as_ref().is_some_and(|(id, _)| id == cycle)).map(|(name, _)| name.clone())
    }

    /// What comes of a step, or why it cannot be done at all.
    async fn step(&mut self, step: &Step) -> Result<Seen, String> {
        if let Step::Twice(step) = step {
            self.twice = true;
            let seen = Box::pin(self.step(step)).await;
            self.twice = false;
            return seen;
        }
        match step {
            Step::Day(days) => Ok(self.days_pass(*days).await),
            Step::On(date) => {
                let days = date.days_since(self.shop.t.clock.now().business_date());
                if days < 0 {
                    return Err(format!("the clock does not go back {} days", -days));
                }
                Ok(self.days_pass(days).await)
            }
            Step::Hours(hours) => {
                self.shop.t.clock.advance_seconds(hours * 60 * 60);
                Ok(Seen { word: "passed".to_owned(), figures: json!({}) })
            }
            _ => match self.on_a_line(step).await? {
                Some(seen) => Ok(seen),
                None => match self.on_an_order(step).await? {
                    Some(seen) => Ok(seen),
                    None => match self.on_money(step).await? {
                        Some(seen) => Ok(seen),
                        None => self.on_a_bill(step).await,
                    },
                },
            },
        }
    }

    /// One command of an operator.
    async fn send(&mut self, method: &Method, path: &str, body: &Value) -> Answer {
        self.keys += 1;
        let (key, body) = (format!("story-{}", self.keys), body.to_string());
        let answer = self.shop.call_with_key(method, path, &key, &body).await;
        if self.twice {
            let again = self.shop.call_with_key(method, path, &key, &body).await;
            assert_eq!((answer.status, &answer.body), (again.status, &again.body), "{path} twice");
        }
        answer
    }

    async fn post(&mut self, path: &str, body: &Value, word: &str) -> Seen {
        Seen::of(&self.send(&Method::POST, path, body).await, word)
    }

    async fn look(&self, path: &str) -> Seen {
        Seen::of(&self.shop.call(&Method::GET, path, &Value::Null).await, "seen")
    }

    /// The schedules do what they would have done by then.
    async fn days_pass(&self, days: i64) -> Seen {
        self.shop.days_pass(days);
        ::orders::expire_offers(&self.shop.t.db, &self.shop.t.clock, &self.shop.t.ids).await.unwrap();
        self.shop.work().await;
        Seen { word: "passed".to_owned(), figures: json!({}) }
    }
}

/// A name that is there twice would hide the first one's line, order, payment or claim.
#[test]
fn stories_name_each_thing_once() {
    for (name, text) in super::STORIES {
        let mut seen = BTreeSet::new();
        for told in super::language::parse(text).unwrap() {
            let named = match &told.step {
                Step::Line(line) => &line.name,
                Step::Order(order) => &order.name,
                Step::Again { name, .. } => name,
                Step::Pay { payment, .. } => payment,
                Step::Claim { claim, .. } => claim,
                _ => continue,
            };
            assert!(seen.insert(named.clone()), "{name}: {named} is there twice");
        }
    }
}
