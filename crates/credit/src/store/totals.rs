//! Sums: what lies against caps and ceilings, what is open by due date, and what positions come to by their events.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, Instant, Money, OrderId, ReservationId, RetailerId, VendorId};
use ledger::Part;

use super::{broken, pair, pairs_value};
use crate::Pair;
use crate::risk::{Noted, Totals};

/// How sums are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// For a decision, behind locks: as it is kept.
    Locked,
    /// For an answer only: holds whose offer has passed its deadline by this moment do not count.
    Plain(Instant),
}

impl Reading {
    /// The moment by which a hold has expired to be left out; none ends at the beginning of time.
    const fn expired_by(self) -> Instant {
        match self {
            Self::Locked => Instant::from_micros(i64::MIN),
            Self::Plain(now) => now,
        }
    }
}

/// What lies against the caps of these retailers, whose rows the caller holds where it decides. One statement.
pub(crate) async fn used_by_retailers(
    tx: &mut Tx,
    retailers: &[RetailerId],
    reading: Reading,
) -> Result<HashMap<RetailerId, Money>, DbError> {
    let sql = "select l.retailer_id, cast(sum(l.reserved_paisa + l.outstanding_paisa) - coalesce((select \
               sum(r.amount_paisa) from reservations r where r.retailer_id = l.retailer_id and r.state = 'ACTIVE' \
               and r.expires_at <= $2), 0) as bigint) as used \
               from credit_lines l where l.retailer_id in {1} group by l.retailer_id";
    let rows = tx.query(sql, params![Value::list(retailers), reading.expired_by()]).await?;
    rows.iter().map(|row| Ok((row.get("retailer_id")?, row.get("used")?))).collect()
}

/// Locks the rows of these vendors in order and reads their ceilings. One statement.
pub(crate) async fn ceilings_for_update(tx: &mut Tx, vendors: &[VendorId]) -> Result<Vec<(VendorId, Money)>, DbError> {
    let sql = "select v.id, v.ceiling_paisa from vendors v where v.id in {1} and v.ceiling_paisa is not null \
               order by v.id {lock v}";
    let rows = tx.query(sql, params![Value::list(vendors)]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("ceiling_paisa")?))).collect()
}

/// What lies against the ceilings of these vendors. One statement.
pub(crate) async fn used_by_vendors(
    tx: &mut Tx,
    vendors: &[VendorId],
    reading: Reading,
) -> Result<HashMap<VendorId, Money>, DbError> {
    let sql = "select l.vendor_id, cast(sum(l.reserved_paisa + l.outstanding_paisa) - coalesce((select \
               sum(r.amount_paisa) from reservations r where r.vendor_id = l.vendor_id and r.state = 'ACTIVE' \
               and r.expires_at <= $2), 0) as bigint) as used \
               from credit_lines l where l.vendor_id in {1} group by l.vendor_id";
    let rows = tx.query(sql, params![Value::list(vendors), reading.expired_by()]).await?;
    rows.iter().map(|row| Ok((row.get("vendor_id")?, row.get("used")?))).collect()
}

/// Open principal that is late behind the same day, on cycles that were disputed on the same day or are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// The last day on which it is not late.
    pub(crate) late_from: BusinessDate,
    /// The day of the dispute, where there is one.
    pub(crate) disputed_on: Option<BusinessDate>,
    /// How much.
    pub(crate) principal: Money,
    /// On how many cycles.
    pub(crate) cycles: i64,
}

/// Open principal now, by lateness; indexes hold all of it. A retailer's rows of the same days are not put together.
pub(crate) async fn open_by_lateness(
    tx: &mut Tx,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
) -> Result<Vec<Open>, DbError> {
    let rows = match (retailer, vendor) {
        (Some(retailer), vendor) => {
            let sql = "select c.late_from, c.disputed_on, c.outstanding_paisa as open, cast(1 as bigint) as cycles from cycles c \
                       where c.outstanding_paisa > 0 and c.retailer_id = $1 \
                       and (cast($2 as text) is null or c.vendor_id = $2)";
            tx.query(sql, params![retailer, vendor]).await?
        }
        (None, Some(vendor)) => {
            // Line by line: what others lend costs nothing.
            let sql = "select c.late_from, c.disputed_on, cast(sum(c.outstanding_paisa) as bigint) as open, \
                       cast(count(*) as bigint) as cycles from credit_lines l cross join cycles c \
                       where l.vendor_id = $1 and c.retailer_id = l.retailer_id and c.vendor_id = l.vendor_id \
                       and c.outstanding_paisa > 0 group by c.late_from, c.disputed_on";
            tx.query(sql, params![vendor]).await?
        }
        (None, None) => {
            let sql = "select c.late_from, c.disputed_on, cast(sum(c.outstanding_paisa) as bigint) as open, \
                       cast(count(*) as bigint) as cycles from cycles c \
                       where c.outstanding_paisa > 0 group by c.late_from, c.disputed_on";
            tx.query(sql, params![]).await?
        }
    };
    let open = |row: &Row| {
        Ok(Open {
            late_from: row.get("late_from")?,
            disputed_on: row.get("disputed_on")?,
            principal: row.get("open")?,
            cycles: row.get("cycles")?,
        })
    };
    rows.iter().map(open).collect()
}

/// All lines together, without the holds of expired offers. Two statements.
pub async fn all_lines(tx: &mut Tx, now: Instant) -> Result<Totals, DbError> {
    let sql = "select cast(count(*) as bigint) as lines, \
               cast(coalesce(sum(case when l.status = 'ACTIVE' then 0 else 1 end), 0) as bigint) as stopped, \
               cast(coalesce(sum(l.limit_paisa), 0) as bigint) as limits, \
               cast(coalesce(sum(l.reserved_paisa), 0) as bigint) as reserved, \
               cast(coalesce(sum(l.outstanding_paisa), 0) as bigint) as outstanding from credit_lines l";
    let row = tx.query_one(sql, params![]).await?;
    let sql = "select cast(coalesce(sum(r.amount_paisa), 0) as bigint) as expired from reservations r \
               where r.state = 'ACTIVE' and r.expires_at is not null and r.expires_at <= $1";
    let expired: Money = tx.query_one(sql, params![now]).await?.get("expired")?;
    let reserved: Money = row.get("reserved")?;
    Ok(Totals {
        lines: row.get("lines")?,
        stopped_lines: row.get("stopped")?,
        limit: row.get("limits")?,
        reserved: reserved.minus(expired).map_err(broken)?,
        outstanding: row.get("outstanding")?,
    })
}

fn noted(row: &Row) -> Result<Noted, DbError> {
    Ok(Noted {
        id: row.get("id")?,
        pair: pair(row)?,
        limit: row.get("limit_paisa")?,
        used: row.get("used")?,
        overdue: row.get("overdue")?,
        oldest: row.get("oldest")?,
    })
}

/// The lines with the oldest overdue cycles that are not in dispute, of those that the `cycles` oldest ones belong to, with
/// all that is overdue on them.
pub(crate) async fn worst_lines(tx: &mut Tx, on: BusinessDate, cycles: i64, most: i64) -> Result<Vec<Noted>, DbError> {
    let sql = "select l.id, l.retailer_id, l.vendor_id, l.limit_paisa, \
               cast(l.reserved_paisa + l.outstanding_paisa as bigint) as used, \
               cast((select sum(c.outstanding_paisa) from cycles c where c.retailer_id = w.retailer_id \
               and c.vendor_id = w.vendor_id and c.outstanding_paisa > 0 and c.disputed_on is null \
               and c.late_from < $1) as bigint) as overdue, w.oldest \
               from (select o.retailer_id, o.vendor_id, min(o.late_from) as oldest from (select c.retailer_id, \
               c.vendor_id, c.late_from from cycles c where c.outstanding_paisa > 0 and c.disputed_on is null \
               and c.late_from < $1 order by c.late_from limit $2) o group by o.retailer_id, o.vendor_id) w \
               join credit_lines l on l.retailer_id = w.retailer_id and l.vendor_id = w.vendor_id \
               order by w.oldest, overdue desc, l.retailer_id, l.vendor_id limit $3";
    tx.query(sql, params![on, cycles, most]).await?.iter().map(noted).collect()
}

/// The lines of which most is used, by share of their limit, with what is overdue on them, disputed cycles apart.
pub(crate) async fn most_used_lines(tx: &mut Tx, on: BusinessDate, most: i64) -> Result<Vec<Noted>, DbError> {
    let sql = "select m.id, m.retailer_id, m.vendor_id, m.limit_paisa, m.used, \
               cast(coalesce((select sum(c.outstanding_paisa) from cycles c where c.retailer_id = m.retailer_id \
               and c.vendor_id = m.vendor_id and c.outstanding_paisa > 0 and c.disputed_on is null \
               and c.late_from < $1), 0) as bigint) as overdue, \
               (select min(c.late_from) from cycles c where c.retailer_id = m.retailer_id \
               and c.vendor_id = m.vendor_id and c.outstanding_paisa > 0 and c.disputed_on is null \
               and c.late_from < $1) as oldest \
               from (select l.id, l.retailer_id, l.vendor_id, l.limit_paisa, \
               cast(l.reserved_paisa + l.outstanding_paisa as bigint) as used, case when l.limit_paisa = 0 then 10000 \
               else (l.reserved_paisa + l.outstanding_paisa) * 10000 / l.limit_paisa end as share \
               from credit_lines l where l.reserved_paisa + l.outstanding_paisa > 0 \
               order by share desc, l.retailer_id, l.vendor_id limit $2) m \
               order by m.share desc, m.retailer_id, m.vendor_id";
    tx.query(sql, params![on, most]).await?.iter().map(noted).collect()
}

/// The principal of a vendor's cycles that began after one day and by another.
pub(crate) async fn begun_between(
    tx: &mut Tx,
    vendor: VendorId,
    after: BusinessDate,
    by: BusinessDate,
) -> Result<Money, DbError> {
    let sql = "select cast(coalesce(sum(c.principal_paisa), 0) as bigint) as begun from cycles c \
               where c.vendor_id = $1 and c.started_on > $2 and c.started_on <= $3";
    tx.query_one(sql, params![vendor, after, by]).await?.get("begun")
}

/// A line's kept position, and what its events come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recount {
    pub(crate) pair: Pair,
    pub(crate) reserved: Money,
    pub(crate) outstanding: Money,
    pub(crate) position_seq: i64,
    pub(crate) active_reservations: Money,
    pub(crate) open_cycles: Money,
    pub(crate) events: i64,
}

/// The kept positions of some books' lines behind a place.
async fn positions_after(tx: &mut Tx, part: Part, after: Option<Pair>, most: i64) -> Result<Vec<Row>, DbError> {
    let (retailer, vendor) =
        after.map(|(retailer, vendor)| (retailer.to_string(), vendor.to_string())).unwrap_or_default();
    match part {
        Part::All => {
            let sql = "select * from credit_lines l where (l.retailer_id, l.vendor_id) > ($1, $2) \
                       order by l.retailer_id, l.vendor_id limit $3";
            tx.query(sql, params![retailer, vendor, most]).await
        }
        Part::Vendor(only) => {
            let sql = "select * from credit_lines l where l.vendor_id = $1 and l.retailer_id > $2 \
                       order by l.retailer_id limit $3";
            tx.query(sql, params![only, retailer, most]).await
        }
        Part::Retailer(only) => {
            let sql = "select * from credit_lines l where l.retailer_id = $1 and l.vendor_id > $2 \
                       order by l.vendor_id limit $3";
            tx.query(sql, params![only, vendor, most]).await
        }
        Part::Book((only, with)) => {
            let sql = "select * from credit_lines l where l.retailer_id = $1 and l.vendor_id = $2 \
                       and (l.retailer_id, l.vendor_id) > ($3, $4) limit $5";
            tx.query(sql, params![only, with, retailer, vendor, most]).await
        }
    }
}

/// The next lines behind a place with what their events come to: takings, endings, openings, repayments,
/// their reversals, and adjustments each are one.
pub(crate) async fn recounts(tx: &mut Tx, part: Part, after: Option<Pair>, most: i64) -> Result<Vec<Recount>, DbError> {
    let mut found = Vec::new();
    let mut places = HashMap::new();
    for row in positions_after(tx, part, after, most).await? {
        let pair = pair(&row)?;
        places.insert(pair, found.len());
        found.push(Recount {
            pair,
            reserved: row.get("reserved_paisa")?,
            outstanding: row.get("outstanding_paisa")?,
            position_seq: row.get("position_seq")?,
            active_reservations: Money::ZERO,
            open_cycles: Money::ZERO,
            events: 0,
        });
    }
    let pairs = pairs_value(found.iter().map(|line| &line.pair));
    let sql = "select r.retailer_id, r.vendor_id, \
               cast(coalesce(sum(case r.state when 'ACTIVE' then r.amount_paisa else 0 end), 0) as bigint) as amount, \
               cast(count(*) + count(r.ended_seq) as bigint) as events \
               from {rows 1: retailer_id text, vendor_id text} v join reservations r \
               on r.retailer_id = v.retailer_id and r.vendor_id = v.vendor_id group by r.retailer_id, r.vendor_id";
    let held = tx.query(sql, params![pairs.clone()]).await?;
    let sql = "select c.retailer_id, c.vendor_id, cast(sum(c.outstanding_paisa) as bigint) as amount \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id where c.outstanding_paisa > 0 \
               group by c.retailer_id, c.vendor_id";
    let open = tx.query(sql, params![pairs.clone()]).await?;
    let sql = "select r.retailer_id, r.vendor_id, cast(count(*) + count(r.reversed_on) as bigint) as events \
               from {rows 1: retailer_id text, vendor_id text} v join repayments r \
               on r.retailer_id = v.retailer_id and r.vendor_id = v.vendor_id group by r.retailer_id, r.vendor_id";
    let repaid = tx.query(sql, params![pairs.clone()]).await?;
    let sql = "select a.retailer_id, a.vendor_id, cast(count(*) as bigint) as events \
               from {rows 1: retailer_id text, vendor_id text} v join adjustments a \
               on a.retailer_id = v.retailer_id and a.vendor_id = v.vendor_id group by a.retailer_id, a.vendor_id";
    let adjusted = tx.query(sql, params![pairs.clone()]).await?;
    let sql = "select c.retailer_id, c.vendor_id, cast(count(*) as bigint) as events \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id where c.order_id is null \
               group by c.retailer_id, c.vendor_id";
    let opened = tx.query(sql, params![pairs]).await?;
    let counted = [
        (&held, true, true),
        (&open, true, false),
        (&repaid, false, true),
        (&adjusted, false, true),
        (&opened, false, true),
    ];
    for (rows, has_amount, has_events) in counted {
        for row in rows {
            let place = places.get(&pair(row)?).and_then(|place| found.get_mut(*place));
            let Some(line) = place else { continue };
            if has_amount && has_events {
                line.active_reservations = row.get("amount")?;
            } else if has_amount {
                line.open_cycles = row.get("amount")?;
            }
            if has_events {
                line.events = line.events.saturating_add(row.get("events")?);
            }
        }
    }
    Ok(found)
}

/// Cycles whose figures are not what their repayments come to: their retailer and number.
pub(crate) async fn drifted_cycles(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<(Pair, String)>, DbError> {
    let sql = "select c.retailer_id, c.vendor_id, c.number from {rows 1: retailer_id text, vendor_id text} v \
               join cycles c on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id \
               left join repayments r on r.retailer_id = c.retailer_id and r.cycle_id = c.id \
               and r.reversed_on is null \
               group by c.retailer_id, c.vendor_id, c.id, c.number, c.principal_paisa, c.outstanding_paisa, \
               c.repaid_paisa, c.discount_paisa, c.interest_paisa, c.adjusted_paisa \
               having c.principal_paisa + c.adjusted_paisa - c.outstanding_paisa <> coalesce(sum(r.principal_paisa), 0) \
               or c.repaid_paisa <> coalesce(sum(r.principal_paisa), 0) \
               or c.discount_paisa <> coalesce(sum(r.discount_paisa), 0) \
               or c.interest_paisa <> coalesce(sum(r.interest_paisa), 0) \
               or c.adjusted_paisa <> coalesce((select sum(a.amount_paisa) from adjustments a \
               where a.retailer_id = c.retailer_id and a.cycle_id = c.id), 0) \
               or coalesce((select sum(a.advance_paisa) from adjustments a \
               where a.retailer_id = c.retailer_id and a.cycle_id = c.id), 0) \
               + coalesce((select sum(b.cash_paisa) from repayments b where b.retailer_id = c.retailer_id \
               and b.cycle_id = c.id and b.source = 'RETURN'), 0) <> 0 \
               order by c.retailer_id, c.vendor_id, c.number";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    rows.iter().map(|row| Ok((pair(row)?, row.get("number")?))).collect()
}

/// Active reservations of these lines whose order no longer holds anything, or does not exist.
pub(crate) async fn orphans(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<(Pair, ReservationId, OrderId)>, DbError> {
    // The one look at the orders' table from here: to find what the two rooms should never let happen.
    let sql = "select r.retailer_id, r.vendor_id, r.id, r.order_id \
               from {rows 1: retailer_id text, vendor_id text} v join reservations r \
               on r.retailer_id = v.retailer_id and r.vendor_id = v.vendor_id and r.state = 'ACTIVE' \
               where not exists (select 1 from orders o where o.retailer_id = r.retailer_id and o.id = r.order_id \
               and o.vendor_id = r.vendor_id and o.state in ('OFFERED', 'CONFIRMED', 'DISPATCHED')) \
               order by r.retailer_id, r.id";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    rows.iter().map(|row| Ok((pair(row)?, row.get("id")?, row.get("order_id")?))).collect()
}
