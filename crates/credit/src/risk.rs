//! What operators look at: the whole book of credit at one look, one retailer, one vendor, and whether a retailer should be
//! paused. Reads only; holds of expired offers do not count.
//!
//! Everything comes from kept positions and sums, never from a walk over events, so that the dashboard costs seven
//! statements however much there is. Only a vendor's collection, which asks for a past day, walks that vendor's journal.

use db::{DbError, Tx};
use kernel::{
    BusinessDate, Context, Instant, LineId, Money, Overflow, PageRequest, RetailerId, Scope, VendorId, div_half_even,
};
use parties::{Retailer, Vendor};
use serde::Serialize;

use crate::aging::{Aging, AgingFilter, aging};
use crate::check::{Check, CheckFacts, PaymentMode, check};
use crate::exposure;
use crate::model::Line;
use crate::store::totals::{self, Open, Reading};
use crate::store::{broken, lines};

/// Lines that each list of the dashboard shows.
const SHOWN: i64 = 10;
/// Days overdue on any line above which a retailer should be paused.
const PAUSE_AFTER_DAYS: i64 = 30;
/// Days over which collection is measured.
const COLLECTION_DAYS: i64 = 90;

/// All lines together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Lines.
    pub lines: i64,
    /// Of them, those that give no new credit: paused or blocked.
    pub stopped_lines: i64,
    /// Their limits.
    pub limit: Money,
    /// Held for orders.
    pub reserved: Money,
    /// Delivered and not repaid.
    pub outstanding: Money,
}

/// A line among the worst or the most used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotedLine {
    /// The line.
    pub line_id: LineId,
    /// Who owes.
    pub retailer_id: RetailerId,
    /// The shop's name.
    pub retailer: String,
    /// Who lends.
    pub vendor_id: VendorId,
    /// The business's name.
    pub vendor: String,
    /// The limit.
    pub limit: Money,
    /// Reserved and outstanding.
    pub used: Money,
    /// Used of the limit, in basis points; 10000 where something is used without a limit.
    pub utilisation_bp: i64,
    /// Open and overdue.
    pub overdue: Money,
    /// Days by which the oldest of it is overdue.
    pub overdue_days: i64,
}

/// The whole book of credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// The day.
    pub on: BusinessDate,
    /// All lines together.
    pub totals: Totals,
    /// What is left of all limits; negative where they were cut below what is used.
    pub available: Money,
    /// Used of all limits, in basis points.
    pub utilisation_bp: i64,
    /// Open principal by days overdue.
    pub aging: Aging,
    /// The lines overdue for longest, disputed cycles apart.
    pub worst_lines: Vec<NotedLine>,
    /// The lines of which most is used.
    pub most_used_lines: Vec<NotedLine>,
}

/// A line as it is kept, before names are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) id: LineId,
    pub(crate) pair: crate::Pair,
    pub(crate) limit: Money,
    pub(crate) used: Money,
    pub(crate) overdue: Money,
    pub(crate) oldest: Option<BusinessDate>,
}

/// Used of a limit, in basis points, half to even; 10000 where something is used without a limit.
fn utilisation_bp(used: Money, limit: Money) -> i64 {
    if limit.is_zero() {
        return if used.is_positive() { 10_000 } else { 0 };
    }
    share(used, limit, 10_000)
}

/// `part × scale ÷ whole`, half to even; 0 where the whole is none.
fn share(part: Money, whole: Money, scale: i64) -> i64 {
    let scaled = i128::from(part.paisa()).checked_mul(i128::from(scale));
    let divided = scaled.and_then(|scaled| div_half_even(scaled, i128::from(whole.paisa())));
    divided.and_then(|share| i64::try_from(share).ok()).unwrap_or(0)
}

/// The dashboard of a moment. Seven statements.
pub async fn dashboard(tx: &mut Tx, now: Instant) -> Result<Dashboard, DbError> {
    let on = now.business_date();
    let totals = totals::all_lines(tx, now).await?;
    let open = totals::open_by_lateness(tx, None, None).await?;
    let worst = worst_lines(tx, on, &open).await?;
    let used = totals::most_used_lines(tx, on, SHOWN).await?;
    let retailers: Vec<RetailerId> = worst.iter().chain(&used).map(|line| line.pair.0).collect();
    let vendors: Vec<VendorId> = worst.iter().chain(&used).map(|line| line.pair.1).collect();
    let (retailers, vendors) = (parties::retailers(tx, &retailers).await?, parties::vendors(tx, &vendors).await?);
    let named = |line: Noted| NotedLine {
        line_id: line.id,
        retailer_id: line.pair.0,
        retailer: retailers.get(&line.pair.0).map(|retailer| retailer.name.clone()).unwrap_or_default(),
        vendor_id: line.pair.1,
        vendor: vendors.get(&line.pair.1).map(|vendor| vendor.name.clone()).unwrap_or_default(),
        limit: line.limit,
        used: line.used,
        utilisation_bp: utilisation_bp(line.used, line.limit),
        overdue: line.overdue,
        overdue_days: line.oldest.map_or(0, |oldest| on.days_since(oldest)),
    };
    let all_used = totals.reserved.plus(totals.outstanding).map_err(broken)?;
    Ok(Dashboard {
        on,
        available: totals.limit.minus(all_used).map_err(broken)?,
        utilisation_bp: utilisation_bp(all_used, totals.limit),
        totals,
        aging: Aging::of(&open, on).map_err(broken)?,
        worst_lines: worst.into_iter().map(named).collect(),
        most_used_lines: used.into_iter().map(named).collect(),
    })
}

/// The lines overdue for longest. Among those that are late behind the earliest days there are mostly enough; where some
/// of them have many cycles, further days are added. One statement, rarely more.
async fn worst_lines(tx: &mut Tx, on: BusinessDate, open: &[Open]) -> Result<Vec<Noted>, DbError> {
    let late = open.iter().filter(|part| part.disputed_on.is_none() && part.late_from < on);
    let mut days: Vec<(BusinessDate, i64)> = late.map(|part| (part.late_from, part.cycles)).collect();
    days.sort_unstable();
    let (mut cycles, mut wanted) = (0_i64, SHOWN);
    for (place, (_, more)) in days.iter().enumerate() {
        // Whole days, for among those that are equally late the one that owes more comes first.
        cycles = cycles.saturating_add(*more);
        let is_last = place.saturating_add(1) == days.len();
        if cycles < wanted && !is_last {
            continue;
        }
        let found = totals::worst_lines(tx, on, cycles, SHOWN).await?;
        if is_last || i64::try_from(found.len()).is_ok_and(|found| found >= SHOWN) {
            return Ok(found);
        }
        wanted = cycles.saturating_mul(4);
    }
    Ok(Vec::new())
}

/// A retailer's credit with all its vendors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetailerCredit {
    /// The retailer, with its cap and its credit as a whole.
    pub retailer: Retailer,
    /// Reserved and outstanding on all lines.
    pub used: Money,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Its open principal by days overdue.
    pub aging: Aging,
}

/// A retailer's lines, at most 200, without the holds of expired offers.
async fn lines_of(tx: &mut Tx, retailer: RetailerId, now: Instant) -> Result<Vec<Line>, DbError> {
    let page = PageRequest::new(Some(PageRequest::MOST), None);
    let (scope, filter) = (Scope::Retailer(retailer), lines::LineFilter::default());
    let mut lines = lines::lines_page(tx, scope, filter, &page, now.business_date()).await?.items;
    lines::leave_out_expired(tx, &mut lines, now).await?;
    Ok(lines)
}

fn used(lines: &[Line]) -> Result<Money, Overflow> {
    lines.iter().try_fold(Money::ZERO, |sum, line| sum.plus(line.used()?))
}

/// A retailer's credit, for operators. Six statements.
pub async fn retailer_credit(tx: &mut Tx, id: RetailerId, now: Instant) -> Result<Option<RetailerCredit>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[id]).await?.remove(&id) else { return Ok(None) };
    let lines = lines_of(tx, id, now).await?;
    let on = now.business_date();
    let filter = AgingFilter { retailer: Some(id), vendor: None };
    let aging = aging(tx, Scope::All, filter, on, on).await?;
    Ok(Some(RetailerCredit { retailer, used: used(&lines).map_err(broken)?, lines, aging }))
}

/// The order check on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineEvaluation {
    /// The line.
    pub line_id: LineId,
    /// Who lends.
    pub vendor_id: VendorId,
    /// Days by which the oldest bill is overdue.
    pub worst_overdue_days: i64,
    /// The check of the smallest order on it.
    pub check: Check,
}

/// Whether a retailer should be paused, and why. Nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The retailer.
    pub retailer_id: RetailerId,
    /// Whether something is overdue for more than 30 days.
    pub should_be_paused: bool,
    /// Days by which its oldest bill is overdue.
    pub worst_overdue_days: i64,
    /// The check on each of its lines.
    pub lines: Vec<LineEvaluation>,
}

/// The order check over all lines of a retailer, and whether it should be paused. Nothing is done.
pub async fn evaluate(tx: &mut Tx, cx: &Context, id: RetailerId) -> Result<Option<Evaluation>, DbError> {
    let Some(retailer) = parties::retailers(tx, &[id]).await?.remove(&id) else { return Ok(None) };
    let lines = lines_of(tx, id, cx.now).await?;
    let ids: Vec<VendorId> = lines.iter().map(|line| line.vendor_id).collect();
    let vendors = parties::vendors(tx, &ids).await?;
    let caps: Vec<_> = retailer.cap.map(|cap| (retailer.id, cap)).into_iter().collect();
    let ceilings: Vec<_> = vendors.values().filter_map(|vendor| Some((vendor.id, vendor.ceiling?))).collect();
    let exposure = exposure::gather(tx, &caps, &ceilings, Reading::Plain(cx.now)).await?;
    let worst_overdue_days = lines.iter().map(|line| line.worst_overdue_days).max().unwrap_or(0);
    let evaluated = lines.iter().filter_map(|line| {
        let facts = CheckFacts::of(&retailer, vendors.get(&line.vendor_id)?, Some(line), &exposure);
        Some(LineEvaluation {
            line_id: line.id,
            vendor_id: line.vendor_id,
            worst_overdue_days: line.worst_overdue_days,
            check: check(&facts, Money::from_paisa(1), PaymentMode::Credit),
        })
    });
    Ok(Some(Evaluation {
        retailer_id: id,
        should_be_paused: worst_overdue_days > PAUSE_AFTER_DAYS,
        worst_overdue_days,
        lines: evaluated.collect(),
    }))
}

/// How fast a vendor's debts come in, over the 90 days that end on a day.
///
/// Days sales outstanding is `closing ÷ credit sales × days`: the days of sales that wait to be paid. The collection
/// effectiveness index is `(opening + credit sales − closing) ÷ (opening + credit sales − closing not due) × 100`: of all
/// that could be collected, how much was; 100 is everything. Both as the Credit Research Foundation defines them. Credit
/// sales are the principal of the cycles that began in those days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// The day before the first.
    pub from: BusinessDate,
    /// The last day.
    pub to: BusinessDate,
    /// Open at the end of `from`.
    pub opening: Money,
    /// Delivered on credit in those days.
    pub credit_sales: Money,
    /// Open at the end of `to`.
    pub closing: Money,
    /// Of that, what is not due.
    pub closing_not_due: Money,
    /// Days sales outstanding, in hundredths of a day; none without sales.
    pub dso_hundredths: Option<i64>,
    /// The collection effectiveness index, in hundredths of a per cent; none where nothing could be collected.
    pub effectiveness_hundredths: Option<i64>,
}

impl Collection {
    fn of(
        (from, to): (BusinessDate, BusinessDate),
        opening: Money,
        credit_sales: Money,
        closing: &Aging,
    ) -> Result<Self, Overflow> {
        let days = to.days_since(from).saturating_mul(100);
        let all = opening.plus(credit_sales)?;
        let (collected, collectable) = (all.minus(closing.outstanding)?, all.minus(closing.not_due)?);
        Ok(Self {
            from,
            to,
            opening,
            credit_sales,
            closing: closing.outstanding,
            closing_not_due: closing.not_due,
            dso_hundredths: credit_sales.is_positive().then(|| share(closing.outstanding, credit_sales, days)),
            effectiveness_hundredths: collectable.is_positive().then(|| share(collected, collectable, 10_000)),
        })
    }
}

/// A vendor's credit with all its retailers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VendorCredit {
    /// The vendor, with its ceiling.
    pub vendor: Vendor,
    /// Reserved and outstanding on all its lines.
    pub used: Money,
    /// Its open principal by days overdue.
    pub aging: Aging,
    /// How fast its debts come in.
    pub collection: Collection,
}

/// A vendor's credit, for operators. Six statements, two of which walk the vendor's journal and its cycles.
pub async fn vendor_credit(tx: &mut Tx, id: VendorId, now: Instant) -> Result<Option<VendorCredit>, DbError> {
    let Some(vendor) = parties::vendors(tx, &[id]).await?.remove(&id) else { return Ok(None) };
    let (to, filter) = (now.business_date(), AgingFilter { retailer: None, vendor: Some(id) });
    let from = to.plus_days(COLLECTION_DAYS.saturating_neg());
    let closing = aging(tx, Scope::All, filter, to, to).await?;
    let opening = aging(tx, Scope::All, filter, from, to).await?.outstanding;
    let sales = totals::begun_between(tx, id, from, to).await?;
    let used = totals::used_by_vendors(tx, &[id], Reading::Plain(now)).await?.remove(&id).unwrap_or(Money::ZERO);
    let collection = Collection::of((from, to), opening, sales, &closing).map_err(broken)?;
    Ok(Some(VendorCredit { vendor, used, aging: closing, collection }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collection_is_measured_as_it_is_defined() {
        let rupees = |amount| Money::from_rupees(amount).unwrap();
        let to: BusinessDate = "2026-04-01".parse().unwrap();
        let closing = Aging { outstanding: rupees(300), not_due: rupees(200), ..Aging::default() };
        let of = |opening, sales, closing| {
            Collection::of((to.plus_days(-90), to), rupees(opening), rupees(sales), closing).unwrap()
        };
        // 300 ÷ 900 × 90 = 30 days; (100 + 900 − 300) ÷ (100 + 900 − 200) = 87.5 %.
        let measured = of(100, 900, &closing);
        assert_eq!((measured.dso_hundredths, measured.effectiveness_hundredths), (Some(3_000), Some(8_750)));
        let none = Aging::default();
        let idle = of(0, 0, &none);
        assert_eq!((idle.dso_hundredths, idle.effectiveness_hundredths), (None, None));
        let all_in = of(500, 100, &none);
        assert_eq!((all_in.dso_hundredths, all_in.effectiveness_hundredths), (Some(0), Some(10_000)));
    }

    #[test]
    fn what_is_used_without_a_limit_is_all_of_it() {
        let (paisa, line) = (Money::from_paisa, crate::model::tests::line);
        assert_eq!(used(&[line(100, 30, 50), line(0, 1, 2)]), Ok(paisa(83)));
        assert_eq!(utilisation_bp(paisa(1), Money::ZERO), 10_000);
        assert_eq!(utilisation_bp(Money::ZERO, Money::ZERO), 0);
        assert_eq!((utilisation_bp(paisa(1), paisa(3)), utilisation_bp(paisa(6), paisa(3))), (3_333, 20_000));
    }
}
