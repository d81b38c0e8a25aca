//! Why stock changed: moves by hand, by an upload and by deliveries; and what prices were.

use std::fmt;

use db::{DbError, Tx, text_enum};
use kernel::{Context, Instant, Money, MoveId, OrderId, ProductId, VendorId};
use serde::Serialize;

use crate::{StockChange, VendorProduct, store};

text_enum! {
    /// Why the stock of a product changed.
    pub enum MoveReason {
        /// Units came in.
        Received = "RECEIVED",
        /// Units came back from a buyer.
        Returned = "RETURNED",
        /// Units were sold: by an order that was delivered, or over the counter.
        Sold = "SOLD",
        /// Units are gone: broken, spoilt, stolen.
        Lost = "LOST",
        /// The units in store were counted.
        Counted = "COUNTED",
        /// An uploaded list says how many there are.
        Uploaded = "UPLOADED",
    }
}

impl MoveReason {
    /// The stock after so many units.
    pub(crate) const fn after(self, stock: i64, quantity: i64) -> i64 {
        match self {
            Self::Received | Self::Returned => stock.saturating_add(quantity),
            Self::Sold | Self::Lost => stock.saturating_sub(quantity),
            Self::Counted | Self::Uploaded => quantity,
        }
    }
}

/// Why stock is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The reason.
    pub reason: MoveReason,
    /// What else is to be said; 1 to 200 characters.
    pub note: Option<String>,
}

impl Why {
    /// The units in store were counted.
    pub const COUNTED: Self = Self { reason: MoveReason::Counted, note: None };
    /// An uploaded list says how many there are.
    pub const UPLOADED: Self = Self { reason: MoveReason::Uploaded, note: None };
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        self.note.iter().try_for_each(|note| write!(f, ": {note}"))
    }
}

/// A change of what a vendor has in store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockMove {
    /// Its id.
    pub id: MoveId,
    /// The vendor.
    pub vendor_id: VendorId,
    /// The product.
    pub product_id: ProductId,
    /// Units that came in; negative where they went.
    pub change: i64,
    /// Units in store after it.
    pub stock: i64,
    /// Why.
    pub reason: MoveReason,
    /// What else was said.
    pub note: Option<String>,
    /// The order that was delivered.
    pub order_id: Option<OrderId>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Instant,
}

impl StockMove {
    pub(crate) fn of(cx: &Context, sold: &VendorProduct, stock_before: i64, why: &Why) -> Self {
        Self {
            id: cx.id(),
            vendor_id: sold.vendor,
            product_id: sold.product,
            change: sold.stock.saturating_sub(stock_before),
            stock: sold.stock,
            reason: why.reason,
            note: why.note.as_deref().map(|note| note.trim().to_owned()),
            order_id: None,
            actor: cx.actor.to_string(),
            at: cx.now,
        }
    }
}

/// What a vendor asked for a product from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastPrice {
    /// The price of one unit, VAT included.
    pub price: Money,
    /// Who set it.
    pub actor: String,
    /// From when on.
    pub at: Instant,
}

/// Takes what arrived of an order out of its vendor's store and ends what the order holds of it: for each product the
/// units that were ordered, which are held, and those that arrived. Locks the rows first.
pub async fn deliver_stock(
    tx: &mut Tx,
    cx: &Context,
    vendor: VendorId,
    order: OrderId,
    lines: &[(ProductId, i64, i64)],
) -> Result<(), DbError> {
    let keys: Vec<_> = lines.iter().map(|(product, ..)| (vendor, *product)).collect();
    let stock = store::stock_for_update(tx, &keys).await?;
    let changes: Vec<StockChange> = lines
        .iter()
        .map(|(product, ordered, arrived)| StockChange {
            vendor,
            product: *product,
            stock: arrived.saturating_neg(),
            held: ordered.saturating_neg(),
        })
        .collect();
    store::change_stock(tx, &changes, cx.now).await?;
    let why = Why { reason: MoveReason::Sold, note: None };
    let moves = changes.iter().filter_map(|change| {
        let before = stock.get(&(vendor, change.product))?;
        let after = VendorProduct { stock: before.stock.saturating_add(change.stock), ..*before };
        Some(StockMove { order_id: Some(order), ..StockMove::of(cx, &after, before.stock, &why) })
    });
    store::record_moves(tx, moves.collect()).await
}
