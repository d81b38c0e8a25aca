//! What a set of placed orders writes: collected row by row while each is decided, then written set-wise, each table once.

use std::collections::HashMap;

use audit::Entry;
use catalog::StockChange;
use credit::Take;
use db::{DbError, Tx};
use kernel::{Context, Instant, Money, OrderId, VendorId};
use routing::{DecisionKind, DecisionRow, OFFER_SECONDS, Offer, OfferState};

use crate::facts::{Facts, Request};
use crate::place::{Decided, Outcome, Place, PlaceRefusal, Placed};
use crate::rules::{OrderState, public_code};
use crate::store::{self, NewEvent};
use crate::words;
use crate::{DeliveryPlace, Order, OrderLine};

/// Everything a set of orders writes.
#[derive(Default)]
pub(crate) struct Records {
    new: Vec<Order>,
    changed: Vec<Order>,
    events: Vec<NewEvent>,
    decisions: Vec<DecisionRow>,
    offers: Vec<Offer>,
    takes: Vec<Take>,
    stock: Vec<StockChange>,
    audit: Vec<Entry>,
}

/// An outcome whose order is still among the records.
pub(crate) enum Pending {
    Placed { id: OrderId, offer: Option<Offer> },
    Refused(PlaceRefusal),
}

impl Records {
    pub(crate) fn add(
        &mut self,
        facts: &Facts,
        place: &Place,
        request: &Request,
        draft: Option<Order>,
        decided: Decided,
    ) -> Pending {
        let cx = &place.cx;
        let (vendor, total, seq, decision, kind) = match decided {
            Decided::Refused(refusal) => {
                let entry = Entry::new(cx, place.retailer, "order.refused", place.retailer);
                self.audit.push(entry.after(serde_json::json!({ "code": refusal.code() })).reason(refusal.to_string()));
                return Pending::Refused(refusal);
            }
            Decided::Offered { vendor, total, seq, decision, kind } => (Some(vendor), total, seq, decision, kind),
            Decided::NoVendor { decision } => (None, Money::ZERO, None, decision, DecisionKind::Routed),
        };
        let is_new = draft.is_none();
        let order = placed_order(facts, place, request, draft, vendor, total);
        self.decisions.push(DecisionRow {
            id: cx.id(),
            retailer: order.retailer_id,
            order: order.id,
            seq: order.last_event,
            chosen: vendor,
            kind,
            decision,
            reason: None,
            cx: cx.clone(),
        });
        let offer = vendor.map(|vendor| new_offer(cx, &order, vendor));
        if let Some(vendor) = vendor {
            self.hold(cx, request, &order, vendor, seq);
        }
        self.offers.extend(offer.clone());
        let after = serde_json::json!({
            "code": order.code, "state": order.state, "vendorId": vendor, "total": order.total,
            "paymentMode": order.payment_mode, "retryOf": order.retry_of,
        });
        self.audit.push(Entry::new(cx, order.retailer_id, "order.placed", order.id).after(after));
        let last = NewEvent::of(cx, &order, order.reason.as_deref());
        let placed =
            NewEvent { seq: last.seq.saturating_sub(1), state: OrderState::Placed, reason: None, ..last.clone() };
        self.events.extend([placed, last]);
        let id = order.id;
        let kept = if is_new { &mut self.new } else { &mut self.changed };
        kept.push(order);
        Pending::Placed { id, offer }
    }

    fn hold(&mut self, cx: &Context, request: &Request, order: &Order, vendor: VendorId, seq: Option<i64>) {
        let pair = (order.retailer_id, vendor);
        if let Some(position_seq) = seq {
            let (id, at, expires_at) = (cx.id(), cx.now, Some(deadline(cx)));
            self.takes.push(Take {
                line: pair,
                order: order.id,
                amount: order.total,
                position_seq,
                at,
                id,
                expires_at,
            });
        }
        let holds = request.lines.iter().map(|line| StockChange {
            vendor,
            product: line.product_id,
            stock: 0,
            held: line.quantity,
        });
        self.stock.extend(holds);
    }

    pub(crate) async fn write(
        mut self,
        tx: &mut Tx,
        facts: &Facts,
        set: &[Place],
        pending: Vec<Pending>,
    ) -> Result<Vec<Outcome>, DbError> {
        let Some(cx) = set.last().map(|place| &place.cx) else { return Ok(Vec::new()) };
        store::insert(tx, &mut self.new, || public_code(cx.random_bytes())).await?;
        for order in &self.changed {
            store::update(tx, order).await?;
            store::delete_lines(tx, order.retailer_id, order.id).await?;
        }
        store::insert_lines(tx, &self.changed).await?;
        store::insert_events(tx, self.events).await?;
        credit::take(tx, self.takes).await?;
        catalog::change_stock(tx, &self.stock, cx.now).await?;
        routing::record(tx, &self.decisions, &self.offers).await?;
        audit::record(tx, self.audit).await?;
        let mut orders: HashMap<OrderId, Order> =
            self.new.into_iter().chain(self.changed).map(|order| (order.id, order)).collect();
        let outcomes: Vec<Outcome> = pending
            .into_iter()
            .filter_map(|pending| match pending {
                Pending::Refused(refusal) => Some(Outcome::Refused(refusal)),
                Pending::Placed { id, offer } => {
                    orders.remove(&id).map(|order| Outcome::Placed(Box::new(Placed { order, offer })))
                }
            })
            .collect();
        let messages = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Placed(placed) => words::offer(facts, &placed.order, placed.offer.as_ref()?),
            Outcome::Refused(_) => None,
        });
        notify::send(tx, cx, messages.collect()).await?;
        outcomes.iter().for_each(count);
        Ok(outcomes)
    }
}

/// Counts what came of an order, for the metrics; what the store runs again counts again.
fn count(outcome: &Outcome) {
    match outcome {
        Outcome::Placed(placed) => {
            metrics::counter!("khaacho_orders_placed_total", "mode" => placed.order.payment_mode.to_string())
                .increment(1);
        }
        Outcome::Refused(refusal) => {
            metrics::counter!("khaacho_orders_refused_total", "code" => refusal.code()).increment(1);
        }
    }
}

fn placed_order(
    facts: &Facts,
    place: &Place,
    request: &Request,
    draft: Option<Order>,
    vendor: Option<VendorId>,
    total: Money,
) -> Order {
    let cx = &place.cx;
    let price = |product| {
        let sold = vendor.and_then(|vendor| facts.stock.get(&(vendor, product)));
        sold.map_or(Money::ZERO, |sold| sold.price)
    };
    let lines = (1..).zip(&request.lines).map(|(number, line)| OrderLine {
        number,
        product_id: line.product_id,
        quantity: line.quantity,
        unit_price: price(line.product_id),
        delivered_quantity: None,
    });
    let retailer = facts.retailers.get(&place.retailer);
    let own_place = || {
        retailer.map_or_else(DeliveryPlace::default, |retailer| DeliveryPlace {
            text: retailer.place.clone(),
            latitude_micro: retailer.latitude_micro,
            longitude_micro: retailer.longitude_micro,
        })
    };
    let (id, code, created_at, last_event, retry_of) = match draft {
        Some(draft) => (draft.id, draft.code, draft.created_at, draft.last_event, draft.retry_of),
        None => (cx.id(), public_code(cx.random_bytes()), cx.now, 0, place.retry_of),
    };
    Order {
        id,
        retailer_id: place.retailer,
        code,
        vendor_id: vendor,
        payment_mode: place.mode,
        state: if vendor.is_some() { OrderState::Offered } else { OrderState::Failed },
        total,
        place: place.place.clone().unwrap_or_else(own_place),
        reason: vendor.is_none().then(|| "NO_VENDOR".to_owned()),
        retry_of,
        created_at,
        state_at: cx.now,
        vendor_delivered_at: None,
        lines: lines.collect(),
        delivery_code: None,
        delivery_tries: 0,
        // PLACED and the state behind it.
        last_event: last_event.saturating_add(2),
    }
}

/// Until when a vendor may answer an offer that begins now, and its hold counts.
pub(crate) const fn deadline(cx: &Context) -> Instant {
    cx.now.plus_seconds(OFFER_SECONDS)
}

/// An offer of an order to a vendor that begins now.
pub(crate) fn new_offer(cx: &Context, order: &Order, vendor: VendorId) -> Offer {
    Offer {
        id: cx.id(),
        retailer_id: order.retailer_id,
        order_id: order.id,
        vendor_id: vendor,
        state: OfferState::Open,
        deadline: deadline(cx),
        reason: None,
        created_at: cx.now,
        answered_at: None,
    }
}
