//! The risk dashboard: open principal by days overdue as a picture and a table, and what is overdue.

use axum::extract::State;
use db::DbError;
use kernel::{BusinessDate, Money, PageRequest};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, PageLanguage, Panel, Part, bar, columns, day, money, number, plain, text,
};
use web::{App, Problem, Query};

use super::words::{Say, Word};
use super::{Names, overdue_tag};
use crate::aging::{Aging, AgingFilter, aging};
use crate::model::Cycle;
use crate::risk::{Dashboard, NotedLine, dashboard};
use crate::store::cycles::CycleFilter;

#[derive(Deserialize)]
pub(super) struct RiskQuery {
    #[serde(default)]
    on: String,
    #[serde(default)]
    all: String,
    after: Option<String>,
}

/// How many rows of each list there are, unless all are asked for.
const FIRST_ROWS: usize = 5;

/// The dashboard. A vendor sees its own.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<RiskQuery>,
) -> Result<Html, Problem> {
    let (scope, today) = (panel.cx.actor.scope(), panel.cx.today());
    let fields = Fields::of([("on", query.on)]);
    let (shows_all, page) = (!query.all.is_empty(), PageRequest::new(None, query.after));
    let mut errors = Errors::default();
    let on = fields.date("on", panel.language, &mut errors).unwrap_or(today);
    let (is_operator, now) = (panel.cx.actor.is_operator(), panel.cx.now);
    let (aging, overdue, names, board) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let aging = aging(tx, scope, AgingFilter::default(), on, today).await?;
            let filter = CycleFilter { overdue_on: Some(today), ..CycleFilter::default() };
            let overdue = crate::store::cycles::cycles(tx, scope, filter, &page).await?;
            let pairs: Vec<_> = overdue.items.iter().map(Cycle::pair).collect();
            let names = Names::of(tx, &pairs).await?;
            let board = if is_operator { Some(dashboard(tx, now).await?) } else { None };
            Ok((aging, overdue, names, board))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let asked = Fields::of([("on", on.to_string())]);
    let form = Form { fields: if errors.is_empty() { &asked } else { &fields }, errors: &errors };
    let content = html! {
        form.search method="get" {
            (form.input("on", say(Word::AgingOn), "date", None))
            button type="submit" { (say(Word::Show)) }
        }
        @if let Some(board) = &board { (totals(board, language)) }
        @else if let Some(own) = scope.vendor() {
            p { a.button href={ "/admin/vendors/" (own) } { (Say::Dso.text(language)) } }
        }
        (aging_pictured(&aging, language))
        @if let Some(board) = &board {
            h2 { (Say::WorstLines.text(language)) }
            (noted(first(&board.worst_lines, shows_all), Say::WorstLines, language))
            h2 { (Say::MostUsed.text(language)) }
            (noted(first(&board.most_used_lines, shows_all), Say::MostUsed, language))
        }
        h2 #overdue { (say(Word::OverdueCycles)) }
        (overdue_table(first(&overdue.items, shows_all), &names, today, language))
        @if shows_all { (panel::next_page(language, &[("on", asked.text("on")), ("all", "yes")], overdue.next.as_deref())) }
        @else if overdue.items.len() > FIRST_ROWS || board.is_some() {
            p { a.button href={ "?all=yes&on=" (asked.text("on")) } { (Say::ShowAll.text(language)) } }
        }
    };
    Ok(panel.page(say(Word::Risk), content))
}

fn first<T>(rows: &[T], shows_all: bool) -> &[T] {
    if shows_all { rows } else { rows.get(..FIRST_ROWS).unwrap_or(rows) }
}

pub(super) fn aging_pictured(aging: &Aging, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let parts = [
        Part { label: say(Word::NotDue), amount: aging.not_due, class: "age-0" },
        Part { label: say(Word::D1), amount: aging.d1to30, class: "age-1" },
        Part { label: say(Word::D31), amount: aging.d31to60, class: "age-2" },
        Part { label: say(Word::D61), amount: aging.d61to90, class: "age-3" },
        Part { label: say(Word::D90), amount: aging.over90, class: "age-4" },
    ];
    let rows = parts.iter().map(|part| {
        vec![
            html! { span class={ "dot " (part.class) } {} (part.label) },
            money(part.amount),
            html! { (share(part.amount, aging.outstanding)) " %" },
        ]
    });
    let overdue = aging.outstanding.minus(aging.not_due).unwrap_or_default();
    html! {
        dl.figures {
            div { dt { (say(Word::Total)) } dd { (money(aging.outstanding)) } }
            div { dt { (say(Word::OverdueSum)) } dd { (money(overdue)) } }
        }
        h2 { (say(Word::Aging)) }
        div.columns-2 {
            div.card { (columns(say(Word::Aging), &parts)) }
            (panel::table(
                language,
                say(Word::Aging),
                &[text(say(Word::Overdue)), number(say(Word::Open)), number(say(Word::Share))],
                rows.collect(),
            ))
        }
    }
}

/// All lines together.
fn totals(board: &Dashboard, language: PageLanguage) -> Markup {
    let say = |say: Say| say.text(language);
    let parts = [
        Part { label: Word::Outstanding.text(language), amount: board.totals.outstanding, class: "outstanding" },
        Part { label: Word::Reserved.text(language), amount: board.totals.reserved, class: "reserved" },
        Part { label: Word::Available.text(language), amount: board.available, class: "available" },
    ];
    html! {
        p.lead {
            (Word::Limit.text(language)) " " (money(board.totals.limit)) " · "
            (say(Say::Utilisation)) ": " (percent(board.utilisation_bp)) " · "
            (say(Say::StoppedLines)) ": " (board.totals.stopped_lines) " / " (board.totals.lines)
        }
        (bar(Word::Position.text(language), board.totals.limit, &parts))
    }
}

/// Basis points as a percentage with one place.
fn percent(basis_points: i64) -> String {
    format!("{}.{} %", basis_points / 100, basis_points % 100 / 10)
}

/// Lines among the worst, with what is overdue on them, or among the most used.
fn noted(lines: &[NotedLine], name: Say, language: PageLanguage) -> Markup {
    let word = |word: Word| word.text(language);
    let is_worst = name == Say::WorstLines;
    let mut columns = vec![
        text(word(Word::Line)),
        number(word(Word::Limit)),
        number(Say::Used.text(language)),
        text(Say::Utilisation.text(language)),
    ];
    if is_worst {
        columns.extend([number(word(Word::OverdueSum)), plain(word(Word::Overdue))]);
    }
    let row = |line: &NotedLine| {
        let is_over = line.used > line.limit;
        let mut cells = vec![
            html! { a href={ "/admin/lines/" (line.line_id) } { (line.retailer) } " – " (line.vendor) },
            money(line.limit),
            money(line.used),
            html! {
                (percent(line.utilisation_bp))
                @if is_over { " " span.tag.bad { (Say::OverLimit.text(language)) } }
            },
        ];
        if is_worst {
            cells.extend([money(line.overdue), overdue_tag(line.overdue_days, language)]);
        }
        cells
    };
    panel::table(language, name.text(language), &columns, lines.iter().map(row).collect())
}

/// Hundredths of a whole, rounded half to even; zero of nothing.
fn share(part: Money, whole: Money) -> i64 {
    let numerator = i128::from(part.paisa()).saturating_mul(100);
    kernel::div_half_even(numerator, i128::from(whole.paisa())).and_then(|share| share.try_into().ok()).unwrap_or(0)
}

fn overdue_table(cycles: &[Cycle], names: &Names, today: BusinessDate, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Cycle)),
        plain(say(Word::Retailer)),
        plain(say(Word::Vendor)),
        text(say(Word::Due)),
        plain(say(Word::Overdue)),
        number(say(Word::Open)),
    ];
    let row = |cycle: &Cycle| {
        vec![
            html! { a href={ "/admin/cycles/" (cycle.id) } { (cycle.number) } },
            html! { a href={ "/admin/retailers/" (cycle.retailer_id) } { (names.retailer(cycle.retailer_id)) } },
            html! { (names.vendor(cycle.vendor_id)) },
            day(cycle.due_on),
            overdue_tag(cycle.overdue_days(today), language),
            money(cycle.outstanding),
        ]
    };
    panel::table(language, say(Word::OverdueCycles), &columns, cycles.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_a_hundred() {
        let of = |part, whole| share(Money::from_paisa(part), Money::from_paisa(whole));
        assert_eq!((of(1, 3), of(2, 3), of(5, 5), of(0, 0)), (33, 67, 100, 0));
    }
}
