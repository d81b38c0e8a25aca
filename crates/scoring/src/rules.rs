//! The credit score: facts in, a number with its components out. Pure, in whole numbers only, so that it is the same on
//! every machine.
//!
//! `300 + 600 × (0.40 P + 0.30 D + 0.20 V + 0.10 A)`. Each component is a whole number of [`UNIT`]s between 0 and 1,
//! rounded half to even once, and the score is rounded half to even from those.

use credit::{DISCIPLINE_DAYS, Ended, OpenCycle};
use db::text_enum;
use kernel::{BusinessDate, Money, div_half_even};
use serde::{Deserialize, Serialize};

/// A component of 1.
pub const UNIT: i64 = 1_000_000_000_000;

/// The lowest score.
pub const LEAST: i64 = 300;
/// What all components together add to it.
const SPAN: i64 = 600;

/// Days back from today for which deliveries count, today included.
pub const VOLUME_DAYS: i64 = 90;
/// Days after which an account is as old as counts.
const FULL_AGE: i64 = 365;
/// The value delivered that counts fully.
const FULL_VOLUME: Money = Money::from_paisa(50_000_000);
/// Percent of all limits up to which debt costs nothing.
pub const FREE_USE: i64 = 30;

text_enum! {
    /// What a score says in one word.
    pub enum Band {
        /// 750 and more.
        Excellent = "EXCELLENT",
        /// 650 and more.
        Good = "GOOD",
        /// 550 and more.
        Fair = "FAIR",
        /// 450 and more.
        Weak = "WEAK",
        /// Below that.
        Poor = "POOR",
    }
}

impl Band {
    /// The band of a score.
    pub const fn of(score: i64) -> Self {
        match score {
            750.. => Self::Excellent,
            650.. => Self::Good,
            550.. => Self::Fair,
            450.. => Self::Weak,
            _ => Self::Poor,
        }
    }
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Component {
    /// Whether what fell due was paid on time.
    PaymentHistory,
    /// How much of all limits is owed.
    DebtRatio,
    /// What was delivered lately.
    OrderVolume,
    /// How long ago the first delivery was.
    AccountAge,
}

impl Component {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::PaymentHistory, Self::DebtRatio, Self::OrderVolume, Self::AccountAge];

    /// Its weight in percent.
    pub const fn weight(self) -> i64 {
        match self {
            Self::PaymentHistory => 40,
            Self::DebtRatio => 30,
            Self::OrderVolume => 20,
            Self::AccountAge => 10,
        }
    }

    /// The most points that it gives.
    pub const fn most_points(self) -> i64 {
        self.weight().saturating_mul(SPAN) / 100
    }
}

/// How a cycle is rated by its days overdue: the days up to which, and tenths of its principal.
const STEPS: [(i64, i64); 4] = [(0, 10), (7, 8), (15, 5), (30, 2)];

/// The tenths of its principal that a cycle counts which is, or was at its end, so many days overdue.
pub fn tenths(days_overdue: i64) -> i64 {
    STEPS.iter().find(|(most, _)| days_overdue <= *most).map_or(0, |(_, tenths)| *tenths)
}

/// The last day overdue on which a cycle keeps the rating that it has, unless it is the lowest already.
pub fn last_day_of_step(days_overdue: i64) -> Option<i64> {
    STEPS.iter().find(|(most, _)| days_overdue <= *most).map(|(most, _)| *most)
}

/// The principal of cycles that ended, and the tenths of it that count.
fn parts(ended: &Ended) -> [(Money, i64); 6] {
    [
        (ended.on_time, 10),
        (ended.d1to7, 8),
        (ended.d8to15, 5),
        (ended.d16to30, 2),
        (ended.over30, 0),
        (ended.written_off, 0),
    ]
}

/// Everything that a score is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The day.
    pub on: BusinessDate,
    /// Cycles that ended, due or repaid in the last 365 days.
    pub ended: Ended,
    /// What is open, disputed cycles apart.
    pub open: Vec<OpenCycle>,
    /// All limits together.
    #[serde(with = "kernel::sum")]
    pub limit: Money,
    /// All that is owed.
    #[serde(with = "kernel::sum")]
    pub outstanding: Money,
    /// The price of what arrived in the last 90 days.
    #[serde(with = "kernel::sum")]
    pub delivered: Money,
    /// The day of the first delivered order.
    pub first_delivery: Option<BusinessDate>,
}

impl Facts {
    /// Whether an open cycle is rated: it fell due in the last 365 days, or it is overdue.
    pub fn counts(&self, cycle: &OpenCycle) -> bool {
        let since = self.on.days_since(cycle.due_on);
        cycle.days_overdue > 0 || (0..DISCIPLINE_DAYS).contains(&since)
    }

    /// Days since the first delivery; none before it.
    pub fn age(&self) -> Option<i64> {
        self.first_delivery.map(|first| self.on.days_since(first))
    }

    /// Principal with the tenths of it that count.
    fn rated(&self) -> impl Iterator<Item = (Money, i64)> {
        let open = self.open.iter().filter(|cycle| self.counts(cycle));
        let open =
            open.map(|cycle| (cycle.principal, if cycle.is_written_off { 0 } else { tenths(cycle.days_overdue) }));
        parts(&self.ended).into_iter().chain(open)
    }

    /// Principal that is rated, and what of it was paid on time, or is not overdue.
    pub fn rated_and_on_time(&self) -> (Money, Money) {
        let add = |sum: Money, amount: Money| sum.plus(amount).unwrap_or(sum);
        self.rated().fold((Money::ZERO, Money::ZERO), |(all, on_time), (principal, tenths)| {
            (add(all, principal), if tenths == 10 { add(on_time, principal) } else { on_time })
        })
    }
}

/// A score with its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// 300 to 900.
    pub score: i64,
    /// Whether there is no cycle to judge by.
    pub is_thin: bool,
    /// The components in the order of [`Component::ALL`], in units.
    pub values: [i64; 4],
}

impl Score {
    /// The score of facts.
    pub fn of(facts: &Facts) -> Self {
        let payment = payment_history(facts);
        let values = [payment.unwrap_or(UNIT / 2), debt_ratio(facts), order_volume(facts), account_age(facts)];
        Self { score: total(values), is_thin: payment.is_none(), values }
    }

    /// Its band.
    pub const fn band(&self) -> Band {
        Band::of(self.score)
    }

    /// A component's value in units.
    pub fn value(&self, component: Component) -> i64 {
        Component::ALL.iter().zip(self.values).find(|(of, _)| **of == component).map_or(0, |(_, value)| value)
    }

    /// All points above the lowest score in units, before they are rounded.
    pub fn exact(&self) -> i128 {
        Component::ALL.iter().map(|component| points(*component, self.value(*component))).sum()
    }
}

/// The points that a value of a component gives, in units.
pub fn points(component: Component, value: i64) -> i128 {
    i128::from(value).saturating_mul(i128::from(component.most_points()))
}

/// The score that components give, in the order of [`Component::ALL`].
pub fn total(values: [i64; 4]) -> i64 {
    let points: i128 = Component::ALL.iter().zip(values).map(|(component, value)| points(*component, value)).sum();
    let rounded = div_half_even(points, i128::from(UNIT)).and_then(|points| i64::try_from(points).ok());
    LEAST.saturating_add(rounded.unwrap_or(0)).clamp(LEAST, LEAST + SPAN)
}

/// A share in units, rounded half to even, between 0 and 1.
fn share(numerator: i128, denominator: i128) -> i64 {
    let share = numerator.checked_mul(i128::from(UNIT)).and_then(|scaled| div_half_even(scaled, denominator));
    share.and_then(|share| i64::try_from(share).ok()).unwrap_or(UNIT).clamp(0, UNIT)
}

/// None where there is no cycle to judge by.
fn payment_history(facts: &Facts) -> Option<i64> {
    let (mut rated, mut principal) = (0_i128, 0_i128);
    for (amount, tenths) in facts.rated() {
        let amount = i128::from(amount.paisa());
        rated = rated.saturating_add(amount.saturating_mul(i128::from(tenths)));
        principal = principal.saturating_add(amount);
    }
    (principal > 0).then(|| share(rated, principal.saturating_mul(10)))
}

/// 1 up to 30 % of all limits, in proportion to 0 at all of them.
fn debt_ratio(facts: &Facts) -> i64 {
    if !facts.limit.is_positive() {
        return UNIT / 2;
    }
    let (limit, used) = (i128::from(facts.limit.paisa()), i128::from(facts.outstanding.paisa()));
    let costly = i128::from(100 - FREE_USE);
    share(limit.saturating_sub(used).saturating_mul(100).max(0), limit.saturating_mul(costly))
}

fn account_age(facts: &Facts) -> i64 {
    share(facts.age().unwrap_or(0).clamp(0, FULL_AGE).into(), FULL_AGE.into())
}

/// `log10(1 + 9 × delivered ÷ 5 lakh)`.
fn order_volume(facts: &Facts) -> i64 {
    let delivered = facts.delivered.or_zero().min(FULL_VOLUME);
    let full = i128::from(FULL_VOLUME.paisa());
    log10(full.saturating_add(i128::from(delivered.paisa()).saturating_mul(9)), full)
}

/// Bits behind the point that the logarithm is computed with.
const FRACTION_BITS: u32 = 60;
/// Binary places of the logarithm: the last is less than a unit.
const PLACES: u32 = 44;

/// The decimal logarithm of a fraction from 1 to 10, in units. Squaring a number doubles its logarithm, so each squaring
/// tells one binary place of it: whether the square has reached 10.
fn log10(numerator: i128, denominator: i128) -> i64 {
    let ten = 10_u128 << FRACTION_BITS;
    let scaled = numerator.checked_shl(FRACTION_BITS).and_then(|scaled| scaled.checked_div(denominator));
    let mut rest = scaled.and_then(|scaled| u128::try_from(scaled).ok()).unwrap_or(0);
    if rest >= ten {
        return UNIT;
    }
    let mut logarithm = 0_i128;
    for _ in 0..PLACES {
        rest = rest.saturating_mul(rest) >> FRACTION_BITS;
        let has_reached = rest >= ten;
        if has_reached {
            rest /= 10;
        }
        logarithm = logarithm.saturating_mul(2).saturating_add(has_reached.into());
    }
    share(logarithm, 1_i128 << PLACES)
}

#[cfg(test)]
pub(crate) mod tests {
    use kernel::{CycleId, VendorId};
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn rupees(amount: i64) -> Money {
        Money::from_rupees(amount).unwrap()
    }

    pub(crate) fn nothing() -> Facts {
        Facts {
            on: "2026-03-31".parse().unwrap(),
            ended: Ended::default(),
            open: Vec::new(),
            limit: rupees(100_000),
            outstanding: Money::ZERO,
            delivered: Money::ZERO,
            first_delivery: None,
        }
    }

    fn before(facts: &Facts, days: i64) -> BusinessDate {
        facts.on.plus_days(-days)
    }

    pub(crate) fn open(principal: i64, days_overdue: i64) -> OpenCycle {
        use kernel::Id as _;
        let on: BusinessDate = "2026-03-31".parse().unwrap();
        OpenCycle {
            id: CycleId::from_bits(1),
            vendor_id: VendorId::from_bits(1),
            number: "AB-101".to_owned(),
            principal: rupees(principal),
            outstanding: rupees(principal),
            due_on: on.plus_days(-days_overdue),
            days_overdue: days_overdue.max(0),
            is_written_off: false,
        }
    }

    #[test]
    fn all_on_time_little_used_much_ordered_for_two_years_is_900() {
        let mut facts = nothing();
        facts.ended.on_time = rupees(500_000);
        (facts.outstanding, facts.delivered) = (rupees(20_000), rupees(500_000));
        facts.first_delivery = Some(before(&facts, 730));
        let score = Score::of(&facts);
        assert_eq!((score.score, score.band(), score.is_thin), (900, Band::Excellent, false));
        assert_eq!(score.values, [UNIT; 4]);
    }

    #[test]
    fn no_history_at_all_is_600_and_thin() {
        let score = Score::of(&nothing());
        assert_eq!((score.score, score.band(), score.is_thin), (600, Band::Fair, true));
        assert_eq!(score.values, [UNIT / 2, UNIT, 0, 0]);
    }

    #[test]
    fn half_on_time_half_ten_days_late_is_636() {
        let mut facts = nothing();
        facts.ended.on_time = rupees(40_000);
        facts.ended.d8to15 = rupees(40_000);
        (facts.outstanding, facts.delivered) = (rupees(65_000), rupees(100_000));
        facts.first_delivery = Some(before(&facts, 73));
        let score = Score::of(&facts);
        assert_eq!(score.score, 636);
        assert_eq!([score.values[0], score.values[1], score.values[3]], [UNIT * 3 / 4, UNIT / 2, UNIT / 5]);
        // log10(2.8) = 0.447158031342219…
        assert_eq!(score.values[2], 447_158_031_342);
    }

    #[test]
    fn the_volume_is_the_logarithm_to_the_last_digit_but_one() {
        // Values of log10(1 + 9r) from a table of twenty digits, cut to twelve.
        let of = |delivered| {
            let facts = Facts { delivered: Money::from_paisa(delivered), ..nothing() };
            Score::of(&facts).values[2]
        };
        for (delivered, right) in [
            (0, 0),
            (1, 78_173),
            (5_555_556, 301_030_013_036),
            (10_000_000, 447_158_031_342),
            (25_000_000, 740_362_689_494),
            (49_999_999, 999_999_992_183),
            (50_000_000, UNIT),
            (i64::MAX, UNIT),
            (-1, 0),
        ] {
            assert!((of(delivered) - right).abs() <= 1, "{delivered}: {} is not {right}", of(delivered));
        }
    }

    #[test]
    fn days_overdue_rate_a_cycle_whether_it_is_open_or_ended() {
        assert_eq!([-3, 0, 1, 7, 8, 15, 16, 30, 31].map(tenths), [10, 10, 8, 8, 5, 5, 2, 2, 0]);
        assert_eq!([0, 1, 15, 16, 31].map(last_day_of_step), [Some(0), Some(7), Some(15), Some(30), None]);
        for days in 0..40 {
            let mut ended = nothing();
            ended.ended.add(days, rupees(1_000)).unwrap();
            let still_open = Facts { open: vec![open(1_000, days)], ..nothing() };
            assert_eq!(Score::of(&ended).values[0], Score::of(&still_open).values[0], "{days} days");
        }
    }

    #[test]
    fn an_open_cycle_counts_from_its_due_date_and_as_long_as_it_is_overdue() {
        let counts = |days| nothing().counts(&open(1_000, days));
        assert_eq!([-1, 0, 1, 400].map(counts), [false, true, true, true]);
        let old = |days_overdue| OpenCycle { days_overdue, ..open(1_000, 400) };
        assert!(!nothing().counts(&old(0)), "it fell due long ago, and disputes took all days since");
        let given_up = OpenCycle { is_written_off: true, ..open(1_000, 0) };
        assert_eq!(Score::of(&Facts { open: vec![given_up], ..nothing() }).values[0], 0);
        assert!(Score::of(&Facts { open: vec![open(1_000, -5)], ..nothing() }).is_thin);
    }

    #[test]
    fn debt_costs_from_30_percent_to_all_of_it() {
        let of = |outstanding, limit| {
            Score::of(&Facts { outstanding: rupees(outstanding), limit: rupees(limit), ..nothing() }).values[1]
        };
        assert_eq!([of(0, 100), of(30, 100), of(65, 100), of(100, 100), of(150, 100)], [UNIT, UNIT, UNIT / 2, 0, 0]);
        assert_eq!((of(0, 0), of(50, 0)), (UNIT / 2, UNIT / 2));
    }

    #[test]
    fn bands_begin_where_they_are_said_to() {
        let ends = [300, 449, 450, 549, 550, 649, 650, 749, 750, 900].map(|score| Band::of(score).to_string());
        let right = ["POOR", "POOR", "WEAK", "WEAK", "FAIR", "FAIR", "GOOD", "GOOD", "EXCELLENT", "EXCELLENT"];
        assert_eq!(ends, right);
    }

    #[test]
    fn a_half_goes_to_the_even_number() {
        // 600 × 0.10 × v is a half at v = 1/120 and 3/120.
        let half = |count: i64| total([0, 0, 0, UNIT / 1_000 * 25 / 3 * count]);
        assert_eq!((half(0), total([0, 0, 0, UNIT / 40])), (300, 302));
        assert_eq!(total([0, 0, 0, UNIT / 40 - 1]), 301);
        assert_eq!(total([UNIT / 480, 0, 0, 0]), 300, "half a point");
    }

    proptest! {
        #[test]
        fn a_score_stays_in_its_bounds_and_grows_with_what_is_good(
            paid in proptest::array::uniform6(0_i64..1_000_000_000_000), limit in 0_i64..1_000_000_000_000,
            outstanding in 0_i64..1_000_000_000_000, delivered in 0_i64..1_000_000_000_000, days in 0_i64..2_000,
            overdue in 0_i64..100,
        ) {
            let [on_time, d1to7, d8to15, d16to30, over30, written_off] = paid.map(Money::from_paisa);
            let facts = Facts {
                ended: Ended { on_time, d1to7, d8to15, d16to30, over30, written_off },
                open: vec![open(1_000, overdue)],
                limit: Money::from_paisa(limit), outstanding: Money::from_paisa(outstanding),
                delivered: Money::from_paisa(delivered), first_delivery: Some(before(&nothing(), days)), ..nothing()
            };
            let score = Score::of(&facts);
            prop_assert!((300..=900).contains(&score.score));
            prop_assert!(score.values.iter().all(|value| (0..=UNIT).contains(value)));
            let better = [
                Facts { outstanding: Money::from_paisa(outstanding / 2), ..facts.clone() },
                Facts { delivered: Money::from_paisa(delivered + 1_000_000), ..facts.clone() },
                Facts { ended: Ended { on_time: Money::from_paisa(on_time.paisa() + 1_000_000), ..facts.ended }, ..facts.clone() },
                Facts { open: Vec::new(), ended: Ended { on_time: on_time.plus(rupees(1_000)).unwrap(), ..facts.ended }, ..facts.clone() },
            ];
            for better in better {
                prop_assert!(Score::of(&better).exact() >= score.exact(), "{:?}", better);
            }
        }
    }
}
