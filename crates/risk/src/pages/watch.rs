//! Who is at risk, what people should look at, what the rules did, and the rules.

use std::collections::HashMap;

use axum::extract::State;
use db::{DbError, Tx};
use kernel::{Page, PageRequest, RetailerId};
use maud::{Markup, html};
use parties::Retailer;
use serde::Deserialize;
use web::panel::{self, Html, OperatorPanel, PageLanguage, moment, money, number, plain, text};
use web::{App, Problem, Query};

use super::spoken;
use super::words::{self, Word};
use crate::guardrails::{AtRisk, at_risk_page};
use crate::model::{Action, ActionKind, Alert, AlertState};
use crate::rules::Category;
use crate::store::{self, InForce};

/// Retailers at risk on a page, and actions.
const SHOWN: i64 = 10;

#[derive(Deserialize)]
pub(super) struct WatchQuery {
    /// Anything: alerts that are resolved, too.
    #[serde(default)]
    all: String,
    /// The cursor of those at risk.
    next: Option<String>,
    /// The cursor of what the rules did.
    after: Option<String>,
}

struct Shown {
    alerts: Page<Alert>,
    actions: Page<Action>,
    shops: HashMap<RetailerId, Retailer>,
    in_force: InForce,
}

pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<WatchQuery>,
) -> Result<Html, Problem> {
    let (language, only_open) = (panel.language, query.all.is_empty());
    let risky = PageRequest::new(Some(SHOWN), query.next);
    let at_risk = at_risk_page(&app.db, panel.cx.now, &risky).await?;
    let acted = PageRequest::new(Some(SHOWN), query.after);
    let shown = app
        .db
        .read::<_, DbError, _>(async move |tx: &mut Tx| {
            let alerts = store::alerts(tx, None, only_open, &PageRequest::default()).await?;
            let actions = store::actions(tx, None, &acted).await?;
            let shops: Vec<RetailerId> = alerts.items.iter().map(|alert| alert.retailer_id).collect();
            let shops = [shops, actions.items.iter().map(|action| action.retailer_id).collect()].concat();
            let shops = parties::retailers(tx, &shops).await?;
            Ok(Shown { alerts, actions, shops, in_force: store::rules(tx).await? })
        })
        .await?;
    let say = |word: Word| word.text(language);
    let content = html! {
        div.actions { a.button href="/admin/what-if" { (say(Word::WhatIf)) } }
        h2 #alerts { (say(Word::Alerts)) }
        (alerts(&shown, language))
        @if only_open { p { a.button href="?all=yes#alerts" { (say(Word::AllAlerts)) } } }
        h2 #risk { (say(Word::AtRisk)) }
        (risky_table(&at_risk.items, language))
        @if let Some(next) = &at_risk.next {
            p { a.button rel="next" href={ "?next=" (next) "#risk" } { (panel::Shared::NextPage.text(language)) } }
        }
        h2 #actions { (say(Word::Actions)) }
        (actions(&shown, language))
        (panel::next_page(language, &[], shown.actions.next.as_deref()))
        h2 #rules { (say(Word::Rules)) }
        (rules(&shown.in_force, language))
    };
    Ok(panel.page(say(Word::Watch), content))
}

fn shop(shown: &Shown, id: RetailerId) -> Markup {
    let name = shown.shops.get(&id).map_or("–", |shop| shop.name.as_str());
    html! { a href={ "/admin/retailers/" (id) } { (name) } }
}

fn risky_table(retailers: &[AtRisk], language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    if retailers.is_empty() {
        return html! { p.nothing { (say(Word::Nobody)) } };
    }
    let rows = retailers.iter().map(|retailer| {
        let (level, class) = words::level(retailer.level);
        vec![
            html! { a href={ "/admin/retailers/" (retailer.retailer_id) } { (retailer.name) } },
            html! { (retailer.score) " " span.tag .(class) { (say(level)) } },
            html! { (retailer.utilisation) " %" },
            money(retailer.used),
            html! { (words::days(language, retailer.worst_overdue_days)) },
            html! {
                @for (place, reason) in retailer.reasons.iter().enumerate() {
                    @if place > 0 { "; " } (say(words::reason(*reason)))
                }
            },
        ]
    });
    let columns = [
        text(say(Word::Shop)),
        plain(say(Word::Score)),
        number(say(Word::Utilisation)),
        number(say(Word::Used)),
        number(say(Word::Overdue)),
        text(say(Word::Why)),
    ];
    panel::table(language, say(Word::AtRisk), &columns, rows.collect())
}

fn alerts(shown: &Shown, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    if shown.alerts.items.is_empty() {
        return html! { p.nothing { (say(Word::Quiet)) } };
    }
    let rows = shown.alerts.items.iter().map(|alert| {
        let way = |deed: &str| format!("/admin/watch/alerts/{}/{deed}", alert.id);
        vec![
            shop(shown, alert.retailer_id),
            html! { (alert.cause.sentence(spoken(language))) },
            moment(alert.at),
            html! {
                (say(words::state(alert.state)))
                @if alert.cause_ended_at.is_some() { " " span.tag { (say(Word::CauseGone)) } }
                @if let Some(note) = &alert.note { p.hint { (note) } }
            },
            html! {
                @if alert.state == AlertState::Open { a.button href=(way("acknowledge")) { (say(Word::Acknowledge)) } " " }
                @if alert.state != AlertState::Resolved { a.button href=(way("resolve")) { (say(Word::Resolve)) } }
            },
        ]
    });
    let columns = [
        text(say(Word::Shop)),
        text(say(Word::Why)),
        text(say(Word::Since)),
        text(say(Word::State)),
        plain(say(Word::Change)),
    ];
    panel::table(language, say(Word::Alerts), &columns, rows.collect())
}

fn actions(shown: &Shown, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let rows = shown.actions.items.iter().map(|action| {
        let can_undo = action.ended_at.is_none() && action.kind != ActionKind::Restore;
        vec![
            shop(shown, action.retailer_id),
            html! {
                (say(words::action(action.kind)))
                @if let (Some(before), Some(after)) = (action.before, action.after) {
                    " " (money(before)) " → " (money(after))
                }
            },
            html! { (action.cause.sentence(spoken(language))) },
            moment(action.at),
            html! {
                @if action.kind != ActionKind::Restore { (say(words::ending(action.ended_how))) }
                @if can_undo {
                    " " a.button href={ "/admin/watch/actions/" (action.id) "/undo" } { (say(Word::Undo)) }
                }
            },
        ]
    });
    let columns = [
        text(say(Word::Shop)),
        text(say(Word::What)),
        text(say(Word::Why)),
        text(say(Word::When)),
        plain(say(Word::State)),
    ];
    panel::table(language, say(Word::Actions), &columns, rows.collect())
}

/// The values of a rule in a line.
pub(super) fn values(category: Category, rule: &serde_json::Value, language: PageLanguage) -> String {
    let shown = rule.as_object().into_iter().flatten().filter(|(name, _)| *name != "enabled");
    let each = shown.filter_map(|(name, value)| Some((words::value(category, name)?.text(language), value)));
    let each = each.filter(|(_, value)| **value != serde_json::Value::Bool(false)).map(|(name, value)| match value {
        serde_json::Value::Bool(_) => name.to_owned(),
        value => format!("{name} {value}"),
    });
    let text = each.collect::<Vec<_>>().join(", ");
    let is_off = rule.get("enabled") == Some(&serde_json::Value::Bool(false));
    if is_off { format!("{}: {text}", Word::Off.text(language)) } else { text }
}

fn rules(in_force: &InForce, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let rows = in_force.all().into_iter().map(|version| {
        vec![
            html! { (say(words::category(version.category))) },
            html! { (values(version.category, &version.rule, language)) },
            html! { @if version.version == 0 { (say(Word::Default)) } @else { (version.version) } },
            html! { a.button href={ "/admin/watch/rules/" (version.category) } { (say(Word::Change)) } },
        ]
    });
    let columns = [text(say(Word::Rule)), text(say(Word::Values)), plain(say(Word::Version)), plain(say(Word::Change))];
    panel::table(language, say(Word::Rules), &columns, rows.collect())
}
