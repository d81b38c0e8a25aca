//! One order: what was ordered, what happened, what is held or owed for it, whom it was put before and why.

use std::collections::HashMap;

use axum::extract::State;
use catalog::Product;
use credit::{Cycle, Reservation};
use db::{DbError, Tx};
use kernel::{Money, OrderId, ProductId, VendorId};
use maud::{Markup, html};
use routing::{Offer, StoredDecision};
use serde::Deserialize;
use web::panel::{self, Html, PageLanguage, Panel, moment, money, number, plain, text};
use web::{App, PathId, Problem, Query};

use super::words::{self, Word};
use super::{Names, deeds, product_name, state_tag, why};
use crate::{Order, OrderEvent, OrderLine, store};

/// An order with all that hangs on it.
struct Seen {
    order: Order,
    products: HashMap<ProductId, Product>,
    events: Vec<OrderEvent>,
    held: Vec<Reservation>,
    cycle: Option<Cycle>,
    offers: Vec<Offer>,
    decisions: Vec<StoredDecision>,
    names: Names,
}

impl Seen {
    /// The order of a page; a foreign one is not there. A vendor sees of offers and reservations its own, and no
    /// decision, which would tell it about its rivals.
    async fn find(tx: &mut Tx, panel: &Panel, id: OrderId) -> Result<Option<Self>, DbError> {
        let scope = panel.cx.actor.scope();
        let Some(order) = store::find(tx, scope, id).await? else { return Ok(None) };
        let (retailer, own) = (order.retailer_id, scope.vendor());
        let ids: Vec<ProductId> = order.lines.iter().map(|line| line.product_id).collect();
        let products = catalog::products(tx, &ids).await?;
        let mut events = store::events(tx, retailer, id).await?;
        let mut held = credit::reservations_of_order(tx, retailer, id).await?;
        let cycle = credit::cycle_of_order(tx, retailer, id).await?;
        let mut offers = routing::offers_of_order(tx, retailer, id).await?;
        let decisions = if own.is_none() { routing::decisions(tx, retailer, id).await? } else { Vec::new() };
        if let Some(own) = own {
            events.retain(|event| event.vendor_id.is_none_or(|vendor| vendor == own));
            held.retain(|held| held.vendor_id == own);
            offers.retain(|offer| offer.vendor_id == own);
        }
        let mut vendors: Vec<VendorId> = order.vendor_id.into_iter().collect();
        vendors.extend(offers.iter().map(|offer| offer.vendor_id));
        vendors.extend(held.iter().map(|held| held.vendor_id));
        vendors.extend(events.iter().filter_map(|event| event.vendor_id));
        let weighed = decisions.iter().flat_map(|decision| &decision.decision.candidates);
        vendors.extend(weighed.map(|candidate| candidate.vendor_id));
        let names = Names::of(tx, &[retailer], &vendors).await?;
        Ok(Some(Self { order, products, events, held, cycle, offers, decisions, names }))
    }
}

#[derive(Deserialize)]
pub(super) struct OrderQuery {
    #[serde(default)]
    done: String,
}

/// One order.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<OrderId>,
    Query(query): Query<OrderQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let found = app.db.read::<_, DbError, _>(async move |tx| Seen::find(tx, &visitor, id).await).await?;
    let seen = found.ok_or_else(|| Problem::not_found("order"))?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        p { a href="/admin/orders" { "← " (say(Word::Orders)) } }
        @if !query.done.is_empty() { (panel::done(say(Word::Done), &[])) }
        (facts(&seen, language))
        (deeds::ways(&seen.order, &panel))
        h2 { (say(Word::Lines)) }
        (lines(&seen, language))
        h2 { (say(Word::Log)) }
        (log(&seen, language))
        @if !seen.held.is_empty() {
            h2 { (say(Word::Held)) }
            (held(&seen, language))
        }
        @if !seen.offers.is_empty() {
            h2 { (say(Word::Offers)) }
            (offers(&seen, language))
        }
        @for decision in &seen.decisions {
            h2 { (say(Word::Decision)) }
            (why::decision(&seen.names, decision, language))
        }
    };
    Ok(panel.page(&format!("{} {}", say(Word::Order), seen.order.code), content))
}

fn facts(seen: &Seen, language: PageLanguage) -> Markup {
    let (order, say) = (&seen.order, |word: Word| word.text(language));
    html! {
        dl.figures {
            div { dt { (say(Word::State)) } dd { (state_tag(order.state, language)) } }
            div { dt { (say(Word::Total)) } dd { (money(order.total)) } }
            div { dt { (say(Word::Paid)) } dd { (words::mode(order.payment_mode, language)) } }
        }
        dl.facts.card {
            dt { (say(Word::Retailer)) } dd { a href={ "/admin/retailers/" (order.retailer_id) } { (seen.names.retailer(order.retailer_id)) } }
            dt { (say(Word::Vendor)) }
            dd { @if let Some(id) = order.vendor_id { a href={ "/admin/vendors/" (id) } { (seen.names.vendor(Some(id))) } } @else { "–" } }
            dt { (say(Word::Placed)) } dd { (moment(order.created_at)) }
            dt { (say(Word::Since)) } dd { (moment(order.state_at)) }
            @if let Some(at) = order.vendor_delivered_at { dt { (say(Word::Asked)) } dd { (moment(at)) } }
            @if let Some(place) = &order.place.text { dt { (say(Word::Place)) } dd { (place) } }
            @if let Some(reason) = &order.reason { dt { (say(Word::Reason)) } dd { (words::why(reason, language)) } }
            @if let Some(cycle) = &seen.cycle {
                dt { (say(Word::Cycle)) } dd { a href={ "/admin/cycles/" (cycle.id) } { (cycle.number) } }
            }
            @if let Some(first) = order.retry_of {
                dt { (say(Word::Again)) } dd { a href={ "/admin/orders/" (first) } { (say(Word::Earlier)) } }
            }
        }
    }
}

fn lines(seen: &Seen, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Product)),
        number(say(Word::Quantity)),
        number(say(Word::Price)),
        number(say(Word::Amount)),
        number(say(Word::Arrived)),
    ];
    let row = |line: &OrderLine| {
        let product = seen.products.get(&line.product_id);
        let name = product.map_or("–", |product| product_name(product, language));
        vec![
            html! { (line.number) ". " (name) },
            html! { (line.quantity) " " (product.map_or("", |product| product.unit.as_str())) },
            money(line.unit_price),
            money(line.unit_price.times(line.quantity).unwrap_or(Money::ZERO)),
            html! { @if let Some(arrived) = line.delivered_quantity { (arrived) } @else { "–" } },
        ]
    };
    panel::table(language, say(Word::Lines), &columns, seen.order.lines.iter().map(row).collect())
}

fn log(seen: &Seen, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::When)),
        plain(say(Word::State)),
        text(say(Word::Vendor)),
        text(say(Word::Who)),
        plain(say(Word::Reason)),
    ];
    let row = |event: &OrderEvent| {
        let actor = event.actor.to_string();
        let who = match actor.split(':').next() {
            Some("operator") => say(Word::Operator),
            Some("vendor") => say(Word::ByVendor),
            Some("retailer") => say(Word::ByRetailer),
            _ => say(Word::System),
        };
        vec![
            moment(event.at),
            state_tag(event.state, language),
            html! { (seen.names.vendor(event.vendor_id)) },
            html! { span title=(actor) { (who) } },
            html! { (event.reason.as_deref().map_or("–", |reason| words::why(reason, language))) },
        ]
    };
    panel::table(language, say(Word::Log), &columns, seen.events.iter().map(row).collect())
}

fn held(seen: &Seen, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns =
        [text(say(Word::Reservation)), text(say(Word::Vendor)), number(say(Word::Amount)), plain(say(Word::State))];
    let row = |held: &Reservation| {
        vec![
            html! { a href={ "/admin/reservations/" (held.id) } { (moment(held.created_at)) } },
            html! { (seen.names.vendor(Some(held.vendor_id))) },
            money(held.amount),
            html! { span.tag { (words::held(held.state, language)) } },
        ]
    };
    panel::table(language, say(Word::Held), &columns, seen.held.iter().map(row).collect())
}

fn offers(seen: &Seen, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Vendor)),
        plain(say(Word::State)),
        text(say(Word::Until)),
        text(say(Word::Answered)),
        plain(say(Word::Reason)),
    ];
    let row = |offer: &Offer| {
        vec![
            html! { (seen.names.vendor(Some(offer.vendor_id))) },
            html! { span.tag { (words::offer(offer.state, language)) } },
            moment(offer.deadline),
            html! { @if let Some(at) = offer.answered_at { (moment(at)) } @else { "–" } },
            html! { (offer.reason.as_deref().unwrap_or("–")) },
        ]
    };
    panel::table(language, say(Word::Offers), &columns, seen.offers.iter().map(row).collect())
}
