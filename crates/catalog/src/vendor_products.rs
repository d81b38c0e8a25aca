//! Keeping a vendor's list: prices, stock and conditions, set-wise; and stock moved by hand.
//!
//! Statements, audit entries apart: setting any number of a vendor's products 1 to 3, the first of them the lock, and 3
//! queued writes; moving stock 1 and 2 queued writes.

use std::collections::HashSet;

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, Money, ProductId, VendorId};

use crate::moves::{MoveReason, StockMove, Why};
use crate::{Refusal, VendorProduct, VendorTerms, store};

/// The largest number of units, of a pack's parts and of rupees.
pub(crate) const LARGEST_COUNT: i64 = 1_000_000_000;
const LONGEST_NOTE: usize = 200;

fn checked(terms: &VendorTerms) -> Result<(), Refusal> {
    let refuse = |field, right| Err(Refusal::Field { field, right });
    if terms.price <= Money::ZERO || terms.price > Money::from_paisa(LARGEST_COUNT * 100) {
        return refuse("price", "above zero and at most 1000000000.00");
    }
    if !(0..=LARGEST_COUNT).contains(&terms.stock) {
        return refuse("stock", "0 to 1000000000 units");
    }
    if !(1..=LARGEST_COUNT).contains(&terms.minimum_quantity) {
        return refuse("minimumQuantity", "at least 1");
    }
    Ok(())
}

fn checked_note(why: &Why) -> Result<(), Refusal> {
    let is_short = why.note.as_ref().is_none_or(|note| (1..=LONGEST_NOTE).contains(&note.trim().chars().count()));
    if is_short { Ok(()) } else { Err(Refusal::Field { field: "note", right: "1 to 200 characters" }) }
}

/// What became of one product of a list that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// What stands in the list now.
    pub sold: VendorProduct,
    /// Whether anything changed.
    pub is_changed: bool,
}

/// Sets what a vendor asks and has of products, new in its list or not; each product once. A product that is refused
/// leaves the others be. A changed price goes into the history, changed stock into the moves.
pub async fn put_vendor_products(
    tx: &mut Tx,
    cx: &Context,
    vendor: VendorId,
    wanted: &[(ProductId, VendorTerms)],
    why: &Why,
) -> Result<Vec<Result<Set, Refusal>>, DbError> {
    if let Err(refusal) = checked_note(why) {
        return Ok(wanted.iter().map(|_| Err(refusal.clone())).collect());
    }
    let keys: Vec<_> = wanted.iter().map(|(product, _)| (vendor, *product)).collect();
    let known = store::stock_for_update(tx, &keys).await?;
    let new: Vec<ProductId> =
        wanted.iter().map(|(id, _)| *id).filter(|id| !known.contains_key(&(vendor, *id))).collect();
    let mut products = HashSet::new();
    if !new.is_empty() {
        if parties::vendors(tx, &[vendor]).await?.is_empty() {
            return Ok(wanted.iter().map(|_| Err(Refusal::UnknownVendor(vendor))).collect());
        }
        products.extend(store::products(tx, &new).await?.into_keys());
    }
    let (mut outcomes, mut rows) = (Vec::with_capacity(wanted.len()), Vec::new());
    for (product, terms) in wanted {
        let before = known.get(&(vendor, *product)).copied();
        let outcome = decided(vendor, *product, terms, before, products.contains(product));
        if let Ok(Set { sold, is_changed: true }) = outcome {
            rows.push((before, sold));
        }
        outcomes.push(outcome);
    }
    store::put_vendor_products(tx, &rows, cx.now).await?;
    let priced = rows.iter().filter(|(before, sold)| before.is_none_or(|before| before.price != sold.price));
    store::record_prices(tx, cx, priced.map(|(_, sold)| *sold).collect()).await?;
    let moves = rows.iter().map(|(before, sold)| StockMove::of(cx, sold, before.map_or(0, |before| before.stock), why));
    store::record_moves(tx, moves.collect()).await?;
    let entries = rows.iter().map(|(before, sold)| {
        let entry = Entry::new(cx, vendor, "vendor_product.set", sold.product).after(shown(sold));
        before.iter().fold(entry, |entry, before| entry.before(shown(before)))
    });
    audit::record(tx, entries.collect()).await?;
    Ok(outcomes)
}

fn decided(
    vendor: VendorId,
    product: ProductId,
    terms: &VendorTerms,
    before: Option<VendorProduct>,
    is_known: bool,
) -> Result<Set, Refusal> {
    checked(terms)?;
    if before.is_none() && !is_known {
        return Err(Refusal::UnknownProduct(product.to_string()));
    }
    let held = before.map_or(0, |before| before.held);
    if terms.stock < held {
        return Err(Refusal::StockHeld { held });
    }
    let sold = VendorProduct {
        vendor,
        product,
        price: terms.price,
        stock: terms.stock,
        held,
        minimum_quantity: terms.minimum_quantity,
        is_available: terms.is_available,
    };
    Ok(Set { sold, is_changed: before != Some(sold) })
}

fn shown(sold: &VendorProduct) -> serde_json::Value {
    serde_json::json!(VendorTerms {
        price: sold.price,
        stock: sold.stock,
        minimum_quantity: sold.minimum_quantity,
        is_available: sold.is_available,
    })
}

/// Sets what a vendor asks and has of one product, as [`put_vendor_products`] does of many.
pub async fn put_vendor_product(
    tx: &mut Tx,
    cx: &Context,
    vendor: VendorId,
    product: ProductId,
    terms: &VendorTerms,
    why: &Why,
) -> Result<Result<VendorProduct, Refusal>, DbError> {
    let set = put_vendor_products(tx, cx, vendor, &[(product, terms.clone())], why).await?;
    let set = set.into_iter().next().ok_or(DbError::Missing("the outcome of a product that was set"))?;
    Ok(set.map(|set| set.sold))
}

/// Moves the stock of a product that a vendor sells: units come in, go out or are counted. Stock that orders hold stays.
pub async fn move_stock(
    tx: &mut Tx,
    cx: &Context,
    vendor: VendorId,
    product: ProductId,
    quantity: i64,
    why: &Why,
) -> Result<Result<VendorProduct, Refusal>, DbError> {
    if let Err(refusal) = checked_note(why) {
        return Ok(Err(refusal));
    }
    let least = i64::from(why.reason != MoveReason::Counted);
    if !(least..=LARGEST_COUNT).contains(&quantity) {
        return Ok(Err(Refusal::Field { field: "quantity", right: "1 to 1000000000 units; a count may be 0" }));
    }
    let Some(before) = store::stock_for_update(tx, &[(vendor, product)]).await?.remove(&(vendor, product)) else {
        return Ok(Err(Refusal::UnknownProduct(product.to_string())));
    };
    let stock = why.reason.after(before.stock, quantity);
    if stock < before.held {
        return Ok(Err(Refusal::StockHeld { held: before.held }));
    }
    if stock > LARGEST_COUNT {
        return Ok(Err(Refusal::Field { field: "quantity", right: "so many that at most 1000000000 are in store" }));
    }
    let after = VendorProduct { stock, ..before };
    if after != before {
        store::put_vendor_products(tx, &[(Some(before), after)], cx.now).await?;
        store::record_moves(tx, vec![StockMove::of(cx, &after, before.stock, why)]).await?;
        let entry = Entry::new(cx, vendor, "stock.moved", product).before(shown(&before)).after(shown(&after));
        audit::record(tx, vec![entry.reason(why.to_string())]).await?;
    }
    Ok(Ok(after))
}
