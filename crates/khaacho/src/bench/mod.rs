//! `khaacho bench`: what this machine does, with what it could do at all beside it.

#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "figures of a bench, never money or a decision"
)]

mod client;
mod floor;
mod load;
mod machine;
mod run;
mod store;
mod verify;
mod world;

pub use run::{Flags, run};
