//! What can be ordered: products, what each vendor sells of them, at which price, with how much in stock.
//!
//! Stock is a count of whole units. `held` is the part that undelivered orders hold; only the rest can be ordered. The
//! rows of [`stock_for_update`] and [`selling_for_update`] are locked in the order of vendor and product, after the
//! credit lines; a caller decides on them and then changes them with one [`change_stock`], whatever the number of
//! orders. Each change of stock is a row of `stock_moves` in the same transaction, and each price one of `price_history`.
//! Matching of what people type does not live here.

mod http;
mod moves;
mod pages;
mod products;
mod refusal;
mod store;
mod vendor_products;

use db::text_enum;
use kernel::{Money, ProductId, VendorId};
use parties::Language;
use serde::{Deserialize, Serialize};

pub use http::routes;
pub use moves::{MoveReason, PastPrice, StockMove, Why, deliver_stock};
pub use pages::pages;
pub use products::{NewProduct, ProductChange, change_product, create_product};
pub use refusal::Refusal;
pub use store::{
    active_products, change_stock, current_prices, list, moves, of_vendor, past_prices, products, products_by_sku,
    selling, selling_for_update, stock_for_update, version, wrong_stock,
};
pub use vendor_products::{Set, move_stock, put_vendor_product, put_vendor_products};

text_enum! {
    /// Whether a product can be ordered.
    pub enum ProductStatus {
        /// It can.
        Active = "ACTIVE",
        /// It was taken out of the catalogue; orders that name it keep it.
        Inactive = "INACTIVE",
    }
}

/// How many of a smaller unit one unit holds: a bora of 25 kg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// How many, above zero.
    pub quantity: i64,
    /// Of what, such as `kg`.
    pub unit: String,
}

/// A product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The short name that files and vendors use, unique.
    pub sku: String,
    /// The name in English.
    pub name: String,
    /// The name in Nepali.
    pub name_ne: String,
    /// What is ordered: `bora`, `carton`, `tin`.
    pub unit: String,
    /// What one unit holds.
    pub pack: Option<Pack>,
    /// Where it stands in the catalogue.
    pub category: String,
    /// Further words that people type for it.
    pub aliases: Vec<String>,
    /// Whether it can be ordered.
    pub status: ProductStatus,
    /// Counts the changes, for If-Match.
    pub version: i64,
}

/// A product's unit as a person reads it; units that are not widely known stay as the catalogue writes them.
pub fn unit_name(language: Language, unit: &str) -> &str {
    match language {
        Language::Nepali => match unit {
            "bora" | "sack" => "बोरा",
            "bottle" => "बोतल",
            "box" => "बाकस",
            "bundle" => "मुठा",
            "can" => "क्यान",
            "carton" => "कार्टुन",
            "crate" => "क्रेट",
            "dozen" => "दर्जन",
            "jar" => "जार",
            "kg" => "के.जी.",
            "litre" => "लिटर",
            "packet" => "प्याकेट",
            "piece" => "वटा",
            "tin" => "टिन",
            _ => unit,
        },
        Language::RomanNepali | Language::English => unit,
    }
}

/// What a vendor asks and has of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorProduct {
    /// The vendor.
    pub vendor: VendorId,
    /// The product.
    pub product: ProductId,
    /// The price of one unit, VAT included.
    pub price: Money,
    /// Units in the vendor's store.
    pub stock: i64,
    /// Units of the stock that undelivered orders hold.
    pub held: i64,
    /// The smallest quantity that the vendor sells.
    pub minimum_quantity: i64,
    /// Whether the vendor sells it now.
    pub is_available: bool,
}

impl VendorProduct {
    /// Units that can still be ordered.
    pub const fn free(&self) -> i64 {
        self.stock.saturating_sub(self.held)
    }
}

/// What a vendor sets for one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VendorTerms {
    /// The price of one unit, VAT included; above zero.
    pub price: Money,
    /// Units in the vendor's store; not below what orders hold.
    pub stock: i64,
    /// The smallest quantity that is sold; 1 where it is left out.
    #[serde(default = "one")]
    pub minimum_quantity: i64,
    /// Whether it is sold now; true where it is left out.
    #[serde(default = "yes")]
    pub is_available: bool,
}

const fn one() -> i64 {
    1
}

const fn yes() -> bool {
    true
}

/// A change of one vendor product's stock and of what is held of it, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// The vendor.
    pub vendor: VendorId,
    /// The product.
    pub product: ProductId,
    /// Added to the stock; negative when goods leave.
    pub stock: i64,
    /// Added to what is held; negative when a hold ends.
    pub held: i64,
}
