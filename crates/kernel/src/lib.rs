//! The ground the house stands on: money, rates, identifiers, time, and who is acting.
//!
//! Everything here is pure and small. It never holds async code, SQL, HTTP, or a rule of the trade; the wall clock and
//! the random source are touched in two places only, [`Clock::system`] and [`IdGen`], and reach the rest of the house
//! inside a [`Context`].

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod actor;
mod bikram;
mod clock;
mod context;
mod count;
mod hex;
mod id;
mod money;
mod page;
mod rate;
mod time;

pub use actor::{Actor, ParseActorError, Role, Scope};
pub use bikram::{Bikram, FiscalYear, nepali_digits};
pub use clock::Clock;
pub use context::Context;
pub use count::counted;
pub use hex::hex;
pub use id::{
    ActionId, AdjustmentId, AlertId, ClaimId, CycleId, DecisionId, DisputeId, EntryId, Id, IdGen, JobId, LineId,
    MessageId, MoveId, OfferId, OrderId, ParseIdError, PaymentId, ProductId, PromiseId, RepaymentId, ReservationId,
    RetailerId, TokenId, UserId, VendorId,
};
pub use money::{Money, MoneyError, Overflow, div_half_even, sum};
pub use page::{Page, PageRequest};
pub use rate::Rate;
pub use time::{BusinessDate, Instant, ParseTimeError};
