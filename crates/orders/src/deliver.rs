//! Delivery: who confirms it, what arrived, and what that books.
//!
//! On credit the debt is booked only when the retailer confirms (the code told to whoever delivers, or the button), an
//! operator does with a reason, or nobody answers for 48 hours after the vendor's word. What did not arrive is given
//! back with its credit, in the same transaction.

use credit::{Cycle, PaymentMode};
use db::{DbError, Tx};
use kernel::{Actor, Context, Money, OrderId, Scope};
use ledger::{Account, Balanced, EntryKind, Method, NewEntry};
use routing::OfferOutcome;
use serde::{Deserialize, Serialize};

use crate::lifecycle::{Refusal, step};
use crate::rules::{OrderState, may_follow};
use crate::words::Receipt;
use crate::{Order, store, words};

/// Wrong codes after which only an operator can confirm.
const MOST_TRIES: i64 = 5;

/// How a delivery is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The retailer's code, told to whoever delivers.
    Code(String),
    /// The retailer's own word.
    Received,
    /// An operator's word, with a reason.
    Operator(String),
    /// The retailer said nothing for 48 hours after the vendor's word.
    Silence,
}

/// What arrived of one line, where it is not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Arrived {
    /// The line, counted from 1.
    pub number: i64,
    /// Units that arrived whole, 0 to the quantity ordered.
    pub quantity: i64,
}

/// A delivered order.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The order.
    pub order: Order,
    /// The cycle that the delivery opened, where it was on credit.
    pub cycle: Option<Cycle>,
}

/// Confirms a delivery. Confirming twice answers the same delivery.
pub async fn deliver(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: OrderId,
    proof: &Proof,
    arrived: &[Arrived],
) -> Result<Result<Delivered, Refusal>, DbError> {
    let Some(mut order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if order.state == OrderState::Delivered {
        let cycle = credit::cycle_of_order(tx, order.retailer_id, order.id).await?;
        return Ok(Ok(Delivered { order, cycle }));
    }
    if !may_follow(order.state, OrderState::Delivered) {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Delivered }));
    }
    if let Err(refusal) = accepted(&mut order, cx, proof) {
        if matches!(refusal, Refusal::WrongCode { .. }) {
            // The try counts although the delivery is refused.
            store::update(tx, &order).await?;
        }
        return Ok(Err(refusal));
    }
    let amount = match take_count(&mut order, arrived) {
        Ok(amount) => amount,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(vendor) = order.vendor_id else { return Err(DbError::Missing("the vendor of a dispatched order")) };
    let cycle = match order.payment_mode {
        PaymentMode::Credit => {
            let converted = credit::convert(tx, cx, order.retailer_id, order.id, amount, cx.today()).await?;
            let cycle = converted.map_err(|refusal| DbError::Constraint(refusal.to_string()))?;
            Some(cycle)
        }
        PaymentMode::Cash => {
            book_cash_sale(tx, cx, &order, amount).await?;
            None
        }
    };
    let lines = order.lines.iter();
    let lines = lines.map(|line| (line.product_id, line.quantity, line.delivered_quantity.unwrap_or(0)));
    catalog::deliver_stock(tx, cx, vendor, order.id, &lines.collect::<Vec<_>>()).await?;
    store::update_delivered(tx, &order).await?;
    routing::tell_outcome(tx, order.retailer_id, order.id, OfferOutcome::Delivered, cx.now).await?;
    let reason = match proof {
        Proof::Code(_) => "by code",
        Proof::Received => "by the retailer",
        Proof::Operator(reason) => reason,
        Proof::Silence => "48 hours after the vendor's word",
    };
    step(tx, cx, &mut order, OrderState::Delivered, Some(reason)).await?;
    let people = words::people(tx, &order).await?;
    let receipt = match &cycle {
        Some(cycle) => Some(receipt(tx, cx, cycle).await?),
        None => None,
    };
    notify::send(tx, cx, words::delivered(&people, &order, amount, receipt.as_ref(), proof)).await?;
    credit::score_again(tx, cx, [order.retailer_id]).await?;
    Ok(Ok(Delivered { order, cycle }))
}

/// Whether the proof holds, from this actor.
fn accepted(order: &mut Order, cx: &Context, proof: &Proof) -> Result<(), Refusal> {
    match proof {
        Proof::Code(_) if order.delivery_tries >= MOST_TRIES => Err(Refusal::CodeLocked),
        Proof::Code(code) if order.delivery_code.as_deref() == Some(code.trim()) => Ok(()),
        Proof::Code(_) => {
            order.delivery_tries = order.delivery_tries.saturating_add(1);
            Err(Refusal::WrongCode { left: MOST_TRIES.saturating_sub(order.delivery_tries) })
        }
        Proof::Received if cx.actor == Actor::Retailer(order.retailer_id) => Ok(()),
        Proof::Received => Err(Refusal::NotAllowed { who: "the retailer" }),
        Proof::Operator(reason) if reason.trim().is_empty() => Err(Refusal::ReasonRequired),
        Proof::Operator(_) if cx.actor.is_operator() => Ok(()),
        Proof::Operator(_) => Err(Refusal::NotAllowed { who: "an operator" }),
        Proof::Silence if cx.actor == Actor::System => Ok(()),
        Proof::Silence => Err(Refusal::NotAllowed { who: "the platform" }),
    }
}

/// Writes what arrived into the lines (all of it where nothing is said) and returns its price.
fn take_count(order: &mut Order, arrived: &[Arrived]) -> Result<Money, Refusal> {
    let refuse = |index: usize, right| Err(Refusal::Field { field: format!("lines[{index}]"), right });
    for (index, said) in arrived.iter().enumerate() {
        match order.lines.iter().find(|line| line.number == said.number) {
            None => return refuse(index, "the number of a line of the order"),
            Some(line) if !(0..=line.quantity).contains(&said.quantity) => {
                return refuse(index, "0 to the quantity ordered");
            }
            Some(_) => {}
        }
    }
    let mut amount = Money::ZERO;
    for line in &mut order.lines {
        let said = arrived.iter().find(|said| said.number == line.number);
        let quantity = said.map_or(line.quantity, |said| said.quantity);
        line.delivered_quantity = Some(quantity);
        let price = line.unit_price.times(quantity).and_then(|price| amount.plus(price));
        amount = price.map_err(|_| Refusal::Field { field: "lines".to_owned(), right: "an amount that fits" })?;
    }
    if amount.is_zero() {
        return Err(Refusal::Field {
            field: "lines".to_owned(),
            right: "something that arrived; cancel the order where nothing did",
        });
    }
    Ok(amount)
}

/// What the receipt says: the cycle, what early payment saves, and the hash of the entry that was just posted.
async fn receipt(tx: &mut Tx, cx: &Context, cycle: &Cycle) -> Result<Receipt, DbError> {
    let scope = Scope::Retailer(cycle.retailer_id);
    let saving = credit::early_saving(tx, scope, cycle, cx.today()).await?;
    let entry_hash = ledger::last_hash(tx, (cycle.retailer_id, cycle.vendor_id)).await?;
    let (saving, saving_until) = saving.unwrap_or((Money::ZERO, cycle.due_on));
    Ok(Receipt { cycle: cycle.clone(), saving, saving_until, entry_hash })
}

async fn book_cash_sale(tx: &mut Tx, cx: &Context, order: &Order, amount: Money) -> Result<(), DbError> {
    let Some(vendor) = order.vendor_id else { return Err(DbError::Missing("the vendor of a dispatched order")) };
    let postings = Balanced::new(vec![
        (Account::Cash(Method::Cash), amount),
        (Account::Sales, amount.negated().map_err(|error| DbError::Constraint(error.to_string()))?),
    ])
    .map_err(|error| DbError::Constraint(error.to_string()))?;
    let entry = NewEntry {
        retailer: order.retailer_id,
        vendor,
        kind: EntryKind::CashSale,
        business_date: cx.today(),
        order: Some(order.id),
        cycle: None,
        payment: None,
        reverses: None,
        memo: format!("cash sale {}", order.code),
        postings,
    };
    ledger::post(tx, cx, vec![entry]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use kernel::{Id, Instant, ProductId, RetailerId};

    use super::*;
    use crate::{DeliveryPlace, OrderLine};

    fn order() -> Order {
        let line = |number, quantity| OrderLine {
            number,
            product_id: ProductId::from_bits(1),
            quantity,
            unit_price: Money::from_paisa(150),
            delivered_quantity: None,
        };
        Order {
            id: OrderId::from_bits(1),
            retailer_id: RetailerId::from_bits(1),
            code: "ABC234".to_owned(),
            vendor_id: None,
            payment_mode: PaymentMode::Credit,
            state: OrderState::Dispatched,
            total: Money::from_paisa(1_050),
            place: DeliveryPlace::default(),
            reason: None,
            retry_of: None,
            created_at: Instant::from_micros(0),
            state_at: Instant::from_micros(0),
            vendor_delivered_at: None,
            lines: vec![line(1, 3), line(2, 4)],
            delivery_code: Some("0427".to_owned()),
            delivery_tries: 0,
            last_event: 4,
        }
    }

    #[test]
    fn what_is_not_said_has_arrived() {
        assert_eq!(take_count(&mut order(), &[]), Ok(Money::from_paisa(1_050)));
        let short = [Arrived { number: 2, quantity: 1 }];
        assert_eq!(take_count(&mut order(), &short), Ok(Money::from_paisa(600)));
        for wrong in [Arrived { number: 3, quantity: 1 }, Arrived { number: 1, quantity: 4 }] {
            assert!(matches!(take_count(&mut order(), &[wrong]), Err(Refusal::Field { .. })));
        }
        let nothing = [Arrived { number: 1, quantity: 0 }, Arrived { number: 2, quantity: 0 }];
        assert!(take_count(&mut order(), &nothing).is_err());
    }

    #[test]
    fn five_wrong_codes_lock() {
        let mut order = order();
        let clock = kernel::Clock::manual(Instant::from_micros(0));
        let cx = Context::new(&clock, &kernel::IdGen::seeded(1), Actor::System, "test");
        for left in [4, 3, 2, 1, 0] {
            let wrong = Proof::Code("0000".to_owned());
            assert_eq!(accepted(&mut order, &cx, &wrong), Err(Refusal::WrongCode { left }));
        }
        assert_eq!(accepted(&mut order, &cx, &Proof::Code("0427".to_owned())), Err(Refusal::CodeLocked));
        assert_eq!(accepted(&mut order, &cx, &Proof::Operator("seen by phone".to_owned())), Ok(()));
    }
}
