//! Sums: what lies against caps and ceilings, what is open by due date, and what positions come to by their events.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, Money, OrderId, ReservationId, RetailerId, VendorId};
use ledger::Part;

use super::{pair, pairs_value};
use crate::Pair;
use crate::check::Measure;

/// Whether rows are locked, in order, before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// For a decision that changes them.
    Locked,
    /// For an answer only.
    Plain,
}

/// Reads the caps that are set for these retailers with what lies against them. Two statements.
pub(crate) async fn caps(
    tx: &mut Tx,
    retailers: &[RetailerId],
    reading: Reading,
) -> Result<HashMap<RetailerId, Measure>, DbError> {
    let sql = match reading {
        Reading::Locked => {
            "select r.id, r.cap_paisa from retailers r where r.id in {1} and r.cap_paisa is not null \
             order by r.id {lock r}"
        }
        Reading::Plain => "select r.id, r.cap_paisa from retailers r where r.id in {1} and r.cap_paisa is not null",
    };
    let mut found = HashMap::new();
    for row in tx.query(sql, params![Value::list(retailers)]).await? {
        found.insert(row.get("id")?, Measure { limit: row.get("cap_paisa")?, used: Money::ZERO });
    }
    let sql = "select l.retailer_id, cast(sum(l.reserved_paisa + l.outstanding_paisa) as bigint) as used \
               from credit_lines l where l.retailer_id in {1} group by l.retailer_id";
    for row in tx.query(sql, params![Value::list(retailers)]).await? {
        if let Some(measure) = found.get_mut(&row.get("retailer_id")?) {
            measure.used = row.get("used")?;
        }
    }
    Ok(found)
}

/// Reads the ceilings that are set for these vendors with what lies against them. Two statements.
pub(crate) async fn ceilings(
    tx: &mut Tx,
    vendors: &[VendorId],
    reading: Reading,
) -> Result<HashMap<VendorId, Measure>, DbError> {
    let sql = match reading {
        Reading::Locked => {
            "select v.id, v.ceiling_paisa from vendors v where v.id in {1} and v.ceiling_paisa is not null \
             order by v.id {lock v}"
        }
        Reading::Plain => {
            "select v.id, v.ceiling_paisa from vendors v where v.id in {1} and v.ceiling_paisa is not null"
        }
    };
    let mut found = HashMap::new();
    for row in tx.query(sql, params![Value::list(vendors)]).await? {
        found.insert(row.get("id")?, Measure { limit: row.get("ceiling_paisa")?, used: Money::ZERO });
    }
    let sql = "select l.vendor_id, cast(sum(l.reserved_paisa + l.outstanding_paisa) as bigint) as used \
               from credit_lines l where l.vendor_id in {1} group by l.vendor_id";
    for row in tx.query(sql, params![Value::list(vendors)]).await? {
        if let Some(measure) = found.get_mut(&row.get("vendor_id")?) {
            measure.used = row.get("used")?;
        }
    }
    Ok(found)
}

/// Open principal by due date, now. An empty id is any.
pub(crate) async fn open_by_due_date(
    tx: &mut Tx,
    retailer: &str,
    vendor: &str,
) -> Result<Vec<(BusinessDate, Money)>, DbError> {
    let sql = "select c.due_on, cast(sum(c.outstanding_paisa) as bigint) as open from cycles c \
               where c.outstanding_paisa > 0 and ($1 = '' or c.retailer_id = $1) and ($2 = '' or c.vendor_id = $2) \
               group by c.due_on order by c.due_on";
    let rows = tx.query(sql, params![retailer, vendor]).await?;
    rows.iter().map(|row| Ok((row.get("due_on")?, row.get("open")?))).collect()
}

/// Open principal by due date as it was at the end of a day: what had begun, less what had been repaid.
pub(crate) async fn open_by_due_date_on(
    tx: &mut Tx,
    retailer: &str,
    vendor: &str,
    on: BusinessDate,
) -> Result<Vec<(BusinessDate, Money)>, DbError> {
    let sql = "select c.due_on, cast(sum(c.principal_paisa - coalesce(p.repaid, 0)) as bigint) as open \
               from cycles c left join (select r.retailer_id, r.cycle_id, sum(r.principal_paisa) as repaid \
               from repayments r where r.paid_on <= $3 and (r.reversed_on is null or r.reversed_on > $3) and ($1 = '' or r.retailer_id = $1) \
               group by r.retailer_id, r.cycle_id) p on p.retailer_id = c.retailer_id and p.cycle_id = c.id \
               where c.started_on <= $3 and ($1 = '' or c.retailer_id = $1) and ($2 = '' or c.vendor_id = $2) \
               group by c.due_on order by c.due_on";
    let rows = tx.query(sql, params![retailer, vendor, on]).await?;
    rows.iter().map(|row| Ok((row.get("due_on")?, row.get("open")?))).collect()
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

/// The next lines behind a place with what their events come to: takings, endings, openings, repayments and
/// their reversals each are one.
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
    let sql = "select c.retailer_id, c.vendor_id, cast(count(*) as bigint) as events \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id where c.order_id is null \
               group by c.retailer_id, c.vendor_id";
    let opened = tx.query(sql, params![pairs]).await?;
    for (rows, has_amount, has_events) in
        [(&held, true, true), (&open, true, false), (&repaid, false, true), (&opened, false, true)]
    {
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
               c.repaid_paisa, c.discount_paisa, c.interest_paisa \
               having c.principal_paisa - c.outstanding_paisa <> coalesce(sum(r.principal_paisa), 0) \
               or c.repaid_paisa <> coalesce(sum(r.principal_paisa), 0) \
               or c.discount_paisa <> coalesce(sum(r.discount_paisa), 0) \
               or c.interest_paisa <> coalesce(sum(r.interest_paisa), 0) \
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
