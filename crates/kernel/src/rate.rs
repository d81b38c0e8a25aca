//! Rates in basis points.

use serde::{Deserialize, Serialize};

use crate::money::{Money, Overflow};

/// A rate in basis points: 500 is 5 %. Never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Rate(u32);

impl Rate {
    /// No rate at all.
    pub const ZERO: Self = Self(0);

    /// Basis points in the whole.
    pub const WHOLE: u32 = 10_000;

    /// A rate given in basis points.
    pub const fn from_basis_points(basis_points: u32) -> Self {
        Self(basis_points)
    }

    /// The rate in basis points.
    pub const fn basis_points(self) -> u32 {
        self.0
    }

    /// This share of an amount, rounded half to even to the paisa.
    pub fn of(self, amount: Money) -> Result<Money, Overflow> {
        amount.scaled(i128::from(self.0), i128::from(Self::WHOLE))
    }

    /// Simple interest at this yearly rate on an amount for a number of days, actual / 365, rounded half to even once.
    pub fn simple_interest(self, principal: Money, days: i64) -> Result<Money, Overflow> {
        let numerator = i128::from(self.0).checked_mul(i128::from(days)).ok_or(Overflow)?;
        principal.scaled(numerator, 3_650_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounds_once_at_the_end() {
        let rate = Rate::from_basis_points(500);
        assert_eq!(rate.basis_points(), 500);
        assert_eq!(rate.of(Money::from_paisa(10_030)), Ok(Money::from_paisa(502)));
        assert_eq!(rate.of(Money::from_paisa(110)), Ok(Money::from_paisa(6)));
        assert_eq!(rate.of(Money::from_paisa(130)), Ok(Money::from_paisa(6)));
    }

    proptest! {
        #[test]
        fn a_share_never_passes_the_whole(basis_points in 0_u32..=10_000, paisa in 0_i64..=i64::MAX) {
            let share = Rate::from_basis_points(basis_points).of(Money::from_paisa(paisa)).unwrap();
            prop_assert!(share >= Money::ZERO && share <= Money::from_paisa(paisa));
        }

        #[test]
        fn a_year_of_interest_is_the_yearly_share(basis_points in 0_u32..=1_000, paisa in 0_i64..1_000_000_000_000) {
            let (rate, principal) = (Rate::from_basis_points(basis_points), Money::from_paisa(paisa));
            prop_assert_eq!(rate.simple_interest(principal, 365), rate.of(principal));
        }
    }
}
