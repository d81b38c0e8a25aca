//! Moments and days. A moment is UTC; a day is a calendar date in Asia/Kathmandu.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nepal Time is UTC+05:45 all year, since 1986.
const KATHMANDU_OFFSET_MICROS: i64 = (5 * 60 + 45) * 60 * 1_000_000;

/// A moment, in microseconds of UTC since 1970. In JSON RFC 3339 (`2026-03-26T04:15:00Z`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// The text is no moment or no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimeError {
    /// A date that does not exist or is not written `YYYY-MM-DD`.
    #[error("a date is written YYYY-MM-DD and must exist")]
    Date,
    /// Not an RFC 3339 time.
    #[error("a time is written like 2026-03-26T04:15:00Z")]
    Instant,
}

impl Instant {
    /// A moment given in microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment some seconds later (earlier where negative); stays at the ends of what can be held.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The moment some milliseconds later.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Whole seconds from an earlier moment to this one; negative if that one is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    /// The calendar date in Kathmandu at this moment.
    pub fn business_date(self) -> BusinessDate {
        let local = Timestamp::from_microsecond(self.0.saturating_add(KATHMANDU_OFFSET_MICROS)).unwrap_or_default();
        BusinessDate(jiff::tz::Offset::UTC.to_datetime(local).date())
    }

    /// Hour and minute of the day in Kathmandu.
    pub fn kathmandu_time(self) -> (i8, i8) {
        let local = Timestamp::from_microsecond(self.0.saturating_add(KATHMANDU_OFFSET_MICROS)).unwrap_or_default();
        let time = jiff::tz::Offset::UTC.to_datetime(local).time();
        (time.hour(), time.minute())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::from_microsecond(self.0).unwrap_or_default().fmt(f)
    }
}

impl FromStr for Instant {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let timestamp: Timestamp = text.parse().map_err(|_| ParseTimeError::Instant)?;
        Ok(Self(timestamp.as_microsecond()))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A calendar date in Asia/Kathmandu: what terms, due dates and reports count by. In JSON `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(Date);

impl BusinessDate {
    /// The date with this year, month and day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, ParseTimeError> {
        Date::new(year, month, day).map(Self).map_err(|_| ParseTimeError::Date)
    }

    /// The date some days later (earlier where negative); stays at the ends of the calendar.
    pub fn plus_days(self, days: i64) -> Self {
        let days = days.clamp(-3_000_000, 3_000_000);
        Self(self.0.saturating_add(Span::new().days(days)))
    }

    /// Days from an earlier date to this one; negative if that one is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        i64::from(earlier.0.until(self.0).map_or(0, |span| span.get_days()))
    }

    /// The moment at which this date begins in Kathmandu.
    pub fn start(self) -> Instant {
        let midnight = self.0.to_datetime(jiff::civil::Time::midnight());
        let utc = jiff::tz::Offset::UTC.to_timestamp(midnight).unwrap_or_default();
        Instant(utc.as_microsecond().saturating_sub(KATHMANDU_OFFSET_MICROS))
    }

    /// The moment at the given hour and minute of this date in Kathmandu.
    pub fn at(self, hour: i64, minute: i64) -> Instant {
        self.start().plus_seconds(hour.saturating_mul(60).saturating_add(minute).saturating_mul(60))
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for BusinessDate {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let mut parts = text.split('-');
        let mut number = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten()
        };
        let (year, month, day) = (number(4), number(2), number(2));
        let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
            return Err(ParseTimeError::Date);
        };
        let small = |number: i16| i8::try_from(number).map_err(|_| ParseTimeError::Date);
        Self::new(year, small(month)?, small(day)?)
    }
}

impl Serialize for BusinessDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BusinessDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! string_schema {
    ($name:ident, $format:ident) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::$format)))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

string_schema!(Instant, DateTime);
string_schema!(BusinessDate, Date);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_turns_at_a_quarter_past_six_in_the_evening_of_utc() {
        let before: Instant = "2026-03-25T18:14:59.999999Z".parse().unwrap();
        let after: Instant = "2026-03-25T18:15:00Z".parse().unwrap();
        assert_eq!(before.business_date(), date("2026-03-25"));
        assert_eq!(after.business_date(), date("2026-03-26"));
        assert_eq!(date("2026-03-26").start(), after);
        assert_eq!(before.kathmandu_time(), (23, 59));
        assert_eq!(after.kathmandu_time(), (0, 0));
    }

    #[test]
    fn moments_are_written_as_they_are_read_and_seconds_between_them_are_whole() {
        let moment: Instant = "2026-03-25T18:14:59.999999Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-03-25T18:14:59.999999Z");
        assert_eq!(moment.plus_millis(61_999).seconds_since(moment), 61);
        assert_eq!(moment.seconds_since(moment.plus_seconds(7)), -7);
    }

    #[test]
    fn days_are_counted_by_the_calendar() {
        assert_eq!(date("2026-03-26").days_since(date("2026-03-01")), 25);
        assert_eq!(date("2026-03-01").plus_days(30), date("2026-03-31"));
        assert_eq!(date("2028-03-01").days_since(date("2028-02-01")), 29);
        assert_eq!(date("2026-01-01").days_since(date("2027-01-01")), -365);
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01T00:00", "+026-01-01", ""] {
            assert!(text.parse::<BusinessDate>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_date_starts_on_itself(days in -20_000_i64..40_000) {
            let day = date("2000-01-01").plus_days(days);
            prop_assert_eq!(day.start().business_date(), day);
            prop_assert_eq!(Instant::from_micros(day.start().micros() - 1).business_date(), day.plus_days(-1));
            prop_assert_eq!(day.days_since(date("2000-01-01")), days);
            prop_assert_eq!(day.to_string().parse::<BusinessDate>(), Ok(day));
        }
    }
}
