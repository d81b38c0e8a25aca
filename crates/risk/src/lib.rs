//! Risk: who is watched, what is done by itself, and what people are asked to look at. Simple rules, each explained.
//!
//! ```text
//! score     0 to 100, higher is worse: four components with weights, kept with what they were computed from
//! rule      a category with values; each change is a new version with who, when and why
//! action    what a rule did by itself, once for its cause: a pause, a cut, a restore; each can be undone
//! alert     what a rule asks people to look at; lasts as long as its cause
//! what-if   any rules over the stored history, without acting
//! ```
//!
//! Risk changes lines and retailers through credit's doors, and credit enforces what was changed. What a retailer's bank
//! sees of it does not live here.
//!
//! Statements: a set of any number of retailers is scored in 8, and up to 5 more where something changed; the pause of a
//! retailer is settled in 5, its cuts and restores in 8.

mod alerts;
mod cause;
mod changes;
mod facts;
mod guardrails;
mod http;

mod jobs;
mod limits;
mod model;
mod pages;
mod pause;
mod refusal;
mod rules;
mod score;
mod simulate;
mod store;
mod what_if;
mod words;

pub use alerts::{AlertChange, change_alert};
pub use cause::Cause;
pub use changes::{change_rule, undo};
pub use guardrails::{
    AtRisk, AtRiskReason, Guardrails, LineGuardrails, NewGuardrails, guardrails, set_guardrails, validate_order,
};
pub use http::routes;
pub use jobs::{Control, Done, control_one};
pub use limits::{settle_cuts, settle_restores};
pub use model::{Action, ActionKind, Alert, AlertState, Ending};
pub use pages::pages;
pub use pause::{Evaluated, settle_pause};
pub use refusal::Refusal;
pub use rules::{BadRule, BadShape, Category, Rules, Weights};
pub use score::{Components, Facts, Level, Score, score};
pub use simulate::{Month, Played, Touched, WhatIf, simulate};
pub use store::{InForce, RuleVersion, ScoredDay, actions, alerts, rules, score_days};
pub use what_if::Outcome;
