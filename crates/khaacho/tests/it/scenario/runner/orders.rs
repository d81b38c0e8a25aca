//! Steps on orders.

use credit::PaymentMode;
use http::Method;
use kernel::{Id as _, Role, UserId};
use serde_json::{Value, json};
use web::Caller;

use super::{Placed, Run, Seen, WHY};
use crate::scenario::language::{Order, Proof, Step};
use crate::support::shop::Answer;

/// What each vendor has of each product.
const STOCK: i64 = 1_000;

impl Run<'_> {
    pub(super) async fn on_an_order(&mut self, step: &Step) -> Result<Option<Seen>, String> {
        Ok(Some(match step {
            Step::Order(order) => self.order(order).await,
            Step::Again { name, order } => {
                let first = self.order_of(order)?;
                let (product, body) = (first.product.clone(), first.body.clone());
                self.place(name, product, body).await
            }
            Step::Answer { order, verb } => self.answer_offer(order, verb).await?,
            Step::Status { order, status } => {
                let seen = self.status(order, &json!({ "status": status, "reason": WHY })).await?;
                // The delivery code is sent.
                self.shop.work().await;
                seen
            }
            Step::Deliver { order, units, proof } => self.deliver(order, *units, *proof).await?,
            Step::Return { order, amount } => {
                let path = format!("admin/orders/{}/return", self.order_of(order)?.id);
                self.post(&path, &json!({ "amount": amount, "reason": WHY }), "returned").await
            }
            Step::Cancel { order, by_operator } => {
                let body = json!({ "status": "CANCELLED", "reason": WHY });
                if *by_operator { self.status(order, &body).await? } else { self.by_retailer(order, &body).await? }
            }
            Step::Track { order } => self.track(&self.order_of(order)?.id).await,
            Step::Stock { order, vendor } => self.stock(order, vendor).await?,
            _ => return Ok(None),
        }))
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
        self.place(&order.name, product, body).await
    }

    async fn place(&mut self, name: &str, product: String, body: Value) -> Seen {
        let answer = self.send(&Method::POST, "orders", &body).await;
        let seen = self.changed(&answer);
        if answer.status.is_success() {
            let id = seen.figures["id"].as_str().unwrap().to_owned();
            let retailer = body["retailerId"].as_str().unwrap().to_owned();
            self.orders.insert(name.to_owned(), Placed { id, retailer, product, body, cycle: None });
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

    async fn status(&mut self, order: &str, body: &Value) -> Result<Seen, String> {
        let path = format!("orders/{}/status", self.order_of(order)?.id);
        let answer = self.send(&Method::PATCH, &path, body).await;
        Ok(self.changed(&answer))
    }

    async fn by_retailer(&mut self, order: &str, body: &Value) -> Result<Seen, String> {
        let retailer = Some(self.order_of(order)?.retailer.parse().unwrap());
        let user = UserId::from_bits(2);
        self.status_by(order, body, Caller { user, role: Role::Retailer, retailer, vendor: None }).await
    }

    async fn status_by(&mut self, order: &str, body: &Value, who: Caller) -> Result<Seen, String> {
        let path = format!("orders/{}/status", self.order_of(order)?.id);
        self.keys += 1;
        let key = format!("story-{}", self.keys);
        Ok(self.changed(&self.shop.call_as(who, &Method::PATCH, &path, &key, &body.to_string()).await))
    }

    async fn answer_offer(&mut self, order: &str, verb: &str) -> Result<Seen, String> {
        let id = self.order_of(order)?.id.clone();
        let routed = self.shop.get(&format!("order-routing/order/{id}")).await;
        let offers = routed["offers"].as_array().unwrap();
        let offer = offers.iter().find(|offer| offer["state"] == "OPEN").or(offers.last()).unwrap();
        let path = format!("order-routing/{verb}/{}", offer["id"].as_str().unwrap());
        let body = if verb == "reject" { json!({ "reason": WHY }) } else { json!({}) };
        let answer = self.send(&Method::POST, &path, &body).await;
        if !answer.status.is_success() {
            return Ok(Seen::of(&answer, ""));
        }
        Ok(self.track(&id).await)
    }

    async fn track(&self, id: &str) -> Seen {
        self.changed(&self.shop.call(&Method::GET, &format!("orders/{id}"), &Value::Null).await)
    }

    async fn deliver(&mut self, order: &str, units: Option<i64>, proof: Proof) -> Result<Seen, String> {
        let arrived = units.map_or_else(|| json!([]), |units| json!([{ "number": 1, "quantity": units }]));
        let mut body = json!({ "status": "DELIVERED", "arrived": arrived });
        let seen = match proof {
            Proof::Operator => {
                if let Some(refused) = self.bring(order).await? {
                    return Ok(refused);
                }
                body["reason"] = json!(WHY);
                self.status(order, &body).await?
            }
            Proof::Retailer => self.by_retailer(order, &body).await?,
            Proof::Code | Proof::WrongCode => {
                let code = self.delivery_code(order)?;
                let wrong = if code == "0000" { "0001" } else { "0000" };
                body["deliveryCode"] = json!(if proof == Proof::Code { &code } else { wrong });
                let vendor = self.shop.get(&format!("orders/{}", self.order_of(order)?.id)).await["vendorId"].clone();
                let vendor = Some(vendor.as_str().unwrap().parse().unwrap());
                let user = UserId::from_bits(3);
                self.status_by(order, &body, Caller { user, role: Role::Vendor, retailer: None, vendor }).await?
            }
        };
        if let Some(cycle) = seen.figures["cycle"]["id"].as_str() {
            let number = seen.figures["cycle"]["number"].as_str().unwrap().to_owned();
            self.orders.get_mut(order).unwrap().cycle = Some((cycle.to_owned(), number));
        }
        Ok(seen)
    }

    /// Accepts and dispatches what was not yet; what that is refused with.
    async fn bring(&mut self, order: &str) -> Result<Option<Seen>, String> {
        let state = self.shop.get(&format!("orders/{}", self.order_of(order)?.id)).await["state"].clone();
        if state == "OFFERED" {
            let accepted = self.answer_offer(order, "accept").await?;
            if accepted.was_refused() {
                return Ok(Some(accepted));
            }
        }
        if state == "OFFERED" || state == "CONFIRMED" {
            let dispatched = self.status(order, &json!({ "status": "DISPATCHED" })).await?;
            return Ok(Some(dispatched).filter(Seen::was_refused));
        }
        Ok(None)
    }

    /// The code that was sent to the retailer last.
    fn delivery_code(&self, order: &str) -> Result<String, String> {
        let id = &self.order_of(order)?.retailer;
        let retailer = self.retailers.values().find(|known| known.id == *id).unwrap();
        let told = self.shop.sent_to(&retailer.person);
        let code =
            told.iter().rev().find_map(|text| Some(text.split_once("delivery code is ")?.1.get(..4)?.to_owned()));
        code.ok_or_else(|| format!("no code of {order} was sent: {told:?}"))
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
}
