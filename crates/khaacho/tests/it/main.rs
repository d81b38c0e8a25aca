//! The whole house, from outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod access;
mod bad_input;
mod books;
mod carts;
mod costs;
mod e2e;
mod expiry;
mod ordering;
mod outage;
mod scenario;
mod servers;
mod storm;
mod support;
mod threads;
mod year;
