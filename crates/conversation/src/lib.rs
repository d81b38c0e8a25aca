//! The dialogue with retailers and vendors on WhatsApp.
//!
//! ```text
//! webhook   signature, parse, store each message once, queue it; 200          (http.rs, inbound.rs)
//! job       one message in one transaction: session, effect, reply            (inbound.rs)
//! retailer  what was meant → what happens → what is answered                  (retailer.rs, cart.rs)
//! arrival   what came of an order, as its retailer counts it                  (arrival.rs)
//! recovery  failed orders and expired carts are tried again                   (recovery.rs)
//! money     a bill is wrong, will be paid, was paid                           (money.rs, days.rs)
//! claims    the vendor confirms or rejects what was paid                      (claims.rs)
//! vendor    offers, dispatch, delivery code                                   (vendor.rs)
//! person    an operator takes the conversation over and gives it back         (threads.rs)
//! ```
//!
//! Messages of one sender are handled one at a time, in the order of their timestamps. A message's effect, the reply,
//! and the session's next step are one transaction, together with the removal of its job, so a message has one effect
//! however often it is delivered. What a text means is found by `understand`; prices come from the catalogue, never
//! from the message.
//!
//! Statements: a webhook delivery 1 per kind of item and its jobs; a message 5 and those of the use cases it leads to.

mod arrival;
mod brain;
mod cart;
mod claims;
mod days;
mod http;
mod inbound;
mod jobs;
mod menu;
mod money;
mod pages;
mod place;
mod recovery;
mod retailer;
mod session;
mod store;
mod stranger;
mod threads;
mod vendor;
mod words;

pub use brain::Brain;
pub use http::{Webhook, routes};
pub use inbound::{MESSAGE_JOB, handle_job};
pub use jobs::{Fetcher, MEDIA_JOB};
pub use pages::pages;
pub use threads::open as open_thread;
pub use threads::{Line, OpenThread, Refusal, Thread};
