//! Holding credit for an order, giving it back, and turning it into debt on delivery.
//!
//! Giving back or converting twice changes nothing and answers what the first time did.

use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Instant, Money, OrderId, ReservationId, RetailerId, VendorId};
use ledger::{Account, Balanced, EntryKind, NewEntry};

use crate::Pair;
use crate::model::{Cycle, CycleStatus, Line, Reservation, ReservationState};
use crate::refusal::Refusal;
use crate::standstill::Standstill;
use crate::store::lines::Move;
use crate::store::reservations::{Ending, New};
use crate::store::{broken, cycles, lines, reservations};

/// A hold to be taken by a caller that has locked the line and checked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// The line.
    pub line: Pair,
    /// The order.
    pub order: OrderId,
    /// How much; above zero.
    pub amount: Money,
    /// The line's number of this event: one more than that of the event before it.
    pub position_seq: i64,
    /// When.
    pub at: Instant,
    /// The reservation's id.
    pub id: ReservationId,
    /// Until when it counts, unless [`keep`] is called before: the deadline of the offer it is taken for.
    pub expires_at: Option<Instant>,
}

/// Takes holds, however many, for a caller that holds the lines' locks and has checked each. Two statements, neither of
/// which is waited for.
pub async fn take(tx: &mut Tx, takes: Vec<Take>) -> Result<(), DbError> {
    if takes.is_empty() {
        return Ok(());
    }
    let new = takes.iter().map(|take| New {
        id: take.id,
        pair: take.line,
        order: take.order,
        amount: take.amount,
        seq: take.position_seq,
        at: take.at,
        expires_at: take.expires_at,
    });
    reservations::insert(tx, &new.collect::<Vec<_>>()).await?;
    let moves = takes.iter().map(|take| Move {
        pair: take.line,
        reserved: take.amount,
        outstanding: Money::ZERO,
        seq: take.position_seq,
        at: take.at,
    });
    lines::move_positions(tx, &moves.collect::<Vec<_>>()).await
}

/// Keeps the hold of an order whose offer was accepted in time: it does not expire any more. One statement, which is not
/// waited for.
pub async fn keep(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<(), DbError> {
    reservations::keep(tx, retailer, order).await
}

/// The orders of these retailers whose holds have passed their deadline, in order. One statement.
pub async fn expired_holds(tx: &mut Tx, retailers: &[RetailerId], now: Instant) -> Result<Vec<OrderId>, DbError> {
    reservations::expired(tx, retailers, now).await
}

/// The orders with these vendors, whoever ordered, whose holds have passed their deadline, in order, with their lines
/// locked. What others are busy with is left out, so that nobody waits in a circle. One statement.
pub async fn expired_holds_with(tx: &mut Tx, vendors: &[VendorId], now: Instant) -> Result<Vec<OrderId>, DbError> {
    reservations::expired_with(tx, vendors, now).await
}

/// The hold of an order under the lock of its line, or how it ended.
enum Held {
    Active(Box<(Line, Reservation)>),
    Ended(Reservation),
    Never,
}

async fn hold_for_update(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<Held, DbError> {
    // What was active before the lock may have ended by the time it is held, so the reservation is read behind it.
    let line = lines::of_order_for_update(tx, retailer, order).await?;
    let held = match &line {
        Some(_) => reservations::active_of_order(tx, retailer, order).await?,
        None => None,
    };
    if let Some(pair) = line.zip(held) {
        return Ok(Held::Active(Box::new(pair)));
    }
    let ended = reservations::ended_of_order(tx, retailer, order).await?;
    Ok(ended.map_or(Held::Never, Held::Ended))
}

/// Gives back what an order holds.
pub async fn release(
    tx: &mut Tx,
    cx: &Context,
    retailer: RetailerId,
    order: OrderId,
    reason: &str,
) -> Result<Result<Reservation, Refusal>, DbError> {
    let (line, mut held) = match hold_for_update(tx, retailer, order).await? {
        Held::Active(pair) => *pair,
        Held::Ended(ended) if ended.state == ReservationState::Converted => {
            return Ok(Err(Refusal::ReservationConverted));
        }
        Held::Ended(ended) => return Ok(Ok(ended)),
        Held::Never => return Ok(Err(Refusal::NotFound("reservation"))),
    };
    let seq = line.position_seq.saturating_add(1);
    let state = ReservationState::Released;
    let ending = Ending { state, reason: Some(reason), cycle: None, entry: None, seq, at: cx.now };
    reservations::end(tx, &held, &ending).await?;
    let given_back = held.amount.negated().map_err(broken)?;
    let back = Move { pair: line.pair(), reserved: given_back, outstanding: Money::ZERO, seq, at: cx.now };
    lines::move_positions(tx, &[back]).await?;
    (held.state, held.reason, held.ended_at) = (state, Some(reason.to_owned()), Some(cx.now));
    Ok(Ok(held))
}

/// Turns what an order holds into debt: journals the delivery and opens its cycle. What was held and not delivered is
/// given back. `started_on` is the business date on which the delivery was confirmed.
pub async fn convert(
    tx: &mut Tx,
    cx: &Context,
    retailer: RetailerId,
    order: OrderId,
    delivered: Money,
    started_on: BusinessDate,
) -> Result<Result<Cycle, Refusal>, DbError> {
    let (line, held) = match hold_for_update(tx, retailer, order).await? {
        Held::Active(pair) => *pair,
        Held::Ended(Reservation { cycle_id: Some(cycle), .. }) => {
            let first = cycles::cycle(tx, kernel::Scope::Retailer(retailer), cycle).await?;
            return first.ok_or(DbError::Missing("the cycle of a converted reservation")).map(Ok);
        }
        Held::Ended(_) => return Ok(Err(Refusal::ReservationReleased)),
        Held::Never => return Ok(Err(Refusal::NotFound("reservation"))),
    };
    if !delivered.is_positive() {
        return Ok(Err(Refusal::Field { field: "delivered", right: "above zero; release what was not delivered" }));
    }
    if delivered > held.amount {
        return Ok(Err(Refusal::AboveReserved { reserved: held.amount }));
    }
    if started_on > cx.today() {
        return Ok(Err(Refusal::Field { field: "startedOn", right: "today or earlier" }));
    }
    let cycle = open_cycle(tx, cx, &line, order, delivered, started_on).await?;
    let minus = delivered.negated().map_err(broken)?;
    let postings = Balanced::new(vec![(Account::Receivable, delivered), (Account::Sales, minus)]);
    let entry = NewEntry {
        retailer,
        vendor: line.vendor_id,
        kind: EntryKind::Delivery,
        business_date: started_on,
        order: Some(order),
        cycle: Some(cycle.id),
        payment: None,
        reverses: None,
        memo: cycle.number.clone(),
        postings: postings.map_err(|error| DbError::Constraint(error.to_string()))?,
    };
    let posted = ledger::post(tx, cx, vec![entry]).await?;
    let seq = line.position_seq.saturating_add(1);
    let ending = Ending {
        state: ReservationState::Converted,
        reason: None,
        cycle: Some(cycle.id),
        entry: posted.first().map(|posted| posted.id),
        seq,
        at: cx.now,
    };
    reservations::end(tx, &held, &ending).await?;
    let given_back = held.amount.negated().map_err(broken)?;
    let moved = Move { pair: line.pair(), reserved: given_back, outstanding: delivered, seq, at: cx.now };
    lines::move_positions(tx, &[moved]).await?;
    Ok(Ok(cycle))
}

async fn open_cycle(
    tx: &mut Tx,
    cx: &Context,
    line: &Line,
    order: OrderId,
    principal: Money,
    started_on: BusinessDate,
) -> Result<Cycle, DbError> {
    let vendor = parties::vendors(tx, &[line.vendor_id]).await?.remove(&line.vendor_id);
    let prefix = vendor.ok_or(DbError::Missing("the vendor of a credit line"))?.number_prefix;
    let number = cycles::draw_number(tx, line.vendor_id, order).await?;
    let cycle = Cycle {
        id: cx.id(),
        retailer_id: line.retailer_id,
        vendor_id: line.vendor_id,
        number: format!("{prefix}-{number}"),
        order_id: Some(order),
        principal,
        outstanding: principal,
        repaid: Money::ZERO,
        discount: Money::ZERO,
        interest: Money::ZERO,
        status: CycleStatus::Active,
        started_on,
        due_on: started_on.plus_days(line.terms_days),
        terms_version: line.terms_version,
        adjusted: Money::ZERO,
        adjusted_on: None,
        standstill: Standstill::default(),
        promised_on: None,
        reminders_sent: 0,
        last_repayment_on: None,
        closed_on: None,
        note: None,
        version: 1,
        created_at: cx.now,
    };
    cycles::insert(tx, std::slice::from_ref(&cycle)).await?;
    Ok(cycle)
}

/// The cycle that the delivery of an order opened.
pub async fn cycle_of_order(tx: &mut Tx, retailer: RetailerId, order: OrderId) -> Result<Option<Cycle>, DbError> {
    let ended = reservations::ended_of_order(tx, retailer, order).await?;
    match ended.and_then(|ended| ended.cycle_id) {
        Some(cycle) => cycles::cycle(tx, kernel::Scope::Retailer(retailer), cycle).await,
        None => Ok(None),
    }
}
