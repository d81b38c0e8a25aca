//! The retailer says what arrived: all of it, some of it, or nothing.
//!
//! ```text
//! received → all | some missing → which line, how many → … → right → receipt
//! ```
//!
//! What is missing is chosen from a list or written, as in "chini 2": that so many of it came. Lines that are not named
//! have arrived whole.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{Context, OrderId, PageRequest, ProductId, Scope};
use orders::{Arrived, Filter, Order, OrderLine, OrderState, Proof};
use parties::Retailer;
use understand::{Answer, History};

use crate::brain::Index;
use crate::inbound::Reply;
use crate::session::{Counting, Session, Step};
use crate::words;

/// Orders that are looked through for those on their way.
const LOOKED_THROUGH: i64 = 50;

/// An order of the retailer that is on its way, with its products as they are called.
struct OnTheWay<'a> {
    order: Order,
    index: &'a Index,
}

async fn on_the_way<'a>(
    tx: &mut Tx,
    index: &'a Index,
    retailer: &Retailer,
    id: &str,
) -> Result<Option<OnTheWay<'a>>, DbError> {
    let Ok(id) = id.parse::<OrderId>() else { return Ok(None) };
    let order = orders::find(tx, Scope::Retailer(retailer.id), id).await?;
    Ok(order.filter(|order| order.state == OrderState::Dispatched).map(|order| OnTheWay { order, index }))
}

/// What was pressed about the arrival of an order.
pub(crate) async fn pressed(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    (what, id, line): (&str, &str, Option<&str>),
) -> Result<Reply, DbError> {
    let language = session.language;
    let Some(found) = on_the_way(tx, index, retailer, id).await? else { return Ok(words::already_done(language)) };
    let (order, scope) = (&found.order, Scope::Retailer(retailer.id));
    let counting = match &session.state.step {
        Step::Counting(counting) if counting.order == order.id => counting.clone(),
        _ => Counting { order: order.id, arrived: Vec::new(), line: None },
    };
    match what {
        "received" => Ok(words::all_or_missing(language, order)),
        "all" => confirm(tx, cx, retailer, session, order.id, &[]).await,
        "missing" => {
            // From here on the retailer is not silent, whatever becomes of the counting.
            if orders::something_is_missing(tx, cx, scope, order.id).await?.is_err() {
                return Ok(words::already_done(language));
            }
            session.state.step = Step::Counting(Counting { line: None, ..counting.clone() });
            Ok(words::which_is_missing(language, index, order, &counting.arrived))
        }
        "line" => {
            let asked = line.and_then(|line| line.parse::<i64>().ok());
            let Some(line) = asked.and_then(|number| order.lines.iter().find(|line| line.number == number)) else {
                return Ok(words::which_is_missing(language, index, order, &counting.arrived));
            };
            session.state.step = Step::Counting(Counting { line: Some(line.number), ..counting });
            Ok(words::how_many_arrived(language, index, order, line))
        }
        "none" => {
            let number = line.and_then(|line| line.parse().ok());
            Ok(count(&found, session, counting, &number.map(|number| (number, 0)).into_iter().collect::<Vec<_>>()))
        }
        // What was counted is not known any more: nothing is taken for granted.
        "counted" if counting.arrived.is_empty() => Ok(words::all_or_missing(language, order)),
        "counted" => {
            let arrived =
                counting.arrived.iter().map(|(number, quantity)| Arrived { number: *number, quantity: *quantity });
            confirm(tx, cx, retailer, session, order.id, &arrived.collect::<Vec<_>>()).await
        }
        _ => {
            session.state.step = Step::Idle;
            Ok(match orders::not_arrived(tx, cx, scope, order.id).await? {
                Ok(order) => words::not_arrived(language, &order),
                Err(_) => words::already_done(language),
            })
        }
    }
}

/// Confirms the delivery. The receipt is sent by the order itself, so the reply is short.
async fn confirm(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    order: OrderId,
    arrived: &[Arrived],
) -> Result<Reply, DbError> {
    let scope = Scope::Retailer(retailer.id);
    Ok(match orders::deliver(tx, cx, scope, order, &Proof::Received, arrived).await? {
        Ok(_) => {
            session.state.step = Step::Idle;
            words::thanks(session.language)
        }
        // Nothing of it came: that is no delivery.
        Err(orders::Refusal::Field { .. }) => words::nothing_came(session.language, order),
        Err(_) => words::already_done(session.language),
    })
}

/// Writes down what came of some lines, and shows what the receipt would be about.
fn count(found: &OnTheWay<'_>, session: &mut Session, mut counting: Counting, said: &[(i64, i64)]) -> Reply {
    let (order, index) = (&found.order, found.index);
    let language = session.language;
    for (number, quantity) in said {
        let Some(line) = order.lines.iter().find(|line| line.number == *number) else { continue };
        if *quantity > line.quantity {
            session.state.step = Step::Counting(Counting { line: Some(*number), ..counting });
            return words::how_many_arrived(language, index, order, line);
        }
        counting.arrived.retain(|(known, _)| known != number);
        counting.arrived.push((*number, *quantity));
    }
    counting.line = None;
    let reply = words::counted(language, index, order, &counting.arrived);
    session.state.step = Step::Counting(counting);
    reply
}

/// What was typed while an order is being counted; nothing where it is about something else.
pub(crate) async fn typed(
    tx: &mut Tx,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    counting: Counting,
    text: &str,
) -> Result<Option<Reply>, DbError> {
    let Some(found) = on_the_way(tx, index, retailer, &counting.order.to_string()).await? else {
        session.state.step = Step::Idle;
        return Ok(None);
    };
    let said = match counting.line.and_then(|number| found.order.lines.iter().find(|line| line.number == number)) {
        Some(line) => amount(index, line, text).map(|quantity| vec![(line.number, quantity)]),
        None => None,
    };
    let said = said.unwrap_or_else(|| named(&found, text));
    Ok((!said.is_empty()).then(|| count(&found, session, counting, &said)))
}

/// How much of a line came, where its product is known already: a quantity, nothing, or all.
fn amount(index: &Index, line: &OrderLine, text: &str) -> Option<i64> {
    if says_none(text) {
        return Some(0);
    }
    match understand::answer(text) {
        Some(Answer::AllReceived) => return Some(line.quantity),
        Some(Answer::SomeMissing) => return None,
        _ => {}
    }
    understand::quantity(&index.catalogue, index.skus.get(&line.product_id)?, text)
}

/// Whether the only number of a text is zero, in either script.
fn says_none(text: &str) -> bool {
    let mut numbers = text.split(|letter: char| !letter.is_numeric()).filter(|number| !number.is_empty());
    numbers.next().is_some_and(|number| number.chars().all(|digit| matches!(digit, '0' | '०')))
        && numbers.next().is_none()
}

/// The lines that a text names with how much of them came, as in "chini 2, tel 0". Only products of the order count.
fn named(found: &OnTheWay<'_>, text: &str) -> Vec<(i64, i64)> {
    let lines: HashMap<&str, &OrderLine> = found
        .order
        .lines
        .iter()
        .filter_map(|line| Some((found.index.skus.get(&line.product_id)?.as_str(), line)))
        .collect();
    let ids: Vec<ProductId> = found.order.lines.iter().map(|line| line.product_id).collect();
    let catalogue = found.index.only(&ids);
    let mut said = Vec::new();
    for part in text.split([',', '\n', ';', '+']) {
        let none = says_none(part);
        let understood = understand::understand(&catalogue, &History::default(), part);
        let certain = understood.items.iter().map(|item| (item.sku.as_str(), item.quantity));
        let asked = understood.ask.iter().filter_map(|ask| match ask.candidates.as_slice() {
            [only] => Some((only.as_str(), ask.quantity)),
            _ => None,
        });
        for (sku, quantity) in certain.chain(asked) {
            let quantity = if none { Some(0) } else { quantity };
            if let (Some(line), Some(quantity)) = (lines.get(sku), quantity) {
                said.push((line.number, quantity));
            }
        }
    }
    said
}

/// "All of it came", or "some is missing", without a button: asks about the order that is on its way, or which one.
pub(crate) async fn said(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    answer: Answer,
) -> Result<Option<Reply>, DbError> {
    let filter = Filter { state: Some(OrderState::Dispatched), ..Filter::default() };
    let page = PageRequest::new(Some(LOOKED_THROUGH), None);
    let orders = orders::list(tx, Scope::Retailer(retailer.id), &filter, &page).await?.items;
    match orders.as_slice() {
        [] => Ok(None),
        [order] => {
            let what = if answer == Answer::SomeMissing { "missing" } else { "received" };
            pressed(tx, cx, index, retailer, session, (what, &order.id.to_string(), None)).await.map(Some)
        }
        several => Ok(Some(words::which_arrived(session.language, several))),
    }
}
