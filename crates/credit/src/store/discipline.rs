//! How retailers pay: kept figures added up, and the records of a past day.

use std::collections::{BTreeMap, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, CycleId, Instant, Money, RetailerId};

use crate::adjustments::AdjustmentKind;
use crate::discipline::{DISCIPLINE_DAYS, Discipline, Ended, OpenCycle, Recorded};
use crate::standstill::Standstill;
use crate::store::broken;

/// All limits and debts of retailers. One statement.
pub(crate) async fn positions(
    tx: &mut Tx,
    retailers: &[RetailerId],
) -> Result<HashMap<RetailerId, Discipline>, DbError> {
    let sql = "select l.retailer_id, cast(sum(l.limit_paisa) as bigint) as limits, \
               cast(sum(l.outstanding_paisa) as bigint) as outstanding \
               from credit_lines l where l.retailer_id in {1} group by l.retailer_id";
    let rows = tx.query(sql, params![Value::list(retailers)]).await?;
    let read = |row: &Row| {
        let discipline =
            Discipline { limit: row.get("limits")?, outstanding: row.get("outstanding")?, ..Discipline::default() };
        Ok((row.get("retailer_id")?, discipline))
    };
    rows.iter().map(read).collect()
}

/// What ended, added up. One statement, which an index answers.
pub(crate) async fn ended(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
) -> Result<Vec<(RetailerId, Ended)>, DbError> {
    let sql = "select c.retailer_id, \
               cast(sum(case when coalesce(x.given_up, 0) = 0 and c.late_days = 0 then c.principal_paisa else 0 end) as bigint) as on_time, \
               cast(sum(case when coalesce(x.given_up, 0) = 0 and c.late_days between 1 and 7 then c.principal_paisa else 0 end) as bigint) as week, \
               cast(sum(case when coalesce(x.given_up, 0) = 0 and c.late_days between 8 and 15 then c.principal_paisa else 0 end) as bigint) as half_month, \
               cast(sum(case when coalesce(x.given_up, 0) = 0 and c.late_days between 16 and 30 then c.principal_paisa else 0 end) as bigint) as month, \
               cast(sum(case when coalesce(x.given_up, 0) = 0 and c.late_days > 30 then c.principal_paisa else 0 end) as bigint) as longer, \
               cast(sum(case when coalesce(x.given_up, 0) = 1 then c.principal_paisa else 0 end) as bigint) as given_up \
               from cycles c left join (select a.retailer_id, a.cycle_id, \
               cast(sum(case when a.kind = 'RETURN' then a.amount_paisa else 0 end) as bigint) as returned, \
               max(case when a.kind = 'WRITE_OFF' then 1 else 0 end) as given_up \
               from adjustments a where a.retailer_id in {1} group by a.retailer_id, a.cycle_id) x \
               on x.retailer_id = c.retailer_id and x.cycle_id = c.id \
               where c.retailer_id in {1} and c.outstanding_paisa = 0 \
               and case when c.closed_on > c.due_on then c.closed_on else c.due_on end > $3 \
               and (c.closed_on > $3 or c.due_on <= $2) and c.disputed_on is null \
               and c.principal_paisa + coalesce(x.returned, 0) > 0 group by c.retailer_id";
    let since = today.plus_days(DISCIPLINE_DAYS.saturating_neg());
    let rows = tx.query(sql, params![Value::list(retailers), today, since]).await?;
    let read = |row: &Row| {
        let ended = Ended {
            on_time: row.get("on_time")?,
            d1to7: row.get("week")?,
            d8to15: row.get("half_month")?,
            d16to30: row.get("month")?,
            over30: row.get("longer")?,
            written_off: row.get("given_up")?,
        };
        Ok((row.get("retailer_id")?, ended))
    };
    rows.iter().map(read).collect()
}

/// What is open, in the order of due dates. One statement.
pub(crate) async fn open(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
) -> Result<Vec<(RetailerId, OpenCycle)>, DbError> {
    let sql = "select c.retailer_id, c.id, c.vendor_id, c.number, c.principal_paisa, c.outstanding_paisa, c.due_on, \
               c.late_from, cast(case when exists (select 1 from adjustments a where a.retailer_id = c.retailer_id \
               and a.cycle_id = c.id and a.kind = 'WRITE_OFF') then 1 else 0 end as bigint) as given_up \
               from cycles c where c.retailer_id in {1} and c.outstanding_paisa > 0 and c.disputed_on is null \
               order by c.retailer_id, c.due_on, c.id";
    let read = |row: &Row| {
        let late_from: BusinessDate = row.get("late_from")?;
        let open = OpenCycle {
            id: row.get("id")?,
            vendor_id: row.get("vendor_id")?,
            number: row.get("number")?,
            principal: row.get("principal_paisa")?,
            outstanding: row.get("outstanding_paisa")?,
            due_on: row.get("due_on")?,
            days_overdue: today.days_since(late_from).max(0),
            is_written_off: row.get::<i64>("given_up")? != 0,
        };
        Ok((row.get("retailer_id")?, open))
    };
    tx.query(sql, params![Value::list(retailers)]).await?.iter().map(read).collect()
}

/// The first moment that a day did not know.
fn end(on: BusinessDate) -> Instant {
    on.plus_days(1).start()
}

/// The limit that each line had by the end of a day. One statement.
pub(crate) async fn limits_then(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
) -> Result<Vec<(RetailerId, Money)>, DbError> {
    let sql = "select h.retailer_id, h.state_after from line_changes h where h.retailer_id in {1} and h.at < $2 \
               and not exists (select 1 from line_changes n where n.retailer_id = h.retailer_id \
               and n.vendor_id = h.vendor_id and n.version > h.version and n.at < $2)";
    let rows = tx.query(sql, params![Value::list(retailers), end(on)]).await?;
    let read = |row: &Row| {
        let text: String = row.get("state_after")?;
        let state: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let limit = state.as_ref().and_then(|state| state.pointer("/line/limit")).and_then(serde_json::Value::as_str);
        let limit = limit.and_then(|limit| limit.parse().ok());
        let limit: Money = limit.ok_or(DbError::Decode { column: "state_after", expected: "a line with its limit" })?;
        Ok((row.get("retailer_id")?, limit))
    };
    rows.iter().map(read).collect()
}

/// Every cycle that the records knew by the end of a day. Five statements.
pub(crate) async fn recorded(
    tx: &mut Tx,
    retailers: &[RetailerId],
    on: BusinessDate,
) -> Result<Vec<(RetailerId, Recorded)>, DbError> {
    let (list, end) = (Value::list(retailers), end(on));
    let sql = "select c.retailer_id, c.id, c.vendor_id, c.number, c.principal_paisa, c.due_on from cycles c \
               where c.retailer_id in {1} and c.created_at < $2";
    let mut found = Found::new();
    for row in tx.query(sql, params![list.clone(), end]).await? {
        let cycle = Recorded {
            id: row.get("id")?,
            vendor: row.get("vendor_id")?,
            number: row.get("number")?,
            principal: row.get("principal_paisa")?,
            due_on: row.get("due_on")?,
            moves: Vec::new(),
            returned: Money::ZERO,
            is_written_off: false,
            standstill: Standstill::default(),
        };
        found.insert(cycle.id, (row.get("retailer_id")?, cycle));
    }
    // The first extension that the day did not know says what it knew.
    let sql = "select d.cycle_id, d.due_before from due_changes d where d.retailer_id in {1} and d.at >= $2 \
               order by d.version desc";
    for row in tx.query(sql, params![list.clone(), end]).await? {
        if let Some((_, cycle)) = found.get_mut(&row.get("cycle_id")?) {
            cycle.due_on = row.get("due_before")?;
        }
    }
    disputes_then(tx, &list, on, &mut found).await?;
    moves_then(tx, &list, on, &mut found).await?;
    Ok(found.into_values().collect())
}

type Found = BTreeMap<CycleId, (RetailerId, Recorded)>;

async fn disputes_then(tx: &mut Tx, list: &Value, on: BusinessDate, found: &mut Found) -> Result<(), DbError> {
    let sql = "select d.cycle_id, d.opened_on, d.decided_on from disputes d \
               where d.retailer_id in {1} and d.created_at < $2 order by d.id";
    for row in tx.query(sql, params![list.clone(), end(on)]).await? {
        let Some((_, cycle)) = found.get_mut(&row.get("cycle_id")?) else { continue };
        let (opened, decided): (BusinessDate, Option<BusinessDate>) = (row.get("opened_on")?, row.get("decided_on")?);
        match decided.filter(|decided| *decided <= on) {
            Some(decided) => cycle.standstill.ended.push((opened, decided)),
            None => cycle.standstill.since = Some(opened),
        }
    }
    Ok(())
}

/// Repayments and adjustments, put in the order in which they were written down. Two statements.
async fn moves_then(tx: &mut Tx, list: &Value, on: BusinessDate, found: &mut Found) -> Result<(), DbError> {
    let end = end(on);
    // What a return takes off the debt comes before what it takes back of repayments, which it was written down with.
    let mut moves: Vec<(Instant, bool, CycleId, Money, BusinessDate)> = Vec::new();
    let sql = "select r.cycle_id, r.principal_paisa, r.paid_on, r.created_at from repayments r \
               where r.retailer_id in {1} and r.created_at < $2 and (r.reversed_on is null or r.reversed_on > $3)";
    for row in tx.query(sql, params![list.clone(), end, on]).await? {
        let principal: Money = row.get("principal_paisa")?;
        let change = principal.negated().map_err(broken)?;
        moves.push((row.get("created_at")?, true, row.get("cycle_id")?, change, row.get("paid_on")?));
    }
    let sql = "select a.cycle_id, a.kind, a.amount_paisa, a.adjusted_on, a.created_at from adjustments a \
               where a.retailer_id in {1} and a.created_at < $2";
    for row in tx.query(sql, params![list.clone(), end]).await? {
        let (id, amount): (CycleId, Money) = (row.get("cycle_id")?, row.get("amount_paisa")?);
        let Some((_, cycle)) = found.get_mut(&id) else { continue };
        match row.get::<AdjustmentKind>("kind")? {
            AdjustmentKind::Return => cycle.returned = cycle.returned.minus(amount).map_err(broken)?,
            AdjustmentKind::WriteOff => cycle.is_written_off = true,
            AdjustmentKind::Dispute | AdjustmentKind::Correction => {}
        }
        moves.push((row.get("created_at")?, false, id, amount, row.get("adjusted_on")?));
    }
    moves.sort_by_key(|(at, is_part, ..)| (*at, *is_part));
    for (_, _, id, change, on) in moves {
        if let Some((_, cycle)) = found.get_mut(&id) {
            cycle.moves.push((change, on));
        }
    }
    Ok(())
}

/// Remembers that a due date was extended. Waits for no answer.
pub(crate) async fn insert_due_change(
    tx: &mut Tx,
    (before, after): (&crate::model::Cycle, &crate::model::Cycle),
    at: Instant,
) -> Result<(), DbError> {
    let columns = &["retailer_id", "cycle_id", "version", "due_before", "due_after", "at"];
    let row = params![after.retailer_id, after.id, after.version, before.due_on, after.due_on, at];
    tx.insert_many("due_changes", columns, vec![row]).await
}

/// Cycles that ended and of which other days overdue are kept than their dates and disputes come to: line and number. One
/// statement.
pub(crate) async fn wrongly_late(tx: &mut Tx, pairs: &[crate::Pair]) -> Result<Vec<(crate::Pair, String)>, DbError> {
    let sql = "select c.retailer_id, c.vendor_id, c.number, c.due_on, c.closed_on, c.late_days, c.disputed_on, c.standstill \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id \
               where c.outstanding_paisa = 0 or c.late_days is not null order by c.retailer_id, c.vendor_id, c.number";
    let mut found = Vec::new();
    for row in tx.query(sql, params![super::pairs_value(pairs)]).await? {
        let standstill = Standstill { since: row.get("disputed_on")?, ended: super::cycles::ended_disputes(&row)? };
        let (due_on, closed_on): (BusinessDate, Option<BusinessDate>) = (row.get("due_on")?, row.get("closed_on")?);
        let days = closed_on.map(|on| standstill.days_late(due_on, on).max(0));
        if days != row.get::<Option<i64>>("late_days")? {
            found.push((super::pair(&row)?, row.get("number")?));
        }
    }
    Ok(found)
}
