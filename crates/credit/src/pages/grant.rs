//! Granting a line: the shop is named by its phone, which is how vendors know it.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Actor, VendorId};
use maud::{Markup, html};
use parties::{Retailer, Vendor};
use serde::Deserialize;
use web::panel::{Errors, Fields, Form, Html, PageLanguage, Panel, Posted, Sheet, see_other};
use web::{App, Problem, Query, once};

use super::sheet::add;
use super::terms_form;
use super::words::{Say, Word};
use crate::lines::{NewLine, create_line};
use crate::terms::SettlementTerms;

#[derive(Deserialize)]
pub(super) struct GrantQuery {
    #[serde(default)]
    phone: String,
}

/// Who can lend: the vendor itself, or any for an operator.
pub(super) async fn lenders(tx: &mut Tx, panel: &Panel) -> Result<Vec<Vendor>, DbError> {
    let all = match panel.cx.actor {
        Actor::Vendor(own) => parties::vendors(tx, &[own]).await?,
        _ => parties::all_vendors(tx).await?,
    };
    let mut all: Vec<Vendor> = all.into_values().collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// The form.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<GrantQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let lenders = app.db.read::<_, DbError, _>(async move |tx| lenders(tx, &visitor).await).await?;
    let known =
        Fields::of([("phone", query.phone), ("termsDays", "30".to_owned()), ("maxOverdueDays", "30".to_owned())]);
    let fields = known.or(terms_form::known(&SettlementTerms::standard(30)));
    Ok(page(&panel, &lenders, &fields, &Errors::default()))
}

fn page(panel: &Panel, lenders: &[Vendor], fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: Say::NewLine.text(language),
        subject: say(Word::Lines),
        back: "/admin/lines".to_owned(),
        hint: None,
        is_final: false,
    };
    let controls = html! {
        (form.input("phone", say(Word::ShopPhone), "tel", None))
        (vendor_field(&form, lenders, panel))
        (form.input("limit", say(Word::Limit), "decimal", None))
        (form.input("termsDays", say(Word::TermsDays), "number", None))
        (form.input("maxOverdueDays", say(Word::MaxOverdueDays), "number", None))
        (form.input("maxOrder", say(Word::MaxOrder), "decimal", None))
        (terms_form::controls(&form, language, None))
    };
    sheet.page(&form, &html! {}, &controls)
}

/// The choice of the vendor; one that is signed in has none.
pub(super) fn vendor_field(form: &Form<'_>, lenders: &[Vendor], panel: &Panel) -> Markup {
    let ids: Vec<String> = lenders.iter().map(|vendor| vendor.id.to_string()).collect();
    let mut options: Vec<(&str, &str)> =
        ids.iter().map(String::as_str).zip(lenders.iter().map(|vendor| vendor.name.as_str())).collect();
    if panel.cx.actor.is_operator() {
        options.insert(0, ("", "–"));
    }
    form.select("vendor", Word::Vendor.text(panel.language), &options, None)
}

/// The shop with the phone in the fields; that there is none is an error, an empty field is not.
pub(super) async fn of_phone(
    tx: &mut Tx,
    fields: &Fields,
    language: PageLanguage,
    errors: &mut Errors,
) -> Result<Option<Retailer>, DbError> {
    let digits: String = fields.text("phone").chars().filter(char::is_ascii_digit).collect();
    let retailer = parties::retailers_by_phone(tx, std::slice::from_ref(&digits)).await?.remove(&digits);
    if retailer.is_none() && fields.filled("phone").is_some() {
        errors.add("phone", Word::NoSuchShop.text(language));
    }
    Ok(retailer)
}

/// Grants the line.
pub(super) async fn grant(State(app): State<App>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let mut errors = Errors::default();
        if let Some(new) = wish(tx, &panel, &fields, &mut errors).await? {
            match create_line(tx, cx, new).await? {
                Ok(line) => return Ok(see_other(&format!("/admin/lines/{}?done=line", line.id))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        let lenders = lenders(tx, &panel).await?;
        Ok(page(&panel, &lenders, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

async fn wish(tx: &mut Tx, panel: &Panel, fields: &Fields, errors: &mut Errors) -> Result<Option<NewLine>, DbError> {
    let language = panel.language;
    for name in ["phone", "limit", "termsDays", "maxOverdueDays"] {
        errors.require(fields, name, language);
    }
    let retailer = of_phone(tx, fields, language, errors).await?;
    let vendor: Option<VendorId> = fields.text("vendor").parse().ok();
    if vendor.is_none() {
        errors.add("vendor", Say::WhichVendor.text(language));
    }
    let limit = fields.money("limit", language, errors);
    let (terms_days, max_overdue_days) =
        (fields.number("termsDays", language, errors), fields.number("maxOverdueDays", language, errors));
    let max_order = fields.money("maxOrder", language, errors);
    let settlement = terms_form::read(fields, language, errors);
    if !errors.is_empty() {
        return Ok(None);
    }
    let (Some(retailer), Some(vendor_id), Some(limit)) = (retailer, vendor, limit) else { return Ok(None) };
    let (Some(terms_days), Some(max_overdue_days)) = (terms_days, max_overdue_days) else { return Ok(None) };
    let retailer_id = retailer.id;
    Ok(Some(NewLine { retailer_id, vendor_id, limit, terms_days, max_order, max_overdue_days, settlement }))
}
