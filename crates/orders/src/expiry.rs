//! Offers past their deadline give back what they hold as soon as somebody else needs it.
//!
//! A decision that finds too little credit looks for the retailer's expired holds, and those of others with a vendor whose
//! ceiling they share, releases them in its own transaction and decides again; the orders wait as PLACED, holding nothing,
//! for a job that finds their next vendor. Where credit is not short nothing is looked for, so that placing costs no
//! statement more.
//!
//! The retailer's own orders are locked behind the lines of the decision, against the usual order: who moves such an order
//! on at the same moment may wait for those lines. PostgreSQL breaks that circle and the driver runs the transaction again.
//! Those of others are many, so nobody is waited for: what somebody else is busy with counts until he is done.

use std::collections::BTreeSet;

use credit::{Exposure, Reason};
use db::{DbError, Tx};
use kernel::{Actor, Context, OrderId, RetailerId, Scope, VendorId};
use queue::{NewJob, Queue};
use routing::{Decision, Ineligible, OfferState};

use crate::lifecycle::{next_vendor, release, step};
use crate::rules::OrderState;
use crate::{Order, store};

/// The job that finds the next vendor of an order whose offer expired; its payload is `{ "order": … }`.
pub const NEXT_VENDOR_JOB: &str = "orders.next_vendor";

/// Who found credit short, and the vendors with a ceiling with whom: their expired holds may stand in the way.
#[derive(Debug, Default)]
pub(crate) struct Short {
    retailers: BTreeSet<RetailerId>,
    vendors: BTreeSet<VendorId>,
}

impl Short {
    /// Adds what a decision for a retailer found.
    pub(crate) fn add(&mut self, retailer: RetailerId, decision: &Decision, exposure: &Exposure) {
        let short = Reason::InsufficientCredit.to_string();
        for candidate in &decision.candidates {
            match &candidate.ineligible {
                Some(Ineligible::OrderCheck { reasons }) if reasons.contains(&short) => {
                    self.retailers.insert(retailer);
                    self.vendors.extend(exposure.ceiling(candidate.vendor_id).map(|_| candidate.vendor_id));
                }
                _ => {}
            }
        }
    }

    /// What was not looked at yet, and is from now on.
    pub(crate) fn beyond(mut self, swept: &mut Self) -> Self {
        self.retailers.retain(|retailer| swept.retailers.insert(*retailer));
        self.vendors.retain(|vendor| swept.vendors.insert(*vendor));
        self
    }
}

/// Releases what the expired offers of these hold, queues their next vendors, and returns how many there were. No statement
/// where nothing is short; else one or two, and about 20 for each.
pub(crate) async fn release_expired(tx: &mut Tx, cx: &Context, short: Short) -> Result<usize, DbError> {
    if short.retailers.is_empty() && short.vendors.is_empty() {
        return Ok(0);
    }
    let retailers: Vec<RetailerId> = short.retailers.into_iter().collect();
    let vendors: Vec<VendorId> = short.vendors.into_iter().collect();
    let cx = cx.acting_as(Actor::System);
    let mut released = 0;
    for id in credit::expired_holds(tx, &retailers, cx.now).await? {
        let order = store::find_for_update(tx, Scope::All, id).await?;
        released += release_if_expired(tx, &cx, order).await?;
    }
    if !vendors.is_empty() {
        for id in credit::expired_holds_with(tx, &vendors, cx.now).await? {
            let order = store::find_if_free(tx, id).await?;
            released += release_if_expired(tx, &cx, order).await?;
        }
    }
    Ok(released)
}

/// Releases a locked order that is still before a vendor whose time is over, and counts it.
async fn release_if_expired(tx: &mut Tx, cx: &Context, order: Option<Order>) -> Result<usize, DbError> {
    let Some(mut order) = order else { return Ok(0) };
    // Its vendor may have answered in time before the lock.
    let offers = routing::offers_of_order(tx, order.retailer_id, order.id).await?;
    let expired = offers.iter().find(|offer| offer.state == OfferState::Open && offer.deadline <= cx.now);
    let Some(offer) = expired.filter(|_| order.state == OrderState::Offered) else { return Ok(0) };
    routing::resolve(tx, offer, OfferState::Expired, None, cx.now).await?;
    release(tx, cx, &order, "EXPIRED").await?;
    order.vendor_id = None;
    step(tx, cx, &mut order, OrderState::Placed, Some("EXPIRED")).await?;
    let job = NewJob::new(cx, Queue::OrderRouting, NEXT_VENDOR_JOB, serde_json::json!({ "order": order.id }));
    queue::enqueue(tx, cx, vec![job]).await?;
    Ok(1)
}

/// Puts an order whose offer expired before its next vendor. One that was moved on or ended meanwhile stays.
pub async fn find_next_vendor(tx: &mut Tx, cx: &Context, id: OrderId) -> Result<(), DbError> {
    match store::find_for_update(tx, Scope::All, id).await? {
        Some(order) if order.state == OrderState::Placed => next_vendor(tx, cx, order, "EXPIRED").await.map(|_| ()),
        _ => Ok(()),
    }
}
