//! Typed identifiers: UUID version 7 (RFC 9562), shown as a prefix and 26 characters of Crockford base32.
//!
//! The text sorts as the number does, and so by time of making; it is what the database and JSON hold. There is no
//! conversion from one kind of id to another.

use std::fmt;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Instant;

/// What every kind of id can do; see [`IdGen::make`].
pub trait Id: Copy + Eq + Ord + Hash + fmt::Display + FromStr<Err = ParseIdError> {
    /// What the text of this kind begins with, without the underscore.
    const PREFIX: &'static str;

    /// An id of this kind with the given 128 bits.
    fn from_bits(bits: u128) -> Self;

    /// What sorts before every id of this kind that is made at a moment or later.
    fn earliest(at: Instant) -> Self {
        let millis = u64::try_from(at.micros()).unwrap_or(0) / 1_000;
        Self::from_bits(u128::from(millis) << 80)
    }
}

/// The text is not an id of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: {prefix}_ and 26 letters and digits are expected")]
pub struct ParseIdError {
    /// The prefix that the expected kind has.
    pub prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 26;

fn write_base32(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [b'0'; DIGITS];
    let mut rest = bits;
    for digit in text.iter_mut().rev() {
        let [low, ..] = rest.to_le_bytes();
        *digit = *ALPHABET.get(usize::from(low & 31)).unwrap_or(&b'0');
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn parse_base32(text: &str) -> Option<u128> {
    if text.len() != DIGITS {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        let digit = u128::try_from(digit).ok()?;
        // The first digit carries only three bits; a larger one would be lost by the shift.
        (bits >> 123 == 0).then_some((bits << 5) | digit)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_bits(bits: u128) -> Self {
                Self(bits)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                write_base32(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(parse_base32)
                    .map(Self)
                    .ok_or(ParseIdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

ids! {
    /// A shop that buys, and owes.
    RetailerId = "ret";
    /// A wholesaler that sells, and is owed.
    VendorId = "ven";
    /// Someone who can sign in.
    UserId = "usr";
    /// A product of the catalogue.
    ProductId = "prd";
    /// A change of what a vendor has in store.
    MoveId = "mov";
    /// An order.
    OrderId = "ord";
    /// An order put before one vendor.
    OfferId = "ofr";
    /// A stored answer of routing.
    DecisionId = "dec";
    /// What one vendor lets one retailer owe.
    LineId = "lin";
    /// Credit held for an order.
    ReservationId = "rsv";
    /// One delivered credit order and its repayments.
    CycleId = "cyc";
    /// Money received once.
    PaymentId = "pay";
    /// The part of a payment that goes to one cycle.
    RepaymentId = "rpy";
    /// A return, a concession, a write-off or a correction of a cycle.
    AdjustmentId = "adj";
    /// A cycle that a retailer does not agree with.
    DisputeId = "dsp";
    /// A promise to pay a cycle.
    PromiseId = "prm";
    /// What a retailer says it paid.
    ClaimId = "clm";
    /// A journal entry.
    EntryId = "ent";
    /// A queued piece of work.
    JobId = "job";
    /// An outgoing message.
    MessageId = "msg";
    /// What a rule of risk did by itself.
    ActionId = "act";
    /// What a rule of risk asks people to look at.
    AlertId = "alr";
    /// A refresh token.
    TokenId = "tok";
}

/// Makes ids and random bytes. Clones share the source.
///
/// The 48 bits of milliseconds are followed by 12 bits of the fraction and a counter of 14 bits, so that ids made by
/// one process sort in the order of making also within a microsecond; the remaining 48 bits are random.
#[derive(Clone, Debug)]
pub struct IdGen(Arc<Source>);

#[derive(Debug)]
struct Source {
    counter: AtomicU64,
    seed: Option<u64>,
}

impl IdGen {
    /// Ids from the operating system's random source.
    pub fn system() -> Self {
        Self(Arc::new(Source { counter: AtomicU64::new(0), seed: None }))
    }

    /// The same ids in every run, for tests and the demo. Never for anything that must not be guessed.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Source { counter: AtomicU64::new(0), seed: Some(seed) }))
    }

    /// A new id of the wanted kind, carrying the given time.
    pub fn make<T: Id>(&self, now: Instant) -> T {
        let count = self.0.counter.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(now.micros()).unwrap_or(0);
        let (millis, fraction) = (micros / 1_000, micros % 1_000);
        let mut random = [0_u8; 10];
        self.fill(count, &mut random);
        let [high, low, ..] = (u16::try_from(fraction.saturating_mul(4)).unwrap_or(0)).to_be_bytes();
        let [.., count_high, count_low] = (count & 0x3fff).to_be_bytes();
        let [a, b, c, d, ..] = &mut random;
        (*a, *b, *c, *d) = (high, low, count_high, count_low);
        T::from_bits(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128())
    }

    /// Unguessable bytes (unless seeded), for secrets, codes and salts.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.fill(self.0.counter.fetch_add(1, Ordering::Relaxed), &mut bytes);
        bytes
    }

    #[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the one door to the system's random source")]
    fn fill(&self, count: u64, bytes: &mut [u8]) {
        match self.0.seed {
            None => getrandom::fill(bytes).expect("the operating system has a random source"),
            Some(seed) => {
                let mut state = seed ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for byte in bytes {
                    state = split_mix(state);
                    [*byte, ..] = state.to_le_bytes();
                }
            }
        }
    }
}

/// One step of `SplitMix64` (Steele, Lea, Flood 2014), which spreads a seed well enough for tests.
fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_earliest_id_of_a_moment_parts_what_is_made_before_from_what_is_made_then() {
        let ids = IdGen::system();
        let at = Instant::from_micros(1_700_000_000_123_000);
        let before = Instant::from_micros(at.micros() - 1);
        assert!(ids.make::<OrderId>(before) < OrderId::earliest(at));
        assert!(OrderId::earliest(at) < ids.make::<OrderId>(at));
    }

    #[test]
    fn ids_of_one_process_sort_in_the_order_of_making() {
        let ids = IdGen::system();
        let now = Instant::from_micros(1_763_692_200_123_456);
        let made: Vec<OrderId> = (0..1_000).map(|_| ids.make(now)).collect();
        let texts: Vec<String> = made.iter().map(ToString::to_string).collect();
        assert!(made.is_sorted() && texts.is_sorted());
        let later: OrderId = ids.make(Instant::from_micros(1_763_692_200_123_457));
        assert!(made.iter().all(|id| *id < later));
    }

    #[test]
    fn a_kind_refuses_the_text_of_another() {
        let retailer: RetailerId = IdGen::seeded(1).make(Instant::from_micros(0));
        let text = retailer.to_string();
        assert!(text.parse::<VendorId>().is_err());
        assert_eq!(text.parse(), Ok(retailer));
        assert!(text.to_lowercase().parse::<RetailerId>().is_err());
    }

    proptest! {
        #[test]
        fn text_and_back(bits: u128) {
            let id = OrderId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<OrderId>();
            let _ = format!("ord_{text}").parse::<OrderId>();
        }
    }
}
