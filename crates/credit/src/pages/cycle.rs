//! One cycle: what it is, what paying it costs on a day, what happened to it.

use axum::extract::State;
use kernel::{BusinessDate, CycleId, LineId, PaymentId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, PageLanguage, Panel, day, money, number, plain, text};
use web::{App, PathId, Problem, Query};

use super::lines::percent;
use super::sheet::{add, done};
use super::words::{self, Say, Word};
use super::{Names, cycle_deeds, overdue_tag};
use crate::adjustments::Adjustment;
use crate::disputes::Dispute;
use crate::model::Cycle;
use crate::payments::{Repayment as PaymentPart, repayments_of_cycle};
use crate::promises::Promise;
use crate::repay::{Quote, quote};
use crate::store;
use crate::terms::{Ask, SettlementTerms};

/// A cycle with who it is between.
pub(super) struct Seen {
    pub(super) cycle: Cycle,
    pub(super) terms: SettlementTerms,
    pub(super) line: LineId,
    pub(super) names: Names,
}

impl Seen {
    /// The cycle of a page; a foreign one is not there.
    pub(super) async fn find(tx: &mut db::Tx, panel: &Panel, id: CycleId) -> Result<Option<Self>, db::DbError> {
        let scope = panel.cx.actor.scope();
        let Some((cycle, terms)) = store::cycles::with_terms(tx, scope, id).await? else { return Ok(None) };
        let line = store::lines::line_of(tx, scope, cycle.pair(), panel.cx.today()).await?;
        let Some(line) = line else { return Ok(None) };
        let names = Names::of(tx, &[cycle.pair()]).await?;
        Ok(Some(Self { cycle, terms, line: line.id, names }))
    }

    pub(super) fn path(&self) -> String {
        format!("/admin/cycles/{}", self.cycle.id)
    }

    /// The number with the retailer, by which people know it.
    pub(super) fn title(&self) -> String {
        format!("{} – {}", self.cycle.number, self.names.retailer(self.cycle.retailer_id))
    }
}

/// The page's cycle is not there.
pub(super) fn missing() -> Problem {
    Problem::not_found("cycle")
}

#[derive(Deserialize)]
pub(super) struct CycleQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    on: String,
}

struct Past {
    repayments: Vec<(PaymentId, PaymentPart)>,
    adjustments: Vec<Adjustment>,
    disputes: Vec<Dispute>,
    promises: Vec<Promise>,
}

impl Past {
    async fn of(tx: &mut db::Tx, cycle: &Cycle, today: BusinessDate) -> Result<Self, db::DbError> {
        Ok(Self {
            repayments: repayments_of_cycle(tx, cycle).await?,
            adjustments: store::adjustments::of_cycle(tx, cycle.retailer_id, cycle.id).await?,
            disputes: store::disputes::of_cycle(tx, cycle.retailer_id, cycle.id).await?,
            promises: store::promises::of_cycle(tx, cycle, today).await?,
        })
    }
}

/// One cycle, with a quote for what the address asks: all of it today, where it asks nothing.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<CycleId>,
    Query(query): Query<CycleQuery>,
) -> Result<Html, Problem> {
    let (language, today) = (panel.language, panel.cx.today());
    let mut errors = Errors::default();
    let on = if query.on.is_empty() { today.to_string() } else { query.on };
    let fields = Fields::of([("by", query.by), ("amount", query.amount), ("on", on)]);
    let amount = fields.money("amount", language, &mut errors);
    let on = fields.date("on", language, &mut errors).unwrap_or(today);
    let (visitor, is_by_cash) = (panel.clone(), fields.text("by") == "cash");
    let (seen, past, quoted) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let seen = Seen::find(tx, &visitor, id).await?.ok_or_else(missing)?;
            let past = Past::of(tx, &seen.cycle, today).await?;
            let ask = match amount {
                Some(amount) if is_by_cash => Ask::Cash(amount),
                amount => Ask::Principal(amount.unwrap_or(seen.cycle.outstanding)),
            };
            let is_open = seen.cycle.outstanding.is_positive();
            let scope = visitor.cx.actor.scope();
            let quoted = if is_open { Some(quote(tx, scope, id, ask, on).await?) } else { None };
            Ok((seen, past, quoted))
        })
        .await?;
    if let Some(Err(refusal)) = &quoted {
        add(&mut errors, refusal, language);
    }
    let quoted = quoted.and_then(Result::ok).filter(|_| errors.is_empty());
    let form = Form { fields: &fields, errors: &errors };
    let content = html! {
        p { a href={ "/admin/lines/" (seen.line) } { "← " (seen.names.retailer(seen.cycle.retailer_id)) " – " (seen.names.vendor(seen.cycle.vendor_id)) } }
        (done(&query.done, &seen.path(), language))
        (facts(&seen, today, language))
        (cycle_deeds::buttons(&seen, &panel))
        div.columns-2 {
            @if seen.cycle.outstanding.is_positive() { (quote_card(&form, quoted.as_ref(), language)) }
            section.card { h2 { (Say::Ladder.text(language)) } (ladder(&seen, language)) }
        }
        h2 { (Say::Repayments.text(language)) }
        (repayment_table(&past.repayments, language))
        h2 { (Say::Events.text(language)) }
        (event_table(&past, language))
    };
    Ok(panel.page(&seen.title(), content))
}

fn facts(seen: &Seen, today: BusinessDate, language: PageLanguage) -> Markup {
    let cycle = &seen.cycle;
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let (late, dispute) = (cycle.overdue_days(today), cycle.standstill.since);
    html! {
        dl.figures {
            div { dt { (word(Word::Open)) } dd { (money(cycle.outstanding)) } }
            div { dt { (word(Word::Principal)) } dd { (money(cycle.principal)) } }
            div { dt { (say(Say::Repaid)) } dd { (money(cycle.repaid)) } }
            div { dt { (word(Word::Due)) } dd { (day(cycle.due_on)) } }
        }
        dl.facts.card {
            dt { (word(Word::Status)) } dd { span.tag { (words::cycle_status(cycle.status, language)) } }
            dt { (word(Word::Started)) } dd { (day(cycle.started_on)) }
            @if let Some(order) = cycle.order_id { dt { (say(Say::Order)) } dd { a href={ "/admin/orders/" (order) } { (say(Say::ToOrder)) } } }
            @if late > 0 { dt { (word(Word::Overdue)) } dd { (overdue_tag(late, language)) } }
            dt { (say(Say::DiscountEarned)) } dd { (money(cycle.discount)) }
            dt { (say(Say::InterestPaid)) } dd { (money(cycle.interest)) }
            dt { (say(Say::RemindersSent)) } dd { (cycle.reminders_sent) }
            @for (name, date) in [
                (Say::LastRepayment, cycle.last_repayment_on), (Say::ClosedOn, cycle.closed_on),
                (Say::PromisedFor, cycle.promised_on), (Say::DisputedSince, dispute),
            ] {
                @if let Some(date) = date { dt { (say(name)) } dd { (day(date)) } }
            }
            @if let Some(note) = &cycle.note { dt { (say(Say::Note)) } dd { (note) } }
        }
    }
}

fn quote_card(form: &Form<'_>, quoted: Option<&Quote>, language: PageLanguage) -> Markup {
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let kinds = [("principal", say(Say::ByPrincipal)), ("cash", say(Say::ByCash))];
    html! {
        form.card method="get" {
            h2 { (say(Say::Quote)) }
            (form.general_errors())
            (form.input("on", word(Word::PaidOn), "date", None))
            (form.select("by", say(Say::QuoteBy), &kinds, None))
            (form.input("amount", say(Say::QuoteAmount), "decimal", None))
            button type="submit" { (say(Say::WorkOut)) }
            @if let Some(quoted) = quoted {
                @let settlement = &quoted.settlement;
                dl.facts.sums #quote {
                    dt { (word(Word::Settles)) } dd.num { (money(settlement.principal)) }
                    dt { (word(Word::Discount)) " (" (percent(settlement.discount_rate)) ")" } dd.num { (money(settlement.discount)) }
                    dt { (word(Word::Interest)) " (" (words::days(settlement.interest_days, language)) ")" } dd.num { (money(settlement.interest)) }
                    dt { strong { (word(Word::Cash)) } } dd.num { strong { (money(settlement.cash)) } }
                    dt { (word(Word::Remaining)) } dd.num { (money(quoted.remaining)) }
                }
            }
        }
    }
}

/// The settlement terms of a cycle as sentences with its own dates.
fn ladder(seen: &Seen, language: PageLanguage) -> Markup {
    let (cycle, terms) = (&seen.cycle, &seen.terms);
    let is_english = language == PageLanguage::English;
    let mut lines: Vec<String> = Vec::new();
    for row in &terms.discounts {
        let (until, rate) = (cycle.started_on.plus_days(row.through_day), percent(row.rate));
        lines.push(if is_english {
            format!("Paid by {until} (day {}): {rate} off.", row.through_day)
        } else {
            format!("{until} सम्म ({} दिनभित्र) तिरे {rate} छुट।", row.through_day)
        });
    }
    let last = terms.discounts.last().map_or(cycle.started_on, |row| cycle.started_on.plus_days(row.through_day));
    if last < cycle.due_on {
        lines.push(if is_english {
            format!("After that, until the due date {}: the full amount.", cycle.due_on)
        } else {
            format!("त्यसपछि भाका मिति {} सम्म: पूरा रकम।", cycle.due_on)
        });
    }
    let (rate, from) = (terms.late_interest_bp_year, cycle.late_from().plus_days(terms.grace_days));
    lines.push(match (rate.basis_points() == 0, is_english) {
        (true, true) => "Later: the full amount, no interest.".to_owned(),
        (true, false) => "त्यसपछि ढिलो भए पूरा रकम, ब्याज लाग्दैन।".to_owned(),
        (false, true) => {
            format!(
                "After {from}: the full amount and {} interest a year, never more than the principal.",
                percent(rate)
            )
        }
        (false, false) => format!("{from} पछि पूरा रकम र वर्षको {} ब्याज, साँवाभन्दा बढी कहिल्यै हुँदैन।", percent(rate)),
    });
    html! { ul { @for line in lines { li { (line) } } } }
}

fn repayment_table(repayments: &[(PaymentId, PaymentPart)], language: PageLanguage) -> Markup {
    let word = |word: Word| word.text(language);
    let columns = [
        text(word(Word::PaidOn)),
        number(word(Word::Settles)),
        number(word(Word::Discount)),
        number(word(Word::Interest)),
        number(word(Word::Cash)),
        plain(word(Word::Status)),
    ];
    let row = |(payment, part): &(PaymentId, PaymentPart)| {
        vec![
            html! { a href={ "/admin/payments/" (payment) } { (day(part.paid_on)) } },
            money(part.principal),
            money(part.discount),
            money(part.interest),
            money(part.cash),
            html! {
                @if let Some(on) = part.reversed_on { span.tag.bad { (Say::Reversed.text(language)) } " " (day(on)) }
                @else { (words::source(part.source, language)) }
            },
        ]
    };
    panel::table(language, Say::Repayments.text(language), &columns, repayments.iter().map(row).collect())
}

fn event_table(past: &Past, language: PageLanguage) -> Markup {
    let (say, word) = (|say: Say| say.text(language), |word: Word| word.text(language));
    let mut rows: Vec<(BusinessDate, Vec<Markup>)> = Vec::new();
    for adjusted in &past.adjustments {
        let what = html! {
            (words::adjustment(adjusted.kind, language)) " " (money(adjusted.amount))
            @if adjusted.advance.is_positive() { ", " (word(Word::Kept)) " " (money(adjusted.advance)) }
        };
        rows.push((adjusted.adjusted_on, vec![what, html! { (adjusted.reason) }]));
    }
    for dispute in &past.disputes {
        let what = html! { (say(Say::Dispute)) " " span.tag { (words::dispute(dispute.status, language)) } };
        let why = html! {
            (dispute.reason)
            @if let Some(decided) = &dispute.decision { " → " (decided) }
        };
        rows.push((dispute.opened_on, vec![what, why]));
    }
    for promise in &past.promises {
        let what = html! {
            (say(Say::Promise)) " " (day(promise.promised_on)) " "
            span.tag { (words::promise(promise.status, language)) }
        };
        rows.push((promise.created_at.business_date(), vec![what, html! { (promise.note.as_deref().unwrap_or("–")) }]));
    }
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let rows = rows.into_iter().map(|(at, mut cells)| {
        cells.insert(0, day(at));
        cells
    });
    let columns = [text(word(Word::Date)), plain(say(Say::Event)), plain(word(Word::Reason))];
    panel::table(language, say(Say::Events), &columns, rows.collect())
}
