//! Where a retailer stands with each vendor, at one look: what is owed, what is left, and what settles the next bill.

use db::{DbError, Tx};
use kernel::{Instant, Money, PageRequest, Scope, VendorId};
use parties::{Retailer, Vendor};

use crate::check::{CheckFacts, PaymentMode, Reason, check};
use crate::exposure;
use crate::model::{Cycle, Line};
use crate::store::lines::{self, LineFilter};
use crate::store::{cycles, totals::Reading};
use crate::terms::Settlement;

/// The smallest order, which tells whether there is credit at all.
const SMALLEST_ORDER: Money = Money::from_paisa(1);

/// A retailer's standing with one vendor.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The vendor.
    pub vendor: Vendor,
    /// The line between them.
    pub line: Line,
    /// Credit that is left: the least of line, cap and ceiling. May be negative.
    pub available: Money,
    /// Whether the line gives new credit as far as its amount allows: nothing is paused, blocked or overdue too long.
    pub is_open: bool,
    /// The open cycle that is due first, with what settling all of it costs on that day.
    pub next_due: Option<(Cycle, Settlement)>,
}

/// A retailer's standing with each vendor that gives it a line, in the order of the vendors; at most 200. Nothing is
/// locked, and a hold whose offer has passed its deadline does not count. Three statements and those of the overdue
/// cycles, one more each where something is held, where a cap is set and where a ceiling is.
pub async fn standings(tx: &mut Tx, retailer: &Retailer, now: Instant) -> Result<Vec<Standing>, DbError> {
    let (scope, page) = (Scope::Retailer(retailer.id), PageRequest::new(Some(PageRequest::MOST), None));
    let today = now.business_date();
    let mut lines = lines::lines_page(tx, scope, LineFilter::default(), &page, today).await?.items;
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    lines::leave_out_expired(tx, &mut lines, now).await?;
    let ids: Vec<VendorId> = lines.iter().map(|line| line.vendor_id).collect();
    let mut vendors = parties::vendors(tx, &ids).await?;
    let caps: Vec<_> = retailer.cap.map(|cap| (retailer.id, cap)).into_iter().collect();
    let ceilings: Vec<_> = vendors.values().filter_map(|vendor| Some((vendor.id, vendor.ceiling?))).collect();
    let exposure = exposure::gather(tx, &caps, &ceilings, Reading::Plain(now)).await?;
    let mut next_due = cycles::next_due(tx, retailer.id, today).await?;
    let standing = |line: Line| {
        let vendor = vendors.remove(&line.vendor_id)?;
        let facts = CheckFacts::of(retailer, &vendor, Some(&line), &exposure);
        let answer = check(&facts, SMALLEST_ORDER, PaymentMode::Credit);
        Some(Standing {
            available: answer.available,
            is_open: answer.reasons.iter().all(|reason| *reason == Reason::InsufficientCredit),
            next_due: next_due.remove(&vendor.id),
            vendor,
            line,
        })
    };
    Ok(lines.into_iter().filter_map(standing).collect())
}
