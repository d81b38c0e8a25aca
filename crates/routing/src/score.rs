//! Scores: 0 to 100 in hundredths, rounded half to even.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A score in hundredths of a point: 8025 is 80.25. In JSON a number with two decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(i64);

impl Hundredths {
    /// The best score.
    pub const FULL: Self = Self(10_000);
    /// The worst score.
    pub const NONE: Self = Self(0);

    /// A score given in hundredths.
    pub const fn new(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// A score of whole points.
    pub const fn points(points: i64) -> Self {
        Self(points.saturating_mul(100))
    }

    /// The score in hundredths.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `100 × numerator ÷ denominator`, rounded half to even and kept between 0 and 100; none for a zero denominator.
    pub fn share(numerator: i128, denominator: i128) -> Option<Self> {
        let hundredths = kernel::div_half_even(numerator.checked_mul(10_000)?, denominator)?;
        i64::try_from(hundredths.clamp(0, 10_000)).ok().map(Self)
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0.rem_euclid(100))
    }
}

impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: serde_json::Number = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Two decimals are read as an amount of money is: exactly.
        kernel::Money::deserialize(deserializer).map(|amount| Self(amount.paisa()))
    }
}

impl utoipa::PartialSchema for Hundredths {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("0 to 100 with two decimals."))
            .into()
    }
}

impl utoipa::ToSchema for Hundredths {
    fn name() -> std::borrow::Cow<'static, str> {
        "Score".into()
    }
}
