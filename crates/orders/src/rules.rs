//! The states of an order and the one table of its transitions. Pure.
//!
//! The table is described in `docs/behaviour/orders.md`, "Order".

use db::text_enum;

text_enum! {
    /// Where an order stands.
    pub enum OrderState {
        /// An unfinished checkout.
        Draft = "DRAFT",
        /// Placed, and not yet before a vendor.
        Placed = "PLACED",
        /// Before one vendor.
        Offered = "OFFERED",
        /// The vendor accepted.
        Confirmed = "CONFIRMED",
        /// On the way.
        Dispatched = "DISPATCHED",
        /// Received, wholly or in part.
        Delivered = "DELIVERED",
        /// Cancelled by someone.
        Cancelled = "CANCELLED",
        /// It could not be carried out.
        Failed = "FAILED",
        /// A draft that nobody finished.
        Expired = "EXPIRED",
    }
}

impl OrderState {
    /// What may follow.
    pub const fn next(self) -> &'static [Self] {
        use OrderState::{Cancelled, Confirmed, Delivered, Dispatched, Draft, Expired, Failed, Offered, Placed};
        match self {
            Draft => &[Placed, Expired, Cancelled],
            Placed => &[Offered, Failed, Cancelled],
            Offered => &[Confirmed, Offered, Failed, Cancelled],
            Confirmed => &[Dispatched, Offered, Cancelled, Failed],
            Dispatched => &[Delivered, Failed, Cancelled],
            Delivered | Cancelled | Failed | Expired => &[],
        }
    }

    /// Whether the order holds stock, and credit where it is on credit.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Offered | Self::Confirmed | Self::Dispatched)
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        self.next().is_empty()
    }
}

/// Whether an order may go from one state to another.
pub fn may_follow(from: OrderState, to: OrderState) -> bool {
    from.next().contains(&to)
}

/// Letters and digits of an order's code: none that look alike, on paper or by ear.
const CODE_ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRTUVWXYZ";

/// A code of six characters from random bytes. Thirty letters leave a bias of less than a third of a per cent over
/// 16 bits, which helps nobody to guess.
pub fn public_code(random: [u8; 12]) -> String {
    let (pairs, _) = random.as_chunks::<2>();
    pairs
        .iter()
        .filter_map(|pair| {
            let index = usize::from(u16::from_le_bytes(*pair)) % CODE_ALPHABET.len();
            CODE_ALPHABET.get(index).copied().map(char::from)
        })
        .collect()
}

/// A delivery code of four digits from random bytes.
pub fn delivery_code(random: [u8; 4]) -> String {
    format!("{:04}", u32::from_le_bytes(random) % 10_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn final_states_hold_nothing() {
        for state in OrderState::ALL {
            assert!(!(state.is_final() && state.holds()), "{state}");
        }
        assert!(may_follow(OrderState::Offered, OrderState::Offered));
        assert!(!may_follow(OrderState::Delivered, OrderState::Cancelled));
        assert!(!may_follow(OrderState::Confirmed, OrderState::Delivered));
    }

    proptest! {
        #[test]
        fn codes_have_their_shape(code: [u8; 12], delivery: [u8; 4]) {
            let code = public_code(code);
            prop_assert!(code.len() == 6 && code.bytes().all(|letter| CODE_ALPHABET.contains(&letter)));
            let delivery = delivery_code(delivery);
            prop_assert!(delivery.len() == 4 && delivery.bytes().all(|digit| digit.is_ascii_digit()));
        }
    }
}
