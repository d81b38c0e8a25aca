//! Khaacho, put together: configuration, wiring, commands. No rule of the trade and no SQL statement lives here.

pub mod bench;
pub mod commands;
pub mod config;
pub mod demo;
pub mod export;
pub mod house;
pub mod meta;
pub mod metrics;
pub mod serve;
pub mod simulator;
pub mod templates;
pub mod verify;
