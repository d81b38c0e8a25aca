//! The use cases of credit on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod care;
mod examples;
mod guarantees;
mod http;
mod lessons;
mod limits;
mod model;
mod payments;
mod standing;
mod world;
