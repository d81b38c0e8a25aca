//! The credit score and the insights.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod rules;
pub use rules::*;
