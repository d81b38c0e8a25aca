//! What would raise a score most: each thing that the retailer can do is tried on its facts by the same rule.

use kernel::{BusinessDate, CycleId, Money, VendorId};
use serde::Serialize;

use crate::rules::{FREE_USE, Facts, Score, last_day_of_step};

/// A delivery that is tried: Rs. 50,000.
const TRIED_DELIVERY: Money = Money::from_paisa(5_000_000);
/// The most steps that are named.
const MOST: usize = 3;

/// Something that a retailer can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Step {
    /// Pay all that is open on a cycle.
    PayCycle {
        /// The cycle.
        cycle_id: CycleId,
        /// Whom it is owed to.
        vendor_id: VendorId,
        /// Its number.
        number: String,
        /// Principal that is open on it.
        #[serde(with = "kernel::sum")]
        amount: Money,
        /// The last day on which paying it counts as it would today.
        by: Option<BusinessDate>,
    },
    /// Pay so much that no more than 30 % of all limits is owed.
    PayDown {
        /// How much.
        #[serde(with = "kernel::sum")]
        amount: Money,
    },
    /// Have goods of that price delivered, and pay for them at once.
    TakeDelivery {
        /// The price.
        #[serde(with = "kernel::sum")]
        amount: Money,
    },
}

impl Step {
    /// What it costs.
    const fn amount(&self) -> Money {
        match self {
            Self::PayCycle { amount, .. } | Self::PayDown { amount } | Self::TakeDelivery { amount } => *amount,
        }
    }

    /// The facts after it.
    fn done(&self, facts: &Facts) -> Option<Facts> {
        let mut after = facts.clone();
        match self {
            Self::PayCycle { cycle_id, .. } => {
                let place = after.open.iter().position(|cycle| cycle.id == *cycle_id)?;
                let paid = after.open.remove(place);
                if paid.is_written_off {
                    after.ended.written_off = after.ended.written_off.plus(paid.principal).ok()?;
                } else {
                    after.ended.add(paid.days_overdue, paid.principal).ok()?;
                }
                after.outstanding = after.outstanding.minus(paid.outstanding).ok()?;
            }
            Self::PayDown { amount } => after.outstanding = after.outstanding.minus(*amount).ok()?,
            Self::TakeDelivery { amount } => {
                after.delivered = after.delivered.plus(*amount).ok()?;
                after.first_delivery.get_or_insert(after.on);
            }
        }
        Some(after)
    }
}

/// A step with what it would bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// What to do.
    pub step: Step,
    /// What it adds, in units of a point.
    pub gain: i128,
    /// The score after it.
    pub score: i64,
}

/// What would raise a score, the most first; of what brings the same the cheapest. Steps that bring nothing are left out.
pub fn what_would_help(facts: &Facts) -> Vec<Help> {
    let now = Score::of(facts).exact();
    let tried = |step: Step| {
        let after = Score::of(&step.done(facts)?);
        let gain = after.exact().saturating_sub(now);
        (gain > 0).then_some(Help { step, gain, score: after.score })
    };
    let mut found: Vec<Help> = steps(facts).filter_map(tried).collect();
    found.sort_by_key(|help| (std::cmp::Reverse(help.gain), help.step.amount()));
    found.truncate(MOST);
    found
}

fn steps(facts: &Facts) -> impl Iterator<Item = Step> {
    let free = facts.limit.scaled(FREE_USE.into(), 100).unwrap_or_default();
    let above = facts.outstanding.minus(free).unwrap_or_default();
    let pay_down = (facts.limit.is_positive() && above.is_positive()).then_some(Step::PayDown { amount: above });
    let pay = facts.open.iter().map(|cycle| Step::PayCycle {
        cycle_id: cycle.id,
        vendor_id: cycle.vendor_id,
        number: cycle.number.clone(),
        amount: cycle.outstanding,
        by: if cycle.days_overdue == 0 {
            Some(cycle.due_on.max(facts.on))
        } else {
            last_day_of_step(cycle.days_overdue).map(|day| facts.on.plus_days(day.saturating_sub(cycle.days_overdue)))
        },
    });
    pay.chain(pay_down).chain([Step::TakeDelivery { amount: TRIED_DELIVERY }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{nothing, open, rupees};
    use crate::rules::{Component, UNIT};

    #[test]
    fn the_first_bill_paid_on_time_brings_most() {
        let mut facts = nothing();
        (facts.open, facts.outstanding) = (vec![open(20_000, -10)], rupees(20_000));
        let help = what_would_help(&facts);
        assert!(matches!(&help[0].step, Step::PayCycle { amount, by: Some(by), .. }
            if *amount == rupees(20_000) && *by == facts.on.plus_days(10)));
        assert_eq!((help[0].gain, help[0].score), (i128::from(UNIT) * 120, Score::of(&facts).score + 120));
    }

    #[test]
    fn a_debt_far_above_30_percent_is_paid_down_and_the_gain_is_what_the_rule_gives() {
        let mut facts = nothing();
        facts.ended.on_time = rupees(300_000);
        facts.delivered = rupees(500_000);
        facts.open = vec![open(30_000, 3), open(25_000, -20), open(25_000, -10)];
        facts.open[1].id = kernel::Id::from_bits(2);
        facts.open[2].id = kernel::Id::from_bits(3);
        facts.outstanding = rupees(80_000);
        let help = what_would_help(&facts);
        assert_eq!(help[0].step, Step::PayDown { amount: rupees(50_000) }, "{help:?}");
        let after = Score::of(&Facts { outstanding: rupees(30_000), ..facts.clone() });
        assert_eq!(help[0].gain, after.exact() - Score::of(&facts).exact());
        assert_eq!(after.value(Component::DebtRatio), UNIT);
        // The overdue bill may be paid four more days at the same rating.
        let overdue =
            help.iter().find(|help| matches!(&help.step, Step::PayCycle { amount, .. } if *amount == rupees(30_000)));
        assert!(matches!(overdue.unwrap().step, Step::PayCycle { by: Some(by), .. } if by == facts.on.plus_days(4)));
    }

    #[test]
    fn who_has_the_best_score_is_told_nothing() {
        let mut facts = nothing();
        facts.ended.on_time = rupees(1);
        facts.delivered = rupees(500_000);
        facts.first_delivery = Some(facts.on.plus_days(-365));
        assert_eq!(Score::of(&facts).score, 900);
        assert!(what_would_help(&facts).is_empty());
    }

    #[test]
    fn a_new_shop_is_told_to_order() {
        let help = what_would_help(&nothing());
        assert_eq!(help.len(), 1);
        assert_eq!(help[0].step, Step::TakeDelivery { amount: rupees(50_000) });
        assert_eq!(help[0].score, 633, "600 + 120 × log10(1.9)");
    }
}
