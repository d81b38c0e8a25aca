//! Credit: what vendors let retailers owe, what orders hold of it, and how it is paid back.
//!
//! ```text
//! line         one for each retailer and vendor: limit, terms, status, and the position kept in step with its events
//! reservation  credit held for an order:  ACTIVE → RELEASED | CONVERTED
//! cycle        one delivered credit order, or one purchase from before:  ACTIVE → PARTIALLY_PAID → FULLY_PAID
//! payment      money received once, spread over cycles; what is above what is owed can be kept
//! repayment    touches exactly the cycle that it names, and restores credit by the principal it settles
//! ```
//!
//! A line's position (`reserved`, `outstanding`) changes only together with its event and carries the event's number on
//! the line (`position_seq`); [`verify_page`] computes it anew from the events. Whoever decides on credit begins with the
//! statement that locks the retailers (`parties::retailers_for_update`), locks the lines ([`lines_for_update`],
//! [`lines_of_retailers_for_update`]), reads the vendors behind them and asks [`exposure_for_update`] where a cap or a
//! ceiling is set, decides with [`check`] in memory, and writes with [`take`]. Locks are taken in the order retailers,
//! lines, vendors with a ceiling, stock, heads of books. A cap or pause is set under the retailer's lock and a ceiling
//! under those of all its vendor's lines, so that what is placed after one was answered has seen it.
//!
//! A hold counts until its offer's deadline, unless [`keep`] took that away. Plain reads leave expired holds out; who
//! would refuse an order for want of credit looks for [`expired_holds`] first, and where a ceiling is short for
//! [`expired_holds_with`] its vendor, releases them and decides again.
//!
//! What an order is, who is asked to deliver it, and who may sign in do not live here.
//!
//! Whatever changes how a retailer pays or may owe asks for its score to be computed again ([`score_again`]): one statement
//! more, which waits for no answer.
//!
//! Statements of the use cases, audit entries, messages and that one apart:
//!
//! | use case | statements | of them waited for |
//! | --- | --- | --- |
//! | [`lines_for_update`], any number | 1; 2 where something is owed; 3 where it is overdue | all |
//! | [`exposure_for_update`] | none; 1 where caps are set, 2 where ceilings are | all |
//! | [`take`], any number | 2 | none |
//! | [`release`] | 4 | 2 |
//! | [`convert`] | 7, and those of `ledger::post` | 4 |
//! | [`quote`] | 1 | 1 |
//! | [`open_cycles`], any number | 6, and those of `ledger::post` | 3 |
//! | [`repay`], [`record`] and what else concerns payments | see `payments` | |

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod adjustments;
mod aging;
mod behaviour;
mod check;
mod closing;
mod discipline;
mod disputes;
mod exposure;
mod http;
mod limits;
mod lines;
#[cfg(test)]
mod machine;
mod model;
mod opening;
mod pages;
mod past;
mod payments;
mod promises;
mod refusal;
mod repay;
mod reservations;
mod returns;
mod risk;
mod saving;
mod standing;
mod standstill;
mod store;
mod terms;
mod verify;
mod words;

use kernel::{RetailerId, VendorId};

pub use adjustments::{Adjusted, Adjustment, AdjustmentKind, NewAdjustment, Sign, adjust};
pub use aging::{Aging, AgingFilter, aging};
pub use behaviour::{
    Behaviour, LatestCycle, behaviour, last_overdue_day, late_cycles, late_retailers, limit_overridden,
};
pub use check::{
    BindingLimit, Check, CheckFacts, LineFacts, Measure, OverdueCycle, PaymentMode, Reason, Remedy, available, check,
};
pub use closing::{CycleChange, change_cycle, close};
pub use discipline::{
    DISCIPLINE_DAYS, Discipline, Ended, OpenCycle, SCORE_JOB, disciplines, disciplines_then, score_again,
};
pub use disputes::{Decision, Dispute, DisputeStatus, NewDispute, decide_dispute, dispute};
pub use exposure::{Availability, Exposure, availability, check_now, exposure_for_update};
pub use http::{problem, routes};
pub use limits::{CreditChange, change_ceiling, change_credit};
pub use lines::{LineChange, NewLine, RecordedChange, change_line, create_line, line_changes};
pub use model::{Cycle, CycleStatus, Line, LineStatus, Position, Reservation, ReservationState};
pub use opening::{NewOpening, open_cycles};
pub use pages::{entry_kind_word, method_word, pages, reason_word};
pub use past::{Past, PastCycle, past};
pub use payments::{
    Answer, Claim, ClaimFilter, ClaimStatus, Named, NewClaim, NewPayment, NewRecovery, Outcome, Payment, PaymentFilter,
    PaymentStatus, PaymentWithRepayments, Preview, PreviewPart, Recorded, Refund, Repayment as PaymentPart, Source,
    Spread, apply, claim, claim_by_id, claims, confirm, payment_with_repayments, payments, preview, record, recover,
    refund, reject, reverse,
};
pub use promises::{NewPromise, Promise, PromiseStatus, promise, promises};
pub use refusal::Refusal;
pub use repay::{NewRepayment, Quote, Repaid, Repayment, quote, record_repayment, repay};
pub use reservations::{Take, convert, cycle_of_order, expired_holds, expired_holds_with, keep, release, take};
pub use risk::{
    Collection, Dashboard, Evaluation, LineEvaluation, NotedLine, RetailerCredit, Totals, VendorCredit, dashboard,
    evaluate, retailer_credit, vendor_credit,
};
pub use saving::{early_saving, early_savings};
pub use standing::{Standing, standings};
pub use standstill::Standstill;
pub use store::cycles::{CycleFilter, cycle, cycles};
pub use store::lines::{LineFilter, line, line_of, lines, lines_for_update, lines_of_retailers_for_update, lines_page};
pub use store::named::{cycle_numbers, payment_marks};
pub use store::reminding::{DueDays, count_reminders, open_cycles_by, retailers_with_cycles_by};
pub use store::reservations::{active_reservations, reservation, reservations_of_order};
pub use store::totals::all_lines;
pub use terms::{
    Ask, BadAmount, BadTerms, CycleFacts, Discount, LARGEST_DISCOUNT, LEGAL_INTEREST, SMALLEST_REPAYMENT, Settlement,
    SettlementTerms, settle,
};
pub use verify::{Finding, Verified, verify_page};

/// Whose line it is.
pub type Pair = (RetailerId, VendorId);
