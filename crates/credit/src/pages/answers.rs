//! What waits for an answer: payments that retailers say they made, and disputes.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{ClaimId, PageRequest};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, Panel, Posted, Sheet, day, money, number, plain, see_other, text};
use web::{App, PathId, Problem, Query, once};

use super::Names;
use super::lines::AfterQuery;
use super::sheet::{add, done};
use super::words::{self, Say, Word};
use crate::disputes::{Dispute, DisputeStatus};
use crate::payments::{Answer, Claim, ClaimFilter, ClaimStatus, claim_by_id, claims, confirm, reject};
use crate::store;

/// The claims that wait.
pub(super) async fn list_claims(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (scope, page) = (panel.cx.actor.scope(), PageRequest::new(None, query.after));
    let (found, names) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let filter = ClaimFilter { status: Some(ClaimStatus::Open), ..ClaimFilter::default() };
            let found = claims(tx, scope, filter, &page).await?;
            let pairs: Vec<_> = found.items.iter().map(Claim::pair).collect();
            Ok((found, Names::of(tx, &pairs).await?))
        })
        .await?;
    let language = panel.language;
    let word = |word: Word| word.text(language);
    let columns = [
        plain(word(Word::Retailer)),
        plain(word(Word::Vendor)),
        text(word(Word::PaidOn)),
        plain(word(Word::Method)),
        text(word(Word::Reference)),
        number(word(Word::Cash)),
        plain(word(Word::Status)),
    ];
    let row = |claim: &Claim| {
        vec![
            html! { a href={ "/admin/claims/" (claim.id) } { (names.retailer(claim.retailer_id)) } },
            html! { (names.vendor(claim.vendor_id)) },
            day(claim.paid_on),
            html! { (words::method(claim.method, language)) },
            html! { (claim.reference.as_deref().unwrap_or("–")) },
            money(claim.amount),
            html! { span.tag.warn { (words::claim(claim.status, language)) } },
        ]
    };
    let content = html! {
        (panel::table(language, Say::Claims.text(language), &columns, found.items.iter().map(row).collect()))
        (panel::next_page(language, &[], found.next.as_deref()))
    };
    Ok(panel.page(Say::Claims.text(language), content))
}

/// The disputes, the newest first.
pub(super) async fn list_disputes(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (scope, page) = (panel.cx.actor.scope(), PageRequest::new(None, query.after));
    let (found, names, numbers) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let found = store::disputes::disputes(tx, scope, None, &page).await?;
            let pairs: Vec<_> = found.items.iter().map(|dispute| (dispute.retailer_id, dispute.vendor_id)).collect();
            let cycles: Vec<_> = found.items.iter().map(|dispute| dispute.cycle_id).collect();
            let numbers = store::named::cycle_numbers(tx, &cycles).await?;
            Ok((found, Names::of(tx, &pairs).await?, numbers))
        })
        .await?;
    let language = panel.language;
    let word = |word: Word| word.text(language);
    let columns = [
        text(word(Word::Cycle)),
        plain(word(Word::Retailer)),
        plain(word(Word::Vendor)),
        text(Say::DisputedSince.text(language)),
        plain(word(Word::Reason)),
        plain(word(Word::Status)),
    ];
    let row = |dispute: &Dispute| {
        let class = if dispute.status == DisputeStatus::Open { "tag warn" } else { "tag" };
        vec![
            html! { a href={ "/admin/cycles/" (dispute.cycle_id) } { (numbers.get(&dispute.cycle_id).map_or("–", String::as_str)) } },
            html! { (names.retailer(dispute.retailer_id)) },
            html! { (names.vendor(dispute.vendor_id)) },
            day(dispute.opened_on),
            html! { (dispute.reason) },
            html! { span class=(class) { (words::dispute(dispute.status, language)) } },
        ]
    };
    let content = html! {
        (panel::table(language, Say::Disputes.text(language), &columns, found.items.iter().map(row).collect()))
        (panel::next_page(language, &[], found.next.as_deref()))
    };
    Ok(panel.page(Say::Disputes.text(language), content))
}

/// A claim with who it is between.
struct Seen {
    claim: Claim,
    names: Names,
}

impl Seen {
    async fn find(tx: &mut Tx, panel: &Panel, id: ClaimId) -> Result<Option<Self>, DbError> {
        let Some(claim) = claim_by_id(tx, panel.cx.actor.scope(), id).await? else { return Ok(None) };
        let names = Names::of(tx, &[claim.pair()]).await?;
        Ok(Some(Self { claim, names }))
    }

    fn path(&self) -> String {
        format!("/admin/claims/{}", self.claim.id)
    }

    fn title(&self) -> String {
        format!("{} – {}", self.claim.amount.for_people(), self.names.retailer(self.claim.retailer_id))
    }
}

fn missing() -> Problem {
    Problem::not_found("claim")
}

/// One claim.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<ClaimId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let seen = app.db.read(async move |tx| Seen::find(tx, &visitor, id).await?.ok_or_else(missing)).await?;
    let language = panel.language;
    let content = html! {
        p { a href="/admin/claims" { "← " (Say::ClaimsShort.text(language)) } }
        (done(&query.done, &seen.path(), language))
        (facts(&seen, &panel))
        @if seen.claim.status == ClaimStatus::Open {
            div.actions {
                a.button.main href={ (seen.path()) "/confirm" } { (Say::Confirm.text(language)) }
                a.button href={ (seen.path()) "/reject" } { (Say::Reject.text(language)) }
            }
        }
    };
    Ok(panel.page(&format!("{}: {}", Say::Claim.text(language), seen.title()), content))
}

fn facts(seen: &Seen, panel: &Panel) -> Markup {
    let (language, claim) = (panel.language, &seen.claim);
    let word = |word: Word| word.text(language);
    html! {
        dl.facts.card {
            dt { (word(Word::Retailer)) } dd { a href={ "/admin/retailers/" (claim.retailer_id) } { (seen.names.retailer(claim.retailer_id)) } }
            dt { (word(Word::Vendor)) } dd { (seen.names.vendor(claim.vendor_id)) }
            dt { (word(Word::Cash)) } dd { (money(claim.amount)) }
            dt { (word(Word::PaidOn)) } dd { (day(claim.paid_on)) }
            dt { (word(Word::Method)) } dd { (words::method(claim.method, language)) }
            dt { (word(Word::Reference)) } dd { (claim.reference.as_deref().unwrap_or("–")) }
            dt { (word(Word::Status)) } dd { span.tag { (words::claim(claim.status, language)) } }
            @if let Some(why) = &claim.reason { dt { (word(Word::Reason)) } dd { (why) } }
            @if let Some(payment) = claim.payment_id {
                dt { (Say::Payment.text(language)) } dd { a href={ "/admin/payments/" (payment) } { (money(claim.amount)) } }
            }
        }
    }
}

/// The answers, as the address names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Confirm,
    Reject,
}

impl Verdict {
    const fn path(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reject => "reject",
        }
    }
}

/// The form.
pub(super) async fn form(
    State(app): State<App>,
    panel: Panel,
    PathId((id, verdict)): PathId<(ClaimId, Verdict)>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let seen = app.db.read(async move |tx| Seen::find(tx, &visitor, id).await?.ok_or_else(missing)).await?;
    Ok(page(&panel, &seen, verdict, &Fields::default(), &Errors::default()))
}

fn page(panel: &Panel, seen: &Seen, verdict: Verdict, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let (deed, hint) = match verdict {
        Verdict::Confirm => (Say::Confirm, Say::ConfirmHint),
        Verdict::Reject => (Say::Reject, Say::RejectHint),
    };
    let title = seen.title();
    let sheet = Sheet {
        panel,
        deed: deed.text(language),
        subject: &title,
        back: seen.path(),
        hint: Some(hint.text(language)),
        is_final: false,
    };
    let fields = match verdict {
        Verdict::Confirm => form.tick("keepExcess", Word::KeepExcess.text(language)),
        Verdict::Reject => form.input("reason", Word::Reason.text(language), "text", None),
    };
    sheet.page(&form, &facts(seen, panel), &fields)
}

/// Answers a claim.
pub(super) async fn act(
    State(app): State<App>,
    PathId((id, verdict)): PathId<(ClaimId, Verdict)>,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(seen) = Seen::find(tx, &panel, id).await? else { return Ok(missing().stored()) };
        let (mut errors, scope) = (Errors::default(), cx.actor.scope());
        if verdict == Verdict::Reject {
            errors.require(&fields, "reason", panel.language);
        }
        if errors.is_empty() {
            let answered = match verdict {
                Verdict::Confirm => {
                    let answer = Answer { named: None, keep_excess: fields.is_ticked("keepExcess") };
                    confirm(tx, cx, scope, id, answer).await?.map(drop)
                }
                Verdict::Reject => reject(tx, cx, scope, id, fields.text("reason")).await?.map(drop),
            };
            match answered {
                Ok(()) => return Ok(see_other(&format!("{}?done={}", seen.path(), verdict.path()))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        Ok(page(&panel, &seen, verdict, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
