//! Steps on one bill beside repaying it, and looks at bills, books and ages.

use http::Method;
use kernel::BusinessDate;
use serde_json::{Value, json};

use super::{Run, Seen, WHY};
use crate::scenario::language::Step;

/// The chart of accounts; stories do not begin with a paper book.
const ACCOUNTS: [&str; 18] = [
    "receivable",
    "advances",
    "sales",
    "cash:CASH",
    "cash:BANK",
    "cash:CHEQUE",
    "cash:ESEWA",
    "cash:KHALTI",
    "cash:FONEPAY",
    "cash:CONNECTIPS",
    "cash:OTHER",
    "discount_allowed",
    "interest_income",
    "returns",
    "bad_debt",
    "bad_debt_recovered",
    "adjustments",
    "rounding",
];

impl Run<'_> {
    pub(super) async fn on_a_bill(&mut self, step: &Step) -> Result<Seen, String> {
        Ok(match step {
            Step::Adjust { order, kind, increase, amount } => {
                let sign = if *increase { "INCREASE" } else { "DECREASE" };
                let cycle = self.cycle_of(order)?;
                self.adjust(&json!({ "cycleId": cycle, "kind": kind, "sign": sign, "amount": amount, "reason": WHY }))
                    .await
            }
            Step::Dispute { order, order_line } => {
                let mut body = json!({ "reason": WHY });
                if let Some(line) = order_line {
                    body["orderLine"] = json!(line);
                }
                let path = format!("credit/cycles/{}/dispute", self.cycle_of(order)?);
                let seen = self.post(&path, &body, "disputed").await;
                if let Some(id) = seen.figures["id"].as_str() {
                    self.disputes.insert(order.clone(), id.to_owned());
                }
                seen
            }
            Step::Decide { order, amount } => {
                let dispute = self.disputes.get(order).ok_or_else(|| format!("{order} was never disputed"))?;
                let path = format!("credit/disputes/{dispute}/decide");
                let mut body = json!({ "upheld": amount.is_some(), "reason": WHY });
                if let Some(amount) = amount {
                    body["amount"] = json!(amount);
                }
                self.post(&path, &body, "decided").await
            }
            Step::Promise { order, on } => {
                let path = format!("credit/cycles/{}/promise", self.cycle_of(order)?);
                self.post(&path, &json!({ "on": on }), "promised").await
            }
            Step::Close { order } => {
                let path = format!("credit/cycles/{}/close", self.cycle_of(order)?);
                self.post(&path, &json!({ "reason": WHY }), "closed").await
            }
            Step::Extend { order, due_on } => {
                let path = format!("credit/cycles/{}", self.cycle_of(order)?);
                let body = json!({ "dueOn": due_on, "reason": WHY });
                Seen::of(&self.send(&Method::PATCH, &path, &body).await, "extended")
            }
            Step::Cycle { order } => self.cycle(order).await?,
            Step::Promises { order } => self.promises(order).await?,
            Step::Aging { retailer, on } => {
                let retailer = self.retailer(retailer).await;
                self.look(&format!("admin/credit/aging?retailerId={retailer}&on={on}")).await
            }
            Step::Book => self.members("admin/credit/risk-dashboard").await,
            Step::Borrower { retailer } => {
                let id = self.retailer(retailer).await;
                let mut seen = self.members(&format!("admin/credit/retailer/{id}")).await;
                let evaluated = self.look(&format!("admin/credit/{id}/evaluate")).await.figures;
                for figure in ["shouldBePaused", "worstOverdueDays"] {
                    seen.figures[figure] = evaluated[figure].clone();
                }
                seen
            }
            Step::Lender { vendor } => {
                let id = self.vendor(vendor).await;
                self.members(&format!("admin/credit/vendors/{id}")).await
            }
            Step::Balance { vendor, on } => self.balance(vendor, *on).await,
            other => panic!("nobody plays {other:?}"),
        })
    }

    async fn adjust(&mut self, body: &serde_json::Value) -> Seen {
        let mut seen = self.post("admin/adjustment/create", body, "adjusted").await;
        if !seen.was_refused() {
            let advance = seen.figures["adjustment"]["advance"].clone();
            seen.figures = seen.figures["cycle"].clone();
            seen.figures["advance"] = advance;
        }
        seen
    }

    async fn cycle(&self, order: &str) -> Result<Seen, String> {
        let mut seen = self.look(&format!("credit/cycles/{}", self.cycle_of(order)?)).await;
        seen.figures["due"] = seen.figures["dueOn"].clone();
        Ok(seen)
    }

    /// What is seen, with the figures of its parts (totals, aging, collection) beside its own.
    async fn members(&self, path: &str) -> Seen {
        let mut seen = self.look(path).await;
        let parts: Vec<Value> =
            seen.figures.as_object().unwrap().values().filter(|part| part.is_object()).cloned().collect();
        for (name, figure) in parts.iter().filter_map(Value::as_object).flatten() {
            if seen.figures[name].is_null() {
                seen.figures[name] = figure.clone();
            }
        }
        seen
    }

    /// What became of each promise, by its day.
    async fn promises(&self, order: &str) -> Result<Seen, String> {
        let mut seen = self.look(&format!("credit/cycles/{}/events", self.cycle_of(order)?)).await;
        let promises = seen.figures["promises"].as_array().unwrap().iter();
        let by_day =
            promises.map(|promise| (promise["promisedOn"].as_str().unwrap().to_owned(), promise["status"].clone()));
        seen.figures = Value::Object(by_day.collect());
        Ok(seen)
    }

    /// Each account's balance; what was never posted to stands at zero.
    async fn balance(&mut self, vendor: &str, on: Option<BusinessDate>) -> Seen {
        let vendor = self.vendor(vendor).await;
        let on = on.map(|on| format!("&on={on}")).unwrap_or_default();
        let mut seen = self.look(&format!("ledger/trial-balance?vendorId={vendor}{on}")).await;
        let found = seen.figures["accounts"].as_array().cloned().unwrap_or_default();
        for name in ACCOUNTS {
            let row = found.iter().find(|row| row["account"] == name);
            seen.figures[name] = row.map_or(json!("0.00"), |row| row["balance"].clone());
        }
        seen
    }
}
