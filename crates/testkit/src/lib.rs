//! What the tests of every room stand on.
//!
//! Nothing here ships: rooms name this crate under `[dev-dependencies]` only. A rule of the trade does not live here either;
//! a helper that must know one belongs in the tests of the room that owns it.

mod bodies;
mod people;
pub mod postgres;
mod room;
mod wanted;

pub use bodies::{WrongBody, wrong_bodies};
pub use people::{OrderRow, add_order, add_retailer, add_vendor};
pub use room::TestDb;
pub use wanted::wanted;
