//! What is done to one cycle beside paying it: a promise, a dispute and its decision, an adjustment, closing, note and due
//! date. Each has a page of its own.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, CycleId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{Errors, Fields, Form, Html, PageLanguage, Panel, Posted, Sheet, money, see_other};
use web::{App, PathId, Problem, once};

use super::cycle::{Seen, missing};
use super::sheet::{Now, add, forbidden};
use super::words::{self, Say, Word};
use crate::adjustments::{AdjustmentKind, NewAdjustment, Sign, adjust};
use crate::closing::{CycleChange, change_cycle, close};
use crate::disputes::{Decision, Dispute, DisputeStatus, NewDispute, decide_dispute, dispute};
use crate::promises::{NewPromise, promise};
use crate::refusal::Refusal;
use crate::store;

/// What can be done, as the address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Promise,
    Note,
    Dispute,
    Decide,
    Adjust,
    Close,
}

impl Deed {
    const fn path(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Note => "note",
            Self::Dispute => "dispute",
            Self::Decide => "decide",
            Self::Adjust => "adjust",
            Self::Close => "close",
        }
    }

    const fn name(self) -> Say {
        match self {
            Self::Promise => Say::Promise,
            Self::Note => Say::NoteOrDue,
            Self::Dispute => Say::Dispute,
            Self::Decide => Say::Decide,
            Self::Adjust => Say::Adjust,
            Self::Close => Say::Close,
        }
    }

    const fn hint(self) -> Option<Say> {
        match self {
            Self::Promise => Some(Say::PromiseHint),
            Self::Dispute => Some(Say::DisputeHint),
            Self::Close => Some(Say::CloseHint),
            Self::Note | Self::Decide | Self::Adjust => None,
        }
    }

    const fn is_final(self) -> bool {
        matches!(self, Self::Decide | Self::Adjust | Self::Close)
    }

    /// What vendors may do as well.
    fn is_for(self, panel: &Panel) -> bool {
        panel.cx.actor.is_operator() || matches!(self, Self::Promise | Self::Note)
    }

    /// Whether there is anything to do.
    const fn fits(self, seen: &Seen) -> bool {
        let (is_open, is_disputed) = (seen.cycle.outstanding.is_positive(), seen.cycle.standstill.since.is_some());
        match self {
            Self::Promise | Self::Adjust => is_open,
            Self::Note => true,
            Self::Dispute | Self::Close => is_open && !is_disputed,
            Self::Decide => is_disputed,
        }
    }
}

/// The ways from a cycle's page to what can be done now.
pub(super) fn buttons(seen: &Seen, panel: &Panel) -> Markup {
    let all = [Deed::Decide, Deed::Promise, Deed::Dispute, Deed::Adjust, Deed::Close, Deed::Note];
    html! {
        div.actions {
            @if seen.cycle.outstanding.is_positive() {
                a.button.main href={ "/admin/lines/" (seen.line) "/payment" } { (Word::RecordPayment.text(panel.language)) }
            }
            @for deed in all {
                @if deed.is_for(panel) && deed.fits(seen) {
                    a.button href={ (seen.path()) "/" (deed.path()) } { (deed.name().text(panel.language)) }
                }
            }
        }
    }
}

/// The dispute that waits for its decision.
async fn open_dispute(tx: &mut Tx, seen: &Seen) -> Result<Option<Dispute>, DbError> {
    let all = store::disputes::of_cycle(tx, seen.cycle.retailer_id, seen.cycle.id).await?;
    Ok(all.into_iter().find(|dispute| dispute.status == DisputeStatus::Open))
}

/// The form.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId((id, deed)): PathId<(CycleId, Deed)>,
) -> Result<Html, Problem> {
    app.db
        .read(async move |tx| {
            let seen = Seen::find(tx, &panel, id).await?.ok_or_else(missing)?;
            if !deed.is_for(&panel) {
                return Err(forbidden());
            }
            let open = open_dispute(tx, &seen).await?;
            let view = View { deed, open: open.as_ref(), stale: None };
            Ok(page(&panel, &seen, &view, &known(&panel, &seen, deed), &Errors::default()))
        })
        .await
}

/// What a form is opened on.
fn known(panel: &Panel, seen: &Seen, deed: Deed) -> Fields {
    Fields::of([
        ("on", panel.cx.today().plus_days(7).to_string()),
        ("note", seen.cycle.note.clone().filter(|_| deed == Deed::Note).unwrap_or_default()),
        ("version", seen.cycle.version.to_string()),
    ])
}

/// What is to be done, and what is known beside the bill itself.
struct View<'a> {
    deed: Deed,
    open: Option<&'a Dispute>,
    /// What holds now, where somebody changed it since the form was opened.
    stale: Option<&'a Fields>,
}

fn page(panel: &Panel, seen: &Seen, view: &View<'_>, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let (deed, now) = (view.deed, Now { fields, stale: view.stale, language });
    let sheet = Sheet {
        panel,
        deed: deed.name().text(language),
        subject: &seen.title(),
        back: seen.path(),
        hint: deed.hint().map(|hint| hint.text(language)),
        is_final: deed.is_final(),
    };
    let lead = html! {
        (now.notice())
        p.lead { (Word::Open.text(language)) " " (money(seen.cycle.outstanding)) }
        @if let Some(open) = view.open.filter(|_| deed == Deed::Decide) {
            p.notice.warn { strong { (Say::DisputeSaid.text(language)) ": " } (open.reason) }
        }
    };
    sheet.page(&form, &lead, &controls(panel, deed, &form, &now))
}

fn controls(panel: &Panel, deed: Deed, form: &Form<'_>, now: &Now<'_>) -> Markup {
    let language = panel.language;
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let reason = || form.input("reason", word(Word::Reason), "text", Some(word(Word::ReasonHint)));
    match deed {
        Deed::Promise => html! {
            (form.input("on", say(Say::PromiseOn), "date", None))
            (form.input("note", say(Say::Note), "text", None))
        },
        Deed::Note => html! {
            (now.version())
            (form.input("note", say(Say::Note), "text", Some(now.beside("note").as_deref().unwrap_or(say(Say::NoteHint)))))
            @if panel.cx.actor.is_operator() {
                (form.input("dueOn", say(Say::NewDue), "date", Some(say(Say::NewDueHint))))
                (reason())
            }
        },
        Deed::Dispute => html! {
            (form.input("orderLine", say(Say::OrderLine), "number", None))
            (reason())
        },
        Deed::Decide => {
            let ways = [("", "–"), ("upheld", say(Say::Uphold)), ("rejected", say(Say::RejectDispute))];
            html! {
                (form.select("decision", say(Say::Decision), &ways, None))
                (form.input("amount", say(Say::DecideAmount), "decimal", None))
                (reason())
            }
        }
        Deed::Adjust => {
            let kinds: Vec<(&str, &str)> =
                AdjustmentKind::ALL.iter().map(|kind| (kind.as_str(), words::adjustment(*kind, language))).collect();
            let ways = [(Sign::Decrease.as_str(), say(Say::Less)), (Sign::Increase.as_str(), say(Say::More))];
            html! {
                (form.select("kind", say(Say::AdjustKind), &kinds, None))
                (form.select("sign", say(Say::Direction), &ways, None))
                (form.input("amount", say(Say::QuoteAmountOnly), "decimal", None))
                (reason())
            }
        }
        Deed::Close => reason(),
    }
}

/// Does it.
pub(super) async fn act(
    State(app): State<App>,
    PathId((id, deed)): PathId<(CycleId, Deed)>,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(seen) = Seen::find(tx, &panel, id).await? else { return Ok(missing().stored()) };
        if !deed.is_for(&panel) {
            return Ok(forbidden().stored());
        }
        let open = open_dispute(tx, &seen).await?;
        let (mut errors, mut is_stale) = (Errors::default(), false);
        if let Some(wish) = wish(&panel, deed, &fields, &mut errors) {
            match carry_out(tx, cx, &seen, open.as_ref(), wish).await? {
                Ok(()) => return Ok(see_other(&format!("{}?done={}", seen.path(), deed.path()))),
                Err(Refusal::VersionMismatch { .. }) => is_stale = true,
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        let known = known(&panel, &seen, deed);
        let view = View { deed, open: open.as_ref(), stale: is_stale.then_some(&known) };
        Ok(page(&panel, &seen, &view, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

/// What a form asks for.
enum Wish {
    Promise(NewPromise),
    /// With the version that was seen.
    Note(CycleChange, Option<i64>),
    Dispute(NewDispute),
    Decide(Decision),
    Adjust(NewAdjustmentOf),
    Close(String),
}

/// An adjustment before its cycle is known.
struct NewAdjustmentOf {
    kind: AdjustmentKind,
    sign: Sign,
    amount: kernel::Money,
    reason: String,
}

/// What the fields ask for; nothing where something is wrong with them, which is added to the errors.
fn wish(panel: &Panel, deed: Deed, fields: &Fields, errors: &mut Errors) -> Option<Wish> {
    let language = panel.language;
    if deed.is_final() {
        errors.be_sure(fields, language);
    }
    let reason = fields.text("reason").to_owned();
    if !matches!(deed, Deed::Promise | Deed::Note) {
        errors.require(fields, "reason", language);
    }
    let wish = match deed {
        Deed::Promise => {
            errors.require(fields, "on", language);
            let note = fields.filled("note").map(str::to_owned);
            fields.date("on", language, errors).map(|on| Wish::Promise(NewPromise { on, note }))
        }
        Deed::Note => {
            let seen = fields.number("version", language, errors);
            Some(Wish::Note(new_note(panel, fields, reason, errors), seen))
        }
        Deed::Dispute => {
            let order_line = fields.number("orderLine", language, errors);
            Some(Wish::Dispute(NewDispute { order_line, reason }))
        }
        Deed::Decide => {
            errors.require(fields, "decision", language);
            let (upheld, amount) = (fields.text("decision") == "upheld", fields.money("amount", language, errors));
            Some(Wish::Decide(Decision { upheld, amount, reason }))
        }
        Deed::Adjust => {
            errors.require(fields, "amount", language);
            new_adjustment(fields, reason, language, errors).map(Wish::Adjust)
        }
        Deed::Close => Some(Wish::Close(reason)),
    };
    wish.filter(|_| errors.is_empty())
}

/// A vendor writes the note only; the due date is an operator's.
fn new_note(panel: &Panel, fields: &Fields, reason: String, errors: &mut Errors) -> CycleChange {
    let note = Some(fields.text("note").to_owned());
    if !panel.cx.actor.is_operator() {
        return CycleChange { note, ..CycleChange::default() };
    }
    let due_on = fields.date("dueOn", panel.language, errors);
    CycleChange { due_on, note, reason: due_on.map(|_| reason) }
}

fn new_adjustment(
    fields: &Fields,
    reason: String,
    language: PageLanguage,
    errors: &mut Errors,
) -> Option<NewAdjustmentOf> {
    let (kind, sign) = (fields.text("kind").parse().ok(), fields.text("sign").parse().ok());
    let amount = fields.money("amount", language, errors);
    Some(NewAdjustmentOf { kind: kind?, sign: sign?, amount: amount?, reason })
}

async fn carry_out(
    tx: &mut Tx,
    cx: &Context,
    seen: &Seen,
    open: Option<&Dispute>,
    wish: Wish,
) -> Result<Result<(), Refusal>, DbError> {
    let (id, scope) = (seen.cycle.id, cx.actor.scope());
    Ok(match wish {
        Wish::Promise(new) => promise(tx, cx, scope, id, &new).await?.map(drop),
        Wish::Note(change, version) => change_cycle(tx, cx, scope, id, version, &change).await?.map(drop),
        Wish::Dispute(new) => dispute(tx, cx, scope, id, &new).await?.map(drop),
        Wish::Decide(decision) => match open {
            Some(open) => decide_dispute(tx, cx, scope, open.id, &decision).await?.map(drop),
            None => Err(Refusal::NotFound("dispute")),
        },
        Wish::Adjust(NewAdjustmentOf { kind, sign, amount, reason }) => {
            let new = NewAdjustment { cycle_id: id, kind, sign: Some(sign), amount, reason };
            adjust(tx, cx, scope, &new).await?.map(drop)
        }
        Wish::Close(reason) => close(tx, cx, scope, id, &reason).await?.map(drop),
    })
}
