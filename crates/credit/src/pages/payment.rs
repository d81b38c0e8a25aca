//! Recording a payment: what it would come to is shown while the amount is typed, or at the press of a button.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{LineId, Money};
use ledger::Method;
use maud::{Markup, html};
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, Posted, money, number, see_other, text};
use web::{App, PathId, Problem, once};

use super::lines::{Found, find, missing};
use super::words::{self, Word};
use crate::payments::{NewPayment, Preview, PreviewPart, Spread, preview as spread_over, record as record_payment};
use crate::refusal::Refusal;

/// The form.
pub(super) async fn show(State(app): State<App>, panel: Panel, PathId(id): PathId<LineId>) -> Result<Html, Problem> {
    let fields = Fields::of([("on", panel.cx.today().to_string()), ("method", Method::Cash.to_string())]);
    app.db
        .read(async move |tx| {
            let found = find(tx, &panel, id).await?.ok_or_else(missing)?;
            Ok(page(&panel, &found, &fields, &Errors::default(), None))
        })
        .await
}

/// What the fields say about a payment; what is wrong with them is added to the errors.
fn wish(panel: &Panel, fields: &Fields, errors: &mut Errors) -> Spread {
    errors.require(fields, "amount", panel.language);
    Spread {
        amount: fields.money("amount", panel.language, errors),
        named: None,
        on: fields.date("on", panel.language, errors).unwrap_or_else(|| panel.cx.today()),
        keep_excess: fields.is_ticked("keepExcess"),
    }
}

fn page(panel: &Panel, found: &Found, fields: &Fields, errors: &Errors, preview: Option<&Preview>) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let methods: Vec<(&str, &str)> =
        Method::ALL.iter().map(|method| (method.as_str(), words::method(*method, language))).collect();
    let preview_path = format!("{}/payment/preview", found.path());
    let content = html! {
        (found.back(language))
        p.lead { (say(Word::Outstanding)) " " (money(found.line.outstanding)) }
        div.columns-2 {
            form.card method="post" action={ (found.path()) "/payment" }
                hx-post=(preview_path) hx-trigger="input delay:300ms" hx-target="#preview" {
                (form.general_errors())
                (panel.hidden_fields())
                (form.input("amount", say(Word::Amount), "decimal", Some(say(Word::AmountHint))))
                (form.input("on", say(Word::PaidOn), "date", None))
                (form.select("method", say(Word::Method), &methods, None))
                (form.input("reference", say(Word::Reference), "text", Some(say(Word::ReferenceHint))))
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
            let found = find(tx, &panel, id).await?.ok_or_else(missing)?;
            let mut errors = Errors::default();
            let spread = wish(&panel, &fields, &mut errors);
            let mut preview = None;
            if errors.is_empty() {
                let (scope, today) = (panel.cx.actor.scope(), panel.cx.today());
                match spread_over(tx, scope, found.line.pair(), &spread, today).await? {
                    Ok(found) => preview = Some(found),
                    Err(refusal) => add(&mut errors, &refusal, panel.language),
                }
            }
            if by_script {
                return Ok(Html::part(allocation(preview.as_ref(), &errors, panel.language)));
            }
            Ok(page(&panel, &found, &fields, &errors, preview.as_ref()))
        })
        .await
}

fn add(errors: &mut Errors, refusal: &Refusal, language: PageLanguage) {
    let (field, text) = words::refusal(refusal, language);
    errors.add(field, text);
}

/// Records the payment.
pub(super) async fn record(State(app): State<App>, PathId(id): PathId<LineId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(found) = find(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let mut errors = Errors::default();
        let spread = wish(&panel, &fields, &mut errors);
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
                Ok(_) => return Ok(see_other(&format!("{}?done=payment", found.path()))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        Ok(page(&panel, &found, &fields, &errors, None).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
