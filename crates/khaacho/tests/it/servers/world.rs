//! A wholesaler with plenty of one product, and shops with a line at it.

use http::Method;
use serde_json::{Value, json};

use super::server::Asker;

/// What one order costs: one bora at 100.00.
pub(crate) const PRICE_PAISA: i64 = 10_000;
/// How much of the product there is.
pub(crate) const STOCK: i64 = 100_000;

/// What lies on a line, in paisa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) reserved: i64,
    pub(crate) outstanding: i64,
    pub(crate) available: i64,
}

impl Position {
    /// As the API writes it.
    pub(crate) fn read(position: &Value) -> Self {
        let [reserved, outstanding, available] =
            ["reserved", "outstanding", "available"].map(|part| paisa(&position[part]));
        Self { reserved, outstanding, available }
    }
}

pub(crate) struct World {
    pub(crate) vendor: String,
    pub(crate) product: String,
    /// Retailer and line of each.
    pub(crate) shops: Vec<(String, String)>,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl World {
    /// Opens a shop for each of the limits, in paisa.
    pub(crate) async fn open(asker: &Asker, address: &str, limits: &[i64]) -> Self {
        let product = json!({ "sku": "RICE", "name": "Rice", "nameNe": "चामल", "unit": "bora" });
        let product = id(&asker.made(address, "products", product).await);
        let vendor = json!({ "name": "Karnali", "ownerName": "Hari", "phone": "9779858000001", "numberPrefix": "KAR" });
        let vendor = id(&asker.made(address, "vendors", vendor).await);
        let sold = json!({ "productId": product, "terms": { "price": "100.00", "stock": STOCK } });
        let put = asker.ask(address, Method::PUT, &format!("vendors/{vendor}/products"), "stock", &sold).await.unwrap();
        assert!(put.status.is_success(), "{}", put.body);
        let mut shops = Vec::new();
        for (number, limit) in (1..).zip(limits) {
            let phone = format!("97798480{number:05}");
            let shop = json!({ "name": format!("Shop {number}"), "ownerName": "Ram", "phone": phone });
            let shop = id(&asker.made(address, "retailers", shop).await);
            let limit = format!("{}.{:02}", limit / 100, limit % 100);
            let line = json!({ "retailerId": shop, "vendorId": vendor, "limit": limit });
            shops.push((shop, id(&asker.made(address, "credit/lines", line).await)));
        }
        Self { vendor, product, shops }
    }

    /// An order of one bora on credit.
    pub(crate) fn order(&self, shop: usize) -> Value {
        json!({
            "retailerId": self.shops[shop].0, "vendorId": self.vendor, "paymentMode": "CREDIT",
            "lines": [{ "productId": self.product, "quantity": 1 }],
        })
    }

    /// What lies on a shop's line.
    pub(crate) async fn position(&self, asker: &Asker, address: &str, shop: usize) -> Position {
        Position::read(&asker.get(address, &format!("credit/lines/{}/available", self.shops[shop].1)).await)
    }

    /// How much of the product is there, and how much of it is held.
    pub(crate) async fn stock(&self, asker: &Asker, address: &str) -> [i64; 2] {
        let sold = asker.get(address, &format!("vendors/{}/products", self.vendor)).await;
        ["stock", "held"].map(|part| sold["items"][0][part].as_i64().unwrap())
    }
}

/// An amount as the API writes it, in paisa.
pub(crate) fn paisa(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}
