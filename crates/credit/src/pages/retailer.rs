//! One retailer with its lines. A vendor sees the retailers that it gives credit to, with its own line.

use axum::extract::State;
use kernel::{PageRequest, RetailerId};
use maud::{Markup, html};
use parties::{CreditStatus, RetailerStatus};
use web::panel::{self, Html, OperatorPanel, PageLanguage, Panel, day, money, number, text};
use web::{App, PathId, Problem, Query};

use super::lines::{AfterQuery, table_of};
use super::retailer_deeds::buttons;
use super::sheet::done;
use super::words::{self, Say, Word};
use super::{Names, overdue_tag};
use crate::model::{Line, LineStatus};
use crate::risk::{self, LineEvaluation};
use crate::store::lines::{LineFilter, lines_page};

/// One retailer.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<RetailerId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (actor, today) = (panel.cx.actor, panel.cx.today());
    let (retailer, lines, names) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let filter = LineFilter { retailer: Some(id), ..LineFilter::default() };
            let page = PageRequest::new(Some(PageRequest::MOST), None);
            let lines = lines_page(tx, actor.scope(), filter, &page, today).await?.items;
            let pairs: Vec<_> = lines.iter().map(Line::pair).collect();
            let names = Names::of(tx, &pairs).await?;
            let is_known = actor.is_operator() || !lines.is_empty();
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id).filter(|_| is_known);
            Ok((retailer.ok_or_else(|| Problem::not_found("retailer"))?, lines, names))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let is_operator = actor.is_operator();
    let content = html! {
        (done(&query.done, &format!("/admin/retailers/{id}"), language))
        @if retailer.status == RetailerStatus::Pending { p.notice.warn { (Say::WaitsForApproval.text(language)) } }
        dl.facts.card {
            dt { (say(Word::Owner)) } dd { (retailer.owner_name) }
            dt { (say(Word::Phone)) } dd { a href={ "tel:+" (retailer.phone) } { "+" (retailer.phone) } }
            @if let Some(place) = &retailer.place { dt { (say(Word::Place)) } dd { (place) } }
            dt { (say(Word::Since)) } dd { (day(retailer.created_at.business_date())) }
            dt { (Say::CreditStatus.text(language)) }
            dd {
                (credit_tag(retailer.credit_status, language))
                @if let Some(why) = &retailer.credit_reason { " " (why) }
            }
            @if let Some(cap) = retailer.cap { dt { (Say::Cap.text(language)) } dd { (money(cap)) } }
        }
        @if is_operator { (buttons(&retailer, language)) }
        h2 { (say(Word::Lines)) }
        (table_of(&lines, &names, Word::Vendor, language))
    };
    Ok(panel.page(&retailer.name, content))
}

fn credit_tag(status: CreditStatus, language: PageLanguage) -> Markup {
    let status = match status {
        CreditStatus::Active => LineStatus::Active,
        CreditStatus::Paused => LineStatus::Paused,
        CreditStatus::Blocked => LineStatus::Blocked,
    };
    let (word, class) = words::line_status(status, language);
    html! { span class=(class) { (word) } }
}

/// Whether a retailer's credit should go on, and why not, line by line. Nothing is done.
pub(super) async fn evaluate(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<RetailerId>,
) -> Result<Html, Problem> {
    let cx = panel.cx.clone();
    let (found, names, retailer) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = risk::evaluate(tx, &cx, id).await?.ok_or_else(|| Problem::not_found("retailer"))?;
            let pairs: Vec<_> = found.lines.iter().map(|line| (id, line.vendor_id)).collect();
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id);
            Ok((found, Names::of(tx, &pairs).await?, retailer))
        })
        .await?;
    let language = panel.language;
    let columns = [
        text(Word::Vendor.text(language)),
        text(Word::Overdue.text(language)),
        number(Word::Available.text(language)),
        text(Word::Status.text(language)),
    ];
    let row = |line: &LineEvaluation| {
        vec![
            html! { a href={ "/admin/lines/" (line.line_id) } { (names.vendor(line.vendor_id)) } },
            overdue_tag(line.worst_overdue_days, language),
            money(line.check.available),
            html! {
                @if line.check.allowed { span.tag.good { (Say::Allowed.text(language)) } }
                @for (place, reason) in line.check.reasons.iter().enumerate() {
                    @if place > 0 { "; " }
                    (words::reason(*reason, language))
                }
            },
        ]
    };
    let verdict = if found.should_be_paused { Say::ShouldPause } else { Say::ShouldGoOn };
    let name = retailer.map(|retailer| retailer.name).unwrap_or_default();
    let content = html! {
        p { a href={ "/admin/retailers/" (id) } { "← " (name) } }
        p.notice .warn[found.should_be_paused] { (verdict.text(language)) }
        (panel::table(language, Word::Lines.text(language), &columns, found.lines.iter().map(row).collect()))
    };
    Ok(panel.page(&format!("{}: {name}", Say::Evaluate.text(language)), content))
}
