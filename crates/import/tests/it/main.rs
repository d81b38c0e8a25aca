//! Imports on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod bad_rows;
mod catalogue;
mod large;
mod samples;
mod workbooks;
mod world;
