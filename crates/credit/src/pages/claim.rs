//! Entering for a retailer what it says it paid.

use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::LineId;
use ledger::Method;
use maud::{Markup, html};
use web::panel::{Errors, Fields, Form, Html, Panel, Posted, Sheet, money, see_other};
use web::{App, PathId, Problem, once};

use super::lines::{Found, find, missing};
use super::payment::methods;
use super::sheet::add;
use super::words::{Say, Word};
use crate::payments::{NewClaim, claim};

/// The form.
pub(super) async fn show(State(app): State<App>, panel: Panel, PathId(id): PathId<LineId>) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let found = app.db.read::<_, DbError, _>(async move |tx| find(tx, &visitor, id).await).await?;
    let known = Fields::of([("on", panel.cx.today().to_string()), ("method", Method::Esewa.to_string())]);
    Ok(page(&panel, &found.ok_or_else(missing)?, &known, &Errors::default()))
}

fn page(panel: &Panel, found: &Found, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let word = |word: Word| word.text(language);
    let title = found.title();
    let sheet = Sheet {
        panel,
        deed: Say::EnterClaim.text(language),
        subject: &title,
        back: found.path(),
        hint: Some(Say::ClaimHint.text(language)),
        is_final: false,
    };
    let lead: Markup = html! { p.lead { (word(Word::Outstanding)) " " (money(found.line.outstanding)) } };
    let controls = html! {
        (form.input("amount", word(Word::Amount), "decimal", None))
        (form.input("on", word(Word::PaidOn), "date", None))
        (form.select("method", word(Word::Method), &methods(language), None))
        (form.input("reference", word(Word::Reference), "text", Some(word(Word::ReferenceHint))))
    };
    sheet.page(&form, &lead, &controls)
}

/// Writes the claim down.
pub(super) async fn enter(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(found) = find(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let (mut errors, language) = (Errors::default(), panel.language);
        errors.require(&fields, "amount", language);
        let (amount, on) = (fields.money("amount", language, &mut errors), fields.date("on", language, &mut errors));
        let method = fields.text("method").parse().ok();
        if method.is_none() {
            errors.add("method", Word::WhichMethod.text(language));
        }
        if let Some((amount, method)) = amount.zip(method).filter(|_| errors.is_empty()) {
            let (reference, on) = (fields.filled("reference").map(str::to_owned), on.unwrap_or_else(|| cx.today()));
            let new = NewClaim { pair: found.line.pair(), amount, method, reference, on };
            match claim(tx, cx, cx.actor.scope(), &new).await? {
                Ok(outcome) => {
                    let claim = outcome.into_inner().id;
                    return Ok(see_other(&format!("/admin/claims/{claim}?done=claimed")));
                }
                Err(refusal) => add(&mut errors, &refusal, language),
            }
        }
        Ok(page(&panel, &found, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
