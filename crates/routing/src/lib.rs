//! Which vendor an order goes to, and why.
//!
//! [`decide`] is pure: it weighs every candidate, eligible or not, and keeps all of it, so that anyone can see why an
//! order went where it went. Decisions and offers are rows here; what an order's state does with them lives in
//! `orders`, which tells this room the outcome of each offer. From those outcomes [`recompute_reliability`] makes the
//! reliability score that the next decisions use.
//!
//! Statements: recording decisions and offers of any number of orders 2 queued writes; reading reliability 1.

mod reliability;
mod rules;
mod score;
mod store;

pub use reliability::{RELIABILITY_OF_NEW, Reliability, recompute_reliability, reliability};
pub use rules::{
    Candidate, CandidateFacts, Decision, Ineligible, LineFacts, OFFER_SECONDS, Place, Scores, Weights, decide,
};
pub use score::Hundredths;
pub use store::{
    DecisionKind, DecisionRow, Offer, OfferOutcome, OfferState, StoredDecision, decisions, expired_offers, offer,
    offers_ending, offers_of_order, open_offers, record, resolve, tell_outcome,
};
