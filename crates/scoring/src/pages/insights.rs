//! Insights of one retailer with the message it gets, and of everybody together.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use db::DbError;
use kernel::RetailerId;
use maud::{Markup, html};
use orders::Sum;
use serde::Deserialize;
use web::panel::{
    self, Html, OperatorPanel, PageLanguage, Panel, Part, Posted, bar, columns, day, moment, money, number, see_other,
    text,
};
use web::{App, PathId, Problem, Query, once};

use super::score::band_tag;
use super::words::Word;
use crate::insights::{self as room, Insight, KeptOverview};

/// Hundredths of a percent with one place.
fn percent(basis_points: i64) -> String {
    format!("{}.{} %", basis_points / 100, basis_points % 100 / 10)
}

/// One retailer's.
pub(super) async fn of_retailer(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<RetailerId>,
) -> Result<Html, Problem> {
    let (retailer, found) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id);
            Ok((retailer.ok_or_else(|| Problem::not_found("retailer"))?, room::insight(tx, id).await?))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        p { a href={ "/admin/retailers/" (id) } { "← " (retailer.name) } }
        @match &found {
            None => p.nothing { (say(Word::NotYet)) },
            Some(found) => {
                (figures(found, language))
                h2 { (say(Word::Message)) }
                div.card {
                    @for part in room::message(retailer.language, &retailer.name, found).lines() {
                        p lang=(tag(retailer.language)) { (part) }
                    }
                }
            }
        }
    };
    Ok(panel.page(&format!("{}: {}", say(Word::Insights), retailer.name), content))
}

/// The language of a message in HTML.
const fn tag(language: parties::Language) -> &'static str {
    match language {
        parties::Language::Nepali => "ne",
        parties::Language::RomanNepali => "ne-Latn",
        parties::Language::English => "en",
    }
}

fn sum(sum: Sum) -> Markup {
    html! { (sum.orders) " · " (money(sum.value)) }
}

fn figures(found: &Insight, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let figures = &found.figures;
    let is_nepali = language == PageLanguage::Nepali;
    html! {
        dl.figures {
            div { dt { (say(Word::ThisMonth)) } dd { (sum(figures.this_month)) } }
            div { dt { (say(Word::LastMonth)) } dd { (sum(figures.last_month)) } }
            @if let Some(average) = figures.average_order { div { dt { (say(Word::AverageOrder)) } dd { (money(average)) } } }
            @if let Some(tenths) = figures.days_between_orders_tenths {
                div { dt { (say(Word::DaysBetween)) } dd { (tenths / 10) "." (tenths % 10) } }
            }
            @if let Some(used) = figures.utilisation_bp { div { dt { (say(Word::Used)) } dd { (percent(used)) } } }
            @if let Some(share) = figures.on_time_bp { div { dt { (say(Word::OnTime)) } dd { (percent(share)) } } }
            @if let Some(due) = &figures.next_due {
                div { dt { (say(Word::NextDue)) } dd { (due.number) " " (money(due.outstanding)) " " (day(due.due_on)) } }
            }
            @if let Some(saving) = figures.saving { div { dt { (say(Word::Saving)) } dd { (money(saving.amount)) } } }
        }
        @if !figures.favourites.is_empty() {
            h2 { (say(Word::Favourites)) }
            ul {
                @for product in &figures.favourites {
                    li { (if is_nepali { &product.name_ne } else { &product.name }) ": " (product.quantity) " " (product.unit) }
                }
            }
        }
        p.soft { (say(Word::Computed)) ": " (moment(found.computed_at)) }
    }
}

#[derive(Deserialize)]
pub(super) struct OverviewQuery {
    #[serde(default)]
    done: String,
}

/// Everybody together.
pub(super) async fn overview(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<OverviewQuery>,
) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| room::overview(tx).await).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        @if !query.done.is_empty() { p.notice role="status" { (say(Word::Queued)) } }
        @match &found {
            None => p.nothing { (say(Word::NotYet)) },
            Some(found) => (together(found, language)),
        }
        (again(&panel))
    };
    Ok(panel.page(say(Word::Insights), content))
}

/// The button that computes everything again.
fn again(panel: &Panel) -> Markup {
    html! {
        form.actions method="post" action="/admin/insights/regenerate" {
            (panel.hidden_fields())
            button type="submit" { (Word::Regenerate.text(panel.language)) }
        }
    }
}

fn together(found: &KeptOverview, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let overview = &found.overview;
    let left = overview.limit.minus(overview.outstanding).unwrap_or_default();
    let used = [
        Part { label: say(Word::Outstanding), amount: overview.outstanding, class: "outstanding" },
        Part { label: say(Word::Limit), amount: left, class: "available" },
    ];
    let months = [
        Part { label: say(Word::LastMonth), amount: overview.last_month.value, class: "available" },
        Part { label: say(Word::ThisMonth), amount: overview.this_month.value, class: "outstanding" },
    ];
    let heading = [text(say(Word::Band)), number(say(Word::Retailers))];
    let row = |count: &room::BandCount| vec![band_tag(count.band, language), html! { (count.retailers) }];
    html! {
        dl.figures {
            div { dt { (say(Word::Retailers)) } dd { (overview.retailers) } }
            div { dt { (say(Word::Active)) } dd { (overview.active_this_month) } }
            div { dt { (say(Word::ActiveLast)) } dd { (overview.active_last_month) } }
            div { dt { (say(Word::ThisMonth)) } dd { (sum(overview.this_month)) } }
            div { dt { (say(Word::LastMonth)) } dd { (sum(overview.last_month)) } }
            div { dt { (say(Word::Used)) } dd { (percent(overview.utilisation_bp)) } }
            div { dt { (say(Word::Overdue)) } dd { (money(overview.overdue)) } }
        }
        h2 { (say(Word::Used)) }
        (bar(say(Word::Used), overview.limit, &used))
        div.columns-2 {
            div {
                h2 { (say(Word::Value)) }
                div.card { (columns(say(Word::Value), &months)) }
            }
            div {
                h2 { (say(Word::Bands)) }
                (panel::table(language, say(Word::Bands), &heading, overview.bands.iter().map(row).collect()))
            }
        }
        p.soft { (say(Word::Computed)) ": " (moment(found.computed_at)) }
    }
}

/// Computes everything again, in the background.
pub(super) async fn regenerate(State(app): State<App>, posted: Posted) -> Response {
    if !posted.panel.cx.actor.is_operator() {
        return Problem::new(http::StatusCode::FORBIDDEN, "FORBIDDEN", "only operators may do this").into_response();
    }
    once(&app, posted.keyed, posted.panel.cx, async move |tx, cx| {
        room::ask_for_all(tx, cx).await?;
        Ok(see_other("/admin/insights?done=yes"))
    })
    .await
}
