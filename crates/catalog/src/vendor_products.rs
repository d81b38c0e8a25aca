//! Adding products and keeping a vendor's list.
//!
//! Statements: creating a product 2 (its audit entry apart); setting a vendor's product 4, one of them the lock.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, Money, ProductId, VendorId};
use serde::Deserialize;

use crate::{Pack, Product, ProductStatus, VendorProduct, VendorTerms, store};

/// A product to be added.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProduct {
    /// Unique; 1 to 40 characters.
    pub sku: String,
    /// The name in English; 1 to 120 characters.
    pub name: String,
    /// The name in Nepali; 1 to 120 characters.
    pub name_ne: String,
    /// What is ordered, such as `bora`.
    pub unit: String,
    /// What one unit holds.
    #[serde(default)]
    pub pack: Option<Pack>,
    /// Where it stands in the catalogue; `general` where it is left out.
    #[serde(default = "general")]
    pub category: String,
    /// Further words that people type for it.
    #[serde(default)]
    pub aliases: Vec<String>,
}

fn general() -> String {
    "general".to_owned()
}

/// Why the catalogue stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The SKU belongs to another product.
    #[error("the SKU {0} belongs to another product")]
    SkuTaken(String),
    /// No such product.
    #[error("there is no product {0}")]
    UnknownProduct(String),
    /// No such vendor, or none that the caller may see.
    #[error("there is no vendor {0}")]
    UnknownVendor(VendorId),
    /// A field is out of its bounds.
    #[error("{field}: {right}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// The stock would be less than what orders hold.
    #[error("orders hold {held} of this product; the stock cannot be set below that")]
    StockHeld {
        /// Units that orders hold.
        held: i64,
    },
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SkuTaken(_) => "SKU_TAKEN",
            Self::UnknownProduct(_) => "PRODUCT_NOT_FOUND",
            Self::UnknownVendor(_) => "VENDOR_NOT_FOUND",
            Self::Field { .. } => "VALIDATION",
            Self::StockHeld { .. } => "STOCK_HELD",
        }
    }
}

const LARGEST_COUNT: i64 = 1_000_000_000;

fn checked(new: &NewProduct) -> Result<(), Refusal> {
    let is_short = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let refuse = |field, right| Err(Refusal::Field { field, right });
    if !is_short(&new.sku, 40) {
        return refuse("sku", "1 to 40 characters");
    }
    if !is_short(&new.name, 120) {
        return refuse("name", "1 to 120 characters");
    }
    if !is_short(&new.name_ne, 120) {
        return refuse("nameNe", "1 to 120 characters");
    }
    if !is_short(&new.unit, 20) {
        return refuse("unit", "1 to 20 characters");
    }
    if !is_short(&new.category, 40) {
        return refuse("category", "1 to 40 characters");
    }
    if new.aliases.len() > 50 || new.aliases.iter().any(|alias| !is_short(alias, 80)) {
        return refuse("aliases", "at most 50, each 1 to 80 characters");
    }
    match &new.pack {
        Some(pack) if !(1..=LARGEST_COUNT).contains(&pack.quantity) || !is_short(&pack.unit, 20) => {
            refuse("pack", "a quantity above zero and a unit")
        }
        _ => Ok(()),
    }
}

/// Adds a product.
pub async fn create_product(tx: &mut Tx, cx: &Context, new: &NewProduct) -> Result<Result<Product, Refusal>, DbError> {
    if let Err(refusal) = checked(new) {
        return Ok(Err(refusal));
    }
    let product = Product {
        id: cx.id(),
        sku: new.sku.trim().to_owned(),
        name: new.name.trim().to_owned(),
        name_ne: new.name_ne.trim().to_owned(),
        unit: new.unit.trim().to_owned(),
        pack: new.pack.clone(),
        category: new.category.trim().to_owned(),
        aliases: new.aliases.clone(),
        status: ProductStatus::Active,
        version: 1,
    };
    if !store::insert_product(tx, &product, cx.now).await? {
        return Ok(Err(Refusal::SkuTaken(product.sku)));
    }
    let entry = Entry::new(cx, audit::PLATFORM, "product.created", product.id).after(serde_json::json!(product));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(product))
}

/// Sets what a vendor asks and has of one product, new in its list or not. A changed price goes into the history.
pub async fn put_vendor_product(
    tx: &mut Tx,
    cx: &Context,
    vendor: VendorId,
    product: ProductId,
    terms: &VendorTerms,
) -> Result<Result<VendorProduct, Refusal>, DbError> {
    let refuse = |field, right| Ok(Err(Refusal::Field { field, right }));
    if terms.price <= Money::ZERO || terms.price > Money::from_paisa(LARGEST_COUNT * 100) {
        return refuse("price", "above zero and at most 1000000000.00");
    }
    if !(0..=LARGEST_COUNT).contains(&terms.stock) {
        return refuse("stock", "0 to 1000000000 units");
    }
    if !(1..=LARGEST_COUNT).contains(&terms.minimum_quantity) {
        return refuse("minimumQuantity", "at least 1");
    }
    let before = store::stock_for_update(tx, &[(vendor, product)]).await?.remove(&(vendor, product));
    if before.is_none() {
        if parties::vendors(tx, &[vendor]).await?.is_empty() {
            return Ok(Err(Refusal::UnknownVendor(vendor)));
        }
        if store::products(tx, &[product]).await?.is_empty() {
            return Ok(Err(Refusal::UnknownProduct(product.to_string())));
        }
    }
    let held = before.map_or(0, |known| known.held);
    if terms.stock < held {
        return Ok(Err(Refusal::StockHeld { held }));
    }
    let has_new_price = before.is_none_or(|known| known.price != terms.price);
    store::put_vendor_product(tx, cx, vendor, product, terms, has_new_price).await?;
    let before_json = before.map(|known| serde_json::json!({ "price": known.price, "stock": known.stock }));
    let mut entry = Entry::new(cx, vendor, "vendor_product.set", product).after(serde_json::json!(terms));
    if let Some(before) = before_json {
        entry = entry.before(before);
    }
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(VendorProduct {
        vendor,
        product,
        price: terms.price,
        stock: terms.stock,
        held,
        minimum_quantity: terms.minimum_quantity,
        is_available: terms.is_available,
    }))
}
