//! What the clients ask for, one request after another.

use std::sync::Arc;

use hyper::Method;
use kernel::{CycleId, IdGen, OrderId};
use serde_json::{Value, json};

use super::world::World;

/// One request.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// What one client does.
pub(crate) trait Work: Send + 'static {
    /// The next request, or none when all is done.
    fn next(&mut self) -> Option<Ask>;
    /// The id in an answer, by which it is looked for in the database.
    fn id<'a>(&self, answer: &'a Value) -> Option<&'a str>;
}

/// Which orders are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Any retailer with any vendor, the vendor named.
    Named,
    /// Any retailer; routing chooses the vendor.
    Routed,
    /// One retailer with one vendor.
    Hot,
}

/// A small generator for choices that need not be unguessable (xorshift64*, Vigna 2016).
pub(crate) struct Choices(u64);

impl Choices {
    /// Seeded by chance.
    pub(crate) fn new() -> Self {
        Self(u64::from_le_bytes(IdGen::system().random_bytes()) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or(0) % bound.max(1)
    }
}

/// Orders of three products each, without an end.
pub(crate) struct Placing {
    pub(crate) world: Arc<World>,
    pub(crate) shape: Shape,
    pub(crate) choices: Choices,
}

impl Work for Placing {
    fn next(&mut self) -> Option<Ask> {
        let Self { world, shape, choices } = self;
        let (retailer, vendor) = match shape {
            Shape::Hot => (0, 0),
            Shape::Named | Shape::Routed => (choices.below(world.retailers.len()), choices.below(world.vendors.len())),
        };
        let lines: Vec<Value> = world
            .three_products(choices.below(world.products.len()))
            .map(|product| json!({ "productId": product, "quantity": 1 }))
            .collect();
        let retailer = world.retailers.get(retailer);
        let mut body = json!({ "retailerId": retailer, "paymentMode": "CREDIT", "lines": lines });
        if *shape != Shape::Routed {
            body["vendorId"] = json!(world.vendors.get(vendor));
        }
        Some(Ask { method: Method::POST, path: "/api/v1/orders".to_owned(), body: body.to_string() })
    }

    fn id<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        answer["id"].as_str()
    }
}

/// The deliveries of orders that were dispatched, until each has arrived.
pub(crate) struct Delivering {
    pub(crate) orders: Vec<OrderId>,
}

impl Work for Delivering {
    fn next(&mut self) -> Option<Ask> {
        let path = format!("/api/v1/orders/{}/status", self.orders.pop()?);
        let body = json!({ "status": "DELIVERED", "reason": "bench" }).to_string();
        Some(Ask { method: Method::PATCH, path, body })
    }

    fn id<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        answer["cycle"]["id"].as_str()
    }
}

/// Repayments of one rupee, without an end: any bill holds three thousand of them.
pub(crate) struct Repaying {
    pub(crate) cycles: Arc<Vec<CycleId>>,
    pub(crate) choices: Choices,
}

impl Work for Repaying {
    fn next(&mut self) -> Option<Ask> {
        let cycle = self.cycles.get(self.choices.below(self.cycles.len()))?;
        let path = format!("/api/v1/credit/cycles/{cycle}/repay");
        let body = json!({ "principal": "1.00", "method": "CASH" }).to_string();
        Some(Ask { method: Method::POST, path, body })
    }

    fn id<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        answer["repayment"]["id"].as_str()
    }
}
