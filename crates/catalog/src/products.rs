//! Adding products, changing them, taking them out.
//!
//! Statements: creating a product 2, changing one 3 (audit entries apart).

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, ProductId};
use serde::{Deserialize, Deserializer};

use crate::vendor_products::LARGEST_COUNT;
use crate::{Pack, Product, ProductStatus, Refusal, store};

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

/// What is to change of a product; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductChange {
    /// The name in English; 1 to 120 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// The name in Nepali; 1 to 120 characters.
    #[serde(default)]
    pub name_ne: Option<String>,
    /// What is ordered, such as `bora`.
    #[serde(default)]
    pub unit: Option<String>,
    /// What one unit holds; null where that is not said.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Pack>)]
    pub pack: Option<Option<Pack>>,
    /// Where it stands in the catalogue.
    #[serde(default)]
    pub category: Option<String>,
    /// All further words that people type for it.
    #[serde(default)]
    pub aliases: Option<Vec<String>>,
    /// `ACTIVE` brings a product back that was taken out.
    #[serde(default)]
    pub status: Option<ProductStatus>,
    /// The version that the caller saw.
    #[serde(skip)]
    pub seen_version: Option<i64>,
}

/// Tells null from what is left out.
#[expect(clippy::option_option, reason = "null takes the pack away, what is left out stays")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Pack>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn checked(product: &Product) -> Result<(), Refusal> {
    let is_short = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    let refuse = |field, right| Err(Refusal::Field { field, right });
    if !is_short(&product.sku, 40) {
        return refuse("sku", "1 to 40 characters");
    }
    if !is_short(&product.name, 120) {
        return refuse("name", "1 to 120 characters");
    }
    if !is_short(&product.name_ne, 120) {
        return refuse("nameNe", "1 to 120 characters");
    }
    if !is_short(&product.unit, 20) {
        return refuse("unit", "1 to 20 characters");
    }
    if !is_short(&product.category, 40) {
        return refuse("category", "1 to 40 characters");
    }
    if product.aliases.len() > 50 || product.aliases.iter().any(|alias| !is_short(alias, 80)) {
        return refuse("aliases", "at most 50, each 1 to 80 characters");
    }
    match &product.pack {
        Some(pack) if !(1..=LARGEST_COUNT).contains(&pack.quantity) || !is_short(&pack.unit, 20) => {
            refuse("pack", "a quantity above zero and a unit")
        }
        _ => Ok(()),
    }
}

fn trimmed(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.trim().to_owned()).collect()
}

/// Adds a product.
pub async fn create_product(tx: &mut Tx, cx: &Context, new: &NewProduct) -> Result<Result<Product, Refusal>, DbError> {
    let product = Product {
        id: cx.id(),
        sku: new.sku.trim().to_owned(),
        name: new.name.trim().to_owned(),
        name_ne: new.name_ne.trim().to_owned(),
        unit: new.unit.trim().to_owned(),
        pack: new.pack.clone(),
        category: new.category.trim().to_owned(),
        aliases: trimmed(&new.aliases),
        status: ProductStatus::Active,
        version: 1,
    };
    if let Err(refusal) = checked(&product) {
        return Ok(Err(refusal));
    }
    if !store::insert_product(tx, &product, cx.now).await? {
        return Ok(Err(Refusal::SkuTaken(product.sku)));
    }
    let entry = Entry::new(cx, audit::PLATFORM, "product.created", product.id).after(serde_json::json!(product));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(product))
}

/// Changes a product. A change that changes nothing leaves its version as it is.
pub async fn change_product(
    tx: &mut Tx,
    cx: &Context,
    id: ProductId,
    change: &ProductChange,
) -> Result<Result<Product, Refusal>, DbError> {
    let Some(before) = store::product_for_update(tx, id).await? else {
        return Ok(Err(Refusal::UnknownProduct(id.to_string())));
    };
    if change.seen_version.is_some_and(|seen| seen != before.version) {
        return Ok(Err(Refusal::VersionMismatch { version: before.version }));
    }
    let text = |new: &Option<String>, old: &str| new.as_deref().map_or(old, str::trim).to_owned();
    let mut product = Product {
        name: text(&change.name, &before.name),
        name_ne: text(&change.name_ne, &before.name_ne),
        unit: text(&change.unit, &before.unit),
        pack: change.pack.clone().unwrap_or_else(|| before.pack.clone()),
        category: text(&change.category, &before.category),
        aliases: change.aliases.as_deref().map_or_else(|| before.aliases.clone(), trimmed),
        status: change.status.unwrap_or(before.status),
        ..before.clone()
    };
    if let Err(refusal) = checked(&product) {
        return Ok(Err(refusal));
    }
    if product == before {
        return Ok(Ok(product));
    }
    product.version = before.version.saturating_add(1);
    store::update_product(tx, &product).await?;
    let entry = Entry::new(cx, audit::PLATFORM, "product.changed", id);
    let entry = entry.before(serde_json::json!(before)).after(serde_json::json!(product));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(product))
}
