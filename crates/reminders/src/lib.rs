//! Reminders of payment: who is told what on which day, once.
//!
//! ```text
//! DAY_BEFORE      the day before a cycle is due           SENT     a message of that day names the cycle
//! DUE             the due date                            SKIPPED  MISSED: no server ran on its day
//! OVERDUE_3       three days after it                              PROMISED: it was promised by then
//! WEEKLY          each week after that, if switched on             STOPPED: the retailer said "stop"
//! BROKEN_PROMISE  the day after a promised day
//! ```
//!
//! What became of a stage is a row, unique per cycle and stage, written in the transaction that queues the message; a
//! stage that has a row never comes again. A retailer gets one message a day, with all its vendors and cycles; nobody is
//! reminded between 20:00 and 07:00. Disputes stop the days, so a disputed cycle's stages come when it is decided. A
//! payment that crosses the run may be reminded of all the same, as if it had come a moment later.
//!
//! What a cycle is, what settles it, and how a message leaves do not live here.
//!
//! Statements: a run 4 and, for each set of up to 500 retailers, 12; a page of the preview 8; a page of the list 1.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod http;
mod jobs;
mod pages;
mod plan;
mod preview;
mod rules;
mod settings;
mod store;
mod words;

pub use http::routes;
pub use jobs::{Outcome, RUN_JOB, resume, run};
pub use pages::pages;
pub use preview::{DAYS_AHEAD, PreviewCycle, PreviewItem, WhyNot, preview};
pub use rules::{Skipped, Stage, Turn};
pub use settings::{Refusal, Settings, SettingsChange, change_settings, settings};
pub use store::{Filter, Reminder, State, miscounted, reminders};
