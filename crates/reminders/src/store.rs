//! Every statement of reminders.

use std::collections::HashSet;

use db::{DbError, Row, Tx, Value, params, text_enum};
use kernel::{BusinessDate, CycleId, Instant, MessageId, Page, PageRequest, RetailerId, VendorId};
use serde::Serialize;

use crate::rules::{Skipped, Stage, Turn};
use crate::settings::Settings;

text_enum! {
    /// What became of a stage.
    pub enum State {
        /// A message named the cycle.
        Sent = "SENT",
        /// It was left out, for good.
        Skipped = "SKIPPED",
    }
}

/// What became of one stage of one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reminder {
    /// Who owes.
    pub retailer_id: RetailerId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Who is owed.
    pub vendor_id: VendorId,
    /// The occasion.
    pub stage: Stage,
    /// The week of a weekly one, the promised day of a broken promise; else empty.
    pub turn: String,
    /// The business date of the stage.
    pub day: BusinessDate,
    /// What became of it.
    pub state: State,
    /// Why it was left out.
    pub reason: Option<Skipped>,
    /// The message that names it.
    pub message_id: Option<MessageId>,
    /// When that was decided.
    pub at: Instant,
}

fn read(row: &Row) -> Result<Reminder, DbError> {
    Ok(Reminder {
        retailer_id: row.get("retailer_id")?,
        cycle_id: row.get("cycle_id")?,
        vendor_id: row.get("vendor_id")?,
        stage: row.get("stage")?,
        turn: row.get("turn")?,
        day: row.get("day")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        message_id: row.get("message_id")?,
        at: row.get("at")?,
    })
}

const COLUMNS: &[&str] =
    &["retailer_id", "cycle_id", "stage", "turn", "vendor_id", "day", "state", "reason", "message_id", "at"];

/// Writes what became of stages. Waits for no answer; a stage that is there already breaks the transaction.
pub(crate) async fn insert(tx: &mut Tx, reminders: Vec<Reminder>) -> Result<(), DbError> {
    let rows = reminders.into_iter().map(|reminder| {
        params![
            reminder.retailer_id,
            reminder.cycle_id,
            reminder.stage,
            reminder.turn,
            reminder.vendor_id,
            reminder.day,
            reminder.state,
            reminder.reason,
            reminder.message_id,
            reminder.at
        ]
    });
    tx.insert_many("reminders", COLUMNS, rows.collect()).await
}

/// The stages of these retailers' cycles that something became of, cycles that are not asked for left out.
pub(crate) async fn done(
    tx: &mut Tx,
    retailers: &[RetailerId],
    cycles: &[CycleId],
) -> Result<HashSet<(CycleId, Turn)>, DbError> {
    if cycles.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "select r.cycle_id, r.stage, r.turn from reminders r where r.retailer_id in {1} and r.cycle_id in {2}";
    let rows = tx.query(sql, params![Value::list(retailers), Value::list(cycles)]).await?;
    rows.iter()
        .map(|row| Ok((row.get("cycle_id")?, Turn { stage: row.get("stage")?, turn: row.get("turn")? })))
        .collect()
}

/// Which reminders are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this day.
    pub day: Option<BusinessDate>,
    /// Only those of this state.
    pub state: Option<State>,
}

/// What became of stages, the latest day first; the cursor is `day/retailer/cycle/stage`. One statement.
pub async fn reminders(tx: &mut Tx, filter: Filter, page: &PageRequest) -> Result<Page<Reminder>, DbError> {
    let cursor = page.after.as_deref().unwrap_or("9999-12-31///");
    let mut parts = cursor.splitn(4, '/').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let (day, retailer, cycle, occasion) = (part(), part(), part(), part());
    let from = filter.day.map_or_else(|| "0000-01-01".to_owned(), |day| day.to_string());
    let to = filter.day.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string());
    let state = filter.state.map(|state| state.to_string()).unwrap_or_default();
    let sql = "select * from reminders r where (r.day, r.retailer_id, r.cycle_id, r.stage) < ($1, $2, $3, $4) \
               and r.day between $5 and $6 and ($7 = '' or r.state = $7) \
               order by r.day desc, r.retailer_id desc, r.cycle_id desc, r.stage desc limit $8";
    let values = params![day, retailer, cycle, occasion, from, to, state, page.limit.saturating_add(1)];
    let found = tx.query(sql, values).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |last: &Reminder| {
        format!("{}/{}/{}/{}", last.day, last.retailer_id, last.cycle_id, last.stage)
    }))
}

/// Cycles that keep another count of reminders than were sent, with what they keep and what was sent; `most` of them.
pub async fn miscounted(tx: &mut Tx, most: i64) -> Result<Vec<(CycleId, i64, i64)>, DbError> {
    let sql = "select c.id, c.reminders_sent, cast(coalesce(r.sent, 0) as bigint) as sent from cycles c left join \
               (select s.retailer_id, s.cycle_id, count(*) as sent from reminders s where s.state = 'SENT' \
               group by s.retailer_id, s.cycle_id) r on r.retailer_id = c.retailer_id and r.cycle_id = c.id \
               where c.reminders_sent <> coalesce(r.sent, 0) order by c.id limit $1";
    let rows = tx.query(sql, params![most]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("reminders_sent")?, row.get("sent")?))).collect()
}

/// What operators have set, and how far reminders have come.
pub(crate) async fn settings(tx: &mut Tx) -> Result<Settings, DbError> {
    settings_of(&tx.query_one("select * from reminder_settings s where s.id = 1", params![]).await?)
}

/// The same, locked.
pub(crate) async fn settings_for_update(tx: &mut Tx) -> Result<Settings, DbError> {
    settings_of(&tx.query_one("select * from reminder_settings s where s.id = 1 {lock s}", params![]).await?)
}

fn settings_of(row: &Row) -> Result<Settings, DbError> {
    Ok(Settings { weekly: row.get::<i64>("weekly")? != 0, ran_on: row.get("ran_on")?, version: row.get("version")? })
}

/// Writes whether there are weekly ones.
pub(crate) async fn put_weekly(tx: &mut Tx, settings: &Settings) -> Result<(), DbError> {
    let sql = "update reminder_settings set weekly = $1, version = $2 where id = 1";
    tx.exec(sql, params![i64::from(settings.weekly), settings.version]).await
}

/// Writes that the reminders of a day are all written.
pub(crate) async fn put_ran(tx: &mut Tx, day: BusinessDate) -> Result<(), DbError> {
    let sql = "update reminder_settings set ran_on = $1 where id = 1 and (ran_on is null or ran_on < $1)";
    tx.exec(sql, params![day]).await
}
