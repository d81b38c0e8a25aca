//! The panel's pages about the audit log, for operators: what was done to one retailer, and to anyone's credit.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kernel::{Page, PageRequest, RetailerId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, day, plain, text};
use web::{App, PathId, Problem, Query, panel_words};

use crate::Recorded;
use crate::store::{Filter, credit_page, find};

panel_words! {
    /// The words of these pages.
    enum Word {
        Audit: "Audit log", "लेखा अभिलेख";
        Back: "Back to the retailer", "पसलमा फर्कनुहोस्";
        From: "From", "देखि";
        To: "To", "सम्म";
        Show: "Show", "देखाउनुहोस्";
        When: "When", "कहिले";
        Who: "Who", "कसले";
        What: "What", "के";
        Reason: "Reason", "कारण";
        Details: "Details", "थप विवरण";
        Before: "Before", "पहिले";
        After: "After", "पछि";
        Operator: "operator", "सञ्चालक";
        Vendor: "vendor", "थोक बिक्रेता";
        Retailer: "retailer", "पसल";
        System: "platform", "प्रणाली";
        Hash: "Hash", "ह्यास";
    }
}

/// The pages of this recorder.
pub fn pages() -> Router<App> {
    Router::new().route("/admin/retailers/{id}/audit", get(of_retailer)).route("/admin/audit", get(all_credit))
}

#[derive(Deserialize)]
struct AuditQuery {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    after: Option<String>,
}

/// What the form asks for.
struct Asked {
    fields: Fields,
    errors: Errors,
    filter: Filter,
    page: PageRequest,
}

impl AuditQuery {
    fn read(self, language: PageLanguage) -> Asked {
        let (fields, mut errors) = (Fields::of([("from", self.from), ("to", self.to)]), Errors::default());
        let (from, to) = (fields.date("from", language, &mut errors), fields.date("to", language, &mut errors));
        let filter = Filter { from, to, ..Filter::default() };
        Asked { fields, errors, filter, page: PageRequest::new(None, self.after) }
    }
}

async fn of_retailer(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<AuditQuery>,
) -> Result<Html, Problem> {
    let Asked { fields, errors, filter, page } = query.read(panel.language);
    let stream = id.to_string();
    let found = app.db.read::<_, db::DbError, _>(async move |tx| find(tx, &stream, &filter, &page).await).await?;
    let back = html! { p { a href={ "/admin/retailers/" (id) } { "← " (Word::Back.text(panel.language)) } } };
    Ok(shown(&panel, &back, &Form { fields: &fields, errors: &errors }, &found))
}

async fn all_credit(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<AuditQuery>,
) -> Result<Html, Problem> {
    let Asked { fields, errors, filter, page } = query.read(panel.language);
    let found = app.db.read::<_, db::DbError, _>(async move |tx| credit_page(tx, &filter, &page).await).await?;
    Ok(shown(&panel, &html! {}, &Form { fields: &fields, errors: &errors }, &found))
}

fn shown(panel: &Panel, back: &Markup, form: &Form<'_>, found: &Page<Recorded>) -> Html {
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::When)),
        plain(say(Word::What)),
        plain(say(Word::Who)),
        plain(say(Word::Reason)),
        plain(say(Word::Details)),
    ];
    let row = |entry: &Recorded| {
        vec![
            html! { (day(entry.at.business_date())) },
            html! { (entry.action) },
            html! { (role(&entry.actor, language)) },
            html! { (entry.reason.as_deref().unwrap_or("–")) },
            details(entry, language),
        ]
    };
    let content = html! {
        (back)
        form.search method="get" {
            (form.input("from", say(Word::From), "date", None))
            (form.input("to", say(Word::To), "date", None))
            button type="submit" { (say(Word::Show)) }
        }
        (panel::table(language, say(Word::Audit), &columns, found.items.iter().map(row).collect()))
        (panel::next_page(
            language,
            &[("from", form.fields.text("from")), ("to", form.fields.text("to"))],
            found.next.as_deref(),
        ))
    };
    panel.page(say(Word::Audit), content)
}

/// Who it was, without the id.
fn role(actor: &str, language: PageLanguage) -> &str {
    let word = match actor.split(':').next() {
        Some("operator") => Word::Operator,
        Some("vendor") => Word::Vendor,
        Some("retailer") => Word::Retailer,
        Some("system") => Word::System,
        _ => return actor,
    };
    word.text(language)
}

/// The entry as it is kept, folded away.
fn details(entry: &Recorded, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let kept = [
        (say(Word::What), Some(entry.subject.as_str())),
        (say(Word::Who), Some(entry.actor.as_str())),
        (say(Word::Before), entry.before.as_deref()),
        (say(Word::After), entry.after.as_deref()),
        (say(Word::Hash), Some(entry.hash.as_str())),
    ];
    html! {
        details {
            summary { "#" (entry.seq) }
            dl.kept {
                @for (name, value) in kept {
                    @if let Some(value) = value { dt { (name) } dd { code { (value) } } }
                }
            }
        }
    }
}
