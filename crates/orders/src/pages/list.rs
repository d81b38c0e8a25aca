//! The orders, newest first, by state, by shop or by code.

use axum::extract::State;
use db::{DbError, Tx};
use kernel::{Page, PageRequest, Scope, VendorId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, day, money, number, plain, text};
use web::{App, Problem, Query};

use super::words::{self, Word};
use super::{Names, state_tag};
use crate::{Filter, Order, OrderState, store};

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    search: String,
    after: Option<String>,
}

/// The orders that the visitor may see.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (scope, page, language) = (panel.cx.actor.scope(), PageRequest::new(None, query.after), panel.language);
    let filter = Filter { state: query.state.parse().ok(), ..Filter::default() };
    let search = query.search.trim().to_owned();
    let (found, names) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let found = search_for(tx, scope, &search, filter.clone(), &page).await?;
            let retailers: Vec<_> = found.items.iter().map(|order| order.retailer_id).collect();
            let vendors: Vec<VendorId> = found.items.iter().filter_map(|order| order.vendor_id).collect();
            Ok((found, Names::of(tx, &retailers, &vendors).await?))
        })
        .await?;
    let fields = Fields::of([("state", query.state), ("search", query.search)]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let say = |word: Word| word.text(language);
    let mut states = vec![("", say(Word::AnyState))];
    states.extend(OrderState::ALL.iter().map(|state| (state.as_str(), words::state(*state, language))));
    let kept: Vec<(&str, &str)> =
        ["state", "search"].into_iter().filter_map(|name| fields.filled(name).map(|value| (name, value))).collect();
    let content = html! {
        form.search method="get" role="search" {
            (form.input("search", say(Word::Search), "search", None))
            (form.select("state", say(Word::State), &states, None))
            button type="submit" { (say(Word::Find)) }
        }
        (table(&found.items, &names, language))
        (panel::next_page(language, &kept, found.next.as_deref()))
    };
    Ok(panel.page(say(Word::Orders), content))
}

/// The order with a code, or those of the shop with a phone; all where nothing is searched for.
async fn search_for(
    tx: &mut Tx,
    scope: Scope,
    search: &str,
    mut filter: Filter,
    page: &PageRequest,
) -> Result<Page<Order>, DbError> {
    if !search.is_empty() {
        let digits: String = search.chars().filter(char::is_ascii_digit).collect();
        let shop = parties::retailers_by_phone(tx, std::slice::from_ref(&digits)).await?.remove(&digits);
        let Some(shop) = shop else {
            let found = store::find_by_code(tx, scope, &search.to_uppercase()).await?;
            let fits = |order: &Order| filter.state.is_none_or(|state| state == order.state);
            return Ok(Page { items: found.into_iter().filter(fits).collect(), next: None });
        };
        filter.retailer = Some(shop.id);
    }
    store::list(tx, scope, &filter, page).await
}

fn table(orders: &[Order], names: &Names, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Order)),
        plain(say(Word::Placed)),
        plain(say(Word::Retailer)),
        plain(say(Word::Vendor)),
        plain(say(Word::Paid)),
        number(say(Word::Total)),
        plain(say(Word::State)),
    ];
    let row = |order: &Order| {
        vec![
            html! { a href={ "/admin/orders/" (order.id) } { (order.code) } },
            day(order.created_at.business_date()),
            html! { (names.retailer(order.retailer_id)) },
            html! { (names.vendor(order.vendor_id)) },
            html! { (words::mode(order.payment_mode, language)) },
            money(order.total),
            state_tag(order.state, language),
        ]
    };
    panel::table(language, say(Word::Orders), &columns, orders.iter().map(row).collect())
}
