//! Insights: what a retailer did, owes and can save, and the same of everybody together.
//!
//! Computed at 03:00 and kept with their time, so that telling them is reading one row. Months are those of the calendar
//! in Kathmandu, and what counts as an order is one whose delivery was confirmed.

mod store;
mod text;

use std::collections::HashMap;

use credit::Discipline;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Instant, Money, RetailerId, div_half_even};
use orders::{Months, Sum};
use queue::{NewJob, Queue};
use serde::{Deserialize, Serialize};

pub(crate) use store::keep;
pub use text::message;

use crate::rules::{Band, VOLUME_DAYS};

/// The kind of job that computes all insights again.
pub const INSIGHTS_JOB: &str = "insights.regenerate";
/// Favourite products that are named.
const FAVOURITES: usize = 3;

/// A product that a retailer often buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FavouriteProduct {
    /// The product.
    pub product_id: kernel::ProductId,
    /// Its name in English.
    pub name: String,
    /// Its name in Nepali.
    pub name_ne: String,
    /// What is ordered of it.
    pub unit: String,
    /// Units that arrived in the last 90 days.
    pub quantity: i64,
}

/// The bill that is due next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextDue {
    /// Its number.
    pub number: String,
    /// What is open on it.
    #[serde(with = "kernel::sum")]
    pub outstanding: Money,
    /// The last day on which it is not overdue.
    pub due_on: BusinessDate,
}

/// What paying early saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Saving {
    /// The discount on everything that is open.
    #[serde(with = "kernel::sum")]
    pub amount: Money,
    /// The first day behind which a part of it is lost.
    pub until: BusinessDate,
}

/// What a retailer did, owes and can save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The day.
    pub on: BusinessDate,
    /// What arrived since the first of the month.
    pub this_month: Sum,
    /// What arrived in the month before.
    pub last_month: Sum,
    /// The average order of the last 90 days; none without an order.
    pub average_order: Option<Money>,
    /// Tenths of days between two orders in the last 90 days; none with less than two.
    pub days_between_orders_tenths: Option<i64>,
    /// What arrived most often in the last 90 days.
    pub favourites: Vec<FavouriteProduct>,
    /// All limits together.
    #[serde(with = "kernel::sum")]
    pub limit: Money,
    /// All that is owed.
    #[serde(with = "kernel::sum")]
    pub outstanding: Money,
    /// Hundredths of a percent of all limits that are owed; none without a limit.
    pub utilisation_bp: Option<i64>,
    /// Hundredths of a percent of what fell due or was repaid in 365 days that is on time; none without any.
    pub on_time_bp: Option<i64>,
    /// What is overdue now.
    #[serde(with = "kernel::sum")]
    pub overdue: Money,
    /// The bill that is due next; an overdue one comes first.
    pub next_due: Option<NextDue>,
    /// What paying early saves; none where it saves nothing.
    pub saving: Option<Saving>,
}

/// Figures as they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Insight {
    /// Whose they are.
    pub retailer_id: RetailerId,
    /// What they are.
    #[serde(flatten)]
    pub figures: Figures,
    /// When they were computed.
    pub computed_at: Instant,
}

/// How many retailers have a score of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BandCount {
    /// The band.
    pub band: Band,
    /// How many.
    pub retailers: i64,
}

/// Everybody together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The day.
    pub on: BusinessDate,
    /// Retailers that there are.
    pub retailers: i64,
    /// Retailers to whom something arrived this month.
    pub active_this_month: i64,
    /// Retailers to whom something arrived in the month before.
    pub active_last_month: i64,
    /// What arrived since the first of the month.
    pub this_month: Sum,
    /// What arrived in the month before.
    pub last_month: Sum,
    /// All limits together.
    #[serde(with = "kernel::sum")]
    pub limit: Money,
    /// All that is owed.
    #[serde(with = "kernel::sum")]
    pub outstanding: Money,
    /// Hundredths of a percent of all limits that are owed.
    pub utilisation_bp: i64,
    /// What is overdue.
    #[serde(with = "kernel::sum")]
    pub overdue: Money,
    /// Retailers by the band of their score.
    pub bands: Vec<BandCount>,
}

/// The overview as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptOverview {
    /// What it is.
    #[serde(flatten)]
    pub overview: Overview,
    /// When it was computed.
    pub computed_at: Instant,
}

/// The first of the month of a day, and of the month before.
fn months_of(on: BusinessDate) -> (BusinessDate, BusinessDate) {
    let first = |date: BusinessDate| {
        let day = date.to_string().get(8..).and_then(|day| day.parse::<i64>().ok()).unwrap_or(1);
        date.plus_days(1_i64.saturating_sub(day))
    };
    let this = first(on);
    (first(this.plus_days(-1)), this)
}

/// A ratio of amounts in hundredths of a percent, rounded half to even; none of nothing.
fn basis_points(part: Money, whole: Money) -> Option<i64> {
    let scaled = i128::from(part.paisa()).saturating_mul(10_000);
    div_half_even(scaled, whole.paisa().into()).and_then(|share| share.try_into().ok())
}

fn figures(
    on: BusinessDate,
    discipline: Discipline,
    months: Months,
    favourites: Vec<FavouriteProduct>,
    saving: Option<(Money, BusinessDate)>,
) -> Figures {
    let Months { this, last, lately, between } = months;
    let overdue = discipline.open.iter().filter(|cycle| cycle.days_overdue > 0).map(|cycle| cycle.outstanding);
    let overdue = Money::sum(overdue).unwrap_or_default();
    let next_due = discipline.open.first().map(|cycle| NextDue {
        number: cycle.number.clone(),
        outstanding: cycle.outstanding,
        due_on: cycle.due_on,
    });
    let days = between.map(|(first, latest)| i128::from(latest.days_since(first)).saturating_mul(10));
    let gaps = i128::from(lately.orders.saturating_sub(1));
    let facts = crate::rules::Facts {
        on,
        ended: discipline.ended,
        open: discipline.open,
        limit: discipline.limit,
        outstanding: discipline.outstanding,
        delivered: lately.value,
        first_delivery: None,
    };
    let (rated, on_time) = facts.rated_and_on_time();
    Figures {
        on,
        this_month: this,
        last_month: last,
        average_order: lately.value.scaled(1, lately.orders.into()).ok(),
        days_between_orders_tenths: days
            .and_then(|days| div_half_even(days, gaps))
            .and_then(|tenths| tenths.try_into().ok()),
        favourites,
        limit: facts.limit,
        outstanding: facts.outstanding,
        utilisation_bp: basis_points(facts.outstanding, facts.limit),
        on_time_bp: basis_points(on_time, rated),
        overdue,
        next_due,
        saving: saving.map(|(amount, until)| Saving { amount, until }),
    }
}

/// Computes the figures of retailers without keeping them. Seven statements, whatever the number of retailers.
pub(crate) async fn compute(
    tx: &mut Tx,
    cx: &Context,
    retailers: &[RetailerId],
) -> Result<Vec<(RetailerId, Figures)>, DbError> {
    let today = cx.today();
    let mut disciplines = credit::disciplines(tx, retailers, today).await?;
    let months = orders::months(tx, retailers, today, months_of(today), VOLUME_DAYS).await?;
    let since = today.plus_days(1_i64.saturating_sub(VOLUME_DAYS));
    let mut liked = orders::favourites(tx, retailers, since, FAVOURITES).await?;
    let ids: std::collections::BTreeSet<_> = liked.values().flatten().map(|favourite| favourite.product).collect();
    let products = catalog::products(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let mut savings: HashMap<_, _> = credit::early_savings(tx, retailers, today).await?;
    let of = |retailer: &RetailerId| {
        let named = |favourite: orders::Favourite| {
            let product = products.get(&favourite.product)?;
            Some(FavouriteProduct {
                product_id: product.id,
                name: product.name.clone(),
                name_ne: product.name_ne.clone(),
                unit: product.unit.clone(),
                quantity: favourite.quantity,
            })
        };
        let figures = figures(
            today,
            disciplines.remove(retailer).unwrap_or_default(),
            months.get(retailer).copied().unwrap_or_default(),
            liked.remove(retailer).unwrap_or_default().into_iter().filter_map(named).collect(),
            savings.remove(retailer),
        );
        (*retailer, figures)
    };
    Ok(retailers.iter().map(of).collect())
}

/// Computes the overview and keeps it. Twelve statements.
pub async fn regenerate_overview(tx: &mut Tx, cx: &Context) -> Result<(), DbError> {
    let today = cx.today();
    let (last, this) = months_of(today);
    let (this_month, active_this_month) = orders::orders_between(tx, this, today.plus_days(1)).await?;
    let (last_month, active_last_month) = orders::orders_between(tx, last, this).await?;
    let board = credit::dashboard(tx, cx.now).await?;
    let counts = store::bands(tx).await?;
    let overview = Overview {
        on: today,
        retailers: parties::count_retailers(tx).await?,
        active_this_month,
        active_last_month,
        this_month,
        last_month,
        limit: board.totals.limit,
        outstanding: board.totals.outstanding,
        utilisation_bp: basis_points(board.totals.outstanding, board.totals.limit).unwrap_or(0),
        overdue: board.aging.outstanding.minus(board.aging.not_due).unwrap_or_default(),
        bands: Band::ALL
            .iter()
            .map(|band| BandCount { band: *band, retailers: counts.get(band).copied().unwrap_or(0) })
            .collect(),
    };
    store::keep_overview(tx, &overview, cx.now).await
}

/// Asks for all insights to be computed again; where that waits already, it waits once. One statement.
pub async fn ask_for_all(tx: &mut Tx, cx: &Context) -> Result<(), DbError> {
    let job = NewJob::new(cx, Queue::ReportGeneration, INSIGHTS_JOB, serde_json::Value::Null);
    queue::ask_again(tx, vec![job.unique_key(INSIGHTS_JOB).order_key(INSIGHTS_JOB)]).await
}

/// What is kept of a retailer; none before it was computed first. One statement.
pub async fn insight(tx: &mut Tx, retailer: RetailerId) -> Result<Option<Insight>, DbError> {
    store::insight(tx, retailer).await
}

/// What is kept of everybody together; none before it was computed first. One statement.
pub async fn overview(tx: &mut Tx) -> Result<Option<KeptOverview>, DbError> {
    store::overview(tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let of = |text: &str| {
            let (last, this) = months_of(text.parse().unwrap());
            (last.to_string(), this.to_string())
        };
        let pair = |last: &str, this: &str| (last.to_owned(), this.to_owned());
        assert_eq!(of("2026-03-31"), pair("2026-02-01", "2026-03-01"));
        assert_eq!(of("2026-01-01"), pair("2025-12-01", "2026-01-01"));
        assert_eq!(of("2024-03-01"), pair("2024-02-01", "2024-03-01"));
    }
}
