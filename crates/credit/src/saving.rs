//! What paying a cycle early saves.

use db::{DbError, Tx};
use kernel::{BusinessDate, Money, Scope};

use crate::model::Cycle;
use crate::store::cycles;
use crate::terms::{Ask, settle};

/// What settling all of a cycle on a day saves, and the last day on which it saves that much; none where it saves
/// nothing. One statement.
pub async fn early_saving(
    tx: &mut Tx,
    scope: Scope,
    cycle: &Cycle,
    on: BusinessDate,
) -> Result<Option<(Money, BusinessDate)>, DbError> {
    let Some((cycle, terms)) = cycles::with_terms(tx, scope, cycle.id).await? else { return Ok(None) };
    let Ok(whole) = settle(&cycle.facts(), &terms, Ask::Principal(cycle.outstanding), on) else { return Ok(None) };
    let age = on.days_since(cycle.started_on);
    let row = terms.discounts.iter().find(|row| row.through_day >= age);
    let last_day = row.map(|row| cycle.started_on.plus_days(row.through_day).min(cycle.due_on));
    Ok(last_day.filter(|_| whole.discount.is_positive()).map(|day| (whole.discount, day)))
}
