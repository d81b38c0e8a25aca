//! How risky a retailer is, from 0 to 100, higher is worse: four components with weights. Pure; whole numbers only.

use credit::Behaviour;
use db::text_enum;
use kernel::{Money, div_half_even};
use routing::Hundredths;
use serde::{Deserialize, Serialize};

use crate::rules::Weights;

/// Days overdue that make the delay component 100.
const WORST_DAYS: i128 = 30;
/// Of the latest cycles, so many count as delays in the score.
const DELAYS_COUNTED: usize = 3;
/// Below the first the level is low, below the second medium.
const LEVELS: (Hundredths, Hundredths) = (Hundredths::points(40), Hundredths::points(70));

text_enum! {
    /// What a score means.
    pub enum Level {
        /// Below 40.
        Low = "LOW",
        /// Below 70.
        Medium = "MEDIUM",
        /// From 70.
        High = "HIGH",
    }
}

/// What a score is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Days by which the oldest bill is overdue; of one in dispute, on the day of the message.
    pub worst_overdue_days: i64,
    /// All limits.
    #[serde(with = "kernel::sum")]
    pub limit: Money,
    /// Reserved and outstanding.
    #[serde(with = "kernel::sum")]
    pub used: Money,
    /// How many of the latest cycles were late, one after another from the newest.
    pub consecutive_delays: i64,
    /// The value placed in the last 7 days.
    #[serde(with = "kernel::sum")]
    pub placed: Money,
    /// The value placed in the 28 days before them.
    #[serde(with = "kernel::sum")]
    pub placed_before: Money,
}

impl Facts {
    /// The facts of a retailer that placed so much in the last 7 days, and so much in the 28 before.
    pub fn of(behaviour: &Behaviour, (placed_before, placed): (Money, Money)) -> Self {
        Self {
            worst_overdue_days: behaviour.worst_overdue_days,
            limit: behaviour.limit,
            used: behaviour.used(),
            consecutive_delays: i64::try_from(behaviour.consecutive_delays()).unwrap_or(i64::MAX),
            placed,
            placed_before,
        }
    }

    /// Used of all limits, in hundredths of a per cent; 100 % where something is used without a limit.
    pub fn utilisation(&self) -> i64 {
        if self.limit.is_positive() {
            ratio(self.used, 10_000, self.limit)
        } else if self.used.is_positive() {
            Hundredths::FULL.get()
        } else {
            0
        }
    }

    /// The mean value of 7 days over the 28 before the last 7.
    pub fn usual(&self) -> Money {
        self.placed_before.scaled(1, 4).unwrap_or(Money::ZERO)
    }

    /// The value of the last 7 days against the mean of 7 days over the 28 before, in hundredths; none without a
    /// baseline.
    pub fn spike(&self) -> Option<i64> {
        self.placed_before.is_positive().then(|| ratio(self.placed, 400, self.placed_before))
    }
}

/// `part × scale ÷ whole`, half to even, at most what fits.
fn ratio(part: Money, scale: i128, whole: Money) -> i64 {
    let scaled = i128::from(part.paisa()).saturating_mul(scale);
    div_half_even(scaled, i128::from(whole.paisa())).map_or(0, |found| i64::try_from(found).unwrap_or(i64::MAX))
}

/// The components, each 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Components {
    /// 100 × worst days overdue ÷ 30.
    pub delay: Hundredths,
    /// 0 up to 50 % used, in proportion to 100 at 100 % of all limits.
    pub utilisation: Hundredths,
    /// 0, 33, 67, 100 for 0, 1, 2, 3 or more.
    pub consecutive_delays: Hundredths,
    /// 0 up to the baseline, in proportion to 100 at three times it; 0 with no baseline.
    pub order_spike: Hundredths,
}

/// A retailer's risk score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// 0 to 100, higher is worse.
    pub total: Hundredths,
    /// What it means.
    pub level: Level,
    /// What it is made of.
    pub components: Components,
    /// What it was computed from.
    pub facts: Facts,
}

impl Score {
    /// The score of a retailer that nobody lends to: nothing is at risk.
    pub(crate) fn of_nothing(weights: &Weights) -> Self {
        let nothing = Facts::of(&Behaviour::default(), (Money::ZERO, Money::ZERO));
        score(&nothing, weights)
    }
}

/// Computes a score. Each component is rounded half to even to hundredths, the total from the rounded ones.
pub fn score(facts: &Facts, weights: &Weights) -> Score {
    let consecutive_delays = match usize::try_from(facts.consecutive_delays).unwrap_or(0) {
        0 => Hundredths::NONE,
        1 => Hundredths::points(33),
        2 => Hundredths::points(67),
        DELAYS_COUNTED.. => Hundredths::FULL,
    };
    let components = Components {
        delay: share(i128::from(facts.worst_overdue_days), WORST_DAYS),
        utilisation: utilisation(facts),
        consecutive_delays,
        order_spike: order_spike(facts),
    };
    let parts = [
        (weights.delay, components.delay),
        (weights.utilisation, components.utilisation),
        (weights.consecutive_delays, components.consecutive_delays),
        (weights.order_spike, components.order_spike),
    ];
    let sum = parts.iter().map(|(weight, part)| i128::from(*weight).saturating_mul(i128::from(part.get()))).sum();
    let total = share(sum, 1_000_000);
    Score { total, level: level(total), components, facts: facts.clone() }
}

/// What a total means.
pub fn level(total: Hundredths) -> Level {
    if total < LEVELS.0 {
        Level::Low
    } else if total < LEVELS.1 {
        Level::Medium
    } else {
        Level::High
    }
}

/// `100 × part ÷ whole`, half to even, from 0 to 100.
fn share(part: i128, whole: i128) -> Hundredths {
    Hundredths::share(part, whole).unwrap_or(Hundredths::NONE)
}

fn utilisation(facts: &Facts) -> Hundredths {
    let (used, limit) = (i128::from(facts.used.paisa()), i128::from(facts.limit.paisa()));
    if limit <= 0 {
        return if used > 0 { Hundredths::FULL } else { Hundredths::NONE };
    }
    share(used.saturating_mul(2).saturating_sub(limit), limit)
}

fn order_spike(facts: &Facts) -> Hundredths {
    let (placed, before) = (i128::from(facts.placed.paisa()), i128::from(facts.placed_before.paisa()));
    // (placed ÷ (before ÷ 4) − 1) ÷ 2; a baseline of nothing has no share.
    share(placed.saturating_mul(4).saturating_sub(before), before.saturating_mul(2))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn facts(overdue: i64, (used, limit): (i64, i64), delays: i64, (placed, before): (i64, i64)) -> Facts {
        let rupees = |amount| Money::from_rupees(amount).unwrap();
        Facts {
            worst_overdue_days: overdue,
            limit: rupees(limit),
            used: rupees(used),
            consecutive_delays: delays,
            placed: rupees(placed),
            placed_before: rupees(before),
        }
    }

    fn of(facts: &Facts) -> (i64, [i64; 4]) {
        let scored = score(facts, &Weights::default());
        let parts = scored.components;
        let parts = [parts.delay, parts.utilisation, parts.consecutive_delays, parts.order_spike];
        (scored.total.get(), parts.map(Hundredths::get))
    }

    #[test]
    fn each_component_runs_from_its_beginning_to_its_end() {
        assert_eq!(of(&facts(0, (0, 100), 0, (0, 0))), (0, [0; 4]));
        // 7 of 30 days; 65 % used; one delay; one and a half times the mean of a week.
        let some = of(&facts(7, (65, 100), 1, (150, 400)));
        assert_eq!(some, (2_718, [2_333, 3_000, 3_300, 2_500]));
        assert_eq!(of(&facts(30, (100, 100), 3, (300, 400))), (10_000, [10_000; 4]));
        assert_eq!(of(&facts(400, (900, 100), 9, (30_000, 400))), (10_000, [10_000; 4]));
        assert_eq!(of(&facts(0, (50, 100), 0, (100, 400))).1, [0; 4], "up to a half, and up to the mean, is nothing");
        assert_eq!(of(&facts(1, (0, 0), 2, (1_000, 0))), (1473, [333, 0, 6_700, 0]));
        assert_eq!(of(&facts(0, (1, 0), 0, (0, 0))).1[1], 10_000, "used without a limit");
    }

    #[test]
    fn levels_begin_at_40_and_70() {
        let of = [0, 3_999, 4_000, 6_999, 7_000, 10_000].map(|total| level(Hundredths::new(total)));
        assert_eq!(of, [Level::Low, Level::Low, Level::Medium, Level::Medium, Level::High, Level::High]);
    }

    proptest! {
        #[test]
        fn a_score_is_within_its_bounds_and_worse_facts_never_make_it_better(
            overdue in 0_i64..4_000, used in 0_i64..2_000_000_000_000, limit in 0_i64..2_000_000_000_000,
            delays in 0_i64..12, placed in 0_i64..2_000_000_000_000, before in 0_i64..2_000_000_000_000,
        ) {
            let base = Facts {
                worst_overdue_days: overdue, limit: Money::from_paisa(limit), used: Money::from_paisa(used),
                consecutive_delays: delays, placed: Money::from_paisa(placed), placed_before: Money::from_paisa(before),
            };
            let (total, parts) = of(&base);
            prop_assert!((0..=10_000).contains(&total) && parts.iter().all(|part| (0..=10_000).contains(part)));
            let worse = [
                Facts { worst_overdue_days: overdue + 1, ..base.clone() },
                Facts { used: Money::from_paisa(used + 1), ..base.clone() },
                Facts { consecutive_delays: delays + 1, ..base.clone() },
                Facts { placed: Money::from_paisa(placed + 1), ..base.clone() },
            ];
            for facts in worse {
                prop_assert!(of(&facts).0 >= total);
            }
        }
    }
}
