//! Steps on money that came: repayments, payments, advances, claims.

use credit::Ask;
use kernel::Money;
use serde_json::{Value, json};

use super::{Run, Seen, WHY, rupees};
use crate::scenario::language::{Paid, Spread, Step};

/// The parts of a repayment.
const PARTS: [&str; 5] = ["principal", "cash", "discount", "interest", "rounding"];

impl Run<'_> {
    pub(super) async fn on_money(&mut self, step: &Step) -> Result<Option<Seen>, String> {
        Ok(Some(match step {
            Step::Repay { order, ask, paid } => {
                let mut body = amount(*ask);
                add_paid(&mut body, paid);
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
            Step::Pay { payment, retailer, vendor, spread, paid } => {
                let mut body = self.spread(spread)?;
                add_paid(&mut body, paid);
                self.add_pair(&mut body, (retailer, vendor)).await;
                let seen = self.post("credit/payment", &body, "recorded").await;
                if let Some(id) = seen.figures["id"].as_str() {
                    self.payments.insert(payment.clone(), id.to_owned());
                }
                self.with_parts(seen)
            }
            Step::Preview { retailer, vendor, spread, on } => {
                let mut body = self.spread(spread)?;
                if let Some(on) = on {
                    body["on"] = json!(on);
                }
                self.add_pair(&mut body, (retailer, vendor)).await;
                let seen = self.post("credit/payment/preview", &body, "seen").await;
                self.with_parts(seen)
            }
            Step::Apply { payment, spread } => {
                let (path, body) = (self.path_of(payment, "/apply")?, self.spread(spread)?);
                let seen = self.post(&path, &body, "applied").await;
                self.with_parts(seen)
            }
            Step::Refund { payment, amount, paid } => {
                let (path, mut body) = (self.path_of(payment, "/refund")?, json!({}));
                add_paid(&mut body, paid);
                if let Some(amount) = amount {
                    body["amount"] = json!(amount);
                }
                self.post(&path, &body, "refunded").await
            }
            Step::Recover { payment, order, amount, paid } => {
                let (path, mut body) =
                    (format!("credit/cycles/{}/recover", self.cycle_of(order)?), json!({ "amount": amount }));
                add_paid(&mut body, paid);
                let seen = self.post(&path, &body, "recovered").await;
                if let Some(id) = seen.figures["id"].as_str() {
                    self.payments.insert(payment.clone(), id.to_owned());
                }
                self.with_parts(seen)
            }
            Step::Reverse { payment } => {
                let path = self.path_of(payment, "/reverse")?;
                self.post(&path, &json!({ "reason": WHY }), "reversed").await
            }
            Step::Payment { payment } => {
                let seen = self.look(&self.path_of(payment, "")?).await;
                self.with_parts(seen)
            }
            _ => return self.on_a_claim(step).await,
        }))
    }

    async fn on_a_claim(&mut self, step: &Step) -> Result<Option<Seen>, String> {
        Ok(Some(match step {
            Step::Claim { claim, retailer, vendor, amount, paid } => {
                let mut body = json!({ "amount": amount });
                add_paid(&mut body, paid);
                self.add_pair(&mut body, (retailer, vendor)).await;
                let seen = self.post("credit/claims", &body, "claimed").await;
                if let Some(id) = seen.figures["id"].as_str() {
                    self.claims.insert(claim.clone(), id.to_owned());
                }
                seen
            }
            // What a claim becomes has the claim's name.
            Step::Confirm { claim, spread } => {
                let (path, body) = (format!("credit/claims/{}/confirm", self.claim_of(claim)?), self.spread(spread)?);
                let seen = self.post(&path, &body, "confirmed").await;
                if let Some(id) = seen.figures["paymentId"].as_str() {
                    self.payments.insert(claim.clone(), id.to_owned());
                }
                seen
            }
            Step::Refuse { claim } => {
                let path = format!("credit/claims/{}/reject", self.claim_of(claim)?);
                self.post(&path, &json!({ "reason": WHY }), "declined").await
            }
            _ => return Ok(None),
        }))
    }

    fn path_of(&self, payment: &str, what: &str) -> Result<String, String> {
        let id = self.payments.get(payment).ok_or_else(|| format!("there is no payment {payment}"))?;
        Ok(format!("credit/payments/{id}{what}"))
    }

    fn claim_of(&self, claim: &str) -> Result<&str, String> {
        self.claims.get(claim).map(String::as_str).ok_or_else(|| format!("there is no claim {claim}"))
    }

    async fn add_pair(&mut self, body: &mut Value, (retailer, vendor): (&str, &str)) {
        body["retailerId"] = json!(self.retailer(retailer).await);
        body["vendorId"] = json!(self.vendor(vendor).await);
    }

    /// What is left out is not there.
    fn spread(&self, spread: &Spread) -> Result<Value, String> {
        let mut body = json!({});
        if let Some(amount) = spread.amount {
            body["amount"] = json!(amount);
        }
        if spread.keep {
            body["keepExcess"] = json!(true);
        }
        if !spread.parts.is_empty() {
            let part = |(order, ask): &(String, Ask)| {
                let mut part = amount(*ask);
                part["cycleId"] = json!(self.cycle_of(order)?);
                Ok(part)
            };
            body["repayments"] = spread.parts.iter().map(part).collect::<Result<Value, String>>()?;
        }
        Ok(body)
    }

    /// The answer, with the parts of the repayment beside the cycle.
    async fn repay(&mut self, order: &str, body: &Value) -> Result<Seen, String> {
        let path = format!("credit/cycles/{}/repay", self.cycle_of(order)?);
        let mut seen = self.post(&path, body, "repaid").await;
        let repayment = seen.figures["repayment"].clone();
        for part in PARTS {
            if repayment[part].is_string() {
                seen.figures[part] = repayment[part].clone();
            }
        }
        Ok(seen)
    }

    /// The parts of all repayments together that stand, and by each order's name the principal that went to its bill.
    fn with_parts(&self, mut seen: Seen) -> Seen {
        let Some(repayments) = seen.figures["repayments"].as_array().cloned() else { return seen };
        let standing = repayments.iter().filter(|repayment| repayment["reversedOn"].is_null());
        let mut sums = json!({});
        let mut add = |name: &str, amount: &Value| {
            let before = sums[name].as_str().map_or(Money::ZERO, |sum| sum.parse().unwrap());
            sums[name] = json!(before.plus(rupees(amount)).unwrap());
        };
        for repayment in standing {
            for part in PARTS {
                add(part, &repayment[part]);
            }
            if let Some(order) = self.order_that_opened(&repayment["cycleId"]) {
                add(&order, &repayment["principal"]);
            }
        }
        for (name, sum) in sums.as_object().unwrap() {
            seen.figures[name] = sum.clone();
        }
        seen.figures["repayments"] = json!(repayments.len());
        seen
    }
}

fn amount(ask: Ask) -> Value {
    match ask {
        Ask::Principal(principal) => json!({ "principal": principal }),
        Ask::Cash(cash) => json!({ "cash": cash }),
        Ask::Agreed { .. } => panic!("no story repays what was agreed on before the platform"),
    }
}

fn add_paid(body: &mut Value, paid: &Paid) {
    body["method"] = json!(paid.method);
    if let Some(on) = paid.on {
        body["on"] = json!(on);
    }
    if let Some(reference) = &paid.reference {
        body["reference"] = json!(reference);
    }
}
