//! Amounts of money: whole paisa in 64 bits, never a fraction, never a silent wrap.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of Nepali rupees as a whole number of paisa (100 paisa make a rupee). May be negative.
///
/// Arithmetic is by the checked methods; there is no `+`. In JSON it is a string of rupees with two decimals
/// (`"5000.00"`); a string or a number with at most two decimals is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// The result of an operation on money does not fit 64 bits of paisa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large to hold")]
pub struct Overflow;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one decimal point (scientific notation and separators are refused too).
    #[error("an amount is rupees with at most two decimals, like \"5000.00\"")]
    Malformed,
    /// More than two decimals: a paisa cannot be split.
    #[error("an amount has at most two decimals")]
    TooPrecise,
    /// Above [`Money::MOST`].
    #[error("an amount is at most {}", Money::MOST.for_people())]
    TooLarge,
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The most that one amount that somebody names may be, ten arba rupees: nine million of them still add up in 64
    /// bits of paisa.
    pub const MOST: Self = Self(1_000_000_000_000);

    /// An amount given in paisa.
    pub const fn from_paisa(paisa: i64) -> Self {
        Self(paisa)
    }

    /// An amount given in whole rupees.
    pub const fn from_rupees(rupees: i64) -> Result<Self, Overflow> {
        match rupees.checked_mul(100) {
            Some(paisa) => Ok(Self(paisa)),
            None => Err(Overflow),
        }
    }

    /// The amount in paisa.
    pub const fn paisa(self) -> i64 {
        self.0
    }

    /// This amount and another together.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// This amount less another; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// This amount taken `count` times.
    pub fn times(self, count: i64) -> Result<Self, Overflow> {
        self.0.checked_mul(count).map(Self).ok_or(Overflow)
    }

    /// The same amount with the other sign.
    pub fn negated(self) -> Result<Self, Overflow> {
        self.0.checked_neg().map(Self).ok_or(Overflow)
    }

    /// The sum of many amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// `self × numerator ÷ denominator`, computed exactly in 128 bits and rounded half to even to the paisa, once.
    ///
    /// # Errors
    /// [`Overflow`] when the product or the result does not fit, or the denominator is zero.
    pub fn scaled(self, numerator: i128, denominator: i128) -> Result<Self, Overflow> {
        let product = i128::from(self.0).checked_mul(numerator).ok_or(Overflow)?;
        let rounded = div_half_even(product, denominator).ok_or(Overflow)?;
        i64::try_from(rounded).map(Self).map_err(|_| Overflow)
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the amount is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether there is no money in it.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount, or nothing where it is negative.
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The amount as people read it: `Rs. 1,00,000.00`, grouped by lakh and crore.
    pub fn for_people(self) -> String {
        let magnitude = self.0.unsigned_abs();
        let (rupees, paisa) = (magnitude / 100, magnitude % 100);
        let sign = if self.is_negative() { "-" } else { "" };
        format!("Rs. {sign}{}.{paisa:02}", lakh_grouped(rupees))
    }
}

/// Groups digits the South Asian way: the last three, then by twos.
fn lakh_grouped(number: u64) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let mut grouped = String::new();
    for (index, digit) in head.chars().enumerate() {
        let remaining = head.len().saturating_sub(index);
        if index > 0 && remaining.is_multiple_of(2) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !head.is_empty() {
        grouped.push(',');
    }
    grouped.push_str(tail);
    grouped
}

/// Whole-number division rounded half to even. `None` for a zero denominator or an overflow.
pub fn div_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let quotient = numerator.checked_div_euclid(denominator)?;
    let remainder = numerator.checked_rem_euclid(denominator)?;
    // Euclidean remainders are never negative, so the distance to the next whole number away from the quotient is
    // |denominator| − remainder, and that neighbour lies on the side of the denominator's sign.
    let neighbour = quotient.checked_add(denominator.signum())?;
    match remainder.checked_mul(2)?.cmp(&denominator.checked_abs()?) {
        std::cmp::Ordering::Less => Some(quotient),
        std::cmp::Ordering::Equal if quotient.checked_rem(2)? == 0 => Some(quotient),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Some(neighbour),
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.is_negative() { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let amount = Self::read(text)?;
        if amount.0.unsigned_abs() > Self::MOST.0.unsigned_abs() { Err(MoneyError::TooLarge) } else { Ok(amount) }
    }
}

impl Money {
    /// The amount that a text writes, however large: a sum of amounts may be above [`Money::MOST`].
    fn read(text: &str) -> Result<Self, MoneyError> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::Malformed),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::Malformed);
        }
        if fraction.len() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        let paisa = format!("{}{whole}{fraction:0<2}", if is_negative { "-" } else { "" });
        paisa.parse().map(Self).map_err(|_| MoneyError::TooLarge)
    }
}

/// `#[serde(with = "kernel::sum")]`: a sum as the house keeps it in JSON and reads it back. It may be above
/// [`Money::MOST`], which bounds one amount that somebody names, not what many of them come to.
pub mod sum {
    use super::{Deserialize, Deserializer, Money, Serialize, Serializer, de};

    /// Writes a sum like every amount.
    pub fn serialize<S: Serializer>(sum: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        sum.serialize(serializer)
    }

    /// Reads what [`serialize`] wrote.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Money::read(&text).map_err(de::Error::custom)
    }

    /// `#[serde(with = "kernel::sum::option", default)]`: a sum that there may be.
    pub mod option {
        use super::{Deserialize, Deserializer, Money, Serialize, Serializer, de};

        /// Writes a sum like every amount, or null.
        pub fn serialize<S: Serializer>(sum: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
            sum.serialize(serializer)
        }

        /// Reads what [`serialize`] wrote.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
            let text = Option::<std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
            text.map(|text| Money::read(&text).map_err(de::Error::custom)).transpose()
        }
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MoneyVisitor)
    }
}

struct MoneyVisitor;

impl Visitor<'_> for MoneyVisitor {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rupees with at most two decimals, like \"5000.00\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, rupees: i64) -> Result<Money, E> {
        self.visit_str(&rupees.to_string())
    }

    fn visit_u64<E: de::Error>(self, rupees: u64) -> Result<Money, E> {
        self.visit_str(&rupees.to_string())
    }

    // JSON numbers with a fraction arrive as binary floating point. Its shortest decimal text is the one the sender
    // wrote as long as that had at most 15 digits; beyond those the amount must be sent as a string.
    fn visit_f64<E: de::Error>(self, rupees: f64) -> Result<Money, E> {
        let text = rupees.to_string();
        if text.bytes().filter(u8::is_ascii_digit).count() > 15 {
            return Err(E::custom("an amount of more than 15 digits must be sent as a string"));
        }
        text.parse().map_err(E::custom)
    }
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^-?\d+(\.\d{1,2})?$"))
            .description(Some("Rupees with two decimals; a number with at most two decimals is read too."))
            .examples(["5000.00"])
            .into()
    }
}

impl utoipa::ToSchema for Money {
    fn name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_people_and_programs_write() {
        assert_eq!(money("5000.00").paisa(), 500_000);
        assert_eq!(money("0.5").paisa(), 50);
        assert_eq!(money("-12").paisa(), -1_200);
        assert_eq!(serde_json::from_str::<Money>("10252.05").unwrap().paisa(), 1_025_205);
        assert_eq!(serde_json::from_str::<Money>("7").unwrap().paisa(), 700);
        assert_eq!(serde_json::from_str::<Money>("\"5000.5\"").unwrap().paisa(), 500_050);
        assert_eq!(serde_json::from_str::<Money>("1234567890.25").unwrap().paisa(), 123_456_789_025);
        assert_eq!(money("-10000000000.00"), Money::from_paisa(-Money::MOST.paisa()));
    }

    #[test]
    fn says_what_an_amount_looks_like() {
        let told = serde_json::from_str::<Money>("true").unwrap_err().to_string();
        assert!(told.contains("rupees with at most two decimals, like \"5000.00\""), "{told}");
    }

    #[test]
    fn an_amount_is_below_at_or_above_zero() {
        for (paisa, is_below, is_zero, is_above) in
            [(-1, true, false, false), (0, false, true, false), (1, false, false, true)]
        {
            let amount = Money::from_paisa(paisa);
            assert_eq!((amount.is_negative(), amount.is_zero(), amount.is_positive()), (is_below, is_zero, is_above));
            assert_eq!(amount.or_zero(), if is_above { amount } else { Money::ZERO });
            assert_eq!(amount.negated().map(Money::paisa), Ok(-paisa));
        }
        assert_eq!(Money::from_paisa(i64::MIN).negated(), Err(Overflow));
    }

    #[test]
    fn a_sum_is_all_of_it_or_too_large() {
        let all = |paisa: &[i64]| Money::sum(paisa.iter().copied().map(Money::from_paisa));
        assert_eq!(all(&[]), Ok(Money::ZERO));
        assert_eq!(all(&[5, -2, 4]), Ok(Money::from_paisa(7)));
        assert_eq!(all(&[i64::MAX, 1]), Err(Overflow));
    }

    #[test]
    fn refuses_what_is_not_an_exact_amount() {
        for (text, error) in [
            ("", MoneyError::Malformed),
            ("1.", MoneyError::Malformed),
            (".5", MoneyError::Malformed),
            ("1e3", MoneyError::Malformed),
            ("1,000", MoneyError::Malformed),
            ("+1", MoneyError::Malformed),
            ("--1", MoneyError::Malformed),
            ("1.234", MoneyError::TooPrecise),
            ("10000000000.01", MoneyError::TooLarge),
            ("-10000000000.01", MoneyError::TooLarge),
            ("92233720368547758.08", MoneyError::TooLarge),
        ] {
            assert_eq!(text.parse::<Money>(), Err(error), "{text:?}");
        }
        for json in ["1.234", "1e300", "0.1234", "true", "null", "12345678901234.56"] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_sum_that_is_kept_may_be_above_what_one_amount_may_be() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Kept {
            #[serde(with = "sum")]
            limits: Money,
            #[serde(with = "sum::option", default)]
            seen: Option<Money>,
        }
        for paisa in [i64::MIN, -1, 0, 500_000, Money::MOST.0 * 2, i64::MAX] {
            let limits = Money::from_paisa(paisa);
            let kept = Kept { limits, seen: (paisa > 0).then_some(limits) };
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept, "{text}");
        }
        assert!(serde_json::from_str::<Kept>("{\"limits\":\"1.234\"}").is_err());
    }

    #[test]
    fn groups_by_lakh() {
        assert_eq!(money("0").for_people(), "Rs. 0.00");
        assert_eq!(money("999.50").for_people(), "Rs. 999.50");
        assert_eq!(money("1000").for_people(), "Rs. 1,000.00");
        assert_eq!(money("12345").for_people(), "Rs. 12,345.00");
        assert_eq!(money("100000").for_people(), "Rs. 1,00,000.00");
        assert_eq!(money("-12345678.90").for_people(), "Rs. -1,23,45,678.90");
    }

    #[test]
    fn rounds_half_to_even_on_both_sides_of_zero() {
        let half = |paisa| Money::from_paisa(paisa).scaled(1, 2).unwrap().paisa();
        assert_eq!([half(1), half(3), half(5), half(-1), half(-3)], [0, 2, 2, 0, -2]);
    }

    proptest! {
        #[test]
        fn text_and_back(paisa in -Money::MOST.0..=Money::MOST.0) {
            let amount = Money::from_paisa(paisa);
            prop_assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
        }

        #[test]
        fn division_is_the_nearest_whole(numerator in -1_000_000_i128..1_000_000, denominator in 1_i128..10_000) {
            let quotient = div_half_even(numerator, denominator).unwrap();
            let error = (numerator - quotient * denominator).abs() * 2;
            prop_assert!(error < denominator || (error == denominator && quotient % 2 == 0));
            prop_assert_eq!(div_half_even(-numerator, denominator), Some(-quotient));
            prop_assert_eq!(div_half_even(-numerator, -denominator), Some(quotient));
        }

        #[test]
        fn overflow_is_an_error(a: i64, b: i64) {
            let (x, y) = (Money::from_paisa(a), Money::from_paisa(b));
            prop_assert_eq!(x.plus(y).ok().map(Money::paisa), a.checked_add(b));
            prop_assert_eq!(x.minus(y).ok().map(Money::paisa), a.checked_sub(b));
            prop_assert_eq!(x.times(b).ok().map(Money::paisa), a.checked_mul(b));
        }
    }
}
