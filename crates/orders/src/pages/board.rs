//! The board: what is under way, by state, with what is to be done next. It reads itself anew every ten seconds; without
//! scripts a link does.

use std::collections::HashMap;

use axum::extract::State;
use db::{DbError, Tx};
use kernel::{Instant, OrderId, VendorId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{Html, PageLanguage, Panel, moment, money};
use web::{App, Problem, Query};

use super::deeds::possible;
use super::words::{self, Word};
use super::{Names, state_tag};
use crate::{Order, OrderState, store};

/// What is under way, and what ended; each is a column.
const COLUMNS: [OrderState; 6] = [
    OrderState::Offered,
    OrderState::Confirmed,
    OrderState::Dispatched,
    OrderState::Delivered,
    OrderState::Failed,
    OrderState::Cancelled,
];
/// Orders of a column; the list shows the others.
const MOST: i64 = 12;

#[derive(Deserialize)]
pub(super) struct BoardQuery {
    #[serde(default)]
    part: String,
}

/// What the columns show.
struct Board {
    columns: Vec<(OrderState, Vec<Order>, bool)>,
    deadlines: HashMap<OrderId, Instant>,
    names: Names,
}

impl Board {
    /// Under way is everything, of what ended what did so today.
    async fn find(tx: &mut Tx, panel: &Panel) -> Result<Self, DbError> {
        let (vendor, midnight) = (panel.cx.actor.scope().vendor(), panel.cx.today().start());
        let (mut columns, mut deadlines) = (Vec::new(), HashMap::new());
        for state in COLUMNS {
            let mut found = store::on_board(tx, vendor, state, midnight, MOST.saturating_add(1)).await?;
            let most = usize::try_from(MOST).unwrap_or(usize::MAX);
            let has_more = found.len() > most;
            found.truncate(most);
            if state == OrderState::Offered {
                for order in &found {
                    let offers = routing::offers_of_order(tx, order.retailer_id, order.id).await?;
                    let open = offers.iter().rev().find(|offer| offer.state == routing::OfferState::Open);
                    deadlines.extend(open.map(|offer| (order.id, offer.deadline)));
                }
            }
            columns.push((state, found, has_more));
        }
        let orders = || columns.iter().flat_map(|(_, orders, _)| orders);
        let retailers: Vec<_> = orders().map(|order| order.retailer_id).collect();
        let vendors: Vec<VendorId> = orders().filter_map(|order| order.vendor_id).collect();
        let names = Names::of(tx, &retailers, &vendors).await?;
        Ok(Self { columns, deadlines, names })
    }
}

/// The board; `part` asks for the columns alone.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<BoardQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let board = app.db.read::<_, DbError, _>(async move |tx| Board::find(tx, &visitor).await).await?;
    let columns = columns(&board, &panel);
    if !query.part.is_empty() {
        return Ok(Html::part(columns));
    }
    let say = |word: Word| word.text(panel.language);
    let content = html! {
        div.actions {
            a.button href="/admin/orders" { (say(Word::AllOrders)) }
            a.button href="/admin/board" { (say(Word::Refresh)) }
        }
        p.hint { (say(Word::Live)) }
        div.board hx-get="/admin/board?part=yes" hx-trigger="every 10s" { (columns) }
    };
    Ok(panel.page(say(Word::Board), content))
}

fn columns(board: &Board, panel: &Panel) -> Markup {
    let language = panel.language;
    html! {
        @for (state, orders, has_more) in &board.columns {
            section aria-label=(words::state(*state, language)) {
                h2 { (state_tag(*state, language)) " " (orders.len()) @if *has_more { "+" } }
                @if orders.is_empty() { p.nothing { "–" } }
                @for order in orders { (card(board, order, panel)) }
                @if *has_more { p { a href={ "/admin/orders?state=" (state) } { (Word::AllOrders.text(language)) } } }
            }
        }
    }
}

fn card(board: &Board, order: &Order, panel: &Panel) -> Markup {
    let language: PageLanguage = panel.language;
    html! {
        article.card.order {
            p { a href={ "/admin/orders/" (order.id) } { strong { (order.code) } } " " (money(order.total)) " " span.soft { (words::mode(order.payment_mode, language)) } }
            p { (board.names.retailer(order.retailer_id)) @if panel.cx.actor.is_operator() { " → " (board.names.vendor(order.vendor_id)) } }
            @if let Some(deadline) = board.deadlines.get(&order.id) {
                p.soft { (Word::Until.text(language)) " " (moment(*deadline)) }
            } @else {
                p.soft { (moment(order.state_at)) }
            }
            @if let Some(reason) = &order.reason { p.soft { (words::why(reason, language)) } }
            @if order.state.holds() {
                div.actions {
                    @for deed in possible(order, panel.cx.actor).take(2) {
                        a.button href={ "/admin/orders/" (order.id) "/" (deed) } { (deed.word().text(language)) }
                    }
                }
            }
        }
    }
}
