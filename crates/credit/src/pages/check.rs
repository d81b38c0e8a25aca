//! The order check as a question: may this shop order so much from this vendor? It is asked in the address, so that an
//! answer can be sent to somebody; nothing is stored.

use axum::extract::State;
use db::{DbError, Tx};
use kernel::{LineId, VendorId};
use maud::{Markup, html};
use parties::Vendor;
use serde::Deserialize;
use web::panel::{Errors, Fields, Form, Html, PageLanguage, Panel, money};
use web::{App, Problem, Query};

use super::grant::{lenders, of_phone};
use super::lines::{find, missing};
use super::sheet::add;
use super::words::{self, Say, Word};
use crate::check::{BindingLimit, Check, PaymentMode, Remedy};
use crate::exposure::check_now;

#[derive(Deserialize)]
pub(super) struct CheckQuery {
    line: Option<LineId>,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    vendor: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    mode: String,
}

/// The question with its answer.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<CheckQuery>,
) -> Result<Html, Problem> {
    let CheckQuery { line, phone, vendor, amount, mode } = query;
    let asked = Fields::of([("phone", phone), ("vendor", vendor), ("amount", amount), ("mode", mode)]);
    app.db
        .read::<_, Problem, _>(async move |tx| {
            let lenders = lenders(tx, &panel).await?;
            let fields = match line {
                Some(id) => of_line(tx, &panel, id).await?.ok_or_else(missing)?,
                None => asked.clone(),
            };
            let mut errors = Errors::default();
            // A form that was only opened is not wrong yet.
            let is_asked = ["phone", "amount"].iter().any(|name| fields.filled(name).is_some()) && line.is_none();
            let answer = if is_asked { answer(tx, &panel, &fields, &mut errors).await? } else { None };
            Ok(page(&panel, &lenders, &fields, &errors, answer.as_ref()))
        })
        .await
}

/// The fields for a line: its shop and its vendor.
async fn of_line(tx: &mut Tx, panel: &Panel, id: LineId) -> Result<Option<Fields>, DbError> {
    let found = find(tx, panel, id).await?;
    Ok(found.map(|found| {
        let phone = found.names.retailers.get(&found.line.retailer_id).map(|retailer| format!("+{}", retailer.phone));
        Fields::of([("phone", phone.unwrap_or_default()), ("vendor", found.line.vendor_id.to_string())])
    }))
}

async fn answer(tx: &mut Tx, panel: &Panel, fields: &Fields, errors: &mut Errors) -> Result<Option<Check>, DbError> {
    let language = panel.language;
    for name in ["phone", "amount"] {
        errors.require(fields, name, language);
    }
    let retailer = of_phone(tx, fields, language, errors).await?;
    let vendor: Option<VendorId> = fields.text("vendor").parse().ok();
    if vendor.is_none() {
        errors.add("vendor", Say::WhichVendor.text(language));
    }
    let amount = fields.money("amount", language, errors);
    let mode = if fields.text("mode") == "CASH" { PaymentMode::Cash } else { PaymentMode::Credit };
    let ((Some(retailer), Some(vendor)), Some(amount)) = ((retailer, vendor), amount) else { return Ok(None) };
    let scope = panel.cx.actor.scope();
    match check_now(tx, scope, (retailer.id, vendor), amount, mode, panel.cx.now).await? {
        Ok(check) => Ok(Some(check)),
        Err(refusal) => {
            add(errors, &refusal, language);
            Ok(None)
        }
    }
}

fn page(panel: &Panel, lenders: &[Vendor], fields: &Fields, errors: &Errors, answer: Option<&Check>) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |say: Say| say.text(language);
    let modes = [("CREDIT", say(Say::OnCredit)), ("CASH", say(Say::InCash))];
    let content = html! {
        p { a href="/admin/lines" { "← " (Word::Lines.text(language)) } }
        p.lead { (say(Say::CheckHint)) }
        div.columns-2.sided {
            form.card method="get" {
                (form.general_errors())
                (form.input("phone", Word::ShopPhone.text(language), "tel", None))
                (super::grant::vendor_field(&form, lenders, panel))
                (form.input("amount", say(Say::OrderAmount), "decimal", None))
                (form.select("mode", say(Say::PaidHow), &modes, None))
                button.main type="submit" { (say(Say::CheckOrder)) }
            }
            @if let Some(check) = answer { section.card { (answered(check, language)) } }
        }
    };
    panel.page(say(Say::CheckOrder), content)
}

fn answered(check: &Check, language: PageLanguage) -> Markup {
    let say = |say: Say| say.text(language);
    let verdict = if check.allowed { Say::MayOrder } else { Say::MayNotOrder };
    html! {
        p.notice .bad[!check.allowed] role="status" { (say(verdict)) }
        @if !check.reasons.is_empty() {
            h2 { (Word::Reason.text(language)) }
            ul { @for reason in &check.reasons { li { (words::reason(*reason, language)) } } }
        }
        dl.facts.sums {
            dt { (Word::Available.text(language)) } dd.num { (money(check.available)) }
            dt { (say(Say::Shortfall)) } dd.num { (money(check.shortfall)) }
            @if let Some(limit) = check.binding_limit {
                dt { (say(Say::Binding)) }
                dd.num { (say(match limit {
                    BindingLimit::Line => Say::ByLine,
                    BindingLimit::RetailerCap => Say::ByCap,
                    BindingLimit::VendorCeiling => Say::ByCeiling,
                })) }
            }
        }
        @if !check.allowed {
            h2 { (say(Say::Remedy)) }
            @match &check.remedy {
                Some(Remedy::OrderForCash) => p { (say(Say::ForCash)) },
                Some(Remedy::Steps { pay, at_most }) => ul {
                    @for bill in pay { li { (words::pay(&bill.number, bill.cash, language)) } }
                    @if let Some(most) = at_most { li { (words::at_most(*most, language)) } }
                },
                None => p { (say(Say::NoRemedy)) },
            }
        }
    }
}
