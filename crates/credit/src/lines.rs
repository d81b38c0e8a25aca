//! Granting a line and changing its conditions.
//!
//! A limit may be cut below what is used; then no new credit is given. Settlement terms are versioned: a cycle keeps the
//! version that was in force at its start, so a change touches new cycles only.
//!
//! Statements: granting 6 (3 waited for), changing 3 to 4 (1 waited for), audit entries apart.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, Instant, LineId, Money, Page, PageRequest, RetailerId, Scope, VendorId};
use serde::{Deserialize, Serialize};

use crate::discipline::score_again;
use crate::model::{Line, LineStatus};
use crate::refusal::{Refusal, by_an_operator, reason};
use crate::store::lines as store;
use crate::terms::SettlementTerms;

/// The usual days from a delivery to its due date, and days overdue after which there is no new credit.
const USUAL_DAYS: i64 = 30;
/// The most days of either.
const MOST_DAYS: i64 = 365;

/// A line to be granted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewLine {
    /// Who may owe.
    pub retailer_id: RetailerId,
    /// Who lends.
    pub vendor_id: VendorId,
    /// The most that may be owed; not negative.
    pub limit: Money,
    /// Days from delivery to the due date; 30 where it is left out.
    #[serde(default = "usual_days")]
    pub terms_days: i64,
    /// The largest order, where there is one.
    #[serde(default)]
    pub max_order: Option<Money>,
    /// Days overdue after which there is no new credit; 30 where it is left out.
    #[serde(default = "usual_days")]
    pub max_overdue_days: i64,
    /// Settlement terms; 5 % discount through the last day, no interest, where they are left out.
    #[serde(default)]
    pub settlement: Option<SettlementTerms>,
}

const fn usual_days() -> i64 {
    USUAL_DAYS
}

/// What is to change on a line. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineChange {
    /// The new limit; not negative.
    #[serde(default)]
    pub limit: Option<Money>,
    /// The new days, for new cycles.
    #[serde(default)]
    pub terms_days: Option<i64>,
    /// The new largest order; zero lifts it.
    #[serde(default)]
    pub max_order: Option<Money>,
    /// The new days overdue after which there is no new credit.
    #[serde(default)]
    pub max_overdue_days: Option<i64>,
    /// The new status.
    #[serde(default)]
    pub status: Option<LineStatus>,
    /// The new settlement terms, for new cycles.
    #[serde(default)]
    pub settlement: Option<SettlementTerms>,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// The version that the caller saw, where it says so.
    #[serde(skip)]
    #[schema(ignore)]
    pub seen_version: Option<i64>,
}

/// A change of a line's conditions, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordedChange {
    /// The version that it made.
    pub version: i64,
    /// When.
    pub at: Instant,
    /// Who, as `operator:usr_…` or `vendor:ven_…`.
    pub actor: String,
    /// Why; none for the grant.
    pub reason: Option<String>,
    /// The conditions before; none for the grant.
    pub before: Option<serde_json::Value>,
    /// The conditions after, under `line`, and new settlement terms under `settlement`.
    pub after: serde_json::Value,
}

fn check_conditions(line: &Line) -> Result<(), Refusal> {
    let refuse = |field, right| Err(Refusal::Field { field, right });
    if line.limit.is_negative() {
        return refuse("limit", "zero or more");
    }
    if !(0..=MOST_DAYS).contains(&line.terms_days) {
        return refuse("termsDays", "0 to 365 days");
    }
    if !(0..=MOST_DAYS).contains(&line.max_overdue_days) {
        return refuse("maxOverdueDays", "0 to 365 days");
    }
    if line.max_order.is_some_and(|most| !most.is_positive()) {
        return refuse("maxOrder", "above zero, or left out");
    }
    Ok(())
}

fn may_lend(cx: &Context, vendor: VendorId) -> Result<(), Refusal> {
    match cx.actor.scope() {
        Scope::All => Ok(()),
        Scope::Vendor(own) if own == vendor => Ok(()),
        Scope::Vendor(_) | Scope::Retailer(_) => Err(Refusal::NotAllowed { who: "the vendor or an operator" }),
    }
}

/// Grants a line to a retailer that has none with the vendor.
pub async fn create_line(tx: &mut Tx, cx: &Context, new: NewLine) -> Result<Result<Line, Refusal>, DbError> {
    if let Err(refusal) = may_lend(cx, new.vendor_id) {
        return Ok(Err(refusal));
    }
    let line = Line {
        id: cx.id(),
        retailer_id: new.retailer_id,
        vendor_id: new.vendor_id,
        limit: new.limit,
        terms_days: new.terms_days,
        status: LineStatus::Active,
        status_reason: None,
        max_order: new.max_order,
        max_overdue_days: new.max_overdue_days,
        terms_version: 1,
        reserved: Money::ZERO,
        outstanding: Money::ZERO,
        position_seq: 0,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
        oldest_due_on: None,
        worst_overdue_days: 0,
        overdue: Vec::new(),
    };
    if let Err(refusal) = check_conditions(&line) {
        return Ok(Err(refusal));
    }
    let terms = new.settlement.unwrap_or_else(|| SettlementTerms::standard(line.terms_days));
    let terms = match terms.checked(line.terms_days) {
        Ok(terms) => terms,
        Err(bad) => return Ok(Err(bad.into())),
    };
    if !parties::retailers(tx, &[line.retailer_id]).await?.contains_key(&line.retailer_id) {
        return Ok(Err(Refusal::UnknownRetailer(line.retailer_id)));
    }
    if !parties::vendors(tx, &[line.vendor_id]).await?.contains_key(&line.vendor_id) {
        return Ok(Err(Refusal::UnknownVendor(line.vendor_id)));
    }
    if !store::insert(tx, &line).await? {
        return Ok(Err(Refusal::LineExists));
    }
    store::insert_terms(tx, cx, line.pair(), line.terms_version, &terms).await?;
    let after = serde_json::json!({ "line": conditions(&line), "settlement": terms });
    store::insert_change(tx, cx, &line, None, None, &after).await?;
    audit::record(tx, vec![Entry::new(cx, line.retailer_id, "line.granted", line.id).after(after)]).await?;
    score_again(tx, cx, [line.retailer_id]).await?;
    Ok(Ok(line))
}

/// Changes the conditions of a line, with a reason.
pub async fn change_line(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: LineId,
    change: LineChange,
) -> Result<Result<Line, Refusal>, DbError> {
    let Some(mut line) = store::for_update(tx, scope, id).await? else {
        return Ok(Err(Refusal::NotFound("credit line")));
    };
    if let Err(refusal) = may_lend(cx, line.vendor_id) {
        return Ok(Err(refusal));
    }
    let reason = match reason(&change.reason) {
        Ok(reason) => reason,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if change.seen_version.is_some_and(|seen| seen != line.version) {
        return Ok(Err(Refusal::VersionMismatch { version: line.version }));
    }
    let is_block = |status| status == LineStatus::Blocked;
    if change.status.is_some_and(|to| to != line.status && (is_block(to) || is_block(line.status))) {
        // What an operator blocked, or is to block, is no vendor's matter.
        if let Err(refusal) = by_an_operator(cx) {
            return Ok(Err(refusal));
        }
    }
    let before = conditions(&line);
    line.limit = change.limit.unwrap_or(line.limit);
    line.terms_days = change.terms_days.unwrap_or(line.terms_days);
    line.max_overdue_days = change.max_overdue_days.unwrap_or(line.max_overdue_days);
    line.max_order = match change.max_order {
        Some(most) if most.is_zero() => None,
        most => most.or(line.max_order),
    };
    if let Some(status) = change.status {
        line.status = status;
        line.status_reason = (status != LineStatus::Active).then(|| reason.clone());
    }
    if let Err(refusal) = check_conditions(&line) {
        return Ok(Err(refusal));
    }
    let mut after = serde_json::json!({ "line": null });
    if let Some(terms) = change.settlement {
        let terms = match terms.checked(line.terms_days) {
            Ok(terms) => terms,
            Err(bad) => return Ok(Err(bad.into())),
        };
        line.terms_version = line.terms_version.saturating_add(1);
        store::insert_terms(tx, cx, line.pair(), line.terms_version, &terms).await?;
        after = serde_json::json!({ "settlement": terms });
    }
    line.version = line.version.saturating_add(1);
    line.updated_at = cx.now;
    store::update_conditions(tx, &line).await?;
    if let Some(after) = after.as_object_mut() {
        after.insert("line".to_owned(), conditions(&line));
    }
    store::insert_change(tx, cx, &line, Some(&reason), Some(&before), &after).await?;
    let entry = Entry::new(cx, line.retailer_id, "line.changed", line.id).before(before).after(after).reason(reason);
    audit::record(tx, vec![entry]).await?;
    score_again(tx, cx, [line.retailer_id]).await?;
    Ok(Ok(line))
}

/// Every change of the line with this id, the newest first; nothing outside the scope.
pub async fn line_changes(
    tx: &mut Tx,
    scope: Scope,
    id: LineId,
    page: &PageRequest,
) -> Result<Option<Page<RecordedChange>>, DbError> {
    match store::pair_of(tx, scope, id).await? {
        Some(pair) => store::changes(tx, pair, page).await.map(Some),
        None => Ok(None),
    }
}

/// What the audit log keeps of a line.
fn conditions(line: &Line) -> serde_json::Value {
    serde_json::json!({
        "vendorId": line.vendor_id, "limit": line.limit, "termsDays": line.terms_days, "status": line.status,
        "maxOrder": line.max_order, "maxOverdueDays": line.max_overdue_days, "termsVersion": line.terms_version,
    })
}
