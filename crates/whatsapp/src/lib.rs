//! The WhatsApp Cloud API, spoken and understood as a protocol.
//!
//! | question | module |
//! | --- | --- |
//! | did Meta really send this body? | [`signature`] |
//! | is this callback address ours? | [`handshake`] |
//! | what is in a webhook body? | [`payload`] |
//! | what can be sent, within which limits, as which JSON? | [`message`] |
//! | who is it sent to? | [`recipient`] |
//! | how is it sent, and what came of it? | [`client`] |
//! | what does an error code ask of the sender? | [`errors`] |
//! | what stands in for Meta in tests, the demo and the simulator? | [`fake`] |
//!
//! What does not live here: what a message *means*, whom it is from in the trade, when it may be sent, how often it is
//! tried again, and any table of the database. There is no clock and no source of ids in this crate: instants are Unix seconds
//! as the API writes them, and whoever needs one passes it in.

pub mod client;
pub mod errors;
pub mod fake;
pub mod handshake;
pub mod message;
pub mod payload;
pub mod recipient;
pub mod signature;

pub use client::{Client, SendError, SentId, Settings};
pub use errors::{ApiError, Policy};
pub use message::{Buttons, List, MessageError, Outgoing, Template};
pub use payload::{Content, Inbound, Item, StatusEvent};
pub use recipient::{Recipient, Sender};
