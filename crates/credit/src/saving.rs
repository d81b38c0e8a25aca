//! What paying cycles early saves.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{BusinessDate, Money, RetailerId, Scope};

use crate::model::Cycle;
use crate::store::{broken, cycles};
use crate::terms::{Ask, SettlementTerms, settle};

/// What settling all of a cycle on a day saves, and the last day on which it saves that much; none where it saves
/// nothing. One statement.
pub async fn early_saving(
    tx: &mut Tx,
    scope: Scope,
    cycle: &Cycle,
    on: BusinessDate,
) -> Result<Option<(Money, BusinessDate)>, DbError> {
    Ok(cycles::with_terms(tx, scope, cycle.id).await?.and_then(|(cycle, terms)| saving(&cycle, &terms, on)))
}

/// What settling everything that is open and not in dispute on a day saves each of these retailers, and the first day
/// behind which a part of that is lost. One statement for all of them.
pub async fn early_savings(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
) -> Result<HashMap<RetailerId, (Money, BusinessDate)>, DbError> {
    let mut found: HashMap<RetailerId, (Money, BusinessDate)> = HashMap::new();
    for (cycle, terms) in cycles::open_with_terms(tx, retailers).await? {
        if let Some((amount, until)) = saving(&cycle, &terms, on) {
            let all = found.entry(cycle.retailer_id).or_insert((Money::ZERO, until));
            *all = (all.0.plus(amount).map_err(broken)?, all.1.min(until));
        }
    }
    Ok(found)
}

fn saving(cycle: &Cycle, terms: &SettlementTerms, on: BusinessDate) -> Option<(Money, BusinessDate)> {
    let whole = settle(&cycle.facts(), terms, Ask::Principal(cycle.outstanding), on).ok()?;
    let age = on.days_since(cycle.started_on);
    let row = terms.discounts.iter().find(|row| row.through_day >= age)?;
    let last_day = cycle.started_on.plus_days(row.through_day).min(cycle.due_on);
    whole.discount.is_positive().then_some((whole.discount, last_day))
}
