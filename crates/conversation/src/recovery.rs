//! What came to nothing and is tried again: an order that failed, a cart that expired.

use credit::PaymentMode;
use db::{DbError, Tx};
use kernel::{Context, OrderId, Scope};
use orders::{Order, OrderState, Retried, RetryRefusal};
use parties::Retailer;

use crate::brain::Index;
use crate::inbound::Reply;
use crate::session::{Session, Step};
use crate::{cart, words};

/// Places an order that failed anew. However often it is pressed, it is one order, which is shown again. Where the new
/// check refuses it, its goods are the cart, so that it can be paid in cash or made smaller.
pub(crate) async fn retry(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    id: OrderId,
    mode: Option<PaymentMode>,
) -> Result<Reply, DbError> {
    let scope = Scope::Retailer(retailer.id);
    match orders::retry(tx, cx, scope, id, mode).await? {
        Ok(Retried { order, .. }) => {
            session.state.clear_cart();
            placed_before(tx, session, &order).await
        }
        Err(RetryRefusal::Place(refusal)) => {
            let Some(old) = orders::find(tx, scope, id).await? else {
                return Ok(words::already_done(session.language));
            };
            session.state.refill(&old);
            session.state.retry_of = Some(id);
            session.state.step = Step::Paying;
            Ok(words::refused(session.language, index, &refusal, mode.unwrap_or(old.payment_mode)))
        }
        Err(RetryRefusal::Order(_)) => Ok(words::already_done(session.language)),
    }
}

/// An order that was placed, as it stands now.
async fn placed_before(tx: &mut Tx, session: &Session, order: &Order) -> Result<Reply, DbError> {
    let language = session.language;
    if !matches!(order.state, OrderState::Offered | OrderState::Failed) {
        return Ok(words::stands(language, order));
    }
    let vendor = match order.vendor_id {
        Some(id) => parties::vendors(tx, &[id]).await?.remove(&id),
        None => None,
    };
    Ok(words::placed(language, order, vendor.as_ref()))
}

/// Makes an expired draft the cart again, at today's prices. One that has become an order meanwhile is shown as it is.
pub(crate) async fn restore(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    id: OrderId,
) -> Result<Reply, DbError> {
    let Some(draft) = orders::find(tx, Scope::Retailer(retailer.id), id).await? else {
        return Ok(words::already_done(session.language));
    };
    if let Some(order) = orders::retry_of(tx, retailer.id, id).await? {
        return placed_before(tx, session, &order).await;
    }
    match draft.state {
        OrderState::Expired => {
            session.state.refill(&draft);
            session.state.retry_of = Some(id);
            cart::show(tx, cx, index, retailer, session, &[]).await
        }
        _ => placed_before(tx, session, &draft).await,
    }
}
