//! Orders, from a draft to the door: placing, offers, delivery, cancellation.
//!
//! Placing is set-wise: [`place_all`] decides any number of orders one after another in memory, on facts gathered by a
//! few statements under the locks of their lines and stock, and writes them with a few more. In front of it stands the
//! [`PlacingDesk`], which takes whatever has queued up while the last set was committing.
//!
//! The lock order is: order, retailer, lines by retailer and vendor, vendor, stock by vendor and product, then heads of
//! chains. Credit and stock are held, released and converted in the transaction of the transition that causes it.
//!
//! Placing a set costs 18 statements whatever its size, 20 where routing chooses, and 2 more for keys and answers at the
//! desk; on PostgreSQL 9 and 11 round trips. Accepting costs 16 statements (10 round trips), dispatching 12 (8), delivering
//! on credit 31 (16), 33 (17) where it opens the book. `khaacho`'s tests count them.

mod arrival;
mod deliver;
mod desk;
mod draft;
mod expiry;
mod facts;
mod http;
mod jobs;
mod lifecycle;
mod pages;
mod place;
mod records;
mod reroute;
mod retry;
mod returned;
mod rules;
mod statement;
mod store;
mod words;

use credit::PaymentMode;
use kernel::{Actor, Instant, Money, OrderId, ProductId, RetailerId, VendorId};
use serde::{Deserialize, Serialize};

pub use arrival::{mark_delivered, not_arrived, settle_silence, something_is_missing};
pub use deliver::{Arrived, Delivered, Proof, deliver};
pub use desk::{PlacingDesk, open_desk};
pub use draft::{Preview, expire_draft, follow_up, preview, save_draft, stale_drafts};
pub use expiry::{NEXT_VENDOR_JOB, find_next_vendor};
pub use facts::{Facts, Request};
pub use http::routes;
pub use jobs::{
    DRAFT_SCHEDULE, OFFER_SCHEDULE, REMINDER_SCHEDULE, SILENCE_SCHEDULE, expire_drafts, expire_offers,
    follow_up_drafts, recompute_reliability, remind_of_offers, settle_silent,
};
pub use lifecycle::{Refusal, accept, cancel, dispatch, expire_offer, fail, reject, withdraw};
pub use pages::pages;
pub use place::{MOST_LINES, Outcome, Place, PlaceRefusal, Placed, place_all};
pub use reroute::{RerouteRefusal, override_vendor, recommendations, reroute};
pub use retry::{Retried, RetryRefusal, retry, retry_of};
pub use returned::{NewReturn, Returned, return_goods};
pub use rules::{OrderState, may_follow};
pub use statement::{LineStatement, StatementItem, line_statement};
pub use store::volume::{
    Favourite, Months, Sum, Volume, favourites, months, orders_between, volumes, wrong_deliveries,
};
pub use store::{Filter, count_by_state, events, find, find_by_code, list, placed_days, placed_values};

/// Where an order goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryPlace {
    /// In words.
    #[serde(default)]
    pub text: Option<String>,
    /// Millionths of a degree north.
    #[serde(default)]
    pub latitude_micro: Option<i64>,
    /// Millionths of a degree east.
    #[serde(default)]
    pub longitude_micro: Option<i64>,
}

impl DeliveryPlace {
    pub(crate) fn on_map(&self) -> Option<routing::Place> {
        Some(routing::Place { latitude_micro: self.latitude_micro?, longitude_micro: self.longitude_micro? })
    }
}

/// What is wanted of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    /// The product.
    pub product_id: ProductId,
    /// Whole units, 1 to 100 000.
    pub quantity: i64,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Counted from 1.
    pub number: i64,
    /// The product.
    pub product_id: ProductId,
    /// Units ordered.
    pub quantity: i64,
    /// The price of one unit when the vendor was chosen, VAT included.
    pub unit_price: Money,
    /// Units that arrived; null before delivery.
    pub delivered_quantity: Option<i64>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Who ordered.
    pub retailer_id: RetailerId,
    /// The code people say on the phone.
    pub code: String,
    /// Whose order it is, once known.
    pub vendor_id: Option<VendorId>,
    /// On credit or for cash.
    pub payment_mode: PaymentMode,
    /// Where it stands.
    pub state: OrderState,
    /// Σ quantity × unit price.
    pub total: Money,
    /// Where it goes.
    pub place: DeliveryPlace,
    /// Why it ended, where it did not arrive.
    pub reason: Option<String>,
    /// The order that this one tries again.
    pub retry_of: Option<OrderId>,
    /// When it was begun.
    pub created_at: Instant,
    /// When it came to its state.
    pub state_at: Instant,
    /// When the vendor said that it was delivered.
    pub vendor_delivered_at: Option<Instant>,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    #[serde(skip)]
    pub(crate) delivery_code: Option<String>,
    #[serde(skip)]
    pub(crate) delivery_tries: i64,
    #[serde(skip)]
    pub(crate) last_event: i64,
}

/// One transition, as the status log keeps it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// Its place in the log.
    pub seq: i64,
    /// The state that was entered.
    pub state: OrderState,
    /// The vendor at that time.
    pub vendor_id: Option<VendorId>,
    /// Who did it.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Instant,
}

fn as_text<S: serde::Serializer>(actor: &Actor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(actor)
}

/// The price of what arrived of a delivered order; none before that.
pub(crate) fn delivered_price(order: &Order) -> Result<Option<Money>, kernel::Overflow> {
    if order.state != OrderState::Delivered {
        return Ok(None);
    }
    let price = |line: &OrderLine| line.unit_price.times(line.delivered_quantity.unwrap_or(0));
    order.lines.iter().try_fold(Money::ZERO, |sum, line| sum.plus(price(line)?)).map(Some)
}

/// The price of lines together.
pub(crate) fn total(lines: &[OrderLine]) -> Result<Money, kernel::Overflow> {
    lines.iter().try_fold(Money::ZERO, |sum, line| sum.plus(line.unit_price.times(line.quantity)?))
}
