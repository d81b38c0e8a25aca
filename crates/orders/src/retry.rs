//! Trying again what failed: a new order for the same goods, with today's prices and a fresh check.
//!
//! The old order stays as it is; the new one names it in `retry_of`. The old one's lock makes one order of any number of
//! presses: whoever comes second is answered what the first one made. A retry that is refused leaves nothing, so it can
//! be asked for again.
//!
//! Statements: 2, and those of placing.

use credit::PaymentMode;
use db::{DbError, Tx};
use kernel::{Actor, Context, OrderId, RetailerId, Scope};

use crate::lifecycle::Refusal;
use crate::place::{Outcome, Place, PlaceRefusal, place_all};
use crate::rules::OrderState;
use crate::{Order, Wanted, store};

/// Why an order is not tried again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RetryRefusal {
    /// It cannot be, or not by who asks.
    #[error(transparent)]
    Order(#[from] Refusal),
    /// The new order is refused.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
}

/// The order that tries another one again.
#[derive(Clone, Debug)]
pub struct Retried {
    /// It is before a vendor, or nobody could take it this time either; or where it has come to since.
    pub order: Order,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// Places an order that failed, or a draft that expired, anew; the payment mode may be another one.
pub async fn retry(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: OrderId,
    mode: Option<PaymentMode>,
) -> Result<Result<Retried, RetryRefusal>, DbError> {
    let Some(old) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound.into())) };
    if matches!(cx.actor, Actor::Vendor(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the retailer or an operator" }.into()));
    }
    if let Some(order) = retry_of(tx, old.retailer_id, id).await? {
        return Ok(Ok(Retried { order, is_new: false }));
    }
    if !matches!(old.state, OrderState::Failed | OrderState::Expired) {
        return Ok(Err(Refusal::NotFailed { state: old.state }.into()));
    }
    let place = Place {
        cx: cx.clone(),
        retailer: old.retailer_id,
        vendor: None,
        mode: mode.unwrap_or(old.payment_mode),
        lines: old.lines.iter().map(|line| Wanted { product_id: line.product_id, quantity: line.quantity }).collect(),
        // A draft does not know yet where it goes.
        place: (old.state == OrderState::Failed).then_some(old.place),
        draft: None,
        retry_of: Some(id),
        expected_total: None,
    };
    match place_all(tx, &[place]).await?.pop() {
        Some(Outcome::Placed(placed)) => Ok(Ok(Retried { order: placed.order, is_new: true })),
        Some(Outcome::Refused(refusal)) => Ok(Err(refusal.into())),
        None => Err(DbError::Missing("the outcome of an order")),
    }
}

/// The order that was placed to try this one again.
pub async fn retry_of(tx: &mut Tx, retailer: RetailerId, id: OrderId) -> Result<Option<Order>, DbError> {
    store::retry_of(tx, retailer, id).await
}
