//! What the rules look at, gathered for a set of retailers in five statements.

use std::collections::HashMap;

use credit::Behaviour;
use db::{DbError, Tx};
use kernel::{Instant, RetailerId};

use crate::rules::LATEST_MOST;
use crate::score::Facts;

/// Days in which the value placed is compared with the usual.
const SPIKE_DAYS: i64 = 7;
/// Days before them that say what is usual.
const BASELINE_DAYS: i64 = 28;
/// A bill that is due within so many days is due soon.
pub(crate) const SOON_DAYS: i64 = 3;

/// What is known of a retailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// What the score is computed from.
    pub(crate) facts: Facts,
    /// How it uses its credit.
    pub(crate) behaviour: Behaviour,
}

/// What is known of these retailers now. One that has no line is absent: there is nothing to watch over.
pub(crate) async fn gather(
    tx: &mut Tx,
    retailers: &[RetailerId],
    now: Instant,
) -> Result<HashMap<RetailerId, Known>, DbError> {
    let today = now.business_date();
    let behaviours = credit::behaviour(tx, retailers, today, LATEST_MOST, SOON_DAYS).await?;
    let day = |days: i64| now.plus_seconds(days.saturating_mul(-86_400));
    let spans = [day(SPIKE_DAYS.saturating_add(BASELINE_DAYS)), day(SPIKE_DAYS), now];
    let placed = orders::placed_values(tx, retailers, spans).await?;
    let known = behaviours.into_iter().map(|(id, behaviour)| {
        let placed = placed.get(&id).copied().unwrap_or_default();
        (id, Known { facts: Facts::of(&behaviour, placed), behaviour })
    });
    Ok(known.collect())
}
