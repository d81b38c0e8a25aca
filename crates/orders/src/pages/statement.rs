//! The panel's page about a line's statement. It lives here because orders is the lowest room that knows what people call
//! orders, cycles and payments.

use axum::extract::State;
use kernel::{LineId, PageRequest};
use ledger::Period;
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, day, money, number, plain, text};
use web::{App, PathId, Problem, Query, panel_words};

use crate::statement::{LineStatement, StatementItem, line_statement};

panel_words! {
    /// The words of this page.
    enum Word {
        Statement: "Statement", "हिसाब विवरण";
        Back: "Back to the line", "उधारो खातामा फर्कनुहोस्";
        From: "From", "देखि";
        To: "To", "सम्म";
        Show: "Show", "देखाउनुहोस्";
        Order: "From is not after to.", "सुरुको मिति अन्तिम मितिभन्दा पछि हुँदैन।";
        Month: "30 days", "३० दिन";
        Quarter: "90 days", "९० दिन";
        Year: "A year", "एक वर्ष";
        Everything: "Everything", "सुरुदेखि सबै";
        Opening: "Owed before", "पहिलेको बाँकी";
        Closing: "Owed at the end", "अन्तिम बाँकी";
        Date: "Date", "मिति";
        What: "What", "के";
        About: "About", "केबारे";
        Change: "Change", "फेरबदल";
        Balance: "Owed", "बाँकी";
        Reverses: "reverses another entry", "अर्को प्रविष्टि उल्ट्याएको";
    }
}

#[derive(Deserialize)]
pub(super) struct StatementQuery {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    all: String,
    after: Option<String>,
}

/// The days that are shown where no period is asked for, and the entries of a page.
const USUAL_DAYS: i64 = 90;
const ROWS: i64 = 25;

/// What a line's debt did in a period, with the running balance.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<StatementQuery>,
) -> Result<Html, Problem> {
    let (language, scope, today) = (panel.language, panel.cx.actor.scope(), panel.cx.today());
    let is_open = query.from.is_empty() && query.to.is_empty() && query.all.is_empty();
    let from = if is_open { today.plus_days(-USUAL_DAYS).to_string() } else { query.from };
    let (fields, mut errors) = (Fields::of([("from", from), ("to", query.to), ("all", query.all)]), Errors::default());
    let asked =
        Period { from: fields.date("from", language, &mut errors), to: fields.date("to", language, &mut errors) };
    if asked.from.is_some_and(|from| from > asked.to.unwrap_or(today)) {
        errors.add("from", Word::Order.text(language));
    }
    let period = if errors.is_empty() { asked } else { Period::default() };
    let page = PageRequest::new(Some(ROWS), query.after);
    let (found, title) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = line_statement(tx, scope, id, period, today, &page).await?;
            let found = found.ok_or_else(|| Problem::not_found("credit line"))?;
            let (retailer, vendor) = found.line.pair();
            let retailer = parties::retailers(tx, &[retailer]).await?.remove(&retailer).map(|retailer| retailer.name);
            let vendor = parties::vendors(tx, &[vendor]).await?.remove(&vendor).map(|vendor| vendor.name);
            Ok((found, format!("{} – {}", retailer.unwrap_or_default(), vendor.unwrap_or_default())))
        })
        .await?;
    let say = |word: Word| word.text(language);
    let form = Form { fields: &fields, errors: &errors };
    let content = html! {
        p { a href={ "/admin/lines/" (id) } { "← " (say(Word::Back)) } }
        form.search method="get" {
            (form.input("from", say(Word::From), "date", None))
            (form.input("to", say(Word::To), "date", None))
            button type="submit" { (say(Word::Show)) }
        }
        div.actions {
            @for (days, word) in [(30, Word::Month), (USUAL_DAYS, Word::Quarter), (365, Word::Year)] {
                a.button href={ "?from=" (today.plus_days(-days)) } { (say(word)) }
            }
            a.button href="?all=yes" { (say(Word::Everything)) }
        }
        dl.figures {
            div { dt { (say(Word::Opening)) } dd { (money(found.opening)) } }
            div { dt { (say(Word::Closing)) " (" (day(found.to)) ")" } dd { (money(found.closing)) } }
        }
        (entries(&found, language))
        (panel::next_page(
            language,
            &[("from", fields.text("from")), ("to", fields.text("to")), ("all", fields.text("all"))],
            found.entries.next.as_deref(),
        ))
    };
    Ok(panel.page(&format!("{}: {title}", say(Word::Statement)), content))
}

fn entries(found: &LineStatement, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Date)),
        plain(say(Word::What)),
        plain(say(Word::About)),
        number(say(Word::Change)),
        number(say(Word::Balance)),
    ];
    let row = |item: &StatementItem| {
        vec![
            day(item.business_date),
            html! {
                (credit::entry_kind_word(item.kind, language))
                @if item.reverses.is_some() { " " span.tag { (say(Word::Reverses)) } }
            },
            about(item, language),
            money(item.change),
            money(item.balance),
        ]
    };
    panel::table(language, say(Word::Statement), &columns, found.entries.items.iter().map(row).collect())
}

/// What an entry belongs to, with the ways there; its text where it belongs to nothing that people know.
fn about(item: &StatementItem, language: PageLanguage) -> Markup {
    let cycle = item.cycle_id.zip(item.cycle_number.as_deref());
    let payment = item.payment_id.zip(item.method);
    html! {
        @if let Some((id, number)) = cycle { a href={ "/admin/cycles/" (id) } { (number) } " " }
        @if let Some((id, method)) = payment {
            a href={ "/admin/payments/" (id) } {
                (credit::method_word(method, language))
                @if let Some(reference) = &item.reference { " " (reference) }
            }
        } @else if let Some((id, code)) = item.order_id.zip(item.order_code.as_deref()) { a href={ "/admin/orders/" (id) } { (code) } }
        @else if cycle.is_none() { (item.memo) }
    }
}
