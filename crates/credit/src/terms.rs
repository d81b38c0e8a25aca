//! Settlement: what a repayment of so much principal costs in cash on a day. Pure.
//!
//! Discounts reward early repayment, interest arises on late repayment, and the legal guard (Muluki Civil Code 2074,
//! sections 478 and 481) bounds interest: at most 10 % a year, simple, and over a cycle's life never more than its
//! principal. Terms can lower that bound, not raise it.

use kernel::{BusinessDate, Money, Overflow, Rate};
use serde::{Deserialize, Serialize};

use crate::standstill::Standstill;

/// The most interest that the law allows: 10 % a year.
pub const LEGAL_INTEREST: Rate = Rate::from_basis_points(1_000);
/// The largest discount. At one half every paisa of principal still costs a paisa of cash or more.
pub const LARGEST_DISCOUNT: Rate = Rate::from_basis_points(5_000);
/// The smallest repayment, unless it is the rest: one rupee, so that splitting gains nothing by rounding.
pub const SMALLEST_REPAYMENT: Money = Money::from_paisa(100);
/// Rows of discounts.
const MOST_ROWS: usize = 20;

/// One step of the discounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discount {
    /// The last age in days, counted from the cycle's start, at which it holds.
    pub through_day: i64,
    /// In basis points of the principal.
    pub rate: Rate,
}

/// Settlement terms of a line. A cycle keeps the version that was in force at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettlementTerms {
    /// By age, rising; the rates never rise with age.
    pub discounts: Vec<Discount>,
    /// Simple yearly interest on principal that is repaid late, in basis points; 0 is none.
    #[serde(default)]
    pub late_interest_bp_year: Rate,
    /// Days after the due date that bear no interest.
    #[serde(default)]
    pub grace_days: i64,
}

/// Why settlement terms are refused: the field and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {right}")]
pub struct BadTerms {
    /// The field's name in JSON.
    pub field: &'static str,
    /// What would be right.
    pub right: &'static str,
}

impl SettlementTerms {
    /// 5 % through the last day of the terms, no interest.
    pub fn standard(terms_days: i64) -> Self {
        Self {
            discounts: vec![Discount { through_day: terms_days, rate: Rate::from_basis_points(500) }],
            late_interest_bp_year: Rate::ZERO,
            grace_days: 0,
        }
    }

    /// Whether the terms may be given on a line with so many days.
    pub fn checked(self, terms_days: i64) -> Result<Self, BadTerms> {
        let refuse = |field, right| Err(BadTerms { field, right });
        if self.discounts.len() > MOST_ROWS {
            return refuse("discounts", "at most 20 rows");
        }
        let mut last: Option<Discount> = None;
        for row in &self.discounts {
            if !(0..=terms_days).contains(&row.through_day) {
                return refuse("discounts.throughDay", "0 to the line's days; no discount holds past the due date");
            }
            if row.rate > LARGEST_DISCOUNT {
                return refuse("discounts.rate", "0 to 5000 basis points");
            }
            if last.is_some_and(|last| row.through_day <= last.through_day || row.rate > last.rate) {
                return refuse("discounts", "days rising from row to row, rates never rising");
            }
            last = Some(*row);
        }
        if self.late_interest_bp_year > LEGAL_INTEREST {
            return refuse("lateInterestBpYear", "0 to 1000 basis points a year, the most that the law allows");
        }
        if !(0..=365).contains(&self.grace_days) {
            return refuse("graceDays", "0 to 365 days");
        }
        Ok(self)
    }

    fn discount_at(&self, age_days: i64) -> Rate {
        self.discounts.iter().find(|row| row.through_day >= age_days).map_or(Rate::ZERO, |row| row.rate)
    }
}

/// What a settlement of a cycle is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleFacts {
    /// What was delivered on credit.
    pub principal: Money,
    /// What of it is still open.
    pub outstanding: Money,
    /// Interest charged by earlier repayments.
    pub interest_charged: Money,
    /// The day on which it began.
    pub started_on: BusinessDate,
    /// The day on which it is due.
    pub due_on: BusinessDate,
    /// The days that do not count as overdue.
    pub standstill: Standstill,
}

/// What is asked for: to settle so much principal, to use so much cash, or to record what two people agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Principal to settle.
    Principal(Money),
    /// Cash to use.
    Cash(Money),
    /// Principal that so much cash settled before the platform: less cash is a discount that was given, more is interest
    /// that was taken. The terms have no say in it, the law does.
    Agreed {
        /// Principal that was settled.
        principal: Money,
        /// Cash that was paid.
        cash: Money,
    },
}

/// What a repayment comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settlement {
    /// Principal that is settled.
    pub principal: Money,
    /// The discount rate, in basis points.
    pub discount_rate: Rate,
    /// The discount on it.
    pub discount: Money,
    /// Days that bear interest.
    pub interest_days: i64,
    /// The interest on it.
    pub interest: Money,
    /// Paisa of the cash that no principal matches.
    pub rounding: Money,
    /// What is paid: principal less discount, with interest and rounding.
    pub cash: Money,
}

/// Why an amount cannot be repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAmount {
    /// More than is open, by principal or by cash.
    Overpayment {
        /// The open principal.
        maximum: Money,
        /// What settling all of it costs on that day.
        maximum_cash: Money,
    },
    /// Below the smallest repayment, and not the rest.
    BelowMinimum {
        /// The smallest principal.
        minimum: Money,
        /// What that costs on that day.
        minimum_cash: Money,
    },
    /// Agreed cash that is too little or too much for the agreed principal.
    Agreed {
        /// The least cash: the principal less the largest discount.
        least: Money,
        /// The most cash: the principal with the most interest that the law allows.
        most: Money,
    },
    /// Too large to compute with.
    Overflow,
}

impl From<Overflow> for BadAmount {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

/// The rates that hold for a cycle on a day.
#[derive(Clone, Copy, Debug)]
struct Day {
    discount_rate: Rate,
    interest_rate: Rate,
    interest_days: i64,
    interest_left: Money,
}

impl Day {
    fn of(facts: &CycleFacts, terms: &SettlementTerms, on: BusinessDate) -> Result<Self, Overflow> {
        let is_early = on <= facts.due_on;
        let age_days = on.days_since(facts.started_on);
        let late_days = facts.standstill.days_late(facts.due_on, on).saturating_sub(terms.grace_days).max(0);
        Ok(Self {
            discount_rate: if is_early { terms.discount_at(age_days) } else { Rate::ZERO },
            interest_rate: terms.late_interest_bp_year.min(LEGAL_INTEREST),
            interest_days: late_days,
            interest_left: facts.principal.minus(facts.interest_charged)?.or_zero(),
        })
    }

    fn settle(self, principal: Money) -> Result<Settlement, Overflow> {
        let discount = self.discount_rate.of(principal)?;
        let interest = self.interest_rate.simple_interest(principal, self.interest_days)?.min(self.interest_left);
        Ok(Settlement {
            principal,
            discount_rate: self.discount_rate,
            discount,
            interest_days: self.interest_days,
            interest,
            rounding: Money::ZERO,
            cash: principal.minus(discount)?.plus(interest)?,
        })
    }

    /// What was agreed on before the platform, inside the bounds of any terms that could have held.
    fn agreed(self, principal: Money, cash: Money) -> Result<Settlement, BadAmount> {
        let least = principal.minus(LARGEST_DISCOUNT.of(principal)?)?;
        let lawful = LEGAL_INTEREST.simple_interest(principal, self.interest_days)?.min(self.interest_left);
        let most = principal.plus(lawful)?;
        if cash < least || cash > most {
            return Err(BadAmount::Agreed { least, most });
        }
        Ok(Settlement {
            principal,
            discount_rate: Rate::ZERO,
            discount: principal.minus(cash)?.or_zero(),
            interest_days: self.interest_days,
            interest: cash.minus(principal)?.or_zero(),
            rounding: Money::ZERO,
            cash,
        })
    }

    /// The largest principal up to `most` whose cash due is not above the cash. Cash due never falls as principal rises,
    /// so it is found by halving.
    fn principal_for_cash(self, cash: Money, most: Money) -> Result<Money, Overflow> {
        let (mut fits, mut beyond) = (0_i64, most.paisa().saturating_add(1));
        while beyond.saturating_sub(fits) > 1 {
            let middle = fits.midpoint(beyond);
            if self.settle(Money::from_paisa(middle))?.cash <= cash {
                fits = middle;
            } else {
                beyond = middle;
            }
        }
        Ok(Money::from_paisa(fits))
    }
}

/// What settling part of a cycle comes to on a day.
pub fn settle(
    facts: &CycleFacts,
    terms: &SettlementTerms,
    ask: Ask,
    on: BusinessDate,
) -> Result<Settlement, BadAmount> {
    let day = Day::of(facts, terms, on)?;
    let whole = day.settle(facts.outstanding)?;
    let settlement = match ask {
        Ask::Principal(principal) if principal > whole.principal => return Err(too_much(&whole)),
        Ask::Principal(principal) => day.settle(principal.or_zero())?,
        Ask::Agreed { principal, .. } if principal > whole.principal => return Err(too_much(&whole)),
        Ask::Agreed { principal, cash } => day.agreed(principal.or_zero(), cash)?,
        Ask::Cash(cash) if cash > whole.cash => return Err(too_much(&whole)),
        Ask::Cash(cash) => {
            let matched = day.settle(day.principal_for_cash(cash.or_zero(), whole.principal)?)?;
            Settlement { rounding: cash.or_zero().minus(matched.cash)?, cash: cash.or_zero(), ..matched }
        }
    };
    let minimum = SMALLEST_REPAYMENT.min(whole.principal);
    if settlement.principal < minimum || !settlement.principal.is_positive() {
        return Err(BadAmount::BelowMinimum { minimum, minimum_cash: day.settle(minimum)?.cash });
    }
    Ok(settlement)
}

const fn too_much(whole: &Settlement) -> BadAmount {
    BadAmount::Overpayment { maximum: whole.principal, maximum_cash: whole.cash }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn cycle(principal: Money) -> CycleFacts {
        let started_on = date("2026-03-01");
        CycleFacts {
            principal,
            outstanding: principal,
            interest_charged: Money::ZERO,
            started_on,
            due_on: started_on.plus_days(30),
            standstill: Standstill::default(),
        }
    }

    fn with_interest(basis_points: u32) -> SettlementTerms {
        SettlementTerms {
            late_interest_bp_year: Rate::from_basis_points(basis_points),
            ..SettlementTerms::standard(30)
        }
    }

    #[test]
    fn the_discount_ends_with_the_terms_and_interest_begins_the_day_after() {
        let (facts, terms) = (cycle(money("3650.00")), with_interest(1_000));
        let cash_on = |day| settle(&facts, &terms, Ask::Principal(money("3650.00")), date(day)).unwrap().cash;
        assert_eq!(cash_on("2026-03-31"), money("3467.50"));
        assert_eq!(cash_on("2026-04-01"), money("3651.00"));
        let patient = SettlementTerms { grace_days: 5, ..terms.clone() };
        let later = settle(&facts, &patient, Ask::Principal(money("3650.00")), date("2026-04-06")).unwrap();
        assert_eq!((later.interest_days, later.interest), (1, money("1.00")));
    }

    #[test]
    fn interest_over_a_life_never_passes_the_principal() {
        let facts =
            CycleFacts { outstanding: money("400.00"), interest_charged: money("990.00"), ..cycle(money("1000.00")) };
        let paid = settle(&facts, &with_interest(1_000), Ask::Principal(money("400.00")), date("2036-03-31")).unwrap();
        assert_eq!(paid.interest, money("10.00"));
    }

    #[test]
    fn what_was_agreed_on_is_taken_inside_the_law() {
        let (facts, terms) = (cycle(money("1000.00")), SettlementTerms::standard(30));
        let agreed = |facts: &CycleFacts, cash: &str, on: &str| {
            let ask = Ask::Agreed { principal: money("1000.00"), cash: money(cash) };
            settle(facts, &terms, ask, date(on)).map(|paid| (paid.discount.to_string(), paid.interest.to_string()))
        };
        let split = |discount: &str, interest: &str| Ok((discount.to_owned(), interest.to_owned()));
        let bounds = |least: &str, most: &str| Err(BadAmount::Agreed { least: money(least), most: money(most) });
        assert_eq!(agreed(&facts, "1000.00", "2026-03-05"), split("0.00", "0.00"));
        assert_eq!(agreed(&facts, "500.00", "2027-01-01"), split("500.00", "0.00"));
        assert_eq!(agreed(&facts, "499.99", "2026-03-05"), bounds("500.00", "1000.00"));
        // A year past the due date the law allows 10 %, less what was charged before where that reaches the principal.
        assert_eq!(agreed(&facts, "1100.00", "2027-03-31"), split("0.00", "100.00"));
        assert_eq!(agreed(&facts, "1100.01", "2027-03-31"), bounds("500.00", "1100.00"));
        let charged = CycleFacts { interest_charged: money("990.00"), ..facts };
        assert_eq!(agreed(&charged, "1010.01", "2027-03-31"), bounds("500.00", "1010.00"));
    }

    #[test]
    fn terms_cannot_raise_the_legal_bound() {
        let right = |terms: SettlementTerms| terms.checked(30).map_err(|bad| bad.field).err();
        let rows = |rows: &[(i64, u32)]| SettlementTerms {
            discounts: rows
                .iter()
                .map(|&(through_day, rate)| Discount { through_day, rate: Rate::from_basis_points(rate) })
                .collect(),
            ..SettlementTerms::standard(30)
        };
        assert_eq!(right(with_interest(1_000)), None);
        assert_eq!(right(with_interest(1_001)), Some("lateInterestBpYear"));
        assert_eq!(right(rows(&[(7, 700), (30, 300)])), None);
        assert_eq!(right(rows(&[(7, 300), (30, 700)])), Some("discounts"));
        assert_eq!(right(rows(&[(7, 300), (7, 200)])), Some("discounts"));
        assert_eq!(right(rows(&[(31, 300)])), Some("discounts.throughDay"));
        assert_eq!(right(rows(&[(-1, 300)])), Some("discounts.throughDay"));
        assert_eq!(right(rows(&[(7, 5_001)])), Some("discounts.rate"));
        assert_eq!(right(rows(&[(7, 5_000)])), None);
        let daily = |days| rows(&(0..days).map(|day| (day, 300)).collect::<Vec<_>>());
        assert_eq!((right(daily(20)), right(daily(21))), (None, Some("discounts")));
        let patient = |grace_days| right(SettlementTerms { grace_days, ..SettlementTerms::standard(30) });
        assert_eq!((patient(0), patient(365)), (None, None));
        assert_eq!((patient(-1), patient(366)), (Some("graceDays"), Some("graceDays")));
        // Terms that were stored otherwise are still bounded when they are applied.
        let paid = settle(
            &cycle(money("3650.00")),
            &with_interest(9_000),
            Ask::Principal(money("3650.00")),
            date("2026-04-10"),
        )
        .unwrap();
        assert_eq!(paid.interest, money("10.00"));
    }

    #[test]
    fn a_year_by_days_is_a_year_at_once() {
        let (facts, terms) = (cycle(money("1000.00")), with_interest(1_000));
        let at = |day: BusinessDate| settle(&facts, &terms, Ask::Principal(money("1000.00")), day).unwrap().interest;
        assert_eq!(at(date("2026-03-31").plus_days(365)), money("100.00"));
        assert_eq!(at(date("2026-03-31").plus_days(1)), money("0.27"));
    }

    fn scenario() -> impl Strategy<Value = (CycleFacts, SettlementTerms, BusinessDate)> {
        (1_i64..5_000_000, 0_i64..100, 0_u32..=5_000, 0_u32..=1_000, 0_i64..4_000, 0_i64..100).prop_map(
            |(principal, repaid_share, discount, interest, age, charged_share)| {
                let principal_money = Money::from_paisa(principal);
                let outstanding = Money::from_paisa((principal - principal * repaid_share / 100).max(1));
                let charged = Money::from_paisa(principal * charged_share / 100);
                let facts = CycleFacts { outstanding, interest_charged: charged, ..cycle(principal_money) };
                let row = Discount { through_day: 30, rate: Rate::from_basis_points(discount) };
                let terms = SettlementTerms { discounts: vec![row], ..with_interest(interest) };
                (facts, terms, date("2026-03-01").plus_days(age))
            },
        )
    }

    proptest! {
        #[test]
        fn cash_due_never_falls_and_is_never_nothing((facts, terms, on) in scenario(), at in 0_i64..5_000_000) {
            let day = Day::of(&facts, &terms, on).unwrap();
            let due = |paisa| day.settle(Money::from_paisa(paisa)).unwrap().cash;
            prop_assert!(due(at) <= due(at + 1));
            prop_assert!(due(at + 1).is_positive());
        }

        #[test]
        fn cash_settles_the_largest_principal_it_can((facts, terms, on) in scenario(), share in 0_i64..=100) {
            let day = Day::of(&facts, &terms, on).unwrap();
            let whole = day.settle(facts.outstanding).unwrap();
            let cash = Money::from_paisa(whole.cash.paisa() * share / 100);
            let principal = day.principal_for_cash(cash, facts.outstanding).unwrap();
            prop_assert!(day.settle(principal).unwrap().cash <= cash);
            let next = principal.plus(Money::from_paisa(1)).unwrap();
            prop_assert!(next > facts.outstanding || day.settle(next).unwrap().cash > cash);
            match settle(&facts, &terms, Ask::Cash(cash), on) {
                Ok(paid) => {
                    prop_assert_eq!((paid.principal, paid.cash), (principal, cash));
                    prop_assert_eq!(paid.rounding, cash.minus(day.settle(principal).unwrap().cash).unwrap());
                    prop_assert!(!paid.rounding.is_negative());
                }
                Err(BadAmount::BelowMinimum { minimum, .. }) => prop_assert!(principal < minimum),
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn a_paisa_too_much_is_refused_with_the_maximum((facts, terms, on) in scenario()) {
            let whole = Day::of(&facts, &terms, on).unwrap().settle(facts.outstanding).unwrap();
            let refused = Err(BadAmount::Overpayment { maximum: facts.outstanding, maximum_cash: whole.cash });
            let more = |amount: Money| amount.plus(Money::from_paisa(1)).unwrap();
            prop_assert_eq!(settle(&facts, &terms, Ask::Principal(more(facts.outstanding)), on), refused);
            let agreed = Ask::Agreed { principal: more(facts.outstanding), cash: more(facts.outstanding) };
            prop_assert_eq!(settle(&facts, &terms, agreed, on), refused);
            prop_assert_eq!(settle(&facts, &terms, Ask::Cash(more(whole.cash)), on), refused);
            prop_assert_eq!(settle(&facts, &terms, Ask::Cash(whole.cash), on).unwrap().principal, facts.outstanding);
        }

        #[test]
        fn interest_is_within_the_law((facts, terms, on) in scenario()) {
            let paid = Day::of(&facts, &terms, on).unwrap().settle(facts.outstanding).unwrap();
            prop_assert!(facts.interest_charged.plus(paid.interest).unwrap() <= facts.principal);
            let bound = LEGAL_INTEREST.simple_interest(facts.outstanding, paid.interest_days).unwrap();
            prop_assert!(paid.interest <= bound);
            prop_assert!(paid.discount.is_zero() || paid.interest.is_zero());
        }
    }
}
