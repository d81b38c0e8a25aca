//! How reliable vendors are, from their offers of the last 90 days.
//!
//! The formula is described in `docs/behaviour/markets.md`. Statements: recomputing all vendors 3.

use db::{DbError, Tx};
use kernel::{Instant, VendorId};
use serde::Serialize;

use crate::score::Hundredths;
use crate::store;

/// The reliability of a vendor with fewer than [`ENOUGH_OFFERS`] offers, and the value of a rate without a denominator.
pub const RELIABILITY_OF_NEW: Hundredths = Hundredths::points(70);
const ENOUGH_OFFERS: i64 = 5;
const WINDOW_SECONDS: i64 = 90 * 86_400;
const FAST_SECONDS: i128 = 24 * 3_600;
const SLOW_SECONDS: i128 = 96 * 3_600;

/// Counts of one vendor's offers in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfferCounts {
    /// Offers made.
    pub offers: i64,
    /// Answered or expired.
    pub ended: i64,
    /// Accepted.
    pub accepted: i64,
    /// Accepted and delivered.
    pub delivered: i64,
    /// Accepted and then withdrawn by the vendor.
    pub withdrawn: i64,
    /// Seconds from acceptance to delivery, all deliveries together.
    pub fulfilment_seconds: i64,
    /// 100 × market average ÷ price, at most 100, mean over the vendor's products, in hundredths; none without products.
    pub price: Option<Hundredths>,
}

/// A vendor's reliability with what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reliability {
    /// Offers in the window; fewer than five mark the vendor as new.
    pub offers: i64,
    /// Accepted of answered or expired offers.
    pub acceptance: Hundredths,
    /// Delivered of accepted orders.
    pub completion: Hundredths,
    /// 100 up to 24 hours from acceptance to delivery, to 0 at 96 hours.
    pub speed: Hundredths,
    /// Accepted orders that the vendor did not withdraw from.
    pub steadiness: Hundredths,
    /// Prices against the market's.
    pub price: Hundredths,
    /// 0.25 acceptance + 0.35 completion + 0.15 speed + 0.15 steadiness + 0.10 price.
    pub reliability: Hundredths,
}

/// The reliability that follows from the counts.
pub(crate) fn rate(counts: &OfferCounts) -> Reliability {
    let share =
        |part: i64, whole: i64| Hundredths::share(i128::from(part), i128::from(whole)).unwrap_or(RELIABILITY_OF_NEW);
    let speed = || {
        let (seconds, count) = (i128::from(counts.fulfilment_seconds), i128::from(counts.delivered));
        let left = SLOW_SECONDS.checked_mul(count)?.checked_sub(seconds)?;
        Hundredths::share(left, (SLOW_SECONDS - FAST_SECONDS).checked_mul(count)?)
    };
    let mut rated = Reliability {
        offers: counts.offers,
        acceptance: share(counts.accepted, counts.ended),
        completion: share(counts.delivered, counts.accepted),
        speed: speed().unwrap_or(RELIABILITY_OF_NEW),
        steadiness: share(counts.accepted.saturating_sub(counts.withdrawn), counts.accepted),
        price: counts.price.unwrap_or(Hundredths::FULL),
        reliability: RELIABILITY_OF_NEW,
    };
    if counts.offers >= ENOUGH_OFFERS {
        let weighted = [
            (25, rated.acceptance),
            (35, rated.completion),
            (15, rated.speed),
            (15, rated.steadiness),
            (10, rated.price),
        ];
        let sum = weighted.into_iter().map(|(weight, score)| weight * i128::from(score.get())).sum();
        rated.reliability = Hundredths::share(sum, 100 * 10_000).unwrap_or(RELIABILITY_OF_NEW);
    }
    rated
}

/// Computes every vendor's reliability anew and returns how many there are.
pub async fn recompute_reliability(tx: &mut Tx, now: Instant) -> Result<usize, DbError> {
    let counts = store::offer_counts(tx, now.plus_seconds(-WINDOW_SECONDS)).await?;
    let rated: Vec<(VendorId, Reliability)> =
        counts.into_iter().map(|(vendor, counts)| (vendor, rate(&counts))).collect();
    store::put_reliability(tx, &rated, now).await?;
    Ok(rated.len())
}

/// The reliability of these vendors; those without any are new.
pub async fn reliability(
    tx: &mut Tx,
    vendors: &[VendorId],
) -> Result<std::collections::HashMap<VendorId, Hundredths>, DbError> {
    store::reliability(tx, vendors).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_vendor_counts_seventy() {
        assert_eq!(
            rate(&OfferCounts { offers: 4, ended: 4, ..OfferCounts::default() }).reliability,
            RELIABILITY_OF_NEW
        );
    }

    #[test]
    fn every_part_counts_with_its_weight() {
        let counts = OfferCounts {
            offers: 10,
            ended: 10,
            accepted: 8,
            delivered: 6,
            withdrawn: 2,
            fulfilment_seconds: 6 * 60 * 3_600,
            price: Some(Hundredths::points(95)),
        };
        let rated = rate(&counts);
        assert_eq!(
            [rated.acceptance, rated.completion, rated.speed, rated.steadiness, rated.price].map(Hundredths::get),
            [8_000, 7_500, 5_000, 7_500, 9_500]
        );
        // 0.25 × 80 + 0.35 × 75 + 0.15 × 50 + 0.15 × 75 + 0.10 × 95
        assert_eq!(rated.reliability.to_string(), "74.50");
    }
}
