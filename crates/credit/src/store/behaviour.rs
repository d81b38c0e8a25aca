//! What of retailers' credit is read in sets: positions, lateness, latest cycles.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{Actor, BusinessDate, CycleId, Money, PageRequest, RetailerId};

use super::lines::changes;
use crate::Pair;
use crate::behaviour::{Behaviour, LatestCycle};
use crate::lines::RecordedChange;
use crate::model::Cycle;
use crate::past::{Past, PastCycle};

type ByRetailer = HashMap<RetailerId, Behaviour>;

/// The sums of these retailers' lines.
pub(crate) async fn positions(tx: &mut Tx, retailers: &[RetailerId]) -> Result<ByRetailer, DbError> {
    let sql = "select l.retailer_id, cast(sum(l.limit_paisa) as bigint) as limits, \
               cast(sum(l.reserved_paisa) as bigint) as reserved, \
               cast(sum(l.outstanding_paisa) as bigint) as outstanding \
               from credit_lines l where l.retailer_id in {1} group by l.retailer_id";
    let rows = tx.query(sql, params![Value::list(retailers)]).await?;
    let read = |row: &Row| {
        let behaviour = Behaviour {
            limit: row.get("limits")?,
            reserved: row.get("reserved")?,
            outstanding: row.get("outstanding")?,
            ..Behaviour::default()
        };
        Ok((row.get("retailer_id")?, behaviour))
    };
    rows.iter().map(read).collect()
}

/// Adds by how many days the longest overdue cycle is late.
pub(crate) async fn add_lateness(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
    found: &mut ByRetailer,
) -> Result<(), DbError> {
    let sql = "select c.retailer_id, c.disputed_on, min(c.late_from) as oldest from cycles c \
               where c.retailer_id in {1} and c.outstanding_paisa > 0 and c.due_on < $2 \
               and c.late_from < coalesce(c.disputed_on, $2) group by c.retailer_id, c.disputed_on";
    for row in tx.query(sql, params![Value::list(retailers), today]).await? {
        let (oldest, disputed_on): (BusinessDate, Option<BusinessDate>) = (row.get("oldest")?, row.get("disputed_on")?);
        if let Some(of) = found.get_mut(&row.get("retailer_id")?) {
            of.worst_overdue_days = of.worst_overdue_days.max(disputed_on.unwrap_or(today).days_since(oldest));
        }
    }
    Ok(())
}

/// Adds who has something due from one day to another.
pub(crate) async fn add_due_soon(
    tx: &mut Tx,
    retailers: &[RetailerId],
    (from, to): (BusinessDate, BusinessDate),
    found: &mut ByRetailer,
) -> Result<(), DbError> {
    let sql = "select distinct c.retailer_id from cycles c where c.retailer_id in {1} and c.outstanding_paisa > 0 \
               and c.due_on >= $2 and c.due_on <= $3";
    for row in tx.query(sql, params![Value::list(retailers), from, to]).await? {
        if let Some(of) = found.get_mut(&row.get("retailer_id")?) {
            of.is_due_soon = true;
        }
    }
    Ok(())
}

/// Whether the goods of a cycle did not all go back; what was written off did not.
#[rustfmt::skip]
macro_rules! was_owed {
    ($c:literal) => {
        concat!("(", $c, ".principal_paisa + ", $c, ".adjusted_paisa > 0 or exists (select 1 as one from adjustments a \
            where a.retailer_id = ", $c, ".retailer_id and a.cycle_id = ", $c, ".id and a.kind = 'WRITE_OFF'))")
    };
}

/// Whether a cycle tells how its retailer pays: it is due or over, not in dispute, and its goods did not all go back.
#[rustfmt::skip]
macro_rules! tells {
    ($c:literal) => {
        concat!($c, ".disputed_on is null and (", $c, ".due_on < $2 or ", $c, ".outstanding_paisa = 0) and ",
            was_owed!($c))
    };
}

/// Adds the latest cycles.
pub(crate) async fn add_latest(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
    most: usize,
    found: &mut ByRetailer,
) -> Result<(), DbError> {
    // From the due date of the last of them on, which an index finds for each retailer without its older history.
    let sql = concat!(
        "select c.retailer_id, c.id, c.number, c.due_on, c.late_from, c.closed_on, c.outstanding_paisa \
         from retailers r join cycles c on c.retailer_id = r.id and c.due_on >= (select min(n.due_on) \
         from (select k.due_on from cycles k where k.retailer_id = r.id and ",
        tells!("k"),
        " order by k.due_on desc limit $3) n) where r.id in {1} and ",
        tells!("c")
    );
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    for row in tx.query(sql, params![Value::list(retailers), today, limit]).await? {
        let Some(of) = found.get_mut(&row.get("retailer_id")?) else { continue };
        let (late_from, closed_on): (BusinessDate, Option<BusinessDate>) =
            (row.get("late_from")?, row.get("closed_on")?);
        let outstanding: Money = row.get("outstanding_paisa")?;
        let until = closed_on.filter(|_| outstanding.is_zero()).unwrap_or(today);
        of.latest.push(LatestCycle {
            id: row.get("id")?,
            number: row.get("number")?,
            due_on: row.get("due_on")?,
            is_late: until > late_from,
        });
    }
    for of in found.values_mut() {
        of.latest.sort_by(|a, b| b.due_on.cmp(&a.due_on).then_with(|| a.number.cmp(&b.number)));
        of.latest.truncate(most);
    }
    Ok(())
}

/// The retailers whose credit is active and that have an open cycle that was late before a day, in the order of their
/// ids.
pub async fn late_retailers(tx: &mut Tx, before: BusinessDate) -> Result<Vec<RetailerId>, DbError> {
    let sql = "select distinct c.retailer_id from cycles c join retailers r on r.id = c.retailer_id \
               where c.outstanding_paisa > 0 and c.late_from < $1 and r.credit_status = 'ACTIVE' \
               order by c.retailer_id";
    let rows = tx.query(sql, params![before]).await?;
    rows.iter().map(|row| row.get("retailer_id")).collect()
}

/// Whether somebody other than the platform has changed a line's limit since a version of it.
pub async fn limit_overridden(tx: &mut Tx, pair: Pair, version: i64) -> Result<bool, DbError> {
    let newest = changes(tx, pair, &PageRequest::new(Some(PageRequest::MOST), None)).await?;
    let is_other = |change: &&RecordedChange| change.version > version && change.actor != Actor::System.to_string();
    let limit = |state: Option<&serde_json::Value>| {
        state.and_then(|state| state.get("line").unwrap_or(state).get("limit")).cloned()
    };
    let changed = |change: &RecordedChange| limit(change.before.as_ref()) != limit(Some(&change.after));
    Ok(newest.items.iter().filter(is_other).any(changed))
}

/// The open cycles on these lines that are overdue for more than so many days, the oldest first.
pub async fn late_cycles(
    tx: &mut Tx,
    pairs: &[Pair],
    today: BusinessDate,
    allowed: i64,
) -> Result<Vec<Cycle>, DbError> {
    let sql = "select c.* from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id and c.due_on < $2 \
               where c.outstanding_paisa > 0 order by c.due_on, c.number";
    let before = today.plus_days(allowed.saturating_neg());
    let rows = tx.query(sql, params![super::pairs_value(pairs), before]).await?;
    let cycles = rows.iter().map(super::cycles::read).collect::<Result<Vec<_>, _>>()?;
    Ok(cycles.into_iter().filter(|cycle| cycle.overdue_days(today) > allowed).collect())
}

/// The last day on which a retailer had something overdue, today included; none where it never had.
pub async fn last_overdue_day(
    tx: &mut Tx,
    retailer: RetailerId,
    today: BusinessDate,
) -> Result<Option<BusinessDate>, DbError> {
    let sql = "select max(case when c.outstanding_paisa > 0 then $2 else c.closed_on end) as last from cycles c \
               where c.retailer_id = $1 and ((c.outstanding_paisa > 0 and c.late_from < coalesce(c.disputed_on, $2)) \
               or (c.outstanding_paisa = 0 and c.closed_on > c.late_from))";
    tx.query_one(sql, params![retailer, today]).await?.get("last")
}

/// The limits of these retailers' lines.
pub(crate) async fn limits(tx: &mut Tx, retailers: &[RetailerId]) -> Result<HashMap<RetailerId, Past>, DbError> {
    let sql = "select l.retailer_id, l.vendor_id, l.limit_paisa from credit_lines l where l.retailer_id in {1}";
    let mut found: HashMap<RetailerId, Past> = HashMap::new();
    for row in tx.query(sql, params![Value::list(retailers)]).await? {
        let past = found.entry(row.get("retailer_id")?).or_default();
        past.limits.insert(row.get("vendor_id")?, row.get("limit_paisa")?);
    }
    Ok(found)
}

/// Adds the cycles that were open at some time from a day on, with what came off them.
pub(crate) async fn add_past_cycles(
    tx: &mut Tx,
    retailers: &[RetailerId],
    from: BusinessDate,
    found: &mut HashMap<RetailerId, Past>,
) -> Result<(), DbError> {
    let mut less: HashMap<CycleId, Vec<(BusinessDate, Money)>> = HashMap::new();
    // Cycles that had not ended before the first day that counts.
    macro_rules! that_count {
        () => {
            " where c.retailer_id in {1} and (c.outstanding_paisa > 0 or c.closed_on >= $2) "
        };
    }
    let repaid = concat!(
        "select r.cycle_id, r.paid_on as day, cast(sum(r.principal_paisa) as bigint) as amount \
         from cycles c join repayments r on r.retailer_id = c.retailer_id and r.cycle_id = c.id",
        that_count!(),
        "and r.reversed_on is null group by r.cycle_id, r.paid_on"
    );
    let adjusted = concat!(
        "select a.cycle_id, a.adjusted_on as day, cast(sum(-a.amount_paisa) as bigint) as amount \
         from cycles c join adjustments a on a.retailer_id = c.retailer_id and a.cycle_id = c.id",
        that_count!(),
        "group by a.cycle_id, a.adjusted_on"
    );
    for sql in [repaid, adjusted] {
        for row in tx.query(sql, params![Value::list(retailers), from]).await? {
            less.entry(row.get("cycle_id")?).or_default().push((row.get("day")?, row.get("amount")?));
        }
    }
    let sql = concat!(
        "select c.*, cast(case when ",
        was_owed!("c"),
        " then 0 else 1 end as bigint) as is_returned from cycles c",
        that_count!(),
        "order by c.retailer_id, c.id"
    );
    for row in tx.query(sql, params![Value::list(retailers), from]).await? {
        let Some(past) = found.get_mut(&row.get("retailer_id")?) else { continue };
        let id: CycleId = row.get("id")?;
        let outstanding: Money = row.get("outstanding_paisa")?;
        let closed_on: Option<BusinessDate> = row.get("closed_on")?;
        past.cycles.push(PastCycle {
            id,
            number: row.get("number")?,
            vendor: row.get("vendor_id")?,
            principal: row.get("principal_paisa")?,
            started_on: row.get("started_on")?,
            due_on: row.get("due_on")?,
            late_from: row.get("late_from")?,
            ended_on: closed_on.filter(|_| outstanding.is_zero()),
            is_returned: row.get::<i64>("is_returned")? != 0,
            less: less.remove(&id).unwrap_or_default(),
        });
    }
    Ok(())
}
