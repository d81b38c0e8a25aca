//! Taking rows of what vendors sell: prices, stock and conditions, which hold from then on. A product that stands twice
//! in a batch is taken once.
//!
//! Statements for a batch: 3 to look up what rows name and what stands in the lists, and those of setting a vendor's
//! products for each vendor that is named.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::{Product, Refusal, VendorTerms, Why};
use db::{DbError, Tx};
use kernel::{Context, ProductId, VendorId};

use crate::apply::{Outcome, refused};
use crate::rows::Row;

/// Takes rows. In a list that is one vendor's the rows need not name
/// it, and may not name another.
pub(crate) async fn rows(
    tx: &mut Tx,
    cx: &Context,
    own: Option<VendorId>,
    rows: &[Row],
) -> Result<Vec<Outcome>, DbError> {
    let named: Vec<String> = rows.iter().filter_map(Row::vendor).map(str::to_owned).collect();
    let vendors = if named.is_empty() { HashMap::new() } else { parties::vendors_by_name(tx, &named).await? };
    let vendors: HashMap<&str, VendorId> = vendors.iter().map(|(name, vendor)| (name.as_str(), vendor.id)).collect();
    // A list that was typed by hand does not always keep to capital letters.
    let skus: Vec<String> = rows.iter().flat_map(|row| [row.key().to_owned(), row.key().to_uppercase()]).collect();
    let products = catalog::products_by_sku(tx, &skus).await?;
    let places: Vec<_> = rows.iter().map(|row| place(row, own, &vendors, &products)).collect();
    let keys: Vec<_> = places.iter().flatten().copied().collect();
    let known = catalog::stock_for_update(tx, &keys).await?;
    let (mut outcomes, mut seen) = (Vec::with_capacity(rows.len()), HashSet::new());
    let mut lists: BTreeMap<VendorId, Vec<(usize, ProductId, VendorTerms)>> = BTreeMap::new();
    for (at, (row, place)) in rows.iter().zip(places).enumerate() {
        outcomes.push(match place {
            Err(refused) => refused,
            Ok(place) if !seen.insert(place) => {
                let reason = format!("{} stands above already", row.key());
                refused("sku", "TWICE", reason, "each product once; the row above was taken")
            }
            Ok(place) => {
                if let Row::Sold { price, stock, minimum_quantity, is_available, .. } = row {
                    let before = known.get(&place);
                    let terms = VendorTerms {
                        price: *price,
                        stock: *stock,
                        minimum_quantity: minimum_quantity.or(before.map(|sold| sold.minimum_quantity)).unwrap_or(1),
                        is_available: is_available.or(before.map(|sold| sold.is_available)).unwrap_or(true),
                    };
                    lists.entry(place.0).or_default().push((at, place.1, terms));
                }
                Outcome::Known
            }
        });
    }
    for (vendor, list) in lists {
        let wanted: Vec<_> = list.iter().map(|(_, product, terms)| (*product, terms.clone())).collect();
        let done = catalog::put_vendor_products(tx, cx, vendor, &wanted, &Why::UPLOADED).await?;
        for ((at, ..), done) in list.iter().zip(done) {
            let outcome = match done {
                Ok(set) if set.is_changed => Outcome::Taken,
                Ok(_) => Outcome::Known,
                Err(refusal) => of_catalogue(&refusal),
            };
            if let Some(slot) = outcomes.get_mut(*at) {
                *slot = outcome;
            }
        }
    }
    Ok(outcomes)
}

fn place(
    row: &Row,
    own: Option<VendorId>,
    vendors: &HashMap<&str, VendorId>,
    products: &HashMap<String, Product>,
) -> Result<(VendorId, ProductId), Outcome> {
    let right = "the prefix or phone of a vendor that is registered";
    let named = row.vendor().map(|name| {
        let found = vendors.get(name).copied();
        found.ok_or_else(|| refused("vendor", "VENDOR_NOT_FOUND", format!("there is no vendor {name}"), right))
    });
    let vendor = match (named.transpose()?, own) {
        (Some(named), Some(own)) if named != own => {
            let reason = "the list is another vendor's".to_owned();
            return Err(refused("vendor", "OTHER_VENDOR", reason, "rows of one vendor, or no such column"));
        }
        (Some(vendor), _) | (None, Some(vendor)) => vendor,
        (None, None) => return Err(refused("vendor", "EMPTY", "the cell is empty".to_owned(), right)),
    };
    let product = products.get(row.key()).or_else(|| products.get(&row.key().to_uppercase()));
    let product = product.ok_or_else(|| {
        let reason = format!("there is no product {}", row.key());
        refused("sku", "PRODUCT_NOT_FOUND", reason, "the short name of a product of the catalogue")
    })?;
    Ok((vendor, product.id))
}

fn of_catalogue(refusal: &Refusal) -> Outcome {
    let (column, right) = match refusal {
        Refusal::StockHeld { .. } => (Some("stock"), "at least what orders hold"),
        Refusal::Field { field: "minimumQuantity", right } => (Some("minimum_quantity"), *right),
        Refusal::Field { field, right } => (Some(*field), *right),
        _ => (None, "what the platform accepts"),
    };
    refused(column, refusal.code(), refusal.to_string(), right)
}
