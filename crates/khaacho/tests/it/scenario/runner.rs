//! Plays a story through the API: each step is a request, and what is said to come out is looked up in its answer.

use std::collections::{BTreeMap, BTreeSet};

use credit::{Ask, PaymentMode};
use http::Method;
use kernel::{Id as _, Money, Role, UserId};
use serde_json::{Value, json};
use web::Caller;

use super::language::{Line, Order, Said, Step, Told};
use crate::support::shop::{Answer, Known, Shop};

/// What each vendor has of each product.
const STOCK: i64 = 1_000;
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

struct Run<'a> {
    shop: &'a Shop,
    retailers: BTreeMap<String, Known>,
    vendors: BTreeMap<String, Known>,
    /// The line of each name, and of each pair.
    lines: BTreeMap<String, String>,
    orders: BTreeMap<String, Placed>,
    cancelled: usize,
}

/// An order that was accepted.
struct Placed {
    id: String,
    retailer: String,
    product: String,
    cycle: Option<String>,
}

impl<'a> Run<'a> {
    fn new(shop: &'a Shop) -> Self {
        let (retailers, vendors, lines, orders, cancelled) = Default::default();
        Self { shop, retailers, vendors, lines, orders, cancelled }
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
        self.order_of(order)?.cycle.as_deref().ok_or_else(|| format!("{order} opened no cycle"))
    }

    /// What comes of a step, or why it cannot be done at all.
    async fn step(&mut self, step: &Step) -> Result<Seen, String> {
        Ok(match step {
            Step::Line(line) => self.line(line).await,
            Step::Change { line, limit, status } => {
                let mut change = json!({ "reason": WHY });
                if let Some(limit) = limit {
                    change["limit"] = json!(limit);
                }
                if let Some(status) = status {
                    change["status"] = json!(status);
                }
                let path = format!("credit/lines/{}", self.line_of(line)?);
                Seen::of(&self.shop.call(&Method::PATCH, &path, &change).await, "changed")
            }
            Step::Cap { retailer, cap } => {
                let id = self.retailer(retailer).await;
                self.set(&format!("admin/credit/{id}/cap"), json!({ "cap": cap, "reason": WHY })).await
            }
            Step::Ceiling { vendor, ceiling } => {
                let id = self.vendor(vendor).await;
                let path = format!("admin/credit/vendors/{id}/ceiling");
                self.set(&path, json!({ "ceiling": ceiling, "reason": WHY })).await
            }
            Step::Order(order) => self.order(order).await,
            Step::Accept { order } => self.answer_offer(order, "accept").await?,
            Step::Reject { order } => self.answer_offer(order, "reject").await?,
            Step::Dispatch { order } => self.status(order, &json!({ "status": "DISPATCHED" })).await?,
            Step::Deliver { order, units } => self.deliver(order, *units).await?,
            Step::Cancel { order, by_operator } => self.cancel(order, *by_operator).await?,
            Step::Day(days) => self.days_pass(*days).await,
            Step::On(date) => {
                let days = date.days_since(self.shop.t.clock.now().business_date());
                if days < 0 {
                    return Err(format!("the clock does not go back {} days", -days));
                }
                self.days_pass(days).await
            }
            Step::Repay { order, ask, paid, method, reference } => {
                let mut body = amount(*ask);
                body["method"] = json!(method);
                if let Some(on) = paid {
                    body["on"] = json!(on);
                }
                if let Some(reference) = reference {
                    body["reference"] = json!(reference);
                }
                self.repay(order, &body).await?
            }
            Step::Quote { order, ask, on } => {
                let (what, amount) = match ask {
                    Ask::Principal(amount) => ("principal", amount),
                    Ask::Cash(amount) => ("cash", amount),
                    Ask::Agreed { .. } => panic!("no story quotes what was agreed on before the platform"),
                };
                let on = on.map(|on| format!("&on={on}")).unwrap_or_default();
                self.look(&format!("credit/cycles/{}/quote?{what}={amount}{on}", self.cycle_of(order)?)).await
            }
            Step::Expect { retailer, vendor } => {
                let line = self.line_of(&format!("{retailer} {vendor}"))?;
                self.look(&format!("credit/lines/{line}/available")).await
            }
            Step::Cycle { order } => self.look(&format!("credit/cycles/{}", self.cycle_of(order)?)).await,
            Step::Stock { order, vendor } => self.stock(order, vendor).await?,
            Step::Aging { retailer, on } => {
                let retailer = self.retailer(retailer).await;
                self.look(&format!("admin/credit/aging?retailerId={retailer}&on={on}")).await
            }
        })
    }

    async fn set(&self, path: &str, body: Value) -> Seen {
        Seen::of(&self.shop.call(&Method::PUT, path, &body).await, "set")
    }

    /// The answer, with the parts of the repayment beside the cycle.
    async fn repay(&self, order: &str, body: &Value) -> Result<Seen, String> {
        let path = format!("credit/cycles/{}/repay", self.cycle_of(order)?);
        let mut seen = Seen::of(&self.shop.call(&Method::POST, &path, body).await, "repaid");
        let repayment = seen.figures["repayment"].clone();
        for part in ["principal", "cash", "discount", "interest", "rounding"] {
            if repayment[part].is_string() {
                seen.figures[part] = repayment[part].clone();
            }
        }
        Ok(seen)
    }

    async fn stock(&mut self, order: &str, vendor: &str) -> Result<Seen, String> {
        let vendor = self.vendor(vendor).await;
        let mut seen = self.look(&format!("vendors/{vendor}/products")).await;
        let product = &self.order_of(order)?.product;
        let mut items = seen.figures["items"].as_array().unwrap().iter();
        let sold = items.find(|item| item["product"]["id"] == *product).cloned();
        seen.figures = sold.ok_or_else(|| format!("the vendor does not sell what {order} asks for"))?;
        Ok(seen)
    }

    async fn look(&self, path: &str) -> Seen {
        Seen::of(&self.shop.call(&Method::GET, path, &Value::Null).await, "seen")
    }

    /// The schedules do what they would have done by then.
    async fn days_pass(&self, days: i64) -> Seen {
        self.shop.days_pass(days);
        orders::expire_offers(&self.shop.t.db, &self.shop.t.clock, &self.shop.t.ids).await.unwrap();
        self.shop.work().await;
        Seen { word: "passed".to_owned(), figures: json!({}) }
    }

    async fn line(&mut self, line: &Line) -> Seen {
        let (retailer, vendor) = (self.retailer(&line.retailer).await, self.vendor(&line.vendor).await);
        let mut discounts: Vec<Value> =
            line.discounts.iter().map(|row| json!({ "throughDay": row.through_day, "rate": row.rate })).collect();
        if discounts.is_empty() {
            discounts.push(json!({ "throughDay": line.terms_days, "rate": 500 }));
        }
        let settlement =
            json!({ "discounts": discounts, "lateInterestBpYear": line.interest, "graceDays": line.grace_days });
        let mut body = json!({
            "retailerId": retailer, "vendorId": vendor, "limit": line.limit, "termsDays": line.terms_days,
            "maxOverdueDays": line.overdue_days, "settlement": settlement,
        });
        if let Some(largest) = line.largest {
            body["maxOrder"] = json!(largest);
        }
        let seen = Seen::of(&self.shop.call(&Method::POST, "credit/lines", &body).await, "granted");
        if let Some(id) = seen.figures["id"].as_str() {
            self.lines.insert(line.name.clone(), id.to_owned());
            self.lines.insert(format!("{} {}", line.retailer, line.vendor), id.to_owned());
        }
        seen
    }

    /// Each order has a product of its own, so that every vendor of it is known.
    async fn order(&mut self, order: &Order) -> Seen {
        let (retailer, vendor) = (self.retailer(&order.retailer).await, self.vendor(&order.vendor).await);
        let sku = format!("GOODS-{}", order.name.to_uppercase());
        let new = json!({ "sku": sku, "name": sku, "nameNe": "सामान", "unit": "bora" });
        let product = self.shop.made("products", new).await;
        self.shop.sells(&self.vendors[&order.vendor], &product, &order.price.to_string(), STOCK).await;
        for (other, price) in &order.also {
            self.vendor(other).await;
            self.shop.sells(&self.vendors[other], &product, &price.to_string(), STOCK).await;
        }
        let mut body = json!({
            "retailerId": retailer,
            "paymentMode": if order.mode == PaymentMode::Credit { "CREDIT" } else { "CASH" },
            "lines": [{ "productId": product, "quantity": order.quantity }],
        });
        if order.also.is_empty() {
            body["vendorId"] = json!(vendor);
        }
        let answer = self.shop.call(&Method::POST, "orders", &body).await;
        let seen = self.changed(&answer);
        if answer.status.is_success() {
            let id = seen.figures["id"].as_str().unwrap().to_owned();
            self.orders.insert(order.name.clone(), Placed { id, retailer, product, cycle: None });
        }
        seen
    }

    /// The state as the word, and the vendor by the name that it has in the story.
    fn name_vendor(&self, seen: &mut Seen) {
        if let Some(state) = seen.figures["state"].as_str() {
            seen.word = state.to_lowercase();
        }
        let id = &seen.figures["vendorId"];
        let vendor = self.vendors.iter().find(|(_, known)| known.id == *id).map(|(name, _)| name.clone());
        seen.figures["vendor"] = json!(vendor);
    }

    fn changed(&self, answer: &Answer) -> Seen {
        let mut seen = Seen::of(answer, "");
        if answer.status.is_success() {
            self.name_vendor(&mut seen);
        }
        seen
    }

    async fn status(&self, order: &str, body: &Value) -> Result<Seen, String> {
        let path = format!("orders/{}/status", self.order_of(order)?.id);
        Ok(self.changed(&self.shop.call(&Method::PATCH, &path, body).await))
    }

    async fn cancel(&mut self, order: &str, by_operator: bool) -> Result<Seen, String> {
        let body = json!({ "status": "CANCELLED", "reason": WHY });
        if by_operator {
            return self.status(order, &body).await;
        }
        let Placed { id, retailer, .. } = self.order_of(order)?;
        let (path, retailer) = (format!("orders/{id}/status"), retailer.parse().unwrap());
        self.cancelled += 1;
        let (key, body) = (format!("cancel-{}", self.cancelled), body.to_string());
        let (user, role) = (UserId::from_bits(2), Role::Retailer);
        let retailer = Caller { user, role, retailer: Some(retailer), vendor: None };
        Ok(self.changed(&self.shop.call_as(retailer, &Method::PATCH, &path, &key, &body).await))
    }

    async fn answer_offer(&self, order: &str, verb: &str) -> Result<Seen, String> {
        let id = &self.order_of(order)?.id;
        let routed = self.shop.get(&format!("order-routing/order/{id}")).await;
        let offers = routed["offers"].as_array().unwrap();
        let offer = offers.iter().find(|offer| offer["state"] == "OPEN").or(offers.last()).unwrap();
        let path = format!("order-routing/{verb}/{}", offer["id"].as_str().unwrap());
        let body = if verb == "reject" { json!({ "reason": WHY }) } else { json!({}) };
        let answer = self.shop.call(&Method::POST, &path, &body).await;
        if !answer.status.is_success() {
            return Ok(Seen::of(&answer, ""));
        }
        Ok(self.changed(&self.shop.call(&Method::GET, &format!("orders/{id}"), &Value::Null).await))
    }

    async fn deliver(&mut self, order: &str, units: Option<i64>) -> Result<Seen, String> {
        let state = self.shop.get(&format!("orders/{}", self.order_of(order)?.id)).await["state"].clone();
        if state == "OFFERED" {
            let accepted = self.answer_offer(order, "accept").await?;
            if accepted.was_refused() {
                return Ok(accepted);
            }
        }
        if state == "OFFERED" || state == "CONFIRMED" {
            let dispatched = self.status(order, &json!({ "status": "DISPATCHED" })).await?;
            if dispatched.was_refused() {
                return Ok(dispatched);
            }
        }
        let arrived = units.map_or_else(|| json!([]), |units| json!([{ "number": 1, "quantity": units }]));
        let body = json!({ "status": "DELIVERED", "reason": WHY, "arrived": arrived });
        let seen = self.status(order, &body).await?;
        if let Some(cycle) = seen.figures["cycle"]["id"].as_str() {
            self.orders.get_mut(order).unwrap().cycle = Some(cycle.to_owned());
        }
        Ok(seen)
    }
}

fn amount(ask: Ask) -> Value {
    match ask {
        Ask::Principal(principal) => json!({ "principal": principal }),
        Ask::Cash(cash) => json!({ "cash": cash }),
        Ask::Agreed { .. } => panic!("no story repays what was agreed on before the platform"),
    }
}

/// A name that is there twice would hide the first one's line or order.
#[test]
fn stories_name_each_line_and_order_once() {
    for (name, text) in super::STORIES {
        let mut seen = BTreeSet::new();
        for told in super::language::parse(text).unwrap() {
            let named = match &told.step {
                Step::Line(line) => &line.name,
                Step::Order(order) => &order.name,
                _ => continue,
            };
            assert!(seen.insert(named.clone()), "{name}: {named} is there twice");
        }
    }
}
