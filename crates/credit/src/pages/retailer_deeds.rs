//! What an operator does to a retailer as a whole: approving it, its cap, stopping its credit and giving it again.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, RetailerId};
use maud::{Markup, html};
use parties::{CreditStatus, Retailer, RetailerStatus};
use serde::Deserialize;
use web::panel::{Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, see_other};
use web::{App, PathId, Problem, once};

use super::sheet::{Now, add, forbidden};
use super::words::{Say, Word};
use crate::limits::{CreditChange, change_credit};
use crate::refusal::Refusal;

/// What can be done, as the address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Approve,
    Cap,
    Pause,
    Resume,
}

impl Deed {
    const fn path(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Cap => "cap",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    /// What the retailer's page says afterwards.
    fn done(self, fields: &Fields) -> &'static str {
        match self {
            Self::Pause if fields.is_ticked("block") => "block-all",
            Self::Pause => "pause-all",
            Self::Resume => "resume-all",
            Self::Approve | Self::Cap => self.path(),
        }
    }

    const fn name(self) -> Say {
        match self {
            Self::Approve => Say::Approve,
            Self::Cap => Say::Cap,
            Self::Pause => Say::PauseAll,
            Self::Resume => Say::ResumeAll,
        }
    }

    fn fits(self, retailer: &Retailer) -> bool {
        match self {
            Self::Approve => retailer.status == RetailerStatus::Pending,
            Self::Cap => true,
            Self::Pause => retailer.credit_status != CreditStatus::Blocked,
            Self::Resume => retailer.credit_status != CreditStatus::Active,
        }
    }
}

/// The ways from a retailer's page to what can be done now.
pub(super) fn buttons(retailer: &Retailer, language: PageLanguage) -> Markup {
    let path = format!("/admin/retailers/{}", retailer.id);
    html! {
        div.actions {
            @for deed in [Deed::Approve, Deed::Resume, Deed::Pause, Deed::Cap] {
                @if deed.fits(retailer) {
                    a.button .main[deed == Deed::Approve] href={ (path) "/" (deed.path()) } { (deed.name().text(language)) }
                }
            }
            a.button href={ "/admin/lines/new?phone=" (retailer.phone) } { (Say::NewLine.text(language)) }
            a.button href={ (path) "/evaluate" } { (Say::Evaluate.text(language)) }
            a.button href={ (path) "/score" } { (Say::Score.text(language)) }
            a.button href={ (path) "/insights" } { (Say::Insights.text(language)) }
            a.button href={ (path) "/audit" } { (Say::Audit.text(language)) }
        }
    }
}

async fn find(tx: &mut Tx, id: RetailerId) -> Result<Option<Retailer>, DbError> {
    Ok(parties::retailers(tx, &[id]).await?.remove(&id))
}

fn missing() -> Problem {
    Problem::not_found("retailer")
}

/// The form.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId((id, deed)): PathId<(RetailerId, Deed)>,
) -> Result<Html, Problem> {
    let retailer = app.db.read(async move |tx| find(tx, id).await?.ok_or_else(missing)).await?;
    Ok(page(&panel, &retailer, deed, &known(&retailer), &Errors::default(), None))
}

/// What the form for the cap is opened on.
fn known(retailer: &Retailer) -> Fields {
    let cap = retailer.cap.map(|cap| cap.to_string()).unwrap_or_default();
    Fields::of([("cap", cap), ("version", retailer.version.to_string())])
}

fn page(
    panel: &Panel,
    retailer: &Retailer,
    deed: Deed,
    fields: &Fields,
    errors: &Errors,
    stale: Option<&Fields>,
) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let now = Now { fields, stale, language };
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let sheet = Sheet {
        panel,
        deed: say(deed.name()),
        subject: &retailer.name,
        back: format!("/admin/retailers/{}", retailer.id),
        hint: (deed == Deed::Approve).then_some(say(Say::ApproveHint)),
        is_final: false,
    };
    let reason = form.input("reason", word(Word::Reason), "text", Some(word(Word::ReasonHint)));
    let controls = match deed {
        Deed::Approve => html! {},
        Deed::Cap => {
            let beside = now.beside("cap");
            let hint = beside.as_deref().unwrap_or(say(Say::CapHint));
            html! { (now.version()) (form.input("cap", say(Say::Cap), "decimal", Some(hint))) (reason) }
        }
        Deed::Pause => html! { (reason) (form.tick("block", say(Say::Block))) },
        Deed::Resume => reason,
    };
    sheet.page(&form, &now.notice(), &controls)
}

/// Does it.
pub(super) async fn act(
    State(app): State<App>,
    PathId((id, deed)): PathId<(RetailerId, Deed)>,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(forbidden().stored());
        }
        let Some(retailer) = find(tx, id).await? else { return Ok(missing().stored()) };
        let (mut errors, mut is_stale) = (Errors::default(), false);
        if deed != Deed::Approve {
            errors.require(&fields, "reason", panel.language);
        }
        // Stopping and giving credit again are meant whatever was changed before.
        let seen = if deed == Deed::Cap { fields.number("version", panel.language, &mut errors) } else { None };
        let change = match deed {
            Deed::Approve => None,
            Deed::Cap => Some(CreditChange::Cap(fields.money("cap", panel.language, &mut errors))),
            Deed::Pause if fields.is_ticked("block") => Some(CreditChange::Block),
            Deed::Pause => Some(CreditChange::Pause),
            Deed::Resume => Some(CreditChange::Unpause),
        };
        if errors.is_empty() {
            match carry_out(tx, cx, id, seen, change, fields.text("reason")).await? {
                Ok(()) => return Ok(see_other(&format!("/admin/retailers/{id}?done={}", deed.done(&fields)))),
                Err(Refusal::VersionMismatch { .. }) => is_stale = true,
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        let known = known(&retailer);
        let stale = is_stale.then_some(&known);
        Ok(page(&panel, &retailer, deed, &fields, &errors, stale).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

/// Changes the credit, or approves where there is nothing to change.
async fn carry_out(
    tx: &mut Tx,
    cx: &Context,
    id: RetailerId,
    seen_version: Option<i64>,
    change: Option<CreditChange>,
    why: &str,
) -> Result<Result<(), Refusal>, DbError> {
    match change {
        Some(change) => Ok(change_credit(tx, cx, id, seen_version, change, why).await?.map(drop)),
        None => Ok(parties::approve_retailer(tx, cx, id).await?.map(drop).map_err(|_| Refusal::UnknownRetailer(id))),
    }
}
