//! Recording a payment: what it would come to is shown while the amount is typed, or at the press of a button.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{LineId, Money};
use ledger::Method;
use maud::{Markup, html};
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, Posted, money, number, see_other, text};
use web::{App, PathId, Problem, once};

use super::lines::{Found, find, missing, open_cycles};
use super::words::{self, Say, Word};
use crate::model::Cycle;
use crate::payments::{
    Named, NewPayment, Preview, PreviewPart, Spread, preview as spread_over, record as record_payment,
};
use crate::refusal::Refusal;
use crate::terms::Ask;

/// The form.
pub(super) async fn show(State(app): State<App>, panel: Panel, PathId(id): PathId<LineId>) -> Result<Html, Problem> {
    let fields = Fields::of([("on", panel.cx.today().to_string()), ("method", Method::Cash.to_string())]);
    app.db
        .read(async move |tx| {
            let payable = payable(tx, &panel, id).await?.ok_or_else(missing)?;
            Ok(page(&panel, &payable, &fields, &Errors::default(), None))
        })
        .await
}

/// The ways to pay, to choose from.
pub(super) fn methods(language: PageLanguage) -> Vec<(&'static str, &'static str)> {
    Method::ALL.iter().map(|method| (method.as_str(), words::method(*method, language))).collect()
}

/// The field of a cycle that can be named.
fn field_of(number: &str) -> String {
    format!("cycle-{number}")
}

/// The page's line with what can be paid on it.
struct Payable {
    found: Found,
    open: Vec<Cycle>,
}

async fn payable(tx: &mut Tx, panel: &Panel, id: LineId) -> Result<Option<Payable>, DbError> {
    let Some(found) = find(tx, panel, id).await? else { return Ok(None) };
    let open = open_cycles(tx, panel.cx.actor.scope(), &found.line).await?;
    Ok(Some(Payable { found, open }))
}

/// What the fields say about a payment; what is wrong with them is added to the errors.
fn wish(panel: &Panel, payable: &Payable, fields: &Fields, errors: &mut Errors) -> Spread {
    let mut named = Vec::new();
    for cycle in &payable.open {
        if let Some(cash) = fields.money(&field_of(&cycle.number), panel.language, errors) {
            named.push(Named { cycle: cycle.id, ask: Ask::Cash(cash) });
        }
    }
    if named.is_empty() {
        errors.require(fields, "amount", panel.language);
    }
    Spread {
        amount: fields.money("amount", panel.language, errors),
        named: Some(named).filter(|named| !named.is_empty()),
        on: fields.date("on", panel.language, errors).unwrap_or_else(|| panel.cx.today()),
        keep_excess: fields.is_ticked("keepExcess"),
    }
}

fn page(panel: &Panel, payable: &Payable, fields: &Fields, errors: &Errors, preview: Option<&Preview>) -> Html {
    let found = &payable.found;
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let preview_path = format!("{}/payment/preview", found.path());
    let content = html! {
        (found.back(language))
        p.lead { (say(Word::Outstanding)) " " (money(found.line.outstanding)) }
        div.columns-2.sided {
            form.card method="post" action={ (found.path()) "/payment" }
                hx-post=(preview_path) hx-trigger="input delay:300ms" hx-target="#preview" {
                (form.general_errors())
                (panel.hidden_fields())
                (form.input("amount", say(Word::Amount), "decimal", Some(say(Word::AmountHint))))
                (form.input("on", say(Word::PaidOn), "date", None))
                (form.select("method", say(Word::Method), &methods(language), None))
                (form.input("reference", say(Word::Reference), "text", Some(say(Word::ReferenceHint))))
                (named_cycles(&form, &payable.open, language))
                (form.tick("keepExcess", say(Word::KeepExcess)))
                div.actions {
                    button.main type="submit" { (say(Word::RecordPayment)) }
                    button type="submit" formaction=(preview_path) { (say(Word::Preview)) }
                }
            }
            section.card aria-live="polite" {
                h2 { (say(Word::Goes)) }
                div #preview { (allocation(preview, errors, language)) }
            }
        }
    };
    panel.page(&format!("{}: {}", say(Word::RecordPayment), found.title()), content)
}

/// A field for each open cycle, folded away until someone wants it.
fn named_cycles(form: &Form<'_>, open: &[Cycle], language: PageLanguage) -> Markup {
    let is_used = open.iter().any(|cycle| form.fields.filled(&field_of(&cycle.number)).is_some());
    html! {
        @if !open.is_empty() {
            details open[is_used] {
                summary { (Say::NamedCycles.text(language)) }
                p.hint { (Say::NamedHint.text(language)) }
                @for cycle in open {
                    @let label = format!("{} · {} {}", cycle.number, Word::Open.text(language), cycle.outstanding.for_people());
                    (form.input(&field_of(&cycle.number), &label, "decimal", None))
                }
            }
        }
    }
}

/// Where the payment goes, cycle by cycle.
fn allocation(preview: Option<&Preview>, errors: &Errors, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let Some(preview) = preview else {
        return html! {
            @if errors.is_empty() { p.nothing { (say(Word::TypeAmount)) } }
            @for text in errors.texts() { p.error { (text) } }
        };
    };
    let columns = [
        text(say(Word::Cycle)),
        number(say(Word::Settles)),
        number(say(Word::Discount)),
        number(say(Word::Interest)),
        number(say(Word::Cash)),
        number(say(Word::Remaining)),
    ];
    let row = |part: &PreviewPart| {
        let settlement = &part.settlement;
        vec![
            html! { (part.number) },
            money(settlement.principal),
            money(settlement.discount),
            money(settlement.interest),
            money(settlement.cash),
            money(part.remaining),
        ]
    };
    html! {
        (panel::table(language, say(Word::Goes), &columns, preview.repayments.iter().map(row).collect()))
        @if preview.unapplied > Money::ZERO { p.notice { (say(Word::Kept)) ": " (money(preview.unapplied)) } }
    }
}

/// What a payment would come to: the part of the page that a script asked for, or the whole page. Nothing is stored.
pub(super) async fn preview(
    State(app): State<App>,
    PathId(id): PathId<LineId>,
    posted: Posted,
) -> Result<Html, Problem> {
    let Posted { panel, fields, by_script, .. } = posted;
    app.db
        .read(async move |tx| {
            let payable = payable(tx, &panel, id).await?.ok_or_else(missing)?;
            let mut errors = Errors::default();
            let spread = wish(&panel, &payable, &fields, &mut errors);
            let mut preview = None;
            if errors.is_empty() {
                let (scope, today) = (panel.cx.actor.scope(), panel.cx.today());
                match spread_over(tx, scope, payable.found.line.pair(), &spread, today).await? {
                    Ok(found) => preview = Some(found),
                    Err(refusal) => add(&mut errors, &refusal, &spread, panel.language),
                }
            }
            if by_script {
                return Ok(Html::part(allocation(preview.as_ref(), &errors, panel.language)));
            }
            Ok(page(&panel, &payable, &fields, &errors, preview.as_ref()))
        })
        .await
}

/// Puts a refusal beside its field: that of the cycle, where it was named.
fn add(errors: &mut Errors, refusal: &Refusal, spread: &Spread, language: PageLanguage) {
    let (field, text) = words::refusal(refusal, language);
    match refusal {
        Refusal::OnCycle { number, .. } if spread.named.is_some() => errors.add(field_of(number), text),
        _ => errors.add(field, text),
    }
}

/// Records the payment.
pub(super) async fn record(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(payable) = payable(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let found = &payable.found;
        let mut errors = Errors::default();
        let spread = wish(&panel, &payable, &fields, &mut errors);
        let method = fields.text("method").parse();
        if method.is_err() {
            errors.add("method", Word::WhichMethod.text(panel.language));
        }
        if let Ok(method) = method
            && errors.is_empty()
        {
            let reference = fields.filled("reference").map(str::to_owned);
            let new = NewPayment { pair: found.line.pair(), spread, method, reference };
            match record_payment(tx, cx, cx.actor.scope(), &new).await? {
                Ok(recorded) => {
                    let payment = recorded.payment.payment.id;
                    return Ok(see_other(&format!("{}?done=payment&payment={payment}", found.path())));
                }
                Err(refusal) => add(&mut errors, &refusal, &new.spread, panel.language),
            }
        }
        Ok(page(&panel, &payable, &fields, &errors, None).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
