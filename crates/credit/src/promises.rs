//! A retailer promises to pay a cycle by a day.
//!
//! Kept or broken is never stored: it follows from the day on which the cycle was paid off, so that a payment that is
//! reversed breaks the promise again. A new promise replaces the one that was still open; all of them are remembered.
//! Reminders wait for [`crate::Cycle::promised_on`].
//!
//! Statements, audit apart: 6 (3 waited for).

use audit::Entry;
use db::{DbError, Tx, text_enum};
use kernel::{BusinessDate, Context, CycleId, Instant, PromiseId, Scope};
use serde::{Deserialize, Serialize};

use crate::adjustments::{closed, cycle_for_update};
use crate::refusal::Refusal;
use crate::store::{cycles, promises as store};

/// The most days ahead.
const MOST_DAYS: i64 = 90;
/// Characters of a note.
const LONGEST_NOTE: usize = 500;

text_enum! {
    /// What became of a promise.
    pub enum PromiseStatus {
        /// Its day has not passed and the cycle is open.
        Open = "OPEN",
        /// The cycle was paid off by its day.
        Kept = "KEPT",
        /// It was not.
        Broken = "BROKEN",
        /// Another one took its place before its day.
        Replaced = "REPLACED",
    }
}

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// Its id.
    pub id: PromiseId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// The day by which it is to be paid.
    pub promised_on: BusinessDate,
    /// What was said.
    pub note: Option<String>,
    /// What became of it, today.
    pub status: PromiseStatus,
    /// When it was given.
    pub created_at: Instant,
}

/// A promise to be written down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPromise {
    /// The day; today to 90 days ahead.
    pub on: BusinessDate,
    /// What was said; at most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What became of a promise by a day.
pub(crate) fn outcome(
    promised_on: BusinessDate,
    replaced: Option<BusinessDate>,
    paid_off_on: Option<BusinessDate>,
    today: BusinessDate,
) -> PromiseStatus {
    if paid_off_on.is_some_and(|paid| paid <= promised_on) {
        PromiseStatus::Kept
    } else if replaced.is_some_and(|on| on <= promised_on) {
        PromiseStatus::Replaced
    } else if promised_on < today {
        PromiseStatus::Broken
    } else {
        PromiseStatus::Open
    }
}

/// Writes down that a retailer promised to pay a cycle by a day.
pub async fn promise(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    cycle: CycleId,
    new: &NewPromise,
) -> Result<Result<Promise, Refusal>, DbError> {
    let today = cx.today();
    if new.on < today || new.on > today.plus_days(MOST_DAYS) {
        return Ok(Err(Refusal::Field { field: "on", right: "today to 90 days ahead" }));
    }
    let note = new.note.as_deref().map(str::trim).filter(|note| !note.is_empty()).map(str::to_owned);
    if note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        return Ok(Err(Refusal::Field { field: "note", right: "at most 500 characters" }));
    }
    let Some((_line, mut cycle)) = cycle_for_update(tx, scope, cycle).await? else {
        return Ok(Err(Refusal::NotFound("cycle")));
    };
    if !cycle.status.is_open() {
        return Ok(Err(closed(&cycle)));
    }
    let promise = Promise {
        id: cx.id(),
        cycle_id: cycle.id,
        promised_on: new.on,
        note,
        status: PromiseStatus::Open,
        created_at: cx.now,
    };
    store::replace(tx, &cycle, cx.now).await?;
    store::insert(tx, cx, &cycle, &promise).await?;
    let before = cycle.promised_on.replace(new.on);
    cycle.version = cycle.version.saturating_add(1);
    cycles::update(tx, &cycle).await?;
    let entry = Entry::new(cx, cycle.retailer_id, "cycle.promised", cycle.id)
        .before(serde_json::json!({ "promisedOn": before }))
        .after(serde_json::json!({ "promisedOn": new.on, "promiseId": promise.id }));
    let entry = match &promise.note {
        Some(note) => entry.reason(note.clone()),
        None => entry,
    };
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(promise))
}

/// The promises of a cycle with what became of them by a day, oldest first; nothing outside the scope.
pub async fn promises(
    tx: &mut Tx,
    scope: Scope,
    cycle: CycleId,
    today: BusinessDate,
) -> Result<Option<Vec<Promise>>, DbError> {
    let Some(cycle) = cycles::cycle(tx, scope, cycle).await? else { return Ok(None) };
    store::of_cycle(tx, &cycle, today).await.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_by_paying_it_off_in_time() {
        let date = |text: &str| -> BusinessDate { text.parse().unwrap() };
        let by = date("2026-04-10");
        let on = |replaced: Option<&str>, paid: Option<&str>, today: &str| {
            outcome(by, replaced.map(date), paid.map(date), date(today))
        };
        assert_eq!(on(None, None, "2026-04-10"), PromiseStatus::Open);
        assert_eq!(on(None, None, "2026-04-11"), PromiseStatus::Broken);
        assert_eq!(on(None, Some("2026-04-10"), "2026-04-11"), PromiseStatus::Kept);
        assert_eq!(on(None, Some("2026-04-11"), "2026-04-11"), PromiseStatus::Broken);
        assert_eq!(on(Some("2026-04-05"), None, "2026-04-11"), PromiseStatus::Replaced);
        // One that was broken before the next was given stays broken.
        assert_eq!(on(Some("2026-04-12"), None, "2026-04-13"), PromiseStatus::Broken);
    }
}
