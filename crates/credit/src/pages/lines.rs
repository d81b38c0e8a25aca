//! The list of lines, and one line: its position, its terms, its cycles, its entries.

use axum::extract::State;
use db::{DbError, Tx};
use kernel::{LineId, PageRequest, PaymentId, Rate, Scope};
use ledger::{Account, Entry};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, Part, bar, day, money, number, plain, text};
use web::{App, PathId, Problem, Query};

use super::sheet::done;
use super::words::{self, Say, Word};
use super::{Names, available, overdue_tag, status_tag};
use crate::exposure::{Availability, availability};
use crate::model::{Cycle, CycleStatus, Line};
use crate::store::cycles::CycleFilter;
use crate::store::lines::{LineFilter, line, lines_page, terms_of};
use crate::terms::SettlementTerms;

#[derive(Deserialize)]
pub(super) struct AfterQuery {
    pub(super) after: Option<String>,
    #[serde(default)]
    pub(super) done: String,
    payment: Option<PaymentId>,
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    over: String,
    after: Option<String>,
}

/// The lines that the visitor may see; only those over their limit, where the address asks for them.
pub(super) async fn list(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (scope, today, page) = (panel.cx.actor.scope(), panel.cx.today(), PageRequest::new(None, query.after));
    let filter = LineFilter { over_limit: !query.over.is_empty(), ..LineFilter::default() };
    let (found, names) = app
        .db
        .read::<_, DbError, _>(async move |tx| {
            let found = lines_page(tx, scope, filter, &page, today).await?;
            let pairs: Vec<_> = found.items.iter().map(Line::pair).collect();
            let names = Names::of(tx, &pairs).await?;
            Ok((found, names))
        })
        .await?;
    let language = panel.language;
    let fields = Fields::of([("over", query.over.clone())]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let kept: Vec<(&str, &str)> = fields.filled("over").map(|over| ("over", over)).into_iter().collect();
    let content = html! {
        div.actions {
            a.button href="/admin/lines/new" { (Say::NewLine.text(language)) }
            a.button href="/admin/check" { (Say::CheckOrder.text(language)) }
        }
        form.search method="get" {
            (form.tick("over", Say::OnlyOverLimit.text(language)))
            button type="submit" { (Word::Show.text(language)) }
        }
        (table_of(&found.items, &names, Word::Retailer, language))
        (panel::next_page(language, &kept, found.next.as_deref()))
    };
    Ok(panel.page(Word::Lines.text(language), content))
}

/// Lines as a table; on a retailer's page the vendors come first.
pub(super) fn table_of(lines: &[Line], names: &Names, first: Word, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let is_by_vendor = first == Word::Vendor;
    let second = if is_by_vendor { Word::Retailer } else { Word::Vendor };
    let columns = [
        text(say(first)),
        plain(say(second)),
        number(say(Word::Limit)),
        number(say(Word::Outstanding)),
        number(say(Word::Available)),
        plain(say(Word::Overdue)),
        plain(say(Word::Status)),
    ];
    let row = |line: &Line| {
        let (retailer, vendor) = (names.retailer(line.retailer_id), names.vendor(line.vendor_id));
        let (first, second) = if is_by_vendor { (vendor, retailer) } else { (retailer, vendor) };
        vec![
            html! { a href={ "/admin/lines/" (line.id) } { (first) } },
            html! { (second) },
            money(line.limit),
            money(line.outstanding),
            html! {
                (money(available(line)))
                @if available(line).is_negative() { " " span.tag.bad { (Say::OverLimit.text(language)) } }
            },
            overdue_tag(line.worst_overdue_days, language),
            status_tag(line, language),
        ]
    };
    panel::table(language, say(Word::Lines), &columns, lines.iter().map(row).collect())
}

/// A line with who it is between.
pub(super) struct Found {
    pub(super) line: Line,
    pub(super) names: Names,
}

/// The line of a page; a foreign one is not there.
pub(super) async fn find(tx: &mut Tx, panel: &Panel, id: LineId) -> Result<Option<Found>, DbError> {
    let Some(line) = line(tx, panel.cx.actor.scope(), id, panel.cx.today()).await? else { return Ok(None) };
    let names = Names::of(tx, &[line.pair()]).await?;
    Ok(Some(Found { line, names }))
}

/// The page's line is not there.
pub(super) fn missing() -> Problem {
    Problem::not_found("credit line")
}

impl Found {
    /// What the line's pages are called.
    pub(super) fn title(&self) -> String {
        format!("{} – {}", self.names.retailer(self.line.retailer_id), self.names.vendor(self.line.vendor_id))
    }

    pub(super) fn path(&self) -> String {
        format!("/admin/lines/{}", self.line.id)
    }

    pub(super) fn back(&self, language: PageLanguage) -> Markup {
        html! { p { a href=(self.path()) { "← " (Word::Back.text(language)) } } }
    }
}

/// One line.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let visitor = panel.clone();
    let (found, left, terms, cycles) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = find(tx, &visitor, id).await?.ok_or_else(missing)?;
            let scope = visitor.cx.actor.scope();
            let left = availability(tx, scope, id, visitor.cx.now).await?;
            let left = left.ok_or_else(missing)?;
            let terms = terms_of(tx, found.line.pair(), found.line.terms_version).await?;
            let cycles = open_cycles(tx, scope, &found.line).await?;
            Ok((found, left, terms, cycles))
        })
        .await?;
    let language = panel.language;
    let path = found.path();
    let content = html! {
        (done(&query.done, &path, language))
        @if let Some(payment) = query.payment {
            p { a href={ "/admin/payments/" (payment) } { (Say::LookOrReverse.text(language)) } }
        }
        (standing(&found.line, &left, language))
        div.actions {
            a.button.main href={ (path) "/payment" } { (Word::RecordPayment.text(language)) }
            a.button href={ (path) "/statement" } { (Say::Statement.text(language)) }
            a.button href={ "/admin/payments?retailerId=" (found.line.retailer_id) "&vendorId=" (found.line.vendor_id) } { (Say::Payments.text(language)) }
            a.button href={ (path) "/claim" } { (Say::EnterClaim.text(language)) }
            a.button href={ "/admin/check?line=" (found.line.id) } { (Say::CheckOrder.text(language)) }
            a.button href={ (path) "/change" } { (Word::Change.text(language)) }
            a.button href={ (path) "/history" } { (Say::History.text(language)) }
            a.button href={ (path) "/reservations" } { (Say::Reservations.text(language)) }
            a.button href={ (path) "/entries" } { (Word::Entries.text(language)) }
        }
        h2 { (Word::OpenCycles.text(language)) }
        (cycle_table(&cycles, &panel))
        p { a.button href={ (path) "/cycles" } { (Word::AllCycles.text(language)) } }
        h2 { (Word::Terms.text(language)) }
        (conditions(&found.line, &terms, language))
        p { a href={ "/admin/retailers/" (found.line.retailer_id) } { (found.names.retailer(found.line.retailer_id)) } }
    };
    Ok(panel.page(&found.title(), content))
}

/// What is open on a line, the oldest due first.
pub(super) async fn open_cycles(tx: &mut Tx, scope: Scope, line: &Line) -> Result<Vec<Cycle>, DbError> {
    let mut cycles = Vec::new();
    for status in [CycleStatus::Active, CycleStatus::PartiallyPaid] {
        let filter = CycleFilter { status: Some(status), ..of_line(line) };
        let page = PageRequest::new(Some(PageRequest::MOST), None);
        cycles.extend(crate::store::cycles::cycles(tx, scope, filter, &page).await?.items);
    }
    cycles.sort_by_key(|cycle| cycle.due_on);
    Ok(cycles)
}

fn of_line(line: &Line) -> CycleFilter {
    CycleFilter { retailer: Some(line.retailer_id), vendor: Some(line.vendor_id), ..CycleFilter::default() }
}

fn standing(line: &Line, left: &Availability, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let parts = [
        Part { label: say(Word::Outstanding), amount: line.outstanding, class: "outstanding" },
        Part { label: say(Word::Reserved), amount: line.reserved, class: "reserved" },
        Part { label: say(Word::Available), amount: left.available, class: "available" },
    ];
    html! {
        p.lead {
            (status_tag(line, language)) " "
            (say(Word::Limit)) " " (money(line.limit))
            @if line.worst_overdue_days > 0 { " · " (say(Word::Overdue)) ": " (overdue_tag(line.worst_overdue_days, language)) }
        }
        (bar(say(Word::Position), line.limit, &parts))
        @if !left.reasons.is_empty() {
            p.notice.warn {
                strong { (say(Word::Stops)) ": " }
                @for (place, reason) in left.reasons.iter().enumerate() {
                    @if place > 0 { "; " }
                    (words::reason(*reason, language))
                }
                @if let Some(why) = &line.status_reason { " (" (why) ")" }
                "."
            }
        }
    }
}

fn cycle_table(cycles: &[Cycle], panel: &Panel) -> Markup {
    let (language, today) = (panel.language, panel.cx.today());
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Cycle)),
        text(say(Word::Started)),
        text(say(Word::Due)),
        number(say(Word::Principal)),
        number(say(Word::Open)),
        plain(say(Word::Overdue)),
        plain(say(Word::Status)),
    ];
    let row = |cycle: &Cycle| {
        vec![
            html! { a href={ "/admin/cycles/" (cycle.id) } { (cycle.number) } },
            day(cycle.started_on),
            day(cycle.due_on),
            money(cycle.principal),
            money(cycle.outstanding),
            overdue_tag(cycle.overdue_days(today), language),
            html! { span.tag { (words::cycle_status(cycle.status, language)) } },
        ]
    };
    panel::table(language, say(Word::Cycles), &columns, cycles.iter().map(row).collect())
}

fn conditions(line: &Line, terms: &SettlementTerms, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    html! {
        dl.facts {
            dt { (say(Word::TermsDays)) } dd { (line.terms_days) }
            dt { (say(Word::MaxOverdueDays)) } dd { (line.max_overdue_days) }
            dt { (say(Word::MaxOrder)) } dd { @if let Some(most) = line.max_order { (money(most)) } @else { "–" } }
            @for discount in &terms.discounts {
                dt { (say(Word::Discount)) } dd { (percent(discount.rate)) " · ≤ " (words::days(discount.through_day, language)) }
            }
            dt { (say(Word::Interest)) } dd { (percent(terms.late_interest_bp_year)) }
        }
    }
}

/// A rate as people write it.
pub(super) fn percent(rate: Rate) -> String {
    let basis_points = rate.basis_points();
    match (basis_points / 100, basis_points % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, part) => format!("{whole}.{part:02} %"),
    }
}

/// Every cycle of a line.
pub(super) async fn cycles(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (visitor, page) = (panel.clone(), PageRequest::new(None, query.after));
    let (found, cycles) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = find(tx, &visitor, id).await?.ok_or_else(missing)?;
            let scope = visitor.cx.actor.scope();
            let cycles = crate::store::cycles::cycles(tx, scope, of_line(&found.line), &page).await?;
            Ok((found, cycles))
        })
        .await?;
    let content = html! {
        (found.back(panel.language))
        (cycle_table(&cycles.items, &panel))
        (panel::next_page(panel.language, &[], cycles.next.as_deref()))
    };
    Ok(panel.page(&found.title(), content))
}

/// The entries of a line's book.
pub(super) async fn entries(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<LineId>,
    Query(query): Query<AfterQuery>,
) -> Result<Html, Problem> {
    let (visitor, page) = (panel.clone(), PageRequest::new(None, query.after));
    let (found, entries) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let found = find(tx, &visitor, id).await?.ok_or_else(missing)?;
            let (retailer, vendor) = found.line.pair();
            let entries = ledger::entries(tx, visitor.cx.actor.scope(), retailer, vendor, &page).await?;
            Ok((found, entries))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Entry)),
        plain(say(Word::Date)),
        plain(say(Word::Kind)),
        plain(say(Word::Memo)),
        number(say(Word::Owes)),
    ];
    let row = |entry: &Entry| {
        let postings = entry.postings.iter().filter(|posting| posting.account == Account::Receivable);
        let change = kernel::Money::sum(postings.map(|posting| posting.amount)).unwrap_or_default();
        vec![
            html! { (entry.seq) },
            day(entry.business_date),
            html! { (words::kind(entry.kind, language)) },
            html! { (entry.memo) },
            money(change),
        ]
    };
    let content = html! {
        (found.back(language))
        (panel::table(language, say(Word::Entries), &columns, entries.items.iter().map(row).collect()))
        (panel::next_page(language, &[], entries.next.as_deref()))
    };
    Ok(panel.page(&found.title(), content))
}
