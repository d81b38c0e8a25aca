//! Changing a line's conditions, pausing it and giving credit again.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::LineId;
use maud::{Markup, html};
use web::panel::{Errors, Fields, Form, Html, Panel, Posted, see_other};
use web::{App, PathId, Problem, once};

use super::lines::{Found, find, missing};
use super::terms_form;
use super::words::{self, Word};
use crate::lines::{LineChange, change_line};
use crate::model::LineStatus;
use crate::store::lines::terms_of;

/// The page's line with its settlement terms, as the fields begin.
async fn gathered(tx: &mut Tx, panel: &Panel, id: LineId) -> Result<Option<(Found, Fields)>, DbError> {
    let Some(found) = find(tx, panel, id).await? else { return Ok(None) };
    let terms = terms_of(tx, found.line.pair(), found.line.terms_version).await?;
    let fields = known(&found).or(terms_form::known(&terms));
    Ok(Some((found, fields)))
}

/// The form.
pub(super) async fn show(State(app): State<App>, panel: Panel, PathId(id): PathId<LineId>) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let found = app.db.read::<_, DbError, _>(async move |tx| gathered(tx, &visitor, id).await).await?;
    let (found, fields) = found.ok_or_else(missing)?;
    Ok(page(&panel, &found, &fields, &Errors::default()))
}

/// What the form begins with.
fn known(found: &Found) -> Fields {
    let line = &found.line;
    Fields::of([
        ("limit", line.limit.to_string()),
        ("termsDays", line.terms_days.to_string()),
        ("maxOverdueDays", line.max_overdue_days.to_string()),
        ("maxOrder", line.max_order.unwrap_or_default().to_string()),
    ])
}

fn page(panel: &Panel, found: &Found, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let content = html! {
        (found.back(language))
        (form.general_errors())
        div.columns-2 {
            form.card method="post" action={ (found.path()) "/change" } {
                h2 { (say(Word::Terms)) }
                (panel.hidden_fields())
                (form.input("limit", say(Word::Limit), "decimal", None))
                (form.input("termsDays", say(Word::TermsDays), "number", None))
                (form.input("maxOverdueDays", say(Word::MaxOverdueDays), "number", None))
                (form.input("maxOrder", say(Word::MaxOrder), "decimal", None))
                (terms_form::controls(&form, language))
                (form.input("reason", say(Word::Reason), "text", Some(say(Word::ReasonHint))))
                button.main type="submit" { (say(Word::Save)) }
            }
            (pause_form(panel, found, &form))
        }
    };
    panel.page(&format!("{}: {}", say(Word::Change), found.title()), content)
}

/// Pausing, or giving credit again, on the same page.
fn pause_form(panel: &Panel, found: &Found, form: &Form<'_>) -> Markup {
    let is_active = found.line.status == LineStatus::Active;
    let (word, status) = if is_active { (Word::Pause, LineStatus::Paused) } else { (Word::Resume, LineStatus::Active) };
    let say = |word: Word| word.text(panel.language);
    html! {
        form.card method="post" action={ (found.path()) "/pause" } {
            h2 { (say(word)) }
            (panel.hidden_fields())
            input type="hidden" name="status" value=(status);
            (form.input("why", say(Word::Reason), "text", Some(say(Word::ReasonHint))))
            button .danger[is_active] type="submit" { (say(word)) }
        }
    }
}

/// Changes the conditions.
pub(super) async fn change(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let (language, mut errors, fields) = (posted.panel.language, Errors::default(), &posted.fields);
    for name in ["limit", "termsDays", "maxOverdueDays", "reason"] {
        errors.require(fields, name, language);
    }
    let change = LineChange {
        limit: fields.money("limit", language, &mut errors),
        terms_days: fields.number("termsDays", language, &mut errors),
        max_overdue_days: fields.number("maxOverdueDays", language, &mut errors),
        max_order: fields.money("maxOrder", language, &mut errors),
        settlement: terms_form::read(fields, language, &mut errors),
        reason: fields.text("reason").to_owned(),
        ..LineChange::default()
    };
    apply(app, id, posted, change, errors, "change").await
}

/// Pauses a line, or gives credit again.
pub(super) async fn pause(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let (mut errors, fields) = (Errors::default(), &posted.fields);
    errors.require(fields, "why", posted.panel.language);
    let is_pausing = fields.text("status") != LineStatus::Active.as_str();
    let status = if is_pausing { LineStatus::Paused } else { LineStatus::Active };
    let change = LineChange { status: Some(status), reason: fields.text("why").to_owned(), ..LineChange::default() };
    apply(app, id, posted, change, errors, if is_pausing { "pause" } else { "resume" }).await
}

async fn apply(
    app: App,
    id: LineId,
    posted: Posted,
    change: LineChange,
    errors: Errors,
    done: &'static str,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some((found, known)) = gathered(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let mut errors = errors.clone();
        if errors.is_empty() {
            // Terms that stay the same get no new version.
            let is_same = change.settlement.as_ref().is_some_and(|terms| terms_form::is_known(terms, &known));
            let settlement = change.settlement.clone().filter(|_| !is_same);
            let change = LineChange { settlement, ..change.clone() };
            match change_line(tx, cx, cx.actor.scope(), id, change.clone()).await? {
                Ok(line) => return Ok(see_other(&format!("/admin/lines/{}?done={done}", line.id))),
                Err(refusal) => {
                    let (field, text) = words::refusal(&refusal, panel.language);
                    errors.add(if field == "reason" && change.status.is_some() { "why" } else { field }, text);
                }
            }
        }
        let fields = fields.clone().or(known);
        Ok(page(&panel, &found, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
