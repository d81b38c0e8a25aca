//! What if: any values of the rules over the days that were, as tables and a picture, and as a file.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use db::DbError;
use kernel::{Money, RetailerId};
use maud::{Markup, html};
use web::panel::{self, Errors, Fields, Form, OperatorPanel, PageLanguage, Part, columns, day, money, number, text};
use web::{App, Problem, Query};

use super::rule::{asked, controls, known};
use super::words::{self, Word};
use crate::refusal::Refusal;
use crate::rules::{Category, Rules};
use crate::simulate::{Played, WhatIf, simulate};
use crate::store;
use crate::what_if::Outcome;

/// A prefix for the fields of each rule.
fn prefix(category: Category) -> String {
    format!("{category}.")
}

pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let (language, today) = (panel.language, panel.cx.today());
    let in_force = app.db.read(async |tx| store::rules(tx).await).await?.rules;
    let is_asked = query.contains_key("from");
    let is_file = query.get("format").is_some_and(|format| format == "csv");
    // A link that names only the days asks for the rules in force; a form that was sent leaves out what is not ticked.
    let has_rules = query.keys().any(|name| name.contains('.'));
    let said = Fields::from(query.into_iter().collect::<Vec<_>>());
    let fields = if has_rules { said } else { said.or(opened(&in_force, today)) };
    let mut errors = Errors::default();
    let (from, to) = (fields.date("from", language, &mut errors), fields.date("to", language, &mut errors));
    let rules = Category::ALL.iter().map(|category| {
        let rule = asked(*category, (&fields, &prefix(*category)), language, &mut errors);
        (category.to_string(), rule)
    });
    let rules = rules.collect();
    let mut played = None;
    if is_asked && errors.is_empty() {
        let wish = WhatIf { rules, from, to, retailer_id: None };
        match simulate(&app.db, wish, panel.cx.now).await? {
            Ok(found) if is_file => return file(&found),
            Ok(found) => played = Some(found),
            Err(Refusal::Field { field, right }) => errors.add(field, right),
            Err(refusal) => errors.add("", refusal.to_string()),
        }
    }
    let say = |word: Word| word.text(language);
    let form = Form { fields: &fields, errors: &errors };
    let content = html! {
        p { a href="/admin/watch" { "← " (say(Word::Watch)) } }
        p.hint { (say(Word::WhatIfHint)) }
        @if let Some(played) = &played { (result(played, &fields, language)) }
        form.card method="get" {
            (form.general_errors())
            div.columns-2 {
                (form.input("from", say(Word::From), "date", None))
                (form.input("to", say(Word::To), "date", None))
            }
            @for category in Category::ALL {
                fieldset {
                    legend { (say(words::category(*category))) }
                    (controls(*category, &form, &prefix(*category), language))
                }
            }
            div.actions { button.main type="submit" { (say(Word::Play)) } }
        }
    };
    Ok(panel.page(say(Word::WhatIf), content).into_response())
}

/// The form as it is opened: the rules in force, over the last 180 days.
fn opened(in_force: &Rules, today: kernel::BusinessDate) -> Fields {
    let span = vec![("from".to_owned(), today.plus_days(-180).to_string()), ("to".to_owned(), today.to_string())];
    let all = Category::ALL.iter().fold(span, |all, category| known(&in_force.get(*category), &prefix(*category), all));
    Fields::from(all)
}

/// What an outcome says, each with its name.
fn figures(outcome: &Outcome) -> [(Word, Markup); 12] {
    let count = |count: i64| html! { (count) };
    [
        (Word::Paused, count(outcome.pauses)),
        (Word::PausedDays, count(outcome.paused_days)),
        (Word::Cuts, count(outcome.cuts)),
        (Word::Restores, count(outcome.restores)),
        (Word::HighScores, count(outcome.high_scores)),
        (Word::Spikes, count(outcome.spikes)),
        (Word::UsedUp, count(outcome.used_up)),
        (Word::Stopped, count(outcome.stopped)),
        (Word::StoppedAmount, money(outcome.stopped_amount)),
        (Word::Saved, money(outcome.saved)),
        (Word::Lost, money(outcome.lost)),
        (Word::Undecided, money(outcome.undecided)),
    ]
}

fn result(played: &Played, fields: &Fields, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let sides = figures(&played.asked).into_iter().zip(figures(&played.in_force));
    let rows = sides.map(|((word, asked), (_, in_force))| vec![html! { (say(word)) }, asked, in_force]);
    let verdict = match played.asked.saved.cmp(&played.asked.lost) {
        _ if played.asked.stopped == 0 => Word::Even,
        std::cmp::Ordering::Less => Word::Worse,
        _ => Word::Better,
    };
    // Under a column there is room for the name alone, without what explains it.
    let part = |word, amount, class| Part { label: say(word).split(':').next().unwrap_or_default(), amount, class };
    let parts = [
        part(Word::Saved, played.asked.saved, "age-0"),
        part(Word::Lost, played.asked.lost, "age-3"),
        part(Word::Undecided, played.asked.undecided, "age-1"),
    ];
    html! {
        p.lead {
            (day(played.from)) " – " (day(played.to)) ": " (played.touched_count) " " (say(Word::Of)) " "
            (played.retailers) " " (say(Word::Touched)) ". " (say(verdict))
        }
        div.columns-2 {
            div.card { (columns(say(Word::StoppedAmount), &parts)) }
            (panel::table(
                language, say(Word::WhatIf),
                &[text(say(Word::What)), number(say(Word::Asked)), number(say(Word::Now))], rows.collect(),
            ))
        }
        h2 { (say(Word::ByMonth)) }
        (months(played, language))
        h2 { (say(Word::ByShop)) }
        (shops(played, language))
        p { a.button href={ "?format=csv&" (fields.query()) } { (say(Word::Download)) } }
    }
}

const SHORT: [Word; 5] = [Word::Paused, Word::Cuts, Word::Stopped, Word::Saved, Word::Lost];

fn short(outcome: &Outcome) -> Vec<Markup> {
    let all = figures(outcome);
    all.into_iter().filter(|(word, _)| SHORT.contains(word)).map(|(_, shown)| shown).collect()
}

fn months(played: &Played, language: PageLanguage) -> Markup {
    let names = [text(Word::Month.text(language))].into_iter().chain(SHORT.map(|word| number(word.text(language))));
    let rows = played.months.iter().map(|month| [vec![html! { (month.month) }], short(&month.asked)].concat());
    panel::table(language, Word::ByMonth.text(language), &names.collect::<Vec<_>>(), rows.collect())
}

fn shops(played: &Played, language: PageLanguage) -> Markup {
    let names = [text(Word::Shop.text(language))].into_iter().chain(SHORT.map(|word| number(word.text(language))));
    let rows = played.touched.iter().take(20).map(|shop| {
        let name = html! { a href={ "/admin/retailers/" (shop.retailer_id) } { (shop.name) } };
        [vec![name], short(&shop.asked)].concat()
    });
    panel::table(language, Word::ByShop.text(language), &names.collect::<Vec<_>>(), rows.collect())
}

/// A row of the file.
#[derive(serde::Serialize)]
struct FileRow<'a> {
    retailer_id: RetailerId,
    name: &'a str,
    rules: &'a str,
    pauses: i64,
    paused_days: i64,
    cuts: i64,
    restores: i64,
    high_scores: i64,
    spikes: i64,
    used_up: i64,
    stopped: i64,
    stopped_amount: Money,
    saved: Money,
    lost: Money,
    undecided: Money,
}

/// Every shop that would have been touched, with both sets of rules.
fn file(played: &Played) -> Result<Response, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for shop in &played.touched {
        for (rules, outcome) in [("asked", &shop.asked), ("in force", &shop.in_force)] {
            // A name that begins like a formula is no name to a spreadsheet.
            let name = shop.name.trim_start_matches(['=', '+', '-', '@']);
            let Outcome { pauses, paused_days, cuts, restores, high_scores, spikes, used_up, stopped, .. } = *outcome;
            let Outcome { stopped_amount, saved, lost, undecided, .. } = *outcome;
            let retailer_id = shop.retailer_id;
            let row = FileRow {
                retailer_id,
                name,
                rules,
                pauses,
                paused_days,
                cuts,
                restores,
                high_scores,
                spikes,
                used_up,
                stopped,
                stopped_amount,
                saved,
                lost,
                undecided,
            };
            writer.serialize(row).map_err(|error| DbError::Engine(format!("a file cannot be written: {error}")))?;
        }
    }
    let text = writer.into_inner().map_err(|error| DbError::Engine(format!("a file cannot be written: {error}")))?;
    let name = format!("attachment; filename=\"what-if-{}-{}.csv\"", played.from, played.to);
    Ok(([("content-type", "text/csv; charset=utf-8".to_owned()), ("content-disposition", name)], text).into_response())
}
