//! What a retailer's message does, and what is answered.

use db::{DbError, Tx};
use kernel::{Context, OrderId, PageRequest, Scope};
use orders::{Filter, OrderState};
use parties::Retailer;
use understand::{Answer, History, Intent, Understood};

use crate::brain::Index;
use crate::inbound::{Reply, Said, Turn, typed_choice};
use crate::session::{CartLine, Question, Session, Step};
use crate::words::{self, About};
use crate::{arrival, cart, days, menu, money, recovery, store, threads};

/// Orders that count for what a retailer usually buys.
const REMEMBERED_ORDERS: i64 = 10;

/// Answers one message of a retailer.
pub(crate) async fn answer(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
) -> Result<Option<Reply>, DbError> {
    match &turn.said {
        Said::Pressed(id) => pressed(tx, cx, turn, retailer, session, id).await.map(Some),
        Said::Typed(text) => typed(tx, cx, turn, retailer, session, text).await.map(Some),
        Said::Cart(items) => {
            let index = turn.brain.index(tx).await?;
            cart::take_over(tx, cx, &index, retailer, session, items).await.map(Some)
        }
        Said::ForPerson(what) => {
            note_for_operator(tx, cx, retailer, what, &turn.message.wamid).await?;
            Ok(Some(words::kept_for_person(session.language)))
        }
        Said::Nothing => Ok(None),
    }
}

async fn pressed(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
    id: &str,
) -> Result<Reply, DbError> {
    let index = turn.brain.index(tx).await?;
    let language = session.language;
    let parts: Vec<&str> = id.split(':').collect();
    if let Some(reply) = about_money(tx, cx, retailer, session, &parts).await? {
        return Ok(reply);
    }
    session.state.leave();
    match parts.as_slice() {
        ["menu", "pay"] => Ok(words::paying(language)),
        ["menu", "order"] => Ok(words::how_to_order(language)),
        ["menu", "owe"] => menu::balance(tx, cx, retailer, language).await,
        ["menu", "insights"] => menu::insights(tx, retailer, language).await,
        ["menu", "orders"] => menu::orders(tx, retailer, language).await,
        ["menu", "repeat"] => repeat(tx, cx, turn, retailer, session).await,
        ["menu", "help"] => Ok(words::help(language)),
        ["menu", "person"] => person(tx, cx, turn, retailer, session).await,
        ["language", wanted] => {
            if let Ok(wanted) = wanted.parse() {
                session.language = wanted;
                parties::set_retailer_language(tx, cx, retailer.id, wanted).await?;
            }
            Ok(menu::main(session.language, &retailer.name))
        }
        ["ask", sku] => cart::chosen(tx, cx, &index, retailer, session, sku).await,
        ["cart", "confirm"] if session.state.step == Step::Confirming => {
            cart::ask_payment(tx, cx, &index, retailer, session).await
        }
        ["cart", "change", from @ ..] if !session.state.cart.is_empty() => {
            let from = from.first().and_then(|from| from.parse().ok()).unwrap_or(0);
            Ok(cart::change(&index, session, from))
        }
        ["cart", "drop", product] if !session.state.cart.is_empty() => {
            cart::leave_out(tx, cx, &index, retailer, session, product).await
        }
        ["cart", "cancel"] => cart::cancel(tx, cx, retailer, session).await,
        ["pay", "credit"] if session.state.step == Step::Paying => {
            cart::place(tx, cx, &index, retailer, session, credit::PaymentMode::Credit).await
        }
        ["pay", "cash"] if session.state.step == Step::Paying => {
            cart::place(tx, cx, &index, retailer, session, credit::PaymentMode::Cash).await
        }
        // Something else was talked about meanwhile: the cart is where it was left.
        ["cart" | "pay", ..] if !matches!(session.state.step, Step::Paying) && !session.state.cart.is_empty() => {
            cart::show(tx, cx, &index, retailer, session, &[]).await
        }
        ["cart" | "pay", ..] => Ok(words::already_done(language)),
        ["order", what @ ("received" | "all" | "missing" | "nothing" | "counted"), order] => {
            arrival::pressed(tx, cx, &index, retailer, session, (what, order, None)).await
        }
        ["order", what @ ("line" | "none"), order, line] => {
            arrival::pressed(tx, cx, &index, retailer, session, (what, order, Some(line))).await
        }
        ["order", what @ ("retry" | "restore"), order] => match order.parse() {
            Ok(id) if *what == "retry" => recovery::retry(tx, cx, &index, retailer, session, id, None).await,
            Ok(id) => recovery::restore(tx, cx, &index, retailer, session, id).await,
            Err(_) => Ok(words::already_done(language)),
        },
        ["order", "cancel", order] => cancel_order(tx, cx, retailer, session, order).await,
        _ => Ok(menu::main(language, &retailer.name)),
    }
}

/// What was pressed about a bill or a payment.
async fn about_money(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    parts: &[&str],
) -> Result<Option<Reply>, DbError> {
    let about = |about: &str| if about == About::Dispute.id() { About::Dispute } else { About::Promise };
    let reply = match parts {
        ["bill", what] => money::begin(tx, cx, retailer, session, about(what), None).await?,
        ["paid"] => money::begin_claim(tx, cx, retailer, session, None).await?,
        ["paid", what] => money::claim_pressed(tx, cx, retailer, session, what, None).await?,
        ["paid", what, value] => money::claim_pressed(tx, cx, retailer, session, what, Some(value)).await?,
        [kind @ ("bill" | "dispute" | "promise"), first, second] => {
            let (bill, other) = if *kind == "bill" { (second, first) } else { (first, second) };
            match (bill.parse(), *kind) {
                (Err(_), _) => words::already_done(session.language),
                (Ok(bill), "bill") => money::about_bill(tx, cx, retailer, session, about(other), bill).await?,
                (Ok(bill), "dispute") => money::dispute_pressed(tx, cx, retailer, session, bill, other).await?,
                (Ok(bill), _) => money::promise_pressed(tx, cx, retailer, session, bill, other).await?,
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

async fn typed(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
    text: &str,
) -> Result<Reply, DbError> {
    if understand::answer(text) == Some(Answer::Menu) {
        return Ok(menu::main(session.language, &retailer.name));
    }
    let index = turn.brain.index(tx).await?;
    if let Some(reply) = answer_to_step(tx, cx, turn, retailer, session, text).await? {
        return Ok(reply);
    }
    // "3 bora chini" beside a list of what can be left out changes the sugar; "chini" leaves it out.
    let is_meant = |id: &String| !id.starts_with("cart:drop:") || !names_a_quantity(&index, text);
    if let Some(id) = typed_choice(text, &session.state.options).filter(is_meant) {
        return pressed(tx, cx, turn, retailer, session, &id).await;
    }
    if let Some(reply) = answered(tx, cx, &index, retailer, session, text).await? {
        return Ok(reply);
    }
    let history = history(tx, &index, retailer).await?;
    let understood = understand::understand(&index.catalogue, &history, text);
    if let Some(reply) = money::typed(tx, cx, retailer, session, text, Some(&understood)).await? {
        return Ok(reply);
    }
    session.state.leave();
    let language = session.language;
    match understood.intent {
        Intent::Order => ordered(tx, cx, turn, retailer, session, &understood).await,
        Intent::Repeat => repeat(tx, cx, turn, retailer, session).await,
        Intent::Price => menu::prices(tx, &index, &understood, language).await,
        Intent::Balance => menu::balance(tx, cx, retailer, language).await,
        Intent::OrderStatus => menu::orders(tx, retailer, language).await,
        Intent::Cancel => cancel_latest(tx, cx, retailer, session).await,
        Intent::Help => Ok(words::help(language)),
        Intent::Greeting => Ok(menu::main(language, &retailer.name)),
        Intent::Human => person(tx, cx, turn, retailer, session).await,
        Intent::PaymentClaim => money::begin_claim(tx, cx, retailer, session, understood.claim.as_ref()).await,
        Intent::Promise => money::begin(tx, cx, retailer, session, About::Promise, Some(text)).await,
        Intent::Dispute => complained(tx, cx, &index, retailer, session, text).await,
        Intent::Unknown => Ok(words::not_understood(language, &nearest(&index, &understood, language))),
    }
}

fn names_a_quantity(index: &Index, text: &str) -> bool {
    let understood = understand::understand(&index.catalogue, &History::default(), text);
    understood.items.iter().any(|item| item.quantity.is_some())
        || understood.ask.iter().any(|ask| ask.quantity.is_some())
}

/// An answer to what was asked last, in words of one's own.
async fn answer_to_step(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
    text: &str,
) -> Result<Option<Reply>, DbError> {
    let index = turn.brain.index(tx).await?;
    match session.state.step {
        Step::Asking => {
            let Some(question) = session.state.asks.first() else { return Ok(None) };
            let [only] = question.candidates.as_slice() else { return Ok(None) };
            let Some(sku) = index.skus.get(only) else { return Ok(None) };
            let Some(quantity) = understand::quantity(&index.catalogue, sku, text) else { return Ok(None) };
            let product = *only;
            session.state.asks.remove(0);
            session.state.cart.push(CartLine { product, quantity });
            cart::show(tx, cx, &index, retailer, session, &[]).await.map(Some)
        }
        Step::Confirming => match understand::answer(text) {
            Some(Answer::Yes) => cart::ask_payment(tx, cx, &index, retailer, session).await.map(Some),
            Some(Answer::No | Answer::Cancel) => cart::cancel(tx, cx, retailer, session).await.map(Some),
            Some(Answer::Change) => Ok(Some(cart::change(&index, session, 0))),
            _ => Ok(None),
        },
        Step::Paying => {
            let mode = match understand::answer(text) {
                Some(Answer::Credit) => credit::PaymentMode::Credit,
                Some(Answer::Cash) => credit::PaymentMode::Cash,
                Some(Answer::No | Answer::Cancel) => {
                    return cart::cancel(tx, cx, retailer, session).await.map(Some);
                }
                _ => return Ok(None),
            };
            cart::place(tx, cx, &index, retailer, session, mode).await.map(Some)
        }
        Step::Counting(ref counting) => {
            let counting = counting.clone();
            arrival::typed(tx, &index, retailer, session, counting, text).await
        }
        Step::Claiming(ref claiming) => {
            let claiming = claiming.clone();
            let understood = understand::understand(&index.catalogue, &History::default(), text);
            if understood.items.is_empty() {
                money::claim_typed(tx, cx, retailer, session, claiming, text).await
            } else {
                Ok(None)
            }
        }
        // "2 days" is a day, not a button that has one of its words.
        Step::Promising(_) if days::day(text, cx.today()).is_some() => {
            money::typed(tx, cx, retailer, session, text, None).await
        }
        Step::Idle | Step::RejectReason(_) | Step::ClaimReason(_) | Step::Disputing(_) | Step::Promising(_) => Ok(None),
    }
}

/// Something is wrong: with a bill, or with what is just arriving. Where there is neither, an operator reads it.
async fn complained(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    text: &str,
) -> Result<Reply, DbError> {
    if money::has_open_bill(tx, retailer).await? {
        return money::begin(tx, cx, retailer, session, About::Dispute, Some(text)).await;
    }
    if let Some(reply) = arrival::said(tx, cx, index, retailer, session, Answer::SomeMissing).await? {
        return Ok(reply);
    }
    note_for_operator(tx, cx, retailer, "dispute", text).await?;
    Ok(words::no_open_bill(session.language))
}

/// A short answer that means the same whatever was asked last.
async fn answered(
    tx: &mut Tx,
    cx: &Context,
    index: &Index,
    retailer: &Retailer,
    session: &mut Session,
    text: &str,
) -> Result<Option<Reply>, DbError> {
    match understand::answer(text) {
        Some(answer @ (Answer::AllReceived | Answer::SomeMissing)) => {
            arrival::said(tx, cx, index, retailer, session, answer).await
        }
        _ => Ok(None),
    }
}

async fn ordered(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
    understood: &Understood,
) -> Result<Reply, DbError> {
    let index = turn.brain.index(tx).await?;
    // What is written while the cart is looked at changes it, product by product; otherwise it is a new one.
    if !matches!(session.state.step, Step::Confirming | Step::Paying) {
        session.state.restart_cart();
    }
    session.state.asks.clear();
    let known = session.state.cart.len();
    for item in &understood.items {
        if let (Some(product), Some(quantity)) = (index.by_sku(&item.sku), item.quantity) {
            let (before, _) = session.state.cart.split_at_mut(known);
            match before.iter_mut().find(|line| line.product == product.id) {
                Some(line) => line.quantity = quantity,
                None => session.state.cart.push(CartLine { product: product.id, quantity }),
            }
        }
    }
    session.state.asks.extend(understood.ask.iter().map(|ask| Question {
        text: ask.text.clone(),
        candidates: ask.candidates.iter().filter_map(|sku| index.by_sku(sku)).map(|product| product.id).collect(),
        quantity: ask.quantity,
    }));
    let unknown: Vec<String> = understood.unknown.iter().map(|unknown| unknown.text.clone()).collect();
    cart::show(tx, cx, &index, retailer, session, &unknown).await
}

fn nearest(index: &Index, understood: &Understood, language: parties::Language) -> Vec<String> {
    let skus = understood.unknown.iter().flat_map(|unknown| &unknown.nearest).take(3);
    skus.filter_map(|sku| index.by_sku(sku)).map(|product| words::product_name(language, product).to_owned()).collect()
}

async fn history(tx: &mut Tx, index: &Index, retailer: &Retailer) -> Result<History, DbError> {
    let page = PageRequest::new(Some(REMEMBERED_ORDERS), None);
    let orders = orders::list(tx, Scope::Retailer(retailer.id), &Filter::default(), &page).await?;
    let bought = orders.items.iter().flat_map(|order| &order.lines);
    let preferred = bought.filter_map(|line| index.skus.get(&line.product_id).cloned()).collect();
    let learned = store::learned_aliases(tx, retailer.id).await?;
    let aliases =
        learned.into_iter().filter_map(|(alias, product)| Some((alias, index.skus.get(&product)?.clone()))).collect();
    Ok(History { preferred, aliases })
}

async fn repeat(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &mut Session,
) -> Result<Reply, DbError> {
    let index = turn.brain.index(tx).await?;
    let page = PageRequest::new(Some(REMEMBERED_ORDERS), None);
    let known = orders::list(tx, Scope::Retailer(retailer.id), &Filter::default(), &page).await?;
    let last = known.items.into_iter().find(|order| !matches!(order.state, OrderState::Draft | OrderState::Expired));
    let Some(last) = last else { return Ok(words::nothing_to_repeat(session.language)) };
    session.state.refill(&last);
    cart::show(tx, cx, &index, retailer, session, &[]).await
}

async fn cancel_order(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &Session,
    order: &str,
) -> Result<Reply, DbError> {
    let Ok(id) = order.parse::<OrderId>() else { return Ok(words::already_done(session.language)) };
    let reason = "cancelled by the retailer";
    Ok(match orders::cancel(tx, cx, Scope::Retailer(retailer.id), id, reason).await? {
        Ok(order) => words::order_cancelled(session.language, &order.code),
        Err(_) => words::cannot_cancel(session.language),
    })
}

/// Cancels the cart if there is one, else asks which open order is meant.
async fn cancel_latest(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
) -> Result<Reply, DbError> {
    if !session.state.cart.is_empty() {
        return cart::cancel(tx, cx, retailer, session).await;
    }
    let page = PageRequest::new(Some(REMEMBERED_ORDERS), None);
    let known = orders::list(tx, Scope::Retailer(retailer.id), &Filter::default(), &page).await?;
    let open: Vec<_> = known.items.into_iter().filter(|order| order.state.holds()).collect();
    Ok(words::which_to_cancel(session.language, &open))
}

async fn person(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &Session,
) -> Result<Reply, DbError> {
    note_for_operator(tx, cx, retailer, "asks for a person", &turn.message.wamid).await?;
    threads::ask_for_person(tx, cx, &store::address(turn.message)).await?;
    Ok(words::person_will_call(session.language))
}

/// Leaves a note on the retailer's record that operators read.
async fn note_for_operator(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    what: &str,
    text: &str,
) -> Result<(), DbError> {
    let entry = audit::Entry::new(cx, retailer.id, "conversation.note", retailer.id)
        .after(serde_json::json!({ "what": what, "text": text }));
    audit::record(tx, vec![entry]).await
}
