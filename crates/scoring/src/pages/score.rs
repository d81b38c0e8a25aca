//! A retailer's score: the number, what it is made of, what changed, what would help, and how it was before.

use axum::extract::State;
use kernel::{PageRequest, RetailerId};
use maud::{Markup, html};
use web::panel::{self, Html, OperatorPanel, PageLanguage, Point, Share, day, line, moment, number, stack, text};
use web::{App, PathId, Problem};

use super::sentences;
use super::words::Word;
use crate::report::{ComponentReport, Report, report, report_on};
use crate::rules::{Band, LEAST};
use crate::seen::{self, Part};
use crate::store::{HistoryFilter, Past, history};
use crate::words;

/// Scores of the history that are drawn: those of about a year where something changes every other day.
const DRAWN: i64 = PageRequest::MOST;

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<RetailerId>,
) -> Result<Html, Problem> {
    let (language, today) = (sentences(panel.language), panel.cx.today());
    let (retailer, told, past) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id);
            let retailer = retailer.ok_or_else(|| Problem::not_found("retailer"))?;
            let told = match report(tx, id, language).await? {
                Some(report) => report,
                None => report_on(tx, id, today, language).await?,
            };
            let page = PageRequest::new(Some(DRAWN), None);
            let past = history(tx, id, HistoryFilter::default(), &page).await?.items;
            Ok((retailer, told, past))
        })
        .await?;
    seen::record(&app.db, panel.cx.clone(), id, Part::Page).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        p { a href={ "/admin/retailers/" (id) } { "← " (retailer.name) } }
        dl.figures {
            div { dt { (say(Word::Score)) } dd { (told.score) " " span.soft { (say(Word::ScoreOf)) } } }
            div { dt { (say(Word::Band)) } dd { (band_tag(told.band, language)) } }
            div { dt { (say(Word::Day)) } dd { (day(told.on)) } }
            @if let Some(at) = told.computed_at { div { dt { (say(Word::Computed)) } dd { (moment(at)) } } }
        }
        @if told.thin { p.notice { (say(Word::Thin)) } }
        h2 { (say(Word::Component)) }
        @for component in &told.components { (component_shown(component, language)) }
        (help_shown(&told, language))
        (changes_shown(&told, language))
        (history_shown(&past, language))
    };
    Ok(panel.page(&format!("{}: {}", say(Word::Score), retailer.name), content))
}

pub(super) fn band_tag(band: Band, language: PageLanguage) -> Markup {
    let class = match band {
        Band::Excellent | Band::Good => "tag good",
        Band::Fair => "tag warn",
        Band::Weak | Band::Poor => "tag bad",
    };
    html! { span class=(class) { (words::band(sentences(language), band)) } }
}

fn component_shown(component: &ComponentReport, language: PageLanguage) -> Markup {
    let name = words::name(sentences(language), component.component);
    let share = Share {
        label: name,
        class: "outstanding",
        width: component.thousandths,
        shown: format!("{} / {}", component.points, component.most_points),
    };
    html! {
        div.card {
            (stack(name, &[share]))
            p { (component.sentence) }
        }
    }
}

fn help_shown(told: &Report, language: PageLanguage) -> Markup {
    html! {
        h2 { (Word::Helps.text(language)) }
        @if told.what_would_help.is_empty() { p.nothing { (Word::NothingHelps.text(language)) } }
        @else { ol { @for help in &told.what_would_help { li { (help.sentence) } } } }
    }
}

fn changes_shown(told: &Report, language: PageLanguage) -> Markup {
    html! {
        h2 { (Word::Changed.text(language)) }
        @match &told.changes {
            None => p.nothing { (Word::NothingBefore.text(language)) },
            Some(change) => {
                p { (Word::Since.text(language)) " " (day(change.since)) ": " (change.score_before) " → " strong { (told.score) } }
                ul { @for component in &change.components { li { (component.sentence) } } }
            }
        }
    }
}

/// The history as a line, and the same as a table.
fn history_shown(past: &[Past], language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let point =
        |past: &Past| Point { at: past.at.micros() / 1_000_000, height: past.score.score, label: past.on.to_string() };
    let points: Vec<Point> = past.iter().rev().map(point).collect();
    let columns = [text(say(Word::Day)), number(say(Word::Score)), text(say(Word::Band))];
    let row = |past: &Past| vec![day(past.on), html! { (past.score.score) }, band_tag(past.score.band(), language)];
    let most = LEAST.saturating_add(600);
    html! {
        h2 { (say(Word::History)) }
        @if points.len() > 1 {
            div.card { (line(say(Word::Score), say(Word::HistoryDescribed), (LEAST, most), &points)) }
        }
        (panel::table(language, say(Word::History), &columns, past.iter().map(row).collect()))
    }
}
