//! Steps on lines and on the credit of retailers and vendors as a whole.

use credit::PaymentMode;
use http::Method;
use kernel::{BusinessDate, Money};
use serde_json::{Value, json};

use super::{Run, Seen, WHY, rupees};
use crate::scenario::language::{Line, Settlement, Step};

impl Run<'_> {
    pub(super) async fn on_a_line(&mut self, step: &Step) -> Result<Option<Seen>, String> {
        Ok(Some(match step {
            Step::Line(line) => self.line(line).await,
            Step::Change { line, limit, status, overdue_days, days } => {
                let mut change = json!({ "reason": WHY });
                if let Some(limit) = limit {
                    change["limit"] = json!(limit);
                }
                if let Some(status) = status {
                    change["status"] = json!(status);
                }
                if let Some(days) = overdue_days {
                    change["maxOverdueDays"] = json!(days);
                }
                if let Some(days) = days {
                    change["termsDays"] = json!(days);
                }
                self.change(line, &change).await?
            }
            Step::Terms { line, days, settlement } => {
                let path = format!("credit/lines/{}", self.line_of(line)?);
                let days_now = self.shop.get(&path).await["termsDays"].as_i64().unwrap();
                let terms = settlement_terms(settlement, days.unwrap_or(days_now));
                let mut change = json!({ "settlement": terms, "reason": WHY });
                if let Some(days) = days {
                    change["termsDays"] = json!(days);
                }
                self.change(line, &change).await?
            }
            Step::Pause { retailer, block } => {
                let path = format!("admin/credit/{}/pause", self.retailer(retailer).await);
                self.post(&path, &json!({ "block": block, "reason": WHY }), "paused").await
            }
            Step::Unpause { retailer } => {
                let path = format!("admin/credit/{}/unpause", self.retailer(retailer).await);
                self.post(&path, &json!({ "reason": WHY }), "unpaused").await
            }
            Step::Watch => {
                self.shop.set_pause_rule(true).await;
                let (db, clock, ids) = (self.shop.t.db.clone(), self.shop.t.clock.clone(), self.shop.t.ids.clone());
                risk::Control { db, clock, ids, running: queue::Running::nobody() }.run().await.unwrap();
                Seen { word: "watched".to_owned(), figures: json!({}) }
            }
            Step::Cap { retailer, cap } => {
                let path = format!("admin/credit/{}/cap", self.retailer(retailer).await);
                self.set(&path, "cap", *cap).await
            }
            Step::Ceiling { vendor, ceiling } => {
                let path = format!("admin/credit/vendors/{}/ceiling", self.vendor(vendor).await);
                self.set(&path, "ceiling", *ceiling).await
            }
            Step::Check { retailer, vendor, amount, mode } => self.check((retailer, vendor), *amount, *mode).await,
            Step::Expect { retailer, vendor } => {
                let line = self.line_of(&format!("{retailer} {vendor}"))?;
                self.look(&format!("credit/lines/{line}/available")).await
            }
            Step::Statement { retailer, vendor, from, to } => self.statement((retailer, vendor), (*from, *to)).await?,
            _ => return Ok(None),
        }))
    }

    async fn set(&mut self, path: &str, what: &str, to: Option<Money>) -> Seen {
        let mut body = json!({ "reason": WHY });
        if let Some(to) = to {
            body[what] = json!(to);
        }
        Seen::of(&self.send(&Method::PUT, path, &body).await, "set")
    }

    async fn change(&mut self, line: &str, change: &Value) -> Result<Seen, String> {
        let path = format!("credit/lines/{}", self.line_of(line)?);
        Ok(Seen::of(&self.send(&Method::PATCH, &path, change).await, "changed"))
    }

    async fn line(&mut self, line: &Line) -> Seen {
        let (retailer, vendor) = (self.retailer(&line.retailer).await, self.vendor(&line.vendor).await);
        let mut body = json!({
            "retailerId": retailer, "vendorId": vendor, "limit": line.limit, "termsDays": line.terms_days,
            "maxOverdueDays": line.overdue_days, "settlement": settlement_terms(&line.settlement, line.terms_days),
        });
        if let Some(largest) = line.largest {
            body["maxOrder"] = json!(largest);
        }
        let seen = self.post("credit/lines", &body, "granted").await;
        if let Some(id) = seen.figures["id"].as_str() {
            self.lines.insert(line.name.clone(), id.to_owned());
            self.lines.insert(format!("{} {}", line.retailer, line.vendor), id.to_owned());
        }
        seen
    }

    /// The order check, with its first reason as the word, all of them as one figure, and bills by their orders.
    async fn check(&mut self, (retailer, vendor): (&str, &str), amount: Money, mode: PaymentMode) -> Seen {
        let body = json!({
            "retailerId": self.retailer(retailer).await, "vendorId": self.vendor(vendor).await, "amount": amount,
            "paymentMode": mode,
        });
        let mut seen = self.post("credit/check", &body, "allowed").await;
        if let Some(reason) = seen.figures["reason"].as_str() {
            seen.word = format!("refused {reason}");
        }
        if let Some(reasons) = seen.figures["reasons"].as_array() {
            let reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
            seen.figures["reasons"] = json!(reasons.join(", "));
        }
        if let Some(remedy) = seen.figures["remedy"].as_str() {
            let cycles = self.orders.iter().filter_map(|(name, order)| Some((name, &order.cycle.as_ref()?.1)));
            let named = cycles.fold(remedy.to_owned(), |remedy, (name, number)| remedy.replace(number, name));
            seen.figures["remedy"] = json!(named);
        }
        seen
    }

    /// What was owed before and after, how many entries there are, and what each kind of them changed together.
    async fn statement(&self, pair: (&str, &str), period: (BusinessDate, BusinessDate)) -> Result<Seen, String> {
        let line = self.line_of(&format!("{} {}", pair.0, pair.1))?;
        let (from, to) = period;
        let mut seen = self.look(&format!("credit/lines/{line}/statement?from={from}&to={to}&limit=200")).await;
        let Some(entries) = seen.figures["entries"]["items"].as_array().cloned() else { return Ok(seen) };
        for entry in &entries {
            let kind = entry["kind"].as_str().unwrap();
            let before = seen.figures[kind].as_str().map_or(Money::ZERO, |sum| sum.parse().unwrap());
            seen.figures[kind] = json!(before.plus(rupees(&entry["change"])).unwrap());
        }
        seen.figures["entries"] = json!(entries.len());
        Ok(seen)
    }
}

fn settlement_terms(settlement: &Settlement, terms_days: i64) -> Value {
    let rows = settlement.discounts.iter().map(|row| json!({ "throughDay": row.through_day, "rate": row.rate }));
    let mut discounts: Vec<Value> = rows.collect();
    if discounts.is_empty() {
        discounts.push(json!({ "throughDay": terms_days, "rate": 500 }));
    }
    json!({ "discounts": discounts, "lateInterestBpYear": settlement.interest, "graceDays": settlement.grace_days })
}
