//! What placing has to know, gathered once for a set of orders and kept true in memory while they are decided.
//!
//! Gathering locks the retailers, the lines and the stock that the set can touch, in that order. Each hold that is decided changes the
//! facts, so the next order of the set sees it.

use std::collections::{BTreeSet, HashMap, HashSet};

use catalog::{Product, VendorProduct};
use credit::{Check, CheckFacts, Exposure, Line, Pair, PaymentMode};
use db::{DbError, Tx};
use kernel::{BusinessDate, Money, Overflow, ProductId, RetailerId, VendorId};
use parties::{Retailer, Vendor};
use routing::{CandidateFacts, Decision, Hundredths, LineFacts, RELIABILITY_OF_NEW, Weights};

use crate::{DeliveryPlace, Order, Wanted, store};

/// No vendor's capacity is counted past this many open orders.
const MOST_OPEN_ORDERS: i64 = 500;

/// What one order asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who orders.
    pub retailer: RetailerId,
    /// The vendor, where the order names it.
    pub vendor: Option<VendorId>,
    /// On credit or for cash.
    pub mode: PaymentMode,
    /// What is wanted.
    pub lines: Vec<Wanted>,
    /// Where it goes.
    pub place: DeliveryPlace,
}

/// The facts of a set of orders, under the locks of their lines and stock.
#[derive(Debug)]
pub struct Facts {
    /// The retailers of the set.
    pub retailers: HashMap<RetailerId, Retailer>,
    /// The vendors that are named, or all of them where routing chooses.
    pub vendors: HashMap<VendorId, Vendor>,
    /// The products of the set.
    pub products: HashMap<ProductId, Product>,
    /// The credit lines between them.
    pub lines: HashMap<Pair, Line>,
    /// What lies against caps and ceilings.
    pub exposure: Exposure,
    /// What the vendors sell.
    pub stock: HashMap<(VendorId, ProductId), VendorProduct>,
    open_orders: HashMap<VendorId, i64>,
    reliability: HashMap<VendorId, Hundredths>,
    weights: Weights,
}

impl Facts {
    /// Gathers what a set of requests can touch, and locks it where the transaction writes.
    pub async fn gather(tx: &mut Tx, requests: &[Request], today: BusinessDate) -> Result<Self, DbError> {
        let retailer_ids: BTreeSet<RetailerId> = requests.iter().map(|request| request.retailer).collect();
        let retailer_ids: Vec<RetailerId> = retailer_ids.into_iter().collect();
        let product_ids: BTreeSet<ProductId> =
            requests.iter().flat_map(|request| request.lines.iter().map(|line| line.product_id)).collect();
        let product_ids: Vec<ProductId> = product_ids.into_iter().collect();
        let is_routed = requests.iter().any(|request| request.vendor.is_none());
        let named: BTreeSet<VendorId> = requests.iter().filter_map(|request| request.vendor).collect();
        let named: Vec<VendorId> = named.into_iter().collect();

        let retailers = parties::retailers_for_update(tx, &retailer_ids).await?;
        let products = catalog::products(tx, &product_ids).await?;
        let on_credit = requests.iter().filter(|request| request.mode == PaymentMode::Credit);
        let pairs: Vec<Pair> = on_credit.filter_map(|request| Some((request.retailer, request.vendor?))).collect();
        let lines = if is_routed {
            credit::lines_of_retailers_for_update(tx, &retailer_ids, today).await?
        } else if pairs.is_empty() {
            HashMap::new()
        } else {
            credit::lines_for_update(tx, &pairs, today).await?
        };
        // Behind the lines' locks, under which a ceiling is set.
        let vendors = if is_routed { parties::all_vendors(tx).await? } else { parties::vendors(tx, &named).await? };
        let caps = retailers.values().filter_map(|retailer| Some((retailer.id, retailer.cap?)));
        let ceilings = vendors.values().filter_map(|vendor| Some((vendor.id, vendor.ceiling?)));
        let exposure = credit::exposure_for_update(tx, caps.collect(), ceilings.collect()).await?;
        let stock = if is_routed {
            catalog::selling_for_update(tx, &product_ids).await?
        } else {
            let keys: Vec<(VendorId, ProductId)> = requests
                .iter()
                .flat_map(|request| request.lines.iter().filter_map(|line| Some((request.vendor?, line.product_id))))
                .collect();
            catalog::stock_for_update(tx, &keys).await?
        };
        let (open_orders, reliability) = if is_routed {
            let ids: Vec<VendorId> = vendors.keys().copied().collect();
            (store::open_orders(tx, &ids, MOST_OPEN_ORDERS).await?, routing::reliability(tx, &ids).await?)
        } else {
            (HashMap::new(), HashMap::new())
        };
        let weights = Weights::default();
        Ok(Self { retailers, vendors, products, lines, exposure, stock, open_orders, reliability, weights })
    }

    /// The order check of a retailer with a vendor.
    pub fn check(&self, retailer: &Retailer, vendor: &Vendor, amount: Money, mode: PaymentMode) -> Check {
        let line = self.lines.get(&(retailer.id, vendor.id));
        credit::check(&CheckFacts::of(retailer, vendor, line, &self.exposure), amount, mode)
    }

    /// What an order costs with a vendor, where it sells every line.
    pub fn total_with(&self, vendor: VendorId, lines: &[Wanted]) -> Option<Result<Money, Overflow>> {
        let prices: Option<Vec<(Money, i64)>> =
            lines.iter().map(|line| Some((self.stock.get(&(vendor, line.product_id))?.price, line.quantity))).collect();
        let total =
            prices?.into_iter().try_fold(Money::ZERO, |sum, (price, quantity)| sum.plus(price.times(quantity)?));
        Some(total.and_then(|total| if total > Money::MOST { Err(Overflow) } else { Ok(total) }))
    }

    /// Weighs every vendor for an order, or the named one alone; those in `asked` had it before.
    pub fn route(&self, request: &Request, retailer: &Retailer, asked: &HashSet<VendorId>) -> Decision {
        let here = request.place.on_map().or_else(|| on_map(retailer.latitude_micro, retailer.longitude_micro));
        let in_question = self.vendors.values().filter(|vendor| request.vendor.is_none_or(|named| named == vendor.id));
        let candidates = in_question.map(|vendor| {
            let total = self.total_with(vendor.id, &request.lines).and_then(Result::ok);
            let check_reasons = total.map(|total| {
                let check = self.check(retailer, vendor, total, request.mode);
                check.reasons.iter().map(ToString::to_string).collect()
            });
            let there = on_map(vendor.latitude_micro, vendor.longitude_micro);
            CandidateFacts {
                vendor: vendor.id,
                created_at: vendor.created_at,
                lines: request.lines.iter().map(|line| self.line_facts(vendor.id, line)).collect(),
                distance_metres: here.zip(there).map(|(here, there)| here.metres_to(there)),
                open_orders: self.open_orders.get(&vendor.id).copied().unwrap_or(0),
                capacity: vendor.capacity,
                reliability: self.reliability.get(&vendor.id).copied().unwrap_or(RELIABILITY_OF_NEW),
                was_asked: asked.contains(&vendor.id),
                check_reasons: check_reasons.unwrap_or_default(),
            }
        });
        routing::decide(candidates.collect(), self.weights)
    }

    fn line_facts(&self, vendor: VendorId, line: &Wanted) -> Option<LineFacts> {
        let sold = self.stock.get(&(vendor, line.product_id))?;
        Some(LineFacts {
            quantity: line.quantity,
            free: sold.free(),
            unit_price: sold.price,
            minimum_quantity: sold.minimum_quantity,
            is_available: sold.is_available,
        })
    }

    /// Holds stock, and credit where the order is on credit, in memory. Returns the line's number of the event.
    pub fn hold(&mut self, request: &Request, vendor: VendorId, amount: Money) -> Result<Option<i64>, Overflow> {
        for line in &request.lines {
            if let Some(sold) = self.stock.get_mut(&(vendor, line.product_id)) {
                sold.held = sold.held.saturating_add(line.quantity);
            }
        }
        let open = self.open_orders.entry(vendor).or_default();
        *open = open.saturating_add(1);
        if request.mode == PaymentMode::Cash {
            return Ok(None);
        }
        self.exposure.add(request.retailer, vendor, amount)?;
        let Some(line) = self.lines.get_mut(&(request.retailer, vendor)) else { return Ok(None) };
        line.reserved = line.reserved.plus(amount)?;
        line.position_seq = line.position_seq.saturating_add(1);
        Ok(Some(line.position_seq))
    }
}

impl Facts {
    /// Undoes in memory what an order held with its vendor, once the store has given it back.
    pub fn give_back(&mut self, order: &Order) -> Result<(), Overflow> {
        let Some(vendor) = order.vendor_id.filter(|_| order.state.holds()) else { return Ok(()) };
        for line in &order.lines {
            if let Some(sold) = self.stock.get_mut(&(vendor, line.product_id)) {
                sold.held = sold.held.saturating_sub(line.quantity);
            }
        }
        if order.payment_mode == PaymentMode::Credit {
            self.exposure.add(order.retailer_id, vendor, order.total.negated()?)?;
            if let Some(line) = self.lines.get_mut(&(order.retailer_id, vendor)) {
                line.reserved = line.reserved.minus(order.total)?;
                line.position_seq = line.position_seq.saturating_add(1);
            }
        }
        Ok(())
    }
}

fn on_map(latitude_micro: Option<i64>, longitude_micro: Option<i64>) -> Option<routing::Place> {
    Some(routing::Place { latitude_micro: latitude_micro?, longitude_micro: longitude_micro? })
}
