//! Every statement of decisions, offers and reliability.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params, text_enum};
use kernel::{Context, DecisionId, Id, Instant, OfferId, OrderId, Page, PageRequest, RetailerId, VendorId};
use serde::Serialize;

use crate::reliability::{OfferCounts, Reliability};
use crate::rules::Decision;
use crate::score::Hundredths;

text_enum! {
    /// How a vendor came to be chosen.
    pub enum DecisionKind {
        /// By the scores.
        Routed = "ROUTED",
        /// The order named it.
        Named = "NAMED",
        /// An operator chose it, with a reason.
        Override = "OVERRIDE",
    }
}

text_enum! {
    /// Where an offer stands. One that is open past its deadline counts as expired.
    pub enum OfferState {
        /// Before the vendor.
        Open = "OPEN",
        /// The vendor takes the order.
        Accepted = "ACCEPTED",
        /// The vendor does not.
        Rejected = "REJECTED",
        /// The deadline passed.
        Expired = "EXPIRED",
        /// The order was cancelled or moved before an answer.
        Withdrawn = "WITHDRAWN",
    }
}

text_enum! {
    /// What became of an accepted offer.
    pub enum OfferOutcome {
        /// The goods arrived.
        Delivered = "DELIVERED",
        /// The vendor went back on it.
        WithdrawnByVendor = "WITHDRAWN_BY_VENDOR",
        /// The order ended for another reason.
        EndedOtherwise = "ENDED_OTHERWISE",
    }
}

/// A decision to be stored.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// Its id.
    pub id: DecisionId,
    /// The order's retailer.
    pub retailer: RetailerId,
    /// The order.
    pub order: OrderId,
    /// The order's event that the decision led to.
    pub seq: i64,
    /// Who was chosen, if anyone.
    pub chosen: Option<VendorId>,
    /// How.
    pub kind: DecisionKind,
    /// Every candidate with its scores.
    pub decision: Decision,
    /// An operator's reason.
    pub reason: Option<String>,
    /// Who decided.
    pub cx: Context,
}

/// An order put before one vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The order's retailer.
    pub retailer_id: RetailerId,
    /// The order.
    pub order_id: OrderId,
    /// The vendor.
    pub vendor_id: VendorId,
    /// Where it stands.
    pub state: OfferState,
    /// Until when the vendor may answer.
    pub deadline: Instant,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was answered or ended.
    pub answered_at: Option<Instant>,
}

impl Offer {
    /// Whether the vendor can still answer, at this moment.
    pub fn is_open(&self, now: Instant) -> bool {
        self.state == OfferState::Open && now < self.deadline
    }
}

fn offer_of(row: &Row) -> Result<Offer, DbError> {
    Ok(Offer {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        order_id: row.get("order_id")?,
        vendor_id: row.get("vendor_id")?,
        state: row.get("state")?,
        deadline: row.get("deadline")?,
        reason: row.get("reason")?,
        created_at: row.get("created_at")?,
        answered_at: row.get("answered_at")?,
    })
}

/// Stores decisions and the offers they led to, of any number of orders.
pub async fn record(tx: &mut Tx, decisions: &[DecisionRow], offers: &[Offer]) -> Result<(), DbError> {
    let columns =
        &["retailer_id", "order_id", "seq", "id", "chosen_vendor_id", "kind", "candidates", "actor", "reason", "at"];
    let mut rows = Vec::with_capacity(decisions.len());
    for row in decisions {
        let decision = serde_json::to_string(&row.decision)
            .map_err(|error| DbError::Engine(format!("a decision cannot be written: {error}")))?;
        let reason = row.reason.as_deref();
        rows.push(params![
            row.retailer,
            row.order,
            row.seq,
            row.id,
            row.chosen,
            row.kind,
            decision,
            row.cx.actor,
            reason,
            row.cx.now
        ]);
    }
    tx.insert_many("routing_decisions", columns, rows).await?;
    let columns =
        &["retailer_id", "order_id", "id", "vendor_id", "state", "deadline", "reason", "created_at", "answered_at"];
    let rows = offers.iter().map(|offer| {
        params![
            offer.retailer_id,
            offer.order_id,
            offer.id,
            offer.vendor_id,
            offer.state,
            offer.deadline,
            offer.reason.as_deref(),
            offer.created_at,
            offer.answered_at
        ]
    });
    tx.insert_many("offers", columns, rows.collect()).await
}

/// One offer. The caller locks its order before it decides on it, and reads it again then.
pub async fn offer(tx: &mut Tx, id: OfferId) -> Result<Option<Offer>, DbError> {
    tx.query_opt("select * from offers o where o.id = $1", params![id]).await?.as_ref().map(offer_of).transpose()
}

/// The offers of an order, oldest first.
pub async fn offers_of_order(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<Vec<Offer>, DbError> {
    let sql = "select * from offers o where o.retailer_id = $1 and o.order_id = $2 order by o.id";
    tx.query(sql, params![retailer, order]).await?.iter().map(offer_of).collect()
}

/// What is before a vendor at this moment, the most urgent first.
pub async fn open_offers(
    tx: &mut Tx,
    vendor: VendorId,
    now: Instant,
    page: &PageRequest,
) -> Result<Page<Offer>, DbError> {
    let sql = "select * from offers o where o.vendor_id = $1 and o.state = 'OPEN' and o.deadline > $2 \
               and o.id > $3 order by o.id limit $4";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![vendor, now, after, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(offer_of).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |offer: &Offer| offer.id.to_string()))
}

/// Open offers past their deadline, the oldest first.
pub async fn expired_offers(tx: &mut Tx, now: Instant, most: i64) -> Result<Vec<Offer>, DbError> {
    let sql = "select * from offers o where o.state = 'OPEN' and o.deadline <= $1 order by o.deadline limit $2";
    tx.query(sql, params![now, most]).await?.iter().map(offer_of).collect()
}

/// Open offers that end after a moment and up to another one, the first first.
pub async fn offers_ending(tx: &mut Tx, after: Instant, until: Instant, most: i64) -> Result<Vec<Offer>, DbError> {
    let sql = "select * from offers o where o.state = 'OPEN' and o.deadline > $1 and o.deadline <= $2 \
               order by o.deadline limit $3";
    tx.query(sql, params![after, until, most]).await?.iter().map(offer_of).collect()
}

/// Ends an open offer. The caller holds the order's lock.
pub async fn resolve(
    tx: &mut Tx,
    offer: &Offer,
    state: OfferState,
    reason: Option<&str>,
    now: Instant,
) -> Result<(), DbError> {
    let sql = "update offers set state = $4, reason = $5, answered_at = $6 \
               where retailer_id = $1 and order_id = $2 and id = $3 and state = 'OPEN'";
    tx.exec(sql, params![offer.retailer_id, offer.order_id, offer.id, state, reason, now]).await
}

/// Tells what became of the accepted offer of an order.
pub async fn tell_outcome(
    tx: &mut Tx,
    retailer: RetailerId,
    order: OrderId,
    outcome: OfferOutcome,
    now: Instant,
) -> Result<(), DbError> {
    let sql = "update offers set outcome = $3, outcome_at = $4 where retailer_id = $1 and order_id = $2 \
               and state = 'ACCEPTED' and outcome is null";
    tx.exec(sql, params![retailer, order, outcome, now]).await
}

/// A stored decision as it is shown.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredDecision {
    /// Its id.
    pub id: DecisionId,
    /// The vendor that was chosen.
    pub chosen_vendor_id: Option<VendorId>,
    /// How.
    pub kind: DecisionKind,
    /// Weights and candidates.
    #[serde(flatten)]
    pub decision: Decision,
    /// An operator's reason.
    pub reason: Option<String>,
    /// Who decided.
    pub actor: String,
    /// When.
    pub at: Instant,
}

/// The decisions of an order, oldest first.
pub async fn decisions(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<Vec<StoredDecision>, DbError> {
    let sql = "select * from routing_decisions d where d.retailer_id = $1 and d.order_id = $2 order by d.seq";
    let rows = tx.query(sql, params![retailer, order]).await?;
    rows.iter()
        .map(|row| {
            let candidates: String = row.get("candidates")?;
            Ok(StoredDecision {
                id: row.get("id")?,
                chosen_vendor_id: row.get("chosen_vendor_id")?,
                kind: row.get("kind")?,
                decision: serde_json::from_str(&candidates)
                    .map_err(|_| DbError::Decode { column: "candidates", expected: "a decision" })?,
                reason: row.get("reason")?,
                actor: row.get("actor")?,
                at: row.get("at")?,
            })
        })
        .collect()
}

/// Counts of every vendor's offers since a moment, and how its prices stand to the market's.
pub(crate) async fn offer_counts(tx: &mut Tx, since: Instant) -> Result<Vec<(VendorId, OfferCounts)>, DbError> {
    let sql = "select o.vendor_id, cast(count(*) as bigint) as offers, \
               cast(sum(case when o.state in ('ACCEPTED', 'REJECTED', 'EXPIRED') then 1 else 0 end) as bigint) as ended, \
               cast(sum(case when o.state = 'ACCEPTED' then 1 else 0 end) as bigint) as accepted, \
               cast(sum(case when o.outcome = 'DELIVERED' then 1 else 0 end) as bigint) as delivered, \
               cast(sum(case when o.outcome = 'WITHDRAWN_BY_VENDOR' then 1 else 0 end) as bigint) as withdrawn, \
               cast(sum(case when o.outcome = 'DELIVERED' then (o.outcome_at - o.answered_at) / 1000000 else 0 end) \
               as bigint) as seconds \
               from offers o where o.id >= $1 and o.created_at >= $2 group by o.vendor_id";
    let rows = tx.query(sql, params![OfferId::earliest(since), since]).await?;
    let prices = price_competitiveness(tx).await?;
    rows.iter()
        .map(|row| {
            let vendor: VendorId = row.get("vendor_id")?;
            let counts = OfferCounts {
                offers: row.get("offers")?,
                ended: row.get("ended")?,
                accepted: row.get("accepted")?,
                delivered: row.get("delivered")?,
                withdrawn: row.get("withdrawn")?,
                fulfilment_seconds: row.get("seconds")?,
                price: prices.get(&vendor).copied(),
            };
            Ok((vendor, counts))
        })
        .collect()
}

/// Each vendor's mean of 100 × market average ÷ price, at most 100 for each product.
async fn price_competitiveness(tx: &mut Tx) -> Result<HashMap<VendorId, Hundredths>, DbError> {
    let prices = catalog::current_prices(tx).await?;
    let mut market: HashMap<_, (i128, i128)> = HashMap::new();
    for price in &prices {
        let (sum, count) = market.entry(price.product).or_default();
        *sum = sum.saturating_add(i128::from(price.price.paisa()));
        *count = count.saturating_add(1);
    }
    let mut shares: HashMap<VendorId, (i128, i128)> = HashMap::new();
    for price in &prices {
        let Some((sum, count)) = market.get(&price.product) else { continue };
        let asked = i128::from(price.price.paisa()).saturating_mul(*count);
        let share = Hundredths::share(*sum, asked).unwrap_or(Hundredths::FULL);
        let (total, products) = shares.entry(price.vendor).or_default();
        *total = total.saturating_add(i128::from(share.get()));
        *products = products.saturating_add(1);
    }
    let mean = |(total, products): (i128, i128)| Hundredths::share(total, products.saturating_mul(10_000));
    Ok(shares.into_iter().filter_map(|(vendor, sums)| mean(sums).map(|mean| (vendor, mean))).collect())
}

/// Stores reliability over what was there.
pub(crate) async fn put_reliability(
    tx: &mut Tx,
    rated: &[(VendorId, Reliability)],
    now: Instant,
) -> Result<(), DbError> {
    if rated.is_empty() {
        return Ok(());
    }
    let rows = Value::rows(rated.iter().map(|(vendor, rated)| {
        params![
            *vendor,
            rated.offers,
            rated.acceptance.get(),
            rated.completion.get(),
            rated.speed.get(),
            rated.steadiness.get(),
            rated.price.get(),
            rated.reliability.get()
        ]
    }));
    let sql = "insert into vendor_reliability (vendor_id, offers, acceptance_hundredths, completion_hundredths, \
               speed_hundredths, steadiness_hundredths, price_hundredths, reliability_hundredths, computed_at) \
               select v.vendor_id, v.offers, v.acceptance, v.completion, v.speed, v.steadiness, v.price, \
               v.reliability, cast($2 as bigint) \
               from {rows 1: vendor_id text, offers bigint, acceptance bigint, completion bigint, speed bigint, \
               steadiness bigint, price bigint, reliability bigint} v where true \
               on conflict (vendor_id) do update set offers = excluded.offers, \
               acceptance_hundredths = excluded.acceptance_hundredths, \
               completion_hundredths = excluded.completion_hundredths, speed_hundredths = excluded.speed_hundredths, \
               steadiness_hundredths = excluded.steadiness_hundredths, price_hundredths = excluded.price_hundredths, \
               reliability_hundredths = excluded.reliability_hundredths, computed_at = excluded.computed_at";
    tx.exec(sql, params![rows, now]).await
}

/// The reliability of these vendors; those without any are absent.
pub(crate) async fn reliability(tx: &mut Tx, vendors: &[VendorId]) -> Result<HashMap<VendorId, Hundredths>, DbError> {
    let sql = "select r.vendor_id, r.reliability_hundredths from vendor_reliability r where r.vendor_id in {1}";
    let rows = tx.query(sql, params![Value::list(vendors)]).await?;
    rows.iter().map(|row| Ok((row.get("vendor_id")?, Hundredths::new(row.get("reliability_hundredths")?)))).collect()
}
