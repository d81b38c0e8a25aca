//! The vendor says that an order was delivered, and its retailer is asked about it.
//!
//! ```text
//! vendor's word ── at once ──▶ asked ── 24 h ──▶ asked again ── 48 h after the word ──▶ booked by silence
//!                                └──────── whatever the retailer says ends it ────────┘
//! ```
//!
//! The order stays DISPATCHED until its delivery is confirmed. A retailer who says that something is missing, or that
//! nothing came, has not been silent: nothing is booked by the clock then, until the vendor gives its word anew.
//!
//! Statements, audit and message apart: the vendor's word 4, an answer 3, a question by the clock 4.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Actor, Context, Instant, OrderId, Scope};

use crate::deliver::{Proof, deliver};
use crate::lifecycle::{Answer, Refusal};
use crate::rules::OrderState;
use crate::store::{self, Question};
use crate::{Order, words};

/// How long a question waits before it is asked again; twice that, and the delivery is booked.
pub(crate) const QUESTION_SECONDS: i64 = 24 * 60 * 60;
/// What the moments of two runs of a schedule may differ by.
pub(crate) const LEEWAY: i64 = 60 * 60;

/// The vendor, or an operator in its place, says that the order was delivered; the retailer is asked. Saying it again
/// while the retailer is being asked changes nothing.
pub async fn mark_delivered(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId) -> Answer {
    let Some(mut order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if order.state == OrderState::Delivered {
        return Ok(Ok(order));
    }
    if order.state != OrderState::Dispatched {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Delivered }));
    }
    if matches!(cx.actor, Actor::Retailer(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the vendor" }));
    }
    if store::question(tx, &order).await?.is_some_and(|question| question.answered.is_none()) {
        return Ok(Ok(order));
    }
    order.vendor_delivered_at = Some(cx.now);
    store::update(tx, &order).await?;
    store::put_question(tx, &order, Question { said: cx.now, asked_again: None, answered: None }).await?;
    let after = serde_json::json!({ "vendorDeliveredAt": cx.now });
    audit::record(tx, vec![Entry::new(cx, order.retailer_id, "order.vendor_delivered", order.id).after(after)]).await?;
    ask(tx, cx, &order, cx.now, 1).await?;
    Ok(Ok(order))
}

async fn ask(tx: &mut Tx, cx: &Context, order: &Order, said_at: Instant, time: u8) -> Result<(), DbError> {
    let people = words::people(tx, order).await?;
    notify::send(tx, cx, words::arrived(&people, order, said_at, time)).await
}

/// The retailer has begun to say what is missing: nothing is booked by silence any more.
pub async fn something_is_missing(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId) -> Answer {
    let Some(order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    if order.state != OrderState::Dispatched {
        return Ok(Err(Refusal::InvalidTransition { from: order.state, to: OrderState::Delivered }));
    }
    store::answer_question(tx, &order, cx.now).await?;
    Ok(Ok(order))
}

/// The retailer says that nothing has come; the vendor is told, and its word does not count any more.
pub async fn not_arrived(tx: &mut Tx, cx: &Context, scope: Scope, id: OrderId) -> Answer {
    let mut order = match something_is_missing(tx, cx, scope, id).await? {
        Ok(order) => order,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if matches!(cx.actor, Actor::Vendor(_)) {
        return Ok(Err(Refusal::NotAllowed { who: "the retailer" }));
    }
    let Some(said_at) = order.vendor_delivered_at.take() else { return Ok(Ok(order)) };
    store::update(tx, &order).await?;
    let entry = Entry::new(cx, order.retailer_id, "order.not_arrived", order.id)
        .before(serde_json::json!({ "vendorDeliveredAt": said_at }))
        .after(serde_json::json!({ "vendorDeliveredAt": null }));
    audit::record(tx, vec![entry]).await?;
    let people = words::people(tx, &order).await?;
    notify::send(tx, cx, words::not_arrived(&people, &order, said_at)).await?;
    Ok(Ok(order))
}

/// Asks a silent retailer again, or books the delivery where it was asked twice; says whether there was anything to do.
pub async fn settle_silence(tx: &mut Tx, cx: &Context, id: OrderId) -> Result<bool, DbError> {
    let Some(order) = store::find_for_update(tx, Scope::All, id).await? else { return Ok(false) };
    // What was seen before the lock may have been answered since.
    let question = store::question(tx, &order).await?.filter(|question| question.is_due(cx.now));
    let Some(question) = question else { return Ok(false) };
    if order.state != OrderState::Dispatched {
        store::answer_question(tx, &order, cx.now).await?;
    } else if question.asked_again.is_none() {
        store::put_question(tx, &order, Question { asked_again: Some(cx.now), ..question }).await?;
        ask(tx, cx, &order, question.said, 2).await?;
    } else {
        store::answer_question(tx, &order, cx.now).await?;
        let delivered = deliver(tx, cx, Scope::All, id, &Proof::Silence, &[]).await?;
        delivered.map_err(|refusal| DbError::Constraint(format!("a silent delivery is refused: {refusal}")))?;
    }
    Ok(true)
}

impl Question {
    fn is_due(&self, now: Instant) -> bool {
        let waited = |since: Instant, seconds: i64| now.seconds_since(since) >= seconds;
        self.answered.is_none()
            && match self.asked_again {
                None => waited(self.said, QUESTION_SECONDS),
                // After a time in which nothing ran, the second question has its day too.
                Some(again) => {
                    waited(self.said, QUESTION_SECONDS.saturating_mul(2))
                        && waited(again, QUESTION_SECONDS.saturating_sub(LEEWAY))
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retailer_is_asked_twice_before_silence_counts() {
        let at = |hours: i64| Instant::from_micros(0).plus_seconds(hours * 3_600);
        let asked = |again: Option<i64>, answered: Option<i64>| Question {
            said: at(0),
            asked_again: again.map(at),
            answered: answered.map(at),
        };
        assert!(!asked(None, None).is_due(at(23)) && asked(None, None).is_due(at(24)));
        assert!(!asked(Some(24), None).is_due(at(47)) && asked(Some(24), None).is_due(at(48)));
        assert!(!asked(Some(100), None).is_due(at(100)), "asked late, after a time in which nothing ran");
        assert!(asked(Some(100), None).is_due(at(124)));
        assert!(!asked(Some(24), Some(30)).is_due(at(200)));
    }
}
