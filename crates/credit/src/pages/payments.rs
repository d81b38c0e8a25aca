//! Payments as a list, and one with where it went and what can still be done with it: using or giving back what is kept,
//! and reversing it.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, Money, PageRequest, PaymentId, RetailerId, VendorId};
use ledger::Method;
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, PageLanguage, Panel, Posted, Sheet, day, money, number, plain, see_other, text,
};
use web::{App, PathId, Problem, Query, once};

use super::Names;
use super::payment::methods;
use super::sheet::{add, done};
use super::words::{self, Say, Word};
use crate::payments::{
    Payment, PaymentFilter, PaymentStatus, PaymentWithRepayments, Refund, Repayment, apply, payment_with_repayments,
    payments, refund, reverse,
};
use crate::refusal::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    retailer_id: Option<RetailerId>,
    vendor_id: Option<VendorId>,
    #[serde(default)]
    kept: String,
    after: Option<String>,
}

/// The payments that the visitor may see, of one line where the address names it.
pub(super) async fn list(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (scope, page) = (panel.cx.actor.scope(), PageRequest::new(None, query.after));
    let filter =
        PaymentFilter { retailer: query.retailer_id, vendor: query.vendor_id, unapplied: !query.kept.is_empty() };
    let (found, names) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let found = payments(tx, scope, filter, &page).await?;
            let pairs: Vec<_> = found.items.iter().map(Payment::pair).collect();
            Ok((found, Names::of(tx, &pairs).await?))
        })
        .await?;
    let language = panel.language;
    let asked = [
        ("retailerId", query.retailer_id.map(|id| id.to_string()).unwrap_or_default()),
        ("vendorId", query.vendor_id.map(|id| id.to_string()).unwrap_or_default()),
        ("kept", query.kept),
    ];
    let kept: Vec<(&str, &str)> =
        asked.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (*name, value.as_str())).collect();
    let fields = Fields::of([("kept", asked[2].1.clone())]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let content = html! {
        form.search method="get" {
            @for (name, value) in &asked[..2] { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
            (form.tick("kept", Say::OnlyKept.text(language)))
            button type="submit" { (Word::Show.text(language)) }
        }
        (table(&found.items, &names, language))
        (panel::next_page(language, &kept, found.next.as_deref()))
    };
    Ok(panel.page(Say::Payments.text(language), content))
}

fn table(payments: &[Payment], names: &Names, language: PageLanguage) -> Markup {
    let word = |word: Word| word.text(language);
    let columns = [
        text(word(Word::PaidOn)),
        plain(word(Word::Retailer)),
        plain(word(Word::Vendor)),
        plain(word(Word::Method)),
        text(word(Word::Reference)),
        number(word(Word::Cash)),
        number(Say::Kept.text(language)),
        plain(word(Word::Status)),
    ];
    let row = |payment: &Payment| {
        vec![
            html! { a href={ "/admin/payments/" (payment.id) } { (day(payment.paid_on)) } },
            html! { (names.retailer(payment.retailer_id)) },
            html! { (names.vendor(payment.vendor_id)) },
            html! { (words::method(payment.method, language)) },
            html! { (payment.reference.as_deref().unwrap_or("–")) },
            money(payment.amount),
            money(payment.unapplied),
            status_tag(payment.status, language),
        ]
    };
    panel::table(language, Say::Payments.text(language), &columns, payments.iter().map(row).collect())
}

fn status_tag(status: PaymentStatus, language: PageLanguage) -> Markup {
    let class = if status == PaymentStatus::Recorded { "tag good" } else { "tag bad" };
    html! { span class=(class) { (words::payment(status, language)) } }
}

/// A payment with who it is between.
struct Seen {
    payment: Payment,
    repayments: Vec<Repayment>,
    names: Names,
}

impl Seen {
    async fn find(tx: &mut Tx, panel: &Panel, id: PaymentId) -> Result<Option<Self>, DbError> {
        let found = payment_with_repayments(tx, panel.cx.actor.scope(), id).await?;
        let Some(PaymentWithRepayments { payment, repayments }) = found else { return Ok(None) };
        let names = Names::of(tx, &[payment.pair()]).await?;
        Ok(Some(Self { payment, repayments, names }))
    }

    fn path(&self) -> String {
        format!("/admin/payments/{}", self.payment.id)
    }

    fn title(&self) -> String {
        format!("{} – {}", self.payment.amount.for_people(), self.names.retailer(self.payment.retailer_id))
    }
}

fn missing() -> Problem {
    Problem::not_found("payment")
}

#[derive(Deserialize)]
pub(super) struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// One payment.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<PaymentId>,
    Query(query): Query<DoneQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let seen = app.db.read(async move |tx| Seen::find(tx, &visitor, id).await?.ok_or_else(missing)).await?;
    let (language, payment) = (panel.language, &seen.payment);
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let deeds = [Deed::Apply, Deed::Refund, Deed::Reverse];
    let content = html! {
        (done(&query.done, &seen.path(), language))
        dl.facts.card {
            dt { (word(Word::Retailer)) } dd { a href={ "/admin/retailers/" (payment.retailer_id) } { (seen.names.retailer(payment.retailer_id)) } }
            dt { (word(Word::Vendor)) } dd { (seen.names.vendor(payment.vendor_id)) }
            dt { (word(Word::Cash)) } dd { (money(payment.amount)) }
            dt { (word(Word::PaidOn)) } dd { (day(payment.paid_on)) }
            dt { (word(Word::Method)) } dd { (words::method(payment.method, language)) }
            dt { (word(Word::Reference)) } dd { (payment.reference.as_deref().unwrap_or("–")) }
            dt { (word(Word::Status)) } dd { (status_tag(payment.status, language)) }
            @if payment.unapplied.is_positive() { dt { (say(Say::Kept)) } dd { (money(payment.unapplied)) } }
            @if payment.refunded.is_positive() { dt { (say(Say::Refunded)) } dd { (money(payment.refunded)) } }
            @if let Some(on) = payment.reversed_on { dt { (say(Say::ReversedOn)) } dd { (day(on)) } }
            @if let Some(why) = &payment.reversal_reason { dt { (word(Word::Reason)) } dd { (why) } }
            dt { (say(Say::RecordedBy)) } dd { (super::actor(&payment.recorded_by.to_string(), language)) }
        }
        div.actions {
            @for deed in deeds {
                @if deed.fits(payment) { a.button href={ (seen.path()) "/" (deed.path()) } { (say(deed.name())) } }
            }
        }
        h2 { (word(Word::Goes)) }
        (parts(&seen.repayments, language))
    };
    Ok(panel.page(&format!("{}: {}", say(Say::Payment), seen.title()), content))
}

fn parts(repayments: &[Repayment], language: PageLanguage) -> Markup {
    let word = |word: Word| word.text(language);
    let columns = [
        text(word(Word::Cycle)),
        text(word(Word::PaidOn)),
        number(word(Word::Settles)),
        number(word(Word::Discount)),
        number(word(Word::Interest)),
        number(word(Word::Cash)),
        text(word(Word::Status)),
    ];
    let row = |part: &Repayment| {
        vec![
            html! {
                a href={ "/admin/cycles/" (part.cycle_id) } { (part.number) }
                @if part.reversed_on.is_some() { " " span.tag.bad { (Say::Reversed.text(language)) } }
            },
            day(part.paid_on),
            money(part.principal),
            money(part.discount),
            money(part.interest),
            money(part.cash),
            html! { (words::source(part.source, language)) },
        ]
    };
    panel::table(language, word(Word::Goes), &columns, repayments.iter().map(row).collect())
}

/// What can be done with a payment, as the address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Apply,
    Refund,
    Reverse,
}

impl Deed {
    const fn path(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Refund => "refund",
            Self::Reverse => "reverse",
        }
    }

    const fn name(self) -> Say {
        match self {
            Self::Apply => Say::Apply,
            Self::Refund => Say::Refund,
            Self::Reverse => Say::Reverse,
        }
    }

    const fn hint(self) -> Say {
        match self {
            Self::Apply => Say::ApplyHint,
            Self::Refund => Say::RefundHint,
            Self::Reverse => Say::ReverseHint,
        }
    }

    fn fits(self, payment: &Payment) -> bool {
        let counts = payment.status == PaymentStatus::Recorded;
        match self {
            Self::Apply | Self::Refund => counts && payment.unapplied.is_positive(),
            Self::Reverse => counts && payment.refunded.is_zero(),
        }
    }
}

/// The form.
pub(super) async fn form(
    State(app): State<App>,
    panel: Panel,
    PathId((id, deed)): PathId<(PaymentId, Deed)>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let seen = app.db.read(async move |tx| Seen::find(tx, &visitor, id).await?.ok_or_else(missing)).await?;
    let known = Fields::of([("method", Method::Cash.to_string())]);
    Ok(page(&panel, &seen, deed, &known, &Errors::default()))
}

fn page(panel: &Panel, seen: &Seen, deed: Deed, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let title = seen.title();
    let sheet = Sheet {
        panel,
        deed: say(deed.name()),
        subject: &title,
        back: seen.path(),
        hint: Some(say(deed.hint())),
        is_final: deed != Deed::Apply,
    };
    let lead = html! {
        @if deed != Deed::Reverse { p.lead { (say(Say::Kept)) " " (money(seen.payment.unapplied)) } }
    };
    let amount = || form.input("amount", word(Word::Amount), "decimal", None);
    let fields = match deed {
        Deed::Apply => amount(),
        Deed::Refund => html! {
            (amount())
            (form.select("method", word(Word::Method), &methods(language), None))
            (form.input("reference", word(Word::Reference), "text", Some(word(Word::ReferenceHint))))
        },
        Deed::Reverse => form.input("reason", word(Word::Reason), "text", Some(word(Word::ReasonHint))),
    };
    sheet.page(&form, &lead, &fields)
}

/// What a form asks for.
enum Wish {
    Apply(Option<Money>),
    Refund(Refund),
    Reverse(String),
}

fn wish(deed: Deed, fields: &Fields, language: PageLanguage, errors: &mut Errors) -> Option<Wish> {
    let amount = fields.money("amount", language, errors);
    if deed != Deed::Apply {
        errors.be_sure(fields, language);
    }
    let wish = match deed {
        Deed::Apply => Wish::Apply(amount),
        Deed::Refund => {
            let method = fields.text("method").parse().ok()?;
            Wish::Refund(Refund { amount, method, reference: fields.filled("reference").map(str::to_owned) })
        }
        Deed::Reverse => {
            errors.require(fields, "reason", language);
            Wish::Reverse(fields.text("reason").to_owned())
        }
    };
    Some(wish).filter(|_| errors.is_empty())
}

/// Does it.
pub(super) async fn act(
    State(app): State<App>,
    PathId((id, deed)): PathId<(PaymentId, Deed)>,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(seen) = Seen::find(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let mut errors = Errors::default();
        if let Some(wish) = wish(deed, &fields, panel.language, &mut errors) {
            match carry_out(tx, cx, id, wish).await? {
                Ok(()) => return Ok(see_other(&format!("{}?done={}", seen.path(), deed.path()))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        Ok(page(&panel, &seen, deed, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

async fn carry_out(tx: &mut Tx, cx: &Context, id: PaymentId, wish: Wish) -> Result<Result<(), Refusal>, DbError> {
    let scope = cx.actor.scope();
    Ok(match wish {
        Wish::Apply(amount) => apply(tx, cx, scope, id, amount, None).await?.map(drop),
        Wish::Refund(wanted) => refund(tx, cx, scope, id, &wanted).await?.map(drop),
        Wish::Reverse(why) => reverse(tx, cx, scope, id, &why).await?.map(drop),
    })
}
