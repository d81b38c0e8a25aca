//! The credit score and the insights: what a retailer's records come to, in a number and in words.
//!
//! ```text
//! facts       how it pays (credit), what arrived (orders): gathered for a set of retailers at once
//! score       the pure rule over the facts; kept as it is now, and as history by day
//! insights    what a retailer did this month, what it can save: kept once a day, told in its language
//! ```
//!
//! The score of a day is the one by its end. It is computed at 02:00 for everybody and again after whatever changes it,
//! by a job that `credit::score_again` asks for; running either twice leaves the same. The score now is one row for each
//! retailer; the history has a row for each day on which something was different, so a retailer of whom nothing changes
//! adds a row about every sixth day in its first year (its age counts) and none later. [`score_on`] computes any day from
//! the records alone.
//!
//! | use case | statements | of them waited for |
//! | --- | --- | --- |
//! | [`recalculate`], any number of retailers | 8 | 5 |
//! | [`score_on`] | 7 | 7 |
//! | [`report`] | 2 | 2 |
//! | [`insight`], [`overview`] | 1 | 1 |
//!
//! What a score leads to (limits, pauses, alerts) does not live here.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod help;
mod http;
mod insights;
mod jobs;
mod pages;
mod report;
mod rules;
mod score;
mod seen;
mod store;
mod words;

pub use help::{Help, Step, what_would_help};
pub use http::routes;
pub use insights::{
    Figures, INSIGHTS_JOB, Insight, KeptOverview, Overview, insight, message, overview, regenerate_overview,
};
pub use jobs::{SET, recalculate_all, regenerate_all};
pub use pages::pages;
pub use report::{Change, ComponentReport, Report, report, report_on};
pub use rules::{Band, Component, Facts, LEAST, Score, UNIT, VOLUME_DAYS};
pub use score::{recalculate, score_again, score_on};
pub use store::{Cause, HistoryFilter, Kept, Past, history, kept};
