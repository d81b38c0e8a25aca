//! Guardrails: what a retailer may order and how late it may be, the order check over its vendors, and who is at risk.

use credit::{Check, CreditChange, Line, LineFilter, PaymentMode};
use db::{Db, DbError, Tx};
use kernel::{Context, Instant, Money, Page, PageRequest, RetailerId, Scope, VendorId};
use parties::{Retailer, RetailerStatus};
use routing::Hundredths;
use serde::Serialize;

use crate::jobs::scores_now;
use crate::score::{Level, Score};
use crate::store::{self, InForce};

/// Hundredths of a per cent of all limits from which a retailer is at risk.
const USED_MUCH: i64 = 8_000;
/// Above it, one with something due soon.
const USED_HALF: i64 = 5_000;

/// A line's own guardrails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineGuardrails {
    /// The line.
    pub line_id: kernel::LineId,
    /// Whose it is.
    pub vendor_id: VendorId,
    /// The largest order, where there is one.
    pub max_order: Option<Money>,
    /// Days overdue after which there is no new credit.
    pub max_overdue_days: i64,
    /// Whether it gives new credit.
    pub status: credit::LineStatus,
    /// Why it has that status.
    pub status_reason: Option<String>,
}

/// What holds for a retailer: over all its lines, and on each. The narrower counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guardrails {
    /// The retailer.
    pub retailer_id: RetailerId,
    /// The largest order on credit, where it is set.
    pub max_order: Option<Money>,
    /// Days overdue after which there is no new credit, where it is set.
    pub max_overdue_days: Option<i64>,
    /// Days overdue after which the credit is paused by itself; none where that rule is off.
    pub paused_after_days: Option<i64>,
    /// Its credit as a whole.
    pub credit_status: parties::CreditStatus,
    /// What caused a pause.
    pub credit_cause: Option<parties::CreditCause>,
    /// Why.
    pub credit_reason: Option<String>,
    /// Its lines.
    pub lines: Vec<LineGuardrails>,
    /// Counts the retailer's changes, for If-Match.
    #[serde(skip)]
    pub version: i64,
}

/// What is to hold over all lines of a retailer.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewGuardrails {
    /// The largest order on credit, above zero; left out, only the lines' own hold.
    #[serde(default)]
    pub max_order: Option<Money>,
    /// Days overdue after which there is no new credit, 0 to 365; left out, only the lines' own hold.
    #[serde(default)]
    pub max_overdue_days: Option<i64>,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

async fn lines(tx: &mut Tx, id: RetailerId, now: Instant) -> Result<Vec<Line>, DbError> {
    let page = PageRequest::new(Some(PageRequest::MOST), None);
    Ok(credit::lines_page(tx, Scope::Retailer(id), LineFilter::default(), &page, now.business_date()).await?.items)
}

fn shown(retailer: Retailer, lines: Vec<Line>, in_force: &InForce) -> Guardrails {
    let rule = &in_force.rules.overdue_block;
    Guardrails {
        retailer_id: retailer.id,
        max_order: retailer.max_order,
        max_overdue_days: retailer.max_overdue_days,
        paused_after_days: rule.enabled.then_some(rule.days),
        credit_status: retailer.credit_status,
        credit_cause: retailer.credit_cause,
        credit_reason: retailer.credit_reason,
        lines: lines
            .into_iter()
            .map(|line| LineGuardrails {
                line_id: line.id,
                vendor_id: line.vendor_id,
                max_order: line.max_order,
                max_overdue_days: line.max_overdue_days,
                status: line.status,
                status_reason: line.status_reason,
            })
            .collect(),
        version: retailer.version,
    }
}

/// The guardrails of a retailer; nothing for one that is unknown.
pub async fn guardrails(
    tx: &mut Tx,
    in_force: &InForce,
    id: RetailerId,
    now: Instant,
) -> Result<Option<Guardrails>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[id]).await?.remove(&id) else { return Ok(None) };
    Ok(Some(shown(retailer, lines(tx, id, now).await?, in_force)))
}

/// Sets what holds over all lines of a retailer, with a reason. For operators; audited with before and after.
pub async fn set_guardrails(
    tx: &mut Tx,
    cx: &Context,
    in_force: &InForce,
    id: RetailerId,
    (seen_version, new): (Option<i64>, NewGuardrails),
) -> Result<Result<Guardrails, credit::Refusal>, DbError> {
    let change = CreditChange::Guardrails { max_order: new.max_order, max_overdue_days: new.max_overdue_days };
    match credit::change_credit(tx, cx, id, seen_version, change, &new.reason).await? {
        Ok(retailer) => Ok(Ok(shown(retailer, lines(tx, id, cx.now).await?, in_force))),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The order check of a retailer with a vendor, or with the one that leaves it the most where none is named. Nothing is
/// taken.
pub async fn validate_order(
    tx: &mut Tx,
    (retailer, vendor): (RetailerId, Option<VendorId>),
    (amount, mode): (Money, PaymentMode),
    now: Instant,
) -> Result<Result<Check, credit::Refusal>, DbError> {
    if let Some(vendor) = vendor {
        return credit::check_now(tx, Scope::All, (retailer, vendor), amount, mode, now).await;
    }
    let vendors: Vec<VendorId> = lines(tx, retailer, now).await?.iter().map(|line| line.vendor_id).collect();
    let mut best: Option<Check> = None;
    for vendor in vendors {
        match credit::check_now(tx, Scope::All, (retailer, vendor), amount, mode, now).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(check) => {
                let rank = |check: &Check| (check.allowed, check.available);
                if best.as_ref().is_none_or(|best| rank(&check) > rank(best)) {
                    best = Some(check);
                }
            }
        }
    }
    match best {
        Some(check) => Ok(Ok(check)),
        None => without_lines(tx, retailer, amount, mode).await,
    }
}

/// The check of a retailer that nobody lends to.
async fn without_lines(
    tx: &mut Tx,
    id: RetailerId,
    amount: Money,
    mode: PaymentMode,
) -> Result<Result<Check, credit::Refusal>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[id]).await?.remove(&id) else {
        return Ok(Err(credit::Refusal::UnknownRetailer(id)));
    };
    if !amount.is_positive() {
        return Ok(Err(credit::Refusal::Field { field: "orderAmount", right: "above zero" }));
    }
    let facts = credit::CheckFacts {
        is_retailer_active: retailer.status == RetailerStatus::Active,
        retailer_credit: match retailer.credit_status {
            parties::CreditStatus::Active => credit::LineStatus::Active,
            parties::CreditStatus::Paused => credit::LineStatus::Paused,
            parties::CreditStatus::Blocked => credit::LineStatus::Blocked,
        },
        retailer_cap: None,
        is_vendor_active: true,
        vendor_ceiling: None,
        line: None,
    };
    Ok(Ok(credit::check(&facts, amount, mode)))
}

/// Why a retailer is at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AtRiskReason {
    /// A cycle is overdue.
    Overdue,
    /// At least 80 % of all limits are used.
    Utilisation,
    /// Something is due within three days, and more than half of all limits is used.
    DueSoon,
    /// The risk score is at least 40.
    RiskScore,
}

/// A retailer at risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AtRisk {
    /// The retailer.
    pub retailer_id: RetailerId,
    /// The shop's name.
    pub name: String,
    /// The risk score as it is now.
    pub score: Hundredths,
    /// What it means.
    pub level: Level,
    /// Used of all limits, in per cent.
    pub utilisation: Hundredths,
    /// Days overdue of its oldest bill.
    pub worst_overdue_days: i64,
    /// Reserved and outstanding.
    pub used: Money,
    /// All limits.
    pub limit: Money,
    /// Why.
    pub reasons: Vec<AtRiskReason>,
}

fn reasons(score: &Score, is_due_soon: bool) -> Vec<AtRiskReason> {
    let (facts, utilisation) = (&score.facts, score.facts.utilisation());
    let found = [
        (facts.worst_overdue_days > 0).then_some(AtRiskReason::Overdue),
        (utilisation >= USED_MUCH).then_some(AtRiskReason::Utilisation),
        (is_due_soon && utilisation > USED_HALF).then_some(AtRiskReason::DueSoon),
        (score.level != Level::Low).then_some(AtRiskReason::RiskScore),
    ];
    found.into_iter().flatten().collect()
}

/// Of these retailers, those that are at risk now. Seven statements.
pub(crate) async fn at_risk(
    tx: &mut Tx,
    in_force: &InForce,
    retailers: &[RetailerId],
    now: Instant,
) -> Result<Vec<AtRisk>, DbError> {
    let scored = scores_now(tx, in_force, retailers, now).await?;
    let risky: Vec<_> = scored
        .into_iter()
        .map(|(id, (score, known))| (id, reasons(&score, known.behaviour.is_due_soon), score))
        .filter(|(_, reasons, _)| !reasons.is_empty())
        .collect();
    let names = parties::retailers(tx, &risky.iter().map(|(id, ..)| *id).collect::<Vec<_>>()).await?;
    let shown = risky.into_iter().map(|(id, reasons, score)| AtRisk {
        retailer_id: id,
        name: names.get(&id).map(|retailer| retailer.name.clone()).unwrap_or_default(),
        score: score.total,
        level: score.level,
        utilisation: Hundredths::new(score.facts.utilisation()),
        worst_overdue_days: score.facts.worst_overdue_days,
        used: score.facts.used,
        limit: score.facts.limit,
        reasons,
    });
    Ok(shown.collect())
}

/// Retailers of a set.
const SET: i64 = 500;

/// A page of the retailers at risk now, the worst first: the highest score, then the longest overdue. All retailers are
/// looked at in sets, nine statements for each 500. The cursor is the number of those before.
pub async fn at_risk_page(db: &Db, now: Instant, page: &PageRequest) -> Result<Page<AtRisk>, DbError> {
    let in_force = db.read(async |tx| store::rules(tx).await).await?;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rules = in_force.clone();
        let set = db.read::<_, DbError, _>(async move |tx| {
            let set = parties::active_ids(tx, after, SET).await?;
            let found = at_risk(tx, &rules, &set, now).await?;
            Ok((set.last().copied(), found))
        });
        let (last, found) = set.await?;
        all.extend(found);
        if last.is_none() {
            break;
        }
        after = last;
    }
    let rank = |retailer: &AtRisk| (retailer.score, retailer.worst_overdue_days, retailer.utilisation);
    all.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.retailer_id.cmp(&b.retailer_id)));
    let before = page.after.as_ref().and_then(|after| after.parse::<usize>().ok()).unwrap_or(0);
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let next = before.saturating_add(most);
    let next = (next < all.len()).then(|| next.to_string());
    Ok(Page { items: all.into_iter().skip(before).take(most).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Weights;
    use crate::score::score;
    use crate::score::tests::facts;

    #[test]
    fn each_reason_has_its_edge() {
        let of = |overdue, used, delays, is_due_soon| {
            reasons(&score(&facts(overdue, (used, 1_000), delays, (0, 0)), &Weights::default()), is_due_soon)
        };
        assert_eq!(of(0, 799, 0, false), []);
        assert_eq!(of(0, 800, 0, false), [AtRiskReason::Utilisation]);
        assert_eq!(of(1, 0, 0, false), [AtRiskReason::Overdue]);
        assert_eq!((of(0, 500, 0, true), of(0, 501, 0, true)), (vec![], vec![AtRiskReason::DueSoon]));
        assert_eq!(of(30, 0, 0, false), [AtRiskReason::Overdue, AtRiskReason::RiskScore]);
    }
}
