//! What an operator decides about an order's vendor: the next best one, or one of its own choice; and what routing would
//! say now.
//!
//! Both lock the order first and run in a savepoint: credit and stock are released where the order was and taken where it
//! goes, or, where the vendor of choice cannot take it, nothing has happened.

use std::collections::HashSet;

use db::{DbError, Tx};
use kernel::{Context, Money, OrderId, Scope, VendorId};
use routing::{Decision, DecisionKind, DecisionRow, Offer, OfferOutcome, OfferState};

use crate::expiry::{self, Short};
use crate::facts::{Facts, Request};
use crate::lifecycle::{Answer, Refusal, hold_with, next_vendor, release, step};
use crate::place::{Decided, PlaceRefusal, why_not};
use crate::records::new_offer;
use crate::rules::OrderState;
use crate::{Order, Wanted, store, words};

/// Why an order stays where it is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RerouteRefusal {
    /// The order cannot be moved.
    #[error(transparent)]
    Order(Refusal),
    /// The vendor cannot take it.
    #[error(transparent)]
    Vendor(PlaceRefusal),
}

/// An operator's order, where it can go to another vendor.
async fn movable(tx: &mut Tx, cx: &Context, id: OrderId, reason: &str) -> Result<Result<Order, Refusal>, DbError> {
    let Some(order) = store::find_for_update(tx, cx.actor.scope(), id).await? else {
        return Ok(Err(Refusal::NotFound));
    };
    if !cx.actor.is_operator() {
        return Ok(Err(Refusal::NotAllowed { who: "an operator" }));
    }
    if !matches!(order.state, OrderState::Placed | OrderState::Offered | OrderState::Confirmed) {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Offered }));
    }
    if reason.trim().is_empty() {
        return Ok(Err(Refusal::ReasonRequired));
    }
    Ok(Ok(order))
}

/// Takes the order from the vendor it is with: its offer ends through no fault of its own, and it is told.
async fn take_away(tx: &mut Tx, cx: &Context, order: &Order, reason: &str) -> Result<(), DbError> {
    for offer in routing::offers_of_order(tx, order.retailer_id, order.id).await? {
        if offer.state == OfferState::Open {
            routing::resolve(tx, &offer, OfferState::Withdrawn, Some(reason), cx.now).await?;
        }
    }
    if order.state == OrderState::Confirmed {
        routing::tell_outcome(tx, order.retailer_id, order.id, OfferOutcome::EndedOtherwise, cx.now).await?;
    }
    let people = words::people(tx, order).await?;
    notify::send(tx, cx, words::taken_away(&people, order)).await
}

/// Puts an order before the best vendor that was not asked yet; FAILED with none left.
pub async fn reroute(tx: &mut Tx, cx: &Context, id: OrderId, reason: &str) -> Answer {
    let order = match movable(tx, cx, id, reason).await? {
        Ok(order) => order,
        Err(refusal) => return Ok(Err(refusal)),
    };
    take_away(tx, cx, &order, reason).await?;
    next_vendor(tx, cx, order, reason).await.map(Ok)
}

/// What ends the savepoint of an override.
enum Stop {
    Refused(PlaceRefusal),
    Failed(DbError),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Failed(error)
    }
}

/// Puts an order before a vendor of the operator's choice, whether it was asked before or not; the order check holds.
/// Where it is with that vendor already it stays.
pub async fn override_vendor(
    tx: &mut Tx,
    cx: &Context,
    id: OrderId,
    vendor: VendorId,
    reason: &str,
) -> Result<Result<Order, RerouteRefusal>, DbError> {
    let order = match movable(tx, cx, id, reason).await? {
        Ok(order) => order,
        Err(refusal) => return Ok(Err(RerouteRefusal::Order(refusal))),
    };
    if order.vendor_id == Some(vendor) && order.state.holds() {
        return Ok(Ok(order));
    }
    match tx.nested(async |tx| put_before(tx, cx, order, vendor, reason).await).await {
        Ok(order) => Ok(Ok(order)),
        Err(Stop::Refused(refusal)) => Ok(Err(RerouteRefusal::Vendor(refusal))),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn request(order: &Order) -> Request {
    Request {
        retailer: order.retailer_id,
        vendor: None,
        mode: order.payment_mode,
        lines: order.lines.iter().map(|line| Wanted { product_id: line.product_id, quantity: line.quantity }).collect(),
        place: order.place.clone(),
    }
}

async fn put_before(
    tx: &mut Tx,
    cx: &Context,
    mut order: Order,
    vendor: VendorId,
    reason: &str,
) -> Result<Order, Stop> {
    let request = request(&order);
    // Gathering for any vendor locks every line and all stock that can matter, in order, before anything is given back.
    let mut facts = Facts::gather(tx, std::slice::from_ref(&request), cx.today()).await?;
    take_away(tx, cx, &order, reason).await?;
    release(tx, cx, &order, reason).await?;
    facts.give_back(&order).map_err(|error| DbError::Constraint(error.to_string()))?;
    let named = Request { vendor: Some(vendor), ..request };
    let mut chosen = choose(&facts, &named)?;
    let mut short = Short::default();
    short.add(order.retailer_id, &chosen.0, &facts.exposure);
    if expiry::release_expired(tx, cx, short).await? > 0 {
        facts = Facts::gather(tx, &[Request { vendor: None, ..named.clone() }], cx.today()).await?;
        chosen = choose(&facts, &named)?;
    }
    let (decision, total) = chosen;
    let Some(total) = total else { return Err(refused(&facts, &named, decision)) };
    let decided = DecisionRow {
        id: cx.id(),
        retailer: order.retailer_id,
        order: order.id,
        seq: order.last_event.saturating_add(1),
        chosen: Some(vendor),
        kind: DecisionKind::Override,
        decision,
        reason: Some(reason.to_owned()),
        cx: cx.clone(),
    };
    let before = order.total;
    hold_with(tx, cx, &mut facts, &named, &mut order, vendor).await?;
    order.total = total;
    let offer: Offer = new_offer(cx, &order, vendor);
    routing::record(tx, &[decided], std::slice::from_ref(&offer)).await?;
    step(tx, cx, &mut order, OrderState::Offered, Some(reason)).await?;
    let told = words::next_vendor(&facts, &order, &offer, before);
    notify::send(tx, cx, words::offer(&facts, &order, &offer).into_iter().chain(told).collect()).await?;
    Ok(order)
}

/// What the vendor scores, and the order's total with it if it can take it.
fn choose(facts: &Facts, named: &Request) -> Result<(Decision, Option<Money>), DbError> {
    let retailer = facts.retailers.get(&named.retailer).ok_or(DbError::Missing("retailer"))?;
    let decision = facts.route(named, retailer, &HashSet::new());
    let total = decision.ranking().next().and_then(|best| best.total);
    Ok((decision, total))
}

fn refused(facts: &Facts, named: &Request, decision: Decision) -> Stop {
    let vendor = named.vendor.filter(|vendor| !facts.vendors.contains_key(vendor));
    if let Some(unknown) = vendor {
        return Stop::Refused(PlaceRefusal::UnknownVendor(unknown));
    }
    let Some(retailer) = facts.retailers.get(&named.retailer) else {
        return Stop::Failed(DbError::Missing("retailer"));
    };
    match why_not(facts, retailer, named, decision) {
        Err(refusal) | Ok(Decided::Refused(refusal)) => Stop::Refused(refusal),
        Ok(Decided::Offered { .. } | Decided::NoVendor { .. }) => {
            Stop::Failed(DbError::Missing("why a vendor cannot take an order"))
        }
    }
}

/// What routing would say of an order now, as if it were with no vendor. Writes nothing.
pub async fn recommendations(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: OrderId,
) -> Result<Option<Decision>, DbError> {
    let Some(order) = store::find_for_update(tx, scope, id).await? else { return Ok(None) };
    let request = request(&order);
    let mut facts = Facts::gather(tx, std::slice::from_ref(&request), cx.today()).await?;
    facts.give_back(&order).map_err(|error| DbError::Constraint(error.to_string()))?;
    let retailer = facts.retailers.get(&order.retailer_id).ok_or(DbError::Missing("retailer"))?;
    let offers = routing::offers_of_order(tx, order.retailer_id, order.id).await?;
    let asked: HashSet<VendorId> = offers.iter().map(|offer| offer.vendor_id).collect();
    Ok(Some(facts.route(&request, retailer, &asked)))
}
