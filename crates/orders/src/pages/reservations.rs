//! What is held on a line for orders that are under way, and one reservation with its order, its cycle and its entry.

use std::collections::HashMap;

use axum::extract::State;
use credit::{Line, Reservation};
use db::{DbError, Tx};
use kernel::{CycleId, LineId, OrderId, PageRequest, ReservationId};
use ledger::Entry;
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Html, Panel, moment, money, number, plain, text};
use web::{App, PathId, Problem, Query};

use super::Names;
use super::words::{self, Word};
use crate::store;

#[derive(Deserialize)]
pub(super) struct AfterQuery {
    after: Option<String>,
}

fn title(line: &Line, names: &Names) -> String {
    format!("{} – {}", names.retailer(line.retailer_id), names.vendor(Some(line.vendor_id)))
}

/// What is held on a line.
pub(super) async fn list(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (scope, today, page) = (panel.cx.actor.scope(), panel.cx.today(), PageRequest::new(None, query.after));
    let (line, held, codes, names) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let line = credit::line(tx, scope, id, today).await?.ok_or_else(|| Problem::not_found("credit line"))?;
            let held = credit::active_reservations(tx, scope, line.pair(), &page).await?;
            let orders: Vec<OrderId> = held.items.iter().map(|held| held.order_id).collect();
            let codes = store::codes(tx, line.retailer_id, &orders).await?;
            let names = Names::of(tx, &[line.retailer_id], &[line.vendor_id]).await?;
            Ok((line, held, codes, names))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns =
        [text(say(Word::Reservation)), text(say(Word::Order)), number(say(Word::Amount)), plain(say(Word::State))];
    let row = |held: &Reservation| {
        vec![
            html! { a href={ "/admin/reservations/" (held.id) } { (moment(held.created_at)) } },
            order_link(held, &codes),
            money(held.amount),
            html! { span.tag { (words::held(held.state, language)) } },
        ]
    };
    let content = html! {
        p { a href={ "/admin/lines/" (id) } { "← " (say(Word::Back)) } }
        p.lead { (say(Word::Reservations)) " " (money(line.reserved)) }
        (panel::table(language, say(Word::Reservations), &columns, held.items.iter().map(row).collect()))
        (panel::next_page(language, &[], held.next.as_deref()))
    };
    Ok(panel.page(&format!("{}: {}", say(Word::Reservations), title(&line, &names)), content))
}

fn order_link(held: &Reservation, codes: &HashMap<OrderId, String>) -> Markup {
    html! { a href={ "/admin/orders/" (held.order_id) } { (codes.get(&held.order_id).map_or("–", String::as_str)) } }
}

/// A reservation with what it belongs to.
struct Seen {
    held: Reservation,
    line: Line,
    codes: HashMap<OrderId, String>,
    numbers: HashMap<CycleId, String>,
    entry: Option<Entry>,
    names: Names,
}

impl Seen {
    async fn find(tx: &mut Tx, panel: &Panel, id: ReservationId) -> Result<Option<Self>, DbError> {
        let (scope, today) = (panel.cx.actor.scope(), panel.cx.today());
        let Some(held) = credit::reservation(tx, scope, id).await? else { return Ok(None) };
        let pair = (held.retailer_id, held.vendor_id);
        let Some(line) = credit::line_of(tx, scope, pair, today).await? else { return Ok(None) };
        let codes = store::codes(tx, held.retailer_id, &[held.order_id]).await?;
        let cycles: Vec<CycleId> = held.cycle_id.into_iter().collect();
        let numbers = credit::cycle_numbers(tx, &cycles).await?;
        let entry = match held.entry_id {
            Some(entry) => ledger::entry(tx, pair, entry).await?,
            None => None,
        };
        let names = Names::of(tx, &[held.retailer_id], &[held.vendor_id]).await?;
        Ok(Some(Self { held, line, codes, numbers, entry, names }))
    }
}

/// One reservation.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<ReservationId>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let found = app.db.read::<_, DbError, _>(async move |tx| Seen::find(tx, &visitor, id).await).await?;
    let Seen { held, line, codes, numbers, entry, names } = found.ok_or_else(|| Problem::not_found("reservation"))?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        p { a href={ "/admin/lines/" (line.id) "/reservations" } { "← " (say(Word::Reservations)) } }
        dl.facts.card {
            dt { (say(Word::State)) } dd { span.tag { (words::held(held.state, language)) } }
            dt { (say(Word::Amount)) } dd { (money(held.amount)) }
            dt { (say(Word::Line)) } dd { a href={ "/admin/lines/" (line.id) } { (title(&line, &names)) } }
            dt { (say(Word::Order)) } dd { (order_link(&held, &codes)) }
            dt { (say(Word::Placed)) } dd { (moment(held.created_at)) }
            @if let Some(at) = held.ended_at { dt { (say(Word::Ended)) } dd { (moment(at)) } }
            @if let Some(why) = &held.reason { dt { (say(Word::Reason)) } dd { (why) } }
            @if let Some(cycle) = held.cycle_id {
                dt { (say(Word::Cycle)) }
                dd { a href={ "/admin/cycles/" (cycle) } { (numbers.get(&cycle).map_or("–", String::as_str)) } }
            }
            @if let Some(entry) = &entry {
                dt { (say(Word::Entry)) }
                dd {
                    a href={ "/admin/lines/" (line.id) "/entries?after=" (entry.seq.saturating_sub(1)) } { "#" (entry.seq) }
                    " " (entry.memo) " " code { (entry.hash.get(..8).unwrap_or_default()) }
                }
            }
        }
    };
    Ok(panel.page(&format!("{}: {}", say(Word::Reservation), held.amount.for_people()), content))
}
