//! Reminders on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod ahead;
mod months;
mod sending;
mod stages;
mod strange;
mod world;
