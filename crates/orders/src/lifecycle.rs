//! What happens to a placed order: the vendor's answer, the next vendor, dispatch, cancellation, failure.
//!
//! Every use case locks the order first and reads what it decides on after that, so that accept, expiry and cancel of
//! one order have one outcome. Going to the next vendor releases credit and stock at the last one and takes them at the
//! next in one transaction.

use std::collections::HashSet;

use audit::Entry;
use catalog::StockChange;
use credit::{PaymentMode, Take};
use db::{DbError, Tx};
use kernel::{Actor, Context, Instant, Money, OfferId, OrderId, Scope, VendorId};
use routing::{Decision, DecisionKind, DecisionRow, Offer, OfferOutcome, OfferState};

use crate::expiry::{self, Short};
use crate::facts::{Facts, Request};
use crate::records::{deadline, new_offer};
use crate::rules::{OrderState, delivery_code, may_follow};
use crate::store::{self, NewEvent};
use crate::words;
use crate::{Order, Wanted, total};

/// Why an order stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such order or offer, or none that the caller may see.
    #[error("there is no such order")]
    NotFound,
    /// The table of transitions does not allow it.
    #[error("an order that is {from} cannot become {to}")]
    InvalidTransition {
        /// Where it stands.
        from: OrderState,
        /// Where it should have gone.
        to: OrderState,
    },
    /// The offer's deadline has passed.
    #[error("the offer's deadline passed at {deadline}")]
    OfferExpired {
        /// The deadline.
        deadline: Instant,
    },
    /// The offer was answered before, in another way.
    #[error("the offer was already {state}")]
    OfferAnswered {
        /// How.
        state: OfferState,
    },
    /// Who asks may not do this to the order in its state.
    #[error("only {who} can do this now")]
    NotAllowed {
        /// Who can.
        who: &'static str,
    },
    /// The delivery code is wrong.
    #[error("the delivery code is wrong; {left} tries are left")]
    WrongCode {
        /// Tries left before only an operator can confirm.
        left: i64,
    },
    /// The delivery code was wrong too often.
    #[error("the delivery code was wrong too often; an operator must confirm the delivery")]
    CodeLocked,
    /// What is said to have arrived is more than was ordered.
    #[error("{field}: {right}")]
    Field {
        /// The field's path in JSON.
        field: String,
        /// What would be right.
        right: &'static str,
    },
    /// It was not sold for cash, or has not arrived.
    #[error("only what was delivered for cash is returned here; what was sold on credit is returned on its cycle")]
    NotACashSale,
    /// More comes back than could.
    #[error("goods for at most {maximum} of this order can come back")]
    AboveReturnable {
        /// What has not come back yet.
        maximum: Money,
    },
    /// Only what failed or expired is tried again.
    #[error("only an order that failed, or a draft that expired, is tried again; this one is {state}")]
    NotFailed {
        /// Where it stands.
        state: OrderState,
    },
    /// A reason must be given.
    #[error("a reason must be given")]
    ReasonRequired,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::InvalidTransition { .. } => "INVALID_TRANSITION",
            Self::OfferExpired { .. } => "OFFER_EXPIRED",
            Self::OfferAnswered { .. } => "OFFER_ANSWERED",
            Self::NotAllowed { .. } => "NOT_ALLOWED",
            Self::WrongCode { .. } => "WRONG_DELIVERY_CODE",
            Self::CodeLocked => "DELIVERY_CODE_LOCKED",
            Self::Field { .. } => "VALIDATION",
            Self::NotACashSale => "NOT_A_CASH_SALE",
            Self::AboveReturnable { .. } => "ABOVE_RETURNABLE",
            Self::NotFailed { .. } => "ORDER_NOT_FAILED",
            Self::ReasonRequired => "REASON_REQUIRED",
        }
    }
}

/// A decision of this room: an order in its new state, or why it stays as it is.
pub type Answer = Result<Result<Order, Refusal>, DbError>;

/// Moves an order along the table and writes it, its log line and its audit entry.
pub(crate) async fn step(
    tx: &mut Tx,
    cx: &Context,
    order: &mut Order,
    to: OrderState,
    reason: Option<&str>,
) -> Result<(), DbError> {
    let before = order.state;
    order.state = to;
    order.state_at = cx.now;
    order.last_event = order.last_event.saturating_add(1);
    store::update(tx, order).await?;
    store::insert_events(tx, vec![NewEvent::of(cx, order, reason)]).await?;
    let mut entry = Entry::new(cx, order.retailer_id, "order.status", order.id)
        .before(serde_json::json!({ "state": before }))
        .after(serde_json::json!({ "state": to, "vendorId": order.vendor_id }));
    if let Some(reason) = reason {
        entry = entry.reason(reason);
    }
    audit::record(tx, vec![entry]).await
}

async fn offer_and_order(tx: &mut Tx, scope: Scope, id: OfferId) -> Result<Option<(Offer, Order)>, DbError> {
    let Some(seen) = routing::offer(tx, id).await? else { return Ok(None) };
    if !scope.includes(seen.retailer_id, Some(seen.vendor_id)) {
        return Ok(None);
    }
    let Some(order) = store::find_for_update(tx, Scope::All, seen.order_id).await? else { return Ok(None) };
    // What was seen before the lock may have changed since.
    Ok(routing::offer(tx, id).await?.map(|offer| (offer, order)))
}

/// Why an offer can no longer be answered. One whose deadline has passed goes to the next vendor here and now.
async fn refuse_answer(tx: &mut Tx, cx: &Context, offer: &Offer, order: &Order) -> Result<Option<Refusal>, DbError> {
    Ok(match offer.state {
        OfferState::Open if cx.now < offer.deadline => None,
        OfferState::Open => {
            expire(tx, cx, offer, order.clone()).await?;
            Some(Refusal::OfferExpired { deadline: offer.deadline })
        }
        OfferState::Expired => Some(Refusal::OfferExpired { deadline: offer.deadline }),
        state => Some(Refusal::OfferAnswered { state }),
    })
}

async fn expire(tx: &mut Tx, cx: &Context, offer: &Offer, order: Order) -> Result<Order, DbError> {
    routing::resolve(tx, offer, OfferState::Expired, None, cx.now).await?;
    next_vendor(tx, cx, order, "EXPIRED").await
}

/// The vendor takes the order. Accepting twice answers the same order.
pub async fn accept(tx: &mut Tx, cx: &Context, scope: Scope, id: OfferId) -> Answer {
    let Some((offer, mut order)) = offer_and_order(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if offer.state == OfferState::Accepted {
        return Ok(Ok(order));
    }
    if let Some(refusal) = refuse_answer(tx, cx, &offer, &order).await? {
        return Ok(Err(refusal));
    }
    routing::resolve(tx, &offer, OfferState::Accepted, None, cx.now).await?;
    if order.payment_mode == PaymentMode::Credit {
        credit::keep(tx, order.retailer_id, order.id).await?;
    }
    step(tx, cx, &mut order, OrderState::Confirmed, None).await?;
    let people = words::people(tx, &order).await?;
    notify::send(tx, cx, words::confirmed(&people, &order)).await?;
    Ok(Ok(order))
}

/// The vendor does not take the order; it goes to the next one. Rejecting twice answers the same order.
pub async fn reject(tx: &mut Tx, cx: &Context, scope: Scope, id: OfferId, reason: &str) -> Answer {
    let Some((offer, order)) = offer_and_order(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if offer.state == OfferState::Rejected {
        return Ok(Ok(order));
    }
    if let Some(refusal) = refuse_answer(tx, cx, &offer, &order).await? {
        return Ok(Err(refusal));
    }
    routing::resolve(tx, &offer, OfferState::Rejected, Some(reason), cx.now).await?;
    next_vendor(tx, cx, order, "REJECTED").await.map(Ok)
}

/// An offer whose deadline has passed goes to the next vendor; one that was answered meanwhile stays.
pub async fn expire_offer(tx: &mut Tx, cx: &Context, id: OfferId) -> Answer {
    let Some((offer, order)) = offer_and_order(tx, Scope::All, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if offer.state != OfferState::Open || cx.now < offer.deadline {
        return Ok(Ok(order));
    }
    expire(tx, cx, &offer, order).await.map(Ok)
}

/// Reminds the vendor of an offer that is still open, once, and says whether it was reminded now.
pub async fn remind_of_offer(tx: &mut Tx, cx: &Context, id: OfferId) -> Result<bool, DbError> {
    let Some((offer, order)) = offer_and_order(tx, Scope::All, id).await? else { return Ok(false) };
    if !offer.is_open(cx.now) {
        return Ok(false);
    }
    let people = words::people(tx, &order).await?;
    notify::send_new(tx, cx, words::offer_ends(&people, &order, &offer)).await.map(|sent| sent > 0)
}

/// A vendor goes back on an accepted order; it goes to the next one.
pub async fn withdraw(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId, reason: &str) -> Answer {
    let Some(order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if matches!(cx.actor, Actor::Retailer(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the vendor" }));
    }
    if order.state != OrderState::Confirmed {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Offered }));
    }
    if reason.trim().is_empty() {
        return Ok(Err(Refusal::ReasonRequired));
    }
    routing::tell_outcome(tx, order.retailer_id, order.id, OfferOutcome::WithdrawnByVendor, cx.now).await?;
    next_vendor(tx, cx, order, "WITHDRAWN").await.map(Ok)
}

/// Gives back what the order holds: stock, and credit where it is on credit.
pub(crate) async fn release(tx: &mut Tx, cx: &Context, order: &Order, reason: &str) -> Result<(), DbError> {
    if !order.state.holds() {
        return Ok(());
    }
    if order.payment_mode == PaymentMode::Credit {
        let released = credit::release(tx, cx, order.retailer_id, order.id, reason).await?;
        if let Err(refusal) = released {
            return Err(DbError::Constraint(format!("a held order has no reservation to release: {refusal}")));
        }
    }
    let Some(vendor) = order.vendor_id else { return Ok(()) };
    let changes = order.lines.iter().map(|line| StockChange {
        vendor,
        product: line.product_id,
        stock: 0,
        held: line.quantity.saturating_neg(),
    });
    let keys: Vec<_> = order.lines.iter().map(|line| (vendor, line.product_id)).collect();
    catalog::stock_for_update(tx, &keys).await?;
    catalog::change_stock(tx, &changes.collect::<Vec<_>>(), cx.now).await
}

/// Releases the order where it was and puts it before the best vendor that was not asked yet; FAILED with none left.
pub(crate) async fn next_vendor(tx: &mut Tx, cx: &Context, mut order: Order, why: &str) -> Result<Order, DbError> {
    let asked: HashSet<VendorId> =
        routing::offers_of_order(tx, order.retailer_id, order.id).await?.iter().map(|offer| offer.vendor_id).collect();
    let request = Request {
        retailer: order.retailer_id,
        vendor: None,
        mode: order.payment_mode,
        lines: order.lines.iter().map(|line| Wanted { product_id: line.product_id, quantity: line.quantity }).collect(),
        place: order.place.clone(),
    };
    // Gathering locks every line and all stock that can matter, in order, before anything is given back.
    let mut facts = Facts::gather(tx, std::slice::from_ref(&request), cx.today()).await?;
    release(tx, cx, &order, why).await?;
    facts.give_back(&order).map_err(|error| DbError::Constraint(error.to_string()))?;
    let mut decision = decide_next(&facts, &request, &asked)?;
    let mut short = Short::default();
    short.add(order.retailer_id, &decision, &facts.exposure);
    if expiry::release_expired(tx, cx, short).await? > 0 {
        facts = Facts::gather(tx, std::slice::from_ref(&request), cx.today()).await?;
        decision = decide_next(&facts, &request, &asked)?;
    }
    let best = decision.ranking().next().and_then(|best| Some((best.vendor_id, best.total?)));
    let seq = order.last_event.saturating_add(1);
    let decided = DecisionRow {
        id: cx.id(),
        retailer: order.retailer_id,
        order: order.id,
        seq,
        chosen: best.map(|(vendor, _)| vendor),
        kind: DecisionKind::Routed,
        decision,
        reason: Some(why.to_owned()),
        cx: cx.clone(),
    };
    let Some((vendor, amount)) = best else {
        routing::record(tx, &[decided], &[]).await?;
        order.vendor_id = None;
        order.reason = Some("NO_VENDOR".to_owned());
        step(tx, cx, &mut order, OrderState::Failed, Some("NO_VENDOR")).await?;
        let people = words::people(tx, &order).await?;
        notify::send(tx, cx, words::no_vendor(&people, &order)).await?;
        return Ok(order);
    };
    let before = order.total;
    hold_with(tx, cx, &mut facts, &request, &mut order, vendor).await?;
    order.total = amount;
    let offer = new_offer(cx, &order, vendor);
    routing::record(tx, &[decided], std::slice::from_ref(&offer)).await?;
    step(tx, cx, &mut order, OrderState::Offered, Some(why)).await?;
    let told = words::next_vendor(&facts, &order, &offer, before);
    notify::send(tx, cx, words::offer(&facts, &order, &offer).into_iter().chain(told).collect()).await?;
    Ok(order)
}

fn decide_next(facts: &Facts, request: &Request, asked: &HashSet<VendorId>) -> Result<Decision, DbError> {
    let retailer = facts.retailers.get(&request.retailer).ok_or(DbError::Missing("retailer"))?;
    Ok(facts.route(request, retailer, asked))
}

/// Takes credit and stock for an order with a vendor at today's prices.
pub(crate) async fn hold_with(
    tx: &mut Tx,
    cx: &Context,
    facts: &mut Facts,
    request: &Request,
    order: &mut Order,
    vendor: VendorId,
) -> Result<(), DbError> {
    for line in &mut order.lines {
        if let Some(sold) = facts.stock.get(&(vendor, line.product_id)) {
            line.unit_price = sold.price;
        }
    }
    order.vendor_id = Some(vendor);
    order.total = total(&order.lines).map_err(|error| DbError::Constraint(error.to_string()))?;
    store::update_prices(tx, order).await?;
    let seq = facts.hold(request, vendor, order.total).map_err(|error| DbError::Constraint(error.to_string()))?;
    let pair = (order.retailer_id, vendor);
    if let Some(position_seq) = seq {
        let (id, at, expires_at) = (cx.id(), cx.now, Some(deadline(cx)));
        let take = Take { line: pair, order: order.id, amount: order.total, position_seq, at, id, expires_at };
        credit::take(tx, vec![take]).await?;
    }
    let changes = request.lines.iter().map(|line| StockChange {
        vendor,
        product: line.product_id,
        stock: 0,
        held: line.quantity,
    });
    catalog::change_stock(tx, &changes.collect::<Vec<_>>(), cx.now).await
}

/// The order leaves the vendor; the retailer gets a delivery code. Dispatching twice answers the same order.
pub async fn dispatch(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId) -> Answer {
    let Some(mut order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if order.state == OrderState::Dispatched {
        return Ok(Ok(order));
    }
    if !may_follow(order.state, OrderState::Dispatched) {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Dispatched }));
    }
    if matches!(cx.actor, Actor::Retailer(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the vendor" }));
    }
    order.delivery_code = Some(delivery_code(cx.random_bytes()));
    step(tx, cx, &mut order, OrderState::Dispatched, None).await?;
    let people = words::people(tx, &order).await?;
    notify::send(tx, cx, words::dispatched(&people, &order)).await?;
    Ok(Ok(order))
}

/// Cancels an order and gives back what it holds. On the way, only an operator can. Cancelling twice answers the same
/// order.
pub async fn cancel(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId, reason: &str) -> Answer {
    end(tx, cx, scope, id, OrderState::Cancelled, reason).await
}

/// Fails an order with a reason and gives back what it holds.
pub async fn fail(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId, reason: &str) -> Answer {
    end(tx, cx, scope, id, OrderState::Failed, reason).await
}

async fn end(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId, to: OrderState, reason: &str) -> Answer {
    let Some(mut order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if order.state == to {
        return Ok(Ok(order));
    }
    if !may_follow(order.state, to) {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to }));
    }
    let is_late = order.state == OrderState::Dispatched && to == OrderState::Cancelled;
    if (is_late && !cx.actor.is_operator()) || (to == OrderState::Failed && !cx.actor.is_operator()) {
        return Ok(Err(Refusal::NotAllowed { who: "an operator" }));
    }
    // What a vendor does not want of an offer is its own part in it: the order goes on to the next vendor.
    if order.state == OrderState::Offered && matches!(cx.actor, Actor::Vendor(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the retailer or an operator; a vendor rejects its offer" }));
    }
    if reason.trim().is_empty() {
        return Ok(Err(Refusal::ReasonRequired));
    }
    release(tx, cx, &order, reason).await?;
    for offer in routing::offers_of_order(tx, order.retailer_id, order.id).await? {
        if offer.state == OfferState::Open {
            routing::resolve(tx, &offer, OfferState::Withdrawn, Some(reason), cx.now).await?;
        }
    }
    if matches!(order.state, OrderState::Confirmed | OrderState::Dispatched) {
        let outcome = if matches!(cx.actor, Actor::Vendor(_)) {
            OfferOutcome::WithdrawnByVendor
        } else {
            OfferOutcome::EndedOtherwise
        };
        routing::tell_outcome(tx, order.retailer_id, order.id, outcome, cx.now).await?;
    }
    order.reason = Some(reason.to_owned());
    step(tx, cx, &mut order, to, Some(reason)).await?;
    let people = words::people(tx, &order).await?;
    notify::send(tx, cx, words::ended(&people, cx.actor, &order)).await?;
    Ok(Ok(order))
}
