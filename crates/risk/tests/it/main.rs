//! Risk on both engines: the pause, cuts, restores, alerts, each once for its cause.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod alerts;
mod limits;
mod once;
mod pause;
mod strange;
mod what_if;
mod world;
