//! Changing a line's conditions, pausing or blocking it and giving credit again.
//!
//! The form carries the version that was shown. Where somebody else changed the line since, nothing is changed: the form
//! comes back with what was typed, what holds now beside it, and the new version, so that sending it again is meant.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::LineId;
use maud::{Markup, html};
use web::panel::{Errors, Fields, Form, Html, Panel, Posted, see_other};
use web::{App, PathId, Problem, once};

use super::lines::{Found, find, missing};
use super::sheet::Now;
use super::words::{self, Say, Word};
use super::{status_tag, terms_form};
use crate::lines::{LineChange, change_line};
use crate::model::LineStatus;
use crate::refusal::Refusal;
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
    Ok(page(&panel, &found, &fields, &Errors::default(), None))
}

/// What the form begins with.
fn known(found: &Found) -> Fields {
    let line = &found.line;
    Fields::of([
        ("version", line.version.to_string()),
        ("limit", line.limit.to_string()),
        ("termsDays", line.terms_days.to_string()),
        ("maxOverdueDays", line.max_overdue_days.to_string()),
        ("maxOrder", line.max_order.unwrap_or_default().to_string()),
    ])
}

/// The page; `stale` is what holds now, where somebody changed it since the form was opened.
fn page(panel: &Panel, found: &Found, fields: &Fields, errors: &Errors, stale: Option<&Fields>) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let now = Now { fields, stale, language };
    let input = |name: &str, word: Word, kind: &str| form.input(name, say(word), kind, now.beside(name).as_deref());
    let content = html! {
        (found.back(language))
        (form.general_errors())
        (now.notice())
        div.columns-2 {
            form.card method="post" action={ (found.path()) "/change" } {
                h2 { (say(Word::Terms)) }
                (panel.hidden_fields())
                (now.version())
                (input("limit", Word::Limit, "decimal"))
                (input("termsDays", Word::TermsDays, "number"))
                (input("maxOverdueDays", Word::MaxOverdueDays, "number"))
                (input("maxOrder", Word::MaxOrder, "decimal"))
                (terms_form::controls(&form, language, Some(&now)))
                (form.input("reason", say(Word::Reason), "text", Some(say(Word::ReasonHint))))
                button.main type="submit" { (say(Word::Save)) }
            }
            (stop_form(panel, found, &form, &now))
        }
    };
    panel.page(&format!("{}: {}", say(Word::Change), found.title()), content)
}

/// Pausing and blocking, or giving credit again, on the same page. Stopping is for now, whatever was changed before;
/// giving credit again is meant for the line as it was seen.
fn stop_form(panel: &Panel, found: &Found, form: &Form<'_>, now: &Now<'_>) -> Markup {
    let (status, language) = (found.line.status, panel.language);
    let say = |word: Word| word.text(language);
    let reason = || form.input("why", say(Word::Reason), "text", Some(say(Word::ReasonHint)));
    let may_block = panel.cx.actor.is_operator() && status != LineStatus::Blocked;
    let (is_active, action) = (status == LineStatus::Active, format!("{}/pause", found.path()));
    let word = if is_active { Word::Pause } else { Word::Resume };
    html! {
        form.card method="post" action=(action) {
            h2 { (say(Word::Status)) ": " (status_tag(&found.line, language)) }
            (panel.hidden_fields())
            @if !is_active { (now.version()) }
            (reason())
            div.actions {
                button .danger[is_active] type="submit" name="status" value=(if is_active { LineStatus::Paused } else { LineStatus::Active }) { (say(word)) }
                @if may_block {
                    button.danger type="submit" name="status" value=(LineStatus::Blocked) { (Say::BlockLine.text(language)) }
                }
            }
            @if may_block { p.hint { (Say::BlockLineHint.text(language)) } }
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
        seen_version: fields.number("version", language, &mut errors),
        ..LineChange::default()
    };
    apply(app, id, posted, change, errors, "change").await
}

/// Pauses or blocks a line, or gives credit again.
pub(super) async fn pause(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let (mut errors, fields, language) = (Errors::default(), &posted.fields, posted.panel.language);
    errors.require(fields, "why", language);
    let status = fields.text("status").parse().unwrap_or(LineStatus::Paused);
    let done = match status {
        LineStatus::Active => "resume",
        LineStatus::Paused => "pause",
        LineStatus::Blocked => "block",
    };
    let change = LineChange {
        status: Some(status),
        reason: fields.text("why").to_owned(),
        seen_version: fields.number("version", language, &mut errors),
        ..LineChange::default()
    };
    apply(app, id, posted, change, errors, done).await
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
        let (mut errors, mut is_stale) = (errors.clone(), false);
        if errors.is_empty() {
            // Terms that stay the same get no new version.
            let is_same = change.settlement.as_ref().is_some_and(|terms| terms_form::is_known(terms, &known));
            let settlement = change.settlement.clone().filter(|_| !is_same);
            let change = LineChange { settlement, ..change.clone() };
            match change_line(tx, cx, cx.actor.scope(), id, change.clone()).await? {
                Ok(line) => return Ok(see_other(&format!("/admin/lines/{}?done={done}", line.id))),
                Err(Refusal::VersionMismatch { .. }) => is_stale = true,
                Err(refusal) => {
                    let (field, text) = words::refusal(&refusal, panel.language);
                    errors.add(if field == "reason" && change.status.is_some() { "why" } else { field }, text);
                }
            }
        }
        let shown = fields.clone().or(known.clone());
        let stale = is_stale.then_some(&known);
        Ok(page(&panel, &found, &shown, &errors, stale).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
