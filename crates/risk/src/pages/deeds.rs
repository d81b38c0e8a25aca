//! What operators do about an alert, and undoing what a rule did.

use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::{ActionId, AlertId};
use maud::html;
use web::panel::{Errors, Fields, Form, Html, OperatorPanel, Panel, Posted, Sheet, see_other};
use web::{App, PathId, Problem, once};

use super::words::{self, Word};
use super::{add, not_for_you, spoken};
use crate::alerts::{AlertChange, change_alert as change};
use crate::changes;
use crate::model::{Action, Alert};
use crate::store;

/// What is done about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Acknowledge,
    Resolve,
}

fn alert_page(panel: &Panel, alert: &Alert, deed: Deed, (fields, errors): (&Fields, &Errors)) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(if deed == Deed::Resolve { Word::Resolve } else { Word::Acknowledge }),
        subject: say(words::category(alert.category)),
        back: "/admin/watch".to_owned(),
        hint: None,
        is_final: false,
    };
    let lead = html! { p.lead { (alert.cause.sentence(spoken(language))) } };
    let controls = html! {
        input type="hidden" name="version" value=(fields.text("version"));
        (form.input("note", say(Word::Note), "text", Some(say(Word::NoteHint))))
    };
    sheet.page(&form, &lead, &controls)
}

pub(super) async fn show_alert(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId((id, deed)): PathId<(AlertId, Deed)>,
) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| store::alert(tx, id).await).await?;
    let alert = found.ok_or_else(|| Problem::not_found("alert"))?;
    let known = Fields::of([("version", alert.version.to_string())]);
    Ok(alert_page(&panel, &alert, deed, (&known, &Errors::default())))
}

pub(super) async fn change_alert(
    State(app): State<App>,
    PathId((id, deed)): PathId<(AlertId, Deed)>,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(not_for_you().stored());
        }
        let mut errors = Errors::default();
        let seen = fields.number("version", panel.language, &mut errors);
        let wish = match deed {
            Deed::Acknowledge => AlertChange::Acknowledge(fields.filled("note").map(str::to_owned)),
            Deed::Resolve => AlertChange::Resolve(fields.text("note").to_owned()),
        };
        match change(tx, cx, id, seen, wish).await? {
            Ok(_) => return Ok(see_other("/admin/watch#alerts")),
            Err(refusal) => add(&mut errors, &refusal, panel.language),
        }
        let Some(alert) = store::alert(tx, id).await? else { return Ok(Problem::not_found("alert").stored()) };
        Ok(alert_page(&panel, &alert, deed, (&fields, &errors)).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

fn undo_page(panel: &Panel, action: &Action, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::Undo),
        subject: say(words::action(action.kind)),
        back: "/admin/watch#actions".to_owned(),
        hint: Some(say(Word::UndoHint)),
        is_final: false,
    };
    let lead = html! { p.lead { (action.cause.sentence(spoken(language))) } };
    let controls = form.input("reason", say(Word::Reason), "text", Some(say(Word::ReasonHint)));
    sheet.page(&form, &lead, &controls)
}

pub(super) async fn show_undo(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<ActionId>,
) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| store::action(tx, id).await).await?;
    let action = found.ok_or_else(|| Problem::not_found("action"))?;
    Ok(undo_page(&panel, &action, &Fields::default(), &Errors::default()))
}

pub(super) async fn undo(State(app): State<App>, PathId(id): PathId<ActionId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(not_for_you().stored());
        }
        let mut errors = Errors::default();
        match changes::undo(tx, cx, id, fields.text("reason")).await? {
            Ok(_) => return Ok(see_other("/admin/watch#actions")),
            Err(refusal) => add(&mut errors, &refusal, panel.language),
        }
        let Some(action) = store::action(tx, id).await? else { return Ok(Problem::not_found("action").stored()) };
        Ok(undo_page(&panel, &action, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
