//! Alerts: what the rules ask people to look at. One lasts as long as its cause, whatever people did about it, so that
//! the same cause raises no other.

use std::collections::HashMap;

use audit::Entry;
use db::{DbError, Tx};
use kernel::{AlertId, Context, RetailerId};

use crate::cause::Cause;
use crate::model::{Alert, AlertState, comes_again};
use crate::refusal::Refusal;
use crate::rules::Category;
use crate::score::Score;
use crate::store::{self, InForce};

/// What the rules ask to look at in a score.
pub(crate) fn wanted(in_force: &InForce, score: &Score) -> Vec<(Category, Cause)> {
    let (rules, facts) = (&in_force.rules, &score.facts);
    let mut found = Vec::new();
    if rules.is_high(score.total) {
        found.push((Category::HighRiskScore, Cause::Score { total: score.total }));
    }
    if rules.is_spike(facts.spike()) {
        found.push((Category::OrderSpike, Cause::Spike { placed: facts.placed, usual: facts.usual() }));
    }
    if rules.is_used_up(facts.utilisation()) {
        found.push((Category::HighUtilisation, Cause::Utilisation { used: facts.used, limit: facts.limit }));
    }
    found
}

/// Alerts to raise, and those whose cause is gone.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    new: Vec<Alert>,
    ended: Vec<AlertId>,
}

impl Alerts {
    /// Whether there is anything to write.
    pub(crate) const fn has_news(&self) -> bool {
        !self.new.is_empty() || !self.ended.is_empty()
    }

    /// Raises what is new and ends what is over. Returns how many were raised. A statement for each, where there is any.
    pub(crate) async fn settle(&self, tx: &mut Tx, cx: &Context) -> Result<usize, DbError> {
        store::end_alert_causes(tx, &self.ended, cx.now).await?;
        store::insert_alerts(tx, &self.new).await
    }
}

/// What these scores ask for that is not raised yet, and what they no longer ask for. One statement.
pub(crate) async fn alerts(
    tx: &mut Tx,
    cx: &Context,
    in_force: &InForce,
    scores: &HashMap<RetailerId, Score>,
) -> Result<Alerts, DbError> {
    let ids: Vec<RetailerId> = scores.keys().copied().collect();
    let lasting = store::lasting_alerts(tx, &ids).await?;
    let (mut new, mut ended) = (Vec::new(), Vec::new());
    for (id, score) in scores {
        let wanted = wanted(in_force, score);
        let known = lasting.get(id).map(Vec::as_slice).unwrap_or_default();
        let is_wanted = |category: &Category| wanted.iter().any(|(other, _)| other == category);
        let over = known.iter().filter(|(category, _, at)| !is_wanted(category) && !comes_again(*at, cx.now));
        ended.extend(over.map(|(_, alert, _)| *alert));
        let is_known = |category: &Category| known.iter().any(|(other, ..)| other == category);
        new.extend(wanted.into_iter().filter(|(category, _)| !is_known(category)).map(|(category, cause)| Alert {
            id: cx.id(),
            retailer_id: *id,
            category,
            rule_version: in_force.version(category),
            state: AlertState::Open,
            cause,
            at: cx.now,
            cause_ended_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
            resolved_by: None,
            resolved_at: None,
            note: None,
            version: 1,
        }));
    }
    new.sort_by_key(|alert: &Alert| (alert.retailer_id, alert.id));
    ended.sort();
    Ok(Alerts { new, ended })
}

/// What people do about an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertChange {
    /// They have seen it.
    Acknowledge(Option<String>),
    /// They have dealt with it; what they did is noted.
    Resolve(String),
}

/// Characters of a note.
const NOTE_MOST: usize = 500;

/// Acknowledges or resolves an alert. For operators. What is so already stays as it is.
pub async fn change_alert(
    tx: &mut Tx,
    cx: &Context,
    id: AlertId,
    seen_version: Option<i64>,
    change: AlertChange,
) -> Result<Result<Alert, Refusal>, DbError> {
    let note = match &change {
        AlertChange::Acknowledge(note) => note.as_deref(),
        AlertChange::Resolve(note) => Some(note.as_str()),
    };
    let note = note.map(str::trim);
    if note.is_some_and(|note| note.is_empty() || note.chars().count() > NOTE_MOST) {
        return Ok(Err(Refusal::Field { field: "note", right: "1 to 500 characters" }));
    }
    let Some(mut alert) = store::alert_for_update(tx, id).await? else { return Ok(Err(Refusal::NotFound("alert"))) };
    if seen_version.is_some_and(|seen| seen != alert.version) {
        return Ok(Err(Refusal::VersionMismatch { version: alert.version }));
    }
    let before = alert.state;
    let to = match change {
        AlertChange::Acknowledge(_) => AlertState::Acknowledged,
        AlertChange::Resolve(_) => AlertState::Resolved,
    };
    if before == AlertState::Resolved || before == to {
        return Ok(if before == to { Ok(alert) } else { Err(Refusal::AlertResolved) });
    }
    let who = Some(cx.actor.to_string());
    if to == AlertState::Acknowledged {
        (alert.acknowledged_by, alert.acknowledged_at) = (who, Some(cx.now));
    } else {
        (alert.resolved_by, alert.resolved_at) = (who, Some(cx.now));
    }
    alert.state = to;
    alert.note = note.map(str::to_owned).or(alert.note);
    alert.version = alert.version.saturating_add(1);
    store::update_alert(tx, &alert).await?;
    let entry = Entry::new(cx, alert.retailer_id, "alert.changed", alert.id)
        .before(serde_json::json!({ "state": before }))
        .after(serde_json::json!({ "state": to, "note": alert.note }));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(alert))
}
