//! Why credit says no: values with a stable code and what would be right.

use kernel::{BusinessDate, Context, DisputeId, Money, PaymentId, RetailerId, VendorId};

use crate::disputes::DisputeStatus;
use crate::model::CycleStatus;
use crate::payments::ClaimStatus;
use crate::terms::{BadAmount, BadTerms};

/// Characters that a reason may have.
const LONGEST_REASON: usize = 500;

/// A business answer that is no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing of that id that the caller may see.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// No such retailer.
    #[error("there is no retailer {0}")]
    UnknownRetailer(RetailerId),
    /// No such vendor.
    #[error("there is no vendor {0}")]
    UnknownVendor(VendorId),
    /// The two have a line.
    #[error("the vendor already gives this retailer a credit line")]
    LineExists,
    /// The order was delivered on it.
    #[error("the reservation has become a cycle and cannot be released")]
    ReservationConverted,
    /// Its credit was given back.
    #[error("the reservation was released and cannot be converted")]
    ReservationReleased,
    /// More was delivered than was held.
    #[error("at most {reserved} was held for this order")]
    AboveReserved {
        /// What was held.
        reserved: Money,
    },
    /// More than is open.
    #[error("at most {maximum} of principal is open, which costs {maximum_cash} in cash on that day")]
    Overpayment {
        /// The open principal.
        maximum: Money,
        /// What settling all of it costs on that day.
        maximum_cash: Money,
    },
    /// Below the smallest repayment.
    #[error("the smallest repayment is {minimum} of principal, which costs {minimum_cash} in cash on that day")]
    BelowMinimum {
        /// The smallest principal.
        minimum: Money,
        /// What that costs on that day.
        minimum_cash: Money,
    },
    /// Cash that cannot have settled that principal.
    #[error(
        "that principal was settled with {least} to {most} in cash: half at least, and no more than the law's interest on top"
    )]
    AgreedCash {
        /// The least.
        least: Money,
        /// The most.
        most: Money,
    },
    /// The date of a repayment is out of its bounds.
    #[error("the date is from {earliest} to {latest}")]
    PaymentDate {
        /// The cycle's start, or its last repayment.
        earliest: BusinessDate,
        /// Today.
        latest: BusinessDate,
    },
    /// Every method but cash needs a reference.
    #[error("a payment that is not in cash needs its reference")]
    ReferenceRequired,
    /// The reference was recorded before.
    #[error("payment {first} of {amount} on {paid_on} has this reference already")]
    DuplicateReference {
        /// The first payment.
        first: PaymentId,
        /// Its cash.
        amount: Money,
        /// Its date.
        paid_on: BusinessDate,
    },
    /// Nothing is open on the cycle any more.
    #[error("{number} is {status}; this is for a cycle on which something is open{}", recovery(*.status))]
    CycleClosed {
        /// Its number.
        number: String,
        /// Its status.
        status: CycleStatus,
    },
    /// Something is open on the cycle still.
    #[error("something is open on {number}; what comes for it is a repayment")]
    CycleOpen {
        /// Its number.
        number: String,
    },
    /// More comes for what was given up than that was.
    #[error("at most {maximum} of this cycle was written off and has not come in since")]
    AboveWrittenOff {
        /// What can come in.
        maximum: Money,
    },
    /// A decrease is larger than what it could take off.
    #[error("at most {maximum} can be taken off this cycle")]
    AboveOutstanding {
        /// What can be taken off.
        maximum: Money,
    },
    /// More comes back than could.
    #[error("goods for at most {maximum} can come back on this cycle: what did not yet, and is open or was paid")]
    AboveReturnable {
        /// What can come back.
        maximum: Money,
    },
    /// A dispute of the cycle waits for its decision.
    #[error("dispute {dispute} of this cycle is open; decide it first")]
    DisputeOpen {
        /// The dispute.
        dispute: DisputeId,
    },
    /// The dispute has its decision.
    #[error("this dispute was decided before: it is {status}")]
    DisputeDecided {
        /// The decision.
        status: DisputeStatus,
    },
    /// Somebody else changed it meanwhile.
    #[error("it was changed meanwhile: it is at version {version}")]
    VersionMismatch {
        /// Its version now.
        version: i64,
    },
    /// One of several cycles of a payment cannot take its part.
    #[error("{number}: {refusal}")]
    OnCycle {
        /// The cycle's number.
        number: String,
        /// Why it cannot.
        refusal: Box<Refusal>,
    },
    /// What was kept of the payment has been given back, so the payment stays.
    #[error("{refunded} of this payment was refunded, so it cannot be reversed")]
    ExcessRefunded {
        /// What was given back.
        refunded: Money,
    },
    /// The payment does not count any more.
    #[error("this payment was reversed on {on}")]
    PaymentReversed {
        /// When.
        on: BusinessDate,
    },
    /// Less than that waits for a cycle.
    #[error("at most {maximum} of this payment is not applied to a cycle")]
    AboveUnapplied {
        /// What waits.
        maximum: Money,
    },
    /// The claim has its answer.
    #[error("this claim was answered before: it is {status}")]
    ClaimDecided {
        /// The answer.
        status: ClaimStatus,
    },
    /// A field within a list is not right.
    #[error("{field}: {right}")]
    FieldOf {
        /// The field's place in JSON.
        field: String,
        /// What would be right.
        right: &'static str,
    },
    /// A field is out of its bounds.
    #[error("{field}: {right}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// Someone else has to do it.
    #[error("only {who} can do this")]
    NotAllowed {
        /// Who can.
        who: &'static str,
    },
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NOT_FOUND",
            Self::UnknownRetailer(_) => "RETAILER_NOT_FOUND",
            Self::UnknownVendor(_) => "VENDOR_NOT_FOUND",
            Self::LineExists => "LINE_EXISTS",
            Self::ReservationConverted => "RESERVATION_CONVERTED",
            Self::ReservationReleased => "RESERVATION_RELEASED",
            Self::AboveReserved { .. } => "ABOVE_RESERVED",
            Self::Overpayment { .. } => "OVERPAYMENT",
            Self::BelowMinimum { .. } => "BELOW_MINIMUM",
            Self::AgreedCash { .. } => "AGREED_CASH",
            Self::PaymentDate { .. } => "PAYMENT_DATE",
            Self::ReferenceRequired => "REFERENCE_REQUIRED",
            Self::CycleClosed { .. } => "CYCLE_CLOSED",
            Self::CycleOpen { .. } => "CYCLE_OPEN",
            Self::AboveWrittenOff { .. } => "ABOVE_WRITTEN_OFF",
            Self::AboveOutstanding { .. } => "ABOVE_OUTSTANDING",
            Self::AboveReturnable { .. } => "ABOVE_RETURNABLE",
            Self::DisputeOpen { .. } => "DISPUTE_OPEN",
            Self::DisputeDecided { .. } => "DISPUTE_DECIDED",
            Self::VersionMismatch { .. } => "VERSION_MISMATCH",
            Self::DuplicateReference { .. } => "DUPLICATE_REFERENCE",
            Self::OnCycle { refusal, .. } => refusal.code(),
            Self::ExcessRefunded { .. } => "EXCESS_REFUNDED",
            Self::PaymentReversed { .. } => "PAYMENT_REVERSED",
            Self::AboveUnapplied { .. } => "ABOVE_UNAPPLIED",
            Self::ClaimDecided { .. } => "CLAIM_DECIDED",
            Self::Field { .. } | Self::FieldOf { .. } => "VALIDATION",
            Self::NotAllowed { .. } => "FORBIDDEN",
        }
    }
}

/// What to do with money for a cycle that was closed.
const fn recovery(status: CycleStatus) -> &'static str {
    match status {
        CycleStatus::Closed => "; what comes for what was written off is recorded as recovered",
        _ => "",
    }
}

/// A reason that somebody gave: 1 to 500 characters.
pub(crate) fn reason(given: &str) -> Result<String, Refusal> {
    let reason = given.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(Refusal::Field { field: "reason", right: "1 to 500 characters" });
    }
    Ok(reason.to_owned())
}

/// Only the platform's operators may.
pub(crate) fn by_an_operator(cx: &Context) -> Result<(), Refusal> {
    if cx.actor.is_operator() { Ok(()) } else { Err(Refusal::NotAllowed { who: "an operator" }) }
}

impl From<BadAmount> for Refusal {
    fn from(bad: BadAmount) -> Self {
        match bad {
            BadAmount::Overpayment { maximum, maximum_cash } => Self::Overpayment { maximum, maximum_cash },
            BadAmount::BelowMinimum { minimum, minimum_cash } => Self::BelowMinimum { minimum, minimum_cash },
            BadAmount::Agreed { least, most } => Self::AgreedCash { least, most },
            BadAmount::Overflow => Self::Field { field: "amount", right: "an amount that fits" },
        }
    }
}

impl From<BadTerms> for Refusal {
    fn from(bad: BadTerms) -> Self {
        Self::Field { field: bad.field, right: bad.right }
    }
}
