//! Scores and insights on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod insights;
mod scores;
mod strange;
mod world;
