//! Before an order is placed: the draft that keeps a cart, and a look at what placing it would bring.
//!
//! A draft that nobody touches for [`DRAFT_SECONDS`] expires, and is remembered once with a button that restores it.

use std::collections::{HashMap, HashSet};

use credit::Check;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Instant, Money, OrderId, ProductId, RetailerId, Scope, VendorId};
use routing::Ineligible;

use crate::facts::{Facts, Request};
use crate::lifecycle::step;
use crate::rules::{OrderState, public_code};
use crate::store::{self, NewEvent};
use crate::{DeliveryPlace, Order, OrderLine, Wanted, words};

/// How long a draft waits for its retailer.
pub const DRAFT_SECONDS: i64 = 24 * 60 * 60;

/// What placing an order would bring at this moment.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The vendor that would get it.
    pub vendor: Option<VendorId>,
    /// What it would cost there; with nobody to take it, at the vendor nearest to passing the check.
    pub total: Option<Money>,
    /// The price of one unit of each product there.
    pub prices: HashMap<ProductId, Money>,
    /// The order check there.
    pub check: Option<Check>,
    /// Products that no vendor sells in this quantity.
    pub lacking: Vec<ProductId>,
}

/// Looks at what placing an order would bring. Writes nothing; locks what it reads until the transaction ends.
pub async fn preview(tx: &mut Tx, request: &Request, today: BusinessDate) -> Result<Preview, DbError> {
    let facts = Facts::gather(tx, std::slice::from_ref(request), today).await?;
    let retailer = facts.retailers.get(&request.retailer).ok_or(DbError::Missing("retailer"))?;
    let decision = facts.route(request, retailer, &HashSet::new());
    let vendor = decision.ranking().next().map(|best| best.vendor_id);
    let stopped_by_check = decision
        .candidates
        .iter()
        .filter(|candidate| matches!(candidate.ineligible, Some(Ineligible::OrderCheck { .. })))
        .min_by_key(|candidate| candidate.total);
    let shown = vendor.or(stopped_by_check.map(|candidate| candidate.vendor_id));
    let total = shown.and_then(|vendor| facts.total_with(vendor, &request.lines)).and_then(Result::ok);
    let check = shown.zip(total).and_then(|(vendor, total)| {
        let vendor = facts.vendors.get(&vendor)?;
        Some(facts.check(retailer, vendor, total, request.mode))
    });
    let price = |line: &Wanted| Some((line.product_id, facts.stock.get(&(shown?, line.product_id))?.price));
    let is_lacking = |line: &&Wanted| {
        let mut sold = facts.stock.values().filter(|sold| sold.product == line.product_id);
        !sold.any(|sold| sold.is_available && sold.free() >= line.quantity && line.quantity >= sold.minimum_quantity)
    };
    Ok(Preview {
        vendor,
        total,
        prices: request.lines.iter().filter_map(price).collect(),
        check,
        lacking: request.lines.iter().filter(is_lacking).map(|line| line.product_id).collect(),
    })
}

/// Keeps a cart as a draft order, the one that is open or a new one, and returns its id. A new one may be what became of
/// an earlier order's goods.
pub async fn save_draft(
    tx: &mut Tx,
    cx: &Context,
    retailer: RetailerId,
    draft: Option<OrderId>,
    retry_of: Option<OrderId>,
    lines: &[Wanted],
) -> Result<OrderId, DbError> {
    let lines: Vec<OrderLine> = (1..)
        .zip(lines)
        .map(|(number, line)| OrderLine {
            number,
            product_id: line.product_id,
            quantity: line.quantity,
            unit_price: Money::ZERO,
            delivered_quantity: None,
        })
        .collect();
    let known = match draft {
        Some(id) => store::find_for_update(tx, Scope::Retailer(retailer), id).await?,
        None => None,
    };
    if let Some(mut order) = known.filter(|order| order.state == OrderState::Draft) {
        order.lines = lines;
        order.state_at = cx.now;
        store::update(tx, &order).await?;
        store::delete_lines(tx, order.retailer_id, order.id).await?;
        store::insert_lines(tx, std::slice::from_ref(&order)).await?;
        return Ok(order.id);
    }
    let order = Order {
        id: cx.id(),
        retailer_id: retailer,
        code: public_code(cx.random_bytes()),
        vendor_id: None,
        payment_mode: credit::PaymentMode::Credit,
        state: OrderState::Draft,
        total: Money::ZERO,
        place: DeliveryPlace::default(),
        reason: None,
        retry_of,
        created_at: cx.now,
        state_at: cx.now,
        vendor_delivered_at: None,
        lines,
        delivery_code: None,
        delivery_tries: 0,
        last_event: 1,
    };
    let id = order.id;
    let event = NewEvent::of(cx, &order, None);
    store::insert(tx, &mut [order], || public_code(cx.random_bytes())).await?;
    store::insert_events(tx, vec![event]).await?;
    Ok(id)
}

/// Expires a draft that was left alone for a day, and says whether it did. One that went on meanwhile stays.
pub async fn expire_draft(tx: &mut Tx, cx: &Context, id: OrderId) -> Result<bool, DbError> {
    let Some(mut order) = store::find_for_update(tx, Scope::All, id).await? else { return Ok(false) };
    if order.state != OrderState::Draft || cx.now.seconds_since(order.state_at) < DRAFT_SECONDS {
        return Ok(false);
    }
    order.reason = Some("EXPIRED".to_owned());
    step(tx, cx, &mut order, OrderState::Expired, Some("EXPIRED")).await?;
    Ok(true)
}

/// Drafts that are to expire now, the oldest first.
pub async fn stale_drafts(tx: &mut Tx, now: Instant, most: i64) -> Result<Vec<OrderId>, DbError> {
    store::stale_drafts(tx, now.plus_seconds(-DRAFT_SECONDS), most).await
}

/// Asks a retailer once, in a friendly way, whether the goods of an expired draft are still wanted, and says whether it
/// was asked. Whoever has ordered them since is left alone.
pub async fn follow_up(tx: &mut Tx, cx: &Context, id: OrderId) -> Result<bool, DbError> {
    let Some(order) = store::find(tx, Scope::All, id).await? else { return Ok(false) };
    if order.state != OrderState::Expired || store::retry_of(tx, order.retailer_id, id).await?.is_some() {
        return Ok(false);
    }
    let people = words::people(tx, &order).await?;
    let sent = notify::remind(tx, cx, words::follow_up(&people, &order)).await?;
    Ok(!sent.is_empty())
}
