//! The cart: what was understood, what it costs, how it is paid, placing.

use catalog::Product;
use credit::PaymentMode;
use db::{DbError, Tx};
use kernel::{Context, ProductId, Scope};
use orders::{OrderState, Outcome, Place, PlaceRefusal, Request, Wanted};
use parties::Retailer;

use crate::brain::Index;
use crate::inbound::Reply;
use crate::session::{CartLine, Question, Session, State, Step};
use crate::{recovery, store, words};

fn wanted(cart: &[CartLine]) -> Vec<Wanted> {
    let mut lines: Vec<Wanted> = Vec::new();
    for line in cart {
        match lines.iter_mut().find(|known| known.product_id == line.product) {
            Some(known) => known.quantity = known.quantity.saturating_add(line.quantity),
            None => lines.push(Wanted { product_id: line.product, quantity: line.quantity }),
        }
    }
    lines
}

fn request(retailer: &Retailer, cart: &[CartLine], mode: PaymentMode) -> Request {
    Request { retailer: retailer.id, vendor: None, mode, lines: wanted(cart), place: orders::DeliveryPlace::default() }
}

/// Asks what is open about the cart, or shows it with prices and total.
pub(crate) async fn show(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    unknown: &[String],
) -> Result<Reply, DbError> {
    let language = session.language;
    let gone = take_gone(tx, index, session).await?;
    let unknown = [unknown, &gone].concat();
    // The draft follows the cart at every step, so that it is there for whoever stops answering.
    let lines = wanted(&session.state.cart);
    if !lines.is_empty() {
        let State { draft, retry_of, .. } = session.state;
        session.state.draft = Some(orders::save_draft(tx, cx, retailer.id, draft, retry_of, &lines).await?);
    }
    if let Some(question) = session.state.asks.first() {
        session.state.step = Step::Asking;
        let candidates: Vec<&Product> = question.candidates.iter().filter_map(|id| index.by_id(*id)).collect();
        return Ok(match candidates.as_slice() {
            [only] => words::ask_quantity(language, only, &question.text),
            several => words::ask_which(language, several, &question.text),
        });
    }
    if lines.is_empty() {
        session.state.clear_cart();
        return Ok(words::nothing_in_cart(language, &unknown));
    }
    let cash = request(retailer, &session.state.cart, PaymentMode::Cash);
    let preview = orders::preview(tx, &cash, cx.today()).await?;
    session.state.step = Step::Confirming;
    *session.state.seen.total(PaymentMode::Cash) = preview.total;
    Ok(words::cart(language, index, &lines, &preview, &unknown))
}

/// Takes out of the cart what the catalogue does not hold any more, and names it.
async fn take_gone(tx: &mut Tx, index: &Index, session: &mut Session) -> Result<Vec<String>, DbError> {
    let mut gone: Vec<ProductId> = session.state.cart.iter().map(|line| line.product).collect();
    gone.retain(|id| index.by_id(*id).is_none());
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    session.state.cart.retain(|line| !gone.contains(&line.product));
    let products = catalog::products(tx, &gone).await?;
    let name = |id| products.get(id).map(|product| words::product_name(session.language, product).to_owned());
    Ok(gone.iter().filter_map(name).collect())
}

fn has_gone(index: &Index, session: &Session) -> bool {
    session.state.cart.iter().any(|line| index.by_id(line.product).is_none())
}

/// A cart of the WhatsApp catalogue in place of what was there. What we do not have is named, by its name where it once
/// was ours.
pub(crate) async fn take_over(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    items: &[(String, i64)],
) -> Result<Reply, DbError> {
    session.state.restart_cart();
    let mut strange: Vec<String> = Vec::new();
    for (sku, quantity) in items {
        match index.by_sku(sku) {
            Some(product) => session.state.cart.push(CartLine { product: product.id, quantity: *quantity }),
            None => strange.push(sku.clone()),
        }
    }
    if !strange.is_empty() {
        let once_ours = catalog::products_by_sku(tx, &strange).await?;
        for sku in &mut strange {
            if let Some(product) = once_ours.get(sku) {
                words::product_name(session.language, product).clone_into(sku);
            }
        }
    }
    show(tx, cx, index, retailer, session, &strange).await
}

/// What can be left out, from this line on.
pub(crate) fn change(index: &Index, session: &mut Session, from: usize) -> Reply {
    // What is written now changes the cart line by line.
    session.state.step = Step::Confirming;
    words::change_cart(session.language, index, &wanted(&session.state.cart), from)
}

/// Leaves a product out of the cart.
pub(crate) async fn leave_out(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    product: &str,
) -> Result<Reply, DbError> {
    session.state.cart.retain(|line| line.product.to_string() != product);
    if session.state.cart.is_empty() && session.state.asks.is_empty() {
        return cancel(tx, cx, retailer, session).await;
    }
    show(tx, cx, index, retailer, session, &[]).await
}

/// The answer to which of several products was meant.
pub(crate) async fn chosen(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    sku: &str,
) -> Result<Reply, DbError> {
    let is_asked = |question: &Question, product: &Product| question.candidates.contains(&product.id);
    let product = index.by_sku(sku);
    let (Some(product), Some(question)) = (product, session.state.asks.first().cloned()) else {
        return Ok(words::already_done(session.language));
    };
    if session.state.step != Step::Asking || !is_asked(&question, product) {
        return Ok(words::already_done(session.language));
    }
    match question.quantity {
        Some(quantity) => {
            session.state.asks.remove(0);
            session.state.cart.push(CartLine { product: product.id, quantity });
        }
        None => {
            if let Some(first) = session.state.asks.first_mut() {
                first.candidates = vec![product.id];
            }
        }
    }
    let words_only: String = question.text.chars().filter(|letter| !letter.is_numeric()).collect();
    if !words_only.trim().is_empty() && question.candidates.len() > 1 {
        store::learn(tx, cx, retailer.id, words_only.trim(), product.id).await?;
    }
    show(tx, cx, index, retailer, session, &[]).await
}

/// Asks how it is paid, with what credit there is.
pub(crate) async fn ask_payment(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
) -> Result<Reply, DbError> {
    if has_gone(index, session) {
        return show(tx, cx, index, retailer, session, &[]).await;
    }
    let on_credit = request(retailer, &session.state.cart, PaymentMode::Credit);
    let preview = orders::preview(tx, &on_credit, cx.today()).await?;
    if preview.vendor.is_none() && preview.check.is_none() {
        return Ok(words::nobody_sells(session.language, index, &preview));
    }
    session.state.step = Step::Paying;
    *session.state.seen.total(PaymentMode::Credit) = preview.total;
    Ok(words::payment_mode(session.language, &preview))
}

/// Places the cart for the total that was shown. What fails is said in plain words, with what would help.
pub(crate) async fn place(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    mode: PaymentMode,
) -> Result<Reply, DbError> {
    if let (None, Some(failed)) = (session.state.draft, session.state.retry_of) {
        return recovery::retry(tx, cx, index, retailer, session, failed, Some(mode)).await;
    }
    if has_gone(index, session) {
        return show(tx, cx, index, retailer, session, &[]).await;
    }
    let place = Place {
        cx: cx.clone(),
        retailer: retailer.id,
        vendor: None,
        mode,
        lines: wanted(&session.state.cart),
        place: None,
        draft: session.state.draft,
        retry_of: session.state.retry_of,
        expected_total: *session.state.seen.total(mode),
    };
    let outcome = orders::place_all(tx, std::slice::from_ref(&place)).await?.into_iter().next();
    match outcome {
        Some(Outcome::Placed(placed)) => {
            session.state.clear_cart();
            let vendor = match placed.order.vendor_id {
                Some(id) => parties::vendors(tx, &[id]).await?.remove(&id),
                None => None,
            };
            Ok(words::placed(session.language, &placed.order, vendor.as_ref()))
        }
        Some(Outcome::Refused(PlaceRefusal::DraftGone)) if is_expired(tx, retailer, session).await? => {
            // It was left for too long: the same goods are shown once more, at today's prices.
            session.state.retry_of = session.state.draft.take();
            show(tx, cx, index, retailer, session, &[]).await
        }
        Some(Outcome::Refused(refusal)) => {
            if let PlaceRefusal::TotalChanged { total, .. } = refusal {
                session.state.step = Step::Paying;
                *session.state.seen.total(mode) = Some(total);
            }
            Ok(words::refused(session.language, index, &refusal, mode))
        }
        None => Err(DbError::Missing("the outcome of an order")),
    }
}

async fn is_expired(tx: &mut Tx, retailer: &Retailer, session: &Session) -> Result<bool, DbError> {
    let Some(draft) = session.state.draft else { return Ok(false) };
    let draft = orders::find(tx, Scope::Retailer(retailer.id), draft).await?;
    Ok(draft.is_some_and(|draft| draft.state == OrderState::Expired))
}

/// Forgets the cart.
pub(crate) async fn cancel(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
) -> Result<Reply, DbError> {
    if let Some(draft) = session.state.draft {
        // A draft that has become an order or expired meanwhile is not the cart any more.
        let _ = orders::cancel(tx, cx, Scope::Retailer(retailer.id), draft, "the cart was cancelled").await?;
    }
    session.state.clear_cart();
    Ok(words::cart_cancelled(session.language))
}
