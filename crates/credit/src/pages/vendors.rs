//! Vendors: who they are, one with what it lends and how fast that comes in, its ceiling, and the books.

use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::{BusinessDate, Money, PageRequest, VendorId};
use ledger::{AccountTotals, Part, TrialBalance};
use maud::{Markup, html};
use parties::Vendor;
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, bar, money, number, plain,
    see_other, text,
};
use web::{App, PathId, Problem, Query, once};

use super::Names;
use super::lines::{AfterQuery, table_of};
use super::risk::aging_pictured;
use super::sheet::{Now, add, done, forbidden};
use super::words::{self, Say, Word};
use crate::limits::change_ceiling;
use crate::model::Line;
use crate::refusal::Refusal;
use crate::risk::{Collection, VendorCredit, vendor_credit};
use crate::store::lines::{LineFilter, lines_page};

/// The vendors.
pub(super) async fn list(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let page = PageRequest::new(None, query.after);
    let found = app.db.read::<_, DbError, _>(async move |tx| parties::vendors_page(tx, &page).await).await?;
    let language = panel.language;
    let word = |word: Word| word.text(language);
    let columns = [
        text(word(Word::Vendor)),
        plain(word(Word::Owner)),
        plain(word(Word::Phone)),
        plain(word(Word::Place)),
        number(Say::Ceiling.text(language)),
    ];
    let row = |vendor: &Vendor| {
        vec![
            html! { a href={ "/admin/vendors/" (vendor.id) } { (vendor.name) } },
            html! { (vendor.owner_name) },
            html! { "+" (vendor.phone) },
            html! { (vendor.place.as_deref().unwrap_or("–")) },
            html! { @if let Some(ceiling) = vendor.ceiling { (money(ceiling)) } @else { "–" } },
        ]
    };
    let content = html! {
        div.actions { a.button href="/admin/vendors/new" { (Say::NewVendor.text(language)) } }
        (panel::table(language, Say::Vendors.text(language), &columns, found.items.iter().map(row).collect()))
        (panel::next_page(language, &[], found.next.as_deref()))
    };
    Ok(panel.page(Say::Vendors.text(language), content))
}

fn missing() -> Problem {
    Problem::not_found("vendor")
}

/// A vendor sees itself.
fn is_visible(panel: &Panel, id: VendorId) -> bool {
    panel.cx.actor.scope().vendor().is_none_or(|own| own == id)
}

/// One vendor.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<VendorId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    if !is_visible(&panel, id) {
        return Err(missing());
    }
    let (cx, page) = (panel.cx.clone(), PageRequest::new(None, query.after));
    let (found, lines, names) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = vendor_credit(tx, id, cx.now).await?.ok_or_else(missing)?;
            let filter = LineFilter { vendor: Some(id), ..LineFilter::default() };
            let lines = lines_page(tx, cx.actor.scope(), filter, &page, cx.today()).await?;
            let pairs: Vec<_> = lines.items.iter().map(Line::pair).collect();
            Ok((found, lines, Names::of(tx, &pairs).await?))
        })
        .await?;
    let language = panel.language;
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let content = html! {
        (done(&query.done, &format!("/admin/vendors/{id}"), language))
        (standing(&found, language))
        div.actions {
            @if panel.cx.actor.is_operator() { a.button href={ "/admin/vendors/" (id) "/ceiling" } { (say(Say::Ceiling)) } }
            a.button href={ "/admin/payments?vendorId=" (id) } { (say(Say::Payments)) }
            a.button href={ "/admin/books?vendorId=" (id) } { (say(Say::Books)) }
        }
        (collection(&found.collection, language))
        (aging_pictured(&found.aging, language))
        h2 { (word(Word::Lines)) }
        (table_of(&lines.items, &names, Word::Retailer, language))
        (panel::next_page(language, &[], lines.next.as_deref()))
    };
    Ok(panel.page(&found.vendor.name, content))
}

/// What is lent, against the ceiling where there is one.
fn standing(found: &VendorCredit, language: PageLanguage) -> Markup {
    let used = panel::Part { label: Say::Used.text(language), amount: found.used, class: "outstanding" };
    html! {
        @match found.vendor.ceiling {
            Some(ceiling) => {
                @let left = ceiling.minus(found.used).unwrap_or(Money::ZERO);
                @let left = panel::Part { label: Word::Available.text(language), amount: left, class: "available" };
                p.lead { (Say::Ceiling.text(language)) " " (money(ceiling)) }
                (bar(Say::Ceiling.text(language), ceiling, &[used, left]))
            },
            None => p.lead { (Say::Used.text(language)) " " (money(found.used)) },
        }
    }
}

/// Hundredths with two places; a dash where there is nothing to measure.
fn hundredths(value: Option<i64>, unit: &str) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{}.{:02} {unit}", value / 100, (value % 100).abs()))
}

fn collection(collection: &Collection, language: PageLanguage) -> Markup {
    let say = |say: Say| say.text(language);
    html! {
        dl.figures {
            div { dt { (say(Say::Dso)) } dd { (hundredths(collection.dso_hundredths, Word::Days.text(language))) } }
            div { dt { (say(Say::Effectiveness)) } dd { (hundredths(collection.effectiveness_hundredths, "%")) } }
            div { dt { (say(Say::CreditSales)) } dd { (money(collection.credit_sales)) } }
        }
        p.hint { (say(Say::CollectionHint)) }
    }
}

/// The form for the ceiling.
pub(super) async fn ceiling(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<VendorId>,
) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| parties::vendors(tx, &[id]).await).await?;
    let vendor = found.get(&id).ok_or_else(missing)?;
    Ok(ceiling_page(&panel, vendor, &known_ceiling(vendor), &Errors::default(), None))
}

/// What the form for the ceiling is opened on.
fn known_ceiling(vendor: &Vendor) -> Fields {
    let ceiling = vendor.ceiling.map(|ceiling| ceiling.to_string()).unwrap_or_default();
    Fields::of([("ceiling", ceiling), ("version", vendor.version.to_string())])
}

fn ceiling_page(panel: &Panel, vendor: &Vendor, fields: &Fields, errors: &Errors, stale: Option<&Fields>) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |say: Say| say.text(language);
    let now = Now { fields, stale, language };
    let beside = now.beside("ceiling");
    let sheet = Sheet {
        panel,
        deed: say(Say::Ceiling),
        subject: &vendor.name,
        back: format!("/admin/vendors/{}", vendor.id),
        hint: None,
        is_final: false,
    };
    let controls = html! {
        (now.version())
        (form.input("ceiling", say(Say::Ceiling), "decimal", Some(beside.as_deref().unwrap_or(say(Say::CeilingHint)))))
        (form.input("reason", Word::Reason.text(language), "text", Some(Word::ReasonHint.text(language))))
    };
    sheet.page(&form, &now.notice(), &controls)
}

/// Sets the ceiling, or lifts it.
pub(super) async fn put_ceiling(State(app): State<App>, PathId(id): PathId<VendorId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(forbidden().stored());
        }
        let Some(vendor) = parties::vendors(tx, &[id]).await?.remove(&id) else { return Ok(missing().stored()) };
        let (mut errors, mut is_stale) = (Errors::default(), false);
        errors.require(&fields, "reason", panel.language);
        let ceiling = fields.money("ceiling", panel.language, &mut errors);
        let seen = fields.number("version", panel.language, &mut errors);
        if errors.is_empty() {
            match change_ceiling(tx, cx, id, seen, ceiling, fields.text("reason")).await? {
                Ok(vendor) => return Ok(see_other(&format!("/admin/vendors/{}?done=ceiling", vendor.id))),
                Err(Refusal::VersionMismatch { .. }) => is_stale = true,
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        let known = known_ceiling(&vendor);
        let stale = is_stale.then_some(&known);
        Ok(ceiling_page(&panel, &vendor, &fields, &errors, stale).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BooksQuery {
    vendor_id: Option<VendorId>,
    #[serde(default)]
    on: String,
}

/// The trial balance of a vendor, or of all for an operator, with the way to the journal.
pub(super) async fn books(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<BooksQuery>,
) -> Result<Html, Problem> {
    let (language, scope) = (panel.language, panel.cx.actor.scope());
    let vendor = query.vendor_id.or(scope.vendor());
    if vendor.is_some_and(|id| !is_visible(&panel, id)) {
        return Err(missing());
    }
    let (fields, mut errors) = (Fields::of([("on", query.on)]), Errors::default());
    let on: BusinessDate = fields.date("on", language, &mut errors).unwrap_or_else(|| panel.cx.today());
    let part = vendor.map_or(Part::All, Part::Vendor);
    let (balance, name) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let name = match vendor {
                Some(id) => Some(parties::vendors(tx, &[id]).await?.remove(&id).ok_or_else(missing)?.name),
                None => None,
            };
            Ok((ledger::trial_balance(tx, part, on).await?, name))
        })
        .await?;
    let asked = Fields::of([("on", on.to_string())]);
    let form = Form { fields: if errors.is_empty() { &asked } else { &fields }, errors: &errors };
    let journal = vendor.map_or_else(String::new, |id| format!("?vendorId={id}"));
    let content = html! {
        p.lead { (name.as_deref().unwrap_or(Say::AllVendors.text(language))) }
        form.search method="get" {
            @if let Some(id) = vendor { input type="hidden" name="vendorId" value=(id); }
            (form.input("on", Word::AgingOn.text(language), "date", None))
            button type="submit" { (Word::Show.text(language)) }
        }
        (balance_table(&balance, language))
        div.actions { a.button href={ "/admin/books/journal" (journal) } download="khaacho.journal" { (Say::Journal.text(language)) } }
        p.hint { (Say::JournalHint.text(language)) }
    };
    Ok(panel.page(Say::TrialBalance.text(language), content))
}

fn balance_table(balance: &TrialBalance, language: PageLanguage) -> Markup {
    let say = |say: Say| say.text(language);
    let columns =
        [text(say(Say::Account)), number(say(Say::Debit)), number(say(Say::Credit)), number(say(Say::Balance))];
    let row = |totals: &AccountTotals| {
        vec![
            html! { (words::account(totals.account, language)) },
            money(totals.debit),
            money(totals.credit),
            money(totals.balance),
        ]
    };
    let mut rows: Vec<_> = balance.accounts.iter().map(row).collect();
    if !rows.is_empty() {
        let left = balance.debit.minus(balance.credit).unwrap_or_default();
        let sum = html! { strong { (say(Say::Sum)) } };
        rows.push(vec![sum, money(balance.debit), money(balance.credit), money(left)]);
    }
    panel::table(language, say(Say::TrialBalance), &columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_have_two_places() {
        assert_eq!((hundredths(Some(3_005), "%"), hundredths(None, "%")), ("30.05 %".to_owned(), "–".to_owned()));
        assert_eq!(hundredths(Some(-250), "%"), "-2.50 %");
    }
}
