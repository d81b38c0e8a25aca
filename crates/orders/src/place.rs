//! Placing: check, route, hold credit and stock with the best vendor, make the first offer. Set-wise.
//!
//! Every order of a set is decided on the same locked facts, one after another, so the outcome is that of some order of
//! them one by one. A refused order leaves nothing but its audit entry.

use std::collections::HashSet;

use credit::{Check, PaymentMode};
use db::{DbError, Tx};
use kernel::{Context, Money, OrderId, ProductId, RetailerId, VendorId};
use parties::{Retailer, RetailerStatus};
use routing::{Decision, DecisionKind, Ineligible, Offer};

use crate::expiry::{self, Short};
use crate::facts::{Facts, Request};
use crate::records::Records;
use crate::rules::OrderState;
use crate::store;
use crate::{DeliveryPlace, Order, Wanted};

/// The most lines of an order.
pub const MOST_LINES: usize = 200;
/// The most units of one line.
pub const MOST_UNITS: i64 = 100_000;

/// An order to be placed.
#[derive(Clone, Debug)]
pub struct Place {
    /// Who places it, when.
    pub cx: Context,
    /// Who orders.
    pub retailer: RetailerId,
    /// The vendor, where it is named; otherwise routing chooses.
    pub vendor: Option<VendorId>,
    /// On credit or for cash.
    pub mode: PaymentMode,
    /// What is wanted: 1 to 200 lines of different products.
    pub lines: Vec<Wanted>,
    /// Where it goes; the retailer's own place where it is left out.
    pub place: Option<DeliveryPlace>,
    /// The draft that becomes this order.
    pub draft: Option<OrderId>,
    /// The order that this one tries again; a draft knows it itself.
    pub retry_of: Option<OrderId>,
    /// The total that was seen, where the order is meant for no other.
    pub expected_total: Option<Money>,
}

/// What became of an order.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is before a vendor (OFFERED), or nobody could take it (FAILED, `NO_VENDOR`).
    Placed(Box<Placed>),
    /// It was refused and is no order.
    Refused(PlaceRefusal),
}

/// A placed order.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The order.
    pub order: Order,
    /// The offer, unless nobody could take it.
    pub offer: Option<Offer>,
}

/// Why an order is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlaceRefusal {
    /// No such retailer.
    #[error("there is no retailer {0}")]
    UnknownRetailer(RetailerId),
    /// No such vendor.
    #[error("there is no vendor {0}")]
    UnknownVendor(VendorId),
    /// No such product, or it is no longer sold.
    #[error("there is no product {0} in the catalogue")]
    UnknownProduct(ProductId),
    /// The lines are out of their bounds.
    #[error("{field}: {right}")]
    Field {
        /// The field's path in JSON.
        field: String,
        /// What would be right.
        right: &'static str,
    },
    /// The order check fails.
    #[error("the order check refuses it: {}", .0.reasons.first().map(ToString::to_string).unwrap_or_default())]
    Check(Box<Check>),
    /// The named vendor does not sell a product, not so little of it, or not so much.
    #[error("the vendor cannot supply line {line}")]
    Supply {
        /// The line, counted from 1.
        line: usize,
        /// Why.
        why: Ineligible,
    },
    /// Prices, or the vendor that would get it, have changed since the total was seen.
    #[error("the total is {total} now, not {expected}")]
    TotalChanged {
        /// What was seen.
        expected: Money,
        /// What it would come to now.
        total: Money,
    },
    /// The draft is gone or was placed already.
    #[error("the draft is no longer open")]
    DraftGone,
    /// The total does not fit.
    #[error("the total is too large")]
    TooLarge,
}

impl PlaceRefusal {
    /// The stable code.
    pub fn code(&self) -> String {
        match self {
            Self::UnknownRetailer(_) => "RETAILER_NOT_FOUND".to_owned(),
            Self::UnknownVendor(_) => "VENDOR_NOT_FOUND".to_owned(),
            Self::UnknownProduct(_) => "PRODUCT_NOT_FOUND".to_owned(),
            Self::Field { .. } => "VALIDATION".to_owned(),
            Self::Check(check) => check.reasons.first().map(ToString::to_string).unwrap_or_default(),
            Self::Supply { why: Ineligible::NotEnoughStock { .. }, .. } => "INSUFFICIENT_STOCK".to_owned(),
            Self::Supply { why: Ineligible::BelowMinimum { .. }, .. } => "BELOW_MINIMUM_QUANTITY".to_owned(),
            Self::Supply { .. } => "NOT_SOLD".to_owned(),
            Self::TotalChanged { .. } => "PRICE_CHANGED".to_owned(),
            Self::DraftGone => "DRAFT_GONE".to_owned(),
            Self::TooLarge => "TOTAL_TOO_LARGE".to_owned(),
        }
    }
}

/// Places a set of orders and answers each in its place.
pub async fn place_all(tx: &mut Tx, set: &[Place]) -> Result<Vec<Outcome>, DbError> {
    let Some(last) = set.last() else { return Ok(Vec::new()) };
    let mut drafts = Vec::with_capacity(set.len());
    for place in set {
        drafts.push(match place.draft {
            Some(id) => store::find_for_update(tx, kernel::Scope::Retailer(place.retailer), id).await?,
            None => None,
        });
    }
    let requests: Vec<Request> = set.iter().map(request).collect();
    let mut swept = Short::default();
    loop {
        let mut facts = Facts::gather(tx, &requests, last.cx.today()).await?;
        let (mut decisions, mut short) = (Vec::with_capacity(set.len()), Short::default());
        for ((place, request), draft) in set.iter().zip(&requests).zip(&drafts) {
            decisions.push(decide(&mut facts, place, request, draft.as_ref(), &mut short));
        }
        // Nothing is written yet. Where credit is short, offers past their deadline give back what they hold, and all is
        // decided again; each retailer and vendor is looked at once.
        if expiry::release_expired(tx, &last.cx, short.beyond(&mut swept)).await? > 0 {
            continue;
        }
        let mut records = Records::default();
        let mut outcomes = Vec::with_capacity(set.len());
        for (((place, request), draft), decided) in set.iter().zip(&requests).zip(drafts).zip(decisions) {
            outcomes.push(records.add(&facts, place, request, draft, decided));
        }
        return records.write(tx, &facts, set, outcomes).await;
    }
}

fn request(place: &Place) -> Request {
    Request {
        retailer: place.retailer,
        vendor: place.vendor,
        mode: place.mode,
        lines: place.lines.clone(),
        place: place.place.clone().unwrap_or_default(),
    }
}

/// What is to happen with one order.
pub(crate) enum Decided {
    Refused(PlaceRefusal),
    /// Held with this vendor for this amount; on credit with the line's event number.
    Offered {
        vendor: VendorId,
        total: Money,
        seq: Option<i64>,
        decision: Decision,
        kind: DecisionKind,
    },
    NoVendor {
        decision: Decision,
    },
}

/// Decides one order; who found credit short is added to `short`.
fn decide(facts: &mut Facts, place: &Place, request: &Request, draft: Option<&Order>, short: &mut Short) -> Decided {
    match checked(facts, place, request, draft, short) {
        Ok(decided) => decided,
        Err(refusal) => Decided::Refused(refusal),
    }
}

fn checked(
    facts: &mut Facts,
    place: &Place,
    request: &Request,
    draft: Option<&Order>,
    short: &mut Short,
) -> Result<Decided, PlaceRefusal> {
    check_lines(facts, &place.lines)?;
    if place.draft.is_some() && draft.is_none_or(|draft| draft.state != OrderState::Draft) {
        return Err(PlaceRefusal::DraftGone);
    }
    let retailer = facts.retailers.get(&place.retailer).ok_or(PlaceRefusal::UnknownRetailer(place.retailer))?;
    if let Some(vendor) = place.vendor
        && !facts.vendors.contains_key(&vendor)
    {
        return Err(PlaceRefusal::UnknownVendor(vendor));
    }
    let decision = facts.route(request, retailer, &HashSet::new());
    short.add(place.retailer, &decision, &facts.exposure);
    let Some(best) = chosen(&decision, place.vendor) else {
        return why_not(facts, retailer, request, decision);
    };
    let (vendor, total) = best;
    if let Some(expected) = place.expected_total.filter(|expected| *expected != total) {
        return Err(PlaceRefusal::TotalChanged { expected, total });
    }
    let kind = if place.vendor.is_some() { DecisionKind::Named } else { DecisionKind::Routed };
    let seq = facts.hold(request, vendor, total).map_err(|_| PlaceRefusal::TooLarge)?;
    Ok(Decided::Offered { vendor, total, seq, decision, kind })
}

fn chosen(decision: &Decision, named: Option<VendorId>) -> Option<(VendorId, Money)> {
    let best = decision.ranking().find(|candidate| named.is_none_or(|vendor| candidate.vendor_id == vendor))?;
    Some((best.vendor_id, best.total?))
}

/// Nobody can take the order. Where credit alone stands in the way the order is refused with the check that is nearest
/// to passing, which tells what would help; otherwise it fails for want of a vendor.
pub(crate) fn why_not(
    facts: &Facts,
    retailer: &Retailer,
    request: &Request,
    decision: Decision,
) -> Result<Decided, PlaceRefusal> {
    if retailer.status != RetailerStatus::Active {
        let vendor = facts.vendors.values().next();
        if let Some(vendor) = vendor {
            let check = facts.check(retailer, vendor, Money::from_paisa(1), request.mode);
            return Err(PlaceRefusal::Check(Box::new(check)));
        }
    }
    if let Some(named) = request.vendor {
        let candidate = decision.candidates.iter().find(|candidate| candidate.vendor_id == named);
        return Err(match candidate.and_then(|candidate| candidate.ineligible.clone()) {
            Some(Ineligible::OrderCheck { .. }) | None => check_with(facts, retailer, named, request),
            Some(why) => {
                let line = match why {
                    Ineligible::NotSold { line }
                    | Ineligible::BelowMinimum { line, .. }
                    | Ineligible::NotEnoughStock { line, .. } => line,
                    Ineligible::AlreadyAsked | Ineligible::OrderCheck { .. } => 1,
                };
                PlaceRefusal::Supply { line, why }
            }
        });
    }
    let willing = decision.candidates.iter().filter(|candidate| {
        matches!(candidate.ineligible, Some(Ineligible::OrderCheck { .. }))
            && facts.vendors.get(&candidate.vendor_id).is_some_and(|vendor| vendor.status.is_active())
    });
    let nearest =
        willing.map(|candidate| check_with(facts, retailer, candidate.vendor_id, request)).min_by_key(|refusal| {
            match refusal {
                PlaceRefusal::Check(check) => (check.reasons.len(), check.shortfall),
                _ => (usize::MAX, Money::ZERO),
            }
        });
    match nearest {
        Some(refusal) => Err(refusal),
        None => Ok(Decided::NoVendor { decision }),
    }
}

fn check_with(facts: &Facts, retailer: &Retailer, vendor: VendorId, request: &Request) -> PlaceRefusal {
    let Some(vendor) = facts.vendors.get(&vendor) else { return PlaceRefusal::UnknownVendor(vendor) };
    match facts.total_with(vendor.id, &request.lines) {
        Some(Ok(total)) => PlaceRefusal::Check(Box::new(facts.check(retailer, vendor, total, request.mode))),
        _ => PlaceRefusal::TooLarge,
    }
}

fn check_lines(facts: &Facts, lines: &[Wanted]) -> Result<(), PlaceRefusal> {
    let refuse = |field: String, right| Err(PlaceRefusal::Field { field, right });
    if lines.is_empty() || lines.len() > MOST_LINES {
        return refuse("lines".to_owned(), "1 to 200 lines");
    }
    let mut seen = HashSet::new();
    for (index, line) in lines.iter().enumerate() {
        if !(1..=MOST_UNITS).contains(&line.quantity) {
            return refuse(format!("lines[{index}].quantity"), "1 to 100000 units");
        }
        if !seen.insert(line.product_id) {
            return refuse(format!("lines[{index}].productId"), "each product once");
        }
        match facts.products.get(&line.product_id) {
            Some(product) if product.status == catalog::ProductStatus::Active => {}
            _ => return Err(PlaceRefusal::UnknownProduct(line.product_id)),
        }
    }
    Ok(())
}
