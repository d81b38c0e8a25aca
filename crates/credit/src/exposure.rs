//! What lies against the caps of retailers and the ceilings of vendors, where such are set.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{BusinessDate, LineId, Money, Overflow, RetailerId, Scope, VendorId};
use parties::{Retailer, RetailerStatus, Vendor};
use serde::Serialize;

use crate::Pair;
use crate::check::{BindingLimit, Check, CheckFacts, Measure, PaymentMode, Reason, available, check};
use crate::model::{Line, LineStatus};
use crate::refusal::Refusal;
use crate::store::lines;
use crate::store::totals::{self, Reading};

/// Caps and ceilings with what is used of them, kept true in memory while orders are decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    caps: HashMap<RetailerId, Measure>,
    ceilings: HashMap<VendorId, Measure>,
}

impl Exposure {
    /// The cap of a retailer, where it is set.
    pub fn cap(&self, retailer: RetailerId) -> Option<Measure> {
        self.caps.get(&retailer).copied()
    }

    /// The ceiling of a vendor, where it is set.
    pub fn ceiling(&self, vendor: VendorId) -> Option<Measure> {
        self.ceilings.get(&vendor).copied()
    }

    /// Counts an amount that an order takes (or, negative, gives back) against both.
    pub fn add(&mut self, retailer: RetailerId, vendor: VendorId, amount: Money) -> Result<(), Overflow> {
        for measure in self.caps.get_mut(&retailer).into_iter().chain(self.ceilings.get_mut(&vendor)) {
            measure.used = measure.used.plus(amount)?;
        }
        Ok(())
    }
}

/// Locks the retailers and vendors that have a cap or a ceiling, in order, and reads what lies against it. Called after
/// the lines are locked. No statement where none is set, two for either kind.
///
/// The amounts that are passed say only whose rows matter; what counts is what stands in the locked row.
pub async fn exposure_for_update(
    tx: &mut Tx,
    caps: Vec<(RetailerId, Money)>,
    ceilings: Vec<(VendorId, Money)>,
) -> Result<Exposure, DbError> {
    let retailers: Vec<RetailerId> = caps.into_iter().map(|(retailer, _)| retailer).collect();
    let vendors: Vec<VendorId> = ceilings.into_iter().map(|(vendor, _)| vendor).collect();
    gather(tx, &retailers, &vendors, Reading::Locked).await
}

pub(crate) async fn gather(
    tx: &mut Tx,
    retailers: &[RetailerId],
    vendors: &[VendorId],
    reading: Reading,
) -> Result<Exposure, DbError> {
    let mut exposure = Exposure::default();
    if !retailers.is_empty() {
        exposure.caps = totals::caps(tx, retailers, reading).await?;
    }
    if !vendors.is_empty() {
        exposure.ceilings = totals::ceilings(tx, vendors, reading).await?;
    }
    Ok(exposure)
}

impl CheckFacts {
    /// The facts of the order check of a retailer with a vendor.
    pub fn of(retailer: &Retailer, vendor: &Vendor, line: Option<&Line>, exposure: &Exposure) -> Self {
        let retailer_credit = match retailer.credit_status {
            parties::CreditStatus::Active => LineStatus::Active,
            parties::CreditStatus::Paused => LineStatus::Paused,
            parties::CreditStatus::Blocked => LineStatus::Blocked,
        };
        Self {
            is_retailer_active: retailer.status == RetailerStatus::Active,
            retailer_credit,
            retailer_cap: exposure.cap(retailer.id),
            is_vendor_active: vendor.status.is_active(),
            vendor_ceiling: exposure.ceiling(vendor.id),
            line: line.map(Line::facts),
        }
    }
}

/// What is left of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// The line.
    pub line_id: LineId,
    /// Where the line itself stands; `available` is below it where a cap or a ceiling leaves less.
    pub limit: Money,
    /// Held for orders.
    pub reserved: Money,
    /// Delivered and not repaid.
    pub outstanding: Money,
    /// What is left: the least of line, cap and ceiling. May be negative.
    pub available: Money,
    /// Which of them leaves the least.
    pub binding_limit: BindingLimit,
    /// Whether the line gives new credit.
    pub status: LineStatus,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// What stands in the way of even the smallest order on credit.
    pub reasons: Vec<Reason>,
}

/// What is left of the line with this id, inside a scope.
pub async fn availability(
    tx: &mut Tx,
    scope: Scope,
    id: LineId,
    today: BusinessDate,
) -> Result<Option<Availability>, DbError> {
    let Some(line) = lines::line(tx, scope, id, today).await? else { return Ok(None) };
    let pair = line.pair();
    let Some(facts) = facts_now(tx, pair, Some(&line)).await?.ok() else {
        return Err(DbError::Missing("the parties of a credit line"));
    };
    let (available, binding_limit) = available(&facts);
    let reasons = check(&facts, Money::from_paisa(1), PaymentMode::Credit).reasons;
    Ok(Some(Availability {
        line_id: line.id,
        limit: line.limit,
        reserved: line.reserved,
        outstanding: line.outstanding,
        available,
        binding_limit,
        status: line.status,
        status_reason: line.status_reason,
        reasons,
    }))
}

/// The facts of the order check as they stand now, with nothing locked.
async fn facts_now(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    line: Option<&Line>,
) -> Result<Result<CheckFacts, Refusal>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[retailer]).await?.remove(&retailer) else {
        return Ok(Err(Refusal::UnknownRetailer(retailer)));
    };
    let Some(vendor) = parties::vendors(tx, &[vendor]).await?.remove(&vendor) else {
        return Ok(Err(Refusal::UnknownVendor(vendor)));
    };
    let exposure = gather(tx, &[retailer.id], &[vendor.id], Reading::Plain).await?;
    Ok(Ok(CheckFacts::of(&retailer, &vendor, line, &exposure)))
}

/// The order check as it stands now, with nothing locked and nothing taken. Three statements, and those of the line,
/// the cap and the ceiling.
pub async fn check_now(
    tx: &mut Tx,
    scope: Scope,
    pair: Pair,
    amount: Money,
    mode: PaymentMode,
    today: BusinessDate,
) -> Result<Result<Check, Refusal>, DbError> {
    if !amount.is_positive() {
        return Ok(Err(Refusal::Field { field: "amount", right: "above zero" }));
    }
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(Err(Refusal::NotFound("credit line")));
    }
    let line = lines::lines(tx, &[pair], today).await?.remove(&pair);
    let facts = facts_now(tx, pair, line.as_ref()).await?;
    Ok(facts.map(|facts| check(&facts, amount, mode)))
}
