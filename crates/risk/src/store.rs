//! Every statement of risk.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{ActionId, AlertId, BusinessDate, Context, Instant, LineId, Page, PageRequest, RetailerId};
use routing::Hundredths;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cause::Cause;
use crate::model::{Action, ActionKind, Alert, Ending};
use crate::rules::{Category, Rules};
use crate::score::{Components, Facts, Score};

fn json<T: Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Engine(format!("JSON cannot be written: {error}")))
}

fn from_json<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, DbError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| DbError::Decode { column, expected: "JSON of its own making" })
}

/// A rule of a version, with who made it, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleVersion {
    /// What is ruled.
    pub category: Category,
    /// Its version; 0 is the default, which nobody changed.
    pub version: i64,
    /// Its values.
    pub rule: serde_json::Value,
    /// Why it was changed.
    pub reason: Option<String>,
    /// Who changed it.
    pub actor: Option<String>,
    /// When.
    pub at: Option<Instant>,
}

/// The rules in force, with the version of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// The rules.
    pub rules: Rules,
    versions: HashMap<Category, RuleVersion>,
}

impl InForce {
    /// The version of a category.
    pub fn version(&self, category: Category) -> i64 {
        self.versions.get(&category).map_or(0, |version| version.version)
    }

    /// Every category with its version.
    pub fn all(&self) -> Vec<RuleVersion> {
        let of = |category: &Category| {
            self.versions.get(category).cloned().unwrap_or_else(|| RuleVersion {
                category: *category,
                version: 0,
                rule: self.rules.get(*category),
                reason: None,
                actor: None,
                at: None,
            })
        };
        Category::ALL.iter().map(of).collect()
    }
}

fn rule_version(row: &Row) -> Result<RuleVersion, DbError> {
    Ok(RuleVersion {
        category: row.get("category")?,
        version: row.get("version")?,
        rule: from_json(row, "rule")?,
        reason: row.get("reason")?,
        actor: row.get("actor")?,
        at: row.get("at")?,
    })
}

/// The rules in force. One statement.
pub async fn rules(tx: &mut Tx) -> Result<InForce, DbError> {
    let sql = "select r.* from risk_rules r where r.version = \
               (select max(n.version) from risk_rules n where n.category = r.category)";
    let mut found = InForce::default();
    for row in tx.query(sql, params![]).await? {
        let version = rule_version(&row)?;
        found
            .rules
            .set(version.category, version.rule.clone())
            .map_err(|_| DbError::Decode { column: "rule", expected: "a rule of its category" })?;
        found.versions.insert(version.category, version);
    }
    Ok(found)
}

/// All versions of a category, the newest first.
pub(crate) async fn rule_history(
    tx: &mut Tx,
    category: Category,
    page: &PageRequest,
) -> Result<Page<RuleVersion>, DbError> {
    let before = page.after.as_ref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let sql = "select r.* from risk_rules r where r.category = $1 and r.version < $2 order by r.version desc limit $3";
    let rows = tx.query(sql, params![category, before, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(rule_version).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |version: &RuleVersion| version.version.to_string()))
}

/// Adds a version of a category; false where somebody else has just added it.
pub(crate) async fn insert_rule(
    tx: &mut Tx,
    cx: &Context,
    category: Category,
    version: i64,
    rule: &serde_json::Value,
    reason: &str,
) -> Result<bool, DbError> {
    let columns = &["category", "version", "rule", "reason", "actor", "at"];
    let row = params![category, version, rule.to_string(), reason, cx.actor, cx.now];
    Ok(!tx.insert_new("risk_rules", columns, vec![row], "version").await?.is_empty())
}

fn score(row: &Row) -> Result<Score, DbError> {
    let part = |column| row.get::<i64>(column).map(Hundredths::new);
    Ok(Score {
        total: part("total")?,
        level: row.get("level")?,
        components: Components {
            delay: part("delay")?,
            utilisation: part("utilisation")?,
            consecutive_delays: part("consecutive_delays")?,
            order_spike: part("order_spike")?,
        },
        facts: from_json::<Facts>(row, "facts")?,
    })
}

/// The kept scores of these retailers, their rows locked by a writer; one that was never scored is absent.
pub(crate) async fn scores(tx: &mut Tx, retailers: &[RetailerId]) -> Result<HashMap<RetailerId, Score>, DbError> {
    if retailers.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "select s.* from risk_scores s where s.retailer_id in {1} order by s.retailer_id {lock s}";
    let rows = tx.query(sql, params![Value::list(retailers)]).await?;
    rows.iter().map(|row| Ok((row.get("retailer_id")?, score(row)?))).collect()
}

/// Writes scores that changed: what is kept, and the day's in the history. Waits for no answer.
pub(crate) async fn put_scores(tx: &mut Tx, now: Instant, new: &[(RetailerId, Score)]) -> Result<(), DbError> {
    if new.is_empty() {
        return Ok(());
    }
    let row = |id: &RetailerId, score: &Score, last: Value| -> Result<Vec<Value>, DbError> {
        let parts = score.components;
        Ok(params![
            *id,
            score.total.get(),
            score.level,
            parts.delay.get(),
            parts.utilisation.get(),
            parts.consecutive_delays.get(),
            parts.order_spike.get(),
            json(&score.facts)?,
            last
        ])
    };
    let rows = |last: Value| new.iter().map(|(id, score)| row(id, score, last.clone())).collect::<Result<Vec<_>, _>>();
    let sql = "insert into risk_scores (retailer_id, total, level, delay, utilisation, consecutive_delays, \
               order_spike, facts, scored_at) \
               select v.id, v.total, v.level, v.delay, v.utilisation, v.delays, v.spike, v.facts, v.at \
               from {rows 1: id text, total bigint, level text, delay bigint, utilisation bigint, delays bigint, \
               spike bigint, facts text, at bigint} v where true on conflict (retailer_id) do update set \
               total = excluded.total, level = excluded.level, delay = excluded.delay, \
               utilisation = excluded.utilisation, consecutive_delays = excluded.consecutive_delays, \
               order_spike = excluded.order_spike, facts = excluded.facts, scored_at = excluded.scored_at";
    tx.exec(sql, params![Value::rows(rows(now.into())?)]).await?;
    let sql = "insert into risk_score_days (retailer_id, total, level, delay, utilisation, consecutive_delays, \
               order_spike, facts, scored_on) \
               select v.id, v.total, v.level, v.delay, v.utilisation, v.delays, v.spike, v.facts, v.day \
               from {rows 1: id text, total bigint, level text, delay bigint, utilisation bigint, delays bigint, \
               spike bigint, facts text, day text} v where true on conflict (retailer_id, scored_on) do update set \
               total = excluded.total, level = excluded.level, delay = excluded.delay, \
               utilisation = excluded.utilisation, consecutive_delays = excluded.consecutive_delays, \
               order_spike = excluded.order_spike, facts = excluded.facts";
    tx.exec(sql, params![Value::rows(rows(now.business_date().into())?)]).await
}

/// A day's score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoredDay {
    /// The day.
    pub on: BusinessDate,
    /// The score at its end.
    #[serde(flatten)]
    pub score: Score,
}

/// A retailer's scores, the newest day first: those days on which the score changed.
pub async fn score_days(tx: &mut Tx, retailer: RetailerId, page: &PageRequest) -> Result<Page<ScoredDay>, DbError> {
    let before = page.after.clone().unwrap_or_else(|| "9999-12-31".to_owned());
    let sql = "select s.* from risk_score_days s where s.retailer_id = $1 and s.scored_on < $2 \
               order by s.scored_on desc limit $3";
    let rows = tx.query(sql, params![retailer, before, page.limit.saturating_add(1)]).await?;
    let read = |row: &Row| Ok(ScoredDay { on: row.get("scored_on")?, score: score(row)? });
    let found = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(Page::from_overfull(found, page, |day: &ScoredDay| day.on.to_string()))
}

fn read_action(row: &Row) -> Result<Action, DbError> {
    Ok(Action {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        line_id: row.get("line_id")?,
        kind: row.get("kind")?,
        category: row.get("category")?,
        rule_version: row.get("rule_version")?,
        cycles: from_json(row, "cycles")?,
        before: row.get("before_paisa")?,
        after: row.get("after_paisa")?,
        line_version: row.get("line_version")?,
        cause: from_json::<Cause>(row, "facts")?,
        at: row.get("at")?,
        ended_at: row.get("ended_at")?,
        ended_how: row.get("ended_how")?,
    })
}

/// Writes what a rule did. Under the same cause it is refused as a duplicate by the schema itself.
pub(crate) async fn insert_action(tx: &mut Tx, action: &Action, cause_key: String) -> Result<(), DbError> {
    let columns = &[
        "retailer_id",
        "id",
        "vendor_id",
        "line_id",
        "kind",
        "category",
        "rule_version",
        "cause_key",
        "cycles",
        "before_paisa",
        "after_paisa",
        "line_version",
        "facts",
        "at",
        "ended_at",
        "ended_how",
    ];
    let row = params![
        action.retailer_id,
        action.id,
        action.vendor_id,
        action.line_id,
        action.kind,
        action.category,
        action.rule_version,
        cause_key,
        json(&action.cycles)?,
        action.before,
        action.after,
        action.line_version,
        json(&action.cause)?,
        action.at,
        action.ended_at,
        action.ended_how
    ];
    tx.insert_many("risk_actions", columns, vec![row]).await
}

/// Of these retailers, the pauses and cuts whose cause has not ended, the oldest first. Such a cause acts only once.
pub(crate) async fn actions_with_cause(
    tx: &mut Tx,
    retailers: &[RetailerId],
    kind: ActionKind,
) -> Result<HashMap<RetailerId, Vec<Action>>, DbError> {
    let sql = "select a.* from risk_actions a where a.retailer_id in {1} and a.kind = $2 and a.cause_ended_at is null \
               order by a.retailer_id, a.id";
    by_retailer(&tx.query(sql, params![Value::list(retailers), kind]).await?)
}

/// The retailers with cuts that are in force, in the order of their ids.
pub(crate) async fn cut_retailers(tx: &mut Tx) -> Result<Vec<RetailerId>, DbError> {
    let sql = "select distinct a.retailer_id from risk_actions a where a.kind = 'CUT' and a.ended_at is null \
               order by a.retailer_id";
    tx.query(sql, params![]).await?.iter().map(|row| row.get("retailer_id")).collect()
}

/// The cuts of these retailers' lines that are in force, the oldest first.
pub(crate) async fn running_cuts(
    tx: &mut Tx,
    retailers: &[RetailerId],
) -> Result<HashMap<RetailerId, Vec<Action>>, DbError> {
    let sql = "select a.* from risk_actions a where a.kind = 'CUT' and a.retailer_id in {1} and a.ended_at is null \
               order by a.retailer_id, a.id";
    by_retailer(&tx.query(sql, params![Value::list(retailers)]).await?)
}

fn by_retailer(rows: &[Row]) -> Result<HashMap<RetailerId, Vec<Action>>, DbError> {
    let mut found: HashMap<RetailerId, Vec<Action>> = HashMap::new();
    for row in rows {
        let action = read_action(row)?;
        found.entry(action.retailer_id).or_default().push(action);
    }
    Ok(found)
}

/// Ends actions.
pub(crate) async fn end_actions(tx: &mut Tx, ids: &[ActionId], how: Ending, at: Instant) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "update risk_actions set ended_at = $2, ended_how = $3 where id in {1} and ended_at is null";
    tx.exec(sql, params![Value::list(ids), at, how]).await
}

/// The cause of actions is gone: it may act again when it comes back.
pub(crate) async fn end_causes(tx: &mut Tx, ids: &[ActionId], at: Instant) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "update risk_actions set cause_ended_at = $2 where id in {1} and cause_ended_at is null";
    tx.exec(sql, params![Value::list(ids), at]).await
}

/// What the rules did, the newest first.
pub async fn actions(tx: &mut Tx, retailer: Option<RetailerId>, page: &PageRequest) -> Result<Page<Action>, DbError> {
    let before = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let limit = page.limit.saturating_add(1);
    let rows = if let Some(retailer) = retailer {
        let sql = "select a.* from risk_actions a where a.retailer_id = $1 and a.id < $2 order by a.id desc limit $3";
        tx.query(sql, params![retailer, before, limit]).await?
    } else {
        let sql = "select a.* from risk_actions a where a.id < $1 order by a.id desc limit $2";
        tx.query(sql, params![before, limit]).await?
    };
    let found = rows.iter().map(read_action).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |action: &Action| action.id.to_string()))
}

/// The action with this id.
pub(crate) async fn action(tx: &mut Tx, id: ActionId) -> Result<Option<Action>, DbError> {
    let row = tx.query_opt("select a.* from risk_actions a where a.id = $1", params![id]).await?;
    row.as_ref().map(read_action).transpose()
}

/// The cuts of a line that are in force go on from a version of it that is their own doing.
pub(crate) async fn move_cuts(
    tx: &mut Tx,
    (retailer, line): (RetailerId, LineId),
    version: i64,
) -> Result<(), DbError> {
    let sql = "update risk_actions set line_version = $3 where retailer_id = $1 and line_id = $2 and kind = 'CUT' \
               and ended_at is null";
    tx.exec(sql, params![retailer, line, version]).await
}

fn read_alert(row: &Row) -> Result<Alert, DbError> {
    Ok(Alert {
        id: row.get("id")?,
        retailer_id: row.get("retailer_id")?,
        category: row.get("category")?,
        rule_version: row.get("rule_version")?,
        state: row.get("state")?,
        cause: from_json::<Cause>(row, "facts")?,
        at: row.get("at")?,
        cause_ended_at: row.get("cause_ended_at")?,
        acknowledged_by: row.get("acknowledged_by")?,
        acknowledged_at: row.get("acknowledged_at")?,
        resolved_by: row.get("resolved_by")?,
        resolved_at: row.get("resolved_at")?,
        note: row.get("note")?,
        version: row.get("version")?,
    })
}

/// Of these retailers, which categories have an alert whose cause lasts, and since when.
pub(crate) async fn lasting_alerts(
    tx: &mut Tx,
    retailers: &[RetailerId],
) -> Result<HashMap<RetailerId, Vec<(Category, AlertId, Instant)>>, DbError> {
    let sql = "select a.retailer_id, a.category, a.id, a.at from risk_alerts a where a.retailer_id in {1} \
               and a.cause_ended_at is null";
    let mut found: HashMap<RetailerId, Vec<(Category, AlertId, Instant)>> = HashMap::new();
    for row in tx.query(sql, params![Value::list(retailers)]).await? {
        let alert = (row.get("category")?, row.get("id")?, row.get("at")?);
        found.entry(row.get("retailer_id")?).or_default().push(alert);
    }
    Ok(found)
}

/// Raises alerts; one whose cause has raised another meanwhile is passed over. How many are new.
pub(crate) async fn insert_alerts(tx: &mut Tx, alerts: &[Alert]) -> Result<usize, DbError> {
    let columns = &["retailer_id", "id", "category", "rule_version", "state", "facts", "at", "version"];
    let row = |alert: &Alert| -> Result<Vec<Value>, DbError> {
        Ok(params![
            alert.retailer_id,
            alert.id,
            alert.category,
            alert.rule_version,
            alert.state,
            json(&alert.cause)?,
            alert.at,
            alert.version
        ])
    };
    let rows = alerts.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Ok(0);
    }
    Ok(tx.insert_new("risk_alerts", columns, rows, "id").await?.len())
}

/// The causes of these alerts are gone.
pub(crate) async fn end_alert_causes(tx: &mut Tx, ids: &[AlertId], at: Instant) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "update risk_alerts set cause_ended_at = $2 where id in {1} and cause_ended_at is null";
    tx.exec(sql, params![Value::list(ids), at]).await
}

/// Alerts, the newest first: a retailer's, or only those that are not resolved.
pub async fn alerts(
    tx: &mut Tx,
    retailer: Option<RetailerId>,
    only_open: bool,
    page: &PageRequest,
) -> Result<Page<Alert>, DbError> {
    let before = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let limit = page.limit.saturating_add(1);
    let rows = match (retailer, only_open) {
        (Some(retailer), _) => {
            let sql = "select a.* from risk_alerts a where a.retailer_id = $1 and a.id < $2 \
                       and (a.state <> 'RESOLVED' or $4 = 0) order by a.id desc limit $3";
            tx.query(sql, params![retailer, before, limit, i64::from(only_open)]).await?
        }
        (None, true) => {
            let sql = "select a.* from risk_alerts a where a.state <> 'RESOLVED' and a.id < $1 \
                       order by a.id desc limit $2";
            tx.query(sql, params![before, limit]).await?
        }
        (None, false) => {
            let sql = "select a.* from risk_alerts a where a.id < $1 order by a.id desc limit $2";
            tx.query(sql, params![before, limit]).await?
        }
    };
    let found = rows.iter().map(read_alert).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |alert: &Alert| alert.id.to_string()))
}

/// The alert with this id.
pub(crate) async fn alert(tx: &mut Tx, id: AlertId) -> Result<Option<Alert>, DbError> {
    let row = tx.query_opt("select a.* from risk_alerts a where a.id = $1", params![id]).await?;
    row.as_ref().map(read_alert).transpose()
}

/// Locks and reads an alert.
pub(crate) async fn alert_for_update(tx: &mut Tx, id: AlertId) -> Result<Option<Alert>, DbError> {
    let row = tx.query_opt("select a.* from risk_alerts a where a.id = $1 {lock a}", params![id]).await?;
    row.as_ref().map(read_alert).transpose()
}

/// Writes what people did about a locked alert.
pub(crate) async fn update_alert(tx: &mut Tx, alert: &Alert) -> Result<(), DbError> {
    let sql = "update risk_alerts set state = $2, acknowledged_by = $3, acknowledged_at = $4, resolved_by = $5, \
               resolved_at = $6, note = $7, version = $8 where id = $1";
    let values = params![
        alert.id,
        alert.state,
        alert.acknowledged_by.as_deref(),
        alert.acknowledged_at,
        alert.resolved_by.as_deref(),
        alert.resolved_at,
        alert.note.as_deref(),
        alert.version
    ];
    tx.exec(sql, values).await
}
