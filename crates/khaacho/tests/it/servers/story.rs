//! Every way in which money and goods move, told as one story: each command of it can be died in.

use http::Method;
use kernel::BusinessDate;
use serde_json::{Value, json};

use super::points::{Command, Teller};
use super::world::World;

/// What the shop may owe.
const LIMIT_PAISA: i64 = 1_000_000;
const WHY: &str = "as it was told on the phone";

/// The story and where it plays.
struct Play<'t> {
    teller: &'t mut Teller,
    world: World,
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

pub(super) async fn tell(teller: &mut Teller) {
    let world = World::open(&teller.asker, teller.address(), &[LIMIT_PAISA]).await;
    let mut play = Play { teller, world };
    let bills = play.orders().await;
    play.payments(&bills).await;
    play.corrections(&bills).await;
    play.another_vendor().await;
}

impl Play<'_> {
    fn wanted(&self, quantity: i64) -> Value {
        let mut order = self.world.order(0);
        order["lines"][0]["quantity"] = json!(quantity);
        order
    }

    async fn post(&mut self, name: &'static str, path: &str, body: Value) -> Value {
        self.teller.dies(Command { name, method: Method::POST, path: path.to_owned(), body }).await
    }

    async fn status(&mut self, name: &'static str, order: &str, body: Value) -> Value {
        self.teller.dies(Command { name, method: Method::PATCH, path: format!("orders/{order}/status"), body }).await
    }

    /// A command in which nobody dies.
    async fn asks(&self, name: &'static str, method: Method, path: &str, body: Value) -> Value {
        self.teller.asks(Command { name, method, path: path.to_owned(), body }).await
    }

    /// The offer that waits for its answer.
    async fn offer(&self, order: &str) -> String {
        let path = format!("order-routing/order/{order}");
        let routed = self.teller.asker.get(self.teller.address(), &path).await;
        let offers = routed["offers"].as_array().unwrap();
        id(offers.iter().find(|offer| offer["state"] == "OPEN").unwrap())
    }

    /// One order whole, one in part, one cancelled and one refused. The bills of the first two.
    async fn orders(&mut self) -> [String; 2] {
        let delivered = json!({ "status": "DELIVERED", "reason": WHY });
        let whole = id(&self.post("placing", "orders", self.wanted(4)).await);
        let offer = self.offer(&whole).await;
        self.post("accepting", &format!("order-routing/accept/{offer}"), json!({})).await;
        self.status("dispatching", &whole, json!({ "status": "DISPATCHED" })).await;
        let whole = self.status("delivering", &whole, delivered.clone()).await;

        let part = self.asks("a second order", Method::POST, "orders", self.wanted(5)).await;
        let part = id(&part);
        let accept = format!("order-routing/accept/{}", self.offer(&part).await);
        self.asks("its offer", Method::POST, &accept, json!({})).await;
        let path = format!("orders/{part}/status");
        self.asks("its way", Method::PATCH, &path, json!({ "status": "DISPATCHED" })).await;
        let mut in_part = delivered;
        in_part["arrived"] = json!([{ "number": 1, "quantity": 3 }]);
        let part = self.status("delivering in part", &part, in_part).await;
        // Which is due first is not left to their numbers, which are drawn.
        let due = part["cycle"]["dueOn"].as_str().unwrap().parse::<BusinessDate>().unwrap().plus_days(1);
        let later = json!({ "dueOn": due, "reason": WHY });
        let bill = format!("credit/cycles/{}", id(&part["cycle"]));
        self.asks("a later due date", Method::PATCH, &bill, later).await;

        let third = id(&self.asks("a third order", Method::POST, "orders", self.wanted(1)).await);
        self.status("cancelling", &third, json!({ "status": "CANCELLED", "reason": WHY })).await;
        let refused = self.post("placing too much", "orders", self.wanted(1_000)).await;
        assert_eq!(refused["code"], "INSUFFICIENT_CREDIT", "{refused}");
        [&whole, &part].map(|delivered| id(&delivered["cycle"]))
    }

    /// On one bill, over both, taken back, kept for later, said by the shop and confirmed.
    async fn payments(&mut self, [whole, _]: &[String; 2]) {
        let of_pair = |mut body: Value, world: &World| {
            body["retailerId"] = json!(world.shops[0].0);
            body["vendorId"] = json!(world.vendor);
            body
        };
        self.post(
            "repaying",
            &format!("credit/cycles/{whole}/repay"),
            json!({ "principal": "40.00", "method": "CASH" }),
        )
        .await;
        let cheque = json!({ "amount": "450.00", "method": "CHEQUE", "reference": "CHQ-7" });
        let paid = self.post("paying over several", "credit/payment", of_pair(cheque, &self.world)).await;
        let back = format!("credit/payments/{}/reverse", id(&paid));
        self.post("taking back", &back, json!({ "reason": "it bounced" })).await;
        let claimed = json!({ "amount": "100.00", "method": "ESEWA", "reference": "TXN-882" });
        let claim = self.post("claiming", "credit/claims", of_pair(claimed, &self.world)).await;
        self.post("confirming", &format!("credit/claims/{}/confirm", id(&claim)), json!({})).await;
    }

    /// Goods come back, a dispute is upheld, and the rest of a bill is given up.
    async fn corrections(&mut self, [whole, part]: &[String; 2]) {
        let back = json!({ "cycleId": whole, "kind": "RETURN", "amount": "10.00", "reason": "one was broken" });
        self.post("adjusting", "admin/adjustment/create", back).await;
        let dispute = self.post("disputing", &format!("credit/cycles/{part}/dispute"), json!({ "reason": WHY })).await;
        let upheld = json!({ "upheld": true, "amount": "20.00", "reason": WHY });
        self.post("deciding", &format!("credit/disputes/{}/decide", id(&dispute)), upheld).await;
        self.post("closing", &format!("credit/cycles/{part}/close"), json!({ "reason": WHY })).await;
    }

    /// An order goes to the next vendor when the first one rejects it.
    async fn another_vendor(&mut self) {
        let vendor = json!({ "name": "Bheri", "ownerName": "Sita", "phone": "9779858000002", "numberPrefix": "BHE" });
        let vendor = id(&self.asks("a second vendor", Method::POST, "vendors", vendor).await);
        let sold = json!({ "productId": self.world.product, "terms": { "price": "100.00", "stock": 100 } });
        let path = format!("vendors/{vendor}/products");
        self.asks("its goods", Method::PUT, &path, sold).await;
        let line = json!({ "retailerId": self.world.shops[0].0, "vendorId": vendor, "limit": "1000.00" });
        self.asks("its line", Method::POST, "credit/lines", line).await;
        let mut order = self.wanted(1);
        order["vendorId"] = Value::Null;
        let order = id(&self.post("placing without a vendor", "orders", order).await);
        let reject = format!("order-routing/reject/{}", self.offer(&order).await);
        let next = self.post("rejecting", &reject, json!({ "reason": "none left" })).await;
        assert_eq!(next["state"], "OFFERED", "{next}");
    }
}
