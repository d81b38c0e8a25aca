//! What lies against the caps of retailers and the ceilings of vendors, where such are set.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{Instant, LineId, Money, Overflow, RetailerId, Scope, VendorId};
use parties::{Retailer, RetailerStatus, Vendor};
use serde::Serialize;

use crate::Pair;
use crate::check::{BindingLimit, Check, CheckFacts, LineFacts, Measure, PaymentMode, Reason, available, check};
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

/// Reads what lies against the caps of these retailers and the ceilings of these vendors, for a decision. The caller holds
/// the retailers' rows, from which the caps are, and after them the lines; vendors with a ceiling are locked here, in
/// order. No statement where none is set, one for caps, two for ceilings.
pub async fn exposure_for_update(
    tx: &mut Tx,
    caps: Vec<(RetailerId, Money)>,
    ceilings: Vec<(VendorId, Money)>,
) -> Result<Exposure, DbError> {
    let vendors: Vec<VendorId> = ceilings.into_iter().map(|(vendor, _)| vendor).collect();
    let ceilings = if vendors.is_empty() { Vec::new() } else { totals::ceilings_for_update(tx, &vendors).await? };
    gather(tx, &caps, &ceilings, Reading::Locked).await
}

/// Reads what lies against caps and ceilings. One statement for either kind where any is set.
pub(crate) async fn gather(
    tx: &mut Tx,
    caps: &[(RetailerId, Money)],
    ceilings: &[(VendorId, Money)],
    reading: Reading,
) -> Result<Exposure, DbError> {
    let mut exposure = Exposure::default();
    if !caps.is_empty() {
        let retailers: Vec<RetailerId> = caps.iter().map(|(retailer, _)| *retailer).collect();
        exposure.caps = measures(caps, &totals::used_by_retailers(tx, &retailers, reading).await?);
    }
    if !ceilings.is_empty() {
        let vendors: Vec<VendorId> = ceilings.iter().map(|(vendor, _)| *vendor).collect();
        exposure.ceilings = measures(ceilings, &totals::used_by_vendors(tx, &vendors, reading).await?);
    }
    Ok(exposure)
}

fn measures<T: Copy + Eq + std::hash::Hash>(limits: &[(T, Money)], used: &HashMap<T, Money>) -> HashMap<T, Measure> {
    let measure = |(whose, limit): &(T, Money)| {
        (*whose, Measure { limit: *limit, used: used.get(whose).copied().unwrap_or(Money::ZERO) })
    };
    limits.iter().map(measure).collect()
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
            line: line.map(|line| within(retailer, line.facts())),
        }
    }
}

/// A line of a retailer that has guardrails of its own: the narrower of both count.
fn within(retailer: &Retailer, mut line: LineFacts) -> LineFacts {
    line.max_order = [line.max_order, retailer.max_order].into_iter().flatten().min();
    line.max_overdue_days =
        retailer.max_overdue_days.map_or(line.max_overdue_days, |days| days.min(line.max_overdue_days));
    line
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

/// What is left of the line with this id, inside a scope. A hold whose offer has passed its deadline does not count.
pub async fn availability(
    tx: &mut Tx,
    scope: Scope,
    id: LineId,
    now: Instant,
) -> Result<Option<Availability>, DbError> {
    let Some(mut line) = lines::line(tx, scope, id, now.business_date()).await? else { return Ok(None) };
    lines::leave_out_expired(tx, std::iter::once(&mut line), now).await?;
    let pair = line.pair();
    let Some(facts) = facts_now(tx, pair, Some(&line), now).await?.ok() else {
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
    now: Instant,
) -> Result<Result<CheckFacts, Refusal>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[retailer]).await?.remove(&retailer) else {
        return Ok(Err(Refusal::UnknownRetailer(retailer)));
    };
    let Some(vendor) = parties::vendors(tx, &[vendor]).await?.remove(&vendor) else {
        return Ok(Err(Refusal::UnknownVendor(vendor)));
    };
    let caps: Vec<_> = retailer.cap.map(|cap| (retailer.id, cap)).into_iter().collect();
    let ceilings: Vec<_> = vendor.ceiling.map(|ceiling| (vendor.id, ceiling)).into_iter().collect();
    let exposure = gather(tx, &caps, &ceilings, Reading::Plain(now)).await?;
    Ok(Ok(CheckFacts::of(&retailer, &vendor, line, &exposure)))
}

/// The order check as it stands now, with nothing locked and nothing taken; a hold whose offer has passed its deadline
/// does not count. Three statements, one more where something is held, and those of the line, the cap and the ceiling.
pub async fn check_now(
    tx: &mut Tx,
    scope: Scope,
    pair: Pair,
    amount: Money,
    mode: PaymentMode,
    now: Instant,
) -> Result<Result<Check, Refusal>, DbError> {
    if !amount.is_positive() {
        return Ok(Err(Refusal::Field { field: "amount", right: "above zero" }));
    }
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(Err(Refusal::NotFound("credit line")));
    }
    let mut line = lines::lines(tx, &[pair], now.business_date()).await?.remove(&pair);
    lines::leave_out_expired(tx, line.as_mut(), now).await?;
    let facts = facts_now(tx, pair, line.as_ref(), now).await?;
    Ok(facts.map(|facts| check(&facts, amount, mode)))
}
