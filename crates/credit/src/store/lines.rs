//! Lines: reading, locking, and moving their positions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, Context, Instant, LineId, Money, Page, PageRequest, RetailerId, Scope, VendorId};

use super::{broken, cycles, pair, pairs_value, split_cursor, terms};
use crate::Pair;
use crate::check::OverdueCycle;
use crate::lines::RecordedChange;
use crate::model::Line;
use crate::terms::{Ask, SettlementTerms, settle};

fn read(row: &Row) -> Result<Line, DbError> {
    Ok(Line {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        limit: row.get("limit_paisa")?,
        terms_days: row.get("terms_days")?,
        status: row.get("status")?,
        status_reason: row.get("status_reason")?,
        max_order: row.get("max_order_paisa")?,
        max_overdue_days: row.get("max_overdue_days")?,
        terms_version: row.get("terms_version")?,
        reserved: row.get("reserved_paisa")?,
        outstanding: row.get("outstanding_paisa")?,
        position_seq: row.get("position_seq")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        oldest_due_on: None,
        worst_overdue_days: 0,
        overdue: Vec::new(),
    })
}

/// Locks and reads these lines in the order of retailer and vendor, with what is overdue on them; missing ones are
/// absent. A decision on credit begins with this.
pub async fn lines_for_update(
    tx: &mut Tx,
    pairs: &[Pair],
    today: BusinessDate,
) -> Result<HashMap<Pair, Line>, DbError> {
    let pairs: BTreeSet<Pair> = pairs.iter().copied().collect();
    let sql = "select l.* from {rows 1: retailer_id text, vendor_id text} v join credit_lines l \
               on l.retailer_id = v.retailer_id and l.vendor_id = v.vendor_id \
               order by l.retailer_id, l.vendor_id {lock l}";
    let rows = tx.query(sql, params![pairs_value(&pairs)]).await?;
    with_overdue(tx, &rows, today).await
}

/// Locks and reads these lines in the order of retailer and vendor, without what is overdue on them.
pub(crate) async fn locked(tx: &mut Tx, pairs: &BTreeSet<Pair>) -> Result<HashMap<Pair, Line>, DbError> {
    let sql = "select l.* from {rows 1: retailer_id text, vendor_id text} v join credit_lines l \
               on l.retailer_id = v.retailer_id and l.vendor_id = v.vendor_id \
               order by l.retailer_id, l.vendor_id {lock l}";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    rows.iter().map(|row| read(row).map(|line| (line.pair(), line))).collect()
}

/// Locks and reads every line of these retailers in the order of retailer and vendor, with what is overdue on them.
pub async fn lines_of_retailers_for_update(
    tx: &mut Tx,
    retailers: &[RetailerId],
    today: BusinessDate,
) -> Result<HashMap<Pair, Line>, DbError> {
    let sql = "select l.* from credit_lines l where l.retailer_id in {1} \
               order by l.retailer_id, l.vendor_id {lock l}";
    let rows = tx.query(sql, params![Value::list(retailers)]).await?;
    with_overdue(tx, &rows, today).await
}

/// Reads these lines without locking, with what is overdue on them; missing ones are absent.
pub async fn lines(tx: &mut Tx, pairs: &[Pair], today: BusinessDate) -> Result<HashMap<Pair, Line>, DbError> {
    let sql = "select l.* from {rows 1: retailer_id text, vendor_id text} v join credit_lines l \
               on l.retailer_id = v.retailer_id and l.vendor_id = v.vendor_id";
    let rows = tx.query(sql, params![pairs_value(pairs)]).await?;
    with_overdue(tx, &rows, today).await
}

/// The line of a retailer with a vendor, inside a scope.
pub async fn line_of(tx: &mut Tx, scope: Scope, pair: Pair, today: BusinessDate) -> Result<Option<Line>, DbError> {
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(None);
    }
    Ok(lines(tx, &[pair], today).await?.remove(&pair))
}

/// The line with this id, inside a scope.
pub async fn line(tx: &mut Tx, scope: Scope, id: LineId, today: BusinessDate) -> Result<Option<Line>, DbError> {
    let row = tx.query_opt("select * from credit_lines where id = $1", params![id]).await?;
    let Some(row) = row else { return Ok(None) };
    let pair = pair(&row)?;
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(None);
    }
    Ok(with_overdue(tx, &[row], today).await?.remove(&pair))
}

/// Whose the line with this id is, inside a scope.
pub(crate) async fn pair_of(tx: &mut Tx, scope: Scope, id: LineId) -> Result<Option<Pair>, DbError> {
    let row = tx.query_opt("select retailer_id, vendor_id from credit_lines where id = $1", params![id]).await?;
    let found = row.as_ref().map(pair).transpose()?;
    Ok(found.filter(|(retailer, vendor)| scope.includes(*retailer, Some(*vendor))))
}

/// Locks and reads the line with this id, without what is overdue on it.
pub(crate) async fn for_update(tx: &mut Tx, scope: Scope, id: LineId) -> Result<Option<Line>, DbError> {
    let row = tx.query_opt("select l.* from credit_lines l where l.id = $1 {lock l}", params![id]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|line| scope.includes(line.retailer_id, Some(line.vendor_id))))
}

/// When the line of a retailer with a vendor was granted, inside a scope; nothing where there is none.
pub(crate) async fn granted_at(tx: &mut Tx, scope: Scope, pair: Pair) -> Result<Option<Instant>, DbError> {
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(None);
    }
    let sql = "select created_at from credit_lines where retailer_id = $1 and vendor_id = $2";
    tx.query_opt(sql, params![pair.0, pair.1]).await?.map(|row| row.get("created_at")).transpose()
}

/// Locks and reads the line of a retailer with a vendor, without what is overdue on it.
pub(crate) async fn of_pair_for_update(tx: &mut Tx, scope: Scope, pair: Pair) -> Result<Option<Line>, DbError> {
    if !scope.includes(pair.0, Some(pair.1)) {
        return Ok(None);
    }
    let sql = "select l.* from credit_lines l where l.retailer_id = $1 and l.vendor_id = $2 {lock l}";
    tx.query_opt(sql, params![pair.0, pair.1]).await?.as_ref().map(read).transpose()
}

/// Locks and reads the line of a cycle, without what is overdue on it.
pub(crate) async fn of_cycle_for_update(
    tx: &mut Tx,
    scope: Scope,
    cycle: kernel::CycleId,
) -> Result<Option<Line>, DbError> {
    let sql = "select l.* from cycles c join credit_lines l on l.retailer_id = c.retailer_id \
               and l.vendor_id = c.vendor_id where c.id = $1 {lock l}";
    let row = tx.query_opt(sql, params![cycle]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(found.filter(|line| scope.includes(line.retailer_id, Some(line.vendor_id))))
}

/// Locks and reads the line on which an order holds credit, without what is overdue on it.
pub(crate) async fn of_order_for_update(
    tx: &mut Tx,
    retailer: RetailerId,
    order: kernel::OrderId,
) -> Result<Option<Line>, DbError> {
    let sql = "select l.* from reservations r join credit_lines l on l.retailer_id = r.retailer_id \
               and l.vendor_id = r.vendor_id where r.retailer_id = $1 and r.order_id = $2 and r.state = 'ACTIVE' \
               {lock l}";
    tx.query_opt(sql, params![retailer, order]).await?.as_ref().map(read).transpose()
}

/// Adds to the lines what is overdue on them, and by cycle what is overdue for longer than the line or the retailer's
/// guardrails allow: one statement, and one more where something is overdue.
async fn with_overdue(tx: &mut Tx, rows: &[Row], today: BusinessDate) -> Result<HashMap<Pair, Line>, DbError> {
    let mut lines: HashMap<Pair, Line> = HashMap::with_capacity(rows.len());
    for row in rows {
        let line = read(row)?;
        lines.insert(line.pair(), line);
    }
    let owing: BTreeSet<Pair> = lines.values().filter(|line| line.outstanding.is_positive()).map(Line::pair).collect();
    if owing.is_empty() {
        return Ok(lines);
    }
    // Late begins behind `late_from`; a cycle in dispute is as late as on the day of the message.
    let sql = "select c.retailer_id, c.vendor_id, c.disputed_on, min(c.late_from) as oldest \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id \
               where c.outstanding_paisa > 0 and c.due_on < $2 and c.late_from < coalesce(c.disputed_on, $2) \
               group by c.retailer_id, c.vendor_id, c.disputed_on";
    for row in tx.query(sql, params![pairs_value(&owing), today]).await? {
        if let Some(line) = lines.get_mut(&pair(&row)?) {
            let (oldest, disputed_on): (BusinessDate, Option<BusinessDate>) =
                (row.get("oldest")?, row.get("disputed_on")?);
            let days = disputed_on.unwrap_or(today).days_since(oldest);
            if days > line.worst_overdue_days {
                (line.oldest_due_on, line.worst_overdue_days) = (Some(oldest), days);
            }
        }
    }
    let late: Vec<Pair> = lines.values().filter(|line| line.worst_overdue_days > 0).map(Line::pair).collect();
    if late.is_empty() {
        return Ok(lines);
    }
    let sql = "select c.*, t.terms, coalesce(r.max_overdue_days, 365) as retailer_days \
               from {rows 1: retailer_id text, vendor_id text} v join cycles c \
               on c.retailer_id = v.retailer_id and c.vendor_id = v.vendor_id and c.due_on < $2 \
               join retailers r on r.id = c.retailer_id join settlement_terms t on t.retailer_id = c.retailer_id and t.vendor_id = c.vendor_id \
               and t.version = c.terms_version where c.outstanding_paisa > 0 \
               order by c.retailer_id, c.vendor_id, c.due_on, c.number";
    for row in tx.query(sql, params![pairs_value(&late), today]).await? {
        let cycle = cycles::read(&row)?;
        let whole = settle(&cycle.facts(), &terms(&row)?, Ask::Principal(cycle.outstanding), today);
        let cash = whole.map_or(cycle.outstanding, |whole| whole.cash);
        let line = lines.get_mut(&cycle.pair());
        let of_retailer: i64 = row.get("retailer_days")?;
        if let Some(line) = line.filter(|line| cycle.overdue_days(today) > of_retailer.min(line.max_overdue_days)) {
            line.overdue.push(OverdueCycle {
                number: cycle.number,
                due_on: cycle.due_on,
                outstanding: cycle.outstanding,
                cash,
            });
        }
    }
    Ok(lines)
}

/// Takes off what is held for offers that have passed their deadline: for plain reads, which release nothing. One
/// statement where something is held.
pub(crate) async fn leave_out_expired<'a>(
    tx: &mut Tx,
    lines: impl IntoIterator<Item = &'a mut Line>,
    now: Instant,
) -> Result<(), DbError> {
    let held = lines.into_iter().filter(|line| line.reserved.is_positive());
    let mut held: HashMap<Pair, &mut Line> = held.map(|line| (line.pair(), line)).collect();
    if held.is_empty() {
        return Ok(());
    }
    // The retailer is compared as an expression, so that what has expired is looked for, which is next to nothing, and not
    // all that the retailer holds.
    let sql = "select r.retailer_id, r.vendor_id, cast(sum(r.amount_paisa) as bigint) as expired \
               from {rows 1: retailer_id text, vendor_id text} v join reservations r \
               on r.retailer_id || '' = v.retailer_id and r.vendor_id = v.vendor_id \
               where r.state = 'ACTIVE' and r.expires_at <= $2 group by r.retailer_id, r.vendor_id";
    for row in tx.query(sql, params![pairs_value(held.keys()), now]).await? {
        if let Some(line) = held.get_mut(&pair(&row)?) {
            line.reserved = line.reserved.minus(row.get("expired")?).map_err(broken)?;
        }
    }
    Ok(())
}

/// Locks every line of a vendor, in order.
pub(crate) async fn lock_of_vendor(tx: &mut Tx, vendor: VendorId) -> Result<(), DbError> {
    let sql = "select l.id from credit_lines l where l.vendor_id = $1 order by l.retailer_id, l.vendor_id {lock l}";
    tx.query(sql, params![vendor]).await.map(|_| ())
}

/// Which lines are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Only this retailer's.
    pub retailer: Option<RetailerId>,
    /// Only this vendor's.
    pub vendor: Option<VendorId>,
    /// Only those of which more is used than their limit allows, as when it was cut below what was used.
    pub over_limit: bool,
}

/// Lines inside a scope, in the order of retailer and vendor, with what is overdue on them; the cursor is
/// `retailer/vendor`.
pub async fn lines_page(
    tx: &mut Tx,
    scope: Scope,
    filter: LineFilter,
    page: &PageRequest,
    today: BusinessDate,
) -> Result<Page<Line>, DbError> {
    let (after_retailer, after_vendor) = split_cursor(page.after.as_deref());
    let most = page.limit.saturating_add(1);
    let retailer = scope.retailer().or(filter.retailer);
    let vendor = scope.vendor().or(filter.vendor);
    if retailer.zip(filter.retailer).is_some_and(|(own, asked)| own != asked)
        || vendor.zip(filter.vendor).is_some_and(|(own, asked)| own != asked)
    {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let over = i64::from(filter.over_limit);
    let rows = match (retailer, vendor) {
        (Some(retailer), vendor) => {
            let sql = "select * from credit_lines l where l.retailer_id = $1 and l.vendor_id > $2 \
                       and ($3 = '' or l.vendor_id = $3) \
                       and ($4 = 0 or l.reserved_paisa + l.outstanding_paisa > l.limit_paisa) \
                       order by l.vendor_id limit $5";
            let vendor = vendor.map(|vendor| vendor.to_string()).unwrap_or_default();
            tx.query(sql, params![retailer, after_vendor, vendor, over, most]).await?
        }
        (None, Some(vendor)) => {
            let sql = "select * from credit_lines l where l.vendor_id = $1 and l.retailer_id > $2 \
                       and ($3 = 0 or l.reserved_paisa + l.outstanding_paisa > l.limit_paisa) \
                       order by l.retailer_id limit $4";
            tx.query(sql, params![vendor, after_retailer, over, most]).await?
        }
        (None, None) => {
            let sql = "select * from credit_lines l where (l.retailer_id, l.vendor_id) > ($1, $2) \
                       and ($3 = 0 or l.reserved_paisa + l.outstanding_paisa > l.limit_paisa) \
                       order by l.retailer_id, l.vendor_id limit $4";
            tx.query(sql, params![after_retailer, after_vendor, over, most]).await?
        }
    };
    let mut found: Vec<Line> = with_overdue(tx, &rows, today).await?.into_values().collect();
    found.sort_by_key(Line::pair);
    Ok(Page::from_overfull(found, page, |line: &Line| format!("{}/{}", line.retailer_id, line.vendor_id)))
}

const COLUMNS: &[&str] = &[
    "retailer_id",
    "vendor_id",
    "id",
    "limit_paisa",
    "terms_days",
    "status",
    "status_reason",
    "max_order_paisa",
    "max_overdue_days",
    "terms_version",
    "reserved_paisa",
    "outstanding_paisa",
    "position_seq",
    "version",
    "created_at",
    "updated_at",
];

/// Inserts a line; false if the two have one.
pub(crate) async fn insert(tx: &mut Tx, line: &Line) -> Result<bool, DbError> {
    let row = params![
        line.retailer_id,
        line.vendor_id,
        line.id,
        line.limit,
        line.terms_days,
        line.status,
        line.status_reason.clone(),
        line.max_order,
        line.max_overdue_days,
        line.terms_version,
        line.reserved,
        line.outstanding,
        line.position_seq,
        line.version,
        line.created_at,
        line.updated_at,
    ];
    Ok(!tx.insert_new("credit_lines", COLUMNS, vec![row], "id").await?.is_empty())
}

/// Writes the conditions of a locked line; its position stays.
pub(crate) async fn update_conditions(tx: &mut Tx, line: &Line) -> Result<(), DbError> {
    let sql = "update credit_lines set limit_paisa = $3, terms_days = $4, status = $5, status_reason = $6, \
               max_order_paisa = $7, max_overdue_days = $8, terms_version = $9, version = $10, updated_at = $11 \
               where retailer_id = $1 and vendor_id = $2";
    let values = params![
        line.retailer_id,
        line.vendor_id,
        line.limit,
        line.terms_days,
        line.status,
        line.status_reason.clone(),
        line.max_order,
        line.max_overdue_days,
        line.terms_version,
        line.version,
        line.updated_at,
    ];
    tx.exec(sql, values).await
}

/// Remembers a change of a line's conditions. Waits for no answer.
pub(crate) async fn insert_change(
    tx: &mut Tx,
    cx: &Context,
    line: &Line,
    reason: Option<&str>,
    before: Option<&serde_json::Value>,
    after: &serde_json::Value,
) -> Result<(), DbError> {
    let columns = &["retailer_id", "vendor_id", "version", "actor", "reason", "state_before", "state_after", "at"];
    let before = before.map(ToString::to_string);
    let row =
        params![line.retailer_id, line.vendor_id, line.version, cx.actor, reason, before, after.to_string(), cx.now];
    tx.insert_many("line_changes", columns, vec![row]).await
}

/// The changes of a line, the newest first, for a caller that may see it; the cursor is the last version.
pub(crate) async fn changes(tx: &mut Tx, of: Pair, page: &PageRequest) -> Result<Page<RecordedChange>, DbError> {
    let before = page.after.as_ref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let sql = "select * from line_changes where retailer_id = $1 and vendor_id = $2 and version < $3 \
               order by version desc limit $4";
    let rows = tx.query(sql, params![of.0, of.1, before, page.limit.saturating_add(1)]).await?;
    let json = |text: &str| {
        serde_json::from_str(text).map_err(|_| DbError::Decode { column: "state_after", expected: "JSON" })
    };
    let read = |row: &Row| {
        let (before, after): (Option<String>, String) = (row.get("state_before")?, row.get("state_after")?);
        Ok(RecordedChange {
            version: row.get("version")?,
            at: row.get("at")?,
            actor: row.get("actor")?,
            reason: row.get("reason")?,
            before: before.as_deref().map(json).transpose()?,
            after: json(&after)?,
        })
    };
    let found = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(Page::from_overfull(found, page, |change: &RecordedChange| change.version.to_string()))
}

/// Adds a version of a line's settlement terms.
pub(crate) async fn insert_terms(
    tx: &mut Tx,
    cx: &Context,
    pair: Pair,
    version: i64,
    terms: &SettlementTerms,
) -> Result<(), DbError> {
    let columns = &["retailer_id", "vendor_id", "version", "terms", "actor", "created_at"];
    let text = serde_json::json!(terms).to_string();
    tx.insert_many("settlement_terms", columns, vec![params![pair.0, pair.1, version, text, cx.actor, cx.now]]).await
}

/// A version of a line's settlement terms, for a caller that may see the line.
pub(crate) async fn terms_of(tx: &mut Tx, pair: Pair, version: i64) -> Result<SettlementTerms, DbError> {
    let sql = "select terms from settlement_terms where retailer_id = $1 and vendor_id = $2 and version = $3";
    terms(&tx.query_one(sql, params![pair.0, pair.1, version]).await?)
}

/// What an event does to a line's position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) pair: Pair,
    pub(crate) reserved: Money,
    pub(crate) outstanding: Money,
    /// The event's number on the line.
    pub(crate) seq: i64,
    pub(crate) at: Instant,
}

/// Moves the positions of locked lines, however many events there are. One statement, which waits for no answer.
pub(crate) async fn move_positions(tx: &mut Tx, moves: &[Move]) -> Result<(), DbError> {
    let mut sums: BTreeMap<Pair, Move> = BTreeMap::new();
    for next in moves {
        let zero = Move { reserved: Money::ZERO, outstanding: Money::ZERO, ..*next };
        let sum = sums.entry(next.pair).or_insert(zero);
        sum.reserved = sum.reserved.plus(next.reserved).map_err(broken)?;
        sum.outstanding = sum.outstanding.plus(next.outstanding).map_err(broken)?;
        (sum.seq, sum.at) = (sum.seq.max(next.seq), sum.at.max(next.at));
    }
    if sums.is_empty() {
        return Ok(());
    }
    let rows = sums
        .into_iter()
        .map(|((retailer, vendor), sum)| params![retailer, vendor, sum.reserved, sum.outstanding, sum.seq, sum.at]);
    let sql = "update credit_lines set reserved_paisa = credit_lines.reserved_paisa + v.reserved, \
               outstanding_paisa = credit_lines.outstanding_paisa + v.outstanding, position_seq = v.seq, \
               updated_at = v.moved_at \
               from {rows 1: retailer_id text, vendor_id text, reserved bigint, outstanding bigint, seq bigint, \
               moved_at bigint} v \
               where credit_lines.retailer_id = v.retailer_id and credit_lines.vendor_id = v.vendor_id";
    tx.exec(sql, params![Value::rows(rows)]).await
}
