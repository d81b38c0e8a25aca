//! The choice of a vendor: who is eligible, five scores, weights, ties. Pure.
//!
//! The rules are described in `docs/behaviour/orders.md`, "Routing".

use kernel::{Instant, Money, VendorId};
use serde::{Deserialize, Serialize};

use crate::score::Hundredths;

/// How long a vendor may think about an offer: two hours.
pub const OFFER_SECONDS: i64 = 2 * 60 * 60;

/// Where no place is known, proximity counts half.
const UNKNOWN_PROXIMITY: Hundredths = Hundredths::points(50);
/// The distance at which proximity counts nothing.
const FAR_METRES: i128 = 50_000;
/// The mean radius of the Earth (IUGG).
const EARTH_RADIUS_METRES: f64 = 6_371_008.8;

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// North is positive.
    pub latitude_micro: i64,
    /// East is positive.
    pub longitude_micro: i64,
}

impl Place {
    /// The great-circle distance in whole metres (haversine formula).
    #[expect(clippy::float_arithmetic, clippy::as_conversions, reason = "distance on a sphere is trigonometry")]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "degrees and metres are small")]
    pub fn metres_to(self, other: Self) -> i64 {
        let radians = |micro: i64| (micro as f64 / 1_000_000.0).to_radians();
        let (from, to) = (radians(self.latitude_micro), radians(other.latitude_micro));
        let half_north = (to - from) / 2.0;
        let half_east = radians(other.longitude_micro.saturating_sub(self.longitude_micro)) / 2.0;
        let chord = half_north.sin().powi(2) + from.cos() * to.cos() * half_east.sin().powi(2);
        (2.0 * EARTH_RADIUS_METRES * chord.sqrt().min(1.0).asin()).round() as i64
    }
}

/// The share of each score in the total, in per cent; they add up to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Weights {
    /// Of the stock.
    pub availability: i64,
    /// Of the way.
    pub proximity: i64,
    /// Of open orders.
    pub workload: i64,
    /// Of the total price.
    pub price: i64,
    /// Of past offers.
    pub reliability: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { availability: 30, proximity: 20, workload: 15, price: 20, reliability: 15 }
    }
}

/// What a vendor has of one line of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFacts {
    /// Units asked for; above zero.
    pub quantity: i64,
    /// Units that can be ordered.
    pub free: i64,
    /// The price of one unit.
    pub unit_price: Money,
    /// The smallest quantity sold.
    pub minimum_quantity: i64,
    /// Whether it is sold now.
    pub is_available: bool,
}

/// What is known of one vendor when an order looks for one.
#[derive(Clone, Debug)]
pub struct CandidateFacts {
    /// The vendor.
    pub vendor: VendorId,
    /// When the vendor was created, for ties.
    pub created_at: Instant,
    /// A line for each line of the order, in its order; none where the vendor does not sell it.
    pub lines: Vec<Option<LineFacts>>,
    /// Metres to the delivery place, where both are known.
    pub distance_metres: Option<i64>,
    /// Orders that are before the vendor or on their way.
    pub open_orders: i64,
    /// Open orders that fill the vendor's day; at least 1.
    pub capacity: i64,
    /// The reliability score.
    pub reliability: Hundredths,
    /// Whether this order was before the vendor already.
    pub was_asked: bool,
    /// The order check's reasons against this vendor, in their order; empty if it passes. It says whether the vendor
    /// is active, too.
    pub check_reasons: Vec<String>,
}

/// Why a vendor cannot take the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "code")]
pub enum Ineligible {
    /// It was asked before.
    AlreadyAsked,
    /// It does not sell a line's product, or not now.
    NotSold {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line asks for less than it sells.
    BelowMinimum {
        /// The line, counted from 1.
        line: usize,
        /// The smallest quantity it sells.
        minimum: i64,
    },
    /// A line asks for more than it has.
    NotEnoughStock {
        /// The line, counted from 1.
        line: usize,
        /// Units it has.
        free: i64,
    },
    /// The order check fails with it.
    OrderCheck {
        /// The check's reasons, in their order.
        reasons: Vec<String>,
    },
}

/// The five scores of an eligible vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Scores {
    /// 70 at exactly enough stock to 100 at twice as much, mean of the lines.
    pub availability: Hundredths,
    /// 100 at no distance to 0 at 50 km; 50 where a place is unknown.
    pub proximity: Hundredths,
    /// 100 with no open order to 0 at capacity.
    pub workload: Hundredths,
    /// 100 for the cheapest, less two points for each per cent above it.
    pub price: Hundredths,
    /// From past offers.
    pub reliability: Hundredths,
}

/// One vendor as a decision keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The vendor.
    pub vendor_id: VendorId,
    /// Why it cannot take the order; absent if it can.
    pub ineligible: Option<Ineligible>,
    /// What the order costs there, where it sells every line.
    pub total: Option<Money>,
    /// The scores of an eligible vendor.
    pub scores: Option<Scores>,
    /// Σ weight × score ÷ 100.
    pub score: Option<Hundredths>,
}

/// A decision: every candidate with its scores, the best first, then those that cannot take the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// The weights in force.
    pub weights: Weights,
    /// Every candidate.
    pub candidates: Vec<Candidate>,
}

impl Decision {
    /// The vendors that can take the order, best first, with what it costs there.
    pub fn ranking(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| candidate.ineligible.is_none())
    }
}

/// Weighs the candidates for one order.
pub fn decide(mut facts: Vec<CandidateFacts>, weights: Weights) -> Decision {
    facts.sort_by_key(|candidate| (candidate.created_at, candidate.vendor));
    let judged: Vec<(CandidateFacts, Option<Ineligible>, Option<Money>)> = facts
        .into_iter()
        .map(|candidate| {
            let (ineligible, total) = (ineligible(&candidate), total(&candidate));
            (candidate, ineligible, total)
        })
        .collect();
    let eligible_totals =
        judged.iter().filter(|(_, ineligible, _)| ineligible.is_none()).filter_map(|(.., total)| *total);
    let cheapest = eligible_totals.min().unwrap_or(Money::ZERO);
    let mut candidates: Vec<Candidate> = judged
        .into_iter()
        .map(|(candidate, ineligible, total)| {
            let scores = match (&ineligible, total) {
                (None, Some(total)) => Some(scores(&candidate, total, cheapest)),
                _ => None,
            };
            let score = scores.map(|scores| weigh(&scores, &weights));
            Candidate { vendor_id: candidate.vendor, ineligible, total, scores, score }
        })
        .collect();
    // The sort is stable, so vendors that tie in score and price stay in the order of their creation.
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.total));
    Decision { weights, candidates }
}

fn ineligible(candidate: &CandidateFacts) -> Option<Ineligible> {
    if candidate.was_asked {
        return Some(Ineligible::AlreadyAsked);
    }
    for (line, facts) in (1..).zip(&candidate.lines) {
        match facts {
            None | Some(LineFacts { is_available: false, .. }) => return Some(Ineligible::NotSold { line }),
            Some(facts) if facts.quantity < facts.minimum_quantity => {
                return Some(Ineligible::BelowMinimum { line, minimum: facts.minimum_quantity });
            }
            Some(facts) if facts.free < facts.quantity => {
                return Some(Ineligible::NotEnoughStock { line, free: facts.free });
            }
            Some(_) => {}
        }
    }
    let reasons = &candidate.check_reasons;
    (!reasons.is_empty()).then(|| Ineligible::OrderCheck { reasons: reasons.clone() })
}

fn total(candidate: &CandidateFacts) -> Option<Money> {
    candidate.lines.iter().try_fold(Money::ZERO, |sum, line| {
        let line = line.as_ref()?;
        line.unit_price.times(line.quantity).and_then(|price| sum.plus(price)).ok()
    })
}

fn scores(candidate: &CandidateFacts, total: Money, cheapest: Money) -> Scores {
    Scores {
        availability: availability(&candidate.lines),
        proximity: candidate.distance_metres.map_or(UNKNOWN_PROXIMITY, proximity),
        workload: workload(candidate.open_orders, candidate.capacity),
        price: price(total, cheapest),
        reliability: candidate.reliability,
    }
}

/// Rationals of different denominators are summed as whole parts of this many, far finer than a hundredth.
const FINE: i128 = 1_000_000_000_000;

fn availability(lines: &[Option<LineFacts>]) -> Hundredths {
    let line_score = |line: &LineFacts| {
        let (quantity, free) = (i128::from(line.quantity.max(1)), i128::from(line.free));
        let spare = (free.saturating_sub(quantity)).clamp(0, quantity);
        // 70 points and up to 30 more, as parts of a hundred points.
        let parts = kernel::div_half_even(30 * FINE * spare, quantity).unwrap_or(0);
        70 * FINE + parts
    };
    let sum: i128 = lines.iter().flatten().map(line_score).sum();
    let count = i128::try_from(lines.len()).unwrap_or(1).max(1);
    Hundredths::share(sum, 100 * FINE * count).unwrap_or_default()
}

fn proximity(metres: i64) -> Hundredths {
    Hundredths::share(FAR_METRES - i128::from(metres), FAR_METRES).unwrap_or_default()
}

fn workload(open_orders: i64, capacity: i64) -> Hundredths {
    let capacity = i128::from(capacity.max(1));
    Hundredths::share(capacity - i128::from(open_orders), capacity).unwrap_or_default()
}

fn price(total: Money, cheapest: Money) -> Hundredths {
    let (total, cheapest) = (i128::from(total.paisa()), i128::from(cheapest.paisa()));
    Hundredths::share(cheapest - 2 * (total - cheapest), cheapest).unwrap_or(Hundredths::FULL)
}

fn weigh(scores: &Scores, weights: &Weights) -> Hundredths {
    let sum = [
        (weights.availability, scores.availability),
        (weights.proximity, scores.proximity),
        (weights.workload, scores.workload),
        (weights.price, scores.price),
        (weights.reliability, scores.reliability),
    ]
    .into_iter()
    .map(|(weight, score)| i128::from(weight) * i128::from(score.get()))
    .sum();
    Hundredths::share(sum, 100 * 10_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kernel::Id;
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a candidate's lines are optional")]
    fn line(quantity: i64, free: i64, rupees: i64) -> Option<LineFacts> {
        let unit_price = Money::from_rupees(rupees).unwrap();
        Some(LineFacts { quantity, free, unit_price, minimum_quantity: 1, is_available: true })
    }

    fn candidate(vendor: u128, lines: Vec<Option<LineFacts>>) -> CandidateFacts {
        CandidateFacts {
            vendor: VendorId::from_bits(vendor),
            created_at: Instant::from_micros(0),
            lines,
            distance_metres: None,
            open_orders: 0,
            capacity: 20,
            reliability: Hundredths::points(70),
            was_asked: false,
            check_reasons: Vec::new(),
        }
    }

    #[test]
    fn the_worked_examples_come_out_to_the_hundredth() {
        let first = CandidateFacts {
            distance_metres: Some(10_000),
            open_orders: 5,
            reliability: Hundredths::points(80),
            ..candidate(1, vec![line(10, 10, 1_000)])
        };
        let second = CandidateFacts {
            distance_metres: Some(30_000),
            open_orders: 10,
            reliability: Hundredths::points(92),
            ..candidate(2, vec![line(10, 20, 1_050)])
        };
        let third = candidate(3, vec![line(10, 15, 1_600)]);
        let decision = decide(vec![third, first, second], Weights::default());
        let found: Vec<_> = decision
            .ranking()
            .map(|candidate| {
                let scores = candidate.scores.unwrap();
                let all = [scores.availability, scores.proximity, scores.workload, scores.price, scores.reliability];
                (all.map(Hundredths::get), candidate.score.unwrap().to_string())
            })
            .collect();
        assert_eq!(
            found,
            [
                ([7_000, 8_000, 7_500, 10_000, 8_000], "80.25".to_owned()),
                ([10_000, 4_000, 5_000, 9_000, 9_200], "77.30".to_owned()),
                ([8_500, 5_000, 10_000, 0, 7_000], "61.00".to_owned()),
            ]
        );
    }

    #[test]
    fn ties_go_to_the_cheaper_then_the_older_then_the_id() {
        let mut first = candidate(9, vec![line(1, 2, 100)]);
        first.created_at = Instant::from_micros(-1);
        let decision = decide(
            vec![candidate(3, vec![line(1, 2, 100)]), candidate(2, vec![line(1, 2, 100)]), first],
            Weights::default(),
        );
        let order: Vec<_> = decision.ranking().map(|candidate| candidate.vendor_id).collect();
        assert_eq!(order, [9, 2, 3].map(VendorId::from_bits));
    }

    #[test]
    fn who_cannot_take_the_order_is_kept_with_the_reason() {
        let partial = candidate(1, vec![line(1, 5, 100), None]);
        let mut asked = candidate(2, vec![line(1, 5, 100)]);
        asked.was_asked = true;
        let few = candidate(3, vec![line(6, 5, 100)]);
        let mut poor = candidate(4, vec![line(1, 5, 100)]);
        poor.check_reasons = vec!["INSUFFICIENT_CREDIT".to_owned()];
        let decision = decide(vec![partial, asked, few, poor], Weights::default());
        assert_eq!(decision.ranking().count(), 0);
        let reasons: Vec<_> = decision.candidates.iter().map(|found| found.ineligible.clone().unwrap()).collect();
        assert!(reasons.contains(&Ineligible::NotSold { line: 2 }));
        assert!(reasons.contains(&Ineligible::AlreadyAsked));
        assert!(reasons.contains(&Ineligible::NotEnoughStock { line: 1, free: 5 }));
        assert!(reasons.contains(&Ineligible::OrderCheck { reasons: vec!["INSUFFICIENT_CREDIT".to_owned()] }));
    }

    #[test]
    fn distance_follows_the_great_circle() {
        let surkhet = Place { latitude_micro: 28_601_900, longitude_micro: 81_633_900 };
        let nepalgunj = Place { latitude_micro: 28_050_000, longitude_micro: 81_616_700 };
        assert_eq!(surkhet.metres_to(surkhet), 0);
        assert!((61_000..62_000).contains(&surkhet.metres_to(nepalgunj)), "{}", surkhet.metres_to(nepalgunj));
    }

    proptest! {
        #[test]
        fn scores_stay_between_none_and_full(
            quantity in 1_i64..1_000, free in 0_i64..5_000, rupees in 1_i64..100_000, cheapest in 1_i64..100_000,
            metres in 0_i64..20_000_000, open in 0_i64..1_000, capacity in 1_i64..1_000,
        ) {
            let (total, cheapest) = (Money::from_rupees(rupees).unwrap(), Money::from_rupees(cheapest).unwrap());
            for score in [availability(&[line(quantity, free, 1)]), proximity(metres), workload(open, capacity), price(total, cheapest)] {
                prop_assert!(score >= Hundredths::NONE && score <= Hundredths::FULL);
            }
        }
    }
}
