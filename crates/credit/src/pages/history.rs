//! What became of a line's conditions.

use axum::extract::State;
use kernel::{LineId, Money, PageRequest};
use maud::{Markup, html};
use serde_json::Value;
use web::panel::{self, Html, PageLanguage, Panel, day, text};
use web::{App, PathId, Problem, Query};

use super::lines::{AfterQuery, find, missing};
use super::words::{Say, Word};
use crate::lines::{RecordedChange, line_changes};

/// The conditions that are shown, as the history calls them.
const SHOWN: [(&str, Word); 6] = [
    ("limit", Word::Limit),
    ("status", Word::Status),
    ("termsDays", Word::TermsDays),
    ("maxOverdueDays", Word::MaxOverdueDays),
    ("maxOrder", Word::MaxOrder),
    ("termsVersion", Word::TermsVersion),
];

/// The changes, the newest first.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (visitor, page) = (panel.clone(), PageRequest::new(None, query.after));
    let (found, changes) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = find(tx, &visitor, id).await?.ok_or_else(missing)?;
            let changes = line_changes(tx, visitor.cx.actor.scope(), id, &page).await?;
            Ok((found, changes.ok_or_else(missing)?))
        })
        .await?;
    let language = panel.language;
    let columns = [
        text(Say::When.text(language)),
        text(Say::What.text(language)),
        text(Word::Reason.text(language)),
        text(Say::Who.text(language)),
    ];
    let row = |change: &RecordedChange| {
        vec![
            day(change.at.business_date()),
            what(change, language),
            html! { (change.reason.as_deref().unwrap_or("–")) },
            super::actor(&change.actor, language),
        ]
    };
    let content = html! {
        (found.back(language))
        (panel::table(language, Say::History.text(language), &columns, changes.items.iter().map(row).collect()))
        (panel::next_page(language, &[], changes.next.as_deref()))
    };
    Ok(panel.page(&format!("{}: {}", Say::History.text(language), found.title()), content))
}

/// What differs, or what was granted.
fn what(change: &RecordedChange, language: PageLanguage) -> Markup {
    let (before, after) = (change.before.as_ref(), change.after.get("line").unwrap_or(&change.after));
    let differs = SHOWN.iter().filter_map(|(key, word)| {
        let (old, new) = (before.and_then(|before| before.get(key)), after.get(key)?);
        (old != Some(new) && !(old.is_none() && new.is_null())).then_some((*word, old, new))
    });
    html! {
        @if before.is_none() { strong { (Say::Granted.text(language)) } " " }
        @for (place, (word, old, new)) in differs.enumerate() {
            @if place > 0 { br; }
            (word.text(language)) ": " @if let Some(old) = old { (shown(old)) " → " } (shown(new))
        }
    }
}

/// A condition as people read it: amounts are texts of rupees.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.contains('.') => {
            text.parse::<Money>().map_or_else(|_| text.clone(), Money::for_people)
        }
        Value::String(text) => text.to_lowercase(),
        other => other.to_string(),
    }
}
