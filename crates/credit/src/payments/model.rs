//! What payments are about: payments, their parts, claims.

use db::text_enum;
use kernel::{
    Actor, BusinessDate, ClaimId, CycleId, EntryId, Instant, Money, PaymentId, RepaymentId, RetailerId, VendorId,
};
use ledger::Method;
use serde::{Serialize, Serializer};

use super::rules::Spread;
use crate::Pair;
use crate::model::{Cycle, Position};

text_enum! {
    /// Whether a payment counts.
    pub enum PaymentStatus {
        /// It does.
        Recorded = "RECORDED",
        /// It was taken back, as when a cheque bounces.
        Reversed = "REVERSED",
    }
}

text_enum! {
    /// What a part of a payment was paid from.
    pub enum Source {
        /// The cash of the payment when it came in.
        Cash = "CASH",
        /// What had been kept of the payment.
        Advance = "ADVANCE",
        /// Nothing: it takes a repayment back, because goods that it paid for came back. Its figures are negative.
        Return = "RETURN",
        /// The cash of a payment for what had been written off: it settles no principal.
        Recovery = "RECOVERY",
    }
}

text_enum! {
    /// What became of a claim.
    pub enum ClaimStatus {
        /// It waits for the vendor or an operator.
        Open = "OPEN",
        /// It was true, and is a payment now.
        Confirmed = "CONFIRMED",
        /// It was not.
        Rejected = "REJECTED",
    }
}

/// Money received once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Who paid.
    pub retailer_id: RetailerId,
    /// Who was paid.
    pub vendor_id: VendorId,
    /// The cash.
    pub amount: Money,
    /// How it was paid.
    pub method: Method,
    /// The reference of the wallet or bank, or the cheque's number.
    pub reference: Option<String>,
    /// When it was paid.
    pub paid_on: BusinessDate,
    /// Whether it counts.
    pub status: PaymentStatus,
    /// What waits for a cycle.
    pub unapplied: Money,
    /// What of the rest was given back.
    pub refunded: Money,
    /// Who recorded it.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "vendor:ven_01JZX0V0G0000000000000000A")]
    pub recorded_by: Actor,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was reversed.
    pub reversed_on: Option<BusinessDate>,
    /// Why.
    pub reversal_reason: Option<String>,
}

impl Payment {
    /// Whose book it is in.
    pub const fn pair(&self) -> Pair {
        (self.retailer_id, self.vendor_id)
    }
}

fn as_text<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// The part of a payment that went to one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentPart)]
pub struct Repayment {
    /// Its id.
    pub id: RepaymentId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// The cycle's number.
    pub number: String,
    /// What it was paid from.
    pub source: Source,
    /// Principal that it settled.
    pub principal: Money,
    /// The discount on it.
    pub discount: Money,
    /// The interest on it.
    pub interest: Money,
    /// Cash that it used.
    pub cash: Money,
    /// Paisa of the cash that no principal matches.
    pub rounding: Money,
    /// The date by which it counts.
    pub paid_on: BusinessDate,
    /// Its journal entry.
    pub entry_id: EntryId,
    /// The repayment that it takes back, where goods came back.
    pub undoes: Option<RepaymentId>,
    /// When it was reversed.
    pub reversed_on: Option<BusinessDate>,
}

/// A payment with its parts, reversed ones too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PaymentWithRepayments {
    /// The payment.
    #[serde(flatten)]
    pub payment: Payment,
    /// Its parts, in the order in which they were made.
    pub repayments: Vec<Repayment>,
}

/// A recorded payment, or an applied advance, and what it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The payment with the parts that were made now.
    #[serde(flatten)]
    pub payment: PaymentWithRepayments,
    /// The cycles after it, in the order of the parts.
    pub cycles: Vec<Cycle>,
    /// The line after it.
    pub position: Position,
    /// The hash of its last journal entry.
    pub entry_hash: String,
}

/// A payment to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Who paid whom.
    pub pair: Pair,
    /// How much, when, and to which cycles.
    pub spread: Spread,
    /// How it was paid.
    pub method: Method,
    /// The reference; needed for everything but cash.
    pub reference: Option<String>,
}

/// Which payments are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Only this retailer's.
    pub retailer: Option<RetailerId>,
    /// Only those to this vendor.
    pub vendor: Option<VendorId>,
    /// Only those of which something waits for a cycle.
    pub unapplied: bool,
}

/// What a retailer says it paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// Who says so.
    pub retailer_id: RetailerId,
    /// Whom it says it paid.
    pub vendor_id: VendorId,
    /// The cash.
    pub amount: Money,
    /// How it was paid.
    pub method: Method,
    /// The reference.
    pub reference: Option<String>,
    /// When it was paid.
    pub paid_on: BusinessDate,
    /// What became of it.
    pub status: ClaimStatus,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The payment that it became.
    pub payment_id: Option<PaymentId>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was answered.
    pub decided_at: Option<Instant>,
}

impl Claim {
    /// Whose book it is about.
    pub const fn pair(&self) -> Pair {
        (self.retailer_id, self.vendor_id)
    }
}

/// Something that a retailer says it paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClaim {
    /// Who says it paid whom.
    pub pair: Pair,
    /// The cash.
    pub amount: Money,
    /// How it was paid.
    pub method: Method,
    /// The reference; needed for everything but cash.
    pub reference: Option<String>,
    /// When it was paid.
    pub on: BusinessDate,
}

/// Which claims are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Only this retailer's.
    pub retailer: Option<RetailerId>,
    /// Only those about this vendor.
    pub vendor: Option<VendorId>,
    /// Only those of this status.
    pub status: Option<ClaimStatus>,
}

/// What a command came to, and whether this was the time when it took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It took effect now.
    Applied(T),
    /// It had taken effect before; this is what it came to then.
    AlreadyApplied(T),
}

impl<T> Outcome<T> {
    /// What it came to.
    pub fn into_inner(self) -> T {
        match self {
            Self::Applied(what) | Self::AlreadyApplied(what) => what,
        }
    }
}
